/* SPDX-License-Identifier: Apache-2.0
 *
 * The common part of every compilation: program, segments, tensors.
 */
#include <stdlib.h>
#include <string.h>

#include "compile/compiler.h"

static struct fer_device_facts facts_of(const struct fer_device *device)
{
    return (struct fer_device_facts){ .size = sizeof(struct fer_device_facts),
                                      .name = device->name,
                                      .vendor = device->vendor,
                                      .driver = device->driver,
                                      .extensions = device->extensions,
                                      .id = device->id,
                                      .local_memory = (size_t)device->local_memory,
                                      .max_work_group = device->max_work_group,
                                      .max_allocation = (size_t)device->max_allocation };
}

enum fer_status fer_compile_memory(struct fer_error *err)
{
    return fer_fail(err, FER_ENOMEM, "out of memory while compiling");
}

enum fer_status fer_compile_at(const struct fer_op *op, enum fer_status status, struct fer_error *err)
{
    if (!status || !op->span.source)
        return status;
    int line, column;
    fer_span_place(op->span, &line, &column);
    return fer_fail_prefix(err, "%s:%d:%d", op->span.source->name, line, column);
}

/* Branches of the graph to branches of the program, which has its capacity. */
static enum fer_status create_branches(struct fer_compiler *c, struct fer_error *err)
{
    const struct fer_graph *graph = c->graph;
    struct fer_program *program = c->program;
    struct fer_arena *arena = program->arena;
    program->branches = fer_arena_alloc(arena, (size_t)(graph->nbranches + 1) * sizeof(*program->branches));
    c->rows = fer_arena_alloc(arena, (size_t)(graph->nbranches + 1) * sizeof(struct fer_tensor *));
    if (!program->branches || !c->rows)
        return fer_compile_memory(err);
    for (int i = 0; i < graph->nbranches; i++) {
        const struct fer_graph_branch *branch = &graph->branches[i];
        const int parent = fer_program_capacity(program, branch->parent);
        program->branches[program->nbranches++] =
            (struct fer_branch){ branch->net, branch->parent, branch->rows * parent };
    }
    return FER_OK;
}

enum fer_status fer_compiler_create(struct fer_graph *graph, struct fer_store *store, int capacity,
                                    struct fer_compiler *out, struct fer_error *err)
{
    const struct fer_description *d = graph->description;
    struct fer_arena *arena = fer_arena_create();
    struct fer_program *program = arena ? fer_arena_alloc(arena, sizeof(*program)) : NULL;
    *out = (struct fer_compiler){
        .graph = graph, .store = store, .profile = store->device->profile, .capacity = capacity, .ranks = 1
    };
    out->facts = facts_of(store->device);
    if (!program)
        goto no_memory;
    out->program = program;
    program->arena = arena;
    program->capacity = capacity;
    program->seed = d->options.seed;
    int ndata = 1;
    for (int i = 0; i < graph->ninputs; i++)
        ndata = graph->inputs[i].value->data >= ndata ? graph->inputs[i].value->data + 1 : ndata;
    out->random = fer_arena_alloc(arena, (size_t)ndata * sizeof(*out->random));
    out->weights = fer_arena_alloc(arena, (size_t)(d->nnets + 1) * sizeof(*out->weights));
    if (!out->random || !out->weights)
        goto no_memory;
    for (int i = 0; i < d->nnets; i++)
        if (!(out->weights[i] = fer_arena_alloc(arena, (size_t)(d->nets[i]->nweights + 1) * sizeof(**out->weights))))
            goto no_memory;
    /* A graph may be compiled more than once: forget the tensors of the last time. */
    for (int i = 0; i < graph->nvalues; i++)
        graph->values[i]->tensor = NULL;
    for (int i = 0; i < graph->nops; i++) {
        memset(graph->ops[i]->saved_tensor, 0, sizeof(graph->ops[i]->saved_tensor));
        memset(graph->ops[i]->buffer_tensor, 0, sizeof(graph->ops[i]->buffer_tensor));
    }
    out->prepare = fer_compiler_segment(out, "prepare");
    if (out->prepare && create_branches(out, err) == FER_OK)
        return FER_OK;
no_memory:
    fer_arena_free(arena);
    out->program = NULL;
    return fer_compile_memory(err);
}

