/* SPDX-License-Identifier: Apache-2.0
 *
 * fer show: what the compiler made of a description.
 */
#include <fer/inspect.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "graph/graph.h"
#include "run/dump.h"
#include "train/net.h"

static json_t *dims(const struct fer_shape *shape)
{
    json_t *array = json_array();

    for (int i = shape->batch ? 1 : 0; i < shape->rank; i++)
        fer_json_append(&array, json_integer(shape->dim[i]));
    return array;
}

/* Whether an earlier operation of the graph has the weight already. */
static bool is_shared(const struct fer_graph *graph, int op, const struct fer_weight *weight)
{
    for (int i = 0; i < op; i++) {
        for (int w = 0; w < graph->ops[i]->nweights; w++) {
            if (graph->ops[i]->weights[w] == weight)
                return true;
        }
    }
    return false;
}

/* Multiply-adds of the batch when each decision sends a sample the dearest way.  totals: by branch, of its own
 * operations.  Decisions stand before those of the nets that they choose. */
static double dearest_way(const struct fer_graph *graph, double *totals)
{
    for (int i = graph->nops - 1; i >= 0; i--) {
        const struct fer_op *op = graph->ops[i];
        double most = 0;

        if (!op->live || !op->fork || op != op->fork->decision)
            continue;
        for (int k = 0; k < op->fork->count; k++)
            most = fmax(most, totals[op->fork->first + k]);
        totals[op->branch] += most;
    }
    return totals[0];
}

static const char *branch_net(const struct fer_graph *graph, int branch)
{
    return branch ? graph->branches[branch - 1].net : NULL;
}

static double parameters_of(const struct fer_graph *graph, int at, const struct fer_op *op)
{
    double own = 0;

    for (int w = 0; !op->is_metric && w < op->nweights; w++) {
        if (op->weights[w] && op->weights[w]->trained && !is_shared(graph, at, op->weights[w]))
            own += (double)fer_shape_count(&op->weights[w]->shape);
    }
    return own;
}

static json_t *operations(const struct fer_graph *graph, double *parameters, double *totals)
{
    json_t *list = json_array();

    for (int i = 0; i < graph->nops; i++) {
        const struct fer_op *op = graph->ops[i];
        double own = parameters_of(graph, i, op), work = op->macs;
        json_t *fused = json_array();

        if (!op->live) {
            json_decref(fused);
            continue;
        }
        for (int f = 0; f < op->nfused; f++) {
            own += parameters_of(graph, i, op->fused[f]);
            work += op->fused[f]->macs;
            fer_json_append(&fused, json_string(op->fused[f]->layer->name));
        }
        *parameters += own;
        totals[op->branch] += work;
        fer_json_append(&list, json_pack("{s:s, s:s, s:o, s:s?, s:s?, s:o, s:I, s:I}", "path", op->path ? op->path : "",
                                         "op", op->layer->name, "fused", fused, "branch", branch_net(graph, op->branch),
                                         "output", op->nout > 0 ? op->out[0]->name : NULL, "shape",
                                         op->nout > 0 ? dims(&op->out[0]->shape) : json_array(), "parameters",
                                         (json_int_t)own, "macs", (json_int_t)work));
    }
    return list;
}

static json_t *segments(const struct fer_program *program)
{
    json_t *list = json_array();

    for (int s = 0; s < program->nsegments; s++) {
        const struct fer_segment *segment = program->segments[s];
        const char *branch = segment->branch ? program->branches[segment->branch - 1].name : NULL;

        fer_json_append(&list,
                        json_pack("{s:s, s:i, s:s?, s:s?}", "name", segment->name, "launches", segment->count, "branch",
                                  branch, "decision", segment->decision ? segment->decision->name : NULL));
    }
    return list;
}

static void count(json_t **object, const char *name)
{
    fer_json_set(object, name, json_integer(json_integer_value(json_object_get(*object, name)) + 1));
}

