/* SPDX-License-Identifier: Apache-2.0
 *
 * The pipeline with a reader made for the purpose: order, contents, resuming, caching, errors and shutdown, for any
 * number of threads.
 */
#include <check.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fer/host.h>

#include "data/pipeline.h"

enum { WIDTH = 5, HEIGHT = 3 };

/* ---- a reader of `count` pictures whose bytes are their number; one may be broken, one of another size ---- */

struct fake {
    size_t count;
    int classes;         /* label = index % classes; 0: none */
    long broken, odd;    /* -1: none */
    atomic_int *decoded; /* pictures made so far */
    int landmarks;
};

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

/* ---- a transform that puts its random number into the first byte ---- */

static enum fer_status stamp_apply(const void *params, struct fer_sample *sample, const double random[4],
                                   struct fer_error *err)
{
    (void)params;
    (void)err;
    sample->image.pixels[0] = (uint8_t)(random[0] * 256);
    return FER_OK;
}
static const struct fer_transform stamp = {
    .size = sizeof(stamp), .name = "stamp", .apply = stamp_apply, .draws = true
};

/* ---- samplers: labels 1 and 2 as 0 and 1; backwards; the next one of the same label ---- */

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
static const struct fer_sampler drop = { .size = sizeof(drop), .name = "drop", .select = drop_select };
static const struct fer_sampler back = { .size = sizeof(back), .name = "back", .order = back_order };
static const struct fer_sampler next = { .size = sizeof(next), .name = "next", .partner = next_partner };
static const struct fer_sampler wild = { .size = sizeof(wild), .name = "wild", .order = wild_order };

static struct fer_pipeline_spec spec_of(const struct fake *fake, int batch, bool train)
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

static struct fer_pipeline *open_ok(const struct fer_pipeline_spec *spec)
{
    struct fer_pipeline *pipeline = NULL;
    struct fer_error err = FER_ERROR_INIT;

    ck_assert_msg(!fer_pipeline_open(spec, &pipeline, &err), "%s", err.text);
    return pipeline;
}

static void open_fails(const struct fer_pipeline_spec *spec, enum fer_status status, const char *words)
{
    struct fer_pipeline *pipeline = NULL;
    struct fer_error err = FER_ERROR_INIT;

    ck_assert_int_eq(fer_pipeline_open(spec, &pipeline, &err), status);
    ck_assert_ptr_null(pipeline);
    ck_assert_msg(strstr(err.text, words) && strstr(err.text, "'toy'"), "'%s' does not say '%s'", err.text, words);
}

/* An epoch's ids from a step on, one after another; checks every row.  Returns how many. */
static size_t run(struct fer_pipeline *pipeline, size_t epoch, size_t first, uint32_t *ids, uint8_t *stamps)
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

static const struct fake plain = { .count = 103, .classes = 3, .broken = -1, .odd = -1 };

START_TEST(tests_come_in_order)
{
    const struct fer_pipeline_spec spec = spec_of(&plain, 10, false);
    struct fer_pipeline *pipeline = open_ok(&spec);
    const struct fer_pipeline_info *info = fer_pipeline_info(pipeline);
    uint32_t ids[103];

    ck_assert_uint_eq(info->count, 103);
    ck_assert_uint_eq(info->steps, 11);
    ck_assert_int_eq(info->width, WIDTH);
    ck_assert_int_eq(info->height, HEIGHT);
    ck_assert_int_eq(info->channels, 3);
    ck_assert_int_eq(info->classes, 3);
    ck_assert_uint_eq(info->fields, FER_FIELD_IMAGE | FER_FIELD_LABEL | FER_FIELD_SUBJECT | FER_FIELD_ID);
    ck_assert_uint_eq(run(pipeline, 0, 0, ids, NULL), 103);
    for (uint32_t i = 0; i < 103; i++)
        ck_assert_uint_eq(ids[i], i);
    fer_pipeline_close(pipeline);
}
END_TEST

