/* SPDX-License-Identifier: Apache-2.0
 *
 * The plugin mtcnn: Zhang, Zhang, Li, Qiao: Joint face detection and alignment using multitask cascaded convolutional
 * networks (IEEE Signal Processing Letters 2016, arXiv:1604.02878).  Coordinates, roundings and overlaps are those of
 * the implementations that its published weights are used with, so that the same weights give the same boxes.
 */
#ifndef FER_MTCNN_H
#define FER_MTCNN_H

#include <fer/plugin.h>

struct mtcnn {
    const char *weights;
    int min_size;
    double factor, proposal, refine, output;
};

/* ---- pictures to a net's numbers ---- */

/* A part of a picture, brought to another size. */
struct window {
    int x, y, width, height; /* the part */
    int columns, rows;       /* the size */
};
/* The pixels `left` to left + columns, `top` to top + rows of that size, as planes of R, G and B, each the mean of the
 * pixels that it touches, (v - 127.5) / 128.  sums: room for 3 * window->width numbers. */
struct tile {
    int left, top, columns, rows;
};
void mtcnn_sample(const struct fer_image *image, const struct window *window, const struct tile *tile, uint32_t *sums,
                  float *planes);

/* ---- windows that may be faces ---- */

struct candidate {
    float x0, y0, x1, y1;
    float score;
    float shift[4]; /* of the four sides, as parts of the window's own */
    float points[5][2];
};
struct candidates {
    struct candidate *items;
    int count, room;
};
enum fer_status mtcnn_add(struct candidates *list, const struct candidate *candidate, struct fer_error *err);

/* How two windows overlap: UNION, intersection over union of sides x1 - x0; LEAST, intersection over the smaller one,
 * of sides x1 - x0 + 1. */
enum overlap { OVERLAP_UNION, OVERLAP_LEAST };
/* Of items from `first` on keep those that no kept one with a higher score overlaps by more than `most`, the best
 * first. */
void mtcnn_suppress(struct candidates *list, int first, enum overlap overlap, float most);
/* Move the sides by `shift`, `more` being added to the window's sides. */
void mtcnn_shift(struct candidates *list, float more);
/* Lengthen the shorter sides about the centres. */
void mtcnn_square(struct candidates *list);

enum fer_status mtcnn_search(const void *state, struct fer_net_runner *nets, const struct fer_image *image,
                             struct fer_box **boxes, int *count, struct fer_error *err);

#endif
