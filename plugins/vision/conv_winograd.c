/* SPDX-License-Identifier: Apache-2.0
 *
 * 3x3 convolutions of stride 1 on CPUs by Winograd's F(4x4, 3x3) and F(2x2, 3x3), the passes
 * forward and to the input; that to the weights is conv_winograd_weights.c.  See conv_winograd.cl.
 *
 * Few input channels: one kernel, in which a work-group transforms a chunk of tiles, multiplies and transforms back
 * while the chunk stays in its cache.  Many: the transformed weights weigh more than the chunk, so that all tiles are
 * transformed first and larger chunks go through each of them.  So also where there are few chunks (one picture): then
 * the blocks of outputs are shared out.  Where all tiles of a large batch would take too much memory, it is so many
 * chunks that are transformed first, a span, and then the next.  Few tiles: weights
 * are transformed where they are multiplied, some inputs at a time, in a cache: transformed, 512 x 512 weigh 38 MB,
 * which to read (and in training to write before) takes longer than to make them again.  All compute the same sums in
 * the same order.
 */
#include <limits.h>
#include <stdio.h>

#include "conv_winograd.h"
#include "conv_winograd_cl.h"
#include "conv_winograd_gradient_cl.h"
#include "conv_winograd_weights_cl.h"

/* FORM: by shape, one kernel, or all tiles first; TILES: of a chunk of one kernel; SPLIT_TILES: else; SPAN: of chunks
 */
enum { FORM, TILES, SPLIT_TILES, SPAN };
enum { FORM_FUSED = 1, FORM_SPLIT, FORM_ONCE };
static const struct fer_tunable *const tunables[] = {
    FER_TUNABLE("form",
                "0: by shape, 1: a chunk's tiles stay in cache, 2: all tiles are transformed first, "
                "3: and weights where they are used",
                0, 1, 2, 3),
    FER_TUNABLE("tiles", "of a chunk in form 1; 18 of 64 channels take 166 KiB", 18, 12, 36),
    FER_TUNABLE("split", "tiles of a chunk in forms 2 and 3", 36, 18, 72),
    FER_TUNABLE("span", "MiB of transformed tiles that there are at a time in form 2", 96, 24), NULL
};

enum {
    WEIGHT = 14,       /* see saves */
    LEAST_SUMS = 8,    /* vectors of a register tile: with fewer, each waits for the one before */
    FUSED_BLOCKS = 12, /* of input channels at most; beyond, a chunk leaves a cache of 512 KiB */
    FUSED_CHUNKS = 4,  /* at least, to share out */
    FUSED_GROUPS = 8,  /* work-groups, each with scratch of its own */
    SPLIT_ITEMS = 16,  /* work-items wanted at least */
    ONCE_TILES = 64,   /* at most, to transform weights where they are used, … */
    ONCE_LEAST = 16,   /* … and where they could be kept transformed, in inference, at least, … */
    ONCE_KEPT = 4,     /* … if those took so many MiB, more than a second-level cache has */
    ONCE_OUTS = 4,     /* blocks of outputs that then go through the same inputs one after the other, at most, … */
    ONCE_ITEMS = 8     /* … where so many work-items are left */
};

int winograd_points(int side)
{
    return (side + 2) * (side + 2);
}

int winograd_tiles(int side, int height, int width)
{
    return conv_divide_up(height, side) * conv_divide_up(width, side);
}

/* What one pair of channels costs, in multiplications: the products of Winograd's tiles, and as much again as a part of
 * that for the transforms, against nine products a pixel; and the weights, which come from memory once for all pictures
 * and take as long as WEIGHT multiplications each (85 products and 6 numbers a nanosecond were measured).  Ragged tiles
 * of small planes cost more than they save, and so do weights that serve few tiles. */
static bool saves(int side, int n, int height, int width)
{
    const double transforms = side == WINOGRAD_COARSE ? 1.6 : 1.25;
    const int points = winograd_points(side);
    return n * (double)winograd_tiles(side, height, width) * points * transforms + points * WEIGHT <
           9.0 * n * height * width + 9 * WEIGHT;
}

/* F(2x2) comes before F(4x4) where it multiplies no more, having the cheaper transforms and fewer weights: planes of
 * 5 x 5 and 6 x 6, of which the tiles of F(4x4) cover more than there is. */
