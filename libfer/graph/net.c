/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "graph/resolve.h"

const char *fer_net_name(const struct fer_net *net)
{
    return net->name;
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
        *(until ? &body->until_span : &body->from_span) = value.span;
    }
    return FER_OK;
}

/* net b = a: the same structure.  A cut of a cut keeps the end that is not given. */
static enum fer_status copy_body(struct fer_env *env, struct fer_net *other, const struct fer_ast_call *call,
                                 int arguments, struct fer_net_body *body)
{
    if (arguments > 0) {
        fer_report_at(env->r, env->module, call->span,
                      "net '%s' takes no arguments here except until= and from=", call->name);
        return FER_EINVAL;
    }
    other->used = true;
    body->module = other->body->module;
    body->item = other->body->item;
    if (!body->until) {
        body->until = other->body->until;
        body->until_span = other->body->until_span;
    }
    if (!body->from) {
        body->from = other->body->from;
        body->from_span = other->body->from_span;
    }
    return FER_OK;
}

static enum fer_status no_model(struct fer_env *env, const struct fer_ast_call *call, const char *text)
{
    struct fer_resolver *r = env->r;
    const char *names[256];
    int count = 0;
    for (int i = 0; i < env->module->file->nitems; i++) {
        const struct fer_ast_item *item = &env->module->file->items[i];
        const bool net = item->kind == FER_AST_NET;
        if (!net && item->kind != FER_AST_BLOCK && item->kind != FER_AST_PREDICT)
            continue;
        if (strcmp(item->name, call->name) == 0) {
            int line, column;
            fer_span_place(item->name_span, &line, &column);
            fer_report_at(r, env->module, call->name_span,
                          net ? "net '%s' is defined at line %d only; define it before this"
                              : "'%s' of line %d is no net; write net NAME(x) -> y { y = x | … }",
                          call->name, line);
            return FER_ENOTFOUND;
        }
        if (net && count < 255 && fer_description_net(r->d, item->name))
            names[count++] = item->name;
    }
    names[count] = NULL;
    const char *near =
        strstr(text, "did you mean") || strstr(text, "write \"") ? NULL : fer_nearest_name(call->name, names);
    if (near)
        fer_report_at(r, env->module, call->name_span, "net '%s' is not defined; did you mean '%s'?", call->name, near);
    else
        fer_report_at(r, env->module, call->name_span, "%s", text);
    return FER_ENOTFOUND;
}

static enum fer_status alias_body(struct fer_env *env, const struct fer_ast_item *item, struct fer_net_body *body)
{
    struct fer_resolver *r = env->r;
    const struct fer_ast_call *call = &item->calls[0];
    struct fer_ast_keyword *rest;
    int nrest = 0;
    enum fer_status status = fer_call_unlabelled(env, call);
    if (!status)
        status = split_cut(env, call, body, &rest, &nrest);
    if (status)
        return status;
    struct fer_net *other = fer_description_net(r->d, call->name);
    if (other)
        return copy_body(env, other, call, nrest + call->positionals, body);
    const void *model;
    struct fer_error err = FER_ERROR_INIT;
    status = fer_registry_find(r->d->registry, FER_KIND_MODEL, call->name, env->module->plugins, &model, NULL, &err);
    if (status)
        return no_model(env, call, err.text);
    return fer_model_write(env, model, call, rest, nrest, &body->module, &body->item);
}

enum fer_status fer_net_create(struct fer_resolver *r, struct fer_module *module, const struct fer_ast_item *item)
{
    struct fer_description *d = r->d;
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

static enum fer_status check_arguments(struct fer_env *env, const struct fer_ast_call *call)
{
    struct fer_span span = { 0 };
    for (int k = 0; call && k < call->nkeywords && !span.source; k++)
        if (strcmp(call->keywords[k].name, "repeat") != 0)
            span = call->keywords[k].name_span;
    if (call && call->positionals)
        span = call->positional[0].span;
    if (!span.source)
        return FER_OK;
    fer_report_at(env->r, env->module, span,
                  "a net takes no arguments where it is used; give them where it is defined");
    return FER_EINVAL;
}

enum fer_status fer_net_eval(struct fer_env *env, struct fer_net *net, const struct fer_ast_call *call,
                             struct fer_span span, struct fer_values *values)
{
    struct fer_resolver *r = env->r;
    net->used = true;
    struct fer_module *module = net->body->module;
    const struct fer_ast_signature *signature = &net->body->item->signature;
    struct fer_scope scope = { 0 };
    struct fer_bindings bindings = { .parent = &module->lets };
    struct fer_naming naming = { .prefix = net->name };
    struct fer_env inner = *env;
    if (r->depth >= FER_CALL_DEPTH) {
        fer_report_at(r, env->module, span, "calls are nested more than %d deep; does net '%s' call itself?",
                      FER_CALL_DEPTH, net->name);
        return FER_EINVAL;
    }
    enum fer_status status = check_arguments(env, call);
    if (!status && !net->body->from) /* else what flows at the cut comes in */
        status = fer_ports_check(env, signature, "net", net->name, values, span);
    if (!status)
        status = fer_formals_default(r, module, "net", signature, env->graph->arena, &bindings);
    if (status)
        return status;
    inner.module = module;
    inner.scope = &scope;
    inner.bindings = &bindings;
    inner.naming = &naming;
    inner.net = net;
    inner.net_training = env->trained && env->trained[net->index];
    inner.invocation = ++r->invocations;
    const struct fer_span use = r->use;
    if (!use.source)
        r->use = span;
    r->depth++;
    status = fer_cut_eval(&inner, net, values);
    r->depth--;
    r->use = use;
    if (!status && !net->body->until)
        fer_scope_warn_unused(&inner, &scope);
    return status;
}
