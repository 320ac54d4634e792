/* SPDX-License-Identifier: Apache-2.0
 *
 * Two classifiers on the same samples.
 */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <fer/host.h>
#include <fer/study.h>

#include "csv.h"
#include "study/stats.h"
#include "train/context.h"

enum { RESAMPLES = 10000, RESAMPLES_MAX = 10000000, FILES_MAX = 1000 };

/* One line of a file. */
struct answer {
    const char *test, *name, *label, *by;
    long id;
    bool right;
};
/* One file, sorted by test and id. */
struct answers {
    struct fer_csv csv;
    struct answer *items;
    size_t count;
};
/* One side: several files, added up. */
struct side {
    struct answers *files;
    int count;
};
/* A sample that all files have. */
struct pair {
    const struct answer *answer;
    double a, b; /* share of files that are right */
};

/* ---- reading ---- */

static bool is_id(const char *text, long *id)
{
    char *end;

    errno = 0;
    *id = strtol(text, &end, 10);
    return end != text && *end == '\0' && errno == 0;
}

static int by_test_and_id(const void *a, const void *b)
{
    const struct answer *x = a, *y = b;
    int order = strcmp(x->test, y->test);

    return order ? order : (x->id > y->id) - (x->id < y->id);
}

static const char *base(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static enum fer_status take_rows(struct answers *answers, const char *by, const char *path, struct fer_error *err)
{
    static const char *const names[] = { "test", "id", "name", "label", "predicted" };
    const struct fer_csv *csv = &answers->csv;
    int columns[5], by_column = by ? fer_csv_column(csv, by) : -1;

    for (int i = 0; i < 5; i++) {
        columns[i] = fer_csv_column(csv, names[i]);
        if (columns[i] < 0)
            return fer_fail(err, FER_EFORMAT, "%s has no column '%s': it is no file of predictions", path, names[i]);
    }
    if (by && by_column < 0)
        return fer_fail(err, FER_ENOTFOUND, "%s has no column '%s'; a test's `data` line names what is written", path,
                        by);
    answers->items = calloc(csv->rows + 1, sizeof(*answers->items));
    if (!answers->items)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    for (size_t row = 0; row < csv->rows; row++) {
        const char *label = fer_csv_cell(csv, row, columns[3]), *number = fer_csv_cell(csv, row, columns[1]);
        long id;

        if (!*label) /* does not count */
            continue;
        if (!is_id(number, &id))
            return fer_fail(err, FER_EFORMAT, "%s: the id '%.64s' of a sample of test %.64s is no whole number", path,
                            number, fer_csv_cell(csv, row, columns[0]));
        answers->items[answers->count++] =
            (struct answer){ .test = fer_csv_cell(csv, row, columns[0]),
                             .id = id,
                             .name = base(fer_csv_cell(csv, row, columns[2])),
                             .label = label,
                             .by = by ? fer_csv_cell(csv, row, by_column) : "",
                             .right = strcmp(label, fer_csv_cell(csv, row, columns[4])) == 0 };
    }
    qsort(answers->items, answers->count, sizeof(*answers->items), by_test_and_id);
    for (size_t i = 1; i < answers->count; i++) {
        if (by_test_and_id(&answers->items[i - 1], &answers->items[i]) == 0)
            return fer_fail(err, FER_EFORMAT, "%s: sample %ld of test %s is there twice", path, answers->items[i].id,
                            answers->items[i].test);
    }
    return FER_OK;
}

static enum fer_status read_answers(const char *path, const char *by, struct answers *answers, struct fer_error *err)
{
    struct stat info;
    bool is_run = stat(path, &info) == 0 && S_ISDIR(info.st_mode);
    char *file = is_run ? fer_path_join(path, "predictions.csv") : strdup(path);
    enum fer_status status = file ? fer_csv_read(file, &answers->csv, err) : fer_fail(err, FER_ENOMEM, "out of memory");

    if (status == FER_OK)
        status = take_rows(answers, by, file, err);
    else if (is_run && status == FER_ENOTFOUND)
        status = fer_fail(err, status, "%s has no answers; fer eval %s/best.safetensors --predictions=%s writes them",
                          path, path, file);
    free(file);
    return status;
}

static enum fer_status read_side(const char *const *paths, const char *by, struct side *side, struct fer_error *err)
{
    enum fer_status status = FER_OK;
    int count = 0;

    while (paths && paths[count])
        count++;
    if (count == 0)
        return fer_fail(err, FER_EINVAL, "predictions of two classifiers are compared; one is missing");
    if (count > FILES_MAX)
        return fer_fail(err, FER_EINVAL, "more than %d files of one classifier", FILES_MAX);
    side->files = calloc((size_t)count, sizeof(*side->files));
    if (!side->files)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    for (int i = 0; status == FER_OK && i < count; i++)
        status = read_answers(paths[i], by, &side->files[side->count++], err);
    return status;
}

static void free_side(struct side *side)
{
    for (int i = 0; i < side->count; i++) {
        fer_csv_free(&side->files[i].csv);
        free(side->files[i].items);
    }
    free(side->files);
}

/* ---- pairing ---- */

static enum fer_status check_same(const struct answer *a, const struct answer *b, struct fer_error *err)
{
    if (strcmp(a->label, b->label) != 0)
        return fer_fail(err, FER_EINVAL, "test %s: sample %ld is %s in one file and %s in another: not the same data",
                        a->test, a->id, a->label, b->label);
    if (strcmp(a->name, b->name) != 0)
        return fer_fail(err, FER_EINVAL, "test %s: sample %ld is %s in one file and %s in another: not the same data",
                        a->test, a->id, a->name, b->name);
    return FER_OK;
}

/* The share of a side's files that have this sample right; *in_all: every file has it. */
static enum fer_status share_right(const struct side *side, const struct answer *sample, double *share, bool *in_all,
                                   struct fer_error *err)
{
    enum fer_status status = FER_OK;
    int right = 0, found = 0;

    for (int i = 0; status == FER_OK && i < side->count; i++) {
        const struct answers *file = &side->files[i];
        const struct answer *hit = bsearch(sample, file->items, file->count, sizeof(*file->items), by_test_and_id);

        if (!hit)
            continue;
        status = check_same(sample, hit, err);
        found++;
        right += hit->right;
    }
    *share = (double)right / side->count;
    *in_all = found == side->count;
    return status;
}

/* Samples of one test: what both sides have, and how many only one has. */
struct test {
    struct pair *pairs;
    size_t count, only_a, only_b;
    int shares; /* a difference of two shares is a whole number of these parts; 1: one file on each side */
};

static bool has(const struct side *side, const struct answer *sample)
{
    bool in_all = true;

    for (int i = 0; i < side->count; i++)
        in_all = in_all && bsearch(sample, side->files[i].items, side->files[i].count, sizeof(*sample), by_test_and_id);
    return in_all;
}

static size_t count_missing(const struct answers *file, const char *name, const struct side *other)
{
    size_t missing = 0;

    for (size_t i = 0; i < file->count; i++)
        missing += strcmp(file->items[i].test, name) == 0 && !has(other, &file->items[i]);
    return missing;
}

static enum fer_status make_pairs(const struct side *a, const struct side *b, const char *name, struct test *test,
                                  struct fer_error *err)
{
    const struct answers *first = &a->files[0];
    enum fer_status status = FER_OK;

    *test = (struct test){ .shares = a->count * b->count };
    test->pairs = calloc(first->count + 1, sizeof(*test->pairs));
    if (!test->pairs)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    for (size_t i = 0; status == FER_OK && i < first->count; i++) {
        struct pair pair = { .answer = &first->items[i] };
        bool in_a, in_b = false;

        if (strcmp(first->items[i].test, name) != 0)
            continue;
        status = share_right(a, pair.answer, &pair.a, &in_a, err);
        if (status == FER_OK)
            status = share_right(b, pair.answer, &pair.b, &in_b, err);
        if (in_a && in_b)
            test->pairs[test->count++] = pair;
    }
    test->only_a = count_missing(first, name, b);
    test->only_b = count_missing(&b->files[0], name, a);
    return status;
}

/* ---- results ---- */

static json_t *mcnemar(const struct pair *pairs, size_t count)
{
    size_t a = 0, b = 0;

    for (size_t i = 0; i < count; i++) {
        a += pairs[i].a > pairs[i].b;
        b += pairs[i].b > pairs[i].a;
    }
    return json_pack("{s:I, s:I, s:f}", "a_only", (json_int_t)a, "b_only", (json_int_t)b, "p", fer_mcnemar(a, b));
}

/* Accuracies, difference and interval of some pairs, into `out`.  Differences are added as whole numbers: resamples
 * whose mean is 0 lie on both sides of it, and rounding would put them on one. */
static enum fer_status judge(const struct fer_compare_options *options, const struct pair *pairs, size_t count,
                             int shares, json_t **out, struct fer_error *err)
{
    double *differences = malloc((count + 1) * sizeof(*differences)), a = 0, b = 0;
    struct fer_interval interval = { 0 };
    enum fer_status status = differences ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory");

    fer_json_set(out, "samples", json_integer((json_int_t)count));
    for (size_t i = 0; differences && i < count; i++) {
        differences[i] = round((pairs[i].a - pairs[i].b) * shares);
        a += pairs[i].a;
        b += pairs[i].b;
    }
    if (status == FER_OK && count > 0)
        status = fer_bootstrap(differences, count, options->resamples > 0 ? options->resamples : RESAMPLES,
                               options->seed, &interval, err);
    if (status == FER_OK && count > 0) {
        fer_json_set(out, "accuracy_a", json_real(a / (double)count));
        fer_json_set(out, "accuracy_b", json_real(b / (double)count));
        fer_json_set(out, "difference", json_real(interval.mean / shares));
        fer_json_set(out, "low", json_real(interval.low / shares));
        fer_json_set(out, "high", json_real(interval.high / shares));
        fer_json_set(out, "p", json_real(interval.p));
        if (shares == 1)
            fer_json_set(out, "mcnemar", mcnemar(pairs, count));
    }
    free(differences);
    return status;
}

/* In floats, as the metric accuracy has it: of 0.7 fer eval writes 0.699999988. */
static bool in_bin(const struct fer_compare_options *options, int bin, const char *text)
{
    char *end;
    const float value = (float)fer_number_read(text, &end);
    const float low = (float)options->edges[bin], high = (float)options->edges[bin + 1];
    const bool last = bin == options->nedges - 2;

    return end != text && value >= low && (value < high || (last && value <= high));
}

static enum fer_status judge_bins(const struct fer_compare_options *options, const struct test *test, json_t **out,
                                  struct fer_error *err)
{
    struct pair *some = calloc(test->count + 1, sizeof(*some));
    enum fer_status status = some ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory");
    json_t *bins = json_array();

    for (int bin = 0; status == FER_OK && bin + 1 < options->nedges; bin++) {
        json_t *entry = json_pack("{s:f, s:f}", "low_edge", options->edges[bin], "high_edge", options->edges[bin + 1]);
        size_t count = 0;

        for (size_t i = 0; i < test->count; i++) {
            if (in_bin(options, bin, test->pairs[i].answer->by))
                some[count++] = test->pairs[i];
        }
        status = judge(options, some, count, test->shares, &entry, err);
        fer_json_append(&bins, entry);
    }
    fer_json_set(out, "bins", bins);
    free(some);
    return status;
}

static enum fer_status compare_test(const struct fer_compare_options *options, const struct side *a,
                                    const struct side *b, const char *name, json_t *tests, struct fer_error *err)
{
    json_t *entry = json_pack("{s:o}", "test", fer_json_string(name));
    struct test test;
    enum fer_status status = make_pairs(a, b, name, &test, err);

    if (status == FER_OK && test.count > 0) {
        status = judge(options, test.pairs, test.count, test.shares, &entry, err);
        fer_json_set(&entry, "only_a", json_integer((json_int_t)test.only_a));
        fer_json_set(&entry, "only_b", json_integer((json_int_t)test.only_b));
        if (status == FER_OK && options->by)
            status = judge_bins(options, &test, &entry, err);
        if (status == FER_OK && json_array_append(tests, entry) != 0)
            status = fer_fail(err, FER_ENOMEM, "out of memory");
    }
    free(test.pairs);
    json_decref(entry);
    return status;
}

static enum fer_status check_options(const struct fer_compare_options *options, struct fer_error *err)
{
    if (options->resamples < 0 || options->resamples > RESAMPLES_MAX)
        return fer_fail(err, FER_EINVAL, "%d resamples are outside [1, %d]", options->resamples, RESAMPLES_MAX);
    if (options->by && options->nedges < 2)
        return fer_fail(err, FER_EINVAL, "bins of %s want two or more edges", options->by);
    for (int i = 1; i < options->nedges; i++) {
        if (!(options->edges[i] > options->edges[i - 1]))
            return fer_fail(err, FER_EINVAL, "the edges of the bins must rise");
    }
    return fer_seed_check(options->seed, err);
}

enum fer_status fer_compare(const struct fer_compare_options *options, char **json, struct fer_error *err)
{
    struct side a = { 0 }, b = { 0 };
    json_t *tests = json_array();
    const char *last = NULL;
    enum fer_status status = check_options(options, err);

    *json = NULL;
    if (status == FER_OK)
        status = read_side(options->a, options->by, &a, err);
    if (status == FER_OK)
        status = read_side(options->b, options->by, &b, err);
    for (size_t i = 0; status == FER_OK && i < a.files[0].count; i++) {
        const char *test = a.files[0].items[i].test;

        if (!last || strcmp(test, last) != 0)
            status = compare_test(options, &a, &b, test, tests, err);
        last = test;
    }
    if (status == FER_OK && json_array_size(tests) == 0)
        status = fer_fail(err, FER_EINVAL, "no sample is in both: these are predictions of different tests");
    if (status == FER_OK)
        status = fer_json_text(json_pack("{s:i, s:I, s:O}", "resamples",
                                         options->resamples > 0 ? options->resamples : RESAMPLES, "seed",
                                         (json_int_t)options->seed, "tests", tests),
                               json, err);
    json_decref(tests);
    free_side(&a);
    free_side(&b);
    return status;
}
