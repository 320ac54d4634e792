/* SPDX-License-Identifier: Apache-2.0
 *
 * Weights, which nets own.
 */
#ifndef FER_GRAPH_WEIGHT_H
#define FER_GRAPH_WEIGHT_H

#include "graph/description.h"

/* Find or declare the weight op->path.name; a later use with another shape is an error that names both. */
enum fer_status fer_weight_declare(struct fer_op *op, const char *name, const struct fer_shape *shape,
                                   struct fer_init init, bool trained, struct fer_weight **out, struct fer_error *err);

#endif
