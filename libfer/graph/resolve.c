/* SPDX-License-Identifier: Apache-2.0
 *
 * A description, from its text to graphs: lets, labels, nets, data, stages, predict, tests, in this order, so that
 * weights are declared by the stage that trains them.
 */
#include "graph/resolve.h"

#include <string.h>

static int count_items(const struct fer_module *m, enum fer_ast_item_kind kind)
{
    int count = 0;
    for (int i = 0; i < m->file->nitems; i++)
        count += m->file->items[i].kind == kind;
    return count;
}

static enum fer_status allocate(struct fer_resolver *r)
{
    struct fer_description *d = r->d;
    const struct fer_module *m = r->main;
    d->nets = fer_arena_alloc(d->arena, (size_t)(count_items(m, FER_AST_NET) + 1) * sizeof(*d->nets));
    d->data = fer_arena_alloc(d->arena, (size_t)(count_items(m, FER_AST_DATA) + 1) * sizeof(*d->data));
    d->loads = fer_arena_alloc(d->arena, (size_t)(count_items(m, FER_AST_ITEM_LOAD) + 1) * sizeof(*d->loads));
    d->stages = fer_arena_alloc(d->arena, (size_t)(count_items(m, FER_AST_STAGE) + 1) * sizeof(*d->stages));
    d->tests = fer_arena_alloc(d->arena, (size_t)(count_items(m, FER_AST_TEST) + 1) * sizeof(*d->tests));
    d->predicts = fer_arena_alloc(d->arena, (size_t)(count_items(m, FER_AST_PREDICT) + 1) * sizeof(*d->predicts));
    return d->nets && d->data && d->loads && d->stages && d->tests && d->predicts
               ? FER_OK
               : fer_report_memory(r, (struct fer_span){ m->source, 0, 0 });
}

static bool wanted(const struct fer_description_options *options, enum fer_ast_item_kind kind)
{
    if (!options->only_predict)
        return true;
    if (kind == FER_AST_STAGE || kind == FER_AST_ITEM_LOAD)
        return false;
    return options->with_tests || (kind != FER_AST_DATA && kind != FER_AST_TEST);
}

/* A data set that is a reader alone is for others to read; one that none reads lacks its batch. */
static enum fer_status check_readers(struct fer_resolver *r)
{
    struct fer_description *d = r->d;
    enum fer_status status = FER_OK;
    for (int i = 0; i < r->main->file->nitems && status != FER_ENOMEM; i++) {
        const struct fer_ast_item *item = &r->main->file->items[i];
        if (item->kind == FER_AST_DATA && item->ncalls == 1 && !r->main->used[i])
            status = fer_data_create(r, item, &d->data[d->ndata++]);
    }
    return status;
}

/* A checkpoint needs the data of its tests, not that of its training. */
static bool is_needed(const struct fer_resolver *r, const struct fer_ast_item *data)
{
    if (!r->d->options.only_predict)
        return true;
    for (int i = 0; i < r->main->file->nitems; i++) {
        const struct fer_ast_item *item = &r->main->file->items[i];
        if (item->kind == FER_AST_TEST && item->names.count && strcmp(item->names.items[0], data->name) == 0)
            return true;
    }
    return false;
}

static enum fer_status resolve_kind(struct fer_resolver *r, enum fer_ast_item_kind kind)
{
    struct fer_description *d = r->d;
    enum fer_status status = FER_OK, first = FER_OK;
    if (!wanted(&d->options, kind))
        return FER_OK;
    for (int i = 0; i < r->main->file->nitems; i++) {
        const struct fer_ast_item *item = &r->main->file->items[i];
        if (item->kind != kind || (kind == FER_AST_DATA && !is_needed(r, item)))
            continue;
        r->depth = 0;
        if (kind == FER_AST_NET)
            status = fer_net_create(r, r->main, item);
        else if (kind == FER_AST_DATA)
            status = item->ncalls > 1 ? fer_data_create(r, item, &d->data[d->ndata++]) : FER_OK;
        else if (kind == FER_AST_ITEM_LOAD)
            status =
                fer_load_create(r, item->path, &item->value, item->keywords, item->nkeywords, d->loads, &d->nloads);
        else if (kind == FER_AST_STAGE)
            status = fer_stage_create(r, item, &d->stages[d->nstages++]);
        else if (kind == FER_AST_PREDICT)
            status = fer_predict_create(r, item, &d->predicts[d->npredicts++]);
        else if (kind == FER_AST_TEST)
            status = fer_test_create(r, item, &d->tests[d->ntests++]);
        if (status && !first)
            first = status;
        if (status == FER_ENOMEM)
            break;
    }
    return first || kind != FER_AST_DATA || d->options.only_predict ? first : check_readers(r);
}

