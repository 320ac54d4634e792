/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/parse.h"

#include <limits.h>
#include <string.h>

bool fer_parse_name(struct fer_parser *p, const char *what, const char **name, struct fer_span *span)
{
    if (!fer_parse_at(p, FER_TOKEN_NAME))
        return fer_parse_expected(p, "%s", what);
    if (p->token.dotted)
        return fer_parse_error(p, fer_parse_token_span(p), "expected %s, found '%s'; a name has no dots here", what,
                               p->token.text);
    *name = p->token.text;
    *span = fer_parse_token_span(p);
    fer_parse_advance(p);
    return true;
}

bool fer_parse_names(struct fer_parser *p, const char *what, bool discard, struct fer_ast_names *names)
{
    struct fer_vector items = FER_VECTOR(const char *), spans = FER_VECTOR(struct fer_span);

    do {
        struct fer_span span;
        const char *name;

        if (!fer_parse_name(p, what, &name, &span))
            return false;
        if (!discard && !strcmp(name, "_"))
            return fer_parse_error(p, span, "'_' discards a result and cannot be read; give the result a name");
        if (!fer_parse_push(p, &items, &name) || !fer_parse_push(p, &spans, &span))
            return false;
    } while (fer_parse_accept(p, FER_TOKEN_COMMA));
    names->items = items.items;
    names->spans = spans.items;
    names->count = items.count;
    return true;
}

bool fer_parse_path(struct fer_parser *p, struct fer_ast_path *path)
{
    if (!fer_parse_at(p, FER_TOKEN_NAME))
        return fer_parse_expected(p, "the name of a net, or a part of one as in resnet18.layer1");
    path->text = p->token.text;
    path->span = fer_parse_token_span(p);
    fer_parse_advance(p);
    return true;
}

static bool parse_list(struct fer_parser *p, struct fer_ast_value *list)
{
    struct fer_vector items = FER_VECTOR(struct fer_ast_value);
    struct fer_span open = fer_parse_token_span(p);

    list->kind = FER_AST_LIST;
    if (p->brackets >= FER_PARSE_LISTS)
        return fer_parse_error(p, open, "lists are nested more than %d deep", FER_PARSE_LISTS);
    p->brackets++;
    fer_parse_advance(p);
    while (!fer_parse_at(p, FER_TOKEN_RBRACKET)) {
        struct fer_ast_value item = { 0 };

        if (!fer_parse_value(p, &item) || !fer_parse_push(p, &items, &item))
            return false;
        if (fer_parse_accept(p, FER_TOKEN_COMMA)) {
            if (fer_parse_at(p, FER_TOKEN_RBRACKET))
                return fer_parse_expected(p, "a value after ','");
        } else if (!fer_parse_at(p, FER_TOKEN_RBRACKET)) {
            if (p->token.kind != FER_TOKEN_ERROR) {
                fer_parse_expected(p, "',' or ']' in the list");
                fer_parse_note(p, open, "the list starts here");
            }
            return false;
        }
    }
    p->brackets--; /* before the token behind it is looked at */
    fer_parse_advance(p);
    list->items = items.items;
    list->count = items.count;
    return true;
}

bool fer_parse_value(struct fer_parser *p, struct fer_ast_value *value)
{
    const struct fer_token token = p->token;

    if (fer_parse_at_end(p))
        return fer_parse_expected(p, "a value");
    switch (token.kind) {
    case FER_TOKEN_NUMBER:
        value->kind = FER_AST_NUMBER;
        value->number = token.number;
        value->integer = token.integer;
        break;
    case FER_TOKEN_STRING: value->kind = FER_AST_STRING; break;
    case FER_TOKEN_DOLLAR: value->kind = FER_AST_DOLLAR; break;
    case FER_TOKEN_NAME:
        if (token.dotted)
            return fer_parse_error(p, fer_parse_token_span(p),
                                   "a value has no dots; a path is written as a string: \"%s\"", token.text);
        value->kind = FER_AST_NAME;
        break;
    case FER_TOKEN_LBRACKET:
        if (!parse_list(p, value))
            return false;
        value->span = fer_parse_span_from(p, token.offset);
        return true;
    default: return fer_parse_expected(p, "a value (a number, a name, $name, \"text\" or [a list])");
    }
    value->text = token.text;
    value->span = fer_parse_token_span(p);
    fer_parse_advance(p);
    return true;
}

bool fer_parse_string(struct fer_parser *p, const char *what, struct fer_ast_value *value)
{
    if (fer_parse_at(p, FER_TOKEN_STRING))
        return fer_parse_value(p, value);
    return fer_parse_expected(p, "%s in \"quotes\"", what);
}

