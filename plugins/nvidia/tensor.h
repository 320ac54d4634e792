/* SPDX-License-Identifier: Apache-2.0
 *
 * Launches of tensor.cl.
 */
#ifndef FER_NVIDIA_TENSOR_H
#define FER_NVIDIA_TENSOR_H

#include "../emit.h"

/* What is multiplied is rounded to TF32 or to bf16; sums are f32. */
struct tensor_way {
    bool bfloat;
    bool emulate; /* in plain OpenCL C, slowly, on any device: for tests */
};

/* The errors that this causes, 2u with u = 2^-11 and 2^-8 (docs/kernels.md, Rounded products). */
#define TENSOR_TF32_ERROR 0x1p-10
#define TENSOR_BF16_ERROR 0x1p-7

/* Of every solver here; NULL-terminated.  values[0] is the tile. */
extern const char *const tensor_sources[];
extern const struct fer_tunable *const tensor_tunables[];

/* What the kernels can do: a fixed number of columns; plain layouts. */
bool tensor_can_multiply(const struct fer_product *product);
bool tensor_can_convolve(const struct fer_convolution *conv);
void tensor_emit_product(struct fer_emit *em, const struct fer_product *product, const int *values,
                         struct tensor_way way);
void tensor_emit_convolution(struct fer_emit *em, const struct fer_convolution *conv, const int *values,
                             struct tensor_way way);

#endif
