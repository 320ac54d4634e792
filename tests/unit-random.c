/* SPDX-License-Identifier: Apache-2.0
 *
 * The host's random numbers.
 */
#include <math.h>
#include <stdlib.h>

#include <fer/host.h>

#include "cases.h"
#include "philox.h"

/* Known answers of the paper's own test vectors (Random123, kat_vectors: philox4x32 10). */
START_TEST(philox_has_the_answers_of_its_paper)
{
    static const uint32_t zero[4] = { 0 }, ones[4] = { ~0u, ~0u, ~0u, ~0u };
    static const uint32_t pi[4] = { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 },
                          pi_key[2] = { 0xa4093822, 0x299f31d0 };
    static const uint32_t expected[3][4] = { { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 },
                                             { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd },
                                             { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } };
    uint32_t out[4];

    fer_philox(zero, zero, out);
    ck_assert_mem_eq(out, expected[0], sizeof(out));
    fer_philox(ones, ones, out);
    ck_assert_mem_eq(out, expected[1], sizeof(out));
    fer_philox(pi, pi_key, out);
    ck_assert_mem_eq(out, expected[2], sizeof(out));
}
END_TEST

START_TEST(random_numbers_are_uniform)
{
    const struct fer_random random = { 7, 3 };
    size_t counts[10] = { 0 }, items[100], seen[100] = { 0 };
    double sum = 0;

    for (size_t i = 0; i < 10000; i++) {
        double u = fer_random_uniform(random, i);

        ck_assert(u >= 0 && u < 1);
        sum += u;
        counts[fer_random_below(random, i, 10)]++;
    }
    /* Five standard deviations: 0.0029 of the mean, 30 of a count. */
    ck_assert(fabs(sum / 10000 - 0.5) < 5 * 0.0029);
    for (int k = 0; k < 10; k++)
        ck_assert(labs((long)counts[k] - 1000) < 5 * 30);
    for (size_t i = 0; i < 100; i++)
        items[i] = i;
    fer_random_permute(random, items, 100);
    for (size_t i = 0; i < 100; i++)
        seen[items[i]]++;
    for (size_t i = 0; i < 100; i++)
        ck_assert_uint_eq(seen[i], 1);
    ck_assert_uint_eq(fer_random_below(random, 0, 0), 0);
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("random", NULL, NULL);

    tcase_add_test(tests, philox_has_the_answers_of_its_paper);
    tcase_add_test(tests, random_numbers_are_uniform);
    return cases_run();
}
