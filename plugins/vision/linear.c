/* SPDX-License-Identifier: Apache-2.0
 *
 * linear: y = x Wᵀ + b.  Inputs of rank 3 and more are flattened, as a classifier's head wants them.
 */
#include <limits.h>

#include "conv.h"
#include "gemm.h"
#include "layers.h"
#include "weights.h"

struct linear {
    int features;
    bool bias;
    int init;
    double std;
};

static const struct fer_param *const params[] = {
    FER_PARAM_INT(struct linear, features, NULL, 1, 1 << 20, "output features"),
    FER_PARAM_BOOL(struct linear, bias, "yes", "add a bias per feature"),
    FER_PARAM_ENUM(struct linear, init, "kaiming_uniform", weights_init_choices,
                   "how weights start; kaiming_uniform is PyTorch's default, the bias with it; else the bias is zero"),
    FER_PARAM_FLOAT(struct linear, std, "0.01", 0, 10, "standard deviation of init=normal"), NULL
};

static enum fer_status shape(struct fer_op *op, struct fer_error *err)
{
    const struct linear *p = fer_op_params(op);
    const struct fer_shape *in = fer_op_input(op, 0);
    const size_t inputs = in->rank > 0 ? fer_shape_row(in) : 0;
    char text[64];
    fer_shape_text(in, text, sizeof text);
    if (in->rank < 2 || in->dtype != FER_F32)
        return fer_fail(err, FER_ESHAPE, "linear reads f32[features] of every sample, but its input is %s", text);
    if (inputs > (size_t)INT_MAX / (size_t)p->features)
        return fer_fail_argument(err, FER_ESHAPE, "features", "%zu inputs by %d features are too many weights", inputs,
                                 p->features);
    const struct weights_fan fan = { (double)inputs, p->features };
    const struct fer_shape out = fer_shape_make(in, 1, &p->features);
    const struct fer_shape w = fer_shape_make(NULL, 2, (int[]){ p->features, (int)inputs });
    const struct fer_shape b = fer_shape_make(NULL, 1, &p->features);
    fer_op_output(op, 0, &out);
    fer_op_weight(op, "weight", &w, weights_init(p->init, fan, p->std));
    if (p->bias)
        fer_op_weight(op, "bias", &b, weights_init_bias(p->init, fan));
    fer_op_macs(op, (double)inputs * p->features);
    return FER_OK;
}

static enum fer_status forward(struct fer_emit *em, struct fer_error *err)
{
    const struct linear *p = fer_emit_params(em);
    struct fer_tensor *x = fer_emit_input(em, 0), *w = fer_emit_weight(em, 0), *folded = fer_emit_epilogue(em)->bias;
    const int inputs = fer_tensor_shape(w)->dim[1];
    (void)err;
    gemm_emit(em, &(struct fer_product){ .size = sizeof(struct fer_product),
                                         .a = { x, inputs, 1, 0 },
                                         .b = { w, 1, inputs, 0 },
                                         .c = fer_emit_output(em, 0),
                                         .bias = folded    ? folded
                                                 : p->bias ? fer_emit_weight(em, 1)
                                                           : NULL,
                                         .columns = p->features,
                                         .depth = inputs });
    return FER_OK;
}

static enum fer_status backward(struct fer_emit *em, struct fer_error *err)
{
    const struct linear *p = fer_emit_params(em);
    struct fer_tensor *x = fer_emit_input(em, 0), *w = fer_emit_weight(em, 0), *dy = fer_emit_grad_output(em, 0);
    struct fer_tensor *dx = fer_emit_grad_input(em, 0), *dw = fer_emit_grad_weight(em, 0);
    struct fer_tensor *db = p->bias ? fer_emit_grad_weight(em, 1) : NULL;
    const int inputs = fer_tensor_shape(w)->dim[1];
    (void)err;
    if (dx) /* dx = dy W */
        gemm_emit(em, &(struct fer_product){ .size = sizeof(struct fer_product),
                                             .a = { dy, p->features, 1, 0 },
                                             .b = { w, inputs, 1, 0 },
                                             .c = dx,
                                             .columns = inputs,
                                             .depth = p->features });
    if (dw) /* dW = dyᵀ x: the depth is the batch */
        gemm_emit(em, &(struct fer_product){ .size = sizeof(struct fer_product),
                                             .a = { dy, 1, p->features, 0 },
                                             .b = { x, inputs, 1, 0 },
                                             .c = dw,
                                             .rows = p->features,
                                             .columns = inputs });
    if (db)
        conv_bias_emit(em, dy, db);
    return FER_OK;
}

const struct fer_layer fer_linear = { .size = sizeof(struct fer_layer),
                                      .name = "linear",
                                      .help = "every output feature is a weighted sum of all inputs of its sample",
                                      .params = params,
                                      .params_size = sizeof(struct linear),
                                      .inputs_min = 1,
                                      .inputs_max = 1,
                                      .outputs_min = 1,
                                      .outputs = 1,
                                      .shape = shape,
                                      .forward = forward,
                                      .backward = backward,
                                      .fuses = FER_EPILOGUE_AFFINE };
