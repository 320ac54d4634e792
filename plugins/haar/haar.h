/* SPDX-License-Identifier: Apache-2.0
 *
 * The plugin haar: a cascade over all windows of a pyramid, as OpenCV's CascadeClassifier::detectMultiScale does it.
 */
#ifndef FER_HAAR_H
#define FER_HAAR_H

#include <fer/plugin.h>

#include "cascade.h"

#define HAAR_LEVELS_MAX 1024

struct haar_params {
    const char *cascade;
    double scale_factor;
    int min_neighbors, min_size, max_size;
};

/* What stands behind an open detector. */
struct haar {
    const struct haar_params *params;
    struct cascade cascade;
};

/* The table of a picture holds one row of HAAR_ROW ints for the picture and one for each level of the pyramid; a level
 * that is not searched has zeros.  The result holds a byte for each window: one of enum haar_verdict. */
#define HAAR_ROW 8
enum haar_column { HAAR_WIDTH, HAAR_HEIGHT, HAAR_STEP, HAAR_NX, HAAR_NY, HAAR_OFFSET };
enum haar_verdict { HAAR_FIRST, HAAR_LATER, HAAR_FACE }; /* rejected by the first stage, rejected later, accepted */

/* One level for pictures of at most some size.  The factor is what windows grow by. */
struct haar_level {
    float factor;
    int width, height; /* of the scaled picture */
    int step;          /* from window to window, in its pixels */
    int nx, ny;        /* windows */
};
/* All levels of a picture of width x height whatever min_size and max_size, into levels[HAAR_LEVELS_MAX]; how many. */
int haar_levels(const struct haar *haar, int width, int height, struct haar_level *levels);

enum fer_status haar_shape(const void *state, int width, int height, struct fer_shape *table, struct fer_shape *result,
                           struct fer_error *err);
enum fer_status haar_emit(const void *state, struct fer_emit *em, const struct fer_canvas *canvas,
                          struct fer_error *err);
enum fer_status haar_prepare(const void *state, const struct fer_canvas *canvas, int width, int height, void *table,
                             struct fer_error *err);
enum fer_status haar_find(const void *state, const struct fer_canvas *canvas, const void *table, const void *result,
                          struct fer_box **boxes, int *count, struct fer_error *err);

/* A search being emitted: canvases of one size, one (width x height, as in a struct fer_canvas) or one for each sample
 * ([N, height, width]), all with pictures of the size that the table says. */
struct haar_search {
    const struct haar *haar;
    struct fer_emit *em;
    int width, height;
    struct fer_tensor *image, *table, *result; /* result: all windows, for each sample if there are samples */
    int windows;
};
enum fer_status haar_search_emit(const struct haar_search *search, struct fer_error *err);
/* find_eyes: the layer. */
extern const struct fer_layer haar_find_eyes;

/* Rectangles of whole pixels. */
struct haar_rect {
    int x, y, w, h;
};
/* Merge rectangles that are alike (sides within eps of their mean size) into their mean, drop classes of at most
 * min_neighbors members and those that lie in a stronger one, as cv::groupRectangles does it.  rects[count] is written
 * over; *count becomes what is left, members[] how many each stands for.  Linear in memory, quadratic in time. */
enum fer_status haar_group(struct haar_rect *rects, int *members, int *count, int min_neighbors, double eps,
                           struct fer_error *err);

#endif
