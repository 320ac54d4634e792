/* SPDX-License-Identifier: Apache-2.0
 *
 * The core's own kernels: what stands between operations.
 */

/* u8 pictures as decoded, N, H, W, C, to f32 N, C, H, W in [0, 1].  One work-item a pixel. */
#ifdef FER_KERNEL_ingest
__kernel void ingest(FER_IN(x), FER_OUT(y))
{
    const size_t i = get_global_id(0), plane = FER_PLANE(y_dim);
    if (i >= (size_t)y_dim.x * plane)
        return;
    const size_t n = i / plane, p = i % plane;
    for (int c = 0; c < y_dim.y; c++)
        STORE(y, n, c, p, (float)DATA(x)[i * y_dim.y + c] / 255.0f);
}
#endif

/* Between layouts, of which only CPUs have two.  Work-item: `span` pixels, each 16 channels of it; they go on from plane to
 * plane.  Reading or writing, 16 planes are walked at once.  Lanes past C are written as zero. */
#if defined(FER_KERNEL_to_blocked) || defined(FER_KERNEL_to_plain)
#ifdef FER_KERNEL_to_blocked
#define MOVE(blocked, plain) FER_PUT(y, blocked, FER_GET(x, plain))
#define CLEAR(blocked) FER_PUT(y, blocked, 0.0f)
#else
#define MOVE(blocked, plain) FER_PUT(y, plain, FER_GET(x, blocked))
#define CLEAR(blocked)
#endif
/* dim: of the blocked tensor, and so of the other. */
static void convert_cells(FER_IN(x), FER_OUT(y), const int4 dim, const int span)
{
    const size_t plane = FER_PLANE(dim), blocks = FER_BLOCKS(dim);
    size_t i = get_global_id(0) * span;
    const size_t end = min(i + span, dim.x * blocks * plane);
#pragma unroll 1
    while (i < end) {
        const size_t p = i % plane, block = i / plane % blocks, n = i / plane / blocks, beyond = min(end, i - p + plane);
        const int lanes = min(FER_BLOCK, dim.y - (int)block * FER_BLOCK);
#pragma unroll 1
        for (size_t at = (n * dim.y + block * FER_BLOCK) * plane + p; i < beyond; i++, at++) {
            if (lanes == FER_BLOCK) {
#pragma unroll
                for (int c = 0; c < FER_BLOCK; c++)
                    MOVE(i * FER_BLOCK + c, at + c * plane);
                continue;
            }
#pragma unroll 1
            for (int c = 0; c < lanes; c++)
                MOVE(i * FER_BLOCK + c, at + c * plane);
#pragma unroll 1
            for (int c = lanes; c < FER_BLOCK; c++) {
                CLEAR(i * FER_BLOCK + c);
            }
        }
    }
}
#endif

#ifdef FER_KERNEL_to_blocked
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void to_blocked(FER_IN(x), FER_OUT(y), const int span)
{
    convert_cells(x_data, x_offset, x_dim, y_data, y_offset, y_dim, y_dim, span);
}
#endif

#ifdef FER_KERNEL_to_plain
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void to_plain(FER_IN(x), FER_OUT(y), const int span)
{
    convert_cells(x_data, x_offset, x_dim, y_data, y_offset, y_dim, x_dim, span);
}
#endif

/* y = the rows of x that `rows` names, in memory order; up to GATHER_SPAN elements of a row a work-item. */
#define GATHER_SPAN 64
#ifdef FER_KERNEL_take_rows
__kernel void take_rows(FER_IN(x), FER_IN(rows), FER_OUT(y))
{
    if (y_dim.x == 0)
        return;
    const size_t row = SIZE(y) / y_dim.x, spans = (row + GATHER_SPAN - 1) / GATHER_SPAN;
    const size_t n = get_global_id(0) / spans, first = get_global_id(0) % spans * GATHER_SPAN;
    if (n >= y_dim.x)
        return;
    const size_t from = DATA(rows)[n] * row;
    for (size_t i = first; i < min(first + GATHER_SPAN, row); i++)
        FER_PUT(y, n * row + i, FER_GET(x, from + i));
}
#endif

/* Sums of contributions at a fan-out, scaled copies; elements in memory order, four a work-item.  On GPUs (SHARED)
 * neighbours have neighbouring elements, 64 apart. */
