/* SPDX-License-Identifier: Apache-2.0 */
#include "train/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "file.h"
#include "train/context.h"

struct fer_log {
    FILE *stream;
    char *path;
    long lines;
};

static enum fer_status fail_io(const struct fer_log *log, struct fer_error *err)
{
    return fer_file_fail(err, log->path, "write");
}

/* Find the end of line number `lines`, and cut there. */
static enum fer_status cut(struct fer_log *log, long lines, struct fer_error *err)
{
    off_t end;
    int c;

    while (log->lines < lines && (c = getc_unlocked(log->stream)) != EOF)
        log->lines += c == '\n';
    if (log->lines < lines)
        return fer_fail(err, FER_EFORMAT, "%s has %ld lines where the checkpoint has seen %ld; it was changed",
                        log->path, log->lines, lines);
    end = ftello(log->stream);
    if (end < 0 || ftruncate(fileno(log->stream), end) != 0 || fseeko(log->stream, end, SEEK_SET) != 0)
        return fail_io(log, err);
    return FER_OK;
}

enum fer_status fer_log_open(const char *path, long lines, struct fer_log **out, struct fer_error *err)
{
    struct fer_log *log = calloc(1, sizeof(*log));
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    enum fer_status status;

    *out = NULL;
    if (!log || !(log->path = strdup(path)))
        status = fer_fail(err, FER_ENOMEM, "out of memory");
    else if (fd < 0)
        status = fail_io(log, err);
    else if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        status = fer_fail(err, FER_EINVAL,
                          "%s is being written by another process; wait for it, or choose another "
                          "directory",
                          path);
    else if (!(log->stream = fdopen(fd, "r+")))
        status = fail_io(log, err);
    else
        status = cut(log, lines, err);
    if (status != FER_OK) {
        if (fd >= 0 && !(log && log->stream))
            close(fd);
        fer_log_close(log);
        return status;
    }
    *out = log;
    return FER_OK;
}

enum fer_status fer_log_line(struct fer_log *log, json_t *object, struct fer_error *err)
{
    /* 9 digits: every float is exact */
    char *text = log && object ? fer_json_dump(object, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
    enum fer_status status = FER_OK;

    json_decref(object);
    if (!log)
        return FER_OK;
    if (!text)
        return fer_fail(err, FER_ENOMEM, "%s: out of memory", log->path);
    if (fputs(text, log->stream) < 0 || fputc('\n', log->stream) < 0 || fflush(log->stream) != 0)
        status = fail_io(log, err);
    else
        log->lines++;
    free(text);
    return status;
}

long fer_log_lines(const struct fer_log *log)
{
    return log ? log->lines : 0;
}

enum fer_status fer_log_sync(struct fer_log *log, struct fer_error *err)
{
    if (!log)
        return FER_OK;
    if (fflush(log->stream) != 0 || (fdatasync(fileno(log->stream)) != 0 && errno != EINVAL))
        return fail_io(log, err);
    return FER_OK;
}

void fer_log_close(struct fer_log *log)
{
    if (!log)
        return;
    if (log->stream)
        fclose(log->stream);
    free(log->path);
    free(log);
}
