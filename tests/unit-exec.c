/* SPDX-License-Identifier: Apache-2.0
 *
 * The executor: launches, the live batch, prepare, local memory and profiles, on programs made by hand.
 */
#include <math.h>
#include <stdlib.h>

#include "cases.h"
#include "exec-trial.h"
#include "run/build.h"

START_TEST(launches_follow_one_another)
{
    struct fer_tensor *in = input("in", 0, TOY_DIMS(10));
    struct fer_tensor *middle = toy_tensor(program, "middle", FER_STORAGE_ARENA, 0, TOY_DIMS(10));
    struct fer_tensor *out = kept("out", 0, TOY_DIMS(10));
    float values[10], back[10];

    add_axpy(in, middle, 2, 1, 10);
    add_axpy(middle, out, -3, 5, 10);
    start(false);
    for (int i = 0; i < 10; i++)
        values[i] = (float)i;
    write_floats(in, values, 10);
    run();
    read_floats(out, back, 10);
    for (int i = 0; i < 10; i++)
        ck_assert_float_eq(back[i], -3 * (2 * (float)i + 1) + 5);
    ck_assert_int_eq(fer_program_cache_count(device->cache), 1);
    ck_assert_uint_eq(fer_exec_bytes(executor), 40 + program->arena_bytes);
}
END_TEST

START_TEST(kernels_see_the_live_batch)
{
    struct fer_tensor *in = input("in", 1, TOY_DIMS(4, 3));
    struct fer_tensor *out = kept("out", 1, TOY_DIMS(4, 3));
    static const int sizes[] = { 4, 2, 3, 0, 1, 4 };
    float values[12], back[12];

    for (int i = 0; i < 12; i++)
        values[i] = (float)i + 1;
    add_axpy(in, out, 1, 0, 3);
    for (size_t k = 0; k < sizeof(sizes) / sizeof(*sizes); k++) {
        start(true);
        ck_assert_fer(fer_exec_batch(executor, sizes[k], &err), err);
        write_floats(in, values, 12);
        run();
        read_floats(out, back, 12);
        for (int i = 0; i < 12; i++)
            ck_assert(i < 3 * sizes[k] ? back[i] == values[i] : isnan(back[i]));
        fer_exec_free(executor);
        executor = NULL;
    }
}
END_TEST

START_TEST(a_batch_beyond_the_capacity_is_refused)
{
    add_axpy(input("in", 1, TOY_DIMS(4, 3)), kept("out", 1, TOY_DIMS(4, 3)), 1, 0, 3);
    start(false);
    ck_assert_int_eq(fer_exec_batch(executor, 5, &err), FER_EINVAL);
    ck_assert_str_eq(err.text, "a batch of 5 samples, where the program holds 0 to 4");
    ck_assert_int_eq(fer_exec_batch(executor, -1, &err), FER_EINVAL);
    run();
}
END_TEST

static const char dims_source[] = "__kernel void dims(FER_IN(x), FER_OUT(out))\n"
                                  "{\n"
                                  "    vstore4(convert_float4(x_dim), 0, DATA(out));\n"
                                  "}\n";

static void assert_dims(const struct fer_tensor *out, int a, int b, int c, int d)
{
    float back[4];

    read_floats(out, back, 4);
    ck_assert_float_eq(back[0], (float)a);
    ck_assert_float_eq(back[1], (float)b);
    ck_assert_float_eq(back[2], (float)c);
    ck_assert_float_eq(back[3], (float)d);
}

/* Ones past the rank, the last two of five axes folded, k rows for a sample; the batch counted live. */
START_TEST(kernels_see_four_dims)
{
    const int ranks[4][FER_MAX_RANK] = { { 8, 3, 5, 7, 2 }, { 8, 3, 5, 7 }, { 8, 3 }, { 40, 6 } };
    const int batches[4] = { 0, 0, 0, 10 };
    struct fer_tensor *out[4];

    for (int i = 0; i < 4; i++) {
        struct fer_launch *launch = toy_launch(program, dims_source, "dims");

        out[i] = kept("dims", 0, TOY_DIMS(4));
        toy_in(launch, "x", input("x", batches[i], ranks[i]));
        toy_out(launch, "out", out[i]);
    }
    start(false);
    ck_assert_fer(fer_exec_batch(executor, 3, &err), err);
    run();
    assert_dims(out[0], 8, 3, 5, 14);
    assert_dims(out[1], 8, 3, 5, 7);
    assert_dims(out[2], 8, 3, 1, 1);
    assert_dims(out[3], 30, 6, 1, 1);
}
END_TEST

