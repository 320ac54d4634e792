/* SPDX-License-Identifier: Apache-2.0
 *
 * The solver of last resort: right for every shape, layout and device, and slow.  See conv_generic.cl.
 */
#include "conv.h"
#include "conv_epilogue_cl.h"
#include "conv_generic_cl.h"

static bool applicable(const struct fer_convolution_shape *shape)
{
    (void)shape;
    return true;
}

static void geometry(struct fer_launch *launch, const struct fer_convolution_shape *s)
{
    fer_launch_int(launch, s->kernel);
    fer_launch_int(launch, s->stride);
    fer_launch_int(launch, s->pad);
    fer_launch_int(launch, s->dilation);
    fer_launch_int(launch, s->c / s->groups);
    fer_launch_int(launch, s->k / s->groups);
    conv_cost(launch, s);
}

static void forward(const struct conv_call *call)
{
    const struct fer_convolution_shape *s = &call->of.shape;
    struct fer_launch *launch =
        fer_emit_kernel(call->em, fer_conv_generic_cl, "conv_generic_forward", call->of.bias ? "-DBIAS" : " ");
    fer_launch_in(launch, "x", call->of.x);
    fer_launch_in(launch, "w", call->of.w);
    if (call->of.bias)
        fer_launch_in(launch, "bias", call->of.bias);
    fer_launch_out(launch, "y", call->of.y);
    fer_launch_int(launch, conv_lanes(s->k, s->y));
    geometry(launch, s);
    fer_launch_range_1d(launch, fer_extent_each(call->of.y));
}

static void data(const struct conv_call *call)
{
    const struct fer_convolution_shape *s = &call->of.shape;
    struct fer_launch *launch = fer_emit_kernel(call->em, fer_conv_generic_cl, "conv_generic_data", " ");
    fer_launch_in(launch, "dy", call->of.y);
    fer_launch_in(launch, "w", call->of.w);
    fer_launch_out(launch, "dx", call->of.x);
    fer_launch_int(launch, conv_lanes(s->c, s->x));
    geometry(launch, s);
    fer_launch_range_1d(launch, fer_extent_each(call->of.x));
}

static void weights(const struct conv_call *call)
{
    struct fer_launch *launch = fer_emit_kernel(call->em, fer_conv_generic_cl, "conv_generic_weights", " ");
    fer_launch_in(launch, "x", call->of.x);
    fer_launch_in(launch, "dy", call->of.y);
    fer_launch_out(launch, "dw", call->of.w);
    geometry(launch, &call->of.shape);
    fer_launch_range_1d(launch, fer_extent_each(call->of.w));
}

#define HELP "by the definition, one output a work-item; any shape, layout and device"
const struct conv_solver conv_generic_forward = { CONV_SOLVER("generic", HELP, NULL, fer_conv_generic_cl,
                                                              fer_conv_epilogue_cl),
                                                  .applicable = applicable, .emit = forward };
const struct conv_solver conv_generic_data = { CONV_SOLVER("generic", HELP, NULL, fer_conv_generic_cl),
                                               .applicable = applicable, .emit = data };
const struct conv_solver conv_generic_weights = { CONV_SOLVER("generic", HELP, NULL, fer_conv_generic_cl),
                                                  .applicable = applicable, .emit = weights };
