/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of the plugin `vision`.
 */
#include "layers.h"

static const struct fer_layer *const layers[] = { &fer_conv2d,
                                                  &fer_deconv2d,
                                                  &fer_linear,
                                                  &fer_matmul,
                                                  &fer_batchnorm,
                                                  &fer_groupnorm,
                                                  &fer_normalize,
                                                  &fer_l2_normalize,
                                                  &fer_relu,
                                                  &fer_leaky_relu,
                                                  &fer_prelu,
                                                  &fer_sigmoid,
                                                  &fer_tanh,
                                                  &fer_softmax,
                                                  &fer_dropout,
                                                  &fer_maxpool,
                                                  &fer_avgpool,
                                                  &fer_upsample,
                                                  &fer_resize,
                                                  &fer_resize_like,
                                                  &fer_add,
                                                  &fer_mul,
                                                  &fer_sub,
                                                  &fer_scale,
                                                  &fer_reduce,
                                                  &fer_mean,
                                                  &fer_concat,
                                                  &fer_slice,
                                                  &fer_pad,
                                                  &fer_gather,
                                                  &fer_channel_shuffle,
                                                  &fer_permute,
                                                  &fer_reshape,
                                                  &fer_flatten,
                                                  &fer_detach,
                                                  NULL };

FER_PLUGIN(vision){ FER_PLUGIN_HEAD(vision), .version = "1.0.0", .license = "Apache-2.0",
                    .help = "layers of convolutional networks, with PyTorch's names and defaults", .layers = layers };
