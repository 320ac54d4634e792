/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside the printer.  Nodes become lines of cells; comments are found in the source
 * by position and become lines, or the ends of lines; at last cells are aligned.
 */
#ifndef FER_LANG_PRINT_H
#define FER_LANG_PRINT_H

#include "lang/ast.h"
#include "text.h"

struct fer_arena;

enum { FER_PRINT_WIDTH = 110, FER_PRINT_INDENT = 2 };

/* A piece of a line.  Pieces of one column stand under each other where they have one
 * key and lie at most `spread` columns apart in width; a NULL key never does. */
struct fer_print_cell {
    const char *text;
    const char *separator; /* to the next cell of the line; NULL in the last */
    const char *key;
    int spread, width, pad;
};

/* Only neighbours of one group are aligned. */
enum fer_print_group {
    FER_GROUP_NONE,
    FER_GROUP_LET,
    FER_GROUP_NET,
    FER_GROUP_DATA,
    FER_GROUP_LOAD,
    FER_GROUP_FLOW,
    FER_GROUP_METRIC,
    FER_GROUP_PIPE
};

struct fer_print_line {
    enum fer_print_group group;
    int indent;
    bool blank;       /* a blank line before it */
    const char *lead; /* "", "| " or "= " */
    struct fer_print_cell *cells;
    int ncells, run;
    const char *comment; /* at its end; NULL */
};

/* What is left to print of one source's comments. */
struct fer_print_comments {
    const struct fer_source *source;
    struct fer_print_comment {
        uint32_t offset, length;
    } * items;
    int count, capacity, next;
};

struct fer_printer {
    struct fer_arena *arena; /* texts of cells */
    struct fer_print_line *lines;
    int count, capacity;
    struct fer_print_comments *sources;
    int nsources;
    struct fer_print_comments *comments; /* of the source that is being printed */
    int indent;
    bool first;  /* nothing before in this body: no blank line */
    bool failed; /* out of memory */
};

/* --- print-text.c: nodes as text, without comments and line breaks; every text lives in the arena --- */

int fer_text_width(const char *string);
/* Move into the arena; "" (and p->failed) when memory is gone. */
const char *fer_print_keep(struct fer_printer *p, struct fer_text *text);
void fer_print_value(struct fer_text *text, const struct fer_ast_value *value);
void fer_print_names(struct fer_text *text, const struct fer_ast_names *names);
void fer_print_keywords(struct fer_text *text, const struct fer_ast_keyword *keywords, int count);
void fer_print_call(struct fer_text *text, const struct fer_ast_call *call);
void fer_print_signature(struct fer_text *text, const struct fer_ast_signature *signature);

/* --- print-lines.c --- */

/* Take over the comments of `source` (read at its first use). */
void fer_print_use_source(struct fer_printer *p, const struct fer_source *source);
/* The comments before `offset`, each on a line of its own. */
void fer_print_comments_before(struct fer_printer *p, uint32_t offset, bool blanks);
/* A line for the text from `start` to `end`, its comments with it; NULL when memory is gone. */
struct fer_print_line *fer_print_line(struct fer_printer *p, enum fer_print_group group, uint32_t start, uint32_t end,
                                      bool blanks);
/* Append a cell to the newest line. */
void fer_print_cell(struct fer_printer *p, struct fer_print_line *line, struct fer_print_cell cell);
bool fer_print_has_newline(const struct fer_source *source, uint32_t start, uint32_t end);
/* Align, and write all lines; false when memory is gone. */
bool fer_print_finish(struct fer_printer *p, struct fer_text *out);

/* --- print-stmt.c --- */

/* A bare line of one cell. */
void fer_print_plain(struct fer_printer *p, const char *text, uint32_t start, uint32_t end);
/* Calls with their head before the first: on one line, or broken at pipes. */
struct fer_print_chain {
    enum fer_print_group group;
    const char *head, *inputs; /* "loss ce" and "a, b"; inputs NULL where the head is all */
    const char *joint;         /* what joins the head to the inputs */
    bool reader;               /* " = " comes before the first call, not " | "; neighbours' calls are aligned */
    uint32_t start, head_end;
    const struct fer_ast_call *calls;
    int ncalls;
};
void fer_print_chain(struct fer_printer *p, const struct fer_print_chain *chain);
/* HEAD { body }: `header_end` lies between the last word of the header and the '{'. */
void fer_print_body(struct fer_printer *p, const char *header, struct fer_span span, uint32_t header_end,
                    const struct fer_ast_stmt *body, int count);

#endif
