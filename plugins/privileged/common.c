/* SPDX-License-Identifier: Apache-2.0 */
#include "privileged.h"

#include "common_cl.h"

void fer_privileged_outputs(struct fer_op *op)
{
    const struct fer_shape one = fer_shape_make(NULL, 1, (const int[]){ 1 });
    const struct fer_shape each = fer_shape_make(fer_op_input(op, 0), 0, NULL);
    fer_op_output(op, 0, &one);
    fer_op_output(op, 1, &each);
}

void fer_privileged_mean(struct fer_emit *em)
{
    struct fer_launch *launch = fer_emit_kernel(em, fer_common_cl, "samples_mean", "%s", "");
    fer_launch_in(launch, "sample", fer_emit_output(em, 1));
    fer_launch_out(launch, "loss", fer_emit_output(em, 0));
    fer_launch_range_1d(launch, fer_extent_fixed(64));
}

void fer_privileged_gradients(struct fer_emit *em, struct fer_launch *launch)
{
    struct fer_tensor *dloss = fer_emit_grad_output(em, 0), *dsample = fer_emit_grad_output(em, 1);
    struct fer_tensor *any = dloss ? dloss : dsample; /* what is not there is not read */
    fer_launch_in(launch, "dloss", dloss ? dloss : any);
    fer_launch_in(launch, "dsample", dsample ? dsample : any);
    fer_launch_int(launch, (dloss ? 1 : 0) | (dsample ? 2 : 0));
}

void fer_privileged_range(struct fer_launch *launch, const struct fer_tensor *rows)
{
    fer_launch_range_1d(launch, fer_extent_rows(rows, 64, 1));
}
