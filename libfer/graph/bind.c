/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/bind.h"

#include <ctype.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fer/host.h>

#include "arena.h"

#define SETTLE_DEPTH 32
#define SETTLE_MOST 1000000 /* values in lists: [$a, $a] of [$b, $b] of … doubles with every line */

static enum fer_status no_memory(const struct fer_binder *b, struct fer_span span)
{
    fer_diag_add(b->diags, FER_SEVERITY_ERROR, span, "out of memory");
    return FER_ENOMEM;
}

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
            return no_memory(b, value->span);
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

/* ---- one value into one field ---- */

struct field {
    const struct fer_binder *b;
    const char *owner;
    const struct fer_param *param;
    struct fer_span span; /* of the argument as written */
};

static void join(const char *const *choices, char *text, size_t size)
{
    size_t used = 0;
    text[0] = 0;
    for (int i = 0; choices && choices[i] && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "", choices[i]);
}

static enum fer_status expected(const struct field *f, const struct fer_ast_value *v, const char *what)
{
    fer_diag_add(f->b->diags, FER_SEVERITY_ERROR, v->span, "%s: %s expects %s", f->owner, f->param->name, what);
    return FER_EINVAL;
}

static enum fer_status number(const struct field *f, const struct fer_ast_value *v, bool integer, double *out)
{
    const struct fer_param *p = f->param;
    if (v->kind != FER_AST_NUMBER || (integer && v->number != floor(v->number))) {
        char names[256], text[320];
        if (!integer || !p->choices || p->type != FER_TYPE_INT)
            return expected(f, v, integer ? "a whole number" : "a number");
        join(p->choices, names, sizeof(names));
        snprintf(text, sizeof(text), "a whole number or one of %s", names);
        return expected(f, v, text);
    }
    if (!(v->number >= p->min && v->number <= p->max) || (integer && fabs(v->number) > INT_MAX)) {
        fer_diag_add(f->b->diags, FER_SEVERITY_ERROR, f->span, "%s: %s=%s is outside [%.10g, %.10g]", f->owner, p->name,
                     v->text ? v->text : "?", p->min, p->max);
        return FER_EINVAL;
    }
    *out = v->number;
    return FER_OK;
}

static enum fer_status choice(const struct field *f, const struct fer_ast_value *v, int *out)
{
    char text[256];
    if (v->kind == FER_AST_NAME || v->kind == FER_AST_STRING)
        for (int i = 0; f->param->choices && f->param->choices[i]; i++)
            if (strcmp(f->param->choices[i], v->text) == 0) {
                *out = i;
                return FER_OK;
            }
    join(f->param->choices, text, sizeof(text));
    const char *near = v->text && v->kind == FER_AST_NAME ? fer_nearest_name(v->text, f->param->choices) : NULL;
    if (near)
        fer_diag_add(f->b->diags, FER_SEVERITY_ERROR, v->span, "%s: %s expects one of %s; did you mean '%s'?", f->owner,
                     f->param->name, text, near);
    else
        fer_diag_add(f->b->diags, FER_SEVERITY_ERROR, v->span, "%s: %s expects one of %s", f->owner, f->param->name,
                     text);
    return FER_EINVAL;
}

static enum fer_status set_ints(const struct field *f, const struct fer_ast_value *v, bool names, struct fer_ints *out)
{
    struct fer_ast_value one = *v;
    const struct fer_ast_value *items = v->kind == FER_AST_LIST ? v->items : &one;
    const int count = v->kind == FER_AST_LIST ? v->count : 1; /* a lone value is a list of one */
    int *list = fer_arena_alloc(f->b->arena, (size_t)(count ? count : 1) * sizeof(*list));
    if (!list)
        return no_memory(f->b, v->span);
    for (int i = 0; i < count; i++) {
        double x = 0;
        const enum fer_status status = names ? choice(f, &items[i], &list[i]) : number(f, &items[i], true, &x);
        if (status)
            return status;
        if (!names)
            list[i] = (int)x;
    }
    *out = (struct fer_ints){ count, list };
    return FER_OK;
}

