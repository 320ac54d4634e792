/* SPDX-License-Identifier: Apache-2.0
 *
 * Flows: names = names | call | call.  A call is a block (inlined), a net, a predict, or a plugin's layer.
 */
#include <string.h>

#include "graph/resolve.h"

static const char *const call_keywords[] = { "repeat", NULL };

/* ---- binding ---- */

static enum fer_status bind_value(void *user, const char *name, struct fer_span span, int *index)
{
    struct fer_env *env = user;
    struct fer_value *value = fer_scope_find(env, name, span);
    if (!value)
        return FER_ENOTFOUND;
    if (env->first_extra + env->nextra >= FER_OP_PORTS) {
        fer_report_at(env->r, env->module, span, "too many inputs");
        return FER_EINVAL;
    }
    *index = env->first_extra + env->nextra;
    env->extra[env->nextra++] = value;
    return FER_OK;
}

static enum fer_status bind_net(void *user, const char *name, struct fer_span span, struct fer_net **net)
{
    struct fer_env *env = user;
    *net = fer_description_net(env->r->d, name);
    if (!*net)
        fer_report_at(env->r, env->module, span, "net '%s' is not defined", name);
    return *net ? FER_OK : FER_ENOTFOUND;
}

struct fer_binder fer_env_binder(struct fer_env *env, const char *const *reserved)
{
    return (struct fer_binder){ env->graph ? env->graph->arena : env->r->d->arena,
                                &env->r->d->diags,
                                env->bindings,
                                env->module->source->dir,
                                env,
                                bind_value,
                                bind_net,
                                reserved };
}

enum fer_status fer_bindings_add(struct fer_arena *arena, struct fer_bindings *bindings, const char *name,
                                 const struct fer_ast_value *value, const struct fer_bindings *scope)
{
    struct fer_binding *items =
        fer_arena_grow(arena, bindings->items, bindings->count, &bindings->capacity, sizeof(*items));
    if (!items)
        return FER_ENOMEM;
    bindings->items = items;
    items[bindings->count++] = (struct fer_binding){ name, value, scope, false };
    return FER_OK;
}

/* ---- labels ---- */

struct repeat {
    int repeat;
};
static const struct fer_param *const repeat_params[] = {
    FER_PARAM_INT(struct repeat, repeat, "1", 1, 1000, "how often the call stands here"), NULL
};

enum fer_status fer_call_repeat(struct fer_env *env, const struct fer_ast_call *call, int *repeat)
{
    *repeat = 1;
    for (int i = 0; i < call->nkeywords; i++)
        if (strcmp(call->keywords[i].name, "repeat") == 0) {
            struct fer_binder binder = fer_env_binder(env, NULL);
            void *bound;
            const enum fer_status status = fer_bind(&binder, call->name, repeat_params, sizeof(struct repeat), NULL, 0,
                                                    &call->keywords[i], 1, call->span, &bound);
            *repeat = status ? 1 : ((struct repeat *)bound)->repeat;
            return status;
        }
    return FER_OK;
}

static bool same_label(const struct fer_ast_call *a, const struct fer_ast_call *b)
{
    return a->label && b->label && strcmp(a->label, b->label) == 0;
}

enum fer_status fer_call_label(struct fer_env *env, const struct fer_ast_call *calls, int ncalls, int i, int repetition,
                               const char **label)
{
    *label = calls[i].label;
    if (!*label)
        return FER_OK;
    int first = i, last = i, before = repetition, total = 0;
    while (first > 0 && same_label(&calls[first - 1], &calls[i]))
        first--;
    while (last + 1 < ncalls && same_label(&calls[last + 1], &calls[i]))
        last++;
    for (int k = first; k <= last; k++) {
        int repeat;
        const enum fer_status status = fer_call_repeat(env, &calls[k], &repeat);
        if (status)
            return status;
        total += repeat;
        before += k < i ? repeat : 0;
    }
    if (total > 1)
        *label = fer_arena_printf(env->r->d->arena, "%s.%d", calls[i].label, before);
    return *label ? FER_OK : fer_report_memory(env->r, calls[i].span);
}

