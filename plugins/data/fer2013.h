/* SPDX-License-Identifier: Apache-2.0
 *
 * CSV files that hold the pictures themselves, as FER2013's does.
 */
#ifndef DATA_FER2013_H
#define DATA_FER2013_H

#include "csv.h"
#include "expression.h"

enum { LARGEST_SIDE = 512, MOST_PIXELS = LARGEST_SIDE * LARGEST_SIDE };

/* Add a sample called `name` with the picture in a field, a square of numbers from 0 to 255; all have one size.
 * `pixels` has room for MOST_PIXELS. */
enum fer_status pixels_add(struct catalog *catalog, const char *name, const struct csv *csv, int column,
                           uint8_t *pixels, struct entry **entry, struct fer_error *err);
/* Add the rows of a file with the columns emotion (numbered as `numbers` says), pixels and, perhaps, Usage. */
enum fer_status fer2013_read(struct catalog *catalog, const char *path, int numbers, struct fer_error *err);

#endif
