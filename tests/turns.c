/* SPDX-License-Identifier: Apache-2.0 */
#include "turns.h"

#include "train/contest.h"

#include <stdlib.h>
#include <string.h>

/* A solution of one of a program's problems, with plain loops beside it. */
static void check_solution(const struct op_program *first, const struct fer_solved *solved,
                           const struct fer_solution *solution)
{
    const struct fer_forced forced = { solved->work, solved->shape, *solution };
    struct op_case c = *first->c;
    struct op_program program;
    c.forced = &forced;
    c.flags |= strstr(solved->pass, "backward") ? 0 : OP_NO_BACKWARD;
    op_program_compile(&program, &c, first->device, first->blocked);
    op_program_check(&program);
    op_program_free(&program);
}

void turns_check(const struct op_program *first, const struct fer_solved *solved, int solver)
{
    const struct fer_tunable *const *tunables = solved->solvers[solver]->tunables;
    struct fer_solution base = { .size = sizeof base, .solver = solver };
    fer_solution_default(solved->solvers[solver], &base);
    if (solver != solved->solution.solver)
        check_solution(first, solved, &base);
    for (int t = 0; tunables && tunables[t]; t++)
        for (int v = 1; v < tunables[t]->count; v++) {
            struct fer_solution turned = base;
            turned.values[t] = tunables[t]->values[v];
            check_solution(first, solved, &turned);
        }
}

int turns_compare(const struct op_program *program, const struct fer_solved *solved)
{
    struct fer_error err = FER_ERROR_INIT;
    struct fer_contest contest = {
        .problem = solved, .store = program->store, .capacity = program->capacity, .tunables = true, .everything = true
    };
    const enum fer_status status = fer_contest_run(&contest, &err);
    ck_assert_msg(status == FER_OK, "%s, %s %s: %s", program->title, solved->work, solved->shape, err.text);
    for (int i = 0; i < contest.count; i++)
        ck_assert_msg(!contest.entrants[i].refusal[0] && contest.entrants[i].error <= solved->tolerance,
                      "%s, %s %s, %s: %s", program->title, solved->work, solved->shape, contest.entrants[i].text,
                      contest.entrants[i].refusal);
    const int count = contest.count;
    fer_contest_free(&contest);
    return count;
}

void turns_set_lanes(bool wide)
{
    setenv("FER_VEC_LANES", wide ? "16" : "8", 1);
}
