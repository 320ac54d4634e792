/* SPDX-License-Identifier: Apache-2.0
 *
 * upsample, resize, resize_like.
 */
#include "layers.h"
#include "vision.h"

#include "resize_cl.h"

enum { NEAREST, BILINEAR, AREA };
static const char *const modes[] = { "nearest", "bilinear", "area", NULL };

/* What the three layers have in common; the first members of each one's parameters. */
struct mode {
    int mode;
    bool align_corners;
};

static enum fer_status declare(struct fer_op *op, const struct mode *mode, int height, int width, struct fer_error *err)
{
    struct fer_shape out = *fer_op_input(op, 0);
    if (mode->align_corners && mode->mode != BILINEAR)
        return fer_fail_argument(err, FER_EINVAL, "align_corners", "only mode=bilinear can align corners");
    out.dim[2] = height;
    out.dim[3] = width;
    fer_op_output(op, 0, &out);
    return FER_OK;
}

/* Inputs per output on an axis.  With a scale, its inverse, even where the result was rounded down (as PyTorch). */
static double ratio_of(const struct mode *mode, int in, int out, double scale)
{
    if (mode->align_corners)
        return out > 1 ? (double)(in - 1) / (out - 1) : 0;
    return scale > 0 ? 1 / scale : (double)in / out;
}

/* Resize x to out; backward x is the gradient of the layer's result and out that of its input. */
static void emit(struct fer_emit *em, const struct mode *mode, double scale, bool backward, struct fer_tensor *x,
                 struct fer_tensor *out)
{
    static const char *const options[] = { "-DNEAREST", "-DBILINEAR", "-DAREA" };
    const struct fer_shape *in = fer_tensor_shape(backward ? out : x), *to = fer_tensor_shape(backward ? x : out);
    struct fer_launch *launch =
        fer_emit_kernel(em, fer_resize_cl, backward ? "resize_grad" : "resize", "-DFER_LANES=%d %s%s", fer_lanes(out),
                        options[mode->mode], mode->align_corners ? " -DALIGN" : "");
    fer_launch_in(launch, backward ? "dy" : "x", x);
    fer_launch_out(launch, "out", out);
    fer_launch_float(launch, ratio_of(mode, in->dim[2], to->dim[2], scale));
    fer_launch_float(launch, ratio_of(mode, in->dim[3], to->dim[3], scale));
    fer_launch_cells(em, launch, out, fer_row_cells(out), 128);
}

static enum fer_status forward(struct fer_emit *em, const struct mode *mode, double scale)
{
    emit(em, mode, scale, false, fer_emit_input(em, 0), fer_emit_output(em, 0));
    return FER_OK;
}

static enum fer_status backward(struct fer_emit *em, const struct mode *mode, double scale)
{
    struct fer_tensor *dx = fer_emit_grad_input(em, 0);
    if (dx)
        emit(em, mode, scale, true, fer_emit_grad_output(em, 0), dx);
    return FER_OK;
}

#define MODE_PARAMS(s, mode_default)                                                                                   \
    FER_PARAM(FER_TYPE_ENUM, s, mode.mode, "mode", mode_default, 0, 0, modes, "nearest, bilinear or area"),            \
        FER_PARAM(FER_TYPE_BOOL, s, mode.align_corners, "align_corners", "no", 0, 1, NULL,                             \
                  "bilinear: the corner pixels' centres stay corners")

/* ---- upsample ---- */

struct upsample {
    struct mode mode;
    double scale;
    struct fer_ints size;
};
static const struct fer_param *const upsample_params[] = {
    FER_PARAM_FLOAT(struct upsample, scale, "0", 0, 64, "factor of both sides"),
    FER_PARAM_INTS(struct upsample, size, "", 1, 16384, "instead of a scale: [rows, columns], or one number for both"),
    MODE_PARAMS(struct upsample, "nearest"), NULL
};

static enum fer_status upsample_shape(struct fer_op *op, struct fer_error *err)
{
    const struct upsample *params = fer_op_params(op);
    enum fer_status status = fer_vision_rank(op, 0, 4, 4, "the input", err);
    if (status)
        return status;
    const struct fer_shape *in = fer_op_input(op, 0);
    if ((params->scale > 0) == (params->size.count > 0) || params->size.count > 2)
        return fer_fail_argument(err, FER_EINVAL, "scale", "needs either scale= or size=[rows, columns]");
    if (params->size.count)
        return declare(op, &params->mode, params->size.items[0], params->size.items[params->size.count - 1], err);
    const double height = in->dim[2] * params->scale, width = in->dim[3] * params->scale;
    if (height < 1 || width < 1 || height > 16384 || width > 16384)
        return fer_fail_argument(err, FER_ESHAPE, "scale", "scale=%g makes planes of %g x %g; 1 to 16384 are allowed",
                                 params->scale, height, width);
    return declare(op, &params->mode, (int)height, (int)width, err);
}

