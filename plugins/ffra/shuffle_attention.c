/* SPDX-License-Identifier: Apache-2.0
 *
 * shuffle_attention (Zhang, Yang 2021: SA-Net), as FFRA-Net uses it.
 */
#include "ffra.h"

#include "shuffle_attention_cl.h"

struct shuffle_attention {
    int groups;
    double eps;
};
static const struct fer_param *const params_table[] = {
    FER_PARAM_INT(struct shuffle_attention, groups, "8", 1, 4096, "groups of channels; each has two halves"),
    FER_PARAM_FLOAT(struct shuffle_attention, eps, "1e-5", 0, 1, "added to the variance of a channel"), NULL
};
enum { CWEIGHT, CBIAS, SWEIGHT, SBIAS };
enum { NORM };

static enum fer_status shape(struct fer_op *op, struct fer_error *err)
{
    const struct shuffle_attention *params = fer_op_params(op);
    const struct fer_shape *in = fer_op_input(op, 0);
    char text[64];
    if (in->rank != 4 || in->dtype != FER_F32)
        return fer_fail(err, FER_ESHAPE, "reads maps, f32[channels, height, width], but its input is %s",
                        fer_shape_text(in, text, sizeof text));
    if (in->dim[1] % (2 * params->groups))
        return fer_fail_argument(err, FER_ESHAPE, "groups", "%d channels do not divide into %d groups of two halves",
                                 in->dim[1], params->groups);
    const int half = in->dim[1] / params->groups / 2;
    const struct fer_shape each = fer_shape_make(NULL, 1, &half);
    const struct fer_shape norm = fer_shape_make(in, 2, (const int[]){ in->dim[1], 2 });
    const struct fer_init none = { FER_INIT_CONSTANT, 0, 0 }, one = { FER_INIT_CONSTANT, 1, 0 };
    fer_op_weight(op, "cweight", &each, none);
    fer_op_weight(op, "cbias", &each, one);
    fer_op_weight(op, "sweight", &each, none);
    fer_op_weight(op, "sbias", &each, one);
    fer_op_saved(op, &norm);
    fer_op_output(op, 0, in);
    return FER_OK;
}

static int half_of(const struct fer_emit *em)
{
    const struct shuffle_attention *params = fer_emit_params(em);
    return fer_tensor_shape(fer_emit_input(em, 0))->dim[1] / params->groups / 2;
}

/* Lanes past the last channel. */
static int tail_of(const struct fer_tensor *tensor)
{
    const int channels = fer_tensor_shape(tensor)->dim[1];
    return fer_lanes(tensor) == 1 ? 0 : (FER_BLOCK - channels % FER_BLOCK) % FER_BLOCK;
}

static void weights(struct fer_emit *em, struct fer_launch *launch)
{
    static const char *const names[] = { "cweight", "cbias", "sweight", "sbias" };
    for (int i = 0; i < 4; i++)
        fer_launch_in(launch, names[i], fer_emit_weight(em, i));
}

/* A work-item an element, a work-group a channel. */
static void range_elements(struct fer_emit *em, struct fer_launch *launch, const struct fer_tensor *out)
{
    fer_launch_cells(em, launch, out, fer_shape_row(fer_tensor_shape(out)), 256);
}
static void range_channels(struct fer_launch *launch, const struct fer_tensor *x)
{
    fer_launch_range_1d(launch, fer_extent_rows(x, (size_t)fer_tensor_shape(x)->dim[1] * 64, 1));
}

static enum fer_status forward(struct fer_emit *em, struct fer_error *err)
{
    const struct shuffle_attention *params = fer_emit_params(em);
    struct fer_tensor *x = fer_emit_input(em, 0), *y = fer_emit_output(em, 0), *norm = fer_emit_saved(em, NORM);
    struct fer_launch *launch = fer_emit_kernel(em, fer_shuffle_attention_cl, "statistics", "%s", "");
    (void)err;
    fer_launch_in(launch, "x", x);
    fer_launch_out(launch, "norm", norm);
    fer_launch_float(launch, params->eps);
    range_channels(launch, x);

