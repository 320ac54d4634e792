/* SPDX-License-Identifier: Apache-2.0
 *
 * Shapes and tensors as plugins see them.  A tensor here is a place in a program
 * that will run later: it has a shape and a layout, but no data.
 */
#ifndef FER_TENSOR_H
#define FER_TENSOR_H

#include <fer/status.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FER_MAX_RANK 5

enum fer_dtype { FER_F32, FER_I32, FER_U32, FER_U8 };

/* A logical shape, outermost axis first: images are N, C, H, W as in PyTorch.
 * `batch` says whether axis 0 is the batch axis: 0, it is not; k >= 1, it holds k rows
 * for each sample of the live batch (ten crops: 10), and dim[0] is k times the batch's
 * capacity.  At run time the live batch may be smaller than the capacity. */
struct fer_shape {
    enum fer_dtype dtype;
    int rank;
    int dim[FER_MAX_RANK];
    int batch;
};

/* How a tensor of rank 4 lies in memory.
 *   PLAIN    N, C, H, W
 *   BLOCKED  N, ceil(C/16), H, W, 16: channels in blocks of 16, the lanes past C are zero.
 * Tensors of another rank are always PLAIN. */
enum fer_layout { FER_LAYOUT_PLAIN, FER_LAYOUT_BLOCKED };
#define FER_BLOCK 16

struct fer_tensor;

/* Elements of a shape at full capacity, blocked padding not counted. */
FER_API size_t fer_shape_count(const struct fer_shape *shape);
/* Elements of one row of axis 0. */
FER_API size_t fer_shape_row(const struct fer_shape *shape);
/* The same rank, axes, type, and batch axis or none. */
FER_API bool fer_shape_equal(const struct fer_shape *a, const struct fer_shape *b);
/* "64 x 7 x 7" into `text`; the batch axis is written N (or 10N). Returns text. */
FER_API const char *fer_shape_text(const struct fer_shape *shape, char *text, size_t size);
/* A shape of f32 with axis 0 of `like`, batch or not (none when like is NULL), and then `axes` axes of its own:
 * fer_shape_make(x, 3, (int[]){ 64, 7, 7 }) is N x 64 x 7 x 7. */
FER_API struct fer_shape fer_shape_make(const struct fer_shape *like, int axes, const int *dims);

/* At full capacity; lives as long as the tensor. */
FER_API const struct fer_shape *fer_tensor_shape(const struct fer_tensor *tensor);
/* How its channels lie in memory. */
FER_API enum fer_layout fer_tensor_layout(const struct fer_tensor *tensor);
/* Elements in memory at full capacity, blocked padding counted. */
FER_API size_t fer_tensor_size(const struct fer_tensor *tensor);

#ifdef __cplusplus
}
#endif
#endif