static bool fine_first(int n, int height, int width)
{
    return winograd_tiles(WINOGRAD_FINE, height, width) * winograd_points(WINOGRAD_FINE) <=
               winograd_tiles(WINOGRAD_COARSE, height, width) * winograd_points(WINOGRAD_COARSE) &&
           saves(WINOGRAD_FINE, n, height, width);
}

bool winograd_fits(const struct fer_convolution_shape *s)
{
    return s->profile == FER_PROFILE_CPU && s->x == FER_LAYOUT_BLOCKED && s->y == FER_LAYOUT_BLOCKED &&
           s->kernel == 3 && s->stride == 1 && s->dilation == 1 && s->groups == 1;
}

bool winograd_applicable(const struct fer_convolution_shape *s)
{
    return winograd_fits(s) && saves(WINOGRAD_COARSE, s->n, s->oh, s->ow);
}

static bool data_applicable(const struct fer_convolution_shape *s)
{
    return winograd_fits(s) && saves(WINOGRAD_COARSE, s->n, s->h, s->w);
}

static bool forward_worthwhile(const struct conv_call *call)
{
    return !fine_first(call->of.shape.n, call->of.shape.oh, call->of.shape.ow);
}

static bool data_worthwhile(const struct conv_call *call)
{
    return !fine_first(call->of.shape.n, call->of.shape.h, call->of.shape.w);
}

/* Of planes on which F(4x4) does not pay; those on which it does have been decided. */
static bool fine_forward_worthwhile(const struct conv_call *call)
{
    return saves(WINOGRAD_FINE, call->of.shape.n, call->of.shape.oh, call->of.shape.ow);
}

static bool fine_data_worthwhile(const struct conv_call *call)
{
    return saves(WINOGRAD_FINE, call->of.shape.n, call->of.shape.h, call->of.shape.w);
}

size_t winograd_chunk_size(int side, int chunks, int blocks, int tiles)
{
    return (size_t)chunks * (size_t)blocks * (size_t)(winograd_points(side) * tiles * FER_BLOCK);
}

int winograd_fitting(int megabytes, int chunks, size_t chunk)
{
    const size_t each = ((size_t)megabytes << 20) / (chunk * sizeof(float));
    return each < 1 ? 1 : each < (size_t)chunks ? (int)each : chunks;
}

/* How FORWARD or DATA is divided: `in` and `out` are blocks of channels read and written. */
struct plan {
    int side, in, out, channels_in, channels_out, height, width, pad, per_image, tiles, chunks;
    struct conv_tile tile;
    int vectors; /* of columns of the register tile */
    int each;    /* chunks whose V there is at a time */
    int form;
};

/* Tiles that are computed where `tiles` are wanted, in chunks of which the last one ends with a whole register tile. */
static int computed(int tiles, int chunk, int rows)
{
    return tiles / chunk * chunk + conv_divide_up(tiles % chunk, rows) * rows;
}

/* Few tiles (one picture): equal chunks, and the register tile that computes as little as possible for nothing, where
 * beginning one costs as much as a row.  For many tiles that is not worth a program of its own. */
static void fit(struct plan *p, int tiles)
{
    const int most = p->tile.rows, fewest = LEAST_SUMS / p->vectors;
    if (computed(tiles, p->tiles, most) - tiles <= tiles / 16)
        return;
    const int each = conv_divide_up(tiles, conv_divide_up(tiles, p->tiles));
    for (int rows = most, least = INT_MAX; rows >= fewest; rows--) {
        const int groups = conv_divide_up(each, rows);
        if (groups * (rows + 1) < least) {
            least = groups * (rows + 1);
            p->tiles = groups * rows;
            p->tile.rows = rows;
        }
    }
}

/* Whether to transform weights where they are used, of few tiles. */
static bool once(const struct conv_call *call, const struct plan *p, int tiles)
{
    const size_t kept = winograd_chunk_size(p->side, p->out, p->in, FER_BLOCK) * sizeof(float);
    return tiles <= ONCE_TILES && (call->training || (tiles >= ONCE_LEAST && kept >= (size_t)ONCE_KEPT << 20));
}

