/* SPDX-License-Identifier: Apache-2.0
 *
 * relu, leaky_relu, prelu, sigmoid, tanh.
 */
#include "layers.h"
#include "vision.h"

#include "activation_cl.h"

enum { LEAST = 512 }; /* cells of a CPU work-group: fewer cost more than they gain */

static void range(struct fer_emit *em, struct fer_launch *launch, const struct fer_tensor *out)
{
    fer_launch_cells(em, launch, out, fer_row_cells(out), LEAST);
}

/* forward: dy NULL, out = y; backward: out = dx. */
static enum fer_status emit(struct fer_emit *em, const char *kernel, struct fer_tensor *x, struct fer_tensor *dy,
                            struct fer_tensor *out)
{
    if (out)
        range(em, fer_vision_pointwise(em, fer_activation_cl, kernel, x, dy, out), out);
    return FER_OK;
}

#define FORWARD(name, kernel)                                                                                          \
    static enum fer_status name##_forward(struct fer_emit *em, struct fer_error *err)                                  \
    {                                                                                                                  \
        (void)err;                                                                                                     \
        return emit(em, kernel, fer_emit_input(em, 0), NULL, fer_emit_output(em, 0));                                  \
    }
/* The gradient of these is written in terms of their output. */
#define BACKWARD(name, kernel)                                                                                         \
    static enum fer_status name##_backward(struct fer_emit *em, struct fer_error *err)                                 \
    {                                                                                                                  \
        (void)err;                                                                                                     \
        return emit(em, kernel, fer_emit_output(em, 0), fer_emit_grad_output(em, 0), fer_emit_grad_input(em, 0));      \
    }
#define LAYER(name_, help_, ...)                                                                                       \
    const struct fer_layer fer_##name_ = { .size = sizeof(struct fer_layer),                                           \
                                           .name = #name_,                                                             \
                                           .help = help_,                                                              \
                                           .inputs_min = 1,                                                            \
                                           .inputs_max = 1,                                                            \
                                           .outputs_min = 1,                                                           \
                                           .outputs = 1,                                                               \
                                           __VA_ARGS__ }

FORWARD(relu, "relu")
BACKWARD(relu, "relu_grad")
LAYER(relu, "max(x, 0)", .flags = FER_LAYER_ANY_LAYOUT | FER_LAYER_IN_PLACE, .shape = fer_shape_same,
      .forward = relu_forward, .backward = relu_backward, .activation = FER_ACTIVATION_RELU);

FORWARD(sigmoid, "sigmoid")
BACKWARD(sigmoid, "sigmoid_grad")
LAYER(sigmoid, "1 / (1 + exp(-x))", .flags = FER_LAYER_ANY_LAYOUT | FER_LAYER_IN_PLACE, .shape = fer_shape_same,
      .forward = sigmoid_forward, .backward = sigmoid_backward);

FORWARD(tanh, "tangent")
BACKWARD(tanh, "tangent_grad")
LAYER(tanh, "hyperbolic tangent", .flags = FER_LAYER_ANY_LAYOUT | FER_LAYER_IN_PLACE, .shape = fer_shape_same,
      .forward = tanh_forward, .backward = tanh_backward);

/* ---- leaky_relu ---- */

struct leaky {
    double slope;
};
static const struct fer_param *const leaky_params[] = {
    FER_PARAM_FLOAT(struct leaky, slope, "0.01", 0, 1000, "factor of negative inputs"), NULL
};

static double leaky_slope(const void *params)
{
    return ((const struct leaky *)params)->slope;
}

static enum fer_status leaky(struct fer_emit *em, const char *kernel, struct fer_tensor *dy, struct fer_tensor *out)
{
    const struct leaky *params = fer_emit_params(em);
    struct fer_launch *launch = fer_vision_pointwise(em, fer_activation_cl, kernel, fer_emit_input(em, 0), dy, out);
    fer_launch_float(launch, params->slope);
    range(em, launch, out);
    return FER_OK;
}

static enum fer_status leaky_forward(struct fer_emit *em, struct fer_error *err)
{
    (void)err;
    return leaky(em, "leaky", NULL, fer_emit_output(em, 0));
}

