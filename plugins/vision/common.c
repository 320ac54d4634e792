/* SPDX-License-Identifier: Apache-2.0 */
#include "vision.h"

enum fer_status fer_vision_rank(const struct fer_op *op, int i, int least, int most, const char *what,
                                struct fer_error *err)
{
    const struct fer_shape *shape = fer_op_input(op, i);
    char text[64];
    if (shape->dtype != FER_F32)
        return fer_fail(err, FER_ESHAPE, "%s must hold floats", what);
    if (shape->rank >= least && shape->rank <= most)
        return FER_OK;
    fer_shape_text(shape, text, sizeof text);
    if (least == most)
        return fer_fail(err, FER_ESHAPE, "%s must have %d axes, but is %s", what, least, text);
    return fer_fail(err, FER_ESHAPE, "%s must have %d to %d axes, but is %s", what, least, most, text);
}

struct fer_launch *fer_vision_pointwise(struct fer_emit *em, const char *source, const char *kernel,
                                        struct fer_tensor *x, struct fer_tensor *dy, struct fer_tensor *out)
{
    struct fer_launch *launch =
        fer_any_precision(fer_emit_kernel(em, source, kernel, "-DFER_LANES=%d", fer_lanes(out)));
    fer_launch_in(launch, "x", x);
    if (dy)
        fer_launch_in(launch, "dy", dy);
    fer_launch_out(launch, "out", out);
    return launch;
}

int fer_vision_tail(const struct fer_tensor *tensor)
{
    const int channels = fer_axis(fer_tensor_shape(tensor), 1);
    return fer_lanes(tensor) == 1 ? 0 : (FER_BLOCK - channels % FER_BLOCK) % FER_BLOCK;
}
