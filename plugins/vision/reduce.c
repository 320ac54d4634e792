/* SPDX-License-Identifier: Apache-2.0
 *
 * reduce (sum, mean, max over axes) and mean (over views of one sample).
 */
#include "layers.h"
#include "vision.h"

#include "reduce_cl.h"

enum { GROUP = 64, PER_GROUP = 128 }; /* elements from which on a work-group shares a sum on a GPU */

/* Cells of the result for each row of `x` (all of them when the rows are summed over too), and elements in each. */
static size_t result_cells(const struct fer_tensor *x, unsigned over, size_t *each)
{
    const struct fer_shape *shape = fer_tensor_shape(x);
    const size_t lanes = (size_t)fer_lanes(x);
    const size_t axis[4] = { 1, ((size_t)fer_axis(shape, 1) + lanes - 1) / lanes, (size_t)fer_axis(shape, 2),
                             (size_t)fer_axis(shape, 3) };
    size_t cells = 1;
    *each = over & FER_OVER_N ? (size_t)fer_axis(shape, 0) : 1;
    for (int i = 1; i < 4; i++)
        if (over & 1u << i)
            *each *= axis[i];
        else
            cells *= axis[i];
    return cells;
}

/* One work-item, or `group` of them, for each cell of the result. */
static void result_range(struct fer_emit *em, struct fer_launch *launch, const struct fer_tensor *x, unsigned over,
                         size_t cells, size_t group)
{
    const bool gpu = fer_emit_profile(em) == FER_PROFILE_GPU;
    if (!(over & FER_OVER_N) && group == 1) {
        fer_launch_cells(em, launch, x, cells, 1);
        return;
    }
    if (group == 1)
        fer_launch_int(launch, 1); /* span */
    struct fer_extent extent =
        over & FER_OVER_N ? fer_extent_fixed(cells * group) : fer_extent_rows(x, cells * group, 1);
    if (gpu)
        fer_launch_range_1d(launch, extent);
    else
        fer_launch_range_2d(launch, extent, fer_extent_fixed(1), 1, 1);
}

static bool flat(const struct fer_tensor *out)
{
    return fer_tensor_shape(out)->rank != 4;
}

static void reduce(struct fer_emit *em, struct fer_tensor *x, struct fer_tensor *y, struct fer_tensor *out,
                   unsigned over, bool maximum, double factor)
{
    size_t each;
    const size_t cells = result_cells(x, over, &each);
    const bool shared = fer_emit_profile(em) == FER_PROFILE_GPU && fer_lanes(x) == 1 && each >= PER_GROUP;
    const size_t group = shared ? GROUP : 1;
    struct fer_launch *launch = fer_any_precision(
        fer_emit_kernel(em, fer_reduce_cl, "reduce", "-DFER_LANES=%d -DOVER=%u -DGROUP=%d%s%s%s", fer_lanes(x), over,
                        (int)group, flat(out) ? " -DFLAT" : "", y ? " -DPRODUCT" : "", maximum ? " -DMAXIMUM" : ""));
    fer_launch_in(launch, "x", x);
    if (y)
        fer_launch_in(launch, "y", y);
    fer_launch_out(launch, "out", out);
    fer_launch_float(launch, factor);
    result_range(em, launch, x, over, cells, group);
}

void fer_vision_sum(struct fer_emit *em, struct fer_tensor *a, struct fer_tensor *b, struct fer_tensor *out,
                    unsigned over, double factor)
{
    reduce(em, a, b, out, over, false, factor);
}

/* ---- reduce ---- */

enum { SUM, MEAN, MAX };
static const char *const reduce_how[] = { "sum", "mean", "max", NULL };
struct reduce {
    int how;
    struct fer_ints axes;
    bool keep;
};
static const struct fer_param *const reduce_params[] = {
    FER_PARAM_ENUM(struct reduce, how, NULL, reduce_how, "what to compute"),
    FER_PARAM_INTS(struct reduce, axes, "[2, 3]", 1, 3, "axes to reduce: 1 channels, 2 rows, 3 columns"),
    FER_PARAM_BOOL(struct reduce, keep, "no", "keep the reduced axes with length 1"), NULL
};

static unsigned reduce_set(const struct reduce *params)
{
    unsigned over = 0;
    for (int i = 0; i < params->axes.count; i++)
        over |= 1u << params->axes.items[i];
    return over;
}

static enum fer_status reduce_shape(struct fer_op *op, struct fer_error *err)
{
    const struct reduce *params = fer_op_params(op);
    const struct fer_shape *in = fer_op_input(op, 0);
    enum fer_status status = fer_vision_rank(op, 0, 2, 4, "the input", err);
    if (status)
        return status;
    const unsigned over = reduce_set(params);
    int dim[FER_MAX_RANK], rank = 0;
    for (int i = 0; i < params->axes.count; i++)
        if (params->axes.items[i] >= in->rank)
            return fer_fail_argument(err, FER_ESHAPE, "axes", "axis %d does not exist: the input has %d axes",
                                     params->axes.items[i], in->rank);
    for (int i = 1; i < in->rank; i++)
        if (!(over & 1u << i))
            dim[rank++] = in->dim[i];
        else if (params->keep)
            dim[rank++] = 1;
    const struct fer_shape out = fer_shape_make(in, rank, dim);
    fer_op_output(op, 0, &out);
    return FER_OK;
}

static double reduce_factor(const struct reduce *params, const struct fer_shape *in)
{
    double factor = 1;
    for (int i = 1; params->how == MEAN && i < in->rank; i++)
        if (reduce_set(params) & 1u << i)
            factor /= in->dim[i];
    return factor;
}

