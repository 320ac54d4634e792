/* SPDX-License-Identifier: Apache-2.0 */
#include "metric.h"

enum fer_status fer_metric_inputs(struct fer_op *op, struct fer_error *err)
{
    const struct fer_shape *x = fer_op_input(op, 0), *label = fer_op_input(op, 1);
    char text[2][64];
    if (x->dtype != FER_F32 || x->rank != 2)
        return fer_fail(err, FER_ESHAPE, "the first input must be probabilities or logits [N, K], but is %s",
                        fer_shape_text(x, text[0], sizeof text[0]));
    if (label->dtype != FER_I32 || label->rank != 1)
        return fer_fail(err, FER_ESHAPE, "the second input must be integer labels [N], but is %s",
                        fer_shape_text(label, text[0], sizeof text[0]));
    if (x->batch != label->batch || x->dim[0] != label->dim[0])
        return fer_fail(err, FER_ESHAPE, "predictions %s and labels %s have different batches; average views first",
                        fer_shape_text(x, text[0], sizeof text[0]), fer_shape_text(label, text[1], sizeof text[1]));
    fer_op_classes(op, 1, x->dim[1]);
    return FER_OK;
}

double fer_metric_count(const float *counter)
{
    return (double)counter[0] * 1048576.0 + (double)counter[1];
}