#ifdef FER_KERNEL_add
#ifdef SHARED
FER_GROUP void add(FER_IN(a), FER_IN(b), FER_OUT(y))
{
    const size_t first = get_group_id(0) * 256 + get_local_id(0), size = SIZE(y);
    float sum[4];
#pragma unroll
    for (int k = 0; k < 4; k++)
        if (first + k * 64 < size)
            sum[k] = FER_GET(a, first + k * 64) + FER_GET(b, first + k * 64);
#pragma unroll
    for (int k = 0; k < 4; k++)
        if (first + k * 64 < size)
            FER_PUT(y, first + k * 64, sum[k]);
}
#else
__kernel void add(FER_IN(a), FER_IN(b), FER_OUT(y))
{
    const size_t i = get_global_id(0) * 4, size = SIZE(y);
    if (i + 4 <= size)
        FER_PUT4(y, i, FER_GET4(a, i) + FER_GET4(b, i));
    else
        for (size_t k = i; k < size; k++)
            FER_PUT(y, k, FER_GET(a, k) + FER_GET(b, k));
}
#endif
#endif

/* y = x in another precision; RECAST_SPAN elements a work-item, in memory order. */
#define RECAST_SPAN 256
#ifdef FER_KERNEL_recast
__kernel void recast(FER_IN(x), FER_OUT(y))
{
    size_t i = get_global_id(0) * RECAST_SPAN;
    const size_t end = min(i + RECAST_SPAN, (size_t)SIZE(y));
    for (; i + 16 <= end; i += 16)
        FER_PUT16(y, i, FER_GET16(x, i));
    for (; i < end; i++)
        FER_PUT(y, i, FER_GET(x, i));
}
#endif

#ifdef FER_KERNEL_copy
__kernel void copy(FER_IN(x), FER_INOUT(y), const float factor, const int accumulate)
{
    const size_t i = get_global_id(0) * 4, size = SIZE(y);
    for (size_t k = i; k < min(i + 4, size); k++)
        DATA(y)[k] = factor * DATA(x)[k] + (accumulate ? DATA(y)[k] : 0.0f);
}
#endif

/* Weights with an affine of the outputs folded in: y[k][…] = factor[k] x[k][…]; y[k] = factor[k] bias[k] + shift[k]. */
#ifdef FER_KERNEL_fold
__kernel void fold(FER_IN(x), FER_IN(factor), FER_OUT(y))
{
    const size_t i = get_global_id(0), size = SIZE(y);
    if (i < size)
        DATA(y)[i] = DATA(factor)[i / (size / factor_dim.x)] * DATA(x)[i];
}
#endif

#ifdef FER_KERNEL_fold_bias
__kernel void fold_bias(
#ifdef BIAS
    FER_IN(bias),
#endif
    FER_IN(factor), FER_IN(shift), FER_OUT(y))
{
    const size_t i = get_global_id(0);
    if (i < SIZE(y))
#ifdef BIAS
        DATA(y)[i] = DATA(factor)[i] * DATA(bias)[i] + DATA(shift)[i];
#else
        DATA(y)[i] = DATA(shift)[i];
#endif
}
#endif

#ifdef FER_KERNEL_fill
__kernel void fill(FER_OUT(y), const float value)
{
    const size_t i = get_global_id(0);
    if (i < SIZE(y))
        DATA(y)[i] = value;
}
#endif

/* losses[index] = loss */
#ifdef FER_KERNEL_collect
__kernel void collect(FER_IN(x), FER_INOUT(y), const int index)
{
    if (get_global_id(0) == 0)
        DATA(y)[index] = DATA(x)[0];
}
#endif

/* Sum of squares of a flat run in `slices` slices of fixed length, so that the order depends on the profile alone.  On GPUs
 * (SHARED) a work-group has a slice, and the slices' sums. */
#ifdef SHARED
#define SUMMING FER_GROUP
#define FIRST (int)get_local_id(0)
#define NEXT 64
#define JOIN(sum)                                                                                                        \
    __local float part[64];                                                                                              \
    FER_REDUCE(part, FIRST, sum, FER_PLUS)                                                                               \
    if (FIRST > 0)                                                                                                       \
        return;
