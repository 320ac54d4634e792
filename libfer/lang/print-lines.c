/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/print.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "lang/lex.h"

/* Comments at line ends stand under each other unless their lines differ by more than this. */
enum { COMMENT_SPREAD = 40 };

static bool add_comment(struct fer_print_comments *comments, const struct fer_token *token)
{
    if (comments->count == comments->capacity) {
        int capacity = comments->capacity ? 2 * comments->capacity : 16;
        void *items = realloc(comments->items, (size_t)capacity * sizeof(*comments->items));

        if (!items)
            return false;
        comments->items = items;
        comments->capacity = capacity;
    }
    comments->items[comments->count++] = (struct fer_print_comment){ .offset = token->offset, .length = token->length };
    return true;
}

static bool find_comments(struct fer_arena *arena, struct fer_print_comments *comments)
{
    struct fer_lexer lexer;
    struct fer_token token;

    fer_lex_start(&lexer, arena, comments->source, NULL);
    lexer.comments = true;
    do {
        token = fer_lex_next(&lexer);
        if (token.kind == FER_TOKEN_COMMENT && !add_comment(comments, &token))
            return false;
    } while (token.kind != FER_TOKEN_END);
    return !lexer.out_of_memory;
}

void fer_print_use_source(struct fer_printer *p, const struct fer_source *source)
{
    struct fer_print_comments *sources;

    for (int i = 0; i < p->nsources; i++) {
        if (p->sources[i].source == source) {
            p->comments = &p->sources[i];
            return;
        }
    }
    sources = realloc(p->sources, (size_t)(p->nsources + 1) * sizeof(*sources));
    if (!sources) {
        p->failed = true;
        return;
    }
    p->sources = sources;
    p->comments = &sources[p->nsources++];
    *p->comments = (struct fer_print_comments){ .source = source };
    if (!find_comments(p->arena, p->comments))
        p->failed = true;
}

/* Only blanks and at least two ends of lines lie before `offset`. */
static bool blank_before(const struct fer_source *source, uint32_t offset)
{
    int newlines = 0;

    while (offset > 0 && strchr(" \t\r\n", source->text[offset - 1]))
        newlines += source->text[--offset] == '\n';
    return newlines >= 2;
}

bool fer_print_has_newline(const struct fer_source *source, uint32_t start, uint32_t end)
{
    return end > start && memchr(source->text + start, '\n', end - start) != NULL;
}

static struct fer_print_line *add_line(struct fer_printer *p, enum fer_print_group group, bool blank)
{
    struct fer_print_line *line;

    if (p->failed)
        return NULL;
    if (p->count == p->capacity) {
        int capacity = p->capacity ? 2 * p->capacity : 64;
        struct fer_print_line *lines = realloc(p->lines, (size_t)capacity * sizeof(*lines));

        if (!lines) {
            p->failed = true;
            return NULL;
        }
        p->lines = lines;
        p->capacity = capacity;
    }
    line = &p->lines[p->count++];
    *line = (struct fer_print_line){ .group = group, .indent = p->indent, .blank = blank && !p->first, .lead = "" };
    p->first = false;
    return line;
}

static const char *comment_text(struct fer_printer *p, const struct fer_print_comment *comment)
{
    const char *text = fer_arena_strndup(p->arena, p->comments->source->text + comment->offset, comment->length);

    if (!text)
        p->failed = true;
    return text ? text : "";
}

static void print_comment(struct fer_printer *p, bool blank)
{
    const char *text = comment_text(p, &p->comments->items[p->comments->next++]);
    struct fer_print_line *line = add_line(p, FER_GROUP_NONE, blank);

    if (line)
        fer_print_cell(p, line, (struct fer_print_cell){ .text = text });
}

static bool comment_is_before(const struct fer_print_comments *comments, uint32_t offset)
{
    return comments->next < comments->count && comments->items[comments->next].offset < offset;
}

void fer_print_comments_before(struct fer_printer *p, uint32_t offset, bool blanks)
{
    while (!p->failed && comment_is_before(p->comments, offset))
        print_comment(p, blanks && blank_before(p->comments->source, p->comments->items[p->comments->next].offset));
}

/* The comment behind `end` on the same line, with nothing between. */
static const char *comment_behind(struct fer_printer *p, uint32_t end)
{
    struct fer_print_comments *comments = p->comments;
    const char *text = comments->source->text;
    uint32_t offset;

    if (comments->next >= comments->count)
        return NULL;
    offset = comments->items[comments->next].offset;
    while (end < offset && (text[end] == ' ' || text[end] == '\t' || text[end] == '\r'))
        end++;
    return end == offset ? comment_text(p, &comments->items[comments->next++]) : NULL;
}

