/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolutions with groups of WIDTH = 4 or 8 channels in and out, for CPUs, blocked layouts.  What is not here, other
 * kernel sides than 3, dilation and the gradients of strides, is conv_direct.cl's, compiled with WIDTH.
 */
#define STEP 4 /* inputs of a group whose weights, or sums, stay in registers */

#include "spread.cl"

#ifdef FER_KERNEL_conv_grouped_rows
/* The forward pass of a 3x3 kernel without dilation and, compiled with GRADIENT, its gradient with respect to the input
 * for STRIDE 1, which is the same with the taps turned around.
 *
 * There is so little to do for each input that fetching it is what counts.  Rows are copied to where they stay in the
 * first-level cache, in a frame of zeros, so that no tap asks for borders.  A register tile is TILE pixels of a row by a vector
 * of output channels; an input that has been spread serves all taps of its row that lie within the tile:
 *
 *     input                 0   1   2   3   4   5   6   7   8        for each row of taps, for each input c of the group:
 *     left tap, pixel       0   1   2   3   4   5   6                    3 weights, and of every input pixel one value
 *     middle tap                0   1   2   3   4   5   6
 *     right tap                     0   1   2   3   4   5   6        (for stride 2 accordingly)
 */
#define SIDE 3
#define TILE 7                               /* 56, 28, 14 and 7 pixels are whole tiles */
#define COLUMNS (8 * TILE / STRIDE)          /* output pixels of a row that is copied */
#define COPIED ((COLUMNS - 1) * STRIDE + SIDE) /* … and input pixels */

/* to = COPIED pixels of a row of x from column q on; where there are none, zeros. */
static void copy_row(float *to, __global const float *row, const int q, const int width)
{
    const int begin = clamp(-q, 0, COPIED), end = clamp(width - q, begin, COPIED);
#pragma unroll 1
    for (int p = 0; p < begin; p++)
        fer_store16((float16)0, p, to);
#pragma unroll 2
    for (int p = begin; p < end; p++)
        FER_EACH_PART(i)
            FER_VEC_STORE(FER_VEC_LOAD(FER_VEC_PARTS * p + i, row + q * FER_BLOCK), FER_VEC_PARTS * p + i, to);
#pragma unroll 1
    for (int p = end; p < COPIED; p++)
        fer_store16((float16)0, p, to);
}

/* Weights are w[k / 16][tap][WIDTH][16].  Work-item: one block of channels (dimension 0), `rows` output rows, counted
 * through the images (1). */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
