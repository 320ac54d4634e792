/* SPDX-License-Identifier: Apache-2.0
 *
 * Winograd's minimal filtering F(4x4, 3x3) and F(2x2, 3x3) for CPUs (Lavin and Gray: Fast algorithms for convolutional
 * neural networks, 2015, arXiv:1509.09308): 3x3 kernels, stride 1, blocked layouts.  Tiles of SIDE x SIDE outputs, counted
 * through all images:
 *
 *     V = Bᵀ x B      of the inputs of a tile, by channel, POINTS numbers a tile and input channel
 *     M = sum of V U  over input channels; U = G w Gᵀ (conv_winograd_weights.cl)
 *     y = Aᵀ M A
 *
 * SIDE 4: 36 multiplications stand for 144, at the points 0, 1, -1, 2, -2 and infinity.
 * SIDE 2: 16 multiplications stand for 36, at the points 0, 1, -1 and infinity.
 * Beside the plainest solver, on ResNet-18's shapes, they err by 2e-6 to 4e-6 and by 5e-7 to 1e-6.
 *
 * TILES tiles make a chunk: V[z][c / 16][TILES][16], z = 0 … POINTS - 1.  With U[k / 16][z][c][16] the sums of a chunk and 16
 * output channels are POINTS products of a TILES x C by a C x 16 matrix, whose register tiles are those of conv_direct.cl.
 *
 * The gradient with respect to x is the same with U of the turned kernel and pad = 2 - pad.  The weights' gradient is
 * Gᵀ [sum over tiles of V (A dy Aᵀ)] G.
 */
#ifndef SIDE
#define SIDE 4
#endif
#ifndef TILES
#define TILES 18 /* a multiple of ROWS */
#endif
#ifndef ROWS
#define ROWS FER_VEC_ROWS /* tiles of a register tile; at most so many, by registers */
#endif
#define LINE 16 /* floats that memory hands over together: U of an input channel */
#define SOON (TILES > 3 * ROWS ? 4 : TILES > ROWS ? 8 : 16) /* lines of U's next z that are asked for with a block, so that a chunk gets all */
#define REACH (SIDE + 2) /* inputs of a tile, an axis; as many points */
#define POINTS (REACH * REACH)
#define TILES_OF(dim) ((dim).x * (((dim).z + SIDE - 1) / SIDE) * (((dim).w + SIDE - 1) / SIDE))

/* Where tile t lies. */
struct place {
    int n, top, left; /* image and first output pixel; n < 0: past the last tile */
};

static void find(struct place *p, int t, int images, int height, int width)
{
    const int down = (height + SIDE - 1) / SIDE, across = (width + SIDE - 1) / SIDE;
    p->n = t < images * down * across ? t / (down * across) : -1;
    p->top = t / across % down * SIDE;
    p->left = t % across * SIDE;
}

#if SIDE == 4
/* out = Bᵀ in: six vectors to six. */
static inline void transform_input(const FER_VEC *in, FER_VEC *out)
{
    const FER_VEC a = in[4] - 4.0f * in[2], b = in[3] - 4.0f * in[1];
    const FER_VEC c = in[4] - in[2], d = 2.0f * (in[3] - in[1]);
    out[0] = 4.0f * in[0] - 5.0f * in[2] + in[4];
    out[1] = a + b;
    out[2] = a - b;
    out[3] = c + d;
    out[4] = c - d;
    out[5] = 4.0f * in[1] - 5.0f * in[3] + in[5];
}

/* out = Aᵀ in: six vectors to four. */
static inline void transform_output(const FER_VEC *in, FER_VEC *out)
{
    const FER_VEC a = in[1] + in[2], b = in[1] - in[2];
    const FER_VEC c = in[3] + in[4], d = in[3] - in[4];
    out[0] = in[0] + a + c;
    out[1] = b + 2.0f * d;
    out[2] = a + 4.0f * c;
    out[3] = b + 8.0f * d + in[5];
}

