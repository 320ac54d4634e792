/* SPDX-License-Identifier: Apache-2.0
 *
 * The main of a program of tests: cases_begin, tcase_add_test for each of them, return cases_run.
 */
#ifndef TESTS_CASES_H
#define TESTS_CASES_H

#include <check.h>

/* Another case of this program; set_up runs before each of its tests and take_down after it (NULL: nothing does).  A
 * test may take CK_DEFAULT_TIMEOUT seconds, and 300 where nobody says: kernels may have to be compiled first. */
TCase *cases_begin(const char *name, SFun set_up, SFun take_down);
/* Run all cases; what main returns. */
int cases_run(void);

#endif
