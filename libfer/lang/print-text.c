/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "lang/utf8.h"

int fer_text_width(const char *string)
{
    size_t length = strlen(string), size;
    uint32_t code;
    int width = 0;

    for (size_t i = 0; i < length; i += size) {
        size = fer_utf8_decode(string + i, length - i, &code);
        if (size == 0)
            size = 1, code = '?';
        width += fer_utf8_width(code);
    }
    return width;
}

const char *fer_print_keep(struct fer_printer *p, struct fer_text *text)
{
    const char *kept = text->failed ? NULL : fer_arena_strndup(p->arena, text->data ? text->data : "", text->length);

    free(text->data);
    *text = (struct fer_text){ 0 };
    if (!kept)
        p->failed = true;
    return kept ? kept : "";
}

static void put_string(struct fer_text *text, const char *string)
{
    fer_text_put(text, "\"");
    for (; *string; string++) {
        switch (*string) {
        case '"': fer_text_put(text, "\\\""); break;
        case '\\': fer_text_put(text, "\\\\"); break;
        case '\n': fer_text_put(text, "\\n"); break;
        case '\t': fer_text_put(text, "\\t"); break;
        default: fer_text_put_bytes(text, string, 1);
        }
    }
    fer_text_put(text, "\"");
}

void fer_print_value(struct fer_text *text, const struct fer_ast_value *value)
{
    switch (value->kind) {
    case FER_AST_STRING: put_string(text, value->text); break;
    case FER_AST_DOLLAR:
        fer_text_put(text, "$");
        fer_text_put(text, value->text);
        break;
    case FER_AST_LIST:
        fer_text_put(text, "[");
        for (int i = 0; i < value->count; i++) {
            if (i > 0)
                fer_text_put(text, ", ");
            fer_print_value(text, &value->items[i]);
        }
        fer_text_put(text, "]");
        break;
    case FER_AST_NUMBER:
    case FER_AST_NAME: fer_text_put(text, value->text); break;
    }
}

void fer_print_names(struct fer_text *text, const struct fer_ast_names *names)
{
    for (int i = 0; i < names->count; i++) {
        if (i > 0)
            fer_text_put(text, ", ");
        fer_text_put(text, names->items[i]);
    }
}

/* Each with a blank before it. */
void fer_print_keywords(struct fer_text *text, const struct fer_ast_keyword *keywords, int count)
{
    for (int i = 0; i < count; i++) {
        fer_text_put(text, " ");
        fer_text_put(text, keywords[i].name);
        fer_text_put(text, "=");
        fer_print_value(text, &keywords[i].value);
    }
}

void fer_print_call(struct fer_text *text, const struct fer_ast_call *call)
{
    if (call->label) {
        fer_text_put(text, call->label);
        fer_text_put(text, ": ");
    }
    fer_text_put(text, call->name);
    for (int i = 0; i < call->positionals; i++) {
        fer_text_put(text, " ");
        fer_print_value(text, &call->positional[i]);
    }
    fer_print_keywords(text, call->keywords, call->nkeywords);
}

static void put_port(struct fer_text *text, const struct fer_ast_port *port)
{
    char number[16];

    fer_text_put(text, port->name);
    if (!port->dtype)
        return;
    fer_text_put(text, ": ");
    fer_text_put(text, port->dtype);
    fer_text_put(text, "[");
    for (int i = 0; i < port->rank; i++) {
        snprintf(number, sizeof(number), "%s%d", i == 0 ? "" : ",", port->dim[i]);
        fer_text_put(text, number);
    }
    fer_text_put(text, "]");
}

void fer_print_signature(struct fer_text *text, const struct fer_ast_signature *signature)
{
    fer_text_put(text, "(");
    for (int i = 0; i < signature->nports; i++) {
        if (i > 0)
            fer_text_put(text, ", ");
        put_port(text, &signature->ports[i]);
    }
    for (int i = 0; i < signature->nformals; i++) {
        const struct fer_ast_formal *formal = &signature->formals[i];

        fer_text_put(text, i > 0 ? ", " : "; ");
        fer_text_put(text, formal->name);
        if (formal->has_fallback) {
            fer_text_put(text, " = ");
            fer_print_value(text, &formal->fallback);
        }
    }
    fer_text_put(text, ") -> ");
    fer_print_names(text, &signature->outputs);
}
