/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/probe.h"

#include <string.h>

#include "graph/resolve.h"

static struct fer_value *output_value(const struct fer_predict_spec *spec, int i)
{
    for (int k = 0; k < spec->graph->nvalues; k++) {
        struct fer_value *value = spec->graph->values[k];
        if (value->keep && value->name == spec->outputs[i].name)
            return value;
    }
    return NULL;
}

enum fer_status fer_probe_create(const struct fer_predict_spec *block, int most, struct fer_probe *out,
                                 struct fer_error *err)
{
    struct fer_arena *arena = block->graph->arena;
    const size_t outputs = (size_t)(block->noutputs + most + 2); /* and the score */
    *out = (struct fer_probe){ .spec = *block, .own = block->noutputs, .score = -1, .room = (int)outputs };
    out->spec.outputs = fer_arena_alloc(arena, outputs * sizeof(*out->spec.outputs));
    out->spec.of = fer_arena_alloc(arena, outputs * sizeof(*out->spec.of));
    if (!out->spec.outputs || !out->spec.of)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    memcpy(out->spec.outputs, block->outputs, (size_t)block->noutputs * sizeof(*out->spec.outputs));
    return FER_OK;
}

/* ---- paths ---- */

static struct fer_op *last_under(const struct fer_predict_spec *spec, const char *path)
{
    for (int i = spec->graph->nops - 1; i >= 0; i--) {
        struct fer_op *op = spec->graph->ops[i];
        if (op->path && op->nout > 0 && fer_path_holds(path, op->path))
            return op;
    }
    return NULL;
}

bool fer_probe_has(const struct fer_predict_spec *block, const char *path)
{
    return block->graph && last_under(block, path);
}

static enum fer_status not_there(const struct fer_predict_spec *spec, const char *path, struct fer_error *err)
{
    const struct fer_graph *graph = spec->graph;
    const char **names = fer_arena_alloc(graph->arena, (size_t)(graph->nops + 1) * sizeof(*names)), *near = NULL;
    int count = 0;
    for (int i = 0; names && i < graph->nops; i++)
        if (graph->ops[i]->path)
            names[count++] = graph->ops[i]->path;
    if (names)
        near = fer_nearest_name(path, names);
    return fer_fail(err, FER_ENOTFOUND, "predict %s has no operation under '%.100s'%s%s%s", spec->name, path,
                    near ? "; did you mean '" : "; `fer show` lists the paths", near ? near : "", near ? "'?" : "");
}

static bool is_map(const struct fer_value *value)
{
    return value->shape.rank == 4 && value->shape.dtype == FER_F32 && value->shape.batch == 1;
}

static enum fer_status find_map(const struct fer_predict_spec *spec, const char *path, struct fer_value **out,
                                struct fer_error *err)
{
    const struct fer_op *op = last_under(spec, path);
    char text[96];
    if (!op)
        return not_there(spec, path, err);
    *out = op->out[0];
    if (is_map(*out))
        return FER_OK;
    return fer_fail(err, FER_ESHAPE,
                    "predict %s: '%.100s' yields %s, which has no height and width; name an operation before it",
                    spec->name, path, fer_shape_text(&(*out)->shape, text, sizeof(text)));
}

/* ---- outputs ---- */

static enum fer_status add_output(struct fer_probe *probe, struct fer_value *value, const char *name, int *index,
                                  struct fer_error *err)
{
    struct fer_predict_spec *spec = &probe->spec;
    for (int i = 0; i < spec->noutputs; i++)
        if (output_value(spec, i) == value) {
            *index = i;
            return FER_OK;
        }
    name = fer_arena_printf(spec->graph->arena, "%s", name);
    if (!name || spec->noutputs == probe->room)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    value->keep = true;
    value->name = name; /* outputs are found by this very text */
    spec->outputs[ *index = spec->noutputs++] = (struct fer_port_spec){ name, value->shape };
    fer_graph_prune(spec->graph); /* it may have been of no use */
    return FER_OK;
}

enum fer_status fer_probe_value(struct fer_probe *probe, const char *path, int *index, struct fer_error *err)
{
    struct fer_value *value;
    const enum fer_status status = find_map(&probe->spec, path, &value, err);
    return status ? status : add_output(probe, value, path, index, err);
}

