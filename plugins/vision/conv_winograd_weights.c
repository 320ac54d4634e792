/* SPDX-License-Identifier: Apache-2.0
 *
 * The weights' gradient of 3x3 convolutions of stride 1 on CPUs by Winograd's F(4x4, 3x3) and F(2x2, 3x3): a span of
 * chunks is transformed, of x and of dy, and multiplied, and then the next; few tiles at once, and what becomes of them
 * too.  See winograd.cl.
 */
#include "conv_winograd.h"
#include "conv_winograd_cl.h"
#include "conv_winograd_gradient_cl.h"
#include "conv_winograd_weights_cl.h"

enum { SPAN };
static const struct fer_tunable *const tunables[] = {
    FER_TUNABLE("span", "MiB of transformed tiles that there are at a time; 0: by shape", 0, 3, 24, 96), NULL
};

enum {
    MOST_TILES = 18,   /* of a chunk */
    ONCE_TILES = 64,   /* in all at most, to go through all points of 16 x 16 channels before the next */
    ONCE_SIDE = 4,     /* blocks of inputs, and of outputs, that a work-item then has at most */
    ONCE_ITEMS = 16,   /* work-items wanted at least */
    SPAN_PRODUCTS = 8, /* times as much as the products is a span of it, … */
    LEAST_SPAN = 3,    /* … in MiB at least */
    MOST_SPAN = 96     /* … at most */
};

/* Tiles of a chunk, chunks in all, and those that are transformed at a time. */
struct span {
    int tiles, chunks, each;
    bool once;
};

static size_t products(const struct fer_convolution_shape *s, int side)
{
    return (size_t)winograd_points(side) * (size_t)conv_blocks(s->c) * (size_t)conv_blocks(s->k) * FER_BLOCK *
           FER_BLOCK;
}

/* Short spans stay in a cache between transform and product, but each reads and writes all products once. */
static int span_megabytes(const struct fer_convolution_shape *s, int side)
{
    const size_t wanted = SPAN_PRODUCTS * products(s, side) * sizeof(float) >> 20;
    return wanted < LEAST_SPAN ? LEAST_SPAN : wanted > MOST_SPAN ? MOST_SPAN : (int)wanted;
}

static struct span span_of(const struct fer_convolution_shape *s, int side, int value)
{
    const int megabytes = value ? value : span_megabytes(s, side), all = s->n * winograd_tiles(side, s->oh, s->ow);
    struct span span = { MOST_TILES, conv_divide_up(all, MOST_TILES), 0, all <= ONCE_TILES && !value };
    if (span.once) /* equal chunks */
        span.tiles = conv_divide_up(all, span.chunks);
    const size_t chunk = winograd_chunk_size(side, 1, conv_blocks(s->c) + conv_blocks(s->k), span.tiles);
    span.each = span.once ? span.chunks : winograd_fitting(megabytes, span.chunks, chunk);
    return span;
}

static void emit_transforms(const struct conv_call *call, int side, int tiles, struct fer_tensor *v,
                            struct fer_tensor *g, int first_chunk, int chunks)
{
    const struct fer_convolution_shape *s = &call->of.shape;
    winograd_transform_emit(call, call->of.x, v, side, s->oh, s->ow, s->pad, tiles, first_chunk,
                            fer_extent_fixed((size_t)chunks), true);

    struct fer_launch *launch =
        winograd_launch(call->em, fer_conv_winograd_gradient_cl, "winograd_gradient", side, tiles, " ");
    fer_launch_in(launch, "dy", call->of.y);
    fer_launch_out(launch, "g", g);
    fer_launch_int(launch, first_chunk);
    fer_launch_range_2d(launch, fer_extent_fixed((size_t)conv_blocks(s->k)), fer_extent_fixed((size_t)chunks), 1, 1);
}

static void emit_span(const struct conv_call *call, int side, struct fer_tensor *v, struct fer_tensor *g,
                      struct fer_tensor *du, int first_chunk, int chunks)
{
    const int in = conv_blocks(call->of.shape.c), out = conv_blocks(call->of.shape.k);
    emit_transforms(call, side, MOST_TILES, v, g, first_chunk, chunks);

    struct fer_launch *launch =
        winograd_launch(call->em, fer_conv_winograd_gradient_cl, "winograd_outer", side, MOST_TILES, " ");
    fer_launch_in(launch, "v", v);
    fer_launch_in(launch, "g", g);
    if (first_chunk == 0)
        fer_launch_out(launch, "du", du);
    else
        fer_launch_inout(launch, "du", du);
    fer_launch_int(launch, in);
    fer_launch_int(launch, out);
    fer_launch_int(launch, first_chunk);
    fer_launch_int(launch, chunks);
    fer_launch_range_3d(launch, fer_extent_fixed((size_t)in), fer_extent_fixed((size_t)out),
                        fer_extent_fixed((size_t)winograd_points(side)), 1, 1, 1);
}

