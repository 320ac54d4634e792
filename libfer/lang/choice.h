/* SPDX-License-Identifier: Apache-2.0
 *
 * What is said when something is chosen by a name that a description does not have.
 */
#ifndef FER_LANG_CHOICE_H
#define FER_LANG_CHOICE_H

#include <fer/status.h>

/* FER_ENOTFOUND, "PATH has no KIND 'WRONG'; did you mean 'x'?", or "; it has x, y and z".  `items` are `count` structs
 * of `size` bytes that begin with their name. */
enum fer_status fer_fail_choice(struct fer_error *err, const char *path, const char *kind, const char *wrong,
                                const void *items, size_t size, int count);

#endif