#else
#define SUMMING __kernel
#define FIRST 0
#define NEXT 1
#define JOIN(sum)
#endif
#ifdef FER_KERNEL_sum_squares
SUMMING void sum_squares(FER_IN(x), FER_INOUT(parts), const int first, const int slices)
{
    const size_t slice = get_global_id(0) / NEXT;
    if (slice >= slices)
        return;
    const size_t size = SIZE(x), length = (size + slices - 1) / slices;
    const size_t begin = min(slice * length, size), end = min(begin + length, size);
    float sum = 0.0f;
#pragma unroll 4
    for (size_t i = begin + FIRST; i < end; i += NEXT)
        sum = fma(DATA(x)[i], DATA(x)[i], sum);
    JOIN(sum)
    DATA(parts)[first + slice] = sum;
}
#endif

/* The sum of all parts. */
#define SUM_PARTS                                                                                                        \
    float sum = 0.0f;                                                                                                    \
    if (get_global_id(0) >= NEXT)                                                                                        \
        return;                                                                                                          \
    for (int i = FIRST; i < count; i += NEXT)                                                                            \
        sum += DATA(parts)[i];                                                                                           \
    JOIN(sum)

/* norm = sqrt of all parts; the factor of control shrinks so that factor * norm <= bound. */
#ifdef FER_KERNEL_clip
SUMMING void clip(FER_IN(parts), FER_IN(control), FER_OUT(norm), FER_OUT(out), const int count, const float bound)
{
    SUM_PARTS
    const float factor = DATA(control)[1], length = sqrt(sum) * factor;
    DATA(norm)[0] = length;
    DATA(out)[0] = DATA(control)[0];
    DATA(out)[1] = length > bound ? factor * (bound / length) : factor;
    DATA(out)[2] = DATA(control)[2];
    DATA(out)[3] = DATA(control)[3];
}
#endif

/* Dynamic loss scale (compile/scale.h).  state: scale to come, scale used, 1 when gradients were not finite, updates since
 * the scale has changed, then how often each update was skipped.  Scales are powers of two, so that nothing is rounded. */
#ifdef FER_KERNEL_scale_seed
__kernel void scale_seed(FER_IN(state), FER_OUT(seed), const float weight)
{
    if (get_global_id(0) == 0)
        DATA(seed)[0] = weight * DATA(state)[0];
}
#endif

#define SCALE_LEAST 0x1p-24f
#define SCALE_MOST 0x1p24f
#ifdef FER_KERNEL_rescale
SUMMING void rescale(FER_IN(parts), FER_INOUT(state), const int count, const float steady)
{
    SUM_PARTS
    const float scale = DATA(state)[0], since = DATA(state)[3] + 1.0f;
    const bool broken = !isfinite(sum), grows = !broken && since >= steady;
    DATA(state)[0] = clamp(broken ? scale * 0.5f : grows ? scale * 2.0f : scale, SCALE_LEAST, SCALE_MOST);
    DATA(state)[1] = scale;
    DATA(state)[2] = broken ? 1.0f : 0.0f;
    DATA(state)[3] = broken || grows ? 0.0f : since;
}
#endif

/* A skipped update has not been one: those that follow are counted without it. */
#ifdef FER_KERNEL_unscale
__kernel void unscale(FER_IN(control), FER_INOUT(state), FER_OUT(out), const int index)
{
    if (get_global_id(0) != 0)
        return;
    const bool broken = DATA(state)[2] != 0.0f;
    const float skipped = DATA(state)[index];
    DATA(out)[0] = DATA(control)[0];
    DATA(out)[1] = DATA(control)[1] / DATA(state)[1];
    DATA(out)[2] = DATA(control)[2] - skipped;
    DATA(out)[3] = broken ? 1.0f : DATA(control)[3];
    DATA(state)[index] = broken ? skipped + 1.0f : skipped;
}
#endif

/* sums += (loss * n, n); x's live rows are n. */
#ifdef FER_KERNEL_mean_add
__kernel void mean_add(FER_IN(loss), FER_IN(x), FER_INOUT(sums))
{
    if (get_global_id(0) != 0)
        return;
    DATA(sums)[0] += DATA(loss)[0] * (float)x_dim.x;
    DATA(sums)[1] += (float)x_dim.x;
}
#endif
