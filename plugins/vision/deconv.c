/* SPDX-License-Identifier: Apache-2.0
 *
 * deconv2d: the transposed convolution (PyTorch's ConvTranspose2d).  Its forward pass is the DATA pass of the
 * convolution that leads from its output back to its input, and the other way round; the solvers are conv2d's.
 */
#include <limits.h>
#include <string.h>

#include "conv.h"
#include "layers.h"
#include "weights.h"

struct deconv2d {
    int channels, kernel, stride, pad, output_pad, dilation, groups;
    bool bias;
    int init;
    double std;
    const char *solver;
};

static const struct fer_param *const params[] = {
    FER_PARAM_INT(struct deconv2d, channels, NULL, 1, 65536, "output channels"),
    FER_PARAM_INT(struct deconv2d, kernel, "3", 1, 31, "side of the square kernel"),
    FER_PARAM_INT(struct deconv2d, stride, "1", 1, 31, "how many times the output is larger than the input, about"),
    FER_PARAM_INT(struct deconv2d, pad, "0", 0, 255, "pixels taken off at each side of the output"),
    FER_PARAM_INT(struct deconv2d, output_pad, "0", 0, 30,
                  "pixels added to the output's bottom and right; less than stride"),
    FER_PARAM_INT(struct deconv2d, dilation, "1", 1, 63, "step between taps of the kernel"),
    FER_PARAM_INT(struct deconv2d, groups, "1", 1, 65536, "groups of channels that do not see each other"),
    FER_PARAM_BOOL(struct deconv2d, bias, "yes", "add a bias per channel"),
    FER_PARAM_ENUM(struct deconv2d, init, "kaiming_uniform", weights_init_choices,
                   "how weights start; kaiming_uniform is PyTorch's default, the bias with it; else the bias is zero"),
    FER_PARAM_FLOAT(struct deconv2d, std, "0.01", 0, 10, "standard deviation of init=normal"),
    FER_PARAM_STRING(struct deconv2d, solver, "auto", "algorithm to prefer where it applies; see conv2d"),
    NULL
};

/* Output pixels along an axis of `size` pixels. */
static int reach(const struct deconv2d *p, int size)
{
    return (size - 1) * p->stride - 2 * p->pad + p->dilation * (p->kernel - 1) + p->output_pad + 1;
}

static enum fer_status check(const struct fer_op *op, const struct deconv2d *p, const struct fer_shape *in,
                             struct fer_error *err)
{
    char text[64];
    fer_shape_text(in, text, sizeof text);
    if (in->rank != 4 || in->dtype != FER_F32)
        return fer_fail(err, FER_ESHAPE, "deconv2d reads images, f32[channels, height, width], but its input is %s",
                        text);
    if (in->dim[1] % p->groups != 0 || p->channels % p->groups != 0)
        return fer_fail_argument(err, FER_ESHAPE, "groups",
                                 "%d input and %d output channels cannot both be divided into %d groups", in->dim[1],
                                 p->channels, p->groups);
    if (p->output_pad >= p->stride && p->output_pad >= p->dilation)
        return fer_fail_argument(err, FER_EINVAL, "output_pad", "output_pad=%d must be less than the stride, %d",
                                 p->output_pad, p->stride);
    if ((double)in->dim[2] * p->stride > 65536 || (double)in->dim[3] * p->stride > 65536)
        return fer_fail_argument(err, FER_ESHAPE, "stride", "stride %d makes an image of %s too large", p->stride,
                                 text);
    const int height = reach(p, in->dim[2]), width = reach(p, in->dim[3]);
    if (height <= 0 || width <= 0)
        return fer_fail_argument(err, FER_ESHAPE, "pad", "padding of %d leaves nothing of the output of %s", p->pad,
                                 text);
    if ((double)in->dim[0] * height * width > INT_MAX / 64)
        return fer_fail(err, FER_ESHAPE, "%d images of %d x %d pixels are too many for one batch", in->dim[0], height,
                        width);
    if (strcmp(p->solver, "auto") != 0 && !conv_solver_exists(op, p->solver))
        return fer_fail_argument(err, FER_EINVAL, "solver", "deconv2d has no solver called '%s'", p->solver);
    return FER_OK;
}

