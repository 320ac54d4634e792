/* SPDX-License-Identifier: Apache-2.0
 *
 * Weights to and from the points of F(2x2, 3x3); see conv_winograd2.cl.
 *
 *         |  1    0    0  |
 *     G = | 1/2  1/2  1/2 |
 *         | 1/2 -1/2  1/2 |
 *         |  0    0    1  |
 */
#define POINTS 16

#ifdef FER_KERNEL_winograd2_weights
#define SIDE 32
#define LANES 8

/* out = G in: three numbers `step` apart to four. */
static inline void points(const float *in, float *out, const int step)
{
    const float a = (in[0] + in[2 * step]) * 0.5f, b = in[step] * 0.5f;
    out[0] = in[0];
    out[step] = a + b;
    out[2 * step] = a - b;
    out[3 * step] = in[2 * step];
}

/* u[output / SIDE][inputs up to LANES][16][SIDE] out of weights[outputs][inputs][3][3]; with GRADIENT out of
 * weights[inputs][outputs][3][3], turned by half a circle.  Work-item: an output (dimension 0) and an input (1); those past
 * the last get zeros. */
__kernel void winograd2_weights(FER_IN(weights), FER_OUT(u), const int outputs, const int inputs)
{
    const int k = (int)get_global_id(0), c = (int)get_global_id(1), lanes = (inputs + LANES - 1) / LANES * LANES;
#ifdef GRADIENT
    const size_t from = ((size_t)c * outputs + k) * 9;
#else
    const size_t from = ((size_t)k * inputs + c) * 9;
#endif
    const size_t to = ((size_t)(k / SIDE) * lanes + c) * POINTS * SIDE + k % SIDE;
    float w[9], middle[12], out[POINTS];
#pragma unroll
    for (int t = 0; t < 9; t++)
#ifdef GRADIENT
        w[t] = k < outputs && c < inputs ? FER_GET(weights, from + 8 - t) : 0.0f;
#else
        w[t] = k < outputs && c < inputs ? FER_GET(weights, from + t) : 0.0f;
#endif
#pragma unroll
    for (int j = 0; j < 3; j++)
        points(w + j, middle + j, 3);
#pragma unroll
    for (int j = 0; j < 4; j++)
        points(middle + 3 * j, out + 4 * j, 1);
#pragma unroll
    for (int z = 0; z < POINTS; z++)
        FER_PUT(u, to + z * SIDE, out[z]);
}
#endif

#ifdef FER_KERNEL_winograd2_sum
/* out = Gᵀ in: four numbers `step` apart to three. */
static inline void taps(const float *in, float *out, const int step)
{
    const float a = (in[step] + in[2 * step]) * 0.5f;
    out[0] = in[0] + a;
    out[step] = (in[step] - in[2 * step]) * 0.5f;
    out[2 * step] = a + in[3 * step];
}

/* dw[i][3][3] = Gᵀ (the sum of partial[split][z][i] over splits, in order) G, i < count counts outputs and inputs. */
__kernel void winograd2_sum(FER_IN(partial), FER_OUT(dw), const int count, const int splits)
{
    const int i = (int)get_global_id(0);
    float sum[POINTS], middle[12], out[9];
    if (i >= count)
        return;
#pragma unroll
    for (int z = 0; z < POINTS; z++)
        sum[z] = 0.0f;
    for (int s = 0; s < splits; s++)
#pragma unroll
        for (int z = 0; z < POINTS; z++)
            sum[z] += FER_GET(partial, ((size_t)s * POINTS + z) * count + i);
#pragma unroll
    for (int j = 0; j < 4; j++)
        taps(sum + j, middle + j, 4);
#pragma unroll
    for (int j = 0; j < 3; j++)
        taps(middle + 4 * j, out + 3 * j, 1);
#pragma unroll
    for (int t = 0; t < 9; t++)
        FER_PUT(dw, (size_t)i * 9 + t, out[t]);
}
#endif
