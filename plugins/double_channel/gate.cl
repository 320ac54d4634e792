/* SPDX-License-Identifier: Apache-2.0
 *
 * out = x g(p), p [N, 1, H, W] the probability that a region is covered.
 *
 *   training               g = 1 - p
 *   else                   g = 1 where p < threshold, and where it is not 0, or 1 - p with SOFT
 *
 * MOVES(p): whether g there follows p, with the derivative -1.
 */
#if defined(TRAINING)
#define GATE(p) (1.0f - (p))
#define MOVES(p) 1
#elif defined(SOFT)
#define GATE(p) ((p) < threshold ? 1.0f : 1.0f - (p))
#define MOVES(p) !((p) < threshold)
#else
#define GATE(p) ((p) < threshold ? 1.0f : (p) >= threshold ? 0.0f : (p))
#define MOVES(p) 0
#endif

/* Forward, and the gradient of x, which is dy times the same. */
#ifdef FER_KERNEL_gate
__kernel void gate(FER_IN(x), FER_IN(p), FER_OUT(out), const float threshold, const int span)
{
    for (FER_SPAN(i, FER_CELLS(out), span)) {
        const float v = LOAD(p, FER_CELL_N(out_dim, i), 0, FER_CELL_P(out_dim, i));
        FER_CELL_STORE(out, i, FER_CELL_LOAD(x, i) * GATE(v));
    }
}
#endif

/* dp = - sum over channels of x dy; a work-item a pixel. */
#ifdef FER_KERNEL_gate_grad
__kernel void gate_grad(FER_IN(x), FER_IN(p), FER_IN(dy), FER_OUT(out), const float threshold, const int tail,
                        const int span)
{
    for (FER_SPAN(i, FER_PLAIN_SIZE(out_dim), span)) {
        const int n = FER_CELL_N(out_dim, i), at = FER_CELL_P(out_dim, i);
        float sum = 0.0f;
        if (MOVES(LOAD(p, n, 0, at)))
            for (int c = 0; c < x_dim.y; c++)
                sum -= LOAD(x, n, c, at) * LOAD(dy, n, c, at);
        STORE(out, n, 0, at, sum);
        for (int k = 1; k <= tail; k++)
            STORE(out, n, k, at, 0.0f);
    }
}
#endif
