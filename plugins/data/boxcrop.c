/* SPDX-License-Identifier: Apache-2.0
 *
 * Cutting out the face box that a data set gives, for pictures that show more than a face.
 */
#include "data.h"

#include <math.h>

struct boxcrop {
    double margin;
    bool square;
};

static const struct fer_param *const params[] = {
    FER_PARAM_FLOAT(struct boxcrop, margin, "0.1", 0, 2, "added on every side, as a share of the box's side"),
    FER_PARAM_BOOL(struct boxcrop, square, "yes", "widen the shorter side to the longer one"), NULL
};

enum { LONGEST_SIDE = 16384 };

/* A part of a picture, in whole pixels; it may reach over the edges. */
struct part {
    int left, top, width, height;
};

static enum fer_status fields(const void *options, unsigned before, unsigned *after, struct fer_error *err)
{
    (void)options;
    if (!(before & FER_FIELD_BOX))
        return fer_fail(err, FER_EINVAL, "the samples have no face box; a manifest needs the columns x0,y0,x1,y1");
    *after = before;
    return FER_OK;
}

static void extent(const void *options, int *channels, int *height, int *width)
{
    (void)options;
    (void)channels;
    *height = *width = 0;
}

static enum fer_status find_part(const struct boxcrop *boxcrop, const struct fer_sample *sample, struct part *part,
                                 struct fer_error *err)
{
    const float *box = sample->box;
    double width = (double)box[2] - box[0], height = (double)box[3] - box[1];
    const double x = box[0] + width / 2, y = box[1] + height / 2;

    if (!(width > 0 && height > 0 && box[0] < (float)sample->image.width && box[1] < (float)sample->image.height &&
          box[2] > 0 && box[3] > 0))
        return fer_fail(err, FER_EFORMAT, "the face box %g,%g to %g,%g is empty or outside of the picture of %d x %d",
                        box[0], box[1], box[2], box[3], sample->image.width, sample->image.height);
    if (boxcrop->square)
        width = height = fmax(width, height);
    width *= 1 + 2 * boxcrop->margin;
    height *= 1 + 2 * boxcrop->margin;
    if (width > LONGEST_SIDE || height > LONGEST_SIDE)
        return fer_fail(err, FER_EFORMAT, "the face box is longer than %d pixels", LONGEST_SIDE);
    *part = (struct part){ (int)lround(x - width / 2), (int)lround(y - height / 2), (int)fmax(1, lround(width)),
                           (int)fmax(1, lround(height)) };
    return FER_OK;
}

static int within(int i, int size)
{
    return i < 0 ? 0 : i >= size ? size - 1 : i;
}

/* Beyond the edges the outermost pixels go on. */
static enum fer_status cut(struct fer_image *image, const struct part *part, struct fer_error *err)
{
    const size_t channels = (size_t)image->channels;
    struct fer_image out;
    enum fer_status status;

    if (!image->pixels)
        return FER_OK;
    status = fer_image_create(&out, part->width, part->height, image->channels, err);
    if (status)
        return status;
    for (int y = 0; y < part->height; y++) {
        const uint8_t *row =
            image->pixels + (size_t)within(part->top + y, image->height) * (size_t)image->width * channels;
        uint8_t *to = out.pixels + (size_t)y * (size_t)part->width * channels;

        for (int x = 0; x < part->width; x++)
            memcpy(to + (size_t)x * channels, row + (size_t)within(part->left + x, image->width) * channels, channels);
    }
    fer_image_free(image);
    *image = out;
    return FER_OK;
}

static enum fer_status apply(const void *options, struct fer_sample *sample, const double random[4],
                             struct fer_error *err)
{
    struct part part;
    enum fer_status status;

    (void)random;
    if (!sample->image.pixels)
        return fer_fail(err, FER_EINVAL, "there is no picture to cut");
    status = find_part(options, sample, &part, err);
    if (!status)
        status = cut(&sample->image, &part, err);
    if (!status)
        status = cut(&sample->mask, &part, err);
    if (status)
        return status;
    for (int i = 0; i < sample->landmarks; i++) {
        sample->landmark[i][0] -= (float)part.left;
        sample->landmark[i][1] -= (float)part.top;
    }
    for (int i = 0; i < 4; i++)
        sample->box[i] -= (float)(i % 2 ? part.top : part.left);
    return FER_OK;
}

const struct fer_transform data_boxcrop = {
    .size = sizeof(struct fer_transform),
    .name = "boxcrop",
    .help = "cut out the face box; landmarks and box move along",
    .params = params,
    .params_size = sizeof(struct boxcrop),
    .fields = fields,
    .extent = extent,
    .apply = apply,
};
