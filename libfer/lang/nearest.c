/* SPDX-License-Identifier: Apache-2.0 */
#include <fer/host.h>
#include <string.h>

enum { LONGEST = 64 };

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Insertions, deletions, substitutions and swaps of neighbours count one each
 * (optimal string alignment); case does not count. */
static int distance(const char *a, int length_a, const char *b, int length_b)
{
    int rows[3][LONGEST + 1];

    for (int j = 0; j <= length_b; j++)
        rows[0][j] = j;
    for (int i = 1; i <= length_a; i++) {
        int *row = rows[i % 3];
        const int *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];

        row[0] = i;
        for (int j = 1; j <= length_b; j++) {
            char x = lower(a[i - 1]), y = lower(b[j - 1]);

            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == lower(b[j - 2]) && y == lower(a[i - 2]))
                row[j] = least(row[j], two_above[j - 2] + 1);
        }
    }
    return rows[length_a % 3][length_b];
}

const char *fer_nearest_name(const char *name, const char *const *names)
{
    size_t length = strlen(name);
    int best = (int)(length / 3) + 1;
    const char *nearest = NULL;

    if (length > LONGEST)
        return NULL;
    for (; *names; names++) {
        size_t other = strlen(*names);
        int far;

        if (other > LONGEST)
            continue;
        far = distance(name, (int)length, *names, (int)other);
        if (far < best) {
            best = far;
            nearest = *names;
        }
    }
    return nearest;
}
