/* SPDX-License-Identifier: Apache-2.0 */
#include "device.h"

#include "rotate_cl.h"

struct rotate {
    double degrees, p, fill;
    struct fer_ints on;
};

static const struct fer_param *const params[] = {
    FER_PARAM_FLOAT(struct rotate, degrees, "10", 0, 180, "largest angle; angles are uniform on both sides"),
    FER_PARAM_FLOAT(struct rotate, p, "1", 0, 1, "share of the samples that is turned"),
    FER_PARAM_FLOAT(struct rotate, fill, "0", 0, 1, "value where the picture has turned away; masks get 0"),
    DATA_ON(struct rotate), NULL
};

static enum fer_status shape(struct fer_op *op, struct fer_error *err)
{
    int height, width;
    enum fer_status status = data_picture(op, &height, &width, err);

    for (int i = 0; i < fer_op_inputs(op) && !status; i++)
        fer_op_output(op, i, fer_op_input(op, i));
    return status;
}

static void rotate_one(struct fer_emit *em, const struct rotate *rotate, int i)
{
    const struct fer_shape *picture = fer_op_input(fer_emit_op(em), 0);
    struct fer_tensor *y = fer_emit_output(em, i);
    int points = fer_tensor_shape(y)->dim[1];
    enum data_field field = data_field(fer_emit_op(em), i);
    const char *kernel = field == DATA_PICTURE ? "rotate_image" : field == DATA_BOX ? "rotate_box" : "rotate_points";
    struct fer_launch *launch = fer_emit_kernel(em, fer_rotate_cl, kernel, " ");

    fer_launch_in(launch, "x", fer_emit_input(em, i));
    fer_launch_out(launch, "y", y);
    if (field == DATA_POINTS)
        fer_launch_int(launch, points);
    if (field != DATA_PICTURE) {
        fer_launch_int(launch, picture->dim[3]);
        fer_launch_int(launch, picture->dim[2]);
    }
    fer_launch_float(launch, rotate->degrees * 0.017453292519943295);
    fer_launch_float(launch, rotate->p);
    if (field == DATA_PICTURE)
        fer_launch_float(launch, i == 0 ? rotate->fill : 0);
    fer_launch_random(launch, y);
    if (field == DATA_PICTURE)
        data_range_lines(em, launch, y);
    else
        fer_launch_range_1d(launch, fer_extent_rows(y, field == DATA_POINTS ? (size_t)points : 1, 1));
}

static enum fer_status forward(struct fer_emit *em, struct fer_error *err)
{
    (void)err;
    for (int i = 0; i < fer_op_inputs(fer_emit_op(em)); i++)
        rotate_one(em, fer_emit_params(em), i);
    return FER_OK;
}

const struct fer_layer data_rotate = {
    .name = "rotate",
    .help = "turn about the centre by a random angle",
    .params = params,
    .params_size = sizeof(struct rotate),
    .shape = shape,
    .forward = forward,
    DATA_GEOMETRY_LAYER,
};