static struct plan plan_of(const struct conv_call *call, enum fer_convolution_pass pass, int side)
{
    const struct fer_convolution_shape *s = &call->of.shape;
    const int *values = call->values;
    const bool data = pass == FER_CONVOLUTION_DATA;
    struct plan p = { .side = side,
                      .channels_in = data ? s->k : s->c,
                      .channels_out = data ? s->c : s->k,
                      .height = data ? s->h : s->oh,
                      .width = data ? s->w : s->ow,
                      .pad = data ? 2 - s->pad : s->pad };
    p.in = conv_blocks(p.channels_in);
    p.out = conv_blocks(p.channels_out);
    p.per_image = winograd_tiles(side, p.height, p.width);
    const int tiles = s->n * p.per_image;
    p.form = values[FORM];
    if (!p.form)
        p.form = p.in <= FUSED_BLOCKS && conv_divide_up(tiles, values[TILES]) >= FUSED_CHUNKS ? FORM_FUSED
                 : once(call, &p, tiles)                                                      ? FORM_ONCE
                                                                                              : FORM_SPLIT;
    p.tiles = values[p.form == FORM_FUSED ? TILES : SPLIT_TILES];
    p.tile = conv_tile_of(call, p.out);
    p.vectors = p.tile.blocks * FER_BLOCK / call->vec_lanes;
    p.tiles = conv_divide_up(p.tiles, p.tile.rows) * p.tile.rows;
    if (p.form != FORM_FUSED)
        fit(&p, tiles);
    p.chunks = conv_divide_up(tiles, p.tiles);
    p.each = p.form == FORM_ONCE ? p.chunks : winograd_smaller(FUSED_GROUPS, p.chunks);
    if (p.form == FORM_SPLIT) /* equal spans */
        p.each = conv_divide_up(
            p.chunks, conv_divide_up(p.chunks, winograd_fitting(values[SPAN], p.chunks,
                                                                winograd_chunk_size(side, 1, p.in, p.tiles))));
    return p;
}

/* Floats of V, and of the sums of form 3. */
static size_t scratch_size(const struct plan *p)
{
    return winograd_chunk_size(p->side, p->each, p->in, p->tiles);
}

static size_t sums_size(const struct plan *p)
{
    const int out = conv_divide_up(p->out, p->tile.blocks) * p->tile.blocks;
    return p->form == FORM_ONCE ? winograd_chunk_size(p->side, p->each, out, p->tiles) : 0;
}

static struct fer_tensor *transform_weights(const struct conv_call *call, enum fer_convolution_pass pass,
                                            const struct plan *p)
{
    const struct fer_shape shape =
        fer_shape_make(NULL, 2, (int[]){ p->out * winograd_points(p->side), p->in * FER_BLOCK * FER_BLOCK });
    const bool data = pass == FER_CONVOLUTION_DATA;
    char key[64];
    bool fresh;
    snprintf(key, sizeof key, "conv winograd %d %s", p->side, data ? "data" : "forward");
    struct fer_tensor *u = fer_emit_prepared(call->em, call->of.w, key, &shape, &fresh);
    if (!fresh)
        return u;
    struct fer_launch *launch =
        fer_emit_kernel(call->em, fer_conv_winograd_weights_cl, "winograd_weights", "-DSIDE=%d", p->side);
    fer_launch_in(launch, "weights", call->of.w);
    fer_launch_out(launch, "u", u);
    fer_launch_int(launch, p->channels_out);
    fer_launch_int(launch, p->channels_in);
    fer_launch_int(launch, data);
    fer_launch_range_2d(launch, fer_extent_fixed((size_t)p->in), fer_extent_fixed((size_t)p->out), 1, 1);
    fer_launch_prepare(launch);
    return u;
}

struct fer_launch *winograd_launch(struct fer_emit *em, const char *source, const char *kernel, int side, int tiles,
                                   const char *options)
{
    return fer_any_precision(fer_emit_kernel(em, source, kernel, "-DSIDE=%d -DTILES=%d %s", side, tiles, options));
}

/* Of a kernel that multiplies: its register tile, and the epilogue. */
enum { PRODUCT_OPTIONS = CONV_EPILOGUE_OPTIONS + 64 };
static const char *product_options(const struct conv_call *call, const struct plan *p, char text[PRODUCT_OPTIONS])
{
    char epilogue[CONV_EPILOGUE_OPTIONS];
    snprintf(text, PRODUCT_OPTIONS, "-DROWS=%d%s %s", p->tile.rows, conv_tile_option(call, p->tile),
             conv_epilogue_options(call, epilogue));
    return text;
}

