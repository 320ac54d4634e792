/* SPDX-License-Identifier: Apache-2.0
 *
 * Weights to and from the points of F(4x4, 3x3), and with SIDE = 2 of F(2x2, 3x3); see conv_winograd.cl.
 *
 *         |  1/4    0     0  |
 *         | -1/6  -1/6  -1/6 |              | 1     0    0  |
 *     G = | -1/6   1/6  -1/6 |          G = | 1/2  1/2  1/2 |
 *         |  1/24  1/12  1/6 |              | 1/2 -1/2  1/2 |
 *         |  1/24 -1/12  1/6 |              | 0     0    1  |
 *         |  0     0     1   |
 */
#ifndef SIDE
#define SIDE 4
#endif
#define REACH (SIDE + 2)
#define POINTS (REACH * REACH)

#ifdef FER_KERNEL_winograd_weights
/* out = G in: three vectors to REACH. */
static inline void points(const FER_VEC *in, const int step, FER_VEC *out, const int out_step)
{
#if SIDE == 4
    const FER_VEC a = (in[0] + in[2 * step]) * (-1.0f / 6.0f), b = in[step] * (1.0f / 6.0f);
    const FER_VEC c = in[0] * (1.0f / 24.0f) + in[2 * step] * (1.0f / 6.0f), d = in[step] * (1.0f / 12.0f);
    out[0] = in[0] * 0.25f;
    out[out_step] = a - b;
    out[2 * out_step] = a + b;
    out[3 * out_step] = c + d;
    out[4 * out_step] = c - d;
    out[5 * out_step] = in[2 * step];
#else
    const FER_VEC a = 0.5f * (in[0] + in[2 * step]), b = 0.5f * in[step];
    out[0] = in[0];
    out[out_step] = a + b;
    out[2 * out_step] = a - b;
    out[3 * out_step] = in[2 * step];
#endif
}

/* u[k / 16][z][inputs up to a block][16] out of weights[outputs][inputs][3][3]; where `gradient` is not zero, out
 * of weights[inputs][outputs][3][3], turned by half a circle.  Work-item: a block of inputs (dimension 0) of 16 outputs
 * (1). */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
winograd_weights(FER_IN(weights), FER_OUT(u), const int outputs, const int inputs, const int gradient)
{
    const int b = (int)get_global_id(0), k = (int)get_global_id(1);
    const int lanes = (inputs + FER_BLOCK - 1) / FER_BLOCK * FER_BLOCK;
    const int outs = min(FER_BLOCK, outputs - k * FER_BLOCK);
    /* from an output to the next, from an input to the next */
    const size_t row = gradient ? 9 : (size_t)inputs * 9, column = gradient ? (size_t)outputs * 9 : 9;
#pragma unroll 1
    for (int c = b * FER_BLOCK; c < b * FER_BLOCK + FER_BLOCK; c++) {
        float w[9][FER_BLOCK] __attribute__((aligned(64)));
        FER_VEC g[9], e[3 * REACH], o[FER_VEC_PARTS][POINTS];
        __global const float *from = DATA(weights) + k * FER_BLOCK * row + c * column;
#pragma unroll 1
        for (int i = 0; i < FER_BLOCK; i++, from += row) {
            const bool used = c < inputs && i < outs;
            FER_PREFETCH(from + 2 * column); /* the input after the next: too many streams for the processor to guess */
#pragma unroll
            for (int t = 0; t < 9; t++)
                w[t][i] = used ? from[gradient ? 8 - t : t] : 0.0f;
        }
#pragma unroll 1
        for (int part = 0; part < FER_VEC_PARTS; part++) {
#pragma unroll
            for (int t = 0; t < 9; t++)
                g[t] = FER_VEC_LOAD(part, w[t]);
#pragma unroll
            for (int j = 0; j < 3; j++)
                points(g + j, 3, e + j, 3);
#pragma unroll
            for (int i = 0; i < REACH; i++)
                points(e + 3 * i, 1, o[part] + REACH * i, 1);
        }
        /* Whole lines of a cache, whose sets are too small for 36 half ones at a distance of 32 KiB. */
#pragma unroll 1
        for (int z = 0; z < POINTS; z++) {
            const size_t at = ((size_t)k * POINTS + z) * lanes + c;
            FER_EACH_PART(i)
                FER_VEC_STORE(o[i][z], FER_VEC_PARTS * at + i, DATA(u));
        }
    }
}
#endif

#ifdef FER_KERNEL_winograd_unpack
/* out = Gᵀ in: REACH vectors to three. */
static inline void taps(const FER_VEC *in, const int step, FER_VEC *out, const int out_step)
{
#if SIDE == 4
    const FER_VEC a = in[step] + in[2 * step], b = in[2 * step] - in[step];
    const FER_VEC c = in[3 * step] + in[4 * step], d = in[3 * step] - in[4 * step];
    out[0] = in[0] * 0.25f - a * (1.0f / 6.0f) + c * (1.0f / 24.0f);
    out[out_step] = b * (1.0f / 6.0f) + d * (1.0f / 12.0f);
    out[2 * out_step] = (c - a) * (1.0f / 6.0f) + in[5 * step];
#else
    const FER_VEC a = 0.5f * (in[step] + in[2 * step]), b = 0.5f * (in[step] - in[2 * step]);
    out[0] = in[0] + a;
    out[out_step] = b;
    out[2 * out_step] = a + in[3 * step];
#endif
}

/* dw[outputs][inputs][3][3] = Gᵀ du G, of du[k / 16][block][z][16 inputs][16 outputs].  Work-item: a block of inputs
 * (dimension 0) of 16 outputs (1). */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
winograd_unpack(FER_IN(du), FER_OUT(dw), const int outputs, const int inputs)
{
    const int b = (int)get_global_id(0), k = (int)get_global_id(1);
    const int blocks = (inputs + FER_BLOCK - 1) / FER_BLOCK, outs = min(FER_BLOCK, outputs - k * FER_BLOCK);
    __global const float *const points = DATA(du) + ((size_t)k * blocks + b) * POINTS * 256;
#pragma unroll 1
    for (int c = 0; c < min(FER_BLOCK, inputs - b * FER_BLOCK); c++) {
        FER_VEC d[POINTS], e[3 * REACH], o[9];
        float w[9][FER_BLOCK] __attribute__((aligned(64)));
        __global float *to = DATA(dw) + ((size_t)k * FER_BLOCK * inputs + b * FER_BLOCK + c) * 9;
#pragma unroll 1
        for (int part = 0; part < FER_VEC_PARTS; part++) {
#pragma unroll
            for (int z = 0; z < POINTS; z++)
                d[z] = FER_VEC_LOAD(FER_VEC_PARTS * (z * FER_BLOCK + c) + part, points);
#pragma unroll
            for (int j = 0; j < REACH; j++)
                taps(d + j, REACH, e + j, REACH);
#pragma unroll
            for (int i = 0; i < 3; i++)
                taps(e + REACH * i, 1, o + 3 * i, 1);
#pragma unroll
            for (int t = 0; t < 9; t++)
                FER_VEC_STORE(o[t], part, w[t]);
        }
#pragma unroll 1
        for (int i = 0; i < outs; i++, to += (size_t)inputs * 9)
#pragma unroll
            for (int t = 0; t < 9; t++)
                to[t] = w[t][i];
    }
}
#endif
