/* SPDX-License-Identifier: Apache-2.0
 *
 * Reductions over any of the axes n, c, h, w: OVER is a set of bits 1, 2, 4, 8.  GROUP work-items share one cell of the
 * result and meet in local memory; with GROUP=1 each has its own.  FLAT: the result is not of rank 4, but its elements in
 * the order n, c, h, w.  Sums are taken in an order that depends on shapes alone.
 */
#define OVER_N (((OVER) & 1) != 0)
#define OVER_C (((OVER) & 2) != 0)
#define OVER_H (((OVER) & 4) != 0)
#define OVER_W (((OVER) & 8) != 0)

/* Place `o` among the cells of the result, given the shape of what is reduced. */
struct place {
    int n, c, p;          /* in the result, axes that are summed over having length 1 */
    int n0, n1, c0, c1;   /* in the argument */
    int p0, step, count;  /* pixels p0 + step * 0 … count - 1 */
    int channels, pixels; /* of the result */
};

static inline void find_place(struct place *a, const size_t o, const int4 d)
{
    const int blocks = OVER_C ? 1 : FER_CELL_BLOCKS(d);
    const int h = OVER_H ? 1 : d.z, w = OVER_W ? 1 : d.w;
    a->channels = OVER_C ? 1 : d.y;
    a->pixels = h * w;
    const uint plane = (uint)fer_divide(o, a->pixels);
    a->p = (int)(o - (size_t)plane * a->pixels);
    a->n = (int)(plane / (uint)blocks);
    a->c = (int)(plane % (uint)blocks) * FER_LANES;
    a->n0 = OVER_N ? 0 : a->n;
    a->n1 = OVER_N ? d.x : a->n + 1;
    a->c0 = OVER_C ? 0 : a->c;
    a->c1 = OVER_C ? d.y : a->c + 1;
    a->step = OVER_H > OVER_W ? d.w : 1; /* rows only */
    a->p0 = OVER_H ? (OVER_W ? 0 : a->p) : a->p * (OVER_W ? d.w : 1);
    a->count = (OVER_H ? d.z : 1) * (OVER_W ? d.w : 1);
}

#ifdef FLAT
#define FLAT_PLACE(a, k) (((size_t)a.n * a.channels + a.c + (k)) * a.pixels + a.p)
#define RESULT(out, a, k) FER_GET(out, FLAT_PLACE(a, k))
#define SET_RESULT(out, a, k, v) FER_PUT(out, FLAT_PLACE(a, k), v)
#else
#define RESULT(out, a, k) LOAD(out, a.n, a.c + (k), a.p)
#define SET_RESULT(out, a, k, v) STORE(out, a.n, a.c + (k), a.p, v)
#endif

#if FER_LANES == 16
#define FOLD(v, all)                                                                                                     \
    {                                                                                                                    \
        float lane[16], sum = 0.0f;                                                                                      \
        fer_store16(v, 0, lane);                                                                                            \
        if (OVER_C) {                                                                                                    \
            for (int k = 0; k < 16; k++)                                                                                 \
                sum = JOIN(sum, lane[k], k);                                                                             \
            lane[0] = sum;                                                                                               \
        }                                                                                                                \
        for (int k = 0; k < 16; k++)                                                                                     \
            if (a.c + k < a.channels)                                                                                    \
                SET_RESULT(out, a, k, lane[k] * factor);                                                                 \
            else if (all)                                                                                                \
                SET_RESULT(out, a, k, 0.0f);                                                                             \
    }
#else
#define FOLD(v, all) SET_RESULT(out, a, 0, (v)*factor);
#endif
#ifdef FLAT
#define KEEP_RESULT(v) FOLD(v, 0)
#else
#define KEEP_RESULT(v) FOLD(v, 1)
#endif

#ifdef MAXIMUM
#define START (FER_V)(-INFINITY)
#define BIGGER(s, v) ((v) > (s) || isnan(v) ? (v) : (s))
#if FER_LANES == 16
#define TAKE(s, v, c) ((isgreater(v, s) || isnan(v)) && ((c) + FER_LANE < x_dim.y) ? (v) : (s))
#else
#define TAKE(s, v, c) BIGGER(s, v)
#endif
#define JOIN(s, v, k) ((k) == 0 ? (v) : BIGGER(s, v))
#else
#define START (FER_V)(0.0f)
#define TAKE(s, v, c) ((s) + (v))
#define JOIN(s, v, k) ((s) + (v))
#endif

#ifdef FER_KERNEL_reduce
#ifdef PRODUCT
#define ARGUMENTS FER_IN(x), FER_IN(y), FER_OUT(out)
#define VALUE(n, c, p) FER_VLOAD(x, n, c, p) * FER_VLOAD(y, n, c, p)
#else
#define ARGUMENTS FER_IN(x), FER_OUT(out)
#define VALUE(n, c, p) FER_VLOAD(x, n, c, p)
#endif
#define REDUCE(first, stride)                                                                                            \
    for (int n = a.n0; n < a.n1; n++)                                                                                    \
        for (int c = a.c0; c < a.c1; c += FER_LANES)                                                                     \
            for (int q = first; q < a.count; q += stride) {                                                              \
                const FER_V v = VALUE(n, c, a.p0 + q * a.step);                                                          \
                s = TAKE(s, v, c);                                                                                       \
            }

