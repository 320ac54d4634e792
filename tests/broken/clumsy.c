/* SPDX-License-Identifier: Apache-2.0
 *
 * Mistakes of an author that only show when a layer is used, one for each value of `mistake`; cli-author.sh.
 */
#include <fer/plugin.h>

static const char clumsy_cl[] = "#ifdef FER_KERNEL_forward\n"
                                "__kernel void forward(FER_IN(x), FER_IN(w), FER_OUT(y))\n"
                                "{\n    const size_t i = get_global_id(0);\n    if (i < SIZE(y))\n"
                                "        DATA(y)[i] = DATA(w)[0] * DATA(x)[i];\n}\n"
                                "#elif defined(FER_KERNEL_backward_input)\n"
                                "__kernel void backward_input(FER_IN(w), FER_IN(dy), FER_OUT(dx))\n"
                                "{\n    const size_t i = get_global_id(0);\n    if (i < SIZE(dx))\n"
                                "        DATA(dx)[i] = DATA(w)[0] * DATA(dy)[i];\n}\n"
                                "#else\n"
                                "__kernel void backward_weight(FER_IN(x), FER_IN(dy), FER_OUT(dw))\n"
                                "{\n    float sum = 0;\n    if (get_global_id(0) > 0)\n        return;\n"
                                "    for (size_t i = 0; i < SIZE(x); i++)\n        sum += DATA(x)[i] * DATA(dy)[i];\n"
                                "    DATA(dw)[0] = sum;\n}\n"
                                "#endif\n";

enum mistake { NONE, SHAPE, FORWARD, NAME, INDEX, SAVED, INPUT, WEIGHT };
static const char *const mistakes[] = { "none", "shape", "forward", "name", "index", "saved", "input", "weight", NULL };
struct clumsy {
    int mistake;
};
static const struct fer_param *const params[] = {
    FER_PARAM_ENUM(struct clumsy, mistake, "none", mistakes, "what the author has forgotten"), NULL
};

static enum fer_status shape(struct fer_op *op, struct fer_error *err)
{
    const struct clumsy *p = fer_op_params(op);
    const struct fer_shape one = fer_shape_make(NULL, 1, (int[]){ 1 });
    (void)err;
    if (p->mistake == SHAPE)
        return FER_ESHAPE;
    fer_op_output(op, 0, fer_op_input(op, 0));
    fer_op_weight(op, "weight", &one, (struct fer_init){ FER_INIT_CONSTANT, 2, 0 });
    fer_op_saved(op, &one);
    return FER_OK;
}

static enum fer_status forward(struct fer_emit *em, struct fer_error *err)
{
    const struct clumsy *p = fer_emit_params(em);
    struct fer_launch *launch = fer_emit_launch(em, clumsy_cl, "forward", NULL);
    (void)err;
    fer_launch_in(launch, p->mistake == NAME ? "input" : "x", fer_emit_input(em, 0));
    fer_launch_in(launch, "w", fer_emit_weight(em, p->mistake == INDEX ? 7 : 0));
    fer_launch_out(launch, "y", fer_emit_output(em, 0));
    fer_launch_range_1d(launch, fer_extent_each(fer_emit_output(em, 0)));
    return p->mistake == FORWARD ? FER_EINVAL : FER_OK;
}

static enum fer_status backward(struct fer_emit *em, struct fer_error *err)
{
    const struct clumsy *p = fer_emit_params(em);
    struct fer_tensor *dx = fer_emit_grad_input(em, 0), *dw = fer_emit_grad_weight(em, 0);
    (void)err;
    if (dx && p->mistake != INPUT) {
        struct fer_launch *launch = fer_emit_launch(em, clumsy_cl, "backward_input", NULL);
        fer_launch_in(launch, "w", p->mistake == SAVED ? fer_emit_saved(em, 0) : fer_emit_weight(em, 0));
        fer_launch_in(launch, "dy", fer_emit_grad_output(em, 0));
        fer_launch_out(launch, "dx", dx);
        fer_launch_range_1d(launch, fer_extent_each(dx));
    }
    if (dw && p->mistake != WEIGHT) {
        struct fer_launch *launch = fer_emit_launch(em, clumsy_cl, "backward_weight", NULL);
        fer_launch_in(launch, "x", fer_emit_input(em, 0));
        fer_launch_in(launch, "dy", fer_emit_grad_output(em, 0));
        fer_launch_out(launch, "dw", dw);
        fer_launch_range_1d(launch, fer_extent_fixed(1));
    }
    return FER_OK;
}

/* A loss that gives every sample's value and no mean. */
static enum fer_status cost_shape(struct fer_op *op, struct fer_error *err)
{
    const struct fer_shape each = fer_shape_make(fer_op_input(op, 0), 0, NULL);
    (void)err;
    fer_op_output(op, 0, &each);
    return FER_OK;
}

#define ONE_TO_ONE .inputs_min = 1, .inputs_max = 1, .outputs_min = 1, .outputs = 1
static const struct fer_layer clumsy = { .size = sizeof(struct fer_layer),
                                         .name = "clumsy",
                                         .help = "twice its input",
                                         .params = params,
                                         .params_size = sizeof(struct clumsy),
                                         ONE_TO_ONE,
                                         .shape = shape,
                                         .forward = forward,
                                         .backward = backward };
static const struct fer_layer cost = { .size = sizeof(struct fer_layer),
                                       .name = "cost",
                                       .help = "a loss that is none",
                                       ONE_TO_ONE,
                                       .flags = FER_LAYER_LOSS,
                                       .shape = cost_shape,
                                       .forward = forward };
static const struct fer_layer *const layers[] = { &clumsy, &cost, NULL };

FER_PLUGIN(clumsy){ FER_PLUGIN_HEAD(clumsy), .version = "1.0.0", .license = "Apache-2.0", .help = "deliberate mistakes",
                    .layers = layers };