static bool at_value(const struct fer_parser *p)
{
    return fer_parse_at(p, FER_TOKEN_NUMBER) || fer_parse_at(p, FER_TOKEN_STRING) ||
           fer_parse_at(p, FER_TOKEN_DOLLAR) || fer_parse_at(p, FER_TOKEN_NAME) || fer_parse_at(p, FER_TOKEN_LBRACKET);
}

static bool at_keyword(const struct fer_parser *p)
{
    return fer_parse_at(p, FER_TOKEN_NAME) && p->next.kind == FER_TOKEN_EQUALS;
}

bool fer_parse_keywords(struct fer_parser *p, struct fer_ast_keyword **keywords, int *count)
{
    struct fer_vector items = FER_VECTOR(struct fer_ast_keyword);

    while (at_keyword(p)) {
        struct fer_ast_keyword item = { 0 };

        if (!fer_parse_name(p, "a parameter", &item.name, &item.name_span))
            return false;
        fer_parse_advance(p);
        for (int i = 0; i < items.count; i++) {
            const struct fer_ast_keyword *other = (const struct fer_ast_keyword *)items.items + i;

            if (!strcmp(other->name, item.name)) {
                fer_parse_error(p, item.name_span, "'%s' is given twice", item.name);
                fer_parse_note(p, other->name_span, "it is given here already");
                return false;
            }
        }
        if (fer_parse_at_end(p))
            return fer_parse_expected(p, "a value after '%s='", item.name);
        if (!fer_parse_value(p, &item.value) || !fer_parse_push(p, &items, &item))
            return false;
    }
    *keywords = items.items;
    *count = items.count;
    return true;
}

static bool parse_label(struct fer_parser *p, struct fer_ast_call *call)
{
    const struct fer_token *token = &p->token;
    bool name = fer_parse_at(p, FER_TOKEN_NAME), number = fer_parse_at(p, FER_TOKEN_NUMBER);

    if (!(name || number) || p->next.kind != FER_TOKEN_COLON || p->next.newline)
        return true;
    call->label = token->text;
    call->label_span = fer_parse_token_span(p);
    if (name && token->dotted)
        return fer_parse_error(p, call->label_span,
                               "a label has no dots; the labels of nested blocks and nets are joined by them");
    if (number && !token->plain)
        return fer_parse_error(p, call->label_span, "a label is a name or an integer such as 0");
    if (!strcmp(call->label, "_"))
        return fer_parse_error(p, call->label_span, "'_' is no label; leave the label out");
    fer_parse_advance(p);
    fer_parse_advance(p);
    return true;
}

bool fer_parse_call(struct fer_parser *p, struct fer_ast_call *call)
{
    struct fer_vector positional = FER_VECTOR(struct fer_ast_value);
    uint32_t start = p->token.offset;

    if (!parse_label(p, call))
        return false;
    if (!fer_parse_at(p, FER_TOKEN_NAME))
        return fer_parse_expected(p, call->label ? "an operation after the label" : "an operation");
    call->name = p->token.text;
    call->name_span = fer_parse_token_span(p);
    if (p->token.dotted && strchr(strchr(call->name, '.') + 1, '.'))
        return fer_parse_error(p, call->name_span, "'%s': an operation is written NAME or plugin.NAME", call->name);
    fer_parse_advance(p);
    while (at_value(p) && !at_keyword(p)) {
        struct fer_ast_value value = { 0 };

        if (!fer_parse_value(p, &value) || !fer_parse_push(p, &positional, &value))
            return false;
    }
    call->positional = positional.items;
    call->positionals = positional.count;
    if (!fer_parse_keywords(p, &call->keywords, &call->nkeywords))
        return false;
    call->span = fer_parse_span_from(p, start);
    if (call->nkeywords > 0 && at_value(p))
        return fer_parse_error(p, fer_parse_token_span(p),
                               "a value without a name comes before the first name=value, right behind '%s'",
                               call->name);
    return true;
}

bool fer_parse_calls(struct fer_parser *p, struct fer_ast_call **calls, int *count)
{
    struct fer_vector items = FER_VECTOR(struct fer_ast_call);

    do {
        struct fer_ast_call call = { 0 };

        if (!fer_parse_call(p, &call) || !fer_parse_push(p, &items, &call))
            return false;
    } while (fer_parse_accept(p, FER_TOKEN_PIPE));
    *calls = items.items;
    *count = items.count;
    return true;
}

bool fer_parse_flow(struct fer_parser *p, struct fer_ast_flow *flow)
{
    uint32_t start = p->token.offset;

    if (!fer_parse_names(p, "the name of a result", true, &flow->outputs))
        return false;
    if (!fer_parse_accept(p, FER_TOKEN_EQUALS))
        return fer_parse_expected(p, "'=' (as in: result = input | operation)");
    if (!fer_parse_names(p, "the name of an input", false, &flow->inputs))
        return false;
    if (fer_parse_accept(p, FER_TOKEN_PIPE) && !fer_parse_calls(p, &flow->calls, &flow->ncalls))
        return false;
    flow->span = fer_parse_span_from(p, start);
    return true;
}

