/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "lang/lex.h"

enum { HEAD_SPREAD = 8 };

static uint32_t span_end(struct fer_span span)
{
    return span.offset + span.length;
}

/* A line of two aligned cells. */
static void print_pair(struct fer_printer *p, enum fer_print_group group, const struct fer_ast_item *item,
                       const char *head, const char *separator, const char *rest)
{
    struct fer_print_line *line = fer_print_line(p, group, item->span.offset, span_end(item->span), true);

    if (!line)
        return;
    fer_print_cell(p, line,
                   (struct fer_print_cell){ .text = head, .separator = separator, .key = "=", .spread = HEAD_SPREAD });
    fer_print_cell(p, line, (struct fer_print_cell){ .text = rest });
}

static const char *joined(struct fer_printer *p, const char *word, const char *name)
{
    struct fer_text text = { 0 };

    fer_text_put(&text, word);
    fer_text_put(&text, name);
    return fer_print_keep(p, &text);
}

static const char *value_text(struct fer_printer *p, const struct fer_ast_value *value,
                              const struct fer_ast_keyword *keywords, int count)
{
    struct fer_text text = { 0 };

    fer_print_value(&text, value);
    fer_print_keywords(&text, keywords, count);
    return fer_print_keep(p, &text);
}

static const char *list_text(struct fer_printer *p, const struct fer_ast_item *item)
{
    struct fer_text text = { 0 };

    if (item->kind == FER_AST_USE) {
        fer_text_put(&text, "use ");
        fer_print_names(&text, &item->names);
    }
    for (int i = 0; i < item->nvalues; i++) {
        fer_text_put(&text, i == 0 ? "labels " : ", ");
        fer_print_value(&text, &item->values[i]);
    }
    return fer_print_keep(p, &text);
}

static void print_definition(struct fer_printer *p, const struct fer_ast_item *item, const char *word)
{
    const struct fer_ast_names *outputs = &item->signature.outputs;
    struct fer_text text = { 0 };

    fer_text_put(&text, word);
    fer_text_put(&text, item->name);
    fer_print_signature(&text, &item->signature);
    fer_print_body(p, fer_print_keep(p, &text), item->span, span_end(outputs->spans[outputs->count - 1]), item->body,
                   item->nbody);
}

static void print_net(struct fer_printer *p, const struct fer_ast_item *item)
{
    struct fer_text text = { 0 };

    if (!item->is_alias) {
        print_definition(p, item, "net ");
        return;
    }
    fer_print_call(&text, &item->calls[0]);
    print_pair(p, FER_GROUP_NET, item, joined(p, "net ", item->name), " = ", fer_print_keep(p, &text));
}

static const char *fields_text(struct fer_printer *p, const struct fer_ast_item *item)
{
    struct fer_text text = { 0 };

    for (int i = 0; i < item->nfields; i++) {
        const struct fer_ast_field *field = &item->fields[i];

        if (i > 0)
            fer_text_put(&text, ", ");
        fer_text_put(&text, field->name);
        if (field->as_span.offset != field->span.offset) {
            fer_text_put(&text, " as ");
            fer_text_put(&text, field->as);
        }
    }
    return fer_print_keep(p, &text);
}

static void print_data(struct fer_printer *p, const struct fer_ast_item *item)
{
    struct fer_print_chain chain = { .group = FER_GROUP_DATA,
                                     .head = joined(p, "data ", item->name),
                                     .inputs = fields_text(p, item),
                                     .joint = " -> ",
                                     .reader = true,
                                     .start = item->span.offset,
                                     .head_end = span_end(item->fields[item->nfields - 1].as_span),
                                     .calls = item->calls,
                                     .ncalls = item->ncalls };

    fer_print_chain(p, &chain);
}