/* {"fp16": {"maps", "copies"}} into `passes`: tensors of 16 bits, and passes over memory for kernels that know f32
 * alone. */
static void add_precision(json_t **passes, const struct fer_program *program)
{
    enum fer_precision precision = FER_FP32;
    int maps = 0, copies = 0;

    for (int i = 0; i < program->ntensors; i++)
        if (program->tensors[i]->precision != FER_FP32) {
            precision = program->tensors[i]->precision;
            maps++;
        }
    for (int s = 0; s < program->nsegments; s++)
        for (int i = 0; i < program->segments[s]->count; i++)
            copies += strcmp(program->segments[s]->launches[i]->kernel, "recast") == 0;
    if (maps > 0)
        fer_json_set(passes, fer_precision_name(precision), json_pack("{s:i, s:i}", "maps", maps, "copies", copies));
}

/* {"tf32": {"rounded", "exact"}} into `passes`, where products may be rounded. */
static void add_products(json_t **passes, const struct fer_program *program)
{
    enum fer_precision precision = program->nsolved ? program->solved[0]->precision : FER_FP32;
    const char *name = fer_precision_name(precision);
    int rounded = 0, exact = 0;
    json_t *entry;

    if (fer_precision_products(precision) == FER_PRODUCTS_FULL)
        return;
    for (int i = 0; i < program->nsolved; i++) {
        rounded += fer_solved_rounds(program->solved[i]);
        exact += program->solved[i]->kind != FER_PROBLEM_OTHER && !fer_solved_rounds(program->solved[i]);
    }
    entry = json_object_get(*passes, name);
    entry = entry ? json_incref(entry) : json_object();
    fer_json_merge(&entry, json_pack("{s:i, s:i}", "rounded", rounded, "exact", exact));
    fer_json_set(passes, name, entry);
}

/* What is shown. */
struct made {
    const struct fer_graph *graph;
    const struct fer_program *program;
    const struct fer_store *store;
    const struct fer_stage_program *stage; /* NULL: nothing is trained */
    unsigned without;                      /* enum fer_pass */
};

/* The optimizers' own launches, and how many weights they move; {} where nothing is moved. */
static json_t *updates(const struct fer_stage_program *stage)
{
    int launches = 0, weights = 0;

    for (int k = 0; stage && k < stage->nsteps; k++) {
        for (int u = 0; u < stage->steps[k].nupdates; u++) {
            const struct fer_update_state *update = &stage->steps[k].updates[u];

            weights += update->spec->nweights;
            for (int i = 0; i < update->segment->count; i++)
                launches += strcmp(update->segment->launches[i]->op, update->spec->optimizer->name) == 0;
        }
    }
    return weights ? json_pack("{s:i, s:i}", "launches", launches, "weights", weights) : json_object();
}

/* Names of the passes that were left out. */
static json_t *left_out(unsigned without)
{
    json_t *list = json_array();
    const char *name;

    for (unsigned pass = 1; (name = fer_pass_name(pass)); pass *= 2) {
        if (without & pass)
            fer_json_append(&list, json_string(name));
    }
    return list;
}

/* What each pass did: how many operations of each kind it took over, conversions it put in, tensors in others' places
 * or of others' memory, launches and bytes that are left. */
static json_t *passes(const struct made *made)
{
    const struct fer_graph *graph = made->graph;
    const struct fer_program *program = made->program;
    json_t *fold = json_object(), *fuse = json_object(), *passes;
    int conversions = 0, in_place = 0, views = 0;

    for (int i = 0; i < graph->nops; i++) {
        const struct fer_op *op = graph->ops[i];

        for (int f = 0; op->live && f < op->nfused; f++)
            count(op->fused[f] == op->affine ? &fold : &fuse, op->fused[f]->layer->name);
        conversions += op->live && op->layer == &fer_core_convert;
    }
    for (int i = 0; i < program->ntensors; i++) {
        in_place += program->tensors[i]->in_place;
        views += program->tensors[i]->base != NULL;
    }
    passes = json_pack("{s:o, s:o, s:{s:i}, s:{s:i}, s:{s:i}, s:o, s:{s:I, s:I}}", "fold", fold, "fuse", fuse, "layout",
                       "conversions", conversions, "inplace", "tensors", in_place, "views", "tensors", views,
                       "optimizer", updates(made->stage), "arena", "bytes", (json_int_t)program->arena_bytes, "apart",
                       (json_int_t)program->apart_bytes);
    add_precision(&passes, program);
    add_products(&passes, program);
    return passes;
}