/* The path of an operation: prefix and label, or prefix, type and order. */
static const char *op_path(struct fer_env *env, const char *label, const char *type)
{
    struct fer_naming *naming = env->naming;
    struct fer_arena *arena = env->r->d->arena;
    const char *dot = naming->prefix[0] ? "." : "";
    if (label)
        return fer_arena_printf(arena, "%s%s%s", naming->prefix, dot, label);
    int at = 0;
    while (at < naming->ncounters && strcmp(naming->counters[at].type, type) != 0)
        at++;
    if (at == naming->ncounters) {
        if (at == 64)
            return fer_arena_printf(arena, "%s%s%s", naming->prefix, dot, type);
        naming->counters[naming->ncounters++].type = type;
        naming->counters[at].next = 0;
    }
    return fer_arena_printf(arena, "%s%s%s.%d", naming->prefix, dot, type, naming->counters[at].next++);
}

/* ---- one call ---- */

static struct fer_span argument_span(const struct fer_ast_call *call, const struct fer_layer *layer,
                                     const struct fer_error *err)
{
    return err->argument[0] ? fer_bind_span(call, layer->params, err->argument) : call->name_span;
}

enum fer_status fer_layer_eval(struct fer_env *env, const struct fer_layer *layer, const struct fer_ast_call *call,
                               const char *path, bool is_metric, const char *const *fields, struct fer_values *values,
                               struct fer_op **op)
{
    static const char *const data_keywords[] = { "repeat", "on", NULL };
    struct fer_binder binder = fer_env_binder(env, fields ? data_keywords : call_keywords);
    void *params;
    env->first_extra = values->count;
    env->nextra = 0;
    enum fer_status status = fer_bind(&binder, call->name, layer->params, layer->params_size, call->positional,
                                      call->positionals, call->keywords, call->nkeywords, call->name_span, &params);
    if (status)
        return status;
    for (int i = 0; i < env->nextra && values->count < FER_MAX_VALUES; i++)
        values->items[values->count++] = env->extra[i];
    const struct fer_op_spec spec = { .layer = layer,
                                      .params = params,
                                      .in = values->items,
                                      .field = fields,
                                      .nin = values->count,
                                      .net = env->net,
                                      .path = path,
                                      .span = call->name_span,
                                      .call = call,
                                      .training = env->net ? env->net_training : env->training,
                                      .is_metric = is_metric,
                                      .region = env->region,
                                      .invocation = env->invocation };
    struct fer_error err = FER_ERROR_INIT;
    status = fer_graph_add(env->graph, &spec, op, &err);
    if (status) {
        fer_report_at(env->r, env->module, argument_span(call, layer, &err), "%s: %s", call->name, err.text);
        return status;
    }
    values->count = (*op)->nout;
    memcpy(values->items, (*op)->out, (size_t)(*op)->nout * sizeof(*values->items));
    return FER_OK;
}

static enum fer_status define_outputs(struct fer_env *env, const struct fer_ast_names *names,
                                      const struct fer_values *values, int least, struct fer_span span)
{
    if (names->count > values->count || (names->count < values->count && names->count < least)) {
        fer_report_at(env->r, env->module, span, "%d value%s come%s out here, %d name%s given", values->count,
                      values->count == 1 ? "" : "s", values->count == 1 ? "s" : "", names->count,
                      names->count == 1 ? " is" : "s are");
        return FER_EINVAL;
    }
    for (int i = 0; i < names->count; i++) {
        const enum fer_status status = fer_scope_define(env, names->items[i], names->spans[i], values->items[i], false);
        if (status)
            return status;
        if (strcmp(names->items[i], "_") != 0 && !env->net)
            values->items[i]->name = names->items[i];
    }
    return FER_OK;
}

static enum fer_status define_ports(struct fer_env *env, const struct fer_ast_signature *signature, const char *what,
                                    const char *name, const struct fer_values *values, struct fer_span span)
{
    if (values->count != signature->nports) {
        fer_report_at(env->r, env->module, span, "%s '%s' takes %d input%s, %d given", what, name, signature->nports,
                      signature->nports == 1 ? "" : "s", values->count);
        return FER_ESHAPE;
    }
    for (int i = 0; i < signature->nports; i++) {
        const enum fer_status status =
            fer_scope_define(env, signature->ports[i].name, signature->ports[i].span, values->items[i], true);
        if (status)
            return status;
    }
    return FER_OK;
}

static enum fer_status take_outputs(struct fer_env *env, const struct fer_ast_signature *signature,
                                    struct fer_values *values)
{
    values->count = 0;
    for (int i = 0; i < signature->outputs.count && i < FER_MAX_VALUES; i++) {
        struct fer_value *value = fer_scope_find(env, signature->outputs.items[i], signature->outputs.spans[i]);
        if (!value)
            return FER_ENOTFOUND;
        values->items[values->count++] = value;
    }
    return FER_OK;
}

