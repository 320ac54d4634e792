/* SPDX-License-Identifier: Apache-2.0
 *
 * Softmax over the channels of each pixel, the largest logit subtracted first.  GROUP work-items share a pixel.
 */
#if GROUP > 1
#define SHARED __local float part[GROUP]; const int lane = get_local_id(0);
#define EACH_PIXEL(d, item) const size_t item = get_group_id(0);
#define REDUCE(v, join)                                                                                                  \
    barrier(CLK_LOCAL_MEM_FENCE);                                                                                        \
    part[lane] = v;                                                                                                      \
    barrier(CLK_LOCAL_MEM_FENCE);                                                                                        \
    for (int reach = GROUP / 2; reach > 0; reach /= 2) {                                                                    \
        if (lane < reach)                                                                                                 \
            part[lane] = join(part[lane], part[lane + reach]);                                                            \
        barrier(CLK_LOCAL_MEM_FENCE);                                                                                    \
    }                                                                                                                    \
    v = part[0];
#else
#define SHARED const int lane = 0;
#define EACH_PIXEL(d, item) for (FER_SPAN(item, (size_t)d.x *FER_PLANE(d), span))
#define REDUCE(v, join)
#endif
#define ADD(a, b) ((a) + (b))
#define CHANNELS(t, c) for (int c = lane; c < t##_dim.y; c += GROUP)
#define ZERO_TAIL(t)                                                                                                     \
    if (lane == 0)                                                                                                       \
        for (int k = 0; k < tail; k++)                                                                                   \
            STORE(t, n, t##_dim.y + k, p, 0.0f);

#ifdef FER_KERNEL_softmax
__kernel void softmax(FER_IN(x), FER_OUT(y), const int tail, const int span)
{
    SHARED
    EACH_PIXEL(x_dim, item) {
        const int n = (int)(item / FER_PLANE(x_dim)), p = (int)(item % FER_PLANE(x_dim));
        float best = -INFINITY, sum = 0.0f;
        CHANNELS(x, c)
            best = fmax(best, LOAD(x, n, c, p));
        REDUCE(best, fmax)
        CHANNELS(x, c)
            sum += exp(LOAD(x, n, c, p) - best);
        REDUCE(sum, ADD)
        CHANNELS(x, c)
            STORE(y, n, c, p, exp(LOAD(x, n, c, p) - best) / sum);
        ZERO_TAIL(y)
    }
}
#endif

/* dx = y (dy - sum of y dy) */
#ifdef FER_KERNEL_softmax_grad
__kernel void softmax_grad(FER_IN(y), FER_IN(dy), FER_OUT(dx), const int tail, const int span)
{
    SHARED
    EACH_PIXEL(y_dim, item) {
        const int n = (int)(item / FER_PLANE(y_dim)), p = (int)(item % FER_PLANE(y_dim));
        float sum = 0.0f;
        CHANNELS(y, c)
            sum += LOAD(y, n, c, p) * LOAD(dy, n, c, p);
        REDUCE(sum, ADD)
        CHANNELS(y, c)
            STORE(dx, n, c, p, LOAD(y, n, c, p) * (LOAD(dy, n, c, p) - sum));
        ZERO_TAIL(dx)
    }
}
#endif
