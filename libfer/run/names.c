/* SPDX-License-Identifier: Apache-2.0 */
#include "run/names.h"

#include "run/clean.h"

#include <stdlib.h>
#include <string.h>

enum { NESTED = 32 }; /* #if in #if; of those further in nothing is remembered */

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
           (unsigned char)c >= 0x80;
}

static size_t word_length(const char *at)
{
    size_t length = 0;

    while (is_word(at[length]))
        length++;
    return length;
}

static bool is(const char *word, size_t length, const char *text)
{
    return strlen(text) == length && memcmp(word, text, length) == 0;
}

static const char *skip_space(const char *at)
{
    return at + strspn(at, " \t\v\f\r\n");
}

/* They hide a # or a bracket. */
static bool has_digraphs(const char *text)
{
    return strstr(text, "%:") || strstr(text, "<%") || strstr(text, "%>") || strstr(text, "<:") || strstr(text, ":>");
}

/* In loops the operator says "unroll"; anything else might hold for more than a loop. */
static bool has_pragma_operators(const char *source)
{
    static const char name[] = "_Pragma";

    for (const char *at = source; (at = strstr(at, name));) {
        at = skip_space(at + strlen(name));
        at = skip_space(at + (*at == '('));
        if (strncmp(at, "\"unroll", 7) != 0 && strncmp(at, "\"nounroll", 9) != 0)
            return true;
    }
    return false;
}

/* ---- lists ---- */

static bool add(struct fer_name_list *list, const char *at, size_t length, bool guarded)
{
    if (list->count == list->size) {
        const size_t size = 2 * list->size + 16;
        struct fer_name *grown = realloc(list->items, size * sizeof(*grown));

        if (!grown)
            return false;
        list->items = grown;
        list->size = size;
    }
    list->items[list->count++] = (struct fer_name){ at, length, guarded };
    return true;
}

static int compare(const void *a, const void *b)
{
    const struct fer_name *one = a, *other = b;

    if (one->length != other->length)
        return one->length < other->length ? -1 : 1;
    return memcmp(one->at, other->at, one->length);
}

static void unite(struct fer_name_list *list)
{
    size_t kept = 0;

    if (list->count)
        qsort(list->items, list->count, sizeof(*list->items), compare);
    for (size_t i = 0; i < list->count; i++) {
        if (kept && compare(&list->items[kept - 1], &list->items[i]) == 0)
            list->items[kept - 1].guarded = list->items[kept - 1].guarded && list->items[i].guarded;
        else
            list->items[kept++] = list->items[i];
    }
    list->count = kept;
}

const struct fer_name *fer_names_find(const struct fer_name_list *list, const char *at, size_t length)
{
    const struct fer_name wanted = { at, length, false };

    return list->count ? bsearch(&wanted, list->items, list->count, sizeof(wanted), compare) : NULL;
}

/* ---- lines for the preprocessor ---- */

struct scan {
    struct fer_names *names;
    struct fer_name_list tested;    /* in conditions */
    int depth;                      /* in brackets */
    int level;                      /* of #if; for each that is open: */
    int before[NESTED];             /* how deep it began: alternatives may each open the same bracket */
    struct fer_name guards[NESTED]; /* which macro is not there in it; length 0: nobody knows */
    bool code;                      /* something stands outside of such lines */
    bool type, typedefs, value;     /* behind struct, union or enum; in a typedef; behind a = outside of brackets */
    bool enumerates, expects;       /* between the brackets of an enum; its next word is a name */
    bool starts_enum;
    bool failed; /* out of memory */
};

static void note(struct scan *scan, struct fer_name_list *list, const char *at, size_t length, bool guarded)
{
    scan->failed = !add(list, at, length, guarded) || scan->failed;
}

static struct fer_name guard_of(const char *word, size_t length, const char *rest)
{
    const bool negative = is(word, length, "ifndef");
    struct fer_name guard = { 0 };
    bool bracket = false;

    if (!negative && !is(word, length, "if"))
        return guard;
    rest = skip_space(rest);
    if (!negative) {
        if (*rest != '!')
            return guard;
        rest = skip_space(rest + 1);
        if (!is(rest, word_length(rest), "defined"))
            return guard;
        rest = skip_space(rest + strlen("defined"));
        bracket = *rest == '(';
        rest = skip_space(rest + bracket);
    }
    guard = (struct fer_name){ .at = rest, .length = word_length(rest) };
    rest = skip_space(rest + guard.length);
    rest = skip_space(rest + (bracket && *rest == ')'));
    return *rest ? (struct fer_name){ 0 } : guard;
}

static bool is_guarded(const struct scan *scan, const char *name, size_t length)
{
    for (int i = 0; i < scan->level && i < NESTED; i++)
        if (scan->guards[i].length == length && memcmp(scan->guards[i].at, name, length) == 0)
            return true;
    return false;
}

static void take_condition(struct scan *scan, const char *word, size_t length, const char *rest)
{
    if (*word == 'i') {
        if (scan->level < NESTED) {
            scan->before[scan->level] = scan->depth;
            scan->guards[scan->level] = guard_of(word, length, rest);
        }
        scan->level++;
    } else if (scan->level > 0 && scan->level <= NESTED) {
        scan->depth = scan->before[scan->level - 1];
        scan->guards[scan->level - 1].length = 0;
    }
    while (*rest) {
        const size_t tested = word_length(rest);

        if (tested)
            note(scan, &scan->tested, rest, tested, false);
        rest += tested ? tested : 1;
    }
}

