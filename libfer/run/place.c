/* SPDX-License-Identifier: Apache-2.0 */
#include "run/place.h"

#include <stdlib.h>
#include <string.h>

static const char *name_of(const struct fer_tensor *tensor)
{
    return tensor->name ? tensor->name : "a tensor";
}

/* ---- constants ---- */

static uint32_t pattern_of(const struct fer_tensor *tensor)
{
    uint32_t bits = 0;
    float value = tensor->fill;

    switch (tensor->shape.dtype) {
    case FER_F32: memcpy(&bits, &value, sizeof(bits)); break;
    case FER_I32: bits = (uint32_t)(int32_t)value; break;
    case FER_U32: bits = (uint32_t)value; break;
    case FER_U8: bits = (uint32_t)(uint8_t)value * 0x01010101u; break;
    }
    return bits;
}

/* The lanes past the last channel of a blocked tensor are zero, whatever its value. */
static enum fer_status clear_lanes(const struct fer_tensor *tensor, struct fer_buffer *buffer, struct fer_error *err)
{
    const int *dim = tensor->shape.dim;
    size_t element = fer_tensor_element(tensor), used = (size_t)dim[1] % FER_BLOCK;
    size_t plane = (size_t)dim[2] * (size_t)dim[3], row = fer_tensor_size(tensor) / (size_t)dim[0];
    size_t bytes = plane * FER_BLOCK * element;
    uint32_t pattern = pattern_of(tensor);
    unsigned char *block = calloc(bytes, 1);
    enum fer_status status = FER_OK;

    if (!block)
        return fer_fail(err, FER_ENOMEM, "out of memory while %s was filled", name_of(tensor));
    for (size_t i = 0; i < plane * FER_BLOCK; i++) {
        if (i % FER_BLOCK < used)
            memcpy(block + i * element, &pattern, element);
    }
    for (int n = 0; n < dim[0] && !status; n++)
        status = fer_buffer_write(buffer, ((size_t)n + 1) * row * element - bytes, block, bytes, err);
    free(block);
    return status;
}

static enum fer_status fill_constant(const struct fer_tensor *tensor, struct fer_buffer *buffer, struct fer_error *err)
{
    enum fer_status status = fer_buffer_fill(buffer, 0, fer_tensor_bytes(tensor), pattern_of(tensor), err);

    if (!status && tensor->layout == FER_LAYOUT_BLOCKED && tensor->shape.rank == 4 &&
        tensor->shape.dim[1] % FER_BLOCK != 0)
        status = clear_lanes(tensor, buffer, err);
    return status;
}

/* ---- allocation ---- */

static enum fer_status make_arenas(struct fer_places *places, struct fer_device *device,
                                   const struct fer_program *program, bool poison, struct fer_error *err)
{
    enum fer_status status = FER_OK;

    places->arenas = calloc((size_t)program->narenas + 1, sizeof(struct fer_buffer *));
    if (!places->arenas)
        return fer_fail(err, FER_ENOMEM, "out of memory while an arena was made");
    places->narenas = program->narenas;
    for (int i = 0; i < program->narenas && !status; i++) {
        status = fer_buffer_create(device, program->arenas[i], &places->arenas[i], err);
        if (!status && poison)
            status = fer_buffer_fill(places->arenas[i], 0, program->arenas[i], FER_POISON, err);
        places->bytes += program->arenas[i];
    }
    return status ? fer_fail_prefix(err, "the memory of intermediate results (%.1f MiB)",
                                    (double)program->arena_bytes / (1 << 20))
                  : FER_OK;
}

static enum fer_status make_own(struct fer_places *places, struct fer_device *device, const struct fer_tensor *tensor,
                                bool poison, struct fer_error *err)
{
    size_t bytes = fer_tensor_bytes(tensor);
    enum fer_status status = fer_buffer_create(device, bytes, &places->own[tensor->id], err);

    if (status)
        return fer_fail_prefix(err, "the memory of %s", name_of(tensor));
    places->bytes += bytes;
    if (tensor->storage == FER_STORAGE_CONSTANT && tensor->data)
        return fer_buffer_write(places->own[tensor->id], 0, tensor->data, bytes, err);
    if (tensor->storage == FER_STORAGE_CONSTANT)
        return fill_constant(tensor, places->own[tensor->id], err);
    if (poison)
        return fer_buffer_fill(places->own[tensor->id], 0, bytes, FER_POISON, err);
    if (tensor->storage == FER_STORAGE_INPUT)
        return fer_buffer_fill(places->own[tensor->id], 0, bytes, 0, err);
    return FER_OK;
}

enum fer_status fer_places_create(struct fer_places *places, struct fer_device *device,
                                  const struct fer_program *program, bool poison, struct fer_error *err)
{
    enum fer_status status;

    *places = (struct fer_places){ .ntensors = program->ntensors };
    places->own = calloc((size_t)program->ntensors + 1, sizeof(struct fer_buffer *));
    if (!places->own)
        return fer_fail(err, FER_ENOMEM, "out of memory while %d tensors were made", program->ntensors);
    status = make_arenas(places, device, program, poison, err);
    for (int i = 0; i < program->ntensors && !status; i++) {
        const struct fer_tensor *tensor = program->tensors[i];

        if (!tensor->base && tensor->storage != FER_STORAGE_ARENA && tensor->storage != FER_STORAGE_PERSISTENT)
            status = make_own(places, device, tensor, poison, err);
    }
    if (status)
        fer_places_free(places);
    return status;
}

void fer_places_free(struct fer_places *places)
{
    for (int i = 0; i < places->narenas; i++)
        fer_buffer_free(places->arenas[i]);
    for (int i = 0; places->own && i < places->ntensors; i++)
        fer_buffer_free(places->own[i]);
    free(places->arenas);
    free(places->own);
    *places = (struct fer_places){ 0 };
}

/* ---- where is it ---- */

enum fer_status fer_places_find(const struct fer_places *places, const struct fer_tensor *tensor,
                                struct fer_buffer **buffer, size_t *byte, struct fer_error *err)
{
    const struct fer_tensor *root = tensor->base ? tensor->base : tensor;

    *buffer = NULL;
    *byte = 0;
    if (root->storage == FER_STORAGE_PERSISTENT)
        *buffer = root->buffer;
    else if (root->storage != FER_STORAGE_ARENA && root->id >= 0 && root->id < places->ntensors)
        *buffer = places->own[root->id];
    else if (root->first >= 0 && root->arena >= 0 && root->arena < places->narenas)
        *buffer = places->arenas[root->arena];
    if (!*buffer)
        return fer_fail(err, FER_EINVAL, "%s has no memory: %s", name_of(tensor),
                        root->storage == FER_STORAGE_PERSISTENT ? "its model has none" : "nothing computes it");
    if (root->storage == FER_STORAGE_PERSISTENT || root->storage == FER_STORAGE_ARENA)
        *byte = root->offset * fer_tensor_element(root);
    *byte += tensor->base ? tensor->view * fer_tensor_element(root) : 0;
    if (*byte > (*buffer)->bytes || fer_tensor_bytes(tensor) > (*buffer)->bytes - *byte)
        return fer_fail(err, FER_EINVAL, "%s ends after the %zu bytes of its buffer", name_of(tensor),
                        (*buffer)->bytes);
    return FER_OK;
}
