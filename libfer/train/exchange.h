/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradients on their way between a device and the group, while the backward pass goes on.
 *
 * What an update needs of each net's gradients is cut into buckets.  The backward pass completes them one by one, the
 * last layers' first.  A bucket that is complete is read through a queue of its own, averaged over the ranks (mean.c)
 * and written back, all without waiting; what is left when the backward pass has been enqueued is waited for before the
 * update.
 */
#ifndef FER_TRAIN_EXCHANGE_H
#define FER_TRAIN_EXCHANGE_H

#include "compile/compile.h"
#include "train/group.h"

struct fer_exchange;

/* For all steps of a stage; `bucket`: bytes from which a bucket is large enough (0: 1 MiB).  Sets the executor's peers.
 * The program and the group outlive it. */
enum fer_status fer_exchange_create(struct fer_group *group, struct fer_device *device,
                                    struct fer_stage_program *program, size_t bucket, struct fer_exchange **out,
                                    struct fer_error *err);
void fer_exchange_free(struct fer_exchange *exchange); /* NULL is fine */

/* The step's segment runs next, for the last time before its updates: gradients of the updates that come from epoch
 * `epoch` or earlier are on their way as soon as they are complete. */
void fer_exchange_begin(struct fer_exchange *exchange, int step, long epoch);
/* Wait until the device has the means. */
enum fer_status fer_exchange_finish(struct fer_exchange *exchange, struct fer_error *err);

/* What it has done so far. */
struct fer_exchange_counts {
    int buckets;   /* of all steps */
    size_t bytes;  /* of all of them */
    long means;    /* buckets that were averaged */
    long early;    /* … of these, on their way before the backward pass had ended on the device */
    double waited; /* seconds in fer_exchange_finish after the backward pass had ended on the device */
};
struct fer_exchange_counts fer_exchange_count(const struct fer_exchange *exchange);

#endif
