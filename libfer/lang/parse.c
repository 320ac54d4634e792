/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/parse.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "arena.h"

void fer_parse_advance(struct fer_parser *p)
{
    p->end = p->token.offset + p->token.length;
    p->token = p->next;
    if (p->all->gave_up) {
        p->token = p->next = (struct fer_token){ .kind = FER_TOKEN_END, .newline = true, .offset = p->end };
        return;
    }
    p->next = fer_lex_next(&p->lexer);
    p->all->out_of_memory |= p->lexer.out_of_memory;
    if (++p->all->tokens > FER_PARSE_TOKENS) {
        fer_parse_error(p, fer_parse_token_span(p), "this description is too large: more than %d words",
                        FER_PARSE_TOKENS);
        p->all->gave_up = true;
    } else if (p->all->diags->errors - p->all->errors_before >= FER_PARSE_ERRORS && !p->all->gave_up) {
        p->all->gave_up = true;
        fer_diag_add(p->all->diags, FER_SEVERITY_ERROR, fer_parse_token_span(p),
                     "too many errors; the rest of this description is not read");
    } else if (p->all->out_of_memory) {
        p->all->gave_up = true;
    }
}

bool fer_parse_push(struct fer_parser *p, struct fer_vector *vector, const void *item)
{
    if (vector->count == vector->capacity) {
        int capacity = vector->capacity ? 2 * vector->capacity : 4;
        void *items = fer_arena_alloc(p->all->arena, (size_t)capacity * vector->size);

        if (!items) {
            p->all->out_of_memory = true;
            return false;
        }
        if (vector->count > 0)
            memcpy(items, vector->items, (size_t)vector->count * vector->size);
        vector->items = items;
        vector->capacity = capacity;
    }
    memcpy((char *)vector->items + (size_t)vector->count++ * vector->size, item, vector->size);
    return true;
}

struct fer_span fer_parse_token_span(const struct fer_parser *p)
{
    return (struct fer_span){ .source = p->lexer.source, .offset = p->token.offset, .length = p->token.length };
}

struct fer_span fer_parse_span_from(const struct fer_parser *p, uint32_t start)
{
    return (struct fer_span){ .source = p->lexer.source, .offset = start, .length = p->end - start };
}

bool fer_parse_error(struct fer_parser *p, struct fer_span span, const char *format, ...)
{
    char text[1024];
    va_list arguments;

    if (p->all->gave_up || p->all->out_of_memory)
        return false;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    fer_diag_add(p->all->diags, FER_SEVERITY_ERROR, span, "%s", text);
    return false;
}

void fer_parse_note(struct fer_parser *p, struct fer_span span, const char *text)
{
    if (!p->all->gave_up && !p->all->out_of_memory)
        fer_diag_relate(p->all->diags, span, "%s", text);
}

static void describe_token(const struct fer_parser *p, char *text, size_t size)
{
    const struct fer_token *token = &p->token;

    if (token->kind == FER_TOKEN_END)
        snprintf(text, size, "the end of the text");
    else if (fer_parse_at_end(p) && token->newline)
        snprintf(text, size, "the end of the line");
    else if (token->kind == FER_TOKEN_STRING)
        snprintf(text, size, "a string");
    else if (token->length > 40)
        snprintf(text, size, "'%.37s...'", p->lexer.source->text + token->offset);
    else
        snprintf(text, size, "'%.*s'", (int)token->length, p->lexer.source->text + token->offset);
}

bool fer_parse_expected(struct fer_parser *p, const char *format, ...)
{
    struct fer_span span = fer_parse_token_span(p);
    char what[512], found[64];
    va_list arguments;

    if (p->token.kind == FER_TOKEN_ERROR)
        return false;
    va_start(arguments, format);
    vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    describe_token(p, found, sizeof(found));
    if (p->token.kind == FER_TOKEN_END || (fer_parse_at_end(p) && p->token.newline))
        span = (struct fer_span){ .source = span.source, .offset = p->end };
    return fer_parse_error(p, span, "expected %s, found %s", what, found);
}

bool fer_parse_at_end(const struct fer_parser *p)
{
    enum fer_token_kind kind = p->token.kind;

    if (kind == FER_TOKEN_END)
        return true;
    if (p->brackets > 0)
        return false;
    return kind == FER_TOKEN_RBRACE || (p->token.newline && kind != FER_TOKEN_PIPE && kind != FER_TOKEN_EQUALS);
}

bool fer_parse_at(const struct fer_parser *p, enum fer_token_kind kind)
{
    return p->token.kind == kind && !fer_parse_at_end(p);
}

bool fer_parse_at_word(const struct fer_parser *p, const char *word)
{
    return fer_parse_at(p, FER_TOKEN_NAME) && !strcmp(p->token.text, word);
}

bool fer_parse_accept(struct fer_parser *p, enum fer_token_kind kind)
{
    if (!fer_parse_at(p, kind))
        return false;
    fer_parse_advance(p);
    return true;
}

bool fer_parse_expect(struct fer_parser *p, enum fer_token_kind kind, const char *what)
{
    return fer_parse_accept(p, kind) || fer_parse_expected(p, "%s", what);
}

/* `load` is missing: a stage has statements of that name too. */
bool fer_parse_at_item(const struct fer_parser *p)
{
    static const char *const words[] = { "use",   "include", "let",   "labels",  "net",
                                         "block", "data",    "stage", "predict", "test" };
    bool follows = !p->next.newline && (p->next.kind == FER_TOKEN_NAME || p->next.kind == FER_TOKEN_STRING);

    if (p->token.kind != FER_TOKEN_NAME || !p->token.newline || !follows)
        return false;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (!strcmp(p->token.text, words[i]))
            return true;
    }
    return false;
}

void fer_parse_skip_statement(struct fer_parser *p, uint32_t start)
{
    int depth = 0;

    p->brackets = 0;
    while (p->token.kind != FER_TOKEN_END) {
        if (p->token.offset != start && ((depth == 0 && fer_parse_at_end(p)) || fer_parse_at_item(p)))
            return;
        if (p->token.kind == FER_TOKEN_LBRACE)
            depth++;
        else if (p->token.kind == FER_TOKEN_RBRACE && depth > 0)
            depth--;
        fer_parse_advance(p);
    }
}

bool fer_parse_finish(struct fer_parser *p)
{
    if (fer_parse_at_end(p))
        return true;
    if (p->token.kind == FER_TOKEN_COMMA)
        return fer_parse_expected(p,
                                  "the end of the statement (the arguments of an operation have blanks between them)");
    return fer_parse_expected(p, "the end of the statement");
}

bool fer_parse_skip_to_brace(struct fer_parser *p)
{
    p->brackets = 0;
    while (!fer_parse_at_end(p) && p->token.kind != FER_TOKEN_LBRACE)
        fer_parse_advance(p);
    return p->token.kind == FER_TOKEN_LBRACE;
}
