/* SPDX-License-Identifier: Apache-2.0 */
#include "train/picture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the block ---- */

static enum fer_status check_ports(const struct fer_predict_spec *spec, struct fer_classifier *out,
                                   struct fer_error *err)
{
    const struct fer_shape *from, *to;

    if (spec->ninputs != 1 || spec->noutputs < 1)
        return fer_fail(err, FER_ESHAPE, "predict %s takes %d inputs; it should take one picture", spec->name,
                        spec->ninputs);
    from = &spec->inputs[0].shape;
    to = &spec->outputs[0].shape;
    if (from->rank != 4 || from->dtype != FER_F32 || (from->dim[1] != 1 && from->dim[1] != 3))
        return fer_fail(err, FER_ESHAPE, "predict %s: its input should be a picture, f32[1,H,W] or f32[3,H,W]",
                        spec->name);
    if (to->rank != 2 || to->dtype != FER_F32 || to->batch != 1)
        return fer_fail(err, FER_ESHAPE, "predict %s: its first output should be one number a class", spec->name);
    *out = (struct fer_classifier){ spec, from->dim[1], from->dim[2], from->dim[3], to->dim[1] };
    return FER_OK;
}

enum fer_status fer_classifier_find(const struct fer_description *description, const char *name, const char *path,
                                    struct fer_classifier *out, struct fer_error *err)
{
    int at;
    enum fer_status status = fer_description_block(description, path, FER_BLOCK_PREDICT, name, &at, err);

    return status == FER_OK ? check_ports(&description->predicts[at], out, err) : status;
}

const char **fer_classifier_labels(const struct fer_description *description, int classes)
{
    enum { DIGITS = 12 };
    const char **labels = calloc((size_t)classes, sizeof(*labels) + DIGITS);
    char *numbers = (char *)(labels + classes);

    for (int i = 0; labels && i < classes; i++) {
        snprintf(numbers + (size_t)DIGITS * (size_t)i, DIGITS, "%d", i);
        labels[i] = i < description->nlabels ? description->labels[i] : numbers + (size_t)DIGITS * (size_t)i;
    }
    return labels;
}

/* ---- pictures ---- */

/* The largest centred piece of the port's ratio. */
static enum fer_status crop(struct fer_image *out, const struct fer_image *in, int width, int height,
                            struct fer_error *err)
{
    int w = in->width, h = in->height;
    enum fer_status status;

    if ((long long)w * height > (long long)h * width)
        w = (int)((long long)h * width / height);
    else
        h = (int)((long long)w * height / width);
    w = w > 0 ? w : 1;
    h = h > 0 ? h : 1;
    status = fer_image_create(out, w, h, in->channels, err);
    for (int y = 0; status == FER_OK && y < h; y++) {
        size_t row = ((size_t)(in->height - h) / 2 + (size_t)y) * (size_t)in->width + (size_t)(in->width - w) / 2;

        memcpy(out->pixels + (size_t)y * (size_t)w * (size_t)in->channels, in->pixels + row * (size_t)in->channels,
               (size_t)w * (size_t)in->channels);
    }
    return status;
}

/* Bytes in rows of pixels to planes in [0, 1]; gray pictures fill three planes alike, alpha is left out. */
static void to_planes(const struct fer_image *image, int channels, float *out)
{
    size_t pixels = (size_t)image->width * (size_t)image->height, step = (size_t)image->channels;

    for (int c = 0; c < channels; c++) {
        size_t from = image->channels >= 3 ? (size_t)c : 0;

        for (size_t i = 0; i < pixels; i++)
            out[(size_t)c * pixels + i] = (float)image->pixels[i * step + from] / 255.0f;
    }
}

enum fer_status fer_picture_planes(const struct fer_image *image, enum fer_fit fit, int channels, int height, int width,
                                   float *out, struct fer_error *err)
{
    struct fer_image cropped = { 0 }, resized = { 0 }, gray = { 0 };
    const struct fer_image *current = image;
    enum fer_status status = FER_OK;

    if (fit == FER_FIT_CROP) {
        status = crop(&cropped, current, width, height, err);
        current = &cropped;
    }
    if (status == FER_OK && channels == 1 && current->channels != 1) {
        status = fer_image_gray(&gray, current, err);
        current = &gray;
    }
    if (status == FER_OK && (current->width != width || current->height != height)) {
        status = fer_image_resize(&resized, current, width, height, err);
        current = &resized;
    }
    if (status == FER_OK)
        to_planes(current, channels, out);
    fer_image_free(&cropped);
    fer_image_free(&resized);
    fer_image_free(&gray);
    return status;
}
