/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/parse.h"

#include <stdio.h>
#include <string.h>

/* The words that begin statements, and where they do. */
static const struct statement_word {
    const char *word;
    enum fer_body_kind body;
    enum fer_ast_stmt_kind kind;
} words[] = {
    { "loss", FER_BODY_STAGE, FER_AST_LOSS },    { "minimize", FER_BODY_STAGE, FER_AST_MINIMIZE },
    { "step", FER_BODY_STAGE, FER_AST_STEP },    { "update", FER_BODY_STAGE, FER_AST_UPDATE },
    { "load", FER_BODY_STAGE, FER_AST_LOAD },    { "save", FER_BODY_STAGE, FER_AST_SAVE },
    { "metric", FER_BODY_TEST, FER_AST_METRIC },
};
enum { WORDS = sizeof(words) / sizeof(words[0]) };

static const struct statement_word *find_word(const char *name)
{
    for (int i = 0; i < WORDS; i++) {
        if (!strcmp(words[i].word, name))
            return &words[i];
    }
    return NULL;
}

/* A name with neither '=' nor ',' behind it: most likely a statement that does not belong here, or is misspelt. */
static bool blame_word(struct fer_parser *p, enum fer_body_kind body)
{
    static const char *const places[] = {
        [FER_BODY_NET] = "a net", [FER_BODY_STAGE] = "a stage", [FER_BODY_TEST] = "a test"
    };
    const char *candidates[WORDS + 1] = { NULL }, *nearest;
    const struct statement_word *word = find_word(p->token.text);
    int count = 0;

    if (word)
        return fer_parse_error(p, fer_parse_token_span(p), "'%s' belongs in %s; %s has %s", word->word,
                               places[word->body], places[body],
                               body == FER_BODY_NET         ? "only flows (result = input | operation)"
                               : body == FER_BODY_STAGE     ? "flows, loss, minimize, update, step, load and save"
                               : word->kind == FER_AST_LOSS ? "flows and metrics; a loss can be one (metric l = …)"
                                                            : "flows and metrics");
    for (int i = 0; i < WORDS; i++) {
        if (words[i].body == body)
            candidates[count++] = words[i].word;
    }
    nearest = fer_nearest_name(p->token.text, candidates);
    if (nearest)
        return fer_parse_error(p, fer_parse_token_span(p), "unknown statement '%s'; did you mean '%s'?", p->token.text,
                               nearest);
    fer_parse_advance(p);
    return fer_parse_expected(p, "'=' (as in: result = input | operation)");
}

static bool parse_minimize(struct fer_parser *p, struct fer_ast_stmt *stmt)
{
    struct fer_vector terms = FER_VECTOR(struct fer_ast_term);

    do {
        struct fer_ast_term term = { 0 };
        struct fer_span name;
        uint32_t start = p->token.offset;

        term.weighted = fer_parse_at(p, FER_TOKEN_NUMBER) || fer_parse_at(p, FER_TOKEN_DOLLAR);
        if (term.weighted && !fer_parse_value(p, &term.weight))
            return false;
        if (!fer_parse_name(p, term.weighted ? "the name of a loss after its weight" : "a loss (as in: 2 co + c1)",
                            &term.name, &name))
            return false;
        term.span = fer_parse_span_from(p, start);
        if (!fer_parse_push(p, &terms, &term))
            return false;
    } while (fer_parse_accept(p, FER_TOKEN_PLUS));
    if (!fer_parse_at_end(p))
        return fer_parse_expected(p, "'+' or the end of the statement");
    stmt->terms = terms.items;
    stmt->nterms = terms.count;
    return true;
}

static bool parse_update(struct fer_parser *p, struct fer_ast_stmt *stmt)
{
    struct fer_vector paths = FER_VECTOR(struct fer_ast_path);

    do {
        struct fer_ast_path path = { 0 };

        if (!fer_parse_path(p, &path) || !fer_parse_push(p, &paths, &path))
            return false;
    } while (fer_parse_accept(p, FER_TOKEN_COMMA));
    stmt->paths = paths.items;
    stmt->npaths = paths.count;
    if (!fer_parse_keywords(p, &stmt->keywords, &stmt->nkeywords))
        return false;
    if (!fer_parse_at_word(p, "with"))
        return fer_parse_expected(p, "'with' and an optimizer (as in: update net with sgd lr=0.1)");
    fer_parse_advance(p);
    return fer_parse_calls(p, &stmt->calls, &stmt->ncalls);
}

