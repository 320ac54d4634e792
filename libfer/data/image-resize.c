/* SPDX-License-Identifier: Apache-2.0
 *
 * Resizing with antialiasing: each output pixel is a weighted mean of the input pixels under a filter that is widened
 * by the scale when shrinking.  Two passes, rows first, 8 bits in between and 22-bit fixed-point weights: the numbers
 * of PIL's Image.resize.
 */
#include "data/image.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FRACTION = 32 - 8 - 2 };

struct filter {
    double (*weight)(double x);
    double support; /* half of the width at scale 1 */
};

static double triangle(double x)
{
    x = fabs(x);
    return x < 1 ? 1 - x : 0;
}

static double box(double x)
{
    return x > -0.5 && x <= 0.5 ? 1 : 0;
}

/* For each output place the first input, how many, and their weights (`stride` places apart). */
struct taps {
    int *first, *count;
    int32_t *weight;
    int stride;
};

static void taps_free(struct taps *taps)
{
    free(taps->first);
    free(taps->count);
    free(taps->weight);
}

static void fill_taps(struct taps *taps, const struct filter *filter, int in, int out, double *scratch)
{
    double scale = (double)in / out, widened = scale < 1 ? 1 : scale, support = filter->support * widened;

    for (int i = 0; i < out; i++) {
        double centre = (i + 0.5) * scale, sum = 0;
        int low = (int)(centre - support + 0.5), high = (int)(centre + support + 0.5);

        low = low < 0 ? 0 : low;
        high = high > in ? in : high;
        for (int k = low; k < high; k++) {
            scratch[k - low] = filter->weight((k - centre + 0.5) / widened);
            sum += scratch[k - low];
        }
        for (int k = 0; k < high - low; k++) {
            double w = sum != 0 ? scratch[k] / sum : scratch[k];

            taps->weight[(size_t)i * (size_t)taps->stride + (size_t)k] = (int32_t)floor(w * (1 << FRACTION) + 0.5);
        }
        taps->first[i] = low;
        taps->count[i] = high - low;
    }
}

static enum fer_status make_taps(struct taps *taps, const struct filter *filter, int in, int out, struct fer_error *err)
{
    double scale = (double)in / out;
    double *scratch;

    taps->stride = (int)ceil(filter->support * (scale < 1 ? 1 : scale)) * 2 + 1;
    taps->first = calloc((size_t)out, sizeof(*taps->first));
    taps->count = calloc((size_t)out, sizeof(*taps->count));
    taps->weight = calloc((size_t)out * (size_t)taps->stride, sizeof(*taps->weight));
    scratch = calloc((size_t)taps->stride, sizeof(*scratch));
    if (!taps->first || !taps->count || !taps->weight || !scratch) {
        taps_free(taps);
        free(scratch);
        return fer_fail(err, FER_ENOMEM, "out of memory while resizing a picture");
    }
    fill_taps(taps, filter, in, out, scratch);
    free(scratch);
    return FER_OK;
}

/* One output byte: `step` is the distance between its inputs. */
static uint8_t apply(const uint8_t *in, size_t step, const int32_t *weight, int count)
{
    int64_t sum = 1 << (FRACTION - 1);

    for (int k = 0; k < count; k++)
        sum += (int64_t)in[(size_t)k * step] * weight[k];
    sum >>= FRACTION;
    return (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
}

static void resize_rows(struct fer_image *out, const struct fer_image *in, const struct taps *taps)
{
    size_t channels = (size_t)in->channels;

    for (int y = 0; y < out->height; y++) {
        const uint8_t *from = in->pixels + (size_t)y * (size_t)in->width * channels;
        uint8_t *to = out->pixels + (size_t)y * (size_t)out->width * channels;

        for (int x = 0; x < out->width; x++) {
            for (size_t c = 0; c < channels; c++)
                *to++ = apply(from + (size_t)taps->first[x] * channels + c, channels,
                              taps->weight + (size_t)x * (size_t)taps->stride, taps->count[x]);
        }
    }
}

static void resize_columns(struct fer_image *out, const struct fer_image *in, const struct taps *taps)
{
    size_t row = (size_t)in->width * (size_t)in->channels;

    for (int y = 0; y < out->height; y++) {
        const uint8_t *from = in->pixels + (size_t)taps->first[y] * row;

        for (size_t x = 0; x < row; x++)
            out->pixels[(size_t)y * row + x] =
                apply(from + x, row, taps->weight + (size_t)y * (size_t)taps->stride, taps->count[y]);
    }
}

static enum fer_status resize_axis(struct fer_image *out, const struct fer_image *in, int length, bool rows,
                                   const struct filter *filter, struct fer_error *err)
{
    struct taps taps = { NULL, NULL, NULL, 0 };
    enum fer_status status;

    status = fer_image_create(out, rows ? length : in->width, rows ? in->height : length, in->channels, err);
    if (status)
        return status;
    if (length == (rows ? in->width : in->height)) {
        memcpy(out->pixels, in->pixels, (size_t)in->width * (size_t)in->height * (size_t)in->channels);
        return FER_OK;
    }
    status = make_taps(&taps, filter, rows ? in->width : in->height, length, err);
    if (status) {
        fer_image_free(out);
        return status;
    }
    if (rows)
        resize_rows(out, in, &taps);
    else
        resize_columns(out, in, &taps);
    taps_free(&taps);
    return FER_OK;
}

static enum fer_status resize(struct fer_image *out, const struct fer_image *in, int width, int height,
                              const struct filter *filter, struct fer_error *err)
{
    struct fer_image between;
    enum fer_status status;

    memset(out, 0, sizeof(*out));
    if (!in->pixels)
        return fer_fail(err, FER_EINVAL, "there is no picture to resize");
    status = resize_axis(&between, in, width, true, filter, err);
    if (status)
        return status;
    status = resize_axis(out, &between, height, false, filter, err);
    fer_image_free(&between);
    return status;
}

enum fer_status fer_image_resize(struct fer_image *out, const struct fer_image *in, int width, int height,
                                 struct fer_error *err)
{
    static const struct filter filter = { triangle, 1 };

    return resize(out, in, width, height, &filter, err);
}

enum fer_status fer_image_resize_area(struct fer_image *out, const struct fer_image *in, int width, int height,
                                      struct fer_error *err)
{
    static const struct filter filter = { box, 0.5 };

    return resize(out, in, width, height, &filter, err);
}
