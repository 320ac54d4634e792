/* SPDX-License-Identifier: Apache-2.0
 *
 * What the layers of this plugin share.
 */
#ifndef FER_VISION_H
#define FER_VISION_H

#include "../emit.h"

/* Refuse input `i` unless it is f32 and has at least `least` and at most `most` axes.  `what` names it in the error. */
enum fer_status fer_vision_rank(const struct fer_op *op, int i, int least, int most, const char *what,
                                struct fer_error *err);

/* The launch that a pointwise kernel needs: inputs x and, when not NULL, dy; output out; no range yet. */
struct fer_launch *fer_vision_pointwise(struct fer_emit *em, const char *source, const char *kernel,
                                        struct fer_tensor *x, struct fer_tensor *dy, struct fer_tensor *out);

/* Lanes past the last channel, which kernels that write one channel at a time must zero. */
int fer_vision_tail(const struct fer_tensor *tensor);

/* Every element = value. */
void fer_vision_set(struct fer_emit *em, struct fer_tensor *out, double value);

/* Axes of a rank-4 tensor, as a set. */
enum { FER_OVER_N = 1, FER_OVER_C = 2, FER_OVER_H = 4, FER_OVER_W = 8 };

/* out = factor * sum of a (times b, shaped like a, unless b is NULL) over the axes in the set `over`.  `out` has the
 * other axes, with or without ones in place of the axes summed over. */
void fer_vision_sum(struct fer_emit *em, struct fer_tensor *a, struct fer_tensor *b, struct fer_tensor *out,
                    unsigned over, double factor);

#endif
