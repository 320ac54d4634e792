/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/alone.h"
#include "compile/emit.h"
#include "compile/lower.h"
#include "compile/plan.h"
#include "compile/widen.h"
#include "said.h"

#include <stdlib.h>
#include <string.h>

struct maker {
    struct fer_compiler c;
    struct fer_alone *out;
    struct fer_op *op; /* a copy of the problem's, with values of its own */
    struct fer_error *err;
};

static enum fer_status no_memory(const struct maker *m)
{
    return fer_compile_memory(m->err);
}

/* ---- a graph of one operation ---- */

static struct fer_value *copy_value(struct fer_graph *graph, const struct fer_value *value)
{
    struct fer_value *copy = fer_graph_value(graph, &value->shape, value->name, FER_REGION_SHARED);
    if (copy) {
        copy->layout = value->layout;
        copy->precision = value->precision;
        copy->uses = 1;
    }
    return copy;
}

static enum fer_status copy_op(struct maker *m, const struct fer_op *from)
{
    struct fer_graph *graph = m->out->graph;
    struct fer_op *op = fer_arena_copy(graph->arena, from, sizeof(*from));
    graph->ops = fer_arena_alloc(graph->arena, sizeof(struct fer_op *));
    if (!op || !graph->ops)
        return no_memory(m);
    op->graph = graph;
    op->region = FER_REGION_SHARED;
    op->branch = op->data = 0;
    for (int i = 0; i < op->nin; i++)
        if (!(op->in[i] = copy_value(graph, from->in[i])))
            return no_memory(m);
    for (int i = 0; i < op->nout; i++) {
        if (!(op->out[i] = copy_value(graph, from->out[i])))
            return no_memory(m);
        op->out[i]->producer = op;
        op->out[i]->output = i;
    }
    graph->ops[graph->nops++] = op;
    graph->lowered = true;
    m->op = op;
    return FER_OK;
}

/* ---- its launches ---- */

static struct fer_tensor *like(struct maker *m, const struct fer_value *value, enum fer_storage storage)
{
    const struct fer_shape shape = fer_compiler_shape(&m->c, &value->shape, 0);
    struct fer_tensor *tensor = fer_compiler_tensor(&m->c, &shape, value->layout, storage, "gradient");
    if (tensor)
        tensor->precision = value->precision;
    return tensor;
}

static enum fer_status find_gradients(struct maker *m, struct fer_emit *em)
{
    const struct fer_op *op = m->op;
    for (int i = 0; i < op->nout; i++)
        if (op->out[i]->shape.dtype == FER_F32 && !(em->grad_out[i] = like(m, op->out[i], FER_STORAGE_INPUT)))
            return no_memory(m);
    for (int i = 0; i < op->nin; i++)
        if (op->in[i]->shape.dtype == FER_F32 && !(em->grad_in[i] = like(m, op->in[i], FER_STORAGE_ARENA)))
            return no_memory(m);
    if (op->addend)
        em->epilogue.grad_add = em->grad_in[op->addend];
    for (int i = 0; i < op->nweights; i++)
        if (op->weights[i] && op->weights[i]->trained &&
            !(em->grad_weight[i] =
                  fer_compiler_tensor(&m->c, &op->weights[i]->shape, FER_LAYOUT_PLAIN, FER_STORAGE_ARENA, "gradient")))
            return no_memory(m);
    return FER_OK;
}

static enum fer_status emit_backward(struct maker *m)
{
    struct fer_emit em = fer_compiler_emit(&m->c, m->out->segment, "backward", m->err);
    enum fer_status status = fer_compiler_emit_op(&em, m->op);
    em.has_backward = true;
    if (!status)
        status = find_gradients(m, &em);
    if (!status)
        status = fer_said(m->op->layer->backward(&em, m->err), m->op->layer->name, "backward", m->err);
    fer_wide_finish(&em);
    return status ? status : em.status;
}

