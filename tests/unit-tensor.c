/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernels of the plugin nvidia, with the tensor core's instruction played in OpenCL C: fragments, indices,
 * rounding.
 *
 *   - Numbers that TF32 and bf16 hold exactly: results are those of the plugin vision in f32, but for the order of
 * sums.
 *   - Any numbers: results differ by what the solver states at most, and by a rounding's worth at least.
 */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

static const struct op_case cases[] = {
    OP_CASE("linear 70", "5,3,5,6", NULL),
    OP_CASE("linear 80 bias=no", "31,65", NULL),
    OP_CASE("matmul", "2,5,7 2,7,3", NULL),
    OP_CASE("matmul transpose_a=yes transpose_b=yes", "2,33,70 2,18,33", NULL),
    OP_CASE("matmul", "1,2,130,20 1,2,20,66", NULL),
    OP_CASE("conv2d 5 kernel=3 pad=1", "2,3,9,11", NULL),
    OP_CASE("conv2d 70 kernel=1 bias=no", "2,33,5,7", NULL),
    OP_CASE("conv2d 6 kernel=3 stride=2 pad=1 groups=2", "3,4,8,7", NULL),
    OP_CASE("conv2d 4 kernel=3 stride=3 pad=2 dilation=2", "2,5,10,9", NULL),
    OP_CASE("deconv2d 5 kernel=4 stride=2 pad=1", "2,3,5,4", NULL),
    /* channels that make long runs, all of them and all but two; groups of them; images smaller than a step */
    OP_CASE("conv2d 30 kernel=3 stride=2 pad=1", "2,32,6,5", NULL),
    OP_CASE("conv2d 64 kernel=3 pad=2 dilation=2 groups=2", "1,60,5,6", NULL),
    OP_CASE("conv2d 5 kernel=2", "9,6,3,3", NULL),
    { .flow = "h = a | conv2d 20 kernel=3 pad=1\n  y = h, a | add | relu",
      .inputs = "2,20,6,5",
      .flags = OP_NO_BACKWARD },
    /* what lies between is bf16 where that is allowed */
    { .flow = "h = a | conv2d 34 kernel=3 pad=1\n  y = h | conv2d 20 kernel=3 stride=2 pad=1", .inputs = "2,20,6,5" },
    { .flow = "h = a | conv2d 18 kernel=1\n  g = h | flatten\n  y = g | linear 20", .inputs = "2,20,6,5" },
};
enum { PRODUCT_CASE = 4, FEW_CHANNELS_CASE = 5, RUNS_CASE = 10, CASES = sizeof cases / sizeof cases[0] };

/* Which of the two, and what it may differ by. */
static const struct {
    enum fer_precision precision;
    const char *ending;
    double error, unit; /* half a unit in the last place of 1 */
} ways[] = { { FER_TF32, "_tf32", 0x1p-10, 0x1p-11 }, { FER_BF16, "_bf16", 0x1p-7, 0x1p-8 } };
enum { WAYS = 2 };

static void round_all(struct op_tensor *t)
{
    for (size_t k = 0; t->v && k < t->count; k++)
        t->v[k] = round(t->v[k] * 16) / 16; /* 5 bits */
}

static double distance(const struct op_tensor *ours, const struct op_tensor *theirs)
{
    double norm = 0;

    if (!ours->v || !theirs->v)
        return 0;
    for (size_t k = 0; k < theirs->count; k++)
        norm += theirs->v[k] * theirs->v[k];
    return norm > 0 ? op_distance(ours, theirs) : 0;
}

static void widen(double *largest, double error, const struct op_program *program, const char *what)
{
    ck_assert_msg(!isnan(error), "%s: %s is not a number", program->title, what);
    *largest = fmax(*largest, error);
}

/* The largest distance of any result of c with the solvers from that without. */
static double difference(const struct op_case *c, const struct op_device *device, const char *ending, bool exact)
{
    struct op_case plain = *c;
    struct op_program a, b;
    struct op_reference ours, theirs;
    double largest = 0;
    int used = 0;

    plain.without = FER_PASS_SOLVERS;
    plain.forced = NULL;
    op_program_compile(&a, c, device, false);
    op_program_compile(&b, &plain, device, false);
    for (int i = 0; i < a.flow->program->nsolved; i++) {
        const struct fer_solved *solved = a.flow->program->solved[i];
        char text[256];

        fer_solution_text(solved, &solved->solution, text, sizeof text);
        ck_assert_msg(strncmp(text, "emulated.", 9) == 0 && strstr(text, ending), "%s: %s %s is solved by %s", a.title,
                      solved->work, solved->shape, text);
        ck_assert(fer_solved_rounds(solved));
        used++;
    }
    ck_assert_int_ge(used, c->flags & OP_NO_BACKWARD ? 1 : 3); /* forward and both gradients */
    if (c->flags & OP_NO_BACKWARD)
        ck_assert_int_eq(a.flow->segment->count, 1); /* sum and activation are done, too */
    op_values_create(&a, a.capacity, &ours);
    op_values_draw(&a, &ours, 3);
    for (int i = 0; exact && i < ours.nin; i++)
        round_all(&ours.in[i]);
    for (int i = 0; exact && i < ours.nweights; i++)
        round_all(&ours.weight[i]);
    for (int i = 0; exact && i < ours.nout; i++)
        round_all(&ours.grad_out[i]);
    op_values_copy(&b, b.capacity, &ours, &theirs);
    op_program_run(&a, a.capacity, &ours);
    op_program_run(&b, b.capacity, &theirs);
    for (int i = 0; i < ours.nout; i++)
        widen(&largest, distance(&ours.out[i], &theirs.out[i]), &a, "an output");
    for (int i = 0; i < ours.nin; i++)
        widen(&largest, distance(&ours.grad_in[i], &theirs.grad_in[i]), &a, "the gradient of an input");
    for (int i = 0; i < ours.nweights; i++)
        widen(&largest, distance(&ours.grad_weight[i], &theirs.grad_weight[i]), &a, "the gradient of a weight");
    op_values_free(&ours);
    op_values_free(&theirs);
    op_program_free(&a);
    op_program_free(&b);
    return largest;
}

