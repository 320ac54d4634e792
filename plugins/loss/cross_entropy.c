/* SPDX-License-Identifier: Apache-2.0
 *
 * cross_entropy.
 */
#include "loss.h"

#include <stdlib.h>

#include "cross_entropy_cl.h"

struct cross_entropy {
    struct fer_floats weight;
    double label_smoothing;
};
static const struct fer_param *const params_table[] = {
    FER_PARAM_FLOATS(struct cross_entropy, weight, "", 0, 1e6, "a weight for each class, in the order of the logits"),
    FER_PARAM_FLOAT(struct cross_entropy, label_smoothing, "0", 0, 1, "share of the target that all classes divide"),
    NULL
};

enum { LEVEL = FER_LOSS_SAVED };

static enum fer_status cross_entropy_shape(struct fer_op *op, struct fer_error *err)
{
    const struct cross_entropy *params = fer_op_params(op);
    const struct fer_shape *x = fer_op_input(op, 0), *label = fer_op_input(op, 1);
    enum fer_status status = fer_loss_input(op, 0, FER_F32, 2, "the logits", err);
    if (!status && label->dtype == FER_I32)
        status = fer_loss_input(op, 1, FER_I32, 1, "the labels", err);
    else if (!status)
        status = fer_loss_input(op, 1, FER_F32, 2, "a distribution over the classes", err);
    if (status)
        return status;
    const int classes = x->dim[1];
    if (label->rank == 2 && label->dim[1] != classes)
        return fer_fail(err, FER_ESHAPE, "the labels have %d classes and the logits %d", label->dim[1], classes);
    if (params->weight.count && params->weight.count != classes)
        return fer_fail_argument(err, FER_ESHAPE, "weight", "%d weights for %d classes", params->weight.count, classes);
    if (label->rank == 1)
        fer_op_classes(op, 1, classes);
    status = fer_loss_shape(op, x, err);
    const struct fer_shape level = fer_shape_make(x, 1, (const int[]){ 2 });
    fer_op_saved(op, &level);
    return status;
}

/* The class weights on the device, NULL when there are none. */
static struct fer_tensor *class_weights(struct fer_emit *em)
{
    const struct cross_entropy *params = fer_emit_params(em);
    const int count = params->weight.count;
    const struct fer_shape shape = fer_shape_make(NULL, 1, &count);
    char key[64];
    if (!count)
        return NULL;
    float *values = malloc((size_t)count * sizeof(*values));
    for (int i = 0; values && i < count; i++)
        values[i] = (float)params->weight.items[i];
    /* The list lives as long as the graph, so its address says which it is. */
    snprintf(key, sizeof key, "cross_entropy %p", (const void *)params->weight.items);
    struct fer_tensor *weights = fer_emit_constant(em, key, &shape, values);
    free(values);
    return weights;
}

static bool weights_lost(const struct fer_emit *em, const struct fer_tensor *weights)
{
    return !weights && ((const struct cross_entropy *)fer_emit_params(em))->weight.count;
}

static enum fer_status out_of_memory(struct fer_error *err)
{
    return fer_fail(err, FER_ENOMEM, "out of memory for class weights");
}

/* A launch with the logits, the labels unless they are left out, and the weights. */
static struct fer_launch *begin(struct fer_emit *em, const char *kernel, bool labels, struct fer_tensor *weights)
{
    struct fer_tensor *label = fer_emit_input(em, 1);
    struct fer_launch *launch = fer_emit_kernel(em, fer_cross_entropy_cl, kernel, "%s%s", weights ? "-DWEIGHTED " : "",
                                                fer_tensor_shape(label)->dtype == FER_I32 ? "" : "-DSOFT");
    fer_launch_in(launch, "x", fer_emit_input(em, 0));
    if (labels)
        fer_launch_in(launch, "label", label);
    if (weights)
        fer_launch_in(launch, "class_weight", weights);
    return launch;
}

static void end(struct fer_emit *em, struct fer_launch *launch)
{
    const struct cross_entropy *params = fer_emit_params(em);
    fer_launch_float(launch, params->label_smoothing);
    fer_loss_range_rows(launch, fer_emit_input(em, 0));
}

static enum fer_status cross_entropy_forward(struct fer_emit *em, struct fer_error *err)
{
    struct fer_tensor *weights = class_weights(em);
    if (weights_lost(em, weights))
        return out_of_memory(err);
    struct fer_launch *launch = begin(em, "cross_entropy", true, weights);
    fer_launch_out(launch, "sample", fer_emit_output(em, 1));
    fer_launch_out(launch, "weight", fer_emit_saved(em, FER_LOSS_WEIGHT));
    fer_launch_out(launch, "level", fer_emit_saved(em, LEVEL));
    end(em, launch);
    fer_loss_mean(em);
    return FER_OK;
}

static enum fer_status cross_entropy_backward(struct fer_emit *em, struct fer_error *err)
{
    struct fer_tensor *dx = fer_emit_grad_input(em, 0), *dlabel = fer_emit_grad_input(em, 1);
    struct fer_tensor *coef = fer_loss_gradient(em), *weights = class_weights(em);
    if (weights_lost(em, weights))
        return out_of_memory(err);
    if (dx) {
        struct fer_launch *launch = begin(em, "cross_entropy_grad", true, weights);
        fer_launch_in(launch, "level", fer_emit_saved(em, LEVEL));
        fer_launch_in(launch, "coef", coef);
        fer_launch_out(launch, "dx", dx);
        end(em, launch);
    }
    if (dlabel && fer_tensor_shape(dlabel)->rank == 2) {
        struct fer_launch *launch = begin(em, "label_grad", false, weights);
        fer_launch_in(launch, "level", fer_emit_saved(em, LEVEL));
        fer_launch_in(launch, "coef", coef);
        fer_launch_out(launch, "dlabel", dlabel);
        end(em, launch);
    }
    return FER_OK;
}

const struct fer_layer fer_cross_entropy = {
    .size = sizeof(struct fer_layer),
    .name = "cross_entropy",
    .help = "cross entropy of logits with labels or distributions; labels below 0 do not count",
    .params = params_table,
    .params_size = sizeof(struct cross_entropy),
    .inputs_min = 2,
    .inputs_max = 2,
    .outputs_min = 1,
    .outputs = 2,
    .flags = FER_LAYER_LOSS,
    .shape = cross_entropy_shape,
    .forward = cross_entropy_forward,
    .backward = cross_entropy_backward
};
