/* SPDX-License-Identifier: Apache-2.0
 *
 * cross_product: eq. 2 of the paper, channel by channel; or the correlation of channels, applied to the second map.
 */
#include "double_channel.h"

#include "cross_product_cl.h"

enum { SPATIAL, CHANNEL };
static const char *const modes[] = { "spatial", "channel", NULL };
enum { LEAST = 64 };

struct cross_product {
    int mode;
};
static const struct fer_param *const params_table[] = {
    FER_PARAM_ENUM(
        struct cross_product, mode, "spatial", modes,
        "spatial: the product of the two maps of each channel as matrices; channel: C x C correlations of the "
        "channels, which then mix the second map"),
    NULL
};
enum { CORRELATION }; /* saved with mode=channel: f32[N][C][C] */

static enum fer_status shape(struct fer_op *op, struct fer_error *err)
{
    const struct cross_product *params = fer_op_params(op);
    const struct fer_shape *a = fer_op_input(op, 0), *b = fer_op_input(op, 1);
    char text[2][64];
    enum fer_status status = fer_double_channel_map(op, 0, err);
    if (status)
        return status;
    if (!fer_shape_equal(a, b))
        return fer_fail(err, FER_ESHAPE, "multiplies two maps of one shape, but they are %s and %s",
                        fer_shape_text(a, text[0], sizeof text[0]), fer_shape_text(b, text[1], sizeof text[1]));
    const int channels = a->dim[1], width = a->dim[3];
    if (params->mode == CHANNEL) {
        const struct fer_shape table = fer_shape_make(a, 2, (const int[]){ channels, channels });
        fer_op_saved(op, &table);
        fer_op_output(op, 0, a);
        fer_op_macs(op, 2.0 * channels * channels * a->dim[2] * width);
    } else {
        const struct fer_shape out = fer_shape_make(a, 3, (const int[]){ channels, width, width });
        fer_op_output(op, 0, &out);
        fer_op_macs(op, (double)channels * width * width * a->dim[2]);
    }
    return FER_OK;
}

static void spatial(struct fer_emit *em, const char *kernel, const char *name, struct fer_tensor *first,
                    const char *other, struct fer_tensor *second, struct fer_tensor *out)
{
    struct fer_launch *launch = fer_emit_kernel(em, fer_cross_product_cl, kernel, "-DFER_LANES=%d", fer_lanes(out));
    fer_launch_in(launch, name, first);
    fer_launch_in(launch, other, second);
    fer_launch_out(launch, "out", out);
    fer_launch_cells(em, launch, out, fer_row_cells(out), LEAST);
}

static double share_of(const struct fer_tensor *map)
{
    const struct fer_shape *shape = fer_tensor_shape(map);
    return 1.0 / ((double)shape->dim[2] * shape->dim[3]);
}

/* out = a bᵀ / pixels */
static void correlate(struct fer_emit *em, struct fer_tensor *a, struct fer_tensor *b, double factor,
                      struct fer_tensor *out)
{
    struct fer_launch *launch = fer_emit_kernel(em, fer_cross_product_cl, "correlate", "%s", "");
    fer_launch_in(launch, "a", a);
    fer_launch_in(launch, "b", b);
    fer_launch_out(launch, "out", out);
    fer_launch_float(launch, factor);
    fer_launch_cells(em, launch, out, fer_shape_row(fer_tensor_shape(out)), LEAST);
}

/* The last arguments and the range of the kernels that multiply by a table. */
static void finish(struct fer_emit *em, struct fer_launch *launch, struct fer_tensor *out, double factor)
{
    const int channels = fer_tensor_shape(out)->dim[1];
    fer_launch_out(launch, "out", out);
    fer_launch_float(launch, factor);
    fer_launch_int(launch, fer_lanes(out) == 1 ? 0 : (FER_BLOCK - channels % FER_BLOCK) % FER_BLOCK);
    fer_launch_cells(em, launch, out, fer_shape_row(fer_tensor_shape(out)), LEAST);
}

static enum fer_status forward(struct fer_emit *em, struct fer_error *err)
{
    const struct cross_product *params = fer_emit_params(em);
    struct fer_tensor *a = fer_emit_input(em, 0), *b = fer_emit_input(em, 1), *y = fer_emit_output(em, 0);
    (void)err;
    if (params->mode == SPATIAL) {
        spatial(em, "spatial", "a", a, "b", b, y);
        return FER_OK;
    }
    struct fer_tensor *table = fer_emit_saved(em, CORRELATION);
    correlate(em, a, b, share_of(a), table);
    struct fer_launch *launch = fer_emit_kernel(em, fer_cross_product_cl, "apply", "%s", "");
    fer_launch_in(launch, "s", table);
    fer_launch_in(launch, "x", b);
    finish(em, launch, y, 1);
    return FER_OK;
}

/* With S = a bᵀ / pixels and y = S b: dS = dy bᵀ, da = dS b / pixels, db = Sᵀ dy + dSᵀ a / pixels. */
static void channel_backward(struct fer_emit *em)
{
    struct fer_tensor *a = fer_emit_input(em, 0), *b = fer_emit_input(em, 1), *table = fer_emit_saved(em, CORRELATION);
    struct fer_tensor *dy = fer_emit_grad_output(em, 0), *da = fer_emit_grad_input(em, 0),
                      *db = fer_emit_grad_input(em, 1);
    struct fer_tensor *dtable = fer_emit_temp(em, fer_tensor_shape(table), FER_LAYOUT_PLAIN);
    struct fer_launch *launch;
    correlate(em, dy, b, 1, dtable);
    if (da) {
        launch = fer_emit_kernel(em, fer_cross_product_cl, "apply", "%s", "");
        fer_launch_in(launch, "s", dtable);
        fer_launch_in(launch, "x", b);
        finish(em, launch, da, share_of(a));
    }
    if (db) {
        launch = fer_emit_kernel(em, fer_cross_product_cl, "apply_two", "%s", "-DTRANSPOSE");
        fer_launch_in(launch, "s", table);
        fer_launch_in(launch, "x", dy);
        fer_launch_in(launch, "t", dtable);
        fer_launch_in(launch, "z", a);
        finish(em, launch, db, share_of(a));
    }
}

static enum fer_status backward(struct fer_emit *em, struct fer_error *err)
{
    const struct cross_product *params = fer_emit_params(em);
    struct fer_tensor *a = fer_emit_input(em, 0), *b = fer_emit_input(em, 1), *dy = fer_emit_grad_output(em, 0);
    (void)err;
    if (params->mode == CHANNEL) {
        channel_backward(em);
        return FER_OK;
    }
    if (fer_emit_grad_input(em, 0))
        spatial(em, "spatial_grad_a", "b", b, "dy", dy, fer_emit_grad_input(em, 0));
    if (fer_emit_grad_input(em, 1))
        spatial(em, "spatial_grad_b", "a", a, "dy", dy, fer_emit_grad_input(em, 1));
    return FER_OK;
}

const struct fer_layer fer_cross_product = {
    .size = sizeof(struct fer_layer),
    .name = "cross_product",
    .help = "matrix product of two maps, channel by channel, or through the correlation of their channels",
    .params = params_table,
    .params_size = sizeof(struct cross_product),
    .inputs_min = 2,
    .inputs_max = 2,
    .outputs_min = 1,
    .outputs = 1,
    .flags = FER_LAYER_ANY_LAYOUT,
    .shape = shape,
    .forward = forward,
    .backward = backward
};
