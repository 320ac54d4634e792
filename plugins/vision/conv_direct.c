/* SPDX-License-Identifier: Apache-2.0
 *
 * Direct convolution for CPUs, blocked layouts, all three passes.  See conv_direct.cl, conv_point.cl and conv_outer.cl.
 */
#include <stdio.h>

#include "conv.h"
#include "conv_direct_cl.h"
#include "conv_outer_cl.h"
#include "conv_pack_cl.h"
#include "conv_point_cl.h"
#include "conv_unpack_cl.h"

enum { CHUNK, OUTS, PASS_WEIGHTS };
static const struct fer_tunable *const tunables[] = {
    FER_TUNABLE("chunk", "pixels of a work-item at most, at most CHUNK in conv_direct.cl", 192, 48, 96),
    FER_TUNABLE("outs", "blocks of outputs of a work-item at most", 8, 2, 4, 16),
    FER_TUNABLE("pass", "16x16 weights (1 KiB each) that all tiles of a work-item go through before the next", 18, 9,
                36, 144),
    NULL
};
enum { WEIGHT_ITEMS };
static const struct fer_tunable *const weights_tunables[] = {
    FER_TUNABLE("items", "work-items wanted at least", 16, 4, 8, 32), NULL
};

enum {
    ITEMS = 16,           /* work-items wanted at least, for two cores to finish together, … */
    FEW_PIXELS = 24,      /* … unless they had no more than so many pixels, or two tiles */
    GATHERING = 4,        /* blocks of outputs from which on pixels are gathered */
    GATHERED_PIXELS = 96, /* of a work-item that gathers, at most: CHUNK in conv_direct.cl */
    GATHERED_STEPS = 18,  /* … taps of input blocks of a pass, at most: PASS there */
    GATHERED_OUTS = 4,    /* … and times as many blocks of outputs */
    WEIGHT_PIXELS = 96,   /* a chunk of pixels of the weights' gradient: PIXELS in conv_outer.cl */
    OUTPUT_BLOCKS = 8,    /* … and the output blocks that share one: OUTS there */
    INPUT_BLOCKS = 4      /* … and the input blocks, of a 1x1 kernel */
};

