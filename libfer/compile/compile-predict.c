/* SPDX-License-Identifier: Apache-2.0
 *
 * A predict block or a single net becomes a program, with a backward pass if one is asked for.
 */
#include <stdlib.h>
#include <string.h>

#include "compile/autodiff.h"
#include "compile/compile-parts.h"
#include "compile/core.h"
#include "compile/emit.h"

static bool all_wants(const struct fer_autodiff *ad, const struct fer_weight *weight)
{
    (void)ad;
    return weight->trained;
}

/* ad->user: the flow program, whose grads are laid out as the nets' values. */
static struct fer_tensor *all_target(const struct fer_autodiff *ad, const struct fer_weight *weight)
{
    const struct fer_flow_program *p = ad->user;
    struct fer_tensor *t =
        fer_compiler_tensor(ad->c, &weight->shape, FER_LAYOUT_PLAIN, FER_STORAGE_PERSISTENT, weight->path);
    if (t) {
        t->buffer = p->grads[weight->net->index];
        t->offset = weight->offset;
    }
    return t;
}

/* The gradient of output i comes from the host. */
static enum fer_status seed_output(struct fer_compiler *c, struct fer_flow_program *p, struct fer_value *const *outputs,
                                   int i, struct fer_error *err)
{
    struct fer_value *value = outputs[i];
    if (value->converted && value->layout != FER_LAYOUT_PLAIN)
        value = value->converted;
    p->grad_out[i] = fer_compiler_tensor(c, &p->out[i]->shape, FER_LAYOUT_PLAIN, FER_STORAGE_INPUT, "grad");
    value->grad = p->grad_out[i];
    return p->grad_out[i] ? FER_OK : fer_compile_memory(err);
}

/* A gradient that is the host's own input, or a view, is copied to a place that can be read. */
static enum fer_status keep_gradient(struct fer_compiler *c, struct fer_emit *em, const struct fer_value *value,
                                     struct fer_tensor **out)
{
    *out = fer_compiler_tensor(c, &value->grad->shape, value->grad->layout, FER_STORAGE_ARENA, "grad");
    if (!*out)
        return fer_compile_memory(em->err);
    (*out)->keep = true;
    fer_core_copy(em, value->grad, *out, 1, false);
    return FER_OK;
}

/* Gradients of outputs come from the host; gradients of inputs and weights go to it. */
static enum fer_status emit_backward(struct fer_compiler *c, struct fer_flow_program *p,
                                     struct fer_value *const *outputs, struct fer_error *err)
{
    const struct fer_description *d = c->graph->description;
    struct fer_arena *arena = c->program->arena;
    p->grad_in = fer_arena_alloc(arena, (size_t)(p->nin + 1) * sizeof(*p->grad_in));
    p->grad_out = fer_arena_alloc(arena, (size_t)(p->nout + 1) * sizeof(*p->grad_out));
    p->grads = calloc((size_t)d->nnets + 1, sizeof(struct fer_buffer *));
    p->backward = fer_compiler_segment(c, "backward");
    if (!p->grad_in || !p->grad_out || !p->grads || !p->backward)
        return fer_compile_memory(err);
    enum fer_status status = FER_OK;
    for (int i = 0; i < d->nnets && !status; i++)
        if (d->nets[i]->values) {
            status = fer_buffer_create(c->store->device, d->nets[i]->values * sizeof(float), &p->grads[i], err);
            if (!status)
                status = fer_buffer_fill(p->grads[i], 0, p->grads[i]->bytes, 0, err);
        }
    const struct fer_autodiff ad = { .c = c,
                                     .segment = p->backward,
                                     .region = FER_REGION_SHARED,
                                     .wants = all_wants,
                                     .target = all_target,
                                     .user = p,
                                     .inputs = true };
    fer_autodiff_mark(&ad);
    struct fer_emit em = fer_compiler_emit(c, p->backward, "backward", err);
    for (int i = 0; i < p->nout && !status; i++) {
        if (outputs[i]->shape.dtype == FER_F32)
            status = seed_output(c, p, outputs, i, err);
    }
    if (!status)
        status = fer_autodiff_emit(&ad, err);
    for (int i = 0; i < p->nin && !status; i++) {
        const struct fer_value *in = c->graph->inputs[i].value;
        if (in->grad)
            status = keep_gradient(c, &em, in, &p->grad_in[i]);
    }
    return status ? status : em.status;
}

