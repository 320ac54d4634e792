/* SPDX-License-Identifier: Apache-2.0
 *
 * flatten, reshape, detach: the same memory under another name.
 */
#include "layers.h"
#include "vision.h"

/* ---- flatten ---- */

static enum fer_status flatten_shape(struct fer_op *op, struct fer_error *err)
{
    const struct fer_shape *in = fer_op_input(op, 0);
    if (in->rank < 1)
        return fer_fail(err, FER_ESHAPE, "needs an input with a batch axis");
    const int rest = (int)fer_shape_row(in);
    struct fer_shape out = fer_shape_make(in, 1, &rest);
    out.dtype = in->dtype;
    fer_op_output(op, 0, &out);
    return FER_OK;
}

const struct fer_layer fer_flatten = { .size = sizeof(struct fer_layer),
                                       .name = "flatten",
                                       .help = "all axes but the first become one",
                                       .inputs_min = 1,
                                       .inputs_max = 1,
                                       .outputs_min = 1,
                                       .outputs = 1,
                                       .flags = FER_LAYER_VIEW,
                                       .shape = flatten_shape };

/* ---- reshape ---- */

struct reshape {
    struct fer_ints shape;
};
static const struct fer_param *const reshape_params[] = {
    FER_PARAM_INTS(struct reshape, shape, NULL, -1, 1 << 24,
                   "the axes after the first, [] for none; one may be -1: what remains"),
    NULL
};

static enum fer_status reshape_shape(struct fer_op *op, struct fer_error *err)
{
    const struct reshape *params = fer_op_params(op);
    const struct fer_shape *in = fer_op_input(op, 0);
    const size_t row = fer_shape_row(in);
    int dim[FER_MAX_RANK] = { 0 }, open = -1;
    size_t known = 1;
    char text[64];

    if (params->shape.count >= FER_MAX_RANK)
        return fer_fail_argument(err, FER_EINVAL, "shape", "takes up to %d lengths", FER_MAX_RANK - 1);
    for (int i = 0; i < params->shape.count; i++) {
        dim[i] = params->shape.items[i];
        if (dim[i] == 0 || (dim[i] < 0 && open >= 0))
            return fer_fail_argument(err, FER_EINVAL, "shape", "each length must be 1 or more, and only one may be -1");
        if (dim[i] < 0)
            open = i;
        else if ((known *= (size_t)dim[i]) > row)
            break;
    }
    if (open >= 0 && row % known == 0)
        dim[open] = (int)(row / known);
    if (open >= 0 ? row % known != 0 : known != row)
        return fer_fail_argument(err, FER_ESHAPE, "shape", "the lengths do not hold the %zu elements of %s", row,
                                 fer_shape_text(in, text, sizeof text));
    struct fer_shape out = fer_shape_make(in, params->shape.count, dim);
    out.dtype = in->dtype;
    fer_op_output(op, 0, &out);
    return FER_OK;
}

const struct fer_layer fer_reshape = { .size = sizeof(struct fer_layer),
                                       .name = "reshape",
                                       .help = "the same elements in the same order with other axes",
                                       .params = reshape_params,
                                       .params_size = sizeof(struct reshape),
                                       .inputs_min = 1,
                                       .inputs_max = 1,
                                       .outputs_min = 1,
                                       .outputs = 1,
                                       .flags = FER_LAYER_VIEW,
                                       .shape = reshape_shape };

/* ---- detach ---- */

static enum fer_status detach_shape(struct fer_op *op, struct fer_error *err)
{
    (void)err;
    fer_op_output(op, 0, fer_op_input(op, 0));
    return FER_OK;
}

const struct fer_layer fer_detach = { .size = sizeof(struct fer_layer),
                                      .name = "detach",
                                      .help = "passes its input on and no gradient back",
                                      .inputs_min = 1,
                                      .inputs_max = 1,
                                      .outputs_min = 1,
                                      .outputs = 1,
                                      .flags = FER_LAYER_VIEW | FER_LAYER_STOPS_GRADIENT | FER_LAYER_ANY_LAYOUT,
                                      .shape = detach_shape };
