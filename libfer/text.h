/* SPDX-License-Identifier: Apache-2.0
 *
 * A text that grows.
 */
#ifndef FER_TEXT_H
#define FER_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Starts as { 0 }. */
struct fer_text {
    char *data; /* malloc'ed, NUL-terminated; NULL while empty.  Freed by whoever declares it */
    size_t length, capacity;
    bool failed; /* out of memory: what is put from then on is lost */
};

void fer_text_put(struct fer_text *text, const char *string);
void fer_text_put_bytes(struct fer_text *text, const char *bytes, size_t length);

#endif