static void emit_fused(const struct conv_call *call, const struct plan *p, struct fer_tensor *in, struct fer_tensor *u,
                       struct fer_tensor *out)
{
    char options[PRODUCT_OPTIONS];
    struct fer_tensor *scratch = conv_temp(call->em, scratch_size(p));
    struct fer_launch *launch = winograd_launch(call->em, fer_conv_winograd_cl, "winograd_fused", p->side, p->tiles,
                                                product_options(call, p, options));
    fer_launch_in(launch, "x", in);
    fer_launch_in(launch, "u", u);
    conv_epilogue_in(launch, call);
    fer_launch_out(launch, "y", out);
    fer_launch_out(launch, "scratch", scratch);
    fer_launch_int(launch, p->pad);
    fer_launch_range_2d(launch, fer_extent_fixed((size_t)p->each), fer_extent_fixed(1), 1, 1);
    conv_cost(launch, &call->of.shape);
}

void winograd_transform_emit(const struct conv_call *call, struct fer_tensor *in, struct fer_tensor *v, int side,
                             int height, int width, int pad, int tiles, int first_chunk, struct fer_extent chunks,
                             bool filled)
{
    struct fer_launch *launch = winograd_launch(call->em, fer_conv_winograd_cl, "winograd_transform", side, tiles, " ");
    fer_launch_in(launch, "x", in);
    fer_launch_out(launch, "v", v);
    fer_launch_int(launch, height);
    fer_launch_int(launch, width);
    fer_launch_int(launch, pad);
    fer_launch_int(launch, first_chunk);
    fer_launch_int(launch, filled);
    fer_launch_range_2d(launch, fer_extent_fixed((size_t)conv_blocks(fer_tensor_shape(in)->dim[1])), chunks, 1, 1);
}

/* The tensors of FORWARD and DATA in form 2: x, V, U and y. */
struct split {
    struct fer_tensor *in, *v, *u, *out;
};

/* One span, which is all chunks where the range scales with the batch. */
static void emit_split_span(const struct conv_call *call, const struct plan *p, const struct split *t, int first_chunk,
                            struct fer_extent chunks)
{
    char options[PRODUCT_OPTIONS];
    const int outs = p->tile.blocks * (p->out / p->tile.blocks * p->each < 2 * SPLIT_ITEMS ? 1 : 2);
    winograd_transform_emit(call, t->in, t->v, p->side, p->height, p->width, p->pad, p->tiles, first_chunk, chunks,
                            false);
    struct fer_launch *launch = winograd_launch(call->em, fer_conv_winograd_cl, "winograd_multiply", p->side, p->tiles,
                                                product_options(call, p, options));
    fer_launch_in(launch, "v", t->v);
    fer_launch_in(launch, "u", t->u);
    conv_epilogue_in(launch, call);
    if (first_chunk == 0)
        fer_launch_out(launch, "y", t->out);
    else
        fer_launch_inout(launch, "y", t->out); /* what earlier spans have written stays */
    fer_launch_int(launch, p->in);
    fer_launch_int(launch, outs);
    fer_launch_int(launch, first_chunk);
    fer_launch_range_2d(launch, fer_extent_fixed((size_t)conv_divide_up(p->out, outs)), chunks, 1, 1);
    conv_cost_part(launch, &call->of.shape, (double)winograd_smaller(p->each, p->chunks - first_chunk) / p->chunks);
}

static void emit_split(const struct conv_call *call, const struct plan *p, struct fer_tensor *in, struct fer_tensor *u,
                       struct fer_tensor *out)
{
    const struct split tensors = { in, conv_temp(call->em, scratch_size(p)), u, out };
    if (p->each == p->chunks) {
        emit_split_span(call, p, &tensors, 0, fer_extent_rows(out, (size_t)p->per_image, (size_t)p->tiles));
        return;
    }
    for (int first = 0; first < p->chunks; first += p->each)
        emit_split_span(call, p, &tensors, first,
                        fer_extent_fixed((size_t)winograd_smaller(p->each, p->chunks - first)));
}

