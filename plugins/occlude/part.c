/* SPDX-License-Identifier: Apache-2.0
 *
 * Occluders that are filled rectangles over a part of the face: band, part, eyes.
 */
#include "occlude.h"

#include <math.h>

/* The columns that all three tables end with. */
#define FACE_PARAMS(type)                                                                                              \
    FER_PARAM_FLOAT(type, margin, "1", 0.1, 5, "size, relative to one that just covers the part"),                     \
        OCCLUDE_TRUST_PARAM(type), OCCLUDE_FILL_PARAMS(type)

/* What all of them are but for their names. */
#define FACE_LAYER                                                                                                     \
    .inputs_min = 1, .inputs_max = 4, .outputs_min = 1, .outputs = 4, .flags = FER_LAYER_DATA, .reads = occlude_reads, \
    .writes = occlude_writes

/* ---- band ---- */

struct band {
    int part, fill, landmarks;
    double p, margin;
    struct fer_floats colour;
};
static const char *const bands[] = { "eyes", "mouth", NULL };
static const struct fer_param *const band_params[] = {
    FER_PARAM_ENUM(struct band, part, "eyes", bands, "what to cover"),
    FACE_PARAMS(struct band),
    NULL,
};

static enum fer_status band_shape(struct fer_op *op, struct fer_error *err)
{
    const struct band *params = fer_op_params(op);
    const enum fer_status status = occlude_colour(&params->colour, err);
    return status == FER_OK ? occlude_shape(op, params->landmarks, err) : status;
}

static enum fer_status band_forward(struct fer_emit *em, struct fer_error *err)
{
    const struct band *params = fer_emit_params(em);
    struct occlude occlude = occlude_start(em, params->landmarks, 1);
    struct fer_launch *launch = occlude_place(&occlude, "place_band");
    (void)err;
    occlude_place_random(&occlude, launch, params->p);
    fer_launch_int(launch, params->part);
    fer_launch_float(launch, params->margin);
    occlude_place_end(&occlude, launch);
    occlude_cover_fill(&occlude, (enum occlude_fill)params->fill, &params->colour);
    return FER_OK;
}

const struct fer_layer occlude_band = {
    .size = sizeof occlude_band,
    .name = "band",
    .help = "Cover the eyes or the mouth with a bar: from landmarks, else from the box, else where they usually are",
    .params = band_params,
    .params_size = sizeof(struct band),
    .shape = band_shape,
    .forward = band_forward,
    FACE_LAYER,
};

/* ---- part ---- */

struct part {
    int part, size, fill, landmarks;
    double p, margin, fraction;
    struct fer_floats colour;
};
static const char *const parts[] = { "left_eye", "right_eye", "nose", "mouth", "random", NULL };
static const struct fer_param *const part_params[] = {
    FER_PARAM_ENUM(struct part, part, NULL, parts,
                   "what to cover, left and right as seen in the picture; random: one of "
                   "the four"),
    FER_PARAM_INT(struct part, size, "0", 0, 16384, "a square of so many pixels over the middle of the part"),
    FER_PARAM_FLOAT(struct part, fraction, "0", 0, 1,
                    "a square with this part of the picture's shorter side as its side"),
    FACE_PARAMS(struct part),
    NULL,
};

static enum fer_status part_shape(struct fer_op *op, struct fer_error *err)
{
    const struct part *params = fer_op_params(op);
    if (params->size > 0 && params->fraction > 0)
        return fer_fail_argument(err, FER_EINVAL, "fraction",
                                 "it takes size= in pixels or fraction= of the shorter side, not both");
    enum fer_status status = occlude_colour(&params->colour, err);
    if (status == FER_OK)
        status = occlude_shape(op, params->landmarks, err);
    if (status != FER_OK)
        return status;
    const struct fer_shape *image = fer_op_input(op, 0);
    if (params->size > image->dim[2] || params->size > image->dim[3])
        return fer_fail_argument(err, FER_ESHAPE, "size", "a square of %d x %d does not fit pictures of %d x %d",
                                 params->size, params->size, image->dim[2], image->dim[3]);
    return FER_OK;
}

static enum fer_status part_forward(struct fer_emit *em, struct fer_error *err)
{
    const struct part *params = fer_emit_params(em);
    struct occlude occlude = occlude_start(em, params->landmarks, 1);
    const int shorter = occlude.width < occlude.height ? occlude.width : occlude.height;
    const int side = params->fraction > 0 ? (int)fmax(1, round(params->fraction * shorter)) : params->size;
    struct fer_launch *launch = occlude_place(&occlude, "place_part");
    (void)err;
    occlude_place_random(&occlude, launch, params->p);
    fer_launch_int(launch, params->part);
    fer_launch_float(launch, params->margin);
    fer_launch_int(launch, side);
    occlude_place_end(&occlude, launch);
    occlude_cover_fill(&occlude, (enum occlude_fill)params->fill, &params->colour);
    return FER_OK;
}

const struct fer_layer occlude_part = {
    .size = sizeof occlude_part,
    .name = "part",
    .help = "Cover one part of the face: an eye, the nose or the mouth",
    .params = part_params,
    .params_size = sizeof(struct part),
    .shape = part_shape,
    .forward = part_forward,
    FACE_LAYER,
};

/* ---- eyes ---- */

struct eyes {
    int fill, landmarks;
    double p, margin;
    struct fer_floats colour;
};
static const struct fer_param *const eyes_params[] = { FACE_PARAMS(struct eyes), NULL };

static enum fer_status eyes_shape(struct fer_op *op, struct fer_error *err)
{
    const struct eyes *params = fer_op_params(op);
    const enum fer_status status = occlude_colour(&params->colour, err);
    return status == FER_OK ? occlude_shape(op, params->landmarks, err) : status;
}

static enum fer_status eyes_forward(struct fer_emit *em, struct fer_error *err)
{
    const struct eyes *params = fer_emit_params(em);
    struct occlude occlude = occlude_start(em, params->landmarks, 2);
    struct fer_launch *launch = occlude_place(&occlude, "place_eyes");
    (void)err;
    occlude_place_random(&occlude, launch, params->p);
    fer_launch_float(launch, params->margin);
    occlude_place_end(&occlude, launch);
    occlude_cover_fill(&occlude, (enum occlude_fill)params->fill, &params->colour);
    return FER_OK;
}

const struct fer_layer occlude_eyes = {
    .size = sizeof occlude_eyes,
    .name = "eyes",
    .help =
        "Cover each eye where landmarks say it is (find_eyes of the plugin haar makes some), else both with the band",
    .params = eyes_params,
    .params_size = sizeof(struct eyes),
    .shape = eyes_shape,
    .forward = eyes_forward,
    FACE_LAYER,
};
