/* SPDX-License-Identifier: Apache-2.0
 *
 * A text file of names and labels, as many sets on the web come: `face_0001.jpg 3` or `3 face_0001.jpg`.
 */
#include "data.h"

#include "expression.h"
#include "files.h"
#include "lines.h"

enum { AFTER, BEFORE };
static const char *const sides[] = { "after", "before", NULL };

struct list {
    const char *path;
    struct division division;
    const char *images;
    int numbers, label;
};

static const struct fer_param *const params[] = {
    FER_PARAM_PATH(struct list, path, NULL,
                   "text file with a picture's name and its label on each line; or a packed file"),
    DIVISION_PARAMS(struct list),
    FER_PARAM_PATH(struct list, images, "", "folder that the names start from; the file's own by default"),
    NUMBERS_PARAM(struct list),
    FER_PARAM_ENUM(struct list, label, "after", sides, "whether the label stands after the name or before it"),
    ONLY_PARAM(struct list),
    NULL
};

static enum fer_status read_line(struct catalog *catalog, const struct list *list, const char *folder,
                                 char *const *words, int count, struct fer_error *err)
{
    const char *name = words[list->label == AFTER ? 0 : 1], *text = words[list->label == AFTER ? 1 : 0];
    struct entry *entry;
    char path[PATH_SIZE];
    int label;
    enum fer_status status;

    if (count < 2)
        return fer_fail(err, FER_EFORMAT, "should be a name and a label, as in 'face_0001.jpg happy'");
    status = numbering_text(list->numbers, text, &text, err);
    if (!status)
        status = catalog_label(catalog, text, &label, err);
    if (status || label == LEFT_OUT)
        return status;
    status = *name == '/' ? path_join(path, "", name, err) : path_join(path, folder, name, err);
    if (!status)
        status = catalog_add(catalog, path, &entry, err);
    if (!status)
        entry->label = label;
    return status;
}

static enum fer_status fill(struct catalog *catalog, const void *options, const char *path, struct fer_error *err)
{
    const struct list *list = options;
    const char *slash = strrchr(path, '/');
    char folder[PATH_SIZE];
    struct lines lines;
    enum fer_status status = lines_open(&lines, path, err);

    catalog->fields |= FER_FIELD_LABEL;
    snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path) + 1 : 0, path);
    if (list->images && *list->images)
        snprintf(folder, sizeof(folder), "%s", list->images);
    while (!status) {
        char *words[3];
        int count;

        lines_next(&lines, words, 3, &count);
        if (count == 0)
            break;
        status = read_line(catalog, list, folder, words, count, err);
        if (status)
            lines_prefix(&lines, status, err);
    }
    lines_close(&lines);
    return status;
}

static enum fer_status open_list(const void *options, const struct fer_data_env *env, void **state, size_t *count,
                                 unsigned *fields, struct fer_error *err)
{
    const struct list *list = options;

    return catalog_open(fill, options, list->path, &list->division, env, state, count, fields, err);
}

const struct fer_reader data_list = {
    .size = sizeof(struct fer_reader),
    .name = "list",
    .help = "pictures listed in a text file, a name and a label a line",
    .params = params,
    .params_size = sizeof(struct list),
    .open = open_list,
    CATALOG_READER,
};
