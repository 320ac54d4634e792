/* SPDX-License-Identifier: Apache-2.0
 *
 * A description, from its text to graphs: lets, labels, nets, data, stages, predict, tests, in this order, so that
 * weights are declared by the stage that trains them.
 */
#include "graph/resolve.h"

#include <stdlib.h>
#include <string.h>

const struct fer_ast_item *fer_item_find(const struct fer_module *module, enum fer_ast_item_kind kind, const char *name)
{
    for (int i = 0; i < module->file->nitems; i++)
        if (module->file->items[i].kind == kind && strcmp(module->file->items[i].name, name) == 0) {
            module->used[i] = true;
            return &module->file->items[i];
        }
    return NULL;
}

static enum fer_status add_lets(struct fer_resolver *r)
{
    struct fer_description *d = r->d;
    struct fer_module *m = r->main;
    for (int i = 0; i < m->file->nitems; i++) {
        struct fer_ast_item *item = &m->file->items[i];
        if (item->kind != FER_AST_LET)
            continue;
        for (int k = 0; k < m->lets.count; k++)
            if (strcmp(m->lets.items[k].name, item->name) == 0) {
                fer_report_at(r, m, item->name_span, "'%s' is already defined", item->name);
                return FER_EINVAL;
            }
        if (fer_bindings_add(d->arena, &m->lets, item->name, &item->value, NULL))
            return fer_report_memory(r, item->span);
    }
    for (int s = 0; s < d->options.nsets; s++) {
        const struct fer_setting *set = &d->options.sets[s];
        struct fer_ast_item *item = NULL;
        const char *names[256];
        int count = 0;
        for (int i = 0; i < m->file->nitems; i++)
            if (m->file->items[i].kind == FER_AST_LET) {
                if (strcmp(m->file->items[i].name, set->name) == 0)
                    item = &m->file->items[i];
                if (count < 255)
                    names[count++] = m->file->items[i].name;
            }
        names[count] = NULL;
        const struct fer_span whole = { r->main->source, 0, 0 };
        if (!item) {
            const char *near = fer_nearest_name(set->name, names);
            fer_report_at(r, m, whole, "--set %s: there is no let '%s'%s%s%s", set->name, set->name,
                          near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
            return FER_ENOTFOUND;
        }
        if (item->value.kind == FER_AST_STRING && set->value[0] != '"') { /* a shell has eaten the quotes */
            item->value.text = set->value;
            continue;
        }
        struct fer_error err = FER_ERROR_INIT;
        char *origin = fer_arena_printf(d->arena, "--set %s", set->name);
        const enum fer_status status =
            fer_bind_text(d->arena, d->sources, origin ? origin : "--set", set->value, &item->value, &d->diags, &err);
        if (status)
            return status;
    }
    return FER_OK;
}

static enum fer_status add_labels(struct fer_resolver *r)
{
    struct fer_description *d = r->d;
    for (int i = 0; i < r->main->file->nitems; i++) {
        const struct fer_ast_item *item = &r->main->file->items[i];
        if (item->kind != FER_AST_LABELS)
            continue;
        if (d->labels) {
            fer_report_at(r, r->main, item->span, "labels are given twice");
            return FER_EINVAL;
        }
        d->labels = fer_arena_alloc(d->arena, (size_t)(item->nvalues + 1) * sizeof(*d->labels));
        if (!d->labels)
            return fer_report_memory(r, item->span);
        for (int k = 0; k < item->nvalues; k++) {
            for (int j = 0; j < k; j++)
                if (strcmp(d->labels[j], item->values[k].text) == 0) {
                    fer_report_at(r, r->main, item->values[k].span, "label \"%s\" is given twice", item->values[k].text);
                    return FER_EINVAL;
                }
            d->labels[d->nlabels++] = item->values[k].text;
        }
    }
    return FER_OK;
}

static enum fer_status check_uses(struct fer_resolver *r)
{
    const struct fer_registry_file *files;
    const int nfiles = fer_registry_files(r->d->registry, &files);
    for (int i = 0; i < r->main->file->nitems; i++) {
        const struct fer_ast_item *item = &r->main->file->items[i];
        for (int k = 0; item->kind == FER_AST_USE && k < item->names.count; k++) {
            const char *name = item->names.items[k], *names[256];
            int count = 0;
            if (fer_registry_plugin(r->d->registry, name))
                continue;
            for (int f = 0; f < nfiles; f++) {
                if (files[f].plugin && count < 255)
                    names[count++] = files[f].plugin->name;
                const char *slash = strrchr(files[f].path, '/');
                if (files[f].refusal && slash && strncmp(slash + 1, name, strlen(name)) == 0 &&
                    strcmp(slash + 1 + strlen(name), ".so") == 0) {
                    fer_report_at(r, r->main, item->names.spans[k], "%s", files[f].refusal);
                    return FER_EPLUGIN;
                }
            }
            names[count] = NULL;
            const char *near = fer_nearest_name(name, names);
            if (near)
                fer_report_at(r, r->main, item->names.spans[k], "plugin '%s' is not installed; did you mean '%s'?", name, near);
            else
                fer_report_at(r, r->main, item->names.spans[k],
                              "plugin '%s' is not installed; fer plugins lists what is, FER_PLUGIN_PATH adds directories", name);
            return FER_ENOTFOUND;
        }
    }
    return FER_OK;
}

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

static enum fer_status check_names(struct fer_resolver *r)
{
    const struct fer_ast_file *file = r->main->file;
    for (int i = 0; i < file->nitems; i++)
        for (int k = 0; k < i; k++) {
            const struct fer_ast_item *a = &file->items[i], *b = &file->items[k];
            const bool callable = (a->kind == FER_AST_NET || a->kind == FER_AST_BLOCK || a->kind == FER_AST_PREDICT) &&
                                  (b->kind == FER_AST_NET || b->kind == FER_AST_BLOCK || b->kind == FER_AST_PREDICT);
            const bool same = a->kind == b->kind && (a->kind == FER_AST_DATA || a->kind == FER_AST_STAGE || a->kind == FER_AST_TEST);
            if ((callable || same) && strcmp(a->name, b->name) == 0) {
                int line, column;
                fer_span_place(b->name_span, &line, &column);
                fer_report_at(r, r->main, a->name_span, "'%s' is already defined at line %d; choose another name", a->name, line);
                return FER_EINVAL;
            }
        }
    return FER_OK;
}

static bool wanted(const struct fer_description_options *options, enum fer_ast_item_kind kind)
{
    if (!options->only_predict)
        return true;
    if (kind == FER_AST_STAGE || kind == FER_AST_ITEM_LOAD)
        return false;
    return options->with_tests || (kind != FER_AST_DATA && kind != FER_AST_TEST);
}

static enum fer_status resolve_kind(struct fer_resolver *r, enum fer_ast_item_kind kind)
{
    struct fer_description *d = r->d;
    enum fer_status status = FER_OK, first = FER_OK;
    if (!wanted(&d->options, kind))
        return FER_OK;
    for (int i = 0; i < r->main->file->nitems; i++) {
        const struct fer_ast_item *item = &r->main->file->items[i];
        if (item->kind != kind)
            continue;
        r->depth = 0;
        if (kind == FER_AST_NET)
            status = fer_net_create(r, r->main, item);
        else if (kind == FER_AST_DATA)
            status = fer_data_create(r, item, &d->data[d->ndata++]);
        else if (kind == FER_AST_ITEM_LOAD)
            status = fer_load_create(r, item->path, &item->value, item->keywords, item->nkeywords, &d->loads[d->nloads++]);
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
    return first;
}

static void warn_unused_items(struct fer_resolver *r)
{
    struct fer_description *d = r->d;
    for (int i = 0; i < r->main->file->nitems; i++) {
        const struct fer_ast_item *item = &r->main->file->items[i];
        if (item->kind == FER_AST_BLOCK && !r->main->used[i])
            fer_diag_add(&d->diags, FER_SEVERITY_WARNING, item->name_span, "block '%s' is never used", item->name);
        const struct fer_net *net = item->kind == FER_AST_NET ? fer_description_net(d, item->name) : NULL;
        if (net && !net->nweights && d->nstages + d->ntests + d->npredicts > 0) {
            bool used = false;
            for (int s = 0; s < d->nstages; s++)
                used = used || !d->stages[s].graph;
            for (int s = 0; s < d->ntests; s++)
                used = used || !d->tests[s].graph;
            if (!used)
                fer_diag_add(&d->diags, FER_SEVERITY_WARNING, item->name_span, "net '%s' is never used, or has no weights",
                             item->name);
        }
    }
    for (int i = 0; i < r->main->lets.count && !d->options.only_predict; i++)
        if (!r->main->lets.items[i].used)
            for (int k = 0; k < r->main->file->nitems; k++)
                if (r->main->file->items[k].kind == FER_AST_LET &&
                    strcmp(r->main->file->items[k].name, r->main->lets.items[i].name) == 0)
                    fer_diag_add(&d->diags, FER_SEVERITY_WARNING, r->main->file->items[k].name_span,
                                 "let '%s' is never used", r->main->lets.items[i].name);
}

static enum fer_status resolve(struct fer_resolver *r)
{
    static const enum fer_ast_item_kind order[] = { FER_AST_NET,   FER_AST_DATA,    FER_AST_ITEM_LOAD,
                                                    FER_AST_STAGE, FER_AST_PREDICT, FER_AST_TEST };
    enum fer_status status = allocate(r);
    if (!status)
        status = check_uses(r);
    if (!status)
        status = check_names(r);
    if (!status)
        status = add_lets(r);
    if (!status)
        status = add_labels(r);
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]) && !status; i++)
        status = resolve_kind(r, order[i]);
    if (!status)
        warn_unused_items(r);
    return status;
}

