/* SPDX-License-Identifier: Apache-2.0
 *
 * Decision points: what only chosen nets compute is, bit for bit, what all nets compute when the chosen is taken
 * afterwards; and the others have not run.
 */
#include "compile/plan.h"
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CAPACITY = 7, SIDE = 12, PIXELS = 3 * SIDE * SIDE, NETS = 3, CLASSES = 7 };

static struct fer_error err;
#define OK(call) ck_assert_msg((call) == FER_OK, "%s", err.text)

/* Nets of different structure: plain and blocked maps, statistics, fused and other activations. */
#define HEAD                                                                                                           \
    "fer 1\nuse vision, data, path_selection\n"                                                                        \
    "net x(i) -> y { y = i | conv2d 16 kernel=3 pad=1 | batchnorm | relu | avgpool global | linear 3 }\n"              \
    "net y(i) -> y { y = i | conv2d 20 kernel=3 pad=1 | relu | conv2d 16 kernel=3 stride=2 | avgpool global | linear " \
    "2 }\n"                                                                                                            \
    "net z(i) -> y { y = i | conv2d 5 kernel=5 | maxpool 2 | linear 2 }\n"
#define GROUPS "labels=[[0, 3, 2], [1, 4], [5, 6]]"

struct run {
    struct op_device device;
    struct fer_description *description;
    struct fer_predict_spec spec;
    struct fer_store *store;
    struct fer_flow_program *flow;
};

/* Net t of a description, in memory full of NaN. */
static void open_run(struct run *run, const char *text, const struct fer_shape *inputs, int ninputs,
                     enum fer_profile profile)
{
    const struct fer_compile_options poison = { .poison = true };
    run->device = op_device_open(profile);
    OK(fer_description_parse(run->device.registry, "route.fer", ".", text, NULL, &run->description, &err));
    OK(fer_description_call(run->description, "t", inputs, ninputs, false, &run->spec, &err));
    OK(fer_store_create(run->device.device, run->description, 3, &run->store, &err));
    OK(fer_predict_compile(run->description, &run->spec, CAPACITY, false, run->store, &poison, &run->flow, &err));
    OK(fer_plan_check(run->flow->program, &err));
}

static void close_run(struct run *run)
{
    fer_flow_program_free(run->flow);
    fer_store_free(run->store);
    fer_description_free(run->description);
    op_device_close(&run->device);
}

static void write_random(const struct run *run, int input, int n)
{
    const size_t count = (size_t)n * fer_shape_row(&run->flow->in[input]->shape);
    float *values = malloc(count * sizeof(*values) + 1);
    uint64_t state = (uint64_t)n;
    for (size_t i = 0; i < count; i++)
        values[i] = (float)(4 * op_random(&state) - 2);
    OK(fer_exec_write(run->flow->exec, run->flow->in[input], values, count * sizeof(*values), &err));
    free(values);
}

/* Probabilities that send picture i to paths[i]. */
static void write_paths(const struct run *run, const char *paths)
{
    float b[CAPACITY * NETS] = { 0 };
    const size_t n = strlen(paths);
    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < NETS; k++)
            b[i * NETS + (size_t)k] = k == paths[i] - '0' ? 0.4f + 0.05f * (float)i : 0.3f - 0.1f * (float)k;
    OK(fer_exec_write(run->flow->exec, run->flow->in[0], b, n * NETS * sizeof(*b), &err));
}

/* Output i, n rows, malloc'ed. */
static void *read_out(const struct run *run, int i, int n)
{
    const struct fer_tensor *out = run->flow->out[i];
    const size_t bytes = (size_t)n * (size_t)out->shape.batch * fer_shape_row(&out->shape) * sizeof(float);
    void *values = malloc(bytes + 1);
    OK(fer_exec_read(run->flow->exec, out, values, bytes, &err));
    return values;
}

/* Outputs i and j hold the same bits, and none is the NaN that memory was full of. */
static void check_same(const struct run *run, int i, int j, int n, const char *paths)
{
    const struct fer_shape *shape = &run->flow->out[i]->shape;
    const size_t count = (size_t)n * (size_t)shape->batch * fer_shape_row(shape);
    uint32_t *a = read_out(run, i, n), *b = read_out(run, j, n);
    for (size_t k = 0; k < count; k++)
        ck_assert_msg(a[k] == b[k] && a[k] != 0xffffffffu, "%s: element %zu of %s is %#x, and %#x in %s", paths, k,
                      run->spec.outputs[i].name, a[k], b[k], run->spec.outputs[j].name);
    free(a);
    free(b);
}

