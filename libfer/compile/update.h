/* SPDX-License-Identifier: Apache-2.0
 *
 * Updates of a step: gradient buffers, optimizer state, and the segments that move weights.
 */
#ifndef FER_COMPILE_UPDATE_H
#define FER_COMPILE_UPDATE_H

#include "compile/compiler.h"

/* Gradient and state buffers for every update of step->spec; micro: micro-batches in a batch. */
enum fer_status fer_updates_create(struct fer_compiler *c, struct fer_step_program *step, int micro,
                                   struct fer_error *err);
/* The update that moves a weight and which of its nets that is in; false: none. */
bool fer_update_find(const struct fer_step_program *step, const struct fer_weight *weight, int *update);
/* Where the backward pass writes a weight's gradient. */
struct fer_tensor *fer_update_gradient(struct fer_compiler *c, const struct fer_step_program *step,
                                       const struct fer_weight *weight);
/* After the backward pass: accumulation over micro-batches, behind it in its segment, and the update segments. */
enum fer_status fer_updates_finish(struct fer_compiler *c, struct fer_step_program *step, struct fer_segment *backward,
                                   struct fer_error *err);
void fer_updates_free(struct fer_step_program *step);

#endif
