/* SPDX-License-Identifier: Apache-2.0
 *
 * Words of a description.  Newlines are not words: each token says whether it is the
 * first on its line, and the parser knows where that ends a statement.
 */
#ifndef FER_LANG_LEX_H
#define FER_LANG_LEX_H

#include "lang/source.h"

struct fer_arena;

enum fer_token_kind {
    FER_TOKEN_END,
    FER_TOKEN_ERROR, /* already reported */
    FER_TOKEN_NAME,  /* with its dots: layer1.0.conv1 */
    FER_TOKEN_NUMBER,
    FER_TOKEN_STRING,
    FER_TOKEN_DOLLAR, /* $name */
    FER_TOKEN_LPAREN,
    FER_TOKEN_RPAREN,
    FER_TOKEN_LBRACKET,
    FER_TOKEN_RBRACKET,
    FER_TOKEN_LBRACE,
    FER_TOKEN_RBRACE,
    FER_TOKEN_COMMA,
    FER_TOKEN_COLON,
    FER_TOKEN_SEMICOLON,
    FER_TOKEN_EQUALS,
    FER_TOKEN_PIPE,
    FER_TOKEN_PLUS,
    FER_TOKEN_ARROW,
    FER_TOKEN_COMMENT /* only when asked for; from the # to the end of the line */
};

struct fer_token {
    enum fer_token_kind kind;
    bool newline; /* the first token on its line (of the text, when comments are left out) */
    bool dotted;  /* NAME with a dot */
    bool integer; /* NUMBER without a point or an exponent */
    bool plain;   /* NUMBER of digits only */
    uint32_t offset, length;
    const char *text; /* NAME; DOLLAR without the $; STRING without quotes and escapes; NUMBER as written */
    double number;
};

struct fer_lexer {
    const struct fer_source *source;
    struct fer_arena *arena; /* for the texts */
    struct fer_diags *diags; /* NULL: errors are not reported */
    bool comments;           /* deliver COMMENT tokens */
    bool out_of_memory;      /* a text was lost; the token is an ERROR */
    uint32_t offset;
};

/* `source` must be one of a struct fer_sources: checked UTF-8, at most 16 MiB. */
void fer_lex_start(struct fer_lexer *lexer, struct fer_arena *arena, const struct fer_source *source,
                   struct fer_diags *diags);
/* At the end of the text: END, as often as asked. */
struct fer_token fer_lex_next(struct fer_lexer *lexer);

#endif
