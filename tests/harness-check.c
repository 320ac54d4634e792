/* SPDX-License-Identifier: Apache-2.0
 *
 * What a device computes against what it ought to.
 */
#include "harness.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STEP 1e-5 /* of differences */
#define MOST 160  /* elements of a tensor whose differences are taken */

/* ---- comparisons ---- */

static void compare(const struct op_program *program, int live, const char *what, int i, const struct op_tensor *ours,
                    const struct op_tensor *theirs, double tolerance)
{
    const double distance = op_distance(ours, theirs);
    double largest = 0, worst = 0;
    size_t at = 0;
    for (size_t k = 0; k < theirs->count; k++) {
        largest = fmax(largest, fabs(theirs->v[k]));
        if (!(fabs(ours->v[k] - theirs->v[k]) <= worst)) {
            worst = fabs(ours->v[k] - theirs->v[k]);
            at = k;
        }
    }
    ck_assert_msg(distance <= tolerance && worst <= 30 * tolerance * fmax(largest, 1e-3),
                  "%s, live batch %d: %s %d differs by %.2g (at most %.2g); element %zu is %.9g and should be %.9g",
                  program->title, live, what, i, distance, tolerance, at, ours->v[at], theirs->v[at]);
}

static double tolerance_of(const struct op_case *c)
{
    return c->tolerance > 0 ? c->tolerance : 1e-5;
}

/* The reference's outputs weighted with the gradients of outputs. */
static double objective(const struct op_program *program, const struct op_reference *r)
{
    double sum = 0;
    for (int i = 0; i < r->nout; i++)
        memset(r->out[i].v, 0, r->out[i].count * sizeof(double));
    program->c->forward(r);
    for (int i = 0; i < r->nout; i++)
        for (size_t k = 0; k < r->out[i].count; k++)
            sum += r->grad_out[i].v[k] * r->out[i].v[k];
    return sum;
}

/* Compare the gradient of t, some of it when t is large. */
static void compare_differences(const struct op_program *program, int live, const struct op_reference *theirs,
                                const char *what, int i, const struct op_tensor *t, const struct op_tensor *ours,
                                uint64_t *state)
{
    struct op_tensor some = { .v = calloc(MOST, sizeof(double)) }, same = { .v = calloc(MOST, sizeof(double)) };
    const double here = objective(program, theirs);
    size_t kinks = 0, tried = t->count < MOST ? t->count : MOST;
    for (size_t k = 0; k < tried; k++) {
        const size_t at = t->count <= MOST ? k : (size_t)(op_random(state) * (double)t->count);
        const double value = t->v[at];
        t->v[at] = value + STEP;
        const double above = objective(program, theirs) - here;
        t->v[at] = value - STEP;
        const double below = here - objective(program, theirs);
        t->v[at] = value;
        if (fabs(above - below) > 0.02 * fmax(fabs(above), fabs(below)) && fabs(above - below) > 1e-8 * STEP) {
            kinks++;
            continue;
        }
        some.v[some.count++] = ours->v[at];
        same.v[same.count++] = (above + below) / (2 * STEP);
    }
    ck_assert_msg(kinks <= 4 + tried / 10, "%s: the reference has kinks at %zu of %zu elements of %s %d",
                  program->title, kinks, tried, what, i);
    compare(program, live, what, i, &some, &same, 3 * tolerance_of(program->c));
    free(some.v);
    free(same.v);
}

