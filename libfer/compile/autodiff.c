/* SPDX-License-Identifier: Apache-2.0
 *
 * Reverse mode over a graph.  Gradients are values of their own: every contribution is written whole, sums at a fan-out
 * are new tensors, and the planner decides what shares memory.
 */
#include "compile/autodiff.h"
#include "compile/core.h"
#include "compile/emit.h"
#include "compile/widen.h"
#include "said.h"

static bool takes_part(const struct fer_autodiff *ad, const struct fer_op *op)
{
    return op->live && !op->is_metric && (op->region <= FER_REGION_SHARED || op->region == ad->region);
}

static bool op_is_needed(const struct fer_autodiff *ad, const struct fer_op *op)
{
    for (int i = 0; i < op->nin; i++)
        if (op->in[i]->needs_grad)
            return true;
    for (int i = 0; i < op->nweights; i++)
        if (op->weights[i] && op->weights[i]->trained && ad->wants(ad, op->weights[i]))
            return true;
    return false;
}

static bool is_of(const struct fer_autodiff *ad, const struct fer_value *value)
{
    for (int i = 0; i < ad->nof; i++)
        if (ad->of[i] == value)
            return true;
    return false;
}

void fer_autodiff_mark(const struct fer_autodiff *ad)
{
    const struct fer_graph *graph = ad->c->graph;
    for (int i = 0; i < graph->nvalues; i++) {
        graph->values[i]->needs_grad = false;
        graph->values[i]->grad = NULL;
    }
    for (int i = 0; i < graph->ninputs && ad->inputs; i++)
        graph->inputs[i].value->needs_grad = graph->inputs[i].value->shape.dtype == FER_F32;
    for (int i = 0; i < graph->nops; i++) {
        struct fer_op *op = graph->ops[i];
        op->needs_backward = takes_part(ad, op) && op_is_needed(ad, op);
        const bool flows = op->needs_backward && !(op->layer->flags & FER_LAYER_STOPS_GRADIENT);
        for (int k = 0; k < op->nout && takes_part(ad, op); k++)
            op->out[k]->needs_grad = (flows || is_of(ad, op->out[k])) && op->out[k]->shape.dtype == FER_F32;
    }
}

/* ---- contributions ---- */

struct sweep {
    const struct fer_autodiff *ad;
    struct fer_emit em; /* for the core's own launches */
    struct {
        const struct fer_weight *weight;
        struct fer_tensor *sum;
        int left;
    } * weights;
    int nweights;
};

static enum fer_status no_memory(struct sweep *s)
{
    return fer_compile_memory(s->em.err);
}

static struct fer_tensor *like(struct sweep *s, const struct fer_tensor *t)
{
    struct fer_tensor *tensor = fer_compiler_tensor(s->ad->c, &t->shape, t->layout, FER_STORAGE_ARENA, "gradient");
    if (tensor)
        tensor->precision = t->precision;
    return tensor;
}

static enum fer_status contribute(struct sweep *s, struct fer_value *value, struct fer_tensor *grad)
{
    if (!value->grad) {
        value->grad = grad;
        return FER_OK;
    }
    struct fer_tensor *sum = like(s, grad);
    if (!sum)
        return no_memory(s);
    /* The newest contribution belongs to nobody else: the sum may take its place. */
    sum->in_place_of = grad->storage == FER_STORAGE_ARENA && !grad->base ? grad : NULL;
    fer_core_add(&s->em, value->grad, grad, sum);
    value->grad = sum;
    return FER_OK;
}

static int weight_index(const struct sweep *s, const struct fer_weight *weight)
{
    for (int i = 0; i < s->nweights; i++)
        if (s->weights[i].weight == weight)
            return i;
    return -1;
}

/* How many operations will write a gradient for each weight: those that a loss reaches. */
static enum fer_status count_weights(struct sweep *s, const bool *reached)
{
    const struct fer_graph *graph = s->ad->c->graph;
    int capacity = 0;
    for (int i = 0; i < graph->nops; i++)
        capacity += graph->ops[i]->nweights;
    s->weights = fer_arena_alloc(s->ad->c->program->arena, (size_t)(capacity + 1) * sizeof(*s->weights));
    if (!s->weights)
        return no_memory(s);
    for (int i = 0; i < graph->nops; i++)
        for (int k = 0; reached[i] && k < graph->ops[i]->nweights; k++) {
            const struct fer_weight *weight = graph->ops[i]->weights[k];
            if (!weight || !weight->trained || !s->ad->wants(s->ad, weight))
                continue;
            int at = weight_index(s, weight);
            if (at < 0)
                s->weights[at = s->nweights++].weight = weight;
            s->weights[at].left++;
        }
    return FER_OK;
}

