/* SPDX-License-Identifier: Apache-2.0
 *
 * dropout.
 */
#include "layers.h"
#include "vision.h"

#include "dropout_cl.h"

struct dropout {
    double p;
};
static const struct fer_param *const dropout_params[] = {
    FER_PARAM_FLOAT(struct dropout, p, "0.5", 0, 1, "probability of zero"), NULL
};

static enum fer_status dropout_shape(struct fer_op *op, struct fer_error *err)
{
    const struct fer_shape *in = fer_op_input(op, 0);
    enum fer_status status = fer_vision_rank(op, 0, 2, 4, "the input", err);
    if (status)
        return status;
    /* a byte an element, with room for the lanes of a blocked layout */
    const int channels = in->rank == 4 ? (in->dim[1] + FER_BLOCK - 1) / FER_BLOCK * FER_BLOCK : in->dim[1];
    struct fer_shape keep = *in;
    keep.dim[1] = channels;
    keep.dtype = FER_U8;
    if (fer_op_training(op))
        fer_op_saved(op, &keep);
    fer_op_output(op, 0, in);
    return FER_OK;
}

static void range(struct fer_emit *em, struct fer_launch *launch, const struct fer_tensor *out)
{
    fer_launch_cells(em, launch, out, fer_row_cells(out), 128);
}

static enum fer_status pass(struct fer_emit *em, struct fer_tensor *x, struct fer_tensor *out)
{
    range(em, fer_vision_pointwise(em, fer_dropout_cl, "pass", x, NULL, out), out);
    return FER_OK;
}

static enum fer_status dropout_forward(struct fer_emit *em, struct fer_error *err)
{
    const struct dropout *params = fer_emit_params(em);
    struct fer_tensor *x = fer_emit_input(em, 0), *y = fer_emit_output(em, 0);
    (void)err;
    if (!fer_emit_training(em))
        return pass(em, x, y);
    struct fer_launch *launch = fer_vision_pointwise(em, fer_dropout_cl, "dropout", x, NULL, y);
    fer_launch_out(launch, "keep", fer_emit_saved(em, 0));
    fer_launch_random(launch, y);
    fer_launch_float(launch, params->p);
    range(em, launch, y);
    return FER_OK;
}

static enum fer_status dropout_backward(struct fer_emit *em, struct fer_error *err)
{
    const struct dropout *params = fer_emit_params(em);
    struct fer_tensor *dy = fer_emit_grad_output(em, 0), *dx = fer_emit_grad_input(em, 0);
    (void)err;
    if (!dx)
        return FER_OK;
    if (!fer_emit_training(em))
        return pass(em, dy, dx);
    struct fer_launch *launch =
        fer_any_precision(fer_emit_kernel(em, fer_dropout_cl, "dropout_grad", "-DFER_LANES=%d", fer_lanes(dx)));
    fer_launch_in(launch, "dy", dy);
    fer_launch_in(launch, "keep", fer_emit_saved(em, 0));
    fer_launch_out(launch, "out", dx);
    fer_launch_float(launch, params->p);
    range(em, launch, dx);
    return FER_OK;
}

const struct fer_layer fer_dropout = { .size = sizeof(struct fer_layer),
                                       .name = "dropout",
                                       .help = "in training, zero with probability p, else divided by 1 - p",
                                       .params = dropout_params,
                                       .params_size = sizeof(struct dropout),
                                       .inputs_min = 1,
                                       .inputs_max = 1,
                                       .outputs_min = 1,
                                       .outputs = 1,
                                       .flags = FER_LAYER_ANY_LAYOUT | FER_LAYER_IN_PLACE,
                                       .shape = dropout_shape,
                                       .forward = dropout_forward,
                                       .backward = dropout_backward };
