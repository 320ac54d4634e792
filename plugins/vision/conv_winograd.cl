/* SPDX-License-Identifier: Apache-2.0
 *
 * Forward passes and inputs' gradients of 3x3 convolutions by Winograd on CPUs; see winograd.cl.  The gradient with respect
 * to x is the same with U of the turned kernel and pad = 2 - pad.
 */
#include "winograd.cl"
#include "register_tile.cl"

#ifndef ROWS
#define ROWS TILE_ROWS /* tiles of a register tile; at most so many, by registers */
#endif
#define LINE 16 /* floats that memory hands over together: U of an input channel */
#define SOON (TILES > 3 * ROWS ? 4 : TILES > ROWS ? 8 : 16) /* lines of U's next z that are asked for with a block, so that a chunk gets all */

#if defined(FER_KERNEL_winograd_fused) || defined(FER_KERNEL_winograd_transform)
/* V of the tiles first … first + TILES - 1 and input block b; zeros for tiles that do not exist. */
static void transform(__global const FER_TYPE_x *x, const int4 dim, int height, int width, int pad, int first, int b,
                      __global float *chunk)
{
    const int blocks = (int)FER_BLOCKS(dim), z_step = blocks * TILES * FER_BLOCK;
#pragma unroll 1
    for (int t = 0; t < TILES; t++) {
        struct place at;
        find(&at, first + t, dim.x, height, width);
        const int top = at.top - pad, left = at.left - pad;
#pragma unroll 1
        for (int part = 0; part < FER_VEC_PARTS; part++) {
            __global const FER_TYPE_x *const plane = x + ((size_t)at.n * blocks + b) * FER_PLANE(dim) * FER_BLOCK + part * FER_VEC_LANES;
            __global float *const v = chunk + (b * TILES + t) * FER_BLOCK + part * FER_VEC_LANES;
            FER_VEC in[REACH], out[REACH];
            float between[POINTS * FER_VEC_LANES] __attribute__((aligned(64)));
            if (at.n < 0) {
#pragma unroll 1
                for (int z = 0; z < POINTS; z++)
                    FER_VEC_STORE((FER_VEC)0, 0, v + z * z_step);
                continue;
            }
#pragma unroll 1
            for (int j = 0; j < REACH; j++) {
                FETCH(REACH, x, in, plane, top, left + j, dim.z, dim.w)
                transform_input(in, out);
#pragma unroll
                for (int i = 0; i < REACH; i++)
                    FER_VEC_STORE(out[i], REACH * i + j, between);
            }
#pragma unroll 1
            for (int i = 0; i < REACH; i++) {
#pragma unroll
                for (int j = 0; j < REACH; j++)
                    in[j] = FER_VEC_LOAD(REACH * i + j, between);
                transform_input(in, out);
#pragma unroll
                for (int j = 0; j < REACH; j++)
                    FER_VEC_STORE(out[j], 0, v + (REACH * i + j) * z_step);
            }
        }
    }
}
#endif

#ifndef FER_KERNEL_winograd_transform
#ifdef ADD
#define ADD_ARGUMENT , __global const FER_TYPE_add *add_data, const ulong add_offset
#define ADD_PASSED , add_data, add_offset
#else
#define ADD_ARGUMENT
#define ADD_PASSED
#endif
#ifdef FER_KERNEL_winograd_once
#define U_SPACE __private
#define SUMS_SPACE __global
#define SOON_LINE(p)
#else
#define U_SPACE __global
#define SUMS_SPACE __private
#define SOON_LINE(p) FER_PREFETCH(p)
#endif

#define SUMS (POINTS * TILES * FER_BLOCK) /* of a block of outputs */

/* sums[TILE_BLOCKS][z][TILES][16] of the outputs of a register tile and `blocks` blocks of inputs, of which V's are z_step
 * apart and U's w_step; u_next: from a block of outputs to the next.  Added to what is there unless `fresh`. */
