/* SPDX-License-Identifier: Apache-2.0
 *
 * Sweeps that are written down.
 */
#include <fer/host.h>
#include <fer/study.h>
#include <glob.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "lang/utf8.h"
#include "study/result.h"
#include "train/context.h"

enum { FILE_MAX = 1 << 20, WORDS_MAX = 4096 };

/* ---- reading ---- */

/* The next word of a line, brackets and quotes kept together, cut off in place; NULL: none. */
static char *take_word(char **at)
{
    char *word = *at + strspn(*at, " \t"), *end = word;
    int depth = 0;
    bool quoted = false;

    if (!*word)
        return NULL;
    for (; *end && (depth > 0 || quoted || (*end != ' ' && *end != '\t')); end++) {
        quoted ^= *end == '"';
        depth += quoted ? 0 : *end == '[' ? 1 : *end == ']' ? -1 : 0;
    }
    *at = *end ? end + 1 : end;
    *end = '\0';
    return word;
}

/* One line's axes after those of the lines before. */
static int add_values(json_t *study, char *line)
{
    json_t *values = json_object_get(study, "values");
    int lost = json_array_size(values) > 0 ? json_array_append_new(values, json_string("+")) : 0;

    for (char *word = take_word(&line); word; word = take_word(&line))
        lost |= json_array_append_new(values, json_string(word));
    return lost;
}

static enum fer_status read_line(json_t *study, const char *file, char *line, int number, struct fer_error *err)
{
    char *key = take_word(&line);
    int lost;

    if (!key || *key == '#')
        return FER_OK;
    line += strspn(line, " \t");
    if (!*line)
        return fer_fail(err, FER_EPARSE, "%s:%d: '%s' has nothing after it", file, number, key);
    if (strcmp(key, "title") == 0 || strcmp(key, "paper") == 0 || strcmp(key, "answers") == 0)
        lost = json_object_set_new(study, key, json_string(line));
    else if (strcmp(key, "model") == 0)
        lost = json_array_append_new(json_object_get(study, "models"), json_string(line));
    else if (strcmp(key, "values") == 0)
        lost = add_values(study, line);
    else if (strcmp(key, "over") == 0)
        lost = json_array_append_new(json_object_get(study, "over"), json_string(line));
    else
        return fer_fail(err, FER_EPARSE, "%s:%d: '%s' is none of title, paper, answers, model, values and over", file,
                        number, key);
    return lost ? fer_fail(err, FER_ENOMEM, "out of memory") : FER_OK;
}

static char *study_name(const char *file)
{
    const char *slash = strrchr(file, '/'), *name = slash ? slash + 1 : file, *dot = strrchr(name, '.');

    return strndup(name, dot ? (size_t)(dot - name) : strlen(name));
}

/* Its models are as they are written. */
static enum fer_status read_study(const char *file, json_t **out, struct fer_error *err)
{
    char *name = study_name(file), *line, *rest;
    json_t *study = json_pack("{s:o, s:o, s:[], s:[], s:[]}", "name", fer_json_string(name), "file",
                              fer_json_string(file), "models", "values", "over");
    void *bytes = NULL;
    size_t size;
    int number = 0;
    enum fer_status status =
        study ? fer_file_read(file, FILE_MAX, &bytes, &size, err) : fer_fail(err, FER_ENOMEM, "out of memory");

    if (status == FER_OK && strlen(bytes) != size)
        status = fer_fail(err, FER_EFORMAT, "%s is no text: it has a zero byte", file);
    rest = bytes;
    while (status == FER_OK && (line = strsep(&rest, "\n"))) {
        size_t length = strlen(line);

        while (length > 0 && strchr(" \t\r", line[length - 1]))
            line[--length] = '\0';
        number++;
        status = fer_utf8_check(line, length) == length
                     ? read_line(study, file, line, number, err)
                     : fer_fail(err, FER_EFORMAT, "%s:%d: this line is not UTF-8", file, number);
    }
    if (status == FER_OK && (json_array_size(json_object_get(study, "models")) == 0 ||
                             json_array_size(json_object_get(study, "values")) > WORDS_MAX))
        status = fer_fail(err, FER_EPARSE, "%s names no model, or more than %d values", file, WORDS_MAX);
    if (status != FER_OK) {
        json_decref(study);
        study = NULL;
    }
    free(bytes);
    free(name);
    *out = study;
    return status;
}

