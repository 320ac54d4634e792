/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolution as a matrix product whose second matrix is never written down (implicit GEMM), for GPUs: plain layouts,
 * any kernel side, stride, padding, dilation and groups.
 *
 *                              TILE_N columns                  forward    rows are output channels, columns output
 *                         +----------------------+                        pixels of all images, depth is (input
 *                  DEPTH  |  x, gathered         |                        channel, tap)
 *                         +----------------------+             data       rows are input channels, columns input
 *             +-----+     +----------------------+                        pixels of one phase, depth is (output
 *             |     |     |                      |                        channel, tap of the phase)
 *     TILE_M  |  w  |     |  y: in registers,    |             weights    rows are output channels, columns (input
 *      rows   |     |     |  16 x 16 work-items  |                        channel, tap), depth is pixels, divided into
 *             +-----+     +----------------------+                        splits that conv_implicit_sum adds in order
 *
 * Both strips lie in local memory.  A work-item has every 16th row and column of the tile, so that neighbours read
 * neighbouring words of local memory and write neighbouring pixels.
 */
#ifndef TILE_M
#define TILE_M 64
#endif
#ifndef TILE_N
#define TILE_N 64
#endif
#ifndef DEPTH
#define DEPTH 16
#endif
#define SIDE 16
#define ITEMS (SIDE * SIDE)
#define EACH_M (TILE_M / SIDE)
#define EACH_N (TILE_N / SIDE)

#define CLEAR(sum)                                                                                                       \
    for (int r = 0; r < EACH_M; r++)                                                                                     \
        for (int q = 0; q < EACH_N; q++)                                                                                 \
            sum[r][q] = 0.0f;
#define MULTIPLY(sum, a, b)                                                                                              \
    for (int l = 0; l < DEPTH; l++) {                                                                                    \
        float row[EACH_M], column[EACH_N];                                                                               \
        for (int r = 0; r < EACH_M; r++)                                                                                 \
            row[r] = a[l][get_local_id(1) + r * SIDE];                                                                   \
        for (int q = 0; q < EACH_N; q++)                                                                                 \
            column[q] = b[l][get_local_id(0) + q * SIDE];                                                                \
        for (int r = 0; r < EACH_M; r++)                                                                                 \
            for (int q = 0; q < EACH_N; q++)                                                                             \
                sum[r][q] = fma(row[r], column[q], sum[r][q]);                                                           \
    }

#ifdef FER_KERNEL_conv_implicit
/* Which input positions one axis reads: see conv_direct.cl, whose phases these are. */
struct axis {
    int first, step, count;
    int tap, tap_step, taps;
    int origin, scale, walk;
};

static void make_axis(struct axis *a, int size, int kernel_size, int stride, int pad, int dilation, int phase)
{
#ifdef GRADIENT
    a->first = phase;
    a->step = stride;
    a->count = (size - phase + stride - 1) / stride;
    a->tap = 0;
    while (a->tap < kernel_size && (phase + pad - a->tap * dilation) % stride != 0)
        a->tap++;
    a->tap_step = 1;
    while (a->tap_step * dilation % stride != 0)
        a->tap_step++;
    a->taps = a->tap < kernel_size ? (kernel_size - 1 - a->tap) / a->tap_step + 1 : 0;
    a->origin = (phase + pad - a->tap * dilation) / stride;
    a->scale = 1;
    a->walk = -(a->tap_step * dilation / stride);
#else
    a->first = 0;
    a->step = 1;
    a->count = size;
    a->tap = 0;
    a->tap_step = 1;
    a->taps = kernel_size;
    a->origin = -pad;
    a->scale = stride;
    a->walk = dilation;
#endif
}

/* x is read, y written; with GRADIENT they are dy and dx.  group_in, group_out: channels of a group read and written.
 * Dimension 0: columns, 1: rows, 2: group + groups * phase. */
