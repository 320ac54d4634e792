/* SPDX-License-Identifier: Apache-2.0 */
#include "tensor.h"

#include <limits.h>

#include "tensor_cl.h"

enum {
    SMALL = 64, /* sides of a tile */
    WIDE = 128,
    WIDE_GROUPS = 128,  /* work-groups that wide tiles must leave, or small ones are taken */
    FEW = 128,          /* work-items of a group … */
    MANY = 256,         /* … of wide tiles where FEW would not have the registers */
    STEP = 16,          /* words of the depth that are multiplied in a step: WORDS in tensor.cl */
    BLOCK = 16,         /* rows that lie together in packed weights */
    SPLIT_GROUPS = 256, /* work-groups wanted for the weights' gradient … */
    SPLIT_PIXELS = 1024 /* … of no fewer pixels each, and of whole steps */
};

const char *const tensor_sources[] = { fer_tensor_cl, NULL };
const struct fer_tunable *const tensor_tunables[] = {
    FER_TUNABLE("rows", "rows of a work-group's results; 0: by shape", 0, SMALL, WIDE),
    FER_TUNABLE("columns", "and columns", 0, SMALL, WIDE),
    FER_TUNABLE("items", "work-items of a group with rows=128 columns=128; 0: by kernel", 0, FEW, MANY), NULL
};

struct tile {
    size_t rows, columns, items; /* rows and columns of results, work-items */
};

static size_t divide_up(size_t a, size_t b)
{
    return a / b + (a % b != 0);
}

static size_t round_up(size_t a, size_t b)
{
    return divide_up(a, b) * b;
}

/* As wide as leaves enough work-groups; columns first, because what lies in rows is packed or small.  wishes: values of
 * the tunables.  heavy: FEW work-items would not have the registers. */
static struct tile tile_of(size_t rows, size_t columns, size_t products, const int *wishes, bool heavy)
{
    struct tile t = { SMALL, SMALL, FEW };
    if (columns >= WIDE && products * divide_up(rows, t.rows) * divide_up(columns, WIDE) >= WIDE_GROUPS)
        t.columns = WIDE;
    if (rows >= WIDE && products * divide_up(rows, WIDE) * divide_up(columns, t.columns) >= WIDE_GROUPS)
        t.rows = WIDE;
    if (wishes[0])
        t.rows = (size_t)wishes[0];
    if (wishes[1])
        t.columns = (size_t)wishes[1];
    if (t.rows == WIDE && t.columns == WIDE)
        t.items = wishes[2] ? (size_t)wishes[2] : heavy ? MANY : FEW;
    return t;
}

static struct fer_launch *begin(struct fer_emit *em, const char *kernel, struct tile tile, struct tensor_way way,
                                const char *options)
{
    return fer_any_precision(fer_emit_kernel(em, fer_tensor_cl, kernel, "-DTILE_M=%zu -DTILE_N=%zu -DITEMS=%zu%s%s%s",
                                             tile.rows, tile.columns, tile.items, way.bfloat ? " -DBF16" : "",
                                             way.emulate ? " -DEMULATE" : "", options));
}

/* A work-group is one row of work-items; `columns` of its dimension 0 are work-items, the others count groups. */
static void range(struct fer_launch *launch, struct tile tile, struct fer_extent columns, struct fer_extent rows,
                  struct fer_extent z)
{
    fer_launch_range_3d(launch, columns, rows, z, tile.items, 1, 1);
}

static struct fer_extent groups_of(struct tile tile, size_t columns)
{
    return fer_extent_fixed(divide_up(columns, tile.columns) * tile.items);
}

/* ---- products ---- */

bool tensor_can_multiply(const struct fer_product *p)
{
    return p->columns > 0;
}

