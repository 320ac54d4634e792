/* SPDX-License-Identifier: Apache-2.0
 *
 * The bootstrap against distributions that can be counted out, McNemar's test against binomial sums by hand, axes and
 * tables against what they should say.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "csv.h"
#include "folder.h"
#include "study/axis.h"
#include "study/grid.h"
#include "study/stats.h"
#include "study/table.h"

static struct fer_interval bootstrap(const double *values, size_t count, uint64_t seed)
{
    struct fer_interval interval;
    struct fer_error err = FER_ERROR_INIT;

    ck_assert_int_eq(fer_bootstrap(values, count, 10000, seed, &interval, &err), FER_OK);
    return interval;
}

/* Three values give 27 equally likely resamples: -1 in 1 of 27, at most -2/3 in 4, at most -1/3 in 10. */
START_TEST(three_values)
{
    struct fer_interval interval = bootstrap((const double[]){ 1, 0, -1 }, 3, 1);

    ck_assert_double_eq_tol(interval.mean, 0, 1e-12);
    ck_assert_double_eq_tol(interval.low, -1, 1e-12); /* 1/27 = 3.7 % lie at -1 */
    ck_assert_double_eq_tol(interval.high, 1, 1e-12);
    ck_assert_double_eq(interval.p, 1); /* 17 of 27 on either side of 0, with it */
    /* all the same: no doubt */
    interval = bootstrap((const double[]){ 1, 1, 1, 1 }, 4, 1);
    ck_assert_double_eq(interval.low, 1);
    ck_assert_double_eq(interval.high, 1);
    ck_assert_double_eq(interval.p, 0);
}
END_TEST

/* Many samples: the normal law.  60 better, 40 worse, 900 alike: mean 0.02, variance (100 - 1000 * 0.0004) / 1000. */
START_TEST(many_values)
{
    double values[1000], deviation = sqrt((100 - 1000 * 0.0004) / 1000 / 1000), phi;
    struct fer_interval interval, again;

    for (int i = 0; i < 1000; i++)
        values[i] = i < 60 ? 1 : i < 100 ? -1 : 0;
    interval = bootstrap(values, 1000, 7);
    again = bootstrap(values, 1000, 7);
    ck_assert_mem_eq(&interval, &again, sizeof(interval));
    ck_assert_double_eq_tol(interval.mean, 0.02, 1e-12);
    ck_assert_double_eq_tol(interval.low, 0.02 - 1.95996 * deviation, 0.08 * deviation);
    ck_assert_double_eq_tol(interval.high, 0.02 + 1.95996 * deviation, 0.08 * deviation);
    /* p counts means of exactly 0, half a step beyond */
    phi = 0.5 * erfc((0.02 - 0.0005) / deviation / sqrt(2));
    ck_assert_double_eq_tol(interval.p, 2 * phi, 0.01);
    again = bootstrap(values, 1000, 8);
    ck_assert_double_ne(again.p, interval.p);
}
END_TEST

/* Two resamples have means of 0, 1/2 or 1, and of the way from one to the other the interval leaves out a fortieth at
 * either end. */
START_TEST(two_resamples)
{
    const double values[] = { 0, 1 };
    struct fer_error err = FER_ERROR_INIT;
    int apart = 0;

    for (uint64_t seed = 0; seed < 20; seed++) {
        struct fer_interval interval;
        double way, first;

        ck_assert_int_eq(fer_bootstrap(values, 2, 2, seed, &interval, &err), FER_OK);
        way = (interval.high - interval.low) / 0.95;
        first = interval.low - way / 40;
        ck_assert_double_eq_tol(2 * way, round(2 * way), 1e-9);
        ck_assert_double_eq_tol(2 * first, round(2 * first), 1e-9);
        apart += way > 0.1;
    }
    ck_assert_int_gt(apart, 5); /* 5 of 8 pairs of means differ */
}
END_TEST

START_TEST(mcnemar)
{
    /* 2 (1 + 13 + 78 + 286) / 2^13 */
    ck_assert_double_eq_tol(fer_mcnemar(10, 3), 756.0 / 8192, 1e-12);
    ck_assert_double_eq_tol(fer_mcnemar(3, 10), 756.0 / 8192, 1e-12);
    ck_assert_double_eq_tol(fer_mcnemar(0, 5), 2.0 / 32, 1e-12);
    ck_assert_double_eq(fer_mcnemar(4, 4), 1);
    ck_assert_double_eq(fer_mcnemar(0, 0), 1);
    /* 2 times the sum of comb(900, k) for k = 0 … 400, over 2^900, in whole numbers of any length */
    ck_assert_double_eq_tol(fer_mcnemar(400, 500), 0.0009564441369189461, 1e-12);
}
END_TEST

