/* SPDX-License-Identifier: Apache-2.0
 *
 * Feature maps of less precision.
 */
#ifndef FER_COMPILE_WIDEN_H
#define FER_COMPILE_WIDEN_H

#include "compile/compiler.h"

/* The precision of every value of a lowered graph: feature maps that only the device sees get `precision`. */
enum fer_status fer_precision_choose(struct fer_graph *graph, enum fer_precision precision, struct fer_error *err);
/* What stands for an argument of em's newest launch, whose kernel knows f32 alone, or (any) all precisions.  NULL: out
 * of memory. */
struct fer_tensor *fer_wide_argument(struct fer_launch *launch, struct fer_tensor *tensor, unsigned access, bool any);
/* The callback has returned: what was written wide comes where it belongs. */
void fer_wide_finish(struct fer_emit *em);

#endif
