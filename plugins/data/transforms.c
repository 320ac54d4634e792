/* SPDX-License-Identifier: Apache-2.0
 *
 * Host transforms: resize, gray, rgb.
 */
#include "data.h"

struct resize {
    struct fer_ints size;
    int mode;
};
enum { BILINEAR, AREA };
static const char *const modes[] = { "bilinear", "area", NULL };

static const struct fer_param *const resize_params[] = {
    FER_PARAM_INTS(struct resize, size, NULL, 1, 16384, "side of a square, or [height, width]"),
    FER_PARAM_ENUM(struct resize, mode, "bilinear", modes,
                   "bilinear with antialiasing, or the mean of the area covered"),
    NULL
};

static int resize_height(const struct resize *resize)
{
    return resize->size.items[0];
}

static int resize_width(const struct resize *resize)
{
    return resize->size.items[resize->size.count - 1];
}

static enum fer_status resize_fields(const void *params, unsigned before, unsigned *after, struct fer_error *err)
{
    const struct resize *resize = params;

    if (resize->size.count < 1 || resize->size.count > 2)
        return fer_fail_argument(err, FER_EINVAL, "size", "size is a side, as in 224, or [height, width]");
    if (!(before & FER_FIELD_IMAGE))
        return fer_fail(err, FER_EINVAL, "there is no picture to resize");
    *after = before;
    return FER_OK;
}

static void resize_extent(const void *params, int *channels, int *height, int *width)
{
    const struct resize *resize = params;

    (void)channels;
    if (resize->size.count < 1)
        return;
    *height = resize_height(resize);
    *width = resize_width(resize);
}

static enum fer_status resize_image(const struct resize *resize, struct fer_image *image, struct fer_error *err)
{
    int height = resize_height(resize), width = resize_width(resize);
    struct fer_image out;
    enum fer_status status;

    if (!image->pixels || (image->height == height && image->width == width))
        return FER_OK;
    status = resize->mode == AREA ? fer_image_resize_area(&out, image, width, height, err)
                                  : fer_image_resize(&out, image, width, height, err);
    if (status)
        return status;
    fer_image_free(image);
    *image = out;
    return FER_OK;
}

static enum fer_status resize_apply(const void *params, struct fer_sample *sample, const double random[4],
                                    struct fer_error *err)
{
    const struct resize *resize = params;
    float x, y;
    enum fer_status status;

    (void)random;
    if (!sample->image.pixels)
        return fer_fail(err, FER_EINVAL, "there is no picture to resize");
    x = (float)resize_width(resize) / (float)sample->image.width;
    y = (float)resize_height(resize) / (float)sample->image.height;
    status = resize_image(resize, &sample->image, err);
    if (!status)
        status = resize_image(resize, &sample->mask, err);
    if (status)
        return status;
    for (int i = 0; i < sample->landmarks; i++) {
        sample->landmark[i][0] *= x;
        sample->landmark[i][1] *= y;
    }
    for (int i = 0; i < 4; i++)
        sample->box[i] *= i % 2 ? y : x;
    return FER_OK;
}

const struct fer_transform data_resize = {
    .size = sizeof(struct fer_transform),
    .name = "resize",
    .help = "resize the picture, its mask, landmarks and box",
    .params = resize_params,
    .params_size = sizeof(struct resize),
    .fields = resize_fields,
    .extent = resize_extent,
    .apply = resize_apply,
};

/* Transforms without parameters: an empty struct has no portable size. */
struct none {
    int unused;
};
static const struct fer_param *const no_params[] = { NULL };

static enum fer_status replace(struct fer_sample *sample, int channels,
                               enum fer_status (*convert)(struct fer_image *, const struct fer_image *,
                                                          struct fer_error *),
                               struct fer_error *err)
{
    struct fer_image out;
    enum fer_status status;

    if (!sample->image.pixels || sample->image.channels == channels)
        return FER_OK;
    status = convert(&out, &sample->image, err);
    if (status)
        return status;
    fer_image_free(&sample->image);
    sample->image = out;
    return FER_OK;
}

static void gray_extent(const void *params, int *channels, int *height, int *width)
{
    (void)params;
    (void)height;
    (void)width;
    *channels = 1;
}

static enum fer_status gray_apply(const void *params, struct fer_sample *sample, const double random[4],
                                  struct fer_error *err)
{
    (void)params;
    (void)random;
    return replace(sample, 1, fer_image_gray, err);
}

const struct fer_transform data_gray = {
    .size = sizeof(struct fer_transform),
    .name = "gray",
    .help = "one channel: 0.299 red + 0.587 green + 0.114 blue (ITU-R 601)",
    .params = no_params,
    .params_size = sizeof(struct none),
    .extent = gray_extent,
    .apply = gray_apply,
};

static void rgb_extent(const void *params, int *channels, int *height, int *width)
{
    (void)params;
    (void)height;
    (void)width;
    *channels = 3;
}

static enum fer_status rgb_apply(const void *params, struct fer_sample *sample, const double random[4],
                                 struct fer_error *err)
{
    (void)params;
    (void)random;
    return replace(sample, 3, fer_image_rgb, err);
}

const struct fer_transform data_rgb = {
    .size = sizeof(struct fer_transform),
    .name = "rgb",
    .help = "three channels: gray is repeated, alpha is dropped",
    .params = no_params,
    .params_size = sizeof(struct none),
    .extent = rgb_extent,
    .apply = rgb_apply,
};
