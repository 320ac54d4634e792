/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolutions by tensor cores, plain layouts.  The tiles are tensor.cl's.
 *
 * tensor_conv           forward, with -DGRADIENT the gradient of its input: an implicit matrix product, whose second
 *                       matrix is gathered and never written down, as conv_implicit.cl of the plugin vision
 * tensor_conv_pack      its first matrix: weights in the order in which they are read, rounded
 * tensor_conv_weights   the gradient of the weights, likewise, in splits that are then added in order
 */
#ifndef RUN
#define RUN 16 /* words that a convolution gathers at one tap, 16 or 4: channels are padded to so many */
#endif
#ifndef GRADIENT
#define GRADIENT 0
#endif
#include "../axis.cl"
#include "tensor.cl"

/* Words of a tap's channels. */
static inline int tap_words(const int group_in)
{
    return (group_in + RUN * NUMBERS - 1) / (RUN * NUMBERS) * RUN;
}

#ifdef FER_KERNEL_tensor_conv_pack
/* packed[phase][group][block of 16 rows][step], and there 16 rows by 16 words as they lie in a tile.  A row has the taps
 * of the phase, of each the channels; zeros follow the channels, the taps and the rows, and one more step behind all. */
__kernel void tensor_conv_pack(FER_IN(w), FER_OUT(packed), const int kernel_size, const int stride, const int pad,
                               const int dilation, const int group_in, const int group_out, const int groups,
                               const int steps, const int count)
{
    const int i = (int)get_global_id(0);
    if (i >= count)
        return;
    const int in = i % 256, line = in % 128 / 16, quad = in / 4 % 4 ^ line / 2; /* A_PLACE, the other way about */
    const int l = i / 256 % steps * WORDS + in / 128 * 8 + quad * 2 + in % 4 / 2;
    const int blocks = (group_out + 15) / 16, block = i / 256 / steps, k = block % blocks * 16 + line + in % 2 * 8;
    const int group = block / blocks % groups, phase = block / blocks / groups;
    const int words = tap_words(group_in), tap = l / words;
    struct axis v, h;
    uint bits[2] = { 0, 0 };
    axis_make(&v, 0, kernel_size, stride, pad, dilation, GRADIENT, phase / stride);
    axis_make(&h, 0, kernel_size, stride, pad, dilation, GRADIENT, phase % stride);
    for (int u = 0; u < NUMBERS; u++) {
        const int c = l % words * NUMBERS + u;
        if (tap >= v.taps * h.taps || c >= group_in || k >= group_out || phase >= stride * stride)
            continue;
#if GRADIENT
        const size_t at = (size_t)(group * group_in + c) * group_out + k;
#else
        const size_t at = (size_t)(group * group_out + k) * group_in + c;
#endif
        const int t = (v.tap + v.tap_step * (tap / h.taps)) * kernel_size + h.tap + h.tap_step * (tap % h.taps);
        bits[u] = as_uint(FER_GET(w, at * (kernel_size * kernel_size) + t));
    }
    DATA(packed)[i] = as_float(WORD_FULL(bits));
}
#endif

#ifdef FER_KERNEL_tensor_conv
/* Where a work-item gathers next: a place of its pixel's under one tap, channels from c on. */
struct walk {
    int left;         /* words to the end of the depth */
    int c, tap, i, j; /* tap: of its row of taps */
};

static void advance(struct walk *at, const int words, const int channels, const struct axis *v, const struct axis *h,
                    const int column)
{
    at->left -= words;
    at->c += words * NUMBERS;
    if (at->c >= channels) {
        at->c -= channels;
        at->tap++;
        at->j += h->walk;
        if (at->tap == h->taps) {
            at->tap = 0;
            at->j = column;
            at->i += v->walk;
        }
    }
}

/* x is read, y written; with GRADIENT they are dy and dx.  group_in, group_out: channels of a group read and written.
 * Rows are output channels, columns the pixels of all images, the depth is (tap, input channel): so that what belongs to
 * a tap is computed once for RUN words, and the next channel is one addition away.  With -DWHOLE there are no channels of
 * padding.  Dimension 0: columns, 1: rows, 2: group + groups * phase. */
