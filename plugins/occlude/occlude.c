/* SPDX-License-Identifier: Apache-2.0
 *
 * The plugin occlude.
 */
#include "occlude.h"

static const struct fer_layer *const layers[] = {
    &occlude_patch,  &occlude_half,      &occlude_band,       &occlude_part, &occlude_eyes,
    &occlude_sprite, &occlude_face_mask, &occlude_sunglasses, NULL,
};

FER_PLUGIN(occlude){
    FER_PLUGIN_HEAD(occlude), .version = "1.0.0",
    .license = "Apache-2.0",  .help = "Occluders: they cover part of a picture and say which",
    .layers = layers,
};
