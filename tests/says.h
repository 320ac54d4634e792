/* SPDX-License-Identifier: Apache-2.0
 *
 * What a status and the sentence beside it should be.
 */
#ifndef FER_TESTS_SAYS_H
#define FER_TESTS_SAYS_H

#include <check.h>
#include <string.h>

#define ck_assert_fer(status, err) ck_assert_msg((status) == FER_OK, "%s", (err).text)
#define ck_assert_says(err, part)                                                                                      \
    ck_assert_msg(strstr((err).text, part) != NULL, "'%s' is not in '%s'", part, (err).text)

#endif