static enum fer_status set_floats(const struct field *f, const struct fer_ast_value *v, struct fer_floats *out)
{
    const struct fer_ast_value *items = v->kind == FER_AST_LIST ? v->items : v;
    const int count = v->kind == FER_AST_LIST ? v->count : 1;
    double *list = fer_arena_alloc(f->b->arena, (size_t)(count ? count : 1) * sizeof(*list));
    if (!list)
        return no_memory(f->b, v->span);
    for (int i = 0; i < count; i++) {
        const enum fer_status status = number(f, &items[i], false, &list[i]);
        if (status)
            return status;
    }
    *out = (struct fer_floats){ count, list };
    return FER_OK;
}

static enum fer_status set_strings(const struct field *f, const struct fer_ast_value *v, struct fer_strings *out)
{
    const struct fer_ast_value *items = v->kind == FER_AST_LIST ? v->items : v;
    const int count = v->kind == FER_AST_LIST ? v->count : 1;
    const char **list = fer_arena_alloc(f->b->arena, (size_t)(count ? count : 1) * sizeof(*list));
    if (!list)
        return no_memory(f->b, v->span);
    for (int i = 0; i < count; i++) {
        if (items[i].kind != FER_AST_STRING && items[i].kind != FER_AST_NAME)
            return expected(f, &items[i], "a list of strings");
        list[i] = items[i].text;
    }
    *out = (struct fer_strings){ count, list };
    return FER_OK;
}

static enum fer_status set_int_lists(const struct field *f, const struct fer_ast_value *v, struct fer_int_lists *out)
{
    if (v->kind != FER_AST_LIST)
        return expected(f, v, "a list of lists, such as [[0, 1], [2]]");
    struct fer_ints *list = fer_arena_alloc(f->b->arena, (size_t)(v->count ? v->count : 1) * sizeof(*list));
    if (!list)
        return no_memory(f->b, v->span);
    for (int i = 0; i < v->count; i++) {
        if (v->items[i].kind != FER_AST_LIST)
            return expected(f, &v->items[i], "a list of lists, such as [[0, 1], [2]]");
        const enum fer_status status = set_ints(f, &v->items[i], false, &list[i]);
        if (status)
            return status;
    }
    *out = (struct fer_int_lists){ v->count, list };
    return FER_OK;
}

static enum fer_status set_nets(const struct field *f, const struct fer_ast_value *v, struct fer_nets *out)
{
    const struct fer_ast_value *items = v->kind == FER_AST_LIST ? v->items : v;
    const int count = v->kind == FER_AST_LIST ? v->count : 1;
    struct fer_net **list = fer_arena_alloc(f->b->arena, (size_t)(count ? count : 1) * sizeof(*list));
    if (!list)
        return no_memory(f->b, v->span);
    for (int i = 0; i < count; i++) {
        if (items[i].kind != FER_AST_NAME || !f->b->net)
            return expected(f, &items[i], "names of nets");
        const enum fer_status status = f->b->net(f->b->user, items[i].text, items[i].span, &list[i]);
        if (status)
            return status;
    }
    *out = (struct fer_nets){ count, list };
    return FER_OK;
}

static enum fer_status set_readers(const struct field *f, const struct fer_ast_value *v, struct fer_readers *out)
{
    const struct fer_ast_value *items = v->kind == FER_AST_LIST ? v->items : v;
    const int count = v->kind == FER_AST_LIST ? v->count : 1;
    struct fer_bound_reader *list = fer_arena_alloc(f->b->arena, (size_t)(count ? count : 1) * sizeof(*list));
    if (!list)
        return no_memory(f->b, v->span);
    for (int i = 0; i < count; i++) {
        if (items[i].kind != FER_AST_NAME || !f->b->reader)
            return expected(f, &items[i], "names of data sets that are read from files");
        const enum fer_status status = f->b->reader(f->b->user, items[i].text, items[i].span, &list[i]);
        if (status)
            return status;
    }
    *out = (struct fer_readers){ count, list };
    return FER_OK;
}