static enum fer_status reduce_forward(struct fer_emit *em, struct fer_error *err)
{
    const struct reduce *params = fer_emit_params(em);
    struct fer_tensor *x = fer_emit_input(em, 0);
    (void)err;
    reduce(em, x, NULL, fer_emit_output(em, 0), reduce_set(params), params->how == MAX,
           reduce_factor(params, fer_tensor_shape(x)));
    return FER_OK;
}

static enum fer_status reduce_backward(struct fer_emit *em, struct fer_error *err)
{
    const struct reduce *params = fer_emit_params(em);
    const unsigned over = reduce_set(params);
    struct fer_tensor *dy = fer_emit_grad_output(em, 0), *dx = fer_emit_grad_input(em, 0);
    const char *form = flat(dy) ? " -DFLAT" : "";
    (void)err;
    if (!dx)
        return FER_OK;
    if (params->how != MAX) {
        struct fer_launch *launch =
            fer_any_precision(fer_emit_kernel(em, fer_reduce_cl, "spread", "-DOVER=%u%s", over, form));
        fer_launch_in(launch, "dy", dy);
        fer_launch_out(launch, "out", dx);
        fer_launch_float(launch, reduce_factor(params, fer_tensor_shape(dx)));
        fer_launch_int(launch, fer_vision_tail(dx));
        fer_launch_cells(em, launch, dx, fer_shape_row(fer_tensor_shape(dx)), 256);
        return FER_OK;
    }
    size_t each;
    struct fer_launch *launch =
        fer_any_precision(fer_emit_kernel(em, fer_reduce_cl, "maximum_grad", "-DOVER=%u%s", over, form));
    fer_launch_in(launch, "x", fer_emit_input(em, 0));
    fer_launch_in(launch, "y", fer_emit_output(em, 0));
    fer_launch_in(launch, "dy", dy);
    fer_launch_out(launch, "out", dx);
    fer_launch_int(launch, fer_vision_tail(dx));
    /* one lane a work-item, whatever the layout */
    const struct fer_shape *shape = fer_tensor_shape(dx);
    size_t cells = result_cells(dx, over, &each);
    if (!(over & FER_OVER_C) && fer_lanes(dx) > 1)
        cells = cells / ((size_t)(shape->dim[1] + FER_BLOCK - 1) / FER_BLOCK) * (size_t)shape->dim[1];
    result_range(em, launch, dx, over, cells, 1);
    return FER_OK;
}

const struct fer_layer fer_reduce = { .size = sizeof(struct fer_layer),
                                      .name = "reduce",
                                      .help = "sum, mean or maximum over axes",
                                      .params = reduce_params,
                                      .params_size = sizeof(struct reduce),
                                      .inputs_min = 1,
                                      .inputs_max = 1,
                                      .outputs_min = 1,
                                      .outputs = 1,
                                      .flags = FER_LAYER_ANY_LAYOUT,
                                      .shape = reduce_shape,
                                      .forward = reduce_forward,
                                      .backward = reduce_backward };

/* ---- mean ---- */

static const char *const mean_what[] = { "views", NULL };
struct mean {
    int what;
};
static const struct fer_param *const mean_params[] = {
    FER_PARAM_ENUM(struct mean, what, "views", mean_what, "what to average over: the views of each sample"), NULL
};

static enum fer_status mean_shape(struct fer_op *op, struct fer_error *err)
{
    struct fer_shape out = *fer_op_input(op, 0);
    if (out.dtype != FER_F32 || out.rank < 1 || out.batch < 1)
        return fer_fail(err, FER_ESHAPE, "mean views needs floats with a batch axis that carries views");
    out.dim[0] /= out.batch;
    out.batch = 1;
    fer_op_output(op, 0, &out);
    return FER_OK;
}

static void mean_emit(struct fer_emit *em, const char *kernel, const char *name, struct fer_tensor *in,
                      struct fer_tensor *out, int views)
{
    struct fer_launch *launch = fer_emit_kernel(em, fer_reduce_cl, kernel, "-DOVER=0");
    fer_launch_in(launch, name, in);
    fer_launch_out(launch, "out", out);
    fer_launch_int(launch, views);
    fer_launch_cells(em, launch, out, fer_shape_row(fer_tensor_shape(out)), 256);
}

static enum fer_status mean_forward(struct fer_emit *em, struct fer_error *err)
{
    struct fer_tensor *x = fer_emit_input(em, 0);
    (void)err;
    mean_emit(em, "mean_views", "x", x, fer_emit_output(em, 0), fer_tensor_shape(x)->batch);
    return FER_OK;
}

static enum fer_status mean_backward(struct fer_emit *em, struct fer_error *err)
{
    struct fer_tensor *dx = fer_emit_grad_input(em, 0);
    (void)err;
    if (dx)
        mean_emit(em, "mean_views_grad", "dy", fer_emit_grad_output(em, 0), dx, fer_tensor_shape(dx)->batch);
    return FER_OK;
}

const struct fer_layer fer_mean = { .size = sizeof(struct fer_layer),
                                    .name = "mean",
                                    .help = "mean over the views of each sample: [views N, ...] to [N, ...]",
                                    .params = mean_params,
                                    .params_size = sizeof(struct mean),
                                    .inputs_min = 1,
                                    .inputs_max = 1,
                                    .outputs_min = 1,
                                    .outputs = 1,
                                    .shape = mean_shape,
                                    .forward = mean_forward,
                                    .backward = mean_backward };