struct fer_segment *fer_compiler_segment(struct fer_compiler *c, const char *name)
{
    struct fer_program *program = c->program;
    struct fer_segment *segment = fer_arena_alloc(program->arena, sizeof(*segment));
    struct fer_segment **segments =
        fer_arena_alloc(program->arena, (size_t)(program->nsegments + 1) * sizeof(*segments));
    if (!segment || !segments)
        return NULL;
    if (program->nsegments)
        memcpy(segments, program->segments, (size_t)program->nsegments * sizeof(*segments));
    segment->name = fer_arena_strdup(program->arena, name);
    program->segments = segments;
    segments[program->nsegments++] = segment;
    return segment->name ? segment : NULL;
}

/* In the program's order too. */
struct fer_segment *fer_compiler_follow(struct fer_compiler *c, const struct fer_segment *first,
                                        struct fer_segment *last, int branch, const char *why)
{
    struct fer_program *program = c->program;
    const char *name = fer_arena_printf(program->arena, "%s (%s)", first->name, why);
    struct fer_segment *segment = name ? fer_compiler_segment(c, name) : NULL;
    if (!segment)
        return NULL;
    for (int i = program->nsegments - 1; program->segments[i - 1] != last; i--) {
        program->segments[i] = program->segments[i - 1];
        program->segments[i - 1] = segment;
    }
    segment->branch = branch;
    last->next = segment;
    return segment;
}

struct fer_shape fer_compiler_shape(const struct fer_compiler *c, const struct fer_shape *shape, int branch)
{
    struct fer_shape out = *shape;
    if (out.batch)
        out.dim[0] = out.batch * fer_program_capacity(c->program, branch);
    return out;
}

struct fer_tensor *fer_compiler_tensor(struct fer_compiler *c, const struct fer_shape *shape, enum fer_layout layout,
                                       enum fer_storage storage, const char *name)
{
    struct fer_program *program = c->program;
    struct fer_tensor *tensor = fer_arena_alloc(program->arena, sizeof(*tensor));
    struct fer_tensor **tensors = fer_arena_grow(program->arena, program->tensors, program->ntensors,
                                                 &program->tensor_capacity, sizeof(*tensors));
    if (!tensor || !tensors)
        return NULL;
    tensor->shape = *shape;
    tensor->layout = layout;
    tensor->storage = storage;
    tensor->name = name;
    tensor->id = program->ntensors;
    tensor->first = tensor->last = -1;
    program->tensors = tensors;
    tensors[program->ntensors++] = tensor;
    return tensor;
}

struct fer_tensor *fer_compiler_run(struct fer_compiler *c, struct fer_buffer *buffer, size_t offset, size_t count,
                                    const char *name)
{
    const struct fer_shape shape = { FER_F32, 1, { (int)count }, 0 };
    struct fer_tensor *tensor = fer_compiler_tensor(c, &shape, FER_LAYOUT_PLAIN, FER_STORAGE_PERSISTENT, name);
    if (tensor) {
        tensor->buffer = buffer;
        tensor->offset = offset;
    }
    return tensor;
}

bool fer_step_moves(const struct fer_step_spec *step, const struct fer_weight *weight)
{
    for (int u = 0; u < step->nupdates; u++)
        for (int w = 0; w < step->updates[u].nweights; w++)
            if (step->updates[u].weights[w] == weight)
                return true;
    return false;
}

bool fer_stage_moves(const struct fer_stage_spec *spec, const struct fer_weight *weight)
{
    for (int k = 0; k < spec->nsteps; k++)
        if (fer_step_moves(&spec->steps[k], weight))
            return true;
    return false;
}

struct fer_tensor *fer_compiler_weight(struct fer_compiler *c, const struct fer_weight *weight)
{
    struct fer_tensor **slot = &c->weights[weight->net->index][weight->index];
    if (!*slot) {
        *slot = fer_compiler_tensor(c, &weight->shape, FER_LAYOUT_PLAIN, FER_STORAGE_PERSISTENT, weight->path);
        if (*slot) {
            (*slot)->buffer = (weight->trained ? c->store->values : c->store->statistics)[weight->net->index];
            (*slot)->offset = weight->offset;
            (*slot)->moves = weight->trained && c->moving && fer_stage_moves(c->moving, weight);
        }
    }
    return *slot;
}

