/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers in files have a point in every country: a program that uses the library may have called setlocale().
 * fer_number_read (fer/host.h) reads them; these are snprintf and vsnprintf.  Thread safe.
 */
#ifndef FER_NUMBER_H
#define FER_NUMBER_H

#include <fer/status.h>
#include <stdarg.h>
#include <stdint.h>

int fer_number_print(char *text, size_t size, const char *format, ...) FER_PRINTF(3, 4);
int fer_number_vprint(char *text, size_t size, const char *format, va_list arguments);
/* A whole number from 0 to `most` and nothing else. */
bool fer_number_whole(const char *text, uint64_t most, uint64_t *out);

#endif