/* Floats of V, of the same of dy, and of U's gradient. */
struct sizes {
    size_t v, g, du;
};

static struct sizes sizes_of(const struct fer_convolution_shape *s, int side, const struct span *span)
{
    return (struct sizes){ winograd_chunk_size(side, span->each, conv_blocks(s->c), span->tiles),
                           winograd_chunk_size(side, span->each, conv_blocks(s->k), span->tiles),
                           span->once ? 0 : products(s, side) };
}

static size_t workspace_of_weights(const struct conv_call *call, int side)
{
    const struct span span = span_of(&call->of.shape, side, call->values[SPAN]);
    const struct sizes sizes = sizes_of(&call->of.shape, side, &span);
    return conv_temp_bytes(sizes.v) + conv_temp_bytes(sizes.g) + (span.once ? 0 : conv_temp_bytes(sizes.du));
}

static void emit_once(const struct conv_call *call, int side, const struct span *span, struct fer_tensor *v,
                      struct fer_tensor *g)
{
    const struct fer_convolution_shape *s = &call->of.shape;
    const int in = conv_blocks(s->c), out = conv_blocks(s->k);
    int each = ONCE_SIDE;
    while (each > 1 && conv_divide_up(in, each) * conv_divide_up(out, each) < ONCE_ITEMS)
        each /= 2;
    emit_transforms(call, side, span->tiles, v, g, 0, span->chunks);
    struct fer_launch *launch =
        winograd_launch(call->em, fer_conv_winograd_gradient_cl, "winograd_outer_once", side, span->tiles, " ");
    fer_launch_in(launch, "v", v);
    fer_launch_in(launch, "g", g);
    fer_launch_out(launch, "dw", call->of.w);
    fer_launch_int(launch, s->c);
    fer_launch_int(launch, s->k);
    fer_launch_int(launch, span->chunks);
    fer_launch_int(launch, each);
    fer_launch_range_2d(launch, fer_extent_fixed((size_t)conv_divide_up(in, each)),
                        fer_extent_fixed((size_t)conv_divide_up(out, each)), 1, 1);
    conv_cost(launch, s);
}

static void emit_weights(const struct conv_call *call, int side)
{
    const struct fer_convolution_shape *s = &call->of.shape;
    const struct span span = span_of(s, side, call->values[SPAN]);
    const struct sizes sizes = sizes_of(s, side, &span);
    struct fer_tensor *v = conv_temp(call->em, sizes.v);
    struct fer_tensor *g = conv_temp(call->em, sizes.g);
    if (span.once) {
        emit_once(call, side, &span, v, g);
        return;
    }
    struct fer_tensor *du = conv_temp(call->em, sizes.du);
    for (int first = 0; first < span.chunks; first += span.each)
        emit_span(call, side, v, g, du, first, winograd_smaller(span.each, span.chunks - first));

    struct fer_launch *launch =
        fer_emit_kernel(call->em, fer_conv_winograd_weights_cl, "winograd_unpack", "-DSIDE=%d", side);
    fer_launch_in(launch, "du", du);
    fer_launch_out(launch, "dw", call->of.w);
    fer_launch_int(launch, s->k);
    fer_launch_int(launch, s->c);
    fer_launch_range_2d(launch, fer_extent_fixed((size_t)conv_blocks(s->c)),
                        fer_extent_fixed((size_t)conv_blocks(s->k)), 1, 1);
    conv_cost(launch, s);
}

static size_t weights_workspace(const struct conv_call *call)
{
    return workspace_of_weights(call, WINOGRAD_COARSE);
}

static size_t fine_weights_workspace(const struct conv_call *call)
{
    return workspace_of_weights(call, WINOGRAD_FINE);
}

static void weights(const struct conv_call *call)
{
    emit_weights(call, WINOGRAD_COARSE);
}

static void fine_weights(const struct conv_call *call)
{
    emit_weights(call, WINOGRAD_FINE);
}

const struct conv_solver conv_winograd_weights = { WINOGRAD_COARSE_SOLVER(tunables), .applicable = winograd_applicable,
                                                   .workspace = weights_workspace, .emit = weights };
const struct conv_solver conv_winograd_fine_weights = { WINOGRAD_FINE_SOLVER(tunables), .applicable = winograd_fits,
                                                        .workspace = fine_weights_workspace, .emit = fine_weights };
