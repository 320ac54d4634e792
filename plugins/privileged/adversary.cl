/* SPDX-License-Identifier: Apache-2.0
 *
 * Losses of logits t, D = sigmoid(t): -log D is softplus(-t), -log (1 - D) is softplus(t); softplus without overflow.
 *
 *   gan_discriminator   mean of softplus(-real) + mean of softplus(fake)
 *   gan_generator       mean of softplus(-fake)
 *
 * means over the logits of a sample.  A work-group of 64 treats a sample.
 */
static inline float softplus(const float t)
{
    return (t < 0.0f ? 0.0f : t) + log1p(exp(-fabs(t)));
}

/* sample (+)= mean of softplus(sign t) */
#ifdef FER_KERNEL_adversary
FER_GROUP void adversary(FER_IN(t), FER_INOUT(sample), const float sign, const int more)
{
    __local float part[64];
    const int lane = get_local_id(0), n = get_group_id(0), row = t_dim.y * (int)FER_PLANE(t_dim);
    float sum = 0.0f;
    for (int i = lane; i < row; i += 64)
        sum += softplus(sign * DATA(t)[(size_t)n * row + i]);
    FER_REDUCE(part, lane, sum, FER_PLUS)
    if (lane == 0)
        DATA(sample)[n] = sum / (float)row + (more ? DATA(sample)[n] : 0.0f);
}
#endif

/* sign sigmoid(sign t) */
#ifdef FER_KERNEL_adversary_grad
__kernel void adversary_grad(FER_IN(t), FER_IN(dloss), FER_IN(dsample), const int uses, FER_OUT(out), const float sign,
                             const int span)
{
    const int row = t_dim.y * (int)FER_PLANE(t_dim);
    for (FER_SPAN(i, SIZE(out), span)) {
        const float coef = (uses & 1 ? DATA(dloss)[0] / (float)t_dim.x : 0.0f) + (uses & 2 ? DATA(dsample)[i / row] : 0.0f);
        DATA(out)[i] = coef / (float)row * sign / (1.0f + exp(-sign * DATA(t)[i]));
    }
}
#endif
