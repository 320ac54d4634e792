/* SPDX-License-Identifier: Apache-2.0
 *
 * model.fer and run.json: what was run, on what.
 */
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
    char *text = fer_json_dump(run, JSON_INDENT(2));
    enum fer_status status = text ? put_file(t, "run.json", text, err) : fer_fail(err, FER_ENOMEM, "out of memory");

    if (status == FER_OK)
        status = put_file(t, "model.fer", t->text, err);
    json_decref(run);
    free(text);
    return status;
}

enum fer_status fer_trainer_compare_data(const struct fer_trainer *t, struct fer_error *err)
{
    struct fer_error absent = FER_ERROR_INIT;
    char *path = fer_path_join(t->options->run, "run.json");
    json_t *run = NULL;
    void *bytes = NULL;
    size_t size = 0;
    enum fer_status status = path ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory");

    if (status == FER_OK && fer_file_read(path, 16 << 20, &bytes, &size, &absent) == FER_OK)
        run = json_loadb(bytes, size, 0, NULL);
    if (status == FER_OK)
        status = fer_data_compare(t->options->run, json_object_get(run, "data"), t->options->settings.data, err);
    json_decref(run);
    free(bytes);
    free(path);
    return status;
}