conv_grouped_rows(FER_IN(x), FER_IN(w), FER_BIAS_IN FER_ADD_IN FER_OUT(y), const int padding, const int rows)
{
    const int k = (int)get_global_id(0), blocks = (int)FER_BLOCKS(y_dim), x_row = x_dim.w * FER_BLOCK;
    const int begin = (int)get_global_id(1) * rows, end = min(begin + rows, y_dim.x * y_dim.z);
#ifdef GRADIENT
    const int pad = SIDE - 1 - padding;
    __global const float *const wk = DATA(w) + ((size_t)(k + 1) * SIDE * SIDE - 1) * WIDTH * FER_BLOCK;
#define TAP(t) (-(t)*WIDTH * FER_BLOCK)
#else
    const int pad = padding;
    __global const float *const wk = DATA(w) + (size_t)k * SIDE * SIDE * WIDTH * FER_BLOCK;
#define TAP(t) ((t)*WIDTH * FER_BLOCK)
#endif
    float copy[SIDE][COPIED * FER_BLOCK]; /* row i, counted from the upper padding, is copy[i % SIDE] */
    float start[FER_BLOCK];
    FER_BIASES(start, k * FER_BLOCK, FER_BLOCK, y_dim.y)
#pragma unroll 1
    for (int q0 = 0; q0 < y_dim.w; q0 += COLUMNS) {
        int copied = 0; /* the next row to copy */
#pragma unroll 1
        for (int r = begin; r < end; r++) {
            const int n = r / y_dim.z, o = r % y_dim.z, above = o * STRIDE;
            __global const float *const image = DATA(x) + ((size_t)n * blocks + k) * x_dim.z * x_row;
            const size_t y_row = (((size_t)n * blocks + k) * y_dim.z + o) * y_dim.w;
            /* rows of taps within x */
            const int u0 = max(0, pad - above), u1 = min(SIDE, x_dim.z + pad - above);
            copied = o == 0 ? 0 : max(copied, above);
#pragma unroll 1
            for (; copied < above + SIDE; copied++)
                if ((uint)(copied - pad) < (uint)x_dim.z)
                    copy_row(copy[copied % SIDE], image + (copied - pad) * x_row, q0 * STRIDE - pad, x_dim.w);
#pragma unroll 1
            for (int q = q0; q < min(q0 + COLUMNS, y_dim.w); q += TILE) {
                /* Rows come with much work between, too far apart for what the processor does by itself. */
                __global const float *const next = image + (copied - pad) * x_row + q * STRIDE * FER_BLOCK;
#pragma unroll
                for (int p = 0; p < STRIDE * STRIDE * TILE; p++)
                    FER_PREFETCH(next + p / (STRIDE * TILE) * x_row + p % (STRIDE * TILE) * FER_BLOCK);
#pragma unroll 1
                for (int part = 0; part < FER_VEC_PARTS; part++) {
                    FER_VEC sum[TILE];
#pragma unroll
                    for (int p = 0; p < TILE; p++) {
                        sum[p] = FER_VEC_LOAD(part, start);
                        if (q + p < y_dim.w)
                            sum[p] = FER_ADDED(sum[p], FER_VEC_LANES, (y_row + q + p) * FER_BLOCK + part * FER_VEC_LANES);
                    }
#pragma unroll 1
                    for (int u = u0; u < u1; u++) {
                        const float *in = copy[(above + u) % SIDE] + (q - q0) * STRIDE * FER_BLOCK;
                        __global const float *wu = wk + TAP(u * SIDE);
#pragma unroll 1
                        for (int c0 = 0; c0 < WIDTH; c0 += STEP, in += STEP, wu += STEP * FER_BLOCK) {
#pragma unroll
                            for (int c = 0; c < STEP; c++) {
                                FER_VEC weight[SIDE];
#pragma unroll
                                for (int t = 0; t < SIDE; t++)
                                    weight[t] = FER_VEC_LOAD(FER_VEC_PARTS * c + part, wu + TAP(t));
#pragma unroll
                                for (int i = 0; i < (TILE - 1) * STRIDE + SIDE; i++) {
                                    const FER_VEC v = SPREAD(in + i * FER_BLOCK, part, c);
#pragma unroll
                                    for (int t = 0; t < SIDE; t++)
                                        if (i >= t && (i - t) % STRIDE == 0 && (i - t) / STRIDE < TILE)
                                            sum[(i - t) / STRIDE] = fma(v, weight[t], sum[(i - t) / STRIDE]);
                                }
                            }
                        }
                    }
#pragma unroll
                    for (int p = 0; p < TILE; p++)
                        if (q + p < y_dim.w)
                            FER_VEC_STORE(FER_ACTIVATE(FER_VEC, sum[p]), part, DATA(y) + (y_row + q + p) * FER_BLOCK);
                }
            }
        }
    }
}
#endif

#ifdef FER_KERNEL_conv_grouped_weights
#define ROWS 8 /* output rows that stay in the cache for all taps */

/* The weights' gradient.  Lane o of a block is an output channel, and meets each of the WIDTH inputs of its own group:
 *
 *                     16 output channels: dy at the pixel
 *                    +------ lo ------+------ hi ------+
 *     input 0        |  8 sums        |  8 sums        |     for each pixel of a row:
 *      ...           |                |                |         16 values of dy, and of x at the tap,
 *     input 3        +----------------+----------------+         spread so that lane o has input i of o's group
 *
 * (8 inputs take the pixels twice.)  Rows of which the tap falls into the padding are left out, and columns too.
 *
 * partial[split][k / 16][tap][WIDTH][16].  Work-item: one block of channels (dimension 0), one split of `split_rows` output
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
        fer_store16((float16)0, i, sums);
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
                FER_VEC sum[STEP][FER_VEC_PARTS];
#pragma unroll
                for (int c = 0; c < STEP; c++)
                    FER_EACH_PART(p)
                        sum[c][p] = r0 > begin ? FER_VEC_LOAD(FER_VEC_PARTS * c + p, s) : (FER_VEC)0;
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
                        FER_VEC there[FER_VEC_PARTS];
                        FER_EACH_PART(p)
                            there[p] = FER_VEC_LOAD(p, g);
#pragma unroll
                        for (int c = 0; c < STEP; c++)
                            FER_EACH_PART(p)
                                sum[c][p] = fma(SPREAD(in, p, c), there[p], sum[c][p]);
                    }
                }
#pragma unroll
                for (int c = 0; c < STEP; c++)
                    FER_EACH_PART(p)
                        FER_VEC_STORE(sum[c][p], FER_VEC_PARTS * c + p, s);
            }
        }
    }
}
#endif
