/* SPDX-License-Identifier: Apache-2.0
 *
 * Decisions and the batches of branches in the executor and the planner, on a program made by hand: two rows a sample,
 * each tenfold and marked with the way that it has gone.
 */
#include "toy.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 4, ROWS = 2 * SAMPLES, WAYS = 3 };

static struct fer_device *device;
static struct fer_program *program;
static struct fer_exec *executor;
static struct fer_segment *segment;
static struct fer_tensor *index_in, *x, *y, *seen[WAYS], *rows[WAYS];
static struct fer_error err;

static const char put[] = "__kernel void put(FER_IN(rows), FER_IN(x), FER_OUT(y), FER_OUT(seen), const int way)\n"
                          "{\n"
                          "    const int i = get_global_id(0);\n"
                          "    if (i >= rows_dim.x)\n"
                          "        return;\n"
                          "    DATA(y)[DATA(rows)[i]] = 10.0f * DATA(x)[DATA(rows)[i]] + (float)way;\n"
                          "    DATA(seen)[i] = seen_dim.x * 100 + x_dim.x;\n"
                          "}\n";

static struct fer_tensor *tensor(const char *name, enum fer_storage storage, enum fer_dtype dtype, int branch,
                                 int batch)
{
    struct fer_tensor *t = toy_tensor(program, name, storage, batch, TOY_DIMS(ROWS));

    t->shape.dtype = dtype;
    t->branch = branch;
    return t;
}

static void add_way(int k)
{
    struct fer_segment *last = program->segments[program->nsegments - 1], *own = toy_segment(program, "way");
    struct fer_launch *launch;

    last->next = own;
    own->branch = 1 + k;
    rows[k] = tensor("rows", FER_STORAGE_INPUT, FER_I32, 1 + k, 1);
    seen[k] = tensor("seen", FER_STORAGE_ARENA, FER_I32, 1 + k, 1);
    seen[k]->keep = true;
    launch = toy_launch(program, put, "put");
    launch->branch = 1 + k;
    toy_in(launch, "rows", rows[k]);
    toy_in(launch, "x", x);
    toy_out(launch, "y", y);
    toy_out(launch, "seen", seen[k]);
    toy_arg(launch, FER_ARG_INT)->i = k;
    toy_range(launch, 1, 1, 8);
}

static void setup(void)
{
    static struct fer_decision decision;

    err = (struct fer_error)FER_ERROR_INIT;
    ck_assert_fer(fer_device_open(NULL, &device, &err), err);
    program = toy_program(SAMPLES);
    program->branches = fer_arena_alloc(program->arena, WAYS * sizeof(*program->branches));
    program->nbranches = WAYS;
    toy_segment(program, "prepare");
    segment = toy_segment(program, "main");
    index_in = tensor("index", FER_STORAGE_INPUT, FER_I32, 0, 2);
    x = tensor("x", FER_STORAGE_INPUT, FER_F32, 0, 2);
    y = tensor("y", FER_STORAGE_ARENA, FER_F32, 0, 2);
    y->keep = true;
    for (int k = 0; k < WAYS; k++) {
        program->branches[k] = (struct fer_branch){ "way", 0, ROWS };
        add_way(k);
    }
    decision = (struct fer_decision){ "the test", index_in, 1, WAYS, rows };
    segment->decision = &decision;
    executor = NULL;
}

static void teardown(void)
{
    fer_exec_free(executor);
    toy_free(program);
    fer_device_close(device);
}

static void start(void)
{
    ck_assert_fer(fer_plan(program, device->max_allocation, &err), err);
    ck_assert_fer(fer_plan_check(program, &err), err);
    ck_assert_fer(fer_exec_create(device, program, true, NULL, &executor, &err), err);
}

static enum fer_status run(int samples, const int32_t *ways)
{
    float values[ROWS];

