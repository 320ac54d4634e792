/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/weight.h"

#include <string.h>

#include "graph/graph.h"

#define WEIGHT_ALIGN 64 /* elements: 256 bytes */

enum fer_status fer_weight_declare(struct fer_op *op, const char *name, const struct fer_shape *shape,
                                   struct fer_init init, bool trained, struct fer_weight **out, struct fer_error *err)
{
    struct fer_net *net = op->net;
    struct fer_arena *arena = op->graph->description->arena;
    const char *path = fer_arena_printf(arena, "%s.%s", op->path, name);
    if (!path)
        return fer_fail(err, FER_ENOMEM, "out of memory while naming weights");
    for (int i = 0; i < net->nweights; i++) {
        struct fer_weight *weight = net->weights[i];
        if (strcmp(weight->path, path) != 0)
            continue;
        char was[96], is[96];
        if (!fer_shape_equal(&weight->shape, shape))
            return fer_fail(err, FER_ESHAPE, "weight '%s' is %s since its first use and would be %s here", path,
                            fer_shape_text(&weight->shape, was, sizeof(was)), fer_shape_text(shape, is, sizeof(is)));
        for (int k = 0; k < op->graph->nops; k++) {
            const struct fer_op *other = op->graph->ops[k];
            for (int w = 0; w < other->nweights; w++)
                if (other->weights[w] == weight && other->invocation == op->invocation)
                    return fer_fail(err, FER_EINVAL,
                                    "'%s' already names the weights of another operation; choose another label",
                                    op->path);
        }
        *out = weight;
        return FER_OK;
    }
    struct fer_weight **weights =
        fer_arena_grow(arena, net->weights, net->nweights, &net->weight_capacity, sizeof(*weights));
    struct fer_weight *weight = fer_arena_alloc(arena, sizeof(*weight));
    if (!weights || !weight)
        return fer_fail(err, FER_ENOMEM, "out of memory while naming weights");
    size_t *total = trained ? &net->values : &net->statistics;
    *weight = (struct fer_weight){ path, *shape, init, trained, net, *total, net->nweights, op->span };
    *total += (fer_shape_count(shape) + WEIGHT_ALIGN - 1) / WEIGHT_ALIGN * WEIGHT_ALIGN;
    net->weights = weights;
    weights[net->nweights++] = weight;
    *out = weight;
    return FER_OK;
}
