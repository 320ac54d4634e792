/* SPDX-License-Identifier: Apache-2.0
 *
 * fer/op.h while an operation is emitted: what it has, and what it makes.
 */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "compile/emit.h"

enum fer_status fer_emit_fail(struct fer_emit *em, enum fer_status status, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (!em->status)
        em->status = fer_fail(em->err, status, "%s: %s", em->op ? em->op->layer->name : "core", text);
    return em->status;
}

enum fer_profile fer_emit_profile(const struct fer_emit *em)
{
    return em->c->profile;
}

int fer_emit_vec_lanes(const struct fer_emit *em)
{
    return em->c->store->device->vec_lanes;
}

const struct fer_device_facts *fer_emit_device(const struct fer_emit *em)
{
    return &em->c->facts;
}

bool fer_emit_device_has(const struct fer_emit *em, const char *extension)
{
    return fer_device_has(em->c->store->device, extension);
}

enum fer_products fer_emit_products(const struct fer_emit *em)
{
    return em->c->options ? fer_precision_products(em->c->options->precision) : FER_PRODUCTS_FULL;
}

const struct fer_op *fer_emit_op(const struct fer_emit *em)
{
    return em->op;
}

const void *fer_emit_params(const struct fer_emit *em)
{
    return em->op ? em->op->params : NULL;
}

bool fer_emit_training(const struct fer_emit *em)
{
    return em->op && em->op->training;
}

bool fer_emit_tracking(const struct fer_emit *em)
{
    return em->tracking;
}

bool fer_emit_has_backward(const struct fer_emit *em)
{
    return em->has_backward;
}

enum fer_activation fer_emit_activation(const struct fer_emit *em)
{
    return em->epilogue.activation;
}

const struct fer_epilogue *fer_emit_epilogue(const struct fer_emit *em)
{
    return &em->epilogue;
}

struct fer_tensor *fer_emit_input(const struct fer_emit *em, int i)
{
    return em->op && i >= 0 && i < em->op->nin ? fer_compiler_value(em->c, em->op->in[i]) : NULL;
}

struct fer_tensor *fer_emit_output(const struct fer_emit *em, int i)
{
    return em->op && i >= 0 && i < em->op->nout ? fer_compiler_value(em->c, em->op->out[i]) : NULL;
}

struct fer_tensor *fer_emit_weight(const struct fer_emit *em, int i)
{
    if (!em->op || i < 0 || i >= em->op->nweights)
        return NULL;
    if (i == 0 && em->folded)
        return em->folded;
    return em->op->is_metric ? em->op->buffer_tensor[i] : fer_compiler_weight(em->c, em->op->weights[i]);
}

struct fer_tensor *fer_emit_saved(const struct fer_emit *em, int i)
{
    if (!em->op || i < 0 || i >= em->op->nsaved)
        return NULL;
    if (!em->op->saved_tensor[i]) {
        const struct fer_shape shape = fer_compiler_shape(em->c, &em->op->saved[i], em->op->branch);
        em->op->saved_tensor[i] = fer_compiler_tensor(em->c, &shape, FER_LAYOUT_PLAIN, FER_STORAGE_ARENA, em->op->path);
        if (em->op->saved_tensor[i])
            em->op->saved_tensor[i]->branch = em->op->branch;
    }
    return em->op->saved_tensor[i];
}

struct fer_tensor *fer_emit_temp(struct fer_emit *em, const struct fer_shape *shape, enum fer_layout layout)
{
    struct fer_tensor *tensor =
        fer_compiler_tensor(em->c, shape, shape->rank == 4 ? layout : FER_LAYOUT_PLAIN, FER_STORAGE_ARENA, "scratch");
    if (!tensor) {
        fer_emit_fail(em, FER_ENOMEM, "out of memory while compiling");
        return NULL;
    }
    tensor->branch = em->segment->branch;
    tensor->scratch = true;
    return tensor;
}

int fer_emit_net(const struct fer_emit *em)
{
    return em->op && em->op->fork && em->segment->branch ? em->segment->branch - em->op->fork->first : -1;
}

struct fer_tensor *fer_emit_rows(const struct fer_emit *em)
{
    return em->segment->branch ? em->c->rows[em->segment->branch - 1] : NULL;
}

struct fer_tensor *fer_emit_grad_output(const struct fer_emit *em, int i)
{
    return em->op && i >= 0 && i < em->op->nout ? em->grad_out[i] : NULL;
}

struct fer_tensor *fer_emit_grad_input(const struct fer_emit *em, int i)
{
    return em->op && i >= 0 && i < em->op->nin ? em->grad_in[i] : NULL;
}

struct fer_tensor *fer_emit_grad_weight(const struct fer_emit *em, int i)
{
    return em->op && i >= 0 && i < em->op->nweights ? em->grad_weight[i] : NULL;
}

