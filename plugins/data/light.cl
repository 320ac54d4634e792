/* SPDX-License-Identifier: Apache-2.0
 *
 * Brightness and contrast: y = clamp(level + factor (x - level), 0, 1), with a random factor for each sample and level 0
 * for brightness, the mean of the sample's gray picture for contrast.
 */

/* The mean luma (ITU-R 601) of each sample.  One work-group of GROUP items a sample; sums in a fixed order. */
#ifdef FER_KERNEL_mean_gray
__kernel void mean_gray(FER_IN(x), FER_OUT(mean), __local float *part)
{
    const int row = (int)get_group_id(1), item = (int)get_local_id(0);
    const int plane = x_dim.z * x_dim.w;
    float sum = 0.0f;
    for (int i = item; i < plane; i += GROUP)
        sum += x_dim.y == 3 ? 0.299f * LOAD(x, row, 0, i) + 0.587f * LOAD(x, row, 1, i) + 0.114f * LOAD(x, row, 2, i)
                            : LOAD(x, row, 0, i);
    part[item] = sum;
    for (int half_group = GROUP / 2; half_group > 0; half_group /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (item < half_group)
            part[item] += part[item + half_group];
    }
    if (item == 0)
        DATA(mean)[row] = part[0] / (float)plane;
}
#endif

/* The factor of a row: uniform in [1 - amount, 1 + amount], or 1 for the share that stays. */
static inline float factor_of(const uint row, const float amount, const float p, FER_RANDOM)
{
    const float4 u = fer_uniform4(fer_random(FER_RANDOM_ARG, row, 0));
    return u.x < p ? 1.0f + (2.0f * u.y - 1.0f) * amount : 1.0f;
}

#ifdef FER_KERNEL_brightness
__kernel void brightness(FER_IN(x), FER_OUT(y), const float amount, const float p, FER_RANDOM)
{
    const int column = (int)get_global_id(0);
    const size_t line = get_global_id(1), lines = (size_t)y_dim.y * (size_t)y_dim.z;
    if (column >= y_dim.w || line >= (size_t)y_dim.x * lines)
        return;
    const float factor = factor_of((uint)(line / lines), amount, p, FER_RANDOM_ARG);
    const size_t i = line * (size_t)y_dim.w + (size_t)column;
    DATA(y)[i] = clamp(factor * DATA(x)[i], 0.0f, 1.0f);
}
#endif

#ifdef FER_KERNEL_contrast
__kernel void contrast(FER_IN(x), FER_IN(mean), FER_OUT(y), const float amount, const float p, FER_RANDOM)
{
    const int column = (int)get_global_id(0);
    const size_t line = get_global_id(1), lines = (size_t)y_dim.y * (size_t)y_dim.z;
    if (column >= y_dim.w || line >= (size_t)y_dim.x * lines)
        return;
    const float factor = factor_of((uint)(line / lines), amount, p, FER_RANDOM_ARG), level = DATA(mean)[line / lines];
    const size_t i = line * (size_t)y_dim.w + (size_t)column;
    DATA(y)[i] = clamp(level + factor * (DATA(x)[i] - level), 0.0f, 1.0f);
}
#endif
