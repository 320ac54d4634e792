/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <fer/status.h>

#include "arena.h"

START_TEST(fail_keeps_status_and_sentence)
{
    struct fer_error err = FER_ERROR_INIT;

    ck_assert_int_eq(fer_fail(&err, FER_ESHAPE, "%s: rank %d", "conv2d", 3), FER_ESHAPE);
    ck_assert_int_eq(err.status, FER_ESHAPE);
    ck_assert_str_eq(err.text, "conv2d: rank 3");
    ck_assert_str_eq(err.argument, "");
    ck_assert_int_eq(fer_fail(NULL, FER_EIO, "lost"), FER_EIO);
}
END_TEST

START_TEST(fail_argument_names_the_parameter)
{
    struct fer_error err = FER_ERROR_INIT;
    char longest[200];

    ck_assert_int_eq(fer_fail_argument(&err, FER_EINVAL, "kernel", "kernel=%d", 0), FER_EINVAL);
    ck_assert_str_eq(err.argument, "kernel");
    fer_fail(&err, FER_EIO, "another");
    ck_assert_str_eq(err.argument, "");
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    fer_fail_argument(&err, FER_EINVAL, longest, "text");
    ck_assert_uint_eq(strlen(err.argument), sizeof(err.argument) - 1);
}
END_TEST

START_TEST(fail_may_quote_the_error_it_overwrites)
{
    struct fer_error err = FER_ERROR_INIT;

    fer_fail_argument(&err, FER_EIO, "path", "disk full");
    fer_fail_argument(&err, FER_EIO, err.argument, "%s; try %s", err.text, "another");
    ck_assert_str_eq(err.text, "disk full; try another");
    ck_assert_str_eq(err.argument, "path");
}
END_TEST

START_TEST(prefix_goes_before_and_keeps_the_rest)
{
    struct fer_error err = FER_ERROR_INIT;

    fer_fail_argument(&err, FER_EINVAL, "kernel", "kernel=0");
    ck_assert_int_eq(fer_fail_prefix(&err, "net '%s'", "a"), FER_EINVAL);
    ck_assert_str_eq(err.text, "net 'a': kernel=0");
    ck_assert_str_eq(err.argument, "kernel");
}
END_TEST

/* 3-byte characters: the cut never leaves a part of one. */
START_TEST(long_texts_end_in_dots_between_characters)
{
    char text[3 * FER_ERROR_TEXT + 1] = "";

    for (int shift = 0; shift < 3; shift++) {
        struct fer_error err = FER_ERROR_INIT;
        size_t length;

        memset(text, 'a', (size_t)shift);
        for (int i = 0; i < FER_ERROR_TEXT - 1; i++)
            memcpy(text + shift + 3 * i, "\xE2\x82\xAC", 4);
        fer_fail(&err, FER_EIO, "%s", text);
        length = strlen(err.text);
        ck_assert_uint_ge(length, FER_ERROR_TEXT - 4);
        ck_assert_str_eq(err.text + length - 3, "...");
        ck_assert_uint_eq((length - 3 - (size_t)shift) % 3, 0);
        fer_fail_prefix(&err, "%s", "prefix");
        ck_assert_uint_lt(strlen(err.text), FER_ERROR_TEXT);
        ck_assert_int_eq(strncmp(err.text, "prefix: ", 8), 0);
    }
}
END_TEST

START_TEST(every_status_has_its_own_name)
{
    for (int a = FER_ENOTSUP; a <= FER_OK; a++) {
        ck_assert_str_ne(fer_status_name((enum fer_status)a), "unknown status");
        for (int b = FER_ENOTSUP; b < a; b++)
            ck_assert_str_ne(fer_status_name((enum fer_status)a), fer_status_name((enum fer_status)b));
    }
    ck_assert_str_eq(fer_status_name((enum fer_status)17), "unknown status");
    ck_assert_str_eq(fer_status_name(FER_ENOMEM), "out of memory");
}
END_TEST

static int all_are(const unsigned char *block, size_t size, int value)
{
    for (size_t i = 0; i < size; i++) {
        if (block[i] != (unsigned char)value)
            return 0;
    }
    return 1;
}

START_TEST(arena_memory_is_zero_aligned_and_apart)
{
    static const size_t sizes[] = { 0, 1, 15, 16, 17, 4000, 5000, 16384, 100000 };
    enum { SIZES = sizeof(sizes) / sizeof(sizes[0]), ROUNDS = 40 };
    struct fer_arena *arena = fer_arena_create();
    unsigned char *blocks[ROUNDS][SIZES];

    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < SIZES; i++) {
            unsigned char *block = fer_arena_alloc(arena, sizes[i]);

            ck_assert_ptr_nonnull(block);
            ck_assert_uint_eq((uintptr_t)block % 16, 0);
            ck_assert(all_are(block, sizes[i], 0));
            memset(block, round * SIZES + i, sizes[i]);
            blocks[round][i] = block;
        }
    }
    /* no block was written by another */
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < SIZES; i++)
            ck_assert(all_are(blocks[round][i], sizes[i], round * SIZES + i));
    }
    ck_assert_ptr_null(fer_arena_alloc(arena, SIZE_MAX));
    ck_assert_ptr_null(fer_arena_alloc(arena, SIZE_MAX - 8));
    fer_arena_free(arena);
    fer_arena_free(NULL);
}
END_TEST

START_TEST(arena_copies_texts)
{
    struct fer_arena *arena = fer_arena_create();
    char long_text[9000];
    int three[] = { 1, 2, 3 };

    ck_assert_str_eq(fer_arena_strdup(arena, "label"), "label");
    ck_assert_str_eq(fer_arena_strndup(arena, "label", 3), "lab");
    ck_assert_str_eq(fer_arena_strndup(arena, "label", SIZE_MAX), "label");
    ck_assert_str_eq(fer_arena_printf(arena, "%s.%d", "layer1", 0), "layer1.0");
    ck_assert_mem_eq(fer_arena_copy(arena, three, sizeof(three)), three, sizeof(three));
    memset(long_text, 'y', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    ck_assert_str_eq(fer_arena_printf(arena, "%s", long_text), long_text);
    fer_arena_free(arena);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("status");
    TCase *status = tcase_create("status"), *arena = tcase_create("arena");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, status);
    tcase_add_test(status, fail_keeps_status_and_sentence);
    tcase_add_test(status, fail_argument_names_the_parameter);
    tcase_add_test(status, fail_may_quote_the_error_it_overwrites);
    tcase_add_test(status, prefix_goes_before_and_keeps_the_rest);
    tcase_add_test(status, long_texts_end_in_dots_between_characters);
    tcase_add_test(status, every_status_has_its_own_name);
    suite_add_tcase(suite, arena);
    tcase_add_test(arena, arena_memory_is_zero_aligned_and_apart);
    tcase_add_test(arena, arena_copies_texts);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
