/* SPDX-License-Identifier: Apache-2.0
 *
 * From the tests' reports to numbers with names.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"
#include "study/table.h"
#include "train/context.h"

struct flat {
    json_t *out;
    const json_t *labels;
};

static void fail(struct flat *flat)
{
    json_decref(flat->out);
    flat->out = NULL;
}

static void put(struct flat *flat, const char *prefix, const char *name, const json_t *value)
{
    char *key = NULL;

    if (!json_is_number(value))
        return;
    if (asprintf(&key, "%s%s%s", prefix, name[0] ? "." : "", name) < 0)
        key = NULL;
    fer_json_set(&flat->out, key, json_incref((json_t *)value));
    free(key);
}

/* Item i of a list: of a class, of the bin between two edges, or just of a number. */
static void item_name(const struct flat *flat, const json_t *edges, size_t length, size_t i, char *name, size_t size)
{
    const char *label = json_string_value(json_array_get(flat->labels, i));

    if (json_array_size(edges) == length + 1)
        fer_number_print(name, size, "%g-%g", json_number_value(json_array_get(edges, i)),
                         json_number_value(json_array_get(edges, i + 1)));
    else if (label && json_array_size(flat->labels) == length)
        snprintf(name, size, "%s", label);
    else
        snprintf(name, size, "%zu", i);
}

static void put_list(struct flat *flat, const char *prefix, const json_t *list, const json_t *edges)
{
    const json_t *item;
    char name[128];
    size_t i;

    json_array_foreach(list, i, item)
    {
        item_name(flat, edges, json_array_size(list), i, name, sizeof(name));
        put(flat, prefix, name, item);
    }
}

/* The results of one metric; "bins" are the edges of its other lists. */
static void put_metric(struct flat *flat, const char *prefix, const char *metric, const json_t *value)
{
    const json_t *edges = json_object_get(value, "bins");
    const char *key;
    json_t *item;
    char *path;

    put(flat, prefix, "", value);
    put_list(flat, prefix, value, NULL);
    json_object_foreach((json_t *)value, key, item)
    {
        if (asprintf(&path, "%s.%s", prefix, key) < 0) {
            fail(flat);
            return;
        }
        if (json_is_array(item) && item != edges)
            put_list(flat, path, item, edges);
        else
            put(flat, prefix, strcmp(key, metric) == 0 ? "" : key, item);
        free(path);
    }
}

json_t *fer_table_flatten(const json_t *tests, const json_t *labels)
{
    struct flat flat = { json_object(), labels };
    const char *test, *metric;
    json_t *metrics, *value;
    char *prefix;

    json_object_foreach((json_t *)tests, test, metrics)
    {
        json_object_foreach(metrics, metric, value)
        {
            if (asprintf(&prefix, "%s.%s", test, metric) < 0) {
                fail(&flat);
                break;
            }
            put_metric(&flat, prefix, metric, value);
            free(prefix);
        }
    }
    return flat.out;
}
