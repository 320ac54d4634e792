/* SPDX-License-Identifier: Apache-2.0
 *
 * Occluders that are worn: a template put onto the face's five points by an affine map (Chen et al. 2023, FM_RAF-DB and
 * SG_RAF-DB).
 */
#include "occlude.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct wear {
    double p;
    int kind, landmarks;
    const char *dir, *file;
    struct fer_floats points;
};
#define WEAR_PARAMS(kinds, most)                                                                                       \
    FER_PARAM_FLOAT(struct wear, p, "1", 0, 1, "probability that a picture is occluded"),                              \
        FER_PARAM(FER_TYPE_INT, struct wear, kind, "kind", "0", 0, most, kinds,                                        \
                  "drawn templates of one kind, or one of them by its number; 0: any"),                                \
        FER_PARAM_PATH(struct wear, dir, "", "directory of RGBA pictures (PNG) instead of the drawn templates"),       \
        FER_PARAM(FER_TYPE_PATH, struct wear, file, "template", "", 0, 0, NULL,                                        \
                  "one RGBA picture instead of the drawn templates"),                                                  \
        FER_PARAM_FLOATS(struct wear, points, "", -4, 5,                                                               \
                         "with dir or template: where the wearer's left eye, right eye, nose, left and right corner "  \
                         "of the mouth are, as [x, y, x, y, …], fractions of the square"),                             \
        OCCLUDE_TRUST_PARAM(struct wear)
static const char *const mask_kinds[] = { "surgical", "respirator", "cloth", NULL };
static const struct fer_param *const mask_params[] = { WEAR_PARAMS(mask_kinds, 5), NULL };
static const char *const shade_kinds[] = { "square", "round", "aviator", "sport", "brown", NULL };
static const struct fer_param *const shade_params[] = { WEAR_PARAMS(shade_kinds, 5), NULL };

/* What distinguishes face_mask from sunglasses. */
struct wardrobe {
    const char *name;
    const struct occlude_drawing *drawings;
    const char *const *kinds; /* words of the drawings' names */
    float points[10];
};
/* With the eyes 1 apart the nose's tip is 0.58 and the mouth 1.1 below them, the mouth's corners 0.82 apart; a square
 * is 2.3 wide and starts 0.15 below the eyes for a mask, 1.15 above them for sunglasses. */
static const struct wardrobe masks = {
    "face_mask",
    occlude_masks,
    mask_kinds,
    { 0.283f, -0.065f, 0.717f, -0.065f, 0.5f, 0.187f, 0.322f, 0.413f, 0.678f, 0.413f },
};
static const struct wardrobe shades = {
    "sunglasses",
    occlude_shades,
    shade_kinds,
    { 0.283f, 0.5f, 0.717f, 0.5f, 0.5f, 0.752f, 0.322f, 0.978f, 0.678f, 0.978f },
};

static bool given(const char *text)
{
    return text && *text;
}

static enum fer_status wear_shape(struct fer_op *op, struct fer_error *err)
{
    const struct wear *params = fer_op_params(op);
    const bool own = given(params->dir) || given(params->file);
    if (given(params->dir) && given(params->file))
        return fer_fail_argument(err, FER_EINVAL, "template", "it takes template= or dir=, not both");
    if (params->points.count && params->points.count != 10)
        return fer_fail_argument(err, FER_EINVAL, "points", "points has ten numbers, x and y of five points; it has %d",
                                 params->points.count);
    if (params->points.count && !own)
        return fer_fail_argument(err, FER_EINVAL, "points", "points belongs to template= or dir=; neither is given");
    if (params->kind && own)
        return fer_fail_argument(err, FER_EINVAL, "kind", "kind chooses among the drawn templates, which %s= replaces",
                                 given(params->dir) ? "dir" : "template");
    return occlude_shape(op, params->landmarks, err);
}

/* kind: 0 any, n > 0 the n-th drawing, n < 0 those with the word -1 - n in their name. */
static enum fer_status add_drawings(struct occlude_atlas *atlas, const struct wardrobe *wardrobe, int kind,
                                    struct fer_error *err)
{
    for (const struct occlude_drawing *d = wardrobe->drawings; d->name; d++) {
        uint8_t *square;
        if (kind > 0 ? d - wardrobe->drawings != kind - 1 : kind < 0 && !strstr(d->name, wardrobe->kinds[-1 - kind]))
            continue;
        const enum fer_status status = occlude_atlas_add(atlas, &square, err);
        if (status != FER_OK)
            return status;
        occlude_draw(square, d);
        occlude_atlas_finish(atlas);
    }
    return FER_OK;
}

static enum fer_status add_file(struct occlude_atlas *atlas, const char *path, struct fer_error *err)
{
    struct fer_image image = { 0 };
    enum fer_status status = fer_image_read(&image, path, 4, err);
    if (status != FER_OK)
        return status;
    status = occlude_atlas_picture(atlas, &image, false, err);
    fer_image_free(&image);
    return status == FER_OK ? FER_OK : fer_fail_prefix(err, "the template %s ", path);
}

