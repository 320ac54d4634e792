/* SPDX-License-Identifier: Apache-2.0
 *
 * What solvers share: costs, scratch memory, the epilogue of their own kernels.
 */
#include <stdio.h>

#include "conv.h"

const char *conv_epilogue_options(const struct conv_call *call, char text[CONV_EPILOGUE_OPTIONS])
{
    char activation[FER_ACTIVATION_OPTION];
    snprintf(text, CONV_EPILOGUE_OPTIONS, "%s%s%s", call->of.bias ? "-DBIAS" : " ", call->of.add ? " -DADD" : "",
             fer_activation_option(call->of.activation, call->of.slope, activation));
    return text;
}

void conv_epilogue_in(struct fer_launch *launch, const struct conv_call *call)
{
    if (call->of.bias)
        fer_launch_in(launch, "bias", call->of.bias);
    if (call->of.add)
        fer_launch_in(launch, "add", call->of.add);
}

enum {
    WIDE_LANES = 16, /* of a vector that is a whole block */
    WIDE_ROWS = 12,  /* TILE_ROWS of two of them */
    MANY_ODD = 9     /* from so many blocks on an odd one that is computed twice costs little */
};

struct conv_tile conv_tile_of(const struct conv_call *call, int blocks)
{
    if (call->vec_lanes == WIDE_LANES && (blocks % 2 == 0 || blocks >= MANY_ODD))
        return (struct conv_tile){ WIDE_ROWS, 2 };
    return (struct conv_tile){ conv_tile_rows(call), 1 };
}

const char *conv_tile_option(const struct conv_call *call, struct conv_tile tile)
{
    return call->vec_lanes == WIDE_LANES && tile.blocks == 1 ? " -DTILE_BLOCKS=1" : "";
}

double conv_macs(const struct fer_convolution_shape *s, int n)
{
    return (double)n * s->oh * s->ow * s->k * (s->c / s->groups) * s->kernel * s->kernel;
}

void conv_cost(struct fer_launch *launch, const struct fer_convolution_shape *s)
{
    conv_cost_part(launch, s, 1);
}

void conv_cost_part(struct fer_launch *launch, const struct fer_convolution_shape *s, double part)
{
    const double x = (double)s->n * conv_lanes(s->c, s->x) * s->h * s->w;
    const double y = (double)s->n * conv_lanes(s->k, s->y) * s->oh * s->ow;
    const double w = (double)s->k * (s->c / s->groups) * s->kernel * s->kernel;
    fer_launch_cost(launch, part * 2 * conv_macs(s, s->n), part * 4 * (x + y + w));
}

enum { TEMP_ROW = 1024 };

static size_t temp_rows(size_t count)
{
    return (count + TEMP_ROW - 1) / TEMP_ROW;
}

/* Rank 2, so that the size may exceed what one axis can hold. */
struct fer_tensor *conv_temp(struct fer_emit *em, size_t count)
{
    const struct fer_shape shape = fer_shape_make(NULL, 2, (int[]){ (int)temp_rows(count), TEMP_ROW });
    return fer_emit_temp(em, &shape, FER_LAYOUT_PLAIN);
}

size_t conv_temp_bytes(size_t count)
{
    return temp_rows(count) * TEMP_ROW * sizeof(float);
}

struct conv_groups conv_groups_find(const struct fer_convolution_shape *s, enum fer_convolution_pass pass)
{
    const int inner = s->c / s->groups, outer = s->k / s->groups;
    struct conv_groups g = { s->k, inner, outer, 0 };
    if (pass == FER_CONVOLUTION_DATA)
        g = (struct conv_groups){ s->c, outer, inner, 0 };
    for (int first = 0; first < g.outputs; first += FER_BLOCK) {
        const int last = first + FER_BLOCK <= g.outputs ? first + FER_BLOCK - 1 : g.outputs - 1;
        const int from = first / g.out * g.in / FER_BLOCK, to = ((last / g.out + 1) * g.in - 1) / FER_BLOCK;
        if (to - from + 1 > g.blocks)
            g.blocks = to - from + 1;
    }
    return g;
}