static void check_gradients(const struct op_program *program, int live, const struct op_reference *ours,
                            struct op_reference *theirs, uint64_t seed)
{
    if (program->c->backward)
        program->c->backward(theirs);
    for (int i = 0; i < ours->nin; i++) {
        if (!ours->grad_in[i].v || program->c->flags & OP_STOPPED)
            continue;
        ck_assert_msg(program->flow->grad_in[i] != NULL, "%s: input %d has no gradient", program->title, i);
        if (program->c->backward)
            compare(program, live, "gradient of input", i, &ours->grad_in[i], &theirs->grad_in[i],
                    2 * tolerance_of(program->c));
        else
            compare_differences(program, live, theirs, "gradient of input", i, &theirs->in[i], &ours->grad_in[i],
                                &seed);
    }
    for (int i = 0; i < ours->nweights; i++) {
        if (!ours->grad_weight[i].v)
            continue;
        if (program->c->backward)
            compare(program, live, "gradient of weight", i, &ours->grad_weight[i], &theirs->grad_weight[i],
                    2 * tolerance_of(program->c));
        else
            compare_differences(program, live, theirs, "gradient of weight", i, &theirs->weight[i],
                                &ours->grad_weight[i], &seed);
    }
}

static void check_run(const struct op_program *program, int live, const struct op_reference *ours, uint64_t seed)
{
    struct op_reference theirs;
    op_values_copy(program, live, ours, &theirs);
    program->c->forward(&theirs);
    for (int i = 0; i < ours->nout; i++)
        compare(program, live, "output", i, &ours->out[i], &theirs.out[i], tolerance_of(program->c));
    for (int i = 0; i < ours->nweights; i++)
        if (ours->moved[i].v)
            compare(program, live, "statistic", i, &ours->moved[i], &theirs.moved[i], tolerance_of(program->c));
    if (program->flow->backward)
        check_gradients(program, live, ours, &theirs, seed);
    op_values_free(&theirs);
}

static void check_equal(const struct op_program *program, const char *why, const char *what, int i,
                        const struct op_tensor *a, const struct op_tensor *b, bool rows)
{
    if (!a->v || !b->v || (rows && !a->batch))
        return;
    for (size_t k = 0; k < a->count; k++)
        ck_assert_msg(a->v[k] == b->v[k], "%s: element %zu of %s %d is %.9g and then %.9g: %s", program->title, k, what,
                      i, a->v[k], b->v[k], why);
}

/* rows: only those that `a` has, of tensors with a batch axis. */
static void check_same(const struct op_program *program, const char *why, const struct op_reference *a,
                       const struct op_reference *b, bool rows)
{
    for (int i = 0; i < a->nout; i++)
        check_equal(program, why, "output", i, &a->out[i], &b->out[i], rows);
    for (int i = 0; i < a->nin; i++)
        check_equal(program, why, "gradient of input", i, &a->grad_in[i], &b->grad_in[i], rows);
    for (int i = 0; i < a->nweights && !rows; i++) {
        check_equal(program, why, "gradient of weight", i, &a->grad_weight[i], &b->grad_weight[i], false);
        check_equal(program, why, "statistic", i, &a->moved[i], &b->moved[i], false);
    }
}

bool op_small(void)
{
    const char *small = getenv("FER_TEST_SMALL");
    return small && *small;
}

void op_program_check(struct op_program *program)
{
    const int live = program->capacity > 1 ? program->capacity - 1 : 1;
    struct op_reference part, whole, again, other;

    op_values_create(program, live, &part);
    op_values_draw(program, &part, 1);
    op_program_run(program, live, &part);
    check_run(program, live, &part, 1);
    if (op_small()) {
        op_values_free(&part);
        return;
    }

    op_values_create(program, program->capacity, &other);
    op_values_draw(program, &other, 2);
    op_program_run(program, program->capacity, &other);
    check_run(program, program->capacity, &other, 2);

    op_values_create(program, program->capacity, &whole);
    op_values_draw(program, &whole, 1);
    op_program_run(program, program->capacity, &whole);
    op_values_copy(program, program->capacity, &whole, &again);
    op_program_run(program, program->capacity, &again);
    check_same(program, "not reproducible", &whole, &again, false);
    if (!(program->c->flags & OP_COUPLED))
        check_same(program, "it depends on the live batch", &part, &whole, true);

    op_values_free(&part);
    op_values_free(&other);
    op_values_free(&whole);
    op_values_free(&again);
}

