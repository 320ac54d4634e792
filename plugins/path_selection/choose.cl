/* SPDX-License-Identifier: Apache-2.0
 *
 * Network g of G gives x [N, members] of the classes `member` (in a tensor of floats); b [N, G] says how much it counts:
 *
 *   SELECT    w = b[g] where b[g] is the first of the largest, else 0      PRODUCT   w = b[g]      CONCAT   w = 1 / G
 *
 * probs[n, member[j]] = w x[n, j].  One launch a network; a work-item a sample.
 */
#if defined(SELECT) || defined(FER_KERNEL_path)
static inline int best_of(FER_IN(b), const int n)
{
    int best = 0;
    for (int k = 1; k < b_dim.y; k++)
        if (DATA(b)[n * b_dim.y + k] > DATA(b)[n * b_dim.y + best])
            best = k;
    return best;
}
#define BEST(n) best_of(b_data, b_offset, b_dim, n)
#endif
#if defined(SELECT)
#define COUNTS(n, g) (BEST(n) == (g))
#define WEIGHT(n, g) (COUNTS(n, g) ? DATA(b)[(n)*b_dim.y + (g)] : 0.0f)
#elif defined(PRODUCT)
#define COUNTS(n, g) 1
#define WEIGHT(n, g) DATA(b)[(n)*b_dim.y + (g)]
#else
#define COUNTS(n, g) 0
#define WEIGHT(n, g) (1.0f / (float)b_dim.y)
#endif
#define SAMPLE(t)                                                                                                        \
    const int n = get_global_id(0);                                                                                      \
    if (n >= t##_dim.x)                                                                                                  \
        return;

#ifdef FER_KERNEL_choose
__kernel void choose(FER_IN(b), FER_IN(x), FER_IN(member), FER_INOUT(probs), const int g)
{
    SAMPLE(x)
    const float w = WEIGHT(n, g);
    for (int j = 0; j < x_dim.y; j++)
        DATA(probs)[n * probs_dim.y + (int)DATA(member)[j]] = w * DATA(x)[n * x_dim.y + j];
}
#endif

#ifdef FER_KERNEL_path
__kernel void path(FER_IN(b), FER_OUT(chosen))
{
    SAMPLE(b)
    DATA(chosen)[n] = BEST(n);
}
#endif

#ifdef FER_KERNEL_choose_grad
__kernel void choose_grad(FER_IN(b), FER_IN(dprobs), FER_IN(member), FER_OUT(dx), const int g)
{
    SAMPLE(dx)
    const float w = WEIGHT(n, g);
    for (int j = 0; j < dx_dim.y; j++)
        DATA(dx)[n * dx_dim.y + j] = w * DATA(dprobs)[n * dprobs_dim.y + (int)DATA(member)[j]];
}
#endif

#ifdef FER_KERNEL_weight_grad
__kernel void weight_grad(FER_IN(b), FER_IN(x), FER_IN(dprobs), FER_IN(member), FER_INOUT(db), const int g)
{
    SAMPLE(x)
    float sum = 0.0f;
    if (COUNTS(n, g))
        for (int j = 0; j < x_dim.y; j++)
            sum += DATA(x)[n * x_dim.y + j] * DATA(dprobs)[n * dprobs_dim.y + (int)DATA(member)[j]];
    DATA(db)[n * b_dim.y + g] = sum;
}
#endif
