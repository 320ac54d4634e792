/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the planner puts tensors.  Nothing here touches a device.
 */
#include <stdlib.h>

#include "cases.h"
#include "plan-trial.h"

/* A chain of equal tensors needs two of them, however long it is. */
START_TEST(a_chain_needs_two_tensors)
{
    struct fer_tensor *last = NULL;

    for (int i = 0; i < 20; i++) {
        struct fer_tensor *next = kib("link", 4);

        step(next, last, NULL);
        last = next;
    }
    plan(0);
    ck_assert_uint_eq(program->arena_bytes, 8 * KIB);
    ck_assert_uint_eq(bound_of(), 8 * KIB);
    ck_assert_int_eq(program->narenas, 1);
    ck_assert_int_eq(program->nlaunches, 20);
    ck_assert_int_eq(program->tensors[3]->first, 3);
    ck_assert_int_eq(program->tensors[3]->last, 4);
}
END_TEST

/* Saved by forward, read by backward in the opposite order: all of them live at the turn. */
START_TEST(saved_tensors_live_until_backward)
{
    enum { DEPTH = 12 };
    struct fer_tensor *saved[DEPTH], *grad;
    size_t sum = 0;

    for (int i = 0; i < DEPTH; i++) {
        saved[i] = kib("saved", 4 + 3 * i % 5);
        sum += fer_tensor_bytes(saved[i]);
        step(saved[i], i ? saved[i - 1] : NULL, NULL);
    }
    grad = kib("grad", 4);
    step(grad, saved[DEPTH - 1], NULL);
    for (int i = DEPTH - 2; i >= 0; i--) {
        struct fer_tensor *next = kib("grad", 4);

        step(next, grad, saved[i]);
        grad = next;
    }
    plan(0);
    ck_assert_uint_eq(bound_of(), sum + 4 * KIB); /* with the first gradient */
    ck_assert_uint_ge(program->arena_bytes, bound_of());
    ck_assert_uint_le(program->arena_bytes, sum + 8 * KIB);
}
END_TEST

START_TEST(views_count_for_their_base)
{
    struct fer_tensor *a, *b, *c, *part;

    a = kib("a", 4);
    b = kib("b", 4);
    c = kib("c", 4);
    part = toy_view(program, "part", a, 512, TOY_DIMS(16, 32));
    step(a, NULL, NULL);
    step(b, NULL, NULL);
    step(c, b, part);
    plan(0);
    ck_assert_int_eq(a->last, 2);
    ck_assert_uint_eq(part->offset, a->offset + 512);
    ck_assert_uint_eq(program->arena_bytes, 12 * KIB);
}
END_TEST

/* What the host reads, and what two segments touch, is not shared with anything: segments run in any order. */
START_TEST(what_the_host_or_two_segments_touch_is_kept)
{
    struct fer_tensor *loss, *crossing, *inside;

    inside = kib("inside", 4);
    crossing = kib("crossing", 4);
    step(inside, NULL, NULL);
    step(crossing, inside, NULL);
    toy_segment(program, "two");
    loss = kib("loss", 4);
    loss->keep = true;
    step(loss, crossing, NULL);
    plan(0);
    ck_assert(loss->whole && crossing->whole && !inside->whole);
    ck_assert_uint_eq(program->arena_bytes, 12 * KIB);
}
END_TEST

/* What prepare needs for itself may be overwritten once it has run: it runs as a whole, before any other segment. */
START_TEST(prepare_shares_the_arena)
{
    struct fer_tensor *packed, *temporary, *a, *b;

    program->nsegments = 1;
    packed = toy_tensor(program, "packed", FER_STORAGE_PREPARED, 0, TOY_DIMS(256));
    temporary = kib("temporary", 4);
    step(temporary, NULL, NULL);
    step(packed, temporary, NULL);
    toy_segment(program, "main");
    a = kib("a", 4);
    b = kib("b", 4);
    step(a, packed, NULL);
    step(b, a, NULL);
    plan(0);
    ck_assert(!temporary->whole);
    ck_assert_uint_eq(program->arena_bytes, 8 * KIB);
}
END_TEST

/* A chain of in-place outputs, then a use of the second again or not. */
static void plan_in_place(bool read_later, struct fer_tensor *chain[3])
{
    struct fer_tensor *end;

    for (int i = 0; i < 3; i++) {
        chain[i] = kib("chain", 4);
        if (i > 0)
            chain[i]->in_place_of = chain[i - 1];
        step(chain[i], i ? chain[i - 1] : NULL, NULL);
    }
    end = kib("end", 4);
    step(end, chain[2], read_later ? chain[1] : NULL);
    plan(0);
}