/* ---- gradients ---- */

/* Behind the last operation with weights stands what makes probabilities of scores. */
static struct fer_value *find_score(const struct fer_predict_spec *spec)
{
    struct fer_value *value = output_value(spec, 0);
    for (const struct fer_op *op = value ? value->producer : NULL;
         op && !op->nweights && op->nin == 1 && !op->fork && fer_shape_equal(&op->in[0]->shape, &value->shape);
         op = value->producer)
        value = op->in[0];
    return value;
}

/* Marks what the score comes from (value->reached); operations stand in order, so one sweep back sees all.  What a
 * decision chooses among is not differentiated: *join is such a place, or NULL. */
static void mark_sources(const struct fer_graph *graph, struct fer_value *score, const struct fer_op **join)
{
    *join = NULL;
    for (int i = 0; i < graph->nvalues; i++)
        graph->values[i]->reached = graph->values[i] == score;
    for (int i = graph->nops - 1; i >= 0; i--) {
        const struct fer_op *op = graph->ops[i];
        bool reached = false;
        for (int k = 0; k < op->nout; k++)
            reached = reached || op->out[k]->reached;
        if (reached && op->fork) {
            *join = op->fork->decision;
            continue;
        }
        for (int k = 0; k < op->nin && reached && !(op->layer->flags & FER_LAYER_STOPS_GRADIENT); k++)
            op->in[k]->reached = true;
    }
}

static struct fer_value *last_map(const struct fer_graph *graph)
{
    for (int i = graph->nops - 1; i >= 0; i--)
        for (int k = 0; k < graph->ops[i]->nout; k++) {
            struct fer_value *value = graph->ops[i]->out[k];
            if (value->reached && is_map(value) && (size_t)value->shape.dim[2] * (size_t)value->shape.dim[3] > 1)
                return value;
        }
    return NULL;
}

static enum fer_status no_gradient(const struct fer_predict_spec *spec, const char *path, const struct fer_op *join,
                                   struct fer_error *err)
{
    if (join)
        return fer_fail(
            err, FER_ENOTSUP,
            "predict %s: no gradient goes through '%s', which runs only chosen nets; use a predict block that runs "
            "them all",
            spec->name, join->path);
    if (path)
        return fer_fail(err, FER_ENOTSUP, "predict %s: the score of a class does not depend on '%.100s'", spec->name,
                        path);
    return fer_fail(err, FER_ENOTSUP, "predict %s: no value with height and width leads to the score of a class",
                    spec->name);
}

static int add_of(struct fer_predict_spec *spec, struct fer_value *value)
{
    for (int i = 0; i < spec->nof; i++)
        if (spec->of[i] == value)
            return i;
    spec->of[spec->nof] = value;
    return spec->nof++;
}

enum fer_status fer_probe_gradient(struct fer_probe *probe, const char *path, int *index, int *gradient,
                                   struct fer_error *err)
{
    struct fer_predict_spec *spec = &probe->spec;
    struct fer_value *score = probe->score < 0 ? find_score(spec) : output_value(spec, probe->score), *value = NULL;
    const struct fer_op *join;
    enum fer_status status = path ? find_map(spec, path, &value, err) : FER_OK;
    if (status)
        return status;
    mark_sources(spec->graph, score, &join);
    if (!path)
        value = last_map(spec->graph);
    if (!value || !value->reached || value->branch != score->branch)
        return no_gradient(spec, path, join, err);
    status = add_output(probe, score, "score", &probe->score, err);
    if (!status)
        status = add_output(probe, value, path ? path : value->producer->path, index, err);
    if (status)
        return status;
    spec->seed = probe->score;
    *gradient = add_of(spec, value);
    return FER_OK;
}

const char *fer_probe_choice(const struct fer_predict_spec *block, int output, int choice)
{
    const struct fer_value *value = output_value(block, output);
    const struct fer_fork *fork = value && value->producer ? value->producer->fork : NULL;
    if (!fork || fork->decision->out[0] != value || choice < 0 || choice >= fork->count)
        return NULL;
    return block->graph->branches[fork->first + choice - 1].net;
}
