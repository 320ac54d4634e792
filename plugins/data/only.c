/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists that choose pictures from a data set by name.  Wang, Peng, Yang, Meng, Qiao: Region attention networks for pose
 * and occlusion robust facial expression recognition (IEEE TIP 2020), arXiv:1905.04075, published such lists for
 * RAF-DB, AffectNet and FER+ at https://github.com/kaiwang960112/Challenge-condition-FER-dataset; their lines are
 *
 *     test_0003_aligned 3 4                  occluded RAF-DB: name, label from 0, kind of occlusion
 *     4/test_0006_aligned.jpg                turned RAF-DB: class folder and name
 *     val/0/bc9ad400db82eca1882b11c9…/       occluded AffectNet
 *     0/83dac9d7eec7fb0bfef79b4d….jpg        turned AffectNet
 *     1_fer0034656.png 8 0                   occluded FER+: class and name
 *     0/fer0032226.jpg                       turned FER+
 *
 * so only the name counts, without folders, class, ending and "_aligned".  Labels are the data set's own.
 */
#include "data.h"

#include "files.h"
#include "lines.h"

enum { LONGEST_KEY = 256 };

/* What a name in a list and a path of the data set have in common. */
static void make_key(const char *path, char key[LONGEST_KEY])
{
    static const char aligned[] = "_aligned";
    const size_t length = strlen(path) - (path[0] && path[strlen(path) - 1] == '/');
    const char *name = path + length;
    size_t digits, stem;

    while (name > path && name[-1] != '/')
        name--;
    snprintf(key, LONGEST_KEY, "%.*s",
             (int)(path + length - name < LONGEST_KEY ? path + length - name : LONGEST_KEY - 1), name);
    digits = strspn(key, "0123456789");
    if (digits && key[digits] == '_' && key[digits + 1])
        memmove(key, key + digits + 1, strlen(key + digits + 1) + 1);
    if (is_picture(key) || is_unread(key))
        key[path_stem(key)] = '\0';
    stem = strlen(key);
    if (stem > sizeof(aligned) - 1 && strcmp(key + stem - (sizeof(aligned) - 1), aligned) == 0)
        key[stem - (sizeof(aligned) - 1)] = '\0';
}

/* The names of a list, with the line of each. */
struct wanted {
    struct names names;
    long *line;
    bool *found;
};

static enum fer_status read_list(struct catalog *catalog, struct wanted *wanted, struct lines *lines,
                                 struct fer_error *err)
{
    size_t capacity = 0;

    for (;;) {
        char *words[2], key[LONGEST_KEY];
        int count, number;

        lines_next(lines, words, 2, &count);
        if (count == 0)
            return FER_OK;
        make_key(words[0], key);
        if (catalog_name(catalog, &wanted->names, key, &number, err))
            return FER_ENOMEM;
        if ((size_t)wanted->names.count > capacity) {
            long *line = realloc(wanted->line, (capacity * 2 + 64) * sizeof(*line));

            if (!line)
                return fer_fail(err, FER_ENOMEM, "out of memory while reading '%s'", lines->path);
            wanted->line = line;
            capacity = capacity * 2 + 64;
        }
        wanted->line[number] = lines->line;
    }
}

static enum fer_status keep(struct catalog *catalog, struct wanted *wanted, struct fer_error *err)
{
    const int listed = wanted->names.count;
    size_t count = 0;

    wanted->found = calloc((size_t)listed + 1, sizeof(*wanted->found));
    if (!wanted->found)
        return fer_fail(err, FER_ENOMEM, "out of memory for a list of %d names", listed);
    for (size_t i = 0; i < catalog->count; i++) {
        char key[LONGEST_KEY];
        int number;

        make_key(catalog->text + catalog->entries[i].path, key);
        number = catalog_find(catalog, &wanted->names, key);
        if (number < 0)
            continue;
        wanted->found[number] = true;
        catalog_move(catalog, i, count++);
    }
    catalog->count = count;
    return FER_OK;
}

enum fer_status catalog_only(struct catalog *catalog, const char *list, const char *place, struct fer_error *err)
{
    struct wanted wanted = { .line = NULL };
    struct lines lines;
    enum fer_status status = lines_open(&lines, list, err);

    if (!status)
        status = read_list(catalog, &wanted, &lines, err);
    if (!status)
        status = keep(catalog, &wanted, err);
    if (!status && catalog->count == 0)
        status = fer_fail(err, FER_ENOTFOUND, "%s names no picture of '%s'", list, place);
    for (int i = 0; i < wanted.names.count && !status && !catalog->drop_others; i++) {
        if (!wanted.found[i])
            status =
                fer_fail(err, FER_ENOTFOUND,
                         "%s, line %ld: '%s' has no picture '%s', or its reader leaves it out; others=drop goes on "
                         "without it",
                         list, wanted.line[i], place, catalog_text(catalog, &wanted.names, i));
    }
    lines_close(&lines);
    names_free(&wanted.names);
    free(wanted.line);
    free(wanted.found);
    return status ? fer_fail_argument(err, status, "only", "%s", err ? err->text : "") : FER_OK;
}
