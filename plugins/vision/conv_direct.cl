/* SPDX-License-Identifier: Apache-2.0
 *
 * Direct convolution for CPUs: explicit vectors, one work-item a work-group, blocked layouts, any kernel side, stride,
 * padding, dilation and groups.  The same kernel computes the forward pass and, where `gradient` is not zero, the
 * gradient with respect to the input.
 *
 * A register tile is PIXELS output pixels by one block of 16 output channels, in two vectors, or one that is as wide and
 * twice as many pixels:
 *
 *                  16 output channels of block k
 *                 +------ lo ------+------ hi ------+
 *     pixel 0     |  8 sums        |  8 sums        |      for each input channel c:
 *     pixel 1     |                |                |          16 weights, and of every
 *      ...        |                |                |          pixel one value, broadcast
 *     pixel 5     +----------------+----------------+
 *
 * The pixels are any: rows, images and borders may lie between them, so planes of 7x7 or 3x3 waste nothing.
 * Each has its own pointer into the input; a tap that falls into the padding points at a block of zeros, which lies
 * behind the packed weights.
 *
 * With ADD another tensor like y is added to the first pass; the activation (FER_ACTIVATE) comes with the last one.
 *
 * Where every block of outputs reads all inputs, conv_gathered copies what a pass reads, so that all outputs find it in
 * the order in which they read it: without borders, and without strides, with which a cache only uses some of its sets.
 * Its tiles are those of register_tile.cl.
 *
 * Weights are packed as w[k / 16][block][tap][16 inputs][16 outputs], then 16 zeros.  `block` counts only the input
 * blocks that the groups of those 16 outputs read; entries of other groups and past the last channel are zero.
 *
 * Compiled with WIDTH = 4 or 8, for groups of so many channels in and out (conv_grouped.c): a block of outputs reads the
 * block of inputs of the same number, and weights are w[k / 16][tap][WIDTH inputs of the output's group][16 outputs].
 * Instead of one value for all 16 outputs, each group gets its own: a shuffle of the pixel's 16 values.
 */
#ifdef FER_KERNEL_conv_gathered
#include "register_tile.cl"
#define PIXELS TILE_ROWS
#define CHUNK 96 /* pixels of a work-item at most, but for those that fill a tile */
#define PASS 18  /* taps of input blocks that are gathered at a time: of CHUNK pixels 108 KiB */
#define OUTS 64  /* blocks of outputs of a work-item at most */
#else
#ifndef PIXELS
#define PIXELS FER_VEC_ROWS
#endif
#define CHUNK 192
#endif
#define ROOM ((CHUNK + PIXELS - 1) / PIXELS * PIXELS)

#ifndef WIDTH
#define INPUTS FER_BLOCK
#define SPREAD(in, part, c) (FER_VEC)((in)[c])
#else
#define INPUTS WIDTH
#include "spread.cl"
#endif
#define WEIGHTS (INPUTS * FER_BLOCK) /* of a tap and input block */

#include "../axis.cl"

/* Whether all taps of a position whose first tap reads `at` lie within [0, size). */
static bool covers(const struct axis *a, int at, int size)
{
    const int last = at + a->walk * (a->taps - 1);
    return min(at, last) >= 0 && max(at, last) < size;
}

/* Pixels of a work-item, in the order of their phase.  A last tile that is not full repeats the last pixel: the same is
 * stored twice, or only once. */
struct pixels {
    int count;
    int row[ROOM], column[ROOM]; /* that the first tap reads */
    long in[ROOM], out[ROOM];    /* first tap and output pixel: floats from block 0 of the image in x, in y */
    uchar inside[ROOM / PIXELS]; /* of a tile: no tap of any pixel falls into the padding */
};

