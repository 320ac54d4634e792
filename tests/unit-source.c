/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <fer/host.h>

#include "lang/source.h"
#include "lang/utf8.h"

static struct fer_sources *sources;
static struct fer_error err;

static void set_up(void)
{
    err = (struct fer_error)FER_ERROR_INIT;
    ck_assert_int_eq(fer_sources_create(&sources, &err), FER_OK);
}

static void tear_down(void)
{
    fer_sources_free(sources);
}

static const struct fer_source *add(const char *text)
{
    const struct fer_source *source;

    ck_assert_int_eq(fer_sources_add(sources, "a.fer", NULL, text, &source, &err), FER_OK);
    return source;
}

/* What `length` bytes from the first `at` in the text look like as an error. */
static char *shown(const char *text, const char *at, uint32_t length)
{
    const struct fer_source *source = add(text);
    struct fer_span span = { .source = source,
                             .offset = (uint32_t)(strstr(source->text, at) - source->text),
                             .length = length };
    struct fer_diags diags = { 0 };
    char *formatted;

    fer_diag_add(&diags, FER_SEVERITY_ERROR, span, "wrong: %d", 7);
    ck_assert_int_eq(diags.errors, 1);
    formatted = fer_diag_format(&diags.items[0]);
    fer_diags_free(&diags);
    ck_assert_ptr_nonnull(formatted);
    return formatted;
}

#define ASSERT_SHOWN(text, at, length, expected)                                                                       \
    do {                                                                                                               \
        char *formatted = shown(text, at, length);                                                                     \
        ck_assert_str_eq(formatted, expected);                                                                         \
        free(formatted);                                                                                               \
    } while (0)

START_TEST(carets_stand_under_the_text)
{
    ASSERT_SHOWN("fer 1\n  h = x | conv2d 64 kernel=0 stride=2\n", "kernel=0", 8,
                 "a.fer:2:21: error: wrong: 7\n    h = x | conv2d 64 kernel=0 stride=2\n"
                 "                      ^~~~~~~~\n");
    ASSERT_SHOWN("abc", "c", 1, "a.fer:1:3: error: wrong: 7\n    abc\n      ^\n");
    ASSERT_SHOWN("abc\r\nd", "c", 3, "a.fer:1:3: error: wrong: 7\n    abc\n      ^~\n");
}
END_TEST

START_TEST(carets_follow_tabs_and_wide_characters)
{
    ASSERT_SHOWN("\t\ta\tb cd\n", "cd", 2, "a.fer:1:7: error: wrong: 7\n    a\tb cd\n     \t  ^~\n");
    ASSERT_SHOWN("\"\xC3\xA9\" x", "x", 1, "a.fer:1:5: error: wrong: 7\n    \"\xC3\xA9\" x\n        ^\n");
    /* two columns for a CJK character, none for a combining accent; both are one code point */
    ASSERT_SHOWN("\xE6\x97\xA5 x", "x", 1, "a.fer:1:3: error: wrong: 7\n    \xE6\x97\xA5 x\n       ^\n");
    ASSERT_SHOWN("e\xCC\x81 x", "x", 1, "a.fer:1:4: error: wrong: 7\n    e\xCC\x81 x\n      ^\n");
    ASSERT_SHOWN("\xE6\x97\xA5 x", "\xE6", 3, "a.fer:1:1: error: wrong: 7\n    \xE6\x97\xA5 x\n    ^~\n");
}
END_TEST

START_TEST(carets_end_with_the_line_and_exist_at_the_end)
{
    ASSERT_SHOWN("ab\ncd", "b", 4, "a.fer:1:2: error: wrong: 7\n    ab\n     ^\n");
    ASSERT_SHOWN("ab\n", "\n", 0, "a.fer:1:3: error: wrong: 7\n    ab\n      ^\n");
    ASSERT_SHOWN("", "", 0, "a.fer:1:1: error: wrong: 7\n    \n    ^\n");
}
END_TEST

START_TEST(control_characters_do_not_reach_the_terminal)
{
    ASSERT_SHOWN("\x1B[31m x", "x", 1, "a.fer:1:7: error: wrong: 7\n    ?[31m x\n          ^\n");
    ASSERT_SHOWN("\xC2\x9B"
                 "1m x",
                 "x", 1, "a.fer:1:5: error: wrong: 7\n    ?1m x\n        ^\n");
}
END_TEST

