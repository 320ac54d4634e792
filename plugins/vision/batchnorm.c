/* SPDX-License-Identifier: Apache-2.0
 *
 * batchnorm.  The kernels and their intermediate tensors are explained in batchnorm.cl.
 */
#include "layers.h"
#include "vision.h"

#include "batchnorm_cl.h"

#include <stdio.h>

struct batchnorm {
    double eps, momentum, scale;
    bool affine;
};
static const struct fer_param *const params_table[] = {
    FER_PARAM_FLOAT(struct batchnorm, eps, "1e-5", 0, 1, "added to the variance"),
    FER_PARAM_FLOAT(struct batchnorm, momentum, "0.1", 0, 1, "how far running statistics move towards each batch's"),
    FER_PARAM_FLOAT(struct batchnorm, scale, "1", -1000, 1000, "the weights' first value"),
    FER_PARAM_BOOL(struct batchnorm, affine, "yes", "learn a weight and a bias for each channel"), NULL
};

enum { WEIGHT, BIAS };           /* with affine; the buffers follow */
enum { NORM };                   /* saved in training: f32[4 * padded] */
enum { GROUP = 64, PARTS = 64 }; /* plain: work-items that share a part, and about how many parts there are */

static enum fer_status batchnorm_shape(struct fer_op *op, struct fer_error *err)
{
    const struct batchnorm *params = fer_op_params(op);
    enum fer_status status = fer_vision_rank(op, 0, 2, 4, "the input", err);
    if (status)
        return status;
    const struct fer_shape *in = fer_op_input(op, 0);
    const int channels = in->dim[1], norm = 4 * ((channels + FER_BLOCK - 1) / FER_BLOCK * FER_BLOCK);
    if (fer_op_training(op) && fer_shape_count(in) / (size_t)channels == 1)
        return fer_fail(err, FER_ESHAPE,
                        "a batch of one value a channel has no deviation to train with; use a larger batch");
    const struct fer_shape each = fer_shape_make(NULL, 1, &channels), saved = fer_shape_make(NULL, 1, &norm);
    if (params->affine) {
        fer_op_weight(op, "weight", &each, (struct fer_init){ FER_INIT_CONSTANT, params->scale, 0 });
        fer_op_weight(op, "bias", &each, (struct fer_init){ FER_INIT_CONSTANT, 0, 0 });
    }
    fer_op_buffer(op, "running_mean", &each, (struct fer_init){ FER_INIT_CONSTANT, 0, 0 });
    fer_op_buffer(op, "running_var", &each, (struct fer_init){ FER_INIT_CONSTANT, 1, 0 });
    if (fer_op_training(op))
        fer_op_saved(op, &saved);
    fer_op_output(op, 0, in);
    return FER_OK;
}

/* How one batchnorm is divided among work-items. */
struct plan {
    int lanes, blocks; /* blocks of lanes */
    int padded;        /* channels, rounded up */
    int length, parts; /* of the sums; parts at full batch */
    bool shared;       /* a channel's parts are joined by a work-group */
};

static struct plan plan_of(const struct fer_emit *em)
{
    const struct fer_tensor *x = fer_emit_input(em, 0);
    const struct fer_shape *shape = fer_tensor_shape(x);
    const int rows = shape->dim[0], channels = shape->dim[1], pixels = fer_axis(shape, 2) * fer_axis(shape, 3);
    struct plan plan = { .lanes = fer_lanes(x), .padded = (channels + FER_BLOCK - 1) / FER_BLOCK * FER_BLOCK };