static void expect_axis(const char *text, int count, const char *second)
{
    struct fer_axis axis;
    struct fer_error err = FER_ERROR_INIT;

    ck_assert_msg(fer_axis_parse(text, &axis, &err) == FER_OK, "%s", err.text);
    ck_assert_int_eq(axis.count, count);
    ck_assert_str_eq(axis.values[1], second);
    fer_axis_clear(&axis);
}

START_TEST(axis_texts)
{
    static const char *const wrong[] = { "",     "=1",   "1a=2",  "a",     "a=",    "a=1,", "a=,1",
                                         "a=[1", "a=1]", "a=\"1", "a=1,1", "a b=1", "é=1",  "a=[[1],2" };
    struct fer_axis axis;

    expect_axis("use=[a,b],[a],[]", 3, "use=[a]");
    expect_axis("sets=[[0,1],[2]],[[0],[1,2]]", 2, "sets=[[0],[1,2]]");
    expect_axis("csv=\"a,\\\"[b\",/c/d.csv", 2, "csv=/c/d.csv");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        struct fer_error err = FER_ERROR_INIT;

        ck_assert_msg(fer_axis_parse(wrong[i], &axis, &err) == FER_EINVAL, "'%s' passes", wrong[i]);
        ck_assert_ptr_null(axis.name);
        ck_assert(err.text[0]);
    }
}
END_TEST

START_TEST(grids)
{
    static const char *const models[] = { "x/one.fer", NULL }, *const axes[] = { "a=1,2", "b=[x,y],/p/q", NULL };
    static const char *const sets[] = { "c=3", NULL };
    static const uint64_t seeds[] = { 4, 5 };
    struct fer_sweep_options options = { .models = models, .axes = axes, .seeds = seeds, .nseeds = 2 };
    struct fer_grid grid;
    struct fer_error err = FER_ERROR_INIT;

    options.settings.sets = sets;
    ck_assert_msg(fer_grid_create(&options, &grid, &err) == FER_OK, "%s", err.text);
    ck_assert_int_eq(grid.count, 8);
    ck_assert_str_eq(grid.runs[0].name, "a=1,b=x+y,seed=4");
    ck_assert_str_eq(grid.runs[6].name, "a=2,b=x+y,seed=5");
    ck_assert_str_eq(grid.runs[6].sets[0], "c=3");
    ck_assert_str_eq(grid.runs[6].sets[1], "a=2");
    ck_assert_str_eq(grid.runs[6].sets[2], "b=[x,y]");
    ck_assert_ptr_null(grid.runs[6].sets[3]);
    /* what the name does not tell exactly, a hash does */
    ck_assert_int_eq(strncmp(grid.runs[1].name, "a=1,b=_p_q,", 11), 0);
    ck_assert_uint_eq(strlen(grid.runs[1].name), strlen("a=1,b=_p_q,") + 8 + strlen(",seed=4"));
    fer_grid_free(&grid);
}
END_TEST

/* Two grids: their sum, not their product; the same name may be in both. */
START_TEST(two_grids)
{
    static const char *const models[] = { "one.fer", NULL }, *const axes[] = { "a=1,2", "b=3", "+", "a=4", "+", NULL };
    struct fer_sweep_options options = { .models = models, .axes = axes };
    struct fer_grid grid;
    struct fer_error err = FER_ERROR_INIT;

    ck_assert_msg(fer_grid_create(&options, &grid, &err) == FER_OK, "%s", err.text);
    ck_assert_int_eq(grid.count, 4);
    ck_assert_str_eq(grid.runs[1].name, "a=2,b=3,seed=0");
    ck_assert_str_eq(grid.runs[2].name, "a=4,seed=0");
    ck_assert_str_eq(grid.runs[2].sets[0], "a=4");
    ck_assert_ptr_null(grid.runs[2].sets[1]);
    ck_assert_str_eq(grid.runs[3].name, "seed=0"); /* an empty grid: the description as it is */
    fer_grid_free(&grid);
}
END_TEST

