/* SPDX-License-Identifier: Apache-2.0
 *
 * Models of plugins: the text that they write, parsed like any other.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "graph/resolve.h"
#include "text.h"
#include "number.h"
#include "said.h"

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
    status = fer_said(model->write(params, &text, &err), model->name, "write", &err);
    if (!status && (text.failed || !text.data))
        status =
            fer_fail(&err, text.failed ? FER_ENOMEM : FER_EPLUGIN, text.failed ? "out of memory" : "it wrote nothing");
    char name[160];
    size_t used = (size_t)snprintf(name, sizeof(name), "%s(", call->name);
    for (int k = 0; k < nkeywords && used < sizeof(name); k++)
        used += (size_t)snprintf(name + used, sizeof(name) - used, "%s%s=%s", k ? ", " : "", keywords[k].name,
                                 keywords[k].value.text ? keywords[k].value.text : "…");
    if (used < sizeof(name))
        snprintf(name + used, sizeof(name) - used, ")");
    if (!status)
        status = fer_sources_add(r->d->sources, name, call->name_span.source->dir, text.data, out, &err);
    free(text.data);
    if (status)
        fer_report_at(r, env->module,
                      err.argument[0] ? fer_bind_span(call, model->params, err.argument) : call->name_span, "%s: %s",
                      call->name, err.text);
    return status;
}

static enum fer_status model_module(struct fer_env *env, const struct fer_source *source,
                                    const struct fer_ast_call *call, struct fer_module **out)
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
    if (!module->used)
        return fer_report_memory(r, call->span);
    status = fer_module_plugins(r, module);
    if (status)
        return status;
    for (int i = 0; i < file->nitems; i++) /* nothing else could stand in a checkpoint's text (expand.c) */
        if (file->items[i].kind != FER_AST_USE && file->items[i].kind != FER_AST_BLOCK &&
            file->items[i].kind != FER_AST_NET) {
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

enum fer_status fer_model_write(struct fer_env *env, const struct fer_model *model, const struct fer_ast_call *call,
                                const struct fer_ast_keyword *keywords, int nkeywords, struct fer_module **module,
                                const struct fer_ast_item **item)
{
    const struct fer_source *source;
    enum fer_status status = write_model(env, model, call, keywords, nkeywords, &source);
    if (!status)
        status = model_module(env, source, call, module);
    if (status)
        return status;
    *item = last_net((*module)->file);
    if (*item)
        return FER_OK;
    fer_report_at(env->r, env->module, call->name_span, "%s: the text that it wrote holds no net", call->name);
    return FER_EPLUGIN;
}

void fer_text_add(struct fer_text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int length = fer_number_vprint(NULL, 0, format, args);
    va_end(args);
    char *part = length < 0 || text->length > (16u << 20) ? NULL : malloc((size_t)length + 1);
    if (!part) {
        text->failed = true;
        return;
    }
    va_start(args, format);
    fer_number_vprint(part, (size_t)length + 1, format, args);
    va_end(args);
    fer_text_put_bytes(text, part, (size_t)length);
    free(part);
}
