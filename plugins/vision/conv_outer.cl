/* SPDX-License-Identifier: Apache-2.0
 *
 * The gradient of a convolution's weights for CPUs, as a sum of outer products: blocked layouts, any kernel side,
 * stride, padding, dilation and groups.
 *
 * For one tap, and 16 output channels by a few of the 16 input channels, the sums stay in registers while a list of
 * pixels goes by:
 *
 *                     16 output channels: dy at the pixel
 *                    +------ lo ------+------ hi ------+
 *     x channel 0    |  8 sums        |  8 sums        |     for each pixel of the list:
 *     x channel 1    |                |                |         16 values of dy, and of x at the tap
 *      ...           |                |                |         6 (then 5 and 5) values, broadcast
 *     x channel 5    +----------------+----------------+
 *
 * The list holds, for LIST consecutive output pixels (rows and images flow into each other), where x and dy lie; pixels
 * whose tap falls into the padding are left out.  The sums of a list are added to partial[split][k / 16][block][tap]
 * [16 inputs][16 outputs]; splits are disjoint ranges of pixels, added in order by conv_unpack.
 */
#ifndef LIST
#define LIST 96
#endif

/* sums[c][16] += the outer product over the list of x channels [first, first + count) with 16 channels of dy.
 * `first` and `count` are constants once inlined. */
static inline __attribute__((always_inline)) void accumulate(__global const float *x, __global const float *dy,
                                                             const int *x_at, const int *dy_at, int pixels,
                                                             __global float *sums, bool fresh, const int first,
                                                             const int count)
{
    float8 lo[6], hi[6];
#pragma unroll
    for (int c = 0; c < 6; c++) {
        lo[c] = fresh || c >= count ? (float8)0 : vload8(2 * (first + c), sums);
        hi[c] = fresh || c >= count ? (float8)0 : vload8(2 * (first + c) + 1, sums);
    }
#pragma unroll 1
    for (int i = 0; i < pixels; i++) {
        __global const float *const in = x + (size_t)x_at[i] * FER_BLOCK + first;
        __global const float *const g = dy + (size_t)dy_at[i] * FER_BLOCK;
        const float8 g_lo = vload8(0, g), g_hi = vload8(1, g);
#pragma unroll
        for (int c = 0; c < 6; c++) {
            if (c < count) {
                lo[c] = fma((float8)(in[c]), g_lo, lo[c]);
                hi[c] = fma((float8)(in[c]), g_hi, hi[c]);
            }
        }
    }
#pragma unroll
    for (int c = 0; c < 6; c++) {
        if (c < count) {
            vstore8(lo[c], 2 * (first + c), sums);
            vstore8(hi[c], 2 * (first + c) + 1, sums);
        }
    }
}

/* Work-item: one block of output channels (dimension 0), `ins` blocks of input channels (1), one split of
 * `split_pixels` pixels (2).  `blocks` input blocks belong to an output block, see conv_direct. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
conv_outer(FER_IN(x), FER_IN(dy), FER_OUT(partial), const int kernel_size, const int stride, const int pad,
           const int dilation, const int blocks, const int group_in, const int group_out, const int ins,
           const int split_pixels)
{
    const int k = (int)get_global_id(0), split = (int)get_global_id(2), out_blocks = (int)FER_BLOCKS(dy_dim);
    const int in_blocks = (int)FER_BLOCKS(x_dim), block0 = k * FER_BLOCK / group_out * group_in / FER_BLOCK;
    const int b0 = (int)get_global_id(1) * ins, b1 = min(min(b0 + ins, blocks), in_blocks - block0);
    const int taps = kernel_size * kernel_size, x_plane = x_dim.z * x_dim.w, dy_plane = dy_dim.z * dy_dim.w;
    const int begin = split * split_pixels, end = min(begin + split_pixels, dy_dim.x * dy_plane);
    __global float *const sums = DATA(partial) + ((size_t)split * out_blocks + k) * blocks * taps * 256;

    if (begin >= end) { /* a split past the live batch, or an empty one */
        for (size_t i = (size_t)b0 * taps * 256; i < (size_t)min(b0 + ins, blocks) * taps * 256; i += 8)
            vstore8((float8)0, 0, sums + i);
        return;
    }
#pragma unroll 1
    for (int q0 = begin; q0 < end; q0 += LIST) {
        /* Of each pixel: where its first tap reads, in 16s from block 0 of x, and where dy lies. */
        int row[LIST], column[LIST], x_first[LIST], dy_first[LIST], x_at[LIST], dy_at[LIST];
        const int count = min(LIST, end - q0);
        int n = q0 / dy_plane, i = q0 % dy_plane / dy_dim.w, j = q0 % dy_dim.w;
#pragma unroll 1
        for (int p = 0; p < count; p++) {
            row[p] = i * stride - pad;
            column[p] = j * stride - pad;
            x_first[p] = (n * in_blocks + block0) * x_plane + row[p] * x_dim.w + column[p];
            dy_first[p] = (n * out_blocks + k) * dy_plane + i * dy_dim.w + j;
            if (++j == dy_dim.w) {
                j = 0;
                if (++i == dy_dim.z) {
                    i = 0;
                    n++;
                }
            }
        }
#pragma unroll 1
        for (int t = 0; t < taps; t++) {
            const int down = t / kernel_size * dilation, right = t % kernel_size * dilation;
            int pixels = 0;
#pragma unroll 1
            for (int p = 0; p < count; p++) {
                x_at[pixels] = x_first[p] + down * x_dim.w + right;
                dy_at[pixels] = dy_first[p];
                pixels += (uint)(row[p] + down) < (uint)x_dim.z && (uint)(column[p] + right) < (uint)x_dim.w;
            }
#pragma unroll 1
            for (int b = b0; b < b1; b++) {
                __global const float *const in = DATA(x) + (size_t)b * x_plane * FER_BLOCK;
                __global float *const s = sums + ((size_t)b * taps + t) * 256;
                accumulate(in, DATA(dy), x_at, dy_at, pixels, s, q0 == begin, 0, 6);
                accumulate(in, DATA(dy), x_at, dy_at, pixels, s, q0 == begin, 6, 5);
                accumulate(in, DATA(dy), x_at, dy_at, pixels, s, q0 == begin, 11, 5);
            }
        }
    }
}
