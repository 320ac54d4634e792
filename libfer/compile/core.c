/* SPDX-License-Identifier: Apache-2.0
 *
 * The core's own layers and launches.
 */
#include "core_cl.h"
#include "compile/core.h"

#define CLIP_PARTS 64   /* slices of a sum of squares; on GPUs each is a work-group's, … */
#define GPU_PARTS 512   /* … and so many keep memory busy */
#define GATHER_SPAN 64  /* as in core.cl */
#define SHARED_GROUP 64 /* FER_GROUP */

/* ---- ingest: decoded pictures to f32 ---- */

static enum fer_status ingest_shape(struct fer_op *op, struct fer_error *err)
{
    const struct fer_shape *x = fer_op_input(op, 0);
    if (x->rank != 4 || x->dtype != FER_U8)
        return fer_fail(err, FER_ESHAPE, "pictures of N x H x W x C bytes were expected");
    const struct fer_shape y = { FER_F32, 4, { x->dim[0], x->dim[3], x->dim[1], x->dim[2] }, x->batch };
    fer_op_output(op, 0, &y);
    return FER_OK;
}

static enum fer_status ingest_forward(struct fer_emit *em, struct fer_error *err)
{
    (void)err;
    struct fer_tensor *x = fer_emit_input(em, 0), *y = fer_emit_output(em, 0);
    struct fer_launch *l = fer_emit_launch(em, fer_core_cl, "ingest", NULL);
    fer_launch_in(l, "x", x);
    fer_launch_out(l, "y", y);
    fer_launch_range_1d(l, fer_extent_rows(y, (size_t)y->shape.dim[2] * (size_t)y->shape.dim[3], 1));
    return FER_OK;
}

const struct fer_layer fer_core_ingest = {
    .size = sizeof(struct fer_layer),
    .name = "ingest",
    .help = "bytes to [0, 1]",
    .inputs_min = 1,
    .inputs_max = 1,
    .outputs_min = 1,
    .outputs = 1,
    .flags = FER_LAYER_STOPS_GRADIENT,
    .shape = ingest_shape,
    .forward = ingest_forward,
};

/* ---- convert: to the layout that the output value has ---- */

static enum fer_status convert_shape(struct fer_op *op, struct fer_error *err)
{
    (void)err;
    fer_op_output(op, 0, fer_op_input(op, 0));
    return FER_OK;
}

static void convert(struct fer_emit *em, struct fer_tensor *x, struct fer_tensor *y)
{
    enum { SPAN = 256 }; /* pixels of a work-item */
    const bool blocked = y->layout == FER_LAYOUT_BLOCKED;
    struct fer_launch *l = fer_emit_launch(em, fer_core_cl, blocked ? "to_blocked" : "to_plain", NULL);
    fer_launch_any_precision(l);
    fer_launch_in(l, "x", x);
    fer_launch_out(l, "y", y);
    fer_launch_int(l, SPAN);
    const struct fer_extent each = fer_extent_each(blocked ? y : x);
    fer_launch_range_2d(l, (struct fer_extent){ each.count, SPAN * FER_BLOCK, each.batch }, fer_extent_fixed(1), 1, 1);
}

static enum fer_status convert_forward(struct fer_emit *em, struct fer_error *err)
{
    (void)err;
    convert(em, fer_emit_input(em, 0), fer_emit_output(em, 0));
    return FER_OK;
}

static enum fer_status convert_backward(struct fer_emit *em, struct fer_error *err)
{
    (void)err;
    if (fer_emit_grad_input(em, 0))
        convert(em, fer_emit_grad_output(em, 0), fer_emit_grad_input(em, 0));
    return FER_OK;
}

const struct fer_layer fer_core_convert = {
    .size = sizeof(struct fer_layer),
    .name = "convert",
    .help = "between layouts",
    .inputs_min = 1,
    .inputs_max = 1,
    .outputs_min = 1,
    .outputs = 1,
    .shape = convert_shape,
    .forward = convert_forward,
    .backward = convert_backward,
};

/* ---- gather: the samples of a branch, densely ---- */

static enum fer_status gather_shape(struct fer_op *op, struct fer_error *err)
{
    (void)err;
    struct fer_shape y = *fer_op_input(op, 0);
    y.batch = 1; /* each row of the parent is a sample of the branch */
    fer_op_output(op, 0, &y);
    return FER_OK;
}

static enum fer_status gather_forward(struct fer_emit *em, struct fer_error *err)
{
    (void)err;
    struct fer_tensor *y = fer_emit_output(em, 0);
    const size_t row = fer_tensor_size(y) / (size_t)y->shape.dim[0];
    struct fer_launch *l = fer_emit_launch(em, fer_core_cl, "take_rows", NULL);
    fer_launch_any_precision(l);
    fer_launch_in(l, "x", fer_emit_input(em, 0));
    fer_launch_in(l, "rows", fer_emit_rows(em));
    fer_launch_out(l, "y", y);
    fer_launch_range_1d(l, fer_extent_rows(y, (row + GATHER_SPAN - 1) / GATHER_SPAN, 1));
    return FER_OK;
}