static enum fer_status leaky_backward(struct fer_emit *em, struct fer_error *err)
{
    struct fer_tensor *dx = fer_emit_grad_input(em, 0);
    (void)err;
    return dx ? leaky(em, "leaky_grad", fer_emit_grad_output(em, 0), dx) : FER_OK;
}

LAYER(leaky_relu, "x where positive, else slope times x", .params = leaky_params, .params_size = sizeof(struct leaky),
      .flags = FER_LAYER_ANY_LAYOUT | FER_LAYER_IN_PLACE, .shape = fer_shape_same, .forward = leaky_forward,
      .backward = leaky_backward, .activation = FER_ACTIVATION_LEAKY_RELU, .slope = leaky_slope);

/* ---- prelu: He et al., Delving deep into rectifiers (2015) ---- */

enum { EACH_CHANNEL = -1 };
struct prelu {
    int slopes;
    double init;
};
static const char *const prelu_slopes[] = { "channels", NULL };
static const struct fer_param *const prelu_params[] = {
    FER_PARAM(FER_TYPE_INT, struct prelu, slopes, "slopes", "1", 1, 1, prelu_slopes,
              "1: one slope; channels: one a channel"),
    FER_PARAM_FLOAT(struct prelu, init, "0.25", -1000, 1000, "the slopes' first value"), NULL
};

static enum fer_status prelu_shape(struct fer_op *op, struct fer_error *err)
{
    const struct prelu *params = fer_op_params(op);
    enum fer_status status = fer_vision_rank(op, 0, 2, 4, "the input", err);
    if (status)
        return status;
    const int slopes = params->slopes == EACH_CHANNEL ? fer_op_input(op, 0)->dim[1] : 1;
    const struct fer_shape weight = fer_shape_make(NULL, 1, &slopes);
    fer_op_weight(op, "weight", &weight, (struct fer_init){ FER_INIT_CONSTANT, params->init, 0 });
    fer_op_output(op, 0, fer_op_input(op, 0));
    return FER_OK;
}

static void prelu(struct fer_emit *em, const char *kernel, struct fer_tensor *dy, struct fer_tensor *out)
{
    struct fer_launch *launch = fer_emit_kernel(em, fer_activation_cl, kernel, "-DFER_LANES=%d", fer_lanes(out));
    fer_launch_in(launch, "x", fer_emit_input(em, 0));
    fer_launch_in(launch, "slope", fer_emit_weight(em, 0));
    if (dy)
        fer_launch_in(launch, "dy", dy);
    fer_launch_out(launch, "out", out);
    range(em, launch, out);
}

static enum fer_status prelu_forward(struct fer_emit *em, struct fer_error *err)
{
    (void)err;
    prelu(em, "prelu", NULL, fer_emit_output(em, 0));
    return FER_OK;
}

static enum fer_status prelu_backward(struct fer_emit *em, struct fer_error *err)
{
    struct fer_tensor *x = fer_emit_input(em, 0), *dy = fer_emit_grad_output(em, 0);
    struct fer_tensor *dx = fer_emit_grad_input(em, 0), *dslope = fer_emit_grad_weight(em, 0);
    (void)err;
    if (dx)
        prelu(em, "prelu_grad", dy, dx);
    if (dslope) {
        const struct fer_shape *shape = fer_tensor_shape(x);
        const int channels = shape->dim[1];
        const struct fer_shape row = fer_shape_make(shape, 1, &channels);
        struct fer_tensor *each = fer_emit_temp(em, shape, fer_tensor_layout(x));
        struct fer_tensor *rows = fer_emit_temp(em, &row, FER_LAYOUT_PLAIN);
        emit(em, "prelu_slope", x, dy, each);
        fer_vision_sum(em, each, NULL, rows, FER_OVER_H | FER_OVER_W, 1);
        const bool one = fer_tensor_shape(dslope)->dim[0] == 1;
        fer_vision_sum(em, rows, NULL, dslope, one ? FER_OVER_N | FER_OVER_C : FER_OVER_N, 1);
    }
    return FER_OK;
}

LAYER(prelu, "x where positive, else a learned slope times x", .params = prelu_params,
      .params_size = sizeof(struct prelu), .flags = FER_LAYER_ANY_LAYOUT, .shape = prelu_shape,
      .forward = prelu_forward, .backward = prelu_backward);
