/* SPDX-License-Identifier: Apache-2.0
 *
 * Segments where samples part.
 */
#ifndef FER_COMPILE_BRANCH_H
#define FER_COMPILE_BRANCH_H

#include "compile/compiler.h"

/* Where the next operation of a branch goes: the last of the segments that follow `segment`, or a new one behind it
 * when that is another branch's or ends in a decision.  NULL: out of memory. */
struct fer_segment *fer_branch_segment(struct fer_compiler *c, struct fer_segment *segment, int branch);
/* Forward of one operation into `segment` or what follows it. */
enum fer_status fer_branch_forward(struct fer_compiler *c, struct fer_op *op, struct fer_segment *segment,
                                   bool tracking, bool has_backward, struct fer_error *err);

#endif
