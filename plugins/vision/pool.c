/* SPDX-License-Identifier: Apache-2.0
 *
 * maxpool, avgpool.
 */
#include "layers.h"
#include "vision.h"

#include "pool_cl.h"

/* Outputs along an axis; 0 when the window does not fit.  As in PyTorch, with `ceil` the last window must still begin
 * within the input or its padding before. */
static int pooled(int size, int kernel, int stride, int pad, bool ceil)
{
    if (size + 2 * pad < kernel)
        return 0;
    int outs = (size + 2 * pad - kernel + (ceil ? stride - 1 : 0)) / stride + 1;
    if (ceil && (outs - 1) * stride >= size + pad)
        outs--;
    return outs;
}

static enum fer_status pool_shape(struct fer_op *op, int kernel, int stride, int pad, bool ceil, struct fer_shape *out,
                                  struct fer_error *err)
{
    enum fer_status status = fer_vision_rank(op, 0, 4, 4, "the input", err);
    if (status)
        return status;
    if (pad * 2 > kernel)
        return fer_fail_argument(err, FER_EINVAL, "pad", "pad=%d is more than half of kernel=%d", pad, kernel);
    const struct fer_shape *in = fer_op_input(op, 0);
    const int dim[3] = { in->dim[1], pooled(in->dim[2], kernel, stride, pad, ceil),
                         pooled(in->dim[3], kernel, stride, pad, ceil) };
    if (dim[1] < 1 || dim[2] < 1)
        return fer_fail_argument(err, FER_ESHAPE, "kernel",
                                 "a window of %d pixels does not fit into %d x %d with pad=%d", kernel, in->dim[2],
                                 in->dim[3], pad);
    *out = fer_shape_make(in, 3, dim);
    return FER_OK;
}

struct window {
    int kernel, stride, pad;
};

/* A kernel whose result is shaped like `out`. */
static struct fer_launch *window_kernel(struct fer_emit *em, const char *kernel, const struct fer_tensor *out,
                                        const struct window *window, const char *options)
{
    if (fer_lanes(out) > 1)
        return fer_any_precision(fer_emit_kernel(em, fer_pool_cl, kernel, "-DFER_LANES=%d%s", FER_BLOCK, options));
    return fer_any_precision(fer_emit_kernel(em, fer_pool_cl, kernel, "-DKERNEL=%d -DSTRIDE=%d -DPAD=%d%s",
                                             window->kernel, window->stride, window->pad, options));
}

/* The window where it is no constant. */
static void window_args(struct fer_launch *launch, const struct fer_tensor *out, const struct window *window)
{
    if (fer_lanes(out) == 1)
        return;
    fer_launch_int(launch, window->kernel);
    fer_launch_int(launch, window->stride);
    fer_launch_int(launch, window->pad);
}

/* The last arguments and the range of a kernel that walks runs of `out`. */
static void range(struct fer_emit *em, struct fer_launch *launch, const struct fer_tensor *out)
{
    const struct fer_shape *shape = fer_tensor_shape(out);
    if (fer_lanes(out) == 1) {
        fer_launch_planes(launch, out, (size_t)shape->dim[2] * (size_t)shape->dim[3]);
        return;
    }
    const int run = shape->dim[3];
    fer_launch_int(launch, run);
    fer_launch_cells(em, launch, out, fer_row_cells(out) / (size_t)run, (size_t)(256 / run + 1));
}

/* ---- maxpool ---- */

struct maxpool {
    int kernel, stride, pad;
    bool ceil;
};
static const struct fer_param *const maxpool_params[] = {
    FER_PARAM_INT(struct maxpool, kernel, NULL, 1, 15, "side of the window"),
    FER_PARAM_INT(struct maxpool, stride, "0", 0, 64, "distance of windows; 0: the kernel"),
    FER_PARAM_INT(struct maxpool, pad, "0", 0, 7, "rows and columns around the input, never the maximum"),
    FER_PARAM_BOOL(struct maxpool, ceil, "no", "also use windows that reach past the end"), NULL
};

