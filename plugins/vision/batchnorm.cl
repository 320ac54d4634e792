/* SPDX-License-Identifier: Apache-2.0
 *
 * Batch normalisation (Ioffe, Szegedy 2015) over the rows and pixels of each channel.
 *
 *   moments   x -> part            sums of a run of pixels, about the run's first value, so that nothing cancels
 *   summary   part -> sum          with RANKS, where the statistics are those of several processes: the parts as one part,
 *                                  of which each process gets those of all, and takes them for its parts
 *   statistics  part -> norm       mean and deviation of each channel (Chan, Golub, LeVeque 1983); running statistics
 *   evaluation  running -> norm
 *   affine    running -> scale, shift   for a convolution before it
 *   apply     x, norm -> y         y = scale (x - mean) + bias, with ADD plus add, then the fused activation
 *   gradient_sums  x, dy -> part   sums of u and u (x - mean), with u = dy as it comes through the activation
 *   gradient_summary  part -> sum  as summary does
 *   gradient_finish  part -> coef, dweight, dbias; with RANKS the last two from `own`, this process's sum: the gradients of
 *                                  weights are joined later, by whoever joins those of all weights
 *   gradient_apply   dx = scale u + coef0 (x - mean) + coef1
 *
 * What stood before the activation is computed again from x instead of being stored.  With ADD that would need what was
 * added; so y is read instead, and gradient_sums writes u, which is the gradient of what was added and is dy to
 * gradient_apply.
 *
 * norm  f32[4][padded]: scale = weight / deviation, bias, mean, 1 / deviation.
 * coef  f32[2][padded].  part f32[parts][3][padded].  padded is a multiple of 16, entries past C are zero.
 * Blocked, a part is a run of length pixels of one row; else a run of length elements out of rows times pixels, which a
 * work-group of 64 shares.  Parts depend on shapes alone, and are joined in a fixed order: one after the other, or by a
 * work-group of 64 in pairs.
 */
#ifdef RANKS
#define ALL_RANKS RANKS
#else
#define ALL_RANKS 1
#endif
#if FER_LANES == 16
#define RUNS(d) ((int)((FER_PLANE(d) + length - 1) / length))
#define OWN_PARTS(d) ((d).x * RUNS(d))
#define OWN_COUNT(d, r) (float)min(length, (int)FER_PLANE(d) - (r) % RUNS(d) * length)
#define GET(t, n, c, p) FER_VLOAD(t, n, c, p)
#define PUT(t, n, c, p, v) FER_VSTORE(t, n, c, p, v)
#define ROW(t, k, c) fer_load16(0, DATA(t) + (size_t)(k)*padded + (c))
#define SET_ROW(t, k, c, v) fer_store16(v, 0, DATA(t) + (size_t)(k)*padded + (c))
#else
#define OWN_PARTS(d) (((d).x * (int)FER_PLANE(d) + length - 1) / length)
#define OWN_COUNT(d, r) (float)min(length, (d).x * (int)FER_PLANE(d) - (r)*length)
#define GET(t, n, c, at) FER_GET(t, at) /* not of a pixel, but of an element of x in memory */
#define PUT(t, n, c, at, v) FER_PUT(t, at, v)
#define ROW(t, k, c) DATA(t)[(size_t)(k)*padded + (c)]
#define SET_ROW(t, k, c, v) DATA(t)[(size_t)(k)*padded + (c)] = (v)
#endif
#ifdef RANKS
#define PARTS(d) RANKS
#define COUNT(d, r) ((float)(d).x * (float)FER_PLANE(d))
#else
#define PARTS(d) OWN_PARTS(d)
#define COUNT(d, r) OWN_COUNT(d, r)
#endif
#define THROUGH(t, u) FER_THROUGH(FER_V, ((t) - mean) * scale + bias, u)

/* A value a channel, for the lanes from c on; `other` past the last channel (weights have no padding). */
static inline FER_V channel_values(__global const float *values, const int c, const int channels, const float other)
{
#if FER_LANES == 16
    float lane[16];
    for (int k = 0; k < 16; k++)
        lane[k] = c + k < channels ? values[c + k] : other;
    return fer_load16(0, lane);
#else
    return c < channels ? values[c] : other;
#endif
}
static inline void set_channel_values(__global float *values, const int c, const int channels, const FER_V v)
{
#if FER_LANES == 16
    float lane[16];
    fer_store16(v, 0, lane);
    for (int k = 0; k < 16; k++)
        if (c + k < channels)
            values[c + k] = lane[k];
#else
    if (c < channels)
        values[c] = v;
#endif
}

