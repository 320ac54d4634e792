/* SPDX-License-Identifier: Apache-2.0
 *
 * The first convolution of a net, for CPUs: few input channels, plain; output channels blocked.  The input has been
 * copied with its padding (conv_stem_frame), and rows to the end of their last tile, so no tap needs a check.  J = C * taps
 * numbers (channel, tap row, tap column)
 * in the order of the canonical weights; tap j of an output pixel reads the same distance from the pixel's first tap.
 * Weights are packed as w[k / 16][J][16].
 */
#include "register_tile.cl"
#define PIXELS TILE_ROWS
#define TAPS FER_VEC_ROWS   /* of a register tile of the weights' gradient */

#ifdef FER_KERNEL_conv_stem
/* Work-item: `rows` output rows (dimension 0; the images' rows are counted through) of a register tile's blocks of output
 * channels (1). */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
conv_stem(FER_IN(x), FER_IN(w), FER_BIAS_IN FER_ADD_IN FER_OUT(y), const int kernel_size,
          const int dilation, const int rows)
{
    const int k = (int)get_global_id(1) * TILE_BLOCKS;
    const int begin = (int)get_global_id(0) * rows, end = min(begin + rows, y_dim.x * y_dim.z);
    const size_t x_plane = FER_PLANE(x_dim), w_block = (size_t)x_dim.y * kernel_size * kernel_size * FER_BLOCK;
    const size_t more = HAS_NEXT(k, (int)FER_BLOCKS(y_dim)), w_next = more * w_block;
    const size_t next = more * FER_PLANE(y_dim) * FER_BLOCK, start_next = more * FER_BLOCK;
    float start[TILE_BLOCKS * FER_BLOCK];
    FER_BIASES(start, k * FER_BLOCK, TILE_BLOCKS * FER_BLOCK, y_dim.y)
#pragma unroll 1
    for (int r = begin; r < end; r++) {
        const int n = r / y_dim.z, i = r % y_dim.z;
        __global const float *const image = DATA(x) + n * x_dim.y * x_plane + (size_t)i * STRIDE * x_dim.w;
        const size_t row = FER_BLOCKED(y_dim, n, k * FER_BLOCK, i * y_dim.w);
#pragma unroll 1
        for (int j = 0; j < y_dim.w; j += PIXELS) {
            __global const float *w_j = DATA(w) + k * w_block;
            FER_VEC sum[PIXELS][TILE_VECTORS];
#pragma unroll
            for (int p = 0; p < PIXELS; p++) {
                EACH_VECTOR(i)
                    sum[p][i] = FER_VEC_LOAD(0, start + VECTOR_AT(i, start_next));
            }
#pragma unroll 1
            for (int c = 0; c < x_dim.y; c++) {
#pragma unroll 1
                for (int tv = 0; tv < kernel_size; tv++) {
                    __global const float *in = image + j * STRIDE + c * x_plane + (size_t)tv * dilation * x_dim.w;
#pragma unroll 1
                    for (int th = 0; th < kernel_size; th++, in += dilation, w_j += FER_BLOCK) {
                        FER_VEC weights[TILE_VECTORS];
                        EACH_VECTOR(i)
                            weights[i] = FER_VEC_LOAD(0, w_j + VECTOR_AT(i, w_next));
#pragma unroll
                        for (int p = 0; p < PIXELS; p++)
                            EACH_VECTOR(i)
                                sum[p][i] = fma((FER_VEC)(in[p * STRIDE]), weights[i], sum[p][i]);
                    }
                }
            }
#pragma unroll
            for (int p = 0; p < PIXELS; p++) {
                if (j + p < y_dim.w) {
                    const size_t at = row + (j + p) * FER_BLOCK;
                    EACH_VECTOR(i) /* all before the first is stored: y may lie over add, and a block be there twice */
                        sum[p][i] = FER_ADDED(sum[p][i], FER_VEC_LANES, at + VECTOR_AT(i, next));
                    EACH_VECTOR(i)
                        FER_VEC_STORE(FER_ACTIVATE(FER_VEC, sum[p][i]), 0, DATA(y) + at + VECTOR_AT(i, next));
                }
            }
        }
    }
}
#endif