#if GROUP > 1
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void reduce(ARGUMENTS, const float factor)
{
    __local float part[GROUP];
    const int lane = get_local_id(0);
    struct place a;
    find_place(&a, get_group_id(0), x_dim);
    float s = START;
    REDUCE(lane, GROUP)
    part[lane] = s;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int reach = GROUP / 2; reach > 0; reach /= 2) {
        if (lane < reach)
            part[lane] = JOIN(part[lane], part[lane + reach], 1);
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    if (lane == 0)
        KEEP_RESULT(part[0])
}
#else
__kernel void reduce(ARGUMENTS, const float factor, const int span)
{
    const size_t cells = (size_t)(OVER_N ? 1 : x_dim.x) * (OVER_C ? 1 : FER_CELL_BLOCKS(x_dim)) *
                         (OVER_H ? 1 : x_dim.z) * (OVER_W ? 1 : x_dim.w);
    for (FER_SPAN(o, cells, span)) {
        struct place a;
        find_place(&a, o, x_dim);
        FER_V s = START;
        REDUCE(0, 1)
        KEEP_RESULT(s)
    }
}
#endif
#endif

/* The result's place of element (n, c, p) of the argument, whose dim is d. */
#ifdef FLAT
#define SOURCE(t, d, n, c, p)                                                                                            \
    FER_GET(t, ((size_t)(OVER_N ? 0 : (n)) * (OVER_C ? 1 : d.y) + (OVER_C ? 0 : (c))) *                                  \
                       ((size_t)(OVER_H ? 1 : d.z) * (OVER_W ? 1 : d.w)) +                                               \
                   (OVER_H ? 0 : (p) / d.w) * (OVER_W ? 1 : d.w) + (OVER_W ? 0 : (p) % d.w))
#else
#define SOURCE(t, d, n, c, p)                                                                                            \
    LOAD(t, OVER_N ? 0 : (n), OVER_C ? 0 : (c), (OVER_H ? 0 : (p) / d.w) * (OVER_W ? 1 : d.w) + (OVER_W ? 0 : (p) % d.w))
#endif

/* dx = dy of its sum; compiled for one lane, so that zero lanes are written by the last channel's work-item. */
#ifdef FER_KERNEL_spread
__kernel void spread(FER_IN(dy), FER_OUT(out), const float factor, const int tail, const int span)
{
    for (FER_SPAN(i, FER_PLAIN_SIZE(out_dim), span)) {
        const int n = FER_CELL_N(out_dim, i), c = FER_CELL_C(out_dim, i), p = FER_CELL_P(out_dim, i);
        STORE(out, n, c, p, SOURCE(dy, out_dim, n, c, p) * factor);
        if (c == out_dim.y - 1)
            for (int k = 1; k <= tail; k++)
                STORE(out, n, c + k, p, 0.0f);
    }
}
#endif

/* The gradient of a maximum is shared evenly by the elements that attain it (torch.amax). */
#ifdef FER_KERNEL_maximum_grad
__kernel void maximum_grad(FER_IN(x), FER_IN(y), FER_IN(dy), FER_OUT(out), const int tail, const int span)
{
    const size_t cells = (size_t)(OVER_N ? 1 : x_dim.x) * (OVER_C ? 1 : x_dim.y) * (OVER_H ? 1 : x_dim.z) *
                         (OVER_W ? 1 : x_dim.w);
    for (FER_SPAN(o, cells, span)) {
        struct place a;
        find_place(&a, o, x_dim);
        const float best = RESULT(y, a, 0);
        int ties = 0;
        for (int n = a.n0; n < a.n1; n++)
            for (int c = a.c0; c < a.c1; c++)
                for (int q = 0; q < a.count; q++)
                    ties += LOAD(x, n, c, a.p0 + q * a.step) == best;
        const float share = RESULT(dy, a, 0) / (float)ties;
        for (int n = a.n0; n < a.n1; n++)
            for (int c = a.c0; c < a.c1; c++)
                for (int q = 0; q < a.count; q++) {
                    const int p = a.p0 + q * a.step;
                    STORE(out, n, c, p, LOAD(x, n, c, p) == best ? share : 0.0f);
                    if (c == x_dim.y - 1)
                        for (int k = 1; k <= tail; k++)
                            STORE(out, n, c + k, p, 0.0f);
                }
    }
}
#endif

/* out[n] = mean of rows n*views … n*views + views - 1, and its gradient. */
#ifdef FER_KERNEL_mean_views
__kernel void mean_views(FER_IN(x), FER_OUT(out), const int views, const int span)
{
    const size_t row = SIZE(out) / (size_t)out_dim.x;
    for (FER_SPAN(i, SIZE(out), span)) {
        float s = 0.0f;
        for (int v = 0; v < views; v++)
            s += DATA(x)[(i / row * (size_t)views + (size_t)v) * row + i % row];
        DATA(out)[i] = s / (float)views;
    }
}
#endif

#ifdef FER_KERNEL_mean_views_grad
__kernel void mean_views_grad(FER_IN(dy), FER_OUT(out), const int views, const int span)
{
    const size_t row = SIZE(out) / (size_t)out_dim.x;
    for (FER_SPAN(i, SIZE(out), span))
        DATA(out)[i] = DATA(dy)[i / row / (size_t)views * row + i % row] / (float)views;
}
#endif
