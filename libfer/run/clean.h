/* SPDX-License-Identifier: Apache-2.0
 *
 * A source as a compiler reads it: without comments, line splices and what is in quotes, every end of line a newline.
 */
#ifndef FER_RUN_CLEAN_H
#define FER_RUN_CLEAN_H

#include <stdbool.h>

/* Freed by the caller; NULL: out of memory.  Not *clear: trigraphs, a comment or a quote without an end, or a splice at
 * the very end, so that compilers may read it otherwise. */
char *fer_clean(const char *source, bool *clear);

#endif
