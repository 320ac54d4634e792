/* SPDX-License-Identifier: Apache-2.0
 *
 * A class a folder: DIR/train/happy/x.png, or DIR/happy/x.png with splits drawn from it.
 */
#include "data.h"

#include "expression.h"
#include "files.h"

struct folder {
    const char *path;
    struct division division;
    bool labels;
    int numbers;
};

static const struct fer_param *const params[] = {
    FER_PARAM_PATH(struct folder, path, NULL,
                   "folder of class folders, or of train, valid and test with class folders in "
                   "each; or a packed file"),
    DIVISION_PARAMS(struct folder),
    FER_PARAM_BOOL(struct folder, labels, "yes",
                   "the folders are classes; no: take every picture below, without labels"),
    NUMBERS_PARAM(struct folder),
    ONLY_PARAM(struct folder),
    NULL
};

struct splits {
    struct catalog *catalog;
    const struct folder *folder;
    bool found;
};

static enum fer_status add_part(const struct splits *splits, const char *path, int split, struct fer_error *err)
{
    if (splits->folder->labels)
        return add_classes(splits->catalog, path, split, splits->folder->numbers, err);
    return add_pictures(splits->catalog, path, (struct place){ split, -1 }, err);
}

/* Folders called train, valid or test (or an alias) make splits; others beside them are left alone. */
static enum fer_status add_split(void *context, const char *path, const char *name, struct fer_error *err)
{
    struct splits *splits = context;
    enum fer_status status;
    int split;

    name = split_canonical(name);
    if ((strcmp(name, "train") && strcmp(name, "valid") && strcmp(name, "test")) || !is_folder(path))
        return FER_OK;
    splits->found = true;
    status = catalog_name(splits->catalog, &splits->catalog->splits, name, &split, err);
    return status ? status : add_part(splits, path, split, err);
}

static enum fer_status fill(struct catalog *catalog, const void *options, const char *path, struct fer_error *err)
{
    struct splits splits = { catalog, options, false };
    enum fer_status status;

    if (splits.folder->labels)
        catalog->fields |= FER_FIELD_LABEL;
    status = folder_each(path, add_split, &splits, err);
    if (!status && !splits.found)
        status = add_part(&splits, path, -1, err);
    if (!status && catalog->count == 0)
        status = fer_fail(err, FER_ENOTFOUND, "'%s' has no pictures (PNG, JPEG, BMP, PGM, PPM)%s", path,
                          splits.folder->labels ? " in class folders; for pictures without classes say labels=no" : "");
    return status;
}

static enum fer_status open_folder(const void *options, const struct fer_data_env *env, void **state, size_t *count,
                                   unsigned *fields, struct fer_error *err)
{
    const struct folder *folder = options;

    return catalog_open(fill, options, folder->path, &folder->division, env, state, count, fields, err);
}

const struct fer_reader data_folder = {
    .size = sizeof(struct fer_reader),
    .name = "folder",
    .help = "pictures in folders, a folder for each class",
    .params = params,
    .params_size = sizeof(struct folder),
    .open = open_folder,
    CATALOG_READER,
};
