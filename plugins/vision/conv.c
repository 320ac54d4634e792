/* SPDX-License-Identifier: Apache-2.0
 *
 * conv2d: parameters, shapes and the choice of solvers.  The work is in conv_*.c.
 */
#include <limits.h>
#include <string.h>

#include "conv.h"
#include "layers.h"
#include "weights.h"

enum { DEPTHWISE = -1 };    /* how the parameter binder stores the name */
enum { STEM_CHANNELS = 4 }; /* inputs of at most so many channels are read plain on a CPU */

struct conv2d {
    int channels, kernel, stride, pad, dilation, groups;
    bool bias;
    int init;
    double std;
    const char *solver;
};

static const char *const depthwise[] = { "depthwise", NULL };
static const struct fer_param *const params[] = {
    FER_PARAM_INT(struct conv2d, channels, NULL, 1, 65536, "output channels"),
    FER_PARAM_INT(struct conv2d, kernel, "3", 1, 31, "side of the square kernel"),
    FER_PARAM_INT(struct conv2d, stride, "1", 1, 31, "step between output pixels"),
    FER_PARAM_INT(struct conv2d, pad, "0", 0, 255, "zeros added at each side"),
    FER_PARAM_INT(struct conv2d, dilation, "1", 1, 63, "step between taps of the kernel"),
    FER_PARAM(FER_TYPE_INT, struct conv2d, groups, "groups", "1", 1, 65536, depthwise,
              "groups of channels that do not see each other; depthwise: one for each input channel"),
    FER_PARAM_BOOL(struct conv2d, bias, "yes", "add a bias per channel"),
    FER_PARAM_ENUM(struct conv2d, init, "kaiming_uniform", weights_init_choices,
                   "how weights start; kaiming_uniform is PyTorch's default, the bias with it; else the bias is zero"),
    FER_PARAM_FLOAT(struct conv2d, std, "0.01", 0, 10, "standard deviation of init=normal"),
    FER_PARAM_STRING(
        struct conv2d, solver, "auto",
        "algorithm to prefer where it applies: auto, stem, winograd, packed, direct, grouped, implicit, winograd2, "
        "depthwise, clblast, generic, or another plugin's, \"plugin.name\""),
    NULL
};

static int groups_of(const struct conv2d *p, int channels)
{
    return p->groups == DEPTHWISE ? channels : p->groups;
}

/* Output pixels along an axis of `size` pixels; 0 or less where the kernel does not fit. */
static int reach(const struct conv2d *p, int size)
{
    const int free = size + 2 * p->pad - p->dilation * (p->kernel - 1) - 1;
    return free < 0 ? 0 : free / p->stride + 1;
}

static enum fer_status check(const struct fer_op *op, const struct conv2d *p, const struct fer_shape *in,
                             struct fer_error *err)
{
    char text[64];
    fer_shape_text(in, text, sizeof text);
    if (in->rank != 4 || in->dtype != FER_F32)
        return fer_fail(err, FER_ESHAPE, "conv2d reads images, f32[channels, height, width], but its input is %s",
                        text);
    const int groups = groups_of(p, in->dim[1]);
    if (in->dim[1] % groups != 0)
        return fer_fail_argument(err, FER_ESHAPE, "groups", "%d input channels cannot be divided into %d groups",
                                 in->dim[1], groups);
    if (p->channels % groups != 0)
        return fer_fail_argument(err, FER_ESHAPE, p->groups == DEPTHWISE ? "channels" : "groups",
                                 "%d output channels cannot be divided into %d groups", p->channels, groups);
    if (reach(p, in->dim[2]) == 0 || reach(p, in->dim[3]) == 0)
        return fer_fail_argument(err, FER_ESHAPE, "kernel",
                                 "a kernel of %d pixels does not fit into %s with %d pixels of padding; use a smaller "
                                 "kernel or more padding",
                                 p->dilation * (p->kernel - 1) + 1, text, p->pad);
    if ((double)in->dim[0] * in->dim[2] * in->dim[3] > INT_MAX / 64)
        return fer_fail(err, FER_ESHAPE, "%d images of %d x %d pixels are too many for one batch", in->dim[0],
                        in->dim[2], in->dim[3]);
    if (strcmp(p->solver, "auto") != 0 && !conv_solver_exists(op, p->solver))
        return fer_fail_argument(err, FER_EINVAL, "solver", "conv2d has no solver called '%s'", p->solver);
    return FER_OK;
}

