/* SPDX-License-Identifier: Apache-2.0
 *
 * Descriptions on behalf of a context.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "train/context.h"

void fer_context_diags(const struct fer_context *context, const struct fer_diags *diags, struct fer_error *err)
{
    fer_context_diags_from(context, diags, 0, err);
}

void fer_context_diags_from(const struct fer_context *context, const struct fer_diags *diags, int from,
                            struct fer_error *err)
{
    const struct fer_diag *first = NULL;
    int line, column;

    for (int i = from; i < diags->count; i++) {
        const struct fer_diag *diag = &diags->items[i];
        bool is_error = diag->severity == FER_SEVERITY_ERROR;
        /* one without a place, of the command line, is the sentence of *err and nothing more */
        char *text = context->message && (diag->span.source || !is_error) ? fer_diag_format(diag) : NULL;

        if (is_error && !first)
            first = diag;
        if (text) {
            size_t length = strlen(text);

            if (length > 0 && text[length - 1] == '\n')
                text[length - 1] = '\0';
            fer_context_say(context, is_error ? FER_MESSAGE_ERROR : FER_MESSAGE_WARNING, "%s", text);
        }
        free(text);
    }
    if (!first || !first->span.source || !err)
        return;
    fer_span_place(first->span, &line, &column);
    fer_fail(err, FER_EPARSE, "%s:%d:%d: %s", first->span.source->name, line, column,
             first->text ? first->text : "error");
    if (diags->errors > 1) {
        size_t length = strlen(err->text);

        snprintf(err->text + length, sizeof(err->text) - length, " (and %d more errors)", diags->errors - 1);
    }
}

enum { FER_ANSWER_ROW = 1024 }; /* classes, at most, that answers are kept of */

/* "name=value" → name and value, kept by the context: data pipelines point to their paths. */
static enum fer_status split(struct fer_context *context, const char *const *list, const char *option,
                             struct fer_setting **out, int *count, struct fer_error *err)
{
    size_t bytes = 0, n = 0;
    char *text;

    *out = NULL;
    *count = 0;
    for (; list && list[n]; n++)
        bytes += strlen(list[n]) + 1;
    if (n == 0)
        return FER_OK;
    *out = fer_context_keep(context, n * sizeof(**out) + bytes);
    if (!*out)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    text = (char *)(*out + n);
    for (size_t i = 0; i < n; i++) {
        char *equals;

        strcpy(text, list[i]);
        equals = strchr(text, '=');
        if (!equals || equals == text)
            return fer_fail(err, FER_EINVAL, "--%s %.100s: should be NAME=%s", option, list[i],
                            strcmp(option, "data") == 0 ? "PATH" : "VALUE");
        (*out)[i] = (struct fer_setting){ text, equals + 1 };
        text += strlen(list[i]) + 1;
        *equals = '\0';
    }
    *count = (int)n;
    return FER_OK;
}

static enum fer_status make_options(struct fer_context *context, const struct fer_settings *settings,
                                    enum fer_purpose purpose, struct fer_description_options *options,
                                    struct fer_error *err)
{
    struct fer_setting *sets, *data;
    enum fer_status status = fer_seed_check(settings->seed, err);

    *options = (struct fer_description_options){
        .seed = settings->seed,
        .threads = settings->threads,
        .only_predict = purpose == FER_FOR_PREDICT || purpose == FER_FOR_TESTS || purpose == FER_FOR_ANSWERS,
        .with_tests = purpose == FER_FOR_TESTS || purpose == FER_FOR_ANSWERS,
        .keep_row = purpose == FER_FOR_ANSWERS ? FER_ANSWER_ROW : 0,
        .check = purpose == FER_FOR_CHECK,
    };
    if (status == FER_OK)
        status = split(context, settings->sets, "set", &sets, &options->nsets, err);
    if (status == FER_OK)
        status = split(context, settings->data, "data", &data, &options->ndata, err);
    if (status == FER_OK) {
        options->sets = sets;
        options->data = data;
    }
    return status;
}

static enum fer_status read_or_parse(struct fer_context *context, const char *path, const char *dir, const char *text,
                                     const struct fer_settings *settings, enum fer_purpose purpose,
                                     struct fer_description **out, struct fer_error *err)
{
    static const struct fer_settings none;
    struct fer_description_options options;
    struct fer_description *description = NULL;
    enum fer_status status = make_options(context, settings ? settings : &none, purpose, &options, err);

    *out = NULL;
    if (status == FER_OK)
        status = text ? fer_description_parse(context->registry, path, dir, text, &options, &description, err)
                      : fer_description_read(context->registry, path, &options, &description, err);
    if (description)
        fer_context_diags(context, &description->diags, status == FER_OK ? NULL : err);
    if (status != FER_OK) {
        fer_description_free(description);
        description = NULL;
    }
    *out = description;
    return status;
}

enum fer_status fer_context_read(struct fer_context *context, const char *path, const struct fer_settings *settings,
                                 enum fer_purpose purpose, struct fer_description **out, struct fer_error *err)
{
    return read_or_parse(context, path, NULL, NULL, settings, purpose, out, err);
}

enum fer_status fer_context_parse(struct fer_context *context, const char *name, const char *dir, const char *text,
                                  const struct fer_settings *settings, enum fer_purpose purpose,
                                  struct fer_description **out, struct fer_error *err)
{
    return read_or_parse(context, name, dir, text, settings, purpose, out, err);
}
