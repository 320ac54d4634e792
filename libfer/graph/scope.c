/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "graph/resolve.h"

void fer_report_at(struct fer_resolver *r, const struct fer_module *module, struct fer_span span, const char *format,
                   ...)
{
    char text[FER_ERROR_TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    fer_diag_add(&r->d->diags, FER_SEVERITY_ERROR, span, "%s", text);
    if (module && module->caller.source && r->use.source)
        fer_diag_relate(&r->d->diags, r->use, "used here");
    else if (module && module->caller.source)
        fer_diag_relate(&r->d->diags, module->caller, "called from here");
}

enum fer_status fer_report_memory(struct fer_resolver *r, struct fer_span span)
{
    fer_diag_add(&r->d->diags, FER_SEVERITY_ERROR, span, "out of memory while resolving names");
    return FER_ENOMEM;
}

/* What else in the description has this name. */
static const char *other_kind(const struct fer_module *module, const char *name)
{
    static const char *const kinds[] = { [FER_AST_LET] = "a let, not a value: write $NAME as an argument",
                                         [FER_AST_NET] = "a net, not a value: write it after a |",
                                         [FER_AST_BLOCK] = "a block, not a value: write it after a |",
                                         [FER_AST_DATA] = "a data set; the values are its fields",
                                         [FER_AST_STAGE] = "a stage, not a value",
                                         [FER_AST_PREDICT] = "a predict, not a value: write it after a |",
                                         [FER_AST_TEST] = "a test, not a value" };
    for (int i = 0; i < module->file->nitems; i++) {
        const struct fer_ast_item *item = &module->file->items[i];
        if (item->name && item->kind < sizeof(kinds) / sizeof(kinds[0]) && kinds[item->kind] &&
            strcmp(item->name, name) == 0)
            return kinds[item->kind];
    }
    return NULL;
}

struct fer_value *fer_scope_find(struct fer_env *env, const char *name, struct fer_span span)
{
    const char *names[256];
    int count = 0;
    for (struct fer_scope *scope = env->scope; scope; scope = scope->parent)
        for (int i = scope->count - 1; i >= 0; i--) {
            if (strcmp(scope->items[i].name, name) == 0) {
                scope->items[i].used = true;
                return scope->items[i].value;
            }
            if (count < 255)
                names[count++] = scope->items[i].name;
        }
    names[count] = NULL;
    const char *near = fer_nearest_name(name, names), *what = near ? NULL : other_kind(env->module, name);
    if (near)
        fer_report_at(env->r, env->module, span, "value '%s' is not defined; did you mean '%s'?", name, near);
    else if (what)
        fer_report_at(env->r, env->module, span, "'%s' is %s", name, what);
    else
        fer_report_at(env->r, env->module, span, "value '%s' is not defined", name);
    return NULL;
}

enum fer_status fer_scope_define(struct fer_env *env, const char *name, struct fer_span span, struct fer_value *value,
                                 bool quiet)
{
    if (strcmp(name, "_") == 0)
        return FER_OK;
    struct fer_scope *scope = env->scope;
    if (scope->count == FER_MOST_NAMES) {
        fer_report_at(env->r, env->module, span, "more than %d names between two braces; divide this into blocks",
                      FER_MOST_NAMES);
        return FER_EINVAL;
    }
    for (const struct fer_scope *at = scope; at; at = at->parent)
        for (int i = 0; i < at->count; i++)
            if (strcmp(at->items[i].name, name) == 0) {
                int line = 0, column = 0;
                if (at->items[i].span.source)
                    fer_span_place(at->items[i].span, &line, &column);
                fer_report_at(env->r, env->module, span, "'%s' is already defined at line %d; choose another name",
                              name, line);
                return FER_EINVAL;
            }
    struct fer_name *items =
        fer_arena_grow(env->graph->arena, scope->items, scope->count, &scope->capacity, sizeof(*items));
    if (!items)
        return fer_report_memory(env->r, span);
    scope->items = items;
    items[scope->count++] = (struct fer_name){ name, value, span, false, quiet };
    return FER_OK;
}

/* A block that is used ten times has its warning once, and nobody reads a thousand. */
static bool is_known(const struct fer_diags *diags, struct fer_span span)
{
    if (diags->warnings >= 100)
        return true;
    for (int i = 0; i < diags->count; i++)
        if (diags->items[i].severity == FER_SEVERITY_WARNING && diags->items[i].span.source == span.source &&
            diags->items[i].span.offset == span.offset)
            return true;
    return false;
}

void fer_scope_warn_unused(struct fer_env *env, const struct fer_scope *scope)
{
    for (int i = 0; i < scope->count; i++)
        if (!scope->items[i].used && !scope->items[i].quiet && !scope->items[i].value->keep &&
            !is_known(&env->r->d->diags, scope->items[i].span))
            fer_diag_add(&env->r->d->diags, FER_SEVERITY_WARNING, scope->items[i].span,
                         "'%s' is never used; write _ to discard it", scope->items[i].name);
}