GROUP tensor_conv(FER_IN(x), FER_IN(packed), FER_BIAS_IN FER_ADD_IN FER_OUT(y), const int kernel_size, const int stride,
                  const int pad, const int dilation, const int group_in, const int group_out, const int row_steps)
{
    LOCALS
    const int groups = y_dim.y / group_out, group = (int)get_group_id(2) % groups, phase = (int)get_group_id(2) / groups;
    struct axis v, h;
    axis_make(&v, y_dim.z, kernel_size, stride, pad, dilation, GRADIENT, phase / stride);
    axis_make(&h, y_dim.w, kernel_size, stride, pad, dilation, GRADIENT, phase % stride);
    const int plane = v.count * h.count, pixels = y_dim.x * plane, words = tap_words(group_in);
    const int depth = words * v.taps * h.taps, x_plane = x_dim.z * x_dim.w;
    const int m0 = (int)get_group_id(1) * TILE_M, n0 = (int)get_group_id(0) * TILE_N;
    uint4 next_a[TILE_M * 4 / ITEMS / PARTS]; /* what a work-item has of a: quads */
    uint next_b[EACH(TILE_N)];
    if (n0 >= pixels) /* a phase that has fewer rows or columns */
        return;

    /* Of a quad id % 64 of some blocks, past the last block that again. */
    const int blocks = (group_out + 15) / 16;
    __global const uint *a_next =
        (__global const uint *)DATA(packed) + (size_t)((int)get_group_id(2) * blocks) * row_steps * 256 + id % 64 * 4;
#define A_EACH (TILE_M * 4 / ITEMS / PARTS)
#define A_BLOCK(part, e) ((int)(id / 64) + ITEMS / 64 * ((part)*A_EACH + (e)))

    /* Of b the pixel that this work-item gathers: the same one for all of its words. */
    const int pixel = min(n0 + (int)(id % TILE_N), pixels - 1), p = pixel % plane, skipped = (int)ACROSS_WORD(TILE_N);
    const int row = v.origin + v.scale * (p / h.count), column = h.origin + h.scale * (p % h.count);
    __global const FER_TYPE_x *image = DATA(x) + ((size_t)(pixel / plane) * x_dim.y + group * group_in) * x_plane;
    struct walk at = { depth - skipped, skipped % words * NUMBERS, 0, row, column };
    for (int t = skipped / words; t > 0; t--)
        advance(&at, 0, 0, &v, &h, column);
#ifdef WHOLE
#define IS_CHANNEL(c) 1
#else
#define IS_CHANNEL(c) ((c) < group_in)
#endif
#define FETCH(part)                                                                                                      \
    UNROLL for (int e = 0; e < A_EACH; e++) next_a[e] =                                                                  \
        *(__global const uint4 *)(a_next + min(m0 / 16 + A_BLOCK(part, e), blocks - 1) * (row_steps * 256));             \
    UNROLL for (int e = 0; e < FETCHED(TILE_N); e += 4)                                                                  \
    {                                                                                                                    \
        const int c = at.c + (RUN == 4 ? 0 : ((part)*FETCHED(TILE_N) + e) * NUMBERS);                                    \
        const int ok = at.left > 0 && (uint)at.i < (uint)x_dim.z && (uint)at.j < (uint)x_dim.w;                          \
        const int from = at.i * x_dim.w + at.j + c * x_plane;                                                            \
        UNROLL for (int u = 0; u < 4 * NUMBERS; u++) next_b[e * NUMBERS + u] =                                           \
            BITS(x, image + (from + u * x_plane), ok && IS_CHANNEL(c + u));                                              \
        if (RUN == 4)                                                                                                    \
            advance(&at, 4, words *NUMBERS, &v, &h, column);                                                             \
    }                                                                                                                    \
    if ((part) == PARTS - 1) {                                                                                           \
        a_next += 256;                                                                                                   \
        if (RUN == WORDS)                                                                                                \
            advance(&at, WORDS, words *NUMBERS, &v, &h, column);                                                         \
        else                                                                                                             \
            UNROLL for (int e = EACH(TILE_N); e < WORDS; e += 4) advance(&at, 4, words *NUMBERS, &v, &h, column);        \
    }
#define DELIVER(part, a_to, b_to)                                                                                        \
    UNROLL for (int e = 0; e < A_EACH; e++)*(__local uint4 *)(                                                           \
        (a_to) + id / 32 % 2 * HALF_TILE(TILE_M) + A_BLOCK(part, e) * 128 + LANE * 4) = next_a[e];                       \
    DELIVER_ACROSS(x, next_b, B_PLACE, TILE_N, part, b_to)
    MULTIPLY((depth + WORDS - 1) / WORDS)
#if GRADIENT
#define PLANE_AT(out) ((v.first + v.step * ((out) / h.count)) * y_dim.w + h.first + h.step * ((out) % h.count))
#else
#define PLANE_AT(out) (out)
#endif
#define COLUMN(q)                                                                                                        \
    const int image_q = (n0 + q) / plane, at_q = PLANE_AT((n0 + q) % plane);
#define WRITE(r, q, total)                                                                                               \
    if (m0 + r < group_out && n0 + q < pixels) {                                                                         \
        const int k = group * group_out + m0 + r;                                                                        \
        const float value = FER_ADDED(total + FER_BIAS(k), , FER_PLAIN(y_dim, image_q, k, at_q));                        \
        FER_PUT(y, FER_PLAIN(y_dim, image_q, k, at_q), FER_ACTIVATE(float, value));                                      \
    }
    WRITE_ALL
}
#endif