static enum fer_status set_bool(const struct field *f, const struct fer_ast_value *v, bool *out)
{
    static const char *const yes[] = { "yes", "true", "on", NULL }, *const no[] = { "no", "false", "off", NULL };
    if (v->kind == FER_AST_NAME)
        for (int i = 0; i < 3; i++) {
            if (strcmp(v->text, yes[i]) == 0 || strcmp(v->text, no[i]) == 0) {
                *out = strcmp(v->text, yes[i]) == 0;
                return FER_OK;
            }
        }
    return expected(f, v, "yes or no");
}

static enum fer_status set_path(const struct field *f, const struct fer_ast_value *v, const char **out)
{
    if (v->kind != FER_AST_STRING)
        return expected(f, v, "a path in double quotes");
    const struct fer_source *source = v->said ? v->said : v->span.source;
    const char *dir = source ? source->dir : f->b->dir;
    *out = v->text[0] == '/' || !v->text[0] || !dir || strcmp(dir, ".") == 0
               ? v->text
               : fer_arena_printf(f->b->arena, "%s/%s", dir, v->text);
    return *out ? FER_OK : no_memory(f->b, v->span);
}

static enum fer_status set(const struct field *f, const struct fer_ast_value *v, void *at)
{
    double x = 0;
    enum fer_status status;
    switch (f->param->type) {
    case FER_TYPE_BOOL: return set_bool(f, v, at);
    case FER_TYPE_INT:
        for (int i = 0; f->param->choices && f->param->choices[i] && v->kind == FER_AST_NAME; i++)
            if (strcmp(f->param->choices[i], v->text) == 0) {
                *(int *)at = -1 - i;
                return FER_OK;
            }
        status = number(f, v, true, &x);
        *(int *)at = (int)x;
        return status;
    case FER_TYPE_FLOAT: return number(f, v, false, at);
    case FER_TYPE_ENUM: return choice(f, v, at);
    case FER_TYPE_STRING:
        if (v->kind != FER_AST_STRING && v->kind != FER_AST_NAME)
            return expected(f, v, "a string in double quotes");
        *(const char **)at = v->text;
        return FER_OK;
    case FER_TYPE_PATH: return set_path(f, v, at);
    case FER_TYPE_INTS: return set_ints(f, v, false, at);
    case FER_TYPE_ENUMS: return set_ints(f, v, true, at);
    case FER_TYPE_FLOATS: return set_floats(f, v, at);
    case FER_TYPE_STRINGS: return set_strings(f, v, at);
    case FER_TYPE_INT_LISTS: return set_int_lists(f, v, at);
    case FER_TYPE_VALUE:
        if (v->kind != FER_AST_NAME || !f->b->value)
            return expected(f, v, "the name of a value");
        return f->b->value(f->b->user, v->text, v->span, at);
    case FER_TYPE_NET:
        if (v->kind != FER_AST_NAME || !f->b->net)
            return expected(f, v, "the name of a net");
        return f->b->net(f->b->user, v->text, v->span, at);
    case FER_TYPE_NETS: return set_nets(f, v, at);
    case FER_TYPE_READERS: return set_readers(f, v, at);
    }
    return FER_EINVAL;
}

/* ---- defaults: the same values, written by plugin authors ---- */

/* Reads "[a, [b, c]]", numbers, names; strings and paths stand as they are. */
static const char *default_value(const struct field *f, const char *text, int depth, struct fer_ast_value *out)
{
    while (*text == ' ')
        text++;
    *out = (struct fer_ast_value){ .span = f->span, .text = "" };
    if (*text == '[' && depth < 4) {
        out->kind = FER_AST_LIST;
        out->items = fer_arena_alloc(f->b->arena, 64 * sizeof(*out->items));
        text++;
        while (out->items && text && *text && *text != ']' && out->count < 64) {
            text = default_value(f, text, depth + 1, &out->items[out->count++]);
            while (text && (*text == ',' || *text == ' '))
                text++;
        }
        return out->items && text && *text == ']' ? text + 1 : NULL;
    }
    const size_t length = depth ? strcspn(text, ",] ") : strlen(text);
    char *copy = fer_arena_strndup(f->b->arena, text, length), *end;
    if (!copy || length == 0)
        return NULL;
    out->text = copy;
    out->number = fer_number_read(copy, &end);
    if (*end == 0)
        out->kind = FER_AST_NUMBER;
    else
        out->kind =
            f->param->type == FER_TYPE_PATH || f->param->type == FER_TYPE_STRING ? FER_AST_STRING : FER_AST_NAME;
    return text + length;
}

