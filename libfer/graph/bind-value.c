/* SPDX-License-Identifier: Apache-2.0
 *
 * One value into one field, and the defaults that plugins write.
 */
#include "graph/bind-parts.h"

#include <fer/host.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "arena.h"

enum fer_status fer_bind_no_memory(const struct fer_binder *b, struct fer_span span)
{
    fer_diag_add(b->diags, FER_SEVERITY_ERROR, span, "out of memory");
    return FER_ENOMEM;
}

void fer_bind_join(const char *const *choices, char *text, size_t size)
{
    size_t used = 0;
    text[0] = 0;
    for (int i = 0; choices && choices[i] && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "", choices[i]);
}

static enum fer_status expected(const struct fer_bind_field *f, const struct fer_ast_value *v, const char *what)
{
    fer_diag_add(f->b->diags, FER_SEVERITY_ERROR, v->span, "%s: %s expects %s", f->owner, f->param->name, what);
    return FER_EINVAL;
}

static enum fer_status number(const struct fer_bind_field *f, const struct fer_ast_value *v, bool integer, double *out)
{
    const struct fer_param *p = f->param;
    if (v->kind != FER_AST_NUMBER || (integer && v->number != floor(v->number))) {
        char names[256], text[320];
        if (!integer || !p->choices || p->type != FER_TYPE_INT)
            return expected(f, v, integer ? "a whole number" : "a number");
        fer_bind_join(p->choices, names, sizeof(names));
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

static enum fer_status choice(const struct fer_bind_field *f, const struct fer_ast_value *v, int *out)
{
    char text[256];
    if (v->kind == FER_AST_NAME || v->kind == FER_AST_STRING)
        for (int i = 0; f->param->choices && f->param->choices[i]; i++)
            if (strcmp(f->param->choices[i], v->text) == 0) {
                *out = i;
                return FER_OK;
            }
    fer_bind_join(f->param->choices, text, sizeof(text));
    const char *near = v->text && v->kind == FER_AST_NAME ? fer_nearest_name(v->text, f->param->choices) : NULL;
    if (near)
        fer_diag_add(f->b->diags, FER_SEVERITY_ERROR, v->span, "%s: %s expects one of %s; did you mean '%s'?", f->owner,
                     f->param->name, text, near);
    else
        fer_diag_add(f->b->diags, FER_SEVERITY_ERROR, v->span, "%s: %s expects one of %s", f->owner, f->param->name,
                     text);
    return FER_EINVAL;
}

static enum fer_status set_ints(const struct fer_bind_field *f, const struct fer_ast_value *v, bool names,
                                struct fer_ints *out)
{
    struct fer_ast_value one = *v;
    const struct fer_ast_value *items = v->kind == FER_AST_LIST ? v->items : &one;
    const int count = v->kind == FER_AST_LIST ? v->count : 1; /* a lone value is a list of one */
    int *list = fer_arena_alloc(f->b->arena, (size_t)(count ? count : 1) * sizeof(*list));
    if (!list)
        return fer_bind_no_memory(f->b, v->span);
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

static enum fer_status set_floats(const struct fer_bind_field *f, const struct fer_ast_value *v, struct fer_floats *out)
{
    const struct fer_ast_value *items = v->kind == FER_AST_LIST ? v->items : v;
    const int count = v->kind == FER_AST_LIST ? v->count : 1;
    double *list = fer_arena_alloc(f->b->arena, (size_t)(count ? count : 1) * sizeof(*list));
    if (!list)
        return fer_bind_no_memory(f->b, v->span);
    for (int i = 0; i < count; i++) {
        const enum fer_status status = number(f, &items[i], false, &list[i]);
        if (status)
            return status;
    }
    *out = (struct fer_floats){ count, list };
    return FER_OK;
}

static enum fer_status set_strings(const struct fer_bind_field *f, const struct fer_ast_value *v,
                                   struct fer_strings *out)
{
    const struct fer_ast_value *items = v->kind == FER_AST_LIST ? v->items : v;
    const int count = v->kind == FER_AST_LIST ? v->count : 1;
    const char **list = fer_arena_alloc(f->b->arena, (size_t)(count ? count : 1) * sizeof(*list));
    if (!list)
        return fer_bind_no_memory(f->b, v->span);
    for (int i = 0; i < count; i++) {
        if (items[i].kind != FER_AST_STRING && items[i].kind != FER_AST_NAME)
            return expected(f, &items[i], "a list of strings");
        list[i] = items[i].text;
    }
    *out = (struct fer_strings){ count, list };
    return FER_OK;
}

static enum fer_status set_int_lists(const struct fer_bind_field *f, const struct fer_ast_value *v,
                                     struct fer_int_lists *out)
{
    if (v->kind != FER_AST_LIST)
        return expected(f, v, "a list of lists, such as [[0, 1], [2]]");
    struct fer_ints *list = fer_arena_alloc(f->b->arena, (size_t)(v->count ? v->count : 1) * sizeof(*list));
    if (!list)
        return fer_bind_no_memory(f->b, v->span);
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

static enum fer_status set_nets(const struct fer_bind_field *f, const struct fer_ast_value *v, struct fer_nets *out)
{
    const struct fer_ast_value *items = v->kind == FER_AST_LIST ? v->items : v;
    const int count = v->kind == FER_AST_LIST ? v->count : 1;
    struct fer_net **list = fer_arena_alloc(f->b->arena, (size_t)(count ? count : 1) * sizeof(*list));
    if (!list)
        return fer_bind_no_memory(f->b, v->span);
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

static enum fer_status set_readers(const struct fer_bind_field *f, const struct fer_ast_value *v,
                                   struct fer_readers *out)
{
    const struct fer_ast_value *items = v->kind == FER_AST_LIST ? v->items : v;
    const int count = v->kind == FER_AST_LIST ? v->count : 1;
    struct fer_bound_reader *list = fer_arena_alloc(f->b->arena, (size_t)(count ? count : 1) * sizeof(*list));
    if (!list)
        return fer_bind_no_memory(f->b, v->span);
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

static enum fer_status set_bool(const struct fer_bind_field *f, const struct fer_ast_value *v, bool *out)
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

static enum fer_status set_path(const struct fer_bind_field *f, const struct fer_ast_value *v, const char **out)
{
    if (v->kind != FER_AST_STRING)
        return expected(f, v, "a path in double quotes");
    const struct fer_source *source = v->said ? v->said : v->span.source;
    const char *dir = source ? source->dir : f->b->dir;
    *out = v->text[0] == '/' || !v->text[0] || !dir || strcmp(dir, ".") == 0
               ? v->text
               : fer_arena_printf(f->b->arena, "%s/%s", dir, v->text);
    return *out ? FER_OK : fer_bind_no_memory(f->b, v->span);
}

enum fer_status fer_bind_value(const struct fer_bind_field *f, const struct fer_ast_value *v, void *at)
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

/* Reads "[a, [b, c]]", numbers, names; strings and paths stand as they are.  *text becomes what follows. */
static enum fer_status default_value(const struct fer_bind_field *f, const char **text, int depth,
                                     struct fer_ast_value *out)
{
    *text += strspn(*text, " ");
    *out = (struct fer_ast_value){ .span = f->span, .text = "" };
    if (**text == '[' && depth < 4) {
        out->kind = FER_AST_LIST;
        out->items = fer_arena_alloc(f->b->arena, 64 * sizeof(*out->items));
        if (!out->items)
            return fer_bind_no_memory(f->b, f->span);
        ++*text;
        while (**text && **text != ']' && out->count < 64) {
            const enum fer_status status = default_value(f, text, depth + 1, &out->items[out->count++]);
            if (status)
                return status;
            *text += strspn(*text, ", ");
        }
        return *(*text)++ == ']' ? FER_OK : FER_EPLUGIN;
    }
    const size_t length = depth ? strcspn(*text, ",] ") : strlen(*text);
    char *copy = length ? fer_arena_strndup(f->b->arena, *text, length) : NULL, *end;
    if (!copy)
        return length ? fer_bind_no_memory(f->b, f->span) : FER_EPLUGIN;
    out->text = copy;
    out->number = fer_number_read(copy, &end);
    if (*end == 0)
        out->kind = FER_AST_NUMBER;
    else
        out->kind =
            f->param->type == FER_TYPE_PATH || f->param->type == FER_TYPE_STRING ? FER_AST_STRING : FER_AST_NAME;
    *text += length;
    return FER_OK;
}

enum fer_status fer_bind_default(const struct fer_bind_field *f, void *at)
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
    const char *end = f->param->fallback;
    const enum fer_status status = default_value(f, &end, 0, &value);
    if (status == FER_ENOMEM)
        return status;
    if (status || *end) {
        fer_diag_add(f->b->diags, FER_SEVERITY_ERROR, f->span, "%s: the plugin's default '%s' of %s cannot be read",
                     f->owner, f->param->fallback, f->param->name);
        return FER_EPLUGIN;
    }
    return fer_bind_value(f, &value, at);
}