bool fer_parse_load(struct fer_parser *p, struct fer_ast_path *path, struct fer_ast_value *file,
                    struct fer_ast_keyword **keywords, int *nkeywords)
{
    return fer_parse_path(p, path) &&
           (fer_parse_at(p, FER_TOKEN_DOLLAR) ? fer_parse_value(p, file) : fer_parse_string(p, "a file name", file)) &&
           fer_parse_keywords(p, keywords, nkeywords);
}

static bool parse_load_stmt(struct fer_parser *p, struct fer_ast_stmt *stmt)
{
    struct fer_vector paths = FER_VECTOR(struct fer_ast_path);
    struct fer_ast_path path = { 0 };

    if (!fer_parse_load(p, &path, &stmt->file, &stmt->keywords, &stmt->nkeywords) || !fer_parse_push(p, &paths, &path))
        return false;
    stmt->paths = paths.items;
    stmt->npaths = 1;
    return true;
}

static bool parse_step(struct fer_parser *p, struct fer_ast_stmt *stmt)
{
    char what[160];
    bool good;

    if (p->steps >= FER_PARSE_STEPS)
        return fer_parse_error(p, fer_parse_token_span(p), "steps are nested more than %d deep", FER_PARSE_STEPS);
    good = fer_parse_name(p, "the name of the step", &stmt->name, &stmt->name_span) &&
           fer_parse_keywords(p, &stmt->keywords, &stmt->nkeywords);
    if (!good && !fer_parse_skip_to_brace(p))
        return false;
    snprintf(what, sizeof(what), "step '%s'", stmt->name ? stmt->name : "?");
    p->steps++;
    good = fer_parse_body(p, FER_BODY_STAGE, what, &stmt->body, &stmt->nbody) && good;
    p->steps--;
    return good;
}

static bool parse_statement(struct fer_parser *p, enum fer_body_kind body, struct fer_ast_stmt *stmt)
{
    const struct statement_word *word = p->token.kind == FER_TOKEN_NAME ? find_word(p->token.text) : NULL;
    bool assigns = p->next.kind == FER_TOKEN_EQUALS || (p->next.kind == FER_TOKEN_COMMA && !p->next.newline);

    stmt->kind = FER_AST_FLOW;
    if (p->token.kind == FER_TOKEN_NAME && !assigns && !(word && word->body == body))
        return blame_word(p, body);
    if (!word || word->body != body)
        return fer_parse_flow(p, &stmt->flow);
    if (assigns)
        return fer_parse_error(p, fer_parse_token_span(p),
                               "'%s' begins a statement of its own here; give the result another name", word->word);
    stmt->kind = word->kind;
    fer_parse_advance(p);
    switch (word->kind) {
    case FER_AST_MINIMIZE: return parse_minimize(p, stmt);
    case FER_AST_STEP: return parse_step(p, stmt);
    case FER_AST_UPDATE: return parse_update(p, stmt);
    case FER_AST_LOAD:
    case FER_AST_SAVE: return parse_load_stmt(p, stmt);
    default: return fer_parse_flow(p, &stmt->flow);
    }
}

static bool parse_statements(struct fer_parser *p, enum fer_body_kind kind, struct fer_span open, const char *what,
                             struct fer_vector *items)
{
    bool good = true;

    while (p->token.kind != FER_TOKEN_RBRACE) {
        struct fer_ast_stmt stmt = { 0 };
        uint32_t start = p->token.offset;

        if (p->token.kind == FER_TOKEN_END || fer_parse_at_item(p)) {
            fer_parse_expected(p, "'}': the body of %s is still open", what);
            fer_parse_note(p, open, "it starts here");
            return false;
        }
        p->token.newline = false; /* it ended the statement before, not this one */
        if (parse_statement(p, kind, &stmt) && fer_parse_finish(p)) {
            stmt.span = fer_parse_span_from(p, start);
            good = fer_parse_push(p, items, &stmt) && good;
        } else {
            fer_parse_skip_statement(p, start);
            good = false;
        }
    }
    return good;
}

bool fer_parse_body(struct fer_parser *p, enum fer_body_kind kind, const char *what, struct fer_ast_stmt **body,
                    int *count)
{
    struct fer_vector items = FER_VECTOR(struct fer_ast_stmt);
    struct fer_span open = fer_parse_token_span(p);
    bool good = fer_parse_at(p, FER_TOKEN_LBRACE);

    if (p->token.kind != FER_TOKEN_LBRACE)
        return fer_parse_expected(p, "'{' and the body of %s", what);
    if (!good)
        fer_parse_error(p, open, "'{' belongs at the end of the line before, behind %s", what);
    fer_parse_advance(p);
    good = parse_statements(p, kind, open, what, &items) && good;
    *body = items.items;
    *count = items.count;
    if (p->token.kind == FER_TOKEN_RBRACE)
        fer_parse_advance(p);
    return good;
}
