/* SPDX-License-Identifier: Apache-2.0
 *
 * normalize: (x - mean) / std with given numbers for each channel, or one for all.
 * l2_normalize: each pixel's channels (rank 2: each row) brought to length 1.
 */
#define ZERO_TAIL(t)                                                                                                     \
    for (int k = 0; k < tail; k++)                                                                                       \
        STORE(t, n, t##_dim.y + k, p, 0.0f);

/* table: factor and shift of each channel: out = x factor + shift (backward: shift left out). */
#ifdef FER_KERNEL_channels
__kernel void channels(FER_IN(x), FER_IN(table), FER_OUT(out), const int backward, const int tail, const int span)
{
    for (FER_SPAN(i, FER_PLAIN_SIZE(out_dim), span)) {
        const int n = FER_CELL_N(out_dim, i), c = FER_CELL_C(out_dim, i), p = FER_CELL_P(out_dim, i);
        const float factor = DATA(table)[2 * c], shift = backward ? 0.0f : DATA(table)[2 * c + 1];
        STORE(out, n, c, p, LOAD(x, n, c, p) * factor + shift);
        if (c == out_dim.y - 1)
            ZERO_TAIL(out)
    }
}
#endif

/* As torch.nn.functional.normalize: x / max(|x|, eps). */
#ifdef FER_KERNEL_l2
__kernel void l2(FER_IN(x), FER_OUT(out), const float eps, const int tail, const int span)
{
    for (FER_SPAN(i, (size_t)x_dim.x *FER_PLANE(x_dim), span)) {
        const int n = (int)(i / FER_PLANE(x_dim)), p = (int)(i % FER_PLANE(x_dim));
        float squares = 0.0f;
        for (int c = 0; c < x_dim.y; c++)
            squares += LOAD(x, n, c, p) * LOAD(x, n, c, p);
        const float inverse = 1.0f / fmax(sqrt(squares), eps);
        for (int c = 0; c < x_dim.y; c++)
            STORE(out, n, c, p, LOAD(x, n, c, p) * inverse);
        ZERO_TAIL(out)
    }
}
#endif

/* dx = (dy - u (u . dy)) / |x|, u = x / |x|; below eps the length is a constant. */
#ifdef FER_KERNEL_l2_grad
__kernel void l2_grad(FER_IN(x), FER_IN(dy), FER_OUT(out), const float eps, const int tail, const int span)
{
    for (FER_SPAN(i, (size_t)x_dim.x *FER_PLANE(x_dim), span)) {
        const int n = (int)(i / FER_PLANE(x_dim)), p = (int)(i % FER_PLANE(x_dim));
        float squares = 0.0f, along = 0.0f;
        for (int c = 0; c < x_dim.y; c++) {
            squares += LOAD(x, n, c, p) * LOAD(x, n, c, p);
            along += LOAD(x, n, c, p) * LOAD(dy, n, c, p);
        }
        const float length = sqrt(squares), inverse = 1.0f / fmax(length, eps);
        const float back = length > eps ? along * inverse * inverse : 0.0f;
        for (int c = 0; c < x_dim.y; c++)
            STORE(out, n, c, p, (LOAD(dy, n, c, p) - LOAD(x, n, c, p) * back) * inverse);
        ZERO_TAIL(out)
    }
}
#endif
