/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/lex.h"

#include <fer/host.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "lang/utf8.h"

enum { LONGEST_NAME = 128, LONGEST_NUMBER = 64, LONGEST_STRING = 4096 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_word(char c)
{
    return is_letter(c) || is_digit(c);
}

/* Any byte of a code point outside ASCII. */
static bool is_foreign(char c)
{
    return ((unsigned char)c & 0x80) != 0;
}

void fer_lex_start(struct fer_lexer *lexer, struct fer_arena *arena, const struct fer_source *source,
                   struct fer_diags *diags)
{
    *lexer = (struct fer_lexer){ .source = source, .arena = arena, .diags = diags };
    if (!strncmp(source->text, "\xEF\xBB\xBF", 3)) /* a byte order mark */
        lexer->offset = 3;
}

/* Report what is wrong with the `length` bytes at `offset`; the lexer goes on behind the token. */
static FER_PRINTF(5, 6) void fail(struct fer_lexer *lexer, struct fer_token *token, uint32_t offset, uint32_t length,
                                  const char *format, ...)
{
    struct fer_span span = { .source = lexer->source, .offset = offset, .length = length };
    char text[256];
    va_list arguments;

    token->kind = FER_TOKEN_ERROR;
    if (!lexer->diags)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    fer_diag_add(lexer->diags, FER_SEVERITY_ERROR, span, "%s", text);
}

static void keep_text(struct fer_lexer *lexer, struct fer_token *token, const char *text, size_t length)
{
    token->text = fer_arena_strndup(lexer->arena, text, length);
    if (!token->text) {
        lexer->out_of_memory = true;
        token->kind = FER_TOKEN_ERROR;
    }
}

/* Blanks, ends of lines and, unless they are asked for, comments. */
static bool skip_blanks(struct fer_lexer *lexer)
{
    const char *text = lexer->source->text;
    bool newline = lexer->offset == 0 || (lexer->offset == 3 && is_foreign(text[0]));

    for (;; lexer->offset++) {
        char c = text[lexer->offset];

        if (c == '#' && !lexer->comments) {
            lexer->offset += (uint32_t)strcspn(text + lexer->offset, "\n");
            c = text[lexer->offset];
        }
        if (c == '\n')
            newline = true;
        else if (c != ' ' && c != '\t' && c != '\r')
            return newline;
    }
}

static void lex_comment(struct fer_lexer *lexer, struct fer_token *token)
{
    const char *start = lexer->source->text + token->offset;
    size_t length = strcspn(start, "\n");

    lexer->offset += (uint32_t)length;
    while (start[length - 1] == ' ' || start[length - 1] == '\t' || start[length - 1] == '\r')
        length--;
    token->kind = FER_TOKEN_COMMENT;
    token->length = (uint32_t)length;
}

/* A name and, where dots join them, more names or integers. */
static void lex_name(struct fer_lexer *lexer, struct fer_token *token)
{
    const char *text = lexer->source->text;
    uint32_t start = lexer->offset, end = start;

    token->kind = FER_TOKEN_NAME;
    for (;;) {
        uint32_t part = end;

        while (is_word(text[end]))
            end++;
        if (is_digit(text[part]) && strspn(text + part, "0123456789") < end - part)
            fail(lexer, token, part, end - part, "'%.*s' starts with a digit; a part of a path is a name or an integer",
                 (int)(end - part < 32 ? end - part : 32), text + part);
        if (text[end] != '.' || !is_word(text[end + 1]))
            break;
        token->dotted = true;
        end++;
    }
    lexer->offset = end;
    token->length = end - start;
    if (is_foreign(text[end])) {
        uint32_t from = end;

        while (is_word(text[end]) || is_foreign(text[end]))
            end++;
        lexer->offset = end;
        token->length = end - start;
        fail(lexer, token, from, end - from, "names are made of the letters a to z and A to Z, digits and _");
    } else if (token->length > LONGEST_NAME) {
        fail(lexer, token, start, token->length, "this name is longer than %d characters", LONGEST_NAME);
    }
    if (token->kind == FER_TOKEN_NAME)
        keep_text(lexer, token, text + start, token->length);
}

static void lex_dollar(struct fer_lexer *lexer, struct fer_token *token)
{
    const char *text = lexer->source->text;

    lexer->offset++;
    if (!is_letter(text[lexer->offset])) {
        fail(lexer, token, token->offset, 1, "a name must follow '$', as in $classes");
        return;
    }
    lex_name(lexer, token);
    token->length = lexer->offset - token->offset;
    if (token->kind == FER_TOKEN_NAME && token->dotted)
        fail(lexer, token, token->offset, token->length, "'$%s': the name of a 'let' has no dots", token->text);
    else if (token->kind == FER_TOKEN_NAME)
        token->kind = FER_TOKEN_DOLLAR;
}

/* [-] digits [. digits] [e [+-] digits] [k | M]: the end of the longest such text. */
static const char *number_end(const char *text, struct fer_token *token)
{
    const char *start = text;

    token->integer = true;
    text += *text == '-';
    text += strspn(text, "0123456789");
    token->plain = *start != '-';
    if (*text == '.' && is_digit(text[1])) {
        text++;
        text += strspn(text, "0123456789");
        token->integer = token->plain = false;
    }
    if ((*text == 'e' || *text == 'E') && is_digit(text[1 + (text[1] == '+' || text[1] == '-')])) {
        text += 2;
        text += strspn(text, "0123456789");
        token->integer = token->plain = false;
    }
    if (*text == 'k' || *text == 'M') {
        text++;
        token->plain = false;
    }
    return text;
}

static void lex_number(struct fer_lexer *lexer, struct fer_token *token)
{
    const char *start = lexer->source->text + token->offset, *end = number_end(start, token);
    char suffix = end[-1];

    token->kind = FER_TOKEN_NUMBER;
    if (is_word(*end) || is_foreign(*end) || *end == '.') {
        while (is_word(*end) || is_foreign(*end) || *end == '.')
            end++;
        lexer->offset = token->offset + (uint32_t)(end - start);
        token->length = (uint32_t)(end - start);
        fail(lexer, token, token->offset, token->length,
             "this is not a number; numbers look like 3, 0.5, 1e-4, 200k or 2M, and names start with a letter");
        return;
    }
    lexer->offset = token->offset + (uint32_t)(end - start);
    token->length = (uint32_t)(end - start);
    if (token->length > LONGEST_NUMBER) {
        fail(lexer, token, token->offset, token->length, "this number is longer than %d characters", LONGEST_NUMBER);
        return;
    }
    keep_text(lexer, token, start, token->length);
    if (token->kind == FER_TOKEN_ERROR)
        return;
    token->number = fer_number_read(token->text, NULL) * (suffix == 'k' ? 1e3 : suffix == 'M' ? 1e6 : 1);
    if (!isfinite(token->number))
        fail(lexer, token, token->offset, token->length, "this number is too large");
}

/* The character that \c stands for, '\0' when nothing. */
static char unescape(char c)
{
    switch (c) {
    case '"':
    case '\\': return c;
    case 'n': return '\n';
    case 't': return '\t';
    default: return '\0';
    }
}

/* To the end of a string that goes wrong, so that its rest is not read as words. */
static void skip_string(struct fer_lexer *lexer)
{
    const char *text = lexer->source->text;
    uint32_t end = lexer->offset;

    while (text[end] && text[end] != '\n' && text[end] != '"')
        end += text[end] == '\\' && text[end + 1] && text[end + 1] != '\n' ? 2 : 1;
    lexer->offset = end + (text[end] == '"');
}

static void lex_string(struct fer_lexer *lexer, struct fer_token *token)
{
    const char *text = lexer->source->text;
    uint32_t at = token->offset + 1;
    char content[LONGEST_STRING];
    size_t length = 0;

    token->kind = FER_TOKEN_STRING;
    for (;; at++) {
        char c = text[at];

        lexer->offset = at;
        if (c == '"')
            break;
        if (c == '\0' || c == '\n' || (c == '\r' && text[at + 1] == '\n')) {
            fail(lexer, token, token->offset, at - token->offset, "this string has no closing '\"' on its line");
        } else if (((unsigned char)c < 0x20 && c != '\t') || c == 0x7F) {
            fail(lexer, token, at, 1, "a control character (0x%02x) in a string; only \\n and \\t can be written", c);
        } else if (c == '\\') {
            c = unescape(text[++at]);
            if (c == '\0')
                fail(lexer, token, at - 1, text[at] > ' ' && !is_foreign(text[at]) ? 2 : 1,
                     "unknown escape; a string knows \\\", \\\\, \\n and \\t");
        }
        if (token->kind == FER_TOKEN_STRING && length == sizeof(content))
            fail(lexer, token, token->offset, 1, "this string is longer than %d bytes", LONGEST_STRING);
        if (token->kind == FER_TOKEN_ERROR) {
            skip_string(lexer);
            return;
        }
        content[length++] = c;
    }
    lexer->offset = at + 1;
    keep_text(lexer, token, content, length);
}

static enum fer_token_kind punctuation(char c)
{
    static const char signs[] = "()[]{},:;=|+";
    static const enum fer_token_kind kinds[] = {
        FER_TOKEN_LPAREN, FER_TOKEN_RPAREN, FER_TOKEN_LBRACKET,  FER_TOKEN_RBRACKET, FER_TOKEN_LBRACE, FER_TOKEN_RBRACE,
        FER_TOKEN_COMMA,  FER_TOKEN_COLON,  FER_TOKEN_SEMICOLON, FER_TOKEN_EQUALS,   FER_TOKEN_PIPE,   FER_TOKEN_PLUS,
    };
    const char *found = strchr(signs, c);

