/* SPDX-License-Identifier: Apache-2.0
 *
 * Crops and mirrors on the device: randcrop, centercrop, tencrop, hflip.
 */
#include "device.h"

#include "geometry_cl.h"

/* As in geometry.cl. */
enum mode { RANDOM_CROP, CENTER_CROP, TEN_CROP, FLIP };

/* One operation's parameters in one form. */
struct view {
    enum mode mode;
    int height, width; /* of the output picture */
    int same;
    double p;
};

static enum fer_status view_shape(struct fer_op *op, const struct fer_ints *size, int views, struct fer_error *err)
{
    int height, width;
    enum fer_status status = data_picture(op, &height, &width, err);

    if (!status && size && (size->count < 1 || size->count > 2))
        return fer_fail_argument(err, FER_EINVAL, "size", "size is a side, as in 224, or [height, width]");
    if (!status && size && (size->items[0] > height || size->items[size->count - 1] > width))
        return fer_fail_argument(err, FER_ESHAPE, "size",
                                 "a crop of %d x %d (height x width) does not fit into pictures of "
                                 "%d x %d; add `resize` before `batch`",
                                 size->items[0], size->items[size->count - 1], height, width);
    for (int i = 0; i < fer_op_inputs(op) && !status; i++) {
        struct fer_shape shape = *fer_op_input(op, i);

        shape.dim[0] *= views;
        shape.batch *= views;
        if (size && data_field(op, i) == DATA_PICTURE) {
            shape.dim[2] = size->items[0];
            shape.dim[3] = size->items[size->count - 1];
        }
        fer_op_output(op, i, &shape);
    }
    return status;
}

static void launch_view(struct fer_emit *em, const struct view *view, int i)
{
    const struct fer_shape *picture = fer_op_input(fer_emit_op(em), 0);
    struct fer_tensor *x = fer_emit_input(em, i), *y = fer_emit_output(em, i);
    const struct fer_shape *shape = fer_tensor_shape(y);
    enum data_field field = data_field(fer_emit_op(em), i);
    const char *kernel = field == DATA_PICTURE ? "view_image" : field == DATA_BOX ? "view_box" : "view_points";
    struct fer_launch *launch = fer_emit_kernel(em, fer_geometry_cl, kernel, "-DMODE=%d", (int)view->mode);

    fer_launch_in(launch, "x", x);
    fer_launch_out(launch, "y", y);
    if (field == DATA_POINTS)
        fer_launch_int(launch, shape->dim[1]);
    if (field != DATA_PICTURE) {
        fer_launch_int(launch, picture->dim[3]);
        fer_launch_int(launch, picture->dim[2]);
        fer_launch_int(launch, view->width);
        fer_launch_int(launch, view->height);
    }
    fer_launch_int(launch, view->same);
    fer_launch_float(launch, view->p);
    const int span = fer_emit_profile(em) == FER_PROFILE_CPU && field == DATA_PICTURE ? shape->dim[3] : 1;
    if (field == DATA_PICTURE)
        fer_launch_int(launch, span);
    if (view->mode == RANDOM_CROP || view->mode == FLIP)
        fer_launch_random(launch, y);
    if (field == DATA_PICTURE && span > 1)
        fer_launch_range_2d(launch, fer_extent_fixed(1),
                            fer_extent_rows(y, (size_t)shape->dim[1] * (size_t)shape->dim[2], 1), 1, 16);
    else if (field == DATA_PICTURE)
        data_range_lines(em, launch, y);
    else
        fer_launch_range_1d(launch, fer_extent_rows(y, field == DATA_POINTS ? (size_t)shape->dim[1] : 1, 1));
}

static enum fer_status emit_views(struct fer_emit *em, struct view view)
{
    const struct fer_shape *picture = fer_tensor_shape(fer_emit_output(em, 0));

    view.height = picture->dim[2];
    view.width = picture->dim[3];
    for (int i = 0; i < fer_op_inputs(fer_emit_op(em)); i++)
        launch_view(em, &view, i);
    return FER_OK;
}

