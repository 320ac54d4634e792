/* SPDX-License-Identifier: Apache-2.0
 *
 * Weights' gradients of 3x3 convolutions by Winograd on CPUs, Gᵀ [sum over tiles of V (A dy Aᵀ)] G; see winograd.cl.
 */
#include "winograd.cl"

#ifdef FER_KERNEL_winograd_gradient
/* The same of dy: A dy Aᵀ, into g[chunk][z][k / 16][TILES][16]. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
winograd_gradient(FER_IN(dy), FER_OUT(g), const int first_chunk)
{
    const int k = (int)get_global_id(0), chunk = (int)get_global_id(1), blocks = (int)FER_BLOCKS(dy_dim);
    const int z_step = blocks * TILES * FER_BLOCK;
#pragma unroll 1
    for (int t = 0; t < TILES; t++) {
        struct place at;
        find(&at, (first_chunk + chunk) * TILES + t, dy_dim.x, dy_dim.z, dy_dim.w);
#pragma unroll 1
        for (int part = 0; part < FER_VEC_PARTS; part++) {
            __global const FER_TYPE_dy *const plane =
                DATA(dy) + ((size_t)at.n * blocks + k) * FER_PLANE(dy_dim) * FER_BLOCK + part * FER_VEC_LANES;
            __global float *const out = DATA(g) + chunk * CHUNK(blocks) + (k * TILES + t) * FER_BLOCK + part * FER_VEC_LANES;
            FER_VEC in[SIDE], points[REACH];
            float between[REACH * SIDE * FER_VEC_LANES] __attribute__((aligned(64)));
            if (at.n < 0) {
#pragma unroll 1
                for (int z = 0; z < POINTS; z++)
                    FER_VEC_STORE((FER_VEC)0, 0, out + z * z_step);
                continue;
            }
#pragma unroll 1
            for (int j = 0; j < SIDE; j++) {
                FETCH(SIDE, dy, in, plane, at.top, at.left + j, dy_dim.z, dy_dim.w)
                transform_gradient(in, points);
#pragma unroll
                for (int i = 0; i < REACH; i++)
                    FER_VEC_STORE(points[i], SIDE * i + j, between);
            }
#pragma unroll 1
            for (int i = 0; i < REACH; i++) {
#pragma unroll
                for (int j = 0; j < SIDE; j++)
                    in[j] = FER_VEC_LOAD(SIDE * i + j, between);
                transform_gradient(in, points);
#pragma unroll
                for (int j = 0; j < REACH; j++)
                    FER_VEC_STORE(points[j], 0, out + (REACH * i + j) * z_step);
            }
        }
    }
}
#endif

#ifndef FER_KERNEL_winograd_gradient
#ifdef FER_KERNEL_winograd_outer
#define SUMS_SPACE __global
#define AHEAD(p) /* the next work-item reads what comes next in memory */
#else
#define SUMS_SPACE __private
#define AHEAD(p) FER_PREFETCH(p)
#endif
#include "outer.cl"

/* sums[c][16] += the outer products, tile by tile, of `count` channels of v from `first` and 16 channels of g, over
 * `chunks` chunks.  What is read after that lies v_next and g_next floats further.  `first` and `count` are constants
 * once inlined. */
