/* SPDX-License-Identifier: Apache-2.0
 *
 * What the plugins of this tree share when they emit launches.  Only public functions are called.
 */
#ifndef FER_PLUGINS_EMIT_H
#define FER_PLUGINS_EMIT_H

#include <fer/plugin.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#if defined(__GNUC__)
#define FER_UNUSED __attribute__((unused))
#else
#define FER_UNUSED
#endif

/* Channels that a kernel written in cells (prelude.cl) treats at once when its rank-4 tensors are like `tensor`. */
FER_UNUSED static int fer_lanes(const struct fer_tensor *tensor)
{
    return fer_tensor_layout(tensor) == FER_LAYOUT_BLOCKED ? FER_BLOCK : 1;
}

/* The length of axis i, 1 past the rank. */
FER_UNUSED static int fer_axis(const struct fer_shape *shape, int i)
{
    return i < shape->rank ? shape->dim[i] : 1;
}

/* Cells of one row of axis 0. */
FER_UNUSED static size_t fer_row_cells(const struct fer_tensor *tensor)
{
    const struct fer_shape *shape = fer_tensor_shape(tensor);
    return fer_tensor_size(tensor) / (size_t)fer_axis(shape, 0) / (size_t)fer_lanes(tensor);
}

/* A launch with compiler options by a format. */
FER_UNUSED FER_PRINTF(4, 5) static struct fer_launch *fer_emit_kernel(struct fer_emit *em, const char *source,
                                                                      const char *kernel, const char *format, ...)
{
    char options[512];
    va_list args;
    va_start(args, format);
    vsnprintf(options, sizeof options, format, args);
    va_end(args);
    return fer_emit_launch(em, source, kernel, options);
}

/* The launch of a kernel that reads and writes in any precision. */
FER_UNUSED static struct fer_launch *fer_any_precision(struct fer_launch *launch)
{
    fer_launch_any_precision(launch);
    return launch;
}

enum { FER_ACTIVATION_OPTION = 48 };
/* The compiler option for kernels that end with FER_ACTIVATE (prelude.cl): "" or " -DFER_RELU" or the like. */
FER_UNUSED static const char *fer_activation_option(enum fer_activation activation, double slope,
                                                    char text[FER_ACTIVATION_OPTION])
{
    static const char *const names[] = { "", " -DFER_RELU", " -DFER_LEAKY_RELU", " -DFER_RELU6" };
    if (activation == FER_ACTIVATION_LEAKY_RELU)
        snprintf(text, FER_ACTIVATION_OPTION, "%s=%af", names[activation], (double)(float)slope);
    else
        snprintf(text, FER_ACTIVATION_OPTION, "%s", names[activation]);
    return text;
}

/* The last argument `const int span` and the range of a kernel that walks cells with FER_SPAN, `cells` a row of `rows`.
 * A GPU gets a work-item a cell; a CPU about 64 equal work-groups of one work-item, and none below `least` cells. */
FER_UNUSED static void fer_launch_cells(struct fer_emit *em, struct fer_launch *launch, const struct fer_tensor *rows,
                                        size_t cells, size_t least)
{
    if (fer_emit_profile(em) == FER_PROFILE_GPU) {
        fer_launch_int(launch, 1);
        fer_launch_range_1d(launch, fer_extent_rows(rows, cells, 1));
        return;
    }
    size_t all = cells * (size_t)fer_axis(fer_tensor_shape(rows), 0);
    size_t span = (all + 63) / 64;
    span = span < least ? least : span > (1u << 30) ? 1u << 30 : span;
    fer_launch_int(launch, (int)span);
    fer_launch_range_2d(launch, fer_extent_rows(rows, cells, span), fer_extent_fixed(1), 1, 1);
}

/* The last argument `const int share` and the range of a kernel that begins with FER_SHARE (prelude.cl): `items`
 * work-items for each plane of `tensor`, up to a work-group of them in dimension 0. */
FER_UNUSED static void fer_launch_planes(struct fer_launch *launch, const struct fer_tensor *tensor, size_t items)
{
    enum { GROUP = 64, GROUP_SHARE = 6 }; /* 1 << GROUP_SHARE */
    const size_t planes = (size_t)fer_axis(fer_tensor_shape(tensor), 1);
    int share = 0;
    while (share < GROUP_SHARE && (size_t)1 << share < items)
        share++;
    fer_launch_int(launch, share);
    fer_launch_range_2d(launch, fer_extent_rows(tensor, planes << share, 1),
                        fer_extent_fixed((items + ((size_t)1 << share) - 1) >> share), GROUP, 1);
}

/* … for kernels that use FER_SHARED. */
FER_UNUSED static void fer_launch_shared(struct fer_launch *launch, const struct fer_tensor *tensor)
{
    enum { EACH = 4 }; /* FER_EACH */
    const struct fer_shape *shape = fer_tensor_shape(tensor);
    const size_t pixels = (size_t)fer_axis(shape, 2) * (size_t)fer_axis(shape, 3);
    fer_launch_planes(launch, tensor, (pixels + EACH - 1) / EACH);
}

/* Declare output 0 to be shaped like input 0: the shape callback of most elementwise layers. */
FER_UNUSED static enum fer_status fer_shape_same(struct fer_op *op, struct fer_error *err)
{
    const struct fer_shape *in = fer_op_input(op, 0);
    if (in->dtype != FER_F32)
        return fer_fail(err, FER_ESHAPE, "needs a tensor of floats");
    fer_op_output(op, 0, in);
    return FER_OK;
}

#endif
