/* SPDX-License-Identifier: Apache-2.0
 *
 * The layer that turns codes into pictures, landmarks and boxes.
 */
#include "synthface.h"

#include "face_cl.h"
#include "paint_cl.h"

/* Pixels that one work-item paints. */
#define CPU_LANES 8

static enum fer_status render_shape(struct fer_op *op, struct fer_error *err)
{
    const struct synthface *params = fer_op_params(op);
    const struct fer_shape *code = fer_op_input(op, 0);
    if (code->rank != 2 || code->dim[1] != SYNTHFACE_CODE_COUNT || !code->batch)
        return fer_fail(err, FER_ESHAPE, "synthface_render: its input is the code of the reader synthface, N x %d",
                        SYNTHFACE_CODE_COUNT);
    const struct fer_shape image =
        fer_shape_make(code, 3, (const int[]){ params->channels, params->size, params->size });
    const struct fer_shape landmarks = fer_shape_make(code, 2, (const int[]){ FER_SYNTHFACE_LANDMARKS, 2 });
    const struct fer_shape box = fer_shape_make(code, 1, (const int[]){ 4 });
    fer_op_output(op, 0, &image);
    fer_op_output(op, 1, &landmarks);
    fer_op_output(op, 2, &box);
    return FER_OK;
}

static enum fer_status render_forward(struct fer_emit *em, struct fer_error *err)
{
    const struct synthface *params = fer_emit_params(em);
    const int lanes = fer_emit_profile(em) == FER_PROFILE_CPU ? CPU_LANES : 1;
    char options[4096];
    const enum fer_status status = synthface_options(options, sizeof options, lanes, err);
    if (status != FER_OK)
        return status;
    struct fer_tensor *code = fer_emit_input(em, 0), *image = fer_emit_output(em, 0);
    const struct fer_shape points = fer_shape_make(fer_tensor_shape(code), 1, (const int[]){ synthface_geometry() });
    struct fer_tensor *geometry = fer_emit_temp(em, &points, FER_LAYOUT_PLAIN);

    struct fer_launch *face = fer_emit_launch(em, fer_face_cl, "synthface_face", options);
    fer_launch_in(face, "code", code);
    fer_launch_out(face, "geometry", geometry);
    fer_launch_out(face, "landmarks", fer_emit_output(em, 1));
    fer_launch_out(face, "box", fer_emit_output(em, 2));
    fer_launch_int(face, params->size);
    fer_launch_range_1d(face, fer_extent_rows(code, 1, 1));

    struct fer_launch *paint = fer_emit_launch(em, fer_paint_cl, "synthface_paint", options);
    fer_launch_in(paint, "code", code);
    fer_launch_in(paint, "geometry", geometry);
    fer_launch_out(paint, "image", image);
    const size_t size = (size_t)params->size, groups = (size + (size_t)lanes - 1) / (size_t)lanes;
    fer_launch_range_3d(paint, fer_extent_fixed(groups), fer_extent_fixed(size), fer_extent_rows(image, 1, 1),
                        lanes == 1 ? 32 : 1, lanes == 1 ? 4 : 1, 1);
    return FER_OK;
}

static const char *const reads[] = { "code", NULL };
static const char *const writes[] = { "image", "landmarks", "box", NULL };

const struct fer_layer synthface_render = {
    .size = sizeof synthface_render,
    .name = "synthface_render",
    .help = "Render the codes of synthface; the reader puts it after `batch` by itself",
    .params = synthface_params,
    .params_size = sizeof(struct synthface),
    .inputs_min = 1,
    .inputs_max = 1,
    .outputs_min = 1,
    .outputs = 3,
    .flags = FER_LAYER_DATA,
    .shape = render_shape,
    .forward = render_forward,
    .reads = reads,
    .writes = writes,
};