START_TEST(some_are_spread_over_all)
{
    static const uint32_t of_four[] = { 0, 25, 51, 77 }; /* 103 / 4 = 25.75 */
    const struct fer_pipeline_spec spec = spec_of(&plain, 3, false);
    struct fer_pipeline *pipeline = open_ok(&spec);
    uint32_t ids[103];
    char name[32], wanted[32];

    fer_pipeline_spread(pipeline, 4);
    ck_assert_uint_eq(fer_pipeline_info(pipeline)->count, 4);
    ck_assert_uint_eq(fer_pipeline_info(pipeline)->steps, 2);
    ck_assert_uint_eq(run(pipeline, 0, 0, ids, NULL), 4);
    for (size_t i = 0; i < 4; i++) {
        ck_assert_uint_eq(ids[i], of_four[i]);
        fer_pipeline_name(pipeline, i, name, sizeof(name));
        snprintf(wanted, sizeof(wanted), "picture%u.png", of_four[i]);
        ck_assert_str_eq(name, wanted);
    }
    fer_pipeline_name(pipeline, 4, name, sizeof(name));
    ck_assert_str_eq(name, "");
    fer_pipeline_spread(pipeline, 102); /* one is left out, the last */
    ck_assert_uint_eq(run(pipeline, 0, 0, ids, NULL), 102);
    for (uint32_t i = 0; i < 102; i++)
        ck_assert_uint_eq(ids[i], i);
    fer_pipeline_spread(pipeline, 1000);
    ck_assert_uint_eq(run(pipeline, 0, 0, ids, NULL), 103);
    ck_assert_uint_eq(ids[102], 102);
    fer_pipeline_close(pipeline);
}
END_TEST

START_TEST(training_shuffles_and_drops)
{
    const struct fer_pipeline_spec spec = spec_of(&plain, 10, true);
    struct fer_pipeline *pipeline = open_ok(&spec);
    uint32_t first[103], second[103];
    size_t seen[103] = { 0 }, moved = 0, differ = 0;

    ck_assert_uint_eq(run(pipeline, 1, 0, first, NULL), 100);
    ck_assert_uint_eq(run(pipeline, 2, 0, second, NULL), 100);
    for (size_t i = 0; i < 100; i++) {
        ck_assert_uint_lt(first[i], 103);
        ck_assert_uint_eq(seen[first[i]]++, 0);
        moved += first[i] != i;
        differ += first[i] != second[i];
    }
    ck_assert_uint_gt(moved, 80);
    ck_assert_uint_gt(differ, 80);
    fer_pipeline_close(pipeline);
}
END_TEST

/* The same whatever the number of threads, with and without the cache, from any step on. */
START_TEST(contents_depend_on_nothing_else)
{
    static const struct fer_pipeline_item item = { .transform = &stamp };
    uint32_t ids[2][103];
    uint8_t stamps[2][103];

    for (int threads = 1; threads <= 5; threads++) {
        struct fer_pipeline_spec spec = spec_of(&plain, 7, true);
        struct fer_pipeline *pipeline;
        int k = threads > 1;

        spec.items = &item;
        spec.nitems = 1;
        spec.threads = threads;
        spec.cache_bytes = threads % 2;
        pipeline = open_ok(&spec);
        ck_assert_uint_eq(run(pipeline, 3, 0, ids[k], stamps[k]), 98);
        if (k) {
            ck_assert_mem_eq(ids[0], ids[1], 98 * sizeof(ids[0][0]));
            ck_assert_mem_eq(stamps[0], stamps[1], 98);
        }
        ck_assert_uint_eq(run(pipeline, 3, 5, ids[1], stamps[1]), 98 - 35);
        ck_assert_mem_eq(ids[0] + 35, ids[1], 63 * sizeof(ids[0][0]));
        ck_assert_mem_eq(stamps[0] + 35, stamps[1], 63);
        ck_assert_uint_eq(run(pipeline, 3, 14, ids[1], stamps[1]), 0);
        /* Another epoch draws other numbers. */
        ck_assert_uint_eq(run(pipeline, 4, 0, ids[1], stamps[1]), 98);
        ck_assert_mem_ne(stamps[0], stamps[1], 98);
        fer_pipeline_close(pipeline);
    }
}
END_TEST

START_TEST(pictures_are_decoded_once)
{
    atomic_int decoded = 0;
    struct fake fake = plain;
    struct fer_pipeline_spec spec;
    struct fer_pipeline *pipeline;
    uint32_t ids[103];

    fake.decoded = &decoded;
    spec = spec_of(&fake, 10, false);
    pipeline = open_ok(&spec);
    for (size_t epoch = 0; epoch < 3; epoch++)
        run(pipeline, epoch, 0, ids, NULL);
    fer_pipeline_close(pipeline);
    ck_assert_int_eq(decoded, 103);
    /* Without a cache: each time, and once to look. */
    decoded = 0;
    spec.cache_bytes = 1;
    pipeline = open_ok(&spec);
    for (size_t epoch = 0; epoch < 3; epoch++)
        run(pipeline, epoch, 0, ids, NULL);
    fer_pipeline_close(pipeline);
    ck_assert_int_eq(decoded, 3 * 103 + 1);
    /* Room for a few only: the others again each epoch. */
    decoded = 0;
    spec.cache_bytes = 10 * (sizeof(struct fer_sample) + WIDTH * HEIGHT * 3);
    pipeline = open_ok(&spec);
    for (size_t epoch = 0; epoch < 3; epoch++)
        run(pipeline, epoch, 0, ids, NULL);
    fer_pipeline_close(pipeline);
    ck_assert_int_le(decoded, 10 + 3 * 93 + 3 * 2);
    ck_assert_int_ge(decoded, 10 + 3 * 93);
}
END_TEST

