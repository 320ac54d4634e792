/* SPDX-License-Identifier: Apache-2.0
 *
 * Variables of the environment that tests change, put back for those that come after them in the same process
 * (CK_FORK=no).
 */
#ifndef TESTS_ENVIRONMENT_H
#define TESTS_ENVIRONMENT_H

/* Remember those of the NULL-terminated list, at most eight. */
void environment_keep(const char *const *names);
void environment_restore(void);

#endif
