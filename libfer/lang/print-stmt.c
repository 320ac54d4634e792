/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/print.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "lang/lex.h"

/* How far the heads of flows ("logits =") and of other statements, and calls of one
 * operation, may differ in width and still be aligned. */
enum { FLOW_SPREAD = 5, HEAD_SPREAD = 8, CALL_SPREAD = 24 };

static uint32_t span_end(struct fer_span span)
{
    return span.offset + span.length;
}

void fer_print_plain(struct fer_printer *p, const char *text, uint32_t start, uint32_t end)
{
    struct fer_print_line *line = fer_print_line(p, FER_GROUP_NONE, start, end, true);

    if (line)
        fer_print_cell(p, line, (struct fer_print_cell){ .text = text });
}

static const char *call_text(struct fer_printer *p, const struct fer_ast_call *call)
{
    struct fer_text text = { 0 };

    fer_print_call(&text, call);
    return fer_print_keep(p, &text);
}

static void add_call(struct fer_printer *p, struct fer_print_line *line, const char *text,
                     const struct fer_ast_call *call, bool last, bool align)
{
    fer_print_cell(
        p, line,
        (struct fer_print_cell){
            .text = text, .separator = last ? NULL : " | ", .key = align ? call->name : NULL, .spread = CALL_SPREAD });
}

/* The head, with the inputs where there are any; `more`: calls follow on the line. */
static void add_head(struct fer_printer *p, struct fer_print_line *line, const struct fer_print_chain *chain, bool more)
{
    struct fer_print_cell head = { .text = chain->head,
                                   .key = "=",
                                   .spread = chain->reader ? HEAD_SPREAD : FLOW_SPREAD };
    struct fer_print_cell inputs = { .text = chain->inputs, .key = chain->reader ? "=" : NULL, .spread = HEAD_SPREAD };

    if (!line)
        return;
    *(chain->inputs ? &inputs.separator : &head.separator) = !more ? NULL : chain->reader ? " = " : " | ";
    if (chain->inputs)
        head.separator = chain->joint;
    fer_print_cell(p, line, head);
    if (chain->inputs)
        fer_print_cell(p, line, inputs);
}

/* The source has a new line before call `i`. */
static bool breaks_before(const struct fer_printer *p, const struct fer_print_chain *chain, int i)
{
    uint32_t before = i == 0 ? chain->head_end : span_end(chain->calls[i - 1].span);

    return fer_print_has_newline(p->comments->source, before, chain->calls[i].span.offset);
}

static int chain_width(const struct fer_printer *p, const struct fer_print_chain *chain, const char *const *texts)
{
    int width = p->indent + fer_text_width(chain->head);

    if (chain->inputs)
        width += (int)strlen(chain->joint) + fer_text_width(chain->inputs);
    for (int i = 0; i < chain->ncalls; i++)
        width += 3 + fer_text_width(texts[i]);
    return width;
}

static void print_unbroken(struct fer_printer *p, const struct fer_print_chain *chain, const char *const *texts)
{
    uint32_t end = chain->ncalls > 0 ? span_end(chain->calls[chain->ncalls - 1].span) : chain->head_end;
    struct fer_print_line *line = fer_print_line(p, chain->group, chain->start, end, true);

    add_head(p, line, chain, chain->ncalls > 0);
    for (int i = 0; line && i < chain->ncalls; i++)
        add_call(p, line, texts[i], &chain->calls[i], i + 1 == chain->ncalls, chain->reader);
}

/* Lines begin where they do in the source, and before what would be too wide. */
static void print_broken(struct fer_printer *p, const struct fer_print_chain *chain, const char *const *texts)
{
    int first = 0;

    add_head(p, fer_print_line(p, FER_GROUP_NONE, chain->start, chain->head_end, true), chain, false);
    p->indent += FER_PRINT_INDENT;
    while (first < chain->ncalls && !p->failed) {
        int width = p->indent + 2 + fer_text_width(texts[first]), end = first + 1;
        struct fer_print_line *line;

        while (end < chain->ncalls && !breaks_before(p, chain, end) &&
               width + 3 + fer_text_width(texts[end]) <= FER_PRINT_WIDTH)
            width += 3 + fer_text_width(texts[end++]);
        line = fer_print_line(p, FER_GROUP_PIPE, chain->calls[first].span.offset, span_end(chain->calls[end - 1].span),
                              false);
        for (int i = first; line && i < end; i++)
            add_call(p, line, texts[i], &chain->calls[i], i + 1 == end, true);
        if (line)
            line->lead = first == 0 && chain->reader ? "= " : "| ";
        first = end;
    }
    p->indent -= FER_PRINT_INDENT;
}