static void products(__global const float *chunk, int z_step, U_SPACE const float *u, int w_step, size_t u_next, int blocks,
                     int tiles, bool fresh, SUMS_SPACE float *sums)
{
#pragma unroll 1
    for (int z = 0; z < POINTS; z++) {
#pragma unroll 1
        for (int t = 0; t < tiles; t += ROWS) {
            __global const float *v = chunk + z * z_step + t * FER_BLOCK;
            U_SPACE const float *w = u + z * w_step;
            U_SPACE const float *soon = w + (w_step + t / ROWS * blocks * SOON * LINE);
            SUMS_SPACE float *const to = sums + (z * TILES + t) * FER_BLOCK;
            FER_VEC sum[ROWS][TILE_VECTORS];
#pragma unroll
            for (int r = 0; r < ROWS; r++)
                EACH_VECTOR(i)
                    sum[r][i] = fresh ? (FER_VEC)0 : FER_VEC_LOAD(0, to + r * FER_BLOCK + VECTOR_AT(i, SUMS));
#pragma unroll 1
            for (int b = 0; b < blocks; b++, v += TILES * FER_BLOCK, w += 256, soon += SOON * LINE) {
#pragma unroll
                for (int c = 0; c < FER_BLOCK; c++) {
                    if (c * SOON % LINE == 0) {
                        SOON_LINE(soon + c * SOON);
                        if (TILE_BLOCKS == 2)
                            SOON_LINE(soon + u_next + c * SOON);
                    }
                    FER_VEC weights[TILE_VECTORS];
                    EACH_VECTOR(i)
                        weights[i] = FER_VEC_LOAD(0, w + c * FER_BLOCK + VECTOR_AT(i, u_next));
#pragma unroll
                    for (int r = 0; r < ROWS; r++)
                        EACH_VECTOR(i)
                            sum[r][i] = fma((FER_VEC)(v[r * FER_BLOCK + c]), weights[i], sum[r][i]);
                }
            }
#pragma unroll
            for (int r = 0; r < ROWS; r++)
                EACH_VECTOR(i)
                    FER_VEC_STORE(sum[r][i], 0, to + r * FER_BLOCK + VECTOR_AT(i, SUMS));
        }
    }
}

/* The outputs of block k and the tiles from `first` out of their sums. */
static void outputs(SUMS_SPACE const float *sums, __global FER_TYPE_y *y, const int4 dim, int first, int tiles, int k,
                    const float *start ADD_ARGUMENT)
{
#pragma unroll 1
    for (int t = 0; t < tiles; t++) {
        struct place at;
        find(&at, first + t, dim.x, dim.z, dim.w);
        const int down = min(SIDE, dim.z - at.top), across = min(SIDE, dim.w - at.left);
#pragma unroll 1
        for (int part = 0; part < FER_VEC_PARTS; part++) {
            const size_t corner =
                (((size_t)at.n * FER_BLOCKS(dim) + k) * FER_PLANE(dim) + at.top * dim.w + at.left) * FER_BLOCK + part * FER_VEC_LANES;
            const FER_VEC bias = FER_VEC_LOAD(part, start);
            FER_VEC in[REACH], out[SIDE];
            float between[REACH * SIDE * FER_VEC_LANES] __attribute__((aligned(64)));
#pragma unroll 1
            for (int j = 0; j < REACH; j++) {
#pragma unroll
                for (int i = 0; i < REACH; i++)
                    in[i] = FER_VEC_LOAD(0, sums + ((REACH * i + j) * TILES + t) * FER_BLOCK + part * FER_VEC_LANES);
                transform_output(in, out);
#pragma unroll
                for (int i = 0; i < SIDE; i++)
                    FER_VEC_STORE(out[i], REACH * i + j, between);
            }
#pragma unroll 1
            for (int i = 0; i < down; i++) {
#pragma unroll
                for (int j = 0; j < REACH; j++)
                    in[j] = FER_VEC_LOAD(REACH * i + j, between);
                transform_output(in, out);
#pragma unroll
                for (int j = 0; j < SIDE; j++) {
                    if (j < across) {
                        const size_t to = corner + (i * dim.w + j) * FER_BLOCK;
                        const FER_VEC v = FER_ADDED(out[j] + bias, FER_VEC_LANES, to);
                        FER_VEC_WRITE(y)(y, to, FER_ACTIVATE(FER_VEC, v));
                    }
                }
            }
        }
    }
}
#endif

