/* SPDX-License-Identifier: Apache-2.0 */
#include "device.h"

const char *const data_geometry_fields[] = { "image", "?mask", "?landmarks", "?box", NULL };
const char *const data_light_fields[] = { "image", NULL };
const char *const data_on[] = { "image", "image2", NULL };

enum data_field data_field(const struct fer_op *op, int i)
{
    const char *name = fer_op_input_field(op, i);

    return strcmp(name, "landmarks") == 0 ? DATA_POINTS : strcmp(name, "box") == 0 ? DATA_BOX : DATA_PICTURE;
}

enum fer_status data_picture(const struct fer_op *op, int *height, int *width, struct fer_error *err)
{
    const struct fer_shape *picture = fer_op_input(op, 0);
    char text[64];

    if (picture->dtype != FER_F32 || picture->rank != 4 || picture->batch < 1)
        return fer_fail(err, FER_ESHAPE, "pictures of floats, N x C x H x W, are expected, not %s",
                        fer_shape_text(picture, text, sizeof(text)));
    *height = picture->dim[2];
    *width = picture->dim[3];
    for (int i = 1; i < fer_op_inputs(op); i++) {
        const struct fer_shape *shape = fer_op_input(op, i);
        enum data_field field = data_field(op, i);
        bool fits = shape->dtype == FER_F32 && shape->batch == picture->batch;

        if (field == DATA_PICTURE)
            fits = fits && shape->rank == 4 && shape->dim[2] == *height && shape->dim[3] == *width;
        else if (field == DATA_POINTS)
            fits = fits && shape->rank == 3 && shape->dim[2] == 2;
        else
            fits = fits && shape->rank == 2 && shape->dim[1] == 4;
        if (!fits)
            return fer_fail(err, FER_ESHAPE,
                            "the field '%s' of %s does not go with pictures of %d x %d (height x width)",
                            fer_op_input_field(op, i), fer_shape_text(shape, text, sizeof(text)), *height, *width);
    }
    return FER_OK;
}

void data_range_lines(struct fer_emit *em, struct fer_launch *launch, const struct fer_tensor *tensor)
{
    const struct fer_shape *shape = fer_tensor_shape(tensor);
    size_t lines = (size_t)shape->dim[1] * (size_t)shape->dim[2];
    size_t width = (size_t)shape->dim[3], local_x = 32, local_y = 4;

    /* On a CPU a work-group is one line, which the compiler turns into a vector loop; very long ones are the driver's.
     */
    if (fer_emit_profile(em) == FER_PROFILE_CPU) {
        local_x = width <= 1024 ? width : 0;
        local_y = width <= 1024 ? 1 : 0;
    }
    fer_launch_range_2d(launch, fer_extent_fixed(width), fer_extent_rows(tensor, lines, 1), local_x, local_y);
}
