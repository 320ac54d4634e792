/* SPDX-License-Identifier: Apache-2.0
 *
 * The batches that a stage takes from one data set: epoch after epoch, from any point.
 */
#ifndef FER_TRAIN_FEED_H
#define FER_TRAIN_FEED_H

#include "data/pipeline.h"
#include "compile/compile.h"
#include "train/group.h"

struct fer_feed {
    struct fer_pipeline *pipeline;
    const struct fer_batch *batch; /* the newest; the pipeline's */
    long steps;                    /* batches in an epoch */
    long drawn;                    /* batches taken in this stage, those of earlier processes counted */
    bool running;                  /* the pipeline is in the epoch of `drawn` */
};

/* Open for training (shuffled, whole batches only), for all of each batch or, with a group, for this rank's part of it.
 * An epoch without a whole batch is FER_EINVAL. */
enum fer_status fer_feed_open(const struct fer_data_spec *data, const struct fer_group *group, unsigned wanted,
                              long drawn, struct fer_feed *out, struct fer_error *err);
/* Take the next batch; after an epoch comes the next one.  Batch k of the stage is batch k % steps of epoch
 * k / steps + 1, whatever was drawn by whom. */
enum fer_status fer_feed_next(struct fer_feed *feed, struct fer_error *err);
void fer_feed_close(struct fer_feed *feed); /* zeroed is fine */

/* Rows first … first + n - 1 of a batch, without copying. */
struct fer_batch fer_batch_slice(const struct fer_batch *batch, const struct fer_pipeline_info *info, int first, int n);

#endif
