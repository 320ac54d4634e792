/* SPDX-License-Identifier: Apache-2.0
 *
 * Fusion: an operation takes over what stands behind it and does it in its own launches, as far as its layer says that
 * it can (struct fer_layer, `fuses`).  Three passes, in the order in which the parts of an epilogue are done:
 *
 *     conv2d - batchnorm - add - relu      affines of evaluation are folded into weights;
 *                        /                 then additions; then activations.
 *           x ----------                   What is left is one conv2d with a second input, x.
 */
#include "compile/lower.h"

static bool is_consumer(const struct fer_op *op, const struct fer_value *value)
{
    for (int i = 0; op->live && i < op->nin; i++)
        if (op->in[i] == value)
            return true;
    return false;
}

/* For the same samples, at the same time; where samples part everything stays as it is. */
static bool belong_together(const struct fer_op *op, const struct fer_op *next)
{
    return next->region == op->region && next->branch == op->branch && !next->fork && next->nout == 1;
}

/* Where the only operation stands that reads what ops[at] yields; -1: there is none, or others want the value too. */
static int next_of(const struct fer_graph *graph, int at)
{
    const struct fer_op *op = graph->ops[at];
    if (!op->live || op->fork || op->nout != 1 || op->out[0]->uses != 1 || op->out[0]->keep || op->is_metric)
        return -1;
    for (int i = 0; i < graph->nops; i++)
        if (is_consumer(graph->ops[i], op->out[0]))
            return belong_together(op, graph->ops[i]) ? i : -1;
    return -1;
}

/* Whether op may do this part of what `next` does. */
static bool can(const struct fer_op *op, const struct fer_op *next, unsigned part)
{
    unsigned fuses = op->differentiated || next->differentiated ? op->layer->fuses_backward : op->layer->fuses;
    if (op->layer->flags & FER_LAYER_FUSES_ACTIVATION)
        fuses |= FER_EPILOGUE_RELU;
    return (fuses & part) != 0;
}

/* op yields what next did, and next is gone. */
static void take(struct fer_op *op, struct fer_op *next)
{
    op->out[0] = next->out[0];
    op->out[0]->producer = op;
    op->out[0]->output = 0;
    op->differentiated = op->differentiated || next->differentiated;
    op->fused[op->nfused++] = next;
    next->live = false;
}

/* ---- affines ---- */

/* FER_EPILOGUE_AFFINE's promise, as far as shapes tell. */
static bool has_foldable_weights(const struct fer_op *op)
{
    const struct fer_shape *out = &op->out[0]->shape;
    if (op->nweights < 1 || op->nweights > 2 || out->rank < 2 || !out->batch)
        return false;
    for (int i = 0; i < op->nweights; i++)
        if (!op->weights[i] || op->weights[i]->shape.dim[0] != out->dim[1])
            return false;
    return op->nweights == 1 || op->weights[1]->shape.rank == 1;
}

static void fold(struct fer_graph *graph, int at)
{
    struct fer_op *op = graph->ops[at], *next;
    const int to = next_of(graph, at);
    if (to < 0)
        return;
    next = graph->ops[to];
    if (!next->layer->affine || next->training || next->nin != 1 || op->differentiated || next->differentiated ||
        !can(op, next, FER_EPILOGUE_AFFINE) || !has_foldable_weights(op) ||
        !fer_shape_equal(&op->out[0]->shape, &next->out[0]->shape))
        return;
    op->affine = next;
    take(op, next);
}

/* ---- additions ---- */

static bool adds_two(const struct fer_op *op)
{
    return (op->layer->flags & FER_LAYER_SUM) && op->nin == 2 && op->in[0] != op->in[1] &&
           op->in[0]->branch == op->branch && op->in[1]->branch == op->branch &&
           fer_shape_equal(&op->in[0]->shape, &op->out[0]->shape) &&
           fer_shape_equal(&op->in[1]->shape, &op->out[0]->shape);
}

static int place_of(const struct fer_graph *graph, const struct fer_op *op)
{
    for (int i = 0; op && i < graph->nops; i++)
        if (graph->ops[i] == op)
            return i;
    return -1;
}

/* Whether ops[at] could take over the addition at `to`. */
static bool can_add(const struct fer_graph *graph, int at, int to)
{
    const struct fer_op *op = at >= 0 ? graph->ops[at] : NULL;
    return op && next_of(graph, at) == to && op->nin >= 1 && op->nin < FER_OP_PORTS && !op->addend && !op->activation &&
           can(op, graph->ops[to], FER_EPILOGUE_ADD);
}

/* Of two that could, the later one does it: both that it adds are there without anything being moved. */
static void fuse_addition(struct fer_graph *graph, int to)
{
    struct fer_op *sum = graph->ops[to];
    if (!sum->live || !adds_two(sum))
        return;
    int best = -1, other = 0;
    for (int i = 0; i < 2; i++) {
        const int at = place_of(graph, sum->in[i]->producer);
        if (can_add(graph, at, to) && at > best) {
            best = at;
            other = 1 - i;
        }
    }
    if (best < 0)
        return;
    struct fer_op *op = graph->ops[best];
    op->addend = op->nin++;
    op->in[op->addend] = sum->in[other];
    take(op, sum);
    graph->ops[to] = op; /* where both are there */
    graph->ops[best] = sum;
}

/* ---- activations ---- */

static void fuse_activation(struct fer_graph *graph, int at)
{
    struct fer_op *op = graph->ops[at], *next;
    const int to = next_of(graph, at);
    if (to < 0 || op->activation)
        return;
    next = graph->ops[to];
    if (next->layer->activation == FER_ACTIVATION_NONE || next->nin != 1 ||
        !can(op, next, 1u << (1 + next->layer->activation)))
        return;
    op->activation = next->layer->activation;
    op->slope = next->layer->slope ? next->layer->slope(next->params) : 0;
    take(op, next);
}

void fer_fuse(struct fer_graph *graph, unsigned without)
{
    for (int i = 0; i < graph->nops && !(without & FER_PASS_FOLD); i++)
        fold(graph, i);
    for (int i = 0; i < graph->nops && !(without & FER_PASS_FUSE); i++)
        fuse_addition(graph, i);
    for (int i = 0; i < graph->nops && !(without & FER_PASS_FUSE); i++)
        fuse_activation(graph, i);
}
