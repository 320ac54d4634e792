/* SPDX-License-Identifier: Apache-2.0
 *
 * What tests report, on ten pictures whose pixels are the scores: every number by hand from the table of true and
 * predicted classes.
 */
#include <fer/fer.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cases.h"
#include "csv.h"
#include "folder.h"
#include "train/answers.h"
#include "train/report.h"
#include "train/tester.h"

enum { SIDE = 3, CLASSES = SIDE * SIDE, COUNT = 10 };

/* In the order of the table:    0 1 2 3
 *                             0 3 1 0 1
 *                             1 1 2 0 0
 *                             2 0 1 1 0   class 3 is predicted once and true never, 4 to 8 are neither. */
static const struct {
    int label, best, second, mask; /* mask: gray of all of it, 51 of 255 is 0.2 */
} samples[COUNT] = { { 0, 0, 1, 0 }, { 0, 0, 2, 0 },   { 0, 0, 1, 51 }, { 0, 1, 0, 51 },  { 0, 3, 2, 102 },
                     { 1, 1, 0, 0 }, { 1, 1, 2, 102 }, { 1, 0, 1, 51 }, { 2, 2, 0, 153 }, { 2, 1, 0, 0 } };

static struct fer_error err;
static struct fer_context *context;
static struct fer_description *description;
static struct fer_store *store;

#define OK(call) ck_assert_msg((call) == FER_OK, "%s", err.text)

/* Of sample i, pixel k is the score of class k.  Of sample 7 the two best are alike, and of sample 0 the best is
 * the only pixel that is white. */
static int score(int i, int k)
{
    if (k == samples[i].best)
        return i == 0 ? 255 : 200;
    return k == samples[i].second ? i == 7 ? 200 : 100 : 10 + k;
}

static void put(const char *kind, int i, bool is_mask)
{
    char name[160];
    struct fer_image image;

    OK(fer_image_create(&image, SIDE, SIDE, 1, &err));
    for (int k = 0; k < CLASSES; k++)
        image.pixels[k] = (uint8_t)(is_mask ? samples[i].mask : score(i, k));
    snprintf(name, sizeof(name), "%s/%s%d.png", folder, kind, i);
    OK(fer_image_write_png(&image, name, &err));
    fer_image_free(&image);
}

static void open_all(void)
{
    char name[160];
    FILE *list;

    folder_make();
    snprintf(name, sizeof(name), "%s/list.csv", folder);
    list = fopen(name, "w");
    ck_assert_ptr_nonnull(list);
    fputs("path,label,mask\n", list);
    for (int i = 0; i < COUNT; i++) {
        put("face", i, false);
        put("mask", i, true);
        fprintf(list, "face%d.png,%d,mask%d.png\n", i, samples[i].label, i);
    }
    fclose(list);
    OK(fer_context_create(NULL, &context, &err));
}

static void close_all(void)
{
    fer_context_free(context);
    folder_remove();
}

/* ---- a test block ---- */

static void read_block(const char *block, enum fer_purpose purpose)
{
    char text[2048];
    struct fer_device *device;

    snprintf(text, sizeof(text),
             "fer 1\nuse vision, loss, data, metric\nlabels \"angry\", \"disgust\", \"fear\", \"happy\"\n"
             "data faces -> image, label, covered = manifest \"list.csv\" | gray | batch 4\n"
             "test t over faces {\n  scores = image | flatten\n%s}\n",
             block);
    OK(fer_context_parse(context, "t.fer", folder, text, NULL, purpose, &description, &err));
    OK(fer_context_device(context, &device, &err));
    OK(fer_store_create(device, description, 1, &store, &err));
}

static void free_block(void)
{
    fer_store_free(store);
    fer_description_free(description);
}

static json_t *report_of(const char *block)
{
    const struct fer_watch watch = { .stop = NULL };
    struct fer_tester *tester;
    json_t *report;

    read_block(block, FER_FOR_TESTS);
    OK(fer_tester_open(context, description, 0, store, &tester, &err));
    for (int again = 0; again < 2; again++) { /* counters begin anew */
        OK(fer_tester_run(tester, &watch, &report, &err));
        if (again == 0)
            json_decref(report);
    }
    fer_tester_close(tester);
    free_block();
    return report;
}

