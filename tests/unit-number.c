/* SPDX-License-Identifier: Apache-2.0
 *
 * A program that uses the library may be from a country with a decimal comma.  The locale is made here, where the
 * system can make one; without it the C locale has to do.
 */
#include <check.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <fer/fer.h>
#include <fer/host.h>

#include "csv.h"
#include "file.h"
#include "text.h"
#include "number.h"
#include "run/tuning.h"

static char home[] = "/tmp/fer-number-XXXXXX";
static char text[256];

static const char *in_home(const char *name)
{
    static char path[128];

    snprintf(path, sizeof(path), "%s/%s", home, name);
    return path;
}

static void use_comma(void)
{
    char command[256];

    ck_assert_ptr_nonnull(mkdtemp(home));
    snprintf(command, sizeof(command), "localedef -i de_DE -f UTF-8 %s/de_DE.UTF-8 >/dev/null 2>&1", home);
    if (system(command) == 0)
        setenv("LOCPATH", home, 1);
    if (!setlocale(LC_ALL, "de_DE.UTF-8"))
        puts("there is no locale with a comma");
}

static void remove_home(void)
{
    char command[64];

    setlocale(LC_ALL, "C");
    snprintf(command, sizeof(command), "rm -rf %s", home);
    ck_assert_int_eq(system(command), 0);
}

START_TEST(whole_numbers_are_nothing_else)
{
    static const char *const bad[] = { "",
                                       "-1",
                                       "+1",
                                       " 1",
                                       "1 ",
                                       "1.5",
                                       "0x10",
                                       "9223372036854775808",
                                       "18446744073709551617",
                                       "99999999999999999999999" };
    uint64_t number = 7;

    ck_assert(fer_number_whole("0", FER_SEED_MAX, &number));
    ck_assert_uint_eq(number, 0);
    ck_assert(fer_number_whole("9223372036854775807", FER_SEED_MAX, &number));
    ck_assert_uint_eq(number, 0x7fffffffffffffff);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        ck_assert_msg(!fer_number_whole(bad[i], FER_SEED_MAX, &number), "'%s' is a seed", bad[i]);
}
END_TEST

START_TEST(numbers_have_points)
{
    char *end;

    ck_assert_double_eq(fer_number_read("-2.5e1x", &end), -25);
    ck_assert_str_eq(end, "x");
    ck_assert_double_eq(fer_number_read("0.125", NULL), 0.125);
    ck_assert_int_eq(fer_number_print(text, sizeof(text), "%.3g|%.1f", 0.25, 2.0), 8);
    ck_assert_str_eq(text, "0.25|2.0");
    /* and the process's own locale is as it was */
    snprintf(text, sizeof(text), "%.1f", 0.5);
    ck_assert_int_eq(text[1], *localeconv()->decimal_point);
}
END_TEST

START_TEST(tables_have_points)
{
    char *bytes = NULL;
    size_t size;
    FILE *out = open_memstream(&bytes, &size);
    json_t *value = json_real(-0.5);

    fer_csv_number(out, 1.5);
    fputc(',', out);
    fer_csv_value(out, value);
    fclose(out);
    ck_assert_str_eq(bytes, "1.5,-0.5");
    free(bytes);
    json_decref(value);
}
END_TEST

START_TEST(measurements_are_read_again)
{
    const struct fer_tuned line = {
        .field = { "device", "driver", "f32", "infer", "work", "shape" }, .solution = "direct", .ms = 1.25, .gain = 1.5
    };
    struct fer_tuning *tuning;
    struct fer_error err = FER_ERROR_INIT;

    ck_assert_int_eq(fer_tuning_open(in_home("tune.txt"), &tuning, &err), FER_OK);
    ck_assert_msg(fer_tuning_put(tuning, &line, &err) == FER_OK, "%s", err.text);
    fer_tuning_free(tuning);
    ck_assert_msg(fer_tuning_open(in_home("tune.txt"), &tuning, &err) == FER_OK, "%s", err.text);
    ck_assert_double_eq(fer_tuning_find(tuning, &line, NULL)->ms, 1.25);
    fer_tuning_free(tuning);
}
END_TEST

/* Numbers of the description, defaults of plugins, and what models write. */
START_TEST(descriptions_have_points)
{
    static const char description[] = "fer 1\nuse vision, privileged\n"
                                      "net critic = feature_critic slope=0.25\n"
                                      "net n(x: f32[32,28,28]) -> y { y = x | batchnorm }\n"
                                      "predict p(x: f32[32,28,28]) -> y { y = x | n | critic }\n";
    struct fer_bytes bytes = { description, sizeof(description) - 1 };
    struct fer_context *context;
    struct fer_error err = FER_ERROR_INIT;

    ck_assert_int_eq(fer_file_write_atomic(in_home("m.fer"), &bytes, 1, &err), FER_OK);
    ck_assert_msg(fer_context_create(NULL, &context, &err) == FER_OK, "%s", err.text);
    ck_assert_msg(fer_check(context, in_home("m.fer"), NULL, false, NULL, &err) == FER_OK, "%s", err.text);
    fer_context_free(context);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("number");
    TCase *tests = tcase_create("number");
    SRunner *runner;
    int failed;

    tcase_add_unchecked_fixture(tests, use_comma, remove_home);
    tcase_add_test(tests, whole_numbers_are_nothing_else);
    tcase_add_test(tests, numbers_have_points);
    tcase_add_test(tests, tables_have_points);
    tcase_add_test(tests, measurements_are_read_again);
    tcase_add_test(tests, descriptions_have_points);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