static void list(struct pixels *list, const struct axis *v, const struct axis *h, const int4 x, const int4 y, int begin,
                 int count)
{
    const int plane = v->count * h->count;
    int n = begin / plane, i = begin % plane / h->count, j = begin % h->count;
    list->count = count;
#pragma unroll 1
    for (int p = 0; p < (count + PIXELS - 1) / PIXELS * PIXELS; p++) {
        const int row = v->origin + v->scale * i, column = h->origin + h->scale * j;
        const bool inside = covers(v, row, x.z) && covers(h, column, x.w);
        list->row[p] = row;
        list->column[p] = column;
        list->in[p] = ((long)n * FER_BLOCKS(x) * FER_PLANE(x) + (row * x.w + column)) * FER_BLOCK;
        list->out[p] = ((long)n * FER_BLOCKS(y) * FER_PLANE(y) +
                        ((v->first + v->step * i) * y.w + h->first + h->step * j)) * FER_BLOCK;
        list->inside[p / PIXELS] = p % PIXELS == 0 ? inside : list->inside[p / PIXELS] & inside;
        if (p + 1 < count && ++j == h->count) {
            j = 0;
            if (++i == v->count) {
                i = 0;
                n++;
            }
        }
    }
}

#ifdef FER_KERNEL_conv_gathered
/* to[tile][step][PIXELS][16] = what the pixels read at taps of input blocks, `steps` of them from `first` on, zeros in
 * the padding; weights[step] = where their weights begin, floats from those of block 0. */
static void gather(float *to, int *weights, const struct pixels *pixels, const struct axis *v, const struct axis *h,
                   __global const float *x, const int4 dim, const int kernel_size, const int first, const int steps)
{
    const int taps = v->taps * h->taps;
#pragma unroll 1
    for (int s = 0; s < steps; s++) {
        const int b = (first + s) / taps, tv = (first + s) % taps / h->taps, th = (first + s) % h->taps;
        const int down = v->walk * tv, right = h->walk * th;
        __global const float *const from = x + b * FER_PLANE(dim) * FER_BLOCK + ((long)down * dim.w + right) * FER_BLOCK;
        weights[s] = ((b * kernel_size + v->tap + v->tap_step * tv) * kernel_size + h->tap + h->tap_step * th) * WEIGHTS;
#pragma unroll 1
        for (int q = 0; q < pixels->count; q += PIXELS) {
            float *const tile = to + (q * steps + s * PIXELS) * FER_BLOCK;
            if (pixels->inside[q / PIXELS]) {
#pragma unroll
                for (int p = 0; p < PIXELS; p++)
                    FER_EACH_PART(i)
                        FER_VEC_STORE(FER_VEC_LOAD(i, from + pixels->in[q + p]), FER_VEC_PARTS * p + i, tile);
                continue;
            }
#pragma unroll 1
            for (int p = 0; p < PIXELS; p++) {
                const bool within = (uint)(pixels->row[q + p] + down) < (uint)dim.z &&
                                    (uint)(pixels->column[q + p] + right) < (uint)dim.w;
                FER_EACH_PART(i)
                    FER_VEC_STORE(within ? FER_VEC_LOAD(i, from + pixels->in[q + p]) : (FER_VEC)(0.0f),
                                  FER_VEC_PARTS * p + i, tile);
            }
        }
    }
}

/* Work-item: `chunk` pixels of one phase (dimension 0) by `outs` blocks of output channels (dimension 1); dimension 2
 * is the phase, stride * stride of them of a gradient.  `pass` taps of input blocks are summed at a time. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
conv_gathered(FER_IN(x), FER_IN(w), FER_BIAS_IN FER_ADD_IN FER_OUT(y), const int kernel_size, const int stride,
              const int pad, const int dilation, const int gradient, const int pass, const int chunk, const int outs)
{
    const int phase = (int)get_global_id(2);
    struct axis v, h;
    axis_make(&v, y_dim.z, kernel_size, stride, pad, dilation, gradient, phase / stride);
    axis_make(&h, y_dim.w, kernel_size, stride, pad, dilation, gradient, phase % stride);
    const int begin = (int)get_global_id(0) * chunk, all = y_dim.x * v.count * h.count;
    const int out_blocks = (int)FER_BLOCKS(y_dim), first = (int)get_global_id(1) * outs;
    const int beyond = min(first + outs, out_blocks), blocks = (int)FER_BLOCKS(x_dim);
    const int steps = blocks * v.taps * h.taps; /* none in the phases between those that a 1x1 kernel reaches */
    const size_t y_plane = FER_PLANE(y_dim) * FER_BLOCK, w_block = (size_t)blocks * kernel_size * kernel_size * WEIGHTS;
    struct pixels pixels;
    float gathered[ROOM * PASS * FER_BLOCK];
    float begins[OUTS * FER_BLOCK]; /* in memory: as registers they would be shuffled together anew for each tile */
    int taps[PASS]; /* where a step's weights begin */

    if (begin >= all)
        return;
    list(&pixels, &v, &h, x_dim, y_dim, begin, min(chunk, all - begin));
    FER_BIASES(begins, first * FER_BLOCK, (beyond - first) * FER_BLOCK, y_dim.y)
