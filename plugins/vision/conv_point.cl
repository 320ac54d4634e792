/* SPDX-License-Identifier: Apache-2.0
 *
 * The direct convolution (conv_direct.cl: passes, weights; register_tile.cl: tiles) of a 1x1 kernel of stride 1, without
 * padding and groups, and its gradient with respect to the input.  There is one tap, which no border cuts off, so a pixel
 * is an offset that stays in a register, and one pointer walks along the input blocks.
 */
#include "register_tile.cl"

#define PIXELS TILE_ROWS
#ifndef CHUNK
#define CHUNK 192 /* pixels of a work-item at most, but for those that fill a tile */
#endif
#define ROOM ((CHUNK + PIXELS - 1) / PIXELS * PIXELS)
#define OUTS 16 /* blocks of outputs of a work-item at most */

/* Pixels of a work-item: floats from block 0 of the first image in x, in y.  A last tile that is not full repeats the
 * last pixel; the same is then stored twice. */
struct pixels {
    int count;
    long in[ROOM], out[ROOM];
};

static void list(struct pixels *list, const int4 x, const int4 y, int begin, int count)
{
    const int plane = y.z * y.w;
    int n = begin / plane, i = begin % plane;
    list->count = count;
#pragma unroll 1
    for (int p = 0; p < (count + PIXELS - 1) / PIXELS * PIXELS; p++) {
        list->in[p] = ((long)n * FER_BLOCKS(x) * plane + i) * FER_BLOCK;
        list->out[p] = ((long)n * FER_BLOCKS(y) * plane + i) * FER_BLOCK;
        if (p + 1 < count && ++i == plane) {
            i = 0;
            n++;
        }
    }
}

/* Work-item: `chunk` pixels (dimension 0) by `outs` blocks of output channels (dimension 1), whole tiles. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
conv_point(FER_IN(x), FER_IN(w), FER_BIAS_IN FER_ADD_IN FER_OUT(y), const int pass, const int chunk, const int outs)
{
    const int begin = (int)get_global_id(0) * chunk, all = y_dim.x * y_dim.z * y_dim.w;
    const int out_blocks = (int)FER_BLOCKS(y_dim), first = (int)get_global_id(1) * outs;
    const int blocks = (int)FER_BLOCKS(x_dim), beyond = min(first + outs, out_blocks);
    const size_t plane = FER_PLANE(y_dim) * FER_BLOCK, w_block = (size_t)blocks * FER_BLOCK * FER_BLOCK;
    struct pixels pixels;

    if (begin >= all)
        return;
    list(&pixels, x_dim, y_dim, begin, min(chunk, all - begin));
    float begins[OUTS * FER_BLOCK]; /* in memory: as registers they would be shuffled together anew for each tile */
    FER_BIASES(begins, first * FER_BLOCK, (beyond - first) * FER_BLOCK, y_dim.y)
#pragma unroll 1
    for (int b0 = 0; b0 < blocks; b0 += pass) {
        const int b1 = min(b0 + pass, blocks);
#pragma unroll 1
        for (int k = first; k < beyond; k += TILE_BLOCKS) {
            const size_t w_next = HAS_NEXT(k, beyond) * w_block, next = HAS_NEXT(k, beyond) * plane;
            __global float *const y_block = DATA(y) + k * plane;
            const float *const start = begins + (k - first) * FER_BLOCK;
            const size_t start_next = HAS_NEXT(k, beyond) * FER_BLOCK;
#pragma unroll 1
            for (int q = 0; q < pixels.count; q += PIXELS) {
                __global const float *in[PIXELS];
                __global const float *wb = DATA(w) + k * w_block + (size_t)b0 * FER_BLOCK * FER_BLOCK;
                FER_VEC sum[PIXELS][TILE_VECTORS];
#pragma unroll
                for (int p = 0; p < PIXELS; p++) {
                    in[p] = DATA(x) + b0 * plane + pixels.in[q + p];
                    const size_t at = k * plane + pixels.out[q + p];
                    EACH_VECTOR(i)
                        sum[p][i] = b0 > 0 ? FER_VEC_LOAD(0, DATA(y) + at + VECTOR_AT(i, next))
                                           : FER_ADDED(FER_VEC_LOAD(0, start + VECTOR_AT(i, start_next)), FER_VEC_LANES,
                                                       at + VECTOR_AT(i, next));
                }
#pragma unroll 1
                for (int b = b0; b < b1; b++, wb += FER_BLOCK * FER_BLOCK) {
                    FER_POINTER(wb);
#pragma unroll
                    for (int p = 0; p < PIXELS; p++)
                        FER_POINTER(in[p]);
#pragma unroll
                    for (int c = 0; c < FER_BLOCK; c++) {
                        FER_VEC weights[TILE_VECTORS];
                        EACH_VECTOR(i)
                            weights[i] = FER_VEC_LOAD(0, wb + c * FER_BLOCK + VECTOR_AT(i, w_next));
#pragma unroll
                        for (int p = 0; p < PIXELS; p++)
                            EACH_VECTOR(i)
                                sum[p][i] = fma((FER_VEC)(in[p][c]), weights[i], sum[p][i]);
                    }
#pragma unroll
                    for (int p = 0; p < PIXELS; p++)
                        in[p] += plane;
                }
#pragma unroll
                for (int p = 0; p < PIXELS; p++)
                    EACH_VECTOR(i)
                        FER_VEC_STORE(b1 == blocks ? FER_ACTIVATE(FER_VEC, sum[p][i]) : sum[p][i], 0,
                                      y_block + pixels.out[q + p] + VECTOR_AT(i, next));
            }
        }
    }
}
