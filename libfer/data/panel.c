/* SPDX-License-Identifier: Apache-2.0 */
#include "data/panel.h"

#include <math.h>
#include <string.h>

#include "data/image.h"

/* The part of the colour that a map's 1 has over the picture. */
static const float HEAT = 0.6f;

/* ---- maps ---- */

/* The two places that output place i lies between, and how far it is on the way from the first to the second. */
static float between(int i, int in, int out, int *first, int *second)
{
    const float at = fmaxf(((float)i + 0.5f) * (float)in / (float)out - 0.5f, 0);

    *first = (int)at < in ? (int)at : in - 1;
    *second = *first + 1 < in ? *first + 1 : *first;
    return at - (float)*first;
}

static void resize_plane(const float *in, int h, int w, int height, int width, float *out)
{
    int top, bottom, left, right;

    for (int y = 0; y < height; y++) {
        const float down = between(y, h, height, &top, &bottom);

        for (int x = 0; x < width; x++) {
            const float along = between(x, w, width, &left, &right);
            const float *a = in + (size_t)top * (size_t)w, *b = in + (size_t)bottom * (size_t)w;
            const float above = a[left] + along * (a[right] - a[left]), below = b[left] + along * (b[right] - b[left]);

            out[(size_t)y * (size_t)width + (size_t)x] = above + down * (below - above);
        }
    }
}

void fer_map_resize(const struct fer_map *map, int height, int width, float *out)
{
    const size_t from = (size_t)map->height * (size_t)map->width, to = (size_t)height * (size_t)width;

    for (size_t c = 0; c < (size_t)map->channels; c++) {
        if (map->height == height && map->width == width)
            memcpy(out + c * to, map->values + c * from, to * sizeof(*out));
        else
            resize_plane(map->values + c * from, map->height, map->width, height, width, out + c * to);
    }
}

void fer_map_range(const struct fer_map *map, float *low, float *high)
{
    const size_t count = (size_t)map->channels * (size_t)map->height * (size_t)map->width;
    float least = INFINITY, most = -INFINITY;

    for (size_t i = 0; i < count; i++) {
        if (isfinite(map->values[i])) {
            least = fminf(least, map->values[i]);
            most = fmaxf(most, map->values[i]);
        }
    }
    *low = least <= most ? least : 0;
    *high = least <= most ? most : 0;
}

void fer_map_flatten(const struct fer_map *map, float *out)
{
    const size_t pixels = (size_t)map->height * (size_t)map->width;

    if (map->channels == 1) {
        memcpy(out, map->values, pixels * sizeof(*out));
        return;
    }
    for (size_t i = 0; i < pixels; i++) {
        double sum = 0;

        for (size_t c = 0; c < (size_t)map->channels; c++)
            sum += fabs((double)map->values[c * pixels + i]);
        out[i] = (float)(sum / map->channels);
    }
}

/* ---- strips ---- */

enum fer_status fer_strip_create(struct fer_strip *strip, int panels, int height, int width, int zoom,
                                 struct fer_error *err)
{
    const long long across = (long long)panels * ((long long)width * zoom + FER_PANEL_GAP) - FER_PANEL_GAP,
                    down = (long long)height * zoom;
    enum fer_status status;

    *strip = (struct fer_strip){ .height = height, .width = width, .zoom = zoom };
    if (across > FER_IMAGE_SIDE || down > FER_IMAGE_SIDE)
        return fer_fail(err, FER_EINVAL, "%d panels of %d x %d, %d times as large, are no picture of at most %d x %d",
                        panels, width, height, zoom, FER_IMAGE_SIDE, FER_IMAGE_SIDE);
    status = fer_image_create(&strip->image, (int)across, (int)down, 3, err);
    if (status == FER_OK)
        memset(strip->image.pixels, 255, (size_t)across * (size_t)down * 3);
    return status;
}

void fer_strip_free(struct fer_strip *strip)
{
    fer_image_free(&strip->image);
    *strip = (struct fer_strip){ 0 };
}

/* In [0, 1]; what is not a number is 0. */
static float clip(float value)
{
    return value >= 0 ? fminf(value, 1) : 0;
}

/* Pixel (x, y) of the panel that is being filled, zoomed. */
static void put(struct fer_strip *strip, int y, int x, const float rgb[3])
{
    const int side = strip->zoom, left = strip->panels * (strip->width * side + FER_PANEL_GAP) + x * side;

    for (int j = y * side; j < (y + 1) * side; j++) {
        uint8_t *out = strip->image.pixels + ((size_t)j * (size_t)strip->image.width + (size_t)left) * 3;

        for (int i = 0; i < side * 3; i++)
            out[i] = (uint8_t)(clip(rgb[i % 3]) * 255.0f + 0.5f);
    }
}

void fer_strip_picture(struct fer_strip *strip, const float *picture, int channels)
{
    const size_t pixels = (size_t)strip->height * (size_t)strip->width;

    for (size_t i = 0; i < pixels; i++) {
        const float *at = picture + i;
        const float rgb[3] = { at[0], at[channels >= 3 ? pixels : 0], at[channels >= 3 ? 2 * pixels : 0] };

        put(strip, (int)(i / (size_t)strip->width), (int)(i % (size_t)strip->width), rgb);
    }
    strip->panels++;
}

void fer_strip_gray(struct fer_strip *strip, const float *map)
{
    fer_strip_picture(strip, map, 1);
}

void fer_strip_heat(struct fer_strip *strip, const float *picture, int channels, const float *map)
{
    const size_t pixels = (size_t)strip->height * (size_t)strip->width;

    for (size_t i = 0; i < pixels; i++) {
        const float *at = picture + i;
        /* ITU-R 601, as fer_image_gray */
        const float gray = channels >= 3 ? 0.299f * at[0] + 0.587f * at[pixels] + 0.114f * at[2 * pixels] : at[0];
        const float heat = clip(map[i]), part = HEAT * heat, under = (1 - part) * clip(gray);
        const float rgb[3] = { under + part, under + part * clip(2 * heat - 1), under };

        put(strip, (int)(i / (size_t)strip->width), (int)(i % (size_t)strip->width), rgb);
    }
    strip->panels++;
}

void fer_strip_skip(struct fer_strip *strip)
{
    strip->panels++;
}
