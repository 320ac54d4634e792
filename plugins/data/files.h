/* SPDX-License-Identifier: Apache-2.0
 *
 * Folders, read in the order of their names' bytes, so that samples have the same numbers everywhere.
 */
#ifndef DATA_FILES_H
#define DATA_FILES_H

#include "catalog.h"

enum { PATH_SIZE = 4096 };

/* FOLDER/NAME into a buffer of PATH_SIZE bytes; FER_EFORMAT when it does not fit. */
enum fer_status path_join(char *path, const char *folder, const char *name, struct fer_error *err);
/* The name in a path, and its length without the ending. */
const char *path_name(const char *path);
size_t path_stem(const char *name);
bool is_folder(const char *path);
bool is_file(const char *path);
/* Whether the ending is one of a picture that can be read (PNG, JPEG, BMP, PGM, PPM), or of one that cannot (TIFF,
 * WebP, …); and whether one that can be read lies beside it under the same name. */
bool is_picture(const char *name);
bool is_unread(const char *name);
bool has_copy(const char *path);

/* Called with each name in a folder that does not begin with a dot, and its path. */
typedef enum fer_status folder_visit(void *context, const char *path, const char *name, struct fer_error *err);
enum fer_status folder_each(const char *folder, folder_visit *visit, void *context, struct fer_error *err);
/* The same for all pictures below, also those that cannot be read; links back up end in an error. */
enum fer_status folder_pictures(const char *folder, folder_visit *visit, void *context, struct fer_error *err);

/* What all pictures below one place share. */
struct place {
    int split, label;
};
/* Add all pictures below.  Of a kind that is not read, without a copy that is: FER_ENOTSUP. */
enum fer_status add_pictures(struct catalog *catalog, const char *folder, struct place place, struct fer_error *err);
/* Each folder in `folder` is a class; one that is a number is numbered as `numbers` says. */
enum fer_status add_classes(struct catalog *catalog, const char *folder, int split, int numbers, struct fer_error *err);

#endif
