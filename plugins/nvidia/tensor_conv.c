/* SPDX-License-Identifier: Apache-2.0
 *
 * Launches of tensor_conv.cl.
 */
#include <limits.h>

#include "../partial.h"
#include "tensor.h"
#include "tensor_conv_cl.h"

enum {
    BLOCK = 16,         /* rows that lie together in packed weights */
    SPLIT_GROUPS = 256, /* work-groups wanted for the weights' gradient … */
    SPLIT_PIXELS = 1024 /* … of no fewer pixels each, and of whole steps */
};

const char *const tensor_conv_sources[] = { fer_tensor_conv_cl, fer_partial_cl, NULL };

/* The weights as FORWARD and DATA read them: tensor_conv_pack. */
struct packing {
    int phases;       /* the side of what is written has so many, which see taps of their own */
    int in, out, run; /* channels of a group that are read and written; words of one tap that are read at once */
    int steps;        /* the depth of the phase that sees the most taps */
    size_t words;
};

static int common_divisor(int a, int b)
{
    return b == 0 ? a : common_divisor(b, a % b);
}

static void plan_packing(struct packing *p, const struct fer_convolution_shape *s, bool data, struct tensor_way way)
{
    const int numbers = way.bfloat ? 2 : 1, apart = data ? s->stride / common_divisor(s->stride, s->dilation) : 1;
    const size_t taps = tensor_divide_up((size_t)s->kernel, (size_t)apart);
    p->phases = data ? s->stride : 1;
    p->in = (data ? s->k : s->c) / s->groups;
    p->out = (data ? s->c : s->k) / s->groups;
    /* padding of a quarter is well paid by what long runs save */
    const size_t in = (size_t)p->in, padded = tensor_round_up(in, (size_t)(TENSOR_STEP * numbers));
    p->run = (padded - in) * 4 <= in ? TENSOR_STEP : 4;
    const size_t channels = tensor_divide_up(in, (size_t)(p->run * numbers)) * (size_t)p->run;
    const size_t steps = tensor_divide_up(taps * taps * channels, TENSOR_STEP);
    p->steps = (int)steps;
    p->words = (size_t)(p->phases * p->phases) * (size_t)s->groups * tensor_divide_up((size_t)p->out, BLOCK) * steps *
               BLOCK * TENSOR_STEP;
}

static void geometry(struct fer_launch *launch, const struct fer_convolution_shape *s)
{
    fer_launch_int(launch, s->kernel);
    fer_launch_int(launch, s->stride);
    fer_launch_int(launch, s->pad);
    fer_launch_int(launch, s->dilation);
}

static struct fer_tensor *pack(struct fer_emit *em, const struct fer_convolution *conv, const struct packing *p,
                               bool data, struct tensor_way way)
{
    const struct fer_convolution_shape *s = &conv->shape;
    /* one more step, for what is fetched behind the last one and not multiplied */
    const int count = (int)p->words + BLOCK * TENSOR_STEP;
    const struct fer_shape shape = fer_shape_make(NULL, 1, &count);
    char key[96], options[32];
    bool fresh;
    snprintf(key, sizeof key, "tensor pack %s %s g%d s%d p%d d%d", data ? "data" : "forward",
             way.bfloat ? "bf16" : "tf32", s->groups, s->stride, s->pad, s->dilation);
    struct fer_tensor *packed = fer_emit_prepared(em, conv->w, key, &shape, &fresh);
    if (!fresh)
        return packed;
    snprintf(options, sizeof options, " -DRUN=%d%s", p->run, data ? " -DGRADIENT" : "");
    struct fer_launch *launch = tensor_launch(em, fer_tensor_conv_cl, "tensor_conv_pack",
                                              tensor_tile_find(1, 1, 1, (const int[]){ 0, 0, 0 }, false), way, options);
    fer_launch_in(launch, "w", conv->w);
    fer_launch_out(launch, "packed", packed);
    geometry(launch, s);
    fer_launch_int(launch, p->in);
    fer_launch_int(launch, p->out);
    fer_launch_int(launch, s->groups);
    fer_launch_int(launch, p->steps);
    fer_launch_int(launch, count);
    fer_launch_range_1d(launch, fer_extent_fixed((size_t)count));
    fer_launch_prepare(launch);
    return packed;
}

bool tensor_can_convolve(const struct fer_convolution *conv)
{
    struct packing p;
    plan_packing(&p, &conv->shape, conv->pass == FER_CONVOLUTION_DATA, (struct tensor_way){ .bfloat = false });
    return conv->shape.x == FER_LAYOUT_PLAIN && conv->shape.y == FER_LAYOUT_PLAIN && p.words <= INT_MAX / 2;
}

static void set_cost(struct fer_launch *launch, const struct fer_convolution_shape *s)
{
    const double x = (double)s->n * s->c * s->h * s->w, y = (double)s->n * s->k * s->oh * s->ow;
    const double w = (double)s->k * (s->c / s->groups) * s->kernel * s->kernel;
    fer_launch_cost(launch, 2 * (double)s->n * s->oh * s->ow * w, 4 * (x + y + w));
}