/* The input that output 0 may be written over. */
static struct fer_value *overwrites(const struct fer_op *op)
{
    return op->addend ? op->in[op->addend] : op->layer->flags & FER_LAYER_IN_PLACE ? op->in[0] : NULL;
}

/* Whether what is added is also what the operation itself reads, which need not be element for element. */
static bool reads_otherwise(struct fer_compiler *c, const struct fer_op *op, const struct fer_tensor *addend)
{
    for (int i = 0; i < op->addend; i++) {
        const struct fer_tensor *in = fer_compiler_value(c, op->in[i]);
        if (!in || in == addend || in->base == addend)
            return true;
    }
    return false;
}

bool fer_compiler_without(const struct fer_compiler *c, enum fer_pass pass)
{
    return c->options && c->options->without & pass;
}

bool fer_compiler_views(const struct fer_compiler *c, const struct fer_op *op)
{
    return op->layer->flags & FER_LAYER_VIEW &&
           !(fer_compiler_without(c, FER_PASS_VIEWS) && op->in[0]->shape.dtype == FER_F32);
}

struct fer_tensor *fer_compiler_value(struct fer_compiler *c, struct fer_value *value)
{
    if (value->tensor)
        return value->tensor;
    const struct fer_op *op = value->producer;
    const struct fer_shape shape = fer_compiler_shape(c, &value->shape, value->branch);
    struct fer_tensor *t =
        fer_compiler_tensor(c, &shape, value->layout, op ? FER_STORAGE_ARENA : FER_STORAGE_INPUT, value->name);
    if (!t)
        return NULL;
    value->tensor = t;
    t->precision = value->precision;
    t->branch = value->branch;
    t->keep = value->keep;
    if (op && fer_compiler_views(c, op)) {
        struct fer_tensor *base = fer_compiler_value(c, op->in[0]);
        if (!base)
            return NULL;
        t->base = base->base ? base->base : base;
        t->view = base->view;
        t->storage = base->storage;
        t->buffer = base->buffer;
        if (t->keep)
            t->base->keep = true;
    } else if (op && value->output == 0 && overwrites(op)) {
        struct fer_tensor *in = fer_compiler_value(c, overwrites(op));
        if (in && in->storage == FER_STORAGE_ARENA && !in->base && !in->keep && in->layout == t->layout &&
            fer_shape_equal(&in->shape, &t->shape) && !reads_otherwise(c, op, in))
            t->in_place_of = in;
    }
    return t;
}

struct fer_emit fer_compiler_emit(struct fer_compiler *c, struct fer_segment *segment, const char *pass,
                                  struct fer_error *err)
{
    return (struct fer_emit){ .c = c,
                              .segment = segment,
                              .prepares_at = segment ? segment->count : 0,
                              .pass = pass,
                              .err = err,
                              .epilogue = { .size = sizeof(struct fer_epilogue) } };
}

/* ---- runs ---- */

static int by_place(const void *a, const void *b)
{
    const struct fer_weight *x = *(struct fer_weight *const *)a, *y = *(struct fer_weight *const *)b;
    if (x->net->index != y->net->index)
        return x->net->index < y->net->index ? -1 : 1;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

enum fer_status fer_runs_of(struct fer_arena *arena, struct fer_weight *const *weights, int nweights, bool by_rank,
                            bool apart, struct fer_run **runs, int *nruns, struct fer_error *err)
{
    struct fer_run *out = fer_arena_alloc(arena, (size_t)(nweights + 1) * sizeof(*out));
    struct fer_weight **sorted = fer_arena_copy(arena, weights, (size_t)(nweights + 1) * sizeof(*sorted));
    *nruns = 0;
    if (!out || !sorted)
        return fer_compile_memory(err);
    qsort(sorted, (size_t)nweights, sizeof(*sorted), by_place);
    for (int i = 0; i < nweights; i++) {
        const struct fer_weight *w = sorted[i];
        const size_t count = (fer_shape_count(&w->shape) + 63) / 64 * 64; /* the gaps hold zeros and stay zero */
        const bool matrix = w->shape.rank >= 2;
        struct fer_run *last = *nruns ? &out[*nruns - 1] : NULL;
        if (!apart && last && last->net == w->net && last->offset + last->count == w->offset &&
            (!by_rank || last->matrix == matrix))
            last->count += count;
        else
            out[(*nruns)++] = (struct fer_run){ w->net, w->offset, count, matrix };
    }
    *runs = out;
    return FER_OK;
}
