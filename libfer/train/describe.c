/* SPDX-License-Identifier: Apache-2.0
 *
 * model.fer and run.json: what was run, on what.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "train/trainer.h"

static enum fer_status put_file(const struct fer_trainer *t, const char *name, const char *text, struct fer_error *err)
{
    char *path = fer_path_join(t->options->run, name);
    struct fer_bytes bytes = { text, strlen(text) };
    enum fer_status status =
        path ? fer_file_write_atomic(path, &bytes, 1, err) : fer_fail(err, FER_ENOMEM, "out of memory");

    free(path);
    return status;
}

enum fer_status fer_trainer_describe(const struct fer_trainer *t, const char *path, struct fer_error *err)
{
    const struct fer_device *device = t->context->device;
    const struct fer_settings *settings = &t->options->settings;
    int ranks = fer_group_shared(t->group) ? fer_group_size(t->group) : 1;
    json_t *run = json_pack("{s:s, s:o, s:I, s:o, s:o, s:s, s:i, s:{s:o, s:o, s:o, s:o, s:s}}", "libfer", fer_version(),
                            "description", fer_json_string(path), "seed", (json_int_t)t->seed, "set",
                            fer_json_words(settings->sets), "data", fer_json_words(settings->data), "precision",
                            fer_precision_name(t->context->precision), "ranks", ranks, "device", "name",
                            fer_json_string(device->name), "platform", fer_json_string(device->platform_name),
                            "version", fer_json_string(device->version), "driver", fer_json_string(device->driver),
                            "kernels", device->profile == FER_PROFILE_CPU ? "cpu" : "gpu");
    char *text = run ? json_dumps(run, JSON_INDENT(2)) : NULL;
    enum fer_status status = text ? put_file(t, "run.json", text, err) : fer_fail(err, FER_ENOMEM, "out of memory");

    if (status == FER_OK)
        status = put_file(t, "model.fer", t->text, err);
    json_decref(run);
    free(text);
    return status;
}

/* The same words, in whatever order. */
static bool same_words(const json_t *a, const json_t *b)
{
    const json_t *one, *other;
    size_t i, k;

    json_array_foreach(a, i, one)
    {
        bool found = false;

        json_array_foreach(b, k, other) found = found || json_equal(one, other);
        if (!found)
            return false;
    }
    return json_array_size(a) == json_array_size(b);
}

/* "with --data a=x --data b=y", "without --data". */
static void data_text(const json_t *words, char *text, size_t size)
{
    size_t n = (size_t)snprintf(text, size, json_array_size(words) ? "with" : "without --data");
    const json_t *word;
    size_t i;

    json_array_foreach(words, i, word)
    {
        const char *value = json_string_value(word);

        if (n < size)
            n += (size_t)snprintf(text + n, size - n, " --data %.200s", value ? value : "?");
    }
}

enum fer_status fer_trainer_compare_data(const struct fer_trainer *t, struct fer_error *err)
{
    struct fer_error absent = FER_ERROR_INIT;
    char *path = fer_path_join(t->options->run, "run.json"), begun[256], now[256];
    json_t *run = NULL, *words = fer_json_words(t->options->settings.data);
    const json_t *before;
    void *bytes = NULL;
    size_t size = 0;
    enum fer_status status = path && words ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory");

    if (status == FER_OK && fer_file_read(path, 16 << 20, &bytes, &size, &absent) == FER_OK)
        run = json_loadb(bytes, size, 0, NULL);
    before = json_object_get(run, "data"); /* without run.json nobody knows */
    if (status == FER_OK && json_is_array(before) && !same_words(before, words)) {
        data_text(before, begun, sizeof(begun));
        data_text(words, now, sizeof(now));
        status = fer_fail(err, FER_EINVAL, "%s was begun %s; it cannot go on %s", t->options->run, begun, now);
    }
    json_decref(words);
    json_decref(run);
    free(bytes);
    free(path);
    return status;
}