/* How many launches of net `name` inside of the route have run since the profile began. */
static long count_runs(const struct run *run, char name)
{
    struct fer_profile_row *rows;
    int count;
    long runs = 0;
    OK(fer_exec_profile_rows(run->flow->exec, &rows, &count, &err));
    for (int i = 0; i < count; i++)
        runs += rows[i].launch->label[0] == name && rows[i].launch->label[1] == '.' && rows[i].launch->branch > 0
                    ? rows[i].runs
                    : 0;
    free(rows);
    return runs;
}

static const struct fer_shape picture = { FER_F32, 4, { CAPACITY, 3, SIDE, SIDE }, 1 },
                              groups = { FER_F32, 2, { CAPACITY, NETS }, 1 };

static void check_paths(const struct run *run, const char *paths)
{
    const int n = (int)strlen(paths);
    long launches[NETS] = { 0 };
    OK(fer_exec_batch(run->flow->exec, n, &err));
    write_paths(run, paths);
    write_random(run, 1, n);
    OK(fer_exec_profile(run->flow->exec, true, &err));
    OK(fer_exec_run(run->flow->exec, run->flow->segment, &err));
    check_same(run, 0, 2, n, paths);
    check_same(run, 1, 3, n, paths);
    int32_t *path = read_out(run, 1, n);
    for (int i = 0; i < n; i++)
        ck_assert_int_eq(path[i], paths[i] - '0');
    free(path);
    for (int k = 0; k < NETS; k++) {
        launches[k] = count_runs(run, "xyz"[k]);
        ck_assert_msg((launches[k] > 0) == (strchr(paths, '0' + k) != NULL), "%s: net %d ran %ld launches", paths, k,
                      launches[k]);
    }
}

/* _i: the profile */
START_TEST(chosen_nets_give_what_all_give)
{
    static const char *const batches[] = { "0120121", "2222222", "0", "1", "10", "0000001", "2120", "1111", "" };
    const struct fer_shape inputs[] = { groups, picture };
    struct run run;
    open_run(&run,
             HEAD "net t(b: f32[3], i: f32[3,12,12]) -> r, rp, c, cp {\n"
                  "  r, rp = b, i | route nets=[x, y, z] " GROUPS "\n"
                  "  px = i | x | softmax\n  py = i | y | softmax\n  pz = i | z | softmax\n"
                  "  c, cp = b, px, py, pz | choose " GROUPS "\n}\n",
             inputs, 2, _i ? FER_PROFILE_GPU : FER_PROFILE_CPU);
    for (size_t i = 0; i < sizeof(batches) / sizeof(*batches); i++)
        check_paths(&run, batches[i]);
    close_run(&run);
}
END_TEST

/* Probabilities that are no numbers go the first way, as in choose. */
START_TEST(no_numbers_go_the_first_way)
{
    const struct fer_shape inputs[] = { groups, picture };
    const float nan[CAPACITY * NETS] = { NAN, NAN, NAN };
    struct run run;
    open_run(&run,
             HEAD "net t(b: f32[3], i: f32[3,12,12]) -> r, rp { r, rp = b, i | route nets=[x, y, z] " GROUPS " }\n",
             inputs, 2, FER_PROFILE_CPU);
    OK(fer_exec_batch(run.flow->exec, 1, &err));
    OK(fer_exec_write(run.flow->exec, run.flow->in[0], nan, NETS * sizeof(float), &err));
    write_random(&run, 1, 1);
    OK(fer_exec_run(run.flow->exec, run.flow->segment, &err));
    int32_t *path = read_out(&run, 1, 1);
    ck_assert_int_eq(path[0], 0);
    free(path);
    close_run(&run);
}
END_TEST

