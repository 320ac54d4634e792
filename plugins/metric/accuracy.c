/* SPDX-License-Identifier: Apache-2.0
 *
 * accuracy (top k, by bins of another value), average.
 */
#include "metric.h"

#include <math.h>
#include <stdlib.h>

#include "count_cl.h"

struct accuracy {
    int top, by;
    struct fer_floats bins;
};
static const struct fer_param *const accuracy_params[] = {
    FER_PARAM_INT(struct accuracy, top, "1", 1, 65536, "right when the label is among so many largest values"),
    FER_PARAM_VALUE(struct accuracy, by, "also report by bins of this value, f32[N]"),
    FER_PARAM_FLOATS(struct accuracy, bins, "", -1e30, 1e30, "edges of the bins, rising"), NULL
};

static int bins_of(const struct accuracy *params)
{
    return params->by >= 0 ? params->bins.count - 1 : 0;
}

static enum fer_status accuracy_by(const struct fer_op *op, struct fer_error *err)
{
    const struct accuracy *params = fer_op_params(op);
    const struct fer_shape *by = fer_op_input(op, params->by), *x = fer_op_input(op, 0);
    char text[64];
    if (by->dtype != FER_F32 || by->batch != x->batch || fer_shape_count(by) != (size_t)x->dim[0])
        return fer_fail_argument(err, FER_ESHAPE, "by", "must be one float a sample, but is %s",
                                 fer_shape_text(by, text, sizeof text));
    if (params->bins.count < 2)
        return fer_fail_argument(err, FER_EINVAL, "bins", "by= wants bins=[...] with two or more edges");
    for (int i = 1; i < params->bins.count; i++)
        if (params->bins.items[i] <= params->bins.items[i - 1])
            return fer_fail_argument(err, FER_EINVAL, "bins", "the edges must rise");
    return FER_OK;
}

static enum fer_status accuracy_shape(struct fer_op *op, struct fer_error *err)
{
    const struct accuracy *params = fer_op_params(op);
    enum fer_status status = fer_metric_inputs(op, err);
    if (!status && params->by >= 0)
        status = accuracy_by(op, err);
    else if (!status && params->bins.count)
        status = fer_fail_argument(err, FER_EINVAL, "bins", "bins= wants by=, the value that falls into them");
    if (status)
        return status;
    if (params->top > fer_op_input(op, 0)->dim[1])
        return fer_fail_argument(err, FER_EINVAL, "top", "top=%d, but there are only %d classes", params->top,
                                 fer_op_input(op, 0)->dim[1]);
    const int floats = 4 * (1 + bins_of(params));
    const struct fer_shape counts = fer_shape_make(NULL, 1, &floats);
    fer_op_buffer(op, "counts", &counts, (struct fer_init){ FER_INIT_CONSTANT, 0, 0 });
    return FER_OK;
}

/* The edges of the bins on the device. */
static struct fer_tensor *edges_of(struct fer_emit *em)
{
    const struct accuracy *params = fer_emit_params(em);
    const struct fer_shape shape = fer_shape_make(NULL, 1, &params->bins.count);
    float *values = malloc((size_t)params->bins.count * sizeof(*values));
    char key[64];
    for (int i = 0; values && i < params->bins.count; i++)
        values[i] = (float)params->bins.items[i];
    snprintf(key, sizeof key, "accuracy %p", (const void *)params->bins.items); /* lives as long as the graph */
    struct fer_tensor *edges = fer_emit_constant(em, key, &shape, values);
    free(values);
    return edges;
}

static enum fer_status accuracy_forward(struct fer_emit *em, struct fer_error *err)
{
    const struct accuracy *params = fer_emit_params(em);
    struct fer_tensor *x = fer_emit_input(em, 0), *edges = NULL;
    const struct fer_shape each = fer_shape_make(fer_tensor_shape(x), 0, NULL);
    struct fer_tensor *hit = fer_emit_temp(em, &each, FER_LAYOUT_PLAIN);
    struct fer_launch *launch = fer_emit_kernel(em, fer_count_cl, "hits", "%s", "");
    fer_launch_in(launch, "x", x);
    fer_launch_in(launch, "label", fer_emit_input(em, 1));
    fer_launch_out(launch, "hit", hit);
    fer_launch_int(launch, params->top);
    fer_launch_range_1d(launch, fer_extent_rows(x, 1, 1));

