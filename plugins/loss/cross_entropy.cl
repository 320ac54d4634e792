/* SPDX-License-Identifier: Apache-2.0
 *
 * Cross entropy of logits [N, K] with labels (one class of each sample, or with SOFT a distribution).  Class weights w,
 * label smoothing e (Szegedy et al. 2016) as in PyTorch:
 *
 *   hard  loss_n = -(1 - e) w_y log p_y - e/K sum_k w_k log p_k, weight_n = w_y;  label < 0: both are 0
 *   soft  t_k = (1 - e) label_k + e/K, loss_n = -sum_k w_k t_k log p_k, weight_n = 1
 *
 * A label past the last class makes the loss a NaN, which stops the run.  A work-group of 64 treats a sample.
 */
#ifdef WEIGHTED
#define WEIGHTS FER_IN(class_weight),
#define CLASS_WEIGHT(k) DATA(class_weight)[k]
#else
#define WEIGHTS
#define CLASS_WEIGHT(k) 1.0f
#endif
#define REDUCE(v, join) FER_REDUCE(part, lane, v, join)
#define SAMPLE                                                                                                           \
    __local float part[64];                                                                                              \
    const int lane = get_local_id(0), n = get_group_id(0), classes = x_dim.y;                                            \
    __global const float *row = DATA(x) + (size_t)n * classes;

#ifdef FER_KERNEL_cross_entropy
/* level[n] = the largest logit, and the log of the sum of exp(logit - that). */
FER_GROUP void cross_entropy(FER_IN(x), FER_IN(label), WEIGHTS FER_OUT(sample), FER_OUT(weight), FER_OUT(level), const float smooth)
{
    SAMPLE
    float best = -INFINITY, sum = 0.0f, loss = 0.0f;
    for (int k = lane; k < classes; k += 64)
        best = fmax(best, row[k]);
    REDUCE(best, fmax)
    for (int k = lane; k < classes; k += 64)
        sum += exp(row[k] - best);
    REDUCE(sum, FER_PLUS)
    const float rest = log(sum);
#ifdef SOFT
    for (int k = lane; k < classes; k += 64) {
        const float t = (1.0f - smooth) * DATA(label)[(size_t)n * classes + k] + smooth / (float)classes;
        if (t != 0.0f)
            loss += CLASS_WEIGHT(k) * t * (rest - (row[k] - best));
    }
    REDUCE(loss, FER_PLUS)
    const float counts = 1.0f;
#else
    const int y = DATA(label)[n];
    const float counts = y < 0 ? 0.0f : y < classes ? CLASS_WEIGHT(min(y, classes - 1)) : NAN;
    if (smooth > 0.0f) {
        for (int k = lane; k < classes; k += 64)
            loss += CLASS_WEIGHT(k) * (rest - (row[k] - best));
        REDUCE(loss, FER_PLUS)
        loss *= smooth / (float)classes;
    }
    if (y < 0)
        loss = 0.0f;
    else
        loss += (1.0f - smooth) * counts * (rest - (row[min(y, classes - 1)] - best));
#endif
    if (lane == 0) {
        DATA(sample)[n] = loss;
        DATA(weight)[n] = counts;
        DATA(level)[2 * n] = best;
        DATA(level)[2 * n + 1] = rest;
    }
}
#endif

/* With t_k what multiplies -log p_k: dx_k = coef (p_k sum_j t_j - t_k). */
#ifdef FER_KERNEL_cross_entropy_grad
FER_GROUP void cross_entropy_grad(FER_IN(x), FER_IN(label), WEIGHTS FER_IN(level), FER_IN(coef), FER_OUT(dx), const float smooth)
{
    SAMPLE
    const float g = DATA(coef)[n], best = DATA(level)[2 * n], rest = DATA(level)[2 * n + 1];
    float all = 0.0f;
#ifdef SOFT
#define TARGET(k)                                                                                                        \
    (CLASS_WEIGHT(k) * ((1.0f - smooth) * DATA(label)[(size_t)n * classes + (k)] + smooth / (float)classes))
#else
    const int y = DATA(label)[n];
#define TARGET(k)                                                                                                        \
    (y < 0 ? 0.0f : CLASS_WEIGHT(k) * (smooth / (float)classes + ((k) == y ? 1.0f - smooth : 0.0f)))
#endif
    for (int k = lane; k < classes; k += 64)
        all += TARGET(k);
    REDUCE(all, FER_PLUS)
    for (int k = lane; k < classes; k += 64)
        DATA(dx)[(size_t)n * classes + k] = g * (exp(row[k] - best - rest) * all - TARGET(k));
}
#endif

/* The gradient of a distribution, for losses that learn labels: -w_k (1 - e) log p_k coef. */
#ifdef FER_KERNEL_label_grad
FER_GROUP void label_grad(FER_IN(x), WEIGHTS FER_IN(level), FER_IN(coef), FER_OUT(dlabel), const float smooth)
{
    const int lane = get_local_id(0), n = get_group_id(0), classes = x_dim.y;
    for (int k = lane; k < classes; k += 64)
        DATA(dlabel)[(size_t)n * classes + k] = DATA(coef)[n] * CLASS_WEIGHT(k) * (1.0f - smooth) *
                                                (DATA(level)[2 * n + 1] - (DATA(x)[(size_t)n * classes + k] - DATA(level)[2 * n]));
}
#endif
