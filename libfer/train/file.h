/* SPDX-License-Identifier: Apache-2.0
 *
 * Files that appear whole or not at all: written as PATH.tmp, fsynced, renamed.
 */
#ifndef FER_TRAIN_FILE_H
#define FER_TRAIN_FILE_H

#include <fer/status.h>

struct fer_file;

/* Start a file.  An old PATH.tmp of a killed process is replaced.  Errors (FER_EIO) name the path and the reason. */
enum fer_status fer_file_create(const char *path, struct fer_file **out, struct fer_error *err);
enum fer_status fer_file_write(struct fer_file *file, const void *data, size_t bytes, struct fer_error *err);
/* Flush to the disk and rename; frees the file, and removes PATH.tmp on failure. */
enum fer_status fer_file_commit(struct fer_file *file, struct fer_error *err);
void fer_file_discard(struct fer_file *file); /* NULL is fine */

/* All at once. */
enum fer_status fer_file_put(const char *path, const void *data, size_t bytes, struct fer_error *err);
/* "dir/name", malloc'ed; NULL when out of memory. */
char *fer_path_join(const char *dir, const char *name);

#endif
