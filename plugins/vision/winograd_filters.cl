/* SPDX-License-Identifier: Apache-2.0
 *
 * Included by sources that transform weights to the points of F(4x4, 3x3), and with SIDE = 2 of F(2x2, 3x3), U = G w Gᵀ, or
 * gradients back, dw = Gᵀ dU G.  POINTS_SPACE: where dU lies.
 *
 *         |  1/4    0     0  |
 *         | -1/6  -1/6  -1/6 |              | 1     0    0  |
 *     G = | -1/6   1/6  -1/6 |          G = | 1/2  1/2  1/2 |
 *         |  1/24  1/12  1/6 |              | 1/2 -1/2  1/2 |
 *         |  1/24 -1/12  1/6 |              | 0     0    1  |
 *         |  0     0     1   |
 */
/* out = G in: three vectors to REACH. */
static inline void points_of(const FER_VEC *in, const int step, FER_VEC *out, const int out_step)
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

/* The filters of 16 outputs and a block of inputs: the first one lies at `start`, from an output's to the next it is `row`
 * floats, from an input's `column`. */
struct filters {
    size_t start, row, column;
    int outs, inputs; /* that there are, of 16 */
    bool turned;
};

/* Block k of outputs and b of inputs of weights[outputs][inputs][3][3]; where `gradient`, of weights[inputs][outputs][3][3],
 * turned by half a circle. */
static struct filters find_filters(int outputs, int inputs, int gradient, int k, int b)
{
    struct filters f;
    f.row = gradient ? 9 : (size_t)inputs * 9;
    f.column = gradient ? (size_t)outputs * 9 : 9;
    f.start = k * FER_BLOCK * f.row + b * FER_BLOCK * f.column;
    f.outs = min(FER_BLOCK, outputs - k * FER_BLOCK);
    f.inputs = min(FER_BLOCK, inputs - b * FER_BLOCK);
    f.turned = gradient;
    return f;
}

/* m[i][j] = m[j][i] */
static inline void transpose(float4 m[4])
{
    const float4 ab_low = (float4)(m[0].xy, m[1].xy), ab_high = (float4)(m[0].zw, m[1].zw);
    const float4 cd_low = (float4)(m[2].xy, m[3].xy), cd_high = (float4)(m[2].zw, m[3].zw);
    m[0] = (float4)(ab_low.xz, cd_low.xz);
    m[1] = (float4)(ab_low.yw, cd_low.yw);
    m[2] = (float4)(ab_high.xz, cd_high.xz);
    m[3] = (float4)(ab_high.yw, cd_high.yw);
}

#define TAPS (9 * FER_BLOCK)

/* taps[9][4, of 16] of four filters, which lie `row` apart. */
static inline void read_four(__global const float *from, size_t row, float *taps)
{
#pragma unroll
    for (int t = 0; t < 8; t += 4) {
        float4 m[4];
#pragma unroll
        for (int i = 0; i < 4; i++)
            m[i] = vload4(0, from + i * row + t);
        transpose(m);
#pragma unroll
        for (int i = 0; i < 4; i++)
            vstore4(m[i], 0, taps + (t + i) * FER_BLOCK);
    }
#pragma unroll
    for (int i = 0; i < 4; i++)
        taps[8 * FER_BLOCK + i] = from[i * row + 8];
}

static inline void write_four(const float *taps, __global float *to, size_t row)
{
#pragma unroll
    for (int t = 0; t < 8; t += 4) {
        float4 m[4];
#pragma unroll
        for (int i = 0; i < 4; i++)
            m[i] = vload4(0, taps + (t + i) * FER_BLOCK);
        transpose(m);
#pragma unroll
        for (int i = 0; i < 4; i++)
            vstore4(m[i], 0, to + i * row + t);
    }
#pragma unroll
    for (int i = 0; i < 4; i++)
        to[i * row + 8] = taps[8 * FER_BLOCK + i];
}

/* taps[c][9][16] of all inputs of the block; zeros where there are no filters. */
static void read_filters(__global const float *weights, const struct filters *f, float *taps)
{
    if (f->outs < FER_BLOCK || f->inputs < FER_BLOCK) {
#pragma unroll 1
        for (int i = 0; i < FER_BLOCK * TAPS; i++) {
            const int c = i / TAPS, t = i / FER_BLOCK % 9, k = i % FER_BLOCK;
            taps[i] = c < f->inputs && k < f->outs ? weights[f->start + k * f->row + c * f->column + t] : 0.0f;
        }
        return;
    }
    __global const float *from = weights + f->start;
#pragma unroll 1
    for (int c = 0; c < FER_BLOCK; c++, from += f->column, taps += TAPS) {
#pragma unroll
        for (int k = 0; k < FER_BLOCK; k += 4)
            read_four(from + k * f->row, f->row, taps + k);
    }
}

/* o[part][z] out of one input's taps. */
static inline void filter_points(const struct filters *f, const float *taps, FER_VEC o[FER_VEC_PARTS][POINTS])
{
    FER_VEC g[9], e[3 * REACH];
#pragma unroll 1
    for (int part = 0; part < FER_VEC_PARTS; part++) {
#pragma unroll
        for (int t = 0; t < 9; t++)
            g[t] = FER_VEC_LOAD(part, taps + (f->turned ? 8 - t : t) * FER_BLOCK);
#pragma unroll
        for (int j = 0; j < 3; j++)
            points_of(g + j, 3, e + j, 3);
#pragma unroll
        for (int i = 0; i < REACH; i++)
            points_of(e + 3 * i, 1, o[part] + REACH * i, 1);
    }
}

#ifndef POINTS_SPACE
#define POINTS_SPACE __global
#endif

/* out = Gᵀ in: REACH vectors to three. */
static inline void taps_of(const FER_VEC *in, const int step, FER_VEC *out, const int out_step)
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

/* Write the filters Gᵀ points G, of points[z][16 inputs][16 outputs]. */
static void write_filters(__global float *weights, const struct filters *f, POINTS_SPACE const float *points)
{
    __global float *to = weights + f->start;
#pragma unroll 1
    for (int c = 0; c < f->inputs; c++, to += f->column) {
        FER_VEC d[POINTS], e[3 * REACH], o[9];
        float taps[TAPS] __attribute__((aligned(64)));
#pragma unroll 1
        for (int part = 0; part < FER_VEC_PARTS; part++) {
#pragma unroll
            for (int z = 0; z < POINTS; z++)
                d[z] = FER_VEC_LOAD(FER_VEC_PARTS * (z * FER_BLOCK + c) + part, points);
#pragma unroll
            for (int j = 0; j < REACH; j++)
                taps_of(d + j, REACH, e + j, REACH);
#pragma unroll
            for (int i = 0; i < 3; i++)
                taps_of(e + REACH * i, 1, o + 3 * i, 1);
#pragma unroll
            for (int t = 0; t < 9; t++)
                FER_VEC_STORE(o[t], FER_VEC_PARTS * t + part, taps);
        }
        if (f->outs == FER_BLOCK)
#pragma unroll
            for (int k = 0; k < FER_BLOCK; k += 4)
                write_four(taps + k, to + k * f->row, f->row);
        else
#pragma unroll 1
            for (int i = 0; i < 9 * f->outs; i++)
                to[i / 9 * f->row + i % 9] = taps[i % 9 * FER_BLOCK + i / 9];
    }
}
