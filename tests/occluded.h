/* SPDX-License-Identifier: Apache-2.0
 *
 * Pictures of faces to be occluded, with landmarks and boxes, and sprites to do it with, in a folder of their own.
 */
#ifndef FER_TESTS_OCCLUDED_H
#define FER_TESTS_OCCLUDED_H

#include <stdbool.h>
#include <stdint.h>

#include "shown.h"

enum { COUNT = 12, WIDTH = 41, HEIGHT = 53, MARKS = 68 };
extern double occluded_five[COUNT][5][2], occluded_many[COUNT][MARKS][2], occluded_box[COUNT][4];

/* COUNT pictures of noise without black; five.csv, many.csv and box.csv, which say what is above; folders of a sprite
 * each: plates, red on the right, green below and blue half, and boards, of squares of a texel. */
void occluded_setup(void);
void occluded_teardown(void);
/* The pictures of a list with `more` before the batch and an occluder behind it; fields beside image, mask, covered. */
void occluded_open(struct shown *shown, const char *list, const char *fields, const char *more, const char *occluder,
                   uint64_t seed);
/* As they are. */
void occluded_bare(struct shown *shown);
static inline bool occluded_at(const struct shown *s, int n, int x, int y)
{
    return shown_row(s, "mask", n)[y * WIDTH + x] > 0;
}

#endif
