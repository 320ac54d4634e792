/* SPDX-License-Identifier: Apache-2.0
 *
 * The core's layers and launches (kernels_cl/core.cl).
 */
#ifndef FER_COMPILE_CORE_H
#define FER_COMPILE_CORE_H

#include "compile/compiler.h"

void fer_core_add(struct fer_emit *em, struct fer_tensor *a, struct fer_tensor *b, struct fer_tensor *out);
void fer_core_copy(struct fer_emit *em, struct fer_tensor *in, struct fer_tensor *out, double factor, bool accumulate);
void fer_core_fill(struct fer_emit *em, struct fer_tensor *out, double value);
void fer_core_collect(struct fer_emit *em, struct fer_tensor *scalar, struct fer_tensor *out, int index);
/* norm = sqrt(sum of squares over the runs); control_out = control with its factor times min(1, clip / norm). */
void fer_core_clip(struct fer_emit *em, struct fer_tensor *const *runs, int nruns, double clip,
                   struct fer_tensor *control, struct fer_tensor *norm, struct fer_tensor *control_out);

/* scale.c: seed = weight times the scale to come; state after these gradients; control for one update, whose skips are
 * counted in state[index]. */
void fer_core_scale_seed(struct fer_emit *em, struct fer_tensor *state, double weight, struct fer_tensor *seed);
void fer_core_rescale(struct fer_emit *em, struct fer_tensor *const *runs, int nruns, double steady,
                      struct fer_tensor *state);
void fer_core_unscale(struct fer_emit *em, struct fer_tensor *control, int index, struct fer_tensor *state,
                      struct fer_tensor *control_out);

/* factor[k] * weight[k][…], and factor[k] * bias[k] + shift[k] (bias NULL: zero). */
void fer_core_fold(struct fer_emit *em, struct fer_tensor *weight, struct fer_tensor *bias, struct fer_tensor *scale,
                   struct fer_tensor *shift, struct fer_tensor *out, struct fer_tensor *out_bias);

#endif
