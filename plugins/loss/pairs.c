/* SPDX-License-Identifier: Apache-2.0
 *
 * contrastive, nt_xent: losses of pairs of features.
 */
#include "loss.h"

#include "pairs_cl.h"

/* Inputs 0 and 1 must be features of one shape. */
static enum fer_status features(const struct fer_op *op, struct fer_error *err)
{
    const struct fer_shape *a = fer_op_input(op, 0), *b = fer_op_input(op, 1);
    char text[2][64];
    enum fer_status status = fer_loss_input(op, 0, FER_F32, 2, "the first features", err);
    if (!status)
        status = fer_loss_input(op, 1, FER_F32, 2, "the second features", err);
    if (!status && !fer_shape_equal(a, b))
        status = fer_fail(err, FER_ESHAPE, "the features are %s and %s; they must have one length",
                          fer_shape_text(a, text[0], sizeof text[0]), fer_shape_text(b, text[1], sizeof text[1]));
    return status;
}

/* ---- contrastive ---- */

struct contrastive {
    double margin;
    bool normalize;
};
static const struct fer_param *const contrastive_params[] = {
    FER_PARAM_FLOAT(struct contrastive, margin, "1", 0, 1e6,
                    "squared distance from which on different pairs cost nothing"),
    FER_PARAM_BOOL(struct contrastive, normalize, "yes", "bring the features to length 1 first"), NULL
};
enum { PAIR = FER_LOSS_SAVED };

static enum fer_status contrastive_shape(struct fer_op *op, struct fer_error *err)
{
    enum fer_status status = features(op, err);
    if (!status)
        status = fer_loss_input(op, 2, FER_F32, 1, "`same`", err);
    if (!status)
        status = fer_loss_shape(op, fer_op_input(op, 0), err);
    const struct fer_shape pair = fer_shape_make(fer_op_input(op, 0), 1, (const int[]){ 3 });
    if (!status)
        fer_op_saved(op, &pair);
    return status;
}

static enum fer_status contrastive_forward(struct fer_emit *em, struct fer_error *err)
{
    const struct contrastive *params = fer_emit_params(em);
    struct fer_tensor *a = fer_emit_input(em, 0);
    struct fer_launch *launch = fer_emit_kernel(em, fer_pairs_cl, "contrastive", "%s", "");
    (void)err;
    fer_launch_in(launch, "a", a);
    fer_launch_in(launch, "b", fer_emit_input(em, 1));
    fer_launch_in(launch, "same", fer_emit_input(em, 2));
    fer_launch_out(launch, "sample", fer_emit_output(em, 1));
    fer_launch_out(launch, "weight", fer_emit_saved(em, FER_LOSS_WEIGHT));
    fer_launch_out(launch, "pair", fer_emit_saved(em, PAIR));
    fer_launch_float(launch, params->margin);
    fer_launch_int(launch, params->normalize);
    fer_loss_range_rows(launch, a);
    fer_loss_mean(em);
    return FER_OK;
}

static enum fer_status contrastive_backward(struct fer_emit *em, struct fer_error *err)
{
    const struct contrastive *params = fer_emit_params(em);
    struct fer_tensor *coef = fer_loss_gradient(em);
    (void)err;
    for (int side = 0; side < 2; side++) {
        struct fer_tensor *dx = fer_emit_grad_input(em, side);
        if (!dx)
            continue;
        struct fer_launch *launch = fer_emit_kernel(em, fer_pairs_cl, "contrastive_grad", "%s", "");
        fer_launch_in(launch, "a", fer_emit_input(em, side));
        fer_launch_in(launch, "b", fer_emit_input(em, 1 - side));
        fer_launch_in(launch, "same", fer_emit_input(em, 2));
        fer_launch_in(launch, "pair", fer_emit_saved(em, PAIR));
        fer_launch_in(launch, "coef", coef);
        fer_launch_out(launch, "da", dx);
        fer_launch_float(launch, params->margin);
        fer_launch_int(launch, params->normalize);
        fer_launch_int(launch, side);
        fer_loss_range_rows(launch, dx);
    }
    struct fer_tensor *dsame = fer_emit_grad_input(em, 2);
    if (dsame) {
        struct fer_launch *launch = fer_emit_kernel(em, fer_pairs_cl, "same_grad", "%s", "");
        fer_launch_in(launch, "pair", fer_emit_saved(em, PAIR));
        fer_launch_in(launch, "coef", coef);
        fer_launch_out(launch, "dsame", dsame);
        fer_launch_float(launch, params->margin);
        fer_launch_range_1d(launch, fer_extent_rows(dsame, 1, 1));
    }
    return FER_OK;
}

const struct fer_layer fer_contrastive = {
    .size = sizeof(struct fer_layer),
    .name = "contrastive",
    .help = "half the squared distance of pairs that are the same, half of what the margin exceeds it by of others",
    .params = contrastive_params,
    .params_size = sizeof(struct contrastive),
    .inputs_min = 3,
    .inputs_max = 3,
    .outputs_min = 1,
    .outputs = 2,
    .flags = FER_LAYER_LOSS,
    .shape = contrastive_shape,
    .forward = contrastive_forward,
    .backward = contrastive_backward
};

/* ---- nt_xent ---- */

struct nt_xent {
    double temperature;
    bool normalize;
};
static const struct fer_param *const nt_xent_params[] = {
    FER_PARAM_FLOAT(struct nt_xent, temperature, "0.5", 1e-3, 1e3, "what similarities are divided by"),
    FER_PARAM_BOOL(struct nt_xent, normalize, "yes", "bring the features to length 1 first: cosine similarity"), NULL
};
enum { UNIT = FER_LOSS_SAVED, LENGTH, SIMILAR, LEVEL };

