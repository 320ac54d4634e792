/* SPDX-License-Identifier: Apache-2.0 */
#include "data.h"

static const struct fer_reader *const readers[] = { &data_folder,  &data_manifest, &data_list,  &data_fer2013,
                                                    &data_ferplus, &data_ckplus,   &data_rafdb, &data_affectnet,
                                                    &data_sfew,    &data_jaffe,    &data_kdef,  &data_packed,
                                                    &data_merge,   &data_noise,    NULL };
static const struct fer_transform *const transforms[] = { &data_align, &data_resize, &data_boxcrop,
                                                          &data_gray,  &data_rgb,    NULL };
static const struct fer_sampler *const samplers[] = { &data_shuffle, &data_balanced, &data_take,
                                                      &data_keep,    &data_group,    &data_fold,
                                                      &data_split,   &data_pairs,    NULL };
static const struct fer_layer *const layers[] = { &data_randcrop, &data_centercrop, &data_tencrop,  &data_hflip,
                                                  &data_rotate,   &data_brightness, &data_contrast, NULL };

FER_PLUGIN(data){
    FER_PLUGIN_HEAD(data),    .version = "1.0.0",
    .license = "Apache-2.0",  .help = "readers, host transforms, samplers and augmentation",
    .layers = layers,         .readers = readers,
    .transforms = transforms, .samplers = samplers,
};