static enum fer_status upsample_forward(struct fer_emit *em, struct fer_error *err)
{
    const struct upsample *params = fer_emit_params(em);
    (void)err;
    return forward(em, &params->mode, params->scale);
}

static enum fer_status upsample_backward(struct fer_emit *em, struct fer_error *err)
{
    const struct upsample *params = fer_emit_params(em);
    (void)err;
    return backward(em, &params->mode, params->scale);
}

const struct fer_layer fer_upsample = { .size = sizeof(struct fer_layer),
                                        .name = "upsample",
                                        .help = "larger (or smaller) planes by a factor or to a size",
                                        .params = upsample_params,
                                        .params_size = sizeof(struct upsample),
                                        .inputs_min = 1,
                                        .inputs_max = 1,
                                        .outputs_min = 1,
                                        .outputs = 1,
                                        .flags = FER_LAYER_ANY_LAYOUT,
                                        .shape = upsample_shape,
                                        .forward = upsample_forward,
                                        .backward = upsample_backward };

/* ---- resize ---- */

struct resize {
    struct mode mode;
    struct fer_ints size;
};
static const struct fer_param *const resize_params[] = { FER_PARAM_INTS(struct resize, size, NULL, 1, 16384,
                                                                        "[rows, columns], or [side]"),
                                                         MODE_PARAMS(struct resize, "bilinear"), NULL };

static enum fer_status resize_shape(struct fer_op *op, struct fer_error *err)
{
    const struct resize *params = fer_op_params(op);
    enum fer_status status = fer_vision_rank(op, 0, 4, 4, "the input", err);
    if (status)
        return status;
    if (params->size.count < 1 || params->size.count > 2)
        return fer_fail_argument(err, FER_EINVAL, "size", "takes [rows, columns], or [side]");
    return declare(op, &params->mode, params->size.items[0], params->size.items[params->size.count - 1], err);
}

static enum fer_status resize_forward(struct fer_emit *em, struct fer_error *err)
{
    const struct resize *params = fer_emit_params(em);
    (void)err;
    return forward(em, &params->mode, 0);
}

static enum fer_status resize_backward(struct fer_emit *em, struct fer_error *err)
{
    const struct resize *params = fer_emit_params(em);
    (void)err;
    return backward(em, &params->mode, 0);
}

const struct fer_layer fer_resize = { .size = sizeof(struct fer_layer),
                                      .name = "resize",
                                      .help = "planes of a given size; mode=area averages",
                                      .params = resize_params,
                                      .params_size = sizeof(struct resize),
                                      .inputs_min = 1,
                                      .inputs_max = 1,
                                      .outputs_min = 1,
                                      .outputs = 1,
                                      .flags = FER_LAYER_ANY_LAYOUT,
                                      .shape = resize_shape,
                                      .forward = resize_forward,
                                      .backward = resize_backward };

/* ---- resize_like ---- */

struct resize_like {
    struct mode mode;
};
static const struct fer_param *const resize_like_params[] = { MODE_PARAMS(struct resize_like, "bilinear"), NULL };

static enum fer_status resize_like_shape(struct fer_op *op, struct fer_error *err)
{
    const struct resize_like *params = fer_op_params(op);
    enum fer_status status = fer_vision_rank(op, 0, 4, 4, "the first input", err);
    if (!status)
        status = fer_vision_rank(op, 1, 4, 4, "the second input", err);
    if (status)
        return status;
    return declare(op, &params->mode, fer_op_input(op, 1)->dim[2], fer_op_input(op, 1)->dim[3], err);
}

static enum fer_status resize_like_forward(struct fer_emit *em, struct fer_error *err)
{
    const struct resize_like *params = fer_emit_params(em);
    (void)err;
    return forward(em, &params->mode, 0);
}

/* The second input lends its size only. */
static enum fer_status resize_like_backward(struct fer_emit *em, struct fer_error *err)
{
    const struct resize_like *params = fer_emit_params(em);
    struct fer_tensor *dlike = fer_emit_grad_input(em, 1);
    (void)err;
    if (dlike)
        fer_vision_set(em, dlike, 0);
    return backward(em, &params->mode, 0);
}

const struct fer_layer fer_resize_like = { .size = sizeof(struct fer_layer),
                                           .name = "resize_like",
                                           .help = "the first input resized to the rows and columns of the second",
                                           .params = resize_like_params,
                                           .params_size = sizeof(struct resize_like),
                                           .inputs_min = 2,
                                           .inputs_max = 2,
                                           .outputs_min = 1,
                                           .outputs = 1,
                                           .flags = FER_LAYER_ANY_LAYOUT,
                                           .shape = resize_like_shape,
                                           .forward = resize_like_forward,
                                           .backward = resize_like_backward };
