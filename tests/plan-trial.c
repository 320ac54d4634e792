/* SPDX-License-Identifier: Apache-2.0 */
#include "plan-trial.h"

#include <stdlib.h>

struct fer_program *program;
struct fer_error err;

void plan_set_up(void)
{
    err = (struct fer_error)FER_ERROR_INIT;
    program = toy_program(1);
    toy_segment(program, "prepare");
    toy_segment(program, "main");
}

void plan_take_down(void)
{
    toy_free(program);
}

struct fer_tensor *kib(const char *name, int size)
{
    return toy_tensor(program, name, FER_STORAGE_ARENA, 0, TOY_DIMS(size * KIB / 4));
}

struct fer_launch *step(struct fer_tensor *out, struct fer_tensor *a, struct fer_tensor *b)
{
    struct fer_launch *launch = toy_launch(program, "", "step");

    launch->label = out->name;
    if (a)
        toy_in(launch, "a", a);
    if (b)
        toy_in(launch, "b", b);
    toy_out(launch, "out", out);
    return launch;
}

void plan(size_t limit)
{
    ck_assert_fer(fer_plan(program, limit, &err), err);
    ck_assert_fer(fer_plan_check(program, &err), err);
}

size_t bound_of(void)
{
    struct fer_plan_totals totals;
    struct fer_plan_row *rows;
    int count;

    ck_assert_fer(fer_plan_rows(program, &rows, &count, &totals, &err), err);
    free(rows);
    return totals.bound;
}
