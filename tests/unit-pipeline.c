/* SPDX-License-Identifier: Apache-2.0
 *
 * What pipelines yield, for any number of threads: order, contents, resuming and caching.
 */
#include <stdio.h>

#include "cases.h"
#include "pipeline-trial.h"

START_TEST(tests_come_in_order)
{
    const struct fer_pipeline_spec spec = spec_of(&plain, 10, false);
    struct fer_pipeline *pipeline = open_ok(&spec);
    const struct fer_pipeline_info *info = fer_pipeline_info(pipeline);
    uint32_t ids[COUNT];

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
    uint32_t ids[COUNT];
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
    uint32_t first[COUNT], second[COUNT];
    size_t seen[COUNT] = { 0 }, moved = 0, differ = 0;

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
START_TEST(contents_depend_on_no_thread_cache_or_start)
{
    static const struct fer_pipeline_item item = { .transform = &stamp };
    uint32_t ids[2][COUNT];
    uint8_t stamps[2][COUNT];

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

/* How many pictures three epochs decode. */
static int decoded_with(size_t cache_bytes)
{
    atomic_int decoded = 0;
    struct fake fake = plain;
    struct fer_pipeline_spec spec;
    struct fer_pipeline *pipeline;
    uint32_t ids[COUNT];

    fake.decoded = &decoded;
    spec = spec_of(&fake, 10, false);
    spec.cache_bytes = cache_bytes;
    pipeline = open_ok(&spec);
    for (size_t epoch = 0; epoch < 3; epoch++)
        ck_assert_uint_eq(run(pipeline, epoch, 0, ids, NULL), COUNT);
    fer_pipeline_close(pipeline);
    return decoded;
}

START_TEST(pictures_are_decoded_once_where_there_is_room)
{
    const size_t picture = sizeof(struct fer_sample) + WIDTH * HEIGHT * 3;
    int decoded;

    ck_assert_int_eq(decoded_with(0), COUNT);         /* the default */
    ck_assert_int_eq(decoded_with(1), 3 * COUNT + 1); /* none is kept: each time, and once to look */
    decoded = decoded_with(10 * picture);             /* room for a few only: the others again each epoch */
    ck_assert_int_le(decoded, 10 + 3 * (COUNT - 10) + 3 * 2);
    ck_assert_int_ge(decoded, 10 + 3 * (COUNT - 10));
}
END_TEST

START_TEST(labels_alone_decode_nothing)
{
    atomic_int decoded = 0;
    struct fake fake = plain;
    struct fer_pipeline_spec spec;
    struct fer_pipeline *pipeline;
    uint32_t ids[COUNT];

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

int main(void)
{
    TCase *tests = cases_begin("pipeline", NULL, NULL);

    tcase_add_test(tests, tests_come_in_order);
    tcase_add_test(tests, some_are_spread_over_all);
    tcase_add_test(tests, training_shuffles_and_drops);
    tcase_add_test(tests, contents_depend_on_no_thread_cache_or_start);
    tcase_add_test(tests, pictures_are_decoded_once_where_there_is_room);
    tcase_add_test(tests, labels_alone_decode_nothing);
    tcase_add_test(tests, samplers_choose_order_and_pair);
    tcase_add_test(tests, samplers_follow_one_another);
    tcase_add_test(tests, other_seeds_and_epochs_draw_anew);
    tcase_add_test(tests, landmarks_and_boxes_travel);
    return cases_run();
}