    if (params->by >= 0 && !(edges = edges_of(em)))
        return fer_fail(err, FER_ENOMEM, "out of memory for bins");
    launch = fer_emit_kernel(em, fer_count_cl, "accuracy", "%s", edges ? "-DBY" : "");
    fer_launch_in(launch, "hit", hit);
    if (edges) {
        fer_launch_in(launch, "by", fer_emit_input(em, params->by));
        fer_launch_in(launch, "edge", edges);
    }
    fer_launch_inout(launch, "counts", fer_emit_weight(em, 0));
    fer_launch_int(launch, bins_of(params));
    fer_launch_range_1d(launch, fer_extent_fixed((size_t)(1 + bins_of(params))));
    return FER_OK;
}

static enum fer_status accuracy_finish(const struct fer_op *op, const float *const *buffers, struct fer_report *report,
                                       struct fer_error *err)
{
    const struct accuracy *params = fer_op_params(op);
    const int bins = bins_of(params);
    const float *counts = buffers[0];
    const double all = fer_metric_count(counts + 2);
    fer_report_number(report, "accuracy", all > 0 ? fer_metric_count(counts) / all : 0);
    if (!bins)
        return FER_OK;
    double *values = malloc(2 * (size_t)bins * sizeof(*values));
    if (!values)
        return fer_fail(err, FER_ENOMEM, "out of memory for the results of accuracy");
    for (int b = 0; b < bins; b++) {
        const float *counter = counts + 4 * (b + 1);
        values[bins + b] = fer_metric_count(counter + 2);
        values[b] = values[bins + b] > 0 ? fer_metric_count(counter) / values[bins + b] : NAN; /* nobody was asked */
    }
    fer_report_list(report, "bins", params->bins.items, params->bins.count);
    fer_report_list(report, "by_bin", values, bins);
    fer_report_list(report, "samples", values + bins, bins);
    free(values);
    return FER_OK;
}

const struct fer_metric fer_accuracy = { .size = sizeof(struct fer_metric),
                                         .layer = { .size = sizeof(struct fer_layer),
                                                    .name = "accuracy",
                                                    .help = "share of samples predicted right; labels "
                                                            "below 0 do not count",
                                                    .params = accuracy_params,
                                                    .params_size = sizeof(struct accuracy),
                                                    .inputs_min = 2,
                                                    .inputs_max = 3,
                                                    .shape = accuracy_shape,
                                                    .forward = accuracy_forward },
                                         .finish = accuracy_finish };

/* ---- average ---- */

static enum fer_status average_shape(struct fer_op *op, struct fer_error *err)
{
    const struct fer_shape sums = fer_shape_make(NULL, 1, (const int[]){ 4 });
    if (fer_op_input(op, 0)->dtype != FER_F32)
        return fer_fail(err, FER_ESHAPE, "needs floats: a loss, or one number a sample");
    if (fer_op_inputs(op) == 2 && (fer_op_input(op, 0)->batch || !fer_op_input(op, 1)->batch))
        return fer_fail(err, FER_ESHAPE,
                        "the second input says how many samples a loss is of: a loss, and what has a batch");
    fer_op_buffer(op, "sums", &sums, (struct fer_init){ FER_INIT_CONSTANT, 0, 0 });
    return FER_OK;
}

static enum fer_status average_forward(struct fer_emit *em, struct fer_error *err)
{
    const bool weighted = fer_op_inputs(fer_emit_op(em)) == 2;
    struct fer_launch *launch = fer_emit_kernel(em, fer_count_cl, "average", "%s", weighted ? "-DOF" : "");
    (void)err;
    fer_launch_in(launch, "x", fer_emit_input(em, 0));
    if (weighted)
        fer_launch_in(launch, "of", fer_emit_input(em, 1));
    fer_launch_inout(launch, "sums", fer_emit_weight(em, 0));
    fer_launch_range_1d(launch, fer_extent_fixed(1));
    return FER_OK;
}

static enum fer_status average_finish(const struct fer_op *op, const float *const *buffers, struct fer_report *report,
                                      struct fer_error *err)
{
    const double count = fer_metric_count(buffers[0] + 2);
    (void)op;
    (void)err;
    fer_report_number(report, "average", count > 0 ? ((double)buffers[0][0] + (double)buffers[0][1]) / count : 0);
    return FER_OK;
}

const struct fer_metric fer_average = { .size = sizeof(struct fer_metric),
                                        .layer = { .size = sizeof(struct fer_layer),
                                                   .name = "average",
                                                   .help = "mean of a number a sample; or of a loss: over the batches, "
                                                           "or with what it is of as second input over the samples",
                                                   .inputs_min = 1,
                                                   .inputs_max = 2,
                                                   .shape = average_shape,
                                                   .forward = average_forward },
                                        .finish = average_finish };
