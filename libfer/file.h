/* SPDX-License-Identifier: Apache-2.0
 *
 * Whole files: read with a limit (fer_file_read, in fer/host.h), written so that a reader sees the old contents or the
 * new, never a part.
 */
#ifndef FER_FILE_H
#define FER_FILE_H

#include <fer/host.h>
#include <sys/stat.h>

/* A run of bytes; what is written is the concatenation of several. */
struct fer_bytes {
    const void *data;
    size_t size;
};

/* Open for reading, and what it is; a pipe is waited for a second at most, and is at its end when nobody writes to it.
 * -1 and errno: it cannot be opened. */
int fer_file_open(const char *path, struct stat *info);

/* "cannot open 'x': there is no such file or directory": the sentence for errno, with what people can do about it where
 * that is not obvious.  FER_ENOTFOUND, else FER_EIO. */
enum fer_status fer_file_fail(struct fer_error *err, const char *path, const char *doing);

/* Write to a temporary file in the same directory, fsync, rename over `path`, fsync the directory.  After a failure
 * (FER_EIO: the sentence says whether the disk is full) nothing is left behind and the old file is untouched.  A link
 * is followed; a character device or a pipe is written to as it stands. */
enum fer_status fer_file_write_atomic(const char *path, const struct fer_bytes *parts, size_t count,
                                      struct fer_error *err);

/* The same for contents too large to hold: `fill` writes to the open file; `path` is for its errors. */
typedef enum fer_status fer_file_fill(int fd, const char *path, void *context, struct fer_error *err);
enum fer_status fer_file_fill_atomic(const char *path, fer_file_fill *fill, void *context, struct fer_error *err);
/* All of it, through short writes and interruptions. */
enum fer_status fer_file_write_all(int fd, const char *path, const void *data, size_t size, struct fer_error *err);

/* Remove what writers of `path` that were killed have left beside it.  For who knows that nobody else writes it now;
 * what belongs to a process that lives here is left alone all the same, and so is whatever cannot be removed. */
void fer_file_remove_leftovers(const char *path);

/* The folder that a file lies in, "." for a name alone; malloc'ed, NULL when out of memory. */
char *fer_path_folder(const char *path);
/* NAME in this library's part of the user's cache, "$XDG_CACHE_HOME/libfer/NAME" or under ~/.cache; malloc'ed.  NULL:
 * there is none, or out of memory. */
char *fer_cache_path(const char *name);
/* Make a directory, and those above it that are missing. */
enum fer_status fer_directory_make(const char *path, struct fer_error *err);
/* … that a file of this path is going to lie in. */
enum fer_status fer_directory_make_for(const char *path, struct fer_error *err);

/* A directory for files of one making: made here, empty, or begun before with DIR/mark holding this very text `how`,
 * which it holds afterwards.  Else FER_EINVAL, in words about a `what`. */
enum fer_status fer_directory_claim(const char *dir, const char *mark, const char *how, const char *what,
                                    struct fer_error *err);

#endif
