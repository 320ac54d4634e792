/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"

/* All of one text, whose items are appended to all->items. */
static void parse_text(struct fer_parse *all, const struct fer_source *source, const struct fer_parser *includer,
                       char *path, int *format);

static bool parse_use(struct fer_parser *p, struct fer_ast_item *item)
{
    return fer_parse_names(p, "the name of a plugin", false, &item->names);
}

static bool parse_let(struct fer_parser *p, struct fer_ast_item *item)
{
    return fer_parse_name(p, "the name of the constant", &item->name, &item->name_span) &&
           fer_parse_expect(p, FER_TOKEN_EQUALS, "'=' and a value") && fer_parse_value(p, &item->value);
}

static bool parse_labels(struct fer_parser *p, struct fer_ast_item *item)
{
    struct fer_vector values = FER_VECTOR(struct fer_ast_value);

    do {
        struct fer_ast_value value = { 0 };

        if (!fer_parse_string(p, "the name of a class", &value) || !fer_parse_push(p, &values, &value))
            return false;
    } while (fer_parse_accept(p, FER_TOKEN_COMMA));
    item->values = values.items;
    item->nvalues = values.count;
    return true;
}

/* sig body, also with an error in the signature: then the body is read for more errors. */
static bool parse_definition(struct fer_parser *p, struct fer_ast_item *item, const char *word, bool good)
{
    char what[160];

    good = good && fer_parse_signature(p, &item->signature);
    if (!good && !fer_parse_skip_to_brace(p))
        return false;
    snprintf(what, sizeof(what), "%s '%s'", word, item->name ? item->name : "?");
    return fer_parse_body(p, FER_BODY_NET, what, &item->body, &item->nbody) && good;
}

static bool parse_net(struct fer_parser *p, struct fer_ast_item *item)
{
    struct fer_vector calls = FER_VECTOR(struct fer_ast_call);
    struct fer_ast_call call = { 0 };
    bool good = fer_parse_name(p, "the name of the net", &item->name, &item->name_span);

    if (good && fer_parse_accept(p, FER_TOKEN_EQUALS)) {
        item->is_alias = true;
        if (!fer_parse_call(p, &call) || !fer_parse_push(p, &calls, &call))
            return false;
        item->calls = calls.items;
        item->ncalls = 1;
        if (fer_parse_at(p, FER_TOKEN_PIPE))
            return fer_parse_expected(p, "the end of the statement; a chain of operations is written "
                                         "net NAME(x) -> y { y = x | ... }");
        return true;
    }
    if (good && !fer_parse_at(p, FER_TOKEN_LPAREN))
        good = fer_parse_expected(p, "'(' and the inputs, or '=' and a model");
    return parse_definition(p, item, "net", good);
}

static bool parse_block(struct fer_parser *p, struct fer_ast_item *item)
{
    bool good = fer_parse_name(p, "the name of the block", &item->name, &item->name_span);

    return parse_definition(p, item, "block", good);
}

static bool parse_predict(struct fer_parser *p, struct fer_ast_item *item)
{
    bool good = fer_parse_name(p, "the name of the function", &item->name, &item->name_span);

    return parse_definition(p, item, "predict", good);
}

/* NAME ["as" NAME] */
static bool parse_field(struct fer_parser *p, struct fer_ast_field *field)
{
    if (!fer_parse_name(p, "a field such as image or label", &field->name, &field->span))
        return false;
    field->as = field->name;
    field->as_span = field->span;
    if (!fer_parse_at_word(p, "as"))
        return true;
    fer_parse_advance(p);
    return fer_parse_name(p, "the field's new name", &field->as, &field->as_span);
}

static bool parse_data(struct fer_parser *p, struct fer_ast_item *item)
{
    struct fer_vector fields = FER_VECTOR(struct fer_ast_field);

    if (!fer_parse_name(p, "the name of the data set", &item->name, &item->name_span) ||
        !fer_parse_expect(p, FER_TOKEN_ARROW,
                          "'->' and the fields (as in: data train -> image, label = folder \"faces/\")"))
        return false;
    do {
        struct fer_ast_field field = { 0 };

        if (!parse_field(p, &field) || !fer_parse_push(p, &fields, &field))
            return false;
    } while (fer_parse_accept(p, FER_TOKEN_COMMA));
    item->fields = fields.items;
    item->nfields = fields.count;
    return fer_parse_expect(p, FER_TOKEN_EQUALS, "',' or '=' and a reader (as in: = folder \"faces/\")") &&
           fer_parse_calls(p, &item->calls, &item->ncalls);
}

