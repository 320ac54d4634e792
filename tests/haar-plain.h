/* SPDX-License-Identifier: Apache-2.0
 *
 * What the cascade of haar-cascade.h finds, by plain loops: sums pixel by pixel in place of integral images, windows
 * one after the other, grouping by flooding.
 */
#ifndef TESTS_HAAR_PLAIN_H
#define TESTS_HAAR_PLAIN_H

#include <fer/data.h>

enum { MOST = 8192 }; /* windows */

struct rectangle {
    int x, y, w, h;
};

/* The windows that pass all stages, at sizes from 8 on that grow by a factor, within min_size and max_size (0: any);
 * at most MOST.  Returns how many. */
int windows_of(const struct fer_image *image, double factor_step, int min_size, int max_size, struct rectangle *out);
/* The means of those that are alike, weak and swallowed ones dropped, in place.  Returns how many. */
int group(struct rectangle *r, int count, int min_neighbors);

#endif
