/* SPDX-License-Identifier: Apache-2.0 */
#include "data/batch.h"

#include <stdlib.h>
#include <string.h>

static size_t picture_bytes(const struct fer_pipeline_info *info)
{
    return (size_t)info->height * (size_t)info->width * (size_t)info->channels;
}

/* Zeroed memory for `rows` rows of `width` items; NULL when it is not there. */
static void *rows_alloc(int rows, size_t width, size_t size)
{
    width = width > 0 ? width : 1;
    return width > SIZE_MAX / size / (size_t)rows ? NULL : calloc((size_t)rows, width * size);
}

enum fer_status fer_batch_create(struct fer_batch *batch, const struct fer_pipeline_info *info, int capacity,
                                 struct fer_error *err)
{
    const size_t plane = (size_t)info->height * (size_t)info->width;
    const struct {
        unsigned field;
        size_t width, size;
        void **array;
    } arrays[] = {
        { FER_FIELD_IMAGE, picture_bytes(info), 1, (void **)&batch->image },
        { FER_FIELD_IMAGE2, picture_bytes(info), 1, (void **)&batch->image2 },
        { FER_FIELD_MASK, plane, 1, (void **)&batch->mask },
        { FER_FIELD_LABEL, 1, sizeof(int32_t), (void **)&batch->label },
        { FER_FIELD_LABEL2, 1, sizeof(int32_t), (void **)&batch->label2 },
        { FER_FIELD_SUBJECT, 1, sizeof(int32_t), (void **)&batch->subject },
        { FER_FIELD_COVERED, 1, sizeof(float), (void **)&batch->covered },
        { FER_FIELD_SAME, 1, sizeof(float), (void **)&batch->same },
        { FER_FIELD_LANDMARKS, (size_t)info->landmarks * 2, sizeof(float), (void **)&batch->landmarks },
        { FER_FIELD_BOX, 4, sizeof(float), (void **)&batch->box },
        { FER_FIELD_SOFT, (size_t)info->softs, sizeof(float), (void **)&batch->soft },
        { FER_FIELD_CODE, (size_t)info->codes, sizeof(float), (void **)&batch->code },
        { FER_FIELD_ID, 1, sizeof(uint32_t), (void **)&batch->id },
    };

    memset(batch, 0, sizeof(*batch));
    batch->capacity = capacity;
    batch->has = info->filled;
    for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++) {
        if (!(info->filled & arrays[i].field))
            continue;
        *arrays[i].array = rows_alloc(capacity, arrays[i].width, arrays[i].size);
        if (!*arrays[i].array)
            return fer_fail(err, FER_ENOMEM, "out of memory for batches of %d samples (%s); use a smaller batch",
                            capacity, fer_field_name(arrays[i].field));
    }
    return FER_OK;
}

void fer_batch_free(struct fer_batch *batch)
{
    free(batch->image);
    free(batch->image2);
    free(batch->mask);
    free(batch->covered);
    free(batch->label);
    free(batch->label2);
    free(batch->subject);
    free(batch->same);
    free(batch->landmarks);
    free(batch->box);
    free(batch->soft);
    free(batch->code);
    free(batch->id);
    memset(batch, 0, sizeof(*batch));
}

static enum fer_status fail_missing(struct fer_error *err, unsigned field)
{
    return fer_fail(err, FER_EFORMAT, "the sample has no %s, but the first one has", fer_field_name(field));
}

static enum fer_status put_image(uint8_t *to, const struct fer_pipeline_info *info, const struct fer_image *image,
                                 struct fer_error *err)
{
    if (!image->pixels)
        return fail_missing(err, FER_FIELD_IMAGE);
    if (image->width != info->width || image->height != info->height)
        return fer_fail(err, FER_ESHAPE,
                        "the picture has %d x %d pixels (width x height), but the first has %d x %d; add "
                        "`resize` before `batch`",
                        image->width, image->height, info->width, info->height);
    if (image->channels != info->channels)
        return fer_fail(err, FER_ESHAPE,
                        "the picture has %d channels, but the first has %d; add `rgb` or `gray` before "
                        "`batch`",
                        image->channels, info->channels);
    memcpy(to, image->pixels, picture_bytes(info));
    return FER_OK;
}

