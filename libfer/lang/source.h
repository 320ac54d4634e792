/* SPDX-License-Identifier: Apache-2.0
 *
 * Texts, places in them, and what is wrong there.
 */
#ifndef FER_LANG_SOURCE_H
#define FER_LANG_SOURCE_H

#include <fer/host.h>

/* One text: a file, standard input, or what a plugin's model wrote.  Owned by its
 * struct fer_sources; stable address. */
struct fer_source {
    const char *name; /* as shown in errors: "net.fer", "resnet(depth=50)" */
    const char *dir;  /* directory that relative paths start from; "." by default */
    const char *text; /* NUL-terminated, no NUL inside */
    size_t length;
    bool is_file; /* named by whoever gave the command, so it may include others; a checkpoint's text may not */
};
struct fer_sources;

struct fer_span {
    const struct fer_source *source;
    uint32_t offset, length; /* bytes */
};

/* What is wrong, where.  Owned texts. */
enum fer_severity { FER_SEVERITY_ERROR, FER_SEVERITY_WARNING };
struct fer_diag {
    enum fer_severity severity;
    struct fer_span span;
    char *text;
    /* a second place that explains the first (the call of a plugin's model); span.source NULL: none */
    struct fer_span related;
    char *related_text;
};
struct fer_diags {
    struct fer_diag *items;
    int count, errors, warnings;
};

enum fer_status fer_sources_create(struct fer_sources **out, struct fer_error *err);
void fer_sources_free(struct fer_sources *sources);
/* Read a file ("-": standard input).  Refuses files over 16 MiB, NUL bytes and invalid UTF-8. */
enum fer_status fer_sources_read(struct fer_sources *sources, const char *path, const struct fer_source **out,
                                 struct fer_error *err);
/* Copy a text that is already in memory.  dir may be NULL for ".". */
enum fer_status fer_sources_add(struct fer_sources *sources, const char *name, const char *dir, const char *text,
                                const struct fer_source **out, struct fer_error *err);

/* 1-based line and column (columns count code points). */
void fer_span_place(struct fer_span span, int *line, int *column);

/* Append; running out of memory only loses the text (count still grows, so that an error is never forgotten). */
void fer_diag_add(struct fer_diags *diags, enum fer_severity severity, struct fer_span span, const char *format, ...)
    FER_PRINTF(4, 5);
/* Attach a second place to the newest diagnostic. */
void fer_diag_relate(struct fer_diags *diags, struct fer_span span, const char *format, ...) FER_PRINTF(3, 4);
void fer_diags_free(struct fer_diags *diags);
/* "file:line:col: error: text\n    source line\n    ^~~~\n" for one diagnostic; malloc'ed, NULL when out of memory. */
char *fer_diag_format(const struct fer_diag *diag);

#endif
