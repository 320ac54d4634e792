/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/graph.h"

#include <string.h>

#include "graph/weight.h"
#include "graph/registry.h"
#include "said.h"

enum fer_status fer_graph_create(struct fer_description *description, int capacity, struct fer_graph **out,
                                 struct fer_error *err)
{
    struct fer_arena *arena = fer_arena_create();
    struct fer_graph *graph = arena ? fer_arena_alloc(arena, sizeof(*graph)) : NULL;
    if (!graph) {
        fer_arena_free(arena);
        return fer_fail(err, FER_ENOMEM, "out of memory while building a graph");
    }
    graph->arena = arena;
    graph->description = description;
    graph->capacity = capacity;
    *out = graph;
    return FER_OK;
}

void fer_graph_free(struct fer_graph *graph)
{
    if (graph)
        fer_arena_free(graph->arena);
}

struct fer_value *fer_graph_value(struct fer_graph *graph, const struct fer_shape *shape, const char *name, int region)
{
    struct fer_value **values =
        fer_arena_grow(graph->arena, graph->values, graph->nvalues, &graph->value_capacity, sizeof(*values));
    struct fer_value *value = fer_arena_alloc(graph->arena, sizeof(*value));
    if (!values || !value)
        return NULL;
    graph->values = values;
    values[graph->nvalues++] = value;
    value->shape = *shape;
    value->name = name;
    value->region = region;
    return value;
}

struct fer_value *fer_graph_add_input(struct fer_graph *graph, const struct fer_shape *shape, const char *name,
                                      int data, unsigned field)
{
    struct fer_graph_input *inputs =
        fer_arena_grow(graph->arena, graph->inputs, graph->ninputs, &graph->input_capacity, sizeof(*inputs));
    struct fer_value *value = fer_graph_value(graph, shape, name, FER_REGION_DATA);
    if (!inputs || !value)
        return NULL;
    graph->inputs = inputs;
    inputs[graph->ninputs++] = (struct fer_graph_input){ value, data, field };
    value->data = data < 0 ? 0 : data;
    return value;
}

static uint32_t stream_of(struct fer_graph *graph, const struct fer_op_spec *spec)
{
    /* FNV-1a of the path, so that adding an unrelated operation does not reshuffle the others; operations without a
     * path are told apart by their order.  The top byte is left to fer_random's views. */
    uint32_t hash = 2166136261u;
    for (const char *p = spec->path; p && *p; p++)
        hash = (hash ^ (unsigned char)*p) * 16777619u;
    const uint32_t order = graph->streams++;
    if (!spec->path || !spec->net)
        for (int i = 0; i < 4; i++)
            hash = (hash ^ (order >> 8 * i & 255)) * 16777619u;
    else
        hash = (hash ^ spec->invocation) * 16777619u;
    return hash & 0xffffffu;
}

static bool is_loss(const struct fer_op *op)
{
    const struct fer_shape *loss = &op->out[0]->shape, *each = op->nout > 1 ? &op->out[1]->shape : NULL;
    return loss->dtype == FER_F32 && loss->rank == 1 && loss->dim[0] == 1 && !loss->batch &&
           (!each || (each->dtype == FER_F32 && each->rank == 1 && each->batch));
}

enum fer_status fer_graph_add(struct fer_graph *graph, const struct fer_op_spec *spec, struct fer_op **out,
                              struct fer_error *err)
{
    const struct fer_layer *layer = spec->layer;
    if (spec->nin < layer->inputs_min || spec->nin > layer->inputs_max) {
        if (layer->inputs_min == layer->inputs_max)
            return fer_fail(err, FER_ESHAPE, "%d input%s given, %d expected", spec->nin, spec->nin == 1 ? "" : "s",
                            layer->inputs_min);
        return fer_fail(err, FER_ESHAPE, "%d input%s given, %d to %d expected", spec->nin, spec->nin == 1 ? "" : "s",
                        layer->inputs_min, layer->inputs_max);
    }
    struct fer_op **ops = fer_arena_grow(graph->arena, graph->ops, graph->nops, &graph->op_capacity, sizeof(*ops));
    struct fer_op *op = fer_arena_alloc(graph->arena, sizeof(*op));
    if (!ops || !op)
        return fer_fail(err, FER_ENOMEM, "out of memory while building a graph");
    graph->ops = ops;
    op->layer = layer;
    op->params = spec->params;
    op->graph = graph;
    op->nin = spec->nin;
    memcpy(op->in, spec->in, (size_t)spec->nin * sizeof(*op->in));
    if (spec->field)
        memcpy(op->field, spec->field, (size_t)spec->nin * sizeof(*op->field));
    op->net = spec->net;
    op->path = spec->path;
    op->span = spec->span;
    op->call = spec->call;
    op->training = spec->training;
    op->is_metric = spec->is_metric;
    op->region = spec->region;
    op->branch = spec->branch;
    op->invocation = spec->invocation;
    op->stream = stream_of(graph, spec);
    op->data = op->nin ? op->in[0]->data : 0;
    op->shape_error = err;
    const enum fer_status status = fer_said(layer->shape(op, err), layer->name, "shape", err);
    op->shape_error = NULL;
    if (status || op->shape_status)
        return status ? status : op->shape_status;
    if (op->nout < layer->outputs_min || (layer->outputs > 0 && op->nout == 0))
        return fer_fail(err, FER_EPLUGIN, "its shape function declared %d of its outputs", op->nout);
    for (int i = 0; i < op->nout; i++)
        if (!op->out[i])
            return fer_fail(err, FER_EPLUGIN, "its shape function did not declare output %d", i);
    if (layer->flags & FER_LAYER_LOSS && !is_loss(op))
        return fer_fail(err, FER_EPLUGIN,
                        "it is a loss: its output 0 must be f32[1] without a batch axis, and output 1, if any, f32[N]");
    ops[graph->nops++] = op;
    *out = op;
    return FER_OK;
}

