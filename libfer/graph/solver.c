/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <string.h>

#include "graph/solver.h"

static bool is_word(const char *text)
{
    if (!text || !*text || strlen(text) > 64)
        return false;
    for (; *text; text++)
        if (!isalnum((unsigned char)*text) && *text != '_')
            return false;
    return true;
}

int fer_solver_tunables(const struct fer_solver *solver)
{
    int count = 0;
    while (solver->tunables && solver->tunables[count] && count <= FER_TUNABLES)
        count++;
    return count;
}

bool fer_solver_is_sound(const struct fer_solver *solver)
{
    if (!is_word(solver->name) || !solver->sources || fer_solver_tunables(solver) > FER_TUNABLES)
        return false;
    for (int i = 0; i < fer_solver_tunables(solver); i++)
        if (!is_word(solver->tunables[i]->name) || solver->tunables[i]->count < 1 || !solver->tunables[i]->values)
            return false;
    return true;
}

bool fer_solver_has(const struct fer_solver *solver, const char *source)
{
    for (const char *const *s = solver->sources; *s; s++)
        if (*s == source || strcmp(*s, source) == 0)
            return true;
    return false;
}