static enum fer_status nt_xent_shape(struct fer_op *op, struct fer_error *err)
{
    enum fer_status status = features(op, err);
    if (!status)
        status = fer_loss_shape(op, fer_op_input(op, 0), err);
    if (status)
        return status;
    struct fer_shape both = *fer_op_input(op, 0); /* rows of either view */
    if (both.dim[0] > 16384)
        return fer_fail(err, FER_ESHAPE, "compares every row with every other: a batch of %d is too large",
                        both.dim[0]);
    both.dim[0] *= 2;
    both.batch *= 2;
    const struct fer_shape each = fer_shape_make(&both, 0, NULL);
    const struct fer_shape table = fer_shape_make(&both, 1, &both.dim[0]);
    fer_op_saved(op, &both);
    fer_op_saved(op, &each);
    fer_op_saved(op, &table);
    fer_op_saved(op, &each);
    return FER_OK;
}

static enum fer_status nt_xent_forward(struct fer_emit *em, struct fer_error *err)
{
    const struct nt_xent *params = fer_emit_params(em);
    struct fer_tensor *z = fer_emit_saved(em, UNIT), *s = fer_emit_saved(em, SIMILAR);
    struct fer_tensor *level = fer_emit_saved(em, LEVEL), *sample = fer_emit_output(em, 1);
    struct fer_launch *launch;
    (void)err;
    for (int view = 0; view < 2; view++) {
        launch = fer_emit_kernel(em, fer_pairs_cl, "unit", "%s", "");
        fer_launch_in(launch, "a", fer_emit_input(em, view));
        (view ? fer_launch_inout : fer_launch_out)(launch, "z", z);
        (view ? fer_launch_inout : fer_launch_out)(launch, "length", fer_emit_saved(em, LENGTH));
        fer_launch_int(launch, view);
        fer_launch_int(launch, params->normalize);
        fer_loss_range_rows(launch, fer_emit_input(em, view));
    }
    launch = fer_emit_kernel(em, fer_pairs_cl, "similar", "%s", "");
    fer_launch_in(launch, "z", z);
    fer_launch_out(launch, "s", s);
    fer_launch_out(launch, "level", level);
    fer_launch_int(launch, (int)fer_shape_row(fer_tensor_shape(z)));
    fer_launch_float(launch, 1 / params->temperature);
    fer_loss_range_rows(launch, z);

    launch = fer_emit_kernel(em, fer_pairs_cl, "nt_xent", "%s", "");
    fer_launch_in(launch, "s", s);
    fer_launch_in(launch, "level", level);
    fer_launch_out(launch, "sample", sample);
    fer_launch_out(launch, "weight", fer_emit_saved(em, FER_LOSS_WEIGHT));
    fer_launch_range_1d(launch, fer_extent_rows(sample, 1, 1));
    fer_loss_mean(em);
    return FER_OK;
}

static struct fer_tensor *nt_xent_pulls(struct fer_emit *em)
{
    const struct nt_xent *params = fer_emit_params(em);
    struct fer_tensor *s = fer_emit_saved(em, SIMILAR), *coef = fer_loss_gradient(em);
    struct fer_tensor *pull = fer_emit_temp(em, fer_tensor_shape(s), FER_LAYOUT_PLAIN);
    struct fer_launch *launch = fer_emit_kernel(em, fer_pairs_cl, "pulls", "%s", "");
    fer_launch_in(launch, "s", s);
    fer_launch_in(launch, "level", fer_emit_saved(em, LEVEL));
    fer_launch_in(launch, "coef", coef);
    fer_launch_out(launch, "pull", pull);
    fer_launch_float(launch, 1 / params->temperature);
    fer_launch_range_2d(launch, fer_extent_rows(s, 1, 1), fer_extent_rows(s, 1, 1), 64, 1);
    return pull;
}

static enum fer_status nt_xent_backward(struct fer_emit *em, struct fer_error *err)
{
    const struct nt_xent *params = fer_emit_params(em);
    struct fer_tensor *z = fer_emit_saved(em, UNIT), *pull = nt_xent_pulls(em);
    (void)err;
    for (int view = 0; view < 2; view++) {
        struct fer_tensor *dx = fer_emit_grad_input(em, view);
        if (!dx)
            continue;
        struct fer_launch *launch = fer_emit_kernel(em, fer_pairs_cl, "pulled", "%s", "");
        fer_launch_in(launch, "z", z);
        fer_launch_in(launch, "pull", pull);
        fer_launch_out(launch, "da", dx);
        fer_launch_int(launch, view);
        fer_launch_range_2d(launch, fer_extent_fixed(fer_shape_row(fer_tensor_shape(dx))), fer_extent_rows(dx, 1, 1),
                            64, 1);
        if (!params->normalize)
            continue;
        launch = fer_emit_kernel(em, fer_pairs_cl, "unit_grad", "%s", "");
        fer_launch_in(launch, "z", z);
        fer_launch_in(launch, "length", fer_emit_saved(em, LENGTH));
        fer_launch_inout(launch, "da", dx);
        fer_launch_int(launch, view);
        fer_loss_range_rows(launch, dx);
    }
    return FER_OK;
}

const struct fer_layer fer_nt_xent = {
    .size = sizeof(struct fer_layer),
    .name = "nt_xent",
    .help = "tells the two views of a sample from all other views (normalised temperature-scaled cross entropy)",
    .params = nt_xent_params,
    .params_size = sizeof(struct nt_xent),
    .inputs_min = 2,
    .inputs_max = 2,
    .outputs_min = 1,
    .outputs = 2,
    .flags = FER_LAYER_LOSS,
    .shape = nt_xent_shape,
    .forward = nt_xent_forward,
    .backward = nt_xent_backward
};