    plan.blocks = (channels + plan.lanes - 1) / plan.lanes;
    if (plan.lanes > 1) {
        const int wanted = (16 + rows * plan.blocks - 1) / (rows * plan.blocks); /* at least 16 work-groups in all */
        plan.length = (pixels + wanted - 1) / wanted;
        plan.parts = rows * ((pixels + plan.length - 1) / plan.length);
    } else {
        const long all = (long)rows * pixels;
        plan.length = (int)((all + PARTS - 1) / PARTS);
        plan.length = plan.length < 1024 ? 1024 : plan.length;
        plan.parts = (int)((all + plan.length - 1) / plan.length);
        plan.shared = fer_emit_profile(em) == FER_PROFILE_GPU;
    }
    return plan;
}

static struct fer_launch *kernel(struct fer_emit *em, const struct plan *plan, const char *name)
{
    return fer_any_precision(fer_emit_kernel(em, fer_batchnorm_cl, name, "-DFER_LANES=%d", plan->lanes));
}

enum { RANKS_OPTION = 24 };

/* Parts are those of several processes, one of each. */
static const char *ranks_option(const struct fer_emit *em, char text[RANKS_OPTION])
{
    text[0] = '\0';
    if (fer_emit_ranks(em) > 1)
        snprintf(text, RANKS_OPTION, " -DRANKS=%d", fer_emit_ranks(em));
    return text;
}

/* Of those that know the weights. */
static struct fer_launch *weighted_kernel(struct fer_emit *em, int lanes, bool shared, const char *name)
{
    const struct batchnorm *params = fer_emit_params(em);
    char ranks[RANKS_OPTION];
    return fer_any_precision(fer_emit_kernel(em, fer_batchnorm_cl, name, "-DFER_LANES=%d%s%s%s", lanes,
                                             shared ? " -DSHARED" : "", params->affine ? " -DAFFINE" : "",
                                             ranks_option(em, ranks)));
}

/* Of those that know what is fused behind it. */
static struct fer_launch *fused_kernel(struct fer_emit *em, const struct plan *plan, const char *name)
{
    const struct fer_epilogue *epilogue = fer_emit_epilogue(em);
    char activation[FER_ACTIVATION_OPTION];
    return fer_any_precision(fer_emit_kernel(em, fer_batchnorm_cl, name, "-DFER_LANES=%d%s%s", plan->lanes,
                                             epilogue->add ? " -DADD" : "",
                                             fer_activation_option(epilogue->activation, epilogue->slope, activation)));
}

static void range_parts(struct fer_launch *launch, const struct fer_tensor *x, const struct plan *plan)
{
    const struct fer_shape *shape = fer_tensor_shape(x);
    const size_t pixels = (size_t)fer_axis(shape, 2) * (size_t)fer_axis(shape, 3);
    fer_launch_int(launch, plan->padded);
    fer_launch_int(launch, plan->length);
    if (plan->lanes > 1) {
        const size_t runs = (pixels + (size_t)plan->length - 1) / (size_t)plan->length;
        fer_launch_range_2d(launch, fer_extent_rows(x, runs * (size_t)plan->blocks, 1), fer_extent_fixed(1), 1, 1);
    } else {
        fer_launch_range_2d(launch, fer_extent_rows(x, pixels * GROUP, (size_t)plan->length),
                            fer_extent_fixed((size_t)plan->blocks), GROUP, 1);
    }
}

/* A work-item a block of channels, or a work-group a channel. */
static void range_channels(struct fer_launch *launch, const struct plan *plan, bool shared)
{
    const size_t each = (size_t)(plan->padded / plan->lanes);
    if (plan->lanes > 1)
        fer_launch_range_2d(launch, fer_extent_fixed(each), fer_extent_fixed(1), 1, 1);
    else if (shared)
        fer_launch_range_2d(launch, fer_extent_fixed(each * GROUP), fer_extent_fixed(1), GROUP, 1);
    else
        fer_launch_range_1d(launch, fer_extent_fixed(each));
}

