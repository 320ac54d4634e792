/* SPDX-License-Identifier: Apache-2.0
 *
 * Weights to and from the points of F(4x4, 3x3); see conv_winograd.cl.
 *
 *         |  1/4    0     0  |
 *         | -1/6  -1/6  -1/6 |
 *     G = | -1/6   1/6  -1/6 |
 *         |  1/24  1/12  1/6 |
 *         |  1/24 -1/12  1/6 |
 *         |  0     0     1   |
 */
#define POINTS 36

#ifdef FER_KERNEL_winograd_weights
static inline void points(const float16 *in, const int step, float16 *out, const int out_step)
{
    const float16 a = (in[0] + in[2 * step]) * (-1.0f / 6.0f), b = in[step] * (1.0f / 6.0f);
    const float16 c = in[0] * (1.0f / 24.0f) + in[2 * step] * (1.0f / 6.0f), d = in[step] * (1.0f / 12.0f);
    out[0] = in[0] * 0.25f;
    out[out_step] = a - b;
    out[2 * out_step] = a + b;
    out[3 * out_step] = c + d;
    out[4 * out_step] = c - d;
    out[5 * out_step] = in[2 * step];
}

/* u[k / 16][z][inputs up to a block][16] out of weights[outputs][inputs][3][3]; with GRADIENT out of
 * weights[inputs][outputs][3][3], turned by half a circle.  Work-item: one input (dimension 0) of 16 outputs (1). */
__kernel void winograd_weights(FER_IN(weights), FER_OUT(u), const int outputs, const int inputs)
{
    const int c = (int)get_global_id(0), k = (int)get_global_id(1);
    const int lanes = (inputs + FER_BLOCK - 1) / FER_BLOCK * FER_BLOCK;
    float w[9][FER_BLOCK];
    float16 g[9], e[18], o[POINTS];
    if (c >= lanes)
        return;
    for (int i = 0; i < FER_BLOCK; i++) {
        const int out = k * FER_BLOCK + i;
        for (int t = 0; t < 9; t++) {
#ifdef GRADIENT
            const size_t at = ((size_t)c * outputs + out) * 9 + 8 - t;
#else
            const size_t at = ((size_t)out * inputs + c) * 9 + t;
#endif
            w[t][i] = c < inputs && out < outputs ? DATA(weights)[at] : 0.0f;
        }
    }
    for (int t = 0; t < 9; t++)
        g[t] = vload16(0, w[t]);
    for (int j = 0; j < 3; j++)
        points(g + j, 3, e + j, 3);
    for (int i = 0; i < 6; i++)
        points(e + 3 * i, 1, o + 6 * i, 1);
    for (int z = 0; z < POINTS; z++)
        vstore16(o[z], ((size_t)k * POINTS + z) * lanes + c, DATA(u));
}
#endif

#ifdef FER_KERNEL_winograd_unpack
static inline void taps(const float16 *in, const int step, float16 *out, const int out_step)
{
    const float16 a = in[step] + in[2 * step], b = in[2 * step] - in[step];
    const float16 c = in[3 * step] + in[4 * step], d = in[3 * step] - in[4 * step];
    out[0] = in[0] * 0.25f - a * (1.0f / 6.0f) + c * (1.0f / 24.0f);
    out[out_step] = b * (1.0f / 6.0f) + d * (1.0f / 12.0f);
    out[2 * out_step] = (c - a) * (1.0f / 6.0f) + in[5 * step];
}

/* dw[outputs][inputs][3][3] = Gᵀ du G, of du[z][k / 16][inputs up to a block][16].  Work-item: one input (dimension 0)
 * of 16 outputs (1). */
__kernel void winograd_unpack(FER_IN(du), FER_OUT(dw), const int outputs, const int inputs)
{
    const int c = (int)get_global_id(0), k = (int)get_global_id(1);
    const int lanes = (inputs + FER_BLOCK - 1) / FER_BLOCK * FER_BLOCK;
    const int out_blocks = (outputs + FER_BLOCK - 1) / FER_BLOCK;
    float16 d[POINTS], e[18], o[9];
    float w[9][FER_BLOCK];
    if (c >= inputs)
        return;
    for (int z = 0; z < POINTS; z++)
        d[z] = vload16(((size_t)z * out_blocks + k) * lanes + c, DATA(du));
    for (int j = 0; j < 6; j++)
        taps(d + j, 6, e + j, 6);
    for (int i = 0; i < 3; i++)
        taps(e + 6 * i, 1, o + 3 * i, 1);
    for (int t = 0; t < 9; t++)
        vstore16(o[t], 0, w[t]);
    for (int i = 0; i < min(FER_BLOCK, outputs - k * FER_BLOCK); i++)
        for (int t = 0; t < 9; t++)
            DATA(dw)[((size_t)(k * FER_BLOCK + i) * inputs + c) * 9 + t] = w[t][i];
}
#endif
