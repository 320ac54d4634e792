/* SPDX-License-Identifier: Apache-2.0
 *
 * Reports are whole, or there is none: whichever of the allocations for JSON fails.
 */
#include <fer/fer.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "folder.h"
#include "study/list.h"
#include "study/table.h"
#include "train/context.h"

static const char *const description =
    "fer 1\n"
    "use vision, synthface, data, loss, optim, metric\n"
    "labels \"happy\", \"sad\"\n"
    "net tiny(image: f32[1,16,16]) -> logits { logits = image | c: conv2d 2 | b: batchnorm | flatten | fc: linear 2 }\n"
    "data faces -> image, label = synthface size=16 count=8 channels=1 | batch 4\n"
    "stage fit over faces until step=2 {\n"
    "  logits  = image | tiny\n"
    "  loss ce = logits, label | cross_entropy\n"
    "  minimize ce\n"
    "  update tiny with sgd lr=0.1\n"
    "}\n"
    "predict classify(image: f32[1,16,16]) -> probs { probs = image | tiny | softmax }\n"
    "test all over faces {\n"
    "  probs = image | classify\n"
    "  metric accuracy = probs, label | accuracy\n"
    "}\n";

static struct fer_context *context;
static struct fer_error err;

static void set_up(void)
{
    const struct fer_context_options options = { .tune = "off" };
    FILE *file;

    folder_make();
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(description, file);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_msg(!fer_context_create(&options, &context, &err), "%s", err.text);
}

static void tear_down(void)
{
    json_set_alloc_funcs(malloc, free);
    fer_context_free(context);
    folder_remove();
}

/* ---- the reports ---- */

static enum fer_status check(char **json)
{
    const struct fer_settings settings = { .seed = 0 };

    return fer_check(context, path, &settings, false, json, &err);
}

static enum fer_status plugins(char **json)
{
    return fer_inspect_plugins(context, json, &err);
}

static enum fer_status entry(char **json)
{
    return fer_inspect_entry(context, "conv2d", json, &err);
}

/* Ranges, choices, fields: of an operation that may stand in a data pipeline. */
static enum fer_status data_entry(char **json)
{
    return fer_inspect_entry(context, "sprite", json, &err);
}

/* ---- without memory ---- */

static long allocations, failing;

static void *failing_malloc(size_t size)
{
    return ++allocations == failing ? NULL : malloc(size);
}

START_TEST(whole_or_none)
{
    static const struct {
        enum fer_status (*make)(char **json);
        int least; /* allocations that it takes */
    } reports[] = { { check, 100 }, { plugins, 300 }, { entry, 50 }, { data_entry, 50 } };
    char *wanted = NULL, *text;

    ck_assert_msg(!reports[_i].make(&wanted), "%s", err.text);
    failing = 1;
    json_set_alloc_funcs(failing_malloc, free);
    for (bool more = true; more; failing += more) {
        enum fer_status status;

        allocations = 0;
        text = NULL;
        status = reports[_i].make(&text);
        if (status == FER_OK)
            ck_assert_str_eq(text, wanted);
        else
            ck_assert_msg(status == FER_ENOMEM && !text && strstr(err.text, "memory"), "%ld: %s", failing, err.text);
        more = allocations >= failing;
        ck_assert(status == FER_OK || more);
        free(text);
    }
    ck_assert_int_gt(failing, reports[_i].least);
    free(wanted);
}
END_TEST

/* The table of a sweep is read back from files: jansson's own parser does not fail well, so only what is made of them
 * does here. */
