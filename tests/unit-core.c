/* SPDX-License-Identifier: Apache-2.0
 *
 * The core's own kernels against their arithmetic, on programs made by hand: norms and clipping, the loss scale, what
 * is collected, added up and copied.  Those of both profiles, which differ by -DSHARED.
 */
#include "cases.h"
#include "exec-trial.h"

#include <math.h>
#include <string.h>

#include "core_cl.h"

static void inout(struct fer_launch *launch, const char *name, struct fer_tensor *tensor)
{
    toy_pass(launch, name, tensor, FER_ACCESS_READ | FER_ACCESS_WRITE);
}

static void integer(struct fer_launch *launch, int value)
{
    toy_arg(launch, FER_ARG_INT)->i = value;
}

static void number(struct fer_launch *launch, double value)
{
    toy_arg(launch, FER_ARG_FLOAT)->f = (float)value;
}

/* A kernel of `items` work-items, or with `shared` of so many work-groups of 64. */
static struct fer_launch *launch_core(const char *kernel, size_t items, bool shared)
{
    struct fer_launch *launch = toy_launch(program, fer_core_cl, kernel);

    launch->options = shared ? "-DSHARED" : NULL;
    toy_range(launch, shared ? items * 64 : items, 0, shared ? 64 : 0);
    return launch;
}

/* ---- the norm of gradients, and clipping ---- */

enum { LONG = 1000, SHORT = 33, SLICES = 7, MORE = 3 };

/* Sums of squares of slices of equal length, the last one shorter; several runs one behind the other. */
START_TEST(norms_are_clipped)
{
    static const float control[4] = { 0.1f, 0.5f, 7, 1 };
    const bool shared = _i > 0;
    struct fer_tensor *x = input("x", 0, TOY_DIMS(LONG, 0)), *z = input("z", 0, TOY_DIMS(SHORT, 0)),
                      *parts = input("parts", 0, TOY_DIMS(SLICES + MORE, 0));
    struct fer_tensor *state = input("control", 0, TOY_DIMS(4, 0)), *norm[2], *out[2];
    float values[LONG], back[SLICES + MORE];
    double sums[SLICES + MORE] = { 0 }, all = 0;
    struct fer_launch *l = launch_core("sum_squares", SLICES, shared);

    toy_in(l, "x", x);
    inout(l, "parts", parts);
    integer(l, 0);
    integer(l, SLICES);
    l = launch_core("sum_squares", MORE, shared);
    toy_in(l, "x", z);
    inout(l, "parts", parts);
    integer(l, SLICES);
    integer(l, MORE);
    for (int k = 0; k < 2; k++) { /* below the bound, and above it */
        norm[k] = kept("norm", 0, TOY_DIMS(1, 0));
        out[k] = kept("out", 0, TOY_DIMS(4, 0));
        l = launch_core("clip", 1, shared);
        toy_in(l, "parts", parts);
        toy_in(l, "control", state);
        toy_out(l, "norm", norm[k]);
        toy_out(l, "out", out[k]);
        integer(l, SLICES + MORE);
        number(l, k ? 2.5 : 1000);
    }
    start(true);
    for (int i = 0; i < LONG; i++) {
        values[i] = (float)(i % 23) / 8 - 1;
        sums[i / ((LONG + SLICES - 1) / SLICES)] += pow((double)values[i], 2);
        if (i < SHORT)
            sums[SLICES + i / ((SHORT + MORE - 1) / MORE)] += pow((double)values[i], 2);
    }
    write_floats(x, values, LONG);
    write_floats(z, values, SHORT);
    write_floats(state, control, 4);
    run();
    read_floats(parts, back, SLICES + MORE);
    for (int k = 0; k < SLICES + MORE; k++) {
        ck_assert_double_eq_tol((double)back[k], sums[k], 1e-5 * sums[k]);
        all += sums[k];
    }
    const double length = sqrt(all) * 0.5; /* gradients count with the factor of control */
    ck_assert_double_gt(length, 2.5);
    for (int k = 0; k < 2; k++) {
        read_floats(norm[k], back, 1);
        ck_assert_double_eq_tol((double)back[0], length, 1e-5 * length);
        read_floats(out[k], back, 4);
        ck_assert(back[0] == control[0] && back[2] == control[2] && back[3] == control[3]);
        ck_assert_double_eq_tol((double)back[1], k ? 0.5 * 2.5 / length : 0.5, 1e-6);
    }
}
END_TEST

