/* SPDX-License-Identifier: Apache-2.0
 *
 * Depthwise convolution: as many groups as channels in and out.  See conv_depthwise.cl.
 */
#include "../partial.h"
#include "conv.h"
#include "conv_depthwise_cl.h"
#include "conv_depthwise_pack_cl.h"
#include "conv_depthwise_plain_cl.h"

enum {
    SPLITS = 16,  /* ranges of images that the weights' gradient is summed over */
    ROWS = 4,     /* of a work-item of conv_depthwise_columns */
    LARGEST = 7,  /* kernel whose taps are registers on GPUs */
    GROUP = 64,   /* a work-group of conv_depthwise_sums */
    GROUPS = 1024 /* of them wanted */
};

static bool applicable(const struct fer_convolution_shape *s)
{
    return s->groups == s->c && s->c == s->k && s->x == s->y &&
           (s->x == FER_LAYOUT_PLAIN) == (s->profile == FER_PROFILE_GPU);
}

static bool columns(const struct fer_convolution_shape *s)
{
    return s->x == FER_LAYOUT_PLAIN && s->kernel <= LARGEST;
}

static bool weights_applicable(const struct fer_convolution_shape *s)
{
    return applicable(s) && (s->x == FER_LAYOUT_BLOCKED || columns(s));
}

static void geometry(struct fer_launch *launch, const struct fer_convolution_shape *s)
{
    fer_launch_int(launch, s->kernel);
    fer_launch_int(launch, s->stride);
    fer_launch_int(launch, s->pad);
    fer_launch_int(launch, s->dilation);
}

/* w[block][tap][16] for a blocked layout. */
static struct fer_tensor *pack(const struct conv_call *call)
{
    const struct fer_convolution_shape *s = &call->of.shape;
    const int taps = s->kernel * s->kernel, count = conv_blocks(s->k) * taps * FER_BLOCK;
    const struct fer_shape shape = fer_shape_make(NULL, 1, &count);
    bool fresh;
    struct fer_tensor *packed = fer_emit_prepared(call->em, call->of.w, "conv depthwise", &shape, &fresh);
    if (!fresh)
        return packed;
    struct fer_launch *launch = fer_emit_kernel(call->em, fer_conv_depthwise_pack_cl, "conv_depthwise_pack", " ");
    fer_launch_in(launch, "weights", call->of.w);
    fer_launch_out(launch, "packed", packed);
    fer_launch_int(launch, s->k);
    fer_launch_int(launch, taps);
    fer_launch_range_1d(launch, fer_extent_fixed((size_t)count));
    fer_launch_prepare(launch);
    return packed;
}

static void emit(const struct conv_call *call, bool gradient, struct fer_tensor *in, struct fer_tensor *out)
{
    const struct fer_convolution_shape *s = &call->of.shape;
    const bool gpu = s->x == FER_LAYOUT_PLAIN;
    char options[CONV_EPILOGUE_OPTIONS];
    const int height = gradient ? s->h : s->oh, width = gradient ? s->w : s->ow,
              planes = gpu ? s->k : conv_blocks(s->k);
    const int span = gpu ? 1 : height * width < 4096 ? height * width : 8 * width;
    struct fer_launch *launch = fer_any_precision(
        fer_emit_kernel(call->em, fer_conv_depthwise_cl, "conv_depthwise", "-DLANES=%d %s", gpu ? 1 : FER_BLOCK,
                        gradient ? "-DGRADIENT" : conv_epilogue_options(call, options)));
    fer_launch_in(launch, "x", in);
    fer_launch_in(launch, "w", gpu ? call->of.w : pack(call));
    if (!gradient)
        conv_epilogue_in(launch, call);
    fer_launch_out(launch, "y", out);
    geometry(launch, s);
    fer_launch_int(launch, span);
    fer_launch_range_2d(launch, fer_extent_fixed((size_t)conv_divide_up(height * width, span)),
                        fer_extent_rows(out, (size_t)planes, 1), gpu ? 64 : 1, 1);
    conv_cost(launch, s);
}

/* ---- on GPUs ---- */

static struct fer_launch *plain_kernel(const struct conv_call *call, const char *kernel, const char *options)
{
    const struct fer_convolution_shape *s = &call->of.shape;
    return fer_any_precision(fer_emit_kernel(call->em, fer_conv_depthwise_plain_cl, kernel,
                                             "-DKERNEL=%d -DSTRIDE=%d -DPAD=%d -DDILATION=%d %s", s->kernel, s->stride,
                                             s->pad, s->dilation, options));
}

