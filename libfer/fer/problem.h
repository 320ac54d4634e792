/* SPDX-License-Identifier: Apache-2.0
 *
 * Problems that more than one plugin can solve, said as data: who poses one fills such a struct, who solves it reads
 * nothing else.  See fer/solver.h.
 */
#ifndef FER_PROBLEM_H
#define FER_PROBLEM_H

#include <fer/op.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a problem is, and which struct says it. */
enum fer_problem_kind {
    FER_PROBLEM_OTHER,      /* nobody but its layer knows */
    FER_PROBLEM_PRODUCT,    /* struct fer_product */
    FER_PROBLEM_CONVOLUTION /* struct fer_convolution */
};

/* A matrix inside a tensor of plain layout: element (row, column) lies row * row_step + column * column_step elements
 * after the start of its matrix, and `next` elements lie between the starts of matrices. */
struct fer_matrix {
    struct fer_tensor *tensor;
    int row_step, column_step, next;
};

/* c = a b (+ bias, one for each column), for every matrix.  rows x depth times depth x columns; a range that is 0 is
 * the live batch, the rows of axis 0 of a's tensor.  c is row-major.  `matrices` is the number of products in one row
 * of c's axis 0, or 0 for a single product (in which c's axis 0 is the rows of the product, or fixed). */
struct fer_product {
    size_t size;
    struct fer_matrix a, b;
    struct fer_tensor *bias, *c; /* f32[columns] or NULL; written whole */
    int rows, columns, depth, matrices;
};

/* Sizes of a 2-D convolution (cross-correlation).  n is the batch's capacity; nothing that is computed may depend on
 * it, but buffers and the division of work may.  c, h, w are the side that FORWARD reads, k, oh, ow the side that it
 * writes; the kernel is square, `pad` zeros lie at each side, pixels of x outside of it are zero. */
struct fer_convolution_shape {
    int n, c, h, w, k, oh, ow;
    int kernel, stride, pad, dilation, groups;
    enum fer_layout x, y; /* of the tensors of that name */
    enum fer_profile profile;
};

enum fer_convolution_pass { FER_CONVOLUTION_FORWARD, FER_CONVOLUTION_DATA, FER_CONVOLUTION_WEIGHTS };

/* A pass of a convolution.  x is [n][c][h][w], y [n][k][oh][ow], w [k][c / groups][kernel][kernel], plain.
 *   FORWARD   y = activation(bias + w * x + add)   reads x, w, bias f32[k] (or NULL), add (or NULL; shaped and laid out
 *             as y, it may lie where y does: every element is read by the work-item that writes it, before it writes
 *             it; FER_ACTIVATE of prelude.cl is the activation)
 *   DATA      x = the gradient          reads y (its gradient) and w
 *   WEIGHTS   w = the gradient          reads x and y (its gradient)
 * What is written is written whole, the zero lanes of a blocked layout too. */
struct fer_convolution {
    size_t size;
    enum fer_convolution_pass pass;
    struct fer_convolution_shape shape;
    struct fer_tensor *x, *w, *bias, *y, *add;
    enum fer_activation activation;
    double slope; /* of FER_ACTIVATION_LEAKY_RELU */
};

#ifdef __cplusplus
}
#endif
#endif
