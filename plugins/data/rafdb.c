/* SPDX-License-Identifier: Apache-2.0
 *
 * RAF-DB, basic expressions (Li, Deng, Du: Reliable crowdsourcing and deep locality-preserving learning for expression
 * recognition in the wild, CVPR 2017; http://www.whdeng.cn/raf/model1.html), as its owners give it out:
 *
 *     basic/EmoLabel/list_patition_label.txt     train_00001.jpg 5
 *     basic/Image/aligned/train_00001_aligned.jpg
 *     basic/Image/original/train_00001.jpg
 *
 * or as it is found on Kaggle, DATASET/train/5/train_00001_aligned.jpg, with class folders from 1 to 7.
 */
#include "data.h"

#include "expression.h"
#include "files.h"
#include "lines.h"

enum { ALIGNED, ORIGINAL };
static const char *const kinds[] = { "aligned", "original", NULL };

struct rafdb {
    const char *path;
    struct division division;
    int images;
};

static const struct fer_param *const params[] = {
    FER_PARAM_PATH(struct rafdb, path, NULL,
                   "the folder basic, or DATASET with train and test and a folder a class, 1 to 7; or "
                   "a packed file"),
    DIVISION_PARAMS(struct rafdb),
    FER_PARAM_ENUM(struct rafdb, images, "aligned", kinds, "Image/aligned, 100 x 100 pixels, or Image/original"),
    ONLY_PARAM(struct rafdb), NULL
};

struct reading {
    struct catalog *catalog;
    struct lines lines;
    struct names seen;
    int images;
    char folder[PATH_SIZE];
};

static enum fer_status find_split(struct reading *r, const char *name, int *split, struct fer_error *err)
{
    const char *part = !strncmp(name, "train_", 6) ? "train" : !strncmp(name, "test_", 5) ? "test" : NULL;

    if (!part)
        return fer_fail(err, FER_EFORMAT, "'%.64s' begins neither with train_ nor with test_", name);
    return catalog_name(r->catalog, &r->catalog->splits, part, split, err);
}

/* train_00001.jpg: the aligned picture is train_00001_aligned.jpg. */
static enum fer_status find_picture(const struct reading *r, const char *name, char *path, struct fer_error *err)
{
    char file[300];
    int stem = (int)path_stem(name);

    if (snprintf(file, sizeof(file), "%.*s%s%s", stem, name, r->images == ALIGNED ? "_aligned" : "", name + stem) >=
        (int)sizeof(file))
        return fer_fail(err, FER_EFORMAT, "the name '%.32s…' is too long", name);
    return path_join(path, r->folder, file, err);
}

static enum fer_status read_line(struct reading *r, char *const *words, int count, struct fer_error *err)
{
    const int known = r->seen.count;
    enum expression expression;
    struct entry *entry;
    char path[PATH_SIZE];
    int number, split, label;
    char *end;
    enum fer_status status;

    if (count != 2)
        return fer_fail(err, FER_EFORMAT, "should be a name and a number from 1 to 7, as in 'train_00001.jpg 5'");
    status = catalog_name(r->catalog, &r->seen, words[0], &number, err);
    if (!status && number < known)
        status = fer_fail(err, FER_EFORMAT, "'%.64s' is listed twice", words[0]);
    if (!status)
        status = find_split(r, words[0], &split, err);
    if (!status)
        status = find_picture(r, words[0], path, err);
    if (status)
        return status;
    number = (int)strtol(words[1], &end, 10);
    if (end == words[1] || *end != '\0')
        return fer_fail(err, FER_EFORMAT, "'%.32s' should be the number of an expression, from 1 to 7", words[1]);
    status = numbering_find(NUMBERS_RAFDB, number, &expression, err);
    if (!status)
        status = expression_label(r->catalog, expression, &label, err);
    if (status || label == LEFT_OUT)
        return status;
    status = catalog_add(r->catalog, path, &entry, err);
    if (!status) {
        entry->label = label;
        entry->split = split;
    }
    return status;
}

static enum fer_status read_list(struct reading *r, const char *path, struct fer_error *err)
{
    enum fer_status status = path_join(r->folder, path, r->images == ALIGNED ? "Image/aligned" : "Image/original", err);
    char *words[3];
    int count = 1;

    if (!status && !is_folder(r->folder))
        status = fer_fail(err, FER_ENOTFOUND, "there is no folder '%s': unpack %s.zip there, or say images=%s",
                          r->folder, kinds[r->images], kinds[!r->images]);
    while (!status) {
        lines_next(&r->lines, words, 3, &count);
        if (count == 0)
            break;
        status = read_line(r, words, count, err);
        if (status)
            lines_prefix(&r->lines, status, err);
    }
    return status;
}

static enum fer_status read_official(struct catalog *catalog, const struct rafdb *options, const char *path,
                                     const char *list, struct fer_error *err)
{
    struct reading r = { .catalog = catalog, .images = options->images };
    enum fer_status status = lines_open(&r.lines, list, err);

    if (!status)
        status = read_list(&r, path, err);
    lines_close(&r.lines);
    names_free(&r.seen);
    return status;
}

/* DATASET/train/1 …; *found = false when it is not there. */
static enum fer_status read_folders(struct catalog *catalog, const char *path, bool *found, struct fer_error *err)
{
    static const char *const parts[] = { "train", "test" };
    enum fer_status status = FER_OK;

    *found = false;
    for (int i = 0; i < 2 && !status; i++) {
        char folder[PATH_SIZE];
        int split;

        status = path_join(folder, path, parts[i], err);
        if (status || !is_folder(folder))
            continue;
        *found = true;
        status = catalog_name(catalog, &catalog->splits, parts[i], &split, err);
        if (!status)
            status = add_classes(catalog, folder, split, NUMBERS_RAFDB, true, err);
    }
    return status;
}

static enum fer_status fill(struct catalog *catalog, const void *options, const char *path, struct fer_error *err)
{
    char below[PATH_SIZE];
    bool found;
    enum fer_status status = path_join(below, path, "EmoLabel/list_patition_label.txt", err);

    catalog->fields |= FER_FIELD_LABEL;
    if (!status && is_file(below))
        return read_official(catalog, options, path, below, err);
    if (!status)
        status = path_join(below, path, "DATASET", err);
    if (!status)
        status = read_folders(catalog, is_folder(below) ? below : path, &found, err);
    if (!status && !found)
        status = fer_fail(err, FER_ENOTFOUND,
                          "'%s' has neither EmoLabel/list_patition_label.txt nor folders train and test; "
                          "it should be RAF-DB's folder basic, or Kaggle's DATASET",
                          path);
    return status;
}

static enum fer_status open_rafdb(const void *options, const struct fer_data_env *env, void **state, size_t *count,
                                  unsigned *fields, struct fer_error *err)
{
    const struct rafdb *rafdb = options;

    return catalog_open(fill, options, rafdb->path, &rafdb->division, env, state, count, fields, err);
}

const struct fer_reader data_rafdb = {
    .size = sizeof(struct fer_reader),
    .name = "rafdb",
    .help = "RAF-DB, basic expressions: train and test",
    .params = params,
    .params_size = sizeof(struct rafdb),
    .open = open_rafdb,
    CATALOG_READER,
};
