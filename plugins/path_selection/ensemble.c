/* SPDX-License-Identifier: Apache-2.0
 *
 * ensemble: the mean of what several networks say of the same classes, a weighted mean, or votes.
 */
#include "path_selection.h"

#include "ensemble_cl.h"

enum { AVERAGE, WEIGHTED, VOTE };
static const char *const hows[] = { "average", "weighted", "vote", NULL };
enum { MOST = 16 };

struct ensemble {
    int how;
    struct fer_floats weights;
};
static const struct fer_param *const params_table[] = {
    FER_PARAM_ENUM(
        struct ensemble, how, "average", hows,
        "average; weighted: by `weights`; vote: the share of networks whose largest probability a class has"),
    FER_PARAM_FLOATS(struct ensemble, weights, "", 0, 1e6, "of each network with how=weighted; their sum counts as 1"),
    NULL
};

static double total(const struct ensemble *params)
{
    double sum = 0;
    for (int i = 0; i < params->weights.count; i++)
        sum += params->weights.items[i];
    return sum;
}

static enum fer_status shape(struct fer_op *op, struct fer_error *err)
{
    const struct ensemble *params = fer_op_params(op);
    const struct fer_shape *first = fer_op_input(op, 0);
    const int count = fer_op_inputs(op);
    char text[2][64];
    for (int i = 0; i < count; i++) {
        const struct fer_shape *in = fer_op_input(op, i);
        if (in->dtype != FER_F32 || in->rank != 2 || !fer_shape_equal(in, first))
            return fer_fail(
                err, FER_ESHAPE, "input %d is %s and the first %s; all must hold probabilities of the same classes",
                i + 1, fer_shape_text(in, text[0], sizeof text[0]), fer_shape_text(first, text[1], sizeof text[1]));
    }
    if (params->how == WEIGHTED ? params->weights.count != count || !(total(params) > 0) : params->weights.count > 0)
        return fer_fail_argument(err, FER_EINVAL, "weights",
                                 "how=weighted takes a weight for each of the %d networks, not all 0; "
                                 "the other ways take none",
                                 count);
    fer_op_output(op, 0, first);
    return FER_OK;
}

static double weight_of(const struct fer_emit *em, int i)
{
    const struct ensemble *params = fer_emit_params(em);
    if (params->how == WEIGHTED)
        return params->weights.items[i] / total(params);
    return 1.0 / fer_op_inputs(fer_emit_op(em));
}

static void add(struct fer_emit *em, struct fer_tensor *x, struct fer_tensor *out, double weight, bool vote, bool more)
{
    struct fer_launch *launch = fer_emit_kernel(em, fer_ensemble_cl, "ensemble", "%s", vote ? "-DVOTE" : "");
    fer_launch_in(launch, "x", x);
    (more ? fer_launch_inout : fer_launch_out)(launch, "out", out);
    fer_launch_float(launch, weight);
    fer_launch_int(launch, more);
    fer_launch_range_1d(launch, fer_extent_rows(out, 1, 1));
}

static enum fer_status forward(struct fer_emit *em, struct fer_error *err)
{
    const struct ensemble *params = fer_emit_params(em);
    (void)err;
    for (int i = 0; i < fer_op_inputs(fer_emit_op(em)); i++)
        add(em, fer_emit_input(em, i), fer_emit_output(em, 0), weight_of(em, i), params->how == VOTE, i > 0);
    return FER_OK;
}

/* Votes do not move with the probabilities: their gradient is 0. */
static enum fer_status backward(struct fer_emit *em, struct fer_error *err)
{
    const struct ensemble *params = fer_emit_params(em);
    (void)err;
    for (int i = 0; i < fer_op_inputs(fer_emit_op(em)); i++)
        if (fer_emit_grad_input(em, i))
            add(em, fer_emit_grad_output(em, 0), fer_emit_grad_input(em, i), params->how == VOTE ? 0 : weight_of(em, i),
                false, false);
    return FER_OK;
}

const struct fer_layer fer_ensemble = { .size = sizeof(struct fer_layer),
                                        .name = "ensemble",
                                        .help = "one distribution over the classes out of those of several networks",
                                        .params = params_table,
                                        .params_size = sizeof(struct ensemble),
                                        .inputs_min = 1,
                                        .inputs_max = MOST,
                                        .outputs_min = 1,
                                        .outputs = 1,
                                        .shape = shape,
                                        .forward = forward,
                                        .backward = backward };