START_TEST(each_case)
{
    const int way = _i % WAYS;
    struct op_device device = op_device_open(FER_PROFILE_GPU);
    struct op_case c = cases[_i / WAYS];
    double exact, rounded;

    c.precision = ways[way].precision;
    /* what lies between operations is rounded there: to bf16, or by the second of them */
    if (c.call || (c.precision == FER_TF32 && c.flags & OP_NO_BACKWARD)) {
        exact = difference(&c, &device, ways[way].ending, true);
        ck_assert_msg(exact < 1e-6, "%s: %g away, with numbers that are exact", c.call ? c.call : c.flow, exact);
    }
    rounded = difference(&c, &device, ways[way].ending, false);
    ck_assert_msg(rounded <= ways[way].error && rounded > ways[way].unit / 8, "%s: %g away, where %g is stated",
                  c.call ? c.call : c.flow, rounded, ways[way].error);
    op_device_close(&device);
}
END_TEST

/* Tiles of 128, which such sizes do not get by themselves, by groups of both sizes: one problem after the other. */
enum { SIZES = 4 };
START_TEST(wide_tiles)
{
    static const int of[] = { PRODUCT_CASE, FEW_CHANNELS_CASE, RUNS_CASE };
    static const struct {
        int rows, columns, items;
    } sizes[] = { { 64, 128, 128 }, { 128, 64, 128 }, { 128, 128, 128 }, { 128, 128, 256 } };
    const int way = _i % WAYS, which = of[_i / WAYS / SIZES];
    const int rows = sizes[_i / WAYS % SIZES].rows, columns = sizes[_i / WAYS % SIZES].columns;
    const int items = sizes[_i / WAYS % SIZES].items;
    struct op_device device = op_device_open(FER_PROFILE_GPU);
    struct op_case c = cases[which];
    struct op_program first;

    c.precision = ways[way].precision;
    op_program_compile(&first, &c, &device, false);
    for (int k = 0; k < first.flow->program->nsolved; k++) {
        const struct fer_solved *solved = first.flow->program->solved[k];
        struct fer_forced forced = { solved->work, solved->shape, { .size = sizeof forced.solution } };
        struct op_case wide = c;
        char text[64];
        double error;

        snprintf(text, sizeof text, "emulated.%s%s rows=%d columns=%d items=%d",
                 which == PRODUCT_CASE ? "product" : "convolution", ways[way].ending, rows, columns, items);
        ck_assert_msg(fer_solution_parse(solved, text, &forced.solution), "%s is no solution", text);
        wide.forced = &forced;
        error = difference(&wide, &device, ways[way].ending, true);
        ck_assert_msg(error < 1e-6, "%s %s by %s: %g away", solved->work, solved->shape, text, error);
    }
    op_program_free(&first);
    op_device_close(&device);
}
END_TEST

/* Nothing rounds where it was not allowed. */
START_TEST(not_without_leave)
{
    struct op_device device = op_device_open(FER_PROFILE_GPU);
    struct op_case c = cases[0];
    struct op_program program;

    c.precision = _i ? FER_FP16 : FER_FP32;
    op_program_compile(&program, &c, &device, false);
    for (int i = 0; i < program.flow->program->nsolved; i++)
        ck_assert(!fer_solved_rounds(program.flow->program->solved[i]));
    op_program_free(&program);
    op_device_close(&device);
}
END_TEST

static void add_more(TCase *tcase)
{
    tcase_add_loop_test(tcase, each_case, 0, op_small() ? 2 * WAYS : CASES * WAYS);
    tcase_add_loop_test(tcase, wide_tiles, 0, op_small() ? 1 : 3 * SIZES * WAYS);
    tcase_add_loop_test(tcase, not_without_leave, 0, 2);
}

int main(void)
{
    const char *top = getenv("top_builddir"), *rest = getenv("FER_PLUGIN_PATH");
    char path[2 * PATH_MAX];

    snprintf(path, sizeof path, "%s/tests/tensor:%s", top ? top : ".", rest ? rest : "");
    setenv("FER_PLUGIN_PATH", path, 1);
    return op_main("tensor", NULL, 0, add_more);
}
