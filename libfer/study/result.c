/* SPDX-License-Identifier: Apache-2.0 */
#include "study/result.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "train/context.h"

enum { FILE_MAX = 64 << 20 };

enum fer_status fer_json_write(const char *path, const json_t *value, struct fer_error *err)
{
    char *text = fer_json_dump(value, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    struct fer_bytes parts[] = { { text, text ? strlen(text) : 0 }, { "\n", 1 } };
    enum fer_status status =
        text ? fer_file_write_atomic(path, parts, 2, err) : fer_fail(err, FER_ENOMEM, "no memory for %s", path);

    free(text);
    return status;
}

enum fer_status fer_json_read(const char *path, json_t **out, struct fer_error *err)
{
    struct fer_error absent = FER_ERROR_INIT;
    json_error_t wrong = { .text = "" };
    void *bytes;
    size_t size;
    enum fer_status status = fer_file_read(path, FILE_MAX, &bytes, &size, &absent);

    *out = NULL;
    if (status == FER_ENOTFOUND)
        return FER_OK;
    if (status != FER_OK)
        return fer_fail(err, status, "%s", absent.text);
    *out = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &wrong);
    free(bytes);
    if (json_is_object(*out))
        return FER_OK;
    if (!*out && !wrong.text[0])
        return fer_fail(err, FER_ENOMEM, "no memory for %s", path);
    status = fer_fail(err, FER_EFORMAT, "%s, line %d: %s; it was changed: remove it to begin anew", path,
                      *out ? 1 : wrong.line, *out ? "no JSON object" : wrong.text);
    json_decref(*out);
    *out = NULL;
    return status;
}

static enum fer_status result_path(const char *dir, const char *name, char **path, struct fer_error *err)
{
    if (asprintf(path, "%s/%s/result.json", dir, name) >= 0)
        return FER_OK;
    return fer_fail(err, FER_ENOMEM, "out of memory");
}

enum fer_status fer_result_read(const char *dir, const char *name, json_t **out, struct fer_error *err)
{
    char *path;
    enum fer_status status = result_path(dir, name, &path, err);

    *out = NULL;
    if (status != FER_OK)
        return status;
    status = fer_json_read(path, out, err);
    free(path);
    return status;
}

enum fer_status fer_result_write(const char *dir, const char *name, const json_t *result, struct fer_error *err)
{
    char *path;
    enum fer_status status = result_path(dir, name, &path, err);

    if (status != FER_OK)
        return status;
    status = fer_json_write(path, result, err);
    free(path);
    return status;
}

bool fer_result_is(const json_t *result, const char *status)
{
    const char *text = json_string_value(json_object_get(result, "status"));

    return text && strcmp(text, status) == 0;
}
