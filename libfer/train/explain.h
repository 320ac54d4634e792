/* SPDX-License-Identifier: Apache-2.0
 *
 * What the parts of fer/explain.h share.
 */
#ifndef FER_TRAIN_EXPLAIN_H
#define FER_TRAIN_EXPLAIN_H

#include <fer/explain.h>

#include "train/context.h"
#include "train/samples.h"
#include "train/view.h"

#define FER_EXPLAIN_DATA 8    /* data sets: the test's, then those that outputs are compared with */
#define FER_EXPLAIN_NAME 1024 /* bytes of a sample's name */

/* An item of a block and what it is compared with. */
struct fer_pair {
    int view, item;
    char *name;  /* "perceive.mask" */
    char *field; /* "mask", "clean.image" */
    int data;    /* place in explainer->data; -1: the picture itself */
    int at;      /* field of that data */
    bool is_mask;
    bool is_share;  /* how much of an activation map lies on the mask */
    bool is_input;  /* compared with the very picture that was given */
    float *targets; /* [FER_VIEW_CAPACITY][channels][height][width], of the picture's size */
    float *sizes;   /* [channels][height][width]: the output at that size */
    int channels;
    /* sums over pictures */
    long count, aucs, shares, given, pixels, covered, predicted, both;
    double iou, auc, share, iou_all, iou_none, mse, mse_flat, mse_input;
};

struct fer_explain_panel {
    enum { FER_PANEL_INPUT, FER_PANEL_PICTURE, FER_PANEL_HEAT, FER_PANEL_GRAY, FER_PANEL_TRUTH } kind;
    int view, item; /* TRUTH: of the pair */
    int pair;       /* TRUTH */
};

/* A picture that waits for a run. */
struct fer_explain_row {
    char name[FER_EXPLAIN_NAME];
    int label; /* -1: unknown */
    bool has_id;
    uint32_t id;
};

/* The directory, as far as it is written. */
struct fer_explain_files {
    char *dir;
    struct fer_image sheet;
    bool sheet_is_full;
    long count;
};

struct fer_explainer {
    struct fer_context *context;
    const struct fer_explain_options *options; /* only while it is opened */
    char *checkpoint, *hash;
    uint64_t seed;
    struct fer_description *description;
    struct fer_store *store;
    int test, label;
    double threshold;
    int zoom;
    bool pictures;
    const volatile int *stop;
    void (*progress)(void *user, const struct fer_progress *progress);
    void *user;

    struct fer_samples *data[FER_EXPLAIN_DATA];
    const char *data_name[FER_EXPLAIN_DATA];
    int ndata;
    struct fer_view **views;
    int nviews;
    const char **labels; /* of the first block's classes */
    struct fer_pair *pairs;
    int npairs;
    struct fer_explain_panel *panels;
    int npanels;
    long *right, *known; /* by view: pictures whose label is what was answered, and whose label is known */

    int channels, height, width; /* of a picture */
    float *images;               /* [FER_VIEW_CAPACITY] of them */
    struct fer_explain_row rows[FER_VIEW_CAPACITY];
    int waiting;
    float *scratch; /* [height][width] */

    struct fer_explain_files files;
    json_t *rows_json;
};

/* ---- explain-open.c ---- */
struct fer_checkpoint;
/* Everything that e->options says; `out` is claimed last. */
enum fer_status fer_explain_open(struct fer_explainer *e, const struct fer_checkpoint *checkpoint, const char *out,
                                 struct fer_error *err);

/* ---- explain-pair.c ---- */
/* All pairs: those of options->compare, then what goes without saying. */
enum fer_status fer_explain_pairs(struct fer_explainer *e, struct fer_error *err);
void fer_explain_pairs_free(struct fer_explainer *e);
/* The pair of an item; NULL: it is compared with nothing. */
struct fer_pair *fer_explain_pair(const struct fer_explainer *e, int view, int item);
/* What the sample at hand is to be compared with, for waiting row `row`. */
void fer_explain_target(struct fer_explainer *e, struct fer_pair *pair, int row);
/* Measure row `row` of the views' latest run: an object, and the pair's sums. */
enum fer_status fer_explain_measure(struct fer_explainer *e, struct fer_pair *pair, int row, json_t **out,
                                    struct fer_error *err);
json_t *fer_explain_mean(const struct fer_pair *pair);

/* ---- explain-panel.c ---- */
enum fer_status fer_explain_panels(struct fer_explainer *e, struct fer_error *err);
json_t *fer_explain_panel_names(const struct fer_explainer *e);
/* The strip of row `row` of the views' latest run. */
enum fer_status fer_explain_strip(struct fer_explainer *e, int row, struct fer_strip *strip, struct fer_error *err);

/* ---- explain-files.c ---- */
enum fer_status fer_explain_files_open(struct fer_explain_files *files, const char *dir, const char *how,
                                       struct fer_error *err);
/* Write a strip and put it under the sheet; its name into `name`. */
enum fer_status fer_explain_files_add(struct fer_explain_files *files, const struct fer_image *strip, char name[32],
                                      struct fer_error *err);
/* The sheet, and objects as the lines of a table: members of members get names with dots. */
enum fer_status fer_explain_files_finish(struct fer_explain_files *files, const json_t *rows, struct fer_error *err);
void fer_explain_files_close(struct fer_explain_files *files);

#endif
