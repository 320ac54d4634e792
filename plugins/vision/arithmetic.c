/* SPDX-License-Identifier: Apache-2.0
 *
 * add, sub, mul, scale.
 */
#include "layers.h"
#include "vision.h"

#include "arithmetic_cl.h"

enum { LEAST = 512 };

/* Axes along which `small` is stretched to `large`. */
static unsigned stretched(const struct fer_shape *small, const struct fer_shape *large)
{
    unsigned over = 0;
    for (int i = 0; i < large->rank && i < 4; i++)
        if (small->dim[i] != large->dim[i])
            over |= 1u << i;
    return over;
}

/* The result has the shape of the operand that no other exceeds; the others have that length or 1 on every axis. */
static enum fer_status operands_shape(struct fer_op *op, struct fer_error *err)
{
    const int count = fer_op_inputs(op);
    const struct fer_shape *out = fer_op_input(op, 0);
    char text[2][64];

    for (int i = 1; i < count; i++)
        if (fer_shape_count(fer_op_input(op, i)) > fer_shape_count(out))
            out = fer_op_input(op, i);
    if (out->rank > 4)
        return fer_fail(err, FER_ESHAPE, "takes tensors of up to 4 axes");
    for (int i = 0; i < count; i++) {
        const struct fer_shape *in = fer_op_input(op, i);
        bool fits = in->rank == out->rank && in->dtype == FER_F32 && (in->batch == out->batch || in->dim[0] == 1);
        for (int k = 0; fits && k < out->rank; k++)
            fits = in->dim[k] == out->dim[k] || in->dim[k] == 1;
        if (!fits)
            return fer_fail(err, FER_ESHAPE, "input %d is %s, which does not fit %s (each axis must be equal or 1)",
                            i + 1, fer_shape_text(in, text[0], sizeof text[0]),
                            fer_shape_text(out, text[1], sizeof text[1]));
    }
    fer_op_output(op, 0, out);
    return FER_OK;
}

static bool same_shape(const struct fer_tensor *a, const struct fer_tensor *b)
{
    return !stretched(fer_tensor_shape(a), fer_tensor_shape(b));
}

static void range(struct fer_emit *em, struct fer_launch *launch, const struct fer_tensor *out)
{
    fer_launch_cells(em, launch, out, fer_row_cells(out), LEAST);
}

/* out = a + sign b */
static void sum(struct fer_emit *em, struct fer_tensor *a, struct fer_tensor *b, struct fer_tensor *out, double sign,
                bool relu)
{
    const bool same = same_shape(a, out) && same_shape(b, out);
    struct fer_launch *launch = fer_emit_kernel(em, fer_arithmetic_cl, same ? "sum" : "sum_stretched",
                                                "-DFER_LANES=%d%s", fer_lanes(out), relu ? " -DRELU" : "");
    if (same)
        fer_launch_any_precision(launch);
    fer_launch_in(launch, "a", a);
    fer_launch_in(launch, "b", b);
    fer_launch_out(launch, "out", out);
    fer_launch_float(launch, sign);
    range(em, launch, out);
}

/* out = factor x + shift */
static void affine(struct fer_emit *em, struct fer_tensor *x, struct fer_tensor *out, double factor, double shift)
{
    struct fer_launch *launch = fer_vision_pointwise(em, fer_arithmetic_cl, "affine", x, NULL, out);
    fer_launch_float(launch, factor);
    fer_launch_float(launch, shift);
    range(em, launch, out);
}

/* ---- add ---- */

static bool fused(const struct fer_emit *em)
{
    return fer_emit_activation(em) == FER_ACTIVATION_RELU;
}

static enum fer_status add_forward(struct fer_emit *em, struct fer_error *err)
{
    const int count = fer_op_inputs(fer_emit_op(em));
    struct fer_tensor *out = fer_emit_output(em, 0), *so_far = fer_emit_input(em, 0);
    (void)err;
    if (count == 1)
        affine(em, so_far, out, 1, 0);
    for (int i = 1; i < count; i++) {
        const bool last = i == count - 1;
        struct fer_tensor *to = last ? out : fer_emit_temp(em, fer_tensor_shape(out), fer_tensor_layout(out));
        sum(em, so_far, fer_emit_input(em, i), to, 1, last && fused(em));
        so_far = to;
    }
    return FER_OK;
}