void tensor_emit_product(struct fer_emit *em, const struct fer_product *p, const int *values, struct tensor_way way)
{
    const int capacity = fer_tensor_shape(p->a.tensor)->dim[0];
    const size_t rows = (size_t)(p->rows ? p->rows : capacity), depth = (size_t)(p->depth ? p->depth : capacity);
    const size_t products = p->matrices ? (size_t)p->matrices * (size_t)fer_tensor_shape(p->c)->dim[0] : 1;
    const size_t columns = (size_t)p->columns;
    const struct tile tile = tile_of(rows, columns, products, values, way.bfloat);
    char options[64];
    /* neighbouring work-items read what lies side by side */
    snprintf(options, sizeof options, "%s%s%s", p->bias ? " -DBIAS" : "", p->a.column_step == 1 ? "" : " -DA_ACROSS",
             p->b.column_step == 1 ? " -DB_ACROSS" : "");
    struct fer_launch *launch = begin(em, "tensor_product", tile, way, options);
    fer_launch_in(launch, "a", p->a.tensor);
    fer_launch_in(launch, "b", p->b.tensor);
    if (p->bias)
        fer_launch_in(launch, "bias", p->bias);
    fer_launch_out(launch, "c", p->c);
    fer_launch_int(launch, p->rows);
    fer_launch_int(launch, p->columns);
    fer_launch_int(launch, p->depth);
    fer_launch_int(launch, p->a.row_step);
    fer_launch_int(launch, p->a.column_step);
    fer_launch_int(launch, p->b.row_step);
    fer_launch_int(launch, p->b.column_step);
    fer_launch_int(launch, p->a.next);
    fer_launch_int(launch, p->b.next);
    fer_launch_int(launch, (int)(rows * columns));
    range(launch, tile, groups_of(tile, columns),
          p->rows ? fer_extent_fixed(divide_up(rows, tile.rows)) : fer_extent_rows(p->c, 1, tile.rows),
          p->matrices ? fer_extent_rows(p->c, (size_t)p->matrices, 1) : fer_extent_fixed(1));
    const double r = (double)rows, c = (double)columns, d = (double)depth, n = (double)products;
    fer_launch_cost(launch, 2 * n * r * c * d, 4 * n * (r * d + d * c + r * c));
}

/* ---- convolutions ---- */

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
    const size_t taps = divide_up((size_t)s->kernel, (size_t)apart);
    p->phases = data ? s->stride : 1;
    p->in = (data ? s->k : s->c) / s->groups;
    p->out = (data ? s->c : s->k) / s->groups;
    /* padding of a quarter is well paid by what long runs save */
    const size_t in = (size_t)p->in, padded = round_up(in, (size_t)(STEP * numbers));
    p->run = (padded - in) * 4 <= in ? STEP : 4;
    const size_t channels = divide_up(in, (size_t)(p->run * numbers)) * (size_t)p->run;
    const size_t steps = divide_up(taps * taps * channels, STEP);
    p->steps = (int)steps;
    p->words =
        (size_t)(p->phases * p->phases) * (size_t)s->groups * divide_up((size_t)p->out, BLOCK) * steps * BLOCK * STEP;
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
    const int count = (int)p->words + BLOCK * STEP;
    const struct fer_shape shape = fer_shape_make(NULL, 1, &count);
    char key[96], options[32];
    bool fresh;
    snprintf(key, sizeof key, "tensor pack %s %s g%d s%d p%d d%d", data ? "data" : "forward",
             way.bfloat ? "bf16" : "tf32", s->groups, s->stride, s->pad, s->dilation);
    struct fer_tensor *packed = fer_emit_prepared(em, conv->w, key, &shape, &fresh);
    if (!fresh)
        return packed;
    snprintf(options, sizeof options, " -DRUN=%d%s", p->run, data ? " -DGRADIENT" : "");
    struct fer_launch *launch = begin(em, "tensor_conv_pack", (struct tile){ SMALL, SMALL, FEW }, way, options);
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
    const size_t plane =
        data ? divide_up((size_t)s->h, phases) * divide_up((size_t)s->w, phases) : (size_t)s->oh * (size_t)s->ow;
    const struct tile tile = tile_of(rows, (size_t)s->n * plane, (size_t)s->groups * phases * phases, values, false);
    struct fer_tensor *packed = pack(em, conv, &p, data, way);
    char activation[FER_ACTIVATION_OPTION], options[FER_ACTIVATION_OPTION + 64];
    snprintf(options, sizeof options, " -DRUN=%d%s%s%s%s%s", p.run,
             p.in % (p.run * (way.bfloat ? 2 : 1)) == 0 ? " -DWHOLE" : "", data ? " -DGRADIENT" : "",
             !data && conv->bias ? " -DBIAS" : "", !data && conv->add ? " -DADD" : "",
             data ? "" : fer_activation_option(conv->activation, conv->slope, activation));
    struct fer_launch *launch = begin(em, "tensor_conv", tile, way, options);
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
    range(launch, tile, fer_extent_rows(out, plane * (tile.items / tile.columns), 1),
          fer_extent_fixed(divide_up(rows, tile.rows)), fer_extent_fixed((size_t)s->groups * phases * phases));
    set_cost(launch, s);
}

