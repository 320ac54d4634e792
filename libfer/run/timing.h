/* SPDX-License-Identifier: Apache-2.0
 *
 * Device times of launches, from the events of a profiling queue.
 */
#ifndef FER_RUN_TIMING_H
#define FER_RUN_TIMING_H

#include "run/binding.h"

#define FER_TIMING_PENDING 1024

struct fer_timing {
    bool on;
    struct {
        struct fer_binding *binding;
        cl_event event;
    } pending[FER_TIMING_PENDING];
    int count;
};

/* Enqueue and remember the event; collects first when there are too many. */
enum fer_status fer_timing_run(struct fer_timing *timing, struct fer_binding *binding, cl_command_queue queue,
                               struct fer_error *err);
/* Wait for all events and add their times to their bindings. */
enum fer_status fer_timing_collect(struct fer_timing *timing, struct fer_error *err);
void fer_timing_drop(struct fer_timing *timing);

#endif
