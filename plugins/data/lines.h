/* SPDX-License-Identifier: Apache-2.0
 *
 * Text files of words: one record a line, words with spaces or tabs between.
 */
#ifndef DATA_LINES_H
#define DATA_LINES_H

#include <fer/status.h>

struct lines {
    const char *path;
    char *bytes, *next;
    long line; /* the current one, counted from 1 */
};

/* Read the file.  `path` must outlive the struct.  Close it also after a failure. */
enum fer_status lines_open(struct lines *lines, const char *path, struct fer_error *err);
void lines_close(struct lines *lines);
/* The next line that is not blank, cut into at most `most` words, the last of which holds the rest; *count = 0 at the
 * end. */
void lines_next(struct lines *lines, char **words, int most, int *count);
/* A word as a finite number; false: it is none. */
bool lines_number(const char *word, double *number);
/* "file, line 12: " before the sentence in *err, whose status is returned. */
enum fer_status lines_prefix(const struct lines *lines, enum fer_status status, struct fer_error *err);

#endif
