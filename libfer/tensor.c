/* SPDX-License-Identifier: Apache-2.0 */
#include <fer/tensor.h>

#include "run/program.h"

#include <stdio.h>

/* Sizes come from descriptions; a product that does not fit stays at SIZE_MAX, which no device grants. */
static size_t times(size_t a, size_t b)
{
    size_t product;

    return __builtin_mul_overflow(a, b, &product) ? SIZE_MAX : product;
}

static size_t axis(const struct fer_shape *shape, int i)
{
    return shape->dim[i] > 0 ? (size_t)shape->dim[i] : 0;
}

static size_t product(const struct fer_shape *shape, int from)
{
    size_t count = 1;

    if (shape->rank < 0 || shape->rank > FER_MAX_RANK)
        return 0;
    for (int i = from; i < shape->rank; i++) {
        if (axis(shape, i) == 0)
            return 0;
        count = times(count, axis(shape, i));
    }
    return count;
}

size_t fer_shape_count(const struct fer_shape *shape)
{
    return product(shape, 0);
}

size_t fer_shape_row(const struct fer_shape *shape)
{
    return product(shape, 1);
}

bool fer_shape_equal(const struct fer_shape *a, const struct fer_shape *b)
{
    if (a->dtype != b->dtype || a->rank != b->rank || a->batch != b->batch)
        return false;
    for (int i = 0; i < a->rank; i++) {
        if (a->dim[i] != b->dim[i])
            return false;
    }
    return true;
}

static int axis_text(const struct fer_shape *shape, int i, char *text, size_t size)
{
    const char *cross = i > 0 ? " x " : "";

    if (i > 0 || shape->batch == 0)
        return snprintf(text, size, "%s%d", cross, shape->dim[i]);
    if (shape->batch == 1)
        return snprintf(text, size, "N");
    return snprintf(text, size, "%dN", shape->batch);
}

const char *fer_shape_text(const struct fer_shape *shape, char *text, size_t size)
{
    size_t used = 0;

    if (size == 0)
        return text;
    snprintf(text, size, "%s", shape->rank == 0 ? "scalar" : "");
    for (int i = 0; i < shape->rank && i < FER_MAX_RANK && used < size; i++)
        used += (size_t)axis_text(shape, i, text + used, size - used);
    return text;
}

struct fer_shape fer_shape_make(const struct fer_shape *like, int rank, const int *dims)
{
    struct fer_shape shape = { .dtype = FER_F32 };
    int first = like && like->rank > 0 ? 1 : 0;

    /* A rank that does not exist gives a shape that holds nothing, which the compiler refuses. */
    shape.rank = rank + first;
    if (rank < 0 || shape.rank > FER_MAX_RANK) {
        shape.rank = -1;
        return shape;
    }
    if (first) {
        shape.dim[0] = like->dim[0];
        shape.batch = like->batch;
    }
    for (int i = 0; i < rank; i++)
        shape.dim[first + i] = dims[i];
    return shape;
}

const struct fer_shape *fer_tensor_shape(const struct fer_tensor *tensor)
{
    return &tensor->shape;
}

enum fer_layout fer_tensor_layout(const struct fer_tensor *tensor)
{
    return tensor->layout;
}

size_t fer_tensor_size(const struct fer_tensor *tensor)
{
    const struct fer_shape *shape = &tensor->shape;
    size_t blocks, plane;

    if (tensor->layout != FER_LAYOUT_BLOCKED || shape->rank != 4)
        return fer_shape_count(shape);
    blocks = (axis(shape, 1) + FER_BLOCK - 1) / FER_BLOCK;
    plane = times(axis(shape, 2), axis(shape, 3));
    return times(times(axis(shape, 0), blocks * FER_BLOCK), plane);
}

size_t fer_dtype_size(enum fer_dtype dtype)
{
    return dtype == FER_U8 ? 1 : 4;
}

size_t fer_tensor_element(const struct fer_tensor *tensor)
{
    return tensor->precision == FER_FP32 ? fer_dtype_size(tensor->shape.dtype) : 2;
}

const char *fer_dtype_name(enum fer_dtype dtype)
{
    switch (dtype) {
    case FER_F32: return "f32";
    case FER_I32: return "i32";
    case FER_U32: return "u32";
    case FER_U8: return "u8";
    }
    return "?";
}

size_t fer_tensor_bytes(const struct fer_tensor *tensor)
{
    return times(fer_tensor_size(tensor), fer_tensor_element(tensor));
}

int fer_program_capacity(const struct fer_program *program, int branch)
{
    return branch > 0 && branch <= program->nbranches ? program->branches[branch - 1].capacity : program->capacity;
}

size_t fer_extent_size(struct fer_extent extent, int n)
{
    size_t divide = extent.divide > 1 ? extent.divide : 1;
    size_t rows = extent.batch > 0 ? times((size_t)extent.batch, n > 0 ? (size_t)n : 0) : 1;
    size_t items = times(extent.count, rows);

    return items / divide + (items % divide != 0);
}

enum fer_status fer_launch_prefix(const struct fer_launch *launch, struct fer_error *err)
{
    if (launch->label && launch->op && launch->pass)
        return fer_fail_prefix(err, "%s (%s, %s)", launch->label, launch->op, launch->pass);
    if (launch->label || launch->op)
        return fer_fail_prefix(err, "%s", launch->label ? launch->label : launch->op);
    return err->status;
}
