/* SPDX-License-Identifier: Apache-2.0
 *
 * Matrix products for linear and matmul.
 */
#ifndef FER_VISION_GEMM_H
#define FER_VISION_GEMM_H

#include "../emit.h"

/* Let the core choose who computes the product, and emit. */
void gemm_emit(struct fer_emit *em, const struct fer_product *product);

/* The product by CLBlast, where configure has found it (HAVE_CLBLAST). */
#define GEMM_CLBLAST "CLBlast" /* as the source of a call */
extern const struct fer_solver gemm_clblast_solver;
bool gemm_clblast_applies(const struct fer_product *product);
struct fer_launch *gemm_clblast_emit(struct fer_emit *em, const struct fer_product *product);

#endif
