/* SPDX-License-Identifier: Apache-2.0
 *
 * Winograd's minimal filtering F(2x2, 3x3) for GPUs (Lavin and Gray: Fast algorithms for convolutional neural networks,
 * 2015, arXiv:1509.09308): 3x3 kernels, stride 1, plain layouts, nothing but the result written to global memory.  Tiles
 * of 2x2 outputs, counted through all images:
 *
 *     V = Bᵀ x B      of the 4x4 inputs of a tile, by channel        16 numbers (points) a tile and input channel
 *     M = sum of U V  over input channels; U = G w Gᵀ (conv_winograd2_weights.cl)
 *     y = Aᵀ M A
 *
 * so that 16 multiplications stand for 36.  The points are 0, 1, -1 and infinity; relative error about 4e-7.
 *
 *                                  SIDE = 32 columns             winograd2_fused     rows are filters, columns tiles,
 *                          +-----------------------+                                 depth is input channels
 *                    DEPTH |  V, each of 16 points |             winograd2_gradient  rows are filters, columns input
 *                          +-----------------------+                                 channels, depth is tiles, divided
 *              +-----+     +-----------------------+                                 into splits that winograd2_sum adds
 *              | U,  |     |  M: in registers, 16  |                                 in order; A dy Aᵀ stands for U
 *         SIDE | all |     |  work-items a point,  |
 *              | 16  |     |  8 x 8 sums each      |
 *              +-----+     +-----------------------+
 *
 * Both strips lie in local memory as [DEPTH][16][SIDE], 32 KiB together where DEPTH is 8, and are read by fours.  Then M
 * goes through the same memory, 2 DEPTH filters at a time, because a tile's points are those of 16 work-items.
 */
#ifndef DEPTH
#define DEPTH 8 /* 8 or 4 */
#endif
#define SIDE 32
#define POINTS 16
#define ITEMS 256
#define QUADS (SIDE / 4)
#define STRIP (DEPTH * POINTS * QUADS) /* of float4 */

#define STEP (POINTS * QUADS)          /* from l to l + 1 */

/* Where among the QUADS of strip[l][z] four neighbours lie, and where number i lies in strip[l][0]; the next point's is SIDE
 * further on.  The gradient's neighbouring work-items write neighbouring l, which must not fall on the same bank. */
#ifdef FER_KERNEL_winograd2_gradient
#define QUAD(l, quad) ((quad) ^ ((l) * (QUADS / DEPTH)))
#else
#define QUAD(l, quad) (quad)
#endif
#define PLACE(l, i) (4 * ((l) * STEP + QUAD(l, (i) / 4)) + (i) % 4)

/* Steps of `multiply` that are unrolled: as many as leave room for two work-groups on a processor of NVIDIA's (128
 * registers) and four on one of AMD's. */
#ifndef UNROLL
#ifdef FER_KERNEL_winograd2_gradient
#define UNROLL 4
#else
#define UNROLL 2
#endif
#endif
#define PRAGMA(text) _Pragma(#text)
#define UNROLL_BY(count) PRAGMA(unroll count)

/* Where tile t lies, whose first output pixel is (top, left) of image n. */
struct place {
    int n, top, left;
};

static struct place find(int t, int height, int width)
{
    const int down = (height + 1) / 2, across = (width + 1) / 2;
    const struct place p = { t / (down * across), t / across % down * 2, t % across * 2 };
    return p;
}

/* From one tile to the one `stride` tiles further, which find has found of number `stride`: no division. */
static void advance(struct place *at, const struct place *stride, int height, int width)
{
    const int rows = (height + 1) / 2 * 2, columns = (width + 1) / 2 * 2;
    int carry;

    at->left += stride->left;
    carry = at->left >= columns;
    at->left -= carry ? columns : 0;
    at->top += stride->top + 2 * carry;
    carry = at->top >= rows;
    at->top -= carry ? rows : 0;
    at->n += stride->n + carry;
}

static int count_tiles(int images, int height, int width)
{
    return images * ((height + 1) / 2) * ((width + 1) / 2);
}