/* ---- sums over a part; FIRST, TAKE and the kernel's arguments differ ---- */

#if FER_LANES == 16
/* Two pixels a turn: two chains of sums. */
#define SUMS(x, TAKE)                                                                                                    \
    const int runs = RUNS(x##_dim), blocks = FER_CELL_BLOCKS(x##_dim), cell = get_global_id(0);                          \
    const int run = cell % runs, n = cell / runs / blocks, c = cell / runs % blocks * 16;                                \
    if (n >= x##_dim.x)                                                                                                  \
        return;                                                                                                          \
    const int begin = run * length, end = min(begin + length, (int)FER_PLANE(x##_dim)), r = n * runs + run;              \
    START(n, c, begin)                                                                                                   \
    FER_V s = 0.0f, q = 0.0f, s1 = 0.0f, q1 = 0.0f;                                                                      \
    int p = begin;                                                                                                       \
    for (; p + 1 < end; p += 2) {                                                                                        \
        TAKE(s, q, n, c, p)                                                                                              \
        TAKE(s1, q1, n, c, p + 1)                                                                                        \
    }                                                                                                                    \
    if (p < end)                                                                                                         \
        TAKE(s, q, n, c, p)                                                                                              \
    s += s1;                                                                                                             \
    q += q1;
#define ONCE
#else
/* Elements 64 apart are `far` apart in memory, and `skip` more where a row ends in between: no division in the loop. */
#define SUMS(x, TAKE)                                                                                                    \
    __local float part_s[64], part_q[64];                                                                                \
    const int lane = get_local_id(0), r = get_group_id(0), c = get_group_id(1), pixels = (int)FER_PLANE(x##_dim);        \
    const int begin = r * length, end = min(begin + length, x##_dim.x *pixels), ahead = 64 % pixels;                     \
    const size_t skip = (size_t)(x##_dim.y - 1) * pixels, far = 64 / pixels * (skip + pixels) + ahead;                   \
    START(0, c, FER_PLAIN(x##_dim, begin / pixels, c, begin % pixels))                                                   \
    float s = 0.0f, q = 0.0f;                                                                                            \
    size_t at = FER_PLAIN(x##_dim, (begin + lane) / pixels, c, (begin + lane) % pixels);                                 \
    _Pragma("unroll 4") for (int i = begin + lane, p = i % pixels; i < end; i += 64)                                     \
    {                                                                                                                    \
        TAKE(s, q, 0, c, at)                                                                                             \
        p += ahead;                                                                                                      \
        at += p < pixels ? far : far + skip;                                                                             \
        p -= p < pixels ? 0 : pixels;                                                                                    \
    }                                                                                                                    \
    ADD_UP(s, q)
/* s and q become those of the work-group, in the order of its work-items. */
#define ADD_UP(s, q)                                                                                                     \
    part_s[lane] = s;                                                                                                    \
    part_q[lane] = q;                                                                                                    \
    barrier(CLK_LOCAL_MEM_FENCE);                                                                                        \
    for (int reach = 32; reach > 0; reach /= 2) {                                                                        \
        if (lane < reach) {                                                                                              \
            part_s[lane] += part_s[lane + reach];                                                                        \
            part_q[lane] += part_q[lane + reach];                                                                        \
        }                                                                                                                \
        barrier(CLK_LOCAL_MEM_FENCE);                                                                                    \
    }                                                                                                                    \
    s = part_s[0];                                                                                                       \
    q = part_q[0];
#define ONCE if (lane == 0)
#endif

#ifdef FER_KERNEL_moments
#define START(n, c, p) const FER_V pivot = GET(x, n, c, p);
#define TAKE_MOMENT(s, q, n, c, p)                                                                                       \
    {                                                                                                                    \
        const FER_V v = GET(x, n, c, p) - pivot;                                                                         \
        s += v;                                                                                                          \
        q += v * v;                                                                                                      \
    }
__kernel void moments(FER_IN(x), FER_OUT(part), const int padded, const int length)
{
    SUMS(x, TAKE_MOMENT)
    ONCE {
        SET_ROW(part, 3 * r, c, pivot);
        SET_ROW(part, 3 * r + 1, c, s);
        SET_ROW(part, 3 * r + 2, c, q);
    }
}
#endif

#ifdef FER_KERNEL_gradient_sums
#define START(n, c, p)                                                                                                   \
    const FER_V scale = ROW(norm, 0, c), bias = ROW(norm, 1, c), mean = ROW(norm, 2, c);                                 \
    (void)scale, (void)bias;
#ifdef ADD
#define GRADIENT(u, n, c, p)                                                                                             \
    const FER_V y = GET(y, n, c, p), u = FER_THROUGH(FER_V, y, dy);                                                      \
    PUT(through, n, c, p, u);
#else
#define GRADIENT(u, n, c, p) const FER_V u = THROUGH(t, dy);
#endif
#define TAKE_GRADIENT(s, q, n, c, p)                                                                                     \
    {                                                                                                                    \
        const FER_V t = GET(x, n, c, p), dy = GET(dy, n, c, p);                                                          \
        GRADIENT(u, n, c, p)                                                                                             \
        s += u;                                                                                                          \
        q += u * (t - mean);                                                                                             \
    }
__kernel void gradient_sums(FER_IN(x), FER_IN(dy),
#ifdef ADD
                            FER_IN(y), FER_OUT(through),
#endif
                            FER_IN(norm), FER_OUT(part), const int padded, const int length)
{
    SUMS(x, TAKE_GRADIENT)
    ONCE {
        SET_ROW(part, 3 * r, c, s);
        SET_ROW(part, 3 * r + 1, c, q);
    }
}
#endif

/* ---- per channel ---- */

#define CHANNEL const int c = (int)get_global_id(0) * FER_LANES;                                                         \
    if (c >= padded)                                                                                                   \
        return;

#if defined(FER_KERNEL_statistics) || defined(FER_KERNEL_evaluation) || defined(FER_KERNEL_affine)
#ifdef AFFINE
#define WEIGHTS FER_IN(weight), FER_IN(bias),
#define WEIGHT channel_values(DATA(weight), c, channels, 0.0f)
#define BIAS channel_values(DATA(bias), c, channels, 0.0f)
#else
#define WEIGHTS
#define WEIGHT FER_KEEP((int2)(0, channels), c, (FER_V)(1.0f))
#define BIAS (FER_V)(0.0f)
#endif
#define SET_NORM(mean, inverse)                                                                                          \
    SET_ROW(norm, 0, c, WEIGHT *(inverse));                                                                              \
    SET_ROW(norm, 1, c, BIAS);                                                                                           \
    SET_ROW(norm, 2, c, mean);                                                                                           \
    SET_ROW(norm, 3, c, inverse);
#endif

/* s = the sum of a part, squares those about the part's first value: mean and squares about it of all parts and that. */
#define JOIN_PART(first, s, squares_, count)                                                                             \
    {                                                                                                                    \
        const float all = before + count;                                                                                \
        const FER_V own = (s) / count, delta = (first) + own - mean;                                                     \
        squares += (squares_)-count * own * own + delta * delta * (before * count / all);                                \
        mean += delta * (count / all);                                                                                   \
        before = all;                                                                                                    \
    }
#define JOIN_SERIES(from, step, parts, COUNT_OF)                                                                         \
    FER_V mean = 0.0f, squares = 0.0f;                                                                                   \
    float before = 0.0f;                                                                                                 \
    for (int r = from; r < (parts); r += step) {                                                                         \
        const float count = COUNT_OF(x_dim, r);                                                                          \
        JOIN_PART(ROW(part, 3 * r, c), ROW(part, 3 * r + 1, c), ROW(part, 3 * r + 2, c), count)                          \
    }
#define ADD_SERIES(from, step, parts)                                                                                    \
    FER_V s = 0.0f, q = 0.0f;                                                                                            \
    for (int r = from; r < (parts); r += step) {                                                                         \
        s += ROW(part, 3 * r, c);                                                                                        \
        q += ROW(part, 3 * r + 1, c);                                                                                    \
    }
#ifndef SHARED
#define PARTS_GROUP
#define PARTS_CHANNEL CHANNEL
#define JOIN(parts, COUNT_OF) JOIN_SERIES(0, 1, parts, COUNT_OF)
#define ADD_PARTS(parts) ADD_SERIES(0, 1, parts)
#define LAST
#else
/* On GPUs a work-group of 64 has a channel: one work-item would wait for memory at every part. */
#define PARTS_GROUP __attribute__((reqd_work_group_size(64, 1, 1)))
#define PARTS_CHANNEL                                                                                                    \
    __local float part_s[64], part_q[64];                                                                                \
    const int lane = get_local_id(0), c = (int)get_group_id(0);
#define JOIN(parts, COUNT_OF)                                                                                            \
    __local float part_n[64];                                                                                            \
    JOIN_SERIES(lane, 64, parts, COUNT_OF)                                                                               \
    for (int reach = 32; reach > 0; reach /= 2) {                                                                        \
        part_n[lane] = before;                                                                                           \
        part_s[lane] = mean;                                                                                             \
        part_q[lane] = squares;                                                                                          \
        barrier(CLK_LOCAL_MEM_FENCE);                                                                                    \
        if (lane < reach && part_n[lane + reach] > 0.0f)                                                                 \
            JOIN_PART(part_s[lane + reach], 0.0f, part_q[lane + reach], part_n[lane + reach])                            \
        barrier(CLK_LOCAL_MEM_FENCE);                                                                                    \
    }
#define ADD_PARTS(parts)                                                                                                 \
    ADD_SERIES(lane, 64, parts)                                                                                          \
    ADD_UP(s, q)
#define LAST                                                                                                             \
    if (lane > 0)                                                                                                        \
        return;
#endif

/* x brings the shape only. */
#ifdef FER_KERNEL_summary
__kernel PARTS_GROUP void summary(FER_IN(x), FER_IN(part), FER_OUT(sum), const int padded, const int length)
{
    PARTS_CHANNEL
    JOIN(OWN_PARTS(x_dim), OWN_COUNT)
    LAST
    SET_ROW(sum, 0, c, mean);
    SET_ROW(sum, 1, c, (FER_V)(0.0f));
    SET_ROW(sum, 2, c, squares);
}
#endif

#ifdef FER_KERNEL_gradient_summary
__kernel PARTS_GROUP void gradient_summary(FER_IN(x), FER_IN(part), FER_OUT(sum), const int padded, const int length)
{
    PARTS_CHANNEL
    ADD_PARTS(OWN_PARTS(x_dim))
    LAST
    SET_ROW(sum, 0, c, s);
    SET_ROW(sum, 1, c, q);
    SET_ROW(sum, 2, c, (FER_V)(0.0f));
}
#endif

#ifdef FER_KERNEL_statistics
__kernel PARTS_GROUP void statistics(FER_IN(x), FER_IN(part), WEIGHTS FER_OUT(norm), FER_INOUT(running_mean),
                         FER_INOUT(running_var), const float eps, const float momentum, const int padded,
                         const int length)
{
    PARTS_CHANNEL
    const int channels = x_dim.y;
    JOIN(PARTS(x_dim), COUNT)
    LAST
    const FER_V variance = max(squares / before, (FER_V)(0.0f));
    const FER_V inverse = 1.0f / sqrt(variance + eps);
    SET_NORM(mean, inverse)
    if (momentum > 0.0f) {
        const FER_V old_mean = channel_values(DATA(running_mean), c, channels, 0.0f);
        const FER_V old_var = channel_values(DATA(running_var), c, channels, 0.0f);
        const FER_V unbiased = max(squares, (FER_V)(0.0f)) / max(before - 1.0f, 1.0f);
        set_channel_values(DATA(running_mean), c, channels, old_mean + momentum * (mean - old_mean));
        set_channel_values(DATA(running_var), c, channels, old_var + momentum * (unbiased - old_var));
    }
}
#endif

#ifdef FER_KERNEL_affine
__kernel void affine(WEIGHTS FER_IN(running_mean), FER_IN(running_var), FER_OUT(scale), FER_OUT(shift), const float eps)
{
    const int c = (int)get_global_id(0), channels = running_mean_dim.x;
    if (c >= channels)
        return;
    const float factor = WEIGHT / sqrt(DATA(running_var)[c] + eps);
    DATA(scale)[c] = factor;
    DATA(shift)[c] = BIAS - DATA(running_mean)[c] * factor;
}
#endif

#ifdef FER_KERNEL_evaluation
__kernel void evaluation(WEIGHTS FER_IN(running_mean), FER_IN(running_var), FER_OUT(norm), const float eps,
                         const int padded)
{
    CHANNEL
    const int channels = running_mean_dim.x;
    const FER_V mean = channel_values(DATA(running_mean), c, channels, 0.0f);
    const FER_V inverse = 1.0f / sqrt(channel_values(DATA(running_var), c, channels, 1.0f) + eps);
    SET_NORM(mean, inverse)
}
#endif

/* In evaluation the mean and deviation are constants: coef is zero. */
#ifdef FER_KERNEL_gradient_finish
__kernel PARTS_GROUP void gradient_finish(FER_IN(x), FER_IN(part),
#ifdef RANKS
                              FER_IN(own),
#endif
                              FER_IN(norm), FER_OUT(coef), FER_OUT(dweight), FER_OUT(dbias),
                              const int training, const int weights, const int padded, const int length)
{
    PARTS_CHANNEL
    const int channels = x_dim.y;
    ADD_PARTS(PARTS(x_dim))
    LAST
    const FER_V scale = ROW(norm, 0, c), inverse = ROW(norm, 3, c);
    const float count = (float)x_dim.x * (float)FER_PLANE(x_dim) * ALL_RANKS;
    const FER_V zero = 0.0f;
    SET_ROW(coef, 0, c, training ? -scale * inverse * inverse * q / count : zero);
    SET_ROW(coef, 1, c, training ? -scale * s / count : zero);
#ifdef RANKS
    s = ROW(own, 0, c);
    q = ROW(own, 1, c);
#endif
    if (weights & 1)
        set_channel_values(DATA(dweight), c, channels, q * inverse);
    if (weights & 2)
        set_channel_values(DATA(dbias), c, channels, s);
}
#endif

/* ---- per element ---- */

#define CHANNEL_VALUES                                                                                                   \
    const FER_V scale = ROW(norm, 0, c), bias = ROW(norm, 1, c), mean = ROW(norm, 2, c);                                 \
    (void)scale, (void)bias;
#if FER_LANES == 16
/* A work-item treats run_pixels pixels of one channel block of one row. */
#define WALK(t)                                                                                                          \
    const int runs = (int)((FER_PLANE(t##_dim) + run_pixels - 1) / run_pixels), blocks = FER_CELL_BLOCKS(t##_dim);               \
    const size_t cell = get_global_id(0);                                                                                \
    const int run = (int)(cell % runs), c = (int)(cell / runs % blocks) * FER_LANES, n = (int)(cell / runs / blocks);    \
    if (n >= t##_dim.x)                                                                                                  \
        return;                                                                                                          \
    const int begin = run * run_pixels, end = min(begin + run_pixels, (int)FER_PLANE(t##_dim));                                  \
    CHANNEL_VALUES
#else
/* 1 << share work-items, neighbours in memory, treat FER_EACH pixels each of a channel of a row: dimension 0; dimension 1
 * are the plane's runs of so many. */
#define WALK(t)                                                                                                          \
    FER_SHARE(t, share)                                                                                                  \
    const int c = (int)((uint)plane % (uint)t##_dim.y);                                                                  \
    CHANNEL_VALUES
#endif

#ifdef FER_KERNEL_apply
#if FER_LANES == 16
__kernel void apply(FER_IN(x), FER_IN(norm), FER_ADD_IN FER_OUT(y), const int padded, const int run_pixels)
{
    WALK(y)
#pragma unroll 4
    for (int p = begin; p < end; p++) {
        const FER_V normal = (FER_VLOAD(x, n, c, p) - mean) * scale + bias;
        const FER_V v = FER_ADDED(normal, FER_WIDTH, FER_LAYOUT_y(y_dim, n, c, p));
        FER_VSTORE(y, n, c, p, FER_ACTIVATE(FER_V, v));
    }
}
#else
__kernel void apply(FER_IN(x), FER_IN(norm), FER_ADD_IN FER_OUT(y), const int padded, const int share)
{
    WALK(y)
    float v[FER_EACH];
    FER_SHARED(v[k] = FER_GET(x, i));
    FER_SHARED(v[k] = FER_ADDED((v[k] - mean) * scale + bias, , i));
    FER_SHARED(FER_PUT(y, i, FER_ACTIVATE(float, v[k])));
}
#endif
#endif

#ifdef FER_KERNEL_gradient_apply
#if FER_LANES == 16
__kernel void gradient_apply(FER_IN(x), FER_IN(dy), FER_IN(norm), FER_IN(coef), FER_OUT(dx), const int padded,
                             const int run_pixels)
{
    WALK(dx)
    const FER_V k0 = ROW(coef, 0, c), k1 = ROW(coef, 1, c);
#pragma unroll 2
    for (int p = begin; p < end; p++) {
        const FER_V t = FER_VLOAD(x, n, c, p), u = FER_VLOAD(dy, n, c, p);
        FER_VSTORE(dx, n, c, p, scale * THROUGH(t, u) + (k0 * (t - mean) + k1));
    }
}
#else
__kernel void gradient_apply(FER_IN(x), FER_IN(dy), FER_IN(norm), FER_IN(coef), FER_OUT(dx), const int padded,
                             const int share)
{
    WALK(dx)
    const float k0 = ROW(coef, 0, c), k1 = ROW(coef, 1, c);
    float t[FER_EACH], u[FER_EACH];
    FER_SHARED(t[k] = FER_GET(x, i));
    FER_SHARED(u[k] = FER_GET(dy, i));
    FER_SHARED(FER_PUT(dx, i, scale * THROUGH(t[k], u[k]) + (k0 * (t[k] - mean) + k1)));
}
#endif
#endif