#ifdef FER_KERNEL_tensor_conv_weights
/* partial[split][K][group_in][tap].  Rows are output channels, columns (tap, input channel), the depth is pixels.  The
 * channels of a tap are padded to fours, for which a place is computed once; with -DWHOLE there is no such padding, nor
 * are there rows past the last one.  Dimension 0: columns, 1: rows, 2: group + groups * split; a split has `split_pixels`
 * pixels. */
GROUP tensor_conv_weights(FER_IN(x), FER_IN(dy), FER_OUT(partial), const int kernel_size, const int stride,
                          const int pad, const int dilation, const int group_in, const int group_out,
                          const int split_pixels)
{
    LOCALS
    __local int4 four_at[TILE_N / 4]; /* of four columns: offset in x, row and column of the tap, channels there are */
    const int groups = dy_dim.y / group_out, group = (int)get_group_id(2) % groups, split = (int)get_group_id(2) / groups;
    const int taps = kernel_size * kernel_size, fours = (group_in + 3) / 4, x_plane = x_dim.z * x_dim.w;
    const int width = dy_dim.w, plane = dy_dim.z * width;
    const int begin = split * split_pixels, end = min(begin + split_pixels, dy_dim.x * plane);
    const int m0 = (int)get_group_id(1) * TILE_M, n0 = (int)get_group_id(0) * TILE_N;
    uint next_a[EACH(TILE_M)], next_b[EACH(TILE_N)];
    if (id < TILE_N / 4) {
        const int tap = (n0 / 4 + (int)id) / fours, c = (n0 / 4 + (int)id) % fours * 4;
        const int i = tap / kernel_size * dilation, j = tap % kernel_size * dilation;
        four_at[id] = (int4)(c * x_plane + i * x_dim.w + j, tap < taps ? i : x_dim.z + pad, j, group_in - c);
    }
    barrier(CLK_LOCAL_MEM_FENCE);

    /* The pixels that this work-item has of every row: as many as a word has numbers.  DEPTH is added in digits of image,
     * row and column. */
    const int rows_left = group_out - m0 - (int)ALONG_FIRST(TILE_M);
    const int images_on = DEPTH / plane, rows_on = DEPTH % plane / width, columns_on = DEPTH % plane % width;
    const size_t y_image = (size_t)dy_dim.y * plane, x_image = (size_t)x_dim.y * x_plane;
    __global const FER_TYPE_dy *const y_from =
        DATA(dy) + (size_t)(group * group_out + m0 + (int)ALONG_FIRST(TILE_M)) * plane;
    __global const FER_TYPE_x *const x_from = DATA(x) + (size_t)(group * group_in) * x_plane;
    int l[NUMBERS], n[NUMBERS], i[NUMBERS], j[NUMBERS];
#ifdef WHOLE
#define IS_THERE(i, count) 1
#else
#define IS_THERE(i, count) ((i) < (count))
#endif
    UNROLL for (int u = 0; u < NUMBERS; u++)
    {
        l[u] = begin + (int)(id % 16) * NUMBERS + u;
        n[u] = l[u] / plane;
        i[u] = l[u] % plane / width;
        j[u] = l[u] % plane % width;
    }
#define FETCH(part)                                                                                                      \
    UNROLL for (int u = 0; u < NUMBERS; u++)                                                                             \
    {                                                                                                                    \
        const int x_i = i[u] * stride - pad, x_j = j[u] * stride - pad, x_p = x_i * x_dim.w + x_j;                       \
        const int y_p = i[u] * width + j[u], there = l[u] < end;                                                         \
        __global const FER_TYPE_dy *const y_at = y_from + n[u] * y_image;                                                \
        __global const FER_TYPE_x *const x_at = x_from + n[u] * x_image;                                                 \
        int plane_on = plane;                                                                                            \
        HIDE(plane_on)                                                                                                   \
        UNROLL for (int e = 0; e < FETCHED(TILE_M); e++)                                                                 \
        {                                                                                                                \
            const int r = ALONG_MORE((part)*FETCHED(TILE_M) + e);                                                        \
            next_a[e * NUMBERS + u] = BITS(dy, y_at + (y_p + r * plane_on), there && IS_THERE(r, rows_left));            \
        }                                                                                                                \
        UNROLL for (int e = 0; e < FETCHED(TILE_N); e += 4)                                                              \
        {                                                                                                                \
            const int4 to = four_at[(ALONG_FIRST(TILE_N) + ALONG_MORE((part)*FETCHED(TILE_N) + e)) / 4];                 \
            const int from = x_p + to.x;                                                                                 \
            const int ok =                                                                                               \
                there && (uint)(x_i + to.y) < (uint)x_dim.z && (uint)(x_j + to.z) < (uint)x_dim.w;                       \
            UNROLL for (int k = 0; k < 4; k++) next_b[(e + k) * NUMBERS + u] =                                           \
                BITS(x, x_at + (from + k * x_plane), ok && IS_THERE(k, to.w));                                           \
        }                                                                                                                \
        if ((part) == PARTS - 1) {                                                                                       \
            l[u] += DEPTH;                                                                                               \
            j[u] += columns_on;                                                                                          \
            i[u] += rows_on + (j[u] >= width);                                                                           \
            j[u] -= j[u] >= width ? width : 0;                                                                           \
            n[u] += images_on + (i[u] >= dy_dim.z);                                                                      \
            i[u] -= i[u] >= dy_dim.z ? dy_dim.z : 0;                                                                     \
        }                                                                                                                \
    }
#define DELIVER(part, a_to, b_to)                                                                                        \
    DELIVER_ALONG(dy, next_a, A_PLACE, TILE_M, part, a_to)                                                               \
    DELIVER_ALONG(x, next_b, B_PLACE, TILE_N, part, b_to)
    MULTIPLY((end - begin + DEPTH - 1) / DEPTH)
#define COLUMN(q) const int tap = (n0 + q) / (fours * 4), c = (n0 + q) % (fours * 4);
#define WRITE(r, q, value)                                                                                               \
    if (m0 + r < group_out && tap < taps && c < group_in)                                                                \
        DATA(partial)[(((size_t)split * dy_dim.y + group * group_out + m0 + r) * group_in + c) * taps + tap] = value;
    WRITE_ALL
}
#endif
