/* SPDX-License-Identifier: Apache-2.0 */
#include "csv.h"

#include <fer/host.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LARGEST_FILE ((size_t)2 << 30)
enum { MOST_COLUMNS = 1024 };

enum fer_status csv_prefix(const struct csv *csv, struct fer_error *err)
{
    return fer_fail_prefix(err, "%s, line %ld", csv->path, csv->line);
}

enum fer_status csv_fail(const struct csv *csv, struct fer_error *err, const char *text)
{
    fer_fail(err, FER_EFORMAT, "%s", text);
    csv_prefix(csv, err);
    return FER_EFORMAT;
}

/* A quoted field: two quotes stand for one.  *end is where the field's text ends. */
static enum fer_status read_quoted(struct csv *csv, char **end, struct fer_error *err)
{
    char *to = csv->bytes + ++csv->next;

    for (; csv->next < csv->size; csv->next++) {
        char c = csv->bytes[csv->next];

        if (c == '"') {
            csv->next++;
            if (csv->next >= csv->size || csv->bytes[csv->next] != '"') {
                *end = to;
                return FER_OK;
            }
        } else if (c == '\n') {
            csv->lines++;
        }
        *to++ = c;
    }
    return csv_fail(csv, err, "a quote is opened and never closed");
}

static bool ends_field(char c)
{
    return c == ',' || c == '\n' || c == '\r';
}

/* One field and what ends it; *last when that is the end of the record. */
static enum fer_status read_field(struct csv *csv, bool *last, struct fer_error *err)
{
    char *start = csv->bytes + csv->next, *end = NULL;
    char c;

    if (csv->count == csv->capacity) {
        int capacity = csv->capacity ? csv->capacity * 2 : 16;
        char **fields;

        if (csv->count >= MOST_COLUMNS)
            return csv_fail(csv, err, "more than 1024 columns");
        fields = realloc(csv->fields, (size_t)capacity * sizeof(*fields));
        if (!fields)
            return fer_fail(err, FER_ENOMEM, "out of memory while reading '%s'", csv->path);
        csv->fields = fields;
        csv->capacity = capacity;
    }
    if (csv->next < csv->size && *start == '"') {
        start++;
        if (read_quoted(csv, &end, err))
            return err ? err->status : FER_EFORMAT;
        if (csv->next < csv->size && !ends_field(csv->bytes[csv->next]))
            return csv_fail(csv, err, "text after a closing quote; a quote within quotes is written twice");
    } else {
        while (csv->next < csv->size && !ends_field(csv->bytes[csv->next]))
            csv->next++;
        end = csv->bytes + csv->next;
    }
    c = csv->next < csv->size ? csv->bytes[csv->next] : '\n';
    csv->next++;
    if (c == '\r' && csv->next < csv->size && csv->bytes[csv->next] == '\n')
        csv->next++;
    *last = c != ',';
    *end = '\0';
    csv->fields[csv->count++] = start;
    return FER_OK;
}

static enum fer_status read_record(struct csv *csv, bool *more, struct fer_error *err)
{
    bool last = false;

    *more = true;
    do {
        if (csv->next >= csv->size) {
            *more = false;
            return FER_OK;
        }
        csv->count = 0;
        csv->line = ++csv->lines;
        for (last = false; !last;) {
            if (read_field(csv, &last, err))
                return err ? err->status : FER_EFORMAT;
        }
    } while (csv->count == 1 && csv->fields[0][0] == '\0');
    return FER_OK;
}

static enum fer_status load(struct csv *csv, const char *path, struct fer_error *err)
{
    void *bytes = NULL;
    enum fer_status status;

    memset(csv, 0, sizeof(*csv));
    csv->path = path;
    status = fer_file_read(path, LARGEST_FILE, &bytes, &csv->size, err);
    if (status)
        return status;
    csv->bytes = bytes;
    if (memchr(csv->bytes, '\0', csv->size))
        return fer_fail(err, FER_EFORMAT, "'%s' is not a text file: it has zero bytes", path);
    if (csv->size >= 3 && memcmp(csv->bytes, "\xEF\xBB\xBF", 3) == 0)
        csv->next = 3;
    return FER_OK;
}

static enum fer_status name_columns(struct csv *csv, const char *const *names, int count, struct fer_error *err)
{
    csv->header = malloc(((size_t)count + 1) * sizeof(*csv->header));
    if (!csv->header)
        return fer_fail(err, FER_ENOMEM, "out of memory while reading '%s'", csv->path);
    for (int i = 0; i < count; i++)
        csv->header[i] = names[i];
    csv->columns = count;
    return FER_OK;
}

static enum fer_status read_header(struct csv *csv, struct fer_error *err)
{
    bool more = false;
    enum fer_status status = read_record(csv, &more, err);

    if (status)
        return status;
    if (!more)
        return fer_fail(err, FER_EFORMAT, "'%s' is empty; its first line must name the columns", csv->path);
    return name_columns(csv, (const char *const *)csv->fields, csv->count, err);
}

enum fer_status csv_open(struct csv *csv, const char *path, struct fer_error *err)
{
    enum fer_status status = load(csv, path, err);

    return status ? status : read_header(csv, err);
}

enum fer_status csv_open_named(struct csv *csv, const char *path, const char *const *names, struct fer_error *err)
{
    enum fer_status status = load(csv, path, err);
    int count = 0;

    if (status)
        return status;
    if (csv->size == csv->next || strncasecmp(csv->bytes + csv->next, names[0], strlen(names[0])) == 0)
        return read_header(csv, err);
    while (names[count])
        count++;
    return name_columns(csv, names, count, err);
}

void csv_close(struct csv *csv)
{
    free(csv->bytes);
    free(csv->fields);
    free(csv->header);
    memset(csv, 0, sizeof(*csv));
}

enum fer_status csv_next(struct csv *csv, bool *more, struct fer_error *err)
{
    enum fer_status status = read_record(csv, more, err);

    if (status || !*more || csv->count == csv->columns)
        return status;
    fer_fail(err, FER_EFORMAT, "%d fields, where %d columns are expected", csv->count, csv->columns);
    csv_prefix(csv, err);
    return FER_EFORMAT;
}

int csv_column(const struct csv *csv, const char *name)
{
    for (int i = 0; i < csv->columns; i++) {
        const char *header = csv->header[i];

        if (strcasecmp(header + strspn(header, " "), name) == 0)
            return i;
    }
    return -1;
}

enum fer_status csv_need(const struct csv *csv, const char *name, int *column, struct fer_error *err)
{
    *column = csv_column(csv, name);
    if (*column < 0)
        return fer_fail(err, FER_EFORMAT, "%s, line 1: there is no column '%s'; the first is '%.64s'", csv->path, name,
                        csv->header[0]);
    return FER_OK;
}

enum fer_status csv_number(const struct csv *csv, int column, double low, double high, double *value,
                           struct fer_error *err)
{
    const char *text = csv->fields[column];
    char *end;

    *value = fer_number_read(text, &end);
    while (*end == ' ')
        end++;
    if (end == text || *end != '\0' || !(*value >= low && *value <= high)) {
        fer_fail(err, FER_EFORMAT, "%.64s is '%.64s', where a number from %g to %g is expected", csv->header[column],
                 text, low, high);
        csv_prefix(csv, err);
        return FER_EFORMAT;
    }
    return FER_OK;
}