static bool applicable(const struct fer_convolution_shape *s)
{
    return s->profile == FER_PROFILE_CPU && s->x == FER_LAYOUT_BLOCKED && s->y == FER_LAYOUT_BLOCKED;
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

static int larger(int a, int b)
{
    return a > b ? a : b;
}

/* What one work-item of conv_direct.cl does: pixels of a phase, a multiple of a tile's, by blocks of outputs. */
struct items {
    int pixels, outs;
};

static int rounded(int pixels, int parts, int tile)
{
    return conv_divide_up(conv_divide_up(pixels, parts), tile) * tile;
}

/* Blocks of outputs in equal parts of at most `most`, or in parts of so many and a rest. */
static int equal(int blocks, int most)
{
    for (int outs = most; outs > most / 2; outs--)
        if (blocks % outs == 0)
            return outs;
    return most;
}

/* Equal parts of at most `chunk` pixels; enough of them, and an even number, for two cores to finish together. */
static struct items items_of(int pixels, struct conv_tile tile, int phases, int all_blocks, const int *values)
{
    const int blocks = conv_divide_up(all_blocks, tile.blocks), most = values[OUTS] / tile.blocks;
    int parts = conv_divide_up(pixels, values[CHUNK]);
    const int outs = equal(blocks, larger(1, smaller(most, parts * phases * blocks / ITEMS)));
    while (rounded(pixels, parts, tile.rows) > larger(FEW_PIXELS, 2 * tile.rows) &&
           parts * phases * conv_divide_up(blocks, outs) < ITEMS)
        parts *= 2;
    parts += parts * phases * conv_divide_up(blocks, outs) % 2;
    return (struct items){ rounded(pixels, parts, tile.rows), outs * tile.blocks };
}

/* Three kernels, the same sums in the same order: where every block of outputs reads all inputs, pixels are gathered
 * once for many of them, unless they lie one after the other anyway. */
enum form { DIRECT, GATHERED, POINT };

static enum form form_of(const struct fer_convolution_shape *s, int blocks)
{
    if (s->groups == 1 && s->kernel == 1 && s->pad == 0 && s->stride == 1)
        return POINT;
    return s->groups == 1 && blocks >= GATHERING ? GATHERED : DIRECT;
}

/* FORWARD and DATA: `in` is read, `out` written. */
static void emit(const struct conv_call *call, enum fer_convolution_pass pass, struct fer_tensor *in,
                 struct fer_tensor *out)
{
    static const char *const kernels[] = { "conv_direct", "conv_gathered", "conv_point" };
    const struct fer_convolution_shape *s = &call->of.shape;
    const struct conv_groups g = conv_groups_find(s, pass);
    struct fer_tensor *packed = conv_pack_emit(call, pass, &g, FER_BLOCK);
    const bool forward = pass == FER_CONVOLUTION_FORWARD;
    const int blocks = conv_blocks(g.outputs);
    const int phases = forward ? 1 : s->stride; /* an axis' output positions of equal remainder, see the kernel */
    const int plane = forward ? s->oh * s->ow : conv_divide_up(s->h, phases) * conv_divide_up(s->w, phases);
    const enum form form = form_of(s, blocks);
    const struct conv_tile tile =
        form == DIRECT ? (struct conv_tile){ conv_tile_rows(call), 1 } : conv_tile_of(call, blocks);
    const int gathering[] = { [CHUNK] = smaller(call->values[CHUNK], GATHERED_PIXELS),
                              [OUTS] = GATHERED_OUTS * call->values[OUTS],
                              [PASS_WEIGHTS] = smaller(call->values[PASS_WEIGHTS], GATHERED_STEPS) };
    const int *values = form == GATHERED ? gathering : call->values;
    const struct items items = items_of(s->n * plane, tile, phases * phases, blocks, values);

    char epilogue[CONV_EPILOGUE_OPTIONS];
    struct fer_launch *launch = fer_emit_kernel(
        call->em, form == POINT ? fer_conv_point_cl : fer_conv_direct_cl, kernels[form], "%s%s",
        forward ? conv_epilogue_options(call, epilogue) : " ", form == DIRECT ? "" : conv_tile_option(call, tile));
    fer_launch_in(launch, "x", in);
    fer_launch_in(launch, "w", packed);
    if (forward)
        conv_epilogue_in(launch, call);
    fer_launch_out(launch, "y", out);
    if (form != POINT) {
        fer_launch_int(launch, s->kernel);
        fer_launch_int(launch, s->stride);
        fer_launch_int(launch, s->pad);
        fer_launch_int(launch, s->dilation);
        fer_launch_int(launch, !forward);
    }
    if (form == DIRECT) {
        fer_launch_int(launch, g.blocks);
        fer_launch_int(launch, g.in);
        fer_launch_int(launch, g.out);
    }
    fer_launch_int(launch, values[PASS_WEIGHTS]);
    fer_launch_int(launch, items.pixels);
    fer_launch_int(launch, items.outs);
    fer_launch_range_3d(launch, fer_extent_rows(out, (size_t)plane, (size_t)items.pixels),
                        fer_extent_fixed((size_t)conv_divide_up(blocks, items.outs)),
                        fer_extent_fixed((size_t)(phases * phases)), 1, 1, 1);
    conv_cost(launch, s);
}

static void forward(const struct conv_call *call)
{
    emit(call, FER_CONVOLUTION_FORWARD, call->of.x, call->of.y);
}

static void data(const struct conv_call *call)
{
    emit(call, FER_CONVOLUTION_DATA, call->of.y, call->of.x);
}

/* ---- the weights' gradient ---- */

struct division {
    int ins, splits;
    size_t partial; /* floats */
};

static struct division divide(const struct fer_convolution_shape *s, const struct conv_groups *g, int wanted)
{
    /* With many taps a chunk of dy is worth gathering for one input block. */
    const int ins = smaller(g->blocks, larger(1, INPUT_BLOCKS / (s->kernel * s->kernel)));
    const int items = conv_divide_up(conv_blocks(s->k), OUTPUT_BLOCKS) * conv_divide_up(g->blocks, ins);
    const int splits = smaller(conv_divide_up(wanted, items), conv_divide_up(s->n * s->oh * s->ow, WEIGHT_PIXELS));
    return (struct division){ ins, splits,
                              (size_t)splits * (size_t)conv_blocks(s->k) * (size_t)g->blocks *
                                  (size_t)(s->kernel * s->kernel) * FER_BLOCK * FER_BLOCK };
}

static size_t weights_workspace(const struct conv_call *call)
{
    const struct conv_groups g = conv_groups_find(&call->of.shape, FER_CONVOLUTION_WEIGHTS);
    return conv_temp_bytes(divide(&call->of.shape, &g, call->values[WEIGHT_ITEMS]).partial);
}

static void weights(const struct conv_call *call)
{
    const struct fer_convolution_shape *s = &call->of.shape;
    const struct conv_groups g = conv_groups_find(s, FER_CONVOLUTION_WEIGHTS);
    const struct division d = divide(s, &g, call->values[WEIGHT_ITEMS]);
    struct fer_tensor *partial = conv_temp(call->em, d.partial);

    struct fer_launch *launch = fer_emit_launch(call->em, fer_conv_outer_cl, "conv_outer", NULL);
    fer_launch_any_precision(launch);
    fer_launch_in(launch, "x", call->of.x);
    fer_launch_in(launch, "dy", call->of.y);
    fer_launch_out(launch, "partial", partial);
    fer_launch_int(launch, s->kernel);
    fer_launch_int(launch, s->stride);
    fer_launch_int(launch, s->pad);
    fer_launch_int(launch, s->dilation);
    fer_launch_int(launch, g.blocks);
    fer_launch_int(launch, g.in);
    fer_launch_int(launch, g.out);
    fer_launch_int(launch, d.ins);
    fer_launch_int(launch, conv_divide_up(s->n * s->oh * s->ow, d.splits));
    fer_launch_range_3d(launch, fer_extent_fixed((size_t)conv_divide_up(conv_blocks(s->k), OUTPUT_BLOCKS)),
                        fer_extent_fixed((size_t)conv_divide_up(g.blocks, d.ins)), fer_extent_fixed((size_t)d.splits),
                        1, 1, 1);
    conv_cost(launch, s);

    launch = fer_emit_launch(call->em, fer_conv_unpack_cl, "conv_unpack", NULL);
    fer_launch_in(launch, "partial", partial);
    fer_launch_out(launch, "dw", call->of.w);
    fer_launch_int(launch, s->k);
    fer_launch_int(launch, g.blocks);
    fer_launch_int(launch, s->kernel * s->kernel);
    fer_launch_int(launch, g.in);
    fer_launch_int(launch, g.out);
    fer_launch_int(launch, d.splits);
    fer_launch_range_2d(launch, fer_extent_fixed((size_t)g.blocks), fer_extent_fixed((size_t)conv_blocks(s->k)), 1, 1);
}

#define SOLVER(help) CONV_SOLVER("direct", help, tunables, fer_conv_direct_cl, fer_conv_point_cl, fer_conv_pack_cl)
const struct conv_solver conv_direct_forward = { SOLVER("register tiles of 6 or 12 pixels by 16 channels"),
                                                 .applicable = applicable, .emit = forward, .epilogue = true };
const struct conv_solver conv_direct_data = { SOLVER("the same, gathering; strides by phases"),
                                              .applicable = applicable, .emit = data };
const struct conv_solver conv_direct_weights = { CONV_SOLVER("direct", "outer products over gathered pixels",
                                                             weights_tunables, fer_conv_outer_cl, fer_conv_unpack_cl),
                                                 .applicable = applicable, .workspace = weights_workspace,
                                                 .emit = weights };