/* ---- the loss scale: halved by what is not finite, doubled after three updates without ---- */

START_TEST(the_scale_follows)
{
    static const struct {
        float begin[4], part;
        float end[4]; /* to come, used, broken, since */
    } steps[] = {
        { { 1024, 0, 0, 0 }, 1, { 1024, 1024, 0, 1 } },
        { { 1024, 0, 0, 1 }, 1, { 1024, 1024, 0, 2 } },
        { { 1024, 0, 1, 2 }, 1, { 2048, 1024, 0, 0 } },
        { { 1024, 0, 0, 2 }, INFINITY, { 512, 1024, 1, 0 } },
        { { 1024, 0, 0, 0 }, NAN, { 512, 1024, 1, 0 } },
        { { 0x1p24f, 0, 0, 2 }, 1, { 0x1p24f, 0x1p24f, 0, 0 } },
        { { 0x1p-24f, 0, 0, 1 }, INFINITY, { 0x1p-24f, 0x1p-24f, 1, 0 } },
    };
    struct fer_tensor *parts = input("parts", 0, TOY_DIMS(70, 0)), *state = input("state", 0, TOY_DIMS(4, 0)),
                      *seed = kept("seed", 0, TOY_DIMS(1, 0));
    struct fer_launch *l = launch_core("rescale", 1, _i > 0);
    float values[70] = { 0 }, back[4];

    toy_in(l, "parts", parts);
    inout(l, "state", state);
    integer(l, 70);
    number(l, 3);
    l = launch_core("scale_seed", 1, false);
    toy_in(l, "state", state);
    toy_out(l, "seed", seed);
    number(l, 0.25);
    start(true);
    for (size_t k = 0; k < sizeof(steps) / sizeof(*steps); k++) {
        values[68] = steps[k].part;
        write_floats(parts, values, 70);
        write_floats(state, steps[k].begin, 4);
        run();
        read_floats(state, back, 4);
        for (int i = 0; i < 4; i++)
            ck_assert_msg(back[i] == steps[k].end[i], "step %zu: number %d is %g, not %g", k, i, (double)back[i],
                          (double)steps[k].end[i]);
        read_floats(seed, back, 1);
        ck_assert_float_eq(back[0], steps[k].end[0] / 4);
    }
}
END_TEST

/* An update divides by the scale that was used; one that is skipped has not been one. */
START_TEST(what_is_skipped_does_not_count)
{
    static const float control[4] = { 0.1f, 3, 9, 0 };
    static const struct {
        float begin[6], end, out[4]; /* end: how often update 1 was skipped */
    } steps[] = {
        { { 512, 1024, 0, 1, 4, 2 }, 2, { 0.1f, 3.0f / 1024, 7, 0 } },
        { { 512, 1024, 1, 0, 4, 2 }, 3, { 0.1f, 3.0f / 1024, 7, 1 } },
    };
    struct fer_tensor *in = input("control", 0, TOY_DIMS(4, 0)), *state = input("state", 0, TOY_DIMS(6, 0)),
                      *out = kept("out", 0, TOY_DIMS(4, 0));
    struct fer_launch *l = launch_core("unscale", 1, false);
    float back[6];

    toy_in(l, "control", in);
    inout(l, "state", state);
    toy_out(l, "out", out);
    integer(l, 5);
    start(true);
    write_floats(in, control, 4);
    for (size_t k = 0; k < sizeof(steps) / sizeof(*steps); k++) {
        write_floats(state, steps[k].begin, 6);
        run();
        read_floats(out, back, 4);
        ck_assert_mem_eq(back, steps[k].out, sizeof(steps[k].out));
        read_floats(state, back, 6);
        ck_assert_float_eq(back[5], steps[k].end);
        ck_assert_mem_eq(back, steps[k].begin, 5 * sizeof(float));
    }
    float still[4] = { 0.1f, 3, 9, 1 }; /* told so from outside */
    write_floats(in, still, 4);
    write_floats(state, steps[0].begin, 6);
    run();
    read_floats(out, back, 4);
    ck_assert_float_eq(back[3], 1);
}
END_TEST

