/* SPDX-License-Identifier: Apache-2.0
 *
 * Resizing by weights that are a product of one for rows and one for columns, with PyTorch's meaning (interpolate):
 *
 *   NEAREST   output o is input floor(o ratio)
 *   BILINEAR  s = (o + 1/2) ratio - 1/2, not below 0, lies between inputs floor(s) and the next (ALIGN: s = o ratio)
 *   AREA      mean of the inputs from floor(o in / out) to ceil((o + 1) in / out)
 *
 * tap(o, i) is what input i weighs in output o; first_in … last_in the inputs of an output, first_out … last_out the
 * outputs that an input may have a part in.  The gradient gathers over those.
 */
#if defined(NEAREST)
static inline int source(const int o, const int in, const float ratio)
{
    return min((int)floor(o * ratio), in - 1);
}
#define FIRST_IN(o, in, out, ratio) source(o, in, ratio)
#define LAST_IN(o, in, out, ratio) source(o, in, ratio)
#define TAP(o, i, in, out, ratio) (source(o, in, ratio) == (i) ? 1.0f : 0.0f)
#define LOWER(i, ratio) ((float)(i) / ratio)
#define UPPER(i, ratio) ((float)((i) + 1) / ratio)
#elif defined(BILINEAR)
static inline float source(const int o, const float ratio)
{
#ifdef ALIGN
    return o * ratio;
#else
    return max((o + 0.5f) * ratio - 0.5f, 0.0f);
#endif
}
static inline float tap(const int o, const int i, const int in, const float ratio)
{
    const float s = source(o, ratio);
    const int low = min((int)s, in - 1);
    const float part = clamp(s - low, 0.0f, 1.0f);
    return (i == low ? 1.0f - part : 0.0f) + (i == min(low + 1, in - 1) ? part : 0.0f);
}
#define FIRST_IN(o, in, out, ratio) min((int)source(o, ratio), (in)-1)
#define LAST_IN(o, in, out, ratio) min((int)source(o, ratio) + 1, (in)-1)
#define TAP(o, i, in, out, ratio) tap(o, i, in, ratio)
#define LOWER(i, ratio) (ratio > 0.0f ? ((i)-1.0f) / ratio - 0.5f : 0.0f)
#define UPPER(i, ratio) (ratio > 0.0f ? ((i) + 1.5f) / ratio : 1e9f)
#else
#define FIRST_IN(o, in, out, ratio) ((o) * (in) / (out))
#define LAST_IN(o, in, out, ratio) ((((o) + 1) * (in) + (out)-1) / (out)-1)
#define TAP(o, i, in, out, ratio)                                                                                        \
    ((i) >= FIRST_IN(o, in, out, ratio) && (i) <= LAST_IN(o, in, out, ratio)                                             \
         ? 1.0f / (float)(LAST_IN(o, in, out, ratio) - FIRST_IN(o, in, out, ratio) + 1)                                  \
         : 0.0f)
#endif
#ifdef LOWER
/* One more on each side, for rounding; the last input also serves the outputs past the end. */
#define FIRST_OUT(i, in, out, ratio) clamp((int)floor(LOWER(i, ratio)) - 1, 0, (out)-1)
#define LAST_OUT(i, in, out, ratio) ((i) == (in)-1 ? (out)-1 : clamp((int)min(UPPER(i, ratio), 1e9f) + 1, 0, (out)-1))
#else
#define FIRST_OUT(i, in, out, ratio) ((i) * (out) / (in))
#define LAST_OUT(i, in, out, ratio) ((((i) + 1) * (out) + (in)-1) / (in)-1)
#endif

#ifdef FER_KERNEL_resize
__kernel void resize(FER_IN(x), FER_OUT(out), const float ratio_h, const float ratio_w, const int span)
{
    for (FER_SPAN(item, FER_CELLS(out), span)) {
        const int n = FER_CELL_N(out_dim, item), c = FER_CELL_C(out_dim, item), p = FER_CELL_P(out_dim, item);
        const int h = p / out_dim.w, w = p % out_dim.w;
        const int h1 = LAST_IN(h, x_dim.z, out_dim.z, ratio_h), w1 = LAST_IN(w, x_dim.w, out_dim.w, ratio_w);
        FER_V sum = 0.0f;
        for (int i = FIRST_IN(h, x_dim.z, out_dim.z, ratio_h); i <= h1; i++) {
            const float row = TAP(h, i, x_dim.z, out_dim.z, ratio_h);
            for (int j = FIRST_IN(w, x_dim.w, out_dim.w, ratio_w); j <= w1; j++)
                sum += row * TAP(w, j, x_dim.w, out_dim.w, ratio_w) * FER_VLOAD(x, n, c, i * x_dim.w + j);
        }
        FER_CELL_STORE(out, item, sum);
    }
}
#endif

#ifdef FER_KERNEL_resize_grad
__kernel void resize_grad(FER_IN(dy), FER_OUT(out), const float ratio_h, const float ratio_w, const int span)
{
    for (FER_SPAN(item, FER_CELLS(out), span)) {
        const int n = FER_CELL_N(out_dim, item), c = FER_CELL_C(out_dim, item), p = FER_CELL_P(out_dim, item);
        const int h = p / out_dim.w, w = p % out_dim.w;
        const int h1 = LAST_OUT(h, out_dim.z, dy_dim.z, ratio_h), w1 = LAST_OUT(w, out_dim.w, dy_dim.w, ratio_w);
        FER_V sum = 0.0f;
        for (int i = FIRST_OUT(h, out_dim.z, dy_dim.z, ratio_h); i <= h1; i++) {
            const float row = TAP(i, h, out_dim.z, dy_dim.z, ratio_h);
            if (row == 0.0f)
                continue;
            for (int j = FIRST_OUT(w, out_dim.w, dy_dim.w, ratio_w); j <= w1; j++)
                sum += row * TAP(j, w, out_dim.w, dy_dim.w, ratio_w) * FER_VLOAD(dy, n, c, i * dy_dim.w + j);
        }
        FER_CELL_STORE(out, item, sum);
    }
}
#endif
