/* SPDX-License-Identifier: Apache-2.0
 *
 * For the tests of the language: a parsed text with all that it needs.
 */
#ifndef LANG_TEXT_H
#define LANG_TEXT_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "lang/ast.h"
#include "lang/lex.h"

struct parsed {
    struct fer_arena *arena;
    struct fer_sources *sources;
    const struct fer_source *source;
    struct fer_ast_file *file;
    struct fer_diags diags;
    struct fer_error err;
    enum fer_status status;
};

static inline void parsed_start(struct parsed *p)
{
    *p = (struct parsed){ .arena = fer_arena_create() };
    ck_assert_ptr_nonnull(p->arena);
    ck_assert_int_eq(fer_sources_create(&p->sources, &p->err), FER_OK);
}

static inline void parsed_text(struct parsed *p, const char *text)
{
    parsed_start(p);
    ck_assert_int_eq(fer_sources_add(p->sources, "test.fer", NULL, text, &p->source, &p->err), FER_OK);
    p->status = fer_parse(p->arena, p->sources, p->source, &p->file, &p->diags, &p->err);
}

static inline void parsed_file(struct parsed *p, const char *path)
{
    parsed_start(p);
    ck_assert_msg(fer_sources_read(p->sources, path, &p->source, &p->err) == FER_OK, "%s", p->err.text);
    p->status = fer_parse(p->arena, p->sources, p->source, &p->file, &p->diags, &p->err);
}

static inline void parsed_free(struct parsed *p)
{
    fer_diags_free(&p->diags);
    fer_sources_free(p->sources);
    fer_arena_free(p->arena);
}

/* All diagnostics as people see them; malloc'ed. */
static inline char *parsed_report(const struct parsed *p)
{
    char *all = calloc(1, 1);

    for (int i = 0; i < p->diags.count; i++) {
        char *text = fer_diag_format(&p->diags.items[i]), *longer;

        ck_assert_ptr_nonnull(text);
        longer = realloc(all, strlen(all) + strlen(text) + 1);
        ck_assert_ptr_nonnull(longer);
        all = longer;
        strcat(all, text);
        free(text);
    }
    return all;
}

static inline void parsed_well(struct parsed *p, const char *text)
{
    parsed_text(p, text);
    if (p->status != FER_OK) {
        char *report = parsed_report(p);

        ck_abort_msg("%s\n%s", p->err.text, report);
    }
    ck_assert_int_eq(p->diags.errors, 0);
}

/* PATH of the source tree; a static buffer. */
static inline const char *in_tree(const char *path)
{
    static char full[4096];
    const char *top = getenv("top_srcdir");

    snprintf(full, sizeof(full), "%s/%s", top ? top : ".", path);
    return full;
}

static inline char *read_text(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text;
    long size;

    ck_assert_msg(file != NULL, "%s cannot be opened", path);
    ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
    size = ftell(file);
    ck_assert_int_ge(size, 0);
    rewind(file);
    text = calloc(1, (size_t)size + 1);
    ck_assert_uint_eq(fread(text, 1, (size_t)size, file), (size_t)size);
    fclose(file);
    return text;
}

/* The worked examples of the language's page: its fenced texts that start with "fer 1".
 * At most `most` malloc'ed texts; returns how many. */
static inline int worked_examples(char **out, int most)
{
    char *page = read_text(in_tree("docs/model-language.md"));
    int count = 0;

    for (char *at = strstr(page, "\n```\nfer 1\n"), *end; at && count < most; at = strstr(end, "\n```\nfer 1\n")) {
        at += strlen("\n```\n");
        end = strstr(at, "\n```\n");
        ck_assert_ptr_nonnull(end);
        out[count++] = strndup(at, (size_t)(end - at) + 1);
        end++;
    }
    free(page);
    return count;
}

#endif
