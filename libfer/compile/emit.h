/* SPDX-License-Identifier: Apache-2.0
 *
 * What fer/op.h does while an operation is emitted (emit.c, launch.c), and emitting one whole (forward.c).
 */
#ifndef FER_COMPILE_EMIT_H
#define FER_COMPILE_EMIT_H

#include "compile/compiler.h"

/* Remember the first failure of a callback. */
enum fer_status fer_emit_fail(struct fer_emit *em, enum fer_status status, const char *format, ...) FER_PRINTF(3, 4);

/* Set em->op, and its epilogue but for gradients. */
enum fer_status fer_compiler_emit_op(struct fer_emit *em, struct fer_op *op);
/* Forward of one operation into a segment. */
enum fer_status fer_emit_forward(struct fer_compiler *c, struct fer_op *op, struct fer_segment *segment, bool tracking,
                                 bool has_backward, struct fer_error *err);

#endif
