/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline-trial.h"

#include <stdio.h>
#include <string.h>

const struct fake plain = { .count = COUNT, .classes = 3, .broken = -1, .odd = -1 };

/* ---- the reader ---- */

static enum fer_status fake_open(const void *params, const struct fer_data_env *env, void **state, size_t *count,
                                 unsigned *fields, struct fer_error *err)
{
    const struct fake *fake = params;

    (void)env;
    (void)err;
    *state = (void *)params;
    *count = fake->count;
    *fields = FER_FIELD_IMAGE | FER_FIELD_SUBJECT | (fake->classes ? FER_FIELD_LABEL : 0) |
              (fake->landmarks ? FER_FIELD_LANDMARKS | FER_FIELD_BOX : 0);
    return FER_OK;
}

static enum fer_status fake_sample(void *state, size_t index, unsigned what, struct fer_sample *sample,
                                   struct fer_error *err)
{
    const struct fake *fake = state;
    enum fer_status status;

    sample->has = FER_FIELD_SUBJECT | (fake->classes ? FER_FIELD_LABEL : 0) |
                  (fake->landmarks ? FER_FIELD_LANDMARKS | FER_FIELD_BOX : 0);
    sample->label = fake->classes ? (int)index % fake->classes : 0;
    sample->subject = (int)index / 2;
    sample->landmarks = fake->landmarks;
    for (int i = 0; i < fake->landmarks; i++)
        sample->landmark[i][0] = (float)index + (float)i;
    sample->box[3] = (float)index;
    if (!(what & FER_FIELD_IMAGE))
        return FER_OK;
    if ((long)index == fake->broken)
        return fer_fail(err, FER_EFORMAT, "picture%zu.png: the picture is damaged", index);
    status = fer_image_create(&sample->image, WIDTH + ((long)index == fake->odd), HEIGHT, 3, err);
    if (status)
        return status;
    memset(sample->image.pixels, (int)index & 255, (size_t)sample->image.width * HEIGHT * 3);
    sample->has |= FER_FIELD_IMAGE;
    if (fake->decoded)
        atomic_fetch_add(fake->decoded, 1);
    return FER_OK;
}

static void fake_name(void *state, size_t index, char *text, size_t size)
{
    (void)state;
    snprintf(text, size, "picture%zu.png", index);
}

static const struct fer_reader reader = {
    .size = sizeof(reader), .name = "fake", .open = fake_open, .sample = fake_sample, .sample_name = fake_name
};

/* ---- the transform and the samplers ---- */

static enum fer_status stamp_apply(const void *params, struct fer_sample *sample, const double random[4],
                                   struct fer_error *err)
{
    (void)params;
    (void)err;
    sample->image.pixels[0] = (uint8_t)(random[0] * 256);
    return FER_OK;
}

const struct fer_transform stamp = { .size = sizeof(stamp), .name = "stamp", .apply = stamp_apply, .draws = true };

static enum fer_status drop_select(const void *params, const struct fer_data_env *env, size_t count, int *label,
                                   const int *subject, bool *keep, struct fer_error *err)
{
    (void)params;
    (void)env;
    (void)err;
    for (size_t i = 0; i < count; i++) {
        ck_assert_int_ge(subject[i], 0);
        keep[i] = label[i]-- > 0;
    }
    return FER_OK;
}

static enum fer_status back_order(const void *params, size_t count, const int *label, uint64_t key, size_t *order,
                                  struct fer_error *err)
{
    (void)params;
    (void)label;
    (void)key;
    (void)err;
    for (size_t i = 0; i < count; i++)
        order[i] = count - 1 - i;
    return FER_OK;
}

static enum fer_status next_partner(const void *params, size_t count, const int *label, uint64_t key, size_t place,
                                    size_t index, size_t *partner, struct fer_error *err)
{
    (void)params;
    (void)label;
    (void)key;
    (void)place;
    (void)err;
    *partner = (index + 1) % count;
    return FER_OK;
}

static enum fer_status wild_order(const void *params, size_t count, const int *label, uint64_t key, size_t *order,
                                  struct fer_error *err)
{
    (void)params;
    (void)label;
    (void)key;
    (void)err;
    order[0] = count;
    return FER_OK;
}

const struct fer_sampler drop = { .size = sizeof(drop), .name = "drop", .select = drop_select };
const struct fer_sampler back = { .size = sizeof(back), .name = "back", .order = back_order };
const struct fer_sampler next = { .size = sizeof(next), .name = "next", .partner = next_partner };
const struct fer_sampler wild = { .size = sizeof(wild), .name = "wild", .order = wild_order };

/* ---- pipelines ---- */

struct fer_pipeline_spec spec_of(const struct fake *fake, int batch, bool train)
{
    return (struct fer_pipeline_spec){ .name = "toy",
                                       .reader = &reader,
                                       .reader_params = fake,
                                       .env = { .size = sizeof(struct fer_data_env), .seed = 11 },
                                       .batch = batch,
                                       .shuffle = train,
                                       .drop_last = train,
                                       .threads = 2 };
}

struct fer_pipeline *open_ok(const struct fer_pipeline_spec *spec)
{
    struct fer_pipeline *pipeline = NULL;
    struct fer_error err = FER_ERROR_INIT;

    ck_assert_msg(!fer_pipeline_open(spec, &pipeline, &err), "%s", err.text);
    return pipeline;
}

void open_fails(const struct fer_pipeline_spec *spec, enum fer_status status, const char *words)
{
    struct fer_pipeline *pipeline = NULL;
    struct fer_error err = FER_ERROR_INIT;

    ck_assert_int_eq(fer_pipeline_open(spec, &pipeline, &err), status);
    ck_assert_ptr_null(pipeline);
    ck_assert_msg(strstr(err.text, words) && strstr(err.text, "'toy'"), "'%s' does not say '%s'", err.text, words);
}

size_t run(struct fer_pipeline *pipeline, size_t epoch, size_t first, uint32_t *ids, uint8_t *stamps)
{
    const struct fer_pipeline_info *info = fer_pipeline_info(pipeline);
    const struct fer_batch *batch;
    struct fer_error err = FER_ERROR_INIT;
    size_t count = 0, step = first;

    ck_assert_msg(!fer_pipeline_start(pipeline, epoch, first, &err), "%s", err.text);
    for (;; step++) {
        ck_assert_msg(!fer_pipeline_next(pipeline, &batch, &err), "%s", err.text);
        if (!batch)
            break;
        ck_assert_uint_eq(batch->step, step);
        ck_assert_uint_eq(batch->epoch, epoch);
        for (int i = 0; i < batch->n; i++) {
            uint32_t id = batch->id[i];

            ck_assert_int_eq(batch->subject[i], (int)id / 2);
            if (batch->image) {
                const uint8_t *pixels = batch->image + (size_t)i * WIDTH * HEIGHT * 3;

                for (int k = 1; k < WIDTH * HEIGHT * 3; k++)
                    ck_assert_uint_eq(pixels[k], id & 255);
                if (stamps)
                    stamps[count] = pixels[0];
            }
            ids[count++] = id;
        }
    }
    ck_assert_uint_eq(step, info->steps);
    ck_assert_int_eq(fer_pipeline_next(pipeline, &batch, &err), FER_OK); /* the end stays the end */
    ck_assert_ptr_null(batch);
    return count;
}
