/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside the parser: one predictive (LL(2)) descent over the tokens of each text.
 * A parsing function returns true when its construct is complete; false after it has
 * reported what is wrong (or memory is gone), and its caller passes that on up to the
 * statement, which skips to the next one.
 */
#ifndef FER_LANG_PARSE_H
#define FER_LANG_PARSE_H

#include "lang/ast.h"
#include "lang/lex.h"

struct fer_arena;

enum {
    FER_PARSE_FORMAT = 1,
    FER_PARSE_LISTS = 32,       /* depth of lists in lists */
    FER_PARSE_STEPS = 16,       /* depth of steps in steps */
    FER_PARSE_INCLUDES = 16,    /* depth of includes in includes */
    FER_PARSE_FILES = 256,      /* files that one description may include */
    FER_PARSE_TOKENS = 1000000, /* of one description with all its includes: bounds its memory */
    FER_PARSE_ERRORS = 50       /* no more are reported */
};

/* An array that grows in the arena. */
struct fer_vector {
    size_t size; /* of an element */
    void *items;
    int count, capacity;
};
#define FER_VECTOR(type)                                                                                               \
    {                                                                                                                  \
        .size = sizeof(type)                                                                                           \
    }

/* What the texts of one description share. */
struct fer_parse {
    struct fer_arena *arena;
    struct fer_sources *sources;
    struct fer_diags *diags;
    struct fer_vector items; /* struct fer_ast_item */
    int tokens, files, errors_before;
    bool out_of_memory;
    bool gave_up; /* too many errors or tokens: every token is END from here on */
};

struct fer_parser {
    struct fer_parse *all;
    struct fer_lexer lexer;
    struct fer_token token, next; /* the one to read now, and the one behind it */
    uint32_t end;                 /* of the last token that was read */
    int brackets;                 /* open ( and [: newlines do not count inside */
    int steps;
    const struct fer_parser *includer;
    char *path; /* of an included file, as realpath() gives it; NULL */
};

/* --- parse.c: tokens, memory, reports --- */

void fer_parse_advance(struct fer_parser *p);
/* Append a copy of `item`; false when memory is gone. */
bool fer_parse_push(struct fer_parser *p, struct fer_vector *vector, const void *item);
struct fer_span fer_parse_token_span(const struct fer_parser *p);
/* From `start` to the end of the last token that was read. */
struct fer_span fer_parse_span_from(const struct fer_parser *p, uint32_t start);
/* Report an error; returns false, for `return fer_parse_error(...)`. */
bool fer_parse_error(struct fer_parser *p, struct fer_span span, const char *format, ...) FER_PRINTF(3, 4);
/* Attach a second place to the error that was just reported. */
void fer_parse_note(struct fer_parser *p, struct fer_span span, const char *text);
/* "expected WHAT, found TOKEN", unless the lexer has reported the token already. */
bool fer_parse_expected(struct fer_parser *p, const char *format, ...) FER_PRINTF(2, 3);

/* No token of this statement is left: a newline (outside brackets, and before anything but '|' and '='), '}' or the
 * end. */
bool fer_parse_at_end(const struct fer_parser *p);
bool fer_parse_at(const struct fer_parser *p, enum fer_token_kind kind);
bool fer_parse_at_word(const struct fer_parser *p, const char *word);
/* Read a token of this kind if it is next in the statement. */
bool fer_parse_accept(struct fer_parser *p, enum fer_token_kind kind);
/* The same, or an error: `what` is expected. */
bool fer_parse_expect(struct fer_parser *p, enum fer_token_kind kind, const char *what);
/* The next token starts an item of the top level, which no statement in a body can be. */
bool fer_parse_at_item(const struct fer_parser *p);
/* After an error in the statement whose first token lies at `start`: to the next one, over bodies it opens. */
void fer_parse_skip_statement(struct fer_parser *p, uint32_t start);
/* No token of the statement is left, or an error. */
bool fer_parse_finish(struct fer_parser *p);
/* After an error in what precedes a body: to its '{', if that is in the same statement. */
bool fer_parse_skip_to_brace(struct fer_parser *p);

/* --- parse-call.c: names, values, calls, signatures --- */

/* One name without dots; `what` says which. */
bool fer_parse_name(struct fer_parser *p, const char *what, const char **name, struct fer_span *span);
/* `discard`: "_" is allowed. */
bool fer_parse_names(struct fer_parser *p, const char *what, bool discard, struct fer_ast_names *names);
bool fer_parse_path(struct fer_parser *p, struct fer_ast_path *path);
bool fer_parse_value(struct fer_parser *p, struct fer_ast_value *value);
bool fer_parse_string(struct fer_parser *p, const char *what, struct fer_ast_value *value);
/* {NAME "=" value}, up to the first token that is none. */
bool fer_parse_keywords(struct fer_parser *p, struct fer_ast_keyword **keywords, int *count);
bool fer_parse_call(struct fer_parser *p, struct fer_ast_call *call);
/* call {"|" call}, appended to what is there. */
bool fer_parse_calls(struct fer_parser *p, struct fer_ast_call **calls, int *count);
bool fer_parse_flow(struct fer_parser *p, struct fer_ast_flow *flow);
bool fer_parse_signature(struct fer_parser *p, struct fer_ast_signature *signature);

/* --- parse-body.c: what stands between braces --- */

enum fer_body_kind { FER_BODY_NET, FER_BODY_STAGE, FER_BODY_TEST };

/* "{" … "}"; reports its errors and goes on behind the "}".  `what` names the owner ("net 'a'"). */
bool fer_parse_body(struct fer_parser *p, enum fer_body_kind kind, const char *what, struct fer_ast_stmt **body,
                    int *count);
/* path STRING {kv}, behind the keyword. */
bool fer_parse_load(struct fer_parser *p, struct fer_ast_path *path, struct fer_ast_value *file,
                    struct fer_ast_keyword **keywords, int *nkeywords);

/* --- parse-file.c: the top level --- */

#endif