struct fer_print_line *fer_print_line(struct fer_printer *p, enum fer_print_group group, uint32_t start, uint32_t end,
                                      bool blanks)
{
    struct fer_print_line *line;
    bool blank;

    fer_print_comments_before(p, start, blanks);
    blank = blanks && blank_before(p->comments->source, start);
    /* a comment inside what becomes one line moves above it */
    while (!p->failed && comment_is_before(p->comments, end)) {
        print_comment(p, blank);
        blank = false;
    }
    line = add_line(p, group, blank);
    if (line)
        line->comment = comment_behind(p, end);
    return line;
}

void fer_print_cell(struct fer_printer *p, struct fer_print_line *line, struct fer_print_cell cell)
{
    /* grows at powers of two: no capacity to keep */
    if ((line->ncells & (line->ncells - 1)) == 0) {
        size_t capacity = line->ncells ? 2 * (size_t)line->ncells : 1;
        struct fer_print_cell *cells = fer_arena_alloc(p->arena, capacity * sizeof(*cells));

        if (!cells) {
            p->failed = true;
            return;
        }
        if (line->ncells > 0)
            memcpy(cells, line->cells, (size_t)line->ncells * sizeof(*cells));
        line->cells = cells;
    }
    cell.width = fer_text_width(cell.text);
    line->cells[line->ncells++] = cell;
}

static bool fits_run(const struct fer_print_line *first, const struct fer_print_line *line, int column, int low,
                     int high)
{
    const struct fer_print_cell *a = &first->cells[column], *b;

    if (line->blank || line->group != first->group || line->indent != first->indent || line->ncells <= column + 1 ||
        line->run != first->run)
        return false;
    b = &line->cells[column];
    low = b->width < low ? b->width : low;
    high = b->width > high ? b->width : high;
    return b->key && !strcmp(a->key, b->key) && high - low <= a->spread;
}

/* Pad one column; lines that a column aligns share a run, and only they can be aligned
 * in the next.  Returns whether there was anything to align. */
static bool align_column(struct fer_printer *p, int column)
{
    bool any = false;

    for (int i = 0, end; i < p->count; i = end) {
        struct fer_print_line *first = &p->lines[i];
        int low, high;

        end = i + 1;
        if (first->group == FER_GROUP_NONE || first->run < 0 || first->ncells <= column + 1 ||
            !first->cells[column].key) {
            first->run = -1;
            continue;
        }
        low = high = first->cells[column].width;
        for (; end < p->count && fits_run(first, &p->lines[end], column, low, high); end++) {
            int width = p->lines[end].cells[column].width;

            low = width < low ? width : low;
            high = width > high ? width : high;
        }
        any = true;
        for (int k = i; k < end; k++) {
            p->lines[k].cells[column].pad = high - p->lines[k].cells[column].width;
            p->lines[k].run = i;
        }
    }
    return any;
}

static int line_width(const struct fer_print_line *line)
{
    int width = line->indent + (int)strlen(line->lead);

    for (int i = 0; i < line->ncells; i++) {
        const struct fer_print_cell *cell = &line->cells[i];

        width += cell->width + cell->pad + (cell->separator ? (int)strlen(cell->separator) : 0);
    }
    return width;
}

static void put_blanks(struct fer_text *out, int count)
{
    while (count-- > 0)
        fer_text_put(out, " ");
}

/* `column`: where the line's comment starts. */
static void put_line(struct fer_text *out, const struct fer_print_line *line, int column)
{
    if (line->blank)
        fer_text_put(out, "\n");
    put_blanks(out, line->indent);
    fer_text_put(out, line->lead);
    for (int i = 0; i < line->ncells; i++) {
        fer_text_put(out, line->cells[i].text);
        if (line->cells[i].separator) {
            put_blanks(out, line->cells[i].pad);
            fer_text_put(out, line->cells[i].separator);
        }
    }
    if (line->comment) {
        put_blanks(out, column - line_width(line));
        fer_text_put(out, line->comment);
    }
    fer_text_put(out, "\n");
}

/* Whether the comment at the end of `line` can stand under that of the line before it. */
static bool joins_comments(const struct fer_print_line *before, const struct fer_print_line *line)
{
    return before->comment && line->comment && !line->blank && before->indent == line->indent &&
           strcmp(before->cells[0].text, "}") != 0;
}

bool fer_print_finish(struct fer_printer *p, struct fer_text *out)
{
    if (p->failed)
        return false;
    for (int column = 0; align_column(p, column);)
        column++;
    for (int i = 0, end; i < p->count; i = end) {
        int low = line_width(&p->lines[i]), high = low;

        for (end = i + 1; end < p->count && joins_comments(&p->lines[end - 1], &p->lines[end]); end++) {
            int width = line_width(&p->lines[end]);
            int least = width < low ? width : low, most = width > high ? width : high;

            if (most - least > COMMENT_SPREAD)
                break;
            low = least;
            high = most;
        }
        for (int k = i; k < end; k++)
            put_line(out, &p->lines[k], high + 2);
    }
    return !out->failed;
}
