/* SPDX-License-Identifier: Apache-2.0 */
#include "files.h"

#include "../picture.h"
#include "data.h"
#include "expression.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

enum { DEEPEST = 16 };

/* ---- paths ---- */

enum fer_status path_join(char *path, const char *folder, const char *name, struct fer_error *err)
{
    const char *slash = *folder && folder[strlen(folder) - 1] != '/' ? "/" : "";

    if (snprintf(path, PATH_SIZE, "%s%s%s", folder, slash, name) >= PATH_SIZE)
        return fer_fail(err, FER_EFORMAT, "the path '%.100s…' is longer than %d bytes", folder, PATH_SIZE - 1);
    return FER_OK;
}

const char *path_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

size_t path_stem(const char *name)
{
    const char *dot = strrchr(name, '.');

    return dot && dot > name ? (size_t)(dot - name) : strlen(name);
}

bool is_folder(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

bool is_file(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

bool is_picture(const char *name)
{
    return ends_in(name, picture_endings);
}

bool is_unread(const char *name)
{
    return ends_in(name, unread_endings);
}

bool has_copy(const char *path)
{
    const int stem = (int)path_stem(path);
    char copy[PATH_SIZE];

    for (const char *const *ending = picture_endings; *ending; ending++) {
        if (snprintf(copy, sizeof(copy), "%.*s%s", stem, path, *ending) < PATH_SIZE && is_file(copy))
            return true;
    }
    return false;
}

/* ---- folders ---- */

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

static enum fer_status add_name(struct listing *listing, const char *name, struct fer_error *err)
{
    if (listing->count == listing->capacity) {
        size_t capacity = listing->capacity ? listing->capacity * 2 : 64;
        char **names = realloc(listing->names, capacity * sizeof(*names));

        if (!names)
            return fer_fail(err, FER_ENOMEM, "out of memory while reading a folder");
        listing->names = names;
        listing->capacity = capacity;
    }
    listing->names[listing->count] = strdup(name);
    if (!listing->names[listing->count])
        return fer_fail(err, FER_ENOMEM, "out of memory while reading a folder");
    listing->count++;
    return FER_OK;
}

/* Free the listing also after a failure. */
static enum fer_status list(struct listing *listing, const char *path, struct fer_error *err)
{
    DIR *dir = opendir(path);
    char text[128];
    struct dirent *item;
    enum fer_status status = FER_OK;

    memset(listing, 0, sizeof(*listing));
    if (!dir)
        return fer_fail(err, errno == ENOENT ? FER_ENOTFOUND : FER_EIO, "cannot read the folder '%s': %s", path,
                        strerror_r(errno, text, sizeof(text)));
    while (!status && (item = readdir(dir))) {
        if (item->d_name[0] != '.')
            status = add_name(listing, item->d_name, err);
    }
    closedir(dir);
    if (listing->count)
        qsort(listing->names, listing->count, sizeof(*listing->names), compare);
    return status;
}

enum fer_status folder_each(const char *folder, folder_visit *visit, void *context, struct fer_error *err)
{
    char *path = malloc(PATH_SIZE);
    struct listing listing;
    enum fer_status status = list(&listing, folder, err);

    if (!status && !path)
        status = fer_fail(err, FER_ENOMEM, "out of memory while reading the folder '%s'", folder);
    for (size_t i = 0; i < listing.count && !status; i++) {
        status = path_join(path, folder, listing.names[i], err);
        if (!status)
            status = visit(context, path, listing.names[i], err);
    }
    listing_free(&listing);
    free(path);
    return status;
}

struct descent {
    folder_visit *visit;
    void *context;
    int depth;
};

static enum fer_status descend(void *context, const char *path, const char *name, struct fer_error *err)
{
    struct descent *descent = context;
    enum fer_status status;

    if (is_picture(name) || (is_unread(name) && is_file(path)))
        return descent->visit(descent->context, path, name, err);
    if (!is_folder(path))
        return FER_OK;
    if (descent->depth == DEEPEST)
        return fer_fail(err, FER_EFORMAT, "'%s': folders go deeper than %d; is there a link back up?", path, DEEPEST);
    descent->depth++;
    status = folder_each(path, descend, descent, err);
    descent->depth--;
    return status;
}

enum fer_status folder_pictures(const char *folder, folder_visit *visit, void *context, struct fer_error *err)
{
    struct descent descent = { visit, context, 0 };

    return folder_each(folder, descend, &descent, err);
}

/* ---- pictures that cannot be used ---- */

static enum fer_status note(size_t *count, char **first, const char *path, struct fer_error *err)
{
    if ((*count)++ == 0 && !(*first = strdup(path)))
        return fer_fail(err, FER_ENOMEM, "out of memory");
    return FER_OK;
}

enum fer_status note_unread(struct passed *passed, const char *path, const char *name, struct fer_error *err)
{
    return is_unread(name) && !has_copy(path) ? note(&passed->unread, &passed->first_unread, path, err) : FER_OK;
}

enum fer_status note_loose(struct passed *passed, const char *path, const char *name, struct fer_error *err)
{
    return is_picture(name) || is_unread(name) ? note(&passed->loose, &passed->first_loose, path, err) : FER_OK;
}

static enum fer_status fail_passed(const struct passed *passed, const char *folder, const char *where,
                                   struct fer_error *err)
{
    static const char what[] = "make PNG or JPEG of such pictures, as in `mogrify -format png`, or take them out";

    if (passed->unread == 1)
        return fer_fail(err, FER_ENOTSUP, "'%s' is a picture of a kind that is not read: %s", passed->first_unread,
                        what);
    if (passed->unread > 1)
        return fer_fail(err, FER_ENOTSUP, "'%s' and %zu more below '%s' are pictures of a kind that is not read: %s",
                        passed->first_unread, passed->unread - 1, folder, what);
    if (passed->loose == 1)
        return fer_fail(err, FER_EFORMAT, "the picture '%s' lies in %s: move it into one, or take it out",
                        passed->first_loose, where);
    if (passed->loose > 1)
        return fer_fail(err, FER_EFORMAT,
                        "the picture '%s' and %zu more beside it lie in %s: move them into one, or take them out",
                        passed->first_loose, passed->loose - 1, where);
    return FER_OK;
}

enum fer_status check_passed(struct passed *passed, enum fer_status status, const char *folder, const char *where,
                             struct fer_error *err)
{
    if (!status)
        status = fail_passed(passed, folder, where, err);
    free(passed->first_unread);
    free(passed->first_loose);
    *passed = (struct passed){ 0 };
    return status;
}

/* ---- pictures and classes ---- */

struct addition {
    struct catalog *catalog;
    struct place place;
    int numbers;
    bool whole;
    struct passed passed;
};

static enum fer_status add_picture(void *context, const char *path, const char *name, struct fer_error *err)
{
    struct addition *addition = context;
    struct entry *entry;
    enum fer_status status;

    if (!is_picture(name))
        return note_unread(&addition->passed, path, name, err);
    status = catalog_add(addition->catalog, path, &entry, err);
    if (!status) {
        entry->split = addition->place.split;
        entry->label = addition->place.label;
    }
    return status;
}

enum fer_status add_pictures(struct catalog *catalog, const char *folder, struct place place, struct fer_error *err)
{
    struct addition addition = { .catalog = catalog, .place = place };
    enum fer_status status = folder_pictures(folder, add_picture, &addition, err);

    return check_passed(&addition.passed, status, folder, "", err);
}

static enum fer_status add_class(void *context, const char *path, const char *name, struct fer_error *err)
{
    struct addition *addition = context;
    enum fer_status status;

    if (!is_folder(path))
        return addition->whole ? note_loose(&addition->passed, path, name, err) : FER_OK;
    status = numbering_text(addition->numbers, name, &name, err);
    if (!status)
        status = catalog_label(addition->catalog, name, &addition->place.label, err);
    if (status)
        return fer_fail_prefix(err, "folder '%s'", path);
    if (addition->place.label == LEFT_OUT)
        return FER_OK;
    return folder_pictures(path, add_picture, addition, err);
}

enum fer_status add_classes(struct catalog *catalog, const char *folder, int split, int numbers, bool whole,
                            struct fer_error *err)
{
    struct addition addition = { .catalog = catalog, .place = { split, -1 }, .numbers = numbers, .whole = whole };
    enum fer_status status = folder_each(folder, add_class, &addition, err);

    return check_passed(&addition.passed, status, folder, "no class folder", err);
}
