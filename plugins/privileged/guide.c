/* SPDX-License-Identifier: Apache-2.0
 *
 * softmax_mse, loss_inequality: what the clean network teaches in the space of labels.
 */
#include "privileged.h"

#include "guide_cl.h"

enum { LEVEL };
enum { SIDES = 2 };

/* Inputs 0 and 1: logits of one shape. */
static enum fer_status logits(struct fer_op *op, struct fer_error *err)
{
    const struct fer_shape *a = fer_op_input(op, 0), *b = fer_op_input(op, 1);
    char text[2][64];
    if (a->dtype != FER_F32 || a->rank != 2 || a->batch < 1 || !fer_shape_equal(a, b))
        return fer_fail(err, FER_ESHAPE, "compares logits f32[classes] of two networks, but they are %s and %s",
                        fer_shape_text(a, text[0], sizeof text[0]), fer_shape_text(b, text[1], sizeof text[1]));
    const struct fer_shape level = fer_shape_make(a, 1, (const int[]){ 4 });
    fer_op_saved(op, &level);
    fer_privileged_outputs(op);
    return FER_OK;
}

/* A launch with the logits, and the labels where the kernel has some. */
static struct fer_launch *begin(struct fer_emit *em, const char *kernel)
{
    struct fer_launch *launch = fer_emit_kernel(em, fer_guide_cl, kernel, "%s", "");
    fer_launch_in(launch, "a", fer_emit_input(em, 0));
    fer_launch_in(launch, "b", fer_emit_input(em, 1));
    if (fer_op_inputs(fer_emit_op(em)) > SIDES)
        fer_launch_in(launch, "label", fer_emit_input(em, 2));
    return launch;
}

static enum fer_status forward(struct fer_emit *em, const char *kernel)
{
    struct fer_launch *launch = begin(em, kernel);
    fer_launch_out(launch, "sample", fer_emit_output(em, 1));
    fer_launch_out(launch, "level", fer_emit_saved(em, LEVEL));
    fer_privileged_range(launch, fer_emit_input(em, 0));
    fer_privileged_mean(em);
    return FER_OK;
}

static enum fer_status backward(struct fer_emit *em, const char *kernel, bool sample)
{
    for (int side = 0; side < SIDES; side++) {
        struct fer_tensor *dx = fer_emit_grad_input(em, side);
        if (!dx)
            continue;
        struct fer_launch *launch = begin(em, kernel);
        if (sample)
            fer_launch_in(launch, "sample", fer_emit_output(em, 1));
        fer_launch_in(launch, "level", fer_emit_saved(em, LEVEL));
        fer_privileged_gradients(em, launch);
        fer_launch_out(launch, "out", dx);
        fer_launch_int(launch, side);
        fer_privileged_range(launch, dx);
    }
    return FER_OK;
}

/* ---- softmax_mse ---- */

static enum fer_status softmax_mse_forward(struct fer_emit *em, struct fer_error *err)
{
    (void)err;
    return forward(em, "softmax_mse");
}

static enum fer_status softmax_mse_backward(struct fer_emit *em, struct fer_error *err)
{
    (void)err;
    return backward(em, "softmax_mse_grad", false);
}

const struct fer_layer fer_softmax_mse = { .size = sizeof(struct fer_layer),
                                           .name = "softmax_mse",
                                           .help = "squared distance of the softmax of two logits",
                                           .inputs_min = SIDES,
                                           .inputs_max = SIDES,
                                           .outputs_min = 1,
                                           .outputs = 2,
                                           .flags = FER_LAYER_LOSS,
                                           .shape = logits,
                                           .forward = softmax_mse_forward,
                                           .backward = softmax_mse_backward };

/* ---- loss_inequality ---- */

static enum fer_status inequality_shape(struct fer_op *op, struct fer_error *err)
{
    const struct fer_shape *a = fer_op_input(op, 0), *label = fer_op_input(op, 2);
    char text[64];
    if (label->dtype != FER_I32 || label->rank != 1 || label->batch != a->batch || label->dim[0] != a->dim[0])
        return fer_fail(err, FER_ESHAPE, "the third input must be a label for each sample, but is %s",
                        fer_shape_text(label, text, sizeof text));
    fer_op_classes(op, 2, a->dim[a->rank > 1]);
    return logits(op, err);
}

static enum fer_status inequality_forward(struct fer_emit *em, struct fer_error *err)
{
    (void)err;
    return forward(em, "inequality");
}

static enum fer_status inequality_backward(struct fer_emit *em, struct fer_error *err)
{
    (void)err;
    return backward(em, "inequality_grad", true);
}

const struct fer_layer fer_loss_inequality = {
    .size = sizeof(struct fer_layer),
    .name = "loss_inequality",
    .help = "what the cross entropy of the second logits exceeds that of the first by, sample by sample",
    .inputs_min = SIDES + 1,
    .inputs_max = SIDES + 1,
    .outputs_min = 1,
    .outputs = 2,
    .flags = FER_LAYER_LOSS,
    .shape = inequality_shape,
    .forward = inequality_forward,
    .backward = inequality_backward
};
