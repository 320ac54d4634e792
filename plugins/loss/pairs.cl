/* SPDX-License-Identifier: Apache-2.0
 *
 * Losses of pairs of features [N, D].  A work-group of 64 treats a row.
 */
#define SUM(v) FER_REDUCE(part, lane, v, FER_PLUS)
/* As torch.nn.functional.normalize: lengths below 1e-12 count as that. */
#define INVERSE(squares) (1.0f / fmax(sqrt(squares), 1e-12f))

/* Contrastive loss (Hadsell, Chopra, LeCun 2006; Tang, Xiang, Wei 2021, eq. 8 and 10):
 * loss = same/2 D + (1 - same)/2 max(0, margin - D), D the squared Euclidean distance.
 * pair[n] = 1/|a|, 1/|b| (1 unless features are normalised), D. */
#ifdef FER_KERNEL_contrastive
FER_GROUP void contrastive(FER_IN(a), FER_IN(b), FER_IN(same), FER_OUT(sample), FER_OUT(weight), FER_OUT(pair),
                       const float margin, const int normalize)
{
    __local float part[64];
    const int lane = get_local_id(0), n = get_group_id(0), length = (int)(SIZE(a) / a_dim.x);
    __global const float *p = DATA(a) + (size_t)n * length, *q = DATA(b) + (size_t)n * length;
    float pp = 0.0f, qq = 0.0f, d = 0.0f;
    for (int i = lane; i < length; i += 64) {
        pp += p[i] * p[i];
        qq += q[i] * q[i];
    }
    SUM(pp)
    SUM(qq)
    const float ip = normalize ? INVERSE(pp) : 1.0f, iq = normalize ? INVERSE(qq) : 1.0f;
    for (int i = lane; i < length; i += 64) {
        const float t = p[i] * ip - q[i] * iq;
        d += t * t;
    }
    SUM(d)
    if (lane == 0) {
        const float y = DATA(same)[n], gap = margin - d;
        DATA(sample)[n] = 0.5f * (y * d + (1.0f - y) * (gap < 0.0f ? 0.0f : gap));
        DATA(weight)[n] = 1.0f;
        DATA(pair)[3 * n] = ip;
        DATA(pair)[3 * n + 1] = iq;
        DATA(pair)[3 * n + 2] = d;
    }
}
#endif

/* The gradient of a; that of b with a and b exchanged and `side` 1.  With u = a/|a|, v = b/|b|:
 * dD/da = 2 (u - v - u (u . (u - v))) / |a|, without normalisation 2 (a - b). */
#ifdef FER_KERNEL_contrastive_grad
FER_GROUP void contrastive_grad(FER_IN(a), FER_IN(b), FER_IN(same), FER_IN(pair), FER_IN(coef), FER_OUT(da),
                            const float margin, const int normalize, const int side)
{
    __local float part[64];
    const int lane = get_local_id(0), n = get_group_id(0), length = (int)(SIZE(a) / a_dim.x);
    __global const float *p = DATA(a) + (size_t)n * length, *q = DATA(b) + (size_t)n * length;
    const float ip = DATA(pair)[3 * n + side], iq = DATA(pair)[3 * n + 1 - side], y = DATA(same)[n];
    const float g = DATA(coef)[n] * (y - (DATA(pair)[3 * n + 2] < margin ? 1.0f - y : 0.0f));
    float along = 0.0f;
    if (normalize) {
        for (int i = lane; i < length; i += 64)
            along += p[i] * ip * (p[i] * ip - q[i] * iq);
        SUM(along)
    }
    for (int i = lane; i < length; i += 64)
        DATA(da)[(size_t)n * length + i] = g * ip * (p[i] * ip - q[i] * iq - p[i] * ip * along);
}
#endif

/* The gradient of `same`, for soft ones. */
#ifdef FER_KERNEL_same_grad
__kernel void same_grad(FER_IN(pair), FER_IN(coef), FER_OUT(dsame), const float margin)
{
    const int n = get_global_id(0);
    if (n >= dsame_dim.x)
        return;
    const float d = DATA(pair)[3 * n + 2], gap = margin - d;
    DATA(dsame)[n] = 0.5f * DATA(coef)[n] * (d - (gap < 0.0f ? 0.0f : gap));
}
#endif

/* NT-Xent (Chen, Kornblith, Norouzi, Hinton 2020; Wang, Ding, Wang 2022, eq. 1 and 2) over the 2N rows z of two views:
 * loss_i = -log(exp(s_ij) / sum over k != i of exp(s_ik)), s = z zT / temperature, j the other view of i.
 *
 *   unit    a or b -> z, length     rows of z: all of a, then all of b
 *   similar z -> s, level           s f32[2N, 2N], level f32[2N] log of the sum
 *   nt_xent -> sample               mean of both directions
 */
