/* SPDX-License-Identifier: Apache-2.0
 *
 * The whole call: what $names stand for, keywords, positions.
 */
#include "graph/bind-parts.h"

#include <string.h>

#include <fer/data.h>

#include "arena.h"

#define SETTLE_DEPTH 32
#define SETTLE_MOST 1000000 /* values in lists: [$a, $a] of [$b, $b] of … doubles with every line */

/* ---- $names ---- */

static enum fer_status settle(const struct fer_binder *b, const struct fer_bindings *scope,
                              const struct fer_ast_value *value, int depth, struct fer_ast_value *out)
{
    if (depth > SETTLE_DEPTH) {
        fer_diag_add(b->diags, FER_SEVERITY_ERROR, value->span, "this value contains itself, or lies more than %d deep",
                     SETTLE_DEPTH);
        return FER_EINVAL;
    }
    if (value->kind == FER_AST_LIST) {
        if (b->settled && (*b->settled += value->count) > SETTLE_MOST) {
            fer_diag_add(b->diags, FER_SEVERITY_ERROR, value->span,
                         "the lists of this description come to more than %d values", SETTLE_MOST);
            return FER_EINVAL;
        }
        *out = *value;
        out->items = fer_arena_alloc(b->arena, (size_t)(value->count ? value->count : 1) * sizeof(*out->items));
        if (!out->items)
            return fer_bind_no_memory(b, value->span);
        for (int i = 0; i < value->count; i++) {
            const enum fer_status status = settle(b, scope, &value->items[i], depth + 1, &out->items[i]);
            if (status)
                return status;
        }
        return FER_OK;
    }
    if (value->kind != FER_AST_DOLLAR) {
        *out = *value;
        return FER_OK;
    }
    const char *names[256];
    int nnames = 0;
    for (const struct fer_bindings *at = scope; at; at = at->parent)
        for (int i = 0; i < at->count; i++) {
            if (strcmp(at->items[i].name, value->text) == 0) {
                at->items[i].used = true;
                const struct fer_span here = value->span;
                const enum fer_status status =
                    settle(b, at->items[i].scope ? at->items[i].scope : at, at->items[i].value, depth + 1, out);
                if (status)
                    return status;
                if (!out->said)
                    out->said = out->span.source;
                out->span = here; /* the caret belongs under the use */
                return FER_OK;
            }
            if (nnames < 255)
                names[nnames++] = at->items[i].name;
        }
    names[nnames] = NULL;
    const char *near = fer_nearest_name(value->text, names);
    if (near)
        fer_diag_add(b->diags, FER_SEVERITY_ERROR, value->span, "'$%s' is not defined; did you mean '$%s'?",
                     value->text, near);
    else
        fer_diag_add(b->diags, FER_SEVERITY_ERROR, value->span,
                     "'$%s' is not defined; define it with let, or as a formal of this net or block", value->text);
    return FER_ENOTFOUND;
}

enum fer_status fer_bind_settle(const struct fer_binder *binder, const struct fer_ast_value *value,
                                struct fer_ast_value *out)
{
    return settle(binder, binder->bindings, value, 0, out);
}

/* ---- the whole call ---- */

static bool is_reserved(const struct fer_binder *b, const char *name)
{
    for (int i = 0; b->reserved && b->reserved[i]; i++)
        if (strcmp(b->reserved[i], name) == 0)
            return true;
    return false;
}

static enum fer_status unknown_keyword(const struct fer_binder *b, const char *owner,
                                       const struct fer_param *const *params, const struct fer_ast_keyword *keyword)
{
    const char *names[128];
    int count = 0;
    for (; params && params[count] && count < 127; count++)
        names[count] = params[count]->name;
    names[count] = NULL;
    const char *near = fer_nearest_name(keyword->name, names);
    if (near)
        fer_diag_add(b->diags, FER_SEVERITY_ERROR, keyword->name_span, "%s has no parameter '%s'; did you mean '%s'?",
                     owner, keyword->name, near);
    else if (count == 0)
        fer_diag_add(b->diags, FER_SEVERITY_ERROR, keyword->name_span, "%s has no parameter '%s'; it takes none", owner,
                     keyword->name);
    else {
        char text[512];
        fer_bind_join(names, text, sizeof(text));
        fer_diag_add(b->diags, FER_SEVERITY_ERROR, keyword->name_span, "%s has no parameter '%s'; it takes %s", owner,
                     keyword->name, text);
    }
    return FER_EINVAL;
}