/* dy where the fused ReLU let the sum through; *second, when not NULL, receives the same. */
static void pass_relu(struct fer_emit *em, struct fer_tensor *first, struct fer_tensor *second)
{
    struct fer_launch *launch = fer_emit_kernel(em, fer_arithmetic_cl, second ? "sum_grad" : "masked",
                                                "-DFER_LANES=%d -DRELU", fer_lanes(first));
    fer_launch_in(launch, "y", fer_emit_output(em, 0));
    fer_launch_in(launch, "dy", fer_emit_grad_output(em, 0));
    fer_launch_out(launch, "out", first);
    if (second)
        fer_launch_out(launch, "out2", second);
    range(em, launch, first);
}

static enum fer_status add_backward(struct fer_emit *em, struct fer_error *err)
{
    const int count = fer_op_inputs(fer_emit_op(em));
    struct fer_tensor *dy = fer_emit_grad_output(em, 0), *whole[2] = { NULL, NULL };
    (void)err;
    if (fused(em)) {
        int n = 0;
        for (int i = 0; i < count && n < 2; i++) {
            struct fer_tensor *dx = fer_emit_grad_input(em, i);
            if (dx && same_shape(dx, dy))
                whole[n++] = dx;
        }
        if (!n)
            whole[0] = fer_emit_temp(em, fer_tensor_shape(dy), fer_tensor_layout(dy));
        pass_relu(em, whole[0], whole[1]);
        dy = whole[0];
    }
    for (int i = 0; i < count; i++) {
        struct fer_tensor *dx = fer_emit_grad_input(em, i);
        if (!dx || dx == whole[0] || dx == whole[1])
            continue;
        if (same_shape(dx, dy))
            affine(em, dy, dx, 1, 0);
        else
            fer_vision_sum(em, dy, NULL, dx, stretched(fer_tensor_shape(dx), fer_tensor_shape(dy)), 1);
    }
    return FER_OK;
}

const struct fer_layer fer_add = { .size = sizeof(struct fer_layer),
                                   .name = "add",
                                   .help = "sum of its inputs; [N,C,1,1] and [N,1,H,W] are stretched to [N,C,H,W]",
                                   .inputs_min = 1,
                                   .inputs_max = 16,
                                   .outputs_min = 1,
                                   .outputs = 1,
                                   .flags = FER_LAYER_ANY_LAYOUT | FER_LAYER_IN_PLACE | FER_LAYER_FUSES_ACTIVATION |
                                            FER_LAYER_PASSES_GRADIENT | FER_LAYER_SUM,
                                   .shape = operands_shape,
                                   .forward = add_forward,
                                   .backward = add_backward };

/* ---- sub ---- */

static enum fer_status sub_forward(struct fer_emit *em, struct fer_error *err)
{
    (void)err;
    sum(em, fer_emit_input(em, 0), fer_emit_input(em, 1), fer_emit_output(em, 0), -1, false);
    return FER_OK;
}

static enum fer_status sub_backward(struct fer_emit *em, struct fer_error *err)
{
    struct fer_tensor *dy = fer_emit_grad_output(em, 0);
    (void)err;
    for (int i = 0; i < 2; i++) {
        struct fer_tensor *dx = fer_emit_grad_input(em, i);
        const double sign = i ? -1 : 1;
        if (dx && same_shape(dx, dy))
            affine(em, dy, dx, sign, 0);
        else if (dx)
            fer_vision_sum(em, dy, NULL, dx, stretched(fer_tensor_shape(dx), fer_tensor_shape(dy)), sign);
    }
    return FER_OK;
}

const struct fer_layer fer_sub = { .size = sizeof(struct fer_layer),
                                   .name = "sub",
                                   .help = "first input minus the second, either stretched where it has length 1",
                                   .inputs_min = 2,
                                   .inputs_max = 2,
                                   .outputs_min = 1,
                                   .outputs = 1,
                                   .flags = FER_LAYER_ANY_LAYOUT,
                                   .shape = operands_shape,
                                   .forward = sub_forward,
                                   .backward = sub_backward };

