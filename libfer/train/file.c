/* SPDX-License-Identifier: Apache-2.0 */
#include "train/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUFFER = 1 << 18 };

struct fer_file {
    int fd;
    char *path, *temporary;
    size_t held;
    unsigned char buffer[BUFFER];
};

char *fer_path_join(const char *dir, const char *name)
{
    char *path;

    if (name[0] == '/' || !dir || !dir[0] || strcmp(dir, ".") == 0)
        return strdup(name);
    return asprintf(&path, "%s/%s", dir, name) < 0 ? NULL : path;
}

static enum fer_status fail_io(const struct fer_file *file, struct fer_error *err)
{
    return fer_fail(err, FER_EIO, "cannot write %s: %s", file->path, strerror(errno));
}

enum fer_status fer_file_create(const char *path, struct fer_file **out, struct fer_error *err)
{
    struct fer_file *file = malloc(sizeof(*file));
    enum fer_status status;

    *out = NULL;
    if (!file)
        return fer_fail(err, FER_ENOMEM, "%s: out of memory", path);
    file->fd = -1;
    file->held = 0;
    file->path = strdup(path);
    file->temporary = NULL;
    if (!file->path || asprintf(&file->temporary, "%s.tmp", path) < 0) {
        file->temporary = NULL;
        fer_file_discard(file);
        return fer_fail(err, FER_ENOMEM, "%s: out of memory", path);
    }
    file->fd = open(file->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file->fd < 0) {
        status = fail_io(file, err);
        fer_file_discard(file);
        return status;
    }
    *out = file;
    return FER_OK;
}

static enum fer_status write_all(struct fer_file *file, const unsigned char *data, size_t bytes, struct fer_error *err)
{
    while (bytes > 0) {
        ssize_t done = write(file->fd, data, bytes);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return fail_io(file, err);
        data += done;
        bytes -= (size_t)done;
    }
    return FER_OK;
}

static enum fer_status flush(struct fer_file *file, struct fer_error *err)
{
    size_t held = file->held;

    file->held = 0;
    return write_all(file, file->buffer, held, err);
}

enum fer_status fer_file_write(struct fer_file *file, const void *data, size_t bytes, struct fer_error *err)
{
    if (bytes > sizeof(file->buffer) - file->held) {
        enum fer_status status = flush(file, err);

        if (status != FER_OK)
            return status;
    }
    if (bytes > sizeof(file->buffer))
        return write_all(file, data, bytes, err);
    if (bytes > 0)
        memcpy(file->buffer + file->held, data, bytes);
    file->held += bytes;
    return FER_OK;
}

/* The rename itself must survive a power failure too. */
static void sync_directory(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *dir = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    int fd = dir ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    if (fd >= 0) {
        (void)fsync(fd); /* some file systems cannot; the file itself is safe */
        close(fd);
    }
    free(dir);
}

enum fer_status fer_file_commit(struct fer_file *file, struct fer_error *err)
{
    enum fer_status status = flush(file, err);
    int closed;

    if (status == FER_OK && fsync(file->fd) != 0)
        status = fail_io(file, err);
    if (status == FER_OK) {
        closed = close(file->fd);
        file->fd = -1;
        if (closed != 0 || rename(file->temporary, file->path) != 0)
            status = fail_io(file, err);
    }
    if (status == FER_OK) {
        sync_directory(file->path);
        free(file->temporary);
        file->temporary = NULL;
    }
    fer_file_discard(file);
    return status;
}

void fer_file_discard(struct fer_file *file)
{
    if (!file)
        return;
    if (file->fd >= 0)
        close(file->fd);
    if (file->temporary)
        unlink(file->temporary);
    free(file->temporary);
    free(file->path);
    free(file);
}

enum fer_status fer_file_put(const char *path, const void *data, size_t bytes, struct fer_error *err)
{
    struct fer_file *file;
    enum fer_status status = fer_file_create(path, &file, err);

    if (status != FER_OK)
        return status;
    status = fer_file_write(file, data, bytes, err);
    if (status != FER_OK) {
        fer_file_discard(file);
        return status;
    }
    return fer_file_commit(file, err);
}
