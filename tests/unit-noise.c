/* SPDX-License-Identifier: Apache-2.0
 *
 * The reader of pictures that mean nothing.
 */
#include <check.h>
#include <stdlib.h>

#include "reader-trial.h"

/* Bytes are uniform: of 3 x 64 x 64 the mean lies within five standard errors of 127.5, all but surely. */
static void is_uniform(const struct fer_image *image)
{
    const size_t size = (size_t)image->width * (size_t)image->height * (size_t)image->channels;
    double sum = 0;

    for (size_t i = 0; i < size; i++)
        sum += image->pixels[i];
    ck_assert_double_eq_tol(sum / (double)size, 127.5, 5 * 73.9 / 110.8);
}

START_TEST(labels_in_turn_and_uniform_pixels)
{
    struct fer_sample sample[5], again;
    struct fer_pipeline *pipeline;

    use_labels(NULL, 0);
    pipeline = open_ok("noise count=5 size=64 classes=3", false);
    ck_assert_uint_eq(fer_pipeline_info(pipeline)->count, 5);
    for (size_t i = 0; i < 5; i++) {
        ck_assert_int_eq(fer_pipeline_sample(pipeline, i, &sample[i], NULL), FER_OK);
        ck_assert_int_eq(sample[i].label, (int)i % 3);
        ck_assert_int_eq(sample[i].image.width, 64);
        ck_assert_int_eq(sample[i].image.height, 64);
        ck_assert_int_eq(sample[i].image.channels, 3);
        is_uniform(&sample[i].image);
    }
    ck_assert_mem_ne(sample[0].image.pixels, sample[1].image.pixels, 64);
    ck_assert_int_eq(fer_pipeline_sample(pipeline, 1, &again, NULL), FER_OK);
    ck_assert_mem_eq(again.image.pixels, sample[1].image.pixels, 3 * 64 * 64);
    fer_sample_free(&again);
    for (size_t i = 0; i < 5; i++)
        fer_sample_free(&sample[i]);
    fer_pipeline_close(pipeline);
    fails("noise", "how many classes|classes=7");
    fails("noise classes=2 channels=2", "channels=2|1 (gray)");
    use_labels(seven, 7);
    pipeline = open_ok("noise count=9 size=5 channels=1", false);
    ck_assert_int_eq(fer_pipeline_sample(pipeline, 7, &again, NULL), FER_OK);
    ck_assert_int_eq(again.label, 0);
    ck_assert_int_eq(again.image.channels, 1);
    fer_sample_free(&again);
    fer_pipeline_close(pipeline);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("noise");
    TCase *tests = tcase_create("noise");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tests);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, labels_in_turn_and_uniform_pixels);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