#ifdef FER_KERNEL_conv_stem_weights
#define RUN 4 /* pixels for which pointers move once */

/* sum[t] += x at tap t times dy, over `pixels` pixels of a row, a constant once inlined; the pointers move on. */
static inline __attribute__((always_inline)) void accumulate(FER_VEC sum[TAPS][FER_VEC_PARTS], __global const float **in,
                                                             __global const float *g, const int pixels)
{
#pragma unroll
    for (int t = 0; t < TAPS; t++)
        FER_POINTER(in[t]);
#pragma unroll
    for (int q = 0; q < pixels; q++) {
        FER_VEC dy[FER_VEC_PARTS];
        FER_EACH_PART(p)
            dy[p] = FER_VEC_LOAD(p, g + q * FER_BLOCK);
#pragma unroll
        for (int t = 0; t < TAPS; t++)
            FER_EACH_PART(p)
                sum[t][p] = fma((FER_VEC)(in[t][q * STRIDE]), dy[p], sum[t][p]);
    }
#pragma unroll
    for (int t = 0; t < TAPS; t++)
        in[t] += pixels * STRIDE;
}

/* partial[split][k / 16][J][16] = the sum over the split's output rows of x at tap j times 16 channels of dy, with TAPS
 * taps by 16 channels in registers while a row goes by.  Work-item: one block of output channels, one split of
 * `split_rows` rows; the rows are taken a few at a time so that they stay in the cache for all taps. */
#ifndef ROWS
#define ROWS 4
#endif
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
conv_stem_weights(FER_IN(x), FER_IN(dy), FER_OUT(partial), const int kernel_size, const int dilation, const int split_rows)
{
    const int k = (int)get_global_id(0), split = (int)get_global_id(1), out_blocks = (int)FER_BLOCKS(dy_dim);
    const int taps = kernel_size * kernel_size, all = x_dim.y * taps;
    const int begin = split * split_rows, end = min(begin + split_rows, dy_dim.x * dy_dim.z);
    const size_t x_plane = FER_PLANE(x_dim);
    __global float *const sums = DATA(partial) + ((size_t)split * out_blocks + k) * all * FER_BLOCK;

    for (int j = 0; begin >= end && j < all; j++)
        fer_store16((float16)0, j, sums);
#pragma unroll 1
    for (int r0 = begin; r0 < end; r0 += ROWS) {
#pragma unroll 1
        for (int j = 0; j < all; j += TAPS) {
            size_t tap[TAPS];
            FER_VEC sum[TAPS][FER_VEC_PARTS];
#pragma unroll
            for (int t = 0; t < TAPS; t++) {
                const int jt = min(j + t, all - 1), c = jt / taps, tv = jt % taps / kernel_size, th = jt % kernel_size;
                tap[t] = c * x_plane + ((size_t)tv * x_dim.w + th) * dilation;
                FER_EACH_PART(i)
                    sum[t][i] = r0 > begin ? FER_VEC_LOAD(FER_VEC_PARTS * jt + i, sums) : (FER_VEC)0;
            }
#pragma unroll 1
            for (int r = r0; r < min(r0 + ROWS, end); r++) {
                const int n = r / dy_dim.z, i = r % dy_dim.z;
                __global const float *const image = DATA(x) + n * x_dim.y * x_plane + (size_t)i * STRIDE * x_dim.w;
                __global const float *g = DATA(dy) + AT(dy, n, k * FER_BLOCK, i * dy_dim.w) - dy_offset;
                __global const float *in[TAPS];
#pragma unroll
                for (int t = 0; t < TAPS; t++)
                    in[t] = image + tap[t];
                int q = 0;
#pragma unroll 1
                for (; q + RUN <= dy_dim.w; q += RUN, g += RUN * FER_BLOCK)
                    accumulate(sum, in, g, RUN);
#pragma unroll 1
                for (; q < dy_dim.w; q++, g += FER_BLOCK)
                    accumulate(sum, in, g, 1);
            }
#pragma unroll
            for (int t = 0; t < TAPS; t++) {
                if (j + t < all)
                    FER_EACH_PART(i)
                        FER_VEC_STORE(sum[t][i], FER_VEC_PARTS * (j + t) + i, sums);
            }
        }
    }
}
#endif
