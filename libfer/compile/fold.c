/* SPDX-License-Identifier: Apache-2.0
 *
 * Weights with an affine of evaluation (batch norm) folded in, made in the prepare segment: again when weights have
 * changed, and not in every step.
 */
#include <string.h>

#include "compile/core.h"
#include "compile/lower.h"
#include "said.h"

static struct fer_tensor *vector(struct fer_compiler *c, int channels, const char *name)
{
    const struct fer_shape shape = { FER_F32, 1, { channels }, 0 };
    return fer_compiler_tensor(c, &shape, FER_LAYOUT_PLAIN, FER_STORAGE_ARENA, name);
}

static enum fer_status emit(struct fer_compiler *c, const struct fer_op *op, struct fer_folded *folded,
                            struct fer_error *err)
{
    struct fer_op *affine = op->affine;
    const int channels = op->out[0]->shape.dim[1];
    struct fer_tensor *weight = fer_compiler_weight(c, op->weights[0]);
    struct fer_tensor *bias = op->nweights > 1 ? fer_compiler_weight(c, op->weights[1]) : NULL;
    struct fer_tensor *scale = vector(c, channels, "factors"), *shift = vector(c, channels, "shift");
    struct fer_emit em = fer_compiler_emit(c, c->prepare, "prepare", err);
    folded->out = fer_compiler_tensor(c, &op->weights[0]->shape, FER_LAYOUT_PLAIN, FER_STORAGE_ARENA, "folded weight");
    folded->bias = vector(c, channels, "folded bias");
    if (!weight || (op->nweights > 1 && !bias) || !scale || !shift || !folded->out || !folded->bias)
        return fer_compile_memory(err);
    folded->out->source = weight;
    em.op = affine;
    enum fer_status status =
        fer_said(affine->layer->affine(&em, scale, shift, err), affine->layer->name, "affine", err);
    if (!status && !em.status)
        fer_core_fold(&em, weight, bias, scale, shift, folded->out, folded->bias);
    return status ? status : em.status;
}

enum fer_status fer_fold(struct fer_compiler *c, const struct fer_op *op, struct fer_tensor **weight,
                         struct fer_tensor **bias, struct fer_error *err)
{
    struct fer_folded *at = NULL;
    /* A net that is called twice has the same weights behind the same convolutions. */
    for (int i = 0; i < c->nfolded && !at; i++)
        if (c->folded[i].weight == op->weights[0] && strcmp(c->folded[i].affine, op->affine->path) == 0)
            at = &c->folded[i];
    if (!at) {
        struct fer_folded *items =
            fer_arena_grow(c->program->arena, c->folded, c->nfolded, &c->folded_capacity, sizeof(*items));
        if (!items)
            return fer_compile_memory(err);
        c->folded = items;
        at = &items[c->nfolded];
        *at = (struct fer_folded){ .weight = op->weights[0], .affine = op->affine->path };
        const enum fer_status status = emit(c, op, at, err);
        if (status)
            return status;
        c->nfolded++;
    }
    *weight = at->out;
    *bias = at->bias;
    return FER_OK;
}