#ifdef FER_KERNEL_unit
FER_GROUP void unit(FER_IN(a), FER_OUT(z), FER_OUT(length), const int second, const int normalize)
{
    __local float part[64];
    const int lane = get_local_id(0), n = get_group_id(0), size = (int)(SIZE(a) / a_dim.x);
    const size_t to = (size_t)n + (second ? (size_t)a_dim.x : 0);
    __global const float *p = DATA(a) + (size_t)n * size;
    float pp = 0.0f;
    for (int i = lane; i < size; i += 64)
        pp += p[i] * p[i];
    SUM(pp)
    const float inverse = normalize ? INVERSE(pp) : 1.0f;
    for (int i = lane; i < size; i += 64)
        DATA(z)[to * size + i] = p[i] * inverse;
    if (lane == 0)
        DATA(length)[to] = inverse;
}
#endif

#ifdef FER_KERNEL_similar
FER_GROUP void similar(FER_IN(z), FER_OUT(s), FER_OUT(level), const int size, const float inverse_temperature)
{
    __local float part[64];
    const int lane = get_local_id(0), i = get_group_id(0), rows = z_dim.x;
    __global const float *p = DATA(z) + (size_t)i * size;
    float best = -INFINITY, sum = 0.0f;
    for (int k = lane; k < rows; k += 64) {
        __global const float *q = DATA(z) + (size_t)k * size;
        float dot = 0.0f;
        for (int e = 0; e < size; e++)
            dot += p[e] * q[e];
        dot *= inverse_temperature;
        DATA(s)[(size_t)i * rows + k] = dot;
        best = k == i ? best : fmax(best, dot);
    }
    FER_REDUCE(part, lane, best, fmax)
    for (int k = lane; k < rows; k += 64)
        sum += k == i ? 0.0f : exp(DATA(s)[(size_t)i * rows + k] - best);
    SUM(sum)
    if (lane == 0)
        DATA(level)[i] = best + log(sum);
}
#endif

#ifdef FER_KERNEL_nt_xent
__kernel void nt_xent(FER_IN(s), FER_IN(level), FER_OUT(sample), FER_OUT(weight))
{
    const int n = get_global_id(0), reach = sample_dim.x, rows = 2 * reach;
    if (n >= reach)
        return;
    const float there = DATA(level)[n] - DATA(s)[(size_t)n * rows + n + reach];
    const float back = DATA(level)[n + reach] - DATA(s)[(size_t)(n + reach) * rows + n];
    DATA(sample)[n] = 0.5f * (there + back);
    DATA(weight)[n] = 1.0f;
}
#endif

/* pull[i][k] = what s_ik and s_ki add up to in the gradient: anchor i and anchor k both see the pair. */
#ifdef FER_KERNEL_pulls
__kernel void pulls(FER_IN(s), FER_IN(level), FER_IN(coef), FER_OUT(pull), const float inverse_temperature)
{
    const int k = get_global_id(0), i = get_global_id(1), views = coef_dim.x, rows = 2 * views;
    if (k >= rows || i >= rows)
        return;
    const float positive = k == (i < views ? i + views : i - views) ? 1.0f : 0.0f;
    const float sik = DATA(s)[(size_t)i * rows + k], ski = DATA(s)[(size_t)k * rows + i];
    const float g = DATA(coef)[i % views] * (exp(sik - DATA(level)[i]) - positive) +
                    DATA(coef)[k % views] * (exp(ski - DATA(level)[k]) - positive);
    DATA(pull)[(size_t)i * rows + k] = k == i ? 0.0f : 0.5f * inverse_temperature * g;
}
#endif

/* da[n] = sum over k of pull[i][k] z[k], i the row of view n, still without the normalisation. */
#ifdef FER_KERNEL_pulled
__kernel void pulled(FER_IN(z), FER_IN(pull), FER_OUT(da), const int second)
{
    const int size = (int)(SIZE(da) / da_dim.x), e = get_global_id(0), n = get_global_id(1);
    const int rows = 2 * da_dim.x, i = n + (second ? da_dim.x : 0);
    if (e >= size || n >= da_dim.x)
        return;
    float sum = 0.0f;
    for (int k = 0; k < rows; k++)
        sum += DATA(pull)[(size_t)i * rows + k] * DATA(z)[(size_t)k * size + e];
    DATA(da)[(size_t)n * size + e] = sum;
}
#endif

/* Back through the normalisation: da = (da - z (z . da)) / |a|. */
#ifdef FER_KERNEL_unit_grad
FER_GROUP void unit_grad(FER_IN(z), FER_IN(length), FER_INOUT(da), const int second)
{
    __local float part[64];
    const int lane = get_local_id(0), n = get_group_id(0), size = (int)(SIZE(da) / da_dim.x);
    const int i = n + (second ? da_dim.x : 0);
    __global const float *p = DATA(z) + (size_t)i * size;
    __global float *out = DATA(da) + (size_t)n * size;
    const float inverse = DATA(length)[i];
    float along = 0.0f;
    for (int e = lane; e < size; e += 64)
        along += out[e] * p[e];
    SUM(along)
    for (int e = lane; e < size; e += 64)
        out[e] = (out[e] - p[e] * along) * inverse;
}
#endif
