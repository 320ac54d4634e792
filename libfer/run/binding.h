/* SPDX-License-Identifier: Apache-2.0
 *
 * A launch with its kernel, its arguments set and its range for the live batch.
 */
#ifndef FER_RUN_BINDING_H
#define FER_RUN_BINDING_H

#include "run/binary.h"
#include "run/bundle.h"
#include "run/place.h"

struct fer_job;

struct fer_binding {
    const struct fer_launch *launch;
    cl_kernel kernel;      /* of this launch alone: its arguments stay set; or: */
    struct fer_call *call; /* of a launch that is no kernel */
    size_t global[3], local[3];
    bool has_local;
    bool empty;     /* no work for the live batch */
    bool marked;    /* somebody wants to know when it has been enqueued */
    double seconds; /* profile */
    long runs;
};

struct fer_binder {
    struct fer_device *device;
    const struct fer_program *program;
    const struct fer_places *places;
    const struct fer_bundles *bundles;
    const struct fer_build_watch *watch;
};

/* Build the kernel, check that it takes what the launch passes, set all arguments, for a full batch. */
enum fer_status fer_binding_create(struct fer_binding *binding, const struct fer_binder *binder,
                                   const struct fer_launch *launch, struct fer_error *err);
/* Write down, for another process, what would be built, set and run (of its range a part is enough).  Keys: the
 * program's, and one of all that is compiled: the kernel in this program for such a range.  Not for calls. */
enum fer_status fer_binding_record(const struct fer_binder *binder, const struct fer_launch *launch,
                                   struct fer_job *job, struct fer_key *program, struct fer_key *all,
                                   struct fer_error *err);
void fer_binding_free(struct fer_binding *binding);
/* Set again what depends on live batches; `live` holds their sizes, by branch. */
enum fer_status fer_binding_batch(struct fer_binding *binding, const int *live, struct fer_error *err);
/* Enqueue; `event` may be NULL. */
enum fer_status fer_binding_run(const struct fer_binding *binding, cl_command_queue queue, cl_event *event,
                                struct fer_error *err);

#endif
