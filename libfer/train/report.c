/* SPDX-License-Identifier: Apache-2.0 */
#include "train/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train/context.h"

struct fer_report {
    json_t *all, *current;
    bool failed;
};

struct fer_report *fer_report_create(void)
{
    struct fer_report *report = calloc(1, sizeof(*report));

    if (report && !(report->all = json_object())) {
        free(report);
        return NULL;
    }
    return report;
}

void fer_report_free(struct fer_report *report)
{
    if (!report)
        return;
    json_decref(report->all);
    json_decref(report->current);
    free(report);
}

void fer_report_begin(struct fer_report *report)
{
    json_decref(report->current);
    report->current = json_object();
}

/* JSON has no NaN: a result that is none is null. */
static json_t *number(double value)
{
    if (!isfinite(value))
        return json_null();
    if (value == rint(value) && fabs(value) < 1e15)
        return json_integer((json_int_t)value);
    return json_real(value);
}

static json_t *list(const double *values, int count)
{
    json_t *array = json_array();

    for (int i = 0; i < count; i++)
        fer_json_append(&array, number(values[i]));
    return array;
}

static void put(struct fer_report *report, const char *name, json_t *value)
{
    if (json_object_set_new(report->current, name, value) != 0)
        report->failed = true;
}

void fer_report_number(struct fer_report *report, const char *name, double value)
{
    put(report, name, number(value));
}

void fer_report_list(struct fer_report *report, const char *name, const double *values, int count)
{
    put(report, name, list(values, count));
}

void fer_report_matrix(struct fer_report *report, const char *name, const double *values, int rows, int columns)
{
    json_t *array = json_array();

    for (int i = 0; i < rows; i++)
        fer_json_append(&array, list(values + (size_t)i * (size_t)columns, columns));
    put(report, name, array);
}

enum fer_status fer_report_end(struct fer_report *report, const char *metric, struct fer_error *err)
{
    json_t *value = report->current;

    report->current = NULL;
    if (json_object_size(value) == 1) {
        json_t *only = json_incref(json_object_iter_value(json_object_iter(value)));

        json_decref(value);
        value = only;
    }
    if (json_object_set_new(report->all, metric, value) != 0 || report->failed)
        return fer_fail(err, FER_ENOMEM, "no memory for the results of %s", metric);
    return FER_OK;
}

json_t *fer_report_json(const struct fer_report *report)
{
    return report->all;
}

static const json_t *single(const json_t *value)
{
    return json_is_number(value) || json_is_null(value) ? value : NULL;
}

/* A number, or the null in its place. */
static const json_t *find(const json_t *metrics, const char *path)
{
    const char *dot = strchr(path, '.');
    char *name = dot ? strndup(path, (size_t)(dot - path)) : strdup(path);
    json_t *metric = name ? json_object_get(metrics, name) : NULL, *item;
    const json_t *found = NULL;
    const char *key;

    free(name);
    if (dot)
        return find(metric, dot + 1);
    found = single(metric);
    if (!found)
        found = single(json_object_get(metric, path));
    json_object_foreach(metric, key, item) found = found ? found : single(item);
    return found;
}

bool fer_report_find(const json_t *metrics, const char *path, double *value)
{
    const json_t *found = find(metrics, path);

    *value = json_number_value(found);
    return json_is_number(found);
}

bool fer_report_has(const json_t *metrics, const char *path)
{
    return find(metrics, path) != NULL;
}