START_TEST(long_lines_are_shown_in_part)
{
    char text[5001], *formatted;
    const char *caret;

    memset(text, 'a', 5000);
    text[5000] = '\0';
    memcpy(text + 2500, "HERE", 4);
    formatted = shown(text, "HERE", 4);
    ck_assert_uint_lt(strlen(formatted), 500);
    ck_assert_int_eq(strncmp(formatted, "a.fer:1:2501: error", 19), 0);
    caret = strchr(strchr(formatted, '\n') + 1, '\n') + 1;
    ck_assert_int_eq((int)(strstr(formatted, "HERE") - (strchr(formatted, '\n') + 1)), (int)strspn(caret, " "));
    free(formatted);
}
END_TEST

START_TEST(a_second_place_is_a_note)
{
    const struct fer_source *source = add("one\ntwo\n");
    struct fer_diags diags = { 0 };
    char *text;

    fer_diag_add(&diags, FER_SEVERITY_WARNING, (struct fer_span){ source, 4, 3 }, "second");
    fer_diag_relate(&diags, (struct fer_span){ source, 0, 3 }, "first %s", "here");
    ck_assert_int_eq(diags.warnings, 1);
    ck_assert_int_eq(diags.errors, 0);
    text = fer_diag_format(&diags.items[0]);
    ck_assert_str_eq(text,
                     "a.fer:2:1: warning: second\n    two\n    ^~~\na.fer:1:1: note: first here\n    one\n    ^~~\n");
    free(text);
    fer_diags_free(&diags);
    ck_assert_int_eq(diags.count, 0);
}
END_TEST

START_TEST(diagnostics_keep_their_order)
{
    const struct fer_source *source = add("x");
    struct fer_diags diags = { 0 };
    char expected[16];

    for (int i = 0; i < 1000; i++)
        fer_diag_add(&diags, FER_SEVERITY_ERROR, (struct fer_span){ source, 0, 1 }, "e%d", i);
    ck_assert_int_eq(diags.count, 1000);
    for (int i = 0; i < 1000; i++) {
        snprintf(expected, sizeof(expected), "e%d", i);
        ck_assert_str_eq(diags.items[i].text, expected);
    }
    fer_diags_free(&diags);
}
END_TEST

START_TEST(texts_are_checked)
{
    static const struct {
        const char *text, *error;
    } bad[] = {
        { "fer 1\n\xFF", "b.fer:2: byte 0xff is not valid UTF-8; save the description as UTF-8" },
        { "\xC3", "b.fer:1: byte 0xc3 is not valid UTF-8; save the description as UTF-8" },         /* cut short */
        { "\xC0\x80", "b.fer:1: byte 0xc0 is not valid UTF-8; save the description as UTF-8" },     /* overlong */
        { "\xED\xA0\x80", "b.fer:1: byte 0xed is not valid UTF-8; save the description as UTF-8" }, /* surrogate */
        { "\xF4\x90\x80\x80", "b.fer:1: byte 0xf4 is not valid UTF-8; save the description as UTF-8" },
    };
    const struct fer_source *source;
    char *large;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ck_assert_int_eq(fer_sources_add(sources, "b.fer", NULL, bad[i].text, &source, &err), FER_EFORMAT);
        ck_assert_str_eq(err.text, bad[i].error);
    }
    large = malloc((16 << 20) + 2);
    memset(large, ' ', (16 << 20) + 1);
    large[(16 << 20) + 1] = '\0';
    ck_assert_int_eq(fer_sources_add(sources, "b.fer", NULL, large, &source, &err), FER_EFORMAT);
    large[16 << 20] = '\0';
    ck_assert_int_eq(fer_sources_add(sources, "b.fer", NULL, large, &source, &err), FER_OK);
    ck_assert_uint_eq(source->length, 16 << 20);
    free(large);
}
END_TEST

