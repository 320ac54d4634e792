/* SPDX-License-Identifier: Apache-2.0 */
#include "train/context.h"

#include <fer/host.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fer_context_say(const struct fer_context *context, enum fer_message kind, const char *format, ...)
{
    va_list arguments;
    char *text;
    int length;

    if (!context->message)
        return;
    va_start(arguments, format);
    length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0)
        return;
    context->message(context->user, kind, text);
    free(text);
}

static void building(void *user, const char *what)
{
    fer_context_say(user, FER_MESSAGE_BUILDING, "%s", what ? what : "");
}

static void report_plugins(const struct fer_context *context)
{
    const struct fer_registry_file *files;
    int count = fer_registry_files(context->registry, &files);

    for (int i = 0; i < count; i++) {
        if (files[i].refusal)
            fer_context_say(context, FER_MESSAGE_WARNING, "%s", files[i].refusal);
        else if (files[i].shadowed)
            fer_context_say(context, FER_MESSAGE_DETAIL, "%s is hidden by a plugin of the same name", files[i].path);
    }
}

static void ignored(void *user, const char *text)
{
    fer_context_say(user, FER_MESSAGE_DETAIL, "%s", text);
}

/* Where measurements are; NULL: nowhere. */
static char *tune_file(const char *wish)
{
    if (!wish || !*wish)
        wish = getenv("FER_TUNE");
    if (!wish || !*wish)
        return fer_tuning_path();
    return strcmp(wish, "off") == 0 ? NULL : strdup(wish);
}

void fer_context_tune(struct fer_context *context)
{
    fer_tuning_free(context->tuning);
    context->tuning = NULL;
    context->untuned = (struct fer_error)FER_ERROR_INIT;
    if (!context->tune || (context->without & FER_PASS_TUNE))
        return;
    if (fer_tuning_open(context->tune, &context->tuning, &context->untuned) == FER_OK &&
        fer_tuning_count(context->tuning) > 0)
        fer_context_say(context, FER_MESSAGE_DETAIL, "%s: %d measurements of solvers", context->tune,
                        fer_tuning_count(context->tuning));
}

enum fer_status fer_context_create(const struct fer_context_options *options, struct fer_context **out,
                                   struct fer_error *err)
{
    static const struct fer_context_options none;
    struct fer_context *context = calloc(1, sizeof(*context));
    enum fer_status status = FER_OK;

    *out = NULL;
    if (!options)
        options = &none;
    if (!context || (options->device && !(context->device_name = strdup(options->device)))) {
        free(context);
        return fer_fail(err, FER_ENOMEM, "out of memory");
    }
    context->place = options->place;
    context->message = options->message;
    context->user = options->user;
    context->watch = (struct fer_build_watch){ building, context };
    status = fer_passes_parse(options->without, &context->without, err);
    if (status == FER_OK)
        status = fer_precision_parse(options->precision, &context->precision, err);
    if (status == FER_OK)
        status = fer_registry_create(options->plugin_path, &context->registry, err);
    if (status != FER_OK) {
        fer_context_free(context);
        return status;
    }
    report_plugins(context);
    context->tune = tune_file(options->tune);
    fer_context_tune(context);
    *out = context;
    return FER_OK;
}

struct fer_compile_options fer_context_compile_options(const struct fer_context *context)
{
    return (struct fer_compile_options){ .without = context->without,
                                         .precision = context->precision,
                                         .watch = &context->watch,
                                         .tuning = context->tuning,
                                         .detail = ignored,
                                         .user = (void *)context };
}

struct fer_kept {
    struct fer_kept *next;
    _Alignas(16) unsigned char bytes[];
};

void *fer_context_keep(struct fer_context *context, size_t size)
{
    struct fer_kept *kept = calloc(1, sizeof(*kept) + size);

    if (!kept)
        return NULL;
    kept->next = context->kept;
    context->kept = kept;
    return kept->bytes;
}

void fer_context_free(struct fer_context *context)
{
    if (!context)
        return;
    fer_device_close(context->device);
    fer_registry_free(context->registry);
    fer_tuning_free(context->tuning);
    free(context->tune);
    for (struct fer_kept *kept = context->kept, *next; kept; kept = next) {
        next = kept->next;
        free(kept);
    }
    free(context->device_name);
    free(context);
}

