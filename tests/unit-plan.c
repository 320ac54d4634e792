/* SPDX-License-Identifier: Apache-2.0
 *
 * Shapes, sizes and the planner.  Nothing here touches a device.
 */
#include "toy.h"

#include <stdlib.h>
#include <string.h>

#define KIB 1024

/* ---- shapes and sizes ---- */

static struct fer_tensor make_tensor(enum fer_layout layout, int n, int c, int h, int w)
{
    struct fer_tensor tensor = { .shape = { .rank = 4, .dim = { n, c, h, w }, .batch = 1 }, .layout = layout };

    return tensor;
}

START_TEST(shape_counts)
{
    const struct fer_shape shape = { .rank = 4, .dim = { 8, 3, 5, 7 }, .batch = 1 }, scalar = { .rank = 0 };
    const struct fer_shape vast = { .rank = 5, .dim = { 1 << 30, 1 << 30, 1 << 30, 1, 1 } };
    const struct fer_shape hollow = { .rank = 3, .dim = { 1 << 30, 0, 1 << 30 } };

    ck_assert_uint_eq(fer_shape_count(&shape), 840);
    ck_assert_uint_eq(fer_shape_row(&shape), 105);
    ck_assert_uint_eq(fer_shape_count(&scalar), 1);
    ck_assert_uint_eq(fer_shape_count(&vast), SIZE_MAX);
    ck_assert_uint_eq(fer_shape_count(&hollow), 0);
}
END_TEST

START_TEST(shape_texts)
{
    const struct fer_shape image = { .rank = 4, .dim = { 8, 3, 5, 7 }, .batch = 1 };
    const struct fer_shape crops = { .rank = 2, .dim = { 80, 4 }, .batch = 10 };
    const struct fer_shape weight = { .rank = 3, .dim = { 64, 7, 7 } }, scalar = { .rank = 0 };
    char text[64], small[6];

    ck_assert_str_eq(fer_shape_text(&image, text, sizeof(text)), "N x 3 x 5 x 7");
    ck_assert_str_eq(fer_shape_text(&crops, text, sizeof(text)), "10N x 4");
    ck_assert_str_eq(fer_shape_text(&weight, text, sizeof(text)), "64 x 7 x 7");
    ck_assert_str_eq(fer_shape_text(&scalar, text, sizeof(text)), "scalar");
    ck_assert_str_eq(fer_shape_text(&weight, small, sizeof(small)), "64 x ");
}
END_TEST

START_TEST(shape_make)
{
    const struct fer_shape crops = { .dtype = FER_U8, .rank = 2, .dim = { 80, 4 }, .batch = 10 };
    struct fer_shape made = fer_shape_make(&crops, 3, (const int[]){ 2, 3, 4 }), other;

    ck_assert_int_eq(made.dtype, FER_F32);
    ck_assert_int_eq(made.rank, 4);
    ck_assert_int_eq(made.dim[0], 80);
    ck_assert_int_eq(made.dim[3], 4);
    ck_assert_int_eq(made.batch, 10);
    other = made;
    ck_assert(fer_shape_equal(&made, &other));
    other.dim[2]++;
    ck_assert(!fer_shape_equal(&made, &other));
    made = fer_shape_make(NULL, 2, (const int[]){ 5, 6 });
    ck_assert_int_eq(made.rank, 2);
    ck_assert_int_eq(made.batch, 0);
    made = fer_shape_make(&crops, 5, (const int[]){ 1, 1, 1, 1, 1 });
    ck_assert_uint_eq(fer_shape_count(&made), 0);
}
END_TEST

START_TEST(tensor_sizes)
{
    struct fer_tensor plain = make_tensor(FER_LAYOUT_PLAIN, 2, 17, 3, 5);
    struct fer_tensor blocked = make_tensor(FER_LAYOUT_BLOCKED, 2, 17, 3, 5);

    ck_assert_uint_eq(fer_tensor_size(&plain), 2 * 17 * 15);
    ck_assert_uint_eq(fer_tensor_size(&blocked), 2 * 32 * 15);
    ck_assert_uint_eq(fer_tensor_bytes(&blocked), 4 * 2 * 32 * 15);
    plain.shape.dtype = FER_U8;
    ck_assert_uint_eq(fer_tensor_bytes(&plain), 2 * 17 * 15);
}
END_TEST