static bool parse_item_load(struct fer_parser *p, struct fer_ast_item *item)
{
    return fer_parse_load(p, &item->path, &item->value, &item->keywords, &item->nkeywords);
}

/* ["until" {kv}] and its like: the word needs something behind it. */
static bool parse_clause(struct fer_parser *p, const char *word, const char *example, struct fer_ast_keyword **keywords,
                         int *count)
{
    if (!fer_parse_at_word(p, word))
        return true;
    fer_parse_advance(p);
    if (!fer_parse_keywords(p, keywords, count))
        return false;
    return *count > 0 || fer_parse_expected(p, "name=value after '%s' (as in: %s)", word, example);
}

static bool parse_over(struct fer_parser *p, const char *what, const char **name, struct fer_span *span)
{
    if (!fer_parse_name(p, what, name, span))
        return false;
    if (!fer_parse_at_word(p, "over"))
        return fer_parse_expected(p, "'over' and a data set");
    fer_parse_advance(p);
    return true;
}

static bool parse_stage(struct fer_parser *p, struct fer_ast_item *item)
{
    char what[160];
    bool good;

    good = parse_over(p, "the name of the stage", &item->name, &item->name_span) &&
           fer_parse_names(p, "the name of a data set", false, &item->names) &&
           parse_clause(p, "until", "until epoch=90", &item->keywords, &item->nkeywords) &&
           parse_clause(p, "keeping", "keeping best=\"valid.accuracy\"", &item->keeping, &item->nkeeping);
    if (!good && !fer_parse_skip_to_brace(p))
        return false;
    snprintf(what, sizeof(what), "stage '%s'", item->name ? item->name : "?");
    return fer_parse_body(p, FER_BODY_STAGE, what, &item->body, &item->nbody) && good;
}

static bool parse_test(struct fer_parser *p, struct fer_ast_item *item)
{
    char what[160];
    bool good;

    good = parse_over(p, "the name of the test", &item->name, &item->name_span) &&
           fer_parse_names(p, "the name of a data set", false, &item->names);
    if (good && item->names.count > 1)
        good = fer_parse_error(p, item->names.spans[1], "a test has one data set; write a test for each");
    if (!good && !fer_parse_skip_to_brace(p))
        return false;
    snprintf(what, sizeof(what), "test '%s'", item->name ? item->name : "?");
    return fer_parse_body(p, FER_BODY_TEST, what, &item->body, &item->nbody) && good;
}

static bool parse_include(struct fer_parser *p, struct fer_ast_item *item)
{
    return fer_parse_string(p, "a file name", &item->value);
}

static const struct item_word {
    const char *word;
    enum fer_ast_item_kind kind;
    bool (*parse)(struct fer_parser *p, struct fer_ast_item *item);
} words[] = {
    { "use", FER_AST_USE, parse_use },       { "include", FER_AST_INCLUDE, parse_include },
    { "let", FER_AST_LET, parse_let },       { "labels", FER_AST_LABELS, parse_labels },
    { "net", FER_AST_NET, parse_net },       { "block", FER_AST_BLOCK, parse_block },
    { "data", FER_AST_DATA, parse_data },    { "load", FER_AST_ITEM_LOAD, parse_item_load },
    { "stage", FER_AST_STAGE, parse_stage }, { "predict", FER_AST_PREDICT, parse_predict },
    { "test", FER_AST_TEST, parse_test },
};
enum { WORDS = sizeof(words) / sizeof(words[0]) };

