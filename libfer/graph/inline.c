/* SPDX-License-Identifier: Apache-2.0
 *
 * Calls of blocks and of predict: their flows are evaluated where they are used.  Ports and formals of all that is
 * called.
 */
#include <stdio.h>
#include <string.h>

#include "graph/resolve.h"

/* ---- ports ---- */

static const char *const dtypes[] = { [FER_F32] = "f32", [FER_I32] = "i32", [FER_U32] = "u32", [FER_U8] = "u8" };

static enum fer_dtype port_dtype(const char *name)
{
    return strcmp(name, "i32") == 0 ? FER_I32 : strcmp(name, "u32") == 0 ? FER_U32 : FER_F32; /* checked before */
}

struct fer_shape fer_port_shape(const struct fer_ast_port *port)
{
    struct fer_shape shape = { 0 };
    if (!port->dtype)
        return shape;
    shape = (struct fer_shape){ port_dtype(port->dtype), port->rank + 1, { 0 }, 1 };
    for (int k = 0; k < port->rank; k++)
        shape.dim[k + 1] = port->dim[k];
    return shape;
}

static bool port_fits(const struct fer_shape *wanted, const struct fer_shape *shape)
{
    if (wanted->rank == 0)
        return true;
    if (shape->rank != wanted->rank || shape->dtype != wanted->dtype)
        return false;
    for (int k = 1; k < wanted->rank; k++)
        if (shape->dim[k] != wanted->dim[k])
            return false;
    return true;
}

enum fer_status fer_ports_check(struct fer_env *env, const struct fer_ast_signature *signature, const char *what,
                                const char *name, const struct fer_values *values, struct fer_span span)
{
    if (values->count != signature->nports) {
        fer_report_at(env->r, env->module, span, "%s '%s' takes %d input%s, %d given", what, name, signature->nports,
                      signature->nports == 1 ? "" : "s", values->count);
        return FER_ESHAPE;
    }
    for (int i = 0; i < signature->nports; i++) {
        const struct fer_ast_port *port = &signature->ports[i];
        const struct fer_shape *shape = &values->items[i]->shape;
        const struct fer_shape wanted = fer_port_shape(port);
        if (port_fits(&wanted, shape))
            continue;
        char is[96], wants[96];
        const bool types = wanted.dtype != shape->dtype; /* else they are not worth a word */
        fer_report_at(env->r, env->module, span, "%s '%s' expects %s%s%s as '%s' and gets %s%s%s", what, name,
                      types ? port->dtype : "", types ? " " : "", fer_shape_text(&wanted, wants, sizeof(wants)),
                      port->name, types ? dtypes[shape->dtype] : "", types ? " " : "",
                      fer_shape_text(shape, is, sizeof(is)));
        return FER_ESHAPE;
    }
    return FER_OK;
}

static enum fer_status define_ports(struct fer_env *env, const struct fer_ast_signature *signature,
                                    const struct fer_values *values)
{
    enum fer_status status = FER_OK;
    for (int i = 0; i < signature->nports && !status; i++)
        status = fer_scope_define(env, signature->ports[i].name, signature->ports[i].span, values->items[i], true);
    return status;
}

enum fer_status fer_outputs_take(struct fer_env *env, const struct fer_ast_signature *signature,
                                 struct fer_values *values)
{
    values->count = 0;
    if (signature->outputs.count > FER_MAX_VALUES) {
        fer_report_at(env->r, env->module, signature->outputs.spans[FER_MAX_VALUES], "more than %d outputs",
                      FER_MAX_VALUES);
        return FER_EINVAL;
    }
    for (int i = 0; i < signature->outputs.count; i++) {
        struct fer_value *value = fer_scope_find(env, signature->outputs.items[i], signature->outputs.spans[i]);
        if (!value)
            return FER_ENOTFOUND;
        values->items[values->count++] = value;
    }
    return FER_OK;
}

/* ---- formals ---- */

enum fer_status fer_formals_default(struct fer_resolver *r, const struct fer_module *module, const char *what,
                                    const struct fer_ast_signature *signature, struct fer_arena *arena,
                                    struct fer_bindings *out)
{
    for (int i = 0; i < signature->nformals; i++) {
        const struct fer_ast_formal *formal = &signature->formals[i];
        if (!formal->has_fallback) {
            fer_report_at(r, module, formal->span, "'%s' of a %s needs a default value: %s = …", formal->name, what,
                          formal->name);
            return FER_EINVAL;
        }
        if (fer_bindings_add(arena, out, formal->name, &formal->fallback, &module->lets))
            return fer_report_memory(r, formal->span);
    }
    return FER_OK;
}

static bool has_formal(const struct fer_ast_signature *signature, const char *name)
{
    for (int i = 0; i < signature->nformals; i++)
        if (strcmp(signature->formals[i].name, name) == 0)
            return true;
    return false;
}

