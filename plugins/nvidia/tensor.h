/* SPDX-License-Identifier: Apache-2.0
 *
 * Products and convolutions by tensor cores: tensor_product.cl, tensor_conv.cl, and tensor.cl, which both include.
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

/* Of solvers here; NULL-terminated. */
extern const char *const tensor_product_sources[], *const tensor_conv_sources[];
extern const struct fer_tunable *const tensor_tunables[];

/* What the kernels can do: a fixed number of columns; plain layouts. */
bool tensor_can_multiply(const struct fer_product *product);
bool tensor_can_convolve(const struct fer_convolution *conv);
void tensor_emit_product(struct fer_emit *em, const struct fer_product *product, const int *values,
                         struct tensor_way way);
void tensor_emit_convolution(struct fer_emit *em, const struct fer_convolution *conv, const int *values,
                             struct tensor_way way);

/* ---- what both share ---- */

enum {
    TENSOR_SMALL = 64, /* sides of a tile */
    TENSOR_WIDE = 128,
    TENSOR_STEP = 16 /* words of the depth that are multiplied in a step: WORDS in tensor.cl */
};

struct tensor_tile {
    size_t rows, columns, items; /* rows and columns of results, work-items */
};

/* As wide as leaves enough work-groups; columns first, because what lies in rows is packed or small.  wishes: values of
 * the tunables.  heavy: with large tiles a small group would not have the registers. */
struct tensor_tile tensor_tile_find(size_t rows, size_t columns, size_t products, const int *wishes, bool heavy);
struct fer_launch *tensor_launch(struct fer_emit *em, const char *source, const char *kernel, struct tensor_tile tile,
                                 struct tensor_way way, const char *options);
/* A work-group is one row of work-items; `columns` of its dimension 0 are work-items, the others count groups. */
void tensor_range(struct fer_launch *launch, struct tensor_tile tile, struct fer_extent columns, struct fer_extent rows,
                  struct fer_extent z);
struct fer_extent tensor_groups(struct tensor_tile tile, size_t columns);

static inline size_t tensor_divide_up(size_t a, size_t b)
{
    return a / b + (a % b != 0);
}

static inline size_t tensor_round_up(size_t a, size_t b)
{
    return tensor_divide_up(a, b) * b;
}

#endif