/* FORWARD and DATA: `in` is read, `out` written; the second in as many phases as the stride squared. */
static void emit_image(struct fer_emit *em, const struct fer_convolution *conv, const int *values,
                       struct tensor_way way, bool data)
{
    const struct fer_convolution_shape *s = &conv->shape;
    struct fer_tensor *in = data ? conv->y : conv->x, *out = data ? conv->x : conv->y;
    struct packing p;
    plan_packing(&p, s, data, way);
    const size_t phases = (size_t)p.phases, rows = (size_t)p.out;
    const size_t plane = data ? tensor_divide_up((size_t)s->h, phases) * tensor_divide_up((size_t)s->w, phases)
                              : (size_t)s->oh * (size_t)s->ow;
    const struct tensor_tile tile =
        tensor_tile_find(rows, (size_t)s->n * plane, (size_t)s->groups * phases * phases, values, false);
    struct fer_tensor *packed = pack(em, conv, &p, data, way);
    char activation[FER_ACTIVATION_OPTION], options[FER_ACTIVATION_OPTION + 64];
    snprintf(options, sizeof options, " -DRUN=%d%s%s%s%s%s", p.run,
             p.in % (p.run * (way.bfloat ? 2 : 1)) == 0 ? " -DWHOLE" : "", data ? " -DGRADIENT" : "",
             !data && conv->bias ? " -DBIAS" : "", !data && conv->add ? " -DADD" : "",
             data ? "" : fer_activation_option(conv->activation, conv->slope, activation));
    struct fer_launch *launch = tensor_launch(em, fer_tensor_conv_cl, "tensor_conv", tile, way, options);
    fer_launch_in(launch, "x", in);
    fer_launch_in(launch, "packed", packed);
    if (!data && conv->bias)
        fer_launch_in(launch, "bias", conv->bias);
    if (!data && conv->add)
        fer_launch_in(launch, "add", conv->add);
    fer_launch_out(launch, "y", out);
    geometry(launch, s);
    fer_launch_int(launch, p.in);
    fer_launch_int(launch, p.out);
    fer_launch_int(launch, p.steps);
    tensor_range(launch, tile, fer_extent_rows(out, plane * (tile.items / tile.columns), 1),
                 fer_extent_fixed(tensor_divide_up(rows, tile.rows)),
                 fer_extent_fixed((size_t)s->groups * phases * phases));
    set_cost(launch, s);
}

/* Splits of the pixels, each with sums of its own. */
static void emit_weights(struct fer_emit *em, const struct fer_convolution *conv, const int *values,
                         struct tensor_way way)
{
    const struct fer_convolution_shape *s = &conv->shape;
    const size_t rows = (size_t)(s->k / s->groups), in = (size_t)(s->c / s->groups);
    const size_t taps = (size_t)(s->kernel * s->kernel), columns = tensor_round_up(in, 4) * taps;
    const size_t all = (size_t)s->n * (size_t)s->oh * (size_t)s->ow, count = (size_t)s->k * in * taps;
    const size_t most = tensor_divide_up(all, SPLIT_PIXELS);
    const struct tensor_tile tile = tensor_tile_find(rows, columns, (size_t)s->groups * most, values, way.bfloat);
    const size_t tiles =
        tensor_divide_up(rows, tile.rows) * tensor_divide_up(columns, tile.columns) * (size_t)s->groups;
    const size_t wanted = tensor_divide_up(SPLIT_GROUPS, tiles);
    const size_t pixels = tensor_round_up(tensor_divide_up(all, wanted < most ? wanted : most), TENSOR_STEP * 2),
                 splits = tensor_divide_up(all, pixels);
    const struct fer_shape shape = fer_shape_make(NULL, 2, (int[]){ (int)splits, (int)count });
    struct fer_tensor *partial = fer_emit_temp(em, &shape, FER_LAYOUT_PLAIN);
    struct fer_launch *launch = tensor_launch(em, fer_tensor_conv_cl, "tensor_conv_weights", tile, way,
                                              rows % tile.rows == 0 && in % 4 == 0 ? " -DWHOLE" : "");
    fer_launch_in(launch, "x", conv->x);
    fer_launch_in(launch, "dy", conv->y);
    fer_launch_out(launch, "partial", partial);
    geometry(launch, s);
    fer_launch_int(launch, s->c / s->groups);
    fer_launch_int(launch, (int)rows);
    fer_launch_int(launch, (int)pixels);
    tensor_range(launch, tile, tensor_groups(tile, columns), fer_extent_fixed(tensor_divide_up(rows, tile.rows)),
                 fer_extent_fixed((size_t)s->groups * splits));
    set_cost(launch, s);
    partial_sum_emit(
        em, &(struct partial_sum){ .partial = partial, .y = conv->w, .step = (int)count, .parts = (int)splits });
}

void tensor_emit_convolution(struct fer_emit *em, const struct fer_convolution *conv, const int *values,
                             struct tensor_way way)
{
    if (conv->pass == FER_CONVOLUTION_WEIGHTS)
        emit_weights(em, conv, values, way);
    else
        emit_image(em, conv, values, way, conv->pass == FER_CONVOLUTION_DATA);
}
