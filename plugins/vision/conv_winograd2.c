/* SPDX-License-Identifier: Apache-2.0
 *
 * 3x3 convolutions of stride 1 on GPUs by Winograd's F(2x2, 3x3), all three passes.  See conv_winograd2.cl.
 */
#include "conv.h"
#include "conv_winograd2_cl.h"
#include "conv_winograd2_weights_cl.h"

enum { DEPTH, GROUPS };
#define DEPTH_TUNABLE                                                                                                  \
    FER_TUNABLE("depth", "channels of a step, of the weights' gradient tiles; 8 take 32 KiB of local memory", 8, 4)
static const struct fer_tunable *const tunables[] = { DEPTH_TUNABLE, NULL };
static const struct fer_tunable *const weights_tunables[] = {
    DEPTH_TUNABLE, FER_TUNABLE("groups", "work-groups wanted; tiles are divided for them", 256, 64, 1024), NULL
};

enum {
    SIDE = 32, /* rows and columns of a work-group */
    ITEMS = 256,
    POINTS = 16,
    LANES = 8,         /* input channels of the transformed weights are a multiple of it */
    SPLIT_TILES = 128, /* of a part of the weights' gradient, at least */
    WORK_GROUPS = 64   /* that a GPU needs to be busy */
};

static bool applicable(const struct fer_convolution_shape *s)
{
    return s->profile == FER_PROFILE_GPU && s->x == FER_LAYOUT_PLAIN && s->y == FER_LAYOUT_PLAIN && s->kernel == 3 &&
           s->stride == 1 && s->dilation == 1 && s->groups == 1;
}

static int tiles_of(int height, int width)
{
    return conv_divide_up(height, 2) * conv_divide_up(width, 2);
}

/* Compilers make 512 multiply-adds of 685 instructions a step, which do the work of 1152, where implicit GEMM's are 512
 * of 655; but that divides its depth where there are few tiles, and does not fill up channels to SIDE. */
static bool worthwhile_for(int tiles, int in, int out)
{
    return in >= SIDE && out >= SIDE && (double)conv_divide_up(tiles, SIDE) * conv_divide_up(out, SIDE) >= WORK_GROUPS;
}

static bool forward_worthwhile(const struct conv_call *call)
{
    const struct fer_convolution_shape *s = &call->of.shape;
    return worthwhile_for(s->n * tiles_of(s->oh, s->ow), s->c, s->k);
}

static bool data_worthwhile(const struct conv_call *call)
{
    const struct fer_convolution_shape *s = &call->of.shape;
    return worthwhile_for(s->n * tiles_of(s->h, s->w), s->k, s->c);
}

/* u[out / SIDE][in up to LANES][POINTS][SIDE] */
static struct fer_tensor *transform_weights(const struct conv_call *call, bool data, int in, int out)
{
    const int blocks = conv_divide_up(out, SIDE), lanes = conv_divide_up(in, LANES) * LANES;
    const struct fer_shape shape = fer_shape_make(NULL, 2, (int[]){ blocks, lanes * POINTS * SIDE });
    bool fresh;
    struct fer_tensor *u = fer_emit_prepared(call->em, call->of.w,
                                             data ? "conv winograd2 data" : "conv winograd2 forward", &shape, &fresh);
    if (!fresh)
        return u;
    struct fer_launch *launch =
        fer_emit_kernel(call->em, fer_conv_winograd2_weights_cl, "winograd2_weights", data ? "-DGRADIENT" : " ");
    fer_launch_in(launch, "weights", call->of.w);
    fer_launch_out(launch, "u", u);
    fer_launch_int(launch, out);
    fer_launch_int(launch, in);
    fer_launch_range_2d(launch, fer_extent_fixed((size_t)blocks * SIDE), fer_extent_fixed((size_t)lanes), SIDE, LANES);
    fer_launch_prepare(launch);
    return u;
}

static struct fer_launch *begin(const struct conv_call *call, const char *kernel, const char *options)
{
    return fer_any_precision(
        fer_emit_kernel(call->em, fer_conv_winograd2_cl, kernel, "-DDEPTH=%d %s", call->values[DEPTH], options));
}

