/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "conv.h"
#include "conv_pack_cl.h"

enum { EACH = 8 }; /* input blocks of a work-item: EACH in conv_pack.cl */

struct fer_tensor *conv_pack_emit(const struct conv_call *call, enum fer_convolution_pass pass,
                                  const struct conv_groups *g, int side)
{
    const bool data = pass == FER_CONVOLUTION_DATA;
    const int taps = call->of.shape.kernel * call->of.shape.kernel, blocks = conv_blocks(g->outputs);
    const int count = blocks * g->blocks * taps * FER_BLOCK * FER_BLOCK + FER_BLOCK;
    const struct fer_shape shape = fer_shape_make(NULL, 1, &count);
    char key[64], options[40];
    bool fresh;
    snprintf(key, sizeof key, "conv pack %s g%d by %d", data ? "data" : "forward", call->of.shape.groups, side);
    struct fer_tensor *packed = fer_emit_prepared(call->em, call->of.w, key, &shape, &fresh);
    if (!fresh)
        return packed;
    snprintf(options, sizeof options, "-DSIDE=%d", side);
    struct fer_launch *launch = fer_emit_launch(call->em, fer_conv_pack_cl, "conv_pack", options);
    fer_launch_in(launch, "weights", call->of.w);
    fer_launch_out(launch, "packed", packed);
    fer_launch_int(launch, g->outputs);
    fer_launch_int(launch, g->blocks);
    fer_launch_int(launch, taps);
    fer_launch_int(launch, g->in);
    fer_launch_int(launch, g->out);
    fer_launch_int(launch, data);
    fer_launch_range_2d(launch, fer_extent_fixed((size_t)conv_divide_up(g->blocks, EACH)),
                        fer_extent_fixed((size_t)blocks), 1, 1);
    fer_launch_prepare(launch);
    return packed;
}