/* An item that starts with none of the words. */
static bool blame_item(struct fer_parser *p)
{
    const char *names[WORDS + 1] = { NULL }, *nearest;
    struct fer_span span = fer_parse_token_span(p);

    for (int i = 0; i < WORDS; i++)
        names[i] = words[i].word;
    if (p->token.kind == FER_TOKEN_RBRACE)
        return fer_parse_error(p, span, "this '}' closes nothing; remove it, or look for a '}' too many above");
    if (p->token.kind != FER_TOKEN_NAME)
        return fer_parse_expected(p, "use, include, let, labels, net, block, data, load, stage, predict or test");
    if (p->next.kind == FER_TOKEN_EQUALS || p->next.kind == FER_TOKEN_COMMA)
        return fer_parse_error(p, span,
                               "'%s' starts a flow, and flows belong between the braces of a net, a stage or "
                               "a test; a constant is written: let %s = ...",
                               p->token.text, p->token.text);
    if (!strcmp(p->token.text, "fer"))
        return fer_parse_error(p, span, "'fer %d' stands once, on the first line", FER_PARSE_FORMAT);
    nearest = fer_nearest_name(p->token.text, names);
    if (nearest)
        return fer_parse_error(p, span, "unknown statement '%s'; did you mean '%s'?", p->token.text, nearest);
    return fer_parse_error(p, span,
                           "unknown statement '%s'; expected use, include, let, labels, net, block, data, "
                           "load, stage, predict or test",
                           p->token.text);
}

/* The including texts, of which `path` must be none. */
static bool check_cycle(struct fer_parser *p, const struct fer_ast_value *file, const char *path)
{
    int depth = 1;

    for (const struct fer_parser *includer = p; includer; includer = includer->includer, depth++) {
        if (includer->path && !strcmp(includer->path, path))
            return fer_parse_error(p, file->span, "\"%s\" includes itself%s", file->text,
                                   includer == p ? "" : " by way of other files");
    }
    if (depth > FER_PARSE_INCLUDES)
        return fer_parse_error(p, file->span, "files are included more than %d deep", FER_PARSE_INCLUDES);
    if (p->all->files >= FER_PARSE_FILES)
        return fer_parse_error(p, file->span, "more than %d files are included", FER_PARSE_FILES);
    return true;
}

static bool splice(struct fer_parser *p, const struct fer_ast_value *file)
{
    const char *dir = p->lexer.source->dir;
    const struct fer_source *source;
    struct fer_error err = FER_ERROR_INIT;
    char path[8192], *real;
    bool relative = file->text[0] != '/' && strcmp(dir, ".") != 0;
    int length = relative ? snprintf(path, sizeof(path), "%s/%s", dir, file->text)
                          : snprintf(path, sizeof(path), "%s", file->text);

    /* It would read this machine's files at the wish of whoever wrote a checkpoint, and show their lines in errors. */
    if (!p->lexer.source->is_file)
        return fer_parse_error(p, file->span,
                               "only a description that is a file may include another; write here what \"%s\" says",
                               file->text);
    if (!*file->text || length >= (int)sizeof(path))
        return fer_parse_error(p, file->span, "this is not a file name");
    if (!strcmp(path, "-"))
        memcpy(path, "./-", sizeof("./-")); /* a file, not standard input */
    real = realpath(path, NULL);
    if (real && !check_cycle(p, file, real)) {
        free(real);
        return false;
    }
    if (fer_sources_read(p->all->sources, path, &source, &err) != FER_OK) {
        free(real);
        return fer_parse_error(p, file->span, "%s", err.text);
    }
    p->all->files++;
    parse_text(p->all, source, p, real, NULL);
    free(real);
    return true;
}

static bool parse_item(struct fer_parser *p)
{
    struct fer_ast_item item = { 0 };
    uint32_t start = p->token.offset;
    const struct item_word *word = NULL;

    for (int i = 0; i < WORDS && !word; i++) {
        if (p->token.kind == FER_TOKEN_NAME && !strcmp(words[i].word, p->token.text))
            word = &words[i];
    }
    p->token.newline = false; /* it ended the item before, not this one */
    if (!word || p->next.kind == FER_TOKEN_EQUALS)
        return blame_item(p);
    item.kind = word->kind;
    fer_parse_advance(p);
    if (!word->parse(p, &item) || !fer_parse_finish(p))
        return false;
    item.span = fer_parse_span_from(p, start);
    if (!fer_parse_push(p, &p->all->items, &item))
        return false;
    return item.kind != FER_AST_INCLUDE || splice(p, &item.value);
}

