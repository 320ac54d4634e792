/* SPDX-License-Identifier: Apache-2.0
 *
 * part and assemble: a map in a grid of equal parts, and back.
 */
#include "ffra.h"

#include "parts_cl.h"

enum { LEAST = 256, MOST = 15 };

/* Columns of the grid of `count` parts: as square as it can be, and not wider than high. */
static int columns_of(int count)
{
    int columns = 1;
    for (int i = 2; i * i <= count; i++)
        if (count % i == 0)
            columns = i;
    return columns;
}

/* Lengths of a part of `count` and the place of part `index`. */
struct place {
    int height, width, top, left;
};
static struct place place_of(const struct fer_shape *map, int index, int count)
{
    const int columns = columns_of(count), rows = count / columns;
    struct place place = { .height = (map->dim[2] + rows - 1) / rows, .width = (map->dim[3] + columns - 1) / columns };
    place.top = index / columns * place.height;
    place.left = index % columns * place.width;
    return place;
}

static enum fer_status map_check(const struct fer_shape *in, struct fer_error *err)
{
    char text[64];
    if (in->rank == 4 && in->dtype == FER_F32)
        return FER_OK;
    return fer_fail(err, FER_ESHAPE, "reads maps, f32[channels, height, width], but its input is %s",
                    fer_shape_text(in, text, sizeof text));
}

static void take(struct fer_emit *em, struct fer_tensor *map, struct fer_tensor *part, const struct place *place)
{
    struct fer_launch *launch = fer_emit_kernel(em, fer_parts_cl, "take", "-DFER_LANES=%d", fer_lanes(part));
    fer_launch_in(launch, "x", map);
    fer_launch_out(launch, "out", part);
    fer_launch_int(launch, place->top);
    fer_launch_int(launch, place->left);
    fer_launch_cells(em, launch, part, fer_row_cells(part), LEAST);
}

/* `whole`: the first launch that writes the map, which may hold anything before. */
static void put(struct fer_emit *em, struct fer_tensor *part, struct fer_tensor *map, const struct place *place,
                bool whole)
{
    struct fer_launch *launch = fer_emit_kernel(em, fer_parts_cl, "put", "-DFER_LANES=%d", fer_lanes(map));
    fer_launch_in(launch, "x", part);
    (whole ? fer_launch_out : fer_launch_inout)(launch, "out", map);
    fer_launch_int(launch, place->top);
    fer_launch_int(launch, place->left);
    fer_launch_int(launch, whole);
    fer_launch_cells(em, launch, map, fer_row_cells(map), LEAST);
}

/* ---- part ---- */

struct part {
    int index, of;
};
static const struct fer_param *const part_params[] = {
    FER_PARAM_INT(struct part, index, NULL, 0, MOST - 1, "which part, in reading order from 0"),
    FER_PARAM_INT(struct part, of, "4", 1, MOST, "parts of the grid, as square as it can be: 4 are quadrants"), NULL
};

static enum fer_status part_shape(struct fer_op *op, struct fer_error *err)
{
    const struct part *params = fer_op_params(op);
    const struct fer_shape *in = fer_op_input(op, 0);
    enum fer_status status = map_check(in, err);
    if (status)
        return status;
    if (params->index >= params->of)
        return fer_fail_argument(err, FER_EINVAL, "index", "part %d does not exist: there are %d, counted from 0",
                                 params->index, params->of);
    const struct place place = place_of(in, params->index, params->of);
    const struct fer_shape out = fer_shape_make(in, 3, (const int[]){ in->dim[1], place.height, place.width });
    fer_op_output(op, 0, &out);
    return FER_OK;
}

static enum fer_status part_forward(struct fer_emit *em, struct fer_error *err)
{
    const struct part *params = fer_emit_params(em);
    const struct place place = place_of(fer_op_input(fer_emit_op(em), 0), params->index, params->of);
    (void)err;
    take(em, fer_emit_input(em, 0), fer_emit_output(em, 0), &place);
    return FER_OK;
}