/* Formals take the call's arguments by position, then by name, then their defaults. */
static enum fer_status bind_formals(struct fer_env *env, const struct fer_ast_signature *signature,
                                    const struct fer_ast_call *call, struct fer_bindings *out)
{
    if (call->positionals > signature->nformals) {
        fer_report_at(env->r, env->module, call->positional[signature->nformals].span, "'%s' takes at most %d argument%s",
                      call->name, signature->nformals, signature->nformals == 1 ? "" : "s");
        return FER_EINVAL;
    }
    for (int k = 0; k < call->nkeywords; k++) {
        bool known = strcmp(call->keywords[k].name, "repeat") == 0;
        for (int i = 0; i < signature->nformals; i++)
            known = known || strcmp(signature->formals[i].name, call->keywords[k].name) == 0;
        if (!known) {
            const char *names[64];
            int count = 0;
            for (; count < signature->nformals && count < 63; count++)
                names[count] = signature->formals[count].name;
            names[count] = NULL;
            const char *near = fer_nearest_name(call->keywords[k].name, names);
            fer_report_at(env->r, env->module, call->keywords[k].name_span, near ? "'%s' has no formal '%s'; did you mean '%s'?" : "'%s' has no formal '%s'%s",
                          call->name, call->keywords[k].name, near ? near : "");
            return FER_EINVAL;
        }
    }
    for (int i = 0; i < signature->nformals; i++) {
        const struct fer_ast_formal *formal = &signature->formals[i];
        const struct fer_ast_value *value = i < call->positionals ? &call->positional[i] : NULL;
        const struct fer_bindings *scope = env->bindings;
        for (int k = 0; k < call->nkeywords; k++)
            if (strcmp(call->keywords[k].name, formal->name) == 0) {
                if (value) {
                    fer_report_at(env->r, env->module, call->keywords[k].name_span, "'%s' is given twice", formal->name);
                    return FER_EINVAL;
                }
                value = &call->keywords[k].value;
            }
        if (!value && formal->has_fallback) {
            value = &formal->fallback;
            scope = out->parent; /* defaults see the callee's lets */
        }
        if (!value) {
            fer_report_at(env->r, env->module, call->name_span, "'%s' needs a value for '%s'", call->name, formal->name);
            return FER_EINVAL;
        }
        if (fer_bindings_add(env->graph->arena, out, formal->name, value, scope))
            return fer_report_memory(env->r, call->span);
    }
    return FER_OK;
}

static enum fer_status enter(struct fer_env *env, struct fer_span span)
{
    if (env->r->depth++ < FER_CALL_DEPTH)
        return FER_OK;
    fer_report_at(env->r, env->module, span, "calls are nested more than %d deep; does something call itself?",
                  FER_CALL_DEPTH);
    return FER_EINVAL;
}

static enum fer_status inline_body(struct fer_env *env, const struct fer_ast_item *item, struct fer_values *values)
{
    enum fer_status status = FER_OK;
    for (int i = 0; i < item->nbody && !status; i++)
        status = fer_flow_eval(env, &item->body[i].flow, NULL);
    if (!status)
        status = take_outputs(env, &item->signature, values);
    if (!status)
        fer_scope_warn_unused(env, env->scope);
    return status;
}

static enum fer_status eval_block(struct fer_env *env, const struct fer_ast_item *item, const struct fer_ast_call *call,
                                  const char *label, struct fer_values *values)
{
    struct fer_scope scope = { 0 };
    struct fer_bindings bindings = { .parent = &env->module->lets };
    struct fer_naming naming = { 0 };
    struct fer_env inner = *env;
    inner.scope = &scope;
    inner.bindings = &bindings;
    if (label) {
        naming.prefix = op_path(env, label, call->name);
        if (!naming.prefix)
            return fer_report_memory(env->r, call->span);
        inner.naming = &naming;
    }
    enum fer_status status = enter(env, call->name_span);
    if (!status)
        status = bind_formals(env, &item->signature, call, &bindings);
    if (!status)
        status = define_ports(&inner, &item->signature, "block", item->name, values, call->name_span);
    if (!status)
        status = inline_body(&inner, item, values);
    env->r->depth--;
    return status;
}