/* The mask, and which part of it is white; either may be NULL. */
static enum fer_status put_mask(uint8_t *to, float *covered, const struct fer_pipeline_info *info,
                                const struct fer_image *mask, struct fer_error *err)
{
    const size_t pixels = (size_t)info->width * (size_t)info->height;
    double sum = 0;

    if (!mask->pixels)
        return fail_missing(err, FER_FIELD_MASK);
    if (mask->width != info->width || mask->height != info->height || mask->channels != 1)
        return fer_fail(err, FER_ESHAPE, "the mask has %d x %d pixels and %d channels, but the picture %d x %d",
                        mask->width, mask->height, mask->channels, info->width, info->height);
    if (to)
        memcpy(to, mask->pixels, pixels);
    for (size_t i = 0; covered && i < pixels; i++)
        sum += mask->pixels[i];
    if (covered)
        *covered = (float)(sum / 255 / (double)pixels);
    return FER_OK;
}

static enum fer_status put_landmarks(float *to, const struct fer_pipeline_info *info, const struct fer_sample *sample,
                                     struct fer_error *err)
{
    if (sample->landmarks != info->landmarks)
        return fer_fail(err, FER_ESHAPE, "the sample has %d landmarks, but the first has %d", sample->landmarks,
                        info->landmarks);
    memcpy(to, sample->landmark, (size_t)info->landmarks * sizeof(sample->landmark[0]));
    return FER_OK;
}

static enum fer_status put_floats(float *to, unsigned field, int width, const float *from, int count,
                                  struct fer_error *err)
{
    if (count != width)
        return fer_fail(err, FER_ESHAPE, "the sample has %d numbers in '%s', but the first has %d", count,
                        fer_field_name(field), width);
    memcpy(to, from, (size_t)width * sizeof(*to));
    return FER_OK;
}

enum fer_status fer_batch_put(struct fer_batch *batch, const struct fer_pipeline_info *info, int row,
                              const struct fer_sample *sample, struct fer_error *err)
{
    const unsigned needed = FER_FIELD_LABEL | FER_FIELD_LANDMARKS | FER_FIELD_BOX | FER_FIELD_SOFT | FER_FIELD_CODE;
    unsigned missing = batch->has & needed & ~sample->has;
    size_t r = (size_t)row;
    enum fer_status status = FER_OK;

    if (missing)
        return fail_missing(err, missing & -missing);
    if (batch->image)
        status = put_image(batch->image + r * picture_bytes(info), info, &sample->image, err);
    if (!status && (batch->mask || batch->covered))
        status = put_mask(batch->mask ? batch->mask + r * (size_t)info->height * (size_t)info->width : NULL,
                          batch->covered ? batch->covered + r : NULL, info, &sample->mask, err);
    if (!status && batch->landmarks)
        status = put_landmarks(batch->landmarks + r * (size_t)info->landmarks * 2, info, sample, err);
    if (!status && batch->soft)
        status = put_floats(batch->soft + r * (size_t)info->softs, FER_FIELD_SOFT, info->softs, sample->soft,
                            sample->softs, err);
    if (!status && batch->code)
        status = put_floats(batch->code + r * (size_t)info->codes, FER_FIELD_CODE, info->codes, sample->code,
                            sample->codes, err);
    if (status)
        return status;
    if (batch->box)
        memcpy(batch->box + r * 4, sample->box, sizeof(sample->box));
    if (batch->label)
        batch->label[r] = sample->label;
    if (batch->subject)
        batch->subject[r] = sample->has & FER_FIELD_SUBJECT ? sample->subject : -1;
    if (batch->id)
        batch->id[r] = sample->id;
    return FER_OK;
}

enum fer_status fer_batch_put_partner(struct fer_batch *batch, const struct fer_pipeline_info *info, int row,
                                      const struct fer_sample *partner, int label, int label2, struct fer_error *err)
{
    size_t r = (size_t)row;

    if (batch->image2 && put_image(batch->image2 + r * picture_bytes(info), info, &partner->image, err))
        return fer_fail_prefix(err, "partner");
    if (batch->label2)
        batch->label2[r] = label2;
    if (batch->same)
        batch->same[r] = label == label2 ? 1.0f : 0.0f;
    return FER_OK;
}
