/* SPDX-License-Identifier: Apache-2.0
 *
 * The bias of a convolution where it is not part of a solver's kernel.
 */
#include "../partial.h"
#include "conv.h"
#include "conv_bias_add_cl.h"
#include "conv_bias_cl.h"

enum { SPLITS = 16, GROUP = 64 /* work-items of a work-group of a plain layout */ };

void conv_bias_emit(struct fer_emit *em, struct fer_tensor *dy, struct fer_tensor *db)
{
    const struct fer_shape *shape = fer_tensor_shape(dy);
    const bool blocked = fer_tensor_layout(dy) == FER_LAYOUT_BLOCKED;
    const int lanes = conv_lanes(shape->dim[1], fer_tensor_layout(dy));
    const bool pixel = !blocked && fer_shape_row(shape) == (size_t)lanes;
    const int width = blocked ? lanes / FER_BLOCK : pixel ? conv_divide_up(lanes, GROUP) * GROUP : lanes * GROUP;
    const int splits = shape->dim[0] < SPLITS ? shape->dim[0] : SPLITS;
    struct fer_tensor *partial = conv_temp(em, (size_t)splits * (size_t)lanes);

    struct fer_launch *launch = fer_any_precision(fer_emit_kernel(em, fer_conv_bias_cl, "conv_bias_partial",
                                                                  blocked ? "-DBLOCKED"
                                                                  : pixel ? "-DPIXEL"
                                                                          : " "));
    fer_launch_in(launch, "dy", dy);
    fer_launch_out(launch, "partial", partial);
    fer_launch_int(launch, lanes);
    fer_launch_int(launch, conv_divide_up(shape->dim[0], splits));
    fer_launch_range_2d(launch, fer_extent_fixed((size_t)width), fer_extent_fixed((size_t)splits), blocked ? 1 : GROUP,
                        1);

    partial_sum_emit(em, &(struct partial_sum){ .partial = partial, .y = db, .step = lanes, .parts = splits });
}

void conv_bias_add_emit(struct fer_emit *em, struct fer_tensor *bias, struct fer_tensor *y)
{
    const struct fer_shape *shape = fer_tensor_shape(y);
    struct fer_launch *launch = fer_any_precision(fer_emit_launch(em, fer_conv_bias_add_cl, "conv_bias_add", NULL));
    fer_launch_in(launch, "bias", bias);
    fer_launch_inout(launch, "y", y);
    fer_launch_range_1d(launch, fer_extent_rows(y, fer_shape_row(shape), 1));
}
