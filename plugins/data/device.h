/* SPDX-License-Identifier: Apache-2.0
 *
 * What the operations after `batch` share.
 */
#ifndef DATA_DEVICE_H
#define DATA_DEVICE_H

#include "data.h"

#include "../emit.h"

/* What an input is: image and mask are pictures [n, c, h, w], landmarks are points [n, l, 2], a box is [n, 4]. */
enum data_field { DATA_PICTURE, DATA_POINTS, DATA_BOX };
enum data_field data_field(const struct fer_op *op, int i);

/* Check the inputs; the size of the pictures. */
enum fer_status data_picture(const struct fer_op *op, int *height, int *width, struct fer_error *err);

/* Dimension 0: columns of `tensor`; dimension 1: its lines, in all channels of all rows. */
void data_range_lines(struct fer_emit *em, struct fer_launch *launch, const struct fer_tensor *tensor);

extern const char *const data_geometry_fields[], *const data_light_fields[], *const data_on[];

/* Which picture of a pair an operation applies to; read by the compiler. */
#define DATA_ON(s)                                                                                                     \
    FER_PARAM(FER_TYPE_ENUMS, s, on, "on", "[image, image2]", 0, 0, data_on, "pictures of a pair to change")

#define DATA_GEOMETRY_LAYER                                                                                            \
    .size = sizeof(struct fer_layer), .inputs_min = 1, .inputs_max = 4, .outputs_min = 1, .outputs = 4,                \
    .flags = FER_LAYER_DATA | FER_LAYER_STOPS_GRADIENT, .reads = data_geometry_fields
#define DATA_LIGHT_LAYER                                                                                               \
    .size = sizeof(struct fer_layer), .inputs_min = 1, .inputs_max = 1, .outputs_min = 1, .outputs = 1,                \
    .flags = FER_LAYER_DATA | FER_LAYER_STOPS_GRADIENT, .reads = data_light_fields

#endif
