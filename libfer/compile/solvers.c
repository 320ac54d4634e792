/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/emit.h"
#include "graph/registry.h"
#include "compile/solvers.h"

#include <string.h>

struct finding {
    struct fer_emit *em;
    const struct fer_problem *problem;
    const char *wanted; /* only this one of the added; NULL: all … */
    bool preferred;     /* … that are, or that are not */
    const struct fer_solver **solvers;
    const struct fer_added_solver **added;
    const char **names;
    int count, solver_capacity, added_capacity, name_capacity;
    bool failed; /* out of memory */
};

static void append(struct finding *f, const struct fer_solver *solver, const struct fer_added_solver *added,
                   const char *name)
{
    struct fer_arena *arena = f->em->c->program->arena;
    const struct fer_solver **solvers =
        fer_arena_grow(arena, f->solvers, f->count, &f->solver_capacity, sizeof(*solvers));
    const struct fer_added_solver **others =
        fer_arena_grow(arena, f->added, f->count, &f->added_capacity, sizeof(*others));
    const char **names = fer_arena_grow(arena, f->names, f->count, &f->name_capacity, sizeof(*names));
    if (!solvers || !others || !names || !name) {
        f->failed = true;
        return;
    }
    f->solvers = solvers;
    f->added = others;
    f->names = names;
    solvers[f->count] = solver;
    others[f->count] = added;
    names[f->count] = name;
    f->count += solver != NULL;
}

static void consider(void *user, const struct fer_plugin *plugin, const struct fer_added_solver *added)
{
    struct finding *f = user;
    const char *name = fer_arena_printf(f->em->c->program->arena, "%s.%s", plugin->name, added->solver->name);
    if (f->wanted ? !name || strcmp(name, f->wanted) != 0 : added->preferred != f->preferred)
        return;
    if (added->products <= fer_emit_products(f->em) && added->applicable(f->em, f->problem->detail))
        append(f, added->solver, added, name);
}

static void add_others(struct finding *f, bool preferred)
{
    f->preferred = preferred;
    fer_registry_solvers(f->em->c->graph->description->registry, f->problem->kind, consider, f);
}

static bool has_own(const struct fer_problem *p, const char *name)
{
    for (int i = 0; p->solvers[i]; i++)
        if (strcmp(p->solvers[i]->name, name) == 0)
            return true;
    return false;
}

enum fer_status fer_solvers_find(struct fer_emit *em, const struct fer_problem *p, struct fer_solved *solved)
{
    const bool tells = p->size >= offsetof(struct fer_problem, wanted) + sizeof(p->wanted); /* else it is older */
    const bool without = em->c->options && em->c->options->without & FER_PASS_SOLVERS;
    bool open = tells && !without && p->kind != FER_PROBLEM_OTHER && em->c->graph->description->registry;
    struct finding f = { .em = em, .problem = p, .wanted = tells ? p->wanted : NULL };

    if (f.wanted && has_own(p, f.wanted))
        open = false;
    if (open && f.wanted)
        add_others(&f, false);
    const bool alone = f.count > 0;
    f.wanted = NULL;
    if (open && !alone)
        add_others(&f, true);
    solved->first_own = f.count;
    for (int i = 0; p->solvers[i] && !alone; i++)
        append(&f, p->solvers[i], NULL, p->solvers[i]->name);
    solved->plainest = f.count - 1;
    if (open && !alone)
        add_others(&f, false);
    append(&f, NULL, NULL, ""); /* the end */
    solved->solvers = f.solvers;
    solved->added = f.added;
    solved->names = f.names;
    solved->nsolvers = f.count;
    solved->kind = tells ? p->kind : FER_PROBLEM_OTHER;
    return f.failed ? FER_ENOMEM : FER_OK;
}
