/* SPDX-License-Identifier: Apache-2.0
 *
 * softmax_mse (eq. 1)       loss_n = sum over k of (softmax(a)_k - softmax(b)_k)^2
 * loss_inequality (eq. 3)   loss_n = max(0, H(y, b) - H(y, a)), H the cross entropy of logits with label y
 *
 * a are the logits of the network that learns, b those of the one that guides.  A work-group of 64 treats a sample.
 * level f32[N][4]: the largest logit and the log of the sum of exp(logit - that), of a and of b.
 */
#define REDUCE(v, join) FER_REDUCE(part, lane, v, join)
#define SAMPLE                                                                                                           \
    __local float part[64];                                                                                              \
    const int lane = get_local_id(0), n = get_group_id(0), classes = a_dim.y;                                            \
    __global const float *first = DATA(a) + (size_t)n * classes, *second = DATA(b) + (size_t)n * classes;
#define LOG_P(row, k, best, rest) ((row)[k] - (best) - (rest))
/* `best` and `rest` of a row of logits. */
#define MEASURE(row, best, rest)                                                                                         \
    float best = -INFINITY, rest = 0.0f;                                                                                 \
    for (int k = lane; k < classes; k += 64)                                                                             \
        best = fmax(best, row[k]);                                                                                       \
    REDUCE(best, fmax)                                                                                                   \
    for (int k = lane; k < classes; k += 64)                                                                             \
        rest += exp(row[k] - best);                                                                                      \
    REDUCE(rest, FER_PLUS)                                                                                                    \
    rest = log(rest);
#define LEVELS                                                                                                           \
    const float best_a = DATA(level)[4 * n], rest_a = DATA(level)[4 * n + 1];                                            \
    const float best_b = DATA(level)[4 * n + 2], rest_b = DATA(level)[4 * n + 3];
#define KEEP_LEVELS                                                                                                      \
    DATA(level)[4 * n] = best_a;                                                                                         \
    DATA(level)[4 * n + 1] = rest_a;                                                                                     \
    DATA(level)[4 * n + 2] = best_b;                                                                                     \
    DATA(level)[4 * n + 3] = rest_b;
#define COEF                                                                                                             \
    ((uses & 1 ? DATA(dloss)[0] / (float)a_dim.x : 0.0f) + (uses & 2 ? DATA(dsample)[n] : 0.0f))

#ifdef FER_KERNEL_softmax_mse
FER_GROUP void softmax_mse(FER_IN(a), FER_IN(b), FER_OUT(sample), FER_OUT(level))
{
    SAMPLE
    MEASURE(first, best_a, rest_a)
    MEASURE(second, best_b, rest_b)
    float sum = 0.0f;
    for (int k = lane; k < classes; k += 64) {
        const float d = exp(LOG_P(first, k, best_a, rest_a)) - exp(LOG_P(second, k, best_b, rest_b));
        sum += d * d;
    }
    REDUCE(sum, FER_PLUS)
    if (lane == 0) {
        DATA(sample)[n] = sum;
        KEEP_LEVELS
    }
}
#endif

/* With p the softmax of this side and u = 2 (p - that of the other): p_k (u_k - sum of u p). */
#ifdef FER_KERNEL_softmax_mse_grad
FER_GROUP void softmax_mse_grad(FER_IN(a), FER_IN(b), FER_IN(level), FER_IN(dloss), FER_IN(dsample), const int uses,
                            FER_OUT(out), const int side)
{
    SAMPLE
    LEVELS
    const float coef = COEF;
    float sum = 0.0f;
#define SIDES                                                                                                            \
    const float pa = exp(LOG_P(first, k, best_a, rest_a)), pb = exp(LOG_P(second, k, best_b, rest_b));                   \
    const float mine = side ? pb : pa, u = 2.0f * (side ? pb - pa : pa - pb);
    for (int k = lane; k < classes; k += 64) {
        SIDES
        sum += u * mine;
    }
    REDUCE(sum, FER_PLUS)
    for (int k = lane; k < classes; k += 64) {
        SIDES
        DATA(out)[(size_t)n * classes + k] = coef * mine * (u - sum);
    }
}
#endif

/* A label past the last class makes the loss a NaN, which stops the run; one below 0 costs nothing. */
#ifdef FER_KERNEL_inequality
FER_GROUP void inequality(FER_IN(a), FER_IN(b), FER_IN(label), FER_OUT(sample), FER_OUT(level))
{
    SAMPLE
    MEASURE(first, best_a, rest_a)
    MEASURE(second, best_b, rest_b)
    if (lane == 0) {
        const int y = DATA(label)[n], k = clamp(y, 0, classes - 1);
        const float excess = LOG_P(first, k, best_a, rest_a) - LOG_P(second, k, best_b, rest_b);
        DATA(sample)[n] = y < 0 ? 0.0f : y >= classes ? NAN : excess < 0.0f ? 0.0f : excess;
        KEEP_LEVELS
    }
}
#endif

/* Where the hinge is open: 1[k = y] - p_k for the network that learns, the opposite for the one that guides. */
#ifdef FER_KERNEL_inequality_grad
FER_GROUP void inequality_grad(FER_IN(a), FER_IN(b), FER_IN(label), FER_IN(sample), FER_IN(level), FER_IN(dloss),
                           FER_IN(dsample), const int uses, FER_OUT(out), const int side)
{
    SAMPLE
    LEVELS
    const float coef = DATA(sample)[n] > 0.0f ? COEF : 0.0f;
    const int y = DATA(label)[n];
    (void)part;
    for (int k = lane; k < classes; k += 64) {
        const float p = side ? exp(LOG_P(second, k, best_b, rest_b)) : exp(LOG_P(first, k, best_a, rest_a));
        const float slope = (k == y ? 1.0f : 0.0f) - p;
        DATA(out)[(size_t)n * classes + k] = coef * (side ? -slope : slope);
    }
}
#endif
