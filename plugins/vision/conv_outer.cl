/* SPDX-License-Identifier: Apache-2.0
 *
 * The gradient of a convolution's weights for CPUs, as a sum of outer products: blocked layouts, any kernel side,
 * stride, padding, dilation and groups.
 *
 * Output pixels are taken in chunks (rows and images flow into each other).  For a chunk the pixels of dy, of OUTS blocks,
 * and for each tap and input block those of x are gathered into private arrays; what falls into the padding becomes zeros.
 * So the loop that matters walks two contiguous arrays, whatever the geometry:
 *
 *                     16 output channels: dy at the pixel
 *                    +------ lo ------+------ hi ------+
 *     x channel 0    |  8 sums        |  8 sums        |     for each pixel of the chunk:
 *     x channel 1    |                |                |         16 values of dy, and of x at the tap
 *      ...           |                |                |         6 (then 5 and 5) values, broadcast
 *     x channel 5    +----------------+----------------+
 *
 * The sums of a chunk are added to partial[split][k / 16][block][tap][16 inputs][16 outputs]; splits are disjoint ranges of
 * pixels, added in order by conv_unpack.
 */
#ifndef PIXELS
#define PIXELS 96 /* of a chunk at most: x and one block of dy then fill half of a first-level cache of 32 KiB */
#endif
#ifndef OUTS
#define OUTS 8 /* output blocks that share what was gathered of x */
#endif
#include "outer.cl"

/* sums[c][16] += the outer product over `pixels` pixels of x channels [first, first + count) with 16 channels of dy.
 * `first` and `count` are constants once inlined. */
static inline __attribute__((always_inline)) void accumulate(const float *x, const float *dy, int pixels,
                                                             __global float *sums, bool fresh, const int first,
                                                             const int count)
{
    FER_VEC sum[CHANNELS][FER_VEC_PARTS];
#pragma unroll
    for (int c = 0; c < CHANNELS; c++)
        FER_EACH_PART(i)
            sum[c][i] = fresh || c >= count ? (FER_VEC)0 : FER_VEC_LOAD(FER_VEC_PARTS * (first + c) + i, sums);
#pragma unroll 2
    for (const float *const end = x + pixels * FER_BLOCK; x < end; x += FER_BLOCK, dy += FER_BLOCK) {
        FER_VEC g[FER_VEC_PARTS];
        FER_POINTER(x);
        FER_POINTER(dy);
        FER_EACH_PART(i)
            g[i] = FER_VEC_LOAD(i, dy);
#pragma unroll
        for (int c = 0; c < CHANNELS; c++)
            if (c < count)
                FER_EACH_PART(i)
                    sum[c][i] = fma((FER_VEC)(x[first + c]), g[i], sum[c][i]);
    }
#pragma unroll
    for (int c = 0; c < CHANNELS; c++)
        if (c < count)
            FER_EACH_PART(i)
                FER_VEC_STORE(sum[c][i], FER_VEC_PARTS * (first + c) + i, sums);
}

/* Work-item: OUTS blocks of output channels (dimension 0), `ins` blocks of input channels (1), one split of
 * `split_pixels` pixels (2).  `blocks` input blocks belong to an output block, see conv_direct. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
conv_outer(FER_IN(x), FER_IN(dy), FER_OUT(partial), const int kernel_size, const int stride, const int pad,
           const int dilation, const int blocks, const int group_in, const int group_out, const int ins,
           const int split_pixels)
{
    const int split = (int)get_global_id(2), out_blocks = (int)FER_BLOCKS(dy_dim), in_blocks = (int)FER_BLOCKS(x_dim);
    const int k0 = (int)get_global_id(0) * OUTS, outs = min(OUTS, out_blocks - k0);
    const int b0 = (int)get_global_id(1) * ins, b1 = min(b0 + ins, blocks), taps = kernel_size * kernel_size;
    const int x_plane = x_dim.z * x_dim.w, dy_plane = dy_dim.z * dy_dim.w;
    const int begin = split * split_pixels, all = min(split_pixels, dy_dim.x * dy_plane - begin);
    const size_t step = (size_t)blocks * taps * 256; /* sums of an output block */
    __global float *const sums = DATA(partial) + ((size_t)split * out_blocks + k0) * step;

    if (all <= 0) { /* a split past the live batch, or an empty one */
        for (int k = 0; k < outs; k++)
            for (size_t i = (size_t)b0 * taps * 256; i < (size_t)b1 * taps * 256; i += 8)
                fer_store8((float8)0, 0, sums + k * step + i);
        return;
    }
    const int chunks = (all + PIXELS - 1) / PIXELS, each = (all + chunks - 1) / chunks;
#pragma unroll 1
    for (int q0 = 0; q0 < all; q0 += each) {
        float xs[PIXELS * FER_BLOCK] __attribute__((aligned(64))), dys[OUTS * PIXELS * FER_BLOCK] __attribute__((aligned(64)));
        int row[PIXELS], column[PIXELS]; /* where the first tap of a pixel reads */
        long image[PIXELS];              /* the pixel's image in x, in cells */
        const int count = min(each, all - q0);
        int n = (begin + q0) / dy_plane, i = (begin + q0) % dy_plane / dy_dim.w, j = (begin + q0) % dy_dim.w;
#pragma unroll 1
        for (int p = 0; p < count; p++) {
            row[p] = i * stride - pad;
            column[p] = j * stride - pad;
            image[p] = (long)n * in_blocks * x_plane;
            __global const FER_TYPE_dy *from = DATA(dy) + ((size_t)(n * out_blocks + k0) * dy_plane + i * dy_dim.w + j) * FER_BLOCK;
            for (int k = 0; k < outs; k++, from += (size_t)dy_plane * FER_BLOCK) {
                fer_store8(FER_READ(dy, 8)(from, 0), 2 * (k * PIXELS + p), dys);
                fer_store8(FER_READ(dy, 8)(from, 8), 2 * (k * PIXELS + p) + 1, dys);
            }
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
#pragma unroll 1
            for (int b = b0; b < b1; b++) {
                int gathered = -1;
#pragma unroll 1
                for (int k = 0; k < outs; k++) {
                    const int block = (k0 + k) * FER_BLOCK / group_out * group_in / FER_BLOCK + b;
                    if (block >= in_blocks)
                        continue;
                    if (block != gathered) {
                        gathered = block;
#pragma unroll 1
                        for (int p = 0; p < count; p++) {
                            const int v = row[p] + down, h = column[p] + right;
                            float8 lo = 0, hi = 0;
                            if ((uint)v < (uint)x_dim.z && (uint)h < (uint)x_dim.w) {
                                __global const FER_TYPE_x *const from =
                                    DATA(x) + (image[p] + (long)block * x_plane + v * x_dim.w + h) * FER_BLOCK;
                                lo = FER_READ(x, 8)(from, 0);
                                hi = FER_READ(x, 8)(from, 8);
                            }
                            fer_store8(lo, 2 * p, xs);
                            fer_store8(hi, 2 * p + 1, xs);
                        }
                    }
                    const float *const g = dys + k * PIXELS * FER_BLOCK;
                    __global float *const s = sums + k * step + ((size_t)b * taps + t) * 256;
                    ALL_CHANNELS(accumulate, xs, g, count, s, q0 == 0)
                }
            }
        }
    }
}
