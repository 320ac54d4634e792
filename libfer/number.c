/* SPDX-License-Identifier: Apache-2.0 */
#include "number.h"

#include <ctype.h>
#include <errno.h>
#include <fer/host.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

double fer_number_read(const char *text, char **end)
{
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    double number;

    if (!c_locale)
        return strtod(text, end);
    number = strtod_l(text, end, c_locale);
    freelocale(c_locale);
    return number;
}

int fer_number_vprint(char *text, size_t size, const char *format, va_list arguments)
{
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    locale_t before = c_locale ? uselocale(c_locale) : (locale_t)0;
    int length = vsnprintf(text, size, format, arguments);

    if (c_locale) {
        uselocale(before);
        freelocale(c_locale);
    }
    return length;
}

int fer_number_print(char *text, size_t size, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = fer_number_vprint(text, size, format, arguments);
    va_end(arguments);
    return length;
}

bool fer_number_whole(const char *text, uint64_t most, uint64_t *out)
{
    char *end;

    errno = 0;
    *out = strtoull(text, &end, 10);
    return isdigit((unsigned char)text[0]) && !*end && errno == 0 && *out <= most;
}
