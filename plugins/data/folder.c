/* SPDX-License-Identifier: Apache-2.0
 *
 * A class a folder: DIR/train/happy/x.png, or DIR/happy/x.png with splits drawn from it.
 */
#include "data.h"

#include <dirent.h>
#include <errno.h>
#include <strings.h>
#include <sys/stat.h>

enum { DEEPEST = 16 };

struct folder {
    const char *path;
    struct division division;
    bool labels;
};

static const struct fer_param *const params[] = {
    FER_PARAM_PATH(struct folder, path, NULL, "folder of class folders, or of train, valid and test with class folders in "
                   "each; or a packed file"),
    DIVISION_PARAMS(struct folder),
    FER_PARAM_BOOL(struct folder, labels, "yes", "the folders are classes; no: take every picture below, without labels"),
    NULL
};

/* Names in a directory, sorted as bytes, so that samples have the same numbers everywhere. */
struct listing {
    size_t count, capacity;
    char **names;
};

static void listing_free(struct listing *listing)
{
    for (size_t i = 0; i < listing->count; i++)
        free(listing->names[i]);
    free(listing->names);
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static enum fer_status list(struct listing *listing, const char *path, struct fer_error *err)
{
    DIR *dir = opendir(path);
    char text[128];
    struct dirent *item;

    memset(listing, 0, sizeof(*listing));
    if (!dir)
        return fer_fail(err, errno == ENOENT ? FER_ENOTFOUND : FER_EIO, "cannot read the folder '%s': %s", path,
                        strerror_r(errno, text, sizeof(text)));
    while ((item = readdir(dir))) {
        if (item->d_name[0] == '.')
            continue;
        if (listing->count == listing->capacity) {
            size_t capacity = listing->capacity ? listing->capacity * 2 : 64;
            char **names = realloc(listing->names, capacity * sizeof(*names));

            if (!names)
                goto no_memory;
            listing->names = names;
            listing->capacity = capacity;
        }
        listing->names[listing->count] = strdup(item->d_name);
        if (!listing->names[listing->count])
            goto no_memory;
        listing->count++;
    }
    closedir(dir);
    if (listing->count)
        qsort(listing->names, listing->count, sizeof(*listing->names), compare);
    return FER_OK;
no_memory:
    closedir(dir);
    listing_free(listing);
    memset(listing, 0, sizeof(*listing));
    return fer_fail(err, FER_ENOMEM, "out of memory while reading the folder '%s'", path);
}

static char *join(const char *folder, const char *name)
{
    size_t length = strlen(folder);
    char *path = malloc(length + strlen(name) + 2);

    if (path)
        sprintf(path, "%s%s%s", folder, length && folder[length - 1] == '/' ? "" : "/", name);
    return path;
}

static bool is_folder(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static bool is_picture(const char *name)
{
    static const char *const endings[] = { ".png", ".jpg", ".jpeg", ".bmp", ".pgm", ".ppm", ".pnm" };
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; dot && i < sizeof(endings) / sizeof(endings[0]); i++) {
        if (strcasecmp(dot, endings[i]) == 0)
            return true;
    }
    return false;
}

/* What all pictures below one place share. */
struct place {
    int split, label;
};

static enum fer_status add_pictures(struct catalog *catalog, const char *path, struct place place, int depth,
                                    struct fer_error *err)
{
    struct listing listing;
    enum fer_status status = FER_OK;

    if (depth > DEEPEST)
        return fer_fail(err, FER_EFORMAT, "'%s': folders go deeper than %d; is there a link back up?", path, DEEPEST);
    status = list(&listing, path, err);
    for (size_t i = 0; i < listing.count && !status; i++) {
        char *below = join(path, listing.names[i]);
        struct entry *entry;

        if (!below) {
            status = fer_fail(err, FER_ENOMEM, "out of memory while reading the folder '%s'", path);
        } else if (is_picture(listing.names[i])) {
            status = catalog_add(catalog, below, &entry, err);
            if (!status) {
                entry->split = place.split;
                entry->label = place.label;
            }
        } else if (is_folder(below)) {
            status = add_pictures(catalog, below, place, depth + 1, err);
        }
        free(below);
    }
    listing_free(&listing);
    return status;
}

static enum fer_status add_class(struct catalog *catalog, const char *path, const char *name, int split,
                                 struct fer_error *err)
{
    struct place place = { split, -1 };
    enum fer_status status = catalog_label(catalog, name, &place.label, err);

    return status ? fer_fail_prefix(err, "folder '%s'", path) : add_pictures(catalog, path, place, 0, err);
}

/* Class folders in `path`, or anything when labels are not wanted. */
static enum fer_status add_classes(struct catalog *catalog, const char *path, int split, bool labels,
                                   struct fer_error *err)
{
    struct listing listing;
    enum fer_status status;

    if (!labels)
        return add_pictures(catalog, path, (struct place){ split, -1 }, 0, err);
    status = list(&listing, path, err);
    for (size_t i = 0; i < listing.count && !status; i++) {
        char *below = join(path, listing.names[i]);

        if (!below)
            status = fer_fail(err, FER_ENOMEM, "out of memory while reading the folder '%s'", path);
        else if (is_folder(below))
            status = add_class(catalog, below, listing.names[i], split, err);
        free(below);
    }
    listing_free(&listing);
    return status;
}

/* Folders called train, valid or test (or an alias) make splits; others beside them are left alone. */
static enum fer_status add_splits(struct catalog *catalog, const char *path, const struct listing *listing, bool labels,
                                  bool *found, struct fer_error *err)
{
    enum fer_status status = FER_OK;

    for (size_t i = 0; i < listing->count && !status; i++) {
        const char *name = split_canonical(listing->names[i]);
        char *below = join(path, listing->names[i]);
        int split = -1;

        if (!below) {
            status = fer_fail(err, FER_ENOMEM, "out of memory while reading the folder '%s'", path);
        } else if ((!strcmp(name, "train") || !strcmp(name, "valid") || !strcmp(name, "test")) && is_folder(below)) {
            *found = true;
            status = catalog_name(catalog, &catalog->splits, name, &split, err);
            if (!status)
                status = add_classes(catalog, below, split, labels, err);
        }
        free(below);
    }
    return status;
}

static enum fer_status fill(struct catalog *catalog, const void *options, const char *path, struct fer_error *err)
{
    const struct folder *folder = options;
    struct listing listing;
    bool found = false;
    enum fer_status status = list(&listing, path, err);

    if (status)
        return status;
    if (folder->labels)
        catalog->fields |= FER_FIELD_LABEL;
    status = add_splits(catalog, path, &listing, folder->labels, &found, err);
    listing_free(&listing);
    if (!status && !found)
        status = add_classes(catalog, path, -1, folder->labels, err);
    if (!status && catalog->count == 0)
        status = fer_fail(err, FER_ENOTFOUND, "'%s' has no pictures (PNG, JPEG, BMP, PGM, PPM)%s", path,
                          folder->labels ? " in class folders; for pictures without classes say labels=no" : "");
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
