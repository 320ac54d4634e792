/* SPDX-License-Identifier: Apache-2.0
 *
 * confusion, and what follows from it: mean_accuracy, recall, f1.
 */
#include "metric.h"

#include <math.h>
#include <stdlib.h>

#include "count_cl.h"

static enum fer_status confusion_shape(struct fer_op *op, struct fer_error *err)
{
    enum fer_status status = fer_metric_inputs(op, err);
    if (status)
        return status;
    const int classes = fer_op_input(op, 0)->dim[1];
    if (classes > 8192)
        return fer_fail(err, FER_ENOTSUP, "a confusion matrix of %d classes is too large", classes);
    const struct fer_shape counts = fer_shape_make(NULL, 3, (const int[]){ classes, classes + 1, 2 });
    fer_op_buffer(op, "counts", &counts, (struct fer_init){ FER_INIT_CONSTANT, 0, 0 });
    return FER_OK;
}

static enum fer_status confusion_forward(struct fer_emit *em, struct fer_error *err)
{
    struct fer_tensor *x = fer_emit_input(em, 0);
    const struct fer_shape *shape = fer_tensor_shape(x), each = fer_shape_make(shape, 0, NULL);
    struct fer_tensor *best = fer_emit_temp(em, &each, FER_LAYOUT_PLAIN);
    struct fer_launch *launch = fer_emit_kernel(em, fer_count_cl, "argmax", "%s", "");
    (void)err;
    fer_launch_in(launch, "x", x);
    fer_launch_out(launch, "best", best);
    fer_launch_range_1d(launch, fer_extent_rows(x, 1, 1));

    launch = fer_emit_kernel(em, fer_count_cl, "confusion", "%s", "");
    fer_launch_in(launch, "best", best);
    fer_launch_in(launch, "label", fer_emit_input(em, 1));
    fer_launch_inout(launch, "counts", fer_emit_weight(em, 0));
    fer_launch_int(launch, shape->dim[1]);
    fer_launch_range_1d(launch, fer_extent_fixed((size_t)shape->dim[1]));
    return FER_OK;
}

/* ---- results ---- */

/* The table on the host: row y, column k, with one column past the classes for predictions of none. */
struct table {
    const float *counts;
    int classes;
};

static struct table table_of(const struct fer_op *op, const float *const *buffers)
{
    return (struct table){ buffers[0], fer_op_input(op, 0)->dim[1] };
}

static double cell(const struct table *t, int y, int k)
{
    return fer_metric_count(t->counts + 2 * ((size_t)y * (size_t)(t->classes + 1) + (size_t)k));
}

static double row_sum(const struct table *t, int y)
{
    double sum = 0;
    for (int k = 0; k <= t->classes; k++)
        sum += cell(t, y, k);
    return sum;
}

static double column_sum(const struct table *t, int k)
{
    double sum = 0;
    for (int y = 0; y < t->classes; y++)
        sum += cell(t, y, k);
    return sum;
}

/* A class that does not occur has none. */
static double recall(const struct table *t, int y)
{
    const double all = row_sum(t, y);
    return all > 0 ? cell(t, y, y) / all : NAN;
}

/* 2 right / (true + predicted); 0 for a class that is neither true nor predicted, as in scikit-learn. */
static double f1(const struct table *t, int y)
{
    const double all = row_sum(t, y) + column_sum(t, y);
    return all > 0 ? 2 * cell(t, y, y) / all : 0;
}

/* Reports `of` of every class as a list, and its mean as a number: over classes that occur, or that occur or are
 * predicted. */
static enum fer_status per_class(const struct table *t, double (*of)(const struct table *, int), bool predicted,
                                 const char *mean, const char *each, struct fer_report *report, struct fer_error *err)
{
    double *values = malloc((size_t)t->classes * sizeof(*values)), sum = 0;
    int present = 0;
    if (!values)
        return fer_fail(err, FER_ENOMEM, "out of memory for the results of a test");
    for (int y = 0; y < t->classes; y++) {
        values[y] = of(t, y);
        if (row_sum(t, y) > 0 || (predicted && column_sum(t, y) > 0)) {
            sum += values[y];
            present++;
        }
    }
    fer_report_number(report, mean, present ? sum / present : 0);
    if (each)
        fer_report_list(report, each, values, t->classes);
    free(values);
    return FER_OK;
}

static enum fer_status mean_accuracy_finish(const struct fer_op *op, const float *const *buffers,
                                            struct fer_report *report, struct fer_error *err)
{
    const struct table t = table_of(op, buffers);
    return per_class(&t, recall, false, "mean_accuracy", NULL, report, err);
}

static enum fer_status recall_finish(const struct fer_op *op, const float *const *buffers, struct fer_report *report,
                                     struct fer_error *err)
{
    const struct table t = table_of(op, buffers);
    return per_class(&t, recall, false, "recall", "per_class", report, err);
}

static enum fer_status f1_finish(const struct fer_op *op, const float *const *buffers, struct fer_report *report,
                                 struct fer_error *err)
{
    const struct table t = table_of(op, buffers);
    return per_class(&t, f1, true, "f1", "per_class", report, err);
}

static enum fer_status confusion_finish(const struct fer_op *op, const float *const *buffers, struct fer_report *report,
                                        struct fer_error *err)
{
    const struct table t = table_of(op, buffers);
    const size_t size = (size_t)t.classes * (size_t)t.classes;
    double *values = malloc(2 * size * sizeof(*values)), *shares = values + size, right = 0, all = 0, lost = 0;
    if (!values)
        return fer_fail(err, FER_ENOMEM, "out of memory for the results of confusion");
    for (int y = 0; y < t.classes; y++) {
        const double row = row_sum(&t, y);
        for (int k = 0; k < t.classes; k++) {
            const size_t at = (size_t)y * (size_t)t.classes + (size_t)k;
            values[at] = cell(&t, y, k);
            shares[at] = row > 0 ? values[at] / row : 0;
        }
        right += cell(&t, y, y);
        lost += cell(&t, y, t.classes);
        all += row;
    }
    fer_report_number(report, "accuracy", all > 0 ? right / all : 0);
    fer_report_number(report, "samples", all);
    if (lost > 0)
        fer_report_number(report, "without_prediction", lost);
    fer_report_matrix(report, "counts", values, t.classes, t.classes);
    fer_report_matrix(report, "normalized", shares, t.classes, t.classes);
    free(values);
    return FER_OK;
}

#define METRIC(name_, help_)                                                                                           \
    const struct fer_metric fer_##name_ = { .size = sizeof(struct fer_metric),                                         \
                                            .layer = { .size = sizeof(struct fer_layer),                               \
                                                       .name = #name_,                                                 \
                                                       .help = help_,                                                  \
                                                       .inputs_min = 2,                                                \
                                                       .inputs_max = 2,                                                \
                                                       .shape = confusion_shape,                                       \
                                                       .forward = confusion_forward },                                 \
                                            .finish = name_##_finish }

METRIC(confusion, "counts of each true class (row) and predicted class, and their shares of the row");
METRIC(mean_accuracy, "mean over the classes of the share predicted right");
METRIC(recall, "share predicted right of each class, and its mean");
METRIC(f1, "harmonic mean of precision and recall: macro, and of each class");
