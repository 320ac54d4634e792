/* SPDX-License-Identifier: Apache-2.0 */
#include "environment.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 8 };
static struct {
    const char *name;
    char *value; /* NULL: it was not set */
} kept[MOST];
static int count;

void environment_keep(const char *const *names)
{
    for (count = 0; names[count]; count++) {
        const char *value = getenv(names[count]);

        ck_assert_int_lt(count, MOST);
        kept[count].name = names[count];
        kept[count].value = value ? strdup(value) : NULL;
    }
}

void environment_restore(void)
{
    while (count > 0) {
        count--;
        if (kept[count].value)
            setenv(kept[count].name, kept[count].value, 1);
        else
            unsetenv(kept[count].name);
        free(kept[count].value);
    }
}