START_TEST(extents)
{
    ck_assert_uint_eq(fer_extent_size((struct fer_extent){ .count = 100 }, 7), 100);
    ck_assert_uint_eq(fer_extent_size((struct fer_extent){ .count = 100, .divide = 16 }, 7), 7);
    ck_assert_uint_eq(fer_extent_size((struct fer_extent){ .count = 5, .divide = 4, .batch = 10 }, 3), 38);
    ck_assert_uint_eq(fer_extent_size((struct fer_extent){ .count = 5, .batch = 1 }, 0), 0);
    ck_assert_uint_eq(fer_extent_size((struct fer_extent){ .count = SIZE_MAX / 2, .batch = 3 }, 1), SIZE_MAX);
}
END_TEST

/* ---- places ---- */

static struct fer_tensor *kib(struct fer_program *program, const char *name, int size)
{
    return toy_tensor(program, name, FER_STORAGE_ARENA, 0, TOY_DIMS(size * KIB / 4));
}

/* A launch that writes `out` from up to two inputs. */
static struct fer_launch *step(struct fer_program *program, struct fer_tensor *out, struct fer_tensor *a,
                               struct fer_tensor *b)
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

static void plan(struct fer_program *program, size_t limit)
{
    struct fer_error err = FER_ERROR_INIT;

    ck_assert_fer(fer_plan(program, limit, &err), err);
    ck_assert_fer(fer_plan_check(program, &err), err);
}

static size_t bound_of(const struct fer_program *program)
{
    struct fer_error err = FER_ERROR_INIT;
    struct fer_plan_totals totals;
    struct fer_plan_row *rows;
    int count;

    ck_assert_fer(fer_plan_rows(program, &rows, &count, &totals, &err), err);
    free(rows);
    return totals.bound;
}

/* A chain of equal tensors needs two of them, however long it is. */
START_TEST(chain_alternates)
{
    struct fer_program *program = toy_program(1);
    struct fer_tensor *last = NULL;

    toy_segment(program, "prepare");
    toy_segment(program, "main");
    for (int i = 0; i < 20; i++) {
        struct fer_tensor *next = kib(program, "link", 4);

        step(program, next, last, NULL);
        last = next;
    }
    plan(program, 0);
    ck_assert_uint_eq(program->arena_bytes, 8 * KIB);
    ck_assert_uint_eq(bound_of(program), 8 * KIB);
    ck_assert_int_eq(program->narenas, 1);
    ck_assert_int_eq(program->nlaunches, 20);
    ck_assert_int_eq(program->tensors[3]->first, 3);
    ck_assert_int_eq(program->tensors[3]->last, 4);
    toy_free(program);
}
END_TEST

/* Saved by forward, read by backward in the opposite order: all of them live at the turn. */
START_TEST(training_shape)
{
    enum { DEPTH = 12 };
    struct fer_program *program = toy_program(1);
    struct fer_tensor *saved[DEPTH], *grad;
    size_t sum = 0;

    toy_segment(program, "prepare");
    toy_segment(program, "step");
    for (int i = 0; i < DEPTH; i++) {
        saved[i] = kib(program, "saved", 4 + 3 * i % 5);
        sum += fer_tensor_bytes(saved[i]);
        step(program, saved[i], i ? saved[i - 1] : NULL, NULL);
    }
    grad = kib(program, "grad", 4);
    step(program, grad, saved[DEPTH - 1], NULL);
    for (int i = DEPTH - 2; i >= 0; i--) {
        struct fer_tensor *next = kib(program, "grad", 4);

        step(program, next, grad, saved[i]);
        grad = next;
    }
    plan(program, 0);
    ck_assert_uint_ge(program->arena_bytes, bound_of(program));
    ck_assert_uint_le(program->arena_bytes, sum + 8 * KIB);
    toy_free(program);
}
END_TEST

START_TEST(views_count_for_their_base)
{
    struct fer_program *program = toy_program(1);
    struct fer_tensor *a, *b, *c, *part;

    toy_segment(program, "prepare");
    toy_segment(program, "main");
    a = kib(program, "a", 4);
    b = kib(program, "b", 4);
    c = kib(program, "c", 4);
    part = toy_view(program, "part", a, 512, TOY_DIMS(16, 32));
    step(program, a, NULL, NULL);
    step(program, b, NULL, NULL);
    step(program, c, b, part);
    plan(program, 0);
    ck_assert_int_eq(a->last, 2);
    ck_assert_uint_eq(part->offset, a->offset + 512);
    ck_assert_uint_eq(program->arena_bytes, 12 * KIB);
    toy_free(program);
}
END_TEST