static enum fer_status no_formal(struct fer_env *env, const struct fer_ast_signature *signature,
                                 const struct fer_ast_call *call, const struct fer_ast_keyword *keyword)
{
    const char *names[64];
    char text[256] = "";
    int count = 0;
    for (; count < signature->nformals && count < 63; count++) {
        names[count] = signature->formals[count].name;
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", count ? ", " : "", names[count]);
    }
    names[count] = NULL;
    const char *near = fer_nearest_name(keyword->name, names);
    if (near)
        fer_report_at(env->r, env->module, keyword->name_span, "'%s' has no parameter '%s'; did you mean '%s'?",
                      call->name, keyword->name, near);
    else
        fer_report_at(env->r, env->module, keyword->name_span, "'%s' has no parameter '%s'; it takes %s", call->name,
                      keyword->name, count ? text : "none");
    return FER_EINVAL;
}

static enum fer_status check_arguments(struct fer_env *env, const struct fer_ast_signature *signature,
                                       const struct fer_ast_call *call)
{
    if (call->positionals > signature->nformals) {
        if (signature->nformals == 0)
            fer_report_at(env->r, env->module, call->positional[0].span, "'%s' takes no arguments", call->name);
        else
            fer_report_at(env->r, env->module, call->positional[signature->nformals].span,
                          "'%s' takes at most %d argument%s", call->name, signature->nformals,
                          signature->nformals == 1 ? "" : "s");
        return FER_EINVAL;
    }
    for (int k = 0; k < call->nkeywords; k++)
        if (strcmp(call->keywords[k].name, "repeat") != 0 && !has_formal(signature, call->keywords[k].name))
            return no_formal(env, signature, call, &call->keywords[k]);
    return FER_OK;
}

/* Formals take the call's arguments by position, then by name, then their defaults. */
static enum fer_status bind_formals(struct fer_env *env, const struct fer_ast_signature *signature,
                                    const struct fer_ast_call *call, struct fer_bindings *out)
{
    const enum fer_status status = check_arguments(env, signature, call);
    if (status)
        return status;
    for (int i = 0; i < signature->nformals; i++) {
        const struct fer_ast_formal *formal = &signature->formals[i];
        const struct fer_ast_value *value = i < call->positionals ? &call->positional[i] : NULL;
        const struct fer_bindings *scope = env->bindings;
        for (int k = 0; k < call->nkeywords; k++)
            if (strcmp(call->keywords[k].name, formal->name) == 0) {
                if (value) {
                    fer_report_at(env->r, env->module, call->keywords[k].name_span, "'%s' is given twice",
                                  formal->name);
                    return FER_EINVAL;
                }
                value = &call->keywords[k].value;
            }
        if (!value && formal->has_fallback) {
            value = &formal->fallback;
            scope = out->parent; /* defaults see the callee's lets */
        }
        if (!value) {
            fer_report_at(env->r, env->module, call->name_span, "'%s' needs a value for '%s'", call->name,
                          formal->name);
            return FER_EINVAL;
        }
        if (fer_bindings_add(env->graph->arena, out, formal->name, value, scope))
            return fer_report_memory(env->r, call->span);
    }
    return FER_OK;
}

/* ---- calls ---- */

static enum fer_status inline_body(struct fer_env *env, const struct fer_ast_item *item,
                                   const struct fer_values *inputs, struct fer_values *outputs)
{
    enum fer_status status = define_ports(env, &item->signature, inputs);
    for (int i = 0; i < item->nbody && !status; i++)
        status = fer_flow_eval(env, &item->body[i].flow, NULL);
    if (!status)
        status = fer_outputs_take(env, &item->signature, outputs);
    if (!status)
        fer_scope_warn_unused(env, env->scope);
    return status;
}

static enum fer_status eval_inline(struct fer_env *env, struct fer_env *inner, const char *what,
                                   const struct fer_ast_item *item, const struct fer_ast_call *call,
                                   struct fer_values *values)
{
    struct fer_scope scope = { 0 };
    struct fer_bindings bindings = { .parent = &env->module->lets };
    inner->scope = &scope;
    inner->bindings = &bindings;
    if (env->r->depth >= FER_CALL_DEPTH) {
        fer_report_at(env->r, env->module, call->name_span,
                      "calls are nested more than %d deep; does '%s' call itself?", FER_CALL_DEPTH, item->name);
        return FER_EINVAL;
    }
    enum fer_status status = fer_ports_check(env, &item->signature, what, item->name, values, call->name_span);
    if (!status)
        status = bind_formals(env, &item->signature, call, &bindings);
    if (status)
        return status;
    const struct fer_values inputs = *values;
    env->r->depth++;
    status = inline_body(inner, item, &inputs, values);
    env->r->depth--;
    return status;
}

enum fer_status fer_block_eval(struct fer_env *env, const struct fer_ast_item *item, const struct fer_ast_call *call,
                               const char *label, struct fer_values *values)
{
    struct fer_naming naming = { 0 };
    struct fer_env inner = *env;
    if (label) {
        naming.prefix = fer_op_path(env, label, call->name);
        if (!naming.prefix)
            return fer_report_memory(env->r, call->span);
        inner.naming = &naming;
    }
    return eval_inline(env, &inner, "block", item, call, values);
}

enum fer_status fer_predict_eval(struct fer_env *env, const struct fer_ast_item *item, const struct fer_ast_call *call,
                                 struct fer_values *values)
{
    struct fer_env inner = *env;
    return eval_inline(env, &inner, "predict", item, call, values);
}