/* "fer" INT */
static bool parse_header(struct fer_parser *p, int *format)
{
    p->token.newline = false;
    if (p->token.kind == FER_TOKEN_END)
        return fer_parse_error(p, fer_parse_token_span(p), "this description is empty; it starts with: fer %d",
                               FER_PARSE_FORMAT);
    if (p->token.kind != FER_TOKEN_NAME || strcmp(p->token.text, "fer") != 0)
        return fer_parse_expected(p, "'fer %d', the version of the language, on the first line", FER_PARSE_FORMAT);
    fer_parse_advance(p);
    if (!fer_parse_at(p, FER_TOKEN_NUMBER) || !p->token.plain)
        return fer_parse_expected(p, "the version of the language (as in: fer %d)", FER_PARSE_FORMAT);
    if (p->token.number != FER_PARSE_FORMAT)
        return fer_parse_error(p, fer_parse_token_span(p),
                               "this is version %s of the language; libfer %s reads version %d", p->token.text,
                               fer_version(), FER_PARSE_FORMAT);
    if (format)
        *format = FER_PARSE_FORMAT;
    fer_parse_advance(p);
    return fer_parse_finish(p);
}

static void parse_text(struct fer_parse *all, const struct fer_source *source, const struct fer_parser *includer,
                       char *path, int *format)
{
    struct fer_parser p = { .all = all, .includer = includer, .path = path };
    bool bare;

    fer_lex_start(&p.lexer, all->arena, source, all->diags);
    p.token = fer_lex_next(&p.lexer);
    p.next = fer_lex_next(&p.lexer);
    all->out_of_memory |= p.lexer.out_of_memory;
    bare = fer_parse_at_item(&p); /* no header: the first item is read as one */
    if (!parse_header(&p, format) && !bare)
        fer_parse_skip_statement(&p, 0);
    p.token.newline = true;
    while (p.token.kind != FER_TOKEN_END) {
        uint32_t start = p.token.offset;

        if (!parse_item(&p) && !fer_parse_at_item(&p))
            fer_parse_skip_statement(&p, start);
    }
}

/* The one sentence for callers that do not print the list. */
static enum fer_status summarize(const struct fer_diags *diags, int errors, int first, const struct fer_source *source,
                                 struct fer_error *err)
{
    int line, column;

    while (first < diags->count && diags->items[first].severity != FER_SEVERITY_ERROR)
        first++;
    if (first >= diags->count || !diags->items[first].text)
        return fer_fail(err, FER_EPARSE, "%s has %d error%s", source->name, errors, errors == 1 ? "" : "s");
    fer_span_place(diags->items[first].span, &line, &column);
    if (diags->items[first].span.source)
        source = diags->items[first].span.source;
    if (errors == 1)
        return fer_fail(err, FER_EPARSE, "%s:%d:%d: %s", source->name, line, column, diags->items[first].text);
    return fer_fail(err, FER_EPARSE, "%s:%d:%d: %s (the first of %d errors)", source->name, line, column,
                    diags->items[first].text, errors);
}

enum fer_status fer_parse(struct fer_arena *arena, struct fer_sources *sources, const struct fer_source *source,
                          struct fer_ast_file **out, struct fer_diags *diags, struct fer_error *err)
{
    struct fer_parse all = { .arena = arena,
                             .sources = sources,
                             .diags = diags,
                             .items = FER_VECTOR(struct fer_ast_item),
                             .errors_before = diags->errors };
    struct fer_ast_file *file = fer_arena_alloc(arena, sizeof(*file));
    int first = diags->count;
    char *path;

    *out = NULL;
    if (!file)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    path = realpath(source->name, NULL); /* NULL for what is no file */
    parse_text(&all, source, NULL, path, &file->format);
    free(path);
    if (all.out_of_memory)
        return fer_fail(err, FER_ENOMEM, "out of memory while reading %s", source->name);
    if (diags->errors > all.errors_before)
        return summarize(diags, diags->errors - all.errors_before, first, source, err);
    file->items = all.items.items;
    file->nitems = all.items.count;
    *out = file;
    return FER_OK;
}