/* The first error, for callers that show only one sentence. */
static enum fer_status first_error(const struct fer_description *d, enum fer_status status, struct fer_error *err)
{
    for (int i = 0; i < d->diags.count && d->diags.items; i++) {
        const struct fer_diag *diag = &d->diags.items[i];
        if (diag->severity != FER_SEVERITY_ERROR)
            continue;
        int line = 0, column = 0;
        if (diag->span.source)
            fer_span_place(diag->span, &line, &column);
        return fer_fail(err, status, "%s:%d:%d: %s", diag->span.source ? diag->span.source->name : "?", line, column,
                        diag->text ? diag->text : "error");
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
    int names = 0;
    for (int i = 0; i < file->nitems; i++)
        names += file->items[i].kind == FER_AST_USE ? file->items[i].names.count : 0;
    m->plugins = fer_arena_alloc(arena, (size_t)(names + 1) * sizeof(*m->plugins));
    if (!m->used || !m->plugins)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    names = 0;
    for (int i = 0; i < file->nitems; i++)
        for (int k = 0; file->items[i].kind == FER_AST_USE && k < file->items[i].names.count; k++)
            m->plugins[names++] = file->items[i].names.items[k];
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
    if (!out->inputs || !out->outputs || !trained)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    for (int i = 0; i < description->nnets; i++)
        trained[i] = training;
    enum fer_status status = fer_graph_create(description, capacity, &out->graph, err);
    if (status)
        return status;
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
