/* SPDX-License-Identifier: Apache-2.0 */
#include "study/table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "study/list.h"
#include "study/result.h"
#include "train/context.h"

/* Mean and deviation of one metric over the runs that have it. */
static json_t *average(const json_t *const *metrics, int count, const char *name)
{
    double sum = 0, squares = 0;
    json_t *entry = json_object();
    int n = 0;

    for (int i = 0; i < count; i++) {
        const json_t *number = json_object_get(metrics[i], name);

        if (number)
            sum += json_number_value(number), n++;
    }
    for (int i = 0; i < count; i++) {
        const json_t *number = json_object_get(metrics[i], name);

        if (number)
            squares += pow(json_number_value(number) - sum / n, 2);
    }
    fer_json_set(&entry, "mean", fer_json_number(sum / n));
    if (n > 1)
        fer_json_set(&entry, "deviation", fer_json_number(sqrt(squares / (n - 1))));
    fer_json_set(&entry, "count", json_integer(n));
    return entry;
}

json_t *fer_table_average(const json_t *const *metrics, int count)
{
    json_t *out = json_object(), *value;
    const char *name;

    /* a run whose result is no number, and so not there, does not take it from the others */
    for (int i = 0; i < count; i++) {
        json_object_foreach((json_t *)metrics[i], name, value)
        {
            if (!json_object_get(out, name))
                fer_json_set(&out, name, average(metrics, count, name));
        }
    }
    return out;
}

/* The values that tell a run's row of the table: all but those that are averaged.  NULL: out of memory. */
static json_t *key_of(const json_t *run, const json_t *over)
{
    json_t *key = json_copy(json_object_get(run, "set"));
    const json_t *name;
    size_t i;

    json_array_foreach(over, i, name)
    {
        if (json_is_string(name))
            json_object_del(key, json_string_value(name));
    }
    return key;
}

/* One row: the runs that agree with `key`. */
static json_t *make_row(const json_t *runs, const json_t *over, const json_t *key)
{
    const json_t **metrics = calloc(json_array_size(runs) + 1, sizeof(*metrics)), *run;
    json_t *row = NULL, *theirs;
    bool whole = metrics != NULL;
    int of = 0, complete = 0;
    size_t i;

    json_array_foreach(runs, i, run)
    {
        theirs = key_of(run, over);
        whole = whole && theirs;
        if (whole && json_equal(theirs, key)) {
            of++;
            if (fer_result_is(run, FER_RUN_COMPLETE)) {
                metrics[complete] = fer_table_flatten(json_object_get(run, "tests"), json_object_get(run, "labels"));
                whole = metrics[complete++] != NULL;
            }
        }
        json_decref(theirs);
    }
    if (whole)
        row = json_pack("{s:O, s:i, s:i, s:o}", "set", key, "runs", complete, "of", of, "metrics",
                        fer_table_average(metrics, complete));
    for (int k = 0; k < complete; k++)
        json_decref((json_t *)metrics[k]);
    free(metrics);
    return row;
}

static bool has_row(const json_t *rows, const json_t *key)
{
    const json_t *row;
    size_t i;

    json_array_foreach(rows, i, row)
    {
        if (json_equal(json_object_get(row, "set"), key))
            return true;
    }
    return false;
}

static json_t *make_rows(const json_t *runs, const json_t *over)
{
    json_t *rows = json_array();
    const json_t *run;
    size_t i;

    json_array_foreach(runs, i, run)
    {
        json_t *key = key_of(run, over);

        if (!has_row(rows, key))
            fer_json_append(&rows, make_row(runs, over, key));
        json_decref(key);
    }
    return rows;
}

/* What is planned, with what has come of it. */
static enum fer_status collect(const char *dir, const json_t *list, json_t *runs, struct fer_error *err)
{
    json_t *planned, *result;
    size_t i;

    json_array_foreach(json_object_get(list, "runs"), i, planned)
    {
        enum fer_status status =
            fer_result_read(dir, json_string_value(json_object_get(planned, "name")), &result, err);

        if (status != FER_OK)
            return status;
        if (!result) {
            result = json_copy(planned);
            fer_json_set(&result, "status", json_string(FER_RUN_WAITING));
        }
        fer_json_set(&result, "set", json_incref(json_object_get(planned, "set")));
        if (json_array_append_new(runs, result) != 0)
            return fer_fail(err, FER_ENOMEM, "no memory for the table of %s", dir);
    }
    return FER_OK;
}

enum fer_status fer_table_make(const char *dir, json_t **out, struct fer_error *err)
{
    json_t *list, *runs = json_array();
    enum fer_status status = fer_list_read(dir, &list, err);

    *out = NULL;
    if (status == FER_OK)
        status = collect(dir, list, runs, err);
    if (status == FER_OK) {
        *out = json_pack("{s:o, s:O, s:o}", "sweep", fer_json_string(dir), "runs", runs, "table",
                         make_rows(runs, json_object_get(list, "over")));
        if (!*out)
            status = fer_fail(err, FER_ENOMEM, "no memory for the table of %s", dir);
    }
    json_decref(runs);
    json_decref(list);
    return status;
}

static enum fer_status write_csv(const char *path, const json_t *runs, struct fer_error *err)
{
    char *text = fer_table_csv(runs);
    struct fer_bytes part = { text, text ? strlen(text) : 0 };
    enum fer_status status =
        text ? fer_file_write_atomic(path, &part, 1, err) : fer_fail(err, FER_ENOMEM, "no memory for %s", path);

    free(text);
    return status;
}

enum fer_status fer_table_write(const char *dir, struct fer_error *err)
{
    char *json = fer_path_join(dir, "results.json"), *csv = fer_path_join(dir, "results.csv");
    json_t *table = NULL;
    enum fer_status status = json && csv ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory");

    if (status == FER_OK)
        status = fer_table_make(dir, &table, err);
    if (status == FER_OK)
        status = fer_json_write(json, table, err);
    if (status == FER_OK)
        status = write_csv(csv, json_object_get(table, "runs"), err);
    json_decref(table);
    free(json);
    free(csv);
    return status;
}

enum fer_status fer_sweep_report(const char *run, char **json, struct fer_error *err)
{
    json_t *table;
    enum fer_status status = fer_table_make(run, &table, err);

    *json = NULL;
    return status == FER_OK ? fer_json_text(table, json, err) : status;
}
