/* SPDX-License-Identifier: Apache-2.0 */
#include "file.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MARK_BYTES = 1 << 20, PIPE_PATIENCE = 1000 /* milliseconds */ };

enum fer_status fer_file_fail(struct fer_error *err, const char *path, const char *doing)
{
    int code = errno;
    char text[128] = "";

    switch (code) {
    case ENOENT: return fer_fail(err, FER_ENOTFOUND, "cannot %s '%s': there is no such file or directory", doing, path);
    case ENOSPC:
        return fer_fail(err, FER_EIO, "cannot %s '%s': the disk is full; free some space and try again", doing, path);
    case EDQUOT:
        return fer_fail(err, FER_EIO, "cannot %s '%s': your disk quota is used up; free some space and try again",
                        doing, path);
    case EFBIG:
        return fer_fail(err, FER_EIO, "cannot %s '%s': larger than the file system or `ulimit -f` allows", doing, path);
    default: return fer_fail(err, FER_EIO, "cannot %s '%s': %s", doing, path, strerror_r(code, text, sizeof(text)));
    }
}

/* Sizes of pipes and of files in /proc are not known before the end, so read until it comes. */
static enum fer_status read_fd(int fd, const char *path, size_t limit, size_t expected, void **bytes, size_t *size,
                               struct fer_error *err)
{
    size_t capacity = expected < limit ? expected : limit, length = 0;
    char *buffer = malloc(capacity + 2), *grown;

    if (!buffer)
        return fer_fail(err, FER_ENOMEM, "out of memory while reading '%s'", path);
    for (;;) {
        ssize_t got = read(fd, buffer + length, capacity + 1 - length);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            free(buffer);
            return fer_file_fail(err, path, "read");
        }
        if (got == 0)
            break;
        length += (size_t)got;
        if (length > limit) {
            free(buffer);
            return fer_fail(err, FER_EFORMAT, "'%s' is larger than the %zu bytes that are accepted", path, limit);
        }
        if (length <= capacity)
            continue;
        capacity = capacity < limit / 2 ? capacity * 2 + 4096 : limit;
        grown = realloc(buffer, capacity + 2);
        if (!grown) {
            free(buffer);
            return fer_fail(err, FER_ENOMEM, "out of memory while reading '%s'", path);
        }
        buffer = grown;
    }
    buffer[length] = '\0';
    *bytes = buffer;
    *size = length;
    return FER_OK;
}

/* Opening a pipe waits for whoever writes to it, for ever when a pipe was left in a folder of pictures.  So it is
 * opened without, and the writer has a while to come.  Without one the end of the pipe follows. */
int fer_file_open(const char *path, struct stat *info)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct pollfd pipe = { .fd = fd, .events = POLLIN };

    if (fd < 0)
        return fd;
    if (fstat(fd, info) || fcntl(fd, F_SETFL, 0)) {
        const int code = errno;

        close(fd);
        errno = code;
        return -1;
    }
    if (S_ISFIFO(info->st_mode))
        poll(&pipe, 1, PIPE_PATIENCE);
    return fd;
}

enum fer_status fer_file_read(const char *path, size_t limit, void **bytes, size_t *size, struct fer_error *err)
{
    enum fer_status status;
    struct stat info;
    int fd = fer_file_open(path, &info);

    if (fd < 0)
        return fer_file_fail(err, path, "open");
    if (S_ISDIR(info.st_mode)) {
        status = fer_fail(err, FER_EIO, "'%s' is a directory where a file is expected", path);
    } else if (S_ISREG(info.st_mode) && (uint64_t)info.st_size > limit) {
        status = fer_fail(err, FER_EFORMAT, "'%s' has %lld bytes, more than the %zu that are accepted", path,
                          (long long)info.st_size, limit);
    } else {
        status = read_fd(fd, path, limit, S_ISREG(info.st_mode) ? (size_t)info.st_size : 0, bytes, size, err);
    }
    close(fd);
    if (status == FER_OK && *size == 0 && S_ISFIFO(info.st_mode)) {
        free(*bytes);
        status = fer_fail(err, FER_EIO, "'%s' is a pipe that nobody writes to; a file is expected", path);
    }
    return status;
}

