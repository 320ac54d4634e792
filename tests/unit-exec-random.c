/* SPDX-License-Identifier: Apache-2.0
 *
 * Random numbers in kernels, on programs made by hand.
 */
#include "cases.h"
#include "exec-trial.h"
#include "philox.h"

/* Known answers of Random123's kat_vectors, and the host's generator, which has its own. */
START_TEST(kernels_draw_what_random123_draws)
{
    static const char source[] = "__kernel void philox(FER_IN(x), FER_OUT(y))\n"
                                 "{\n"
                                 "    const uint4 counter = vload4(0, DATA(x));\n"
                                 "    const uint2 key = (uint2)(DATA(x)[4], DATA(x)[5]);\n"
                                 "    vstore4(fer_philox(counter, key), 0, DATA(y));\n"
                                 "}\n";
    static const uint32_t in[3][6] = { { 0, 0, 0, 0, 0, 0 },
                                       { ~0u, ~0u, ~0u, ~0u, ~0u, ~0u },
                                       { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0 } };
    static const uint32_t answers[3][4] = { { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 },
                                            { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd },
                                            { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } };
    struct fer_tensor *x = input("x", 0, TOY_DIMS(6));
    struct fer_tensor *y = kept("y", 0, TOY_DIMS(4));
    struct fer_launch *launch = toy_launch(program, source, "philox");
    uint32_t back[4];

    x->shape.dtype = y->shape.dtype = FER_U32;
    toy_in(launch, "x", x);
    toy_out(launch, "y", y);
    start(false);
    for (int i = 0; i < 3; i++) {
        ck_assert_fer(fer_exec_write(executor, x, in[i], sizeof(in[i]), &err), err);
        run();
        ck_assert_fer(fer_exec_read(executor, y, back, sizeof(back), &err), err);
        ck_assert_mem_eq(back, answers[i], sizeof(back));
    }
}
END_TEST

static void add_random(struct fer_tensor *rows, uint32_t stream, const struct fer_random_state *random)
{
    static const char source[] =
        "__kernel void draw(FER_OUT(out), FER_RANDOM)\n"
        "{\n"
        "    const int row = get_global_id(0), element = get_global_id(1);\n"
        "    if (row < out_dim.x)\n"
        "        vstore4(fer_random(FER_RANDOM_ARG, row, element), row * 2 + element, DATA(out));\n"
        "}\n";
    struct fer_launch *launch = toy_launch(program, source, "draw");

    launch->stream = stream;
    toy_out(launch, "out", rows);
    struct fer_arg *arg = toy_arg(launch, FER_ARG_RANDOM);
    arg->tensor = rows;
    arg->random = random;
    launch->dims = 2;
    launch->global[0] = (struct fer_extent){ .count = 1, .batch = rows->shape.batch };
    launch->global[1].count = 2;
}

static struct fer_random_state random_state(void)
{
    const struct fer_random_state random = { input("epoch", 0, TOY_DIMS(4)), input("ids", 1, TOY_DIMS(4)) };
    random.epoch->shape.dtype = random.ids->shape.dtype = FER_U32;
    return random;
}

/* Ten crops of a sample draw from its id, each its own; the key is the program's seed. */
START_TEST(rows_of_a_sample_draw_by_its_id)
{
    static const uint32_t epoch[4] = { 3, 0, 0, 0 }, ids[4] = { 70, 5, 123456, 0 };
    struct fer_tensor *rows = kept("rows", 2, TOY_DIMS(8, 8));
    uint32_t back[4 * 2 * 2 * 4];

    program->seed = 0x0123456789abcdef;
    rows->shape.dtype = FER_U32;
    const struct fer_random_state random = random_state();
    add_random(rows, 42, &random);
    start(true);
    ck_assert_fer(fer_exec_write(executor, random.epoch, epoch, sizeof(epoch), &err), err);
    ck_assert_fer(fer_exec_write(executor, random.ids, ids, sizeof(ids), &err), err);
    run();
    ck_assert_fer(fer_exec_read(executor, rows, back, sizeof(back), &err), err);
    for (uint32_t row = 0; row < 8; row++) {
        for (uint32_t element = 0; element < 2; element++) {
            const uint32_t counter[4] = { element, 42 + ((row % 2) << 24), 3, ids[row / 2] };
            const uint32_t key[2] = { 0x89abcdef, 0x01234567 };
            uint32_t expected[4];

            fer_philox(counter, key, expected);
            ck_assert_mem_eq(back + (row * 2 + element) * 4, expected, sizeof(expected));
        }
    }
}
END_TEST

START_TEST(random_numbers_need_a_state)
{
    struct fer_tensor *rows = kept("rows", 1, TOY_DIMS(4, 8));

    rows->shape.dtype = FER_U32;
    add_random(rows, 1, NULL);
    refuse(FER_EINVAL);
    ck_assert_says(err, "no random state");
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("random", exec_set_up, exec_take_down);

    tcase_add_test(tests, kernels_draw_what_random123_draws);
    tcase_add_test(tests, rows_of_a_sample_draw_by_its_id);
    tcase_add_test(tests, random_numbers_need_a_state);
    return cases_run();
}