    for (int i = 0; i < ROWS; i++)
        values[i] = (float)i;
    ck_assert_fer(fer_exec_batch(executor, samples, &err), err);
    ck_assert_fer(fer_exec_write(executor, index_in, ways, (size_t)samples * 2 * sizeof(*ways), &err), err);
    ck_assert_fer(fer_exec_write(executor, x, values, sizeof(values), &err), err);
    return fer_exec_run(executor, segment, &err);
}

/* Launches that have run since the profile began, by way. */
static void count_runs(long runs[WAYS])
{
    struct fer_profile_row *list;
    int count;

    memset(runs, 0, WAYS * sizeof(*runs));
    ck_assert_fer(fer_exec_profile_rows(executor, &list, &count, &err), err);
    for (int i = 0; i < count; i++)
        runs[list[i].launch->branch - 1] += list[i].runs;
    free(list);
}

/* Every row has gone its way, kernels have seen how many went there, and ways without rows have not run. */
START_TEST(each_row_goes_its_way)
{
    static const struct {
        int samples;
        int32_t ways[ROWS];
    } batches[] = {
        { 4, { 0, 1, 2, 0, 1, 2, 0, 1 } },
        { 4, { 2, 2, 2, 2, 2, 2, 2, 2 } },
        { 2, { 1, 0, 1, 0 } },
        { 0, { 0 } },
        { 1, { 2, 0 } },
        { 4, { 0, 0, 0, 0, 1, 1, 1, 2 } },
        { 3, { 1, 1, 1, 1, 1, 1 } },
    };
    float out[ROWS];
    int32_t dims[ROWS];

    start();
    for (size_t b = 0; b < sizeof(batches) / sizeof(*batches); b++) {
        const int n = 2 * batches[b].samples;
        int counts[WAYS] = { 0 };
        long runs[WAYS];

        ck_assert_fer(fer_exec_profile(executor, true, &err), err);
        ck_assert_fer(run(batches[b].samples, batches[b].ways), err);
        ck_assert_fer(fer_exec_read(executor, y, out, sizeof(out), &err), err);
        for (int i = 0; i < n; i++) {
            ck_assert_float_eq(out[i], 10 * (float)i + (float)batches[b].ways[i]);
            counts[batches[b].ways[i]]++;
        }
        count_runs(runs);
        for (int k = 0; k < WAYS; k++) {
            ck_assert_int_eq(runs[k], counts[k] > 0);
            ck_assert_fer(fer_exec_read(executor, seen[k], dims, sizeof(dims), &err), err);
            for (int i = 0; i < counts[k]; i++)
                ck_assert_int_eq(dims[i], counts[k] * 100 + n);
        }
    }
}
END_TEST

/* What the device says is checked before it is used. */
START_TEST(an_index_without_a_branch)
{
    start();
    ck_assert_int_eq(run(2, (const int32_t[]){ 0, 1, 3, 1 }), FER_ENUMERIC);
    ck_assert_str_eq(err.text, "the test sends row 2 of the batch to 3; there is 0 to 2");
    ck_assert_int_eq(run(1, (const int32_t[]){ -1, 0 }), FER_ENUMERIC);
    ck_assert_fer(run(1, (const int32_t[]){ 2, 0 }), err); /* and nothing is lost */
}
END_TEST

START_TEST(tensors_belong_to_their_branch)
{
    rows[1]->branch = 4;
    ck_assert_int_eq(fer_plan(program, 0, &err), FER_EINVAL);
    ck_assert_says(err, "rows belongs to branch 4 of 3");
    rows[1]->branch = 2;
    program->branches[1].capacity = 5;
    ck_assert_int_eq(fer_plan(program, 0, &err), FER_EINVAL);
    ck_assert_says(err, "rows has 8 rows where 1 for each of 5 samples were expected");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("branch");
    TCase *tests = tcase_create("branch");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, each_row_goes_its_way);
    tcase_add_test(tests, an_index_without_a_branch);
    tcase_add_test(tests, tensors_belong_to_their_branch);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