static enum fer_status shape(struct fer_op *op, struct fer_error *err)
{
    const struct conv2d *p = fer_op_params(op);
    const struct fer_shape *in = fer_op_input(op, 0);
    const enum fer_status status = check(op, p, in, err);
    if (status != FER_OK)
        return status;
    const int inner = in->dim[1] / groups_of(p, in->dim[1]), taps = p->kernel * p->kernel;
    const struct fer_shape out =
        fer_shape_make(in, 3, (int[]){ p->channels, reach(p, in->dim[2]), reach(p, in->dim[3]) });
    const struct weights_fan fan = { (double)inner * taps, (double)p->channels * taps };
    const struct fer_shape w = fer_shape_make(NULL, 4, (int[]){ p->channels, inner, p->kernel, p->kernel });
    const struct fer_shape b = fer_shape_make(NULL, 1, &p->channels);
    fer_op_output(op, 0, &out);
    fer_op_weight(op, "weight", &w, weights_init(p->init, fan, p->std));
    if (p->bias)
        fer_op_weight(op, "bias", &b, weights_init_bias(p->init, fan));
    fer_op_macs(op, (double)out.dim[2] * out.dim[3] * p->channels * inner * taps);
    return FER_OK;
}

static void layout(const struct fer_op *op, enum fer_profile profile, struct fer_layout_wish *wish)
{
    if (profile != FER_PROFILE_CPU)
        return;
    if (fer_op_input(op, 0)->dim[1] > STEM_CHANNELS)
        wish->input[0] = FER_LAYOUT_BLOCKED;
    wish->output[0] = FER_LAYOUT_BLOCKED;
}

static struct conv_call call_of(struct fer_emit *em, struct fer_tensor *x, struct fer_tensor *w,
                                struct fer_tensor *bias, struct fer_tensor *y)
{
    const struct conv2d *p = fer_emit_params(em);
    const struct fer_shape *in = fer_tensor_shape(x), *out = fer_tensor_shape(y);
    return (struct conv_call){ .em = em,
                               .of = { .size = sizeof(struct fer_convolution),
                                       .x = x,
                                       .w = w,
                                       .bias = bias,
                                       .y = y,
                                       .shape = { .n = in->dim[0],
                                                  .c = in->dim[1],
                                                  .h = in->dim[2],
                                                  .w = in->dim[3],
                                                  .k = out->dim[1],
                                                  .oh = out->dim[2],
                                                  .ow = out->dim[3],
                                                  .kernel = p->kernel,
                                                  .stride = p->stride,
                                                  .pad = p->pad,
                                                  .dilation = p->dilation,
                                                  .groups = groups_of(p, in->dim[1]),
                                                  .x = fer_tensor_layout(x),
                                                  .y = fer_tensor_layout(y),
                                                  .profile = fer_emit_profile(em) } },
                               .vec_lanes = fer_emit_vec_lanes(em),
                               .training = fer_emit_training(em) };
}

static enum fer_status forward(struct fer_emit *em, struct fer_error *err)
{
    const struct conv2d *p = fer_emit_params(em);
    const struct fer_epilogue *epilogue = fer_emit_epilogue(em);
    struct fer_tensor *bias = epilogue->bias ? epilogue->bias : p->bias ? fer_emit_weight(em, 1) : NULL;
    struct conv_call call = call_of(em, fer_emit_input(em, 0), fer_emit_weight(em, 0), bias, fer_emit_output(em, 0));
    (void)err;
    call.of.add = epilogue->add;
    call.of.activation = epilogue->activation;
    call.of.slope = epilogue->slope;
    conv_emit(FER_CONVOLUTION_FORWARD, &call, p->solver);
    return FER_OK;
}

static enum fer_status backward(struct fer_emit *em, struct fer_error *err)
{
    const struct conv2d *p = fer_emit_params(em);
    struct fer_tensor *dy = fer_emit_grad_output(em, 0), *dx = fer_emit_grad_input(em, 0);
    struct fer_tensor *dw = fer_emit_grad_weight(em, 0), *db = p->bias ? fer_emit_grad_weight(em, 1) : NULL;
    (void)err;
    if (dx) {
        const struct conv_call call = call_of(em, dx, fer_emit_weight(em, 0), NULL, dy);
        conv_emit(FER_CONVOLUTION_DATA, &call, p->solver);
    }
    if (dw) {
        const struct conv_call call = call_of(em, fer_emit_input(em, 0), dw, NULL, dy);
        conv_emit(FER_CONVOLUTION_WEIGHTS, &call, p->solver);
    }
    if (db)
        conv_bias_emit(em, dy, db);
    return FER_OK;
}

const struct fer_layer fer_conv2d = { .size = sizeof(struct fer_layer),
                                      .name = "conv2d",
                                      .help = "2-D convolution (cross-correlation) of images",
                                      .params = params,
                                      .params_size = sizeof(struct conv2d),
                                      .inputs_min = 1,
                                      .inputs_max = 1,
                                      .outputs_min = 1,
                                      .outputs = 1,
                                      .shape = shape,
                                      .forward = forward,
                                      .backward = backward,
                                      .layout = layout,
                                      .fuses = FER_EPILOGUE_AFFINE | FER_EPILOGUE_ADD | FER_EPILOGUE_ACTIVATIONS };
