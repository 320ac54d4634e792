/* SPDX-License-Identifier: Apache-2.0
 *
 * The samplers of the plugin `data`: which samples there are, and which come together.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fer/pack.h>

#include "cases.h"
#include "reader-seen.h"

static void make_list(void)
{
    FILE *file;

    put_picture("p.png", 5);
    make_folders("list.csv");
    file = fopen(in_root("list.csv"), "wb");
    fputs("path,label,subject\n", file);
    /* 60 samples of class 0, 30 of 1, 10 of 2; ten subjects. */
    for (int i = 0; i < 100; i++)
        fprintf(file, "p.png,%d,person%d\n", i < 60 ? 0 : i < 90 ? 1 : 2, i % 10);
    fclose(file);
}

/* How often each of three labels comes in an epoch. */
static void count_labels(const char *text, bool train, size_t epoch, int counts[3])
{
    struct fer_pipeline *pipeline = open_ok(text, train);

    memset(counts, 0, 3 * sizeof(counts[0]));
    for (const struct fer_batch *batch = first_batch(pipeline, epoch); batch; batch = next_batch(pipeline))
        for (int i = 0; i < batch->n; i++) {
            ck_assert(batch->label[i] >= 0 && batch->label[i] < 3);
            counts[batch->label[i]]++;
        }
    fer_pipeline_close(pipeline);
}

static void has_counts(const char *text, bool train, int first, int second, int third)
{
    int counts[3];

    count_labels(text, train, 1, counts);
    ck_assert_msg(counts[0] == first && counts[1] == second && counts[2] == third, "%s: %d, %d and %d of a label", text,
                  counts[0], counts[1], counts[2]);
}

START_TEST(balanced_draws_labels_alike_and_in_training_alone)
{
    int counts[3];

    make_list();
    use_labels(seven, 3);
    count_labels("manifest \"list.csv\" | balanced", true, 1, counts);
    ck_assert_int_eq(counts[0] + counts[1] + counts[2], 100);
    for (int k = 0; k < 3; k++) /* a third each, within four standard deviations of 4.7 */
        ck_assert_int_le(abs(counts[k] - 33), 19);
    has_counts("manifest \"list.csv\" | balanced", false, 60, 30, 10);
    fails("manifest \"list.csv\" labels=no | balanced", "no labels to balance");
}
END_TEST

START_TEST(take_keep_and_group_select_and_renumber)
{
    make_list();
    use_labels(seven, 3);
    has_counts("manifest \"list.csv\" | take 65", false, 60, 5, 0);
    has_counts("manifest \"list.csv\" | keep labels=[2, 1]", true, 10, 30, 0);
    has_counts("manifest \"list.csv\" | group labels=[[1, 2], [0]]", true, 40, 60, 0);
    has_counts("manifest \"list.csv\" | keep [0, 2] | keep [1] | take 3", false, 3, 0, 0);
    has_counts("manifest \"list.csv\" | group labels=[[2], [0]] others=drop", true, 10, 60, 0);
    fails("manifest \"list.csv\" | group labels=[[2], [0]]", "label 1 (disgust)|none of the groups|others=drop");
    fails("manifest \"list.csv\" | keep labels=[3]", "keep|outside [0, 2]");
    fails("manifest \"list.csv\" | keep labels=[1, 1]", "two places");
    fails("manifest \"list.csv\" | group labels=[[0], [1, 0]]", "two places");
    fails("manifest \"list.csv\" labels=no | keep labels=[1]", "no labels");
}
END_TEST

START_TEST(folds_share_no_subject)
{
    int parts_of[10] = { 0 }, tested[10] = { 0 };

    make_list();
    use_labels(seven, 3);
    for (int i = 0; i < 5; i++) {
        static const char *const names[] = { "train", "valid", "test" };
        int owner[10];

        for (int s = 0; s < 10; s++)
            owner[s] = -1;
        for (int part = 0; part < 3; part++) {
            char text[128];
            struct fer_pipeline *pipeline;

            snprintf(text, sizeof(text), "manifest \"list.csv\" | fold k=5 i=%d part=%s", i, names[part]);
            pipeline = open_ok(text, false);
            ck_assert_uint_eq(fer_pipeline_info(pipeline)->count, part == 0 ? 60 : 20);
            for (const struct fer_batch *batch = first_batch(pipeline, 0); batch; batch = next_batch(pipeline))
                for (int k = 0; k < batch->n; k++) {
                    int s = batch->subject[k];

                    ck_assert(owner[s] == -1 || owner[s] == part);
                    owner[s] = part;
                }
            fer_pipeline_close(pipeline);
        }
        for (int s = 0; s < 10; s++) {
            tested[s] += owner[s] == 2;
            parts_of[s] += owner[s] >= 0;
        }
    }
    for (int s = 0; s < 10; s++) {
        ck_assert_int_eq(tested[s], 1); /* each subject is tested once */
        ck_assert_int_eq(parts_of[s], 5);
    }
}
END_TEST

