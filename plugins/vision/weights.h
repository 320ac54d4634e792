/* SPDX-License-Identifier: Apache-2.0
 *
 * How the weights of conv2d, deconv2d and linear start.
 */
#ifndef FER_VISION_WEIGHTS_H
#define FER_VISION_WEIGHTS_H

#include <fer/plugin.h>

/* The names, in the order of weights_init_kind. */
extern const char *const weights_init_choices[];
enum weights_init_kind {
    WEIGHTS_KAIMING_UNIFORM,        /* PyTorch's default: uniform within 1 / sqrt(fan in), the bias too */
    WEIGHTS_KAIMING_NORMAL_FAN_OUT, /* torchvision's ResNet, VGG and MobileNet: normal, variance 2 / fan out */
    WEIGHTS_KAIMING_NORMAL_FAN_IN,  /* He et al., 2015, arXiv:1502.01852, eq. 10 */
    WEIGHTS_XAVIER_UNIFORM,         /* Glorot and Bengio, 2010, eq. 16 */
    WEIGHTS_NORMAL,                 /* normal with a given deviation (torchvision's VGG: linear, 0.01) */
    WEIGHTS_ZERO
};

/* Inputs that an output sums over, outputs that an input adds to. */
struct weights_fan {
    double in, out;
};
struct fer_init weights_init(int kind, struct weights_fan fan, double std);
/* The bias: PyTorch's default goes with kaiming_uniform, else zero. */
struct fer_init weights_init_bias(int kind, struct weights_fan fan);

#endif