/* What holds for all that comes behind it must be the same for all copies: it stands first, and for every kernel. */
static bool is_harmless(const struct scan *scan, const char *pragma)
{
    const char *word = skip_space(pragma), *second = skip_space(word + word_length(word));
    const size_t length = word_length(word), more = word_length(second);
    const bool inside = scan->depth > 0;

    if (is(word, length, "unroll") || is(word, length, "nounroll") || is(word, length, "ivdep"))
        return inside;
    if (is(word, length, "clang") || is(word, length, "GCC"))
        return inside && (is(second, more, "loop") || is(second, more, "fp") || is(second, more, "unroll"));
    if (is(word, length, "OPENCL") && is(second, more, "EXTENSION"))
        return !strstr(second, "disable");
    return (is(word, length, "OPENCL") || is(word, length, "STDC")) && is(second, more, "FP_CONTRACT") &&
           (inside || (scan->level == 0 && !scan->code));
}

/* `line` is terminated.  False: the source has to be alone. */
static bool take_line(struct scan *scan, const char *line)
{
    static const char *const conditions[] = { "if", "ifdef", "ifndef", "elif", "elifdef", "elifndef", "else", NULL };
    const char *word = skip_space(line), *rest = word + word_length(word), *name = skip_space(rest);
    const size_t length = (size_t)(rest - word);

    for (int i = 0; conditions[i]; i++)
        if (is(word, length, conditions[i])) {
            take_condition(scan, word, length, rest);
            return true;
        }
    if (is(word, length, "endif")) {
        scan->level -= scan->level > 0;
        return true;
    }
    if (is(word, length, "define") || is(word, length, "undef")) {
        const size_t named = word_length(name);

        if (named)
            note(scan, &scan->names->macros, name, named, *word == 'd' && is_guarded(scan, name, named));
        return named > 0;
    }
    if (is(word, length, "pragma"))
        return is_harmless(scan, rest);
    return !*word || is(word, length, "line") || is(word, length, "error") || is(word, length, "warning");
}

/* ---- code ---- */

static void take_word(struct scan *scan, const char *word, size_t length)
{
    const char next = *skip_space(word + length);
    const bool outside = scan->depth == 0, tag = scan->type && *word != '_';
    const bool named = !scan->value && (next == '(' || next == '[' || next == '=');
    const bool defined = scan->typedefs && (next == ';' || next == ',' || next == '[');

    scan->code = true;
    if (*word >= '0' && *word <= '9')
        return;
    if ((outside && (tag || ((named || defined) && *word != '_'))) || (scan->enumerates && scan->expects))
        note(scan, &scan->names->declared, word, length, false);
    scan->expects = false;
    scan->type = is(word, length, "struct") || is(word, length, "union") || is(word, length, "enum");
    scan->starts_enum = scan->starts_enum || (outside && is(word, length, "enum"));
    scan->typedefs = scan->typedefs || (outside && is(word, length, "typedef"));
}

static void take_mark(struct scan *scan, char c)
{
    scan->type = scan->type && strchr(" \t\v\f\n", c);
    if (c == '{' && scan->depth == 0 && scan->starts_enum)
        scan->enumerates = scan->expects = true;
    else if (c == '}' && scan->depth == 1)
        scan->enumerates = false;
    else if (c == ',' && scan->depth == 1 && scan->enumerates)
        scan->expects = true;
    if (strchr("({[;", c))
        scan->starts_enum = false;
    scan->depth += strchr("({[", c) ? 1 : strchr(")}]", c) ? -1 : 0;
    if (scan->depth != 0)
        return;
    scan->value = c == '=' || (scan->value && c != ',' && c != ';' && c != '}');
    scan->typedefs = scan->typedefs && c != ';';
}

static bool scan_text(struct scan *scan, char *at)
{
    bool start = true; /* of a line */

    while (*at) {
        const size_t length = word_length(at);

        if (start && *at == '#') {
            char *end = at + strcspn(at, "\n");
            const bool more = *end;

            *end = '\0';
            if (!take_line(scan, at + 1))
                return false;
            at = end + more;
        } else if (length) {
            if (is(at, length, "__COUNTER__"))
                return false;
            take_word(scan, at, length);
            start = false;
            at += length;
        } else {
            start = *at == '\n' || (start && strchr(" \t\v\f", *at));
            take_mark(scan, *at++);
        }
    }
    return true;
}

/* ---- all of it ---- */

/* Whether no declared name is asked about as a macro; those that are macros here and functions there clash anyway. */
static bool settle(struct scan *scan)
{
    struct fer_name_list *declared = &scan->names->declared;
    size_t kept = 0;

    unite(declared);
    unite(&scan->names->macros);
    unite(&scan->tested);
    for (size_t i = 0; i < declared->count; i++) {
        const struct fer_name *name = &declared->items[i];

        if (fer_names_find(&scan->names->macros, name->at, name->length))
            continue;
        if (fer_names_find(&scan->tested, name->at, name->length))
            return false;
        declared->items[kept++] = *name;
    }
    declared->count = kept;
    return true;
}

enum fer_status fer_names_read(const char *source, struct fer_names *names, struct fer_error *err)
{
    struct scan scan = { .names = names };
    bool together;

    *names = (struct fer_names){ .text = fer_clean(source, &together) };
    if (!names->text)
        return fer_fail(err, FER_ENOMEM, "out of memory while kernels were prepared");
    together = together && !has_pragma_operators(source) && !has_digraphs(names->text) &&
               scan_text(&scan, names->text) && settle(&scan);
    free(scan.tested.items);
    if (together && !scan.failed)
        return FER_OK;
    fer_names_free(names);
    return scan.failed ? fer_fail(err, FER_ENOMEM, "out of memory while kernels were prepared")
                       : fer_fail(err, FER_ENOTSUP, "this source is compiled for one kernel at a time");
}

void fer_names_free(struct fer_names *names)
{
    free(names->declared.items);
    free(names->macros.items);
    free(names->text);
    *names = (struct fer_names){ 0 };
}
