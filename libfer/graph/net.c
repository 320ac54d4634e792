/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/net.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/resolve.h"
#include "graph/text.h"

#define WEIGHT_ALIGN 64 /* elements: 256 bytes */

/* ---- weights ---- */

enum fer_status fer_net_weight(struct fer_op *op, const char *name, const struct fer_shape *shape, struct fer_init init,
                               bool trained, struct fer_weight **out, struct fer_error *err)
{
    struct fer_net *net = op->net;
    struct fer_arena *arena = op->graph->description->arena;
    const char *path = fer_arena_printf(arena, "%s.%s", op->path, name);
    if (!path)
        return fer_fail(err, FER_ENOMEM, "out of memory while naming weights");
    for (int i = 0; i < net->nweights; i++) {
        struct fer_weight *weight = net->weights[i];
        if (strcmp(weight->path, path) != 0)
            continue;
        char was[96], is[96];
        if (!fer_shape_equal(&weight->shape, shape))
            return fer_fail(err, FER_ESHAPE, "weight '%s' is %s since its first use and would be %s here", path,
                            fer_shape_text(&weight->shape, was, sizeof(was)), fer_shape_text(shape, is, sizeof(is)));
        for (int k = 0; k < op->graph->nops; k++) {
            const struct fer_op *other = op->graph->ops[k];
            for (int w = 0; w < other->nweights; w++)
                if (other->weights[w] == weight && other->invocation == op->invocation)
                    return fer_fail(err, FER_EINVAL, "'%s' already names the weights of another operation; choose another label",
                                    op->path);
        }
        *out = weight;
        return FER_OK;
    }
    struct fer_weight **weights = fer_arena_grow(arena, net->weights, net->nweights, &net->weight_capacity, sizeof(*weights));
    struct fer_weight *weight = fer_arena_alloc(arena, sizeof(*weight));
    if (!weights || !weight)
        return fer_fail(err, FER_ENOMEM, "out of memory while naming weights");
    size_t *total = trained ? &net->values : &net->statistics;
    *weight = (struct fer_weight){ path, *shape, init, trained, net, *total, net->nweights, op->span };
    *total += (fer_shape_count(shape) + WEIGHT_ALIGN - 1) / WEIGHT_ALIGN * WEIGHT_ALIGN;
    net->weights = weights;
    weights[net->nweights++] = weight;
    *out = weight;
    return FER_OK;
}

struct fer_net *fer_description_net(const struct fer_description *description, const char *name)
{
    for (int i = 0; i < description->nnets; i++)
        if (strcmp(description->nets[i]->name, name) == 0)
            return description->nets[i];
    return NULL;
}

/* ---- models: text that a plugin writes ---- */

static enum fer_status write_model(struct fer_env *env, const struct fer_model *model, const struct fer_ast_call *call,
                                   const struct fer_ast_keyword *keywords, int nkeywords, const struct fer_source **out)
{
    struct fer_resolver *r = env->r;
    struct fer_binder binder = fer_env_binder(env, NULL);
    void *params;
    enum fer_status status = fer_bind(&binder, call->name, model->params, model->params_size, call->positional,
                                      call->positionals, keywords, nkeywords, call->name_span, &params);
    if (status)
        return status;
    struct fer_text text = { 0 };
    struct fer_error err = FER_ERROR_INIT;
    status = model->write(params, &text, &err);
    if (!status && (text.failed || !text.bytes))
        status = fer_fail(&err, text.failed ? FER_ENOMEM : FER_EPLUGIN, text.failed ? "out of memory" : "it wrote nothing");
    char name[160];
    size_t used = (size_t)snprintf(name, sizeof(name), "%s(", call->name);
    for (int k = 0; k < nkeywords && used < sizeof(name); k++)
        used += (size_t)snprintf(name + used, sizeof(name) - used, "%s%s=%s", k ? ", " : "", keywords[k].name,
                                 keywords[k].value.text ? keywords[k].value.text : "…");
    if (used < sizeof(name))
        snprintf(name + used, sizeof(name) - used, ")");
    if (!status)
        status = fer_sources_add(r->d->sources, name, call->name_span.source->dir, text.bytes, out, &err);
    free(text.bytes);
    if (status)
        fer_report_at(r, env->module, err.argument[0] ? fer_bind_span(call, model->params, err.argument) : call->name_span,
                      "%s: %s", call->name, err.text);
    return status;
}

