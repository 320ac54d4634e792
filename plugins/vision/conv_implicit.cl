/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolution as a matrix product whose second matrix is never written down (implicit GEMM), for GPUs: plain layouts,
 * any kernel side, stride, padding, dilation and groups.
 *
 *                              TILE_N columns                  forward    rows are output channels, columns output
 *                         +----------------------+                        pixels of all images, depth is (tap, input
 *                  DEPTH  |  x, gathered         |                        channel)
 *                         +----------------------+             data       rows are input channels, columns input
 *             +-----+     +----------------------+                        pixels of one phase, depth is (tap of the
 *             |     |     |                      |                        phase, output channel)
 *     TILE_M  |  w  |     |  y: in registers,    |             weights    rows are output channels, columns (input
 *      rows   |     |     |  256 work-items      |                        channel, tap), depth is pixels, divided into
 *             +-----+     +----------------------+                        splits that conv_implicit_sum adds in order
 *
 * Strips, sums and the order of a step are tile.cl's.  A work-item brings a run of RUN numbers of each strip in a step,
 * whose place it walks along without a division: a tap's position and whether it lies in the picture are the same for all
 * channels.
 */
/* So many channels side by side always have the same tap, because a group's channels are a multiple of it: 1, RUN or, of a
 * step, DEPTH. */
#ifndef TOGETHER
#define TOGETHER 1
#endif
#ifndef GRADIENT
#define GRADIENT 0 /* 1: the DATA pass */
#endif
#define RUN 4

#if defined(FER_KERNEL_conv_implicit) || defined(FER_KERNEL_conv_implicit_weights)
#define DEPTH (RUN * ITEMS / TILE_N) /* a run of each work-item is a strip; TILE_N is 64 or 128 */
#include "tile.cl"
#endif

#ifdef FER_KERNEL_conv_implicit
#include "../axis.cl"

/* A place in the depth: taps of the phase, counted along both axes, and channels, which come the fastest. */
struct place {
    int v, h, c;
};

static inline void walk(struct place *at, int steps, int channels, int h_taps)
{
    at->c += steps;
    while (at->c >= channels) {
        at->c -= channels;
        if (++at->h == h_taps) {
            at->h = 0;
            at->v++;
        }
    }
}

/* x is read, y written; with GRADIENT they are dy and dx.  w is as conv_implicit_pack.cl orders it; group_in, group_out:
 * channels of a group read and written.  Dimension 0: columns, 1: rows, 2: group + groups * (phase + phases * split).  With
 * SPLIT, y is what partial.cl adds up, partial[split] of the shape of the output, whose channels, height and width come
 * last; a split has `split_steps` steps of the depth. */