static void emit_once(const struct conv_call *call, enum fer_convolution_pass pass, const struct plan *p,
                      struct fer_tensor *in, struct fer_tensor *out)
{
    char options[PRODUCT_OPTIONS];
    struct fer_tensor *v = conv_temp(call->em, scratch_size(p)), *sums = conv_temp(call->em, sums_size(p));
    int outs = ONCE_OUTS;
    while (outs > p->tile.blocks && conv_divide_up(p->out, outs) < ONCE_ITEMS)
        outs /= 2;
    winograd_transform_emit(call, in, v, p->side, p->height, p->width, p->pad, p->tiles, 0,
                            fer_extent_fixed((size_t)p->chunks), false);
    struct fer_launch *launch = winograd_launch(call->em, fer_conv_winograd_cl, "winograd_once", p->side, p->tiles,
                                                product_options(call, p, options));
    fer_launch_in(launch, "v", v);
    fer_launch_in(launch, "weights", call->of.w);
    conv_epilogue_in(launch, call);
    fer_launch_out(launch, "y", out);
    fer_launch_out(launch, "sums", sums);
    fer_launch_int(launch, p->channels_in);
    fer_launch_int(launch, outs);
    fer_launch_int(launch, pass == FER_CONVOLUTION_DATA);
    fer_launch_range_2d(launch, fer_extent_fixed((size_t)conv_divide_up(p->out, outs)), fer_extent_fixed(1), 1, 1);
    conv_cost(launch, &call->of.shape);
}

static void emit(const struct conv_call *call, enum fer_convolution_pass pass, int side, struct fer_tensor *in,
                 struct fer_tensor *out)
{
    const struct plan p = plan_of(call, pass, side);
    if (p.form == FORM_ONCE) {
        emit_once(call, pass, &p, in, out);
        return;
    }
    struct fer_tensor *u = transform_weights(call, pass, &p);
    if (p.form == FORM_FUSED)
        emit_fused(call, &p, in, u, out);
    else
        emit_split(call, &p, in, u, out);
}

static size_t workspace(const struct conv_call *call, enum fer_convolution_pass pass, int side)
{
    const struct plan p = plan_of(call, pass, side);
    return conv_temp_bytes(scratch_size(&p)) + (p.form == FORM_ONCE ? conv_temp_bytes(sums_size(&p)) : 0);
}

static size_t forward_workspace(const struct conv_call *call)
{
    return workspace(call, FER_CONVOLUTION_FORWARD, WINOGRAD_COARSE);
}

static size_t fine_forward_workspace(const struct conv_call *call)
{
    return workspace(call, FER_CONVOLUTION_FORWARD, WINOGRAD_FINE);
}

static size_t data_workspace(const struct conv_call *call)
{
    return workspace(call, FER_CONVOLUTION_DATA, WINOGRAD_COARSE);
}

static size_t fine_data_workspace(const struct conv_call *call)
{
    return workspace(call, FER_CONVOLUTION_DATA, WINOGRAD_FINE);
}

static void forward(const struct conv_call *call)
{
    emit(call, FER_CONVOLUTION_FORWARD, WINOGRAD_COARSE, call->of.x, call->of.y);
}

static void fine_forward(const struct conv_call *call)
{
    emit(call, FER_CONVOLUTION_FORWARD, WINOGRAD_FINE, call->of.x, call->of.y);
}

static void data(const struct conv_call *call)
{
    emit(call, FER_CONVOLUTION_DATA, WINOGRAD_COARSE, call->of.y, call->of.x);
}

static void fine_data(const struct conv_call *call)
{
    emit(call, FER_CONVOLUTION_DATA, WINOGRAD_FINE, call->of.y, call->of.x);
}

const struct conv_solver conv_winograd_forward = { WINOGRAD_COARSE_SOLVER(tunables),
                                                   .applicable = winograd_applicable,
                                                   .worthwhile = forward_worthwhile,
                                                   .workspace = forward_workspace,
                                                   .emit = forward,
                                                   .epilogue = true };
const struct conv_solver conv_winograd_data = { WINOGRAD_COARSE_SOLVER(tunables), .applicable = data_applicable,
                                                .worthwhile = data_worthwhile, .workspace = data_workspace,
                                                .emit = data };
const struct conv_solver conv_winograd_fine_forward = {
    WINOGRAD_FINE_SOLVER(tunables),      .applicable = winograd_fits, .worthwhile = fine_forward_worthwhile,
    .workspace = fine_forward_workspace, .emit = fine_forward,        .epilogue = true
};
const struct conv_solver conv_winograd_fine_data = { WINOGRAD_FINE_SOLVER(tunables), .applicable = winograd_fits,
                                                     .worthwhile = fine_data_worthwhile,
                                                     .workspace = fine_data_workspace, .emit = fine_data };