static json_t *launches(const struct fer_program *program)
{
    json_t *list = json_array();

    for (int s = 0; s < program->nsegments; s++) {
        const struct fer_segment *segment = program->segments[s];

        for (int i = 0; i < segment->count; i++) {
            const struct fer_launch *launch = segment->launches[i];
            const struct fer_solved *solved = launch->solved;
            char solver[256];

            if (solved)
                fer_solution_text(solved, &solved->solution, solver, sizeof(solver));
            fer_json_append(&list, json_pack("{s:s, s:s?, s:s?, s:s?, s:s, s:f, s:f, s:s?, s:s?}", "segment",
                                             segment->name, "pass", launch->pass, "op", launch->op, "label",
                                             launch->label, "kernel", launch->kernel, "flops", launch->flops, "bytes",
                                             launch->bytes, "solver", solved ? solver : NULL, "chosen",
                                             solved ? fer_chooser_name(solved->chooser) : NULL));
        }
    }
    return list;
}

static json_t *memory(const struct fer_program *program, const struct fer_store *store)
{
    static const char *const storages[] = { "arena", "input", "constant", "weights", "prepared" };
    json_t *list = json_array();
    double weights = 0, total = (double)program->arena_bytes;

    for (int i = 0; i < program->ntensors; i++) {
        const struct fer_tensor *t = program->tensors[i];
        size_t bytes = fer_tensor_bytes(t);

        if (t->base || t->last < 0)
            continue;
        if (t->storage != FER_STORAGE_ARENA && t->storage != FER_STORAGE_PERSISTENT)
            total += (double)bytes;
        fer_json_append(&list,
                        json_pack("{s:s?, s:s, s:I, s:I, s:i, s:i}", "name", t->name, "storage", storages[t->storage],
                                  "offset", (json_int_t)(t->offset * fer_tensor_element(t)), "bytes", (json_int_t)bytes,
                                  "first", t->first, "last", t->last));
    }
    for (int n = 0; n < store->description->nnets; n++)
        weights += (double)(store->description->nets[n]->values + store->description->nets[n]->statistics) * 4;
    return json_pack("{s:I, s:I, s:I, s:o}", "arena", (json_int_t)program->arena_bytes, "weights", (json_int_t)weights,
                     "total", (json_int_t)(total + weights), "tensors", list);
}

/* kernels: where their programs go, or NULL. */
static enum fer_status describe(const struct made *made, const char *kernels, char **json, struct fer_error *err)
{
    const struct fer_graph *graph = made->graph;
    const struct fer_program *program = made->program;
    double parameters = 0, macs, *totals = calloc((size_t)graph->nbranches + 1, sizeof(*totals));
    json_t *ops, *report;
    int count;

    if (!totals)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    ops = operations(graph, &parameters, totals);
    macs = dearest_way(graph, totals);
    free(totals);
    report =
        json_pack("{s:o, s:I, s:I, s:o, s:o, s:o, s:o, s:o}", "operations", ops, "parameters", (json_int_t)parameters,
                  "macs", (json_int_t)macs, "passes", passes(made), "without", left_out(made->without), "segments",
                  segments(program), "launches", launches(program), "memory", memory(program, made->store));
    if (kernels) {
        enum fer_status status = fer_kernels_dump(made->store->device, program, kernels, &count, err);

        if (status) {
            json_decref(report);
            return status;
        }
        fer_json_set(&report, "programs", json_integer(count));
    }
    return fer_json_text(report, json, err);
}

