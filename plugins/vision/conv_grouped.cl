/* SPDX-License-Identifier: Apache-2.0
 *
 * The weights' gradient of convolutions with groups of WIDTH = 4 or 8 channels in and out, for CPUs, blocked layouts.  Lane
 * o of a block is an output channel, and meets each of the WIDTH inputs of its own group:
 *
 *                     16 output channels: dy at the pixel
 *                    +------ lo ------+------ hi ------+
 *     input 0        |  8 sums        |  8 sums        |     for each pixel of a row:
 *      ...           |                |                |         16 values of dy, and of x at the tap,
 *     input 3        +----------------+----------------+         shuffled so that lane o has input i of o's group
 *
 * (8 inputs take the pixels twice.)  Rows of which the tap falls into the padding are left out, and columns too.  The other
 * passes are conv_direct.cl's, compiled with WIDTH.
 */
#define STEP 4 /* inputs whose sums stay in registers */
#define ROWS 8 /* output rows that stay in the cache for all taps */

#if WIDTH == 8
#define SPREAD_LO(in, c) (float8)((in)[c])
#define SPREAD_HI(in, c) (float8)((in)[8 + (c)])
#else
/* Value c of each four. */
static inline float8 spread(const float8 v, const int c)
{
    return c == 0 ? v.s00004444 : c == 1 ? v.s11115555 : c == 2 ? v.s22226666 : v.s33337777;
}
#define SPREAD_LO(in, c) spread(vload8(0, in), c)
#define SPREAD_HI(in, c) spread(vload8(1, in), c)
#endif

/* partial[split][k / 16][tap][WIDTH][16].  Work-item: one block of channels (dimension 0), one split of `split_rows` output
 * rows, counted through the images (1). */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
conv_grouped_weights(FER_IN(x), FER_IN(dy), FER_OUT(partial), const int kernel_size, const int stride, const int pad,
                     const int dilation, const int split_rows)
{
    const int block = (int)get_global_id(0), split = (int)get_global_id(1), blocks = (int)FER_BLOCKS(dy_dim);
    const int taps = kernel_size * kernel_size, begin = split * split_rows;
    const int end = min(begin + split_rows, dy_dim.x * dy_dim.z);
    __global float *const sums = DATA(partial) + ((size_t)split * blocks + block) * taps * WIDTH * FER_BLOCK;

    for (int i = 0; begin >= end && i < taps * WIDTH; i++)
        vstore16((float16)0, i, sums);
#pragma unroll 1
    for (int r0 = begin; r0 < end; r0 += ROWS) {
#pragma unroll 1
        for (int t = 0; t < taps; t++) {
            const int down = t / kernel_size * dilation - pad, right = t % kernel_size * dilation - pad;
            /* columns of dy whose tap lies within x */
            const int q0 = right < 0 ? (-right + stride - 1) / stride : 0;
            const int q1 = right < x_dim.w ? min(dy_dim.w, (x_dim.w - 1 - right) / stride + 1) : 0;
#pragma unroll 1
            for (int c0 = 0; c0 < WIDTH; c0 += STEP) {
                __global float *const s = sums + (t * WIDTH + c0) * FER_BLOCK;
                float8 lo[STEP], hi[STEP];
#pragma unroll
                for (int c = 0; c < STEP; c++) {
                    lo[c] = r0 > begin ? vload8(2 * c, s) : (float8)0;
                    hi[c] = r0 > begin ? vload8(2 * c + 1, s) : (float8)0;
                }
#pragma unroll 1
                for (int r = r0; r < min(r0 + ROWS, end); r++) {
                    const int n = r / dy_dim.z, o = r % dy_dim.z, i = o * stride + down;
                    const size_t plane = (size_t)n * blocks + block;
                    if ((uint)i >= (uint)x_dim.z)
                        continue;
                    __global const float *in =
                        DATA(x) + ((plane * x_dim.z + i) * x_dim.w + q0 * stride + right) * FER_BLOCK + c0;
                    __global const float *g = DATA(dy) + ((plane * dy_dim.z + o) * dy_dim.w + q0) * FER_BLOCK;
#pragma unroll 2
                    for (int q = q0; q < q1; q++, in += stride * FER_BLOCK, g += FER_BLOCK) {
                        const float8 g_lo = vload8(0, g), g_hi = vload8(1, g);
#pragma unroll
                        for (int c = 0; c < STEP; c++) {
                            lo[c] = fma(SPREAD_LO(in, c), g_lo, lo[c]);
                            hi[c] = fma(SPREAD_HI(in, c), g_hi, hi[c]);
                        }
                    }
                }
#pragma unroll
                for (int c = 0; c < STEP; c++) {
                    vstore8(lo[c], 2 * c, s);
                    vstore8(hi[c], 2 * c + 1, s);
                }
            }
        }
    }
}