START_TEST(tables_are_whole_or_none)
{
    json_t *runs = json_loads("[{\"name\": \"a\", \"set\": {\"x\": 1, \"s\": 0},"
                              "  \"tests\": {\"t\": {\"accuracy\": 0.5, \"recall\": [0.25, 0.75]}}},"
                              " {\"name\": \"b\", \"set\": {\"x\": 2, \"s\": 0},"
                              "  \"tests\": {\"t\": {\"accuracy\": 1, \"best\": {\"best\": 2, \"other\": 3}}}}]",
                              0, NULL);
    char *wanted, *text;

    ck_assert_ptr_nonnull(runs);
    wanted = fer_table_csv(runs);
    ck_assert_ptr_nonnull(strstr(wanted, "t.recall.1"));
    failing = 1;
    json_set_alloc_funcs(failing_malloc, free);
    for (bool more = true; more; failing += more) {
        allocations = 0;
        text = fer_table_csv(runs);
        if (text)
            ck_assert_str_eq(text, wanted);
        more = allocations >= failing;
        ck_assert(text || more);
        free(text);
    }
    ck_assert_int_gt(failing, 20);
    json_set_alloc_funcs(malloc, free);
    free(wanted);
    json_decref(runs);
}
END_TEST

/* The list of a sweep's runs: what it names is run, so it is whole or not written. */
START_TEST(lists_are_whole_or_not_written)
{
    static const char *const over[] = { "seed", "fold", NULL };
    const struct fer_sweep_options options = { .run = folder, .over = over };
    struct fer_grid_run runs[] = { { .name = "a", .model = "m.fer", .set = json_pack("{s:i}", "x", 1), .seed = 3 },
                                   { .name = "b", .model = "m.fer", .set = json_pack("{s:i}", "x", 2), .seed = 4 } };
    const struct fer_grid grid = { .runs = runs, .count = 2 };
    char file[128];
    json_t *list = NULL;

    snprintf(file, sizeof(file), "%s/sweep.json", folder);
    failing = 1;
    json_set_alloc_funcs(failing_malloc, free);
    for (bool more = true; more; failing += more) {
        enum fer_status status;

        remove(file);
        allocations = 0;
        status = fer_list_write(&options, &grid, &err);
        more = allocations >= failing;
        ck_assert(status == FER_OK || (status == FER_ENOMEM && more));
        json_set_alloc_funcs(malloc, free);
        ck_assert_int_eq(fer_list_read(folder, &list, &err), status == FER_OK ? FER_OK : FER_ENOTFOUND);
        if (status == FER_OK) {
            ck_assert_uint_eq(json_array_size(json_object_get(list, "runs")), 2);
            ck_assert_uint_eq(json_array_size(json_object_get(list, "over")), 2);
        }
        json_decref(list);
        json_set_alloc_funcs(failing_malloc, free);
    }
    json_set_alloc_funcs(malloc, free);
    ck_assert_int_gt(failing, 20);
    json_decref(runs[0].set);
    json_decref(runs[1].set);
}
END_TEST

/* ---- what the above stands on ---- */

START_TEST(containers_are_whole_or_gone)
{
    json_t *array = json_array(), *object = json_object();

    fer_json_append(&array, json_integer(1));
    fer_json_set(&object, "one", json_integer(1));
    fer_json_merge(&object, json_pack("{s:i}", "two", 2));
    ck_assert_uint_eq(json_array_size(array), 1);
    ck_assert_uint_eq(json_object_size(object), 2);
    fer_json_append(&array, NULL);
    ck_assert_ptr_null(array);
    fer_json_append(&array, json_integer(2));
    ck_assert_ptr_null(array);
    fer_json_set(&object, "three", NULL);
    ck_assert_ptr_null(object);
    fer_json_set(&object, "four", json_integer(4));
    fer_json_merge(&object, json_object());
    ck_assert_ptr_null(object);
    ck_assert_ptr_null(json_pack("{s:o}", "array", array));
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("report", set_up, tear_down);

    tcase_add_loop_test(tests, whole_or_none, 0, 4);
    tcase_add_test(tests, tables_are_whole_or_none);
    tcase_add_test(tests, lists_are_whole_or_not_written);
    tcase_add_test(tests, containers_are_whole_or_gone);
    return cases_run();
}