static enum fer_status eval_predict(struct fer_env *env, const struct fer_ast_item *item, const struct fer_ast_call *call,
                                    struct fer_values *values)
{
    struct fer_scope scope = { 0 };
    struct fer_bindings bindings = { .parent = &env->module->lets };
    struct fer_env inner = *env;
    inner.scope = &scope;
    inner.bindings = &bindings;
    enum fer_status status = enter(env, call->name_span);
    for (int i = 0; i < item->signature.nports && i < values->count && !status; i++) {
        const struct fer_ast_port *port = &item->signature.ports[i];
        const struct fer_shape *shape = &values->items[i]->shape;
        bool fits = !port->dtype || shape->rank == port->rank + 1;
        for (int k = 0; fits && port->dtype && k < port->rank; k++)
            fits = shape->dim[k + 1] == port->dim[k];
        if (!fits) {
            char text[96];
            fer_report_at(env->r, env->module, call->name_span, "'%s' gets %s for its input '%s', which its signature says otherwise",
                          item->name, fer_shape_text(shape, text, sizeof(text)), port->name);
            status = FER_ESHAPE;
        }
    }
    if (!status)
        status = bind_formals(env, &item->signature, call, &bindings);
    if (!status)
        status = define_ports(&inner, &item->signature, "predict", item->name, values, call->name_span);
    if (!status)
        status = inline_body(&inner, item, values);
    env->r->depth--;
    return status;
}

static enum fer_status eval_call(struct fer_env *env, const struct fer_ast_call *call, const char *label,
                                 struct fer_values *values, struct fer_op **last)
{
    const struct fer_ast_item *item = fer_item_find(env->module, FER_AST_BLOCK, call->name);
    if (item)
        return eval_block(env, item, call, label, values);
    struct fer_net *net = env->module == env->r->main ? fer_description_net(env->r->d, call->name) : NULL;
    if (net)
        return fer_net_eval(env, net, call, call->name_span, values);
    item = fer_item_find(env->module, FER_AST_PREDICT, call->name);
    if (item && !env->net)
        return eval_predict(env, item, call, values);
    const void *layer;
    struct fer_error err = FER_ERROR_INIT;
    enum fer_status status =
        fer_registry_find(env->r->d->registry, FER_KIND_LAYER, call->name, env->module->plugins, &layer, NULL, &err);
    if (status) {
        fer_report_at(env->r, env->module, call->name_span, "%s", err.text);
        return status;
    }
    const char *path = op_path(env, label, call->name);
    if (!path)
        return fer_report_memory(env->r, call->span);
    struct fer_op *op = NULL;
    status = fer_layer_eval(env, layer, call, path, false, NULL, values, &op);
    if (last)
        *last = op;
    return status;
}

enum fer_status fer_calls_eval(struct fer_env *env, const struct fer_ast_call *calls, int ncalls, int first, int end,
                               struct fer_values *values, struct fer_op **last)
{
    for (int i = first; i < end; i++) {
        int repeat;
        enum fer_status status = fer_call_repeat(env, &calls[i], &repeat);
        for (int k = 0; k < repeat && !status; k++) {
            const char *label;
            status = fer_call_label(env, calls, ncalls, i, k, &label);
            if (!status)
                status = eval_call(env, &calls[i], label, values, last);
        }
        if (status)
            return status;
    }
    return FER_OK;
}

/* How many of the last operation's outputs a flow has to name. */
static int least_outputs(const struct fer_op *last, const struct fer_values *values)
{
    if (last && last->nout == values->count && last->nout && last->out[0] == values->items[0])
        return last->layer->outputs_min;
    return values->count;
}

enum fer_status fer_flow_eval(struct fer_env *env, const struct fer_ast_flow *flow, struct fer_op **last)
{
    struct fer_values values = { .count = 0 };
    if (flow->inputs.count > FER_MAX_VALUES) {
        fer_report_at(env->r, env->module, flow->span, "more than %d inputs", FER_MAX_VALUES);
        return FER_EINVAL;
    }
    for (int i = 0; i < flow->inputs.count; i++) {
        struct fer_value *value = fer_scope_find(env, flow->inputs.items[i], flow->inputs.spans[i]);
        if (!value)
            return FER_ENOTFOUND;
        values.items[values.count++] = value;
    }
    struct fer_op *op = NULL;
    enum fer_status status = fer_calls_eval(env, flow->calls, flow->ncalls, 0, flow->ncalls, &values, &op);
    if (!status)
        status = define_outputs(env, &flow->outputs, &values, least_outputs(op, &values), flow->span);
    if (last)
        *last = op;
    return status;
}