static inline __attribute__((always_inline)) void accumulate(__global const float *v, size_t v_chunk,
                                                             __global const float *g, size_t g_chunk, int chunks,
                                                             size_t v_next, size_t g_next, SUMS_SPACE float *sums,
                                                             bool fresh, const int first, const int count)
{
    FER_VEC sum[CHANNELS][FER_VEC_PARTS];
#pragma unroll
    for (int c = 0; c < CHANNELS; c++)
        FER_EACH_PART(i)
            sum[c][i] = fresh || c >= count ? (FER_VEC)0 : FER_VEC_LOAD(FER_VEC_PARTS * (first + c) + i, sums);
#pragma unroll 1
    for (int chunk = 0; chunk < chunks; chunk++, v += v_chunk, g += g_chunk) {
        __global const float *v_t = v, *g_t = g;
#pragma unroll 2
        for (int t = 0; t < TILES; t++, v_t += FER_BLOCK, g_t += FER_BLOCK) {
            FER_VEC dy[FER_VEC_PARTS];
            FER_POINTER(v_t);
            FER_POINTER(g_t);
            if (first == 0) {
                AHEAD(v_t + v_next);
                AHEAD(g_t + g_next);
            }
            FER_EACH_PART(i)
                dy[i] = FER_VEC_LOAD(i, g_t);
#pragma unroll
            for (int c = 0; c < CHANNELS; c++)
                if (c < count)
                    FER_EACH_PART(i)
                        sum[c][i] = fma((FER_VEC)(v_t[first + c]), dy[i], sum[c][i]);
        }
    }
#pragma unroll
    for (int c = 0; c < CHANNELS; c++)
        if (c < count)
            FER_EACH_PART(i)
                FER_VEC_STORE(sum[c][i], FER_VEC_PARTS * (first + c) + i, sums);
}
#endif

#ifdef FER_KERNEL_winograd_outer
#define SPAN 6 /* chunks that are gone through for all channels of a block before the next */

/* du[k / 16][c / 16][z][16][16] (+)= the sum over `chunks` chunks of V and g; the first call has first_chunk = 0.
 * Work-item: point z (dimension 2), output block (1) and input block (0). */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
winograd_outer(FER_IN(v), FER_IN(g), FER_INOUT(du), const int blocks, const int out_blocks, const int first_chunk,
               const int chunks)
{
    const int b = (int)get_global_id(0), k = (int)get_global_id(1), z = (int)get_global_id(2);
    __global const float *v_z = DATA(v) + (size_t)(z * blocks + b) * TILES * FER_BLOCK;
    __global const float *g_z = DATA(g) + (size_t)(z * out_blocks + k) * TILES * FER_BLOCK;
    __global float *const sums = DATA(du) + ((size_t)(k * blocks + b) * POINTS + z) * 256;
#pragma unroll 1
    for (int i = 0; i < chunks; i += SPAN) {
        const int count = min(SPAN, chunks - i);
        const bool fresh = first_chunk == 0 && i == 0;
        ALL_CHANNELS(accumulate, v_z, CHUNK(blocks), g_z, CHUNK(out_blocks), count, 0, 0, sums, fresh)
        v_z += count * CHUNK(blocks);
        g_z += count * CHUNK(out_blocks);
    }
}
#endif

#ifdef FER_KERNEL_winograd_outer_once
#define POINTS_SPACE __private
#include "winograd_filters.cl"

/* dw[outputs][inputs][3][3] of all chunks at once, where there are few: dU is not stored.  Work-item: `each` blocks of
 * inputs (dimension 0) and of outputs (1), whose V and g stay in a cache. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
winograd_outer_once(FER_IN(v), FER_IN(g), FER_OUT(dw), const int inputs, const int outputs, const int chunks,
                    const int each)
{
    const int blocks = (inputs + FER_BLOCK - 1) / FER_BLOCK, out_blocks = (outputs + FER_BLOCK - 1) / FER_BLOCK;
    const int b0 = (int)get_global_id(0) * each, k0 = (int)get_global_id(1) * each;
    float sums[POINTS * 256] __attribute__((aligned(64)));
#pragma unroll 1
    for (int k = k0; k < min(k0 + each, out_blocks); k++)
#pragma unroll 1
        for (int b = b0; b < min(b0 + each, blocks); b++) {
#pragma unroll 1
            for (int z = 0; z < POINTS; z++) {
                __global const float *const v_z = DATA(v) + (size_t)(z * blocks + b) * TILES * FER_BLOCK;
                __global const float *const g_z = DATA(g) + (size_t)(z * out_blocks + k) * TILES * FER_BLOCK;
                ALL_CHANNELS(accumulate, v_z, CHUNK(blocks), g_z, CHUNK(out_blocks), chunks, blocks * TILES * FER_BLOCK,
                             out_blocks * TILES * FER_BLOCK, sums + z * 256, true)
            }
            const struct filters to = find_filters(outputs, inputs, 0, k, b);
            write_filters(DATA(dw), &to, sums);
        }
}
#endif
