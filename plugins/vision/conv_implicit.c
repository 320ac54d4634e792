/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolution as an implicit matrix product, for GPUs.  See conv_implicit.cl.
 */
#include <stdio.h>

#include "../partial.h"
#include "conv.h"
#include "conv_implicit_cl.h"
#include "conv_implicit_pack_cl.h"

enum { TILE, SPLITS };
#define TILE_TUNABLE FER_TUNABLE("tile", "rows and columns of a work-group's results at most; 0: by shape", 0, 64, 128)
static const struct fer_tunable *const weights_tunables[] = { TILE_TUNABLE, NULL };
static const struct fer_tunable *const tunables[] = {
    TILE_TUNABLE, FER_TUNABLE("splits", "parts of the depth that are added up afterwards; 0: by shape", 0, 1, 4), NULL
};

enum {
    ITEMS = 256,        /* of a work-group */
    RUN = 4,            /* numbers that a work-item brings at once */
    WIDE_ITEMS = 128,   /* work-groups that 128 x 128 tiles must leave, or smaller ones are taken */
    SPLIT_GROUPS = 256, /* work-groups wanted: the largest GPUs run about as many at once */
    SPLIT_STEPS = 8,    /* … of no fewer steps of the depth each */
    SPLIT_MOST = 16,    /* … with so many for a tile at most */
    SPLIT_PIXELS = 512  /* and, of the weights' gradient, of no fewer pixels */
};

static bool applicable(const struct fer_convolution_shape *s)
{
    return s->profile == FER_PROFILE_GPU && s->x == FER_LAYOUT_PLAIN && s->y == FER_LAYOUT_PLAIN;
}

/* A tile's rows and columns. */
struct tile {
    int m, n;
};

static struct tile tile_of(const struct conv_call *call, int rows, int columns)
{
    const int wish = call->values[TILE];
    if (wish == 128)
        return (struct tile){ 128, 128 };
    if (wish == 0 && rows >= 128 && (double)conv_divide_up(rows, 128) * conv_divide_up(columns, 128) >= WIDE_ITEMS)
        return (struct tile){ 128, 128 };
    return (struct tile){ rows <= 16 ? 16 : rows <= 32 ? 32 : 64, 64 };
}

static struct fer_launch *begin(const struct conv_call *call, const char *kernel, struct tile tile, const char *options)
{
    return fer_any_precision(
        fer_emit_kernel(call->em, fer_conv_implicit_cl, kernel, "-DTILE_M=%d -DTILE_N=%d %s", tile.m, tile.n, options));
}

static void geometry(struct fer_launch *launch, const struct fer_convolution_shape *s)
{
    fer_launch_int(launch, s->kernel);
    fer_launch_int(launch, s->stride);
    fer_launch_int(launch, s->pad);
    fer_launch_int(launch, s->dilation);
}

/* As conv_implicit_pack.cl orders them. */
static struct fer_tensor *pack_weights(const struct conv_call *call, bool data, int group_in, int group_out)
{
    const struct fer_convolution_shape *s = &call->of.shape;
    const int taps = s->kernel * s->kernel, lanes = conv_divide_up(group_out, RUN) * RUN;
    const struct fer_shape shape = fer_shape_make(NULL, 2, (int[]){ s->groups * taps, group_in * lanes });
    char key[48];
    bool fresh;
    snprintf(key, sizeof key, "conv implicit %s g%d", data ? "data" : "forward", s->groups);
    struct fer_tensor *packed = fer_emit_prepared(call->em, call->of.w, key, &shape, &fresh);
    if (!fresh)
        return packed;
    struct fer_launch *launch =
        fer_emit_kernel(call->em, fer_conv_implicit_pack_cl, "conv_implicit_pack", data ? "-DGRADIENT" : " ");
    fer_launch_in(launch, "weights", call->of.w);
    fer_launch_out(launch, "packed", packed);
    fer_launch_int(launch, taps);
    fer_launch_int(launch, group_in);
    fer_launch_int(launch, group_out);
    fer_launch_range_3d(launch, fer_extent_fixed((size_t)lanes), fer_extent_fixed((size_t)group_in),
                        fer_extent_fixed((size_t)s->groups), 0, 0, 0);
    fer_launch_prepare(launch);
    return packed;
}

static int common_divisor(int a, int b)
{
    return b == 0 ? a : common_divisor(b, a % b);
}

/* A FORWARD or DATA pass as a product. */
struct product {
    bool data;
    int group_in, group_out; /* channels of a group that are read and written */
    int phases, pixels;      /* of one phase in one picture */
    struct tile tile;
    int depth, steps; /* of a step; steps, of the phase with the most taps */
    int splits, split_steps;
};