static enum fer_status check_loads(struct fer_resolver *r)
{
    const struct fer_description *d = r->d;
    enum fer_status status = FER_OK;
    for (int i = 0; i < d->nloads && !status; i++)
        status = fer_load_check(r, d->loads[i].path, d->loads[i].span);
    for (int s = 0; s < d->nstages; s++) {
        for (int i = 0; i < d->stages[s].nloads && !status; i++)
            status = fer_load_check(r, d->stages[s].loads[i].path, d->stages[s].loads[i].span);
        for (int i = 0; i < d->stages[s].nsaves && !status; i++)
            status = fer_load_check(r, d->stages[s].saves[i].path, d->stages[s].saves[i].span);
    }
    return status;
}

static enum fer_status resolve(struct fer_resolver *r)
{
    static const enum fer_ast_item_kind order[] = { FER_AST_NET,   FER_AST_DATA,    FER_AST_ITEM_LOAD,
                                                    FER_AST_STAGE, FER_AST_PREDICT, FER_AST_TEST };
    enum fer_status status = allocate(r);
    if (!status)
        status = fer_items_check(r);
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]) && !status; i++)
        status = resolve_kind(r, order[i]);
    if (!status)
        status = check_loads(r);
    if (!status)
        fer_items_warn(r);
    return status;
}

/* The first error, for callers that show only one sentence. */
static enum fer_status first_error(const struct fer_description *d, enum fer_status status, struct fer_error *err)
{
    for (int i = 0; i < d->diags.count && d->diags.items; i++) {
        const struct fer_diag *diag = &d->diags.items[i];
        if (diag->severity != FER_SEVERITY_ERROR)
            continue;
        const char *text = diag->text ? diag->text : "error";
        int line, column;
        if (!diag->span.source)
            return fer_fail(err, status, "%s", text);
        fer_span_place(diag->span, &line, &column);
        return fer_fail(err, status, "%s:%d:%d: %s", diag->span.source->name, line, column, text);
    }
    if (err && !err->status)
        return fer_fail(err, status, "the description cannot be used");
    return status;
}

static enum fer_status read_source(struct fer_description *d, const char *path, const char *name, const char *dir,
                                   const char *text, struct fer_error *err)
{
    if (path)
        return fer_sources_read(d->sources, path, &d->source, err);
    return fer_sources_add(d->sources, name, dir, text, &d->source, err);
}

static char *copy_setting(struct fer_arena *arena, const struct fer_setting *from, int count, struct fer_setting **to)
{
    *to = fer_arena_alloc(arena, (size_t)(count + 1) * sizeof(**to));
    for (int i = 0; *to && i < count; i++) {
        (*to)[i].name = fer_arena_strdup(arena, from[i].name);
        (*to)[i].value = fer_arena_strdup(arena, from[i].value);
        if (!(*to)[i].name || !(*to)[i].value)
            return NULL;
    }
    return (char *)*to;
}

static enum fer_status create(const struct fer_registry *registry, const char *path, const char *name, const char *dir,
                              const char *text, const struct fer_description_options *options,
                              struct fer_description **out, struct fer_error *err)
{
    static const struct fer_description_options none = { 0 };
    struct fer_arena *arena = fer_arena_create();
    struct fer_description *d = arena ? fer_arena_alloc(arena, sizeof(*d)) : NULL;
    struct fer_resolver *r = d ? fer_arena_alloc(arena, sizeof(*r)) : NULL;
    struct fer_module *m = r ? fer_arena_alloc(arena, sizeof(*m)) : NULL;
    *out = NULL;
    if (!m) {
        fer_arena_free(arena);
        return fer_fail(err, FER_ENOMEM, "out of memory");
    }
    d->arena = arena;
    d->registry = registry;
    d->resolver = r;
    d->options = options ? *options : none;
    r->d = d;
    r->main = m;
    *out = d;
    struct fer_setting *sets, *data;
    if (!copy_setting(arena, d->options.sets, d->options.nsets, &sets) ||
        !copy_setting(arena, d->options.data, d->options.ndata, &data))
        return fer_fail(err, FER_ENOMEM, "out of memory");
    d->options.sets = sets;
    d->options.data = data;
    enum fer_status status = fer_sources_create(&d->sources, err);
    if (!status)
        status = read_source(d, path, name, dir, text, err);
    if (status)
        return status;
    struct fer_ast_file *file = NULL;
    status = fer_parse(arena, d->sources, d->source, &file, &d->diags, err);
    if (status)
        return first_error(d, status, err);
    d->file = m->file = file;
    m->source = d->source;
    m->used = fer_arena_alloc(arena, (size_t)file->nitems + 1);
    if (!m->used || fer_module_plugins(r, m))
        return fer_fail(err, FER_ENOMEM, "out of memory");
    status = resolve(r);
    return status ? first_error(d, status, err) : FER_OK;
}

