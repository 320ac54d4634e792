/* SPDX-License-Identifier: Apache-2.0
 *
 * Losses that are means over elements: bce, mse, l1.  A work-group of 64 treats a sample; LOSS(x, t) and its derivatives
 * DX and DT are chosen by the option that names the loss.
 */
#if defined(BCE)
/* Logarithms are held above -100, as in PyTorch, so that a wrong certainty costs 100 and not infinity.  A NaN stays. */
#define HELD(v) ((v) < -100.0f ? -100.0f : (v))
#define LOSS(x, t) (-((t)*HELD(log(x)) + (1.0f - (t)) * HELD(log1p(-(x)))))
#define DX(x, t) (((x) - (t)) / fmax((x) * (1.0f - (x)), 1e-12f))
#define DT(x, t) (HELD(log1p(-(x))) - HELD(log(x)))
#elif defined(BCE_LOGITS)
#define LOSS(x, t) (fmax(x, 0.0f) - (x) * (t) + log1p(exp(-fabs(x))))
#define DX(x, t) (1.0f / (1.0f + exp(-(x))) - (t))
#define DT(x, t) (-(x))
#elif defined(MSE)
#define LOSS(x, t) (((x) - (t)) * ((x) - (t)))
#define DX(x, t) (2.0f * ((x) - (t)))
#define DT(x, t) (2.0f * ((t) - (x)))
#elif defined(L1)
#define LOSS(x, t) fabs((x) - (t))
#define DX(x, t) (float)(((x) > (t)) - ((x) < (t)))
#define DT(x, t) (float)(((t) > (x)) - ((t) < (x)))
#endif
#ifdef ALONE
#define TARGETS
#define TARGET(i) 0.0f
#else
#define TARGETS FER_IN(t),
#define TARGET(i) (float)DATA(t)[i]
#endif

#ifdef FER_KERNEL_pointwise
FER_GROUP void pointwise(FER_IN(x), TARGETS FER_OUT(sample), FER_OUT(weight), const int row)
{
    __local float part[64];
    const int lane = get_local_id(0), n = get_group_id(0);
    const size_t at = (size_t)n * row;
    float sum = 0.0f;
    for (int i = lane; i < row; i += 64)
        sum += LOSS(DATA(x)[at + i], TARGET(at + i));
    FER_REDUCE(part, lane, sum, FER_PLUS)
    if (lane == 0) {
        DATA(sample)[n] = sum / (float)row;
        DATA(weight)[n] = 1.0f;
    }
}
#endif

/* OF is DX for the gradient of x and DT for that of t. */
#ifdef FER_KERNEL_pointwise_grad
__kernel void pointwise_grad(FER_IN(x), TARGETS FER_IN(coef), FER_OUT(out), const int row, const int span)
{
    for (FER_SPAN(i, SIZE(out), span))
        DATA(out)[i] = DATA(coef)[i / row] / (float)row * OF(DATA(x)[i], TARGET(i));
}
#endif
