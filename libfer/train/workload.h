/* SPDX-License-Identifier: Apache-2.0
 *
 * Something to be timed: a predict block of a description on random pictures, or a stage, on one batch that stays on
 * the device and is augmented and covered anew in every step.
 */
#ifndef FER_TRAIN_WORKLOAD_H
#define FER_TRAIN_WORKLOAD_H

#include <fer/run.h>

#include "train/context.h"

struct fer_workload {
    struct fer_context *context;
    struct fer_description *description;
    struct fer_device *device;
    struct fer_store *store;
    struct fer_flow_program *flow;   /* a predict block, or … */
    struct fer_stage_program *stage; /* … a stage */
    struct fer_exec *exec;           /* of either, as are these */
    struct fer_program *program;
    const char *name; /* of the block or stage */
    int blocks;       /* so many of its kind has the description */
    int batch;
};

/* Of options all but `steps` and `profile` counts; where they name no block, it is the one with number `nth`, from 0.
 * After a failure there is nothing to close. */
enum fer_status fer_workload_open(struct fer_context *context, const char *path,
                                  const struct fer_bench_options *options, int nth, struct fer_workload *out,
                                  struct fer_error *err);
void fer_workload_close(struct fer_workload *workload);
/* Every step of the stage, with its updates, or the predict block, with its backward pass if there is one; to the end.
 */
enum fer_status fer_workload_step(struct fer_workload *workload, struct fer_error *err);

/* Of `count` numbers, which are sorted. */
double fer_median(double *numbers, int count);

#endif