static bool parse_dims(struct fer_parser *p, struct fer_ast_port *port)
{
    const int most = (int)(sizeof(port->dim) / sizeof(port->dim[0]));

    if (fer_parse_at(p, FER_TOKEN_RBRACKET)) /* one number a sample */
        return true;
    do {
        const struct fer_token *token = &p->token;

        if (!fer_parse_at(p, FER_TOKEN_NUMBER))
            return fer_parse_expected(p, "a size such as 224");
        if (!token->integer || token->number < 1 || token->number > INT_MAX)
            return fer_parse_error(p, fer_parse_token_span(p), "a size is an integer from 1 to %d", INT_MAX);
        if (port->rank == most)
            return fer_parse_error(p, fer_parse_token_span(p),
                                   "a port has at most %d sizes; the batch is not one of them", most);
        port->dim[port->rank++] = (int)token->number;
        fer_parse_advance(p);
    } while (fer_parse_accept(p, FER_TOKEN_COMMA));
    return true;
}

/* NAME [":" NAME "[" [INT {"," INT}] "]"] */
static bool parse_port(struct fer_parser *p, struct fer_ast_port *port)
{
    struct fer_span span;

    if (!fer_parse_name(p, "the name of an input", &port->name, &port->span))
        return false;
    if (!strcmp(port->name, "_"))
        return fer_parse_error(p, port->span, "'_' discards a result and cannot be an input");
    if (!fer_parse_accept(p, FER_TOKEN_COLON))
        return true;
    if (!fer_parse_name(p, "a type such as f32[3,224,224]", &port->dtype, &span) ||
        !fer_parse_expect(p, FER_TOKEN_LBRACKET, "'[' and the sizes, as in f32[3,224,224]"))
        return false;
    return parse_dims(p, port) && fer_parse_expect(p, FER_TOKEN_RBRACKET, "',' or ']' in the shape");
}

/* NAME ["=" value] */
static bool parse_formal(struct fer_parser *p, struct fer_ast_formal *formal)
{
    if (!fer_parse_name(p, "the name of a parameter", &formal->name, &formal->span))
        return false;
    if (!strcmp(formal->name, "_"))
        return fer_parse_error(p, formal->span, "a parameter needs a name");
    formal->has_fallback = fer_parse_accept(p, FER_TOKEN_EQUALS);
    return !formal->has_fallback || fer_parse_value(p, &formal->fallback);
}

static bool parse_ports(struct fer_parser *p, struct fer_ast_signature *signature)
{
    struct fer_vector ports = FER_VECTOR(struct fer_ast_port);

    do {
        struct fer_ast_port port = { 0 };

        if (!parse_port(p, &port) || !fer_parse_push(p, &ports, &port))
            return false;
    } while (fer_parse_accept(p, FER_TOKEN_COMMA));
    signature->ports = ports.items;
    signature->nports = ports.count;
    return true;
}

static bool parse_formals(struct fer_parser *p, struct fer_ast_signature *signature)
{
    struct fer_vector formals = FER_VECTOR(struct fer_ast_formal);

    do {
        struct fer_ast_formal formal = { 0 };

        if (!parse_formal(p, &formal) || !fer_parse_push(p, &formals, &formal))
            return false;
    } while (fer_parse_accept(p, FER_TOKEN_COMMA));
    signature->formals = formals.items;
    signature->nformals = formals.count;
    return true;
}

bool fer_parse_signature(struct fer_parser *p, struct fer_ast_signature *signature)
{
    struct fer_span open = fer_parse_token_span(p);

    if (!fer_parse_at(p, FER_TOKEN_LPAREN))
        return fer_parse_expected(p, "'(' and the inputs");
    p->brackets++;
    fer_parse_advance(p);
    if (!fer_parse_at(p, FER_TOKEN_RPAREN) && !fer_parse_at(p, FER_TOKEN_SEMICOLON) && !parse_ports(p, signature))
        return false;
    if (fer_parse_accept(p, FER_TOKEN_SEMICOLON) && !parse_formals(p, signature))
        return false;
    if (!fer_parse_at(p, FER_TOKEN_RPAREN)) {
        if (p->token.kind != FER_TOKEN_ERROR) {
            fer_parse_expected(p, signature->nformals > 0 ? "',' or ')'" : "',', ';' or ')'");
            fer_parse_note(p, open, "the '(' is here");
        }
        return false;
    }
    p->brackets--;
    fer_parse_advance(p);
    return fer_parse_expect(p, FER_TOKEN_ARROW, "'->' and the results") &&
           fer_parse_names(p, "the name of a result", false, &signature->outputs);
}