/* out = Bᵀ in: four numbers `step` apart to four. */
static inline void transform_input(const float *in, float *out, const int step)
{
    out[0] = in[0] - in[2 * step];
    out[step] = in[step] + in[2 * step];
    out[2 * step] = in[2 * step] - in[step];
    out[3 * step] = in[step] - in[3 * step];
}

/* out = Aᵀ in: four to two. */
static inline void transform_output(const float *in, float *out, const int step)
{
    out[0] = in[0] + in[step] + in[2 * step];
    out[step] = in[step] - in[2 * step] - in[3 * step];
}

/* out = A in: two to four. */
static inline void transform_gradient(const float *in, float *out, const int step)
{
    out[0] = in[0];
    out[step] = in[0] + in[step];
    out[2 * step] = in[0] - in[step];
    out[3 * step] = -in[step];
}

/* Which of the `edge` x `edge` pixels from (top, left) lie in a plane, row by row, as bits of a number. */
static inline uint find_inside(const int edge, const int top, const int left, const int height, const int width)
{
    uint rows = 0, columns = 0;
#pragma unroll
    for (int i = 0; i < edge; i++) {
        rows |= (uint)((uint)(top + i) < (uint)height) << i * edge;
        columns |= (uint)((uint)(left + i) < (uint)width) << i;
    }
    return rows * columns;
}

/* EDGE x EDGE pixels of x, of which element `first` is the first (so it may lie outside); zeros where no bit of `inside`
 * is set. */