static enum fer_status emit(struct maker *m, const struct fer_solved *problem)
{
    const bool backward = strcmp(problem->pass, "backward") == 0;
    const struct fer_program *program = m->c.program;
    enum fer_status status = fer_emit_forward(&m->c, m->op, m->out->segment, false, backward, m->err);
    if (!status && backward)
        status = emit_backward(m);
    for (int i = 0; i < program->nsolved && !m->out->solved; i++)
        if (strcmp(program->solved[i]->work, problem->work) == 0 &&
            strcmp(program->solved[i]->shape, problem->shape) == 0)
            m->out->solved = program->solved[i];
    if (!status && !m->out->solved)
        return fer_fail(m->err, FER_EPLUGIN, "%s %s: the operation states other problems when it is emitted again",
                        problem->work, problem->shape);
    return status;
}

/* ---- only what the solution needs ---- */

static const struct fer_tensor *base_of(const struct fer_tensor *tensor)
{
    return tensor->base ? tensor->base : tensor;
}

/* Whether a launch of the solution itself reads or writes it. */
static bool is_touched(const struct fer_alone *alone, const struct fer_tensor *tensor, unsigned access)
{
    const struct fer_segment *segment = alone->segment;
    for (int i = 0; i < segment->count; i++)
        for (int a = 0; a < segment->launches[i]->nargs; a++) {
            const struct fer_arg *arg = &segment->launches[i]->args[a];
            if (segment->launches[i]->solved == alone->solved && arg->kind == FER_ARG_TENSOR &&
                (arg->access & access) && arg->tensor == tensor)
                return true;
        }
    return false;
}

bool fer_alone_is_solution(const struct fer_alone *alone, const struct fer_launch *launch)
{
    return launch->solved == alone->solved ||
           (launch->recast && (is_touched(alone, launch->args[0].tensor, FER_ACCESS_WRITE) ||
                               is_touched(alone, launch->args[1].tensor, FER_ACCESS_READ)));
}

static bool writes_needed(const struct fer_launch *launch, const bool *needed)
{
    for (int a = 0; a < launch->nargs; a++)
        if (launch->args[a].kind == FER_ARG_TENSOR && (launch->args[a].access & FER_ACCESS_WRITE) &&
            needed[base_of(launch->args[a].tensor)->id])
            return true;
    return false;
}

static void drop_others(const struct maker *m, struct fer_segment *segment, bool *needed)
{
    int kept = segment->count;
    if (kept == 0)
        return;
    for (int i = segment->count - 1; i >= 0; i--) {
        struct fer_launch *launch = segment->launches[i];
        if (!writes_needed(launch, needed) && !fer_alone_is_solution(m->out, launch))
            continue;
        segment->launches[--kept] = launch;
        for (int a = 0; a < launch->nargs; a++)
            if (launch->args[a].kind == FER_ARG_TENSOR)
                needed[base_of(launch->args[a].tensor)->id] = true;
    }
    memmove(segment->launches, segment->launches + kept, (size_t)(segment->count - kept) * sizeof(*segment->launches));
    segment->count -= kept;
}

/* Segments stand in the order in which they run. */
static enum fer_status prune(struct maker *m)
{
    struct fer_program *program = m->c.program;
    bool *needed = fer_arena_alloc(program->arena, (size_t)program->ntensors + 1);
    if (!needed)
        return no_memory(m);
    for (int s = program->nsegments - 1; s >= 0; s--)
        drop_others(m, program->segments[s], needed);
    return FER_OK;
}

/* ---- what goes in and comes out ---- */

static bool is_result(const struct maker *m, const struct fer_tensor *tensor)
{
    const struct fer_segment *segment = m->out->segment;
    if (tensor->scratch || tensor->storage != FER_STORAGE_ARENA)
        return false;
    for (int i = 0; i < segment->count; i++)
        if (segment->launches[i]->recast && segment->launches[i]->args[1].tensor == tensor &&
            is_touched(m->out, segment->launches[i]->args[0].tensor, FER_ACCESS_WRITE))
            return true;
    return is_touched(m->out, tensor, FER_ACCESS_WRITE);
}