/* ---- what is added up, collected, copied, taken ---- */

START_TEST(a_mean_counts_by_its_samples)
{
    struct fer_tensor *loss = input("loss", 0, TOY_DIMS(1, 0)), *x = input("x", 1, TOY_DIMS(4, 2)),
                      *sums = input("sums", 0, TOY_DIMS(2, 0));
    struct fer_tensor *all = input("all", 0, TOY_DIMS(3, 0));
    struct fer_launch *l = launch_core("mean_add", 1, false);
    float back[3];

    toy_in(l, "loss", loss);
    toy_in(l, "x", x);
    inout(l, "sums", sums);
    l = launch_core("collect", 1, false);
    toy_in(l, "x", loss);
    inout(l, "y", all);
    integer(l, 2);
    start(true);
    write_floats(all, (const float[]){ 5, 6, 7 }, 3);
    write_floats(sums, (const float[]){ 0, 0 }, 2);
    for (int n = 4; n > 1; n--) { /* 4, 3 and 2 samples */
        ck_assert_fer(fer_exec_batch(executor, n, &err), err);
        write_floats(loss, &(float){ 0.5f * (float)n }, 1);
        run();
    }
    read_floats(sums, back, 2);
    ck_assert_float_eq(back[0], 0.5f * (16 + 9 + 4));
    ck_assert_float_eq(back[1], 9);
    read_floats(all, back, 3);
    ck_assert(back[0] == 5 && back[1] == 6 && back[2] == 1);
}
END_TEST

enum { COPIED = 27 };
START_TEST(copies_are_scaled_and_added)
{
    struct fer_tensor *x = input("x", 0, TOY_DIMS(COPIED, 0)), *y = input("y", 0, TOY_DIMS(COPIED, 0));
    struct fer_launch *l = launch_core("copy", (COPIED + 3) / 4, false);
    float values[COPIED], back[COPIED];

    toy_in(l, "x", x);
    inout(l, "y", y);
    number(l, 0.25);
    integer(l, _i);
    start(true);
    for (int i = 0; i < COPIED; i++)
        values[i] = (float)(i + 1);
    write_floats(x, values, COPIED);
    write_floats(y, values, COPIED);
    run();
    read_floats(y, back, COPIED);
    for (int i = 0; i < COPIED; i++)
        ck_assert_float_eq(back[i], values[i] * 0.25f + (_i ? values[i] : 0));
}
END_TEST

enum { TAKEN = 150, SPANS = 3 }; /* elements of a row, and runs of 64 of them */
START_TEST(rows_are_taken)
{
    static const int32_t which[3] = { 3, 0, 3 };
    struct fer_tensor *x = input("x", 0, TOY_DIMS(4, TAKEN)), *rows = input("rows", 0, TOY_DIMS(3, 0)),
                      *y = kept("y", 0, TOY_DIMS(3, TAKEN));
    struct fer_launch *l = launch_core("take_rows", 3 * SPANS, false);
    float values[4 * TAKEN], back[3 * TAKEN];

    rows->shape.dtype = FER_I32;
    toy_in(l, "x", x);
    toy_in(l, "rows", rows);
    toy_out(l, "y", y);
    start(true);
    for (int i = 0; i < 4 * TAKEN; i++)
        values[i] = (float)i;
    write_floats(x, values, 4 * TAKEN);
    ck_assert_fer(fer_exec_write(executor, rows, which, sizeof(which), &err), err);
    run();
    read_floats(y, back, 3 * TAKEN);
    for (int i = 0; i < 3 * TAKEN; i++)
        ck_assert_float_eq(back[i], values[which[i / TAKEN] * TAKEN + i % TAKEN]);
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("kernels", exec_set_up, exec_take_down);

    tcase_add_loop_test(tests, norms_are_clipped, 0, 2);
    tcase_add_loop_test(tests, the_scale_follows, 0, 2);
    tcase_add_test(tests, what_is_skipped_does_not_count);
    tcase_add_test(tests, a_mean_counts_by_its_samples);
    tcase_add_loop_test(tests, copies_are_scaled_and_added, 0, 2);
    tcase_add_test(tests, rows_are_taken);
    return cases_run();
}