START_TEST(flattened)
{
    json_t *tests = json_loads("{\"t\": {\"data\": \"d\", \"images\": 9,"
                               " \"accuracy\": {\"accuracy\": 0.5, \"bins\": [0, 0.1, 0.5], \"by_bin\": [0.25, null]},"
                               " \"recall\": {\"recall\": 1, \"per_class\": [0, 1, 2]}, \"counts\": [[1, 2], [3, 4]]}}",
                               0, NULL),
           *labels = json_pack("[sss]", "x", "y", "z"), *flat = fer_table_flatten(tests, labels);
    char *text = json_dumps(flat, JSON_COMPACT);

    ck_assert_str_eq(text, "{\"t.images\":9,\"t.accuracy\":0.5,\"t.accuracy.by_bin.0-0.1\":0.25,\"t.recall\":1,"
                           "\"t.recall.per_class.x\":0,\"t.recall.per_class.y\":1,\"t.recall.per_class.z\":2}");
    free(text);
    json_decref(flat);
    json_decref(labels);
    json_decref(tests);
}
END_TEST

START_TEST(averages)
{
    const json_t *runs[] = { json_pack("{s:f}", "m", 0.1), json_pack("{s:f}", "m", 0.4), json_pack("{s:f}", "m", 0.7) };
    json_t *average = fer_table_average(runs, 3), *m = json_object_get(average, "m");

    ck_assert_double_eq_tol(json_number_value(json_object_get(m, "mean")), 0.4, 1e-12);
    ck_assert_double_eq_tol(json_number_value(json_object_get(m, "deviation")), 0.3, 1e-12); /* (0.09 + 0.09) / 2 */
    json_decref(average);
    average = fer_table_average(runs, 1);
    ck_assert_ptr_null(json_object_get(json_object_get(average, "m"), "deviation"));
    json_decref(average);
    /* a number that the first run lacks, and one that it alone has */
    json_object_set_new((json_t *)runs[1], "n", json_real(2));
    json_object_set_new((json_t *)runs[2], "n", json_real(4));
    json_object_del((json_t *)runs[1], "m");
    json_object_del((json_t *)runs[2], "m");
    average = fer_table_average(runs, 3);
    ck_assert_double_eq(json_number_value(json_object_get(json_object_get(average, "n"), "mean")), 3);
    ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(average, "n"), "count")), 2);
    ck_assert_double_eq_tol(json_number_value(json_object_get(json_object_get(average, "n"), "deviation")),
                            1.4142135623730951, 1e-12);
    ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(average, "m"), "count")), 1);
    json_decref(average);
    for (int i = 0; i < 3; i++)
        json_decref((json_t *)runs[i]);
}
END_TEST

static void write_json(const char *name, json_t *value)
{
    char at[256];

    snprintf(at, sizeof(at), "%s/%s", folder, name);
    *strrchr(at, '/') = '\0';
    mkdir(at, 0700);
    snprintf(at, sizeof(at), "%s/%s", folder, name);
    ck_assert_int_eq(json_dump_file(value, at, 0), 0);
    json_decref(value);
}

static json_t *planned(const char *name, const char *lr, const char *fold)
{
    return json_pack("{s:s, s:s, s:{s:s, s:s}, s:i}", "name", name, "model", "m.fer", "set", "lr", lr, "fold", fold,
                     "seed", 0);
}

static json_t *ended(const char *status, double accuracy)
{
    return json_pack("{s:s, s:{s:{s:s, s:i, s:f}}}", "status", status, "tests", "t", "data", "d", "images", 9, "a",
                     accuracy);
}