static enum fer_status check_keywords(const struct fer_binder *b, const char *owner,
                                      const struct fer_param *const *params, int positionals,
                                      const struct fer_ast_keyword *keywords, int nkeywords)
{
    for (int k = 0; k < nkeywords; k++) {
        if (is_reserved(b, keywords[k].name))
            continue;
        int at = 0;
        while (params && params[at] && strcmp(params[at]->name, keywords[k].name) != 0)
            at++;
        if (!params || !params[at])
            return unknown_keyword(b, owner, params, &keywords[k]);
        bool twice = at < positionals;
        for (int j = 0; j < k; j++)
            twice = twice || strcmp(keywords[j].name, keywords[k].name) == 0;
        if (twice) {
            fer_diag_add(b->diags, FER_SEVERITY_ERROR, keywords[k].name_span, "%s: %s is given twice", owner,
                         keywords[k].name);
            return FER_EINVAL;
        }
    }
    return FER_OK;
}

static enum fer_status bind_one(const struct fer_binder *b, const char *owner, const struct fer_param *param,
                                const struct fer_ast_value *given, struct fer_span span, char *base)
{
    struct fer_bind_field f = { b, owner, param, span };
    if (!given) {
        if (!param->fallback) {
            fer_diag_add(b->diags, FER_SEVERITY_ERROR, span, "%s needs %s (%s)", owner, param->name, param->help);
            return FER_EINVAL;
        }
        return fer_bind_default(&f, base + param->offset);
    }
    struct fer_ast_value value;
    const enum fer_status status = fer_bind_settle(b, given, &value);
    return status ? status : fer_bind_value(&f, &value, base + param->offset);
}

enum fer_status fer_bind(const struct fer_binder *binder, const char *owner, const struct fer_param *const *params,
                         size_t params_size, const struct fer_ast_value *positional, int positionals,
                         const struct fer_ast_keyword *keywords, int nkeywords, struct fer_span span, void **out)
{
    char *base = fer_arena_alloc(binder->arena, params_size ? params_size : 1);
    if (!base)
        return fer_bind_no_memory(binder, span);
    int nparams = 0;
    while (params && params[nparams])
        nparams++;
    if (positionals > nparams) {
        if (nparams == 0)
            fer_diag_add(binder->diags, FER_SEVERITY_ERROR, positional[0].span, "%s takes no arguments", owner);
        else
            fer_diag_add(binder->diags, FER_SEVERITY_ERROR, positional[nparams].span, "%s takes at most %d argument%s",
                         owner, nparams, nparams == 1 ? "" : "s");
        return FER_EINVAL;
    }
    enum fer_status status = check_keywords(binder, owner, params, positionals, keywords, nkeywords);
    for (int i = 0; i < nparams && !status; i++) {
        const struct fer_ast_value *given = i < positionals ? &positional[i] : NULL;
        struct fer_span at = given ? given->span : span;
        for (int k = 0; k < nkeywords && !given; k++)
            if (strcmp(keywords[k].name, params[i]->name) == 0 && !is_reserved(binder, keywords[k].name)) {
                given = &keywords[k].value;
                at = keywords[k].name_span; /* key=value: from the key to the value's end */
                at.length = given->span.offset + given->span.length - at.offset;
            }
        status = bind_one(binder, owner, params[i], given, at, base);
    }
    *out = base;
    return status;
}

enum fer_status fer_bind_check_default(const struct fer_param *param, const char *owner, struct fer_arena *arena,
                                       struct fer_error *err)
{
    const enum fer_param_type type = param->type;
    if (!param->fallback || type == FER_TYPE_NET || type == FER_TYPE_NETS || type == FER_TYPE_READERS)
        return FER_OK;
    struct fer_diags diags = { 0 };
    const struct fer_binder binder = { .arena = arena, .diags = &diags };
    union {
        bool yes;
        int whole;
        double number;
        const char *text;
        struct fer_ints ints;
        struct fer_floats floats;
        struct fer_strings strings;
        struct fer_int_lists lists;
    } field = { 0 };
    enum fer_status status =
        fer_bind_default(&(struct fer_bind_field){ .b = &binder, .owner = owner, .param = param }, &field);
    if (status == FER_ENOMEM)
        status = fer_fail(err, status, "out of memory");
    else if (status)
        status = fer_fail(err, FER_EPLUGIN, "%s", diags.count && diags.items[0].text ? diags.items[0].text : "?");
    fer_diags_free(&diags);
    return status;
}

struct fer_span fer_bind_span(const struct fer_ast_call *call, const struct fer_param *const *params, const char *name)
{
    for (int k = 0; k < call->nkeywords; k++)
        if (strcmp(call->keywords[k].name, name) == 0) {
            struct fer_span span = call->keywords[k].name_span;
            span.length = call->keywords[k].value.span.offset + call->keywords[k].value.span.length - span.offset;
            return span;
        }
    for (int i = 0; params && params[i] && i < call->positionals; i++)
        if (strcmp(params[i]->name, name) == 0)
            return call->positional[i].span;
    return call->name_span;
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