static enum fer_status use_plugins(struct fer_resolver *r, struct fer_module *module)
{
    int count = 0;
    for (int i = 0; i < module->file->nitems; i++)
        if (module->file->items[i].kind == FER_AST_USE)
            count += module->file->items[i].names.count;
    module->plugins = fer_arena_alloc(r->d->arena, (size_t)(count + 1) * sizeof(*module->plugins));
    if (!module->plugins)
        return FER_ENOMEM;
    count = 0;
    for (int i = 0; i < module->file->nitems; i++)
        for (int k = 0; module->file->items[i].kind == FER_AST_USE && k < module->file->items[i].names.count; k++)
            module->plugins[count++] = module->file->items[i].names.items[k];
    return FER_OK;
}

static enum fer_status model_module(struct fer_env *env, const struct fer_source *source, const struct fer_ast_call *call,
                                    struct fer_module **out)
{
    struct fer_resolver *r = env->r;
    struct fer_module *module = fer_arena_alloc(r->d->arena, sizeof(*module));
    if (!module)
        return fer_report_memory(r, call->span);
    struct fer_ast_file *file;
    struct fer_error err = FER_ERROR_INIT;
    enum fer_status status = fer_parse(r->d->arena, r->d->sources, source, &file, &r->d->diags, &err);
    if (status) {
        fer_diag_relate(&r->d->diags, call->name_span, "called from here");
        return status;
    }
    module->file = file;
    module->source = source;
    module->caller = call->name_span;
    module->used = fer_arena_alloc(r->d->arena, (size_t)file->nitems + 1);
    if (!module->used || use_plugins(r, module))
        return fer_report_memory(r, call->span);
    for (int i = 0; i < file->nitems; i++) /* nothing else could stand in a checkpoint's text (expand.c) */
        if (file->items[i].kind != FER_AST_USE && file->items[i].kind != FER_AST_BLOCK && file->items[i].kind != FER_AST_NET) {
            fer_report_at(r, module, file->items[i].span, "the text of a model holds use, block and net alone");
            return FER_EPLUGIN;
        }
    *out = module;
    return FER_OK;
}

static const struct fer_ast_item *last_net(const struct fer_ast_file *file)
{
    for (int i = file->nitems - 1; i >= 0; i--)
        if (file->items[i].kind == FER_AST_NET && !file->items[i].is_alias)
            return &file->items[i];
    return NULL;
}

/* ---- net = call ---- */

/* Take until= and from= out of the keywords; the rest belongs to the model. */
static enum fer_status split_cut(struct fer_env *env, const struct fer_ast_call *call, struct fer_net_body *body,
                                 struct fer_ast_keyword **rest, int *nrest)
{
    *rest = fer_arena_alloc(env->r->d->arena, (size_t)(call->nkeywords + 1) * sizeof(**rest));
    if (!*rest)
        return fer_report_memory(env->r, call->span);
    *nrest = 0;
    struct fer_binder binder = fer_env_binder(env, NULL);
    for (int k = 0; k < call->nkeywords; k++) {
        const char *name = call->keywords[k].name;
        struct fer_ast_value value;
        const enum fer_status status = fer_bind_settle(&binder, &call->keywords[k].value, &value);
        if (status)
            return status;
        const bool until = strcmp(name, "until") == 0;
        if (!until && strcmp(name, "from") != 0) {
            (*rest)[*nrest] = call->keywords[k];
            (*rest)[(*nrest)++].value = value;
            continue;
        }
        if (value.kind != FER_AST_STRING && value.kind != FER_AST_NAME) {
            fer_report_at(env->r, env->module, value.span, "%s expects a label of the net in double quotes", name);
            return FER_EINVAL;
        }
        *(until ? &body->until : &body->from) = value.text;
        body->cut_span = value.span;
    }
    return FER_OK;
}