/* ---- running ---- */

/* The axis of options->axes that has this one's name; NULL: none. */
static const char *replacement(const struct fer_sweep_options *options, const char *axis)
{
    size_t length = strcspn(axis, "=") + 1;

    for (const char *const *own = options->axes; own && *own; own++) {
        if (strncmp(*own, axis, length) == 0)
            return *own;
    }
    return NULL;
}

/* A NULL-terminated list of an array's strings. */
static const char **words(const json_t *array)
{
    const char **list = calloc(json_array_size(array) + 1, sizeof(*list));
    const json_t *word;
    size_t i, n = 0;

    json_array_foreach(array, i, word)
    {
        if (list && json_is_string(word))
            list[n++] = json_string_value(word);
    }
    return list;
}

static void free_paths(char **paths)
{
    for (char **path = paths; path && *path; path++)
        free(*path);
    free(paths);
}

/* A NULL-terminated list of the models' paths, which start in the study's folder. */
static char **model_paths(const json_t *study, const char *file)
{
    const char **names = words(json_object_get(study, "models"));
    char *folder = fer_path_folder(file), **paths = NULL;
    size_t count = json_array_size(json_object_get(study, "models")), n = 0;

    if (names && folder)
        paths = calloc(count + 1, sizeof(*paths));
    while (paths && n < count && names[n] && (paths[n] = fer_path_join(folder, names[n])))
        n++;
    if (paths && n < count) {
        free_paths(paths);
        paths = NULL;
    }
    free(folder);
    free(names);
    return paths;
}

static bool has_axis(const char *const *list, const char *axis)
{
    for (; *list; list++) {
        if (*list == axis)
            return true;
    }
    return false;
}

/* The study's axes, with those of the options in their places. */
static enum fer_status replace_axes(const char **axes, const struct fer_sweep_options *options, const char *file,
                                    struct fer_error *err)
{
    for (const char **axis = axes; *axis; axis++)
        *axis = replacement(options, *axis) ? replacement(options, *axis) : *axis;
    for (const char *const *own = options->axes; own && *own; own++) {
        if (!has_axis(axes, *own))
            return fer_fail(err, FER_EINVAL, "%s does not vary '%.*s'; what is the same for all runs is set, not swept",
                            file, (int)strcspn(*own, "="), *own);
    }
    return FER_OK;
}

enum fer_status fer_study(struct fer_context *context, const char *file, const struct fer_sweep_options *options,
                          struct fer_error *err)
{
    struct fer_sweep_options sweep = *options;
    char **models;
    const char **axes, **over;
    json_t *study;
    enum fer_status status = read_study(file, &study, err);

    if (status != FER_OK)
        return status;
    models = model_paths(study, file);
    axes = words(json_object_get(study, "values"));
    over = words(json_object_get(study, "over"));
    if (!models || !axes || !over) {
        status = fer_fail(err, FER_ENOMEM, "out of memory");
    } else {
        sweep.models = options->models ? options->models : (const char *const *)models;
        sweep.axes = axes;
        sweep.over = json_array_size(json_object_get(study, "over")) > 0 ? over : options->over;
        status = replace_axes(axes, options, file, err);
    }
    if (status == FER_OK)
        status = fer_sweep(context, &sweep, err);
    free_paths(models);
    free(axes);
    free(over);
    json_decref(study);
    return status;
}

/* ---- listing ---- */

static void name_models(json_t **study, const char *file)
{
    char **paths = model_paths(*study, file);

    fer_json_set(study, "models", paths ? fer_json_words((const char *const *)paths) : NULL);
    free_paths(paths);
}

enum fer_status fer_studies(const char *folder, char **json, struct fer_error *err)
{
    char *pattern = fer_path_join(folder, "*.study");
    json_t *list = json_array(), *study;
    glob_t found = { 0 };

    *json = NULL;
    if (pattern)
        glob(pattern, 0, NULL, &found);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct fer_error wrong = FER_ERROR_INIT;

        if (read_study(found.gl_pathv[i], &study, &wrong) == FER_OK)
            name_models(&study, found.gl_pathv[i]);
        else
            study = json_pack("{s:o, s:o}", "file", fer_json_string(found.gl_pathv[i]), "error",
                              fer_json_string(wrong.text));
        fer_json_append(&list, study);
    }
    globfree(&found);
    free(pattern);
    return fer_json_text(list, json, err);
}