/* The same five points for every template. */
static struct fer_tensor *emit_pins(struct fer_emit *em, const char *key, const struct wardrobe *wardrobe, int count)
{
    const struct wear *params = fer_emit_params(em);
    const struct fer_shape shape = { .dtype = FER_F32, .rank = 2, .dim = { count, 10 } };
    float *pins = malloc((size_t)count * 10 * sizeof *pins);
    if (!pins)
        return NULL;
    for (int i = 0; i < 10 * count; i++)
        pins[i] = params->points.count ? (float)params->points.items[i % 10] : wardrobe->points[i % 10];
    struct fer_tensor *tensor = fer_emit_constant(em, key, &shape, pins);
    free(pins);
    return tensor;
}

static enum fer_status fill(struct occlude_atlas *atlas, const struct wardrobe *wardrobe, const struct wear *params,
                            struct fer_error *err)
{
    if (given(params->dir))
        return occlude_atlas_directory(atlas, params->dir, OCCLUDE_ALL, 1, false, err);
    return given(params->file) ? add_file(atlas, params->file, err) : add_drawings(atlas, wardrobe, params->kind, err);
}

static enum fer_status bring(struct fer_emit *em, const struct wardrobe *wardrobe, struct fer_tensor **tiles,
                             struct fer_tensor **pins, struct fer_error *err)
{
    const struct wear *params = fer_emit_params(em);
    char key[8400], pins_key[8700];
    snprintf(key, sizeof key, "occlude %s %d %.4096s %.4096s", wardrobe->name, params->kind,
             given(params->dir) ? params->dir : "", given(params->file) ? params->file : "");
    int used = snprintf(pins_key, sizeof pins_key, "%s pins", key);
    for (int i = 0; i < params->points.count; i++)
        used += snprintf(pins_key + used, sizeof pins_key - (size_t)used, " %.9g", params->points.items[i]);
    *tiles = occlude_atlas_find(em, key);
    if (!*tiles) {
        struct occlude_atlas atlas = { 0 };
        const enum fer_status status = fill(&atlas, wardrobe, params, err);
        if (status == FER_OK)
            *tiles = occlude_atlas_emit(em, key, &atlas);
        occlude_atlas_free(&atlas);
        if (status != FER_OK)
            return status;
    }
    *pins = occlude_atlas_find(em, pins_key);
    if (!*pins)
        *pins = emit_pins(em, pins_key, wardrobe, fer_tensor_shape(*tiles)->dim[0]);
    return *pins ? FER_OK : fer_fail(err, FER_ENOMEM, "%s: out of memory", wardrobe->name);
}

static enum fer_status wear_forward(struct fer_emit *em, const struct wardrobe *wardrobe, struct fer_error *err)
{
    const struct wear *params = fer_emit_params(em);
    struct fer_tensor *tiles, *pins;
    const enum fer_status status = bring(em, wardrobe, &tiles, &pins, err);
    if (status != FER_OK)
        return status;
    struct occlude occlude = occlude_start(em, params->landmarks, 1);
    struct fer_launch *launch = occlude_place(&occlude, "place_wear");
    fer_launch_in(launch, "pins", pins);
    occlude_place_random(&occlude, launch, params->p);
    occlude_place_end(&occlude, launch);
    occlude_cover_sprite(&occlude, tiles);
    return FER_OK;
}

static enum fer_status mask_forward(struct fer_emit *em, struct fer_error *err)
{
    return wear_forward(em, &masks, err);
}

const struct fer_layer occlude_face_mask = {
    .size = sizeof occlude_face_mask,
    .name = "face_mask",
    .help = "Put a mask over mouth and nose: surgical, respirator, cloth, or templates of one's own",
    .params = mask_params,
    .params_size = sizeof(struct wear),
    .inputs_min = 1,
    .inputs_max = 4,
    .outputs_min = 1,
    .outputs = 4,
    .flags = FER_LAYER_DATA,
    .shape = wear_shape,
    .forward = mask_forward,
    .reads = occlude_reads,
    .writes = occlude_writes,
};

static enum fer_status shades_forward(struct fer_emit *em, struct fer_error *err)
{
    return wear_forward(em, &shades, err);
}

const struct fer_layer occlude_sunglasses = {
    .size = sizeof occlude_sunglasses,
    .name = "sunglasses",
    .help = "Put sunglasses over the eyes: square, round, aviator, sport, brown, or templates of one's own",
    .params = shade_params,
    .params_size = sizeof(struct wear),
    .inputs_min = 1,
    .inputs_max = 4,
    .outputs_min = 1,
    .outputs = 4,
    .flags = FER_LAYER_DATA,
    .shape = wear_shape,
    .forward = shades_forward,
    .reads = occlude_reads,
    .writes = occlude_writes,
};