/* What the host reads, and what two segments touch, is not shared with anything: segments run in any order. */
START_TEST(kept_for_the_whole_program)
{
    struct fer_program *program = toy_program(1);
    struct fer_tensor *loss, *crossing, *inside;

    toy_segment(program, "prepare");
    toy_segment(program, "one");
    inside = kib(program, "inside", 4);
    crossing = kib(program, "crossing", 4);
    step(program, inside, NULL, NULL);
    step(program, crossing, inside, NULL);
    toy_segment(program, "two");
    loss = kib(program, "loss", 4);
    loss->keep = true;
    step(program, loss, crossing, NULL);
    plan(program, 0);
    ck_assert(loss->whole && crossing->whole && !inside->whole);
    ck_assert_uint_eq(program->arena_bytes, 12 * KIB);
    toy_free(program);
}
END_TEST

/* What prepare needs for itself may be overwritten once it has run: it runs as a whole, before any other segment. */
START_TEST(prepare_shares_the_arena)
{
    struct fer_program *program = toy_program(1);
    struct fer_tensor *packed, *temporary, *a, *b;

    toy_segment(program, "prepare");
    packed = toy_tensor(program, "packed", FER_STORAGE_PREPARED, 0, TOY_DIMS(256));
    temporary = kib(program, "temporary", 4);
    step(program, temporary, NULL, NULL);
    step(program, packed, temporary, NULL);
    toy_segment(program, "main");
    a = kib(program, "a", 4);
    b = kib(program, "b", 4);
    step(program, a, packed, NULL);
    step(program, b, a, NULL);
    plan(program, 0);
    ck_assert(!temporary->whole);
    ck_assert_uint_eq(program->arena_bytes, 8 * KIB);
    toy_free(program);
}
END_TEST

/* in, then a chain of in-place outputs, then a use of the first again or not. */
static struct fer_program *in_place_program(bool read_later, struct fer_tensor *chain[3])
{
    struct fer_program *program = toy_program(1);
    struct fer_tensor *end;

    toy_segment(program, "prepare");
    toy_segment(program, "main");
    for (int i = 0; i < 3; i++) {
        chain[i] = kib(program, "chain", 4);
        if (i > 0)
            chain[i]->in_place_of = chain[i - 1];
        step(program, chain[i], i ? chain[i - 1] : NULL, NULL);
    }
    end = kib(program, "end", 4);
    step(program, end, chain[2], read_later ? chain[1] : NULL);
    return program;
}

START_TEST(in_place_granted)
{
    struct fer_tensor *chain[3];
    struct fer_program *program = in_place_program(false, chain);

    plan(program, 0);
    ck_assert(chain[1]->in_place && chain[2]->in_place);
    ck_assert_uint_eq(chain[0]->offset, chain[1]->offset);
    ck_assert_uint_eq(chain[1]->offset, chain[2]->offset);
    ck_assert_uint_eq(program->arena_bytes, 8 * KIB);
    toy_free(program);
}
END_TEST

START_TEST(in_place_refused_while_needed)
{
    struct fer_tensor *chain[3];
    struct fer_program *program = in_place_program(true, chain);

    plan(program, 0);
    ck_assert(chain[1]->in_place && !chain[2]->in_place);
    ck_assert_uint_ne(chain[1]->offset, chain[2]->offset);
    toy_free(program);
}
END_TEST

START_TEST(in_place_refused_for_a_second)
{
    struct fer_program *program = toy_program(1);
    struct fer_tensor *input, *first, *second, *small;
    struct fer_launch *launch;

    toy_segment(program, "prepare");
    toy_segment(program, "main");
    input = kib(program, "input", 4);
    first = kib(program, "first", 4);
    second = kib(program, "second", 4);
    small = kib(program, "small", 2);
    first->in_place_of = second->in_place_of = small->in_place_of = input;
    step(program, input, NULL, NULL);
    launch = step(program, small, input, NULL);
    toy_out(launch, "first", first);
    toy_out(launch, "second", second);
    plan(program, 0);
    ck_assert_int_eq(first->in_place + second->in_place, 1);
    ck_assert(!small->in_place);
    toy_free(program);
}
END_TEST

/* ---- limits ---- */

