/* SPDX-License-Identifier: Apache-2.0
 *
 * Dynamic loss scale (Micikevicius et al., Mixed Precision Training, ICLR 2018, section 3.2): gradients of less
 * precision vanish below 6e-8, so losses are multiplied by a scale before the backward pass, and gradients of weights
 * divided by it before the update.  Where one of them is not finite the update is skipped and the scale halved; after
 * FER_SCALE_STEADY updates without that it is doubled.  All of this is the device's: the host only asks what happened.
 */
#ifndef FER_COMPILE_SCALE_H
#define FER_COMPILE_SCALE_H

#include "compile/compiler.h"

/* As torch.cuda.amp.GradScaler has them. */
#define FER_SCALE_FIRST 65536
#define FER_SCALE_STEADY 2000
#define FER_SCALE_LEAST 0x1p-24 /* as in core.cl */
#define FER_SCALE_MOST 0x1p24   /* likewise */

/* What a step keeps, f32[FER_SCALE_STATE + its updates]. */
enum {
    FER_SCALE_NEXT,   /* of the backward pass to come */
    FER_SCALE_USED,   /* of the one before */
    FER_SCALE_BROKEN, /* 1: its gradients were not finite */
    FER_SCALE_SINCE,  /* updates since the scale has changed */
    FER_SCALE_STATE   /* then for each update how often it was skipped */
};

/* Whether this program's losses are scaled, and the state of one step. */
bool fer_scale_is_wanted(const struct fer_compiler *c);
enum fer_status fer_scale_create(struct fer_compiler *c, struct fer_step_program *step, struct fer_error *err);
/* Numbers of the state; 0: losses are not scaled. */
int fer_scale_count(const struct fer_step_program *step);
/* The state from and to host memory, fer_scale_count floats. */
enum fer_status fer_scale_read(const struct fer_step_program *step, float *state, struct fer_error *err);
enum fer_status fer_scale_write(struct fer_step_program *step, const float *state, struct fer_error *err);
/* The gradient that a loss of this weight begins with; NULL: out of memory. */
struct fer_tensor *fer_scale_seed(struct fer_emit *em, const struct fer_step_program *step, double weight);
/* Behind the backward pass, in a segment of its own: look at all gradients, choose the scale to come. */
enum fer_status fer_scale_check(struct fer_compiler *c, struct fer_step_program *step, struct fer_error *err);
/* What an update takes for its control; NULL: out of memory. */
struct fer_tensor *fer_scale_control(struct fer_emit *em, const struct fer_step_program *step, int update,
                                     struct fer_tensor *control);

#endif