START_TEST(labels_alone_decode_nothing)
{
    atomic_int decoded = 0;
    struct fake fake = plain;
    struct fer_pipeline_spec spec;
    struct fer_pipeline *pipeline;
    uint32_t ids[103];

    fake.decoded = &decoded;
    fake.broken = 5;
    spec = spec_of(&fake, 10, false);
    spec.wanted = FER_FIELD_LABEL | FER_FIELD_SUBJECT;
    pipeline = open_ok(&spec);
    ck_assert_uint_eq(fer_pipeline_info(pipeline)->filled, FER_FIELD_LABEL | FER_FIELD_SUBJECT | FER_FIELD_ID);
    ck_assert_uint_eq(run(pipeline, 0, 0, ids, NULL), 103);
    ck_assert_int_eq(decoded, 0);
    fer_pipeline_close(pipeline);
}
END_TEST

/* The first failure in sample order, for any number of threads, and again when asked again. */
static void fails_at(const struct fer_pipeline_spec *spec, size_t batches, const char *const words[])
{
    for (int threads = 1; threads <= 4; threads++) {
        struct fer_pipeline_spec own = *spec;
        struct fer_pipeline *pipeline;
        const struct fer_batch *batch;
        struct fer_error err = FER_ERROR_INIT;

        own.threads = threads;
        pipeline = open_ok(&own);
        ck_assert_int_eq(fer_pipeline_start(pipeline, 0, 0, &err), FER_OK);
        for (size_t i = 0; i < batches; i++) {
            ck_assert_msg(!fer_pipeline_next(pipeline, &batch, &err), "%s", err.text);
            ck_assert_ptr_nonnull(batch);
        }
        for (int again = 0; again < 2; again++) {
            err = (struct fer_error)FER_ERROR_INIT;
            ck_assert_int_ne(fer_pipeline_next(pipeline, &batch, &err), FER_OK);
            ck_assert_ptr_null(batch);
            for (int k = 0; words[k]; k++)
                ck_assert_msg(strstr(err.text, words[k]), "'%s' does not say '%s'", err.text, words[k]);
        }
        /* Nothing is broken for good: steps after it can be had. */
        ck_assert_int_eq(fer_pipeline_start(pipeline, 0, batches + 1, &err), FER_OK);
        ck_assert_int_eq(fer_pipeline_next(pipeline, &batch, &err), FER_OK);
        ck_assert_int_eq(batch != NULL, batches + 1 < fer_pipeline_info(pipeline)->steps);
        fer_pipeline_close(pipeline);
    }
}

START_TEST(errors_name_file_and_sample)
{
    struct fake fake = plain;
    struct fer_pipeline_spec spec;

    fake.broken = 47;
    fake.odd = 48;
    spec = spec_of(&fake, 10, false);
    fails_at(&spec, 4, (const char *const[]){ "'toy'", "sample 47", "picture47.png", "damaged", NULL });
    fake.broken = 33;
    fake.odd = 31;
    fails_at(&spec, 3, (const char *const[]){ "'toy'", "picture31.png", "6 x 3", "5 x 3", "resize", NULL });
    fake.odd = -1;
    fake.broken = (long)fake.count - 1; /* in the last batch */
    fails_at(&spec, (size_t)(fake.count - 1) / 10, (const char *const[]){ "damaged", NULL });
    fake.broken = 0;
    open_fails(&spec, FER_EFORMAT, "picture0.png");
}
END_TEST

START_TEST(can_be_stopped_at_any_moment)
{
    const struct fer_pipeline_spec spec = spec_of(&plain, 4, true);
    struct fer_pipeline *pipeline = open_ok(&spec);
    const struct fer_batch *batch;
    struct fer_error err = FER_ERROR_INIT;

    fer_pipeline_stop(pipeline);
    ck_assert_int_eq(fer_pipeline_next(pipeline, &batch, &err), FER_EINVAL);
    for (size_t taken = 0; taken < 30; taken++) {
        ck_assert_int_eq(fer_pipeline_start(pipeline, taken, 0, &err), FER_OK);
        for (size_t i = 0; i < taken % 26; i++)
            ck_assert_int_eq(fer_pipeline_next(pipeline, &batch, &err), FER_OK);
        if (taken % 3)
            fer_pipeline_stop(pipeline);
    }
    ck_assert_int_eq(fer_pipeline_start(pipeline, 1, 26, &err), FER_EINVAL);
    fer_pipeline_close(pipeline);
    pipeline = open_ok(&spec);
    ck_assert_int_eq(fer_pipeline_start(pipeline, 1, 0, &err), FER_OK);
    fer_pipeline_close(pipeline); /* in the middle of it */
    fer_pipeline_close(NULL);
}
END_TEST