static bool no_wants(const struct fer_autodiff *ad, const struct fer_weight *weight)
{
    (void)ad;
    (void)weight;
    return false;
}

static struct fer_autodiff probe_autodiff(struct fer_compiler *c, const struct fer_predict_spec *spec,
                                          struct fer_segment *segment)
{
    return (struct fer_autodiff){
        .c = c, .segment = segment, .region = FER_REGION_SHARED, .wants = no_wants, .of = spec->of, .nof = spec->nof
    };
}

/* The gradient of one output with respect to some values. */
static enum fer_status emit_probe(struct fer_compiler *c, struct fer_flow_program *p,
                                  const struct fer_predict_spec *spec, struct fer_value *const *outputs,
                                  struct fer_error *err)
{
    struct fer_arena *arena = c->program->arena;
    p->grad_out = fer_arena_alloc(arena, (size_t)(p->nout + 1) * sizeof(*p->grad_out));
    p->grad_of = fer_arena_alloc(arena, (size_t)(spec->nof + 1) * sizeof(*p->grad_of));
    p->backward = fer_compiler_segment(c, "backward");
    if (!p->grad_out || !p->grad_of || !p->backward)
        return fer_compile_memory(err);
    const struct fer_autodiff ad = probe_autodiff(c, spec, p->backward);
    fer_autodiff_mark(&ad);
    struct fer_emit em = fer_compiler_emit(c, p->backward, "backward", err);
    enum fer_status status = seed_output(c, p, outputs, spec->seed, err);
    if (!status)
        status = fer_autodiff_emit(&ad, err);
    for (int i = 0; i < spec->nof && !status; i++)
        status = spec->of[i]->grad ? keep_gradient(c, &em, spec->of[i], &p->grad_of[i])
                                   : fer_fail(err, FER_EINVAL, "'%s' has no gradient", spec->of[i]->name);
    return status ? status : em.status;
}

/* Through which operations of the graph gradients flow, before or after it is lowered. */
static void mark_backward(struct fer_compiler *c, const struct fer_predict_spec *spec)
{
    const struct fer_autodiff ad = probe_autodiff(c, spec, NULL);
    if (spec->nof)
        fer_autodiff_mark(&ad);
    for (int i = 0; i < c->graph->nops && !spec->nof; i++)
        c->graph->ops[i]->needs_backward = true;
}

