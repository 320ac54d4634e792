/* SPDX-License-Identifier: Apache-2.0
 *
 * The solvers, for the one file of a plugin that includes this: it says where they apply, in functions `multiplies` and
 * `convolves`, and TENSOR_EMULATE.  They are in `solvers`.
 */
#ifndef FER_NVIDIA_TABLE_H
#define FER_NVIDIA_TABLE_H

#include "tensor.h"

static const struct tensor_way tf32_way = { .bfloat = false, .emulate = TENSOR_EMULATE };
static const struct tensor_way bf16_way = { .bfloat = true, .emulate = TENSOR_EMULATE };

static void multiply_tf32(struct fer_emit *em, const void *detail, const int *values)
{
    tensor_emit_product(em, detail, values, tf32_way);
}

static void multiply_bf16(struct fer_emit *em, const void *detail, const int *values)
{
    tensor_emit_product(em, detail, values, bf16_way);
}

static void convolve_tf32(struct fer_emit *em, const void *detail, const int *values)
{
    tensor_emit_convolution(em, detail, values, tf32_way);
}

static void convolve_bf16(struct fer_emit *em, const void *detail, const int *values)
{
    tensor_emit_convolution(em, detail, values, bf16_way);
}

#define SOLVER(name_, sources_, help_)                                                                                 \
    static const struct fer_solver name_ = { sizeof(struct fer_solver), #name_, help_, sources_, tensor_tunables }
SOLVER(product_tf32, tensor_product_sources, "tensor cores; what is multiplied is rounded to TF32");
SOLVER(product_bf16, tensor_product_sources, "tensor cores; what is multiplied is rounded to bf16");
SOLVER(convolution_tf32, tensor_conv_sources,
       "an implicit product by tensor cores; what is multiplied is rounded to TF32");
SOLVER(convolution_bf16, tensor_conv_sources,
       "an implicit product by tensor cores; what is multiplied is rounded to bf16");

#define PRODUCT .size = sizeof(struct fer_added_solver), .kind = FER_PROBLEM_PRODUCT, .applicable = multiplies
#define CONVOLUTION .size = sizeof(struct fer_added_solver), .kind = FER_PROBLEM_CONVOLUTION, .applicable = convolves
#define TF32 .preferred = true, .products = FER_PRODUCTS_TF32, .tolerance = TENSOR_TF32_ERROR
#define BF16 .preferred = true, .products = FER_PRODUCTS_BF16, .tolerance = TENSOR_BF16_ERROR
/* bf16 first: where it is allowed it is the faster. */
static const struct fer_added_solver added[] = {
    { PRODUCT, BF16, .solver = &product_bf16, .emit = multiply_bf16 },
    { PRODUCT, TF32, .solver = &product_tf32, .emit = multiply_tf32 },
    { CONVOLUTION, BF16, .solver = &convolution_bf16, .emit = convolve_bf16 },
    { CONVOLUTION, TF32, .solver = &convolution_tf32, .emit = convolve_tf32 },
};
static const struct fer_added_solver *const solvers[] = { &added[0], &added[1], &added[2], &added[3], NULL };

#endif