static void emit_columns(const struct conv_call *call, bool gradient, struct fer_tensor *in, struct fer_tensor *out)
{
    const struct fer_convolution_shape *s = &call->of.shape;
    const int height = gradient ? s->h : s->oh, width = gradient ? s->w : s->ow;
    char options[CONV_EPILOGUE_OPTIONS];
    struct fer_launch *launch =
        plain_kernel(call, "conv_depthwise_columns", gradient ? "-DGRADIENT" : conv_epilogue_options(call, options));
    fer_launch_in(launch, "x", in);
    fer_launch_in(launch, "w", call->of.w);
    if (!gradient)
        conv_epilogue_in(launch, call);
    fer_launch_out(launch, "y", out);
    fer_launch_planes(launch, out, (size_t)conv_divide_up(height, ROWS) * (size_t)width);
    conv_cost(launch, s);
}

/* Images of a part of the weights' gradient. */
static int part_of(const struct fer_convolution_shape *s)
{
    const int wanted = conv_divide_up(GROUPS, s->k);
    return conv_divide_up(s->n, wanted < s->n ? wanted : s->n);
}

/* Floats of its parts. */
static size_t partial_size(const struct fer_convolution_shape *s)
{
    const int taps = s->kernel * s->kernel;
    return columns(s) ? (size_t)conv_divide_up(s->n, part_of(s)) * (size_t)(s->k * taps)
                      : (size_t)(SPLITS * conv_blocks(s->k)) * (size_t)(taps * FER_BLOCK);
}

static size_t weights_workspace(const struct conv_call *call)
{
    return conv_temp_bytes(partial_size(&call->of.shape));
}

static void emit_sums(const struct conv_call *call)
{
    const struct fer_convolution_shape *s = &call->of.shape;
    const int images = part_of(s), splits = conv_divide_up(s->n, images), count = s->k * s->kernel * s->kernel;
    struct fer_tensor *partial = conv_temp(call->em, partial_size(s));
    struct fer_launch *launch = plain_kernel(call, "conv_depthwise_sums", " ");
    fer_launch_in(launch, "x", call->of.x);
    fer_launch_in(launch, "dy", call->of.y);
    fer_launch_out(launch, "partial", partial);
    fer_launch_int(launch, images);
    fer_launch_range_2d(launch, fer_extent_fixed((size_t)splits * GROUP), fer_extent_fixed((size_t)s->k), GROUP, 1);
    conv_cost(launch, s);
    partial_sum_emit(call->em,
                     &(struct partial_sum){ .partial = partial, .y = call->of.w, .step = count, .parts = splits });
}

static void forward(const struct conv_call *call)
{
    (columns(&call->of.shape) ? emit_columns : emit)(call, false, call->of.x, call->of.y);
}

static void data(const struct conv_call *call)
{
    (columns(&call->of.shape) ? emit_columns : emit)(call, true, call->of.y, call->of.x);
}

static void weights(const struct conv_call *call)
{
    const struct fer_convolution_shape *s = &call->of.shape;
    if (columns(s)) {
        emit_sums(call);
        return;
    }
    const int images = conv_divide_up(s->n, SPLITS), taps = s->kernel * s->kernel;
    struct fer_tensor *partial = conv_temp(call->em, partial_size(s));
    struct fer_launch *launch =
        fer_any_precision(fer_emit_kernel(call->em, fer_conv_depthwise_cl, "conv_depthwise_weights", " "));
    fer_launch_in(launch, "x", call->of.x);
    fer_launch_in(launch, "dy", call->of.y);
    fer_launch_out(launch, "partial", partial);
    geometry(launch, s);
    fer_launch_int(launch, images);
    fer_launch_range_2d(launch, fer_extent_fixed((size_t)conv_blocks(s->k)), fer_extent_fixed(SPLITS), 1, 1);
    conv_cost(launch, s);

    launch = fer_emit_kernel(call->em, fer_conv_depthwise_pack_cl, "conv_depthwise_unpack", " ");
    fer_launch_in(launch, "partial", partial);
    fer_launch_out(launch, "dw", call->of.w);
    fer_launch_int(launch, s->k);
    fer_launch_int(launch, taps);
    fer_launch_int(launch, SPLITS);
    fer_launch_range_1d(launch, fer_extent_fixed((size_t)(s->k * taps)));
}

#define HELP "every channel by itself, 16 at a time where they are blocked"
#define SOLVER                                                                                                         \
    CONV_SOLVER("depthwise", HELP, NULL, fer_conv_depthwise_cl, fer_conv_depthwise_pack_cl,                            \
                fer_conv_depthwise_plain_cl, fer_partial_cl)
const struct conv_solver conv_depthwise_forward = { SOLVER, .applicable = applicable, .emit = forward,
                                                    .epilogue = true };
const struct conv_solver conv_depthwise_data = { SOLVER, .applicable = applicable, .emit = data };
const struct conv_solver conv_depthwise_weights = { SOLVER, .applicable = weights_applicable,
                                                    .workspace = weights_workspace, .emit = weights };
