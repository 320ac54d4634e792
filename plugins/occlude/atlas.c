/* SPDX-License-Identifier: Apache-2.0
 *
 * Sprites on the host: tiles with their pyramids, and the way to the device.
 */
#include "occlude.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(OCCLUDE_TILE == 128 && OCCLUDE_LEVELS == 5, "OCCLUDE_TILE_BYTES counts these levels");

static enum fer_status grow(struct occlude_atlas *atlas, struct fer_error *err)
{
    const int capacity = atlas->capacity ? 2 * atlas->capacity : 16;
    uint8_t *tiles = realloc(atlas->tiles, (size_t)capacity * OCCLUDE_TILE_BYTES);
    if (tiles)
        atlas->tiles = tiles;
    float *opaque = realloc(atlas->opaque, (size_t)capacity * sizeof *opaque);
    if (opaque)
        atlas->opaque = opaque;
    if (!tiles || !opaque)
        return fer_fail(err, FER_ENOMEM, "out of memory for %d sprites", capacity);
    atlas->capacity = capacity;
    return FER_OK;
}

enum fer_status occlude_atlas_add(struct occlude_atlas *atlas, uint8_t **square, struct fer_error *err)
{
    if (atlas->count == OCCLUDE_MAX_SPRITES)
        return fer_fail(err, FER_EINVAL, "more than %d sprites; split the directory", OCCLUDE_MAX_SPRITES);
    const enum fer_status status = atlas->count == atlas->capacity ? grow(atlas, err) : FER_OK;
    if (status != FER_OK)
        return status;
    *square = atlas->tiles + (size_t)atlas->count++ * OCCLUDE_TILE_BYTES;
    memset(*square, 0, OCCLUDE_TILE_BYTES);
    return FER_OK;
}

/* Each texel is the mean of four. */
static void halve(uint8_t *to, const uint8_t *from, int side)
{
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++)
            for (int c = 0; c < 4; c++) {
                const uint8_t *p = from + 4 * (2 * y * 2 * side + 2 * x) + c;
                to[4 * (y * side + x) + c] = (uint8_t)((p[0] + p[4] + p[8 * side] + p[8 * side + 4] + 2) / 4);
            }
}

void occlude_atlas_finish(struct occlude_atlas *atlas)
{
    uint8_t *level = atlas->tiles + (size_t)(atlas->count - 1) * OCCLUDE_TILE_BYTES;
    int opaque = 0;
    for (int i = 0; i < OCCLUDE_TILE * OCCLUDE_TILE; i++)
        opaque += level[4 * i + 3] >= 128;
    atlas->opaque[atlas->count - 1] = (float)opaque / (OCCLUDE_TILE * OCCLUDE_TILE);
    for (int i = 1, side = OCCLUDE_TILE; i < OCCLUDE_LEVELS; i++, side /= 2) {
        uint8_t *next = level + 4 * side * side;
        halve(next, level, side / 2);
        level = next;
    }
}

struct window {
    int x, y, width, height;
};

/* The part of a picture that is not transparent; false: nothing is. */
static bool visible_part(const struct fer_image *image, struct window *window)
{
    int left = image->width, right = -1, top = image->height, bottom = -1;
    for (int y = 0; y < image->height; y++)
        for (int x = 0; x < image->width; x++)
            if (image->pixels[4 * ((size_t)y * (size_t)image->width + (size_t)x) + 3] >= 8) {
                left = x < left ? x : left;
                right = x > right ? x : right;
                top = y < top ? y : top;
                bottom = y;
            }
    *window = (struct window){ left, top, right - left + 1, bottom - top + 1 };
    return right >= 0;
}

/* Premultiplied mean of the pixels of one texel; a texel smaller than a pixel takes that pixel. */
static void gather(uint8_t texel[4], const struct fer_image *image, int x0, int x1, int y0, int y1)
{
    uint64_t sum[4] = { 0 };
    for (int y = y0; y < y1; y++)
        for (int x = x0; x < x1; x++) {
            const uint8_t *p = image->pixels + 4 * ((size_t)y * (size_t)image->width + (size_t)x);
            for (int c = 0; c < 3; c++)
                sum[c] += (uint64_t)p[c] * p[3];
            sum[3] += 255u * (uint64_t)p[3];
        }
    const uint64_t count = 255u * (uint64_t)(x1 - x0) * (uint64_t)(y1 - y0);
    for (int c = 0; c < 4; c++)
        texel[c] = (uint8_t)((sum[c] + count / 2) / count);
}

enum fer_status occlude_atlas_picture(struct occlude_atlas *atlas, const struct fer_image *image, bool crop,
                                      struct fer_error *err)
{
    struct window part;
    if (image->channels != 4 || !visible_part(image, &part))
        return fer_fail(err, FER_EFORMAT, "is transparent everywhere");
    if (!crop)
        part = (struct window){ 0, 0, image->width, image->height };
    uint8_t *square;
    const enum fer_status status = occlude_atlas_add(atlas, &square, err);
    if (status != FER_OK)
        return status;
    const int longer = part.width > part.height ? part.width : part.height;
    int width = (int)((int64_t)part.width * OCCLUDE_TILE / longer),
        height = (int)((int64_t)part.height * OCCLUDE_TILE / longer);
    width = width < 1 ? 1 : width;
    height = height < 1 ? 1 : height;
    const int left = (OCCLUDE_TILE - width) / 2, top = (OCCLUDE_TILE - height) / 2;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            const int x0 = (int)((int64_t)x * part.width / width), x1 = (int)((int64_t)(x + 1) * part.width / width);
            const int y0 = (int)((int64_t)y * part.height / height),
                      y1 = (int)((int64_t)(y + 1) * part.height / height);
            gather(square + 4 * ((top + y) * OCCLUDE_TILE + left + x), image, part.x + x0,
                   part.x + (x1 > x0 ? x1 : x0 + 1), part.y + y0, part.y + (y1 > y0 ? y1 : y0 + 1));
        }
    occlude_atlas_finish(atlas);
    return FER_OK;
}

void occlude_atlas_free(struct occlude_atlas *atlas)
{
    free(atlas->tiles);
    free(atlas->opaque);
    *atlas = (struct occlude_atlas){ 0 };
}

struct fer_tensor *occlude_atlas_find(struct fer_emit *em, const char *key)
{
    return fer_emit_constant(em, key, NULL, NULL);
}

struct fer_tensor *occlude_atlas_emit(struct fer_emit *em, const char *key, const struct occlude_atlas *atlas)
{
    const struct fer_shape shape = { .dtype = FER_U8, .rank = 2, .dim = { atlas->count, OCCLUDE_TILE_BYTES } };
    return fer_emit_constant(em, key, &shape, atlas->tiles);
}
