/* SPDX-License-Identifier: Apache-2.0
 *
 * Group normalisation (Wu, He 2018): each row's channels in groups, normalised over a group's channels and pixels.
 * norm f32[N][groups][2]: mean, 1 / deviation.  A work-group of 64 treats a group of a row; 64 work-items a channel.
 */
#define SUM(v) FER_REDUCE(part, lane, v, FER_PLUS)
#define PLACE(t)                                                                                                         \
    __local float part[64];                                                                                              \
    const int lane = get_local_id(0), g = get_group_id(0) % groups, n = get_group_id(0) / groups;                        \
    const int pixels = (int)FER_PLANE(t##_dim), each = t##_dim.y / groups, first = g * each, count = each * pixels;
#define WEIGHT(c) (affine ? DATA(weight)[c] : 1.0f)

#ifdef FER_KERNEL_groupnorm
FER_GROUP void groupnorm(FER_IN(x), FER_IN(weight), FER_IN(bias), FER_OUT(y), FER_OUT(norm), const int groups,
                     const int affine, const int tail, const float eps)
{
    PLACE(x)
    float mean = 0.0f, squares = 0.0f;
    for (int i = lane; i < count; i += 64)
        mean += LOAD(x, n, first + i / pixels, i % pixels);
    SUM(mean)
    mean /= (float)count;
    for (int i = lane; i < count; i += 64) {
        const float v = LOAD(x, n, first + i / pixels, i % pixels) - mean;
        squares += v * v;
    }
    SUM(squares)
    const float inverse = 1.0f / sqrt(squares / (float)count + eps);
    for (int i = lane; i < count; i += 64) {
        const int c = first + i / pixels, p = i % pixels;
        STORE(y, n, c, p, (LOAD(x, n, c, p) - mean) * inverse * WEIGHT(c) + (affine ? DATA(bias)[c] : 0.0f));
        if (c == y_dim.y - 1)
            for (int k = 1; k <= tail; k++)
                STORE(y, n, c + k, p, 0.0f);
    }
    if (lane == 0) {
        DATA(norm)[2 * get_group_id(0)] = mean;
        DATA(norm)[2 * get_group_id(0) + 1] = inverse;
    }
}
#endif

/* With u = dy weight, r = (x - mean) inverse: dx = inverse (u - mean of u - r mean of u r). */
#ifdef FER_KERNEL_groupnorm_grad
FER_GROUP void groupnorm_grad(FER_IN(x), FER_IN(weight), FER_IN(dy), FER_IN(norm), FER_OUT(dx), const int groups,
                          const int affine, const int tail)
{
    PLACE(x)
    const float mean = DATA(norm)[2 * get_group_id(0)], inverse = DATA(norm)[2 * get_group_id(0) + 1];
    float s = 0.0f, q = 0.0f;
    for (int i = lane; i < count; i += 64) {
        const int c = first + i / pixels, p = i % pixels;
        const float u = LOAD(dy, n, c, p) * WEIGHT(c);
        s += u;
        q += u * (LOAD(x, n, c, p) - mean) * inverse;
    }
    SUM(s)
    SUM(q)
    s /= (float)count;
    q /= (float)count;
    for (int i = lane; i < count; i += 64) {
        const int c = first + i / pixels, p = i % pixels;
        const float r = (LOAD(x, n, c, p) - mean) * inverse;
        STORE(dx, n, c, p, inverse * (LOAD(dy, n, c, p) * WEIGHT(c) - s - r * q));
        if (c == dx_dim.y - 1)
            for (int k = 1; k <= tail; k++)
                STORE(dx, n, c + k, p, 0.0f);
    }
}
#endif

/* Sums of a channel over rows and pixels. */
#ifdef FER_KERNEL_groupnorm_weights
FER_GROUP void groupnorm_weights(FER_IN(x), FER_IN(dy), FER_IN(norm), FER_OUT(dweight), FER_OUT(dbias), const int groups,
                             const int wanted)
{
    __local float part[64];
    const int lane = get_local_id(0), c = get_group_id(0), g = c / (x_dim.y / groups), pixels = (int)FER_PLANE(x_dim);
    float s = 0.0f, q = 0.0f;
    for (int n = 0; n < x_dim.x; n++) {
        const float mean = DATA(norm)[2 * (n * groups + g)], inverse = DATA(norm)[2 * (n * groups + g) + 1];
        for (int p = lane; p < pixels; p += 64) {
            s += LOAD(dy, n, c, p);
            q += LOAD(dy, n, c, p) * (LOAD(x, n, c, p) - mean) * inverse;
        }
    }
    SUM(s)
    SUM(q)
    if (lane == 0) {
        if (wanted & 1)
            DATA(dweight)[c] = q;
        if (wanted & 2)
            DATA(dbias)[c] = s;
    }
}
#endif
