/* SPDX-License-Identifier: Apache-2.0 */
#include "pictures.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "cli.h"

enum { STDIN_MAX = 256 << 20, DEPTH_MAX = 32 };

static void fail_memory(void)
{
    fputs("fer: out of memory\n", stderr);
    exit(EXIT_FAILURE);
}

static void append(struct pictures *pictures, const char *path)
{
    /* grows at powers of two */
    if ((pictures->count & (pictures->count - 1)) == 0) {
        size_t room = pictures->count ? 2 * (size_t)pictures->count : 1;
        char **grown = realloc(pictures->paths, room * sizeof(*grown));

        if (!grown)
            fail_memory();
        pictures->paths = grown;
    }
    pictures->paths[pictures->count] = strdup(path);
    if (!pictures->paths[pictures->count++])
        fail_memory();
}

bool picture_named(const char *name)
{
    static const char *const endings[] = { ".png",  ".jpg", ".jpeg", ".bmp",  ".pgm",  ".ppm",  ".pnm",
                                           ".webp", ".gif", ".tif",  ".tiff", ".heic", ".heif", ".avif" };
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; dot && i < sizeof(endings) / sizeof(*endings); i++) {
        if (strcasecmp(dot, endings[i]) == 0)
            return true;
    }
    return false;
}

static void fail(const char *path, int *failed)
{
    const int code = errno;

    fputs("fer: ", stderr);
    put_name(stderr, path);
    fprintf(stderr, ": %s\n", strerror(code));
    ++*failed;
}

static void list_directory(struct pictures *pictures, const char *path, int depth, int *failed)
{
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, alphasort);
    const char *slash = *path && path[strlen(path) - 1] == '/' ? "" : "/";
    struct stat info;

    if (count < 0) {
        fail(path, failed);
        return;
    }
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        char *inner;

        if (name[0] != '.') {
            if (asprintf(&inner, "%s%s%s", path, slash, name) < 0)
                fail_memory();
            if (stat(inner, &info) == 0 && S_ISDIR(info.st_mode) && depth < DEPTH_MAX)
                list_directory(pictures, inner, depth + 1, failed);
            else if (picture_named(name))
                append(pictures, inner);
            free(inner);
        }
        free(entries[i]);
    }
    free(entries);
}

void pictures_find(struct pictures *pictures, char *const *operands, int count, int *failed)
{
    struct stat info;

    *pictures = (struct pictures){ 0 };
    for (int i = 0; i < count; i++) {
        if (strcmp(operands[i], "-") != 0 && stat(operands[i], &info) == 0 && S_ISDIR(info.st_mode))
            list_directory(pictures, operands[i], 0, failed);
        else
            append(pictures, operands[i]);
    }
    if (pictures->count == 0 && *failed == 0) {
        fputs("fer: ", stderr);
        put_name(stderr, operands[0]);
        fprintf(stderr, "%s: there are no pictures there\n", count > 1 ? " and the others" : "");
        ++*failed;
    }
}

void pictures_free(struct pictures *pictures)
{
    for (int i = 0; i < pictures->count; i++)
        free(pictures->paths[i]);
    free(pictures->paths);
}

static enum fer_status read_stdin(struct fer_image *image, struct fer_error *err)
{
    size_t size = 0, room = 1 << 16, got;
    unsigned char *bytes = malloc(room);
    enum fer_status status;

    while (bytes && (got = fread(bytes + size, 1, room - size, stdin)) > 0) {
        size += got;
        if (size == room) {
            unsigned char *grown = room < STDIN_MAX ? realloc(bytes, room *= 2) : NULL;

            if (!grown)
                free(bytes);
            bytes = grown;
        }
    }
    if (!bytes)
        return fer_fail(err, FER_ENOMEM, "standard input: the picture is too large");
    if (ferror(stdin)) {
        free(bytes);
        return fer_fail(err, FER_EIO, "cannot read standard input: %s", strerror(errno));
    }
    status = fer_image_decode(image, bytes, size, 0, err);
    free(bytes);
    return status == FER_OK ? status : fer_fail_prefix(err, "standard input");
}

enum fer_status picture_read(const char *path, struct fer_image *image, struct fer_error *err)
{
    return strcmp(path, "-") == 0 ? read_stdin(image, err) : fer_image_read(image, path, 0, err);
}
