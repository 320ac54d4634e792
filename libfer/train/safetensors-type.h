/* SPDX-License-Identifier: Apache-2.0
 *
 * Element types of safetensors and their conversion to float.
 */
#ifndef FER_TRAIN_SAFETENSORS_TYPE_H
#define FER_TRAIN_SAFETENSORS_TYPE_H

#include "train/safetensors.h"

bool fer_safetensors_type_find(const char *name, enum fer_safetensors_type *type);
/* `bytes` need not be aligned. */
void fer_safetensors_to_float(enum fer_safetensors_type type, const unsigned char *bytes, size_t count, float *out);

#endif
