/* SPDX-License-Identifier: Apache-2.0
 *
 * Values that stand in no description: of --set, and of detectors on the command line.
 */
#include "graph/bind.h"

#include <ctype.h>
#include <string.h>

#include "arena.h"

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