/* "metric.name.0" of a report; NaN: it is null. */
static double number(const json_t *report, const char *metric, const char *name, int at)
{
    const json_t *value = json_object_get(report, metric);

    value = name ? json_object_get(value, name) : value;
    value = at >= 0 ? json_array_get(value, (size_t)at) : value;
    ck_assert_msg(json_is_number(value) || json_is_null(value), "%s.%s.%d is no number", metric, name ? name : "", at);
    return json_is_null(value) ? NAN : json_number_value(value);
}

static void is_near(const json_t *report, const char *metric, const char *name, int at, double wanted)
{
    const double found = number(report, metric, name, at);

    ck_assert_msg(isnan(wanted) ? isnan(found) : fabs(found - wanted) <= 1e-12, "%s.%s.%d is %.12g, not %.12g", metric,
                  name ? name : "", at, found, wanted);
}

/* ---- counts ---- */

START_TEST(right_by_class)
{
    static const double recall[CLASSES] = { 3.0 / 5, 2.0 / 3, 1.0 / 2, NAN, NAN, NAN, NAN, NAN, NAN };
    /* 2 right / (true + predicted): (5, 4), (3, 4), (2, 1), (0, 1) */
    static const double f1[CLASSES] = { 6.0 / 9, 4.0 / 7, 2.0 / 3 };
    static const double counts[3][4] = { { 3, 1, 0, 1 }, { 1, 2, 0, 0 }, { 0, 1, 1, 0 } }, rows[3] = { 5, 3, 2 };
    json_t *report =
        report_of("  metric accuracy = scores, label | accuracy\n  metric recall = scores, label | recall\n"
                  "  metric f1 = scores, label | f1\n  metric mean = scores, label | mean_accuracy\n"
                  "  metric table = scores, label | confusion\n");
    const json_t *table = json_object_get(report, "table");

    is_near(report, "images", NULL, -1, COUNT);
    is_near(report, "accuracy", NULL, -1, 0.6);
    is_near(report, "recall", "recall", -1, (recall[0] + recall[1] + recall[2]) / 3);
    is_near(report, "mean", NULL, -1, (recall[0] + recall[1] + recall[2]) / 3);
    /* scikit-learn's f1_score(average="macro") means over the labels of either list, 0 to 3 */
    is_near(report, "f1", "f1", -1, (f1[0] + f1[1] + f1[2] + 0) / 4);
    is_near(report, "table", "accuracy", -1, 0.6);
    is_near(report, "table", "samples", -1, COUNT);
    ck_assert_ptr_null(json_object_get(table, "without_prediction"));
    for (int y = 0; y < CLASSES; y++) {
        is_near(report, "recall", "per_class", y, recall[y]);
        is_near(report, "f1", "per_class", y, f1[y]);
        for (int k = 0; k < CLASSES; k++) {
            const json_t *count =
                json_array_get(json_array_get(json_object_get(table, "counts"), (size_t)y), (size_t)k);
            const json_t *share =
                json_array_get(json_array_get(json_object_get(table, "normalized"), (size_t)y), (size_t)k);
            const double wanted = y < 3 && k < 4 ? counts[y][k] : 0;

            ck_assert_double_eq(json_number_value(count), wanted);
            ck_assert_double_eq_tol(json_number_value(share), y < 3 ? wanted / rows[y] : 0, 1e-12);
        }
    }
    json_decref(report);
}
END_TEST