static enum fer_status alias_body(struct fer_env *env, const struct fer_ast_item *item, struct fer_net_body *body)
{
    struct fer_resolver *r = env->r;
    const struct fer_ast_call *call = &item->calls[0];
    struct fer_ast_keyword *rest;
    int nrest = 0;
    enum fer_status status = split_cut(env, call, body, &rest, &nrest);
    if (status)
        return status;
    struct fer_net *other = fer_description_net(r->d, call->name);
    if (other) {
        if (nrest || call->positionals) {
            fer_report_at(r, env->module, call->span, "net '%s' takes no arguments here except until= and from=", call->name);
            return FER_EINVAL;
        }
        body->module = other->body->module;
        body->item = other->body->item;
        if (!body->until && !body->from) {
            body->until = other->body->until;
            body->from = other->body->from;
        }
        return FER_OK;
    }
    const void *model;
    struct fer_error err = FER_ERROR_INIT;
    status = fer_registry_find(r->d->registry, FER_KIND_MODEL, call->name, env->module->plugins, &model, NULL, &err);
    if (status) {
        fer_report_at(r, env->module, call->name_span, "%s", err.text);
        return status;
    }
    const struct fer_source *source;
    status = write_model(env, model, call, rest, nrest, &source);
    if (!status)
        status = model_module(env, source, call, &body->module);
    if (!status && !(body->item = last_net(body->module->file))) {
        fer_report_at(r, env->module, call->name_span, "%s: the text that it wrote holds no net", call->name);
        status = FER_EPLUGIN;
    }
    return status;
}

enum fer_status fer_net_create(struct fer_resolver *r, struct fer_module *module, const struct fer_ast_item *item)
{
    struct fer_description *d = r->d;
    if (fer_description_net(d, item->name)) {
        fer_report_at(r, module, item->name_span, "net '%s' is already defined; choose another name", item->name);
        return FER_EINVAL;
    }
    struct fer_net *net = fer_arena_alloc(d->arena, sizeof(*net));
    struct fer_net_body *body = fer_arena_alloc(d->arena, sizeof(*body));
    if (!net || !body)
        return fer_report_memory(r, item->span);
    *body = (struct fer_net_body){ .module = module, .item = item };
    net->name = item->name;
    net->body = body;
    net->span = item->name_span;
    struct fer_env env = { .r = r, .module = module, .bindings = &module->lets };
    const enum fer_status status = item->is_alias ? alias_body(&env, item, body) : FER_OK;
    if (status)
        return status;
    net->index = d->nnets;
    d->nets[d->nnets++] = net; /* sized for all items */
    return FER_OK;
}

/* ---- calling a net ---- */

struct cut {
    int first, end; /* chain steps [first, end) of one flow */
    bool from_here, until_here;
};

static bool step_matches(const char *step, const char *label)
{
    const size_t length = strlen(label);
    return strncmp(step, label, length) == 0 && (step[length] == 0 || step[length] == '.');
}

/* The calls of a flow with repetitions unrolled, so that a cut can fall between two of them. */
struct chain {
    struct fer_ast_call *calls; /* copies: repeat taken out, labels with their index */
    const char **names;
    int count;
};

static enum fer_status unroll(struct fer_env *env, const struct fer_ast_flow *flow, struct chain *out)
{
    int total = 0;
    for (int i = 0; i < flow->ncalls; i++) {
        int repeat;
        const enum fer_status status = fer_call_repeat(env, &flow->calls[i], &repeat);
        if (status)
            return status;
        total += repeat;
    }
    struct fer_arena *arena = env->r->d->arena;
    out->calls = fer_arena_alloc(arena, (size_t)(total + 1) * sizeof(*out->calls));
    out->names = fer_arena_alloc(arena, (size_t)(total + 1) * sizeof(*out->names));
    if (!out->calls || !out->names)
        return fer_report_memory(env->r, flow->span);
    for (int i = 0; i < flow->ncalls; i++) {
        const struct fer_ast_call *call = &flow->calls[i];
        int repeat;
        enum fer_status status = fer_call_repeat(env, call, &repeat);
        for (int k = 0; k < repeat && !status; k++) {
            struct fer_ast_call *copy = &out->calls[out->count];
            *copy = *call;
            copy->keywords = fer_arena_alloc(arena, (size_t)(call->nkeywords + 1) * sizeof(*copy->keywords));
            if (!copy->keywords)
                return fer_report_memory(env->r, flow->span);
            copy->nkeywords = 0;
            for (int w = 0; w < call->nkeywords; w++)
                if (strcmp(call->keywords[w].name, "repeat") != 0)
                    copy->keywords[copy->nkeywords++] = call->keywords[w];
            status = fer_call_label(env, flow->calls, flow->ncalls, i, k, &copy->label);
            out->names[out->count++] = copy->label ? copy->label : call->name;
        }
        if (status)
            return status;
    }
    return FER_OK;
}

static int find_run(const struct chain *chain, const char *label, int *end)
{
    for (int i = 0; i < chain->count; i++)
        if (step_matches(chain->names[i], label)) {
            /* "relu" means the first one, "layer1" all of layer1.0, layer1.1, … */
            *end = i + 1;
            while (chain->calls[i].label && *end < chain->count && step_matches(chain->names[*end], label))
                ++*end;
            return i;
        }
    return -1;
}

