/* SPDX-License-Identifier: Apache-2.0
 *
 * softmax over the channels.
 */
#include "layers.h"
#include "vision.h"

#include "softmax_cl.h"

enum { GROUP = 64, MANY = 64 }; /* channels from which on a work-group shares a pixel on a GPU */

static enum fer_status softmax_shape(struct fer_op *op, struct fer_error *err)
{
    enum fer_status status = fer_vision_rank(op, 0, 2, 4, "the input", err);
    if (!status)
        fer_op_output(op, 0, fer_op_input(op, 0));
    return status;
}

static enum fer_status emit(struct fer_emit *em, const char *kernel, const char *first, struct fer_tensor *in,
                            struct fer_tensor *dy, const char *to, struct fer_tensor *out)
{
    const struct fer_shape *shape = fer_tensor_shape(out);
    const size_t pixels = (size_t)fer_axis(shape, 2) * (size_t)fer_axis(shape, 3);
    const bool shared = fer_emit_profile(em) == FER_PROFILE_GPU && shape->dim[1] >= MANY && pixels < MANY;
    struct fer_launch *launch = fer_emit_kernel(em, fer_softmax_cl, kernel, "-DGROUP=%d", shared ? GROUP : 1);
    fer_launch_in(launch, first, in);
    if (dy)
        fer_launch_in(launch, "dy", dy);
    fer_launch_out(launch, to, out);
    fer_launch_int(launch, fer_vision_tail(out));
    if (shared) {
        fer_launch_int(launch, 1);
        fer_launch_range_1d(launch, fer_extent_rows(out, pixels * GROUP, 1));
    } else {
        fer_launch_cells(em, launch, out, pixels, 8);
    }
    return FER_OK;
}

static enum fer_status softmax_forward(struct fer_emit *em, struct fer_error *err)
{
    (void)err;
    return emit(em, "softmax", "x", fer_emit_input(em, 0), NULL, "y", fer_emit_output(em, 0));
}

static enum fer_status softmax_backward(struct fer_emit *em, struct fer_error *err)
{
    struct fer_tensor *dx = fer_emit_grad_input(em, 0);
    (void)err;
    return dx ? emit(em, "softmax_grad", "y", fer_emit_output(em, 0), fer_emit_grad_output(em, 0), "dx", dx) : FER_OK;
}

const struct fer_layer fer_softmax = { .size = sizeof(struct fer_layer),
                                       .name = "softmax",
                                       .help = "exp(x) over the channels, divided by its sum",
                                       .inputs_min = 1,
                                       .inputs_max = 1,
                                       .outputs_min = 1,
                                       .outputs = 1,
                                       .flags = FER_LAYER_ANY_LAYOUT,
                                       .shape = softmax_shape,
                                       .forward = softmax_forward,
                                       .backward = softmax_backward };