    launch = fer_emit_kernel(em, fer_shuffle_attention_cl, "attend", "%s", "");
    fer_launch_in(launch, "x", x);
    fer_launch_in(launch, "norm", norm);
    weights(em, launch);
    fer_launch_out(launch, "y", y);
    fer_launch_int(launch, half_of(em));
    fer_launch_int(launch, tail_of(y));
    range_elements(em, launch, y);
    return FER_OK;
}

static struct fer_tensor *emit_sums(struct fer_emit *em)
{
    struct fer_tensor *x = fer_emit_input(em, 0), *norm = fer_emit_saved(em, NORM);
    struct fer_tensor *sums = fer_emit_temp(em, fer_tensor_shape(norm), FER_LAYOUT_PLAIN);
    struct fer_launch *launch = fer_emit_kernel(em, fer_shuffle_attention_cl, "attend_sums", "%s", "");
    fer_launch_in(launch, "x", x);
    fer_launch_in(launch, "norm", norm);
    fer_launch_in(launch, "dy", fer_emit_grad_output(em, 0));
    weights(em, launch);
    fer_launch_out(launch, "sums", sums);
    fer_launch_int(launch, half_of(em));
    range_channels(launch, x);
    return sums;
}

static void emit_weights(struct fer_emit *em, struct fer_tensor *sums, bool spatial)
{
    struct fer_tensor *dweight = fer_emit_grad_weight(em, spatial ? SWEIGHT : CWEIGHT);
    struct fer_tensor *dbias = fer_emit_grad_weight(em, spatial ? SBIAS : CBIAS), *any = dweight ? dweight : dbias;
    if (!any)
        return;
    struct fer_launch *launch = fer_emit_kernel(em, fer_shuffle_attention_cl, "attend_weights", "%s", "");
    fer_launch_in(launch, "sums", sums);
    fer_launch_out(launch, "dweight", dweight ? dweight : any);
    fer_launch_out(launch, "dbias", dbias ? dbias : any);
    fer_launch_int(launch, half_of(em));
    fer_launch_int(launch, spatial);
    fer_launch_int(launch, (dweight ? 1 : 0) | (dbias ? 2 : 0));
    fer_launch_range_1d(launch, fer_extent_fixed((size_t)half_of(em)));
}

static enum fer_status backward(struct fer_emit *em, struct fer_error *err)
{
    struct fer_tensor *dx = fer_emit_grad_input(em, 0), *sums = emit_sums(em);
    (void)err;
    emit_weights(em, sums, false);
    emit_weights(em, sums, true);
    if (!dx)
        return FER_OK;
    struct fer_launch *launch = fer_emit_kernel(em, fer_shuffle_attention_cl, "attend_grad", "%s", "");
    fer_launch_in(launch, "x", fer_emit_input(em, 0));
    fer_launch_in(launch, "norm", fer_emit_saved(em, NORM));
    fer_launch_in(launch, "dy", fer_emit_grad_output(em, 0));
    weights(em, launch);
    fer_launch_in(launch, "sums", sums);
    fer_launch_out(launch, "dx", dx);
    fer_launch_int(launch, half_of(em));
    fer_launch_int(launch, tail_of(dx));
    range_elements(em, launch, dx);
    return FER_OK;
}

const struct fer_layer fer_shuffle_attention = {
    .size = sizeof(struct fer_layer),
    .name = "shuffle_attention",
    .help = "half of each group of channels weighed by its mean, the other pixel by pixel; then a channel shuffle",
    .params = params_table,
    .params_size = sizeof(struct shuffle_attention),
    .inputs_min = 1,
    .inputs_max = 1,
    .outputs_min = 1,
    .outputs = 1,
    .flags = FER_LAYER_ANY_LAYOUT,
    .shape = shape,
    .forward = forward,
    .backward = backward
};
