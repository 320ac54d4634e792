/* SPDX-License-Identifier: Apache-2.0
 *
 * Matrix products for linear and matmul.
 */
#ifndef FER_VISION_GEMM_H
#define FER_VISION_GEMM_H

#include "../emit.h"

/* A matrix inside a tensor: element (row, column) lies row * row_step + column * column_step elements after the start
 * of its matrix, and `next` elements lie between matrices. */
struct gemm_matrix {
    struct fer_tensor *tensor;
    int row_step, column_step, next;
};

/* c = a b (+ bias, one for each column), for every matrix.  rows x depth times depth x columns; a range that is 0 is
 * the live batch, the rows of axis 0 of a's tensor.  c is row-major.  `matrices` is the number of products in one row
 * of c's axis 0, or 0 for a single product (in which c's axis 0 is the rows of the product, or fixed). */
struct gemm {
    struct gemm_matrix a, b;
    struct fer_tensor *bias, *c;
    int rows, columns, depth, matrices;
};
void gemm_emit(struct fer_emit *em, const struct gemm *gemm);

/* The product by CLBlast, where configure has found it (HAVE_CLBLAST). */
extern const struct fer_solver gemm_clblast_solver;
bool gemm_clblast_applies(const struct gemm *gemm);
struct fer_launch *gemm_clblast_emit(struct fer_emit *em, const struct gemm *gemm);

#endif
