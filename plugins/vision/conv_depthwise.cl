/* SPDX-License-Identifier: Apache-2.0
 *
 * Depthwise convolution: every channel by itself.  Blocked layouts take 16 channels as one vector (LANES 16), plain ones
 * a channel (LANES 1).  Weights are w[block][tap][LANES]: packed for LANES 16, canonical for LANES 1.
 */
#ifndef LANES
#define LANES 16
#endif
#if LANES == 16
#define VECTOR float16
#define WIDTH 16
#define FETCH(x, p, at) FER_READ(x, 16)(p, (at) * 16)
#define PUT(x, p, at, v) FER_WRITE(x, 16)(p, (at) * 16, v)
#else
#define VECTOR float
#define WIDTH
#define FETCH(x, p, at) FER_READ(x, )(p, at)
#define PUT(x, p, at, v) FER_WRITE(x, )(p, at, v)
#endif
#define BLOCKS(dim) (((dim).y + LANES - 1) / LANES)

#ifdef FER_KERNEL_conv_depthwise
/* Along one axis the taps t of output position p read inputs (p * stride - pad + t * dilation).  The gradient at position p
 * gathers from the outputs o with o * stride - pad + t * dilation == p, if there is one: those are every `step`-th tap from
 * the first, which depends on (p + pad) % stride only. */
#ifdef GRADIENT
#define PHASES stride /* positions p and p + PHASES have the same taps, … */
#define ADVANCE 1     /* … which read so much further */
#else
#define PHASES 1
#define ADVANCE stride
#endif
struct reach {
    int tap, at, step, walk; /* tap, tap + step, … read at, at + walk, … */
};

static struct reach reach(int position, int kernel_size, int stride, int pad, int dilation)
{
#ifdef GRADIENT
    struct reach r = { .step = 1 };
    while (r.tap < kernel_size && (position + pad - r.tap * dilation) % stride != 0)
        r.tap++;
    while (r.step * dilation % stride != 0)
        r.step++;
    r.at = (position + pad - r.tap * dilation) / stride;
    r.walk = -(r.step * dilation / stride);
    return r;
#else
    return (struct reach){ 0, position * stride - pad, 1, dilation };
#endif
}

/* y from x, or with GRADIENT dx (named y) from dy (named x).  Work-item: `span` pixels of one plane of blocks; planes are
 * counted through the images (dimension 1). */
__kernel void conv_depthwise(FER_IN(x), FER_IN(w), FER_BIAS_IN FER_ADD_IN FER_OUT(y), const int kernel_size,
                             const int stride, const int pad, const int dilation, const int span)
{
    const int plane = y_dim.z * y_dim.w, taps = kernel_size * kernel_size;
    const int first = (int)get_global_id(0) * span, image = (int)get_global_id(1), block = image % BLOCKS(y_dim);
    if (image >= y_dim.x * BLOCKS(y_dim))
        return;
    __global const FER_TYPE_x *const in = DATA(x) + (size_t)image * FER_PLANE(x_dim) * LANES;
    __global const FER_TYPE_w *const weight = DATA(w) + (size_t)block * taps * LANES;
    __global FER_TYPE_y *const out = DATA(y) + (size_t)image * plane * LANES;
#if LANES == 16
    float lanes[16];
    FER_BIASES(lanes, block * 16, 16, y_dim.y)
    const VECTOR start = fer_load16(0, lanes);
#else
    const VECTOR start = FER_BIAS(block);
#endif
    for (int p = first, columns; p < min(first + span, plane); p += columns) { /* a row, or what the span has of it */
        const struct reach v = reach(p / y_dim.w, kernel_size, stride, pad, dilation);
        columns = min(y_dim.w - p % y_dim.w, min(first + span, plane) - p);
        for (int phase = 0; phase < min(PHASES, columns); phase++) {
            struct reach h = reach(p % y_dim.w + phase, kernel_size, stride, pad, dilation);
            for (int q = phase; q < columns; q += PHASES, h.at += ADVANCE) {
                VECTOR sum = start;
                for (int tv = v.tap, i = v.at; tv < kernel_size; tv += v.step, i += v.walk) {
                    if ((uint)i >= (uint)x_dim.z)
                        continue;
                    for (int th = h.tap, j = h.at; th < kernel_size; th += h.step, j += h.walk)
                        if ((uint)j < (uint)x_dim.w)
                            sum = fma(FETCH(x, in, i * x_dim.w + j), FETCH(w, weight, tv * kernel_size + th), sum);
                }
                sum = FER_ADDED(sum, WIDTH, ((size_t)image * plane + p + q) * LANES);
                PUT(y, out, p + q, FER_ACTIVATE(VECTOR, sum));
            }
        }
    }
}
#endif

#ifdef FER_KERNEL_conv_depthwise_weights
#define TAPS 3 /* of a row of the kernel that are summed at once */
#define ROWS 8 /* of dy that stay in the cache for all taps */

/* partial[split][block][tap][16].  Work-item: one block of 16 channels (dimension 0), one split of `images` images (1). */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
conv_depthwise_weights(FER_IN(x), FER_IN(dy), FER_OUT(partial), const int kernel_size, const int stride, const int pad,
                       const int dilation, const int images)
{
    const int block = (int)get_global_id(0), split = (int)get_global_id(1), blocks = BLOCKS(dy_dim);
    __global float *const sums = DATA(partial) + ((size_t)split * blocks + block) * kernel_size * kernel_size * 16;
    const int begin = split * images * dy_dim.z, end = min((split + 1) * images, dy_dim.x) * dy_dim.z;
    for (int t = 0; begin >= end && t < kernel_size * kernel_size; t++)
        fer_store16((float16)0, t, sums);
#pragma unroll 1
    for (int r0 = begin; r0 < end; r0 += ROWS) {
#pragma unroll 1
        for (int tv = 0; tv < kernel_size; tv++) {
#pragma unroll 1
            for (int th = 0; th < kernel_size; th += TAPS) {
                __global float *const s = sums + (tv * kernel_size + th) * 16;
                float16 sum[TAPS];
#pragma unroll
                for (int t = 0; t < TAPS; t++)
                    sum[t] = r0 > begin && th + t < kernel_size ? fer_load16(t, s) : (float16)0;
#pragma unroll 1
                for (int r = r0; r < min(r0 + ROWS, end); r++) {
                    const int n = r / dy_dim.z, o = r % dy_dim.z, i = o * stride - pad + tv * dilation;
                    if ((uint)i >= (uint)x_dim.z)
                        continue;
                    __global const FER_TYPE_x *const in =
                        DATA(x) + (((size_t)n * blocks + block) * x_dim.z + i) * x_dim.w * 16;
                    __global const FER_TYPE_dy *const g =
                        DATA(dy) + (((size_t)n * blocks + block) * dy_dim.z + o) * dy_dim.w * 16;
#pragma unroll 1
                    for (int q = 0; q < dy_dim.w; q++) {
                        const float16 d = FETCH(dy, g, q);
#pragma unroll
                        for (int t = 0; t < TAPS; t++) {
                            const int j = q * stride - pad + (th + t) * dilation;
                            if ((uint)j < (uint)x_dim.w)
                                sum[t] = fma(FETCH(x, in, j), d, sum[t]);
                        }
                    }
                }
#pragma unroll
                for (int t = 0; t < TAPS; t++)
                    if (th + t < kernel_size)
                        fer_store16(sum[t], t, s);
            }
        }
    }
}
#endif