START_TEST(files_know_their_directory)
{
    char path[] = "/tmp/fer-source-XXXXXX", name[128];
    const struct fer_source *source;
    FILE *file;

    ck_assert_ptr_nonnull(mkdtemp(path));
    ck_assert_int_eq(fer_sources_read(sources, path, &source, &err), FER_EIO); /* a directory */
    snprintf(name, sizeof(name), "%s/a.fer", path);
    ck_assert_int_eq(fer_sources_read(sources, name, &source, &err), FER_ENOTFOUND);
    ck_assert_ptr_nonnull(strstr(err.text, name));
    file = fopen(name, "wb");
    ck_assert_ptr_nonnull(file);
    fwrite("fer 1\n\0x", 1, 8, file);
    fclose(file);
    ck_assert_int_eq(fer_sources_read(sources, name, &source, &err), FER_EFORMAT);
    ck_assert_ptr_nonnull(strstr(err.text, "a.fer:2: a zero byte"));
    ck_assert_int_eq(truncate(name, 6), 0);
    ck_assert_int_eq(fer_sources_read(sources, name, &source, &err), FER_OK);
    ck_assert_str_eq(source->name, name);
    ck_assert_str_eq(source->dir, path);
    ck_assert_str_eq(source->text, "fer 1\n");
    unlink(name);
    rmdir(path);
}
END_TEST

START_TEST(near_names_are_found)
{
    static const char *const names[] = { "train", "valid", "test", "relu", "batchnorm", "cross_entropy", NULL };
    static const struct {
        const char *written, *meant;
    } cases[] = {
        { "trian", "train" },
        { "tran", "train" },
        { "traiin", "train" },
        { "tost", "test" },
        { "RELU", "relu" },
        { "batch_norm", "batchnorm" },
        { "crossentropy", "cross_entropy" },
        { "valid", "valid" },
        { "x", NULL },
        { "re", NULL },
        { "", NULL },
        { "convolution", NULL },
        { "tsrain", "train" },
        { "bathcnormm", "batchnorm" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *found = fer_nearest_name(cases[i].written, names);

        if (cases[i].meant)
            ck_assert_pstr_eq(found, cases[i].meant);
        else
            ck_assert_ptr_null(found);
    }
}
END_TEST

/* RFC 3629, the table of section 3. */
static size_t encode(uint32_t code, unsigned char *bytes)
{
    size_t size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

    for (size_t i = size; i-- > 1;)
        bytes[i] = (unsigned char)(0x80 | (code >> 6 * (size - 1 - i) & 0x3F));
    bytes[0] = (unsigned char)(size == 1 ? code : (0xF00 >> size & 0xFF) | code >> 6 * (size - 1));
    return size;
}

START_TEST(all_code_points_decode)
{
    for (uint32_t code = 1; code <= 0x110000; code++) {
        unsigned char bytes[4];
        size_t size = encode(code, bytes);
        bool valid = code < 0x110000 && (code < 0xD800 || code > 0xDFFF);
        uint32_t decoded = 0;

        if (fer_utf8_decode((char *)bytes, size, &decoded) != (valid ? size : 0) || (valid && decoded != code))
            ck_abort_msg("U+%04X", code);
        if (size > 1 && fer_utf8_decode((char *)bytes, size - 1, &decoded) != 0)
            ck_abort_msg("U+%04X, cut short", code);
    }
}
END_TEST

/* As Unicode's chapter 3.9 has it for one byte at a time. */
START_TEST(names_become_utf8)
{
    static const struct {
        const char *name, *text;
    } cases[] = {
        { "", "" },
        { "gr\u00fcn \U0001f600.pgm", "gr\u00fcn \U0001f600.pgm" },
        { "a\xff"
          "b",
          "a\uFFFD"
          "b" },
        { "\xC3", "\uFFFD" }, /* cut short */
        { "\xC3(", "\uFFFD(" },
        { "\xED\xA0\x80", "\uFFFD\uFFFD\uFFFD" }, /* surrogate */
        { "\xE2\x82/", "\uFFFD\uFFFD/" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char *text = fer_text_utf8(cases[i].name);

        ck_assert_str_eq(text, cases[i].text);
        free(text);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("source");
    TCase *texts = tcase_create("texts");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, texts);
    tcase_add_checked_fixture(texts, set_up, tear_down);
    tcase_add_test(texts, carets_stand_under_the_text);
    tcase_add_test(texts, names_become_utf8);
    tcase_add_test(texts, carets_follow_tabs_and_wide_characters);
    tcase_add_test(texts, carets_end_with_the_line_and_exist_at_the_end);
    tcase_add_test(texts, control_characters_do_not_reach_the_terminal);
    tcase_add_test(texts, long_lines_are_shown_in_part);
    tcase_add_test(texts, a_second_place_is_a_note);
    tcase_add_test(texts, diagnostics_keep_their_order);
    tcase_add_test(texts, texts_are_checked);
    tcase_add_test(texts, files_know_their_directory);
    tcase_add_test(texts, near_names_are_found);
    tcase_add_test(texts, all_code_points_decode);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