/* Splits of the pixels, each with sums of its own. */
static void emit_weights(struct fer_emit *em, const struct fer_convolution *conv, const int *values,
                         struct tensor_way way)
{
    const struct fer_convolution_shape *s = &conv->shape;
    const size_t rows = (size_t)(s->k / s->groups), in = (size_t)(s->c / s->groups);
    const size_t taps = (size_t)(s->kernel * s->kernel), columns = round_up(in, 4) * taps;
    const size_t all = (size_t)s->n * (size_t)s->oh * (size_t)s->ow, count = (size_t)s->k * in * taps;
    const size_t most = divide_up(all, SPLIT_PIXELS);
    const struct tile tile = tile_of(rows, columns, (size_t)s->groups * most, values, way.bfloat);
    const size_t tiles = divide_up(rows, tile.rows) * divide_up(columns, tile.columns) * (size_t)s->groups;
    const size_t wanted = divide_up(SPLIT_GROUPS, tiles);
    const size_t pixels = round_up(divide_up(all, wanted < most ? wanted : most), STEP * 2),
                 splits = divide_up(all, pixels);
    const struct fer_shape shape = fer_shape_make(NULL, 2, (int[]){ (int)splits, (int)count });
    struct fer_tensor *partial = fer_emit_temp(em, &shape, FER_LAYOUT_PLAIN);
    struct fer_launch *launch =
        begin(em, "tensor_conv_weights", tile, way, rows % tile.rows == 0 && in % 4 == 0 ? " -DWHOLE" : "");
    fer_launch_in(launch, "x", conv->x);
    fer_launch_in(launch, "dy", conv->y);
    fer_launch_out(launch, "partial", partial);
    geometry(launch, s);
    fer_launch_int(launch, s->c / s->groups);
    fer_launch_int(launch, (int)rows);
    fer_launch_int(launch, (int)pixels);
    range(launch, tile, groups_of(tile, columns), fer_extent_fixed(divide_up(rows, tile.rows)),
          fer_extent_fixed((size_t)s->groups * splits));
    set_cost(launch, s);

    launch = begin(em, "tensor_conv_sum", tile, way, "");
    fer_launch_in(launch, "partial", partial);
    fer_launch_out(launch, "dw", conv->w);
    fer_launch_int(launch, (int)count);
    fer_launch_int(launch, (int)splits);
    fer_launch_range_1d(launch, fer_extent_fixed(count));
}

void tensor_emit_convolution(struct fer_emit *em, const struct fer_convolution *conv, const int *values,
                             struct tensor_way way)
{
    if (conv->pass == FER_CONVOLUTION_WEIGHTS)
        emit_weights(em, conv, values, way);
    else
        emit_image(em, conv, values, way, conv->pass == FER_CONVOLUTION_DATA);
}
