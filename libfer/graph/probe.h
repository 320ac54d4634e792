/* SPDX-License-Identifier: Apache-2.0
 *
 * Looking into a predict block before it is compiled: values inside of it become outputs, and the score of a class can
 * be differentiated with respect to them.
 */
#ifndef FER_GRAPH_PROBE_H
#define FER_GRAPH_PROBE_H

#include "graph/description.h"

struct fer_probe {
    /* The block with what was asked for behind its own outputs.  Compile this, with backward if spec.nof > 0. */
    struct fer_predict_spec spec;
    int own;   /* outputs of the block itself */
    int score; /* output whose gradient is taken; -1: none */
    int room;
};

/* `most` values will be asked for at most.  The block is changed and can be compiled once. */
enum fer_status fer_probe_create(const struct fer_predict_spec *block, int most, struct fer_probe *out,
                                 struct fer_error *err);
/* Whether operations lie under a path: "trunk", "trunk.layer1", "trunk.layer1.0.conv1". */
bool fer_probe_has(const struct fer_predict_spec *block, const char *path);
/* What the last operation under a path yields, as output *index: f32 with height and width.  Errors: FER_ENOTFOUND,
 * FER_ESHAPE. */
enum fer_status fer_probe_value(struct fer_probe *probe, const char *path, int *index, struct fer_error *err);
/* The same, and its gradient as spec.of[*gradient].  path NULL: the last value with height and width on the way to the
 * score, which is what the last operation with weights yields on the way to the first output (so it stands before a
 * softmax).  FER_ENOTSUP: no gradient comes there. */
enum fer_status fer_probe_gradient(struct fer_probe *probe, const char *path, int *index, int *gradient,
                                   struct fer_error *err);
/* The net that rows of an i32 output are the choice of, where it is a decision; else NULL. */
const char *fer_probe_choice(const struct fer_predict_spec *block, int output, int choice);

#endif