/* The second place is right for samples 3 and 7; a tie is lost by the later one.  0.2 and 0.4 are edges. */
START_TEST(right_by_place_and_cover)
{
    json_t *report =
        report_of("  metric two = scores, label | accuracy top=2\n  metric all = scores, label | accuracy top=9\n"
                  "  metric by = scores, label | accuracy by=covered bins=[0, 0.2, 0.4]\n"
                  "  metric other = scores, label | accuracy by=covered bins=[0.3, 0.5, 0.55, 1]\n");

    is_near(report, "two", NULL, -1, 0.8);
    is_near(report, "all", NULL, -1, 1);
    is_near(report, "by", "accuracy", -1, 0.6);
    is_near(report, "by", "by_bin", 0, 3.0 / 4); /* samples 0, 1, 5 and 9 */
    is_near(report, "by", "by_bin", 1, 2.0 / 5); /* 2, 3, 4, 6 and 7; 8 is outside */
    is_near(report, "by", "samples", 0, 4);
    is_near(report, "by", "samples", 1, 5);
    is_near(report, "other", "accuracy", -1, 0.6);
    is_near(report, "other", "by_bin", 0, 1.0 / 2); /* 4 and 6 */
    is_near(report, "other", "by_bin", 1, NAN);
    is_near(report, "other", "by_bin", 2, 1); /* 8 */
    is_near(report, "other", "bins", 3, 1);
    json_decref(report);
}
END_TEST

/* White times 3.44e38 is infinite, and what is infinite less itself is no number: sample 0 has no prediction. */
START_TEST(what_is_no_number_is_wrong)
{
    json_t *report = report_of("  big = scores | scale 1e30 | scale 3.44e8\n  none = big, big | sub\n"
                               "  broken = scores, none | add\n  metric accuracy = broken, label | accuracy top=9\n"
                               "  metric recall = broken, label | recall\n  metric f1 = broken, label | f1\n"
                               "  metric table = broken, label | confusion\n");

    is_near(report, "accuracy", NULL, -1, 0.9);
    is_near(report, "recall", "per_class", 0, 2.0 / 5);
    is_near(report, "recall", "recall", -1, (2.0 / 5 + 2.0 / 3 + 1.0 / 2) / 3);
    is_near(report, "f1", "per_class", 0, 4.0 / 8); /* 5 true, 3 predicted */
    is_near(report, "table", "accuracy", -1, 0.5);
    is_near(report, "table", "samples", -1, COUNT);
    is_near(report, "table", "without_prediction", -1, 1);
    json_decref(report);
}
END_TEST

/* ---- means ---- */

static double cross_entropy(int i)
{
    double sum = 0;

    for (int k = 0; k < CLASSES; k++)
        sum += exp(score(i, k) / 255.0);
    return log(sum) - score(i, samples[i].label) / 255.0;
}

/* Batches of 4, 4 and 2.  Weights belong to their own loss. */
START_TEST(means_are_those_of_the_samples)
{
    double mean = 0, first = 0, batches = 0;
    json_t *report = report_of("  _, each = scores, label | cross_entropy\n  metric each = each | average\n"
                               "  metric loss = scores, label | cross_entropy\n"
                               "  _, one = scores, label | cross_entropy weight=[1, 0, 0, 0, 0, 0, 0, 0, 0]\n"
                               "  _, two = scores, label | cross_entropy weight=[2, 2, 2, 2, 2, 2, 2, 2, 2]\n"
                               "  metric one = one | average\n  metric two = two | average\n"
                               "  whole = scores, label | cross_entropy\n  metric batches = whole | average\n"
                               "  metric whole = whole, label | average\n");

    for (int i = 0; i < COUNT; i++) {
        mean += cross_entropy(i) / COUNT;
        batches += cross_entropy(i) / (i < 8 ? 4 : 2) / 3;
        first += samples[i].label == 0 ? cross_entropy(i) / COUNT : 0;
    }
    ck_assert_double_eq_tol(number(report, "each", NULL, -1), mean, 1e-6);
    ck_assert_double_eq_tol(number(report, "loss", NULL, -1), mean, 1e-6);
    ck_assert_double_eq_tol(number(report, "one", NULL, -1), first, 1e-6);
    ck_assert_double_eq_tol(number(report, "two", NULL, -1), 2 * mean, 1e-6);
    ck_assert_double_eq_tol(number(report, "batches", NULL, -1), batches, 1e-6);
    ck_assert_double_eq_tol(number(report, "whole", NULL, -1), mean, 1e-6);
    ck_assert(fabs(batches - mean) > 1e-3);
    json_decref(report);
}
END_TEST

