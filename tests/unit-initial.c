/* SPDX-License-Identifier: Apache-2.0
 *
 * What weights start with: each number is a function of seed, path and place, however many threads made them.
 */
#include "compile/initial.h"
#include "philox.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>

enum { COUNT = 300001 }; /* odd, and enough for several threads */

static float values[COUNT + 1];

static void fill(enum fer_init_kind kind, double a, double b, char *path, int count)
{
    const struct fer_weight weight = { .path = path,
                                       .shape = fer_shape_make(NULL, 1, &count),
                                       .init = { .kind = kind, .a = a, .b = b } };

    values[count] = 77;
    fer_weight_initialise(&weight, 5, values);
    ck_assert_float_eq(values[count], 77); /* nothing is written behind it */
}

/* FNV-1a of "foobar" is 0x85944171f73967e8 (its authors' test suite). */
START_TEST(by_place)
{
    fill(FER_INIT_UNIFORM, -1, 3, "foobar", COUNT);
    for (uint32_t i = 0; i < COUNT; i++) {
        const uint32_t counter[4] = { i / 2, 0x80000000u, 0xf73967e8u, 0x85944171u }, key[2] = { 5, 0 };
        uint32_t word[4];

        fer_philox(counter, key, word);
        ck_assert_float_eq(values[i], (float)(-1 + 4 * ((word[i % 2] + 0.5) / 4294967296.0)));
    }
}
END_TEST

START_TEST(normal)
{
    double sum = 0, squares = 0;

    fill(FER_INIT_NORMAL, 2, 0.5, "foobar", COUNT);
    for (int i = 0; i < COUNT; i++) {
        sum += values[i];
        squares += (values[i] - 2.0) * (values[i] - 2.0);
    }
    ck_assert_double_eq_tol(sum / COUNT, 2, 5 * 0.5 / sqrt(COUNT));
    ck_assert_double_eq_tol(squares / COUNT, 0.25, 5 * 0.25 * sqrt(2.0 / COUNT));
}
END_TEST

/* A short weight is the beginning of a long one: slices do not show. */
START_TEST(short_ones)
{
    static float all[COUNT];

    fill(FER_INIT_NORMAL, 0, 1, "a", COUNT);
    for (int i = 0; i < COUNT; i++)
        all[i] = values[i];
    for (int count = 1; count < 1000; count += 7) {
        fill(FER_INIT_NORMAL, 0, 1, "a", count);
        for (int i = 0; i < count; i++)
            ck_assert_float_eq(values[i], all[i]);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("initial");
    TCase *tests = tcase_create("tests");
    SRunner *runner;
    int failed;

    tcase_add_test(tests, by_place);
    tcase_add_test(tests, normal);
    tcase_add_test(tests, short_ones);
    tcase_set_timeout(tests, 120);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