__kernel __attribute__((reqd_work_group_size(SIDE, SIDE, 1))) void
conv_implicit(FER_IN(x), FER_IN(w), FER_BIAS_IN FER_ADD_IN FER_OUT(y), const int kernel_size, const int stride,
              const int pad, const int dilation, const int group_in, const int group_out)
{
    __local float a[DEPTH][TILE_M + 1], b[DEPTH][TILE_N + 1];
    const int groups = y_dim.y / group_out, group = (int)get_group_id(2) % groups, phase = (int)get_group_id(2) / groups;
    struct axis v, h;
    make_axis(&v, y_dim.z, kernel_size, stride, pad, dilation, phase / stride);
    make_axis(&h, y_dim.w, kernel_size, stride, pad, dilation, phase % stride);
    const int plane = v.count * h.count, pixels = y_dim.x * plane, taps = v.taps * h.taps, depth = group_in * taps;
    const int m0 = (int)get_group_id(1) * TILE_M, q0 = (int)get_group_id(0) * TILE_N;
    const int id = (int)(get_local_id(1) * SIDE + get_local_id(0));
    float sum[EACH_M][EACH_N];
    if (pixels == 0) /* a phase past the last row or column */
        return;
    CLEAR(sum)

    /* The pixel that this work-item gathers. */
    const int q = q0 + id % TILE_N, n = q / plane, p = q % plane;
    const int row = v.origin + v.scale * (p / h.count), column = h.origin + h.scale * (p % h.count);
    const size_t image = FER_PLAIN(x_dim, n, group * group_in, 0);

    for (int l0 = 0; l0 < depth; l0 += DEPTH) {
        for (int e = id; e < TILE_M * DEPTH; e += ITEMS) {
            const int l = l0 + e % DEPTH, m = m0 + e / DEPTH;
            float value = 0.0f;
            if (m < group_out && l < depth) {
                const int c = l / taps, tv = l % taps / h.taps, th = l % h.taps;
                const int t = (v.tap + v.tap_step * tv) * kernel_size + h.tap + h.tap_step * th;
#ifdef GRADIENT
                const size_t at = (size_t)(group * group_in + c) * group_out + m;
#else
                const size_t at = (size_t)(group * group_out + m) * group_in + c;
#endif
                value = FER_GET(w, at * (kernel_size * kernel_size) + t);
            }
            a[e % DEPTH][e / DEPTH] = value;
        }
        for (int e = id; e < TILE_N * DEPTH; e += ITEMS) {
            const int l = l0 + e / TILE_N;
            float value = 0.0f;
            if (q < pixels && l < depth) {
                const int c = l / taps, i = row + v.walk * (l % taps / h.taps), j = column + h.walk * (l % h.taps);
                if ((uint)i < (uint)x_dim.z && (uint)j < (uint)x_dim.w)
                    value = FER_GET(x, image + c * FER_PLANE(x_dim) + (size_t)(i * x_dim.w + j));
            }
            b[e / TILE_N][e % TILE_N] = value;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        MULTIPLY(sum, a, b)
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    for (int s = 0; s < EACH_N; s++) {
        const int to = q0 + (int)get_local_id(0) + s * SIDE;
        if (to >= pixels)
            continue;
        const int out = to % plane;
        const int at = (v.first + v.step * (out / h.count)) * y_dim.w + h.first + h.step * (out % h.count);
        for (int r = 0; r < EACH_M; r++) {
            const int m = m0 + (int)get_local_id(1) + r * SIDE, k = group * group_out + m;
            if (m < group_out) {
                const float value = FER_ADDED(sum[r][s] + FER_BIAS(k), , FER_PLAIN(y_dim, to / plane, k, at));
                STORE(y, to / plane, k, at, FER_ACTIVATE(float, value));
            }
        }
    }
}
#endif

#ifdef FER_KERNEL_conv_implicit_weights
/* partial[split][K][group_in][tap].  Dimension 0: columns, 1: rows, 2: group + groups * split; a split has
 * `split_pixels` pixels. */
__kernel __attribute__((reqd_work_group_size(SIDE, SIDE, 1))) void
conv_implicit_weights(FER_IN(x), FER_IN(dy), FER_OUT(partial), const int kernel_size, const int stride, const int pad,
                      const int dilation, const int group_in, const int group_out, const int split_pixels)
{
    __local float a[DEPTH][TILE_M + 1], b[DEPTH][TILE_N + 1];
    const int groups = dy_dim.y / group_out, group = (int)get_group_id(2) % groups, split = (int)get_group_id(2) / groups;
    const int taps = kernel_size * kernel_size, columns = group_in * taps, plane = dy_dim.z * dy_dim.w;
    const int begin = split * split_pixels, end = min(begin + split_pixels, dy_dim.x * plane);
    const int m0 = (int)get_group_id(1) * TILE_M, j0 = (int)get_group_id(0) * TILE_N;
    const int id = (int)(get_local_id(1) * SIDE + get_local_id(0));
    float sum[EACH_M][EACH_N];
    CLEAR(sum)

    for (int l0 = begin; l0 < end; l0 += DEPTH) {
        for (int e = id; e < TILE_M * DEPTH; e += ITEMS) {
            const int l = l0 + e % DEPTH, m = m0 + e / DEPTH;
            a[e % DEPTH][e / DEPTH] =
                m < group_out && l < end ? LOAD(dy, l / plane, group * group_out + m, l % plane) : 0.0f;
        }
        for (int e = id; e < TILE_N * DEPTH; e += ITEMS) {
            const int l = l0 + e % DEPTH, j = j0 + e / DEPTH;
            float value = 0.0f;
            if (l < end && j < columns) {
                const int p = l % plane, t = j % taps;
                const int row = p / dy_dim.w * stride - pad + t / kernel_size * dilation;
                const int column = p % dy_dim.w * stride - pad + t % kernel_size * dilation;
                if ((uint)row < (uint)x_dim.z && (uint)column < (uint)x_dim.w)
                    value = LOAD(x, l / plane, group * group_in + j / taps, row * x_dim.w + column);
            }
            b[e % DEPTH][e / DEPTH] = value;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        MULTIPLY(sum, a, b)
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    for (int r = 0; r < EACH_M; r++)
        for (int s = 0; s < EACH_N; s++) {
            const int m = m0 + (int)get_local_id(1) + r * SIDE, j = j0 + (int)get_local_id(0) + s * SIDE;
            if (m < group_out && j < columns)
                FER_PUT(partial, ((size_t)split * dy_dim.y + group * group_out + m) * columns + j, sum[r][s]);
        }
}
#endif

#ifdef FER_KERNEL_conv_implicit_sum
/* dw[i] = the sum over splits, in order. */
__kernel void conv_implicit_sum(FER_IN(partial), FER_OUT(dw), const int count, const int splits)
{
    const int i = (int)get_global_id(0);
    float sum = 0.0f;
    if (i >= count)
        return;
    for (int s = 0; s < splits; s++)
        sum += FER_GET(partial, (size_t)s * count + i);
    FER_PUT(dw, i, sum);
}
#endif
