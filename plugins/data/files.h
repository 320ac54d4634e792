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

/* Pictures that a reader cannot use: the data would be less than what lies there, and nobody would know. */
struct passed {
    size_t unread, loose;
    char *first_unread, *first_loose;
};
/* Note the picture when it is of a kind that is not read and has no copy that is; or of any kind, in a place that is
 * none for pictures.  What is no picture is passed over. */
enum fer_status note_unread(struct passed *passed, const char *path, const char *name, struct fer_error *err);
enum fer_status note_loose(struct passed *passed, const char *path, const char *name, struct fer_error *err);
/* `status`; or if that is FER_OK, an error when something was noted below `folder`: FER_ENOTSUP, FER_EFORMAT.  where:
 * "no class folder", in which loose ones lie.  Frees what was noted. */
enum fer_status check_passed(struct passed *passed, enum fer_status status, const char *folder, const char *where,
                             struct fer_error *err);

/* What all pictures below one place share. */
struct place {
    int split, label;
};
/* Add all pictures below; one of a kind that is not read is an error. */
enum fer_status add_pictures(struct catalog *catalog, const char *folder, struct place place, struct fer_error *err);
/* The same of each folder in `folder`, which is a class; one that is a number is numbered as `numbers` says.  whole: a
 * picture in none of them is an error too. */
enum fer_status add_classes(struct catalog *catalog, const char *folder, int split, int numbers, bool whole,
                            struct fer_error *err);

#endif
