/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/source.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lang/utf8.h"

/* The widest piece of a source line that is shown, and what of it lies before the caret. */
enum { SHOWN = 160, BEFORE = 60 };

static char *format_text(const char *format, va_list arguments)
{
    char *text = NULL;

    return vasprintf(&text, format, arguments) < 0 ? NULL : text;
}

static struct fer_diag *append(struct fer_diags *diags)
{
    /* grows at powers of two: no capacity to keep */
    if ((diags->count & (diags->count - 1)) == 0) {
        size_t capacity = diags->count ? 2 * (size_t)diags->count : 1;
        struct fer_diag *items = realloc(diags->items, capacity * sizeof(*items));

        if (!items)
            return NULL;
        diags->items = items;
    }
    diags->items[diags->count] = (struct fer_diag){ 0 };
    return &diags->items[diags->count++];
}

void fer_diag_add(struct fer_diags *diags, enum fer_severity severity, struct fer_span span, const char *format, ...)
{
    struct fer_diag *diag = append(diags);
    va_list arguments;

    *(severity == FER_SEVERITY_ERROR ? &diags->errors : &diags->warnings) += 1;
    if (!diag)
        return;
    diag->severity = severity;
    diag->span = span;
    va_start(arguments, format);
    diag->text = format_text(format, arguments);
    va_end(arguments);
}

void fer_diag_relate(struct fer_diags *diags, struct fer_span span, const char *format, ...)
{
    struct fer_diag *diag = diags->count > 0 ? &diags->items[diags->count - 1] : NULL;
    va_list arguments;

    if (!diag)
        return;
    free(diag->related_text);
    diag->related = span;
    va_start(arguments, format);
    diag->related_text = format_text(format, arguments);
    va_end(arguments);
}

void fer_diags_free(struct fer_diags *diags)
{
    for (int i = 0; i < diags->count; i++) {
        free(diags->items[i].text);
        free(diags->items[i].related_text);
    }
    free(diags->items);
    *diags = (struct fer_diags){ 0 };
}

/* The piece of the line around `at` that is shown: the line without its indentation,
 * or a window of it when it is long.  Both ends lie between code points. */
static void find_line(const struct fer_source *source, size_t at, size_t *start, size_t *end)
{
    const char *text = source->text;

    for (*start = at; *start > 0 && text[*start - 1] != '\n';)
        --*start;
    for (*end = at; *end < source->length && text[*end] != '\n';)
        ++*end;
    while (*start < at && (text[*start] == ' ' || text[*start] == '\t'))
        ++*start;
    if (*end - *start <= SHOWN)
        return;
    if (at - *start > BEFORE) {
        *start = at - BEFORE;
        while (*start < at && ((unsigned char)text[*start] & 0xC0) == 0x80)
            ++*start;
    }
    if (*end - *start > SHOWN) {
        *end = *start + SHOWN;
        while (*end > at && ((unsigned char)text[*end] & 0xC0) == 0x80)
            --*end;
    }
}

/* Control characters could drive the reader's terminal: they are shown as '?'. */
static void put_line(FILE *out, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c == '\r' && i + 1 == length)
            break;
        /* U+0080 to U+009F are controls too */
        if (c == 0xC2 && i + 1 < length && (unsigned char)text[i + 1] < 0xA0) {
            i++;
            c = '?';
        } else if ((c < 0x20 && c != '\t') || c == 0x7F) {
            c = '?';
        }
        fputc(c, out);
    }
}

/* Below `text`: `mark` under each column; a tab stays a tab, so that both lines move alike. */
static size_t put_marks(FILE *out, const char *text, size_t length, char mark)
{
    size_t columns = 0, size;
    uint32_t code;

    for (size_t i = 0; i < length; i += size) {
        int width;

        size = fer_utf8_decode(text + i, length - i, &code);
        if (size == 0)
            size = 1, code = '?';
        width = fer_utf8_width(code);
        if (code == '\t' && mark == ' ') {
            fputc('\t', out);
            continue;
        }
        for (int k = 0; k < width; k++, columns++)
            fputc(mark == '~' && columns == 0 ? '^' : mark, out);
    }
    return columns;
}

static void put_place(FILE *out, struct fer_span span, const char *kind, const char *message)
{
    const struct fer_source *source = span.source;
    size_t at, stop, start, end;
    int line, column;

    if (!source) {
        fprintf(out, "%s: %s\n", kind, message);
        return;
    }
    at = span.offset < source->length ? span.offset : source->length;
    stop = at + span.length;
    find_line(source, at, &start, &end);
    if (stop > end)
        stop = end;
    if (at < start)
        at = start;
    if (stop < at)
        stop = at;
    fer_span_place(span, &line, &column);
    fprintf(out, "%s:%d:%d: %s: %s\n    ", source->name, line, column, kind, message);
    put_line(out, source->text + start, end - start);
    fputs("\n    ", out);
    put_marks(out, source->text + start, at - start, ' ');
    if (put_marks(out, source->text + at, stop - at, '~') == 0)
        fputc('^', out);
    fputc('\n', out);
}

char *fer_diag_format(const struct fer_diag *diag)
{
    const char *lost = "(no memory left for the message)";
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    bool failed;

    if (!out)
        return NULL;
    put_place(out, diag->span, diag->severity == FER_SEVERITY_ERROR ? "error" : "warning",
              diag->text ? diag->text : lost);
    if (diag->related.source)
        put_place(out, diag->related, "note", diag->related_text ? diag->related_text : lost);
    failed = ferror(out) != 0;
    if (fclose(out) != 0 || failed) {
        free(text);
        return NULL;
    }
    return text;
}
