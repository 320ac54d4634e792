/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradients, operation by operation, from the last to the first.
 */
#ifndef FER_COMPILE_AUTODIFF_H
#define FER_COMPILE_AUTODIFF_H

#include "compile/compiler.h"

struct fer_autodiff {
    struct fer_compiler *c;
    struct fer_segment *segment;
    int region; /* the step's; operations of this region and the shared one take part */
    bool (*wants)(const struct fer_autodiff *ad, const struct fer_weight *weight);
    struct fer_tensor *(*target)(const struct fer_autodiff *ad,
                                 const struct fer_weight *weight); /* where its gradient goes */
    const void *user;
    bool inputs;                 /* gradients of the graph's f32 inputs too */
    struct fer_value *const *of; /* and of these values */
    int nof;
};
/* Which operations of the graph need a backward pass for this step. */
void fer_autodiff_mark(const struct fer_autodiff *ad);
/* Seeds are value->grad, set by the caller after fer_autodiff_mark (which clears them). */
enum fer_status fer_autodiff_emit(const struct fer_autodiff *ad, struct fer_error *err);

#endif
