/* SPDX-License-Identifier: Apache-2.0 */
#include "study/list.h"

#include <stdlib.h>
#include <string.h>

#include "study/result.h"
#include "train/context.h"

static enum fer_status read_list(const char *dir, json_t **out, struct fer_error *err)
{
    char *path = fer_path_join(dir, "sweep.json");
    enum fer_status status = path ? fer_json_read(path, out, err) : fer_fail(err, FER_ENOMEM, "out of memory");
    const json_t *run;
    size_t i;

    json_array_foreach(json_object_get(status == FER_OK ? *out : NULL, "runs"), i, run)
    {
        const char *name = json_string_value(json_object_get(run, "name"));

        /* a name leads to a file */
        if (status == FER_OK && (!name || strchr(name, '/') || !json_is_object(json_object_get(run, "set"))))
            status =
                fer_fail(err, FER_EFORMAT, "%s: its run %zu has no name or no values; the file was changed", path, i);
    }
    if (status != FER_OK) {
        json_decref(*out);
        *out = NULL;
    }
    free(path);
    return status;
}

enum fer_status fer_list_read(const char *dir, json_t **out, struct fer_error *err)
{
    enum fer_status status;

    *out = NULL;
    status = read_list(dir, out, err);
    if (status == FER_OK && !*out)
        status = fer_fail(err, FER_ENOTFOUND, "%s holds no sweep: it has no sweep.json", dir);
    return status;
}

enum fer_status fer_list_check(const struct fer_sweep_options *options, struct fer_error *err)
{
    json_t *list = NULL;
    enum fer_status status = read_list(options->run, &list, err);

    if (status == FER_OK && list && !options->resume)
        status =
            fer_fail(err, FER_EINVAL, "%s already holds a sweep; resume it, or choose another directory", options->run);
    /* no run's name or description's hash tells of them */
    if (status == FER_OK)
        status = fer_data_compare(options->run, json_object_get(list, "data"), options->settings.data, err);
    json_decref(list);
    return status;
}

static bool has_name(const struct fer_grid *grid, const char *name)
{
    for (int i = 0; i < grid->count; i++) {
        if (strcmp(grid->runs[i].name, name) == 0)
            return true;
    }
    return false;
}

enum fer_status fer_list_write(const struct fer_sweep_options *options, const struct fer_grid *grid,
                               struct fer_error *err)
{
    json_t *runs = json_array(), *over = json_array(), *list = NULL, *run, *whole;
    char *path = fer_path_join(options->run, "sweep.json");
    enum fer_status status = read_list(options->run, &list, err);
    size_t i;

    json_array_foreach(json_object_get(list, "runs"), i, run)
    {
        if (!has_name(grid, json_string_value(json_object_get(run, "name"))))
            fer_json_append(&runs, json_incref(run));
    }
    for (int k = 0; k < grid->count; k++)
        fer_json_append(&runs, json_pack("{s:s, s:o, s:O, s:I}", "name", grid->runs[k].name, "model",
                                         fer_json_string(grid->runs[k].model), "set", grid->runs[k].set, "seed",
                                         (json_int_t)grid->runs[k].seed));
    for (const char *const *name = options->over; name && *name; name++)
        fer_json_append(&over, fer_json_string(*name));
    whole = json_pack("{s:i, s:o, s:o, s:o}", "fer", 1, "over", over, "data", fer_json_words(options->settings.data),
                      "runs", runs);
    if (status == FER_OK)
        status = path ? fer_json_write(path, whole, err) : fer_fail(err, FER_ENOMEM, "out of memory");
    json_decref(whole);
    json_decref(list);
    free(path);
    return status;
}
