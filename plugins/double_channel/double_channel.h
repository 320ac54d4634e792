/* SPDX-License-Identifier: Apache-2.0
 *
 * Double-channel network (Tang, Xiang, Wei 2021): the operations of this plugin.
 */
#ifndef FER_DOUBLE_CHANNEL_H
#define FER_DOUBLE_CHANNEL_H

#include "../emit.h"

extern const struct fer_layer fer_cross_product, fer_gate, fer_same_label;

/* Refuse input i unless it is a map of floats. */
enum fer_status fer_double_channel_map(const struct fer_op *op, int i, struct fer_error *err);

#endif
