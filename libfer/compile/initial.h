/* SPDX-License-Identifier: Apache-2.0
 *
 * The values that a weight starts with.
 */
#ifndef FER_COMPILE_INITIAL_H
#define FER_COMPILE_INITIAL_H

#include "graph/description.h"

/* Into out[fer_shape_count(&weight->shape)].  They depend on the seed, the weight's path and the element alone, not on
 * how many threads of the host share the work. */
void fer_weight_initialise(const struct fer_weight *weight, uint64_t seed, float *out);

#endif
