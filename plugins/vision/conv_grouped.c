/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolutions with groups of 4 or 8 channels in and out (ResNeXt), for CPUs, blocked layouts.  To the direct solver
 * such groups are blocks of 16 inputs of which most weights are zero; this one only computes what is not.
 */
#include "conv.h"
#include "conv_direct_cl.h"
#include "conv_grouped_cl.h"
#include "conv_grouped_pack_cl.h"

/* Pixels of a work-item: at most CHUNK in conv_direct.cl, a multiple of its PIXELS.  Rows share what they read, so
 * there it is ROWS times that. */
enum { CHUNK };
static const struct fer_tunable *const tunables[] = {
    FER_TUNABLE("chunk", "pixels of a work-item at most", 192, 96, 48), NULL
};

enum {
    TILE = 24,  /* … and at least this */
    ITEMS = 16, /* work-items wanted at least */
    PASS = 1,   /* there is one input block to sum */
    ROWS = 16
};

static int width_of(const struct fer_convolution_shape *s)
{
    return s->k / s->groups;
}

static bool applicable(const struct fer_convolution_shape *s)
{
    return s->profile == FER_PROFILE_CPU && s->x == FER_LAYOUT_BLOCKED && s->y == FER_LAYOUT_BLOCKED && s->c == s->k &&
           (width_of(s) == 4 || width_of(s) == 8);
}

static struct fer_tensor *pack(const struct conv_call *call, bool gradient)
{
    const struct fer_convolution_shape *s = &call->of.shape;
    const int taps = s->kernel * s->kernel, width = width_of(s);
    const int count = conv_blocks(s->k) * taps * width * FER_BLOCK + FER_BLOCK;
    const struct fer_shape shape = fer_shape_make(NULL, 1, &count);
    bool fresh;
    struct fer_tensor *packed = fer_emit_prepared(
        call->em, call->of.w, gradient ? "conv grouped data" : "conv grouped forward", &shape, &fresh);
    if (!fresh)
        return packed;
    struct fer_launch *launch =
        fer_emit_kernel(call->em, fer_conv_grouped_pack_cl, "conv_grouped_pack", gradient ? "-DGRADIENT" : " ");
    fer_launch_in(launch, "weights", call->of.w);
    fer_launch_out(launch, "packed", packed);
    fer_launch_int(launch, s->k);
    fer_launch_int(launch, width);
    fer_launch_int(launch, taps);
    fer_launch_range_2d(launch, fer_extent_fixed((size_t)conv_blocks(s->k)), fer_extent_fixed(1), 1, 1);
    fer_launch_prepare(launch);
    return packed;
}

/* Whether conv_grouped_rows does it. */
static bool in_rows(const struct fer_convolution_shape *s, bool gradient)
{
    return s->kernel == 3 && s->dilation == 1 && s->stride <= (gradient ? 1 : 2);
}

static void emit_rows(const struct conv_call *call, bool gradient, struct fer_tensor *in, struct fer_tensor *out)
{
    const struct fer_convolution_shape *s = &call->of.shape;
    const int blocks = conv_blocks(s->k), height = gradient ? s->h : s->oh, width = gradient ? s->w : s->ow;
    struct fer_tensor *packed = pack(call, gradient);
    char options[CONV_EPILOGUE_OPTIONS];
    int parts = conv_divide_up(s->n * height * width, ROWS * call->values[CHUNK]);

    while (parts * blocks < ITEMS && parts < s->n * height)
        parts *= 2;
    const int rows = conv_divide_up(s->n * height, parts);
    struct fer_launch *launch =
        fer_emit_kernel(call->em, fer_conv_grouped_cl, "conv_grouped_rows", "-DWIDTH=%d -DSTRIDE=%d %s", width_of(s),
                        s->stride, gradient ? "-DGRADIENT" : conv_epilogue_options(call, options));
    fer_launch_in(launch, "x", in);
    fer_launch_in(launch, "w", packed);
    if (!gradient)
        conv_epilogue_in(launch, call);
    fer_launch_out(launch, "y", out);
    fer_launch_int(launch, s->pad);
    fer_launch_int(launch, rows);
    fer_launch_range_2d(launch, fer_extent_fixed((size_t)blocks), fer_extent_rows(out, (size_t)height, (size_t)rows), 1,
                        1);
    conv_cost(launch, s);
}

