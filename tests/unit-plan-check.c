/* SPDX-License-Identifier: Apache-2.0
 *
 * What the planner refuses, what its check notices, and many programs that pass it.
 */
#include "cases.h"
#include "plan-trial.h"

START_TEST(reading_before_writing_is_refused)
{
    struct fer_tensor *ghost;

    ghost = kib("ghost", 1);
    step(kib("out", 1), ghost, NULL);
    ck_assert_int_eq(fer_plan(program, 0, &err), FER_EINVAL);
    ck_assert_says(err, "reads a (ghost) before any launch has written it");
    ghost->keep_all = true;
    ck_assert_int_eq(fer_plan(program, 0, &err), FER_OK);
}
END_TEST

START_TEST(wrong_views_are_refused)
{
    struct fer_tensor *base = kib("base", 1), *view = toy_view(program, "view", base, 200, TOY_DIMS(57));
    struct fer_tensor *rows;

    program->capacity = 4;
    ck_assert_int_eq(fer_plan(program, 0, &err), FER_EINVAL);
    ck_assert_says(err, "ends after");
    view->view = 199;
    ck_assert_int_eq(fer_plan(program, 0, &err), FER_OK);
    view->view = SIZE_MAX;
    ck_assert_int_eq(fer_plan(program, 0, &err), FER_EINVAL);
    view->view = 0;
    toy_view(program, "second", view, 0, TOY_DIMS(1));
    ck_assert_int_eq(fer_plan(program, 0, &err), FER_EINVAL);
    ck_assert_says(err, "no view itself");
    program->ntensors--;
    rows = toy_tensor(program, "rows", FER_STORAGE_ARENA, 1, TOY_DIMS(5, 2));
    ck_assert_int_eq(fer_plan(program, 0, &err), FER_EINVAL);
    rows->shape.dim[0] = 4;
    ck_assert_int_eq(fer_plan(program, 0, &err), FER_OK);
}
END_TEST

/* The check itself can fail: a tensor moved over another that is still needed is noticed. */
START_TEST(the_check_notices_a_wrong_plan)
{
    struct fer_tensor *a, *b, *c;

    a = kib("a", 1);
    b = kib("b", 1);
    c = kib("c", 1);
    step(a, NULL, NULL);
    step(b, NULL, NULL);
    step(c, a, b);
    plan(0);
    b->offset = a->offset;
    ck_assert_int_eq(fer_plan_check(program, &err), FER_EINVAL);
    ck_assert_says(err, "overwritten");
    plan(0);
    c->offset = a->offset;
    ck_assert_int_eq(fer_plan_check(program, &err), FER_EINVAL);
    ck_assert_says(err, "another of its arguments");
    plan(0);
    c->offset += 1;
    ck_assert_int_eq(fer_plan_check(program, &err), FER_EINVAL);
    c->offset += 63 + 64 * 4;
    ck_assert_int_eq(fer_plan_check(program, &err), FER_EINVAL);
    ck_assert_says(err, "ends after its arena");
}
END_TEST

static unsigned draw(uint32_t *state, unsigned below)
{
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 8) % below;
}

/* Tensors of random sizes that read earlier ones, in random segments, some kept, some viewed, some in place. */
static void make_random(uint32_t seed)
{
    struct fer_tensor *made[160];
    int count = 0, total = 20 + (int)draw(&seed, 100);

    program = toy_program(1);
    toy_segment(program, "prepare");
    while (count < total) {
        struct fer_tensor *a = count ? made[draw(&seed, (unsigned)count)] : NULL;
        struct fer_tensor *b = count && draw(&seed, 2) ? made[count - 1] : NULL;
        struct fer_tensor *out = kib("random", 1 + (int)draw(&seed, 40));

        if (count == 3 || draw(&seed, 30) == 0)
            toy_segment(program, "more");
        out->keep = draw(&seed, 25) == 0;
        if (b && draw(&seed, 3) == 0) {
            out->in_place_of = b;
            out->shape = b->shape;
        }
        step(out, b && b != a ? b : NULL, a);
        made[count++] = out;
        if (draw(&seed, 6) == 0 && out->shape.dim[0] > 300) {
            made[count] = toy_view(program, "random view", out, 256, TOY_DIMS(out->shape.dim[0] - 256));
            count++;
        }
    }
}

/* Whose place a tensor has: its own, or that of what it is a view of or was granted. */
static const struct fer_tensor *root_of(const struct fer_tensor *tensor)
{
    while (tensor->base || tensor->in_place)
        tensor = tensor->base ? tensor->base : tensor->in_place_of;
    return tensor;
}

/* Two tensors that are alive at one launch and share bytes are an in-place pair (or a chain of them). */
static void assert_apart(void)
{
    for (int i = 0; i < program->ntensors; i++) {
        for (int j = 0; j < i; j++) {
            const struct fer_tensor *a = program->tensors[i], *b = program->tensors[j];
            bool meet = (a->whole || b->whole || (a->first <= b->last && b->first <= a->last));

            if (a->base || b->base || a->first < 0 || b->first < 0 || !meet || a->arena != b->arena ||
                root_of(a) == root_of(b))
                continue;
            ck_assert(4 * a->offset + fer_tensor_bytes(a) <= 4 * b->offset ||
                      4 * b->offset + fer_tensor_bytes(b) <= 4 * a->offset);
        }
    }
}

START_TEST(random_programs_are_planned_tightly_and_apart)
{
    size_t bound;

    make_random(0x5eed + (uint32_t)_i);
    plan(0);
    assert_apart();
    bound = bound_of();
    ck_assert_uint_ge(program->arena_bytes, bound);
    ck_assert_uint_le(program->arena_bytes, bound + bound / 2);
    plan(64 * KIB);
    assert_apart();
    for (int i = 0; i < program->narenas; i++)
        ck_assert_uint_le(program->arenas[i], 64 * KIB);
}
END_TEST

int main(void)
{
    TCase *check = cases_begin("check", plan_set_up, plan_take_down);
    TCase *random = cases_begin("random", NULL, plan_take_down);

    tcase_add_test(check, reading_before_writing_is_refused);
    tcase_add_test(check, wrong_views_are_refused);
    tcase_add_test(check, the_check_notices_a_wrong_plan);
    tcase_add_loop_test(random, random_programs_are_planned_tightly_and_apart, 0, 100);
    return cases_run();
}
