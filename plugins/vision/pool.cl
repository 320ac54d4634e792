/* SPDX-License-Identifier: Apache-2.0
 *
 * Max and average pooling.  Gradients gather, so nothing is written twice.
 *
 * Blocked, a work-item treats `span` runs of `run` neighbouring pixels of one row of the result, and windows are arguments;
 * plain, a work-item has a pixel, and windows are constants: KERNEL, STRIDE, PAD.
 */
#if FER_LANES == 16
#define WINDOW_ARGUMENTS const int kernel_side, const int stride, const int pad,
#define RUN_ARGUMENTS const int run, const int span
#define RUNS(t) (t##_dim.w / run)
#define EACH_RUN(t, item)                                                                                                \
    for (FER_SPAN(item, (size_t)t##_dim.x *FER_CELL_BLOCKS(t##_dim) * t##_dim.z * RUNS(t), span))
#define PLACE(t, item)                                                                                                   \
    const int begin = (int)(item % RUNS(t)) * run, h = (int)(item / RUNS(t) % t##_dim.z);                                \
    const size_t plane = item / RUNS(t) / t##_dim.z;                                                                     \
    const int c = (int)(plane % FER_CELL_BLOCKS(t##_dim)) * FER_LANES, n = (int)(plane / FER_CELL_BLOCKS(t##_dim));
/* for each i from `from` to below `to`, which are at most `most` */
#define EACH(i, from, to, most) for (int i = from; i < (to); i++)
#else
#define WINDOW_ARGUMENTS
#define RUN_ARGUMENTS const int share
#define EACH_RUN(t, item) FER_SHARE(t, share)
/* c counts planes through all images, so n is 0. */
#define PLACE(t, item)                                                                                                   \
    enum { kernel_side = KERNEL, stride = STRIDE, pad = PAD, run = 1 };                                                  \
    const int h = (int)(item / (uint)t##_dim.w), begin = (int)(item - (uint)h * (uint)t##_dim.w);                        \
    const size_t n = 0, c = plane;                                                                                       \
    if (h >= t##_dim.z)                                                                                                  \
        return;
#define EACH(i, from, to, most) _Pragma("unroll") for (int i = from, i##_ = 0; i##_ < (most); i++, i##_++) if (i < (to))
#endif

/* Windows k wide, s apart, beginning at -pad: which outputs contain input i, out of `outs`. */
#define FIRST_OUT(i, k, s, pad) max(0, ((i) + (pad) - (k) + (s)) / (s))
#define LAST_OUT(i, s, pad, outs) min((outs)-1, ((i) + (pad)) / (s))

/* The place of the maximum within each window, in the order of y's memory: row * kernel + column, as a byte. */
#if FER_LANES == 16
#define SET_PLACE(cell, v) vstore16(convert_uchar16(v), cell, DATA(place))
#define GET_PLACE(cell) convert_int16(vload16(cell, DATA(place)))
#else
#define SET_PLACE(cell, v) DATA(place)[cell] = (uchar)(v)
#define GET_PLACE(cell) (int)DATA(place)[cell]
#endif

/* The first maximum wins, and a NaN beats everything, as in PyTorch. */
#ifdef FER_KERNEL_maxpool
__kernel void maxpool(FER_IN(x), FER_OUT(y), FER_OUT(place), WINDOW_ARGUMENTS RUN_ARGUMENTS)
{
    EACH_RUN(y, item) {
        PLACE(y, item)
        const int h0 = h * stride - pad, from_h = max(0, h0), to_h = min(h0 + kernel_side, x_dim.z);
        for (int w = begin; w < begin + run; w++) {
            const int w0 = w * stride - pad, from_w = max(0, w0), to_w = min(w0 + kernel_side, x_dim.w);
            FER_V best = -INFINITY;
            FER_VI at = (from_h - h0) * kernel_side + from_w - w0;
            EACH(i, from_h, to_h, kernel_side)
                EACH(j, from_w, to_w, kernel_side) {
                    const FER_V v = FER_VLOAD(x, n, c, i * x_dim.w + j);
                    const FER_VI better = isgreater(v, best) | isnan(v);
                    best = better ? v : best;
                    at = better ? (FER_VI)((i - h0) * kernel_side + j - w0) : at;
                }
            FER_VSTORE(y, n, c, h * y_dim.w + w, best);
            SET_PLACE((plane * y_dim.z + h) * y_dim.w + w, at);
        }
    }
}
#endif

#ifdef FER_KERNEL_maxpool_grad
__kernel void maxpool_grad(FER_IN(dy), FER_IN(place), FER_OUT(dx), WINDOW_ARGUMENTS RUN_ARGUMENTS)
{
    EACH_RUN(dx, item) {
        PLACE(dx, item)
        const int from_h = FIRST_OUT(h, kernel_side, stride, pad), to_h = LAST_OUT(h, stride, pad, dy_dim.z);
        for (int w = begin; w < begin + run; w++) {
            const int from_w = FIRST_OUT(w, kernel_side, stride, pad), to_w = LAST_OUT(w, stride, pad, dy_dim.w);
            FER_V sum = 0.0f;
            EACH(i, from_h, to_h + 1, (kernel_side + stride - 1) / stride)
                EACH(j, from_w, to_w + 1, (kernel_side + stride - 1) / stride) {
                    const int here = (h + pad - i * stride) * kernel_side + w + pad - j * stride;
                    const FER_VI hit = GET_PLACE((plane * dy_dim.z + i) * dy_dim.w + j) == (FER_VI)(here);
                    sum += hit ? FER_VLOAD(dy, n, c, i * dy_dim.w + j) : (FER_V)(0.0f);
                }
            FER_VSTORE(dx, n, c, h * dx_dim.w + w, sum);
        }
    }
}
#endif

/* ---- average ---- */

#ifdef ADAPTIVE
/* Output o of `outs` averages the inputs from floor(o size / outs) to ceil((o + 1) size / outs). */
#define WINDOW(o, size, outs) const int o##0 = (o) * (size) / (outs), o##1 = (((o) + 1) * (size) + (outs)-1) / (outs);
#define WINDOW_LENGTH(o, size, outs) ((((o) + 1) * (size) + (outs)-1) / (outs) - (o) * (size) / (outs))
#define FROM_OUT(i, size, outs) ((i) * (outs) / (size))
#define TO_OUT(i, size, outs) ((((i) + 1) * (outs) + (size)-1) / (size)-1)
#else
#define WINDOW(o, size, outs)                                                                                            \
    const int o##0 = max(0, (o)*stride - pad), o##1 = min((o)*stride - pad + kernel_side, (size));
/* What the sum is divided by on each axis: with the padding, but not past it (ceil). */
#define WINDOW_LENGTH(o, size, outs)                                                                                     \
    (include_pad ? min((o)*stride - pad + kernel_side, (size) + pad) - ((o)*stride - pad)                                \
                 : min((o)*stride - pad + kernel_side, (size)) - max(0, (o)*stride - pad))
#define FROM_OUT(i, size, outs) FIRST_OUT(i, kernel_side, stride, pad)
#define TO_OUT(i, size, outs) LAST_OUT(i, stride, pad, outs)
#endif

#ifdef FER_KERNEL_avgpool
__kernel void avgpool(FER_IN(x), FER_OUT(y), WINDOW_ARGUMENTS const int include_pad,
                      RUN_ARGUMENTS)
{
    EACH_RUN(y, item) {
        PLACE(y, item)
        WINDOW(h, x_dim.z, y_dim.z)
        for (int w = begin; w < begin + run; w++) {
            WINDOW(w, x_dim.w, y_dim.w)
            FER_V sum = 0.0f;
            for (int i = h0; i < h1; i++)
                for (int j = w0; j < w1; j++)
                    sum += FER_VLOAD(x, n, c, i * x_dim.w + j);
            const int size = WINDOW_LENGTH(h, x_dim.z, y_dim.z) * WINDOW_LENGTH(w, x_dim.w, y_dim.w);
            FER_VSTORE(y, n, c, h * y_dim.w + w, sum / (float)size);
        }
    }
}
#endif

#ifdef FER_KERNEL_avgpool_grad
__kernel void avgpool_grad(FER_IN(dy), FER_OUT(dx), WINDOW_ARGUMENTS const int include_pad,
                           RUN_ARGUMENTS)
{
    EACH_RUN(dx, item) {
        PLACE(dx, item)
        const int from_h = FROM_OUT(h, dx_dim.z, dy_dim.z), to_h = TO_OUT(h, dx_dim.z, dy_dim.z);
        for (int w = begin; w < begin + run; w++) {
            const int from_w = FROM_OUT(w, dx_dim.w, dy_dim.w), to_w = TO_OUT(w, dx_dim.w, dy_dim.w);
            FER_V sum = 0.0f;
            for (int i = from_h; i <= to_h; i++)
                for (int j = from_w; j <= to_w; j++) {
                    const int size = WINDOW_LENGTH(i, dx_dim.z, dy_dim.z) * WINDOW_LENGTH(j, dx_dim.w, dy_dim.w);
                    sum += FER_VLOAD(dy, n, c, i * dy_dim.w + j) / (float)size;
                }
            FER_VSTORE(dx, n, c, h * dx_dim.w + w, sum);
        }
    }
}
#endif

/* dx = dy / pixels, dy [N, C]. */
#ifdef FER_KERNEL_global_grad
__kernel void global_grad(FER_IN(dy), FER_OUT(dx), RUN_ARGUMENTS)
{
    EACH_RUN(dx, item) {
        PLACE(dx, item)
        const float factor = 1.0f / (float)FER_PLANE(dx_dim);
        const size_t row = (size_t)n * dx_dim.y + c;
#if FER_LANES == 16
        float lane[16];
        for (int k = 0; k < 16; k++)
            lane[k] = c + k < dx_dim.y ? FER_GET(dy, row + k) * factor : 0.0f;
        const FER_V v = fer_load16(0, lane);
#else
        const FER_V v = FER_GET(dy, row) * factor;
#endif
        for (int w = begin; w < begin + run; w++)
            FER_VSTORE(dx, n, c, h * dx_dim.w + w, v);
    }
}
#endif
