/* SPDX-License-Identifier: Apache-2.0
 *
 * Sprites from a directory of RGBA pictures, and the folds that keep those of training and of tests apart.
 */
#include "occlude.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

static bool is_picture(const char *name)
{
    const char *dot = strrchr(name, '.');
    return name[0] != '.' && dot && (strcasecmp(dot, ".png") == 0 || strcasecmp(dot, ".bmp") == 0);
}

struct names {
    int count, capacity;
    char **items;
};

static void free_names(struct names *names)
{
    for (int i = 0; i < names->count; i++)
        free(names->items[i]);
    free(names->items);
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

static enum fer_status list(struct names *names, const char *dir, enum occlude_fold fold, double keep,
                            struct fer_error *err)
{
    DIR *stream = opendir(dir);
    if (!stream)
        return fer_fail_argument(err, FER_ENOTFOUND, "dir", "the directory of occluders %s cannot be opened: %s", dir,
                                 strerror(errno));
    enum fer_status status = FER_OK;
    for (const struct dirent *entry = readdir(stream); entry && status == FER_OK; entry = readdir(stream)) {
        if (!is_picture(entry->d_name) || !occlude_in_fold(entry->d_name, fold, keep))
            continue;
        if (names->count == OCCLUDE_MAX_SPRITES)
            status = fer_fail_argument(err, FER_EINVAL, "dir", "%s has more than %d pictures; split it", dir,
                                       OCCLUDE_MAX_SPRITES);
        else if (!add_name(names, entry->d_name))
            status = fer_fail(err, FER_ENOMEM, "out of memory while listing %s", dir);
    }
    closedir(stream);
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