START_TEST(prepare_runs_again_when_weights_change)
{
    struct fer_tensor *one = toy_tensor(program, "one", FER_STORAGE_CONSTANT, 0, TOY_DIMS(1));
    struct fer_tensor *prepared = input("prepared", 0, TOY_DIMS(1));
    struct fer_tensor *run_count = input("runs", 0, TOY_DIMS(1));
    static const int expected[] = { 1, 1, 2, 2 };
    float back;

    one->fill = 1;
    program->nsegments = 1;
    add_count(prepared, one);
    program->nsegments = 2;
    add_count(run_count, one);
    start(false);
    for (int i = 0; i < 4; i++) {
        if (i == 2)
            fer_exec_weights_changed(executor);
        run();
        read_floats(prepared, &back, 1);
        ck_assert_float_eq(back, (float)expected[i]);
    }
    read_floats(run_count, &back, 1);
    ck_assert_float_eq(back, 4);
    ck_assert_fer(fer_exec_run(executor, program->segments[0], &err), err);
    read_floats(prepared, &back, 1);
    ck_assert_float_eq(back, 3);
}
END_TEST

/* A sum within each group; the range is rounded up to whole groups. */
START_TEST(groups_share_local_memory)
{
    static const char source[] = "__kernel void sum(FER_IN(x), FER_OUT(y), __local float *part)\n"
                                 "{\n"
                                 "    const int l = get_local_id(0), i = get_global_id(0);\n"
                                 "    part[l] = i < x_dim.x ? DATA(x)[i] : 0.0f;\n"
                                 "    barrier(CLK_LOCAL_MEM_FENCE);\n"
                                 "    if (l == 0) {\n"
                                 "        float total = 0.0f;\n"
                                 "        for (int k = 0; k < 4; k++)\n"
                                 "            total += part[k];\n"
                                 "        DATA(y)[get_group_id(0)] = total;\n"
                                 "    }\n"
                                 "}\n";
    struct fer_tensor *in = input("in", 0, TOY_DIMS(10));
    struct fer_tensor *out = kept("out", 0, TOY_DIMS(3));
    struct fer_launch *launch = toy_launch(program, source, "sum");
    float back[3];

    toy_in(launch, "x", in);
    toy_out(launch, "y", out);
    toy_arg(launch, FER_ARG_LOCAL)->bytes = 4 * sizeof(float);
    toy_range(launch, 10, 0, 4);
    start(true);
    write_floats(in, (const float[]){ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 }, 10);
    run();
    read_floats(out, back, 3);
    ck_assert_float_eq(back[0], 10);
    ck_assert_float_eq(back[1], 26);
    ck_assert_float_eq(back[2], 19);
}
END_TEST

START_TEST(a_profile_counts_the_runs_of_each_launch)
{
    struct fer_tensor *in = input("in", 0, TOY_DIMS(4));
    struct fer_tensor *out = kept("out", 0, TOY_DIMS(4)), *rows = kept("rows", 1, TOY_DIMS(4, 4));
    struct fer_launch *first = add_axpy(in, out, 2, 0, 4), *second = add_axpy(in, rows, 2, 0, 4);
    struct fer_profile_row *times;
    float back[4];
    int count;

    second->global[0].batch = 1;
    start(false);
    run();
    ck_assert_fer(fer_exec_profile(executor, true, &err), err);
    ck_assert(device->profiling);
    write_floats(in, (const float[]){ 1, 2, 3, 4 }, 4);
    for (int i = 0; i < 700; i++)
        run();
    ck_assert_fer(fer_exec_batch(executor, 0, &err), err);
    run();
    ck_assert_fer(fer_exec_profile_rows(executor, &times, &count, &err), err);
    ck_assert_int_eq(count, 2);
    ck_assert_ptr_eq(times[0].launch, first);
    ck_assert_int_eq(times[0].runs, 701);
    ck_assert_ptr_eq(times[1].launch, second);
    ck_assert_int_eq(times[1].runs, 700);
    ck_assert(times[0].seconds > 0 && times[0].seconds < 60);
    free(times);
    read_floats(out, back, 4);
    ck_assert_float_eq(back[3], 8);
    ck_assert_fer(fer_exec_profile(executor, false, &err), err);
    run();
    ck_assert_fer(fer_exec_profile_rows(executor, &times, &count, &err), err);
    ck_assert_int_eq(count, 0);
    free(times);
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("exec", exec_set_up, exec_take_down);

    tcase_add_test(tests, launches_follow_one_another);
    tcase_add_test(tests, kernels_see_the_live_batch);
    tcase_add_test(tests, a_batch_beyond_the_capacity_is_refused);
    tcase_add_test(tests, kernels_see_four_dims);
    tcase_add_test(tests, prepare_runs_again_when_weights_change);
    tcase_add_test(tests, groups_share_local_memory);
    tcase_add_test(tests, a_profile_counts_the_runs_of_each_launch);
    return cases_run();
}
