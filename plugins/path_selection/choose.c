/* SPDX-License-Identifier: Apache-2.0
 *
 * choose: the classes of several networks by what a first network says of their groups.  All networks have run.
 */
#include "path_selection.h"

#include "choose_cl.h"

static const char *const hows[] = { "select", "product", "concat", NULL };
static const char *const how_options[] = { "-DSELECT", "-DPRODUCT", "" };
enum { MOST = 15 };

struct choose {
    struct fer_int_lists labels;
    int how;
};
static const struct fer_param *const params_table[] = {
    FER_PARAM(FER_TYPE_INT_LISTS, struct choose, labels, "labels", NULL, 0, 65535, NULL,
              "the classes of each network, in the order of its outputs: [[0, 1, 2], [3, 4]]"),
    FER_PARAM_ENUM(
        struct choose, how, "select", hows,
        "select: only the network of the likeliest group counts, times that group's probability; product: each "
        "times its group's probability; concat: all alike"),
    NULL
};

static enum fer_status rows_check(const struct fer_op *op, int i, int columns, struct fer_error *err)
{
    const struct fer_shape *in = fer_op_input(op, i), *first = fer_op_input(op, 0);
    char text[64];
    if (in->dtype == FER_F32 && in->rank == 2 && in->batch >= 1 && in->batch == first->batch &&
        in->dim[0] == first->dim[0] && in->dim[1] == columns)
        return FER_OK;
    return fer_fail(err, FER_ESHAPE, "input %d is %s, but must hold %d probabilities of each sample", i + 1,
                    fer_shape_text(in, text, sizeof text), columns);
}

static enum fer_status shape(struct fer_op *op, struct fer_error *err)
{
    const struct choose *params = fer_op_params(op);
    const int groups = params->labels.count;
    int classes;
    enum fer_status status = fer_groups_check(op, &params->labels, &classes, err);
    if (status)
        return status;
    if (groups != fer_op_inputs(op) - 1)
        return fer_fail_argument(err, FER_EINVAL, "labels", "%d groups for %d networks", groups, fer_op_inputs(op) - 1);
    status = rows_check(op, 0, groups, err);
    for (int g = 0; !status && g < groups; g++)
        status = rows_check(op, 1 + g, params->labels.items[g].count, err);
    if (status)
        return status;
    const struct fer_shape probs = fer_shape_make(fer_op_input(op, 0), 1, &classes);
    struct fer_shape path = fer_shape_make(fer_op_input(op, 0), 0, NULL);
    path.dtype = FER_I32;
    fer_op_output(op, 0, &probs);
    fer_op_output(op, 1, &path);
    return FER_OK;
}

static struct fer_launch *begin(struct fer_emit *em, const char *kernel)
{
    const struct choose *params = fer_emit_params(em);
    struct fer_launch *launch = fer_emit_kernel(em, fer_choose_cl, kernel, "%s", how_options[params->how]);
    fer_launch_in(launch, "b", fer_emit_input(em, 0));
    return launch;
}

static enum fer_status forward(struct fer_emit *em, struct fer_error *err)
{
    const struct choose *params = fer_emit_params(em);
    struct fer_tensor *probs = fer_emit_output(em, 0), *path = fer_emit_output(em, 1);
    for (int g = 0; g < params->labels.count; g++) {
        struct fer_tensor *member = fer_groups_members(em, &params->labels.items[g], err);
        if (!member)
            return FER_ENOMEM;
        struct fer_launch *launch = begin(em, "choose");
        fer_launch_in(launch, "x", fer_emit_input(em, 1 + g));
        fer_launch_in(launch, "member", member);
        (g ? fer_launch_inout : fer_launch_out)(launch, "probs", probs);
        fer_launch_int(launch, g);
        fer_launch_range_1d(launch, fer_extent_rows(probs, 1, 1));
    }
    struct fer_launch *launch = begin(em, "path");
    fer_launch_out(launch, "chosen", path);
    fer_launch_range_1d(launch, fer_extent_rows(path, 1, 1));
    return FER_OK;
}

static enum fer_status backward(struct fer_emit *em, struct fer_error *err)
{
    const struct choose *params = fer_emit_params(em);
    struct fer_tensor *dprobs = fer_emit_grad_output(em, 0), *db = fer_emit_grad_input(em, 0);
    for (int g = 0; g < params->labels.count; g++) {
        struct fer_tensor *member = fer_groups_members(em, &params->labels.items[g], err),
                          *dx = fer_emit_grad_input(em, 1 + g);
        struct fer_launch *launch;
        if (!member)
            return FER_ENOMEM;
        if (dx) {
            launch = begin(em, "choose_grad");
            fer_launch_in(launch, "dprobs", dprobs);
            fer_launch_in(launch, "member", member);
            fer_launch_out(launch, "dx", dx);
            fer_launch_int(launch, g);
            fer_launch_range_1d(launch, fer_extent_rows(dx, 1, 1));
        }
        if (db) {
            launch = begin(em, "weight_grad");
            fer_launch_in(launch, "x", fer_emit_input(em, 1 + g));
            fer_launch_in(launch, "dprobs", dprobs);
            fer_launch_in(launch, "member", member);
            (g ? fer_launch_inout : fer_launch_out)(launch, "db", db);
            fer_launch_int(launch, g);
            fer_launch_range_1d(launch, fer_extent_rows(db, 1, 1));
        }
    }
    return FER_OK;
}

const struct fer_layer fer_choose = {
    .size = sizeof(struct fer_layer),
    .name = "choose",
    .help = "probabilities of all classes out of those of groups and those within each group; and the group chosen",
    .params = params_table,
    .params_size = sizeof(struct choose),
    .inputs_min = 2,
    .inputs_max = MOST + 1,
    .outputs_min = 1,
    .outputs = 2,
    .shape = shape,
    .forward = forward,
    .backward = backward
};
