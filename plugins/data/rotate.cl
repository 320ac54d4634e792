/* SPDX-License-Identifier: Apache-2.0
 *
 * Rotation about the centre by a random angle, counter-clockwise as seen.  Pictures are sampled bilinearly at the place
 * that comes to lie on each pixel; what comes from outside is `fill`.
 */

/* (cosine, sine) of a row's angle; (1, 0) for the share that stays. */
static inline float2 turn_of(const uint row, const float radians, const float p, FER_RANDOM)
{
    const float4 u = fer_uniform4(fer_random(FER_RANDOM_ARG, row, 0));
    const float angle = u.x < p ? (2.0f * u.y - 1.0f) * radians : 0.0f;
    return (float2)(cos(angle), sin(angle));
}

#ifdef FER_KERNEL_rotate_image
static inline float pixel(FER_IN(x), const int row, const int c, const int i, const int j, const float fill)
{
    return i < 0 || j < 0 || i >= x_dim.w || j >= x_dim.z ? fill : LOAD(x, row, c, j * x_dim.w + i);
}

__kernel void rotate_image(FER_IN(x), FER_OUT(y), const float radians, const float p, const float fill, FER_RANDOM)
{
    const int column = (int)get_global_id(0), height = y_dim.z, width = y_dim.w;
    const size_t line = get_global_id(1);
    if (column >= width || line >= (size_t)y_dim.x * (size_t)y_dim.y * (size_t)height)
        return;
    const int j = (int)(line % (size_t)height), c = (int)(line / (size_t)height % (size_t)y_dim.y);
    const int row = (int)(line / (size_t)height / (size_t)y_dim.y);
    const float2 turn = turn_of((uint)row, radians, p, FER_RANDOM_ARG);
    const float dx = (float)column + 0.5f - 0.5f * (float)width, dy = (float)j + 0.5f - 0.5f * (float)height;
    const float sx = turn.x * dx - turn.y * dy + 0.5f * (float)width - 0.5f;
    const float sy = turn.y * dx + turn.x * dy + 0.5f * (float)height - 0.5f;
    const int x0 = (int)floor(sx), y0 = (int)floor(sy);
    const float fx = sx - (float)x0, fy = sy - (float)y0;
#define PIXEL(i, j) pixel(x_data, x_offset, x_dim, row, c, i, j, fill)
    const float above = (1.0f - fx) * PIXEL(x0, y0) + fx * PIXEL(x0 + 1, y0);
    const float below = (1.0f - fx) * PIXEL(x0, y0 + 1) + fx * PIXEL(x0 + 1, y0 + 1);
    STORE(y, row, c, j * width + column, (1.0f - fy) * above + fy * below);
}
#endif

/* The way back: a point of the input goes to centre + R (point - centre). */
static inline float2 turned(const float2 point, const float2 turn, const float2 centre)
{
    const float2 d = point - centre;
    return (float2)(turn.x * d.x + turn.y * d.y, turn.x * d.y - turn.y * d.x) + centre;
}

#ifdef FER_KERNEL_rotate_points
__kernel void rotate_points(FER_IN(x), FER_OUT(y), const int points, const int width, const int height,
                            const float radians, const float p, FER_RANDOM)
{
    const size_t k = get_global_id(0);
    if (k >= (size_t)y_dim.x * (size_t)points)
        return;
    const float2 turn = turn_of((uint)(k / (size_t)points), radians, p, FER_RANDOM_ARG);
    vstore2(turned(vload2(k, DATA(x)), turn, 0.5f * (float2)((float)width, (float)height)), k, DATA(y));
}
#endif

/* The upright box around the turned one, cut at the picture's borders. */
#ifdef FER_KERNEL_rotate_box
__kernel void rotate_box(FER_IN(x), FER_OUT(y), const int width, const int height, const float radians, const float p,
                         FER_RANDOM)
{
    const size_t row = get_global_id(0);
    if (row >= (size_t)y_dim.x)
        return;
    const float2 turn = turn_of((uint)row, radians, p, FER_RANDOM_ARG);
    const float2 size = (float2)((float)width, (float)height);
    const float4 box = vload4(row, DATA(x));
    const float2 a = turned(box.xy, turn, 0.5f * size), b = turned(box.zy, turn, 0.5f * size);
    const float2 c = turned(box.xw, turn, 0.5f * size), d = turned(box.zw, turn, 0.5f * size);
    const float2 low = min(min(a, b), min(c, d)), high = max(max(a, b), max(c, d));
    vstore4((float4)(clamp(low, (float2)(0.0f), size), clamp(high, (float2)(0.0f), size)), row, DATA(y));
}
#endif
