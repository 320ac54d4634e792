/* SPDX-License-Identifier: Apache-2.0
 *
 * What a trained network sees: its masks, reconstructions, inner values and class activation maps as pictures, with
 * numbers that say how near they are to the truth.  See fer/context.h for ownership and threads.
 *
 *     struct fer_explain_options options = { .cams = (const char *const[]){ "", NULL } };
 *     if (fer_explainer_open(context, "run/last.safetensors", "seen", &options, &explainer, &err) == FER_OK &&
 *         fer_explainer_rows(explainer, 16, &err) == FER_OK)
 *         fer_explainer_finish(explainer, &json, &err);
 *     fer_explainer_close(explainer);
 */
#ifndef FER_EXPLAIN_H
#define FER_EXPLAIN_H

#include <fer/context.h>
#include <fer/data.h>
#include <fer/predict.h>
#include <fer/train.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Zeroed: samples of the first test's data, the blocks that yield more than an answer, no map but theirs. */
struct fer_explain_options {
    struct fer_settings settings;
    bool seed_set;     /* settings.seed counts; else the checkpoint's */
    const char *dir;   /* where relative paths of the checkpoint's data start; NULL: the working directory */
    bool pictures;     /* they come by fer_explainer_add; else samples by fer_explainer_rows */
    const char *test;  /* whose data those are; NULL: the first */
    const char *label; /* class of the activation maps; NULL: each picture's own answer */
    double threshold;  /* above it a mask's pixel counts as covered; 0: 0.5 */
    int zoom;          /* a pixel's side in panels; 0: so that panels are 96 high at least */

    /* Lists end with NULL; NULL: none. */
    /* Predict blocks that take pictures of one size.  None: those that yield a map or a number besides their answer;
     * the first when there is no such. */
    const char *const *predicts;
    /* Values inside of the first block that has them: paths of operations, as `fer show` lists them, or beginnings of
     * such; several with commas between: the first of these that a picture comes through (nets of a route). */
    const char *const *show;
    /* Class activation maps at such values.  "": at the last one with height and width before the score of the first
     * block. */
    const char *const *cams;
    /* "OUTPUT=FIELD", "BLOCK.OUTPUT=FIELD": FIELD of the data, or DATA.FIELD of the sample with the same place and id
     * in another test's data. */
    const char *const *compare;

    const volatile int *stop; /* nonzero: FER_EINTERRUPTED after the pictures at hand */
    void (*progress)(void *user, const struct fer_progress *progress);
    void *user;
};

/* A checkpoint's predict blocks, and a directory that is being filled:
 *   explain.json    how it was made: a directory with another one, or with other things, is refused
 *   00001.png …     a strip for each picture: the picture, then panel by panel what `panels` of the report names
 *   sheet.png       the first strips below one another
 *   explain.csv     a line for each picture: the report's numbers; written last
 * Belongs to its context and is closed before it. */
struct fer_explainer;

/* Compile everything and claim the directory.  What an output is compared with unless `compare` says so: with the field
 * of its own name; else, when it has the picture's shape, with the picture; else, when it has one channel, with the
 * field mask.  A field mask is measured by intersection over union, others by squared differences.  Activation maps go
 * with the field mask, too: how much of them lies there.
 * Errors: FER_ENOTFOUND (no such block, test, field, path, class), FER_ESHAPE (shapes that do not fit; a value without
 * height and width), FER_ENOTSUP (no gradient goes there), FER_EINVAL (the directory holds something else), … */
FER_API enum fer_status fer_explainer_open(struct fer_context *context, const char *checkpoint, const char *out,
                                           const struct fer_explain_options *options, struct fer_explainer **explainer,
                                           struct fer_error *err);
/* `count` >= 1 samples of the test's data, as the test sees them, spread evenly over it, because many data sets hold
 * one class after the other: of n samples the i-th, counted from 0, is that at i * n / count.  All when it has fewer.
 */
FER_API enum fer_status fer_explainer_rows(struct fer_explainer *explainer, long count, struct fer_error *err);
/* One picture of any size (options.pictures), brought to the port's size as fer_predictor_run does. */
FER_API enum fer_status fer_explainer_add(struct fer_explainer *explainer, const struct fer_image *image,
                                          const char *name, enum fer_fit fit, struct fer_error *err);
/* Write what is left, the sheet and the table.  FER_ENOTFOUND: there was no picture.
 * {"checkpoint", "weights", "seed", "test", "data", "directory", "panels": ["image", "perceive.mask heat", …],
 *  "pictures": [{"file", "name", "id", "label", BLOCK: {"predicted", "probability", OUTPUT: …}}],
 *  "means": {BLOCK: {"pictures", "right"}, "BLOCK.OUTPUT": {"field", …}}}
 * where OUTPUT is a number (a net's name where it stands for one), or
 *
 *     of a mask         {"iou", "auc", "covered", "predicted"}: intersection over union; the probability that a
 *                       covered pixel's value is above an uncovered one's; the parts of the picture that are covered
 *                       in truth and by the output.  Means also have iou_all and iou_none, of the answers "all is
 *                       covered" and "nothing is", and iou_pooled, of the pixels of all pictures together
 *     of an activation  {"share", "covered"}: the part of the map's sum that lies on the mask, and that of the picture
 *     map
 *     of a picture      {"error", "psnr", "error_flat", "error_input"}: mean of squared differences, the same in dB,
 *                       that of a flat picture of the right mean, and of the picture that was given where that is not
 *                       what it is compared with
 *
 * null: it is not defined there. */
FER_API enum fer_status fer_explainer_finish(struct fer_explainer *explainer, char **json, struct fer_error *err);
/* Before fer_explainer_finish: pictures that are written stay, without a table.  NULL is fine. */
FER_API void fer_explainer_close(struct fer_explainer *explainer);

#ifdef __cplusplus
}
#endif
#endif