START_TEST(in_place_is_granted)
{
    struct fer_tensor *chain[3];

    plan_in_place(false, chain);
    ck_assert(chain[1]->in_place && chain[2]->in_place);
    ck_assert_uint_eq(chain[0]->offset, chain[1]->offset);
    ck_assert_uint_eq(chain[1]->offset, chain[2]->offset);
    ck_assert_uint_eq(program->arena_bytes, 8 * KIB);
}
END_TEST

START_TEST(in_place_is_refused_while_needed)
{
    struct fer_tensor *chain[3];

    plan_in_place(true, chain);
    ck_assert(chain[1]->in_place && !chain[2]->in_place);
    ck_assert_uint_ne(chain[1]->offset, chain[2]->offset);
}
END_TEST

START_TEST(in_place_is_refused_for_a_second_and_a_smaller)
{
    struct fer_tensor *input, *first, *second, *small;
    struct fer_launch *launch;

    input = kib("input", 4);
    first = kib("first", 4);
    second = kib("second", 4);
    small = kib("small", 2);
    first->in_place_of = second->in_place_of = small->in_place_of = input;
    step(input, NULL, NULL);
    launch = step(small, input, NULL);
    toy_out(launch, "first", first);
    toy_out(launch, "second", second);
    plan(0);
    ck_assert_int_eq(first->in_place + second->in_place, 1);
    ck_assert(!small->in_place);
}
END_TEST

START_TEST(arenas_keep_within_the_limit)
{
    struct fer_launch *launch = toy_launch(program, "", "all");

    for (int i = 0; i < 8; i++)
        toy_out(launch, "x", kib("eighth", 3));
    plan(7 * KIB);
    ck_assert_int_eq(program->narenas, 4);
    for (int i = 0; i < program->narenas; i++)
        ck_assert_uint_eq(program->arenas[i], 6 * KIB);
    ck_assert_uint_eq(program->arena_bytes, 24 * KIB);
    plan(0);
    ck_assert_int_eq(program->narenas, 1);
}
END_TEST

START_TEST(a_tensor_too_large_says_by_how_much)
{
    step(kib("trunk.conv1 out", 6 * KIB), NULL, NULL);
    ck_assert_int_eq(fer_plan(program, (size_t)4 << 20, &err), FER_ENOMEM);
    ck_assert_says(err, "trunk.conv1 out");
    ck_assert_says(err, "6.0 MiB, 2.0 MiB more");
}
END_TEST

START_TEST(rows_come_in_order)
{
    struct fer_plan_totals totals;
    struct fer_plan_row *rows;
    struct fer_tensor *input, *a, *b;
    int count;

    input = toy_tensor(program, "input", FER_STORAGE_INPUT, 0, TOY_DIMS(100));
    a = kib("a", 8);
    b = kib("b", 4);
    kib("unused", 4);
    step(a, input, NULL);
    step(b, a, NULL);
    plan(0);
    ck_assert_fer(fer_plan_rows(program, &rows, &count, &totals, &err), err);
    ck_assert_int_eq(count, 3);
    ck_assert_ptr_eq(rows[0].tensor, a);
    ck_assert_uint_eq(rows[0].offset, 0);
    ck_assert_ptr_eq(rows[1].tensor, b);
    ck_assert_uint_eq(rows[1].offset, 8 * KIB);
    ck_assert_int_eq(rows[1].first, 1);
    ck_assert_int_eq(rows[2].arena, -1);
    ck_assert_uint_eq(totals.tensors, 12 * KIB);
    ck_assert_uint_eq(totals.bound, 12 * KIB);
    ck_assert_int_eq(totals.busiest, 1);
    ck_assert_uint_eq(totals.own, 400);
    free(rows);
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("plan", plan_set_up, plan_take_down);

    tcase_add_test(tests, a_chain_needs_two_tensors);
    tcase_add_test(tests, saved_tensors_live_until_backward);
    tcase_add_test(tests, views_count_for_their_base);
    tcase_add_test(tests, what_the_host_or_two_segments_touch_is_kept);
    tcase_add_test(tests, prepare_shares_the_arena);
    tcase_add_test(tests, in_place_is_granted);
    tcase_add_test(tests, in_place_is_refused_while_needed);
    tcase_add_test(tests, in_place_is_refused_for_a_second_and_a_smaller);
    tcase_add_test(tests, arenas_keep_within_the_limit);
    tcase_add_test(tests, a_tensor_too_large_says_by_how_much);
    tcase_add_test(tests, rows_come_in_order);
    return cases_run();
}