static void range_elements(struct fer_launch *launch, const struct fer_tensor *x, const struct plan *plan)
{
    const struct fer_shape *shape = fer_tensor_shape(x);
    const int pixels = fer_axis(shape, 2) * fer_axis(shape, 3);
    fer_launch_int(launch, plan->padded);
    if (plan->lanes > 1) {
        const int runs = (pixels + plan->length - 1) / plan->length;
        fer_launch_int(launch, plan->length);
        fer_launch_range_2d(launch, fer_extent_rows(x, (size_t)runs * (size_t)plan->blocks, 1), fer_extent_fixed(1), 1,
                            1);
    } else {
        fer_launch_shared(launch, x);
    }
}

static void weights(struct fer_emit *em, struct fer_launch *launch)
{
    const struct batchnorm *params = fer_emit_params(em);
    if (!params->affine)
        return;
    fer_launch_in(launch, "weight", fer_emit_weight(em, WEIGHT));
    fer_launch_in(launch, "bias", fer_emit_weight(em, BIAS));
}

static struct fer_tensor *parts_of(struct fer_emit *em, const struct plan *plan)
{
    const int count = plan->parts * 3 * plan->padded;
    const struct fer_shape shape = fer_shape_make(NULL, 1, &count);
    return fer_emit_temp(em, &shape, FER_LAYOUT_PLAIN);
}

/* All parts of this process as one: what the processes tell each other. */
static struct fer_tensor *summary(struct fer_emit *em, const struct plan *plan, const char *name,
                                  struct fer_tensor *part)
{
    const int count = 3 * plan->padded;
    const struct fer_shape shape = fer_shape_make(NULL, 1, &count);
    struct fer_tensor *sum = fer_emit_temp(em, &shape, FER_LAYOUT_PLAIN);
    struct fer_launch *launch = fer_any_precision(
        fer_emit_kernel(em, fer_batchnorm_cl, name, "-DFER_LANES=%d%s", plan->lanes, plan->shared ? " -DSHARED" : ""));
    fer_launch_in(launch, "x", fer_emit_input(em, 0));
    fer_launch_in(launch, "part", part);
    fer_launch_out(launch, "sum", sum);
    fer_launch_int(launch, plan->padded);
    fer_launch_int(launch, plan->length);
    range_channels(launch, plan, plan->shared);
    return sum;
}

static void emit_statistics(struct fer_emit *em, const struct plan *plan)
{
    const struct batchnorm *params = fer_emit_params(em);
    struct fer_tensor *x = fer_emit_input(em, 0), *part = parts_of(em, plan);
    const int first = params->affine ? 2 : 0;
    const bool tracking = fer_emit_tracking(em);
    struct fer_launch *launch = kernel(em, plan, "moments");
    fer_launch_in(launch, "x", x);
    fer_launch_out(launch, "part", part);
    range_parts(launch, x, plan);

    if (fer_emit_ranks(em) > 1)
        part = fer_emit_gather(em, summary(em, plan, "summary", part));
    launch = weighted_kernel(em, plan->lanes, plan->shared, "statistics");
    fer_launch_in(launch, "x", x);
    fer_launch_in(launch, "part", part);
    weights(em, launch);
    fer_launch_out(launch, "norm", fer_emit_saved(em, NORM));
    (tracking ? fer_launch_inout : fer_launch_in)(launch, "running_mean", fer_emit_weight(em, first));
    (tracking ? fer_launch_inout : fer_launch_in)(launch, "running_var", fer_emit_weight(em, first + 1));
    fer_launch_float(launch, params->eps);
    fer_launch_float(launch, tracking ? params->momentum : 0);
    fer_launch_int(launch, plan->padded);
    fer_launch_int(launch, plan->length);
    range_channels(launch, plan, plan->shared);
}

static void running(struct fer_emit *em, struct fer_launch *launch)
{
    const struct batchnorm *params = fer_emit_params(em);
    const int first = params->affine ? 2 : 0;
    weights(em, launch);
    fer_launch_in(launch, "running_mean", fer_emit_weight(em, first));
    fer_launch_in(launch, "running_var", fer_emit_weight(em, first + 1));
}

