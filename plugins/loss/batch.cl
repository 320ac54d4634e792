/* SPDX-License-Identifier: Apache-2.0
 *
 * From losses of samples to the loss of a batch, and back.  One work-group of 64; sums in an order that depends on the
 * live batch alone.
 */
#ifdef FER_KERNEL_batch_mean
/* mean[0] = sum of sample / sum of weight; mean[1] = 1 / sum of weight (0 when no sample counts). */
FER_GROUP void batch_mean(FER_IN(sample), FER_IN(weight), FER_OUT(loss), FER_OUT(share))
{
    __local float part[64];
    const int lane = get_local_id(0);
    float s = 0.0f, w = 0.0f;
    for (int n = lane; n < sample_dim.x; n += 64) {
        s += DATA(sample)[n];
        w += DATA(weight)[n];
    }
    FER_REDUCE(part, lane, s, FER_PLUS)
    FER_REDUCE(part, lane, w, FER_PLUS)
    if (lane == 0) {
        DATA(share)[0] = w != 0.0f ? 1.0f / w : 0.0f;
        DATA(loss)[0] = w != 0.0f ? s / w : 0.0f;
    }
}
#endif

/* coef[n] = what the gradient of sample n's loss is multiplied with, out of the gradients of both outputs. */
#ifdef FER_KERNEL_row_gradient
__kernel void row_gradient(FER_IN(share), FER_IN(dloss), FER_IN(dsample), FER_OUT(coef), const int uses)
{
    const int n = get_global_id(0);
    if (n >= coef_dim.x)
        return;
    float g = uses & 1 ? DATA(dloss)[0] * DATA(share)[0] : 0.0f;
    if (uses & 2)
        g += DATA(dsample)[n];
    DATA(coef)[n] = g;
}
#endif
