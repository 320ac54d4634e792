/* SPDX-License-Identifier: Apache-2.0
 *
 * Pipelines that cannot be, that meet a broken picture, and that are stopped.
 */
#include <string.h>

#include "cases.h"
#include "pipeline-trial.h"

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
    TCase *tests = cases_begin("failures", NULL, NULL);

    tcase_add_test(tests, errors_name_file_and_sample);
    tcase_add_test(tests, can_be_stopped_at_any_moment);
    tcase_add_test(tests, what_cannot_be_is_refused);
    return cases_run();
}
