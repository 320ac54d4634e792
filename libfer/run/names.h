/* SPDX-License-Identifier: Apache-2.0
 *
 * What a kernel source gives names to, as far as that shows without a compiler: so that a second copy of it can stand
 * behind the first.
 */
#ifndef FER_RUN_NAMES_H
#define FER_RUN_NAMES_H

#include <fer/status.h>
#include <stdbool.h>
#include <stddef.h>

struct fer_name {
    const char *at; /* not terminated */
    size_t length;
    bool guarded; /* a macro that the source only defines where there is none of this name, and never undefines */
};

struct fer_name_list {
    struct fer_name *items; /* owned; each name once */
    size_t count, size;
};

struct fer_names {
    char *text;                            /* owned: what the names point into */
    struct fer_name_list declared, macros; /* declared: functions, values, types and enumerators, none of them macros */
};

/* FER_ENOTSUP: the source has something that would reach the copies behind it, or that cannot be told (an #include, a
 * #pragma of one kernel alone, a comment that does not end): it has to be compiled alone.  Nothing is to be freed then.
 */
enum fer_status fer_names_read(const char *source, struct fer_names *names, struct fer_error *err);
void fer_names_free(struct fer_names *names);
const struct fer_name *fer_names_find(const struct fer_name_list *list, const char *at, size_t length);

#endif