static enum fer_status shape(struct fer_op *op, struct fer_error *err)
{
    const struct deconv2d *p = fer_op_params(op);
    const struct fer_shape *in = fer_op_input(op, 0);
    const enum fer_status status = check(op, p, in, err);
    if (status != FER_OK)
        return status;
    const int outer = p->channels / p->groups, taps = p->kernel * p->kernel;
    const struct fer_shape out =
        fer_shape_make(in, 3, (int[]){ p->channels, reach(p, in->dim[2]), reach(p, in->dim[3]) });
    /* PyTorch takes the fan from the second axis of the weight, whatever it means. */
    const struct weights_fan fan = { (double)outer * taps, (double)in->dim[1] * taps };
    const struct fer_shape w = fer_shape_make(NULL, 4, (int[]){ in->dim[1], outer, p->kernel, p->kernel });
    const struct fer_shape b = fer_shape_make(NULL, 1, &p->channels);
    fer_op_output(op, 0, &out);
    fer_op_weight(op, "weight", &w, weights_init(p->init, fan, p->std));
    if (p->bias)
        fer_op_weight(op, "bias", &b, weights_init_bias(p->init, fan));
    fer_op_macs(op, (double)in->dim[1] * in->dim[2] * in->dim[3] * outer * taps);
    return FER_OK;
}

static void layout(const struct fer_op *op, enum fer_profile profile, struct fer_layout_wish *wish)
{
    (void)op;
    if (profile != FER_PROFILE_CPU)
        return;
    wish->input[0] = FER_LAYOUT_BLOCKED;
    wish->output[0] = FER_LAYOUT_BLOCKED;
}

/* The convolution whose input is our output (or its gradient) and whose output is our input. */
static struct conv_call call_of(struct fer_emit *em, struct fer_tensor *input, struct fer_tensor *w,
                                struct fer_tensor *output)
{
    const struct deconv2d *p = fer_emit_params(em);
    const struct fer_shape *x = fer_tensor_shape(output), *y = fer_tensor_shape(input);
    return (struct conv_call){ .em = em,
                               .of = { .size = sizeof(struct fer_convolution),
                                       .x = output,
                                       .w = w,
                                       .y = input,
                                       .shape = { .n = x->dim[0],
                                                  .c = x->dim[1],
                                                  .h = x->dim[2],
                                                  .w = x->dim[3],
                                                  .k = y->dim[1],
                                                  .oh = y->dim[2],
                                                  .ow = y->dim[3],
                                                  .kernel = p->kernel,
                                                  .stride = p->stride,
                                                  .pad = p->pad,
                                                  .dilation = p->dilation,
                                                  .groups = p->groups,
                                                  .x = fer_tensor_layout(output),
                                                  .y = fer_tensor_layout(input),
                                                  .profile = fer_emit_profile(em) } },
                               .vec_lanes = fer_emit_vec_lanes(em),
                               .training = fer_emit_training(em) };
}

static enum fer_status forward(struct fer_emit *em, struct fer_error *err)
{
    const struct deconv2d *p = fer_emit_params(em);
    const struct conv_call call = call_of(em, fer_emit_input(em, 0), fer_emit_weight(em, 0), fer_emit_output(em, 0));
    (void)err;
    conv_emit(FER_CONVOLUTION_DATA, &call, p->solver);
    if (p->bias)
        conv_bias_add_emit(em, fer_emit_weight(em, 1), fer_emit_output(em, 0));
    return FER_OK;
}

static enum fer_status backward(struct fer_emit *em, struct fer_error *err)
{
    const struct deconv2d *p = fer_emit_params(em);
    struct fer_tensor *dy = fer_emit_grad_output(em, 0), *dx = fer_emit_grad_input(em, 0);
    struct fer_tensor *dw = fer_emit_grad_weight(em, 0), *db = p->bias ? fer_emit_grad_weight(em, 1) : NULL;
    (void)err;
    if (dx) {
        const struct conv_call call = call_of(em, dx, fer_emit_weight(em, 0), dy);
        conv_emit(FER_CONVOLUTION_FORWARD, &call, p->solver);
    }
    if (dw) {
        const struct conv_call call = call_of(em, fer_emit_input(em, 0), dw, dy);
        conv_emit(FER_CONVOLUTION_WEIGHTS, &call, p->solver);
    }
    if (db)
        conv_bias_emit(em, dy, db);
    return FER_OK;
}

const struct fer_layer fer_deconv2d = { .size = sizeof(struct fer_layer),
                                        .name = "deconv2d",
                                        .help = "2-D transposed convolution, which enlarges images",
                                        .params = params,
                                        .params_size = sizeof(struct deconv2d),
                                        .inputs_min = 1,
                                        .inputs_max = 1,
                                        .outputs_min = 1,
                                        .outputs = 1,
                                        .shape = shape,
                                        .forward = forward,
                                        .backward = backward,
                                        .layout = layout };
