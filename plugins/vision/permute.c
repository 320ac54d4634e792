/* SPDX-License-Identifier: Apache-2.0
 *
 * permute: the axes behind the batch in another order.
 */
#include "layers.h"
#include "vision.h"

#include "permute_cl.h"

struct permute {
    struct fer_ints order;
};
static const struct fer_param *const permute_params[] = {
    FER_PARAM_INTS(struct permute, order, NULL, 1, FER_MAX_RANK - 1,
                   "which axis of the input comes first, second, ... behind the batch, as PyTorch's permute(0, ...)"),
    NULL
};

static enum fer_status permute_shape(struct fer_op *op, struct fer_error *err)
{
    const struct permute *params = fer_op_params(op);
    const struct fer_shape *in = fer_op_input(op, 0);
    int dim[FER_MAX_RANK] = { 0 };
    unsigned seen = 0;
    enum fer_status status = fer_vision_rank(op, 0, 2, 4, "the input", err);
    if (status)
        return status;
    for (int i = 0; i < params->order.count && i < in->rank; i++) {
        const int axis = params->order.items[i];
        seen |= 1u << axis;
        dim[i] = fer_axis(in, axis);
    }
    if (params->order.count != in->rank - 1 || seen != (1u << in->rank) - 2)
        return fer_fail_argument(err, FER_ESHAPE, "order", "the input's axes 1 to %d must each stand in it once",
                                 in->rank - 1);
    const struct fer_shape out = fer_shape_make(in, in->rank - 1, dim);
    fer_op_output(op, 0, &out);
    return FER_OK;
}

/* out[.., i_k, ..] = x at i_k steps of step[k], whichever of the two has the axes in order. */
static void permute(struct fer_emit *em, struct fer_tensor *x, struct fer_tensor *out, const int step[3])
{
    struct fer_launch *launch = fer_emit_kernel(em, fer_permute_cl, "permute", "%s", "");
    fer_launch_in(launch, "x", x);
    fer_launch_out(launch, "out", out);
    for (int i = 0; i < 3; i++)
        fer_launch_int(launch, step[i]);
    fer_launch_cells(em, launch, out, fer_shape_row(fer_tensor_shape(out)), 1024);
}

/* Elements from one index of axis `axis` to the next in a row of `shape`. */
static int step_of(const struct fer_shape *shape, int axis)
{
    int step = 1;
    for (int i = axis + 1; i < shape->rank; i++)
        step *= shape->dim[i];
    return step;
}

static enum fer_status permute_forward(struct fer_emit *em, struct fer_error *err)
{
    const struct permute *params = fer_emit_params(em);
    const struct fer_shape *in = fer_op_input(fer_emit_op(em), 0);
    int step[3] = { 0 };
    (void)err;
    for (int i = 0; i < params->order.count; i++)
        step[i] = step_of(in, params->order.items[i]);
    permute(em, fer_emit_input(em, 0), fer_emit_output(em, 0), step);
    return FER_OK;
}

static enum fer_status permute_backward(struct fer_emit *em, struct fer_error *err)
{
    const struct permute *params = fer_emit_params(em);
    struct fer_tensor *dy = fer_emit_grad_output(em, 0), *dx = fer_emit_grad_input(em, 0);
    int step[3] = { 0 };
    (void)err;
    for (int i = 0; dx && i < params->order.count; i++)
        step[params->order.items[i] - 1] = step_of(fer_tensor_shape(dy), i + 1);
    if (dx)
        permute(em, dy, dx, step);
    return FER_OK;
}

const struct fer_layer fer_permute = { .size = sizeof(struct fer_layer),
                                       .name = "permute",
                                       .help = "the axes behind the batch in another order",
                                       .params = permute_params,
                                       .params_size = sizeof(struct permute),
                                       .inputs_min = 1,
                                       .inputs_max = 1,
                                       .outputs_min = 1,
                                       .outputs = 1,
                                       .shape = permute_shape,
                                       .forward = permute_forward,
                                       .backward = permute_backward };