/* out = A in: four vectors to six. */
static inline void transform_gradient(const FER_VEC *in, FER_VEC *out)
{
    const FER_VEC a = in[0] + in[2], b = in[1] + in[3];
    const FER_VEC c = in[0] + 4.0f * in[2], d = 2.0f * in[1] + 8.0f * in[3];
    out[0] = in[0];
    out[1] = a + b;
    out[2] = a - b;
    out[3] = c + d;
    out[4] = c - d;
    out[5] = in[3];
}
#else
/* out = Bᵀ in: four vectors to four. */
static inline void transform_input(const FER_VEC *in, FER_VEC *out)
{
    out[0] = in[0] - in[2];
    out[1] = in[1] + in[2];
    out[2] = in[2] - in[1];
    out[3] = in[1] - in[3];
}

/* out = Aᵀ in: four vectors to two. */
static inline void transform_output(const FER_VEC *in, FER_VEC *out)
{
    out[0] = in[0] + in[1] + in[2];
    out[1] = in[1] - in[2] - in[3];
}

/* out = A in: two vectors to four. */
static inline void transform_gradient(const FER_VEC *in, FER_VEC *out)
{
    out[0] = in[0];
    out[1] = in[0] + in[1];
    out[2] = in[0] - in[1];
    out[3] = -in[1];
}
#endif

/* Both passes over a tile go row by row, with what lies between them in `between`: all its vectors do not fit into
 * registers anyway, and a row compiles in a fraction of the time. */

/* SIZE pixels, of a part of 16 channels, of column `left` from row `top` of a plane of blocks; zero outside, where the nearest is
 * read instead of branching. */
#define FETCH(SIZE, x, pixels, plane, top, left, height, width)                                                          \
    if ((top) >= 0 && (top) + SIZE <= (height) && (uint)(left) < (uint)(width)) {                                        \
        _Pragma("unroll") for (int i = 0; i < SIZE; i++)                                                                 \
            pixels[i] = FER_VEC_READ(x)(plane, (((top) + i) * (width) + (left)) * FER_BLOCK);                             \
    } else {                                                                                                             \
        const int column = clamp((left), 0, (width) - 1);                                                                \
        _Pragma("unroll") for (int i = 0; i < SIZE; i++)                                                                 \
        {                                                                                                                \
            const int row = clamp((top) + i, 0, (height) - 1);                                                           \
            const FER_VEC nearest = FER_VEC_READ(x)(plane, (row * (width) + column) * FER_BLOCK);                          \
            pixels[i] = row == (top) + i && column == (left) ? nearest : (FER_VEC)0;                                       \
        }                                                                                                                \
    }

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

#if defined(FER_KERNEL_winograd_fused) || defined(FER_KERNEL_winograd_multiply)
#ifdef ADD
#define ADD_ARGUMENT , __global const FER_TYPE_add *add_data, const ulong add_offset
#define ADD_PASSED , add_data, add_offset
#else
#define ADD_ARGUMENT
#define ADD_PASSED
#endif

