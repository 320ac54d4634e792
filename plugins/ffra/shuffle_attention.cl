/* SPDX-License-Identifier: Apache-2.0
 *
 * Shuffle attention.  Channel c of C belongs to group c / each, each = C / groups; the first `keys` = each / 2 channels of
 * a group are weighed as a whole, the others pixel by pixel, with weights that all groups share:
 *
 *   a = w[k] r + b[k], y = x sigmoid(a)       r = m, the mean of the channel, or r = (x - m) / deviation
 *
 * and y goes to channel 2 (c mod C/2) + c / (C/2).  norm f32[N][C][2] holds m and 1 / deviation.  Backward, with
 * t = dy x s (1 - s), the sums f32[N][C][2] are those of t and t r over the pixels.
 */
#define SUM(v) FER_REDUCE(part, lane, v, FER_PLUS)
/* Where channel c finds its weights, whether it is weighed pixel by pixel, and where it goes. */
#define KEY(c) ((c) % keys)
#define SPATIAL(c) ((c) / keys % 2)
#define SHUFFLED(c, d) (2 * ((c) % ((d).y / 2)) + (c) / ((d).y / 2))
#define UNSHUFFLED(c, d) ((c) % 2 * ((d).y / 2) + (c) / 2)
#define MEAN(n, c, d) DATA(norm)[2 * ((size_t)(n) * (d).y + (c))]
#define INVERSE(n, c, d) DATA(norm)[2 * ((size_t)(n) * (d).y + (c)) + 1]
#define WEIGHT(c) (SPATIAL(c) ? DATA(sweight)[KEY(c)] : DATA(cweight)[KEY(c)])
#define BIAS(c) (SPATIAL(c) ? DATA(sbias)[KEY(c)] : DATA(cbias)[KEY(c)])
#define RATIO(v, m, inverse, c) (SPATIAL(c) ? ((v) - (m)) * (inverse) : (m))
#define WEIGHTS FER_IN(cweight), FER_IN(cbias), FER_IN(sweight), FER_IN(sbias)

static inline float gate(const float a)
{
    return 1.0f / (1.0f + exp(-a));
}

/* A work-group for each channel of each row. */
#ifdef FER_KERNEL_statistics
FER_GROUP void statistics(FER_IN(x), FER_OUT(norm), const float eps)
{
    __local float part[64];
    const int lane = get_local_id(0), c = get_group_id(0) % x_dim.y, n = get_group_id(0) / x_dim.y;
    const int pixels = (int)FER_PLANE(x_dim);
    float mean = 0.0f, squares = 0.0f;
    for (int p = lane; p < pixels; p += 64)
        mean += LOAD(x, n, c, p);
    SUM(mean)
    mean /= (float)pixels;
    for (int p = lane; p < pixels; p += 64) {
        const float v = LOAD(x, n, c, p) - mean;
        squares += v * v;
    }
    SUM(squares)
    if (lane == 0) {
        MEAN(n, c, x_dim) = mean;
        INVERSE(n, c, x_dim) = 1.0f / sqrt(squares / (float)pixels + eps);
    }
}
#endif

#ifdef FER_KERNEL_attend
__kernel void attend(FER_IN(x), FER_IN(norm), WEIGHTS, FER_OUT(y), const int keys, const int tail, const int span)
{
    for (FER_SPAN(i, FER_PLAIN_SIZE(y_dim), span)) {
        const int n = FER_CELL_N(y_dim, i), to = FER_CELL_C(y_dim, i), p = FER_CELL_P(y_dim, i);
        const int c = UNSHUFFLED(to, y_dim);
        const float v = LOAD(x, n, c, p);
        const float r = RATIO(v, MEAN(n, c, x_dim), INVERSE(n, c, x_dim), c);
        STORE(y, n, to, p, v * gate(WEIGHT(c) * r + BIAS(c)));
        if (to == y_dim.y - 1)
            for (int k = 1; k <= tail; k++)
                STORE(y, n, to + k, p, 0.0f);
    }
}
#endif

#ifdef FER_KERNEL_attend_sums
FER_GROUP void attend_sums(FER_IN(x), FER_IN(norm), FER_IN(dy), WEIGHTS, FER_OUT(sums), const int keys)
{
    __local float part[64];
    const int lane = get_local_id(0), c = get_group_id(0) % x_dim.y, n = get_group_id(0) / x_dim.y;
    const int pixels = (int)FER_PLANE(x_dim), to = SHUFFLED(c, x_dim);
    const float m = MEAN(n, c, x_dim), inverse = INVERSE(n, c, x_dim), w = WEIGHT(c), b = BIAS(c);
    float first = 0.0f, second = 0.0f;
    for (int p = lane; p < pixels; p += 64) {
        const float v = LOAD(x, n, c, p), r = RATIO(v, m, inverse, c), s = gate(w * r + b);
        const float t = LOAD(dy, n, to, p) * v * s * (1.0f - s);
        first += t;
        second += t * r;
    }
    SUM(first)
    SUM(second)
    if (lane == 0) {
        DATA(sums)[2 * get_group_id(0)] = first;
        DATA(sums)[2 * get_group_id(0) + 1] = second;
    }
}
#endif

/* Through the gate's mean: w sum t / pixels.  Through its ratio: as in group normalisation. */
#ifdef FER_KERNEL_attend_grad
__kernel void attend_grad(FER_IN(x), FER_IN(norm), FER_IN(dy), WEIGHTS, FER_IN(sums), FER_OUT(dx), const int keys,
                          const int tail, const int span)
{
    const float share = 1.0f / (float)FER_PLANE(dx_dim);
    for (FER_SPAN(i, FER_PLAIN_SIZE(dx_dim), span)) {
        const int n = FER_CELL_N(dx_dim, i), c = FER_CELL_C(dx_dim, i), p = FER_CELL_P(dx_dim, i);
        const float v = LOAD(x, n, c, p), inverse = INVERSE(n, c, x_dim), w = WEIGHT(c);
        const float r = RATIO(v, MEAN(n, c, x_dim), inverse, c), s = gate(w * r + BIAS(c));
        const float g = LOAD(dy, n, SHUFFLED(c, x_dim), p);
        const size_t at = 2 * ((size_t)n * dx_dim.y + c);
        const float first = DATA(sums)[at] * share, second = DATA(sums)[at + 1] * share;
        const float through = SPATIAL(c) ? w * inverse * (g * v * s * (1.0f - s) - first - r * second) : w * first;
        STORE(dx, n, c, p, g * s + through);
        if (c == dx_dim.y - 1)
            for (int k = 1; k <= tail; k++)
                STORE(dx, n, c + k, p, 0.0f);
    }
}
#endif

/* Gradients of the weights of one half: sums over rows and groups. */
#ifdef FER_KERNEL_attend_weights
__kernel void attend_weights(FER_IN(sums), FER_OUT(dweight), FER_OUT(dbias), const int keys, const int spatial,
                             const int wanted)
{
    const int k = get_global_id(0), groups = sums_dim.y / keys / 2;
    if (k >= keys)
        return;
    float weight = 0.0f, bias = 0.0f;
    for (int n = 0; n < sums_dim.x; n++)
        for (int g = 0; g < groups; g++) {
            const size_t at = 2 * ((size_t)n * sums_dim.y + (2 * g + spatial) * keys + k);
            bias += DATA(sums)[at];
            weight += DATA(sums)[at + 1];
        }
    if (wanted & 1)
        DATA(dweight)[k] = weight;
    if (wanted & 2)
        DATA(dbias)[k] = bias;
}
#endif
