/* SPDX-License-Identifier: Apache-2.0 */
#include "study/axis.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUES_MAX = 10000 };

void fer_axis_clear(struct fer_axis *axis)
{
    for (int i = 0; i < axis->count; i++)
        free(axis->values[i]);
    free(axis->values);
    free(axis->name);
    *axis = (struct fer_axis){ 0 };
}

/* The end of the value that begins here: a comma outside of brackets and quotes, or the end.  NULL: one is left open.
 */
static const char *value_end(const char *at)
{
    int depth = 0;
    bool quoted = false;

    for (; *at && (*at != ',' || depth > 0 || quoted); at++) {
        if (*at == '\\' && quoted && at[1])
            at++;
        else if (*at == '"')
            quoted = !quoted;
        else if (!quoted)
            depth += *at == '[' ? 1 : *at == ']' ? -1 : 0;
        if (depth < 0)
            return NULL;
    }
    return depth == 0 && !quoted ? at : NULL;
}

static bool is_name(const char *text, size_t length)
{
    if (length == 0 || length > 64 || isdigit((unsigned char)text[0]))
        return false;
    for (size_t i = 0; i < length; i++) {
        if (!isalnum((unsigned char)text[i]) && text[i] != '_')
            return false;
    }
    return true;
}

static bool is_known(const struct fer_axis *axis, const char *value)
{
    for (int i = 0; i < axis->count; i++) {
        if (strcmp(axis->values[i], value) == 0)
            return true;
    }
    return false;
}

static enum fer_status add_value(struct fer_axis *axis, const char *value, size_t length, struct fer_error *err)
{
    char **grown = realloc(axis->values, ((size_t)axis->count + 1) * sizeof(*grown)), *text = NULL;

    if (grown)
        axis->values = grown;
    if (!grown || asprintf(&text, "%s=%.*s", axis->name, (int)length, value) < 0)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    if (is_known(axis, text) || axis->count == VALUES_MAX) {
        bool twice = axis->count < VALUES_MAX;

        free(text);
        return twice ? fer_fail(err, FER_EINVAL, "%s: the value '%.*s' is there twice", axis->name, (int)length, value)
                     : fer_fail(err, FER_EINVAL, "%s has more than %d values", axis->name, VALUES_MAX);
    }
    axis->values[axis->count++] = text;
    return FER_OK;
}

enum fer_status fer_axis_parse(const char *text, struct fer_axis *axis, struct fer_error *err)
{
    const char *equals = strchr(text, '='), *at, *end;
    enum fer_status status = FER_OK;

    *axis = (struct fer_axis){ 0 };
    if (!equals || !is_name(text, (size_t)(equals - text)) || strlen(text) > 1 << 20)
        return fer_fail(err, FER_EINVAL,
                        "'%.100s' should be NAME=VALUE,VALUE,…: a `let` of the description and its values", text);
    axis->name = strndup(text, (size_t)(equals - text));
    if (!axis->name)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    for (at = equals + 1; status == FER_OK; at = end + 1) {
        end = value_end(at);
        if (!end)
            status = fer_fail(err, FER_EINVAL, "%s: a bracket or quote is missing in '%.100s'", axis->name, at);
        else if (end == at)
            status =
                fer_fail(err, FER_EINVAL, "%s: a value is empty in '%.100s'; an empty text is \"\", an empty list []",
                         axis->name, text);
        else
            status = add_value(axis, at, (size_t)(end - at), err);
        if (status != FER_OK || !*end)
            break;
    }
    if (status != FER_OK)
        fer_axis_clear(axis);
    return status;
}