/* What the solution has in memory for itself. */
static enum fer_status find_workspace(struct maker *m)
{
    const struct fer_program *program = m->c.program;
    const struct fer_segment *segment = m->out->segment;
    bool *seen = fer_arena_alloc(program->arena, (size_t)program->ntensors + 1);
    if (!seen)
        return no_memory(m);
    for (int i = 0; i < segment->count; i++)
        for (int a = 0; a < segment->launches[i]->nargs; a++) {
            const struct fer_arg *arg = &segment->launches[i]->args[a];
            if (segment->launches[i]->solved != m->out->solved || arg->kind != FER_ARG_TENSOR ||
                !arg->tensor->scratch || seen[arg->tensor->id])
                continue;
            seen[arg->tensor->id] = true;
            m->out->workspace += fer_tensor_bytes(arg->tensor);
        }
    return FER_OK;
}

static enum fer_status find_ends(struct maker *m)
{
    struct fer_program *program = m->c.program;
    struct fer_alone *out = m->out;
    out->in = fer_arena_alloc(program->arena, ((size_t)program->ntensors + 1) * sizeof(*out->in));
    out->out = fer_arena_alloc(program->arena, ((size_t)program->ntensors + 1) * sizeof(*out->out));
    if (!out->in || !out->out)
        return no_memory(m);
    for (int i = 0; i < program->ntensors; i++) {
        struct fer_tensor *tensor = program->tensors[i];
        tensor->in_place_of = NULL;
        if (tensor->storage == FER_STORAGE_INPUT && tensor->shape.dtype == FER_F32)
            out->in[out->nin++] = tensor;
        tensor->keep = is_result(m, tensor);
        if (tensor->keep)
            out->out[out->nout++] = tensor;
    }
    for (int i = 0; i < out->segment->count; i++)
        if (out->segment->launches[i]->solved == out->solved)
            out->flops += out->segment->launches[i]->flops;
    return out->nout ? FER_OK
                     : fer_fail(m->err, FER_EPLUGIN, "%s %s: its solution writes nothing", out->solved->work,
                                out->solved->shape);
}

static enum fer_status make(struct maker *m, const struct fer_solved *problem, int capacity, struct fer_store *store,
                            const struct fer_compile_options *options)
{
    enum fer_status status =
        fer_graph_create((struct fer_description *)store->description, capacity, &m->out->graph, m->err);
    if (!status)
        status = copy_op(m, problem->op);
    if (!status)
        status = fer_compiler_create(m->out->graph, store, capacity, &m->c, m->err);
    m->out->program = m->c.program;
    m->c.options = options;
    m->c.trains = problem->trains;
    if (!status && !(m->out->segment = fer_compiler_segment(&m->c, "alone")))
        status = no_memory(m);
    if (!status)
        status = emit(m, problem);
    if (!status)
        status = prune(m);
    if (!status)
        status = find_ends(m);
    if (!status)
        status = find_workspace(m);
    if (!status)
        status = fer_plan(m->c.program, store->device->max_allocation, m->err);
    if (!status)
        status = fer_exec_create(store->device, m->c.program, true, options->watch, &m->out->exec, m->err);
    return status;
}

enum fer_status fer_alone_compile(const struct fer_solved *problem, const struct fer_solution *solution, int capacity,
                                  struct fer_store *store, const struct fer_build_watch *watch, struct fer_alone **out,
                                  struct fer_error *err)
{
    const struct fer_forced forced = { problem->work, problem->shape, *solution };
    const struct fer_compile_options options = {
        .watch = watch, .forced = &forced, .without = problem->without, .precision = problem->precision
    };
    struct maker m = { .err = err };
    enum fer_status status;
    *out = NULL;
    if (!problem->op)
        return fer_fail(err, FER_ENOTSUP, "%s is not a layer's", problem->work);
    m.out = calloc(1, sizeof(*m.out));
    if (!m.out)
        return no_memory(&m);
    status = make(&m, problem, capacity, store, &options);
    if (status) {
        fer_alone_free(m.out);
        return status;
    }
    *out = m.out;
    return FER_OK;
}

void fer_alone_free(struct fer_alone *alone)
{
    if (!alone)
        return;
    fer_exec_free(alone->exec);
    if (alone->program)
        fer_arena_free(alone->program->arena);
    fer_graph_free(alone->graph);
    free(alone);
}
