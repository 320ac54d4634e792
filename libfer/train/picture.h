/* SPDX-License-Identifier: Apache-2.0
 *
 * Pictures of any size as a predict block takes them.
 */
#ifndef FER_TRAIN_PICTURE_H
#define FER_TRAIN_PICTURE_H

#include <fer/predict.h>

#include "graph/description.h"

/* A predict block of one picture whose first output is one number a class. */
struct fer_classifier {
    const struct fer_predict_spec *spec;
    int channels, height, width; /* of its only input */
    int classes;                 /* numbers of its first output */
};

/* The predict block of that name, or the first; `path` is for errors.  FER_ESHAPE: it is no such function. */
enum fer_status fer_classifier_find(const struct fer_description *description, const char *name, const char *path,
                                    struct fer_classifier *out, struct fer_error *err);

/* Class names: the description's, "0", "1", … where it has none.  One malloc'ed piece; NULL: out of memory. */
const char **fer_classifier_labels(const struct fer_description *description, int classes);

/* Fit, resize, make gray if `channels` is 1; planes of floats in [0, 1] into out[channels][height][width]. */
enum fer_status fer_picture_planes(const struct fer_image *image, enum fer_fit fit, int channels, int height, int width,
                                   float *out, struct fer_error *err);

#endif