static enum fer_status show_net(struct fer_context *context, const char *path, const struct fer_show_options *options,
                                char **json, struct fer_error *err)
{
    struct fer_net_session session;
    struct fer_shape shapes[FER_NET_PORTS];
    enum fer_status status = fer_net_session_open(context, path, options->net, &options->settings, &session, err);

    session.plan_only = true;
    for (int i = 0; status == FER_OK && i < session.nports; i++) {
        const struct fer_shape *port = &session.ports[i].shape;

        if (port->rank == 0)
            status = fer_fail(err, FER_ESHAPE, "net %s: port %s has no shape; show the predict block that uses it",
                              options->net, session.ports[i].name);
        shapes[i] = *port;
        shapes[i].dim[0] = options->batch > 0 ? options->batch : 1;
    }
    if (status == FER_OK)
        status = fer_net_session_compile(&session, shapes, options->training, options->training, NULL, err);
    if (status == FER_OK) {
        const struct made made = { session.spec.graph, session.flow->program, session.store, NULL,
                                   fer_context_compile_options(context).without };

        status = describe(&made, options->kernels, json, err);
    }
    if (session.description)
        fer_net_session_close(&session);
    return status;
}

static enum fer_status show_stage(struct fer_description *description, int at, struct fer_store *store,
                                  const struct fer_show_options *options, const struct fer_compile_options *compile,
                                  char **json, struct fer_error *err)
{
    struct fer_stage_program *program = NULL;
    enum fer_status status = fer_stage_compile(description, at, store, compile, &program, err);

    if (status == FER_OK) {
        const struct made made = { program->graph, program->program, store, program, compile->without };

        status = describe(&made, options->kernels, json, err);
    }
    fer_stage_program_free(program);
    return status;
}

static enum fer_status show_predict(struct fer_description *description, int at, struct fer_store *store,
                                    const struct fer_show_options *options, const struct fer_compile_options *compile,
                                    char **json, struct fer_error *err)
{
    const struct fer_predict_spec *spec = &description->predicts[at];
    struct fer_flow_program *flow = NULL;
    enum fer_status status = fer_predict_compile(description, spec, options->batch > 0 ? options->batch : 1, false,
                                                 store, compile, &flow, err);

    if (status == FER_OK) {
        const struct made made = { spec->graph, flow->program, store, NULL, compile->without };

        status = describe(&made, options->kernels, json, err);
    }
    fer_flow_program_free(flow);
    return status;
}

enum fer_status fer_show(struct fer_context *context, const char *path, const struct fer_show_options *options,
                         char **json, struct fer_error *err)
{
    static const struct fer_show_options none;
    struct fer_compile_options compile = fer_context_compile_options(context);
    struct fer_description *description = NULL;
    struct fer_device *device;
    struct fer_store *store = NULL;
    enum fer_status status;
    int at = 0;

    *json = NULL;
    options = options ? options : &none;
    compile.plan_only = true;
    if (options->net)
        return show_net(context, path, options, json, err);
    status = fer_context_read(context, path, &options->settings, options->training ? FER_FOR_TRAINING : FER_FOR_PREDICT,
                              &description, err);
    if (status == FER_OK)
        status = fer_description_block(description, path, options->training ? FER_BLOCK_STAGE : FER_BLOCK_PREDICT,
                                       options->block, &at, err);
    if (status == FER_OK)
        status = fer_context_device(context, &device, err);
    if (status == FER_OK)
        status = fer_store_allocate(device, description, &store, err);
    if (status == FER_OK)
        status = options->training ? show_stage(description, at, store, options, &compile, json, err)
                                   : show_predict(description, at, store, options, &compile, json, err);
    fer_store_free(store);
    fer_description_free(description);
    return status;
}