#define FETCH(EDGE, x, pixels, inside, first)                                                                            \
    {                                                                                                                    \
        __global const FER_TYPE_##x *row = DATA(x) + (first);                                                            \
        _Pragma("unroll") for (int i = 0; i < EDGE; i++, row += x##_dim.w)                                               \
            _Pragma("unroll") for (int j = 0; j < EDGE; j++)                                                             \
                pixels[i * EDGE + j] = (inside) & 1u << (i * EDGE + j) ? FER_READ(x, )(row, j) : 0.0f;                   \
    }

/* strip[l][…][i] = points */
static inline void put(__local float4 *strip, const float *points, const uint l, const uint i)
{
    __local float *const to = (__local float *)strip + PLACE(l, i);
#pragma unroll
    for (int z = 0; z < POINTS; z++)
        to[z * SIDE] = points[z];
}

static inline void put_input(__local float4 *strip, const float *pixels, const uint l, const uint i)
{
    float middle[POINTS], points[POINTS];
#pragma unroll
    for (int j = 0; j < 4; j++)
        transform_input(pixels + j, middle + j, 4);
#pragma unroll
    for (int j = 0; j < 4; j++)
        transform_input(middle + 4 * j, points + 4 * j, 1);
    put(strip, points, l, i);
}

static inline void put_gradient(__local float4 *strip, const float *pixels, const uint l, const uint i)
{
    float middle[8], points[POINTS];
#pragma unroll
    for (int j = 0; j < 2; j++)
        transform_gradient(pixels + j, middle + j, 2);
#pragma unroll
    for (int j = 0; j < 4; j++)
        transform_gradient(middle + 2 * j, points + 4 * j, 1);
    put(strip, points, l, i);
}

/* Which sums a work-item has: of point z, rows 4 y … 4 y + 3 and those 16 further on, columns likewise. */
struct share {
    uint z, y, x;
};

static struct share share(uint id)
{
    const struct share s = { id / 16, id / 4 % 4, id % 4 };
    return s;
}
#define ROW(r) ((r) / 4 * 16 + (int)part.y * 4 + (r) % 4)
#define COLUMN(q) ((q) / 4 * 16 + (int)part.x * 4 + (q) % 4)

static inline void clear(float sum[8][8])
{
#pragma unroll
    for (int r = 0; r < 8; r++)
#pragma unroll
        for (int q = 0; q < 8; q++)
            sum[r][q] = 0.0f;
}

/* sum += a b, of DEPTH more.  Sums are numbers, not vectors: Intel's compiler copies a vector that goes around a loop. */
static inline void multiply(float sum[8][8], __local const float4 *a, __local const float4 *b, const struct share part)
{
    a += part.z * QUADS;
    b += part.z * QUADS;
    UNROLL_BY(UNROLL)
    for (uint l = 0; l < DEPTH; l++, a += STEP, b += STEP) {
        const float4 upper = a[QUAD(l, part.y)], lower = a[QUAD(l, part.y + 4)];
        const float4 left = b[QUAD(l, part.x)], right = b[QUAD(l, part.x + 4)];
        const float row[8] = { upper.x, upper.y, upper.z, upper.w, lower.x, lower.y, lower.z, lower.w };
        const float column[8] = { left.x, left.y, left.z, left.w, right.x, right.y, right.z, right.w };
#pragma unroll
        for (int r = 0; r < 8; r++)
#pragma unroll
            for (int q = 0; q < 8; q++)
                sum[r][q] = fma(row[r], column[q], sum[r][q]);
    }
}

#ifdef FER_KERNEL_winograd2_fused
#define LANES 8           /* input channels of U are a multiple of it */
#define PIECE (2 * DEPTH) /* filters whose M the strips' memory holds */

/* y from x, or dx from dy with U of the turned kernel.  Dimension 0: SIDE tiles; 1: SIDE filters. */
__kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1) FER_PRIVATE_FLOATS(64))) void
winograd2_fused(FER_IN(x), FER_IN(u), FER_BIAS_IN FER_ADD_IN FER_OUT(y), const int pad)
{
    __local float4 memory[2 * STRIP];
    __local float4 *const filters = memory, *const inputs = memory + STRIP;
    const uint id = (uint)get_local_id(0);
    const int column = id % SIDE, block = (int)get_group_id(1), lanes = (x_dim.y + LANES - 1) / LANES * LANES;
    const struct place at = find((int)get_group_id(0) * SIDE + column, y_dim.z, y_dim.w);
    const bool there = at.n < y_dim.x;
    const struct share part = share(id);
    /* a prepared tensor is f32 and begins where a float4 may */
    __global const float4 *u_at = (__global const float4 *)DATA(u) + (size_t)block * lanes * POINTS * QUADS;
    /* of a step's channels the one that this work-item fetches */
    const int lane = id / SIDE;
    const uint inside = there ? find_inside(4, at.top - pad, at.left - pad, x_dim.z, x_dim.w) : 0;
    const size_t plane = FER_PLANE(x_dim);
    size_t x_at = FER_PLAIN(x_dim, at.n, lane, (at.top - pad) * x_dim.w + at.left - pad);
    float sum[8][8];
    clear(sum);

    for (int c0 = 0; c0 < x_dim.y; c0 += DEPTH, u_at += STRIP, x_at += DEPTH * plane) {
#pragma unroll
        for (int e = 0; e < STRIP; e += ITEMS)
            filters[e + id] = u_at[e + id];
        if (DEPTH == ITEMS / SIDE || lane < DEPTH) {
            const uint there = c0 + lane < x_dim.y ? inside : 0;
            float pixels[POINTS];
            FETCH(4, x, pixels, there, x_at)
            put_input(inputs, pixels, lane, column);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        multiply(sum, filters, inputs, part);
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    for (int first = 0; first < SIDE; first += PIECE) { /* memory as [PIECE][16][SIDE] */
#pragma unroll
        for (int r = 0; r < 8; r++) {
            const int f = ROW(r) - first;
            if (f >= 0 && f < PIECE) {
                const int to = (f * POINTS + (int)part.z) * QUADS + (int)part.x;
                memory[to] = (float4)(sum[r][0], sum[r][1], sum[r][2], sum[r][3]);
                memory[to + 4] = (float4)(sum[r][4], sum[r][5], sum[r][6], sum[r][7]);
            }
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        for (int f = id / SIDE; f < PIECE; f += ITEMS / SIDE) {
            const int k = block * SIDE + first + f;
            float m[POINTS], middle[8], out[4];
            if (!there || k >= y_dim.y)
                continue;
#pragma unroll
            for (int z = 0; z < POINTS; z++)
                m[z] = ((__local float *)memory)[(f * POINTS + z) * SIDE + column];
#pragma unroll
            for (int j = 0; j < 4; j++)
                transform_output(m + j, middle + j, 4);
#pragma unroll
            for (int j = 0; j < 2; j++)
                transform_output(middle + 4 * j, out + 2 * j, 1);
#pragma unroll
            for (int i = 0; i < 4; i++) {
                const int row = at.top + i / 2, left = at.left + i % 2, p = row * y_dim.w + left;
                if (row >= y_dim.z || left >= y_dim.w)
                    continue;
                const float value = FER_ADDED(out[i] + FER_BIAS(k), , FER_PLAIN(y_dim, at.n, k, p));
                STORE(y, at.n, k, p, FER_ACTIVATE(float, value));
            }
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
}
#endif

#ifdef FER_KERNEL_winograd2_gradient
/* partial[split][z][K][C] = the sum over a split of `split_tiles` tiles of (A dy Aᵀ) V.  Dimension 0: SIDE input channels;
 * 1: SIDE filters; 2: split. */
__kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1) FER_PRIVATE_FLOATS(64))) void
winograd2_gradient(FER_IN(x), FER_IN(dy), FER_OUT(partial), const int pad, const int split_tiles)
{
    __local float4 gradients[STRIP], inputs[STRIP];
    const uint id = (uint)get_local_id(0), l = id % DEPTH, i = id / DEPTH; /* neighbours take neighbouring tiles */
    const int c = (int)get_group_id(0) * SIDE + (int)i, k = (int)get_group_id(1) * SIDE + (int)i;
    const int begin = (int)get_group_id(2) * split_tiles;
    const int end = min(begin + split_tiles, count_tiles(dy_dim.x, dy_dim.z, dy_dim.w));
    const size_t x_plane = FER_PLANE(x_dim), dy_plane = FER_PLANE(dy_dim);
    const struct share part = share(id);
    struct place at = find(begin + (int)l, dy_dim.z, dy_dim.w);
    const struct place stride = find(DEPTH, dy_dim.z, dy_dim.w);
    float sum[8][8];
    clear(sum);

    for (int first = begin; first < end; first += DEPTH) { /* the same for all, so that no work-item is masked */
        const int t = first + (int)l;
        if (DEPTH * SIDE == ITEMS || i < SIDE) {
            const int top = at.top - pad, left = at.left - pad;
            const uint x_inside = t < end && c < x_dim.y ? find_inside(4, top, left, x_dim.z, x_dim.w) : 0;
            const uint dy_inside = t < end && k < dy_dim.y ? find_inside(2, at.top, at.left, dy_dim.z, dy_dim.w) : 0;
            const size_t x_at = ((size_t)at.n * x_dim.y + c) * x_plane + (size_t)(top * x_dim.w + left);
            const size_t dy_at = ((size_t)at.n * dy_dim.y + k) * dy_plane + (size_t)(at.top * dy_dim.w + at.left);
            float pixels[POINTS], changes[4];
            FETCH(4, x, pixels, x_inside, x_at)
            FETCH(2, dy, changes, dy_inside, dy_at)
            put_input(inputs, pixels, l, i);
            put_gradient(gradients, changes, l, i);
        }
        advance(&at, &stride, dy_dim.z, dy_dim.w);
        barrier(CLK_LOCAL_MEM_FENCE);
        multiply(sum, gradients, inputs, part);
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    const int c0 = (int)get_group_id(0) * SIDE, k0 = (int)get_group_id(1) * SIDE;
    const size_t to = (((size_t)get_group_id(2) * POINTS + part.z) * dy_dim.y + k0) * x_dim.y + c0;
#pragma unroll
    for (int r = 0; r < 8; r++)
#pragma unroll
        for (int q = 0; q < 8; q++)
            if (k0 + ROW(r) < dy_dim.y && c0 + COLUMN(q) < x_dim.y)
                FER_PUT(partial, to + (size_t)(ROW(r) * x_dim.y + COLUMN(q)), sum[r][q]);
}
#endif
