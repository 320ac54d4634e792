/* SPDX-License-Identifier: Apache-2.0
 *
 * Bringing faces to one place, size and upright by their landmarks.
 */
#include "data.h"

#include <fer/align.h>

struct align {
    int size;
    double margin;
};

static const struct fer_param *const params[] = {
    FER_PARAM_INT(struct align, size, NULL, 1, 16384, "side of the square picture that comes out"),
    FER_PARAM_FLOAT(struct align, margin, "0", -0.4, 2,
                    "added on every side of the face, as a share of its square; 0: forehead to chin"),
    NULL
};

static enum fer_status fields(const void *options, unsigned before, unsigned *after, struct fer_error *err)
{
    (void)options;
    if (!(before & FER_FIELD_LANDMARKS))
        return fer_fail(err, FER_EINVAL,
                        "the samples have no landmarks; a manifest needs the columns lx0,ly0,lx1,…, as `fer detect` "
                        "writes them with a detector like mtcnn");
    *after = before;
    return FER_OK;
}

static void extent(const void *options, int *channels, int *height, int *width)
{
    const struct align *align = options;

    (void)channels;
    *height = *width = align->size;
}

static enum fer_status warp(struct fer_image *image, const struct fer_similarity *map, int size, struct fer_error *err)
{
    struct fer_image out;
    enum fer_status status;

    if (!image->pixels)
        return FER_OK;
    status = fer_image_warp(&out, image, map, size, size, err);
    if (status)
        return status;
    fer_image_free(image);
    *image = out;
    return FER_OK;
}

/* Masks are 0 or 255. */
static void harden(struct fer_image *mask)
{
    for (size_t i = 0; mask->pixels && i < (size_t)mask->width * (size_t)mask->height; i++)
        mask->pixels[i] = mask->pixels[i] < 128 ? 0 : 255;
}

static enum fer_status apply(const void *options, struct fer_sample *sample, const double random[4],
                             struct fer_error *err)
{
    const struct align *align = options;
    const float whole[4] = { 0, 0, (float)align->size, (float)align->size };
    double moved[2];
    struct fer_similarity map;
    enum fer_status status;

    (void)random;
    if (!sample->image.pixels)
        return fer_fail(err, FER_EINVAL, "there is no picture to align");
    status =
        fer_face_align(sample->landmarks, (const float(*)[2])sample->landmark, align->size, align->margin, &map, err);
    if (!status)
        status = warp(&sample->image, &map, align->size, err);
    if (!status)
        status = warp(&sample->mask, &map, align->size, err);
    if (status)
        return status;
    harden(&sample->mask);
    for (int i = 0; i < sample->landmarks; i++) {
        fer_similarity_apply(&map, (double)sample->landmark[i][0], (double)sample->landmark[i][1], moved);
        sample->landmark[i][0] = (float)moved[0];
        sample->landmark[i][1] = (float)moved[1];
    }
    memcpy(sample->box, whole, sizeof(whole));
    return FER_OK;
}

const struct fer_transform data_align = {
    .size = sizeof(struct fer_transform),
    .name = "align",
    .help = "turn, scale and cut until the landmarks (5 or 68) lie where they always should; they move along",
    .params = params,
    .params_size = sizeof(struct align),
    .fields = fields,
    .extent = extent,
    .apply = apply,
};
