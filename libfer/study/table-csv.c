/* SPDX-License-Identifier: Apache-2.0
 *
 * results.csv: a line a run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csv.h"
#include "study/table.h"
#include "train/context.h"

static const char *const fixed[] = { "name",   "model",       "seed",    "status", "device",
                                     "libfer", "description", "weights", "seconds" };
enum { FIXED = sizeof(fixed) / sizeof(*fixed) };

/* All keys that any of these objects has, in order of first sight. */
static void gather(json_t **keys, const json_t *object)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)object, key, value) fer_json_set(keys, key, json_true());
}

static void put_header(FILE *out, const json_t *sets, const json_t *metrics)
{
    const char *key;
    json_t *value;

    for (int i = 0; i < FIXED; i++)
        fprintf(out, "%s%s", i ? "," : "", fixed[i]);
    json_object_foreach((json_t *)sets, key, value)
    {
        fputs(",set.", out);
        fer_csv_text(out, key);
    }
    json_object_foreach((json_t *)metrics, key, value)
    {
        fputc(',', out);
        fer_csv_text(out, key);
    }
    fputc('\n', out);
}

static void put_run(FILE *out, const json_t *run, const json_t *sets, const json_t *metrics, const json_t *numbers)
{
    const char *key;
    json_t *value;

    for (int i = 0; i < FIXED; i++) {
        if (i)
            fputc(',', out);
        fer_csv_value(out, json_object_get(run, fixed[i]));
    }
    json_object_foreach((json_t *)sets, key, value)
    {
        fputc(',', out);
        fer_csv_value(out, json_object_get(json_object_get(run, "set"), key));
    }
    json_object_foreach((json_t *)metrics, key, value)
    {
        fputc(',', out);
        fer_csv_value(out, json_object_get(numbers, key));
    }
    fputc('\n', out);
}

char *fer_table_csv(const json_t *runs)
{
    json_t *numbers = json_array(), *sets = json_object(), *metrics = json_object();
    const json_t *run;
    char *text = NULL;
    size_t size, i;
    FILE *out = open_memstream(&text, &size);

    json_array_foreach(runs, i, run)
    {
        fer_json_append(&numbers, fer_table_flatten(json_object_get(run, "tests"), json_object_get(run, "labels")));
        gather(&sets, json_object_get(run, "set"));
        gather(&metrics, json_array_get(numbers, i));
    }
    if (out) {
        put_header(out, sets, metrics);
        json_array_foreach(runs, i, run) put_run(out, run, sets, metrics, json_array_get(numbers, i));
        if (fclose(out) != 0 || !numbers || !sets || !metrics) {
            free(text);
            text = NULL;
        }
    }
    json_decref(numbers);
    json_decref(sets);
    json_decref(metrics);
    return text;
}