void fer_print_chain(struct fer_printer *p, const struct fer_print_chain *chain)
{
    const char **texts = fer_arena_alloc(p->arena, (size_t)chain->ncalls * sizeof(*texts));
    bool broken = false;

    if (!texts) {
        p->failed = true;
        return;
    }
    for (int i = 0; i < chain->ncalls; i++) {
        texts[i] = call_text(p, &chain->calls[i]);
        broken = broken || breaks_before(p, chain, i);
    }
    if (broken || (chain->ncalls > 0 && chain_width(p, chain, texts) > FER_PRINT_WIDTH))
        print_broken(p, chain, texts);
    else
        print_unbroken(p, chain, texts);
}

static void print_flow(struct fer_printer *p, const struct fer_ast_stmt *stmt, const char *word)
{
    const struct fer_ast_flow *flow = &stmt->flow;
    struct fer_print_chain chain = { .group = stmt->kind == FER_AST_METRIC ? FER_GROUP_METRIC : FER_GROUP_FLOW,
                                     .joint = " = ",
                                     .start = stmt->span.offset,
                                     .head_end = span_end(flow->inputs.spans[flow->inputs.count - 1]),
                                     .calls = flow->calls,
                                     .ncalls = flow->ncalls };
    struct fer_text text = { 0 };

    fer_text_put(&text, word);
    fer_print_names(&text, &flow->outputs);
    chain.head = fer_print_keep(p, &text);
    fer_print_names(&text, &flow->inputs);
    chain.inputs = fer_print_keep(p, &text);
    fer_print_chain(p, &chain);
}

static const char *minimize_text(struct fer_printer *p, const struct fer_ast_stmt *stmt)
{
    struct fer_text text = { 0 };

    for (int i = 0; i < stmt->nterms; i++) {
        fer_text_put(&text, i == 0 ? "minimize " : " + ");
        if (stmt->terms[i].weighted) {
            fer_print_value(&text, &stmt->terms[i].weight);
            fer_text_put(&text, " ");
        }
        fer_text_put(&text, stmt->terms[i].name);
    }
    return fer_print_keep(p, &text);
}

/* The optimizer stays with the paths; schedules can be on lines of their own. */
static void print_update(struct fer_printer *p, const struct fer_ast_stmt *stmt)
{
    struct fer_print_chain chain = { .start = stmt->span.offset,
                                     .head_end = span_end(stmt->calls[0].span),
                                     .calls = stmt->calls + 1,
                                     .ncalls = stmt->ncalls - 1 };
    struct fer_text text = { 0 };

    for (int i = 0; i < stmt->npaths; i++) {
        fer_text_put(&text, i == 0 ? "update " : ", ");
        fer_text_put(&text, stmt->paths[i].text);
    }
    fer_print_keywords(&text, stmt->keywords, stmt->nkeywords);
    fer_text_put(&text, " with ");
    fer_print_call(&text, &stmt->calls[0]);
    chain.head = fer_print_keep(p, &text);
    fer_print_chain(p, &chain);
}

static void print_load(struct fer_printer *p, const struct fer_ast_stmt *stmt)
{
    struct fer_print_line *line = fer_print_line(p, FER_GROUP_LOAD, stmt->span.offset, span_end(stmt->span), true);
    struct fer_text text = { 0 };

    if (!line)
        return;
    fer_text_put(&text, stmt->kind == FER_AST_LOAD ? "load " : "save ");
    fer_text_put(&text, stmt->paths[0].text);
    fer_print_cell(p, line,
                   (struct fer_print_cell){
                       .text = fer_print_keep(p, &text), .separator = " ", .key = "=", .spread = HEAD_SPREAD });
    fer_print_value(&text, &stmt->file);
    fer_print_keywords(&text, stmt->keywords, stmt->nkeywords);
    fer_print_cell(p, line, (struct fer_print_cell){ .text = fer_print_keep(p, &text) });
}

