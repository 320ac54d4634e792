/* SPDX-License-Identifier: Apache-2.0
 *
 * Passes over a graph before launches are emitted: fusion (fuse.c), then layouts are chosen and conversions put where
 * they differ.
 */
#include <string.h>

#include "compile/core.h"
#include "compile/lower.h"

/* ---- layouts ---- */

struct lowering {
    struct fer_graph *graph;
    enum fer_profile profile;
    unsigned without;    /* enum fer_pass */
    struct fer_op **ops; /* the new order, conversions included */
    int nops, capacity;
    struct fer_error *err;
};

static enum fer_status append(struct lowering *l, struct fer_op *op)
{
    struct fer_op **ops = fer_arena_grow(l->graph->arena, l->ops, l->nops, &l->capacity, sizeof(*ops));
    if (!ops)
        return fer_compile_memory(l->err);
    l->ops = ops;
    ops[l->nops++] = op;
    return FER_OK;
}

static enum fer_status in_layout(struct lowering *l, struct fer_value *value, enum fer_layout layout,
                                 struct fer_value **out)
{
    *out = value;
    if (value->layout == layout || value->shape.rank != 4)
        return FER_OK;
    /* The conversion stands with the value, so that it serves every step. */
    if (value->converted) {
        *out = value->converted;
        return FER_OK;
    }
    struct fer_op *op = fer_arena_alloc(l->graph->arena, sizeof(*op));
    struct fer_value *copy = fer_graph_value(l->graph, &value->shape, value->name, value->region);
    if (!op || !copy)
        return fer_compile_memory(l->err);
    *op = (struct fer_op){ .layer = &fer_core_convert,
                           .graph = l->graph,
                           .in = { value },
                           .out = { copy },
                           .nin = 1,
                           .nout = 1,
                           .path = value->name ? value->name : "value",
                           .live = true,
                           .region = value->region,
                           .branch = value->branch };
    copy->layout = layout;
    copy->branch = value->branch;
    copy->producer = op;
    copy->uses = 1;
    value->converted = copy;
    *out = copy;
    return append(l, op);
}

static void wish_for(struct lowering *l, const struct fer_op *op, struct fer_layout_wish *wish)
{
    memset(wish, 0, sizeof(*wish));
    if (l->without & FER_PASS_LAYOUT)
        return;
    if (op->layer->layout) {
        op->layer->layout(op, l->profile, wish);
        if (op->addend)
            wish->input[op->addend] = wish->output[0];
        return;
    }
    const bool same_view =
        (op->layer->flags & FER_LAYER_VIEW) && fer_shape_equal(&op->in[0]->shape, &op->out[0]->shape);
    if (!(op->layer->flags & FER_LAYER_ANY_LAYOUT) && !same_view)
        return;
    enum fer_layout layout = FER_LAYOUT_PLAIN;
    for (int i = 0; i < op->nin; i++)
        if (op->in[i]->shape.rank == 4) {
            layout = op->in[i]->layout;
            break;
        }
    for (int i = 0; i < FER_OP_PORTS; i++)
        wish->input[i] = wish->output[i] = layout;
}

static enum fer_status choose(struct lowering *l, struct fer_op *op)
{
    struct fer_layout_wish wish;
    wish_for(l, op, &wish);
    for (int i = 0; i < op->nin; i++) {
        const enum fer_status status = in_layout(l, op->in[i], wish.input[i], &op->in[i]);
        if (status)
            return status;
    }
    for (int i = 0; i < op->nout; i++)
        op->out[i]->layout = op->out[i]->shape.rank == 4 ? wish.output[i] : FER_LAYOUT_PLAIN;
    enum fer_status status = append(l, op);
    for (int i = 0; i < op->nout && !status; i++) {
        struct fer_value *plain;
        if (op->out[i]->keep && op->out[i]->layout != FER_LAYOUT_PLAIN) { /* what the host reads is plain */
            status = in_layout(l, op->out[i], FER_LAYOUT_PLAIN, &plain);
            plain->keep = true;
        }
    }
    return status;
}

enum fer_status fer_lower(struct fer_graph *graph, enum fer_profile profile, unsigned without, struct fer_error *err)
{
    struct lowering l = { .graph = graph, .profile = profile, .without = without, .err = err };
    if (graph->lowered)
        return FER_OK;
    fer_fuse(graph, without);
    enum fer_status status = FER_OK;
    for (int i = 0; i < graph->nops && !status; i++)
        if (graph->ops[i]->live)
            status = choose(&l, graph->ops[i]);
    if (status)
        return status;
    graph->ops = l.ops;
    graph->nops = l.nops;
    graph->op_capacity = l.capacity;
    graph->lowered = true;
    return FER_OK;
}
