/* SPDX-License-Identifier: Apache-2.0
 *
 * bce, mse, l1: means over the elements of each sample.
 */
#include "loss.h"

#include "pointwise_cl.h"

static int row_of(const struct fer_emit *em)
{
    return (int)fer_shape_row(fer_tensor_shape(fer_emit_input(em, 0)));
}

/* Both inputs have one number of elements a sample (targets [N] fit predictions [N, 1]). */
static enum fer_status pointwise_shape(struct fer_op *op, struct fer_error *err)
{
    const struct fer_shape *x = fer_op_input(op, 0);
    char text[2][64];
    if (x->dtype != FER_F32)
        return fer_fail(err, FER_ESHAPE, "needs a tensor of floats");
    if (fer_op_inputs(op) > 1) {
        const struct fer_shape *t = fer_op_input(op, 1);
        if (t->batch != x->batch || t->rank < 1 || x->rank < 1 || t->dim[0] != x->dim[0] ||
            fer_shape_row(t) != fer_shape_row(x))
            return fer_fail(err, FER_ESHAPE, "the target is %s and the prediction %s; they must hold as many elements",
                            fer_shape_text(t, text[0], sizeof text[0]), fer_shape_text(x, text[1], sizeof text[1]));
    }
    return fer_loss_shape(op, x, err);
}

static bool alone(const struct fer_emit *em)
{
    return fer_op_inputs(fer_emit_op(em)) == 1;
}

static struct fer_launch *begin(struct fer_emit *em, const char *kernel, const char *loss, const char *of)
{
    struct fer_launch *launch =
        fer_emit_kernel(em, fer_pointwise_cl, kernel, "-D%s -DOF=%s%s", loss, of, alone(em) ? " -DALONE" : "");
    fer_launch_in(launch, "x", fer_emit_input(em, 0));
    if (!alone(em))
        fer_launch_in(launch, "t", fer_emit_input(em, 1));
    return launch;
}

static enum fer_status forward(struct fer_emit *em, const char *loss)
{
    struct fer_launch *launch = begin(em, "pointwise", loss, "DX");
    fer_launch_out(launch, "sample", fer_emit_output(em, 1));
    fer_launch_out(launch, "weight", fer_emit_saved(em, FER_LOSS_WEIGHT));
    fer_launch_int(launch, row_of(em));
    fer_loss_range_rows(launch, fer_emit_input(em, 0));
    fer_loss_mean(em);
    return FER_OK;
}

static enum fer_status backward(struct fer_emit *em, const char *loss)
{
    struct fer_tensor *coef = fer_loss_gradient(em);
    for (int i = 0; i < (alone(em) ? 1 : 2); i++) {
        struct fer_tensor *dx = fer_emit_grad_input(em, i);
        if (!dx)
            continue;
        struct fer_launch *launch = begin(em, "pointwise_grad", loss, i ? "DT" : "DX");
        fer_launch_in(launch, "coef", coef);
        fer_launch_out(launch, "out", dx);
        fer_launch_int(launch, row_of(em));
        fer_launch_cells(em, launch, dx, fer_shape_row(fer_tensor_shape(dx)), 1024);
    }
    return FER_OK;
}

/* ---- bce ---- */

struct bce {
    bool logits;
};
static const struct fer_param *const bce_params[] = {
    FER_PARAM_BOOL(struct bce, logits, "no", "the prediction is logits, not probabilities"), NULL
};

static const char *bce_name(const struct fer_emit *em)
{
    const struct bce *params = fer_emit_params(em);
    return params->logits ? "BCE_LOGITS" : "BCE";
}
static enum fer_status bce_forward(struct fer_emit *em, struct fer_error *err)
{
    (void)err;
    return forward(em, bce_name(em));
}
static enum fer_status bce_backward(struct fer_emit *em, struct fer_error *err)
{
    (void)err;
    return backward(em, bce_name(em));
}

const struct fer_layer fer_bce = { .size = sizeof(struct fer_layer),
                                   .name = "bce",
                                   .help = "binary cross entropy of probabilities (or logits) with targets in [0, 1]",
                                   .params = bce_params,
                                   .params_size = sizeof(struct bce),
                                   .inputs_min = 2,
                                   .inputs_max = 2,
                                   .outputs_min = 1,
                                   .outputs = 2,
                                   .flags = FER_LAYER_LOSS,
                                   .shape = pointwise_shape,
                                   .forward = bce_forward,
                                   .backward = bce_backward };

/* ---- mse, l1 ---- */

#define PLAIN_LOSS(name_, LOSS_, inputs_, help_)                                                                       \
    static enum fer_status name_##_forward(struct fer_emit *em, struct fer_error *err)                                 \
    {                                                                                                                  \
        (void)err;                                                                                                     \
        return forward(em, LOSS_);                                                                                     \
    }                                                                                                                  \
    static enum fer_status name_##_backward(struct fer_emit *em, struct fer_error *err)                                \
    {                                                                                                                  \
        (void)err;                                                                                                     \
        return backward(em, LOSS_);                                                                                    \
    }                                                                                                                  \
    const struct fer_layer fer_##name_ = { .size = sizeof(struct fer_layer),                                           \
                                           .name = #name_,                                                             \
                                           .help = help_,                                                              \
                                           .inputs_min = inputs_,                                                      \
                                           .inputs_max = 2,                                                            \
                                           .outputs_min = 1,                                                           \
                                           .outputs = 2,                                                               \
                                           .flags = FER_LAYER_LOSS,                                                    \
                                           .shape = pointwise_shape,                                                   \
                                           .forward = name_##_forward,                                                 \
                                           .backward = name_##_backward }

PLAIN_LOSS(mse, "MSE", 2, "mean of squared differences");
PLAIN_LOSS(l1, "L1", 1, "mean of absolute differences, or of |x| with one input");
