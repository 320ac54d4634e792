/* SPDX-License-Identifier: Apache-2.0
 *
 * Comma-separated values as in RFC 4180, with a header line; records are read one at a time, in place.
 */
#ifndef DATA_CSV_H
#define DATA_CSV_H

#include <fer/status.h>

struct csv {
    const char *path;
    char *bytes;
    size_t size, next;
    long line, lines; /* where the current record begins; lines read so far */
    char **fields;    /* of the current record, zero-terminated */
    int count, capacity;
    const char **header; /* names of the columns */
    int columns;
};

/* Read the file and its header.  `path` must outlive the struct.  Close it also after a failure. */
enum fer_status csv_open(struct csv *csv, const char *path, struct fer_error *err);
/* The same for files that may lack the header: then the columns are `names`, NULL-terminated, which outlive the struct.
 */
enum fer_status csv_open_named(struct csv *csv, const char *path, const char *const *names, struct fer_error *err);
void csv_close(struct csv *csv);
/* The next record, as many fields as the header has; *more = false at the end.  Empty lines are skipped. */
enum fer_status csv_next(struct csv *csv, bool *more, struct fer_error *err);
/* The column called `name` (case does not count); -1: there is none. */
int csv_column(const struct csv *csv, const char *name);
/* A column that must be there. */
enum fer_status csv_need(const struct csv *csv, const char *name, int *column, struct fer_error *err);
/* A field as a number; errors name the line and the column. */
enum fer_status csv_number(const struct csv *csv, int column, double low, double high, double *value,
                           struct fer_error *err);
/* FER_EFORMAT with "file, line 12: TEXT". */
enum fer_status csv_fail(const struct csv *csv, struct fer_error *err, const char *text);
/* "file, line 12: " before the sentence in *err. */
enum fer_status csv_prefix(const struct csv *csv, struct fer_error *err);

#endif
