/* SPDX-License-Identifier: Apache-2.0
 *
 * groupnorm.
 */
#include "layers.h"
#include "vision.h"

#include "groupnorm_cl.h"

struct groupnorm {
    int groups;
    double eps;
    bool affine;
};
static const struct fer_param *const groupnorm_params[] = {
    FER_PARAM_INT(struct groupnorm, groups, NULL, 1, 65536, "groups of channels"),
    FER_PARAM_FLOAT(struct groupnorm, eps, "1e-5", 0, 1, "added to the variance"),
    FER_PARAM_BOOL(struct groupnorm, affine, "yes", "learn a weight and a bias for each channel"), NULL
};
enum { WEIGHT, BIAS };
enum { GROUP = 64 };

static enum fer_status groupnorm_shape(struct fer_op *op, struct fer_error *err)
{
    const struct groupnorm *params = fer_op_params(op);
    enum fer_status status = fer_vision_rank(op, 0, 2, 4, "the input", err);
    if (status)
        return status;
    const struct fer_shape *in = fer_op_input(op, 0);
    const int channels = in->dim[1];
    if (channels % params->groups)
        return fer_fail_argument(err, FER_ESHAPE, "groups", "%d channels do not divide into %d groups", channels,
                                 params->groups);
    const struct fer_shape each = fer_shape_make(NULL, 1, &channels);
    const struct fer_shape norm = fer_shape_make(in, 2, (const int[]){ params->groups, 2 });
    if (params->affine) {
        fer_op_weight(op, "weight", &each, (struct fer_init){ FER_INIT_CONSTANT, 1, 0 });
        fer_op_weight(op, "bias", &each, (struct fer_init){ FER_INIT_CONSTANT, 0, 0 });
    }
    fer_op_saved(op, &norm);
    fer_op_output(op, 0, in);
    return FER_OK;
}

/* Weight WEIGHT or BIAS; anything where there are none, the kernels do not read it then. */
static struct fer_tensor *weight(struct fer_emit *em, int which)
{
    const struct groupnorm *params = fer_emit_params(em);
    return params->affine ? fer_emit_weight(em, which) : fer_emit_input(em, 0);
}

static void range(struct fer_emit *em, struct fer_launch *launch, const struct fer_tensor *rows)
{
    const struct groupnorm *params = fer_emit_params(em);
    fer_launch_range_1d(launch, fer_extent_rows(rows, (size_t)params->groups * GROUP, 1));
}

static enum fer_status groupnorm_forward(struct fer_emit *em, struct fer_error *err)
{
    const struct groupnorm *params = fer_emit_params(em);
    struct fer_tensor *y = fer_emit_output(em, 0);
    struct fer_launch *launch = fer_emit_kernel(em, fer_groupnorm_cl, "groupnorm", "%s", "");
    (void)err;
    fer_launch_in(launch, "x", fer_emit_input(em, 0));
    fer_launch_in(launch, "weight", weight(em, WEIGHT));
    fer_launch_in(launch, "bias", weight(em, BIAS));
    fer_launch_out(launch, "y", y);
    fer_launch_out(launch, "norm", fer_emit_saved(em, 0));
    fer_launch_int(launch, params->groups);
    fer_launch_int(launch, params->affine);
    fer_launch_int(launch, fer_vision_tail(y));
    fer_launch_float(launch, params->eps);
    range(em, launch, y);
    return FER_OK;
}

static void emit_weights(struct fer_emit *em, struct fer_tensor *dweight, struct fer_tensor *dbias)
{
    const struct groupnorm *params = fer_emit_params(em);
    struct fer_tensor *x = fer_emit_input(em, 0), *any = dweight ? dweight : dbias;
    struct fer_launch *launch = fer_emit_kernel(em, fer_groupnorm_cl, "groupnorm_weights", "%s", "");
    fer_launch_in(launch, "x", x);
    fer_launch_in(launch, "dy", fer_emit_grad_output(em, 0));
    fer_launch_in(launch, "norm", fer_emit_saved(em, 0));
    fer_launch_out(launch, "dweight", dweight ? dweight : any);
    fer_launch_out(launch, "dbias", dbias ? dbias : any);
    fer_launch_int(launch, params->groups);
    fer_launch_int(launch, (dweight ? 1 : 0) | (dbias ? 2 : 0));
    fer_launch_range_1d(launch, fer_extent_fixed((size_t)fer_tensor_shape(x)->dim[1] * GROUP));
}

static enum fer_status groupnorm_backward(struct fer_emit *em, struct fer_error *err)
{
    const struct groupnorm *params = fer_emit_params(em);
    struct fer_tensor *dx = fer_emit_grad_input(em, 0);
    struct fer_tensor *dweight = params->affine ? fer_emit_grad_weight(em, WEIGHT) : NULL;
    struct fer_tensor *dbias = params->affine ? fer_emit_grad_weight(em, BIAS) : NULL;
    (void)err;
    if (dweight || dbias)
        emit_weights(em, dweight, dbias);
    if (!dx)
        return FER_OK;
    struct fer_launch *launch = fer_emit_kernel(em, fer_groupnorm_cl, "groupnorm_grad", "%s", "");
    fer_launch_in(launch, "x", fer_emit_input(em, 0));
    fer_launch_in(launch, "weight", weight(em, WEIGHT));
    fer_launch_in(launch, "dy", fer_emit_grad_output(em, 0));
    fer_launch_in(launch, "norm", fer_emit_saved(em, 0));
    fer_launch_out(launch, "dx", dx);
    fer_launch_int(launch, params->groups);
    fer_launch_int(launch, params->affine);
    fer_launch_int(launch, fer_vision_tail(dx));
    range(em, launch, dx);
    return FER_OK;
}

const struct fer_layer fer_groupnorm = { .size = sizeof(struct fer_layer),
                                         .name = "groupnorm",
                                         .help = "normalise groups of channels of each row (Wu and He, 2018)",
                                         .params = groupnorm_params,
                                         .params_size = sizeof(struct groupnorm),
                                         .inputs_min = 1,
                                         .inputs_max = 1,
                                         .outputs_min = 1,
                                         .outputs = 1,
                                         .flags = FER_LAYER_ANY_LAYOUT,
                                         .shape = groupnorm_shape,
                                         .forward = groupnorm_forward,
                                         .backward = groupnorm_backward };
