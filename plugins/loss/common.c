/* SPDX-License-Identifier: Apache-2.0 */
#include "loss.h"

#include "batch_cl.h"

enum fer_status fer_loss_shape(struct fer_op *op, const struct fer_shape *like, struct fer_error *err)
{
    const struct fer_shape one = fer_shape_make(NULL, 1, (const int[]){ 1 }), each = fer_shape_make(like, 0, NULL);
    if (like->rank < 1 || like->batch < 1)
        return fer_fail(err, FER_ESHAPE, "needs an input with a batch axis");
    fer_op_saved(op, &each);
    fer_op_saved(op, &one);
    fer_op_output(op, 0, &one);
    fer_op_output(op, 1, &each);
    return FER_OK;
}

void fer_loss_mean(struct fer_emit *em)
{
    struct fer_launch *launch = fer_emit_kernel(em, fer_batch_cl, "batch_mean", "%s", "");
    fer_launch_in(launch, "sample", fer_emit_output(em, 1));
    fer_launch_in(launch, "weight", fer_emit_saved(em, FER_LOSS_WEIGHT));
    fer_launch_out(launch, "loss", fer_emit_output(em, 0));
    fer_launch_out(launch, "share", fer_emit_saved(em, FER_LOSS_SHARE));
    fer_launch_range_1d(launch, fer_extent_fixed(64));
}

struct fer_tensor *fer_loss_gradient(struct fer_emit *em)
{
    struct fer_tensor *share = fer_emit_saved(em, FER_LOSS_SHARE), *weight = fer_emit_saved(em, FER_LOSS_WEIGHT);
    struct fer_tensor *dloss = fer_emit_grad_output(em, 0), *dsample = fer_emit_grad_output(em, 1);
    struct fer_tensor *coef = fer_emit_temp(em, fer_tensor_shape(weight), FER_LAYOUT_PLAIN);
    struct fer_launch *launch = fer_emit_kernel(em, fer_batch_cl, "row_gradient", "%s", "");
    fer_launch_in(launch, "share", share);
    fer_launch_in(launch, "dloss", dloss ? dloss : share); /* not read then */
    fer_launch_in(launch, "dsample", dsample ? dsample : share);
    fer_launch_out(launch, "coef", coef);
    fer_launch_int(launch, (dloss ? 1 : 0) | (dsample ? 2 : 0));
    fer_launch_range_1d(launch, fer_extent_rows(coef, 1, 1));
    return coef;
}

void fer_loss_range_rows(struct fer_launch *launch, const struct fer_tensor *rows)
{
    fer_launch_range_1d(launch, fer_extent_rows(rows, 64, 1));
}

enum fer_status fer_loss_input(const struct fer_op *op, int i, enum fer_dtype dtype, int rank, const char *what,
                               struct fer_error *err)
{
    const struct fer_shape *in = fer_op_input(op, i), *first = fer_op_input(op, 0);
    char text[64];
    if (in->dtype != dtype)
        return fer_fail(err, FER_ESHAPE, "%s must hold %s", what, dtype == FER_I32 ? "integers" : "floats");
    if (in->rank != rank || in->batch < 1 || in->batch != first->batch || in->dim[0] != first->dim[0])
        return fer_fail(err, FER_ESHAPE, "%s must have %d %s and the batch of the first input, but is %s", what, rank,
                        rank == 1 ? "axis" : "axes", fer_shape_text(in, text, sizeof text));
    return FER_OK;
}
