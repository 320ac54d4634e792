/* SPDX-License-Identifier: Apache-2.0
 *
 * The first convolution of a net, for CPUs: few input channels, plain; output channels blocked.  The input has been
 * copied with its padding (conv_frame), so no tap needs a check.  J = C * taps numbers (channel, tap row, tap column)
 * in the order of the canonical weights; tap j of an output pixel reads the same distance from the pixel's first tap.
 * Weights are packed as w[k / 16][J][16].
 */
#define PIXELS 6 /* of a register tile, by 16 output channels; see conv_direct.cl */
#define TAPS 6   /* of a register tile of the weights' gradient */

#ifdef FER_KERNEL_conv_stem
/* Work-item: `rows` output rows (dimension 0; the images' rows are counted through) of one block of output channels. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
conv_stem(FER_IN(x), FER_IN(w), FER_BIAS_IN FER_ADD_IN FER_OUT(y), const int kernel_size, const int stride,
          const int dilation, const int rows)
{
    const int k = (int)get_global_id(1), out_blocks = (int)FER_BLOCKS(y_dim);
    const int begin = (int)get_global_id(0) * rows, end = min(begin + rows, y_dim.x * y_dim.z);
    const size_t x_plane = FER_PLANE(x_dim);
    float start[FER_BLOCK];
    FER_BIASES(start, k * FER_BLOCK, FER_BLOCK, y_dim.y)
#pragma unroll 1
    for (int r = begin; r < end; r++) {
        const int n = r / y_dim.z, i = r % y_dim.z;
        __global const float *const image = DATA(x) + n * x_dim.y * x_plane + (size_t)i * stride * x_dim.w;
        const size_t row = FER_BLOCKED(y_dim, n, k * FER_BLOCK, i * y_dim.w);
#pragma unroll 1
        for (int j = 0; j < y_dim.w; j += PIXELS) {
            __global const float *w_j = DATA(w) + (size_t)k * x_dim.y * kernel_size * kernel_size * FER_BLOCK;
            __global const float *first[PIXELS];
            float8 lo[PIXELS], hi[PIXELS];
#pragma unroll
            for (int p = 0; p < PIXELS; p++) {
                first[p] = image + min(j + p, y_dim.w - 1) * stride;
                lo[p] = vload8(0, start);
                hi[p] = vload8(1, start);
            }
#pragma unroll 1
            for (int c = 0; c < x_dim.y; c++) {
#pragma unroll 1
                for (int tv = 0; tv < kernel_size; tv++) {
                    size_t at = c * x_plane + (size_t)tv * dilation * x_dim.w;
#pragma unroll 1
                    for (int th = 0; th < kernel_size; th++, at += dilation, w_j += FER_BLOCK) {
                        const float8 w_lo = vload8(0, w_j), w_hi = vload8(1, w_j);
#pragma unroll
                        for (int p = 0; p < PIXELS; p++) {
                            lo[p] = fma((float8)(first[p][at]), w_lo, lo[p]);
                            hi[p] = fma((float8)(first[p][at]), w_hi, hi[p]);
                        }
                    }
                }
            }
#pragma unroll
            for (int p = 0; p < PIXELS; p++) {
                const size_t at = row + (j + p) * FER_BLOCK;
                if (j + p < y_dim.w) {
                    lo[p] = FER_ADDED(lo[p], 8, at);
                    hi[p] = FER_ADDED(hi[p], 8, at + 8);
                    vstore8(FER_ACTIVATE(float8, lo[p]), 0, DATA(y) + at);
                    vstore8(FER_ACTIVATE(float8, hi[p]), 1, DATA(y) + at);
                }
            }
        }
    }
}
#endif

#ifdef FER_KERNEL_conv_stem_weights
/* partial[split][k / 16][J][16] = the sum over the split's output rows of x at tap j times 16 channels of dy, with TAPS
 * taps by 16 channels in registers while a row goes by.  Work-item: one block of output channels, one split of
 * `split_rows` rows; the rows are taken a few at a time so that they stay in the cache for all taps. */
#ifndef ROWS
#define ROWS 4
#endif
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
conv_stem_weights(FER_IN(x), FER_IN(dy), FER_OUT(partial), const int kernel_size, const int stride, const int dilation,
                  const int split_rows)
{
    const int k = (int)get_global_id(0), split = (int)get_global_id(1), out_blocks = (int)FER_BLOCKS(dy_dim);
    const int taps = kernel_size * kernel_size, all = x_dim.y * taps;
    const int begin = split * split_rows, end = min(begin + split_rows, dy_dim.x * dy_dim.z);
    const size_t x_plane = FER_PLANE(x_dim);
    __global float *const sums = DATA(partial) + ((size_t)split * out_blocks + k) * all * FER_BLOCK;

    for (int j = 0; begin >= end && j < all; j++)
        vstore16((float16)0, j, sums);
#pragma unroll 1
    for (int r0 = begin; r0 < end; r0 += ROWS) {
#pragma unroll 1
        for (int j = 0; j < all; j += TAPS) {
            size_t tap[TAPS];
            float8 lo[TAPS], hi[TAPS];
#pragma unroll
            for (int t = 0; t < TAPS; t++) {
                const int jt = min(j + t, all - 1), c = jt / taps, tv = jt % taps / kernel_size, th = jt % kernel_size;
                tap[t] = c * x_plane + ((size_t)tv * x_dim.w + th) * dilation;
                lo[t] = r0 > begin ? vload8(2 * jt, sums) : (float8)0;
                hi[t] = r0 > begin ? vload8(2 * jt + 1, sums) : (float8)0;
            }
#pragma unroll 1
            for (int r = r0; r < min(r0 + ROWS, end); r++) {
                const int n = r / dy_dim.z, i = r % dy_dim.z;
                __global const float *const image = DATA(x) + n * x_dim.y * x_plane + (size_t)i * stride * x_dim.w;
                __global const float *g = DATA(dy) + AT(dy, n, k * FER_BLOCK, i * dy_dim.w) - dy_offset;
                __global const float *in[TAPS];
#pragma unroll
                for (int t = 0; t < TAPS; t++)
                    in[t] = image + tap[t];
                size_t at = 0;
#pragma unroll 1
                for (int q = 0; q < dy_dim.w; q++, at += stride, g += FER_BLOCK) {
                    const float8 g_lo = vload8(0, g), g_hi = vload8(1, g);
#pragma unroll
                    for (int t = 0; t < TAPS; t++) {
                        lo[t] = fma((float8)(in[t][at]), g_lo, lo[t]);
                        hi[t] = fma((float8)(in[t][at]), g_hi, hi[t]);
                    }
                }
            }
#pragma unroll
            for (int t = 0; t < TAPS; t++) {
                if (j + t < all) {
                    vstore8(lo[t], 2 * (j + t), sums);
                    vstore8(hi[t], 2 * (j + t) + 1, sums);
                }
            }
        }
    }
}
#endif
