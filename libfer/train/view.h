/* SPDX-License-Identifier: Apache-2.0
 *
 * A predict block that is looked into: its own outputs, values inside of it, class activation maps.
 */
#ifndef FER_TRAIN_VIEW_H
#define FER_TRAIN_VIEW_H

#include "data/panel.h"
#include "train/context.h"
#include "train/picture.h"

struct fer_view;

enum fer_view_kind {
    FER_VIEW_OUTPUT, /* of the block, with height and width */
    FER_VIEW_NUMBER, /* of the block, one number a picture */
    FER_VIEW_INNER,  /* a value inside of it */
    FER_VIEW_CAM     /* a class activation map, at the place of a value inside of it */
};
struct fer_view_item {
    enum fer_view_kind kind;
    const char *name;            /* "mask"; a path */
    int channels, height, width; /* of the first of several values */
};

/* Values to be asked for: each a path, or several with commas between, of which a picture has the first that it comes
 * through.  show and cams are NULL-terminated, or NULL; a cam "" is the last value with height and width. */
enum fer_status fer_view_open(struct fer_context *context, struct fer_description *description, struct fer_store *store,
                              const struct fer_classifier *classifier, const char *const *show, const char *const *cams,
                              struct fer_view **out, struct fer_error *err);
void fer_view_close(struct fer_view *view); /* NULL is fine */
/* The block; what there is to be seen, its own outputs first. */
const struct fer_classifier *fer_view_classifier(const struct fer_view *view);
const struct fer_view_item *fer_view_items(const struct fer_view *view, int *count);

#define FER_VIEW_CAPACITY 8
/* Look at `count` pictures [channels][height][width].  label: the class whose activation maps are made; < 0: the one
 * that each picture's answer says. */
enum fer_status fer_view_run(struct fer_view *view, const float *pictures, int count, int label, struct fer_error *err);
/* Of the pictures of the latest run: probabilities; an item's map (values NULL: the picture does not come through
 * there); a NUMBER, and the net that it stands for, or NULL. */
const float *fer_view_answer(const struct fer_view *view, int row);
int fer_view_best(const struct fer_view *view, int row); /* the likeliest class */
struct fer_map fer_view_map(const struct fer_view *view, int item, int row);
double fer_view_number(const struct fer_view *view, int item, int row, const char **net);

#endif