/* On a CPU layers that wish for a layout get blocked pictures, those that take any get both, the others plain ones. */
static bool wanted(const struct op_program *program)
{
    const struct fer_layer *layer = program->spec.graph->nops ? program->spec.graph->ops[0]->layer : NULL;
    bool pictures = false, wishes = layer && layer->layout, any = layer && layer->flags & FER_LAYER_ANY_LAYOUT;
    for (int i = 0; i < program->spec.ninputs; i++)
        pictures =
            pictures || (program->spec.inputs[i].shape.rank == 4 && program->spec.inputs[i].shape.dtype == FER_F32);
    if (program->device->device->profile == FER_PROFILE_GPU || !pictures)
        return !program->blocked;
    return program->blocked ? wishes || any : !wishes;
}

void op_check(const struct op_case *c)
{
    for (int profile = 0; profile < 2; profile++) {
        struct op_device device = op_device_open(profile ? FER_PROFILE_GPU : FER_PROFILE_CPU);
        for (int blocked = 0; blocked < 2; blocked++) {
            struct op_program program;
            op_program_resolve(&program, c, &device, blocked);
            if (wanted(&program)) {
                op_program_build(&program);
                op_program_check(&program);
            }
            op_program_free(&program);
        }
        op_device_close(&device);
    }
}

/* ---- suites ---- */

static const struct op_case *all_cases; /* set once, before any test runs */

START_TEST(against_reference)
{
    op_check(&all_cases[_i]);
}
END_TEST

int op_main(const char *name, const struct op_case *cases, int count, void (*more)(TCase *tcase))
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    all_cases = cases;
    tcase_add_loop_test(tcase, against_reference, 0, count);
    if (more)
        more(tcase);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* ---- two programs ---- */

static double norm_of(const struct op_tensor *a, const struct op_tensor *b)
{
    double sum = 0;
    for (size_t k = 0; a->v && k < a->count; k++)
        sum += pow(a->v[k] - (b ? b->v[k] : 0), 2);
    return sqrt(sum);
}

/* least: a norm below which a tensor counts as zero. */
static void near(const struct op_program *program, const char *what, int i, const struct op_tensor *ours,
                 const struct op_tensor *theirs, double least, double tolerance)
{
    if (!ours->v || !theirs->v)
        return;
    const double distance = norm_of(ours, theirs) / fmax(norm_of(theirs, NULL), least);
    ck_assert_msg(distance <= tolerance, "%s: %s %d differs by %.2g", program->title, what, i, distance);
}

void op_compare(const struct op_case *c, const struct op_case *other, const struct op_device *device, double tolerance)
{
    struct op_program a, b;
    struct op_reference ours, theirs;
    op_program_compile(&a, c, device, false);
    op_program_compile(&b, other, device, false);
    op_values_create(&a, a.capacity, &ours);
    op_values_draw(&a, &ours, 3);
    op_values_copy(&b, b.capacity, &ours, &theirs);
    op_program_run(&a, a.capacity, &ours);
    op_program_run(&b, b.capacity, &theirs);
    /* A bias before a convolution and a batch norm of training has no gradient but rounding. */
    double least = 0;
    for (int i = 0; i < theirs.nweights; i++)
        least = fmax(least, norm_of(&theirs.grad_weight[i], NULL) / 100);
    for (int i = 0; i < ours.nout; i++)
        near(&b, "output", i, &ours.out[i], &theirs.out[i], 1e-3, tolerance);
    for (int i = 0; i < ours.nin; i++)
        near(&b, "gradient of input", i, &ours.grad_in[i], &theirs.grad_in[i], 1e-3, tolerance);
    for (int i = 0; i < ours.nweights; i++) {
        near(&b, "gradient of weight", i, &ours.grad_weight[i], &theirs.grad_weight[i], least, tolerance);
        near(&b, "statistic", i, &ours.moved[i], &theirs.moved[i], 1e-3, tolerance);
    }
    op_values_free(&ours);
    op_values_free(&theirs);
    op_program_free(&a);
    op_program_free(&b);
}
