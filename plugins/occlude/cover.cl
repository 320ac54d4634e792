/* SPDX-License-Identifier: Apache-2.0
 *
 * Occluders put into pictures (place: see place.cl), the mask of what they cover, and how much that is.
 * Sums go row by row, then over the rows, so their order depends on the shape alone.
 */
#define PLACE(k) (place_data + place_offset + (size_t)n * place_dim.y + 8 * (k))

/* Where the pixel lies in the occluder's unit square. */
static float2 unit_of(__global const float *place, int x, int y)
{
    const float2 at = (float2)((float)x + 0.5f, (float)y + 0.5f);
    return (float2)(place[0] * at.x + place[1] * at.y + place[2], place[3] * at.x + place[4] * at.y + place[5]);
}

static bool lies_inside(__global const float *place, float2 at)
{
    return place[7] > 0.0f && at.x >= 0.0f && at.x < 1.0f && at.y >= 0.0f && at.y < 1.0f;
}

#ifdef HAS_PREVIOUS
#define PREVIOUS , FER_IN(previous)
#define COVERED_BEFORE LOAD(previous, n, 0, pixel)
#else
#define PREVIOUS
#define COVERED_BEFORE 0.0f
#endif

#define START                                                                                                          \
    const int x = get_global_id(0), y = get_global_id(1), n = get_global_id(2), pixel = y * mask_dim.w + x;            \
    if (x >= mask_dim.w || y >= mask_dim.z || n >= mask_dim.x)                                                         \
        return;

#ifdef FER_KERNEL_cover_fill
/* fill: 0 a colour, 1 the channel's mean over the picture, 2 uniform noise. */
#ifdef HAS_MEAN
#define MEAN , FER_IN(mean)
#define MEAN_OF(c) mean_data[mean_offset + (size_t)n * mean_dim.y + (size_t)(c)]
#else
#define MEAN
#define MEAN_OF(c) 0.0f
#endif
__kernel void cover_fill(FER_IN(image), FER_IN(place) MEAN PREVIOUS, FER_OUT(out), FER_OUT(mask), FER_RANDOM,
                         const int fill, const float red, const float green, const float blue)
{
    START
    const float colour[3] = { red, green, blue };
    bool inside = false;
    for (int k = 0; k < PLACES; k++)
        inside = inside || lies_inside(PLACE(k), unit_of(PLACE(k), x, y));
    for (int c = 0; c < image_dim.y; c++) {
        float value = LOAD(image, n, c, pixel);
        if (inside && fill == 0)
            value = colour[c % 3];
        else if (inside && fill == 1)
            value = MEAN_OF(c);
        else if (inside)
            value = fer_uniform(fer_random(FER_RANDOM_ARG, n, 16 + (uint)(c * mask_dim.z * mask_dim.w + pixel)).x);
        STORE(out, n, c, pixel, value);
    }
    STORE(mask, n, 0, pixel, inside ? 1.0f : COVERED_BEFORE);
}
#endif

#ifdef FER_KERNEL_cover_sprite
/* A tile holds LEVELS squares of bytes, red, green, blue (times opacity) and opacity, of sides TILE, TILE / 2, … */
static float4 texel(__global const uchar *square, int side, int x, int y)
{
    if (x < 0 || y < 0 || x >= side || y >= side)
        return (float4)(0.0f);
    return convert_float4(vload4(y * side + x, square)) / 255.0f;
}

static float4 sample_square(__global const uchar *square, int side, float2 at)
{
    const float2 p = at * (float)side - 0.5f, low = floor(p), t = p - low;
    const int x = (int)low.x, y = (int)low.y;
    return mix(mix(texel(square, side, x, y), texel(square, side, x + 1, y), t.x),
               mix(texel(square, side, x, y + 1), texel(square, side, x + 1, y + 1), t.x), t.y);
}

/* The level whose texels are about as large as the pixels. */
static float4 sample_tile(__global const uchar *tile, __global const float *place, float2 at)
{
    float texels = (float)TILE * sqrt(fabs(place[0] * place[4] - place[1] * place[3]));
    int side = TILE;
    for (int level = 1; level < LEVELS && texels > 1.5f; level++, texels *= 0.5f) {
        tile += 4 * side * side;
        side /= 2;
    }
    return sample_square(tile, side, at);
}

__kernel void cover_sprite(FER_IN(image), FER_IN(place), FER_IN(atlas) PREVIOUS, FER_OUT(out), FER_OUT(mask))
{
    START
    const float2 at = unit_of(PLACE(0), x, y);
    float4 over = (float4)(0.0f);
    if (lies_inside(PLACE(0), at))
        over = sample_tile(atlas_data + atlas_offset + (size_t)PLACE(0)[6] * atlas_dim.y, PLACE(0), at);
    if (image_dim.y == 3) {
        STORE(out, n, 0, pixel, LOAD(image, n, 0, pixel) * (1.0f - over.w) + over.x);
        STORE(out, n, 1, pixel, LOAD(image, n, 1, pixel) * (1.0f - over.w) + over.y);
        STORE(out, n, 2, pixel, LOAD(image, n, 2, pixel) * (1.0f - over.w) + over.z);
    } else { /* ITU-R 601 */
        const float luma = dot(over.xyz, (float3)(0.299f, 0.587f, 0.114f));
        STORE(out, n, 0, pixel, LOAD(image, n, 0, pixel) * (1.0f - over.w) + luma);
    }
    STORE(mask, n, 0, pixel, over.w >= 0.5f ? 1.0f : COVERED_BEFORE);
}
#endif

#ifdef FER_KERNEL_row_sums
/* sums[n, c, y] = sum over x of from[n, c, y, x]; one work-item a row. */
__kernel void row_sums(FER_IN(from), FER_OUT(sums))
{
    const size_t row = get_global_id(0);
    if (row >= (size_t)from_dim.x * from_dim.y * from_dim.z)
        return;
    __global const float *values = DATA(from) + row * from_dim.w;
    float sum = 0.0f;
    for (int x = 0; x < from_dim.w; x++)
        sum += values[x];
    DATA(sums)[row] = sum;
}
#endif

#ifdef FER_KERNEL_row_means
/* means[n, c] (or [n]) = sum over y of sums[n, c, y] / pixels. */
__kernel void row_means(FER_IN(sums), FER_OUT(means), const float pixels)
{
    const size_t i = get_global_id(0);
    if (i >= (size_t)sums_dim.x * sums_dim.y)
        return;
    __global const float *rows = DATA(sums) + i * sums_dim.z;
    float sum = 0.0f;
    for (int y = 0; y < sums_dim.z; y++)
        sum += rows[y];
    DATA(means)[i] = sum / pixels;
}
#endif
