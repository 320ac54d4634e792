/* SPDX-License-Identifier: Apache-2.0
 *
 * Occluders that are filled rectangles: patch and half.  Those of a face: see part.c.
 */
#include "occlude.h"

/* ---- patch ---- */

struct patch {
    int size, width;
    struct fer_floats area, at, colour;
    double p;
    int fill;
};
static const struct fer_param *const patch_params[] = {
    FER_PARAM_INT(struct patch, size, "0", 0, 16384, "height in pixels, and width unless that is given"),
    FER_PARAM_INT(struct patch, width, "0", 0, 16384, "width in pixels"),
    FER_PARAM_FLOATS(struct patch, area, "", 0, 1, "instead: part of the picture, [fraction] or [least, most]"),
    FER_PARAM_FLOATS(struct patch, at, "", 0, 1, "[x, y] of its middle as fractions; anywhere when not given"),
    OCCLUDE_FILL_PARAMS(struct patch),
    NULL,
};

static enum fer_status patch_shape(struct fer_op *op, struct fer_error *err)
{
    const struct patch *params = fer_op_params(op);
    const struct fer_floats *area = &params->area;
    if ((params->size > 0) == (area->count > 0))
        return fer_fail_argument(err, FER_EINVAL, params->size > 0 ? "area" : "size",
                                 "it takes size= in pixels or area= as a fraction of the picture, one of the two");
    if (area->count > 2 || (area->count == 2 && area->items[0] > area->items[1]))
        return fer_fail_argument(err, FER_EINVAL, "area",
                                 "area is [fraction] or [least, most], for example [0.1, 0.3]");
    if (params->at.count != 0 && params->at.count != 2)
        return fer_fail_argument(err, FER_EINVAL, "at", "at is [x, y], for example [0.5, 0.5] for the middle");
    enum fer_status status = occlude_colour(&params->colour, err);
    if (status == FER_OK)
        status = occlude_shape_blind(op, err);
    if (status != FER_OK)
        return status;
    const struct fer_shape *image = fer_op_input(op, 0);
    if (params->size > image->dim[2] || params->width > image->dim[3] ||
        (!params->width && params->size > image->dim[3]))
        return fer_fail_argument(err, FER_ESHAPE, "size", "a patch of %d x %d does not fit pictures of %d x %d",
                                 params->size, params->width ? params->width : params->size, image->dim[2],
                                 image->dim[3]);
    return FER_OK;
}

static enum fer_status patch_forward(struct fer_emit *em, struct fer_error *err)
{
    const struct patch *params = fer_emit_params(em);
    struct occlude occlude = occlude_start_blind(em);
    struct fer_launch *launch = occlude_place(&occlude, "place_patch");
    const int areas = params->area.count;
    (void)err;
    occlude_place_random(&occlude, launch, params->p);
    fer_launch_int(launch, params->size);
    fer_launch_int(launch, params->width ? params->width : params->size);
    fer_launch_float(launch, areas ? params->area.items[0] : 0);
    fer_launch_float(launch, areas ? params->area.items[areas - 1] : 0);
    fer_launch_float(launch, params->at.count ? params->at.items[0] : -1);
    fer_launch_float(launch, params->at.count ? params->at.items[1] : -1);
    occlude_place_end(&occlude, launch);
    occlude_cover_fill(&occlude, (enum occlude_fill)params->fill, &params->colour);
    return FER_OK;
}

const struct fer_layer occlude_patch = {
    .size = sizeof occlude_patch,
    .name = "patch",
    .help = "Cover a rectangle of a given size or area, at a random place or a given one",
    .params = patch_params,
    .params_size = sizeof(struct patch),
    .inputs_min = 1,
    .inputs_max = 2,
    .outputs_min = 1,
    .outputs = 3,
    .flags = FER_LAYER_DATA,
    .shape = patch_shape,
    .forward = patch_forward,
    .reads = occlude_reads_blind,
    .writes = occlude_writes_blind,
};

/* ---- half ---- */

struct half {
    int part, fill;
    double p;
    struct fer_floats colour;
};
static const char *const halves[] = { "upper", "lower", "left", "right", NULL };
static const struct fer_param *const half_params[] = {
    FER_PARAM_ENUM(struct half, part, "upper", halves, "which half of the picture"),
    OCCLUDE_FILL_PARAMS(struct half),
    NULL,
};

static enum fer_status half_shape(struct fer_op *op, struct fer_error *err)
{
    const struct half *params = fer_op_params(op);
    const enum fer_status status = occlude_colour(&params->colour, err);
    return status == FER_OK ? occlude_shape_blind(op, err) : status;
}

static enum fer_status half_forward(struct fer_emit *em, struct fer_error *err)
{
    const struct half *params = fer_emit_params(em);
    struct occlude occlude = occlude_start_blind(em);
    struct fer_launch *launch = occlude_place(&occlude, "place_half");
    (void)err;
    occlude_place_random(&occlude, launch, params->p);
    fer_launch_int(launch, params->part);
    occlude_place_end(&occlude, launch);
    occlude_cover_fill(&occlude, (enum occlude_fill)params->fill, &params->colour);
    return FER_OK;
}

const struct fer_layer occlude_half = {
    .size = sizeof occlude_half,
    .name = "half",
    .help = "Cover the upper, lower, left or right half of the picture",
    .params = half_params,
    .params_size = sizeof(struct half),
    .inputs_min = 1,
    .inputs_max = 2,
    .outputs_min = 1,
    .outputs = 3,
    .flags = FER_LAYER_DATA,
    .shape = half_shape,
    .forward = half_forward,
    .reads = occlude_reads_blind,
    .writes = occlude_writes_blind,
};