#if defined(FER_KERNEL_winograd_fused) || defined(FER_KERNEL_winograd_multiply)
/* The outputs of a chunk in the blocks of the register tile that begins with k. */
static void multiply(__global const float *chunk, __global const float *u, int blocks, __global FER_TYPE_y *y,
                     const int4 dim, int first, int k, const float *start ADD_ARGUMENT)
{
    float sums[TILE_BLOCKS * SUMS] __attribute__((aligned(64)));
    const int tiles = min(TILES, TILES_OF(dim) - first), w_step = blocks * 256, end = (int)FER_BLOCKS(dim);
    const size_t u_block = (size_t)POINTS * w_step;
    products(chunk, blocks * TILES * FER_BLOCK, u + k * u_block, w_step, HAS_NEXT(k, end) * u_block, blocks, tiles, true,
             sums);
#pragma unroll 1
    for (int i = 0; i <= HAS_NEXT(k, end); i++)
        outputs(sums + i * SUMS, y, dim, first, tiles, k + i, start + i * FER_BLOCK ADD_PASSED);
}
#endif

#ifdef FER_KERNEL_winograd_fused
/* Work-item: every get_global_size(0)-th chunk, all of it, with V in a part of `scratch` of its own, which stays in the
 * cache. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
winograd_fused(FER_IN(x), FER_IN(u), FER_BIAS_IN FER_ADD_IN FER_OUT(y), FER_OUT(scratch), const int pad)
{
    const int blocks = (int)FER_BLOCKS(x_dim), out_blocks = (int)FER_BLOCKS(y_dim);
    const int tiles = TILES_OF(y_dim), step = (int)get_global_size(0) * TILES;
    __global float *const chunk = DATA(scratch) + get_global_id(0) * CHUNK(blocks);
    float start[TILE_BLOCKS * FER_BLOCK];
#pragma unroll 1
    for (int first = (int)get_global_id(0) * TILES; first < tiles; first += step) {
#pragma unroll 1
        for (int b = 0; b < blocks; b++)
            transform(DATA(x), x_dim, y_dim.z, y_dim.w, pad, first, b, chunk);
#pragma unroll 1
        for (int k = 0; k < out_blocks; k += TILE_BLOCKS) {
            FER_BIASES(start, k * FER_BLOCK, TILE_BLOCKS * FER_BLOCK, y_dim.y)
            multiply(chunk, DATA(u), blocks, DATA(y), y_dim, first, k, start ADD_PASSED);
        }
    }
}
#endif

#ifdef FER_KERNEL_winograd_transform
/* V of chunks first_chunk + dimension 1, block dimension 0.  height and width are those of the outputs.  Chunks past the
 * last tile are left as they are unless `filled`. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
winograd_transform(FER_IN(x), FER_OUT(v), const int height, const int width, const int pad, const int first_chunk,
                   const int filled)
{
    const int b = (int)get_global_id(0), chunk = (int)get_global_id(1), first = (first_chunk + chunk) * TILES;
    if (!filled && first >= TILES_OF((int4)(x_dim.xy, height, width)))
        return;
    transform(DATA(x), x_dim, height, width, pad, first, b,
              DATA(v) + chunk * CHUNK(FER_BLOCKS(x_dim)));
}
#endif

#ifdef FER_KERNEL_winograd_multiply
/* Work-item: `outs` output blocks, whole register tiles (dimension 0), of chunk first_chunk + dimension 1, dimension 1 of V. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
winograd_multiply(FER_IN(v), FER_IN(u), FER_BIAS_IN FER_ADD_IN FER_OUT(y), const int blocks, const int outs,
                  const int first_chunk)
{
    const int first = (int)get_global_id(0) * outs, chunk = (int)get_global_id(1);
    const int tile = (first_chunk + chunk) * TILES;
    float start[TILE_BLOCKS * FER_BLOCK];
    if (tile >= TILES_OF(y_dim))
        return;
#pragma unroll 1
    for (int k = first; k < min(first + outs, (int)FER_BLOCKS(y_dim)); k += TILE_BLOCKS) {
        FER_BIASES(start, k * FER_BLOCK, TILE_BLOCKS * FER_BLOCK, y_dim.y)
        multiply(DATA(v) + chunk * CHUNK(blocks), DATA(u), blocks, DATA(y), y_dim, tile, k, start ADD_PASSED);
    }
}
#endif

#ifdef FER_KERNEL_winograd_once
#include "winograd_filters.cl"
#ifndef SPAN
#define SPAN 4 /* blocks of inputs whose U there is at a time: 147 KiB in form 4x4 */
#endif

