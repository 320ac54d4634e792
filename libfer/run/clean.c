/* SPDX-License-Identifier: Apache-2.0 */
#include "run/clean.h"

#include <stdlib.h>
#include <string.h>

static const char *skip_space(const char *at)
{
    return at + strspn(at, " \t\v\f\r\n");
}

/* Past a backslash at the end of a line, behind which compilers allow blanks; `at` itself where there is none. */
static const char *past_splice(const char *at)
{
    while (*at == '\\') {
        const char *end = at + 1 + strspn(at + 1, " \t\v\f");

        if (*end != '\n' && *end != '\r')
            return at;
        at = end + (end[0] == '\r' && end[1] == '\n' ? 2 : 1);
    }
    return at;
}

/* One character, past splices; every kind of line end is '\n'. */
static char take(const char **from)
{
    const char *at = past_splice(*from);
    char c = *at;

    if (c)
        at += c == '\r' && at[1] == '\n' ? 2 : 1;
    *from = at;
    return c == '\r' ? '\n' : c;
}

static char peek(const char *from)
{
    return take(&from);
}

static bool skip_comment(const char **from)
{
    for (char c; (c = take(from));)
        if (c == '*' && peek(*from) == '/')
            return take(from);
    return false;
}

/* A quote without an end ends with its line.  Then it is not clear what begins behind it. */
static bool skip_quoted(const char **from, char quote)
{
    bool comment = false;

    for (char c; (c = peek(*from)) && c != '\n';) {
        take(from);
        if (c == quote)
            return true;
        comment = comment || (c == '/' && peek(*from) == '*');
        if (c == '\\' && peek(*from) && peek(*from) != '\n')
            take(from);
    }
    return !comment;
}

/* They may be a backslash or a #. */
static bool has_trigraphs(const char *source)
{
    for (const char *at = source; (at = strstr(at, "??")); at++)
        if (at[2] && strchr("=/'()!<>-", at[2]))
            return true;
    return false;
}

/* Would join its last line with what is put behind it. */
static bool ends_in_splice(const char *source)
{
    size_t length = strlen(source);

    while (length > 0 && strchr(" \t\v\f\r", source[length - 1]))
        length--;
    return length > 0 && source[length - 1] == '\\';
}

/* Whether compilers may take a line as it is, with comments and all. */
static bool is_message(const char *line)
{
    line = skip_space(line);
    if (*line != '#')
        return false;
    line = skip_space(line + 1);
    return !strncmp(line, "error", 5) || !strncmp(line, "warning", 7);
}

/* A comment becomes a blank, a string "", a character ''.  False: it is not clear where one ends. */
static bool clean(const char *from, char *out)
{
    const char *line = out;

    for (char c; (c = take(&from));) {
        *out = '\0';
        if (c == '/' && peek(from) == '*') {
            take(&from);
            if (is_message(line) || !skip_comment(&from))
                return false;
            *out++ = ' ';
        } else if (c == '/' && peek(from) == '/') {
            while ((c = peek(from)) && c != '\n')
                take(&from);
            *out++ = ' ';
        } else {
            *out++ = c;
            if ((c == '"' || c == '\'') && !skip_quoted(&from, c))
                return false;
            if (c == '"' || c == '\'')
                *out++ = c;
            line = c == '\n' ? out : line;
        }
    }
    *out = '\0';
    return true;
}

char *fer_clean(const char *source, bool *clear)
{
    char *text = malloc(2 * strlen(source) + 1);

    if (text)
        *clear = !has_trigraphs(source) && !ends_in_splice(source) && clean(source, text);
    return text;
}