enum fer_status fer_context_device(struct fer_context *context, struct fer_device **out, struct fer_error *err)
{
    enum fer_status status = FER_OK;

    *out = NULL;
    if (context->untuned.status)
        return fer_fail(err, context->untuned.status, "%s", context->untuned.text);
    if (!context->device) {
        status = fer_device_open_place(context->device_name, context->place, &context->device, err);
        if (status == FER_OK)
            fer_context_say(context, FER_MESSAGE_DETAIL, "device: %s (%s), %s kernels", context->device->name,
                            context->device->platform_name,
                            context->device->profile == FER_PROFILE_CPU ? "cpu" : "gpu");
    }
    *out = context->device;
    return status;
}

enum fer_status fer_seed_check(uint64_t seed, struct fer_error *err)
{
    return seed <= FER_SEED_MAX
               ? FER_OK
               : fer_fail(err, FER_EINVAL, "the seed %" PRIu64 " is too large: it should be at most %" PRIu64, seed,
                          FER_SEED_MAX);
}

json_t *fer_json_string(const char *text)
{
    char *whole = text ? fer_text_utf8(text) : NULL;
    json_t *string = whole ? json_string(whole) : NULL;

    free(whole);
    return string;
}

json_t *fer_json_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static void keep_whole(json_t **container, int code)
{
    if (code == 0)
        return;
    json_decref(*container);
    *container = NULL;
}

void fer_json_append(json_t **array, json_t *value)
{
    keep_whole(array, json_array_append_new(*array, value));
}

void fer_json_set(json_t **object, const char *name, json_t *value)
{
    keep_whole(object, json_object_set_new(*object, name, value));
}

void fer_json_merge(json_t **object, json_t *more)
{
    keep_whole(object, json_object_update(*object, more));
    json_decref(more);
}

json_t *fer_json_words(const char *const *words)
{
    json_t *array = json_array();

    for (; words && *words; words++)
        fer_json_append(&array, fer_json_string(*words));
    return array;
}

static bool holds(const json_t *words, const json_t *wanted)
{
    const json_t *word;
    size_t i;

    json_array_foreach(words, i, word)
    {
        if (json_equal(word, wanted))
            return true;
    }
    return false;
}

static bool holds_all(const json_t *words, const json_t *wanted)
{
    const json_t *word;
    size_t i;

    json_array_foreach(wanted, i, word)
    {
        if (!holds(words, word))
            return false;
    }
    return true;
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

enum fer_status fer_data_compare(const char *dir, const json_t *before, const char *const *data, struct fer_error *err)
{
    char begun[256], now[256];
    json_t *words = fer_json_words(data);
    enum fer_status status = words ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory");

    /* their order says nothing */
    if (status == FER_OK && json_is_array(before) && !(holds_all(before, words) && holds_all(words, before))) {
        data_text(before, begun, sizeof(begun));
        data_text(words, now, sizeof(now));
        status = fer_fail(err, FER_EINVAL, "%s was begun %s; it cannot go on %s", dir, begun, now);
    }
    json_decref(words);
    return status;
}

char *fer_json_dump(const json_t *value, size_t flags)
{
    const size_t size = value ? json_dumpb(value, NULL, 0, flags) : 0;
    char *text = size > 0 ? malloc(size + 1) : NULL;

    if (text && json_dumpb(value, text, size, flags) != size) {
        free(text);
        text = NULL;
    }
    if (text)
        text[size] = '\0';
    return text;
}

enum fer_status fer_json_text(json_t *value, char **out, struct fer_error *err)
{
    *out = fer_json_dump(value, JSON_COMPACT | JSON_REAL_PRECISION(17) | JSON_ENCODE_ANY);
    json_decref(value);
    return *out ? FER_OK : fer_fail(err, FER_ENOMEM, "no memory for the report");
}

char *fer_path_join(const char *dir, const char *name)
{
    char *path;

    if (name[0] == '/' || !dir || strcmp(dir, ".") == 0)
        return strdup(name);
    return asprintf(&path, "%s/%s", dir, name) < 0 ? NULL : path;
}
