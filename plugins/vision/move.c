/* SPDX-License-Identifier: Apache-2.0
 *
 * concat, slice, pad: boxes of channels, rows and columns that are moved.
 */
#include "layers.h"
#include "vision.h"

#include "move_cl.h"

/* A box of channels, rows and columns, and where it lies in two tensors. */
struct box {
    int size[3], from[3], to[3];
};

static void move(struct fer_emit *em, struct fer_tensor *x, struct fer_tensor *out, const struct box *box, bool whole)
{
    const size_t lanes = (size_t)fer_lanes(out);
    const size_t cells = ((size_t)box->size[0] + lanes - 1) / lanes * (size_t)box->size[1] * (size_t)box->size[2];
    struct fer_launch *launch = fer_emit_kernel(em, fer_move_cl, "move", "-DFER_LANES=%d", fer_lanes(out));
    fer_launch_in(launch, "x", x);
    (whole ? fer_launch_out : fer_launch_inout)(launch, "out", out);
    for (int i = 0; i < 3; i++)
        fer_launch_int(launch, box->size[i]);
    for (int i = 0; i < 3; i++)
        fer_launch_int(launch, box->from[i]);
    for (int i = 0; i < 3; i++)
        fer_launch_int(launch, box->to[i]);
    fer_launch_cells(em, launch, out, cells, 256);
}

void fer_vision_set(struct fer_emit *em, struct fer_tensor *out, double value)
{
    struct fer_launch *launch = fer_emit_kernel(em, fer_move_cl, "set", "-DFER_LANES=%d", fer_lanes(out));
    fer_launch_out(launch, "out", out);
    fer_launch_float(launch, value);
    fer_launch_cells(em, launch, out, fer_row_cells(out), 512);
}

/* The box of all of a tensor. */
static struct box box_of(const struct fer_tensor *tensor)
{
    const struct fer_shape *shape = fer_tensor_shape(tensor);
    return (struct box){ .size = { fer_axis(shape, 1), fer_axis(shape, 2), fer_axis(shape, 3) } };
}

/* ---- concat ---- */

static enum fer_status concat_shape(struct fer_op *op, struct fer_error *err)
{
    const struct fer_shape *first = fer_op_input(op, 0);
    struct fer_shape out = *first;
    char text[2][64];
    enum fer_status status = fer_vision_rank(op, 0, 2, 4, "the first input", err);
    if (status)
        return status;
    for (int i = 1; i < fer_op_inputs(op); i++) {
        const struct fer_shape *in = fer_op_input(op, i);
        bool fits = in->rank == first->rank && in->dtype == FER_F32 && in->batch == first->batch;
        for (int k = 0; fits && k < in->rank; k++)
            fits = k == 1 || in->dim[k] == first->dim[k];
        if (!fits)
            return fer_fail(err, FER_ESHAPE, "input %d is %s and the first %s; only channels may differ", i + 1,
                            fer_shape_text(in, text[0], sizeof text[0]),
                            fer_shape_text(first, text[1], sizeof text[1]));
        out.dim[1] += in->dim[1];
    }
    fer_op_output(op, 0, &out);
    return FER_OK;
}

static enum fer_status concat_forward(struct fer_emit *em, struct fer_error *err)
{
    const int count = fer_op_inputs(fer_emit_op(em));
    int channel = 0;
    (void)err;
    for (int i = 0; i < count; i++) {
        struct fer_tensor *x = fer_emit_input(em, i);
        struct box box = box_of(x);
        box.to[0] = channel;
        channel += box.size[0];
        move(em, x, fer_emit_output(em, 0), &box, i == 0);
    }
    return FER_OK;
}

static enum fer_status concat_backward(struct fer_emit *em, struct fer_error *err)
{
    const int count = fer_op_inputs(fer_emit_op(em));
    int channel = 0;
    (void)err;
    for (int i = 0; i < count; i++) {
        struct fer_tensor *dx = fer_emit_grad_input(em, i);
        const struct fer_shape *shape = fer_op_input(fer_emit_op(em), i);
        if (dx) {
            struct box box = box_of(dx);
            box.from[0] = channel;
            move(em, fer_emit_grad_output(em, 0), dx, &box, true);
        }
        channel += shape->dim[1];
    }
    return FER_OK;
}

/* Blocked only where every part begins with a block; then lanes move together. */
static void concat_layout(const struct fer_op *op, enum fer_profile profile, struct fer_layout_wish *wish)
{
    const int count = fer_op_inputs(op);
    bool whole = profile == FER_PROFILE_CPU && fer_op_input(op, 0)->rank == 4;
    for (int i = 0; whole && i < count; i++)
        whole = fer_op_input(op, i)->dim[1] % FER_BLOCK == 0 || i == count - 1;
    for (int i = 0; whole && i < count && i < 16; i++)
        wish->input[i] = FER_LAYOUT_BLOCKED;
    if (whole)
        wish->output[0] = FER_LAYOUT_BLOCKED;
}

const struct fer_layer fer_concat = { .size = sizeof(struct fer_layer),
                                      .name = "concat",
                                      .help = "its inputs' channels one after another",
                                      .inputs_min = 1,
                                      .inputs_max = 16,
                                      .outputs_min = 1,
                                      .outputs = 1,
                                      .shape = concat_shape,
                                      .forward = concat_forward,
                                      .backward = concat_backward,
                                      .layout = concat_layout };

/* ---- slice ---- */

struct slice {
    int from, to, axis;
};
static const struct fer_param *const slice_params[] = {
    FER_PARAM_INT(struct slice, from, NULL, 0, 1 << 24, "first index"),
    FER_PARAM_INT(struct slice, to, "0", -(1 << 24), 1 << 24, "index past the last; 0: the end, -1: all but the last"),
    FER_PARAM_INT(struct slice, axis, "1", 1, 3, "1 channels, 2 rows, 3 columns"), NULL
};