static void print_stage(struct fer_printer *p, const struct fer_ast_item *item)
{
    uint32_t end = span_end(item->names.spans[item->names.count - 1]);
    struct fer_text text = { 0 };

    fer_text_put(&text, item->kind == FER_AST_STAGE ? "stage " : "test ");
    fer_text_put(&text, item->name);
    fer_text_put(&text, " over ");
    fer_print_names(&text, &item->names);
    if (item->nkeywords > 0) {
        fer_text_put(&text, " until");
        fer_print_keywords(&text, item->keywords, item->nkeywords);
        end = span_end(item->keywords[item->nkeywords - 1].value.span);
    }
    if (item->nkeeping > 0) {
        fer_text_put(&text, " keeping");
        fer_print_keywords(&text, item->keeping, item->nkeeping);
        end = span_end(item->keeping[item->nkeeping - 1].value.span);
    }
    fer_print_body(p, fer_print_keep(p, &text), item->span, end, item->body, item->nbody);
}

static void print_item(struct fer_printer *p, const struct fer_ast_item *item)
{
    switch (item->kind) {
    case FER_AST_USE:
    case FER_AST_LABELS: fer_print_plain(p, list_text(p, item), item->span.offset, span_end(item->span)); break;
    case FER_AST_INCLUDE:
        fer_print_plain(p, joined(p, "include ", value_text(p, &item->value, NULL, 0)), item->span.offset,
                        span_end(item->span));
        break;
    case FER_AST_LET:
        print_pair(p, FER_GROUP_LET, item, joined(p, "let ", item->name), " = ", value_text(p, &item->value, NULL, 0));
        break;
    case FER_AST_NET: print_net(p, item); break;
    case FER_AST_BLOCK: print_definition(p, item, "block "); break;
    case FER_AST_PREDICT: print_definition(p, item, "predict "); break;
    case FER_AST_DATA: print_data(p, item); break;
    case FER_AST_ITEM_LOAD:
        print_pair(p, FER_GROUP_LOAD, item, joined(p, "load ", item->path.text), " ",
                   value_text(p, &item->value, item->keywords, item->nkeywords));
        break;
    case FER_AST_STAGE:
    case FER_AST_TEST: print_stage(p, item); break;
    }
}

/* "fer 1", where the source has it. */
static void print_header(struct fer_printer *p, const struct fer_source *source, int format)
{
    struct fer_lexer lexer;
    uint32_t start;
    char text[32];

    fer_lex_start(&lexer, p->arena, source, NULL);
    start = fer_lex_next(&lexer).offset;
    fer_lex_next(&lexer);
    snprintf(text, sizeof(text), "fer %d", format);
    fer_print_plain(p, joined(p, text, ""), start, lexer.offset);
}

static void print_file(struct fer_printer *p, const struct fer_ast_file *file, const struct fer_source *source)
{
    static const struct fer_source nothing = { .name = "", .dir = ".", .text = "", .length = 0 };
    const struct fer_source *first = source ? source : file->nitems > 0 ? file->items[0].span.source : &nothing;

    fer_print_use_source(p, first);
    if (p->failed)
        return;
    print_header(p, first, file->format);
    for (int i = 0; i < file->nitems && !p->failed; i++) {
        const struct fer_ast_item *item = &file->items[i];

        if (source ? item->span.source != source : item->kind == FER_AST_INCLUDE)
            continue;
        fer_print_use_source(p, item->span.source);
        if (!p->failed)
            print_item(p, item);
    }
    for (int i = 0; i < p->nsources && !p->failed; i++) {
        p->comments = &p->sources[i];
        fer_print_comments_before(p, UINT32_MAX, true);
    }
}

enum fer_status fer_ast_print(const struct fer_ast_file *file, const struct fer_source *source, char **out,
                              struct fer_error *err)
{
    struct fer_printer p = { .arena = fer_arena_create(), .first = true };
    struct fer_text text = { 0 };
    bool good = p.arena != NULL;

    *out = NULL;
    if (good) {
        print_file(&p, file, source);
        good = fer_print_finish(&p, &text);
    }
    for (int i = 0; i < p.nsources; i++)
        free(p.sources[i].items);
    free(p.sources);
    free(p.lines);
    fer_arena_free(p.arena);
    if (!good || !text.data) {
        free(text.data);
        return fer_fail(err, FER_ENOMEM, "out of memory");
    }
    *out = text.data;
    return FER_OK;
}