static enum fer_status emit_flow(struct fer_compiler *c, struct fer_flow_program *p,
                                 const struct fer_predict_spec *spec, bool backward, struct fer_error *err)
{
    struct fer_arena *arena = c->program->arena;
    p->nin = spec->ninputs;
    p->nout = spec->noutputs;
    p->in = fer_arena_alloc(arena, (size_t)(p->nin + 1) * sizeof(*p->in));
    p->out = fer_arena_alloc(arena, (size_t)(p->nout + 1) * sizeof(*p->out));
    struct fer_value **outputs = fer_arena_alloc(arena, (size_t)(p->nout + 1) * sizeof(*outputs));
    bool *differentiated = fer_arena_alloc(arena, (size_t)c->graph->nops + 1);
    p->segment = fer_compiler_segment(c, "forward");
    if (!p->in || !p->out || !outputs || !differentiated || !p->segment)
        return fer_compile_memory(err);
    for (int i = 0; i < c->graph->nvalues; i++)
        for (int k = 0; k < p->nout; k++)
            if (c->graph->values[i]->name == spec->outputs[k].name && c->graph->values[i]->keep && !outputs[k])
                outputs[k] = c->graph->values[i];
    if (backward)
        mark_backward(c, spec);
    for (int i = 0; i < c->graph->nops && backward; i++)
        differentiated[i] = c->graph->ops[i]->needs_backward;
    bool *tracked = NULL;
    for (int i = 0; i < p->nin; i++)
        if (!(p->in[i] = fer_compiler_value(c, c->graph->inputs[i].value)))
            return fer_compile_memory(err);
    if (spec->tracking && (tracked = fer_arena_alloc(arena, (size_t)c->graph->description->nnets + 1)))
        memset(tracked, 1, (size_t)c->graph->description->nnets);
    /* conversions of inputs stand with them */
    enum fer_status status = fer_compile_region(c, FER_REGION_DATA, p->segment, differentiated, NULL, err);
    if (!status)
        status = fer_compile_region(c, FER_REGION_SHARED, p->segment, differentiated, tracked, err);
    for (int i = 0; i < p->nout && !status; i++) {
        if (!outputs[i])
            return fer_fail(err, FER_EINVAL, "output '%s' is not computed", spec->outputs[i].name);
        struct fer_value *value = outputs[i];
        if (value->layout != FER_LAYOUT_PLAIN && value->converted)
            value = value->converted;
        p->out[i] = fer_compiler_value(c, value);
        if (!p->out[i])
            return fer_compile_memory(err);
        p->out[i]->keep = true;
    }
    if (status || !backward)
        return status;
    return spec->nof ? emit_probe(c, p, spec, outputs, err) : emit_backward(c, p, outputs, err);
}

enum fer_status fer_predict_compile(struct fer_description *description, const struct fer_predict_spec *predict,
                                    int capacity, bool backward, struct fer_store *store,
                                    const struct fer_compile_options *options, struct fer_flow_program **out,
                                    struct fer_error *err)
{
    (void)description;
    *out = NULL;
    if (!predict->graph)
        return fer_fail(err, FER_EINVAL, "predict '%s' has no shapes", predict->name);
    struct fer_flow_program *p = calloc(1, sizeof(*p));
    struct fer_compiler c = { 0 };
    if (!p)
        return fer_compile_memory(err);
    p->predict = predict;
    p->graph = predict->graph;
    if (backward && !p->graph->lowered) {
        struct fer_compiler unlowered = { .graph = p->graph };
        mark_backward(&unlowered, predict);
        for (int i = 0; i < p->graph->nops; i++)
            p->graph->ops[i]->differentiated = p->graph->ops[i]->needs_backward;
    }
    enum fer_status status = fer_compile_begin(predict->graph, store, capacity, options, &c, err);
    p->program = c.program;
    if (!status)
        status = emit_flow(&c, p, predict, backward, err);
    if (!status)
        status = fer_compile_finish(&c, options, &p->exec, err);
    if (status) {
        fer_flow_program_free(p);
        return status;
    }
    p->random = c.random[0];
    *out = p;
    return FER_OK;
}

enum fer_status fer_flow_number(struct fer_flow_program *flow, struct fer_error *err)
{
    static const uint32_t epoch[4];
    const size_t count = (size_t)flow->program->capacity;
    if (!flow->random.epoch)
        return FER_OK;
    uint32_t *ids = malloc(count * sizeof(*ids));
    if (!ids)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    for (size_t i = 0; i < count; i++)
        ids[i] = (uint32_t)i;
    enum fer_status status = fer_exec_write(flow->exec, flow->random.epoch, epoch, sizeof(epoch), err);
    if (!status)
        status = fer_exec_write(flow->exec, flow->random.ids, ids, count * sizeof(*ids), err);
    free(ids);
    return status;
}

void fer_flow_program_free(struct fer_flow_program *program)
{
    if (!program)
        return;
    fer_exec_free(program->exec);
    fer_buffer_free(program->metrics);
    for (int i = 0; program->grads && i < program->graph->description->nnets; i++)
        fer_buffer_free(program->grads[i]);
    free(program->grads);
    if (program->program)
        fer_arena_free(program->program->arena);
    free(program);
}