/* The outputs of a chunk in block k. */
static void multiply(__global const float *chunk, __global const float *u, int in_blocks, __global FER_TYPE_y *y,
                     const int4 dim, int first, int k, const float *start ADD_ARGUMENT)
{
    float sums[POINTS * TILES * FER_BLOCK] __attribute__((aligned(64)));
    const int tiles = min(TILES, TILES_OF(dim) - first);
#pragma unroll 1
    for (int z = 0; z < POINTS; z++) {
#pragma unroll 1
        for (int t = 0; t < tiles; t += ROWS) {
            __global const float *v = chunk + (z * in_blocks * TILES + t) * FER_BLOCK;
            __global const float *w = u + (size_t)(k * POINTS + z) * in_blocks * 256;
            __global const float *soon = w + (in_blocks * 256 + t / ROWS * in_blocks * SOON * LINE);
            FER_VEC sum[ROWS][FER_VEC_PARTS];
#pragma unroll
            for (int r = 0; r < ROWS; r++)
                FER_EACH_PART(i)
                    sum[r][i] = 0;
#pragma unroll 1
            for (int b = 0; b < in_blocks; b++, v += TILES * FER_BLOCK, w += 256, soon += SOON * LINE) {
#pragma unroll
                for (int c = 0; c < FER_BLOCK; c++) {
                    if (c * SOON % LINE == 0)
                        FER_PREFETCH(soon + c * SOON);
                    FER_VEC weights[FER_VEC_PARTS];
                    FER_EACH_PART(i)
                        weights[i] = FER_VEC_LOAD(FER_VEC_PARTS * c + i, w);
#pragma unroll
                    for (int r = 0; r < ROWS; r++)
                        FER_EACH_PART(i)
                            sum[r][i] = fma((FER_VEC)(v[r * FER_BLOCK + c]), weights[i], sum[r][i]);
                }
            }
#pragma unroll
            for (int r = 0; r < ROWS; r++)
                FER_EACH_PART(i)
                    FER_VEC_STORE(sum[r][i], i, sums + (z * TILES + t + r) * FER_BLOCK);
        }
    }
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

#define CHUNK(blocks) ((size_t)(blocks) * POINTS * TILES * FER_BLOCK)

#ifdef FER_KERNEL_winograd_fused
/* Work-item: every get_global_size(0)-th chunk, all of it, with V in a part of `scratch` of its own, which stays in the
 * cache. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
winograd_fused(FER_IN(x), FER_IN(u), FER_BIAS_IN FER_ADD_IN FER_OUT(y), FER_OUT(scratch), const int pad)
{
    const int blocks = (int)FER_BLOCKS(x_dim), out_blocks = (int)FER_BLOCKS(y_dim);
    const int tiles = TILES_OF(y_dim), step = (int)get_global_size(0) * TILES;
    __global float *const chunk = DATA(scratch) + get_global_id(0) * CHUNK(blocks);
    float start[FER_BLOCK];
#pragma unroll 1
    for (int first = (int)get_global_id(0) * TILES; first < tiles; first += step) {
#pragma unroll 1
        for (int b = 0; b < blocks; b++)
            transform(DATA(x), x_dim, y_dim.z, y_dim.w, pad, first, b, chunk);
#pragma unroll 1
        for (int k = 0; k < out_blocks; k++) {
            FER_BIASES(start, k * FER_BLOCK, FER_BLOCK, y_dim.y)
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
/* Work-item: `outs` output blocks (dimension 0) of chunk first_chunk + dimension 1, dimension 1 of V. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
winograd_multiply(FER_IN(v), FER_IN(u), FER_BIAS_IN FER_ADD_IN FER_OUT(y), const int blocks, const int outs,
                  const int first_chunk)
{
    const int first = (int)get_global_id(0) * outs, chunk = (int)get_global_id(1);
    const int tile = (first_chunk + chunk) * TILES;
    float start[FER_BLOCK];
    if (tile >= TILES_OF(y_dim))
        return;
#pragma unroll 1
    for (int k = first; k < min(first + outs, (int)FER_BLOCKS(y_dim)); k++) {
        FER_BIASES(start, k * FER_BLOCK, FER_BLOCK, y_dim.y)
        multiply(DATA(v) + chunk * CHUNK(blocks), DATA(u), blocks, DATA(y), y_dim, tile, k, start ADD_PASSED);
    }
}
#endif

#ifdef FER_KERNEL_winograd_gradient
/* The same of dy: A dy Aᵀ, into g[chunk][z][k / 16][TILES][16]. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
winograd_gradient(FER_IN(dy), FER_OUT(g), const int first_chunk)
{
    const int k = (int)get_global_id(0), chunk = (int)get_global_id(1), blocks = (int)FER_BLOCKS(dy_dim);
    const int z_step = blocks * TILES * FER_BLOCK;
#pragma unroll 1
    for (int t = 0; t < TILES; t++) {
        struct place at;
        find(&at, (first_chunk + chunk) * TILES + t, dy_dim.x, dy_dim.z, dy_dim.w);
#pragma unroll 1
        for (int part = 0; part < FER_VEC_PARTS; part++) {
            __global const FER_TYPE_dy *const plane =
                DATA(dy) + ((size_t)at.n * blocks + k) * FER_PLANE(dy_dim) * FER_BLOCK + part * FER_VEC_LANES;
            __global float *const out = DATA(g) + chunk * CHUNK(blocks) + (k * TILES + t) * FER_BLOCK + part * FER_VEC_LANES;
            FER_VEC in[SIDE], points[REACH];
            float between[REACH * SIDE * FER_VEC_LANES] __attribute__((aligned(64)));
            if (at.n < 0) {
#pragma unroll 1
                for (int z = 0; z < POINTS; z++)
                    FER_VEC_STORE((FER_VEC)0, 0, out + z * z_step);
                continue;
            }
#pragma unroll 1
            for (int j = 0; j < SIDE; j++) {
                FETCH(SIDE, dy, in, plane, at.top, at.left + j, dy_dim.z, dy_dim.w)
                transform_gradient(in, points);
#pragma unroll
                for (int i = 0; i < REACH; i++)
                    FER_VEC_STORE(points[i], SIDE * i + j, between);
            }
#pragma unroll 1
            for (int i = 0; i < REACH; i++) {
#pragma unroll
                for (int j = 0; j < SIDE; j++)
                    in[j] = FER_VEC_LOAD(SIDE * i + j, between);
                transform_gradient(in, points);
#pragma unroll
                for (int j = 0; j < REACH; j++)
                    FER_VEC_STORE(points[j], 0, out + (REACH * i + j) * z_step);
            }
        }
    }
}
#endif

#ifdef FER_KERNEL_winograd_outer
#include "outer.cl"

/* sums[c][16] += the outer products, tile by tile, of `count` channels of v from `first` and 16 channels of g, over
 * `chunks` chunks.  `first` and `count` are constants once inlined. */
static inline __attribute__((always_inline)) void accumulate(__global const float *v, size_t v_chunk,
                                                             __global const float *g, size_t g_chunk, int chunks,
                                                             __global float *sums, bool fresh, const int first,
                                                             const int count)
{
    FER_VEC sum[CHANNELS][FER_VEC_PARTS];
#pragma unroll
    for (int c = 0; c < CHANNELS; c++)
        FER_EACH_PART(i)
            sum[c][i] = fresh || c >= count ? (FER_VEC)0 : FER_VEC_LOAD(FER_VEC_PARTS * (first + c) + i, sums);
#pragma unroll 1
    for (int chunk = 0; chunk < chunks; chunk++, v += v_chunk, g += g_chunk) {
        __global const float *v_t = v, *g_t = g;
#pragma unroll 2
        for (int t = 0; t < TILES; t++, v_t += FER_BLOCK, g_t += FER_BLOCK) {
            FER_VEC dy[FER_VEC_PARTS];
            FER_POINTER(v_t);
            FER_POINTER(g_t);
            FER_EACH_PART(i)
                dy[i] = FER_VEC_LOAD(i, g_t);
#pragma unroll
            for (int c = 0; c < CHANNELS; c++)
                if (c < count)
                    FER_EACH_PART(i)
                        sum[c][i] = fma((FER_VEC)(v_t[first + c]), dy[i], sum[c][i]);
        }
    }
#pragma unroll
    for (int c = 0; c < CHANNELS; c++)
        if (c < count)
            FER_EACH_PART(i)
                FER_VEC_STORE(sum[c][i], FER_VEC_PARTS * (first + c) + i, sums);
}

#define SPAN 6 /* chunks that are gone through for all channels of a block before the next */

/* du[k / 16][c / 16][z][16][16] (+)= the sum over `chunks` chunks of V and g; the first call has first_chunk = 0.
 * Work-item: point z (dimension 2), output block (1) and input block (0). */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
winograd_outer(FER_IN(v), FER_IN(g), FER_INOUT(du), const int blocks, const int out_blocks, const int first_chunk,
               const int chunks)
{
    const int b = (int)get_global_id(0), k = (int)get_global_id(1), z = (int)get_global_id(2);
    __global const float *v_z = DATA(v) + (size_t)(z * blocks + b) * TILES * FER_BLOCK;
    __global const float *g_z = DATA(g) + (size_t)(z * out_blocks + k) * TILES * FER_BLOCK;
    __global float *const sums = DATA(du) + ((size_t)(k * blocks + b) * POINTS + z) * 256;
#pragma unroll 1
    for (int i = 0; i < chunks; i += SPAN) {
        const int count = min(SPAN, chunks - i);
        const bool fresh = first_chunk == 0 && i == 0;
        ALL_CHANNELS(accumulate, v_z, CHUNK(blocks), g_z, CHUNK(out_blocks), count, sums, fresh)
        v_z += count * CHUNK(blocks);
        g_z += count * CHUNK(out_blocks);
    }
}
#endif
