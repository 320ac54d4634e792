/* SPDX-License-Identifier: Apache-2.0
 *
 * UTF-8, as far as descriptions and their error messages need it.
 */
#ifndef FER_LANG_UTF8_H
#define FER_LANG_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Decode the code point at `text`, of which `length` > 0 bytes are left.  Returns its
 * size in bytes, 0 where the bytes are not well-formed (RFC 3629: no surrogates, no
 * overlong forms, nothing above U+10FFFF). */
size_t fer_utf8_decode(const char *text, size_t length, uint32_t *code);
/* The offset of the first byte that is not well-formed, `length` when all is. */
size_t fer_utf8_check(const char *text, size_t length);
/* Columns that a terminal gives to a code point: 0, 1 or 2. */
int fer_utf8_width(uint32_t code);

#endif