struct randcrop {
    struct fer_ints size;
    bool same;
    struct fer_ints on;
};

static const struct fer_param *const randcrop_params[] = {
    FER_PARAM_INTS(struct randcrop, size, NULL, 1, 16384, "side of a square, or [height, width]"),
    FER_PARAM_BOOL(struct randcrop, same, "no", "one place for all samples of a batch instead of one for each"),
    DATA_ON(struct randcrop), NULL
};

static enum fer_status randcrop_shape(struct fer_op *op, struct fer_error *err)
{
    return view_shape(op, &((const struct randcrop *)fer_op_params(op))->size, 1, err);
}

static enum fer_status randcrop_forward(struct fer_emit *em, struct fer_error *err)
{
    const struct randcrop *params = fer_emit_params(em);

    (void)err;
    return emit_views(em, (struct view){ .mode = RANDOM_CROP, .same = params->same });
}

const struct fer_layer data_randcrop = {
    .name = "randcrop",
    .help = "cut out a part at a random place",
    .params = randcrop_params,
    .params_size = sizeof(struct randcrop),
    .shape = randcrop_shape,
    .forward = randcrop_forward,
    DATA_GEOMETRY_LAYER,
};

struct crop {
    struct fer_ints size;
    struct fer_ints on;
};

static const struct fer_param *const crop_params[] = { FER_PARAM_INTS(struct crop, size, NULL, 1, 16384,
                                                                      "side of a square, or [height, width]"),
                                                       DATA_ON(struct crop), NULL };

static enum fer_status centercrop_shape(struct fer_op *op, struct fer_error *err)
{
    return view_shape(op, &((const struct crop *)fer_op_params(op))->size, 1, err);
}

static enum fer_status centercrop_forward(struct fer_emit *em, struct fer_error *err)
{
    (void)err;
    return emit_views(em, (struct view){ .mode = CENTER_CROP });
}

const struct fer_layer data_centercrop = {
    .name = "centercrop",
    .help = "cut out the middle",
    .params = crop_params,
    .params_size = sizeof(struct crop),
    .shape = centercrop_shape,
    .forward = centercrop_forward,
    DATA_GEOMETRY_LAYER,
};

static enum fer_status tencrop_shape(struct fer_op *op, struct fer_error *err)
{
    return view_shape(op, &((const struct crop *)fer_op_params(op))->size, 10, err);
}

static enum fer_status tencrop_forward(struct fer_emit *em, struct fer_error *err)
{
    (void)err;
    return emit_views(em, (struct view){ .mode = TEN_CROP });
}

const struct fer_layer data_tencrop = {
    .name = "tencrop",
    .help =
        "ten views of each sample: four corners and the centre, and the same mirrored; `mean views` joins them again",
    .params = crop_params,
    .params_size = sizeof(struct crop),
    .shape = tencrop_shape,
    .forward = tencrop_forward,
    DATA_GEOMETRY_LAYER,
};

struct hflip {
    double p;
    struct fer_ints on;
};

static const struct fer_param *const hflip_params[] = {
    FER_PARAM_FLOAT(struct hflip, p, "0.5", 0, 1, "share of the samples that is mirrored"), DATA_ON(struct hflip), NULL
};

static enum fer_status hflip_shape(struct fer_op *op, struct fer_error *err)
{
    return view_shape(op, NULL, 1, err);
}

static enum fer_status hflip_forward(struct fer_emit *em, struct fer_error *err)
{
    (void)err;
    return emit_views(em, (struct view){ .mode = FLIP, .p = ((const struct hflip *)fer_emit_params(em))->p });
}

const struct fer_layer data_hflip = {
    .name = "hflip",
    .help = "mirror left and right; landmarks (5 or 68 points) change sides",
    .params = hflip_params,
    .params_size = sizeof(struct hflip),
    .shape = hflip_shape,
    .forward = hflip_forward,
    DATA_GEOMETRY_LAYER,
};
