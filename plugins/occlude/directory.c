/* SPDX-License-Identifier: Apache-2.0
 *
 * Sprites from a directory of RGBA pictures, and the folds that keep those of training and of tests apart.
 */
#include "../picture.h"
#include "occlude.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* FNV-1a (Fowler, Noll, Vo), then the finalizer of MurmurHash3 (Appleby), because short names differ in few bits. */
static uint32_t hash(const char *text)
{
    uint32_t h = 2166136261u;
    for (; *text; text++)
        h = (h ^ (uint8_t)*text) * 16777619u;
    h = (h ^ h >> 16) * 0x85ebca6bu;
    h = (h ^ h >> 13) * 0xc2b2ae35u;
    return h ^ h >> 16;
}

bool occlude_in_fold(const char *name, enum occlude_fold fold, double keep)
{
    const bool train = hash(name) * 0x1p-32 < keep;
    return fold == OCCLUDE_ALL || train == (fold == OCCLUDE_TRAIN);
}

static const char *const read_endings[] = { ".png", ".bmp", NULL }; /* those that may be transparent */

struct names {
    int count, capacity;
    char **items;
    int unread; /* pictures of other kinds, in any fold */
    char *first_unread;
};

static void free_names(struct names *names)
{
    for (int i = 0; i < names->count; i++)
        free(names->items[i]);
    free(names->items);
    free(names->first_unread);
}

static bool add_name(struct names *names, const char *name)
{
    if (names->count == names->capacity) {
        const int capacity = names->capacity ? 2 * names->capacity : 64;
        char **items = realloc(names->items, (size_t)capacity * sizeof *items);
        if (!items)
            return false;
        names->items = items;
        names->capacity = capacity;
    }
    names->items[names->count] = strdup(name);
    return names->items[names->count] && ++names->count;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Whether one that is read lies beside it under the same name. */
static bool has_copy(const char *dir, const char *name)
{
    const int stem = (int)(strrchr(name, '.') - name);
    char path[4096];
    for (const char *const *ending = read_endings; *ending; ending++)
        if (snprintf(path, sizeof path, "%s/%.*s%s", dir, stem, name, *ending) < (int)sizeof path &&
            access(path, F_OK) == 0)
            return true;
    return false;
}

/* There would be fewer occluders than pictures, and nobody would know. */
static bool note_unread(struct names *names, const char *dir, const char *name)
{
    if (has_copy(dir, name))
        return true;
    names->unread++;
    if (names->first_unread && strcmp(names->first_unread, name) < 0)
        return true;
    free(names->first_unread);
    names->first_unread = strdup(name);
    return names->first_unread;
}

static enum fer_status fail_unread(const struct names *names, const char *dir, struct fer_error *err)
{
    static const char what[] = "make PNG of such pictures, transparent where they cover nothing, or take them out";
    if (names->unread == 1)
        return fer_fail_argument(err, FER_ENOTSUP, "dir", "%s/%s is no PNG or BMP, as occluders are: %s", dir,
                                 names->first_unread, what);
    return fer_fail_argument(err, FER_ENOTSUP, "dir",
                             "%s/%s and %d more beside it are no PNG or BMP, as occluders are: %s", dir,
                             names->first_unread, names->unread - 1, what);
}

/* One name of the directory; what is no picture is passed over. */
static enum fer_status take(struct names *names, const char *dir, const char *name, enum occlude_fold fold, double keep,
                            struct fer_error *err)
{
    bool done = true;
    if (name[0] == '.')
        return FER_OK;
    if (!ends_in(name, read_endings)) {
        if (ends_in(name, picture_endings) || ends_in(name, unread_endings))
            done = note_unread(names, dir, name);
    } else if (occlude_in_fold(name, fold, keep)) {
        if (names->count == OCCLUDE_MAX_SPRITES)
            return fer_fail_argument(err, FER_EINVAL, "dir", "%s has more than %d pictures; split it", dir,
                                     OCCLUDE_MAX_SPRITES);
        done = add_name(names, name);
    }
    return done ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory while listing %s", dir);
}

static enum fer_status list(struct names *names, const char *dir, enum occlude_fold fold, double keep,
                            struct fer_error *err)
{
    DIR *stream = opendir(dir);
    if (!stream)
        return fer_fail_argument(err, FER_ENOTFOUND, "dir", "the directory of occluders %s cannot be opened: %s", dir,
                                 strerror(errno));
    enum fer_status status = FER_OK;
    for (const struct dirent *entry = readdir(stream); entry && status == FER_OK; entry = readdir(stream))
        status = take(names, dir, entry->d_name, fold, keep, err);
    closedir(stream);
    if (status == FER_OK && names->unread)
        status = fail_unread(names, dir, err);
    /* The order of a directory is nobody's promise. */
    if (names->count)
        qsort(names->items, (size_t)names->count, sizeof *names->items, by_name);
    return status;
}

static enum fer_status add_file(struct occlude_atlas *atlas, const char *dir, const char *name, bool crop,
                                struct fer_error *err)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path)
        return fer_fail(err, FER_EINVAL, "the path %.200s… is too long", dir);
    struct fer_image image = { 0 };
    enum fer_status status = fer_image_read(&image, path, 4, err);
    if (status != FER_OK)
        return status;
    status = occlude_atlas_picture(atlas, &image, crop, err);
    fer_image_free(&image);
    return status == FER_OK ? FER_OK : fer_fail_prefix(err, "the occluder %s ", path);
}

enum fer_status occlude_atlas_directory(struct occlude_atlas *atlas, const char *dir, enum occlude_fold fold,
                                        double keep, bool crop, struct fer_error *err)
{
    struct names names = { 0 };
    enum fer_status status = list(&names, dir, fold, keep, err);
    for (int i = 0; i < names.count && status == FER_OK; i++)
        status = add_file(atlas, dir, names.items[i], crop, err);
    if (status == FER_OK && names.count == 0)
        status = fer_fail_argument(err, FER_ENOTFOUND, "dir", "%s has no PNG picture%s", dir,
                                   fold == OCCLUDE_ALL ? "" : " in this fold; change keep= or add some");
    free_names(&names);
    return status;
}
