/* SPDX-License-Identifier: Apache-2.0
 *
 * One pass over a run of weights, in vectors of WIDTH: 16 or 1.  control: learning rate, factor of the gradients, number of updates
 * done including this one, and 1 when this one is to be skipped: then nothing changes.
 */
#define V float16
#define GET(t) fer_load16(0, DATA(t) + i)
#define PUT(t, v) fer_store16(v, 0, DATA(t) + i)
#define ONE(t) DATA(t)[i]
#define PUT_ONE(t, v) DATA(t)[i] = (v)
#define RATE DATA(control)[0]
#define FACTOR DATA(control)[1]
#define COUNT DATA(control)[2]
#define SKIPPED (DATA(control)[3] != 0.0f)

/* With WIDTH 1, for GPUs, a work-item of a work-group of GROUP treats SHARE elements, neighbours neighbouring ones: what
 * depends on the step alone is computed once for them.  Else work-item k treats `span` elements from k * span: vectors, then
 * what remains. */
#if WIDTH == 1
#define GROUP 64
#define SHARE 4
#define KERNEL __kernel __attribute__((reqd_work_group_size(GROUP, 1, 1)))
#define SPAN
#define EACH(STEP)                                                                                                       \
    if (SKIPPED)                                                                                                         \
        return;                                                                                                          \
    _Pragma("unroll") for (int k = 0; k < SHARE; k++)                                                                    \
    {                                                                                                                    \
        const size_t i = (get_group_id(0) * SHARE + k) * GROUP + get_local_id(0);                                        \
        if (i < (size_t)SIZE(weight))                                                                                    \
            STEP(float, ONE, PUT_ONE)                                                                                    \
    }
#else
#define KERNEL __kernel
#define SPAN , const int span
#define EACH(STEP)                                                                                                       \
    size_t i = get_global_id(0) * (size_t)span;                                                                          \
    const size_t end = min(i + (size_t)span, (size_t)SIZE(weight));                                                      \
    if (SKIPPED)                                                                                                         \
        return;                                                                                                          \
    for (; i + WIDTH <= end; i += WIDTH)                                                                                 \
        STEP(V, GET, PUT)                                                                                                \
    for (; i < end; i++)                                                                                                 \
        STEP(float, ONE, PUT_ONE)
#endif

/* torch.optim.SGD: g += decay w; m = g at first, then momentum m + (1 - dampening) g; w -= rate (nesterov ? g + momentum m : m) */
#ifdef FER_KERNEL_sgd
#define SGD(T, LOAD_, STORE_)                                                                                            \
    {                                                                                                                    \
        const T w = LOAD_(weight);                                                                                       \
        T g = LOAD_(grad) * factor + decay * w;                                                                          \
        if (momentum != 0.0f) {                                                                                          \
            const T m = first ? g : momentum * LOAD_(velocity) + fresh * g;                                              \
            STORE_(velocity, m);                                                                                         \
            g = nesterov ? g + momentum * m : m;                                                                         \
        }                                                                                                                \
        STORE_(weight, w - rate * g);                                                                                    \
    }
KERNEL void sgd(FER_INOUT(weight), FER_IN(grad), FER_INOUT(velocity), FER_IN(control), const float decay,
                  const float momentum, const float fresh, const int nesterov SPAN)
{
    const float rate = RATE, factor = FACTOR;
    const bool first = COUNT <= 1.0f;
    EACH(SGD)
}
#endif

/* torch.optim.Adam (Kingma, Ba 2015) and, DECOUPLED, AdamW (Loshchilov, Hutter 2019).  1 - beta^t is taken with expm1,
 * because 1 - 0.999 loses four digits in floats; log_beta is the logarithm of beta. */
#ifdef FER_KERNEL_adam
#ifdef DECOUPLED
#define DECAYED(w) ((w) * (1.0f - rate * decay))
#define GRADIENT(g, w) (g)
#else
#define DECAYED(w) (w)
#define GRADIENT(g, w) ((g) + decay * (w))
#endif
#define ADAM(T, LOAD_, STORE_)                                                                                           \
    {                                                                                                                    \
        const T w = LOAD_(weight);                                                                                       \
        const T g = GRADIENT(LOAD_(grad) * factor, w);                                                                   \
        const T m = beta1 * LOAD_(mean) + rest1 * g;                                                                     \
        const T v = beta2 * LOAD_(square) + rest2 * g * g;                                                               \
        STORE_(mean, m);                                                                                                 \
        STORE_(square, v);                                                                                               \
        STORE_(weight, DECAYED(w) - pace * m / (sqrt(v) * widen + eps));                                                 \
    }
KERNEL void adam(FER_INOUT(weight), FER_IN(grad), FER_INOUT(mean), FER_INOUT(square), FER_IN(control),
                   const float decay, const float beta1, const float rest1, const float log_beta1, const float beta2,
                   const float rest2, const float log_beta2, const float eps SPAN)
{
    const float rate = RATE, factor = FACTOR, t = COUNT;
    const float pace = beta1 > 0.0f ? rate / -expm1(t * log_beta1) : rate;
    const float widen = beta2 > 0.0f ? rsqrt(-expm1(t * log_beta2)) : 1.0f;
    EACH(ADAM)
}
#endif
