/* SPDX-License-Identifier: Apache-2.0
 *
 * gather, channel_shuffle: channels in another order.
 */
#include "layers.h"
#include "vision.h"

#include <stdlib.h>

#include "gather_cl.h"

/* ---- gather ---- */

struct gather {
    struct fer_ints index;
};
static const struct fer_param *const gather_params[] = {
    FER_PARAM_INTS(struct gather, index, NULL, 0, 1 << 20, "channels to take, in the order wanted, repeats allowed"),
    NULL
};

static enum fer_status gather_shape(struct fer_op *op, struct fer_error *err)
{
    const struct gather *params = fer_op_params(op);
    struct fer_shape out = *fer_op_input(op, 0);
    enum fer_status status = fer_vision_rank(op, 0, 2, 4, "the input", err);
    if (status)
        return status;
    if (params->index.count < 1)
        return fer_fail_argument(err, FER_EINVAL, "index", "takes at least one channel");
    for (int i = 0; i < params->index.count; i++)
        if (params->index.items[i] >= out.dim[1])
            return fer_fail_argument(err, FER_ESHAPE, "index", "channel %d does not exist: the input has %d",
                                     params->index.items[i], out.dim[1]);
    out.dim[1] = params->index.count;
    fer_op_output(op, 0, &out);
    return FER_OK;
}

static enum fer_status gather(struct fer_emit *em, const char *kernel, struct fer_tensor *x, struct fer_tensor *out,
                              struct fer_error *err)
{
    const struct gather *params = fer_emit_params(em);
    const int count = params->index.count;
    const struct fer_shape shape = fer_shape_make(NULL, 1, &count);
    float *index = malloc((size_t)count * sizeof(*index));
    char key[64];
    if (!index)
        return fer_fail(err, FER_ENOMEM, "out of memory for a list of channels");
    for (int i = 0; i < count; i++)
        index[i] = (float)params->index.items[i];
    snprintf(key, sizeof key, "gather %p", (const void *)params->index.items); /* lives as long as the graph */
    struct fer_tensor *indexes = fer_emit_constant(em, key, &shape, index);
    free(index);
    struct fer_launch *launch = fer_emit_kernel(em, fer_gather_cl, kernel, "%s", "");
    fer_launch_in(launch, "x", x);
    fer_launch_in(launch, "index", indexes);
    fer_launch_out(launch, "out", out);
    fer_launch_cells(em, launch, out, fer_row_cells(out), 1024);
    return FER_OK;
}

static enum fer_status gather_forward(struct fer_emit *em, struct fer_error *err)
{
    return gather(em, "gather", fer_emit_input(em, 0), fer_emit_output(em, 0), err);
}

static enum fer_status gather_backward(struct fer_emit *em, struct fer_error *err)
{
    struct fer_tensor *dx = fer_emit_grad_input(em, 0);
    return dx ? gather(em, "gather_grad", fer_emit_grad_output(em, 0), dx, err) : FER_OK;
}

const struct fer_layer fer_gather = { .size = sizeof(struct fer_layer),
                                      .name = "gather",
                                      .help = "channels by a list",
                                      .params = gather_params,
                                      .params_size = sizeof(struct gather),
                                      .inputs_min = 1,
                                      .inputs_max = 1,
                                      .outputs_min = 1,
                                      .outputs = 1,
                                      .shape = gather_shape,
                                      .forward = gather_forward,
                                      .backward = gather_backward };

/* ---- channel_shuffle: Zhang et al., ShuffleNet (2018) ---- */

struct shuffle {
    int groups;
};
static const struct fer_param *const shuffle_params[] = {
    FER_PARAM_INT(struct shuffle, groups, NULL, 1, 65536, "groups that are mixed"), NULL
};

static enum fer_status shuffle_shape(struct fer_op *op, struct fer_error *err)
{
    const struct shuffle *params = fer_op_params(op);
    enum fer_status status = fer_vision_rank(op, 0, 2, 4, "the input", err);
    if (status)
        return status;
    if (fer_op_input(op, 0)->dim[1] % params->groups)
        return fer_fail_argument(err, FER_ESHAPE, "groups", "%d channels do not divide into %d groups",
                                 fer_op_input(op, 0)->dim[1], params->groups);
    fer_op_output(op, 0, fer_op_input(op, 0));
    return FER_OK;
}

static void shuffle(struct fer_emit *em, struct fer_tensor *x, struct fer_tensor *out, int groups)
{
    struct fer_launch *launch = fer_emit_kernel(em, fer_gather_cl, "shuffle_channels", "%s", "");
    fer_launch_in(launch, "x", x);
    fer_launch_out(launch, "out", out);
    fer_launch_int(launch, groups);
    fer_launch_int(launch, fer_vision_tail(out));
    fer_launch_cells(em, launch, out, fer_shape_row(fer_tensor_shape(out)), 1024);
}

static enum fer_status shuffle_forward(struct fer_emit *em, struct fer_error *err)
{
    const struct shuffle *params = fer_emit_params(em);
    (void)err;
    shuffle(em, fer_emit_input(em, 0), fer_emit_output(em, 0), params->groups);
    return FER_OK;
}

/* The other way round is the shuffle with as many groups as each group had channels. */
static enum fer_status shuffle_backward(struct fer_emit *em, struct fer_error *err)
{
    const struct shuffle *params = fer_emit_params(em);
    struct fer_tensor *dx = fer_emit_grad_input(em, 0);
    (void)err;
    if (dx)
        shuffle(em, fer_emit_grad_output(em, 0), dx, fer_tensor_shape(dx)->dim[1] / params->groups);
    return FER_OK;
}

const struct fer_layer fer_channel_shuffle = { .size = sizeof(struct fer_layer),
                                               .name = "channel_shuffle",
                                               .help = "channels c of g groups in the order 0, C/g, 2C/g, ..., 1, ...",
                                               .params = shuffle_params,
                                               .params_size = sizeof(struct shuffle),
                                               .inputs_min = 1,
                                               .inputs_max = 1,
                                               .outputs_min = 1,
                                               .outputs = 1,
                                               .flags = FER_LAYER_ANY_LAYOUT,
                                               .shape = shuffle_shape,
                                               .forward = shuffle_forward,
                                               .backward = shuffle_backward };
