/* SPDX-License-Identifier: Apache-2.0
 *
 * route: what choose how=select gives, where only the network that was chosen for a picture runs on it.
 */
#include "path_selection.h"

#include "choose_cl.h"
#include "route_cl.h"

struct route {
    struct fer_nets nets;
    struct fer_int_lists labels;
    bool softmax;
};
static const struct fer_param *const params_table[] = {
    FER_PARAM(FER_TYPE_NETS, struct route, nets, "nets", NULL, 0, 0, NULL,
              "one for each group; each yields a number for each of its classes"),
    FER_PARAM(FER_TYPE_INT_LISTS, struct route, labels, "labels", NULL, 0, 65535, NULL,
              "the classes of each net, in the order of its outputs: [[0, 1, 2], [3, 4]]"),
    FER_PARAM_BOOL(struct route, softmax, "yes", "the nets yield logits; no: they yield probabilities"), NULL
};

static const struct fer_nets *nets(const void *params)
{
    return &((const struct route *)params)->nets;
}

/* ---- the decision: the first of the likeliest groups ---- */

static enum fer_status decision_shape(struct fer_op *op, struct fer_error *err)
{
    const struct route *params = fer_op_params(op);
    const struct fer_shape *b = fer_op_input(op, 0);
    const int groups = params->labels.count;
    int classes;
    char text[64];
    const enum fer_status status = fer_groups_check(op, &params->labels, &classes, err);
    if (status)
        return status;
    if (params->nets.count != groups)
        return fer_fail_argument(err, FER_EINVAL, "nets", "%d nets for %d groups of labels; name one for each group",
                                 params->nets.count, groups);
    if (b->dtype != FER_F32 || b->rank != 2 || b->batch < 1 || b->dim[1] != groups)
        return fer_fail(err, FER_ESHAPE,
                        "input 1 is %s, but must hold a probability for each of the %d groups; give the net "
                        "that decides %d outputs",
                        fer_shape_text(b, text, sizeof text), groups, groups);
    struct fer_shape index = fer_shape_make(b, 0, NULL);
    index.dtype = FER_I32;
    fer_op_output(op, 0, &index);
    return FER_OK;
}

static enum fer_status decision_forward(struct fer_emit *em, struct fer_error *err)
{
    struct fer_launch *launch = fer_emit_kernel(em, fer_choose_cl, "path", "%s", "");
    (void)err;
    fer_launch_in(launch, "b", fer_emit_input(em, 0));
    fer_launch_out(launch, "chosen", fer_emit_output(em, 0));
    fer_launch_range_1d(launch, fer_extent_rows(fer_emit_output(em, 0), 1, 1));
    return FER_OK;
}

const struct fer_layer fer_route = {
    .size = sizeof(struct fer_layer),
    .name = "route",
    .help = "what choose how=select gives, where each picture runs through the network of its likeliest group alone; "
            "inputs are the groups' probabilities, then what the networks get; nothing is trained through it",
    .params = params_table,
    .params_size = sizeof(struct route),
    .inputs_min = 2,
    .inputs_max = 16,
    .outputs_min = 1,
    .outputs = 2,
    .shape = decision_shape,
    .forward = decision_forward
};

/* ---- the join ---- */

enum { B, DECISION, FIRST }; /* its inputs; then the nets' */

static enum fer_status join_shape(struct fer_op *op, struct fer_error *err)
{
    const struct route *params = fer_op_params(op);
    int classes = 0;
    char text[64];
    for (int g = 0; g < params->nets.count; g++) {
        const struct fer_shape *x = fer_op_input(op, FIRST + g);
        const int members = params->labels.items[g].count;
        if (x->dtype != FER_F32 || x->rank != 2 || x->dim[1] != members)
            return fer_fail_argument(err, FER_ESHAPE, "labels",
                                     "net '%s' yields %s, but its group, number %d, has %d class%s; "
                                     "make it yield one number for each, or change the group",
                                     fer_net_name(params->nets.items[g]), fer_shape_text(x, text, sizeof text), g + 1,
                                     members, members == 1 ? "" : "es");
        classes += members;
    }
    const struct fer_shape probs = fer_shape_make(fer_op_input(op, B), 1, &classes);
    fer_op_output(op, 0, &probs);
    return FER_OK;
}

static enum fer_status join_forward(struct fer_emit *em, struct fer_error *err)
{
    const struct route *params = fer_emit_params(em);
    const int g = fer_emit_net(em);
    struct fer_tensor *member = fer_groups_members(em, &params->labels.items[g], err), *rows = fer_emit_rows(em);
    if (!member)
        return FER_ENOMEM;
    struct fer_launch *launch = fer_emit_kernel(em, fer_route_cl, "scatter", "%s", params->softmax ? "-DSOFTMAX" : "");
    fer_launch_in(launch, "b", fer_emit_input(em, B));
    fer_launch_in(launch, "x", fer_emit_input(em, FIRST + g));
    fer_launch_in(launch, "member", member);
    fer_launch_in(launch, "rows", rows);
    fer_launch_out(launch, "probs", fer_emit_output(em, 0));
    fer_launch_int(launch, g);
    fer_launch_range_1d(launch, fer_extent_rows(rows, 1, 1));
    return FER_OK;
}

static const struct fer_layer join = { .size = sizeof(struct fer_layer),
                                       .name = "route",
                                       .help = "puts the rows back",
                                       .params = params_table,
                                       .params_size = sizeof(struct route),
                                       .inputs_min = FIRST + 1,
                                       .inputs_max = 16,
                                       .outputs_min = 1,
                                       .outputs = 1,
                                       .shape = join_shape,
                                       .forward = join_forward };

const struct fer_dispatch fer_route_dispatch = {
    .size = sizeof(struct fer_dispatch), .layer = &fer_route, .scatter = &join, .nets = nets, .decides = 1
};
