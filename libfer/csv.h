/* SPDX-License-Identifier: Apache-2.0
 *
 * Tables as comma-separated values (RFC 4180).
 */
#ifndef FER_CSV_H
#define FER_CSV_H

#include <fer/status.h>
#include <jansson.h>
#include <stdio.h>

/* One field, quoted where it has to be. */
void fer_csv_text(FILE *out, const char *text);
/* One number: nine digits, with which every float is exact. */
void fer_csv_number(FILE *out, double value);
/* A text or number of JSON; nothing for other values. */
void fer_csv_value(FILE *out, const json_t *value);

/* A table in memory: cell(row, column) points into `text`. */
struct fer_csv {
    char *text;
    char **cells;  /* rows times columns */
    char **header; /* columns */
    size_t rows;
    int columns;
};
/* Read a file with a header.  FER_EFORMAT names the line that does not have the header's number of fields. */
enum fer_status fer_csv_read(const char *path, struct fer_csv *csv, struct fer_error *err);
void fer_csv_free(struct fer_csv *csv); /* zeroed is fine */
/* The column called `name`; -1: none. */
int fer_csv_column(const struct fer_csv *csv, const char *name);
const char *fer_csv_cell(const struct fer_csv *csv, size_t row, int column);

#endif