#ifdef SPLIT
#define OUTPUT FER_OUT(partial),
#define SPLITS , const int channels, const int height, const int width, const int split_steps
#else
#define OUTPUT FER_BIAS_IN FER_ADD_IN FER_OUT(y),
#define SPLITS
#endif
TILE_KERNEL conv_implicit(FER_IN(x), FER_IN(w), OUTPUT const int kernel_size, const int stride, const int pad,
                          const int dilation, const int group_in, const int group_out SPLITS)
{
    TILE_LOCALS
#ifdef SPLIT
    const int4 y_dim = (int4)(x_dim.x, channels, height, width);
#endif
    const int phases = GRADIENT ? stride * stride : 1;
    const int groups = y_dim.y / group_out, group = (int)get_group_id(2) % groups;
    const int phase = (int)get_group_id(2) / groups % phases;
    struct axis v, h;
    axis_make(&v, y_dim.z, kernel_size, stride, pad, dilation, GRADIENT, phase / stride);
    axis_make(&h, y_dim.w, kernel_size, stride, pad, dilation, GRADIENT, phase % stride);
    const int plane = v.count * h.count, pixels = y_dim.x * plane;
    const int all_steps = (group_in * v.taps * h.taps + DEPTH - 1) / DEPTH;
#ifdef SPLIT
    const int split = (int)get_group_id(2) / groups / phases, begin = split * split_steps;
    const int steps = min(begin + split_steps, all_steps);
#else
    const int begin = 0, steps = all_steps;
#endif
    const int m0 = (int)get_group_id(1) * TILE_M, q0 = (int)get_group_id(0) * TILE_N;
    if (pixels == 0) /* a phase past the last row or column */
        return;

    /* The weights that this work-item brings: RUN rows at one depth. */
    const int rows = (group_out + RUN - 1) / RUN, m = id % (TILE_M / RUN), depth = id / (TILE_M / RUN);
    const bool brings = depth < DEPTH && m0 / RUN + m < rows;
    __global const float4 *const weights =
        (__global const float4 *)DATA(w) + m0 / RUN + m +
        (size_t)(group * kernel_size * kernel_size + v.tap * kernel_size + h.tap) * group_in * rows;
    /* And the pixel that it gathers, at RUN depths from `first`. */
    const int first = id / TILE_N * RUN, q = q0 + id % TILE_N, n = q / plane, p = q % plane;
    const int row = v.origin + v.scale * (p / h.count), column = h.origin + h.scale * (p % h.count);
    const size_t x_plane = FER_PLANE(x_dim);
    __global const FER_TYPE_x *const image = DATA(x) + FER_PLAIN(x_dim, n, group * group_in, 0);
    /* Where the step is, or where the weights are and the pixels. */
    struct place at = { 0, 0, 0 }, other = { 0, 0, 0 }, *const from = TOGETHER < DEPTH ? &other : &at;
    if (all_steps > 0) { /* else there is no tap to walk to */
        walk(&at, begin * DEPTH + (TOGETHER < DEPTH ? depth : 0), group_in, h.taps);
        walk(&other, begin * DEPTH + first, group_in, h.taps);
    }

#pragma unroll 1
    for (int step = begin - 1; step < steps; step++) {
        float4 next_a = (float4)(0.0f);
        float next_b[RUN];
        const int now = TILE_NOW(step), next = DEPTH - now;
        if (step + 1 < steps) {
            if (brings && at.v < v.taps) {
                const int tap = v.tap_step * kernel_size * at.v + h.tap_step * at.h;
                next_a = weights[(size_t)(tap * group_in + at.c + (TOGETHER < DEPTH ? 0 : depth)) * rows];
            }
            size_t pixel = 0;
            bool inside = false;
#pragma unroll
            for (int k = 0; k < RUN; k++) {
                if (k % TOGETHER == 0) {
                    const int i = row + v.walk * from->v, j = column + h.walk * from->h;
                    inside = q < pixels && from->v < v.taps && (uint)i < (uint)x_dim.z && (uint)j < (uint)x_dim.w;
                    pixel = (from->c + (TOGETHER < DEPTH ? 0 : first)) * x_plane + (size_t)(i * x_dim.w + j);
                }
                next_b[k] = inside ? FER_READ(x, )(image, pixel + k % TOGETHER * x_plane) : 0.0f;
                if (TOGETHER == 1)
                    walk(&other, 1, group_in, h.taps);
            }
            if (TOGETHER < DEPTH)
                walk(&other, TOGETHER == 1 ? DEPTH - RUN : DEPTH, group_in, h.taps);
            walk(&at, DEPTH, group_in, h.taps);
        }
        if (step >= begin)
            tile_multiply(sum, a_strip + now * PITCH_M, b_strip + now * PITCH_N, to_m, to_n);
        if (step + 1 < steps) {
            if (depth < DEPTH)
                a_fours[(next + depth) * PITCH_M / 4 + m] = next_a;
#pragma unroll
            for (int k = 0; k < RUN; k++)
                b_strip[(next + id / TILE_N * RUN + k) * PITCH_N + id % TILE_N] = next_b[k];
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }

    /* From a row to the next, in the output, and from a run's last to the next run. */
    const size_t y_plane = FER_PLANE(y_dim), jump = (SIDE * RUN_M - RUN_M + 1) * y_plane;
#pragma unroll
    for (int s = 0; s < EACH_N; s++) {
        const int to = q0 + TILE_COLUMN(s);
        if (to >= pixels)
            continue;
        const int out = to % plane;
        const int pixel = (v.first + v.step * (out / h.count)) * y_dim.w + h.first + h.step * (out % h.count);
        const int k0 = group * group_out + m0 + TILE_ROW(0);
        size_t index = FER_PLAIN(y_dim, to / plane, k0, pixel); /* is carried along: products of 64 bits are long */
#ifdef SPLIT
        index += split * FER_PLAIN_SIZE(y_dim);
#endif
#pragma unroll
        for (int r = 0; r < EACH_M; index += r % RUN_M < RUN_M - 1 ? y_plane : jump, r++) {
            if (m0 + TILE_ROW(r) >= group_out)
                continue;
#ifdef SPLIT
            FER_PUT(partial, index, sum[r][s]);
#else
            const float added = FER_ADDED(sum[r][s] + FER_BIAS(k0 + TILE_PLACE(r, 0, RUN_M)), , index);
            FER_PUT(y, index, FER_ACTIVATE(float, added));
#endif
        }
    }
}
#endif

#ifdef FER_KERNEL_conv_implicit_weights
#define LINES (ITEMS / DEPTH)
#define BRING_M (TILE_M / LINES)
#define NOWHERE (-0x40000000) /* no position of a picture, whatever is added */

/* partial[split][K][tap][group_in].  A work-item brings one pixel of each step, of BRING_M rows and RUN columns.  Dimension
 * 0: columns, 1: rows, 2: group + groups * split; a split has `split_pixels` pixels. */
TILE_KERNEL conv_implicit_weights(FER_IN(x), FER_IN(dy), FER_OUT(partial), const int kernel_size, const int stride,
                                  const int pad, const int dilation, const int group_in, const int group_out,
                                  const int split_pixels)
{
    TILE_LOCALS
    const int groups = dy_dim.y / group_out, group = (int)get_group_id(2) % groups, split = (int)get_group_id(2) / groups;
    const int columns = group_in * kernel_size * kernel_size;
    const size_t plane = FER_PLANE(dy_dim), x_plane = FER_PLANE(x_dim);
    const int begin = split * split_pixels, end = min(begin + split_pixels, dy_dim.x * (int)plane);
    const int m0 = (int)get_group_id(1) * TILE_M, j0 = (int)get_group_id(0) * TILE_N;
    const int lane = id % DEPTH, line = id / DEPTH, m = m0 + line * BRING_M;

    /* The columns that this work-item brings: where they are from a pixel of dy. */
    size_t channel[RUN / TOGETHER];
    int down[RUN / TOGETHER], right[RUN / TOGETHER];
#pragma unroll
    for (int k = 0; k < RUN / TOGETHER; k++) {
        const int j = j0 + line * RUN + k * TOGETHER, t = j / group_in;
        channel[k] = (size_t)(j % group_in) * x_plane;
        down[k] = j < columns ? t / kernel_size * dilation - pad : NOWHERE;
        right[k] = t % kernel_size * dilation - pad;
    }
    /* And the pixel. */
    int l = begin + lane, n = l / (int)plane, row = l % (int)plane / dy_dim.w, column = l % dy_dim.w;

#pragma unroll 1
    for (int l0 = begin - DEPTH; l0 < end; l0 += DEPTH) {
        float next_a[BRING_M], next_b[RUN];
        const int next = (l0 - begin) / DEPTH % 2 != 0 ? 0 : DEPTH, now = DEPTH - next;
        if (l0 + DEPTH < end) {
            __global const FER_TYPE_dy *const rows =
                DATA(dy) + FER_PLAIN(dy_dim, n, group * group_out + m, row * dy_dim.w + column);
            __global const FER_TYPE_x *const image = DATA(x) + FER_PLAIN(x_dim, n, group * group_in, 0);
#pragma unroll
            for (int k = 0; k < BRING_M; k++)
                next_a[k] = l < end && m + k < group_out ? FER_READ(dy, )(rows, k * plane) : 0.0f;
            size_t pixel = 0;
            bool inside = false;
#pragma unroll
            for (int k = 0; k < RUN; k++) {
                if (k % TOGETHER == 0) {
                    const int i = row * stride + down[k / TOGETHER], j = column * stride + right[k / TOGETHER];
                    inside = l < end && (uint)i < (uint)x_dim.z && (uint)j < (uint)x_dim.w;
                    pixel = channel[k / TOGETHER] + (size_t)(i * x_dim.w + j);
                }
                next_b[k] = inside ? FER_READ(x, )(image, pixel + k % TOGETHER * x_plane) : 0.0f;
            }
            l += DEPTH;
            column += DEPTH;
            while (column >= dy_dim.w) {
                column -= dy_dim.w;
                if (++row == dy_dim.z) {
                    row = 0;
                    n++;
                }
            }
        }
        if (l0 >= begin)
            tile_multiply(sum, a_strip + now * PITCH_M, b_strip + now * PITCH_N, to_m, to_n);
        if (l0 + DEPTH < end) {
#pragma unroll
            for (int k = 0; k < BRING_M; k++)
                a_strip[(next + lane) * PITCH_M + line * BRING_M + k] = next_a[k];
            b_fours[(next + lane) * PITCH_N / 4 + line] = vload4(0, next_b);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    const size_t to = ((size_t)split * dy_dim.y + group * group_out + m0) * columns + j0;
#pragma unroll
    for (int r = 0; r < EACH_M; r++)
#pragma unroll
        for (int s = 0; s < EACH_N; s++) {
            const int k = TILE_ROW(r), j = TILE_COLUMN(s);
            if (m0 + k < group_out && j0 + j < columns)
                FER_PUT(partial, to + (size_t)(k * columns + j), sum[r][s]);
        }
}
#endif

#ifdef FER_KERNEL_conv_implicit_sum
/* dw[k][c][tap] = the sum over splits, in order, of partial[split][k][tap][c], which are `count` numbers each. */
__kernel void conv_implicit_sum(FER_IN(partial), FER_OUT(dw), const int count, const int splits, const int group_in,
                                const int taps)
{
    const int i = (int)get_global_id(0), columns = group_in * taps;
    float sum = 0.0f;
    if (i >= count)
        return;
    for (int s = 0; s < splits; s++)
        sum += FER_GET(partial, (size_t)s * count + i);
    FER_PUT(dw, (size_t)(i / columns) * columns + i % group_in * taps + i % columns / group_in, sum);
}
#endif