/* FORWARD and DATA: `in` is read, `out` written. */
static void emit(const struct conv_call *call, bool data, struct fer_tensor *in, struct fer_tensor *out)
{
    const struct fer_convolution_shape *s = &call->of.shape;
    const int channels = data ? s->c : s->k, tiles = data ? tiles_of(s->h, s->w) : tiles_of(s->oh, s->ow);
    char options[CONV_EPILOGUE_OPTIONS];
    struct fer_tensor *u = transform_weights(call, data, data ? s->k : s->c, channels);
    struct fer_launch *launch = begin(call, "winograd2_fused", conv_epilogue_options(call, options));
    fer_launch_in(launch, "x", in);
    fer_launch_in(launch, "u", u);
    conv_epilogue_in(launch, call);
    fer_launch_out(launch, "y", out);
    fer_launch_int(launch, data ? 2 - s->pad : s->pad);
    fer_launch_range_3d(launch, fer_extent_rows(out, (size_t)tiles * ITEMS, SIDE),
                        fer_extent_fixed((size_t)conv_divide_up(channels, SIDE)), fer_extent_fixed(1), ITEMS, 1, 1);
    conv_cost(launch, s);
}

static void forward(const struct conv_call *call)
{
    emit(call, false, call->of.x, call->of.y);
}

static void data(const struct conv_call *call)
{
    emit(call, true, call->of.y, call->of.x);
}

/* ---- the weights' gradient ---- */

struct division {
    int splits, tiles; /* so many tiles each */
};

static struct division divide(const struct fer_convolution_shape *s, int groups)
{
    const int all = s->n * tiles_of(s->oh, s->ow), blocks = conv_divide_up(s->c, SIDE) * conv_divide_up(s->k, SIDE);
    const int most = conv_divide_up(all, SPLIT_TILES), wanted = conv_divide_up(groups, blocks);
    const int tiles = conv_divide_up(all, wanted < most ? wanted : most);
    return (struct division){ conv_divide_up(all, tiles), tiles };
}

static bool weights_worthwhile(const struct conv_call *call)
{
    const struct fer_convolution_shape *s = &call->of.shape;
    const int blocks = conv_divide_up(s->c, SIDE) * conv_divide_up(s->k, SIDE);
    return s->c >= SIDE && s->k >= SIDE && blocks * divide(s, WORK_GROUPS).splits >= WORK_GROUPS;
}

/* Floats. */
static size_t partial_size(const struct fer_convolution_shape *s, const struct division *d)
{
    return (size_t)d->splits * POINTS * (size_t)(s->k * s->c);
}

static size_t weights_workspace(const struct conv_call *call)
{
    const struct division d = divide(&call->of.shape, call->values[GROUPS]);
    return conv_temp_bytes(partial_size(&call->of.shape, &d));
}

static void weights(const struct conv_call *call)
{
    const struct fer_convolution_shape *s = &call->of.shape;
    const struct division d = divide(s, call->values[GROUPS]);
    const int count = s->k * s->c;
    struct fer_tensor *partial = conv_temp(call->em, partial_size(s, &d));
    struct fer_launch *launch = begin(call, "winograd2_gradient", " ");
    fer_launch_in(launch, "x", call->of.x);
    fer_launch_in(launch, "dy", call->of.y);
    fer_launch_out(launch, "partial", partial);
    fer_launch_int(launch, s->pad);
    fer_launch_int(launch, d.tiles);
    fer_launch_range_3d(launch, fer_extent_fixed((size_t)conv_divide_up(s->c, SIDE) * ITEMS),
                        fer_extent_fixed((size_t)conv_divide_up(s->k, SIDE)), fer_extent_fixed((size_t)d.splits), ITEMS,
                        1, 1);
    conv_cost(launch, s);

    launch = fer_emit_kernel(call->em, fer_conv_winograd2_weights_cl, "winograd2_sum", " ");
    fer_launch_in(launch, "partial", partial);
    fer_launch_out(launch, "dw", call->of.w);
    fer_launch_int(launch, count);
    fer_launch_int(launch, d.splits);
    fer_launch_range_1d(launch, fer_extent_fixed((size_t)count));
}

#define HELP "F(2x2, 3x3): 16 multiplications for 36, tiles in local memory"
#define SOLVER(tunables) CONV_SOLVER("winograd2", HELP, tunables, fer_conv_winograd2_cl, fer_conv_winograd2_weights_cl)
const struct conv_solver conv_winograd2_forward = { SOLVER(tunables), .applicable = applicable,
                                                    .worthwhile = forward_worthwhile, .emit = forward,
                                                    .epilogue = true };
const struct conv_solver conv_winograd2_data = { SOLVER(tunables), .applicable = applicable,
                                                 .worthwhile = data_worthwhile, .emit = data };
const struct conv_solver conv_winograd2_weights = { SOLVER(weights_tunables), .applicable = applicable,
                                                    .worthwhile = weights_worthwhile, .workspace = weights_workspace,
                                                    .emit = weights };