enum fer_status fer_file_write_all(int fd, const char *path, const void *data, size_t size, struct fer_error *err)
{
    const char *next = data;

    while (size > 0) {
        ssize_t put = write(fd, next, size);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return fer_file_fail(err, path, "write");
        next += put;
        size -= (size_t)put;
    }
    return FER_OK;
}

char *fer_path_folder(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
}

/* A rename is durable once its directory is on disk.  File systems that cannot fsync a directory say EINVAL. */
static enum fer_status sync_directory(const char *path, struct fer_error *err)
{
    enum fer_status status = FER_OK;
    char *folder = fer_path_folder(path);
    int fd;

    if (!folder)
        return fer_fail(err, FER_ENOMEM, "out of memory while writing '%s'", path);
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        if (fsync(fd) && errno != EINVAL)
            status = fer_file_fail(err, folder, "sync");
        close(fd);
    }
    free(folder);
    return status;
}

/* Create a file beside `path` that nobody else has; its name goes into `name`.  (mkstemp would make it private, and
 * the umask cannot be asked for without changing it under other threads.) */
static int create_beside(const char *path, char *name, size_t size)
{
    int fd = -1;

    for (unsigned i = 0; i < 10000 && fd < 0; i++) {
        snprintf(name, size, "%s.%ld-%u.tmp", path, (long)getpid(), i);
        fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd < 0 && errno != EEXIST)
            break;
    }
    return fd;
}

/* The writer's process in a name that create_beside has made for a file called `name`; 0: it is another one. */
static long leftover_of(const char *entry, const char *name)
{
    const size_t length = strlen(name);
    char *end;
    long pid;

    if (strncmp(entry, name, length) != 0 || entry[length] != '.' || !isdigit((unsigned char)entry[length + 1]))
        return 0;
    pid = strtol(entry + length + 1, &end, 10);
    if (*end != '-' || !isdigit((unsigned char)end[1]))
        return 0;
    end += 1 + strspn(end + 1, "0123456789");
    return strcmp(end, ".tmp") == 0 && pid > 0 && pid < INT_MAX ? pid : 0;
}

void fer_file_remove_leftovers(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    char *folder = fer_path_folder(path);
    DIR *stream = folder ? opendir(folder) : NULL;
    struct stat info;

    for (const struct dirent *entry = stream ? readdir(stream) : NULL; entry; entry = readdir(stream)) {
        const long pid = leftover_of(entry->d_name, name);

        if (pid > 0 && kill((pid_t)pid, 0) != 0 && errno == ESRCH &&
            fstatat(dirfd(stream), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(info.st_mode))
            unlinkat(dirfd(stream), entry->d_name, 0);
    }
    if (stream)
        closedir(stream);
    free(folder);
}

/* What is no file of its own, such as /dev/null or a pipe, is written to as it stands: a rename would put a file in its
 * place. */
static enum fer_status fill_in_place(const char *path, fer_file_fill *fill, void *context, struct fer_error *err)
{
    enum fer_status status;
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return fer_file_fail(err, path, "write");
    status = fill(fd, path, context, err);
    if (close(fd) && !status)
        status = fer_file_fail(err, path, "write");
    return status;
}

static enum fer_status fill_beside(const char *path, fer_file_fill *fill, void *context, struct fer_error *err)
{
    enum fer_status status;
    size_t size = strlen(path) + 48;
    char *temporary = malloc(size);
    int fd;

    if (!temporary)
        return fer_fail(err, FER_ENOMEM, "out of memory while writing '%s'", path);
    fd = create_beside(path, temporary, size);
    if (fd < 0) {
        status = fer_file_fail(err, path, "write");
        free(temporary);
        return status;
    }
    status = fill(fd, path, context, err);
    if (!status && fsync(fd))
        status = fer_file_fail(err, path, "write");
    if (close(fd) && !status)
        status = fer_file_fail(err, path, "write");
    if (!status && rename(temporary, path))
        status = fer_file_fail(err, path, "write");
    if (status)
        unlink(temporary);
    free(temporary);
    return status ? status : sync_directory(path, err);
}

enum fer_status fer_file_fill_atomic(const char *path, fer_file_fill *fill, void *context, struct fer_error *err)
{
    enum fer_status status;
    struct stat info;
    char *target;

    if (stat(path, &info))
        return fill_beside(path, fill, context, err);
    if (S_ISCHR(info.st_mode) || S_ISFIFO(info.st_mode))
        return fill_in_place(path, fill, context, err);
    if (!S_ISREG(info.st_mode))
        return fer_fail(err, FER_EIO, "cannot write '%s': it is a %s, not a file", path,
                        S_ISDIR(info.st_mode) ? "directory" : "device or a socket");
    /* A link stays one: the file that it leads to is replaced. */
    target = realpath(path, NULL);
    status = fill_beside(target ? target : path, fill, context, err);
    free(target);
    return status;
}

struct parts {
    const struct fer_bytes *items;
    size_t count;
};

static enum fer_status write_parts(int fd, const char *path, void *context, struct fer_error *err)
{
    const struct parts *parts = context;
    enum fer_status status = FER_OK;

    for (size_t i = 0; i < parts->count && !status; i++)
        status = fer_file_write_all(fd, path, parts->items[i].data, parts->items[i].size, err);
    return status;
}

enum fer_status fer_file_write_atomic(const char *path, const struct fer_bytes *parts, size_t count,
                                      struct fer_error *err)
{
    struct parts context = { parts, count };

    return fer_file_fill_atomic(path, write_parts, &context, err);
}

char *fer_cache_path(const char *name)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char *path = NULL;
    int length = -1;

    /* the XDG specification says to ignore a relative path */
    if (cache && cache[0] == '/')
        length = asprintf(&path, "%s/libfer/%s", cache, name);
    else if (home && home[0] == '/')
        length = asprintf(&path, "%s/.cache/libfer/%s", home, name);
    return length < 0 ? NULL : path;
}