/* Which operations gradients reach from the seeds, before anything is emitted. */
static bool *reach(struct sweep *s)
{
    const struct fer_graph *graph = s->ad->c->graph;
    struct fer_arena *arena = s->ad->c->program->arena;
    bool *reached = fer_arena_alloc(arena, (size_t)graph->nops + 1);
    for (int i = 0; i < graph->nvalues; i++)
        graph->values[i]->reached = graph->values[i]->grad != NULL;
    for (int i = graph->nops - 1; reached && i >= 0; i--) {
        const struct fer_op *op = graph->ops[i];
        if (!op->needs_backward || (op->layer->flags & FER_LAYER_STOPS_GRADIENT))
            continue;
        for (int k = 0; k < op->nout; k++)
            reached[i] = reached[i] || (op->out[k]->reached && op->out[k]->needs_grad);
        for (int k = 0; reached[i] && k < op->nin; k++)
            op->in[k]->reached = op->in[k]->reached || op->in[k]->needs_grad;
    }
    return reached;
}

/* ---- one operation ---- */

static bool passes_gradient(const struct fer_op *op)
{
    if (!(op->layer->flags & FER_LAYER_PASSES_GRADIENT) || op->activation)
        return false;
    for (int i = 0; i < op->nin; i++)
        if (!fer_shape_equal(&op->in[i]->shape, &op->out[0]->shape) || op->in[i]->layout != op->out[0]->layout)
            return false;
    return true;
}

/* The gradient of a view that is a copy. */
static enum fer_status copy_gradient(struct sweep *s, struct fer_op *op, struct fer_tensor *to)
{
    struct fer_emit em = fer_compiler_emit(s->ad->c, s->em.segment, "backward", s->em.err);
    const enum fer_status status = fer_compiler_emit_op(&em, op);
    if (!status)
        fer_core_copy(&em, op->out[0]->grad, to, 1, false);
    fer_wide_finish(&em);
    return status ? status : em.status;
}

static enum fer_status backward_view(struct sweep *s, struct fer_op *op)
{
    struct fer_value *in = op->in[0];
    struct fer_tensor *grad = op->out[0]->grad, *x = fer_compiler_value(s->ad->c, in);
    if (!x)
        return no_memory(s);
    if (!in->needs_grad)
        return FER_OK;
    struct fer_tensor *view = like(s, x);
    if (!view)
        return no_memory(s);
    if (!fer_compiler_views(s->ad->c, op)) {
        const enum fer_status status = copy_gradient(s, op, view);
        return status ? status : contribute(s, in, view);
    }
    view->base = grad->base ? grad->base : grad;
    view->view = grad->view;
    view->storage = grad->storage;
    view->buffer = grad->buffer;
    view->precision = grad->precision;
    return contribute(s, in, view);
}

/* Where a weight's gradient is written: its target, or a part to be added to what is there. */
static enum fer_status weight_target(struct sweep *s, const struct fer_weight *weight, struct fer_tensor **out)
{
    const struct fer_autodiff *ad = s->ad;
    const int at = weight_index(s, weight);
    struct fer_tensor *target = ad->target(ad, weight);
    if (at < 0 || !target)
        return no_memory(s);
    *out = s->weights[at].left == 1 && !s->weights[at].sum ? target : like(s, target);
    return *out ? FER_OK : no_memory(s);
}

static enum fer_status take_weight(struct sweep *s, const struct fer_weight *weight, struct fer_tensor *part)
{
    const int at = weight_index(s, weight);
    struct fer_tensor *target = s->ad->target(s->ad, weight), *sum = s->weights[at].sum;
    s->weights[at].left--;
    if (part == target)
        return FER_OK;
    if (!sum) {
        s->weights[at].sum = part;
        return FER_OK;
    }
    struct fer_tensor *to = s->weights[at].left ? like(s, part) : target;
    if (!to)
        return no_memory(s);
    fer_core_add(&s->em, sum, part, to);
    s->weights[at].sum = to;
    return FER_OK;
}

/* Where nothing stands behind a fused addition, the gradient of what is added is the output's. */
static bool adds_last(const struct fer_op *op)
{
    return op->addend && !op->activation;
}

