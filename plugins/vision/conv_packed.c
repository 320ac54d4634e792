/* SPDX-License-Identifier: Apache-2.0
 *
 * Forward convolutions on CPUs as packed matrix products, for planes of few pixels.  See conv_packed.cl.
 */
#include <stdio.h>

#include "conv.h"
#include "conv_pack_cl.h"
#include "conv_packed_cl.h"

enum { SIDE, PASS };
static const struct fer_tunable *const tunables[] = {
    FER_TUNABLE("side", "outputs of a register tile; 0: by shape", 0, 8, 16),
    FER_TUNABLE("pass", "KiB of weights that all tiles of a work-item go through before the next", 18, 9, 36), NULL
};

enum {
    CHUNK = 16,  /* tiles of a work-item at most */
    PIXELS = 64, /* of all pictures, up to which reading the weights is what takes time */
    POINTS = 12  /* … of a kernel that reads its pixels as they lie */
};

static bool applicable(const struct fer_convolution_shape *s)
{
    const bool point = s->kernel == 1 && s->stride == 1 && s->pad == 0;
    return s->profile == FER_PROFILE_CPU && s->x == FER_LAYOUT_BLOCKED && s->y == FER_LAYOUT_BLOCKED &&
           s->groups == 1 && (double)s->n * s->oh * s->ow <= (point ? POINTS : PIXELS);
}

/* A register tile: pixels by outputs. */
struct tile {
    int pixels, side;
};

/* Tiles of equal size, so that the last one repeats as few pixels as possible. */
static struct tile tile_of(const struct conv_call *call)
{
    const struct fer_convolution_shape *s = &call->of.shape;
    const int pixels = s->n * s->oh * s->ow;
    struct tile tile = { .side = call->values[SIDE]    ? call->values[SIDE]
                                 : pixels <= CONV_SUMS ? call->vec_lanes
                                                       : FER_BLOCK };
    tile.pixels =
        conv_divide_up(pixels, conv_divide_up(pixels, tile.side == FER_BLOCK ? conv_tile_rows(call) : CONV_SUMS));
    return tile;
}

/* Floats of all patches; `steps` are blocks of inputs times taps. */
static size_t patches_size(int pixels, int steps, struct tile tile)
{
    return (size_t)conv_divide_up(pixels, tile.pixels) * (size_t)steps * (size_t)(tile.pixels * FER_BLOCK);
}

static size_t workspace(const struct conv_call *call)
{
    const struct fer_convolution_shape *s = &call->of.shape;
    const int pixels = s->n * s->oh * s->ow, steps = conv_blocks(s->c) * s->kernel * s->kernel;
    return conv_temp_bytes(patches_size(pixels, steps, tile_of(call)));
}

static void forward(const struct conv_call *call)
{
    const struct fer_convolution_shape *s = &call->of.shape;
    const struct conv_groups g = conv_groups_find(s, FER_CONVOLUTION_FORWARD);
    const int plane = s->oh * s->ow, steps = g.blocks * s->kernel * s->kernel;
    const struct tile tile = tile_of(call);
    const int step_weights = FER_BLOCK * tile.side * (int)sizeof(float);
    const struct fer_extent live = fer_extent_rows(call->of.y, (size_t)plane, (size_t)tile.pixels);
    struct fer_tensor *weights = conv_pack_emit(call, FER_CONVOLUTION_FORWARD, &g, tile.side);
    struct fer_tensor *patches = conv_temp(call->em, patches_size(s->n * plane, steps, tile));
    char options[CONV_EPILOGUE_OPTIONS + 40], epilogue[CONV_EPILOGUE_OPTIONS];
    struct fer_launch *launch;

    snprintf(options, sizeof options, "-DPIXELS=%d", tile.pixels);
    launch = fer_emit_launch(call->em, fer_conv_packed_cl, "conv_packed_patches", options);
    fer_launch_in(launch, "x", call->of.x);
    fer_launch_out(launch, "patches", patches);
    fer_launch_int(launch, s->oh);
    fer_launch_int(launch, s->ow);
    fer_launch_int(launch, s->kernel);
    fer_launch_int(launch, s->stride);
    fer_launch_int(launch, s->pad);
    fer_launch_int(launch, s->dilation);
    fer_launch_range_2d(launch, live, fer_extent_fixed((size_t)g.blocks), 1, 1);

    snprintf(options, sizeof options, "-DPIXELS=%d -DSIDE=%d %s", tile.pixels, tile.side,
             conv_epilogue_options(call, epilogue));
    launch = fer_emit_launch(call->em, fer_conv_packed_cl, "conv_packed", options);
    fer_launch_in(launch, "patches", patches);
    fer_launch_in(launch, "w", weights);
    conv_epilogue_in(launch, call);
    fer_launch_out(launch, "y", call->of.y);
    fer_launch_int(launch, steps);
    fer_launch_int(launch, call->values[PASS] * 1024 / step_weights);
    fer_launch_int(launch, CHUNK);
    fer_launch_range_2d(launch, fer_extent_fixed((size_t)(conv_blocks(s->k) * FER_BLOCK / tile.side)),
                        fer_extent_rows(call->of.y, (size_t)plane, (size_t)(tile.pixels * CHUNK)), 1, 1);
    conv_cost(launch, s);
}

const struct conv_solver conv_packed_forward = { CONV_SOLVER("packed",
                                                             "patches copied once for all outputs, for few pixels",
                                                             tunables, fer_conv_packed_cl, fer_conv_pack_cl),
                                                 .applicable = applicable, .workspace = workspace, .emit = forward,
                                                 .epilogue = true };
