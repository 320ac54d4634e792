/* SPDX-License-Identifier: Apache-2.0
 *
 * same_label: which pairs are of one class, where two data sets are drawn side by side.
 */
#include "double_channel.h"

#include "same_label_cl.h"

static enum fer_status shape(struct fer_op *op, struct fer_error *err)
{
    const struct fer_shape *a = fer_op_input(op, 0), *b = fer_op_input(op, 1);
    if (a->dtype != FER_I32 || a->rank != 1 || a->batch < 1 || !fer_shape_equal(a, b))
        return fer_fail(err, FER_ESHAPE, "compares two labels of each sample");
    const struct fer_shape out = fer_shape_make(a, 0, NULL);
    fer_op_output(op, 0, &out);
    return FER_OK;
}

static enum fer_status forward(struct fer_emit *em, struct fer_error *err)
{
    struct fer_tensor *out = fer_emit_output(em, 0);
    struct fer_launch *launch = fer_emit_kernel(em, fer_same_label_cl, "same_label", "%s", "");
    (void)err;
    fer_launch_in(launch, "a", fer_emit_input(em, 0));
    fer_launch_in(launch, "b", fer_emit_input(em, 1));
    fer_launch_out(launch, "out", out);
    fer_launch_range_1d(launch, fer_extent_rows(out, 1, 1));
    return FER_OK;
}

const struct fer_layer fer_same_label = {
    .size = sizeof(struct fer_layer),
    .name = "same_label",
    .help = "1 where two labels are the same, else 0; `pairs` has it as the field same",
    .inputs_min = 2,
    .inputs_max = 2,
    .outputs_min = 1,
    .outputs = 1,
    .shape = shape,
    .forward = forward
};