static int stride_of(int stride, int kernel)
{
    return stride ? stride : kernel;
}

static enum fer_status maxpool_shape(struct fer_op *op, struct fer_error *err)
{
    const struct maxpool *params = fer_op_params(op);
    struct fer_shape out;
    enum fer_status status =
        pool_shape(op, params->kernel, stride_of(params->stride, params->kernel), params->pad, params->ceil, &out, err);
    if (status)
        return status;
    /* one byte an element of either layout */
    const int channels = (out.dim[1] + FER_BLOCK - 1) / FER_BLOCK * FER_BLOCK;
    struct fer_shape place = fer_shape_make(&out, 3, (const int[]){ channels, out.dim[2], out.dim[3] });
    place.dtype = FER_U8;
    fer_op_saved(op, &place);
    fer_op_output(op, 0, &out);
    return FER_OK;
}

static struct window maxpool_window(const struct fer_emit *em)
{
    const struct maxpool *params = fer_emit_params(em);
    return (struct window){ params->kernel, stride_of(params->stride, params->kernel), params->pad };
}

static enum fer_status maxpool_forward(struct fer_emit *em, struct fer_error *err)
{
    struct fer_tensor *y = fer_emit_output(em, 0);
    const struct window window = maxpool_window(em);
    struct fer_launch *launch = window_kernel(em, "maxpool", y, &window, "");
    (void)err;
    fer_launch_in(launch, "x", fer_emit_input(em, 0));
    fer_launch_out(launch, "y", y);
    fer_launch_out(launch, "place", fer_emit_saved(em, 0));
    window_args(launch, y, &window);
    range(em, launch, y);
    return FER_OK;
}

static enum fer_status maxpool_backward(struct fer_emit *em, struct fer_error *err)
{
    struct fer_tensor *dx = fer_emit_grad_input(em, 0);
    (void)err;
    if (!dx)
        return FER_OK;
    const struct window window = maxpool_window(em);
    struct fer_launch *launch = window_kernel(em, "maxpool_grad", dx, &window, "");
    fer_launch_in(launch, "dy", fer_emit_grad_output(em, 0));
    fer_launch_in(launch, "place", fer_emit_saved(em, 0));
    fer_launch_out(launch, "dx", dx);
    window_args(launch, dx, &window);
    range(em, launch, dx);
    return FER_OK;
}

const struct fer_layer fer_maxpool = { .size = sizeof(struct fer_layer),
                                       .name = "maxpool",
                                       .help = "maximum over square windows",
                                       .params = maxpool_params,
                                       .params_size = sizeof(struct maxpool),
                                       .inputs_min = 1,
                                       .inputs_max = 1,
                                       .outputs_min = 1,
                                       .outputs = 1,
                                       .flags = FER_LAYER_ANY_LAYOUT,
                                       .shape = maxpool_shape,
                                       .forward = maxpool_forward,
                                       .backward = maxpool_backward };

/* ---- avgpool ---- */

enum { GLOBAL = -1 };
static const char *const avgpool_kernels[] = { "global", NULL };
struct avgpool {
    int kernel, stride, pad, adaptive;
    bool ceil, include_pad;
};
static const struct fer_param *const avgpool_params[] = {
    FER_PARAM(FER_TYPE_INT, struct avgpool, kernel, "kernel", "", 1, 1024, avgpool_kernels,
              "side of the window; global: the whole plane, giving [N, C]"),
    FER_PARAM_INT(struct avgpool, stride, "0", 0, 1024, "distance of windows; 0: the kernel"),
    FER_PARAM_INT(struct avgpool, pad, "0", 0, 512, "rows and columns of zeros around the input"),
    FER_PARAM_INT(struct avgpool, adaptive, "0", 0, 1024, "instead of a kernel: rows and columns of the result"),
    FER_PARAM_BOOL(struct avgpool, ceil, "no", "also use windows that reach past the end"),
    FER_PARAM_BOOL(struct avgpool, include_pad, "yes", "count the padding's zeros as pixels"),
    NULL
};

