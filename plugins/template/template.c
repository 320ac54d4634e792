/* SPDX-License-Identifier: Apache-2.0
 *
 * A plugin to start from: one layer, swish(x) = x / (1 + exp(-beta x)).
 * Ramachandran, Zoph, Le: Searching for activation functions (2017), arXiv:1710.05941.
 */
#include <fer/plugin.h>

#include "template_cl.h" /* fer_template_cl: the text of template.cl */

struct swish {
    double beta;
};
static const struct fer_param *const swish_params[] = {
    FER_PARAM_FLOAT(struct swish, beta, "1", -100, 100, "steepness; 0 halves the input"), NULL
};

static enum fer_status swish_shape(struct fer_op *op, struct fer_error *err)
{
    (void)err; /* any shape will do */
    fer_op_output(op, 0, fer_op_input(op, 0));
    return FER_OK;
}

/* Forward when dy is NULL: out = y.  Backward: out = dx. */
static enum fer_status emit(struct fer_emit *em, const char *kernel, struct fer_tensor *dy, struct fer_tensor *out)
{
    const struct swish *params = fer_emit_params(em);
    struct fer_launch *launch = fer_emit_launch(em, fer_template_cl, kernel, NULL);
    fer_launch_in(launch, "x", fer_emit_input(em, 0));
    if (dy)
        fer_launch_in(launch, "dy", dy);
    fer_launch_out(launch, "out", out);
    fer_launch_float(launch, params->beta);
    fer_launch_range_1d(launch, fer_extent_each(out));
    return FER_OK; /* what a launch lacks, the core reports */
}

static enum fer_status swish_forward(struct fer_emit *em, struct fer_error *err)
{
    (void)err;
    return emit(em, "swish_forward", NULL, fer_emit_output(em, 0));
}

static enum fer_status swish_backward(struct fer_emit *em, struct fer_error *err)
{
    struct fer_tensor *dx = fer_emit_grad_input(em, 0); /* NULL: nobody needs it */
    (void)err;
    return dx ? emit(em, "swish_backward", fer_emit_grad_output(em, 0), dx) : FER_OK;
}

/* ANY_LAYOUT: all lanes are treated alike, and swish(0) = 0 keeps the padding zero. */
static const struct fer_layer swish = { .size = sizeof(struct fer_layer),
                                        .name = "swish",
                                        .help = "x times the sigmoid of beta x",
                                        .params = swish_params,
                                        .params_size = sizeof(struct swish),
                                        .inputs_min = 1,
                                        .inputs_max = 1,
                                        .outputs_min = 1,
                                        .outputs = 1,
                                        .flags = FER_LAYER_ANY_LAYOUT,
                                        .shape = swish_shape,
                                        .forward = swish_forward,
                                        .backward = swish_backward };
static const struct fer_layer *const layers[] = { &swish, NULL };

FER_PLUGIN(template){ FER_PLUGIN_HEAD(template), .version = "1.0.0", .license = "Apache-2.0",
                      .help = "a plugin to start from", .layers = layers };
