/* SPDX-License-Identifier: Apache-2.0
 *
 * Flows: names = names | call | call.  A call is a block or predict (inline.c), a net (net.c), or a plugin's layer.
 */
#include <string.h>

#include "graph/resolve.h"

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
