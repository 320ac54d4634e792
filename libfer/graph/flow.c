/* SPDX-License-Identifier: Apache-2.0
 *
 * Flows: names = names | call | call.  A call is a block or predict (inline.c), a net (call.c), or a plugin's layer.
 */
#include <string.h>

#include "graph/resolve.h"

/* ---- binding ---- */

static enum fer_status bind_value(void *user, const char *name, struct fer_span span, int *index)
{
    struct fer_env *env = user;
    struct fer_value *value = fer_scope_find(env, name, span);
    if (!value)
        return FER_ENOTFOUND;
    if (env->first_extra + env->nextra >= FER_OP_PORTS) {
        fer_report_at(env->r, env->module, span, "an operation takes at most %d inputs", FER_OP_PORTS);
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
    if (*net) {
        (*net)->used = true;
        return FER_OK;
    }
    const char *names[256];
    int count = 0;
    for (; count < env->r->d->nnets && count < 255; count++)
        names[count] = env->r->d->nets[count]->name;
    names[count] = NULL;
    const char *near = fer_nearest_name(name, names);
    if (near)
        fer_report_at(env->r, env->module, span, "net '%s' is not defined; did you mean '%s'?", name, near);
    else
        fer_report_at(env->r, env->module, span, "net '%s' is not defined", name);
    return FER_ENOTFOUND;
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
                                fer_data_bind,
                                reserved,
                                &env->r->settled };
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

enum fer_status fer_words_bind(struct fer_env *env, const char *owner, const struct fer_param *const *params,
                               size_t size, const struct fer_ast_keyword *keywords, int nkeywords, struct fer_span span,
                               void **out)
{
    struct fer_binder binder = fer_env_binder(env, NULL);
    binder.arena = env->r->d->arena;
    return fer_bind(&binder, owner, params, size, NULL, 0, keywords, nkeywords, span, out);
}

/* ---- labels ---- */

enum fer_status fer_call_unlabelled(struct fer_env *env, const struct fer_ast_call *call)
{
    if (!call->label)
        return FER_OK;
    fer_report_at(env->r, env->module, call->label_span,
                  "a label names the weights of an operation or a block inside a net; '%s' cannot have one here",
                  call->name);
    return FER_EINVAL;
}

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
const char *fer_op_path(struct fer_env *env, const char *label, const char *type)
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
    static const char *const data_keywords[] = { "on", NULL }, *const flow_keywords[] = { "repeat", NULL };
    struct fer_binder binder = fer_env_binder(env, fields ? data_keywords : is_metric ? NULL : flow_keywords);
    void *params;
    env->first_extra = values->count;
    env->nextra = 0;
    enum fer_status status = fer_bind(&binder, call->name, layer->params, layer->params_size, call->positional,
                                      call->positionals, call->keywords, call->nkeywords, call->name_span, &params);
    if (status)
        return status;
    if (values->count + env->nextra > FER_MAX_VALUES) {
        fer_report_at(env->r, env->module, call->name_span, "%s: more than %d inputs", call->name, FER_MAX_VALUES);
        return FER_EINVAL;
    }
    for (int i = 0; i < env->nextra; i++)
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
                                      .branch = env->branch,
                                      .invocation = env->invocation };
    struct fer_error err = FER_ERROR_INIT;
    status = fer_graph_add(env->graph, &spec, op, &err);
    if (status) {
        fer_report_at(env->r, env->module, argument_span(call, layer, &err), "%s: %s", call->name, err.text);
        if (env->net && env->r->use.source) /* its input comes from there */
            fer_diag_relate(&env->r->d->diags, env->r->use, "used here");
        return status;
    }
    const struct fer_dispatch *dispatch = fer_registry_dispatch(env->r->d->registry, layer);
    if (dispatch)
        return fer_dispatch_eval(env, dispatch, *op, values);
    values->count = (*op)->nout;
    memcpy(values->items, (*op)->out, (size_t)(*op)->nout * sizeof(*values->items));
    return FER_OK;
}