/* A counter's first number counts 2^20; a sum has its rounding error beside it. */
START_TEST(counters_have_two_parts)
{
    static const float counts[] = { 1, 4, 2, 0 }, sums[] = { 1, 0.5f, 0, 3 };
    const struct fer_compile_options options = { .without = 0 };
    struct fer_flow_program *flow;

    for (int kind = 0; kind < 2; kind++) {
        struct fer_report *report = fer_report_create();

        read_block(kind ? "  _, each = scores, label | cross_entropy\n  metric m = each | average\n"
                        : "  metric m = scores, label | accuracy\n",
                   FER_FOR_TESTS);
        OK(fer_test_compile(description, 0, store, &options, &flow, &err));
        OK(fer_buffer_write(flow->metrics, 0, kind ? sums : counts, sizeof(counts), &err));
        fer_report_begin(report);
        OK(fer_test_metric(flow, 0, report, &err));
        OK(fer_report_end(report, "m", &err));
        is_near(fer_report_json(report), "m", NULL, -1, kind ? 0.5 : (1048576 + 4) / 2097152.0);
        fer_report_free(report);
        fer_flow_program_free(flow);
        free_block();
    }
}
END_TEST

/* ---- answers ---- */

START_TEST(answers_are_what_was_counted)
{
    struct fer_answers *answers;
    struct fer_tester *tester;
    struct fer_csv csv;
    json_t *report;
    int right = 0;

    read_block("  metric accuracy = scores, label | accuracy by=covered bins=[0, 1]\n", FER_FOR_ANSWERS);
    OK(fer_answers_create(description, &answers, &err));
    OK(fer_tester_open(context, description, 0, store, &tester, &err));
    OK(fer_tester_run(tester, &(struct fer_watch){ .batch = fer_answers_batch, .reader = answers }, &report, &err));
    OK(fer_answers_write(answers, path, &err));
    fer_tester_close(tester);
    fer_answers_free(answers);
    free_block();
    OK(fer_csv_read(path, &csv, &err));
    ck_assert_uint_eq(csv.rows, COUNT);
    for (int i = 0; i < COUNT; i++) {
        const size_t row = (size_t)i;
        char name[16];

        ck_assert_str_eq(fer_csv_cell(&csv, row, fer_csv_column(&csv, "test")), "t");
        ck_assert_int_eq(atoi(fer_csv_cell(&csv, row, fer_csv_column(&csv, "id"))), i);
        snprintf(name, sizeof(name), "/face%d.png", i);
        ck_assert_ptr_nonnull(strstr(fer_csv_cell(&csv, row, fer_csv_column(&csv, "name")), name));
        ck_assert_int_eq(atoi(fer_csv_cell(&csv, row, fer_csv_column(&csv, "label"))), samples[i].label);
        ck_assert_int_eq(atoi(fer_csv_cell(&csv, row, fer_csv_column(&csv, "predicted"))), samples[i].best);
        ck_assert_double_eq_tol(atof(fer_csv_cell(&csv, row, fer_csv_column(&csv, "covered"))), samples[i].mask / 255.0,
                                1e-6);
        for (int k = 0; k < CLASSES; k++) {
            snprintf(name, sizeof(name), "p.%d", k);
            ck_assert_double_eq_tol(atof(fer_csv_cell(&csv, row, fer_csv_column(&csv, name))), score(i, k) / 255.0,
                                    1e-6);
        }
        right += samples[i].label == samples[i].best;
    }
    is_near(report, "accuracy", "accuracy", -1, (double)right / COUNT);
    fer_csv_free(&csv);
    json_decref(report);
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("metric", open_all, close_all);

    tcase_add_test(tests, right_by_class);
    tcase_add_test(tests, right_by_place_and_cover);
    tcase_add_test(tests, what_is_no_number_is_wrong);
    tcase_add_test(tests, means_are_those_of_the_samples);
    tcase_add_test(tests, counters_have_two_parts);
    tcase_add_test(tests, answers_are_what_was_counted);
    return cases_run();
}
