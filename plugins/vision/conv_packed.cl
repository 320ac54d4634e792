/* SPDX-License-Identifier: Apache-2.0
 *
 * Forward convolution for CPUs as a packed matrix product, for planes of so few pixels (one small picture) that a weight
 * serves little more than one register tile, so that reading the weights is what takes time.
 *
 *   patches[tile][step][PIXELS][16 inputs]       a step is a tap of an input block; taps change fastest
 *   w[k / SIDE][step][16 inputs][SIDE outputs]  that is, in the order in which they are read, from end to end
 *
 *                  SIDE output channels, 8 a vector
 *                   +-------------+-------------+
 *     pixel 0       |  8 sums     |  8 sums     |      for each input channel of a step:
 *     pixel 1       |             |             |          SIDE weights, and of every
 *      ...          |             |             |          pixel one value, broadcast
 *     PIXELS - 1    +-------------+-------------+
 *
 * SIDE is 16, or 8 with tiles twice as high where all pixels fit into one: then each weight is read once, by one tile.
 * Patches are copied once for all outputs.  Pixels are any: rows, images and borders may lie between them; zeros stand
 * for padding.  A last tile that is not full repeats the last pixel, whose sums are then stored twice.
 */
#ifndef SIDE
#define SIDE 16
#endif
#ifndef PIXELS
#define PIXELS 6 /* at most 12 vectors of sums; 2 of weights and 1 value more are 15 of AVX2's 16 registers */
#endif
#if SIDE == 16
#define V FER_VEC
#define VECTORS FER_VEC_PARTS
#define V_LANES FER_VEC_LANES
#define V_LOAD FER_VEC_LOAD
#define V_STORE FER_VEC_STORE
#else
#define V float8
#define VECTORS 1
#define V_LANES 8
#define V_LOAD fer_load8
#define V_STORE fer_store8
#endif
#define LINE 16    /* floats that memory hands over together */
#define AHEAD 1024 /* … of weights by which they are asked for; to 2048 they gain alike, at 3072 half as much */

#ifdef FER_KERNEL_conv_packed_patches
/* Work-item: one tile (dimension 0) of one input block (dimension 1). */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
conv_packed_patches(FER_IN(x), FER_OUT(patches), const int height, const int width, const int kernel_size,
                    const int stride, const int pad, const int dilation)
{
    const int tile = (int)get_global_id(0), b = (int)get_global_id(1), taps = kernel_size * kernel_size;
    const size_t plane = FER_PLANE(x_dim), blocks = FER_BLOCKS(x_dim);
    __global float *const to = DATA(patches) + ((size_t)tile * blocks + b) * taps * PIXELS * FER_BLOCK;
#pragma unroll 1
    for (int p = 0; p < PIXELS; p++) {
        const int pixel = min(tile * PIXELS + p, x_dim.x * height * width - 1);
        const int n = pixel / (height * width), i = pixel / width % height, j = pixel % width;
        const int row = i * stride - pad, column = j * stride - pad;
        __global const float *const image = DATA(x) + (n * blocks + b) * plane * FER_BLOCK;
#pragma unroll 1
        for (int t = 0; t < taps; t++) {
            const int y = row + t / kernel_size * dilation, z = column + t % kernel_size * dilation;
            const bool within = (uint)y < (uint)x_dim.z && (uint)z < (uint)x_dim.w;
            fer_store16(within ? fer_load16((size_t)y * x_dim.w + z, image) : (float16)(0.0f), (size_t)t * PIXELS + p, to);
        }
    }
}
#endif

#ifdef FER_KERNEL_conv_packed
/* Work-item: SIDE output channels (dimension 0) for `chunk` tiles (dimension 1).  Of `steps` as many are summed in one pass
 * as have weights that stay in the first-level cache while all tiles go by. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
conv_packed(FER_IN(patches), FER_IN(w), FER_BIAS_IN FER_ADD_IN FER_OUT(y), const int steps, const int pass,
            const int chunk)
{
    const int side = (int)get_global_id(0), plane = (int)FER_PLANE(y_dim), all = y_dim.x * plane;
    const int first = (int)get_global_id(1) * chunk, beyond = min(first + chunk, (all + PIXELS - 1) / PIXELS);
    const size_t blocks = FER_BLOCKS(y_dim), block = side * SIDE / FER_BLOCK, lane = side * SIDE % FER_BLOCK;
    float start[SIDE];
    FER_BIASES(start, side * SIDE, SIDE, y_dim.y)
#pragma unroll 1
    for (int s0 = 0; s0 < steps; s0 += pass) {
        const int count = min(pass, steps - s0);
#pragma unroll 1
        for (int tile = first; tile < beyond; tile++) {
            __global const float *in = DATA(patches) + ((size_t)tile * steps + s0) * PIXELS * FER_BLOCK;
            __global const float *wt = DATA(w) + ((size_t)side * steps + s0) * FER_BLOCK * SIDE;
            size_t out[PIXELS];
            V sum[PIXELS][VECTORS];
#pragma unroll
            for (int p = 0; p < PIXELS; p++) {
                const int pixel = min(tile * PIXELS + p, all - 1);
                out[p] = ((pixel / plane * blocks + block) * plane + pixel % plane) * FER_BLOCK + lane;
#pragma unroll
                for (int v = 0; v < VECTORS; v++)
                    sum[p][v] = s0 > 0 ? V_LOAD(v, DATA(y) + out[p])
                                       : FER_ADDED(V_LOAD(v, start), V_LANES, out[p] + V_LANES * v);
            }
#pragma unroll 1
            for (int s = 0; s < count; s++, in += PIXELS * FER_BLOCK, wt += FER_BLOCK * SIDE) {
#pragma unroll
                for (int c = 0; c < FER_BLOCK; c++) {
                    V weights[VECTORS];
                    if (c * SIDE % LINE == 0)
                        FER_PREFETCH(wt + AHEAD + c * SIDE);
#pragma unroll
                    for (int v = 0; v < VECTORS; v++)
                        weights[v] = V_LOAD(VECTORS * c + v, wt);
#pragma unroll
                    for (int p = 0; p < PIXELS; p++)
#pragma unroll
                        for (int v = 0; v < VECTORS; v++)
                            sum[p][v] = fma((V)(in[p * FER_BLOCK + c]), weights[v], sum[p][v]);
                }
            }
#pragma unroll
            for (int p = 0; p < PIXELS; p++)
#pragma unroll
                for (int v = 0; v < VECTORS; v++)
                    V_STORE(s0 + count == steps ? FER_ACTIVATE(V, sum[p][v]) : sum[p][v], v, DATA(y) + out[p]);
        }
    }
}
#endif
