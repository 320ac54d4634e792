/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of plugins that a build may leave out.
 */
#ifndef TESTS_NEEDS_H
#define TESTS_NEEDS_H

#include <stdbool.h>

enum { SKIPPED = 77 }; /* exit status that automake counts as a skip */

/* Whether all plugins of the NULL-terminated list are there; says which is not. */
bool needs_plugins(const char *const *names);

#endif