static enum fer_status eval_cut_flow(struct fer_env *env, const struct fer_net_body *body, const struct fer_ast_flow *flow,
                                     const struct fer_values *inputs, bool *started, bool *ended, struct fer_values *out)
{
    struct chain chain = { 0 };
    enum fer_status status = unroll(env, flow, &chain);
    if (status)
        return status;
    int first = 0, end = chain.count, run_end;
    struct fer_values values = { .count = 0 };
    if (!*started) {
        if (find_run(&chain, body->from, &run_end) < 0)
            return FER_OK; /* before the cut */
        first = run_end;
        *started = true;
        values = *inputs;
    } else {
        for (int i = 0; i < flow->inputs.count && i < FER_MAX_VALUES; i++) {
            values.items[values.count] = fer_scope_find(env, flow->inputs.items[i], flow->inputs.spans[i]);
            if (!values.items[values.count++])
                return FER_ENOTFOUND;
        }
    }
    if (body->until && find_run(&chain, body->until, &run_end) >= 0) {
        end = run_end;
        *ended = true;
    }
    if (end < first) {
        fer_report_at(env->r, env->module, body->cut_span, "until=\"%s\" comes before from=\"%s\"", body->until, body->from);
        return FER_EINVAL;
    }
    /* Steps that are cut off still count when unlabelled operations are numbered. */
    for (int i = 0; i < first; i++)
        if (!chain.calls[i].label) {
            int at = 0;
            while (at < env->naming->ncounters && strcmp(env->naming->counters[at].type, chain.calls[i].name) != 0)
                at++;
            if (at == env->naming->ncounters && at < 64) {
                env->naming->counters[at].type = chain.calls[i].name;
                env->naming->counters[at].next = 0;
                env->naming->ncounters++;
            }
            env->naming->counters[at < 64 ? at : 63].next++;
        }
    for (int i = first; i < end && !status; i++)
        status = fer_calls_eval(env, chain.calls, i + 1, i, i + 1, &values, NULL);
    if (status)
        return status;
    *out = values;
    if (*ended)
        return FER_OK;
    if (values.count != flow->outputs.count) {
        fer_report_at(env->r, env->module, flow->span, "%d values come out here, %d names are given", values.count,
                      flow->outputs.count);
        return FER_EINVAL;
    }
    for (int i = 0; i < values.count && !status; i++)
        status = fer_scope_define(env, flow->outputs.items[i], flow->outputs.spans[i], values.items[i], true);
    return status;
}

static enum fer_status cut_not_found(struct fer_env *env, const struct fer_net *net, const char *label)
{
    const struct fer_ast_item *item = net->body->item;
    char text[512] = "";
    size_t used = 0;
    for (int i = 0; i < item->nbody; i++) {
        struct chain chain = { 0 };
        if (unroll(env, &item->body[i].flow, &chain))
            return FER_EINVAL;
        for (int k = 0; k < chain.count && used < sizeof(text) - 32; k++)
            used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%.40s", used ? ", " : "", chain.names[k]);
    }
    fer_report_at(env->r, env->r->main, net->body->cut_span, "net '%s' has no label '%s'; it has %s", net->name, label, text);
    return FER_ENOTFOUND;
}

static enum fer_status eval_cut_body(struct fer_env *env, const struct fer_net *net, struct fer_values *values)
{
    const struct fer_net_body *body = net->body;
    const struct fer_values inputs = *values;
    bool started = !body->from, ended = false;
    enum fer_status status = FER_OK;
    if (started)
        for (int i = 0; i < inputs.count && !status; i++)
            status = fer_scope_define(env, body->item->signature.ports[i].name, body->item->signature.ports[i].span,
                                      inputs.items[i], true);
    for (int i = 0; i < body->item->nbody && !ended && !status; i++)
        status = eval_cut_flow(env, body, &body->item->body[i].flow, &inputs, &started, &ended, values);
    if (status)
        return status;
    if (!started || (body->until && !ended))
        return cut_not_found(env, net, !started ? body->from : body->until);
    if (ended)
        return FER_OK;
    values->count = 0;
    for (int i = 0; i < body->item->signature.outputs.count; i++) {
        struct fer_value *value =
            fer_scope_find(env, body->item->signature.outputs.items[i], body->item->signature.outputs.spans[i]);
        if (!value)
            return FER_ENOTFOUND;
        values->items[values->count++] = value;
    }
    return FER_OK;
}