START_TEST(samplers_choose_order_and_pair)
{
    static const struct fer_pipeline_item items[] = { { .sampler = &drop },
                                                      { .sampler = &back },
                                                      { .sampler = &next } };
    struct fer_pipeline_spec spec = spec_of(&plain, 10, true);
    struct fer_pipeline *pipeline;
    const struct fer_pipeline_info *info;
    const struct fer_batch *batch;
    struct fer_sample sample;
    struct fer_error err = FER_ERROR_INIT;

    spec.items = items;
    spec.nitems = 3;
    pipeline = open_ok(&spec);
    info = fer_pipeline_info(pipeline);
    /* Of 0 … 102 the 35 multiples of 3 have label 0 and go. */
    ck_assert_uint_eq(info->count, 68);
    ck_assert_int_eq(info->classes, 2);
    ck_assert_uint_eq(info->fields & (FER_FIELD_IMAGE2 | FER_FIELD_LABEL2 | FER_FIELD_SAME),
                      FER_FIELD_IMAGE2 | FER_FIELD_LABEL2 | FER_FIELD_SAME);
    ck_assert_int_eq(fer_pipeline_start(pipeline, 1, 0, &err), FER_OK);
    ck_assert_int_eq(fer_pipeline_next(pipeline, &batch, &err), FER_OK);
    /* Backwards: 101 (label 2 → 1) with the first of the list, 1 (label 1 → 0); then 100 (→ 0) with 101. */
    ck_assert_uint_eq(batch->id[0], 101);
    ck_assert_int_eq(batch->label[0], 1);
    ck_assert_int_eq(batch->label2[0], 0);
    ck_assert_uint_eq(batch->image2[0], 1);
    ck_assert_uint_eq(batch->id[1], 100);
    ck_assert_int_eq(batch->label[1], 0);
    ck_assert_int_eq(batch->label2[1], 1);
    ck_assert_uint_eq(batch->image2[WIDTH * HEIGHT * 3], 101);
    ck_assert(batch->same[0] == 0 && batch->same[1] == 0);
    fer_pipeline_stop(pipeline);
    ck_assert_msg(!fer_pipeline_sample(pipeline, 0, &sample, &err), "%s", err.text);
    ck_assert_uint_eq(sample.id, 1);
    ck_assert_int_eq(sample.label, 0);
    ck_assert_int_eq(sample.label2, 1);
    ck_assert_uint_eq(sample.image2.pixels[0], 2);
    fer_sample_free(&sample);
    ck_assert_int_eq(fer_pipeline_sample(pipeline, 68, &sample, &err), FER_EINVAL);
    fer_pipeline_close(pipeline);
}
END_TEST

/* Those with label 0 first, else as they come. */
static enum fer_status sorted_order(const void *params, size_t count, const int *label, uint64_t key, size_t *order,
                                    struct fer_error *err)
{
    size_t at = 0;

    (void)params;
    (void)key;
    (void)err;
    for (int k = 0; k < 3; k++)
        for (size_t i = 0; i < count; i++)
            if (label[i] == k)
                order[at++] = i;
    return FER_OK;
}
static const struct fer_sampler sorted = { .size = sizeof(sorted), .name = "sorted", .order = sorted_order };

/* What one has ordered is what the next one sees: backwards, then by label. */
START_TEST(samplers_follow_one_another)
{
    static const struct fer_pipeline_item items[] = { { .sampler = &back }, { .sampler = &sorted } };
    struct fer_pipeline_spec spec = spec_of(&plain, 1, true);
    struct fer_pipeline *pipeline;
    uint32_t ids[103];
    size_t at = 0;

    spec.items = items;
    spec.nitems = 2;
    pipeline = open_ok(&spec);
    ck_assert_uint_eq(run(pipeline, 1, 0, ids, NULL), 103);
    for (uint32_t k = 0; k < 3; k++)
        for (uint32_t i = 103; i-- > 0;)
            if (i % 3 == k)
                ck_assert_uint_eq(ids[at++], i);
    fer_pipeline_close(pipeline);
}
END_TEST