/* Of k subsets one tests and one validates, as in Tang et al. 2021 with k = 8; or none validates. */
START_TEST(folds_have_a_subset_to_test_and_one_to_validate)
{
    static const struct {
        const char *text;
        size_t count;
    } parts[] = { { "k=10 i=9", 80 },
                  { "k=10 i=9 part=valid", 10 },
                  { "k=10 i=9 part=test", 10 },
                  { "k=10 i=9 valid=none", 90 },
                  { "k=10 i=9 valid=4 part=valid", 10 } };

    make_list();
    use_labels(seven, 3);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        char text[128];
        struct fer_pipeline *pipeline;

        snprintf(text, sizeof(text), "manifest \"list.csv\" | fold %s", parts[i].text);
        pipeline = open_ok(text, false);
        ck_assert_uint_eq(fer_pipeline_info(pipeline)->count, parts[i].count);
        fer_pipeline_close(pipeline);
    }
    fails("manifest \"list.csv\" | fold k=10 i=9 valid=none part=valid", "not a single sample");
    fails("manifest \"list.csv\" | fold k=10 i=9 valid=9", "another subset");
    fails("manifest \"list.csv\" | fold k=5 i=5", "i=5 is outside [0, 4]");
    fails("manifest \"list.csv\" | fold k=11 i=0", "10 subjects");
    put_text("short.csv", "path,label\np.png,0\n");
    fails("manifest \"short.csv\" | fold k=2 i=0", "no subject");
}
END_TEST

START_TEST(splits_are_stratified)
{
    make_list();
    use_labels(seven, 3);
    has_counts("manifest \"list.csv\" | split part=valid valid=0.1 test=0.2", false, 6, 3, 1);
    has_counts("manifest \"list.csv\" | split part=test valid=0.1 test=0.2", false, 12, 6, 2);
    has_counts("manifest \"list.csv\" | split part=train valid=0.1 test=0.2", false, 42, 21, 7);
}
END_TEST

/* A reference for each class out of the set itself: the first of it. */
START_TEST(pairs_with_the_first_of_a_class_are_with_no_other)
{
    struct fer_pipeline *pipeline;
    int same = 0, seen = 0;

    for (int i = 0; i < 9; i++) {
        char name[32];

        snprintf(name, sizeof(name), "c/%s/%d.png", seven[i % 3], i);
        put_picture(name, 10 * (i % 3) + i / 3);
    }
    use_labels(seven, 3);
    pipeline = open_ok("folder \"c\" | pairs first=1", true);
    for (size_t epoch = 0; epoch < 40; epoch++)
        for (const struct fer_batch *batch = first_batch(pipeline, epoch); batch; batch = next_batch(pipeline))
            for (int i = 0; i < batch->n; i++, seen++) {
                const size_t pixel = (size_t)i * 6 * 4 * 3;

                ck_assert_int_eq(batch->image2[pixel], 10 * batch->label2[i]);
                if (batch->image[pixel] == 10 * batch->label[i]) /* a reference is no partner of its own */
                    ck_assert_int_ne(batch->label[i], batch->label2[i]);
                same += batch->label[i] == batch->label2[i];
            }
    fer_pipeline_close(pipeline);
    /* A third of the samples are references and never paired with their own class; of the rest half are. */
    ck_assert_int_eq(seen, 40 * 9);
    ck_assert_int_ge(same, 90);
    ck_assert_int_le(same, 150);
}
END_TEST

