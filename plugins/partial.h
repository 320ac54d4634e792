/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums that several work-groups have begun, for plugins whose kernels divide long sums: partial.cl.  A solver that
 * emits one names fer_partial_cl among its sources.
 */
#ifndef FER_PLUGINS_PARTIAL_H
#define FER_PLUGINS_PARTIAL_H

#include "emit.h"
#include "partial_cl.h"

/* y = activation(bias + add + the sum over `parts` of partial, in order); without bias or add they are NULL. */
struct partial_sum {
    struct fer_tensor *partial, *bias, *add, *y;
    int step, parts; /* numbers from part to part, 0: as many as the live batch of y has */
    enum fer_activation activation;
    double slope;
};

static inline void partial_sum_emit(struct fer_emit *em, const struct partial_sum *s)
{
    char activation[FER_ACTIVATION_OPTION];
    struct fer_launch *launch = fer_any_precision(
        fer_emit_kernel(em, fer_partial_cl, "partial_sum", "%s%s%s ", s->bias ? "-DBIAS" : "", s->add ? " -DADD" : "",
                        fer_activation_option(s->activation, s->slope, activation)));
    fer_launch_in(launch, "partial", s->partial);
    if (s->bias)
        fer_launch_in(launch, "bias", s->bias);
    if (s->add)
        fer_launch_in(launch, "add", s->add);
    fer_launch_out(launch, "y", s->y);
    fer_launch_int(launch, s->step);
    fer_launch_int(launch, s->parts);
    fer_launch_range_1d(launch, fer_extent_each(s->y));
}

#endif