static enum fer_status set_default(const struct field *f, void *at)
{
    if (f->param->type == FER_TYPE_VALUE) {
        *(int *)at = -1;
        return FER_OK;
    }
    if (!*f->param->fallback)
        return FER_OK;
    if (f->param->type == FER_TYPE_STRING || f->param->type == FER_TYPE_PATH) {
        *(const char **)at = f->param->fallback;
        return FER_OK;
    }
    struct fer_ast_value value;
    const char *end = default_value(f, f->param->fallback, 0, &value);
    if (!end || *end) {
        fer_diag_add(f->b->diags, FER_SEVERITY_ERROR, f->span, "%s: the plugin's default '%s' of %s cannot be read",
                     f->owner, f->param->fallback, f->param->name);
        return FER_EPLUGIN;
    }
    return set(f, &value, at);
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
        join(names, text, sizeof(text));
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
    struct field f = { b, owner, param, span };
    if (!given) {
        if (!param->fallback) {
            fer_diag_add(b->diags, FER_SEVERITY_ERROR, span, "%s needs %s (%s)", owner, param->name, param->help);
            return FER_EINVAL;
        }
        return set_default(&f, base + param->offset);
    }
    struct fer_ast_value value;
    const enum fer_status status = fer_bind_settle(b, given, &value);
    return status ? status : set(&f, &value, base + param->offset);
}

enum fer_status fer_bind(const struct fer_binder *binder, const char *owner, const struct fer_param *const *params,
                         size_t params_size, const struct fer_ast_value *positional, int positionals,
                         const struct fer_ast_keyword *keywords, int nkeywords, struct fer_span span, void **out)
{
    char *base = fer_arena_alloc(binder->arena, params_size ? params_size : 1);
    if (!base)
        return no_memory(binder, span);
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

enum fer_status fer_bind_text(struct fer_arena *arena, struct fer_sources *sources, const char *name, const char *text,
                              struct fer_ast_value *out, struct fer_diags *diags, struct fer_error *err)
{
    const struct fer_source *source;
    char *whole = fer_arena_printf(arena, "fer 1\nlet %s = %s\n", "value", text);
    if (!whole)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    enum fer_status status = fer_sources_add(sources, name, NULL, whole, &source, err);
    struct fer_ast_file *file = NULL;
    if (!status)
        status = fer_parse(arena, sources, source, &file, diags, err);
    if (status)
        return status;
    if (file->nitems != 1 || file->items[0].kind != FER_AST_LET)
        return fer_fail(err, FER_EPARSE, "'%s' is not one value", text);
    *out = file->items[0].value;
    return FER_OK;
}

/* `text` between quotes, as the language writes it. */
static char *quote(struct fer_arena *arena, const char *text)
{
    char *quoted = fer_arena_alloc(arena, 2 * strlen(text) + 3), *to = quoted;
    if (!quoted)
        return NULL;
    *to++ = '"';
    for (; *text; text++) {
        if (*text == '"' || *text == '\\' || *text == '\n')
            *to++ = '\\';
        *to++ = *text == '\n' ? 'n' : *text;
    }
    *to++ = '"';
    *to = '\0';
    return quoted;
}

/* What no value of the language looks like: something with a slash, or a name with a dot or dash. */
static bool is_path(const char *text)
{
    if (strpbrk(text, "\"[]{}()$,;:|=+# \t\r\n"))
        return false;
    return strchr(text, '/') || (isalpha((unsigned char)*text) && strpbrk(text, ".-"));
}

enum fer_status fer_bind_word(struct fer_arena *arena, struct fer_sources *sources, const char *name, const char *text,
                              bool string, struct fer_ast_value *out, struct fer_diags *diags, struct fer_error *err)
{
    if (string ? *text == '\0' || !strchr("\"[$", *text) : is_path(text))
        text = quote(arena, text);
    if (!text)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    return fer_bind_text(arena, sources, name, text, out, diags, err);
}