START_TEST(arenas_split)
{
    struct fer_program *program = toy_program(1);
    struct fer_launch *launch;

    toy_segment(program, "prepare");
    toy_segment(program, "main");
    launch = toy_launch(program, "", "all");
    for (int i = 0; i < 8; i++)
        toy_out(launch, "x", kib(program, "eighth", 3));
    plan(program, 7 * KIB);
    ck_assert_int_eq(program->narenas, 4);
    for (int i = 0; i < program->narenas; i++)
        ck_assert_uint_eq(program->arenas[i], 6 * KIB);
    ck_assert_uint_eq(program->arena_bytes, 24 * KIB);
    plan(program, 0);
    ck_assert_int_eq(program->narenas, 1);
    toy_free(program);
}
END_TEST

START_TEST(too_large_says_by_how_much)
{
    struct fer_program *program = toy_program(1);
    struct fer_error err = FER_ERROR_INIT;

    toy_segment(program, "prepare");
    toy_segment(program, "main");
    step(program, kib(program, "trunk.conv1 out", 6 * KIB), NULL, NULL);
    ck_assert_int_eq(fer_plan(program, (size_t)4 << 20, &err), FER_ENOMEM);
    ck_assert_says(err, "trunk.conv1 out");
    ck_assert_says(err, "6.0 MiB, 2.0 MiB more");
    toy_free(program);
}
END_TEST

/* ---- mistakes of a compiler ---- */

START_TEST(read_before_write)
{
    struct fer_program *program = toy_program(1);
    struct fer_error err = FER_ERROR_INIT;
    struct fer_tensor *ghost;

    toy_segment(program, "prepare");
    toy_segment(program, "main");
    ghost = kib(program, "ghost", 1);
    step(program, kib(program, "out", 1), ghost, NULL);
    ck_assert_int_eq(fer_plan(program, 0, &err), FER_EINVAL);
    ck_assert_says(err, "reads a (ghost) before any launch has written it");
    ghost->keep_all = true;
    ck_assert_int_eq(fer_plan(program, 0, &err), FER_OK);
    toy_free(program);
}
END_TEST

START_TEST(bad_views)
{
    struct fer_program *program = toy_program(4);
    struct fer_error err = FER_ERROR_INIT;
    struct fer_tensor *base = kib(program, "base", 1), *view = toy_view(program, "view", base, 200, TOY_DIMS(57));
    struct fer_tensor *rows;

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
    toy_free(program);
}
END_TEST

/* ---- many programs ---- */

static unsigned draw(uint32_t *state, unsigned below)
{
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 8) % below;
}

/* Tensors of random sizes that read earlier ones, in random segments, some kept, some viewed, some in place. */
static struct fer_program *random_program(uint32_t seed)
{
    struct fer_program *program = toy_program(1);
    struct fer_tensor *made[160];
    int count = 0, total = 20 + (int)draw(&seed, 100);

    toy_segment(program, "prepare");
    while (count < total) {
        struct fer_tensor *a = count ? made[draw(&seed, (unsigned)count)] : NULL;
        struct fer_tensor *b = count && draw(&seed, 2) ? made[count - 1] : NULL;
        struct fer_tensor *out = kib(program, "random", 1 + (int)draw(&seed, 40));

        if (count == 3 || draw(&seed, 30) == 0)
            toy_segment(program, "more");
        out->keep = draw(&seed, 25) == 0;
        if (b && draw(&seed, 3) == 0) {
            out->in_place_of = b;
            out->shape = b->shape;
        }
        step(program, out, b && b != a ? b : NULL, a);
        made[count++] = out;
        if (draw(&seed, 6) == 0 && out->shape.dim[0] > 300) {
            made[count] = toy_view(program, "random view", out, 256, TOY_DIMS(out->shape.dim[0] - 256));
            count++;
        }
    }
    return program;
}

/* Two tensors that are alive at one launch and share bytes are an in-place pair (or a chain of them). */
static void assert_apart(const struct fer_program *program)
{
    for (int i = 0; i < program->ntensors; i++) {
        for (int j = 0; j < i; j++) {
            const struct fer_tensor *a = program->tensors[i], *b = program->tensors[j];
            bool meet = (a->whole || b->whole || (a->first <= b->last && b->first <= a->last));

            if (a->base || b->base || a->first < 0 || b->first < 0 || !meet || a->arena != b->arena || a->in_place ||
                b->in_place)
                continue;
            ck_assert(4 * a->offset + fer_tensor_bytes(a) <= 4 * b->offset ||
                      4 * b->offset + fer_tensor_bytes(b) <= 4 * a->offset);
        }
    }
}