static enum fer_status check_ports(struct fer_env *env, const struct fer_net *net, struct fer_span span,
                                   const struct fer_values *values)
{
    const struct fer_ast_signature *signature = &net->body->item->signature;
    if (values->count != signature->nports) {
        fer_report_at(env->r, env->module, span, "net '%s' takes %d input%s, %d given", net->name, signature->nports,
                      signature->nports == 1 ? "" : "s", values->count);
        return FER_ESHAPE;
    }
    for (int i = 0; i < signature->nports && !net->body->from; i++) {
        const struct fer_ast_port *port = &signature->ports[i];
        const struct fer_shape *shape = &values->items[i]->shape;
        bool fits = !port->dtype || shape->rank == port->rank + 1;
        for (int k = 0; fits && port->dtype && k < port->rank; k++)
            fits = shape->dim[k + 1] == port->dim[k];
        if (fits)
            continue;
        char is[96], wants[96] = "N";
        for (int k = 0; k < port->rank; k++)
            snprintf(wants + strlen(wants), sizeof(wants) - strlen(wants), " x %d", port->dim[k]);
        fer_report_at(env->r, env->module, span, "net '%s' expects %s as '%s', gets %s", net->name, wants, port->name,
                      fer_shape_text(shape, is, sizeof(is)));
        return FER_ESHAPE;
    }
    return FER_OK;
}

enum fer_status fer_net_eval(struct fer_env *env, struct fer_net *net, const struct fer_ast_call *call,
                             struct fer_span span, struct fer_values *values)
{
    struct fer_resolver *r = env->r;
    if (call && (call->positionals || call->nkeywords > 0)) {
        for (int k = 0; k < call->nkeywords; k++)
            if (strcmp(call->keywords[k].name, "repeat") != 0) {
                fer_report_at(r, env->module, call->keywords[k].name_span,
                              "a net takes no arguments where it is used; give them where it is defined");
                return FER_EINVAL;
            }
        if (call->positionals) {
            fer_report_at(r, env->module, call->positional[0].span,
                          "a net takes no arguments where it is used; give them where it is defined");
            return FER_EINVAL;
        }
    }
    if (r->depth >= FER_CALL_DEPTH) {
        fer_report_at(r, env->module, span, "calls are nested more than %d deep; does net '%s' call itself?", FER_CALL_DEPTH,
                      net->name);
        return FER_EINVAL;
    }
    enum fer_status status = check_ports(env, net, span, values);
    if (status)
        return status;
    struct fer_module *module = net->body->module;
    struct fer_scope scope = { 0 };
    struct fer_bindings bindings = { .parent = &module->lets };
    struct fer_naming naming = { .prefix = net->name };
    struct fer_env inner = *env;
    const struct fer_ast_signature *signature = &net->body->item->signature;
    for (int i = 0; i < signature->nformals; i++) /* a net of the description: formals take their defaults */
        if (!signature->formals[i].has_fallback) {
            fer_report_at(r, module, signature->formals[i].span, "formal '%s' of a net needs a default value",
                          signature->formals[i].name);
            return FER_EINVAL;
        } else if (fer_bindings_add(env->graph->arena, &bindings, signature->formals[i].name,
                                    &signature->formals[i].fallback, &module->lets))
            return fer_report_memory(r, span);
    inner.module = module;
    inner.scope = &scope;
    inner.bindings = &bindings;
    inner.naming = &naming;
    inner.net = net;
    inner.net_training = env->trained && env->trained[net->index];
    inner.invocation = ++r->invocations;
    r->depth++;
    status = eval_cut_body(&inner, net, values);
    r->depth--;
    if (!status && !net->body->until)
        fer_scope_warn_unused(&inner, &scope);
    return status;
}

/* ---- text that models write ---- */

void fer_text_add(struct fer_text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *piece = NULL;
    const int length = text->failed ? -1 : vasprintf(&piece, format, args);
    va_end(args);
    char *bytes = length < 0 || text->length > (16u << 20) ? NULL : realloc(text->bytes, text->length + (size_t)length + 1);
    if (!bytes) {
        text->failed = true;
    } else {
        memcpy(bytes + text->length, piece, (size_t)length + 1);
        text->bytes = bytes;
        text->length += (size_t)length;
    }
    if (length >= 0)
        free(piece);
}
