/* SPDX-License-Identifier: Apache-2.0
 *
 * Passes over the graph.
 */
#ifndef FER_COMPILE_LOWER_H
#define FER_COMPILE_LOWER_H

#include "compile/compiler.h"

/* All of them but those in `without` (enum fer_pass). */
enum fer_status fer_lower(struct fer_graph *graph, enum fer_profile profile, unsigned without, struct fer_error *err);
/* Operations take over what stands behind them (fuse.c). */
void fer_fuse(struct fer_graph *graph, unsigned without);
/* The weights and bias of op with op->affine folded in (fold.c). */
enum fer_status fer_fold(struct fer_compiler *c, const struct fer_op *op, struct fer_tensor **weight,
                         struct fer_tensor **bias, struct fer_error *err);

#endif
