/* SPDX-License-Identifier: Apache-2.0
 *
 * normalize, l2_normalize.
 */
#include "layers.h"
#include "vision.h"

#include <stdlib.h>

#include "normalize_cl.h"

/* ---- normalize ---- */

struct normalize {
    struct fer_floats mean, std;
};
static const struct fer_param *const normalize_params[] = {
    FER_PARAM_FLOATS(struct normalize, mean, NULL, -1e6, 1e6, "subtracted from each channel; one number serves all"),
    FER_PARAM_FLOATS(struct normalize, std, NULL, 1e-12, 1e6, "divides each channel then; one number serves all"), NULL
};

static enum fer_status normalize_list(const struct fer_floats *list, const char *name, int channels,
                                      struct fer_error *err)
{
    if (list->count == 1 || list->count == channels)
        return FER_OK;
    return fer_fail_argument(err, FER_ESHAPE, name, "%s has %d numbers for %d channels", name, list->count, channels);
}

static enum fer_status normalize_shape(struct fer_op *op, struct fer_error *err)
{
    const struct normalize *params = fer_op_params(op);
    enum fer_status status = fer_vision_rank(op, 0, 2, 4, "the input", err);
    if (status)
        return status;
    const int channels = fer_op_input(op, 0)->dim[1];
    status = normalize_list(&params->mean, "mean", channels, err);
    if (!status)
        status = normalize_list(&params->std, "std", channels, err);
    if (!status)
        fer_op_output(op, 0, fer_op_input(op, 0));
    return status;
}

/* Factor and shift of each channel. */
static struct fer_tensor *normalize_table(struct fer_emit *em, int channels)
{
    const struct normalize *params = fer_emit_params(em);
    const struct fer_shape shape = fer_shape_make(NULL, 2, (const int[]){ channels, 2 });
    float *table = malloc(2 * (size_t)channels * sizeof(*table));
    char key[96];
    if (!table)
        return NULL;
    for (int c = 0; c < channels; c++) {
        const double mean = params->mean.items[params->mean.count > 1 ? c : 0];
        const double std = params->std.items[params->std.count > 1 ? c : 0];
        table[2 * c] = (float)(1 / std);
        table[2 * c + 1] = (float)(-mean / std);
    }
    /* The lists live as long as the graph, so their addresses say which they are. */
    snprintf(key, sizeof key, "normalize %d %p %p", channels, (const void *)params->mean.items,
             (const void *)params->std.items);
    struct fer_tensor *tensor = fer_emit_constant(em, key, &shape, table);
    free(table);
    return tensor;
}

static enum fer_status normalize(struct fer_emit *em, struct fer_tensor *x, struct fer_tensor *out, bool backward,
                                 struct fer_error *err)
{
    struct fer_tensor *table = normalize_table(em, fer_tensor_shape(out)->dim[1]);
    if (!table)
        return fer_fail(err, FER_ENOMEM, "out of memory for means and deviations");
    struct fer_launch *launch = fer_emit_kernel(em, fer_normalize_cl, "channels", "%s", "");
    fer_launch_in(launch, "x", x);
    fer_launch_in(launch, "table", table);
    fer_launch_out(launch, "out", out);
    fer_launch_int(launch, backward);
    fer_launch_int(launch, fer_vision_tail(out));
    fer_launch_cells(em, launch, out, fer_shape_row(fer_tensor_shape(out)), 1024);
    return FER_OK;
}

static enum fer_status normalize_forward(struct fer_emit *em, struct fer_error *err)
{
    return normalize(em, fer_emit_input(em, 0), fer_emit_output(em, 0), false, err);
}

static enum fer_status normalize_backward(struct fer_emit *em, struct fer_error *err)
{
    struct fer_tensor *dx = fer_emit_grad_input(em, 0);
    return dx ? normalize(em, fer_emit_grad_output(em, 0), dx, true, err) : FER_OK;
}

const struct fer_layer fer_normalize = { .size = sizeof(struct fer_layer),
                                         .name = "normalize",
                                         .help = "(x - mean) / std, with numbers for each channel",
                                         .params = normalize_params,
                                         .params_size = sizeof(struct normalize),
                                         .inputs_min = 1,
                                         .inputs_max = 1,
                                         .outputs_min = 1,
                                         .outputs = 1,
                                         .flags = FER_LAYER_ANY_LAYOUT | FER_LAYER_IN_PLACE,
                                         .shape = normalize_shape,
                                         .forward = normalize_forward,
                                         .backward = normalize_backward };

/* ---- l2_normalize ---- */

struct l2_normalize {
    double eps;
};
static const struct fer_param *const l2_params[] = {
    FER_PARAM_FLOAT(struct l2_normalize, eps, "1e-12", 1e-30, 1, "shorter vectors are divided by this"), NULL
};

static enum fer_status l2_shape(struct fer_op *op, struct fer_error *err)
{
    enum fer_status status = fer_vision_rank(op, 0, 2, 4, "the input", err);
    if (!status)
        fer_op_output(op, 0, fer_op_input(op, 0));
    return status;
}

static enum fer_status l2(struct fer_emit *em, const char *kernel, struct fer_tensor *dy, struct fer_tensor *out)
{
    const struct l2_normalize *params = fer_emit_params(em);
    const struct fer_shape *shape = fer_tensor_shape(out);
    struct fer_launch *launch = fer_emit_kernel(em, fer_normalize_cl, kernel, "%s", "");
    fer_launch_in(launch, "x", fer_emit_input(em, 0));
    if (dy)
        fer_launch_in(launch, "dy", dy);
    fer_launch_out(launch, "out", out);
    fer_launch_float(launch, params->eps);
    fer_launch_int(launch, fer_vision_tail(out));
    fer_launch_cells(em, launch, out, (size_t)fer_axis(shape, 2) * (size_t)fer_axis(shape, 3), 1);
    return FER_OK;
}

static enum fer_status l2_forward(struct fer_emit *em, struct fer_error *err)
{
    (void)err;
    return l2(em, "l2", NULL, fer_emit_output(em, 0));
}

static enum fer_status l2_backward(struct fer_emit *em, struct fer_error *err)
{
    struct fer_tensor *dx = fer_emit_grad_input(em, 0);
    (void)err;
    return dx ? l2(em, "l2_grad", fer_emit_grad_output(em, 0), dx) : FER_OK;
}

const struct fer_layer fer_l2_normalize = { .size = sizeof(struct fer_layer),
                                            .name = "l2_normalize",
                                            .help = "each pixel's channels divided by their Euclidean length",
                                            .params = l2_params,
                                            .params_size = sizeof(struct l2_normalize),
                                            .inputs_min = 1,
                                            .inputs_max = 1,
                                            .outputs_min = 1,
                                            .outputs = 1,
                                            .flags = FER_LAYER_ANY_LAYOUT,
                                            .shape = l2_shape,
                                            .forward = l2_forward,
                                            .backward = l2_backward };