/* A net that itself chooses nets; and one net in two places. */
START_TEST(decisions_within_branches)
{
    static const char *const batches[] = { "0120121", "1111111", "0000", "2", "12" };
    const struct fer_shape inputs[] = { groups, picture };
    struct run run;
    open_run(&run,
             HEAD "net which(i) -> p { p = i | conv2d 2 kernel=3 | avgpool global | scale 40 | softmax }\n"
                  "net one(i) -> y { y = i | conv2d 3 kernel=3 | relu | linear 1 | sigmoid }\n"
                  "net other(i) -> y { y = i | linear 1 | sigmoid }\n"
                  "net chooses(i) -> y {\n  b = i | which\n"
                  "  y = b, i | route nets=[one, other] labels=[[0], [1]] softmax=no\n}\n"
                  "net has_all(i) -> y {\n  b = i | which\n  p = i | one\n  q = i | other\n"
                  "  y = b, p, q | choose labels=[[0], [1]]\n}\n"
                  "net last(i) -> y { y = i | z | sigmoid }\n"
                  "net t(b: f32[3], i: f32[3,12,12]) -> r, rp, c, cp {\n"
                  "  r, rp = b, i | route nets=[chooses, last, chooses] labels=[[0, 1], [2, 3], [4, 5]] softmax=no\n"
                  "  p = i | has_all\n  q = i | last\n"
                  "  c, cp = b, p, q, p | choose labels=[[0, 1], [2, 3], [4, 5]]\n}\n",
             inputs, 2, _i ? FER_PROFILE_GPU : FER_PROFILE_CPU);
    for (size_t i = 0; i < sizeof(batches) / sizeof(*batches); i++) {
        const int n = (int)strlen(batches[i]);
        OK(fer_exec_batch(run.flow->exec, n, &err));
        write_paths(&run, batches[i]);
        write_random(&run, 1, n);
        OK(fer_exec_run(run.flow->exec, run.flow->segment, &err));
        check_same(&run, 0, 2, n, batches[i]);
        check_same(&run, 1, 3, n, batches[i]);
    }
    close_run(&run);
}
END_TEST

/* Ten crops of a picture go their own ways, so a branch may hold any number of them. */
START_TEST(views_go_their_own_ways)
{
    struct run run;
    open_run(&run,
             HEAD "net which(i) -> p { p = i | conv2d 3 kernel=3 | avgpool global | scale 100 | softmax }\n"
                  "net t(i: f32[3,12,12]) -> r, rp, c, cp, m, n {\n"
                  "  v = i | tencrop 9\n  b = v | which\n"
                  "  r, rp = b, v | route nets=[x, y, z] " GROUPS "\n"
                  "  px = v | x | softmax\n  py = v | y | softmax\n  pz = v | z | softmax\n"
                  "  c, cp = b, px, py, pz | choose " GROUPS "\n"
                  "  m = r | mean views\n  n = c | mean views\n}\n",
             &picture, 1, _i ? FER_PROFILE_GPU : FER_PROFILE_CPU);
    for (int n = CAPACITY; n > 0; n -= 3) {
        OK(fer_exec_batch(run.flow->exec, n, &err));
        write_random(&run, 0, n);
        OK(fer_exec_run(run.flow->exec, run.flow->segment, &err));
        for (int i = 0; i < 2; i++)
            check_same(&run, i, i + 2, n, "views");
        check_same(&run, 4, 5, n, "means of views");
        ck_assert_int_eq(run.flow->out[1]->shape.batch, 10);
    }
    close_run(&run);
}
END_TEST

/* What a gradient would have to go through is refused with the way out. */
START_TEST(no_gradient_goes_through)
{
    const struct fer_shape inputs[] = { groups, picture };
    struct run run = { .device = op_device_open(FER_PROFILE_CPU) };
    OK(fer_description_parse(run.device.registry, "route.fer", ".",
                             HEAD "net t(b: f32[3], i: f32[3,12,12]) -> r { r = b, i | route nets=[x, y, z] " GROUPS
                                  " }\n",
                             NULL, &run.description, &err));
    OK(fer_description_call(run.description, "t", inputs, 2, false, &run.spec, &err));
    OK(fer_store_create(run.device.device, run.description, 3, &run.store, &err));
    ck_assert_int_eq(fer_predict_compile(run.description, &run.spec, CAPACITY, true, run.store, NULL, &run.flow, &err),
                     FER_ENOTSUP);
    ck_assert_str_eq(
        err.text,
        "route.fer:6:53: t.route.0.join: no gradient goes through it, because only chosen nets run; train its nets "
        "without it");
    ck_assert_int_ne(fer_description_call(run.description, "t", inputs, 2, true, &run.spec, &err), FER_OK);
    ck_assert_msg(strstr(err.text, "route: net 'x' is trained in this stage, and only frozen nets"), "%s", err.text);
    close_run(&run);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, chosen_nets_give_what_all_give, 0, 2);
    tcase_add_test(tests, no_numbers_go_the_first_way);
    tcase_add_loop_test(tests, decisions_within_branches, 0, 2);
    tcase_add_loop_test(tests, views_go_their_own_ways, 0, 2);
    tcase_add_test(tests, no_gradient_goes_through);
}

int main(void)
{
    return op_main("route", NULL, 0, add_tests);
}
