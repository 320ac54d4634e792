/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "lang/utf8.h"

enum { LARGEST = 16 << 20 };

struct owned {
    struct owned *next;
    struct fer_source source;
    char *name, *dir, *text;
};

struct fer_sources {
    struct owned *first;
};

enum fer_status fer_sources_create(struct fer_sources **out, struct fer_error *err)
{
    *out = calloc(1, sizeof(**out));
    return *out ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory");
}

static void free_owned(struct owned *owned)
{
    if (!owned)
        return;
    free(owned->name);
    free(owned->dir);
    free(owned->text);
    free(owned);
}

void fer_sources_free(struct fer_sources *sources)
{
    if (!sources)
        return;
    for (struct owned *owned = sources->first, *next; owned; owned = next) {
        next = owned->next;
        free_owned(owned);
    }
    free(sources);
}

static enum fer_status check_text(const char *name, const char *text, size_t length, struct fer_error *err)
{
    const char *nul = memchr(text, '\0', length);
    size_t bad = fer_utf8_check(text, nul ? (size_t)(nul - text) : length);
    int line = 1;

    if (length > LARGEST)
        return fer_fail(err, FER_EFORMAT, "%s: a description may have at most 16 MiB", name);
    if (bad == length)
        return FER_OK;
    for (size_t i = 0; i < bad; i++)
        line += text[i] == '\n';
    if (length > 8 && !text[6] && !text[7] && text[8] == '{') /* the length of a header, and the header */
        return fer_fail(
            err, FER_EFORMAT,
            "%s is a safetensors file and no description; fer train keeps the one of a run beside it, model.fer", name);
    if (text[bad] == '\0')
        return fer_fail(err, FER_EFORMAT, "%s:%d: a zero byte; a description is UTF-8 text", name, line);
    return fer_fail(err, FER_EFORMAT, "%s:%d: byte 0x%02x is not valid UTF-8; save the description as UTF-8", name,
                    line, (unsigned char)text[bad]);
}

/* Takes `text` (malloc'ed, NUL-terminated), also when it fails. */
static enum fer_status adopt(struct fer_sources *sources, const char *name, const char *dir, size_t dir_length,
                             char *text, size_t length, bool is_file, const struct fer_source **out,
                             struct fer_error *err)
{
    struct owned *owned = calloc(1, sizeof(*owned));
    enum fer_status status = check_text(name, text, length, err);

    if (!owned) {
        free(text);
        return fer_fail(err, FER_ENOMEM, "out of memory");
    }
    owned->text = text;
    owned->name = strdup(name);
    owned->dir = strndup(dir, dir_length);
    if (status == FER_OK && (!owned->name || !owned->dir))
        status = fer_fail(err, FER_ENOMEM, "out of memory");
    if (status != FER_OK) {
        free_owned(owned);
        return status;
    }
    owned->source = (struct fer_source){
        .name = owned->name, .dir = owned->dir, .text = owned->text, .length = length, .is_file = is_file
    };
    owned->next = sources->first;
    sources->first = owned;
    *out = &owned->source;
    return FER_OK;
}

/* Everything up to one byte more than allowed, so that check_text sees what is too much. */
static enum fer_status read_all(int fd, const char *name, char **out, size_t *length, struct fer_error *err)
{
    size_t capacity = 4096, used = 0;
    char *text = malloc(capacity + 1);

    while (text && used <= LARGEST) {
        ssize_t got;

        if (used == capacity) {
            char *larger = realloc(text, 2 * capacity + 1);

            if (!larger)
                break;
            text = larger;
            capacity *= 2;
        }
        got = read(fd, text + used, capacity - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            fer_fail(err, FER_EIO, "%s: cannot read: %s", name, strerror(errno));
            free(text);
            return FER_EIO;
        }
        if (got == 0) {
            text[used] = '\0';
            *out = text;
            *length = used;
            return FER_OK;
        }
        used += (size_t)got;
    }
    free(text);
    if (used > LARGEST)
        return fer_fail(err, FER_EFORMAT, "%s: a description may have at most 16 MiB", name);
    return fer_fail(err, FER_ENOMEM, "out of memory while reading %s", name);
}

enum fer_status fer_sources_read(struct fer_sources *sources, const char *path, const struct fer_source **out,
                                 struct fer_error *err)
{
    bool standard = !strcmp(path, "-");
    const char *name = standard ? "standard input" : path;
    const char *slash = standard ? NULL : strrchr(path, '/');
    struct stat info;
    int fd = standard ? STDIN_FILENO : fer_file_open(path, &info);
    enum fer_status status;
    size_t length = 0;
    char *text = NULL;

    if (fd < 0)
        return fer_fail(err, errno == ENOENT ? FER_ENOTFOUND : FER_EIO, "%s: cannot open: %s", name, strerror(errno));
    status = read_all(fd, name, &text, &length, err);
    if (!standard)
        close(fd);
    if (status != FER_OK)
        return status;
    if (!slash)
        return adopt(sources, name, ".", 1, text, length, true, out, err);
    return adopt(sources, name, path, slash == path ? 1 : (size_t)(slash - path), text, length, true, out, err);
}

enum fer_status fer_sources_add(struct fer_sources *sources, const char *name, const char *dir, const char *text,
                                const struct fer_source **out, struct fer_error *err)
{
    char *copy = strdup(text);

    if (!copy)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    if (!dir || !*dir)
        dir = ".";
    return adopt(sources, name, dir, strlen(dir), copy, strlen(copy), false, out, err);
}

void fer_span_place(struct fer_span span, int *line, int *column)
{
    const char *text = span.source ? span.source->text : "";
    size_t length = span.source ? span.source->length : 0;

    *line = 1;
    *column = 1;
    for (size_t i = 0; i < span.offset && i < length; i++) {
        if (text[i] == '\n') {
            ++*line;
            *column = 1;
        } else if (((unsigned char)text[i + 1] & 0xC0) != 0x80) {
            /* the end of a code point */
            ++*column;
        }
    }
}