/* FORWARD and DATA: `in` is read, `out` written. */
static void emit(const struct conv_call *call, bool gradient, struct fer_tensor *in, struct fer_tensor *out)
{
    const struct fer_convolution_shape *s = &call->of.shape;
    const int blocks = conv_blocks(s->k), phases = gradient ? s->stride : 1;
    const int plane = gradient ? conv_divide_up(s->h, phases) * conv_divide_up(s->w, phases) : s->oh * s->ow;
    struct fer_tensor *packed = pack(call, gradient);
    char options[CONV_EPILOGUE_OPTIONS];
    int chunk = call->values[CHUNK];

    while (chunk > TILE && conv_divide_up(s->n * plane, chunk) * phases * phases * blocks < ITEMS)
        chunk /= 2;
    struct fer_launch *launch = fer_emit_kernel(call->em, fer_conv_direct_cl, "conv_direct", "-DWIDTH=%d %s",
                                                width_of(s), gradient ? " " : conv_epilogue_options(call, options));
    fer_launch_in(launch, "x", in);
    fer_launch_in(launch, "w", packed);
    if (!gradient)
        conv_epilogue_in(launch, call);
    fer_launch_out(launch, "y", out);
    fer_launch_int(launch, s->kernel);
    fer_launch_int(launch, s->stride);
    fer_launch_int(launch, s->pad);
    fer_launch_int(launch, s->dilation);
    fer_launch_int(launch, gradient);
    fer_launch_int(launch, 1);
    fer_launch_int(launch, width_of(s));
    fer_launch_int(launch, width_of(s));
    fer_launch_int(launch, PASS);
    fer_launch_int(launch, chunk);
    fer_launch_int(launch, 1);
    fer_launch_range_3d(launch, fer_extent_rows(out, (size_t)plane, (size_t)chunk), fer_extent_fixed((size_t)blocks),
                        fer_extent_fixed((size_t)(phases * phases)), 1, 1, 1);
    conv_cost(launch, s);
}

static void forward(const struct conv_call *call)
{
    (in_rows(&call->of.shape, false) ? emit_rows : emit)(call, false, call->of.x, call->of.y);
}

static void data(const struct conv_call *call)
{
    (in_rows(&call->of.shape, true) ? emit_rows : emit)(call, true, call->of.y, call->of.x);
}

/* ---- the weights' gradient ---- */

/* Ranges of output rows that are summed by themselves. */
static int splits_of(const struct fer_convolution_shape *s)
{
    const int wanted = conv_divide_up(ITEMS, conv_blocks(s->k)), rows = s->n * s->oh;
    return wanted < rows ? wanted : rows;
}

/* Floats. */
static size_t partial_size(const struct fer_convolution_shape *s)
{
    return (size_t)(splits_of(s) * conv_blocks(s->k)) * (size_t)(s->kernel * s->kernel * width_of(s) * FER_BLOCK);
}

static size_t weights_workspace(const struct conv_call *call)
{
    return conv_temp_bytes(partial_size(&call->of.shape));
}

static void weights(const struct conv_call *call)
{
    const struct fer_convolution_shape *s = &call->of.shape;
    const int splits = splits_of(s);
    struct fer_tensor *partial = conv_temp(call->em, partial_size(s));
    struct fer_launch *launch =
        fer_emit_kernel(call->em, fer_conv_grouped_cl, "conv_grouped_weights", "-DWIDTH=%d", width_of(s));
    fer_launch_in(launch, "x", call->of.x);
    fer_launch_in(launch, "dy", call->of.y);
    fer_launch_out(launch, "partial", partial);
    fer_launch_int(launch, s->kernel);
    fer_launch_int(launch, s->stride);
    fer_launch_int(launch, s->pad);
    fer_launch_int(launch, s->dilation);
    fer_launch_int(launch, conv_divide_up(s->n * s->oh, splits));
    fer_launch_range_2d(launch, fer_extent_fixed((size_t)conv_blocks(s->k)), fer_extent_fixed((size_t)splits), 1, 1);
    conv_cost(launch, s);

    launch = fer_emit_kernel(call->em, fer_conv_grouped_pack_cl, "conv_grouped_unpack", " ");
    fer_launch_in(launch, "partial", partial);
    fer_launch_out(launch, "dw", call->of.w);
    fer_launch_int(launch, s->k);
    fer_launch_int(launch, width_of(s));
    fer_launch_int(launch, s->kernel * s->kernel);
    fer_launch_int(launch, splits);
    fer_launch_range_2d(launch, fer_extent_fixed((size_t)s->k), fer_extent_fixed(1), 1, 1);
}

#define HELP "groups of 4 or 8 channels in and out; the same register tiles, shuffled inputs; 3x3 by rows"
#define SOLVER CONV_SOLVER("grouped", HELP, tunables, fer_conv_direct_cl, fer_conv_grouped_cl, fer_conv_grouped_pack_cl)
const struct conv_solver conv_grouped_forward = { SOLVER, .applicable = applicable, .emit = forward, .epilogue = true };
const struct conv_solver conv_grouped_data = { SOLVER, .applicable = applicable, .emit = data };
const struct conv_solver conv_grouped_weights = {
    CONV_SOLVER("grouped", HELP, NULL, fer_conv_grouped_cl, fer_conv_grouped_pack_cl), .applicable = applicable,
    .workspace = weights_workspace, .emit = weights
};
