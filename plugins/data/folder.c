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
    bool found, folders; /* whether there are such, and any others */
    struct passed passed;
};

/* wanted: its pictures are asked for. */
static enum fer_status add_part(const struct splits *splits, const char *path, int split, bool wanted,
                                struct fer_error *err)
{
    if (splits->folder->labels)
        return add_classes(splits->catalog, path, split, splits->folder->numbers, wanted, err);
    return add_pictures(splits->catalog, path, (struct place){ split, -1 }, err);
}

/* Folders called train, valid or test (or an alias) make splits; other folders beside them are left alone. */
static enum fer_status add_split(void *context, const char *path, const char *name, struct fer_error *err)
{
    struct splits *splits = context;
    const char *wanted = splits->folder->division.split, *part = split_canonical(name);
    enum fer_status status;
    int split;

    if (is_picture(name) || !is_folder(path))
        return note_loose(&splits->passed, path, name, err);
    splits->folders = true;
    if (strcmp(part, "train") && strcmp(part, "valid") && strcmp(part, "test"))
        return FER_OK;
    splits->found = true;
    status = catalog_name(splits->catalog, &splits->catalog->splits, part, &split, err);
    if (status)
        return status;
    return add_part(splits, path, split, !wanted || !*wanted || strcmp(split_canonical(wanted), part) == 0, err);
}

/* What `fer occlude` wrote has pictures in images/ and masks in masks/, which would be two classes. */
static enum fer_status refuse_export(const char *path, struct fer_error *err)
{
    char how[PATH_SIZE], list[PATH_SIZE], images[PATH_SIZE];
    enum fer_status status = path_join(how, path, "export.json", err);

    if (!status)
        status = path_join(list, path, "manifest.csv", err);
    if (!status)
        status = path_join(images, path, "images", err);
    if (status || !is_file(how) || !is_folder(images))
        return status;
    return fer_fail(err, FER_EFORMAT,
                    "'%s' was written by fer occlude and has masks beside its pictures: read the list '%s', or the "
                    "pictures alone in '%s'",
                    path, list, images);
}

static enum fer_status fill(struct catalog *catalog, const void *options, const char *path, struct fer_error *err)
{
    struct splits splits = { .catalog = catalog, .folder = options };
    enum fer_status status = refuse_export(path, err);

    if (status)
        return status;
    if (splits.folder->labels)
        catalog->fields |= FER_FIELD_LABEL;
    status = folder_each(path, add_split, &splits, err);
    if (!splits.found)
        splits.passed.loose = 0; /* add_part sees them itself */
    status = check_passed(&splits.passed, status, path, "none of the folders train, valid and test", err);
    if (!status && !splits.found && (splits.folders || !splits.folder->labels))
        status = add_part(&splits, path, -1, true, err);
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
