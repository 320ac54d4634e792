/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of a sweep for people: a block for each test, a line for each combination, mean ± deviation.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

enum { NAME_MAX_WIDTH = 60 };

/* Characters, not bytes. */
static int width_of(const char *text)
{
    int width = 0;

    for (; *text; text++)
        width += (*text & 0xc0) != 0x80;
    return width;
}

/* To the left of a column of `width`, or (width < 0) to the right. */
static void put_cell(const char *text, int width)
{
    int space = abs(width) - width_of(text);

    printf("%*s%s%*s", width < 0 && space > 0 ? space : 0, "", text, width > 0 && space > 0 ? space : 0, "");
}

/* "mode=add lambda=0.6", and how many of its runs are complete while not all are. */
static void row_name(const json_t *row, char *text, size_t size)
{
    int complete = (int)number_of(row, "runs"), of = (int)number_of(row, "of");
    const char *key;
    json_t *value;
    size_t n = 0;

    text[0] = '\0';
    json_object_foreach(json_object_get(row, "set"), key, value)
    {
        if (n < size)
            n += (size_t)snprintf(text + n, size - n, "%s%s=%s", n ? " " : "", key, json_string_value(value));
    }
    if (n == 0)
        n = (size_t)snprintf(text, size, "all");
    if (complete < of && n < size)
        snprintf(text + n, size - n, " (%d of %d)", complete, of);
}

static void number_text(const json_t *number, char *text, size_t size)
{
    const json_t *deviation = json_object_get(number, "deviation");

    if (!number)
        snprintf(text, size, "-");
    else if (deviation)
        snprintf(text, size, "%.4f ± %.4f", number_of(number, "mean"), json_number_value(deviation));
    else
        snprintf(text, size, "%.4f", number_of(number, "mean"));
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), n = strlen(end);

    return length > n && text[length - n - 1] == '.' && strcmp(text + length - n, end) == 0;
}

/* Counts of samples and numbers by class are for results.csv. */
static bool is_shown(const char *metric, const json_t *labels)
{
    const json_t *label;
    size_t i;

    json_array_foreach(labels, i, label)
    {
        if (ends_with(metric, json_string_value(label)))
            return false;
    }
    return !ends_with(metric, "samples") && !ends_with(metric, "images") && !strstr(metric, ".samples.");
}

/* {TEST: {METRIC: true}} of all that is shown, in order. */
static json_t *find_columns(const json_t *report)
{
    const json_t *labels = NULL, *row, *run;
    json_t *tests = json_object(), *value;
    const char *name;
    size_t i;

    json_array_foreach(json_object_get(report, "runs"), i, run) labels =
        labels ? labels : json_object_get(run, "labels");
    json_array_foreach(json_object_get(report, "table"), i, row)
    {
        json_object_foreach(json_object_get(row, "metrics"), name, value)
        {
            char *test = strndup(name, strcspn(name, "."));

            if (test && is_shown(name, labels)) {
                if (!json_object_get(tests, test))
                    json_put(tests, test, json_object());
                json_put(json_object_get(tests, test), name, json_true());
            }
            free(test);
        }
    }
    return tests;
}

static void print_row(const json_t *row, const json_t *columns, int width)
{
    char name[256], text[64];
    const char *column;
    json_t *unused;

    row_name(row, name, sizeof(name));
    put_cell(name, width);
    json_object_foreach((json_t *)columns, column, unused)
    {
        int wide = width_of(strchr(column, '.') + 1);

        number_text(json_object_get(json_object_get(row, "metrics"), column), text, sizeof(text));
        fputs("  ", stdout);
        put_cell(text, -(wide > 15 ? wide : 15));
    }
    putchar('\n');
}

static void print_block(const json_t *rows, const char *test, const json_t *columns, int width)
{
    const json_t *row;
    const char *column;
    json_t *unused;
    size_t i;

    put_cell(test, width);
    json_object_foreach((json_t *)columns, column, unused)
    {
        fputs("  ", stdout);
        put_cell(strchr(column, '.') + 1, -15);
    }
    putchar('\n');
    json_array_foreach(rows, i, row) print_row(row, columns, width);
    putchar('\n');
}

static void print_unfinished(const json_t *runs)
{
    const json_t *run;
    size_t i;

    json_array_foreach(runs, i, run)
    {
        const char *status = text_of(run, "status"), *error = text_of(run, "error");

        if (strcmp(status, "complete") != 0) {
            printf("%s: %s%s", text_of(run, "name"), status, *error ? ": " : "");
            put_name(stdout, error);
            putchar('\n');
        }
    }
}

void print_table(const json_t *report)
{
    const json_t *rows = json_object_get(report, "table"), *row;
    json_t *tests = find_columns(report), *columns;
    const char *test;
    char name[256];
    int width = 12;
    size_t i;

    json_array_foreach(rows, i, row)
    {
        row_name(row, name, sizeof(name));
        width = width_of(name) > width ? width_of(name) : width;
    }
    json_object_foreach(tests, test, columns)
        print_block(rows, test, columns, width < NAME_MAX_WIDTH ? width : NAME_MAX_WIDTH);
    print_unfinished(json_object_get(report, "runs"));
    json_decref(tests);
}