enum fer_status fer_description_read(const struct fer_registry *registry, const char *path,
                                     const struct fer_description_options *options, struct fer_description **out,
                                     struct fer_error *err)
{
    return create(registry, path, NULL, NULL, NULL, options, out, err);
}

enum fer_status fer_description_parse(const struct fer_registry *registry, const char *name, const char *dir,
                                      const char *text, const struct fer_description_options *options,
                                      struct fer_description **out, struct fer_error *err)
{
    return create(registry, NULL, name, dir, text, options, out, err);
}

void fer_description_free(struct fer_description *description)
{
    if (!description)
        return;
    for (int i = 0; i < description->nstages; i++)
        fer_graph_free(description->stages[i].graph);
    for (int i = 0; i < description->ntests; i++)
        fer_graph_free(description->tests[i].graph);
    for (int i = 0; i < description->npredicts; i++)
        fer_graph_free(description->predicts[i].graph);
    for (int i = 0; i < description->ncalls; i++)
        fer_graph_free(description->calls[i]);
    fer_diags_free(&description->diags);
    fer_sources_free(description->sources);
    fer_arena_free(description->arena);
}

enum fer_status fer_description_call(struct fer_description *description, const char *name,
                                     const struct fer_shape *inputs, int ninputs, bool training,
                                     struct fer_predict_spec *out, struct fer_error *err)
{
    struct fer_resolver *r = description->resolver;
    struct fer_net *net = fer_description_net(description, name);
    if (!net)
        return fer_fail(err, FER_ENOTFOUND, "the description has no net '%s'", name);
    const struct fer_ast_signature *signature = &net->body->item->signature;
    if (ninputs != signature->nports || ninputs > FER_MAX_VALUES)
        return fer_fail(err, FER_ESHAPE, "net '%s' takes %d inputs, %d given", name, signature->nports, ninputs);
    *out = (struct fer_predict_spec){ .name = net->name, .span = net->span, .tracking = training };
    const int capacity = ninputs ? inputs[0].dim[0] : 1;
    out->inputs = fer_arena_alloc(description->arena, (size_t)(ninputs + 1) * sizeof(*out->inputs));
    out->outputs = fer_arena_alloc(description->arena, FER_MAX_VALUES * sizeof(*out->outputs));
    bool *trained = fer_arena_alloc(description->arena, (size_t)description->nnets + 1);
    struct fer_graph **calls = fer_arena_grow(description->arena, description->calls, description->ncalls,
                                              &description->calls_capacity, sizeof(*calls));
    if (!out->inputs || !out->outputs || !trained || !calls)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    description->calls = calls;
    for (int i = 0; i < description->nnets; i++)
        trained[i] = training;
    enum fer_status status = fer_graph_create(description, capacity, &out->graph, err);
    if (status)
        return status;
    calls[description->ncalls++] = out->graph;
    struct fer_scope scope = { 0 };
    struct fer_naming naming = { .prefix = "" };
    struct fer_env env = { .r = r,
                           .graph = out->graph,
                           .module = r->main,
                           .bindings = &r->main->lets,
                           .scope = &scope,
                           .naming = &naming,
                           .trained = trained,
                           .training = training,
                           .region = FER_REGION_SHARED };
    struct fer_values values = { .count = 0 };
    for (int i = 0; i < ninputs; i++) {
        struct fer_shape shape = inputs[i];
        shape.batch = 1;
        values.items[i] = fer_graph_add_input(out->graph, &shape, signature->ports[i].name, -1, 0);
        if (!values.items[i])
            return fer_fail(err, FER_ENOMEM, "out of memory");
        values.count++;
        out->inputs[out->ninputs++] = (struct fer_port_spec){ signature->ports[i].name, shape };
    }
    r->depth = 0;
    status = fer_net_eval(&env, net, NULL, net->span, &values);
    if (status)
        return first_error(description, status, err);
    for (int i = 0; i < values.count; i++) {
        values.items[i]->keep = true;
        const char *port = i < signature->outputs.count ? signature->outputs.items[i] : "out";
        values.items[i]->name = port;
        out->outputs[out->noutputs++] = (struct fer_port_spec){ port, values.items[i]->shape };
    }
    fer_graph_prune(out->graph);
    return FER_OK;
}
