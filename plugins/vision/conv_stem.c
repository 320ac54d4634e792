/* SPDX-License-Identifier: Apache-2.0
 *
 * The first convolution of a net on a CPU: few plain input channels, blocked output.  See conv_stem.cl.
 */
#include "conv.h"
#include "conv_stem_cl.h"
#include "conv_stem_frame_cl.h"
#include "conv_stem_pack_cl.h"

enum { ROWS };
static const struct fer_tunable *const forward_tunables[] = {
    FER_TUNABLE("rows", "output rows of a work-item", 8, 2, 4, 16), NULL
};
enum { SPLITS };
static const struct fer_tunable *const weights_tunables[] = {
    FER_TUNABLE("splits", "ranges of rows that are summed by themselves", 16, 4, 8, 32), NULL
};

static bool applicable(const struct fer_convolution_shape *s)
{
    return s->profile == FER_PROFILE_CPU && s->x == FER_LAYOUT_PLAIN && s->y == FER_LAYOUT_BLOCKED && s->groups == 1;
}

/* What a tap can reach from output 0 … size - 1. */
static int framed(int size, const struct fer_convolution_shape *s)
{
    return (size - 1) * s->stride + (s->kernel - 1) * s->dilation + 1;
}

static int numbers(const struct fer_convolution_shape *s)
{
    return s->c * s->kernel * s->kernel;
}

/* Columns of x with its padding, for whole register tiles of outputs. */
static int framed_columns(const struct conv_call *call)
{
    const int tile = conv_tile_rows(call);
    return framed(conv_divide_up(call->of.shape.ow, tile) * tile, &call->of.shape);
}

/* x with its padding. */
static struct fer_tensor *frame(const struct conv_call *call)
{
    const struct fer_convolution_shape *s = &call->of.shape;
    const struct fer_shape shape =
        fer_shape_make(fer_tensor_shape(call->of.x), 3, (int[]){ s->c, framed(s->oh, s), framed_columns(call) });
    struct fer_tensor *out = fer_emit_temp(call->em, &shape, FER_LAYOUT_PLAIN);
    struct fer_launch *launch = fer_emit_launch(call->em, fer_conv_stem_frame_cl, "conv_stem_frame", NULL);
    fer_launch_in(launch, "x", call->of.x);
    fer_launch_out(launch, "framed", out);
    fer_launch_int(launch, s->pad);
    fer_launch_range_1d(launch, fer_extent_rows(out, (size_t)(s->c * framed(s->oh, s)), 1));
    return out;
}

static struct fer_tensor *pack(const struct conv_call *call)
{
    const struct fer_convolution_shape *s = &call->of.shape;
    const int count = conv_blocks(s->k) * numbers(s) * FER_BLOCK;
    const struct fer_shape shape = fer_shape_make(NULL, 1, &count);
    bool fresh;
    struct fer_tensor *packed = fer_emit_prepared(call->em, call->of.w, "conv stem", &shape, &fresh);
    if (!fresh)
        return packed;
    struct fer_launch *launch = fer_emit_kernel(call->em, fer_conv_stem_pack_cl, "conv_stem_pack", " ");
    fer_launch_in(launch, "weights", call->of.w);
    fer_launch_out(launch, "packed", packed);
    fer_launch_int(launch, s->k);
    fer_launch_int(launch, numbers(s));
    fer_launch_range_2d(launch, fer_extent_fixed((size_t)numbers(s)), fer_extent_fixed((size_t)conv_blocks(s->k)), 1,
                        1);
    fer_launch_prepare(launch);
    return packed;
}

static size_t frame_bytes(const struct conv_call *call)
{
    const struct fer_convolution_shape *s = &call->of.shape;
    return (size_t)s->n * (size_t)s->c * (size_t)framed(s->oh, s) * (size_t)framed_columns(call) * sizeof(float);
}

static void forward(const struct conv_call *call)
{
    const struct fer_convolution_shape *s = &call->of.shape;
    struct fer_tensor *packed = pack(call), *x = frame(call);
    const int rows = call->values[ROWS], blocks = conv_blocks(s->k);
    const struct conv_tile tile = conv_tile_of(call, blocks);
    char options[CONV_EPILOGUE_OPTIONS];
    struct fer_launch *launch = fer_emit_kernel(call->em, fer_conv_stem_cl, "conv_stem", "-DSTRIDE=%d%s %s", s->stride,
                                                conv_tile_option(call, tile), conv_epilogue_options(call, options));
    fer_launch_in(launch, "x", x);
    fer_launch_in(launch, "w", packed);
    conv_epilogue_in(launch, call);
    fer_launch_out(launch, "y", call->of.y);
    fer_launch_int(launch, s->kernel);
    fer_launch_int(launch, s->dilation);
    fer_launch_int(launch, rows);
    fer_launch_range_2d(launch, fer_extent_rows(call->of.y, (size_t)s->oh, (size_t)rows),
                        fer_extent_fixed((size_t)conv_divide_up(blocks, tile.blocks)), 1, 1);
    conv_cost(launch, s);
}

/* Floats of the parts of the weights' gradient. */
static size_t partial_size(const struct conv_call *call)
{
    const struct fer_convolution_shape *s = &call->of.shape;
    return (size_t)(call->values[SPLITS] * conv_blocks(s->k)) * (size_t)(numbers(s) * FER_BLOCK);
}

static size_t weights_workspace(const struct conv_call *call)
{
    return frame_bytes(call) + conv_temp_bytes(partial_size(call));
}

static void weights(const struct conv_call *call)
{
    const struct fer_convolution_shape *s = &call->of.shape;
    struct fer_tensor *x = frame(call);
    const int splits = call->values[SPLITS];
    struct fer_tensor *partial = conv_temp(call->em, partial_size(call));
    struct fer_launch *launch =
        fer_emit_kernel(call->em, fer_conv_stem_cl, "conv_stem_weights", "-DSTRIDE=%d", s->stride);
    fer_launch_in(launch, "x", x);
    fer_launch_in(launch, "dy", call->of.y);
    fer_launch_out(launch, "partial", partial);
    fer_launch_int(launch, s->kernel);
    fer_launch_int(launch, s->dilation);
    fer_launch_int(launch, conv_divide_up(s->n * s->oh, splits));
    fer_launch_range_2d(launch, fer_extent_fixed((size_t)conv_blocks(s->k)), fer_extent_fixed((size_t)splits), 1, 1);
    conv_cost(launch, s);

    launch = fer_emit_kernel(call->em, fer_conv_stem_pack_cl, "conv_stem_unpack", " ");
    fer_launch_in(launch, "partial", partial);
    fer_launch_out(launch, "dw", call->of.w);
    fer_launch_int(launch, s->k);
    fer_launch_int(launch, numbers(s));
    fer_launch_int(launch, splits);
    fer_launch_range_2d(launch, fer_extent_fixed((size_t)numbers(s)), fer_extent_fixed((size_t)s->k), 1, 1);
}

#define SOLVER(tunables)                                                                                               \
    CONV_SOLVER("stem", "few plain input channels; the padded input is copied first", tunables, fer_conv_stem_cl,      \
                fer_conv_stem_frame_cl, fer_conv_stem_pack_cl)
const struct conv_solver conv_stem_forward = { SOLVER(forward_tunables), .applicable = applicable,
                                               .workspace = frame_bytes, .emit = forward, .epilogue = true };
const struct conv_solver conv_stem_weights = { SOLVER(weights_tunables), .applicable = applicable,
                                               .workspace = weights_workspace, .emit = weights };