static enum fer_status avgpool_shape(struct fer_op *op, struct fer_error *err)
{
    const struct avgpool *params = fer_op_params(op);
    struct fer_shape out;
    enum fer_status status = fer_vision_rank(op, 0, 4, 4, "the input", err);
    if (status)
        return status;
    const struct fer_shape *in = fer_op_input(op, 0);
    if (!params->kernel == !params->adaptive)
        return fer_fail_argument(err, FER_EINVAL, "kernel", "needs either a kernel (a number or global) or adaptive=");
    if (params->kernel == GLOBAL) {
        out = fer_shape_make(in, 1, &in->dim[1]);
    } else if (params->adaptive) {
        const int dim[3] = { in->dim[1], params->adaptive, params->adaptive };
        out = fer_shape_make(in, 3, dim);
    } else {
        status = pool_shape(op, params->kernel, stride_of(params->stride, params->kernel), params->pad, params->ceil,
                            &out, err);
        if (status)
            return status;
    }
    fer_op_output(op, 0, &out);
    return FER_OK;
}

static void avgpool(struct fer_emit *em, const char *kernel, const char *from, struct fer_tensor *in, const char *to,
                    struct fer_tensor *out)
{
    const struct avgpool *params = fer_emit_params(em);
    const struct window window = { params->kernel, stride_of(params->stride, params->kernel), params->pad };
    struct fer_launch *launch = window_kernel(em, kernel, out, &window, params->adaptive ? " -DADAPTIVE" : "");
    fer_launch_in(launch, from, in);
    fer_launch_out(launch, to, out);
    window_args(launch, out, &window);
    fer_launch_int(launch, params->include_pad);
    range(em, launch, out);
}

static enum fer_status avgpool_forward(struct fer_emit *em, struct fer_error *err)
{
    const struct avgpool *params = fer_emit_params(em);
    struct fer_tensor *x = fer_emit_input(em, 0), *y = fer_emit_output(em, 0);
    const struct fer_shape *in = fer_tensor_shape(x);
    (void)err;
    if (params->kernel == GLOBAL)
        fer_vision_sum(em, x, NULL, y, FER_OVER_H | FER_OVER_W, 1.0 / ((double)in->dim[2] * in->dim[3]));
    else
        avgpool(em, "avgpool", "x", x, "y", y);
    return FER_OK;
}

static enum fer_status avgpool_backward(struct fer_emit *em, struct fer_error *err)
{
    const struct avgpool *params = fer_emit_params(em);
    struct fer_tensor *dy = fer_emit_grad_output(em, 0), *dx = fer_emit_grad_input(em, 0);
    (void)err;
    if (!dx)
        return FER_OK;
    if (params->kernel != GLOBAL) {
        avgpool(em, "avgpool_grad", "dy", dy, "dx", dx);
        return FER_OK;
    }
    struct fer_launch *launch = window_kernel(em, "global_grad", dx, &(struct window){ 1, 1, 0 }, "");
    fer_launch_in(launch, "dy", dy);
    fer_launch_out(launch, "dx", dx);
    range(em, launch, dx);
    return FER_OK;
}

const struct fer_layer fer_avgpool = { .size = sizeof(struct fer_layer),
                                       .name = "avgpool",
                                       .help = "mean over square windows or the whole plane",
                                       .params = avgpool_params,
                                       .params_size = sizeof(struct avgpool),
                                       .inputs_min = 1,
                                       .inputs_max = 1,
                                       .outputs_min = 1,
                                       .outputs = 1,
                                       .flags = FER_LAYER_ANY_LAYOUT,
                                       .shape = avgpool_shape,
                                       .forward = avgpool_forward,
                                       .backward = avgpool_backward };