static struct product product_of(const struct conv_call *call, bool data)
{
    const struct fer_convolution_shape *s = &call->of.shape;
    const int apart = data ? s->stride / common_divisor(s->stride, s->dilation) : 1; /* taps of one phase */
    const int taps = conv_divide_up(s->kernel, apart), side = data ? s->stride : 1;
    struct product p = { .data = data,
                         .group_in = (data ? s->k : s->c) / s->groups,
                         .group_out = (data ? s->c : s->k) / s->groups,
                         .phases = side * side,
                         .splits = call->values[SPLITS] };
    p.pixels = data ? conv_divide_up(s->h, side) * conv_divide_up(s->w, side) : s->oh * s->ow;
    p.tile = tile_of(call, p.group_out, s->n * p.pixels);
    p.depth = RUN * ITEMS / p.tile.n;
    p.steps = conv_divide_up(p.group_in * taps * taps, p.depth);
    if (p.splits == 0) {
        const double groups = (double)conv_divide_up(p.group_out, p.tile.m) *
                              conv_divide_up(s->n * p.pixels, p.tile.n) * s->groups * p.phases;
        const int wanted = groups < SPLIT_GROUPS ? (int)(SPLIT_GROUPS / groups) : 1, most = p.steps / SPLIT_STEPS;
        p.splits = wanted < most ? wanted : most;
    }
    p.splits = p.splits < 1 ? 1 : p.splits > SPLIT_MOST ? SPLIT_MOST : p.splits;
    p.split_steps = conv_divide_up(p.steps, p.splits);
    return p;
}

/* What a pass reads and, of `partial` or `out`, writes. */
static void emit_product(const struct conv_call *call, const struct product *p, struct fer_tensor *in,
                         struct fer_tensor *partial, struct fer_tensor *out)
{
    const struct fer_convolution_shape *s = &call->of.shape;
    char epilogue[CONV_EPILOGUE_OPTIONS], options[CONV_EPILOGUE_OPTIONS + 64];
    struct fer_tensor *packed = pack_weights(call, p->data, p->group_in, p->group_out);
    snprintf(options, sizeof options, "-DTOGETHER=%d%s%s %s",
             p->group_in % p->depth == 0 ? p->depth
             : p->group_in % RUN == 0    ? RUN
                                         : 1,
             p->data ? " -DGRADIENT" : "", partial ? " -DSPLIT" : "",
             p->data || partial ? "" : conv_epilogue_options(call, epilogue));
    struct fer_launch *launch = begin(call, "conv_implicit", p->tile, options);
    fer_launch_in(launch, "x", in);
    fer_launch_in(launch, "w", packed);
    if (!p->data && !partial)
        conv_epilogue_in(launch, call);
    fer_launch_out(launch, partial ? "partial" : "y", partial ? partial : out);
    geometry(launch, s);
    fer_launch_int(launch, p->group_in);
    fer_launch_int(launch, p->group_out);
    if (partial) {
        fer_launch_int(launch, p->data ? s->c : s->k);
        fer_launch_int(launch, p->data ? s->h : s->oh);
        fer_launch_int(launch, p->data ? s->w : s->ow);
        fer_launch_int(launch, p->split_steps);
    }
    fer_launch_range_3d(launch, fer_extent_rows(out, (size_t)p->pixels * ITEMS, (size_t)p->tile.n),
                        fer_extent_fixed((size_t)conv_divide_up(p->group_out, p->tile.m)),
                        fer_extent_fixed((size_t)(s->groups * p->phases) * (size_t)p->splits), ITEMS, 1, 1);
    conv_cost(launch, s);
}

/* Floats of the parts; 0: the depth is not divided. */
static size_t partial_size(const struct fer_convolution_shape *s, const struct product *p)
{
    const size_t size = (size_t)s->n * (size_t)(p->data ? s->c * s->h * s->w : s->k * s->oh * s->ow);
    return p->splits == 1 ? 0 : size * (size_t)p->splits;
}

static size_t forward_workspace(const struct conv_call *call)
{
    const struct product p = product_of(call, false);
    return conv_temp_bytes(partial_size(&call->of.shape, &p));
}

static size_t data_workspace(const struct conv_call *call)
{
    const struct product p = product_of(call, true);
    return conv_temp_bytes(partial_size(&call->of.shape, &p));
}