#pragma unroll 1
    for (int s0 = 0; s0 == 0 || s0 < steps; s0 += pass) {
        const int count = min(pass, steps - s0);
        const bool last = s0 + pass >= steps;
        gather(gathered, taps, &pixels, &v, &h, DATA(x), x_dim, kernel_size, s0, count);
#pragma unroll 1
        for (int k = first; k < beyond; k += TILE_BLOCKS) {
            __global float *const y_block = DATA(y) + k * y_plane;
            const float *const start = begins + (k - first) * FER_BLOCK;
            const size_t next = HAS_NEXT(k, beyond) * y_plane, w_next = HAS_NEXT(k, beyond) * w_block;
            const size_t start_next = HAS_NEXT(k, beyond) * FER_BLOCK;
#pragma unroll 1
            for (int q = 0; q < pixels.count; q += PIXELS) {
                const float *in = gathered + q * count * FER_BLOCK;
                FER_VEC sum[PIXELS][TILE_VECTORS];
#pragma unroll
                for (int p = 0; p < PIXELS; p++) {
                    const size_t at = k * y_plane + pixels.out[q + p];
                    EACH_VECTOR(i)
                        sum[p][i] = s0 > 0 ? FER_VEC_LOAD(0, DATA(y) + at + VECTOR_AT(i, next))
                                           : FER_ADDED(FER_VEC_LOAD(0, start + VECTOR_AT(i, start_next)), FER_VEC_LANES,
                                                       at + VECTOR_AT(i, next));
                }
#pragma unroll 1
                for (int s = 0; s < count; s++, in += PIXELS * FER_BLOCK) {
                    __global const float *wt = DATA(w) + k * w_block + taps[s];
                    __global const float *wn = wt + w_next;
                    FER_POINTER(in);
                    FER_POINTER(wt);
                    FER_POINTER(wn);
#pragma unroll
                    for (int c = 0; c < FER_BLOCK; c++) {
                        FER_VEC weights[TILE_VECTORS];
                        EACH_VECTOR(i)
                            weights[i] = FER_VEC_LOAD(0, (i < FER_VEC_PARTS ? wt : wn) + c * FER_BLOCK + VECTOR_AT(i, 0));
#pragma unroll
                        for (int p = 0; p < PIXELS; p++)
                            EACH_VECTOR(i)
                                sum[p][i] = fma((FER_VEC)(in[p * FER_BLOCK + c]), weights[i], sum[p][i]);
                    }
                }
#pragma unroll
                for (int p = 0; p < PIXELS; p++)
                    EACH_VECTOR(i)
                        FER_VEC_STORE(last ? FER_ACTIVATE(FER_VEC, sum[p][i]) : sum[p][i], 0,
                                      y_block + pixels.out[q + p] + VECTOR_AT(i, next));
            }
        }
    }
}
#else
/* Work-item: `chunk` pixels of one phase (dimension 0) by `outs` blocks of output channels (dimension 1); dimension 2
 * is the phase, stride * stride of them of a gradient.  `blocks` input blocks are read for an output block, the first
 * is (k / group_out) * group_in / 16.
 *
 * Of these as many are summed in one pass as have `pass` 16x16 weights together, so that a pass' weights stay in the
 * first-level cache while all tiles go by, and its pixels in the second-level one for all `outs`. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
conv_direct(FER_IN(x), FER_IN(w), FER_BIAS_IN FER_ADD_IN FER_OUT(y), const int kernel_size, const int stride,
            const int pad, const int dilation, const int gradient, const int blocks, const int group_in,
            const int group_out, const int pass, const int chunk, const int outs)
{
    const int phase = (int)get_global_id(2), taps = kernel_size * kernel_size;
    struct axis v, h;
    axis_make(&v, y_dim.z, kernel_size, stride, pad, dilation, gradient, phase / stride);
    axis_make(&h, y_dim.w, kernel_size, stride, pad, dilation, gradient, phase % stride);
    const int begin = (int)get_global_id(0) * chunk, all = y_dim.x * v.count * h.count;
    const int out_blocks = (int)FER_BLOCKS(y_dim), first = (int)get_global_id(1) * outs;
    const int gathered = v.taps * h.taps; /* none in the phases between those that a 1x1 kernel reaches */
    const int summed = gathered ? max(1, pass / gathered) : blocks; /* input blocks of a pass */
    const size_t x_plane = FER_PLANE(x_dim) * FER_BLOCK, y_plane = FER_PLANE(y_dim) * FER_BLOCK;
    __global const float *const zeros = DATA(w) + (size_t)out_blocks * blocks * taps * WEIGHTS;
    struct pixels pixels;

    if (begin >= all)
        return;
    list(&pixels, &v, &h, x_dim, y_dim, begin, min(chunk, all - begin));