/* Of the batch in training; in evaluation derived from the weights alone, once. */
static struct fer_tensor *norm_of(struct fer_emit *em, const struct plan *plan)
{
    const struct batchnorm *params = fer_emit_params(em);
    const int count = 4 * plan->padded;
    const struct fer_shape shape = fer_shape_make(NULL, 1, &count);
    bool fresh;
    if (fer_emit_training(em))
        return fer_emit_saved(em, NORM);
    struct fer_tensor *norm =
        fer_emit_prepared(em, fer_emit_weight(em, params->affine ? 2 : 0), "batchnorm", &shape, &fresh);
    if (!fresh)
        return norm;
    struct fer_launch *launch = weighted_kernel(em, plan->lanes, false, "evaluation");
    running(em, launch);
    fer_launch_out(launch, "norm", norm);
    fer_launch_float(launch, params->eps);
    fer_launch_int(launch, plan->padded);
    range_channels(launch, plan, false);
    fer_launch_prepare(launch);
    return norm;
}

static enum fer_status batchnorm_affine(struct fer_emit *em, struct fer_tensor *scale, struct fer_tensor *shift,
                                        struct fer_error *err)
{
    const struct batchnorm *params = fer_emit_params(em);
    struct fer_launch *launch = weighted_kernel(em, 1, false, "affine");
    (void)err;
    running(em, launch);
    fer_launch_out(launch, "scale", scale);
    fer_launch_out(launch, "shift", shift);
    fer_launch_float(launch, params->eps);
    fer_launch_range_1d(launch, fer_extent_each(scale));
    return FER_OK;
}

static enum fer_status batchnorm_forward(struct fer_emit *em, struct fer_error *err)
{
    const struct plan plan = plan_of(em);
    const struct fer_epilogue *epilogue = fer_emit_epilogue(em);
    struct fer_tensor *y = fer_emit_output(em, 0);
    (void)err;
    if (fer_emit_training(em))
        emit_statistics(em, &plan);
    struct fer_tensor *norm = norm_of(em, &plan);
    struct fer_launch *launch = fused_kernel(em, &plan, "apply");
    fer_launch_in(launch, "x", fer_emit_input(em, 0));
    fer_launch_in(launch, "norm", norm);
    if (epilogue->add)
        fer_launch_in(launch, "add", epilogue->add);
    fer_launch_out(launch, "y", y);
    range_elements(launch, y, &plan);
    return FER_OK;
}

/* Sums of the gradient, and from them coef and the gradients of weight and bias (each may be NULL).  `through` receives
 * the gradient behind an activation of a sum; else it is NULL. */
static void emit_gradient_sums(struct fer_emit *em, const struct plan *plan, struct fer_tensor *through,
                               struct fer_tensor *coef, struct fer_tensor *dweight, struct fer_tensor *dbias)
{
    struct fer_tensor *x = fer_emit_input(em, 0), *part = parts_of(em, plan), *norm = norm_of(em, plan), *own = NULL;
    char ranks[RANKS_OPTION];
    struct fer_launch *launch = through || !fer_emit_epilogue(em)->add ? fused_kernel(em, plan, "gradient_sums")
                                                                       : kernel(em, plan, "gradient_sums");
    fer_launch_in(launch, "x", x);
    fer_launch_in(launch, "dy", fer_emit_grad_output(em, 0));
    if (through) {
        fer_launch_in(launch, "y", fer_emit_output(em, 0));
        fer_launch_out(launch, "through", through);
    }
    fer_launch_in(launch, "norm", norm);
    fer_launch_out(launch, "part", part);
    range_parts(launch, x, plan);

