/* SPDX-License-Identifier: Apache-2.0
 *
 * The pictures that operands name: files, directories (their picture files, sorted, folders inside too), "-".
 */
#ifndef FER_CLI_PICTURES_H
#define FER_CLI_PICTURES_H

#include <fer/fer.h>

struct pictures {
    char **paths;
    int count;
};

/* What cannot be listed, and that there is nothing at all, is reported on standard error and counted in *failed. */
void pictures_find(struct pictures *pictures, char *const *operands, int count, int *failed);
void pictures_free(struct pictures *pictures);
/* Decode a file, or standard input for "-". */
enum fer_status picture_read(const char *path, struct fer_image *image, struct fer_error *err);

/* Whether a file's name ends as a picture's does, also of a kind that cannot be read: it is better said than passed
 * over. */
bool picture_named(const char *name);

#endif
