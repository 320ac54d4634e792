/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of this plugin give to its table.
 */
#ifndef DATA_DATA_H
#define DATA_DATA_H

#include "catalog.h"

#include <fer/plugin.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const struct fer_reader data_folder, data_manifest, data_list, data_fer2013, data_ferplus, data_ckplus,
    data_rafdb, data_affectnet, data_sfew, data_jaffe, data_kdef, data_packed, data_merge, data_noise;
extern const struct fer_transform data_align, data_resize, data_boxcrop, data_gray, data_rgb;
extern const struct fer_sampler data_shuffle, data_balanced, data_take, data_keep, data_group, data_fold, data_split,
    data_pairs;
extern const struct fer_layer data_randcrop, data_centercrop, data_tencrop, data_hflip, data_rotate, data_brightness,
    data_contrast;

/* What all readers' open has in common: a packed file in place of the path is read as such, else `fill` makes the
 * list; then the split is chosen. */
typedef enum fer_status catalog_fill(struct catalog *catalog, const void *params, const char *path,
                                     struct fer_error *err);
enum fer_status catalog_open(catalog_fill *fill, const void *params, const char *path, const struct division *division,
                             const struct fer_data_env *env, void **state, size_t *count, unsigned *fields,
                             struct fer_error *err);

#endif