/* ---- mul ---- */

static void product(struct fer_emit *em, struct fer_tensor *a, struct fer_tensor *b, struct fer_tensor *out)
{
    struct fer_launch *launch = fer_emit_kernel(em, fer_arithmetic_cl, "product", "-DFER_LANES=%d", fer_lanes(out));
    fer_launch_in(launch, "a", a);
    fer_launch_in(launch, "b", b);
    fer_launch_out(launch, "out", out);
    range(em, launch, out);
}

static enum fer_status mul_forward(struct fer_emit *em, struct fer_error *err)
{
    (void)err;
    product(em, fer_emit_input(em, 0), fer_emit_input(em, 1), fer_emit_output(em, 0));
    return FER_OK;
}

static enum fer_status mul_backward(struct fer_emit *em, struct fer_error *err)
{
    struct fer_tensor *dy = fer_emit_grad_output(em, 0);
    (void)err;
    for (int i = 0; i < 2; i++) {
        struct fer_tensor *dx = fer_emit_grad_input(em, i), *other = fer_emit_input(em, 1 - i);
        if (!dx)
            continue;
        if (same_shape(dx, dy)) {
            product(em, dy, other, dx);
            continue;
        }
        /* dx is stretched, so it sums dy times other; where other is stretched too, their product is made first. */
        const unsigned over = stretched(fer_tensor_shape(dx), fer_tensor_shape(dy));
        if (same_shape(other, dy)) {
            fer_vision_sum(em, dy, other, dx, over, 1);
        } else {
            struct fer_tensor *whole = fer_emit_temp(em, fer_tensor_shape(dy), fer_tensor_layout(dy));
            product(em, dy, other, whole);
            fer_vision_sum(em, whole, NULL, dx, over, 1);
        }
    }
    return FER_OK;
}

const struct fer_layer fer_mul = { .size = sizeof(struct fer_layer),
                                   .name = "mul",
                                   .help = "product of two inputs, either stretched where it has length 1",
                                   .inputs_min = 2,
                                   .inputs_max = 2,
                                   .outputs_min = 1,
                                   .outputs = 1,
                                   .flags = FER_LAYER_ANY_LAYOUT,
                                   .shape = operands_shape,
                                   .forward = mul_forward,
                                   .backward = mul_backward };

/* ---- scale ---- */

struct scale {
    double factor, shift;
};
static const struct fer_param *const scale_params[] = {
    FER_PARAM_FLOAT(struct scale, factor, NULL, -1e30, 1e30, "what to multiply with"),
    FER_PARAM_FLOAT(struct scale, shift, "0", -1e30, 1e30, "what to add then"), NULL
};

static enum fer_status scale_forward(struct fer_emit *em, struct fer_error *err)
{
    const struct scale *params = fer_emit_params(em);
    (void)err;
    affine(em, fer_emit_input(em, 0), fer_emit_output(em, 0), params->factor, params->shift);
    return FER_OK;
}

static enum fer_status scale_backward(struct fer_emit *em, struct fer_error *err)
{
    const struct scale *params = fer_emit_params(em);
    struct fer_tensor *dx = fer_emit_grad_input(em, 0);
    (void)err;
    if (dx)
        affine(em, fer_emit_grad_output(em, 0), dx, params->factor, 0);
    return FER_OK;
}

const struct fer_layer fer_scale = { .size = sizeof(struct fer_layer),
                                     .name = "scale",
                                     .help = "factor times x plus shift",
                                     .params = scale_params,
                                     .params_size = sizeof(struct scale),
                                     .inputs_min = 1,
                                     .inputs_max = 1,
                                     .outputs_min = 1,
                                     .outputs = 1,
                                     .flags = FER_LAYER_ANY_LAYOUT | FER_LAYER_IN_PLACE,
                                     .shape = fer_shape_same,
                                     .forward = scale_forward,
                                     .backward = scale_backward };
