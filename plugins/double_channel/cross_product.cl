/* SPDX-License-Identifier: Apache-2.0
 *
 * spatial   y_c = a_cᵀ b_c for each channel c: y[i, j] = sum over h of a[h, i] b[h, j].  Written in cells.
 * channel   y = S b, S = a bᵀ / pixels: maps as matrices of channels by pixels, S f32[N][C][C].
 */
#define EACH for (FER_SPAN(i, FER_CELLS(out), span))
#define PLACE                                                                                                            \
    const int n = FER_CELL_N(out_dim, i), c = FER_CELL_C(out_dim, i), p = FER_CELL_P(out_dim, i);                        \
    const int row = p / out_dim.w, column = p % out_dim.w;

#ifdef FER_KERNEL_spatial
__kernel void spatial(FER_IN(a), FER_IN(b), FER_OUT(out), const int span)
{
    EACH {
        PLACE
        FER_V sum = (FER_V)(0.0f);
        for (int h = 0; h < a_dim.z; h++)
            sum += FER_VLOAD(a, n, c, h * a_dim.w + row) * FER_VLOAD(b, n, c, h * b_dim.w + column);
        FER_CELL_STORE(out, i, sum);
    }
}
#endif

/* da[h, i] = sum over j of dy[i, j] b[h, j] */
#ifdef FER_KERNEL_spatial_grad_a
__kernel void spatial_grad_a(FER_IN(b), FER_IN(dy), FER_OUT(out), const int span)
{
    EACH {
        PLACE
        FER_V sum = (FER_V)(0.0f);
        for (int j = 0; j < dy_dim.w; j++)
            sum += FER_VLOAD(dy, n, c, column * dy_dim.w + j) * FER_VLOAD(b, n, c, row * b_dim.w + j);
        FER_CELL_STORE(out, i, sum);
    }
}
#endif

/* db[h, j] = sum over i of dy[i, j] a[h, i] */
#ifdef FER_KERNEL_spatial_grad_b
__kernel void spatial_grad_b(FER_IN(a), FER_IN(dy), FER_OUT(out), const int span)
{
    EACH {
        PLACE
        FER_V sum = (FER_V)(0.0f);
        for (int k = 0; k < dy_dim.z; k++)
            sum += FER_VLOAD(dy, n, c, k * dy_dim.w + column) * FER_VLOAD(a, n, c, row * a_dim.w + k);
        FER_CELL_STORE(out, i, sum);
    }
}
#endif

/* out[c, d] = factor * sum over pixels of a[c, p] b[d, p] */
#ifdef FER_KERNEL_correlate
__kernel void correlate(FER_IN(a), FER_IN(b), FER_OUT(out), const float factor, const int span)
{
    const int channels = a_dim.y, pixels = (int)FER_PLANE(a_dim);
    for (FER_SPAN(i, SIZE(out), span)) {
        const int d = (int)(i % channels), c = (int)(i / channels % channels), n = (int)(i / channels / channels);
        float sum = 0.0f;
        for (int p = 0; p < pixels; p++)
            sum += LOAD(a, n, c, p) * LOAD(b, n, d, p);
        DATA(out)[i] = factor * sum;
    }
}
#endif

/* out[c, p] = factor * sum over d of s[c, d] x[d, p], or of s[d, c] x[d, p] with TRANSPOSE; plus t likewise with z. */
#ifdef TRANSPOSE
#define S(s, n, c, d) DATA(s)[((size_t)(n) * channels + (d)) * channels + (c)]
#else
#define S(s, n, c, d) DATA(s)[((size_t)(n) * channels + (c)) * channels + (d)]
#endif
#ifdef FER_KERNEL_apply
__kernel void apply(FER_IN(s), FER_IN(x), FER_OUT(out), const float factor, const int tail, const int span)
{
    const int channels = x_dim.y;
    for (FER_SPAN(i, FER_PLAIN_SIZE(out_dim), span)) {
        const int n = FER_CELL_N(out_dim, i), c = FER_CELL_C(out_dim, i), p = FER_CELL_P(out_dim, i);
        float sum = 0.0f;
        for (int d = 0; d < channels; d++)
            sum += S(s, n, c, d) * LOAD(x, n, d, p);
        STORE(out, n, c, p, factor * sum);
        if (c == channels - 1)
            for (int k = 1; k <= tail; k++)
                STORE(out, n, c + k, p, 0.0f);
    }
}
#endif
#ifdef FER_KERNEL_apply_two
__kernel void apply_two(FER_IN(s), FER_IN(x), FER_IN(t), FER_IN(z), FER_OUT(out), const float factor, const int tail,
                        const int span)
{
    const int channels = x_dim.y;
    for (FER_SPAN(i, FER_PLAIN_SIZE(out_dim), span)) {
        const int n = FER_CELL_N(out_dim, i), c = FER_CELL_C(out_dim, i), p = FER_CELL_P(out_dim, i);
        float sum = 0.0f, more = 0.0f;
        for (int d = 0; d < channels; d++) {
            sum += S(s, n, c, d) * LOAD(x, n, d, p);
            more += S(t, n, c, d) * LOAD(z, n, d, p);
        }
        STORE(out, n, c, p, sum + factor * more);
        if (c == channels - 1)
            for (int k = 1; k <= tail; k++)
                STORE(out, n, c + k, p, 0.0f);
    }
}
#endif