#define U_STEP (SPAN * 256 + LINE) /* from a point to the next; a power of two would be one set of a cache */

/* u[z][SPAN * 16][16] of 16 outputs of block k and `count` blocks of inputs from `first`. */
static void transform_weights(__global const float *weights, int outputs, int inputs, int gradient, int k, int first,
                              int count, float *u)
{
    float taps[FER_BLOCK * TAPS] __attribute__((aligned(64)));
#pragma unroll 1
    for (int b = 0; b < count; b++) {
        const struct filters from = find_filters(outputs, inputs, gradient, k, first + b);
        read_filters(weights, &from, taps);
#pragma unroll 1
        for (int c = 0; c < FER_BLOCK; c++) {
            FER_VEC o[FER_VEC_PARTS][POINTS];
            float *const to = u + (b * FER_BLOCK + c) * FER_BLOCK;
            filter_points(&from, taps + c * TAPS, o);
#pragma unroll
            for (int z = 0; z < POINTS; z++)
                FER_EACH_PART(i)
                    FER_VEC_STORE(o[i][z], i, to + z * U_STEP);
        }
    }
}

/* As winograd_multiply, for weights that are new in each step: U is not stored but made out of weights[outputs][inputs][3][3],
 * where `gradient` of weights[inputs][outputs][3][3], span by span.  v: all chunks.
 * sums[k / 16 of a register tile][chunk][TILE_BLOCKS][z][TILES][16] are scratch.  Work-item: `outs` output blocks, whole
 * register tiles. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
winograd_once(FER_IN(v), FER_IN(weights), FER_BIAS_IN FER_ADD_IN FER_OUT(y), FER_OUT(sums), const int inputs, const int outs,
               const int gradient)
{
    float u[TILE_BLOCKS * POINTS * U_STEP] __attribute__((aligned(64))), start[TILE_BLOCKS * FER_BLOCK];
    const int blocks = (inputs + FER_BLOCK - 1) / FER_BLOCK, tiles = TILES_OF(y_dim);
    const int first = (int)get_global_id(0) * outs, last = min(first + outs, (int)FER_BLOCKS(y_dim));
    const size_t all = (tiles + TILES - 1) / TILES * SUMS; /* of a block of outputs */
#pragma unroll 1
    for (int b = 0; b < blocks; b += SPAN) {
        const int count = min(SPAN, blocks - b);
#pragma unroll 1
        for (int k = first; k < last; k += TILE_BLOCKS) {
            __global float *const to = DATA(sums) + k * all;
#pragma unroll 1
            for (int i = 0; i <= HAS_NEXT(k, last); i++)
                transform_weights(DATA(weights), y_dim.y, inputs, gradient, k + i, b, count, u + i * POINTS * U_STEP);
#pragma unroll 1
            for (int t = 0, chunk = 0; t < tiles; t += TILES, chunk++)
                products(DATA(v) + chunk * CHUNK(blocks) + b * TILES * FER_BLOCK, blocks * TILES * FER_BLOCK, u, U_STEP,
                         HAS_NEXT(k, last) * POINTS * U_STEP, count, min(TILES, tiles - t), b == 0,
                         to + chunk * TILE_BLOCKS * SUMS);
        }
    }
#pragma unroll 1
    for (int k = first; k < last; k += TILE_BLOCKS) {
        FER_BIASES(start, k * FER_BLOCK, TILE_BLOCKS * FER_BLOCK, y_dim.y)
#pragma unroll 1
        for (int t = 0; t < tiles; t += TILES)
#pragma unroll 1
            for (int i = 0; i <= HAS_NEXT(k, last); i++)
                outputs(DATA(sums) + k * all + (t / TILES * TILE_BLOCKS + i) * SUMS, DATA(y), y_dim, t, min(TILES, tiles - t),
                        k + i, start + i * FER_BLOCK ADD_PASSED);
    }
}
#endif