const struct fer_layer fer_core_gather = {
    .size = sizeof(struct fer_layer),
    .name = "take_rows",
    .help = "rows of a batch",
    .inputs_min = 1,
    .inputs_max = 1,
    .outputs_min = 1,
    .outputs = 1,
    .flags = FER_LAYER_ANY_LAYOUT,
    .shape = gather_shape,
    .forward = gather_forward,
};

/* ---- mean: a loss as a metric ---- */

static enum fer_status mean_shape(struct fer_op *op, struct fer_error *err)
{
    (void)err;
    const struct fer_shape sums = { FER_F32, 1, { 2 }, 0 };
    fer_op_buffer(op, "sums", &sums, (struct fer_init){ FER_INIT_CONSTANT, 0, 0 });
    return FER_OK;
}

static enum fer_status mean_forward(struct fer_emit *em, struct fer_error *err)
{
    (void)err;
    struct fer_launch *l = fer_emit_launch(em, fer_core_cl, "mean_add", NULL);
    fer_launch_in(l, "loss", fer_emit_input(em, 0));
    fer_launch_in(l, "x", fer_emit_input(em, 1));
    fer_launch_inout(l, "sums", fer_emit_weight(em, 0));
    fer_launch_range_1d(l, fer_extent_fixed(1));
    return FER_OK;
}

static enum fer_status mean_finish(const struct fer_op *op, const float *const *buffers, struct fer_report *report,
                                   struct fer_error *err)
{
    (void)op;
    (void)err;
    fer_report_number(report, "loss", buffers[0][1] > 0 ? (double)buffers[0][0] / (double)buffers[0][1] : 0);
    return FER_OK;
}

const struct fer_metric fer_core_mean = {
    .size = sizeof(struct fer_metric),
    .layer = { .size = sizeof(struct fer_layer),
               .name = "mean",
               .help = "mean of a loss over the samples",
               .inputs_min = 2,
               .inputs_max = 2,
               .shape = mean_shape,
               .forward = mean_forward },
    .finish = mean_finish,
};

/* ---- launches ---- */

/* Whether work-groups share what one work-item would do on a CPU: -DSHARED in core.cl. */
static bool shared(const struct fer_emit *em)
{
    return fer_emit_profile(em) == FER_PROFILE_GPU;
}

static void range_by_four(struct fer_launch *l, const struct fer_tensor *t)
{
    const struct fer_extent each = fer_extent_each(t);
    fer_launch_range_1d(l, (struct fer_extent){ each.count, 4, each.batch });
}

void fer_core_add(struct fer_emit *em, struct fer_tensor *a, struct fer_tensor *b, struct fer_tensor *out)
{
    const struct fer_extent each = fer_extent_each(out);
    struct fer_launch *l = fer_emit_launch(em, fer_core_cl, "add", shared(em) ? "-DSHARED" : NULL);
    fer_launch_any_precision(l);
    fer_launch_in(l, "a", a);
    fer_launch_in(l, "b", b);
    fer_launch_out(l, "y", out);
    if (shared(em))
        fer_launch_range_2d(l, (struct fer_extent){ each.count, 4, each.batch }, fer_extent_fixed(1), SHARED_GROUP, 1);
    else
        range_by_four(l, out);
}

void fer_core_copy(struct fer_emit *em, struct fer_tensor *in, struct fer_tensor *out, double factor, bool accumulate)
{
    struct fer_launch *l = fer_emit_launch(em, fer_core_cl, "copy", NULL);
    fer_launch_in(l, "x", in);
    if (accumulate)
        fer_launch_inout(l, "y", out);
    else
        fer_launch_out(l, "y", out);
    fer_launch_float(l, factor);
    fer_launch_int(l, accumulate);
    range_by_four(l, out);
}

void fer_core_fill(struct fer_emit *em, struct fer_tensor *out, double value)
{
    struct fer_launch *l = fer_emit_launch(em, fer_core_cl, "fill", NULL);
    fer_launch_out(l, "y", out);
    fer_launch_float(l, value);
    fer_launch_range_1d(l, fer_extent_each(out));
}

void fer_core_collect(struct fer_emit *em, struct fer_tensor *scalar, struct fer_tensor *out, int index)
{
    struct fer_launch *l = fer_emit_launch(em, fer_core_cl, "collect", NULL);
    fer_launch_in(l, "x", scalar);
    if (index)
        fer_launch_inout(l, "y", out);
    else
        fer_launch_out(l, "y", out); /* the first writes the tensor for the planner */
    fer_launch_int(l, index);
    fer_launch_range_1d(l, fer_extent_fixed(1));
}

