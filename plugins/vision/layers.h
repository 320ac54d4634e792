/* SPDX-License-Identifier: Apache-2.0
 *
 * The layers of this plugin, one file a family.
 */
#ifndef FER_VISION_LAYERS_H
#define FER_VISION_LAYERS_H

#include <fer/plugin.h>

extern const struct fer_layer fer_conv2d, fer_deconv2d, fer_linear, fer_matmul;
extern const struct fer_layer fer_batchnorm, fer_groupnorm, fer_normalize, fer_l2_normalize;
extern const struct fer_layer fer_relu, fer_leaky_relu, fer_prelu, fer_sigmoid, fer_tanh, fer_softmax, fer_dropout;
extern const struct fer_layer fer_maxpool, fer_avgpool, fer_upsample, fer_resize, fer_resize_like;
extern const struct fer_layer fer_add, fer_mul, fer_sub, fer_scale, fer_reduce, fer_mean;
extern const struct fer_layer fer_concat, fer_slice, fer_pad, fer_gather, fer_channel_shuffle;
extern const struct fer_layer fer_permute, fer_reshape, fer_flatten, fer_detach;

#endif