START_TEST(random_programs)
{
    struct fer_program *program = random_program(0x5eed + (uint32_t)_i);
    size_t bound;

    plan(program, 0);
    assert_apart(program);
    bound = bound_of(program);
    ck_assert_uint_ge(program->arena_bytes, bound);
    ck_assert_uint_le(program->arena_bytes, bound + bound / 2);
    plan(program, 64 * KIB);
    assert_apart(program);
    for (int i = 0; i < program->narenas; i++)
        ck_assert_uint_le(program->arenas[i], 64 * KIB);
    toy_free(program);
}
END_TEST

/* The check itself can fail: a tensor moved over another that is still needed is noticed. */
START_TEST(check_notices)
{
    struct fer_program *program = toy_program(1);
    struct fer_error err = FER_ERROR_INIT;
    struct fer_tensor *a, *b, *c;

    toy_segment(program, "prepare");
    toy_segment(program, "main");
    a = kib(program, "a", 1);
    b = kib(program, "b", 1);
    c = kib(program, "c", 1);
    step(program, a, NULL, NULL);
    step(program, b, NULL, NULL);
    step(program, c, a, b);
    plan(program, 0);
    b->offset = a->offset;
    ck_assert_int_eq(fer_plan_check(program, &err), FER_EINVAL);
    ck_assert_says(err, "overwritten");
    plan(program, 0);
    c->offset = a->offset;
    ck_assert_int_eq(fer_plan_check(program, &err), FER_EINVAL);
    ck_assert_says(err, "another of its arguments");
    plan(program, 0);
    c->offset += 1;
    ck_assert_int_eq(fer_plan_check(program, &err), FER_EINVAL);
    c->offset += 63 + 64 * 4;
    ck_assert_int_eq(fer_plan_check(program, &err), FER_EINVAL);
    ck_assert_says(err, "ends after its arena");
    toy_free(program);
}
END_TEST

START_TEST(rows_in_order)
{
    struct fer_program *program = toy_program(1);
    struct fer_error err = FER_ERROR_INIT;
    struct fer_plan_totals totals;
    struct fer_plan_row *rows;
    struct fer_tensor *input, *a, *b;
    int count;

    toy_segment(program, "prepare");
    toy_segment(program, "main");
    input = toy_tensor(program, "input", FER_STORAGE_INPUT, 0, TOY_DIMS(100));
    a = kib(program, "a", 8);
    b = kib(program, "b", 4);
    kib(program, "unused", 4);
    step(program, a, input, NULL);
    step(program, b, a, NULL);
    plan(program, 0);
    ck_assert_fer(fer_plan_rows(program, &rows, &count, &totals, &err), err);
    ck_assert_int_eq(count, 3);
    ck_assert_ptr_eq(rows[0].tensor, a);
    ck_assert_uint_eq(rows[0].offset, 0);
    ck_assert_uint_eq(rows[1].offset, 8 * KIB);
    ck_assert_int_eq(rows[1].first, 1);
    ck_assert_int_eq(rows[2].arena, -1);
    ck_assert_uint_eq(totals.tensors, 12 * KIB);
    ck_assert_uint_eq(totals.bound, 12 * KIB);
    ck_assert_int_eq(totals.busiest, 1);
    ck_assert_uint_eq(totals.own, 400);
    free(rows);
    toy_free(program);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("plan");
    TCase *sizes = tcase_create("sizes"), *places = tcase_create("places"), *random = tcase_create("random");
    SRunner *runner;
    int failed;

    tcase_add_test(sizes, shape_counts);
    tcase_add_test(sizes, shape_texts);
    tcase_add_test(sizes, shape_make);
    tcase_add_test(sizes, tensor_sizes);
    tcase_add_test(sizes, extents);
    tcase_add_test(places, chain_alternates);
    tcase_add_test(places, training_shape);
    tcase_add_test(places, views_count_for_their_base);
    tcase_add_test(places, kept_for_the_whole_program);
    tcase_add_test(places, prepare_shares_the_arena);
    tcase_add_test(places, in_place_granted);
    tcase_add_test(places, in_place_refused_while_needed);
    tcase_add_test(places, in_place_refused_for_a_second);
    tcase_add_test(places, arenas_split);
    tcase_add_test(places, too_large_says_by_how_much);
    tcase_add_test(places, read_before_write);
    tcase_add_test(places, bad_views);
    tcase_add_test(places, check_notices);
    tcase_add_test(places, rows_in_order);
    tcase_add_loop_test(random, random_programs, 0, 100);
    suite_add_tcase(suite, sizes);
    suite_add_tcase(suite, places);
    suite_add_tcase(suite, random);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