void fer_core_fold(struct fer_emit *em, struct fer_tensor *weight, struct fer_tensor *bias, struct fer_tensor *scale,
                   struct fer_tensor *shift, struct fer_tensor *out, struct fer_tensor *out_bias)
{
    struct fer_launch *l = fer_emit_launch(em, fer_core_cl, "fold", NULL);
    fer_launch_in(l, "x", weight);
    fer_launch_in(l, "factor", scale);
    fer_launch_out(l, "y", out);
    fer_launch_range_1d(l, fer_extent_each(out));
    l = fer_emit_launch(em, fer_core_cl, "fold_bias", bias ? "-DBIAS" : NULL);
    if (bias)
        fer_launch_in(l, "bias", bias);
    fer_launch_in(l, "factor", scale);
    fer_launch_in(l, "shift", shift);
    fer_launch_out(l, "y", out_bias);
    fer_launch_range_1d(l, fer_extent_each(out_bias));
}

/* A kernel that sums, and its range. */
static struct fer_launch *summing(struct fer_emit *em, const char *kernel)
{
    return fer_emit_launch(em, fer_core_cl, kernel, shared(em) ? "-DSHARED" : NULL);
}

static void range_summing(const struct fer_emit *em, struct fer_launch *l, int slices)
{
    if (shared(em))
        fer_launch_range_2d(l, fer_extent_fixed((size_t)slices * SHARED_GROUP), fer_extent_fixed(1), SHARED_GROUP, 1);
    else
        fer_launch_range_1d(l, fer_extent_fixed((size_t)slices));
}

static int slices_of(const struct fer_emit *em)
{
    return shared(em) ? GPU_PARTS : CLIP_PARTS;
}

/* Sums of squares of parts of the runs. */
static struct fer_tensor *sum_squares(struct fer_emit *em, struct fer_tensor *const *runs, int nruns)
{
    const int slices = slices_of(em);
    const struct fer_shape shape = { FER_F32, 1, { nruns * slices }, 0 };
    struct fer_tensor *parts = fer_emit_temp(em, &shape, FER_LAYOUT_PLAIN);
    for (int i = 0; i < nruns; i++) {
        struct fer_launch *l = summing(em, "sum_squares");
        fer_launch_in(l, "x", runs[i]);
        if (i)
            fer_launch_inout(l, "parts", parts);
        else
            fer_launch_out(l, "parts", parts);
        fer_launch_int(l, i * slices);
        fer_launch_int(l, slices);
        range_summing(em, l, slices);
    }
    return parts;
}

void fer_core_clip(struct fer_emit *em, struct fer_tensor *const *runs, int nruns, double clip,
                   struct fer_tensor *control, struct fer_tensor *norm, struct fer_tensor *control_out)
{
    struct fer_tensor *parts = sum_squares(em, runs, nruns);
    struct fer_launch *l = summing(em, "clip");
    fer_launch_in(l, "parts", parts);
    fer_launch_in(l, "control", control);
    fer_launch_out(l, "norm", norm);
    fer_launch_out(l, "out", control_out);
    fer_launch_int(l, nruns * slices_of(em));
    fer_launch_float(l, clip);
    range_summing(em, l, 1);
}

/* ---- loss scale ---- */

void fer_core_scale_seed(struct fer_emit *em, struct fer_tensor *state, double weight, struct fer_tensor *seed)
{
    struct fer_launch *l = fer_emit_launch(em, fer_core_cl, "scale_seed", NULL);
    fer_launch_in(l, "state", state);
    fer_launch_out(l, "seed", seed);
    fer_launch_float(l, weight);
    fer_launch_range_1d(l, fer_extent_fixed(1));
}

void fer_core_rescale(struct fer_emit *em, struct fer_tensor *const *runs, int nruns, double steady,
                      struct fer_tensor *state)
{
    struct fer_tensor *parts = sum_squares(em, runs, nruns);
    struct fer_launch *l = summing(em, "rescale");
    fer_launch_in(l, "parts", parts);
    fer_launch_inout(l, "state", state);
    fer_launch_int(l, nruns * slices_of(em));
    fer_launch_float(l, steady);
    range_summing(em, l, 1);
}

void fer_core_unscale(struct fer_emit *em, struct fer_tensor *control, int index, struct fer_tensor *state,
                      struct fer_tensor *control_out)
{
    struct fer_launch *l = fer_emit_launch(em, fer_core_cl, "unscale", NULL);
    fer_launch_in(l, "control", control);
    fer_launch_inout(l, "state", state);
    fer_launch_out(l, "out", control_out);
    fer_launch_int(l, index);
    fer_launch_range_1d(l, fer_extent_fixed(1));
}
