/* SPDX-License-Identifier: Apache-2.0 */
#include "cases.h"

#include <errno.h>
#include <stdlib.h>

static Suite *suite;

TCase *cases_begin(const char *name, SFun set_up, SFun take_down)
{
    TCase *group;

    setenv("CK_DEFAULT_TIMEOUT", "300", 0);
    group = tcase_create(name);
    tcase_add_checked_fixture(group, set_up, take_down);
    if (!suite)
        suite = suite_create(program_invocation_short_name);
    suite_add_tcase(suite, group);
    return group;
}

int cases_run(void)
{
    SRunner *runner = srunner_create(suite);
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