/* Two rates and two folds, which are averaged: of the second rate one has failed, of the third none was begun. */
START_TEST(rows_of_a_table)
{
    static const int complete[] = { 2, 1, 0 };
    struct fer_error err = FER_ERROR_INIT;
    char *text;
    json_t *report, *table, *a;

    folder_make();
    write_json("sweep.json", json_pack("{s:i, s:[s], s:n, s:[o, o, o, o, o]}", "fer", 1, "over", "fold", "data", "runs",
                                       planned("p", "1", "0"), planned("q", "2", "0"), planned("r", "1", "1"),
                                       planned("s", "2", "1"), planned("u", "3", "0")));
    write_json("p/result.json", ended("complete", 0.5));
    write_json("q/result.json", ended("complete", 0.9));
    write_json("r/result.json", ended("complete", 0.7));
    write_json("s/result.json", ended("failed", 0.1));
    ck_assert_msg(fer_sweep_report(folder, &text, &err) == FER_OK, "%s", err.text);
    report = json_loads(text, 0, NULL);
    table = json_object_get(report, "table");
    ck_assert_uint_eq(json_array_size(table), 3);
    for (size_t i = 0; i < 3; i++) {
        const json_t *row = json_array_get(table, i);

        ck_assert_int_eq(json_string_value(json_object_get(json_object_get(row, "set"), "lr"))[0], "123"[i]);
        ck_assert_ptr_null(json_object_get(json_object_get(row, "set"), "fold"));
        ck_assert_int_eq(json_integer_value(json_object_get(row, "runs")), complete[i]);
        ck_assert_int_eq(json_integer_value(json_object_get(row, "of")), i < 2 ? 2 : 1);
        a = json_object_get(json_object_get(row, "metrics"), "t.a");
        ck_assert_int_eq(json_integer_value(json_object_get(a, "count")), complete[i]);
        if (complete[i])
            ck_assert_double_eq_tol(json_number_value(json_object_get(a, "mean")), i == 0 ? 0.6 : 0.9, 1e-12);
        if (i == 0) /* sqrt((0.01 + 0.01) / 1) */
            ck_assert_double_eq_tol(json_number_value(json_object_get(a, "deviation")), 0.1414213562373095, 1e-12);
        else
            ck_assert_ptr_null(json_object_get(a, "deviation"));
    }
    json_decref(report);
    free(text);
    for (const char *name = "pqrs"; *name; name++) {
        char at[256];

        snprintf(at, sizeof(at), "%s/%c/result.json", folder, *name);
        unlink(at);
        snprintf(at, sizeof(at), "%s/%c", folder, *name);
        rmdir(at);
    }
    folder_remove();
}
END_TEST

/* Write a text, read it as a table. */
static enum fer_status read_csv(const char *text, struct fer_csv *csv, struct fer_error *err)
{
    char file_name[] = "/tmp/fer-csv-XXXXXX";
    int fd = mkstemp(file_name);
    FILE *file = fdopen(fd, "w");
    enum fer_status status;

    fputs(text, file);
    fclose(file);
    status = fer_csv_read(file_name, csv, err);
    remove(file_name);
    return status;
}

START_TEST(tables)
{
    static const char *const wrong[] = { "a,b\n1\n", "a,b\n1,2,3\n", "a,b\n\"1,2\n", "\"a\n" };
    struct fer_error err = FER_ERROR_INIT;
    struct fer_csv csv;
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    fer_csv_text(out, "a,\"b\"\nc");
    fputs(",plain,\r\n", out);
    fclose(out);
    ck_assert_str_eq(text, "\"a,\"\"b\"\"\nc\",plain,\r\n");
    free(text);
    ck_assert_msg(read_csv("x,\"y\"\"\",z\r\n\"a,\"\"b\"\"\nc\",plain,\r\n1,2,3", &csv, &err) == FER_OK, "%s",
                  err.text);
    ck_assert_uint_eq(csv.rows, 2);
    ck_assert_int_eq(fer_csv_column(&csv, "y\""), 1);
    ck_assert_int_eq(fer_csv_column(&csv, "w"), -1);
    ck_assert_str_eq(fer_csv_cell(&csv, 0, 0), "a,\"b\"\nc");
    ck_assert_str_eq(fer_csv_cell(&csv, 0, 2), "");
    ck_assert_str_eq(fer_csv_cell(&csv, 1, 2), "3");
    fer_csv_free(&csv);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        ck_assert_msg(read_csv(wrong[i], &csv, &err) == FER_EFORMAT, "'%s' passes", wrong[i]);
        ck_assert_ptr_null(csv.text);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("study");
    TCase *tests = tcase_create("study");
    SRunner *runner;
    int failed;

    tcase_add_test(tests, three_values);
    tcase_add_test(tests, many_values);
    tcase_add_test(tests, two_resamples);
    tcase_add_test(tests, mcnemar);
    tcase_add_test(tests, axis_texts);
    tcase_add_test(tests, grids);
    tcase_add_test(tests, two_grids);
    tcase_add_test(tests, flattened);
    tcase_add_test(tests, averages);
    tcase_add_test(tests, rows_of_a_table);
    tcase_add_test(tests, tables);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
