/* SPDX-License-Identifier: Apache-2.0
 *
 * FFRA-Net (Chen, Liu, Zhao, Ji 2023): the operations of this plugin.
 */
#ifndef FER_FFRA_H
#define FER_FFRA_H

#include "../emit.h"

extern const struct fer_layer fer_shuffle_attention, fer_part, fer_assemble;

#endif