    return found ? kinds[found - signs] : FER_TOKEN_ERROR;
}

static void lex_stray(struct fer_lexer *lexer, struct fer_token *token)
{
    const char *start = lexer->source->text + token->offset;
    char c = *start;
    uint32_t code;

    if (is_foreign(c)) {
        size_t size = fer_utf8_decode(start, lexer->source->length - token->offset, &code);

        while (size > 0 && (is_foreign(start[size]) || is_word(start[size]))) /* one message for a run of them */
            size++;
        lexer->offset += (uint32_t)(size > 0 ? size : 1);
        fail(lexer, token, token->offset, lexer->offset - token->offset,
             "names are made of the letters a to z and A to Z, digits and _; other text belongs in \"quotes\"");
        return;
    }
    if (c == '\'' || c == '/') {
        /* the whole text in single quotes, or all that was meant as a comment */
        uint32_t length = 1 + (uint32_t)strcspn(start + 1, c == '/' ? "\n" : "'\n");

        length += c == '\'' && start[length] == c;
        lexer->offset += length;
        fail(lexer, token, token->offset, c == '/' ? 1 : length,
             c == '/' ? "'/' has no meaning here; comments start with '#', paths go in \"quotes\""
                      : "strings are written in double quotes: \"text\"");
        return;
    }
    lexer->offset++;
    if ((unsigned char)c < 0x20 || c == 0x7F)
        fail(lexer, token, token->offset, 1, "a control character (0x%02x); a description is plain text", c);
    else if (c == '-')
        fail(lexer, token, token->offset, 1, "'-' belongs to a number (-1) or an arrow (->); names are joined by '_'");
    else if (c == '.')
        fail(lexer, token, token->offset, 1, "'.' only joins names, as in resnet18.layer1, without blanks around it");
    else
        fail(lexer, token, token->offset, 1, "'%c' has no meaning here", c);
}

struct fer_token fer_lex_next(struct fer_lexer *lexer)
{
    const char *text = lexer->source->text;
    struct fer_token token = { .kind = FER_TOKEN_END };
    char c;

    token.newline = skip_blanks(lexer);
    token.offset = lexer->offset;
    c = text[token.offset];
    if (c == '\0') {
        return token;
    } else if (c == '#') {
        lex_comment(lexer, &token);
        return token;
    } else if (is_letter(c)) {
        lex_name(lexer, &token);
    } else if (is_digit(c) || ((c == '-' || c == '.') && is_digit(text[token.offset + 1])) ||
               (c == '-' && text[token.offset + 1] == '.' && is_digit(text[token.offset + 2]))) {
        lex_number(lexer, &token);
    } else if (c == '"') {
        lex_string(lexer, &token);
    } else if (c == '$') {
        lex_dollar(lexer, &token);
    } else if (c == '-' && text[token.offset + 1] == '>') {
        token.kind = FER_TOKEN_ARROW;
        lexer->offset += 2;
    } else if (punctuation(c) != FER_TOKEN_ERROR) {
        token.kind = punctuation(c);
        lexer->offset++;
    } else {
        lex_stray(lexer, &token);
    }
    token.length = lexer->offset - token.offset;
    return token;
}