static enum fer_status backward_addend(struct sweep *s, struct fer_op *op, struct fer_emit *em)
{
    struct fer_tensor *dy = op->out[0]->grad, *da = em->grad_in[op->addend];
    if (adds_last(op))
        return contribute(s, op->in[op->addend], dy);
    if (dy && dy->storage == FER_STORAGE_ARENA && !dy->base)
        da->in_place_of = dy;
    em->epilogue.grad_add = da;
    return FER_OK;
}

/* What backward was asked for and has forgotten would be zero, or whatever lies there, for ever. */
static enum fer_status check_written(const struct fer_op *op, const struct fer_emit *em)
{
    for (int i = 0; i < op->nin; i++)
        if (em->grad_in[i] && em->grad_in[i] != em->epilogue.grad_add && !em->grad_in[i]->written)
            return fer_fail(em->err, FER_EPLUGIN, "%s (%s): its backward function writes no gradient of input %d",
                            op->path, op->layer->name, i);
    for (int i = 0; i < op->nweights; i++)
        if (em->grad_weight[i] && !em->grad_weight[i]->written)
            return fer_fail(em->err, FER_EPLUGIN, "%s (%s): its backward function writes no gradient of weight %d, %s",
                            op->path, op->layer->name, i, op->weights[i]->path);
    return FER_OK;
}

static enum fer_status backward(struct sweep *s, struct fer_op *op)
{
    const struct fer_autodiff *ad = s->ad;
    struct fer_segment *segment = s->em.segment;
    if (op->layer->flags & FER_LAYER_VIEW)
        return backward_view(s, op);
    if (passes_gradient(op)) {
        enum fer_status status = FER_OK;
        for (int i = 0; i < op->nin && !status; i++)
            if (op->in[i]->needs_grad)
                status = contribute(s, op->in[i], op->out[0]->grad);
        return status;
    }
    if (op->fork)
        return fer_fail(s->em.err, FER_ENOTSUP,
                        "%s: no gradient goes through it, because only chosen nets run; train its nets without it",
                        op->path);
    if (!op->layer->backward)
        return fer_fail(s->em.err, FER_ENOTSUP,
                        "%s has no gradient, and a loss needs one through it; put detach before it", op->layer->name);
    struct fer_emit em = fer_compiler_emit(ad->c, segment, "backward", s->em.err);
    enum fer_status status = fer_compiler_emit_op(&em, op);
    em.has_backward = true;
    for (int i = 0; i < op->nout; i++)
        em.grad_out[i] = op->out[i]->grad;
    for (int i = 0; i < op->nin && !status; i++)
        if (op->in[i]->needs_grad && !(i && i == op->addend && adds_last(op))) {
            struct fer_tensor *x = fer_compiler_value(ad->c, op->in[i]);
            em.grad_in[i] = x ? like(s, x) : NULL;
            if (!em.grad_in[i])
                return no_memory(s);
        }
    if (!status && op->addend && op->in[op->addend]->needs_grad)
        status = backward_addend(s, op, &em);
    for (int i = 0; i < op->nweights && !status; i++)
        if (op->weights[i] && op->weights[i]->trained && ad->wants(ad, op->weights[i]))
            status = weight_target(s, op->weights[i], &em.grad_weight[i]);
    if (!status)
        status = fer_said(op->layer->backward(&em, em.err), op->layer->name, "backward", em.err);
    fer_wide_finish(&em);
    s->em.segment = em.segment; /* a gather has begun another */
    if (!status)
        status = em.status;
    if (!status)
        status = check_written(op, &em);
    for (int i = 0; i < op->nin && !status; i++)
        if (em.grad_in[i])
            status = contribute(s, op->in[i], em.grad_in[i]);
    for (int i = 0; i < op->nweights && !status; i++)
        if (em.grad_weight[i])
            status = take_weight(s, op->weights[i], em.grad_weight[i]);
    return status;
}

enum fer_status fer_autodiff_emit(const struct fer_autodiff *ad, struct fer_error *err)
{
    struct sweep s = { .ad = ad, .em = fer_compiler_emit(ad->c, ad->segment, "backward", err) };
    const struct fer_graph *graph = ad->c->graph;
    const bool *reached = reach(&s);
    enum fer_status status = reached ? count_weights(&s, reached) : no_memory(&s);
    for (int i = graph->nops - 1; i >= 0 && !status; i--)
        if (reached[i])
            status = fer_compile_at(graph->ops[i], backward(&s, graph->ops[i]), err);
    return status ? status : s.em.status;
}
