/* SPDX-License-Identifier: Apache-2.0 */
#include "synthface.h"

#include <stdio.h>

#define NAME(name) #name,
static const char *const code_names[] = { SYNTHFACE_CODES(NAME) };
#undef NAME

#define POINTS(name, count) { #name, count },
static const struct {
    const char *name;
    int count;
} point_lists[] = { SYNTHFACE_POINTS(POINTS) };
#undef POINTS

int synthface_geometry(void)
{
    int points = 0;
    for (size_t i = 0; i < sizeof point_lists / sizeof *point_lists; i++)
        points += point_lists[i].count;
    return 2 * points;
}

enum fer_status synthface_options(char *text, size_t size, int lanes, struct fer_error *err)
{
    int used = lanes == 1 ? snprintf(text, size, "-DLANES=1 -DV=float -DVI=int")
                          : snprintf(text, size, "-DLANES=%d -DV=float%d -DVI=int%d", lanes, lanes, lanes);
    for (int i = 0; i < SYNTHFACE_CODE_COUNT && used > 0 && (size_t)used < size; i++)
        used += snprintf(text + used, size - (size_t)used, " -DC_%s=%d", code_names[i], i);
    int first = 0;
    for (size_t i = 0; i < sizeof point_lists / sizeof *point_lists && used > 0 && (size_t)used < size; i++) {
        used += snprintf(text + used, size - (size_t)used, " -DP_%s=%d -DN_%s=%d", point_lists[i].name, first,
                         point_lists[i].name, point_lists[i].count);
        first += point_lists[i].count;
    }
    if (used < 0 || (size_t)used >= size)
        return fer_fail(err, FER_EINVAL, "synthface: the compiler options of the kernels do not fit %zu characters",
                        size);
    return FER_OK;
}
