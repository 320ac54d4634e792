/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/choice.h"

#include <fer/host.h>
#include <stdio.h>

enum { MOST = 255, LISTED = 12 };

enum fer_status fer_fail_choice(struct fer_error *err, const char *path, const char *kind, const char *wrong,
                                const void *items, size_t size, int count)
{
    const char *names[MOST + 1], *nearest;
    const int known = count < MOST ? count : MOST;
    char list[512] = "";
    size_t length = 0;

    for (int i = 0; i < known; i++)
        names[i] = *(const char *const *)((const char *)items + (size_t)i * size);
    names[known] = NULL;
    nearest = fer_nearest_name(wrong, names);
    if (nearest)
        return fer_fail(err, FER_ENOTFOUND, "%s has no %s '%.100s'; did you mean '%s'?", path, kind, wrong, nearest);
    for (int i = 0; i < known && i < LISTED && length < sizeof(list); i++)
        length += (size_t)snprintf(list + length, sizeof(list) - length, "%s%s",
                                   i == 0           ? ""
                                   : i == count - 1 ? " and "
                                                    : ", ",
                                   names[i]);
    return fer_fail(err, FER_ENOTFOUND, "%s has no %s '%.100s'%s%s%s", path, kind, wrong,
                    known ? "; it has " : "; it has none", list, count > LISTED ? " and others" : "");
}
