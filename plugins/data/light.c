/* SPDX-License-Identifier: Apache-2.0
 *
 * Brightness and contrast, as torchvision's ColorJitter changes them.
 */
#include "device.h"

#include "light_cl.h"

enum { GROUP = 64 };

struct light {
    double amount, p;
    struct fer_ints on;
};

static const struct fer_param *const params[] = {
    FER_PARAM_FLOAT(struct light, amount, "0.2", 0, 1, "factors are uniform in [1 - amount, 1 + amount]"),
    FER_PARAM_FLOAT(struct light, p, "1", 0, 1, "share of the samples that is changed"), DATA_ON(struct light), NULL
};

static enum fer_status shape(struct fer_op *op, struct fer_error *err)
{
    int height, width;
    enum fer_status status = data_picture(op, &height, &width, err);

    if (!status)
        fer_op_output(op, 0, fer_op_input(op, 0));
    return status;
}

static void finish(struct fer_emit *em, struct fer_launch *launch)
{
    const struct light *light = fer_emit_params(em);
    struct fer_tensor *y = fer_emit_output(em, 0);

    fer_launch_out(launch, "y", y);
    fer_launch_float(launch, light->amount);
    fer_launch_float(launch, light->p);
    fer_launch_random(launch, y);
    data_range_lines(em, launch, y);
}

static enum fer_status brightness_forward(struct fer_emit *em, struct fer_error *err)
{
    struct fer_launch *launch = fer_emit_kernel(em, fer_light_cl, "brightness", " ");

    (void)err;
    fer_launch_in(launch, "x", fer_emit_input(em, 0));
    finish(em, launch);
    return FER_OK;
}

static struct fer_tensor *emit_mean(struct fer_emit *em)
{
    struct fer_tensor *x = fer_emit_input(em, 0);
    struct fer_shape rows = fer_shape_make(fer_tensor_shape(x), 0, NULL);
    struct fer_tensor *mean = fer_emit_temp(em, &rows, FER_LAYOUT_PLAIN);
    struct fer_launch *launch = fer_emit_kernel(em, fer_light_cl, "mean_gray", "-DGROUP=%d", GROUP);

    fer_launch_in(launch, "x", x);
    fer_launch_out(launch, "mean", mean);
    fer_launch_local(launch, GROUP * sizeof(float));
    fer_launch_range_2d(launch, fer_extent_fixed(GROUP), fer_extent_rows(x, 1, 1), GROUP, 1);
    return mean;
}

static enum fer_status contrast_forward(struct fer_emit *em, struct fer_error *err)
{
    struct fer_tensor *mean = emit_mean(em);
    struct fer_launch *launch = fer_emit_kernel(em, fer_light_cl, "contrast", " ");

    (void)err;
    fer_launch_in(launch, "x", fer_emit_input(em, 0));
    fer_launch_in(launch, "mean", mean);
    finish(em, launch);
    return FER_OK;
}

const struct fer_layer data_brightness = {
    .name = "brightness",
    .help = "multiply by a random factor, within [0, 1]",
    .params = params,
    .params_size = sizeof(struct light),
    .shape = shape,
    .forward = brightness_forward,
    DATA_LIGHT_LAYER,
};
const struct fer_layer data_contrast = {
    .name = "contrast",
    .help = "stretch the distance from the mean gray by a random factor, within [0, 1]",
    .params = params,
    .params_size = sizeof(struct light),
    .shape = shape,
    .forward = contrast_forward,
    DATA_LIGHT_LAYER,
};