/* FORWARD and DATA: `in` is read, `out` written. */
static void emit(const struct conv_call *call, bool data, struct fer_tensor *in, struct fer_tensor *out)
{
    const struct product p = product_of(call, data);
    if (p.splits == 1) {
        emit_product(call, &p, in, NULL, out);
        return;
    }
    struct fer_tensor *partial = conv_temp(call->em, partial_size(&call->of.shape, &p));
    emit_product(call, &p, in, partial, out);
    partial_sum_emit(call->em, &(struct partial_sum){ .partial = partial,
                                                      .bias = data ? NULL : call->of.bias,
                                                      .add = data ? NULL : call->of.add,
                                                      .y = out,
                                                      .parts = p.splits,
                                                      .activation = data ? FER_ACTIVATION_NONE : call->of.activation,
                                                      .slope = call->of.slope });
}

static void forward(const struct conv_call *call)
{
    emit(call, false, call->of.x, call->of.y);
}

static void data(const struct conv_call *call)
{
    emit(call, true, call->of.y, call->of.x);
}

/* ---- the weights' gradient ---- */

struct division {
    struct tile tile;
    int rows, columns, splits, pixels;
    size_t partial; /* floats */
};

static struct division divide(const struct conv_call *call)
{
    const struct fer_convolution_shape *s = &call->of.shape;
    struct division d = { .rows = s->k / s->groups, .columns = s->c / s->groups * s->kernel * s->kernel };
    const int all = s->n * s->oh * s->ow;
    d.tile = tile_of(call, d.rows, d.columns);
    const int tiles = conv_divide_up(d.rows, d.tile.m) * conv_divide_up(d.columns, d.tile.n) * s->groups;
    const int most = conv_divide_up(all, SPLIT_PIXELS), wanted = conv_divide_up(SPLIT_GROUPS, tiles);
    d.pixels = conv_divide_up(all, wanted < most ? wanted : most);
    d.splits = conv_divide_up(all, d.pixels);
    d.partial = (size_t)d.splits * (size_t)s->k * (size_t)d.columns;
    return d;
}

static size_t weights_workspace(const struct conv_call *call)
{
    return conv_temp_bytes(divide(call).partial);
}

static void weights(const struct conv_call *call)
{
    const struct fer_convolution_shape *s = &call->of.shape;
    const struct division d = divide(call);
    struct fer_tensor *partial = conv_temp(call->em, d.partial);
    const int group_in = s->c / s->groups;
    struct fer_launch *launch =
        begin(call, "conv_implicit_weights", d.tile, group_in % RUN == 0 ? "-DTOGETHER=4" : "-DTOGETHER=1");
    fer_launch_in(launch, "x", call->of.x);
    fer_launch_in(launch, "dy", call->of.y);
    fer_launch_out(launch, "partial", partial);
    geometry(launch, s);
    fer_launch_int(launch, group_in);
    fer_launch_int(launch, d.rows);
    fer_launch_int(launch, d.pixels);
    fer_launch_range_3d(launch, fer_extent_fixed((size_t)(conv_divide_up(d.columns, d.tile.n) * ITEMS)),
                        fer_extent_fixed((size_t)conv_divide_up(d.rows, d.tile.m)),
                        fer_extent_fixed((size_t)(s->groups * d.splits)), ITEMS, 1, 1);
    conv_cost(launch, s);

    const int count = s->k * d.columns;
    launch = fer_emit_kernel(call->em, fer_conv_implicit_cl, "conv_implicit_sum", " ");
    fer_launch_in(launch, "partial", partial);
    fer_launch_out(launch, "dw", call->of.w);
    fer_launch_int(launch, count);
    fer_launch_int(launch, d.splits);
    fer_launch_int(launch, group_in);
    fer_launch_int(launch, s->kernel * s->kernel);
    fer_launch_range_1d(launch, fer_extent_fixed((size_t)count));
}

#define HELP "a matrix product of gathered pixels, tiles in local memory"
#define SOLVER(tunables)                                                                                               \
    CONV_SOLVER("implicit", HELP, tunables, fer_conv_implicit_cl, fer_conv_implicit_pack_cl, fer_partial_cl)
const struct conv_solver conv_implicit_forward = { SOLVER(tunables), .applicable = applicable,
                                                   .workspace = forward_workspace, .emit = forward, .epilogue = true };
const struct conv_solver conv_implicit_data = { SOLVER(tunables), .applicable = applicable, .workspace = data_workspace,
                                                .emit = data };
const struct conv_solver conv_implicit_weights = { SOLVER(weights_tunables), .applicable = applicable,
                                                   .workspace = weights_workspace, .emit = weights };