struct fer_tensor *fer_emit_prepared(struct fer_emit *em, struct fer_tensor *source, const char *key,
                                     const struct fer_shape *shape, bool *fresh)
{
    struct fer_compiler *c = em->c;
    /* What changes in every step is as well made right before its use: then it need not live on. */
    const struct fer_segment *here = source->moves ? em->segment : NULL;
    *fresh = false;
    em->prepares_here = here != NULL;
    for (int i = 0; i < c->nprepared; i++)
        if (c->prepared[i].source == source && c->prepared[i].segment == here && strcmp(c->prepared[i].key, key) == 0)
            return c->prepared[i].tensor;
    struct fer_arena *arena = c->program->arena;
    struct fer_prepared *items =
        fer_arena_grow(arena, c->prepared, c->nprepared, &c->prepared_capacity, sizeof(*items));
    struct fer_tensor *tensor =
        fer_compiler_tensor(c, shape, FER_LAYOUT_PLAIN, here ? FER_STORAGE_ARENA : FER_STORAGE_PREPARED, key);
    char *copy = fer_arena_strdup(arena, key);
    if (!items || !tensor || !copy) {
        fer_emit_fail(em, FER_ENOMEM, "out of memory while compiling");
        return NULL;
    }
    tensor->name = copy;
    tensor->source = source;
    c->prepared = items;
    items[c->nprepared++] = (struct fer_prepared){ source, tensor, copy, here };
    *fresh = true;
    return tensor;
}

struct fer_tensor *fer_emit_constant(struct fer_emit *em, const char *key, const struct fer_shape *shape,
                                     const void *data)
{
    struct fer_compiler *c = em->c;
    for (int i = 0; i < c->nprepared; i++)
        if (!c->prepared[i].source && strcmp(c->prepared[i].key, key) == 0)
            return c->prepared[i].tensor;
    if (!data)
        return NULL;
    struct fer_arena *arena = c->program->arena;
    struct fer_prepared *items =
        fer_arena_grow(arena, c->prepared, c->nprepared, &c->prepared_capacity, sizeof(*items));
    struct fer_tensor *tensor = fer_compiler_tensor(c, shape, FER_LAYOUT_PLAIN, FER_STORAGE_CONSTANT, key);
    char *copy = fer_arena_strdup(arena, key);
    if (!items || !tensor || !copy || !(tensor->data = fer_arena_copy(arena, data, fer_tensor_bytes(tensor)))) {
        fer_emit_fail(em, FER_ENOMEM, "out of memory while compiling");
        c->program->no_tensor.shape = *shape;
        return &c->program->no_tensor;
    }
    tensor->name = copy;
    c->prepared = items;
    items[c->nprepared++] = (struct fer_prepared){ NULL, tensor, copy, NULL };
    return tensor;
}

/* ---- several processes ---- */

int fer_emit_ranks(const struct fer_emit *em)
{
    return em->c->ranks;
}

/* The segment ends here, and the launches that follow come into the next. */
static enum fer_status split(struct fer_emit *em, struct fer_tensor *in, struct fer_tensor *out)
{
    struct fer_gather *gather = fer_arena_alloc(em->c->program->arena, sizeof(*gather));
    struct fer_segment *next =
        fer_compiler_follow(em->c, em->segment, em->segment, em->segment->branch, em->op ? em->op->path : "gathered");
    if (!gather || !next)
        return fer_emit_fail(em, FER_ENOMEM, "out of memory while compiling");
    *gather = (struct fer_gather){ in, out };
    in->keep = true;
    next->continues = true;
    em->segment->gather = gather;
    em->segment = next;
    em->prepares_at = next->count;
    return FER_OK;
}

struct fer_tensor *fer_emit_gather(struct fer_emit *em, struct fer_tensor *tensor)
{
    struct fer_tensor *none = &em->c->program->no_tensor;
    if (!tensor || tensor->shape.dtype != FER_F32 || tensor->base || tensor->storage != FER_STORAGE_ARENA) {
        fer_emit_fail(em, FER_EPLUGIN, "what is gathered must be an f32 tensor of its own");
        return none;
    }
    if (em->segment->branch) {
        fer_emit_fail(em, FER_ENOTSUP,
                      "it looks at the whole batch, which a net that only chosen samples run through does not have");
        return none;
    }
    const struct fer_shape shape = { FER_F32, 1, { em->c->ranks * (int)fer_tensor_size(tensor) }, 0 };
    struct fer_tensor *all =
        fer_compiler_tensor(em->c, &shape, FER_LAYOUT_PLAIN, FER_STORAGE_INPUT, em->op ? em->op->path : "gathered");
    if (!all)
        fer_emit_fail(em, FER_ENOMEM, "out of memory while compiling");
    return all && split(em, tensor, all) == FER_OK ? all : none;
}