START_TEST(pairs_are_of_one_class_as_often_as_asked_for)
{
    static const struct {
        const char *text;
        int low, high; /* pairs of one class, out of 100 */
    } cases[] = {
        { "manifest \"list.csv\" | pairs", 30, 70 },
        { "manifest \"list.csv\" | pairs ratio=1", 100, 100 },
        { "manifest \"list.csv\" | pairs ratio=0", 0, 0 },
        { "manifest \"list.csv\" | pairs reference=\"refs.csv\" ratio=0.5 | resize 3", 30, 70 },
    };
    struct fer_pipeline *pipeline;
    int same = 0, seen = 0;

    make_list();
    put_picture("r0.png", 100);
    put_picture("r1.png", 101);
    put_picture("r2.png", 102);
    put_text("refs.csv", "path,label\nr0.png,0\nr1.png,1\nr2.png,2\n");
    use_labels(seven, 3);
    pipeline = open_ok(cases[_i].text, true);
    for (const struct fer_batch *batch = first_batch(pipeline, 1); batch; batch = next_batch(pipeline))
        for (int i = 0; i < batch->n; i++, seen++) {
            size_t bytes = (size_t)(fer_pipeline_info(pipeline)->width * fer_pipeline_info(pipeline)->height * 3);

            same += batch->same[i] == 1;
            ck_assert_int_eq(batch->same[i] == 1, batch->label[i] == batch->label2[i]);
            if (_i == 3) /* the reference of class k is gray 100 + k */
                ck_assert_int_eq(batch->image2[(size_t)i * bytes], 100 + batch->label2[i]);
        }
    fer_pipeline_close(pipeline);
    ck_assert_int_eq(seen, 100);
    ck_assert_int_ge(same, cases[_i].low);
    ck_assert_int_le(same, cases[_i].high);
}
END_TEST

START_TEST(pairs_need_labels_and_references)
{
    make_list();
    use_labels(seven, 3);
    fails("manifest \"list.csv\" | pairs | pairs", "once");
    fails("manifest \"list.csv\" labels=no | pairs", "no labels");
    fails("manifest \"list.csv\" | pairs reference=\"nowhere.csv\"", "nowhere.csv");
}
END_TEST

/* Eight pictures of two subjects with the largest numbers that there are. */
static enum fer_status open_far(const void *params, const struct fer_data_env *env, void **state, size_t *count,
                                unsigned *fields, struct fer_error *error)
{
    (void)params;
    (void)env;
    (void)error;
    *state = NULL;
    *count = 8;
    *fields = FER_FIELD_IMAGE | FER_FIELD_LABEL | FER_FIELD_SUBJECT;
    return FER_OK;
}

static enum fer_status sample_far(void *state, size_t index, unsigned what, struct fer_sample *sample,
                                  struct fer_error *error)
{
    (void)state;
    sample->has = FER_FIELD_LABEL | FER_FIELD_SUBJECT;
    sample->label = (int)index % 7;
    sample->subject = INT32_MAX - (int)index % 2;
    if (!(what & FER_FIELD_IMAGE))
        return FER_OK;
    sample->has |= FER_FIELD_IMAGE;
    return fer_image_create(&sample->image, 1, 1, 3, error);
}

static const struct fer_reader far_reader = {
    .size = sizeof(far_reader), .name = "far", .help = "", .open = open_far, .sample = sample_far
};

/* A packed file may say anything: numbers of subjects are no places in a list. */
START_TEST(folds_take_any_numbers_of_subjects)
{
    const struct fer_data_env env = { .size = sizeof(env), .labels = seven, .nlabels = 7 };
    struct fer_error err = FER_ERROR_INIT;
    char tested[2][32];

    use_labels(seven, 7);
    ck_assert_msg(!fer_pack_write(in_root("far.pack"), &far_reader, NULL, &env, NULL, &err), "%s", err.text);
    for (int i = 0; i < 2; i++) { /* one subject is to test on, the other trains */
        char text[96];

        snprintf(text, sizeof(text), "packed \"far.pack\" | fold k=2 i=%d valid=none part=test", i);
        snprintf(tested[i], sizeof(tested[i]), "%s", epoch_of_text(text));
        snprintf(text, sizeof(text), "packed \"far.pack\" | fold k=2 i=%d valid=none", 1 - i);
        yields(text, tested[i]);
    }
    const int even = tested[0][0] == '0' ? 0 : 1;
    ck_assert_str_eq(tested[even], "0:0 2:0 4:0 6:0");
    ck_assert_str_eq(tested[1 - even], "1:0 3:0 5:0 0:0");
    fails("packed \"far.pack\" | fold k=3 i=0", "2 subjects cannot be dealt out to 3");
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("sampler", setup, teardown);

    tcase_add_test(tests, balanced_draws_labels_alike_and_in_training_alone);
    tcase_add_test(tests, take_keep_and_group_select_and_renumber);
    tcase_add_test(tests, folds_share_no_subject);
    tcase_add_test(tests, folds_have_a_subset_to_test_and_one_to_validate);
    tcase_add_test(tests, folds_take_any_numbers_of_subjects);
    tcase_add_test(tests, splits_are_stratified);
    tcase_add_test(tests, pairs_with_the_first_of_a_class_are_with_no_other);
    tcase_add_loop_test(tests, pairs_are_of_one_class_as_often_as_asked_for, 0, 4);
    tcase_add_test(tests, pairs_need_labels_and_references);
    return cases_run();
}
