/* SPDX-License-Identifier: Apache-2.0
 *
 * The occluder sprite: pictures with opacity at random places (Tang et al. 2021: about 300 cartoon pictures; Wang et
 * al. 2022: food, hands, drinks), from a directory or drawn.
 */
#include "occlude.h"

#include <math.h>
#include <stdio.h>

struct sprite {
    const char *dir;
    double p;
    struct fer_floats scale, rotation;
    double max_area, keep;
    int where, fold, landmarks;
};
static const char *const places[] = { "random", "eyes", "mouth", NULL };
static const char *const folds[] = { "all", "train", "test", NULL };
static const struct fer_param *const sprite_params[] = {
    FER_PARAM_PATH(struct sprite, dir, "", "directory of RGBA pictures (PNG); drawn occluders when not given"),
    FER_PARAM_FLOAT(struct sprite, p, "1", 0, 1, "probability that a picture is occluded"),
    FER_PARAM_FLOATS(struct sprite, scale, "[0.4, 1]", 0.01, 4, "least and largest side, relative to the face's"),
    FER_PARAM_FLOATS(struct sprite, rotation, "[-30, 30]", -180, 180, "least and largest turn in degrees, clockwise"),
    FER_PARAM_FLOAT(struct sprite, max_area, "0.5", 0.001, 1, "an occluder covers at most this part of the face"),
    FER_PARAM_ENUM(struct sprite, where, "random", places, "anywhere on the face, over the eyes or over the mouth"),
    FER_PARAM_ENUM(struct sprite, fold, "all", folds, "use the occluders for training or those for tests only"),
    FER_PARAM_FLOAT(struct sprite, keep, "0.7", 0, 1,
                    "part of the occluders that is for training, by a hash of their names"),
    OCCLUDE_TRUST_PARAM(struct sprite),
    NULL,
};

static enum fer_status check_range(const struct fer_floats *range, const char *name, struct fer_error *err)
{
    if (range->count < 1 || range->count > 2 || range->items[0] > range->items[range->count - 1])
        return fer_fail_argument(err, FER_EINVAL, name, "%s is [value] or [least, largest]", name);
    return FER_OK;
}

static enum fer_status sprite_shape(struct fer_op *op, struct fer_error *err)
{
    const struct sprite *params = fer_op_params(op);
    enum fer_status status = check_range(&params->scale, "scale", err);
    if (status == FER_OK)
        status = check_range(&params->rotation, "rotation", err);
    return status == FER_OK ? occlude_shape(op, params->landmarks, err) : status;
}

/* The atlas and the opaque part of each tile, on the device. */
static enum fer_status bring(struct fer_emit *em, struct fer_tensor **tiles, struct fer_tensor **info,
                             struct fer_error *err)
{
    const struct sprite *params = fer_emit_params(em);
    const bool drawn = !params->dir || !*params->dir;
    char key[4300], info_key[4320];
    snprintf(key, sizeof key, "occlude sprite %s %.9g %.4096s", folds[params->fold], params->fold ? params->keep : 1.0,
             drawn ? "" : params->dir);
    snprintf(info_key, sizeof info_key, "%s info", key);
    *tiles = occlude_atlas_find(em, key);
    *info = occlude_atlas_find(em, info_key);
    if (*tiles && *info)
        return FER_OK;
    struct occlude_atlas atlas = { 0 };
    const enum occlude_fold fold = (enum occlude_fold)params->fold;
    const enum fer_status status = drawn ? occlude_atlas_drawings(&atlas, occlude_things, fold, params->keep, err)
                                         : occlude_atlas_directory(&atlas, params->dir, fold, params->keep, true, err);
    if (status == FER_OK) {
        const struct fer_shape shape = { .dtype = FER_F32, .rank = 2, .dim = { atlas.count, 1 } };
        *tiles = occlude_atlas_emit(em, key, &atlas);
        *info = fer_emit_constant(em, info_key, &shape, atlas.opaque);
    }
    occlude_atlas_free(&atlas);
    return status;
}

static enum fer_status sprite_forward(struct fer_emit *em, struct fer_error *err)
{
    const struct sprite *params = fer_emit_params(em);
    const struct fer_floats *scale = &params->scale, *turn = &params->rotation;
    struct fer_tensor *tiles, *info;
    const enum fer_status status = bring(em, &tiles, &info, err);
    if (status != FER_OK)
        return status;
    struct occlude occlude = occlude_start(em, params->landmarks, 1);
    struct fer_launch *launch = occlude_place(&occlude, "place_sprite");
    fer_launch_in(launch, "info", info);
    occlude_place_random(&occlude, launch, params->p);
    fer_launch_int(launch, params->where);
    fer_launch_float(launch, scale->items[0]);
    fer_launch_float(launch, scale->items[scale->count - 1]);
    fer_launch_float(launch, turn->items[0] * acos(-1) / 180);
    fer_launch_float(launch, turn->items[turn->count - 1] * acos(-1) / 180);
    fer_launch_float(launch, params->max_area);
    occlude_place_end(&occlude, launch);
    occlude_cover_sprite(&occlude, tiles);
    return FER_OK;
}

const struct fer_layer occlude_sprite = {
    .size = sizeof occlude_sprite,
    .name = "sprite",
    .help = "Put a picture with opacity over the face, from a directory or out of drawn hands, cups, phones, …",
    .params = sprite_params,
    .params_size = sizeof(struct sprite),
    .inputs_min = 1,
    .inputs_max = 4,
    .outputs_min = 1,
    .outputs = 4,
    .flags = FER_LAYER_DATA,
    .shape = sprite_shape,
    .forward = sprite_forward,
    .reads = occlude_reads,
    .writes = occlude_writes,
};