static enum fer_status slice_shape(struct fer_op *op, struct fer_error *err)
{
    const struct slice *params = fer_op_params(op);
    struct fer_shape out = *fer_op_input(op, 0);
    enum fer_status status = fer_vision_rank(op, 0, 2, 4, "the input", err);
    if (status)
        return status;
    if (params->axis >= out.rank)
        return fer_fail_argument(err, FER_ESHAPE, "axis", "axis %d does not exist: the input has %d axes", params->axis,
                                 out.rank);
    const int length = out.dim[params->axis], to = params->to > 0 ? params->to : length + params->to;
    if (to > length || to <= params->from)
        return fer_fail_argument(err, FER_ESHAPE, "to", "from %d to %d is no part of an axis of %d", params->from, to,
                                 length);
    out.dim[params->axis] = to - params->from;
    fer_op_output(op, 0, &out);
    return FER_OK;
}

static enum fer_status slice_forward(struct fer_emit *em, struct fer_error *err)
{
    const struct slice *params = fer_emit_params(em);
    struct fer_tensor *y = fer_emit_output(em, 0);
    struct box box = box_of(y);
    (void)err;
    box.from[params->axis - 1] = params->from;
    move(em, fer_emit_input(em, 0), y, &box, true);
    return FER_OK;
}

static enum fer_status slice_backward(struct fer_emit *em, struct fer_error *err)
{
    const struct slice *params = fer_emit_params(em);
    struct fer_tensor *dy = fer_emit_grad_output(em, 0), *dx = fer_emit_grad_input(em, 0);
    struct box box = box_of(dy);
    (void)err;
    if (!dx)
        return FER_OK;
    box.to[params->axis - 1] = params->from;
    fer_vision_set(em, dx, 0);
    move(em, dy, dx, &box, false);
    return FER_OK;
}

/* Blocked unless the part begins within a block. */
static void slice_layout(const struct fer_op *op, enum fer_profile profile, struct fer_layout_wish *wish)
{
    const struct slice *params = fer_op_params(op);
    if (profile == FER_PROFILE_CPU && (params->axis != 1 || params->from % FER_BLOCK == 0))
        wish->input[0] = wish->output[0] = FER_LAYOUT_BLOCKED;
}

const struct fer_layer fer_slice = { .size = sizeof(struct fer_layer),
                                     .name = "slice",
                                     .help = "a range of channels, rows or columns",
                                     .params = slice_params,
                                     .params_size = sizeof(struct slice),
                                     .inputs_min = 1,
                                     .inputs_max = 1,
                                     .outputs_min = 1,
                                     .outputs = 1,
                                     .shape = slice_shape,
                                     .forward = slice_forward,
                                     .backward = slice_backward,
                                     .layout = slice_layout };

/* ---- pad ---- */

struct pad {
    struct fer_ints sides;
    double value;
};
static const struct fer_param *const pad_params[] = {
    FER_PARAM_INTS(struct pad, sides, NULL, 0, 4096, "[left, right, top, bottom], or one number for all"),
    FER_PARAM_FLOAT(struct pad, value, "0", -1e30, 1e30, "what the border holds"), NULL
};

static int side(const struct pad *params, int i)
{
    return params->sides.items[params->sides.count == 1 ? 0 : i];
}

static enum fer_status pad_shape(struct fer_op *op, struct fer_error *err)
{
    const struct pad *params = fer_op_params(op);
    struct fer_shape out = *fer_op_input(op, 0);
    enum fer_status status = fer_vision_rank(op, 0, 4, 4, "the input", err);
    if (status)
        return status;
    if (params->sides.count != 1 && params->sides.count != 4)
        return fer_fail_argument(err, FER_EINVAL, "sides", "takes [left, right, top, bottom], or one number for all");
    out.dim[3] += side(params, 0) + side(params, 1);
    out.dim[2] += side(params, 2) + side(params, 3);
    fer_op_output(op, 0, &out);
    return FER_OK;
}

static enum fer_status pad_forward(struct fer_emit *em, struct fer_error *err)
{
    const struct pad *params = fer_emit_params(em);
    struct fer_tensor *x = fer_emit_input(em, 0), *y = fer_emit_output(em, 0);
    struct box box = box_of(x);
    (void)err;
    box.to[1] = side(params, 2);
    box.to[2] = side(params, 0);
    fer_vision_set(em, y, params->value);
    move(em, x, y, &box, false);
    return FER_OK;
}

static enum fer_status pad_backward(struct fer_emit *em, struct fer_error *err)
{
    const struct pad *params = fer_emit_params(em);
    struct fer_tensor *dx = fer_emit_grad_input(em, 0);
    (void)err;
    if (!dx)
        return FER_OK;
    struct box box = box_of(dx);
    box.from[1] = side(params, 2);
    box.from[2] = side(params, 0);
    move(em, fer_emit_grad_output(em, 0), dx, &box, true);
    return FER_OK;
}

const struct fer_layer fer_pad = { .size = sizeof(struct fer_layer),
                                   .name = "pad",
                                   .help = "a border around each plane",
                                   .params = pad_params,
                                   .params_size = sizeof(struct pad),
                                   .inputs_min = 1,
                                   .inputs_max = 1,
                                   .outputs_min = 1,
                                   .outputs = 1,
                                   .flags = FER_LAYER_ANY_LAYOUT,
                                   .shape = pad_shape,
                                   .forward = pad_forward,
                                   .backward = pad_backward };
