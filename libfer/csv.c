/* SPDX-License-Identifier: Apache-2.0 */
#include "csv.h"

#include "number.h"

#include <fer/host.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 1 << 30, COLUMNS_MAX = 4096 };

void fer_csv_text(FILE *out, const char *text)
{
    if (!text[strcspn(text, ",\"\r\n")]) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text; text++)
        *text == '"' ? fputs("\"\"", out) : fputc(*text, out);
    fputc('"', out);
}

void fer_csv_number(FILE *out, double value)
{
    char text[32];

    fer_number_print(text, sizeof(text), "%.9g", value);
    fputs(text, out);
}

void fer_csv_value(FILE *out, const json_t *value)
{
    if (json_is_string(value))
        fer_csv_text(out, json_string_value(value));
    else if (json_is_integer(value))
        fprintf(out, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        fer_csv_number(out, json_real_value(value));
}

void fer_csv_free(struct fer_csv *csv)
{
    free(csv->text);
    free(csv->cells);
    free(csv->header);
    *csv = (struct fer_csv){ 0 };
}

int fer_csv_column(const struct fer_csv *csv, const char *name)
{
    for (int i = 0; i < csv->columns; i++) {
        if (strcmp(csv->header[i], name) == 0)
            return i;
    }
    return -1;
}

const char *fer_csv_cell(const struct fer_csv *csv, size_t row, int column)
{
    return csv->cells[row * (size_t)csv->columns + (size_t)column];
}

/* Where the reader is. */
struct cursor {
    char *at, *end;
    long line;
};

/* One field, undone in place; *last: a line ends with it.  NULL: a quote is missing. */
static char *take_field(struct cursor *c, bool *last)
{
    char *field = c->at, *to = c->at;
    bool quoted = c->at < c->end && *c->at == '"';

    for (c->at += quoted; c->at < c->end; c->at++) {
        if (quoted && *c->at == '"') {
            if (c->at[1] != '"') {
                quoted = false;
                continue;
            }
            c->at++;
        } else if (!quoted && (*c->at == ',' || *c->at == '\n')) {
            break;
        }
        c->line += *c->at == '\n';
        if (quoted || *c->at != '\r')
            *to++ = *c->at;
    }
    *last = c->at >= c->end || *c->at == '\n';
    c->line += c->at < c->end && *c->at == '\n';
    c->at++;
    *to = '\0';
    return quoted ? NULL : field;
}

static enum fer_status read_header(struct cursor *c, struct fer_csv *csv, struct fer_error *err)
{
    bool last = false;

    csv->header = calloc(COLUMNS_MAX, sizeof(*csv->header));
    if (!csv->header)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    while (!last && c->at <= c->end && csv->columns < COLUMNS_MAX) {
        char *field = take_field(c, &last);

        if (!field)
            return fer_fail(err, FER_EFORMAT, "line 1: a quote is missing");
        csv->header[csv->columns++] = field;
    }
    return last ? FER_OK : fer_fail(err, FER_EFORMAT, "more than %d columns", COLUMNS_MAX);
}

static enum fer_status read_row(struct cursor *c, struct fer_csv *csv, size_t *room, struct fer_error *err)
{
    size_t columns = (size_t)csv->columns;
    long line = c->line;
    bool last = false;

    if (csv->rows == *room) {
        size_t more = *room * 2 + 256;
        char **grown = realloc(csv->cells, more * columns * sizeof(*grown));

        if (!grown)
            return fer_fail(err, FER_ENOMEM, "out of memory");
        csv->cells = grown;
        *room = more;
    }
    for (int i = 0; i < csv->columns; i++) {
        char *field = last ? NULL : take_field(c, &last);

        if (!field)
            return fer_fail(err, FER_EFORMAT, "line %ld: %d fields or a quote missing; the header has %d", line, i,
                            csv->columns);
        csv->cells[csv->rows * columns + (size_t)i] = field;
    }
    if (!last)
        return fer_fail(err, FER_EFORMAT, "line %ld: more fields than the header's %d", line, csv->columns);
    csv->rows++;
    return FER_OK;
}

enum fer_status fer_csv_read(const char *path, struct fer_csv *csv, struct fer_error *err)
{
    size_t size, room = 0;
    void *bytes;
    enum fer_status status = fer_file_read(path, FILE_MAX, &bytes, &size, err);
    struct cursor cursor;

    *csv = (struct fer_csv){ 0 };
    if (status != FER_OK)
        return status;
    csv->text = bytes;
    cursor = (struct cursor){ csv->text, csv->text + size, 1 };
    if (strlen(csv->text) != size)
        status = fer_fail(err, FER_EFORMAT, "it is no text");
    if (strncmp(csv->text, "\xEF\xBB\xBF", 3) == 0) /* as spreadsheets begin a file */
        cursor.at += 3;
    if (status == FER_OK)
        status = read_header(&cursor, csv, err);
    while (status == FER_OK && cursor.at < cursor.end)
        status = read_row(&cursor, csv, &room, err);
    if (status != FER_OK) {
        fer_csv_free(csv);
        return fer_fail_prefix(err, "%s", path);
    }
    return FER_OK;
}