enum fer_status fer_outputs_define(struct fer_env *env, const struct fer_ast_names *names,
                                   const struct fer_values *values, const struct fer_op *last, struct fer_span span)
{
    const int least = last ? last->layer->outputs_min : values->count;
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

/* What somebody who writes the name of another thing as an operation may have meant. */
static enum fer_status no_operation(struct fer_env *env, const struct fer_ast_call *call, const char *text)
{
    const char *names[256];
    int count = 0;
    for (int i = 0; i < env->module->file->nitems && count < 255; i++) {
        const struct fer_ast_item *item = &env->module->file->items[i];
        if (item->kind == FER_AST_NET || item->kind == FER_AST_BLOCK || item->kind == FER_AST_PREDICT)
            names[count++] = item->name;
        if (item->name && strcmp(item->name, call->name) == 0 && item->kind == FER_AST_PREDICT) {
            fer_report_at(env->r, env->module, call->name_span,
                          "'%s' is the predict function; a net or block cannot be made of it", call->name);
            return FER_ENOTFOUND;
        }
    }
    names[count] = NULL;
    const char *near =
        strstr(text, "did you mean") || strstr(text, "write \"") ? NULL : fer_nearest_name(call->name, names);
    if (near)
        fer_report_at(env->r, env->module, call->name_span, "unknown operation '%s'; did you mean '%s'?", call->name,
                      near);
    else
        fer_report_at(env->r, env->module, call->name_span, "%s", text);
    return FER_ENOTFOUND;
}

static enum fer_status eval_layer(struct fer_env *env, const struct fer_ast_call *call, const char *label,
                                  struct fer_values *values, struct fer_op **last)
{
    const void *layer;
    struct fer_error err = FER_ERROR_INIT;
    enum fer_status status =
        fer_registry_find(env->r->d->registry, FER_KIND_LAYER, call->name, env->module->plugins, &layer, NULL, &err);
    if (status)
        return no_operation(env, call, err.text);
    const char *path = fer_op_path(env, label, call->name);
    if (!path)
        return fer_report_memory(env->r, call->span);
    return fer_layer_eval(env, layer, call, path, false, NULL, values, last);
}

static enum fer_status count_call(struct fer_env *env, struct fer_span span)
{
    if (++env->r->calls <= FER_MOST_CALLS)
        return FER_OK;
    fer_report_at(env->r, env->module, span,
                  "this description comes to more than %d flows and operations; does it repeat itself too often?",
                  FER_MOST_CALLS);
    return FER_EINVAL;
}

static enum fer_status eval_call(struct fer_env *env, const struct fer_ast_call *call, const char *label,
                                 struct fer_values *values, struct fer_op **last)
{
    *last = NULL;
    enum fer_status status = count_call(env, call->name_span);
    if (status)
        return status;
    const struct fer_ast_item *item = fer_item_find(env->module, FER_AST_BLOCK, call->name);
    if (item)
        return fer_block_eval(env, item, call, label, values);
    struct fer_net *net = env->module == env->r->main ? fer_description_net(env->r->d, call->name) : NULL;
    if (net) {
        status = fer_call_unlabelled(env, call);
        return status ? status : fer_net_eval(env, net, call, call->name_span, values);
    }
    item = env->net ? NULL : fer_item_find(env->module, FER_AST_PREDICT, call->name);
    if (item) {
        status = fer_call_unlabelled(env, call);
        return status ? status : fer_predict_eval(env, item, call, values);
    }
    return eval_layer(env, call, label, values, last);
}

enum fer_status fer_calls_eval(struct fer_env *env, const struct fer_ast_call *calls, int ncalls, int first, int end,
                               struct fer_values *values, struct fer_op **last)
{
    struct fer_op *op = NULL;
    for (int i = first; i < end; i++) {
        int repeat;
        enum fer_status status = fer_call_repeat(env, &calls[i], &repeat);
        for (int k = 0; k < repeat && !status; k++) {
            const char *label;
            status = fer_call_label(env, calls, ncalls, i, k, &label);
            if (!status)
                status = eval_call(env, &calls[i], label, values, &op);
        }
        if (status)
            return status;
    }
    if (last)
        *last = op;
    return FER_OK;
}

enum fer_status fer_flow_inputs(struct fer_env *env, const struct fer_ast_flow *flow, struct fer_values *values)
{
    values->count = 0;
    if (flow->inputs.count > FER_MAX_VALUES) {
        fer_report_at(env->r, env->module, flow->inputs.spans[FER_MAX_VALUES], "more than %d inputs", FER_MAX_VALUES);
        return FER_EINVAL;
    }
    for (int i = 0; i < flow->inputs.count; i++) {
        struct fer_value *value = fer_scope_find(env, flow->inputs.items[i], flow->inputs.spans[i]);
        if (!value)
            return FER_ENOTFOUND;
        values->items[values->count++] = value;
    }
    return FER_OK;
}

enum fer_status fer_flow_eval(struct fer_env *env, const struct fer_ast_flow *flow, struct fer_op **last)
{
    struct fer_values values;
    struct fer_op *op = NULL;
    enum fer_status status = count_call(env, flow->span);
    if (!status)
        status = fer_flow_inputs(env, flow, &values);
    if (!status)
        status = fer_calls_eval(env, flow->calls, flow->ncalls, 0, flow->ncalls, &values, &op);
    if (!status)
        status = fer_outputs_define(env, &flow->outputs, &values, op, flow->span);
    if (last)
        *last = op;
    return status;
}
