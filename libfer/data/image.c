/* SPDX-License-Identifier: Apache-2.0 */
#include "data/image.h"

#include <stdlib.h>
#include <string.h>

enum fer_status fer_image_create(struct fer_image *image, int width, int height, int channels, struct fer_error *err)
{
    memset(image, 0, sizeof(*image));
    if (channels < 1 || channels > 4)
        return fer_fail(err, FER_EINVAL, "a picture cannot have %d channels", channels);
    if (width < 1 || height < 1 || width > FER_IMAGE_SIDE || height > FER_IMAGE_SIDE ||
        (size_t)width * (size_t)height > FER_IMAGE_PIXELS)
        return fer_fail(err, FER_EINVAL,
                        "a picture of %d x %d pixels is refused: sides go from 1 to %d, and at most %d "
                        "million pixels in all",
                        width, height, FER_IMAGE_SIDE, (int)(FER_IMAGE_PIXELS / 1000000));
    image->pixels = calloc((size_t)width * (size_t)height, (size_t)channels);
    if (!image->pixels)
        return fer_fail(err, FER_ENOMEM, "out of memory for a picture of %d x %d pixels", width, height);
    image->width = width;
    image->height = height;
    image->channels = channels;
    return FER_OK;
}

void fer_image_free(struct fer_image *image)
{
    if (!image)
        return;
    free(image->pixels);
    memset(image, 0, sizeof(*image));
}

/* 0.299 R + 0.587 G + 0.114 B in 16-bit fixed point, rounded, as PIL does. */
static uint8_t luma(const uint8_t *rgb)
{
    return (uint8_t)((rgb[0] * 19595u + rgb[1] * 38470u + rgb[2] * 7471u + 0x8000u) >> 16);
}

enum fer_status fer_image_gray(struct fer_image *out, const struct fer_image *in, struct fer_error *err)
{
    size_t pixels = (size_t)in->width * (size_t)in->height, step = (size_t)in->channels;
    enum fer_status status = fer_image_create(out, in->width, in->height, 1, err);

    if (status)
        return status;
    for (size_t i = 0; i < pixels; i++)
        out->pixels[i] = in->channels < 3 ? in->pixels[i * step] : luma(in->pixels + i * step);
    return FER_OK;
}

enum fer_status fer_image_rgb(struct fer_image *out, const struct fer_image *in, struct fer_error *err)
{
    size_t pixels = (size_t)in->width * (size_t)in->height, step = (size_t)in->channels;
    enum fer_status status = fer_image_create(out, in->width, in->height, 3, err);

    if (status)
        return status;
    for (size_t i = 0; i < pixels; i++) {
        for (size_t c = 0; c < 3; c++)
            out->pixels[i * 3 + c] = in->pixels[i * step + (in->channels < 3 ? 0 : c)];
    }
    return FER_OK;
}

enum fer_status fer_image_turn(struct fer_image *image, int orientation, struct fer_error *err)
{
    /* Whether rows of the stored picture are columns of the upright one, its columns run to the left, its rows up. */
    const bool across = orientation >= 5;
    const bool left = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    const bool up = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    const size_t width = (size_t)image->width, step = (size_t)image->channels;
    struct fer_image out;
    enum fer_status status;

    if (orientation < 2 || orientation > 8)
        return FER_OK;
    status = fer_image_create(&out, across ? image->height : image->width, across ? image->width : image->height,
                              image->channels, err);
    if (status)
        return status;
    for (int y = 0; y < out.height; y++) {
        for (int x = 0; x < out.width; x++) {
            const int along = across ? y : x, down = across ? x : y;
            const size_t column = (size_t)(left ? image->width - 1 - along : along);
            const size_t row = (size_t)(up ? image->height - 1 - down : down);

            memcpy(out.pixels + ((size_t)y * (size_t)out.width + (size_t)x) * step,
                   image->pixels + (row * width + column) * step, step);
        }
    }
    fer_image_free(image);
    *image = out;
    return FER_OK;
}