#pragma unroll 1
    for (int b0 = 0; b0 < blocks; b0 += summed) {
        const bool last = b0 + summed >= blocks;
#pragma unroll 1
        for (int k = first; k < min(first + outs, out_blocks); k++) {
            const int block0 = k * FER_BLOCK / group_out * group_in / FER_BLOCK;
            const int b1 = min(min(b0 + summed, blocks), (int)FER_BLOCKS(x_dim) - block0);
            float start[FER_BLOCK];
            FER_BIASES(start, k * FER_BLOCK, FER_BLOCK, y_dim.y)
#pragma unroll 1
            for (int q = 0; q < pixels.count; q += PIXELS) {
                __global const float *image[PIXELS];
                __global float *out[PIXELS];
                FER_VEC sum[PIXELS][FER_VEC_PARTS];
                const bool inside = pixels.inside[q / PIXELS];
#pragma unroll
                for (int p = 0; p < PIXELS; p++) {
                    image[p] = DATA(x) + block0 * x_plane + pixels.in[q + p];
                    const size_t at = k * y_plane + pixels.out[q + p];
                    out[p] = DATA(y) + at;
                    FER_EACH_PART(i)
                        sum[p][i] = b0 > 0 ? FER_VEC_LOAD(i, out[p])
                                           : FER_ADDED(FER_VEC_LOAD(i, start), FER_VEC_LANES, at + i * FER_VEC_LANES);
                }
#pragma unroll 1
                for (int b = b0; b < b1; b++) {
                    __global const float *const wb = DATA(w) + ((size_t)k * blocks + b) * taps * WEIGHTS;
#pragma unroll 1
                    for (int tv = 0; tv < v.taps; tv++) {
#pragma unroll 1
                        for (int th = 0; th < h.taps; th++) {
                            __global const float *const wt =
                                wb + ((v.tap + v.tap_step * tv) * kernel_size + h.tap + h.tap_step * th) * WEIGHTS;
                            const int down = v.walk * tv, right = h.walk * th;
                            const long shift = b * x_plane + ((long)down * x_dim.w + right) * FER_BLOCK;
                            __global const float *in[PIXELS];
#pragma unroll
                            for (int p = 0; p < PIXELS; p++)
                                in[p] = image[p] + shift;
                            if (!inside) {
#pragma unroll
                                for (int p = 0; p < PIXELS; p++)
                                    if ((uint)(pixels.row[q + p] + down) >= (uint)x_dim.z ||
                                        (uint)(pixels.column[q + p] + right) >= (uint)x_dim.w)
                                        in[p] = zeros;
                            }
#pragma unroll
                            for (int c = 0; c < INPUTS; c++) {
                                FER_VEC weights[FER_VEC_PARTS];
                                FER_EACH_PART(i)
                                    weights[i] = FER_VEC_LOAD(FER_VEC_PARTS * c + i, wt);
#pragma unroll
                                for (int p = 0; p < PIXELS; p++)
                                    FER_EACH_PART(i)
                                        sum[p][i] = fma(SPREAD(in[p], i, c), weights[i], sum[p][i]);
                            }
                        }
                    }
                }
#pragma unroll
                for (int p = 0; p < PIXELS; p++) {
                    if (q + p < pixels.count)
                        FER_EACH_PART(i)
                            FER_VEC_STORE(last ? FER_ACTIVATE(FER_VEC, sum[p][i]) : sum[p][i], i, out[p]);
                }
            }
        }
    }
}
#endif