static void keep_op(struct fer_op *op)
{
    if (op->live)
        return;
    op->live = true;
    for (int i = 0; i < op->nin; i++) {
        op->in[i]->uses++;
        if (op->in[i]->producer)
            keep_op(op->in[i]->producer);
    }
}

void fer_graph_prune(struct fer_graph *graph)
{
    for (int i = 0; i < graph->nvalues; i++)
        graph->values[i]->uses = 0;
    for (int i = 0; i < graph->nops; i++)
        graph->ops[i]->live = false;
    for (int i = 0; i < graph->nops; i++) {
        struct fer_op *op = graph->ops[i];
        bool wanted = op->is_metric;
        for (int k = 0; k < op->nout; k++)
            wanted = wanted || op->out[k]->keep;
        if (wanted)
            keep_op(op);
    }
}

/* ---- fer/op.h: while shapes are found ---- */

const void *fer_op_params(const struct fer_op *op)
{
    return op->params;
}

int fer_op_inputs(const struct fer_op *op)
{
    return op->addend ? op->addend : op->nin;
}

const struct fer_shape *fer_op_input(const struct fer_op *op, int i)
{
    static const struct fer_shape nothing = { FER_F32, 0, { 0 }, 0 };
    return i >= 0 && i < op->nin ? &op->in[i]->shape : &nothing;
}

const char *fer_op_input_field(const struct fer_op *op, int i)
{
    return i >= 0 && i < op->nin && op->field[i] ? op->field[i] : "";
}

int fer_op_labels(const struct fer_op *op)
{
    return op->graph->description->nlabels;
}

bool fer_op_solver_exists(const struct fer_op *op, enum fer_problem_kind kind, const char *name)
{
    const struct fer_registry *registry = op->graph->description->registry;
    return registry && fer_registry_has_solver(registry, kind, name);
}

void fer_op_classes(struct fer_op *op, int i, int classes)
{
    struct fer_value *value = i >= 0 && i < op->nin ? op->in[i] : NULL;
    if (!value || value->producer || (value->classes && value->classes <= classes))
        return;
    value->classes = classes;
    value->classifier = op;
}

bool fer_op_training(const struct fer_op *op)
{
    return op->training;
}

static enum fer_status refuse(struct fer_op *op, enum fer_status status, const char *text)
{
    if (!op->shape_status)
        op->shape_status = fer_fail(op->shape_error, status, "%s", text);
    return status;
}

bool fer_shape_is_sane(const struct fer_shape *shape)
{
    double count = 1;
    if (shape->rank < 1 || shape->rank > FER_MAX_RANK)
        return false;
    for (int i = 0; i < shape->rank; i++) {
        if (shape->dim[i] < 1)
            return false;
        count *= shape->dim[i];
    }
    return count < 4e9;
}

void fer_op_output(struct fer_op *op, int i, const struct fer_shape *shape)
{
    char text[96];
    if (i < 0 || i >= FER_OP_PORTS || i > op->layer->outputs + op->nin)
        refuse(op, FER_EPLUGIN, "it declared an output that it does not have");
    else if (!fer_shape_is_sane(shape)) {
        if (!op->shape_status)
            op->shape_status = fer_fail(op->shape_error, FER_ESHAPE, "its output would have the impossible shape %s",
                                        fer_shape_text(shape, text, sizeof(text)));
    } else {
        op->out[i] = fer_graph_value(op->graph, shape, op->path ? op->path : op->layer->name, op->region);
        if (!op->out[i]) {
            refuse(op, FER_ENOMEM, "out of memory while building a graph");
            return;
        }
        op->out[i]->producer = op;
        op->out[i]->branch = op->branch;
        op->out[i]->data = op->data;
        op->out[i]->output = i;
        if (i >= op->nout)
            op->nout = i + 1;
    }
}

static int declare(struct fer_op *op, const char *name, const struct fer_shape *shape, struct fer_init init,
                   bool trained)
{
    const int index = op->nweights;
    if (index == FER_OP_WEIGHTS || !fer_shape_is_sane(shape) || shape->batch || shape->dtype != FER_F32) {
        refuse(op, FER_ESHAPE, "a weight would have an impossible shape");
        return 0;
    }
    op->nweights++;
    op->buffer_shape[index] = *shape;
    if (op->is_metric)
        return index;
    if (!op->net) {
        refuse(op, FER_EINVAL, "it has weights, so it must stand inside a net, not in a stage, test or predict");
        return 0;
    }
    const enum fer_status status =
        fer_weight_declare(op, name, shape, init, trained, &op->weights[index], op->shape_error);
    if (status && !op->shape_status)
        op->shape_status = status;
    return index;
}

int fer_op_weight(struct fer_op *op, const char *name, const struct fer_shape *shape, struct fer_init init)
{
    return declare(op, name, shape, init, true);
}

int fer_op_buffer(struct fer_op *op, const char *name, const struct fer_shape *shape, struct fer_init init)
{
    return declare(op, name, shape, init, false);
}

int fer_op_saved(struct fer_op *op, const struct fer_shape *shape)
{
    if (op->nsaved == FER_OP_SAVED || !fer_shape_is_sane(shape)) {
        refuse(op, FER_EPLUGIN, "it declared too many, or impossible, saved tensors");
        return 0;
    }
    op->saved[op->nsaved] = *shape;
    return op->nsaved++;
}

void fer_op_macs(struct fer_op *op, double macs)
{
    op->macs = macs;
}