enum fer_status fer_directory_make(const char *path, struct fer_error *err)
{
    char *part = strdup(path);
    enum fer_status status = part ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory");

    for (char *slash = part && *part ? strchr(part + 1, '/') : NULL; slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(part, 0777);
        *slash = '/';
    }
    if (status == FER_OK && mkdir(path, 0777) != 0 && errno != EEXIST)
        status = fer_fail(err, FER_EIO, "cannot make the directory %s: %s", path, strerror(errno));
    free(part);
    return status;
}

enum fer_status fer_directory_make_for(const char *path, struct fer_error *err)
{
    char *folder = fer_path_folder(path);
    enum fer_status status =
        folder ? fer_directory_make(folder, err) : fer_fail(err, FER_ENOMEM, "out of memory while %s was made", path);

    free(folder);
    return status;
}

/* ---- directories of our own ---- */

static bool is_empty(const char *dir)
{
    DIR *stream = opendir(dir);
    bool empty = stream != NULL;

    for (const struct dirent *entry = stream ? readdir(stream) : NULL; entry && empty; entry = readdir(stream))
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    if (stream)
        closedir(stream);
    return empty;
}

enum fer_status fer_directory_claim(const char *dir, const char *mark, const char *how, const char *what,
                                    struct fer_error *err)
{
    const struct fer_bytes bytes = { how, strlen(how) };
    struct fer_error unread = FER_ERROR_INIT;
    char *path = NULL;
    void *before = NULL;
    size_t size = 0;
    enum fer_status status = FER_OK;

    if (mkdir(dir, 0777) != 0 && errno != EEXIST)
        return fer_file_fail(err, dir, "make");
    if (asprintf(&path, "%s/%s", dir, mark) < 0)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    if (is_empty(dir))
        status = fer_file_write_atomic(path, &bytes, 1, err);
    else if (fer_file_read(path, MARK_BYTES, &before, &size, &unread) != FER_OK)
        status = fer_fail(err, FER_EINVAL, "%s exists and is no %s that was written here; choose a new directory", dir,
                          what);
    else if (size != bytes.size || memcmp(before, how, size) != 0)
        status = fer_fail(err, FER_EINVAL,
                          "%s holds a %s that was made in another way (its %s says how); choose a new directory, or "
                          "remove that one",
                          dir, what, mark);
    free(before);
    free(path);
    return status;
}