static void print_step(struct fer_printer *p, const struct fer_ast_stmt *stmt)
{
    uint32_t end =
        stmt->nkeywords > 0 ? span_end(stmt->keywords[stmt->nkeywords - 1].value.span) : span_end(stmt->name_span);
    struct fer_text text = { 0 };

    fer_text_put(&text, "step ");
    fer_text_put(&text, stmt->name);
    fer_print_keywords(&text, stmt->keywords, stmt->nkeywords);
    fer_print_body(p, fer_print_keep(p, &text), stmt->span, end, stmt->body, stmt->nbody);
}

static void print_statement(struct fer_printer *p, const struct fer_ast_stmt *stmt)
{
    switch (stmt->kind) {
    case FER_AST_FLOW: print_flow(p, stmt, ""); break;
    case FER_AST_LOSS: print_flow(p, stmt, "loss "); break;
    case FER_AST_METRIC: print_flow(p, stmt, "metric "); break;
    case FER_AST_MINIMIZE: fer_print_plain(p, minimize_text(p, stmt), stmt->span.offset, span_end(stmt->span)); break;
    case FER_AST_STEP: print_step(p, stmt); break;
    case FER_AST_UPDATE: print_update(p, stmt); break;
    case FER_AST_LOAD:
    case FER_AST_SAVE: print_load(p, stmt); break;
    }
}

/* A short body that the source has on one line stays there: the lines printed for its
 * one statement become the end of the header. */
static bool print_inline(struct fer_printer *p, const char *header, struct fer_span span,
                         const struct fer_ast_stmt *body, int count)
{
    struct fer_text text = { 0 };
    struct fer_printer inner = { .arena = p->arena, .comments = p->comments };
    bool fits = count <= 1 && !fer_print_has_newline(span.source, span.offset, span_end(span));

    if (!fits || (count == 1 && body->kind == FER_AST_STEP))
        return false;
    fer_text_put(&text, header);
    fer_text_put(&text, " { ");
    if (count == 1) {
        /* nothing behind it on its line but the '}': no comment is taken */
        print_statement(&inner, body);
        fits = fer_print_finish(&inner, &text) && inner.count == 1;
        free(inner.lines);
        if (fits)
            text.data[text.length - 1] = ' '; /* the end of the line */
    }
    fer_text_put(&text, "}");
    p->failed |= inner.failed || text.failed;
    fits = fits && !text.failed && p->indent + fer_text_width(text.data) <= FER_PRINT_WIDTH;
    if (fits)
        fer_print_plain(p, fer_print_keep(p, &text), span.offset, span_end(span));
    free(text.data);
    return fits;
}

/* Behind the '{' that follows `offset`. */
static uint32_t brace_end(struct fer_printer *p, const struct fer_source *source, uint32_t offset)
{
    struct fer_lexer lexer;
    struct fer_token token;

    fer_lex_start(&lexer, p->arena, source, NULL);
    lexer.offset = offset;
    token = fer_lex_next(&lexer);
    return token.offset + token.length;
}

void fer_print_body(struct fer_printer *p, const char *header, struct fer_span span, uint32_t header_end,
                    const struct fer_ast_stmt *body, int count)
{
    struct fer_text text = { 0 };

    /* a comment above is not part of it, and must come first */
    fer_print_comments_before(p, span.offset, true);
    if (p->failed || print_inline(p, header, span, body, count))
        return;
    fer_text_put(&text, header);
    fer_text_put(&text, " {");
    fer_print_plain(p, fer_print_keep(p, &text), span.offset, brace_end(p, span.source, header_end));
    p->indent += FER_PRINT_INDENT;
    p->first = true;
    for (int i = 0; i < count && !p->failed; i++)
        print_statement(p, &body[i]);
    fer_print_comments_before(p, span_end(span) - 1, true);
    p->indent -= FER_PRINT_INDENT;
    p->first = true; /* no blank line before the '}' */
    fer_print_plain(p, "}", span_end(span) - 1, span_end(span));
}
