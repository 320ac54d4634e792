/* SPDX-License-Identifier: Apache-2.0
 *
 * gate: eq. 4 of the paper.
 */
#include "double_channel.h"

#include "gate_cl.h"

enum { ZERO, SOFT };
static const char *const aboves[] = { "zero", "soft", NULL };
enum { LEAST = 256 };

struct gate {
    double threshold;
    int above;
};
static const struct fer_param *const params_table[] = {
    FER_PARAM_FLOAT(struct gate, threshold, "0.5", 0, 1, "probability from which on a region counts as covered"),
    FER_PARAM_ENUM(struct gate, above, "zero", aboves,
                   "what covered regions are multiplied with outside of training: zero, or soft: 1 - p"),
    NULL
};

enum fer_status fer_double_channel_map(const struct fer_op *op, int i, struct fer_error *err)
{
    const struct fer_shape *in = fer_op_input(op, i);
    char text[64];
    if (in->rank == 4 && in->dtype == FER_F32)
        return FER_OK;
    return fer_fail(err, FER_ESHAPE, "reads maps, f32[channels, height, width], but input %d is %s", i + 1,
                    fer_shape_text(in, text, sizeof text));
}

static enum fer_status shape(struct fer_op *op, struct fer_error *err)
{
    const struct fer_shape *x = fer_op_input(op, 0), *p = fer_op_input(op, 1);
    char text[2][64];
    enum fer_status status = fer_double_channel_map(op, 0, err);
    if (!status)
        status = fer_double_channel_map(op, 1, err);
    if (status)
        return status;
    const struct fer_shape fits = fer_shape_make(x, 3, (const int[]){ 1, x->dim[2], x->dim[3] });
    if (!fer_shape_equal(p, &fits))
        return fer_fail(err, FER_ESHAPE, "the probabilities are %s, but maps of %s need one channel of as many pixels",
                        fer_shape_text(p, text[0], sizeof text[0]), fer_shape_text(x, text[1], sizeof text[1]));
    fer_op_output(op, 0, x);
    return FER_OK;
}

/* A launch with its form, its inputs x and p. */
static struct fer_launch *begin(struct fer_emit *em, const char *kernel, struct fer_tensor *x, int lanes)
{
    const struct gate *params = fer_emit_params(em);
    const char *form = fer_emit_training(em) ? "-DTRAINING" : params->above == SOFT ? "-DSOFT" : "";
    struct fer_launch *launch = fer_emit_kernel(em, fer_gate_cl, kernel, "-DFER_LANES=%d %s", lanes, form);
    fer_launch_in(launch, "x", x);
    fer_launch_in(launch, "p", fer_emit_input(em, 1));
    return launch;
}

static void apply(struct fer_emit *em, struct fer_tensor *x, struct fer_tensor *out)
{
    const struct gate *params = fer_emit_params(em);
    struct fer_launch *launch = begin(em, "gate", x, fer_lanes(out));
    fer_launch_out(launch, "out", out);
    fer_launch_float(launch, params->threshold);
    fer_launch_cells(em, launch, out, fer_row_cells(out), LEAST);
}

static enum fer_status forward(struct fer_emit *em, struct fer_error *err)
{
    (void)err;
    apply(em, fer_emit_input(em, 0), fer_emit_output(em, 0));
    return FER_OK;
}

static enum fer_status backward(struct fer_emit *em, struct fer_error *err)
{
    const struct gate *params = fer_emit_params(em);
    struct fer_tensor *dy = fer_emit_grad_output(em, 0), *dx = fer_emit_grad_input(em, 0),
                      *dp = fer_emit_grad_input(em, 1);
    (void)err;
    if (dx)
        apply(em, dy, dx);
    if (dp) {
        struct fer_launch *launch = begin(em, "gate_grad", fer_emit_input(em, 0), 1);
        fer_launch_in(launch, "dy", dy);
        fer_launch_out(launch, "out", dp);
        fer_launch_float(launch, params->threshold);
        fer_launch_int(launch, fer_lanes(dp) == 1 ? 0 : FER_BLOCK - 1);
        fer_launch_cells(em, launch, dp, fer_shape_row(fer_tensor_shape(dp)), 16);
    }
    return FER_OK;
}

const struct fer_layer fer_gate = {
    .size = sizeof(struct fer_layer),
    .name = "gate",
    .help = "a map times 1 - p in training; outside of it regions are let through or not by a threshold",
    .params = params_table,
    .params_size = sizeof(struct gate),
    .inputs_min = 2,
    .inputs_max = 2,
    .outputs_min = 1,
    .outputs = 1,
    .flags = FER_LAYER_ANY_LAYOUT,
    .shape = shape,
    .forward = forward,
    .backward = backward
};