/* Orders, and what transforms draw for a sample, are those of both halves of the seed and of the epoch. */
START_TEST(other_seeds_and_epochs_draw_anew)
{
    static const struct {
        uint64_t seed;
        size_t epoch;
    } runs[] = { { 0, 1 }, { 1, 1 }, { (uint64_t)1 << 40, 1 }, { 0, 2 } };
    static const struct fer_pipeline_item item = { .transform = &stamp };
    uint32_t ids[4][103];
    uint8_t stamps[103], by_id[4][103];

    for (int k = 0; k < 4; k++) {
        struct fer_pipeline_spec spec = spec_of(&plain, 1, true);
        struct fer_pipeline *pipeline;

        spec.items = &item;
        spec.nitems = 1;
        spec.env.seed = runs[k].seed;
        pipeline = open_ok(&spec);
        ck_assert_uint_eq(run(pipeline, runs[k].epoch, 0, ids[k], stamps), 103);
        for (size_t i = 0; i < 103; i++)
            by_id[k][ids[k][i]] = stamps[i];
        fer_pipeline_close(pipeline);
    }
    for (int k = 1; k < 4; k++) {
        size_t moved = 0, differ = 0;

        for (size_t i = 0; i < 103; i++) {
            moved += ids[0][i] != ids[k][i];
            differ += by_id[0][i] != by_id[k][i];
        }
        ck_assert_uint_gt(moved, 90);
        ck_assert_uint_gt(differ, 90);
    }
}
END_TEST

START_TEST(landmarks_and_boxes_travel)
{
    struct fake fake = plain;
    struct fer_pipeline_spec spec;
    struct fer_pipeline *pipeline;
    const struct fer_batch *batch;

    fake.landmarks = 5;
    spec = spec_of(&fake, 10, false);
    pipeline = open_ok(&spec);
    ck_assert_int_eq(fer_pipeline_info(pipeline)->landmarks, 5);
    ck_assert_int_eq(fer_pipeline_start(pipeline, 0, 1, NULL), FER_OK);
    ck_assert_int_eq(fer_pipeline_next(pipeline, &batch, NULL), FER_OK);
    ck_assert(batch->landmarks[(3 * 5 + 4) * 2] == 17 && batch->landmarks[(3 * 5 + 4) * 2 + 1] == 0);
    ck_assert(batch->box[3 * 4 + 3] == 13);
    fer_pipeline_close(pipeline);
}
END_TEST

START_TEST(what_cannot_be_is_refused)
{
    static const struct fer_pipeline_item wild_item = { .sampler = &wild }, pair_item = { .sampler = &next };
    struct fake fake = plain;
    struct fer_pipeline_spec spec = spec_of(&fake, 0, true);
    struct fer_pipeline *pipeline;
    struct fer_error err = FER_ERROR_INIT;

    open_fails(&spec, FER_EINVAL, "batch of 0");
    spec.batch = 104;
    open_fails(&spec, FER_EINVAL, "smaller batch");
    spec.batch = 10;
    fake.classes = 0;
    spec.items = &pair_item;
    spec.nitems = 1;
    open_fails(&spec, FER_EINVAL, "no labels");
    fake.classes = 3;
    spec.items = &wild_item;
    pipeline = open_ok(&spec);
    ck_assert_int_eq(fer_pipeline_start(pipeline, 1, 0, &err), FER_EPLUGIN);
    ck_assert_ptr_nonnull(strstr(err.text, "wild"));
    fer_pipeline_close(pipeline);
    fake.count = 0;
    spec.nitems = 0;
    open_fails(&spec, FER_EFORMAT, "not a single sample");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pipeline");
    TCase *tests = tcase_create("pipeline");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, tests_come_in_order);
    tcase_add_test(tests, some_are_spread_over_all);
    tcase_add_test(tests, training_shuffles_and_drops);
    tcase_add_test(tests, contents_depend_on_nothing_else);
    tcase_add_test(tests, pictures_are_decoded_once);
    tcase_add_test(tests, labels_alone_decode_nothing);
    tcase_add_test(tests, errors_name_file_and_sample);
    tcase_add_test(tests, can_be_stopped_at_any_moment);
    tcase_add_test(tests, samplers_choose_order_and_pair);
    tcase_add_test(tests, samplers_follow_one_another);
    tcase_add_test(tests, other_seeds_and_epochs_draw_anew);
    tcase_add_test(tests, landmarks_and_boxes_travel);
    tcase_add_test(tests, what_cannot_be_is_refused);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