static enum fer_status part_backward(struct fer_emit *em, struct fer_error *err)
{
    const struct part *params = fer_emit_params(em);
    const struct place place = place_of(fer_op_input(fer_emit_op(em), 0), params->index, params->of);
    (void)err;
    if (fer_emit_grad_input(em, 0))
        put(em, fer_emit_grad_output(em, 0), fer_emit_grad_input(em, 0), &place, true);
    return FER_OK;
}

const struct fer_layer fer_part = {
    .size = sizeof(struct fer_layer),
    .name = "part",
    .help = "one of equal spatial parts of a map, filled up with zeros where the map does not divide",
    .params = part_params,
    .params_size = sizeof(struct part),
    .inputs_min = 1,
    .inputs_max = 1,
    .outputs_min = 1,
    .outputs = 1,
    .flags = FER_LAYER_ANY_LAYOUT,
    .shape = part_shape,
    .forward = part_forward,
    .backward = part_backward
};

/* ---- assemble ---- */

static enum fer_status assemble_shape(struct fer_op *op, struct fer_error *err)
{
    const int count = fer_op_inputs(op) - 1;
    const struct fer_shape *like = fer_op_input(op, count), *first = fer_op_input(op, 0);
    char text[2][64];
    enum fer_status status = map_check(like, err);
    for (int i = 0; !status && i < count; i++) {
        const struct fer_shape *part = fer_op_input(op, i);
        const struct place place = place_of(like, i, count);
        status = map_check(part, err);
        if (!status && (part->dim[1] != first->dim[1] || part->batch != like->batch || part->dim[0] != like->dim[0] ||
                        part->dim[2] != place.height || part->dim[3] != place.width))
            status = fer_fail(err, FER_ESHAPE, "input %d is %s, but each of %d parts of %s must have %d x %d pixels",
                              i + 1, fer_shape_text(part, text[0], sizeof text[0]), count,
                              fer_shape_text(like, text[1], sizeof text[1]), place.height, place.width);
    }
    if (status)
        return status;
    const struct fer_shape out = fer_shape_make(like, 3, (const int[]){ first->dim[1], like->dim[2], like->dim[3] });
    fer_op_output(op, 0, &out);
    return FER_OK;
}

static enum fer_status assemble_forward(struct fer_emit *em, struct fer_error *err)
{
    const int count = fer_op_inputs(fer_emit_op(em)) - 1;
    (void)err;
    for (int i = 0; i < count; i++) {
        const struct place place = place_of(fer_op_input(fer_emit_op(em), count), i, count);
        put(em, fer_emit_input(em, i), fer_emit_output(em, 0), &place, i == 0);
    }
    return FER_OK;
}

static enum fer_status assemble_backward(struct fer_emit *em, struct fer_error *err)
{
    const int count = fer_op_inputs(fer_emit_op(em)) - 1;
    struct fer_tensor *dlike = fer_emit_grad_input(em, count);
    (void)err;
    for (int i = 0; i < count; i++) {
        const struct place place = place_of(fer_op_input(fer_emit_op(em), count), i, count);
        if (fer_emit_grad_input(em, i))
            take(em, fer_emit_grad_output(em, 0), fer_emit_grad_input(em, i), &place);
    }
    if (dlike) { /* only its shape is looked at */
        struct fer_launch *launch = fer_emit_kernel(em, fer_parts_cl, "clear", "-DFER_LANES=%d", fer_lanes(dlike));
        fer_launch_out(launch, "out", dlike);
        fer_launch_cells(em, launch, dlike, fer_row_cells(dlike), LEAST);
    }
    return FER_OK;
}

const struct fer_layer fer_assemble = {
    .size = sizeof(struct fer_layer),
    .name = "assemble",
    .help = "a map out of its parts, in reading order; the last input says how large the map is",
    .inputs_min = 2,
    .inputs_max = MOST + 1,
    .outputs_min = 1,
    .outputs = 1,
    .flags = FER_LAYER_ANY_LAYOUT,
    .shape = assemble_shape,
    .forward = assemble_forward,
    .backward = assemble_backward
};