    if (fer_emit_ranks(em) > 1 && fer_emit_training(em)) {
        own = summary(em, plan, "gradient_summary", part);
        part = fer_emit_gather(em, own);
    }
    launch =
        fer_any_precision(fer_emit_kernel(em, fer_batchnorm_cl, "gradient_finish", "-DFER_LANES=%d%s%s", plan->lanes,
                                          plan->shared ? " -DSHARED" : "", own ? ranks_option(em, ranks) : ""));
    fer_launch_in(launch, "x", x);
    fer_launch_in(launch, "part", part);
    if (own)
        fer_launch_in(launch, "own", own);
    fer_launch_in(launch, "norm", norm);
    fer_launch_out(launch, "coef", coef);
    fer_launch_out(launch, "dweight", dweight ? dweight : coef); /* not touched then */
    fer_launch_out(launch, "dbias", dbias ? dbias : coef);
    fer_launch_int(launch, fer_emit_training(em));
    fer_launch_int(launch, (dweight ? 1 : 0) | (dbias ? 2 : 0));
    fer_launch_int(launch, plan->padded);
    fer_launch_int(launch, plan->length);
    range_channels(launch, plan, plan->shared);
}

/* Where the gradient behind the activation goes, when that cannot be computed again from x alone. */
static struct fer_tensor *through_of(struct fer_emit *em)
{
    const struct fer_epilogue *epilogue = fer_emit_epilogue(em);
    const struct fer_tensor *dy = fer_emit_grad_output(em, 0);
    if (!epilogue->add || !epilogue->activation)
        return NULL;
    return epilogue->grad_add ? epilogue->grad_add : fer_emit_temp(em, fer_tensor_shape(dy), fer_tensor_layout(dy));
}

static enum fer_status batchnorm_backward(struct fer_emit *em, struct fer_error *err)
{
    const struct batchnorm *params = fer_emit_params(em);
    const struct plan plan = plan_of(em);
    struct fer_tensor *dx = fer_emit_grad_input(em, 0), *through = through_of(em);
    struct fer_tensor *dweight = params->affine ? fer_emit_grad_weight(em, WEIGHT) : NULL;
    struct fer_tensor *dbias = params->affine ? fer_emit_grad_weight(em, BIAS) : NULL;
    const int count = 2 * plan.padded;
    const struct fer_shape shape = fer_shape_make(NULL, 1, &count);
    struct fer_tensor *coef = fer_emit_temp(em, &shape, FER_LAYOUT_PLAIN);
    (void)err;
    emit_gradient_sums(em, &plan, through, coef, dweight, dbias);
    if (!dx)
        return FER_OK;
    struct fer_launch *launch =
        fer_emit_epilogue(em)->add ? kernel(em, &plan, "gradient_apply") : fused_kernel(em, &plan, "gradient_apply");
    fer_launch_in(launch, "x", fer_emit_input(em, 0));
    fer_launch_in(launch, "dy", through ? through : fer_emit_grad_output(em, 0));
    fer_launch_in(launch, "norm", norm_of(em, &plan));
    fer_launch_in(launch, "coef", coef);
    fer_launch_out(launch, "dx", dx);
    range_elements(launch, dx, &plan);
    return FER_OK;
}

const struct fer_layer fer_batchnorm = { .size = sizeof(struct fer_layer),
                                         .name = "batchnorm",
                                         .help = "normalise each channel over the batch (Ioffe and Szegedy, 2015)",
                                         .params = params_table,
                                         .params_size = sizeof(struct batchnorm),
                                         .inputs_min = 1,
                                         .inputs_max = 1,
                                         .outputs_min = 1,
                                         .outputs = 1,
                                         .flags = FER_LAYER_ANY_LAYOUT | FER_LAYER_IN_PLACE,
                                         .shape = batchnorm_shape,
                                         .forward = batchnorm_forward,
                                         .backward = batchnorm_backward,
                                         .fuses = FER_EPILOGUE_ADD | FER_EPILOGUE_ACTIVATIONS,
                                         .fuses_backward = FER_EPILOGUE_ADD | FER_EPILOGUE_ACTIVATIONS,
                                         .affine = batchnorm_affine };
