/* SPDX-License-Identifier: Apache-2.0
 *
 * Weights to and from the points of F(4x4, 3x3), and with SIDE = 2 of F(2x2, 3x3); see winograd.cl.
 */
#ifndef SIDE
#define SIDE 4
#endif
#define REACH (SIDE + 2)
#define POINTS (REACH * REACH)

#include "winograd_filters.cl"

#ifdef FER_KERNEL_winograd_weights
/* u[k / 16][z][inputs up to a block][16] out of weights[outputs][inputs][3][3]; where `gradient` is not zero, out
 * of weights[inputs][outputs][3][3], turned by half a circle.  Work-item: a block of inputs (dimension 0) of 16 outputs
 * (1). */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
winograd_weights(FER_IN(weights), FER_OUT(u), const int outputs, const int inputs, const int gradient)
{
    const int b = (int)get_global_id(0), k = (int)get_global_id(1);
    const int lanes = (inputs + FER_BLOCK - 1) / FER_BLOCK * FER_BLOCK;
    const struct filters from = find_filters(outputs, inputs, gradient, k, b);
    float taps[FER_BLOCK * TAPS] __attribute__((aligned(64)));
    read_filters(DATA(weights), &from, taps);
#pragma unroll 1
    for (int c = 0; c < FER_BLOCK; c++) {
        FER_VEC o[FER_VEC_PARTS][POINTS];
        filter_points(&from, taps + c * TAPS, o);
        /* Whole lines of a cache, whose sets are too small for 36 half ones at a distance of 32 KiB. */
#pragma unroll 1
        for (int z = 0; z < POINTS; z++) {
            const size_t at = ((size_t)k * POINTS + z) * lanes + b * FER_BLOCK + c;
            FER_EACH_PART(i)
                FER_VEC_STORE(o[i][z], FER_VEC_PARTS * at + i, DATA(u));
        }
    }
}
#endif

#ifdef FER_KERNEL_winograd_unpack
/* dw[outputs][inputs][3][3] = Gᵀ du G, of du[k / 16][block][z][16 inputs][16 outputs].  Work-item: a block of inputs
 * (dimension 0) of 16 outputs (1). */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
winograd_unpack(FER_IN(du), FER_OUT(dw), const int outputs, const int inputs)
{
    const int b = (int)get_global_id(0), k = (int)get_global_id(1), blocks = (inputs + FER_BLOCK - 1) / FER_BLOCK;
    const struct filters to = find_filters(outputs, inputs, 0, k, b);
    write_filters(DATA(dw), &to, DATA(du) + ((size_t)k * blocks + b) * POINTS * 256);
}
#endif
