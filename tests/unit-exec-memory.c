/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the executor puts tensors and what is in them, on programs made by hand.
 */
#include <dlfcn.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "exec-trial.h"
#include "run/build.h"

/* The driver's, whose new memory may have been used before; from the library, which is a part of this program. */
static bool dirty;

cl_mem clCreateBuffer(cl_context context, cl_mem_flags flags, size_t size, void *host, cl_int *code)
{
    cl_mem (*next)(cl_context, cl_mem_flags, size_t, void *, cl_int *);
    void *address = dlsym(RTLD_NEXT, "clCreateBuffer"), *used = dirty && !host ? malloc(size) : NULL;
    cl_mem buffer;

    memcpy(&next, &address, sizeof(next));
    if (used)
        memset(used, 0x3f, size);
    buffer =
        used ? next(context, flags | CL_MEM_COPY_HOST_PTR, size, used, code) : next(context, flags, size, host, code);
    free(used);
    return buffer;
}

/* The plan with small allocations has several arenas, and the same results. */
START_TEST(several_arenas_give_the_same_results)
{
    struct fer_tensor *tensors[6];
    float values[64], back[64];

    for (int i = 0; i < 6; i++)
        tensors[i] = i ? kept("link", 0, TOY_DIMS(64)) : input("in", 0, TOY_DIMS(64));
    for (int i = 1; i < 6; i++)
        add_axpy(tensors[i - 1], tensors[i], 1, i, 64);
    ck_assert_fer(fer_plan(program, 512, &err), err);
    ck_assert_int_eq(program->narenas, 3);
    ck_assert_fer(fer_exec_create(device, program, true, NULL, &executor, &err), err);
    for (int i = 0; i < 64; i++)
        values[i] = (float)i;
    write_floats(tensors[0], values, 64);
    run();
    for (int k = 1; k < 6; k++) {
        read_floats(tensors[k], back, 64);
        for (int i = 0; i < 64; i++)
            ck_assert_float_eq(back[i], (float)(i + k * (k + 1) / 2));
    }
}
END_TEST

START_TEST(an_output_may_take_the_place_of_its_input)
{
    struct fer_tensor *in = input("in", 0, TOY_DIMS(3));
    struct fer_tensor *middle = toy_tensor(program, "middle", FER_STORAGE_ARENA, 0, TOY_DIMS(3));
    struct fer_tensor *over = toy_tensor(program, "over", FER_STORAGE_ARENA, 0, TOY_DIMS(3));
    struct fer_tensor *out = kept("out", 0, TOY_DIMS(3));
    float back[3];

    over->in_place_of = middle;
    add_axpy(in, middle, 1, 1, 3);
    add_axpy(middle, over, 10, 0, 3);
    add_axpy(over, out, 1, 2, 3);
    start(true);
    ck_assert(over->in_place);
    write_floats(in, (const float[]){ 1, 2, 3 }, 3);
    run();
    read_floats(out, back, 3);
    for (int i = 0; i < 3; i++)
        ck_assert_float_eq(back[i], 10 * ((float)i + 2) + 2);
}
END_TEST

/* Two launches write the halves of one tensor; a third reads the whole. */
START_TEST(views_are_parts_of_a_tensor)
{
    struct fer_tensor *in = input("in", 0, TOY_DIMS(5));
    struct fer_tensor *both = toy_tensor(program, "both", FER_STORAGE_ARENA, 0, TOY_DIMS(10));
    struct fer_tensor *out = kept("out", 0, TOY_DIMS(10)), *tail;
    float back[10];

    add_axpy(in, toy_view(program, "left", both, 0, TOY_DIMS(5)), 1, 0, 5);
    add_axpy(in, toy_view(program, "right", both, 5, TOY_DIMS(5)), 1, 100, 5);
    add_axpy(both, out, 2, 0, 10);
    tail = toy_view(program, "tail", out, 8, TOY_DIMS(2));
    start(true);
    write_floats(in, (const float[]){ 1, 2, 3, 4, 5 }, 5);
    run();
    read_floats(out, back, 10);
    for (int i = 0; i < 5; i++) {
        ck_assert_float_eq(back[i], 2 * (float)(i + 1));
        ck_assert_float_eq(back[i + 5], 2 * (float)(i + 101));
    }
    read_floats(tail, back, 2);
    ck_assert_float_eq(back[1], 210);
}
END_TEST

/* A weight in the model's buffer, not at its start. */
START_TEST(weights_lie_in_the_buffer_of_their_model)
{
    struct fer_tensor *weight = toy_tensor(program, "weight", FER_STORAGE_PERSISTENT, 0, TOY_DIMS(2));
    struct fer_tensor *out = kept("out", 0, TOY_DIMS(2));
    struct fer_buffer *buffer, *found;
    float back[2];
    size_t offset;

    ck_assert_fer(fer_buffer_create(device, 4 * sizeof(float), &buffer, &err), err);
    ck_assert_fer(fer_buffer_write(buffer, 0, (const float[]){ 1, 2, 3, 4 }, 16, &err), err);
    add_axpy(weight, out, 1, 0, 2);
    refuse(FER_EINVAL);
    ck_assert_says(err, "its model has none");
    weight->buffer = buffer;
    weight->offset = 3;
    refuse(FER_EINVAL);
    ck_assert_says(err, "ends after the 16 bytes");
    weight->offset = 2;
    start(false);
    run();
    read_floats(out, back, 2);
    ck_assert_float_eq(back[0], 3);
    ck_assert_float_eq(back[1], 4);
    fer_exec_place(executor, weight, &found, &offset);
    ck_assert_ptr_eq(found, buffer);
    ck_assert_uint_eq(offset, 2);
    fer_exec_free(executor);
    executor = NULL;
    fer_buffer_free(buffer);
}
END_TEST

/* What no kernel writes is NaN with poison: half of a tensor here. */
START_TEST(what_no_kernel_writes_is_poison)
{
    struct fer_tensor *in = input("in", 0, TOY_DIMS(4));
    struct fer_tensor *out = kept("out", 0, TOY_DIMS(8));
    float back[8];

    add_axpy(in, out, 1, 0, 4);
    start(true);
    write_floats(in, (const float[]){ 1, 2, 3, 4 }, 4);
    run();
    read_floats(out, back, 8);
    for (int i = 0; i < 8; i++)
        ck_assert(i < 4 ? back[i] == (float)i + 1 : isnan(back[i]));
}
END_TEST

/* In memory that something else has used. */
START_TEST(inputs_start_as_zero)
{
    struct fer_tensor *in = input("in", 0, TOY_DIMS(4));
    struct fer_tensor *out = kept("out", 0, TOY_DIMS(4));
    float back[4];

    add_axpy(in, out, 1, 3, 4);
    dirty = true;
    start(false);
    dirty = false;
    run();
    read_floats(out, back, 4);
    for (int i = 0; i < 4; i++)
        ck_assert_float_eq(back[i], 3);
}
END_TEST

/* Constants of every type; those in blocks have zeros past their last channel. */
START_TEST(constants_are_filled_in_any_type_and_layout)
{
    static const enum fer_dtype types[] = { FER_F32, FER_I32, FER_U32, FER_U8 };
    struct fer_tensor *blocked = toy_tensor(program, "blocked", FER_STORAGE_CONSTANT, 0, TOY_DIMS(2, 18, 1, 3));
    struct fer_tensor *plain[4];
    float back[2 * 32 * 3];
    int32_t number;
    uint8_t bytes[5];

    blocked->layout = FER_LAYOUT_BLOCKED;
    blocked->fill = 1.5f;
    for (int i = 0; i < 4; i++) {
        plain[i] = toy_tensor(program, "plain", FER_STORAGE_CONSTANT, 0, TOY_DIMS(5));
        plain[i]->shape.dtype = types[i];
        plain[i]->fill = 7;
    }
    plain[1]->fill = -7;
    start(true);
    read_floats(blocked, back, 2 * 32 * 3);
    for (int i = 0; i < 2 * 32 * 3; i++) {
        int channel = i / 48 % 2 * 16 + i % 16;

        ck_assert_float_eq(back[i], channel < 18 ? 1.5f : 0);
    }
    ck_assert_fer(fer_exec_read(executor, plain[0], back, 20, &err), err);
    for (int i = 0; i < 5; i++)
        ck_assert_float_eq(back[i], 7);
    ck_assert_fer(fer_exec_read(executor, plain[1], &number, 4, &err), err);
    ck_assert_int_eq(number, -7);
    ck_assert_fer(fer_exec_read(executor, plain[2], &number, 4, &err), err);
    ck_assert_int_eq(number, 7);
    ck_assert_fer(fer_exec_read(executor, plain[3], bytes, 5, &err), err);
    for (int i = 0; i < 5; i++)
        ck_assert_uint_eq(bytes[i], 7);
}
END_TEST

/* A constant with contents of its own. */
START_TEST(constants_may_have_contents)
{
    static const float values[3] = { 1, -2, 0.5f };
    struct fer_tensor *table = toy_tensor(program, "table", FER_STORAGE_CONSTANT, 0, TOY_DIMS(3));
    struct fer_tensor *out = kept("out", 0, TOY_DIMS(3));
    float back[3];

    table->data = values;
    add_axpy(table, out, 2, 0, 3);
    start(true);
    run();
    read_floats(out, back, 3);
    for (int i = 0; i < 3; i++)
        ck_assert_float_eq(back[i], 2 * values[i]);
}
END_TEST

static void add_copy(struct fer_tensor *x, struct fer_tensor *y, size_t channels)
{
    static const char source[] = "__kernel void copy(FER_IN(x), FER_OUT(y))\n"
                                 "{\n"
                                 "    const int p = get_global_id(0), c = get_global_id(1), n = get_global_id(2);\n"
                                 "    STORE(y, n, c, p, c < x_dim.y ? LOAD(x, n, min(c, x_dim.y - 1), p) : 0.0f);\n"
                                 "}\n";
    struct fer_launch *launch = toy_launch(program, source, "copy");

    toy_in(launch, "x", x);
    toy_out(launch, "y", y);
    launch->dims = 3;
    launch->global[0].count = 6;
    launch->global[1].count = channels;
    launch->global[2].count = 2;
}

/* Accessors follow the layout of the tensor, not of the kernel. */
START_TEST(accessors_follow_the_layout_of_the_tensor)
{
    struct fer_tensor *plain = input("plain", 0, TOY_DIMS(2, 5, 2, 3));
    struct fer_tensor *blocked = kept("blocked", 0, TOY_DIMS(2, 5, 2, 3)),
                      *again = kept("again", 0, TOY_DIMS(2, 5, 2, 3));
    float values[60], inside[2 * 16 * 6], back[60];

    blocked->layout = FER_LAYOUT_BLOCKED;
    add_copy(plain, blocked, 16);
    add_copy(blocked, again, 5);
    start(true);
    for (int i = 0; i < 60; i++)
        values[i] = (float)i + 1;
    write_floats(plain, values, 60);
    run();
    read_floats(blocked, inside, 2 * 16 * 6);
    for (int i = 0; i < 2 * 16 * 6; i++) {
        int n = i / 96, p = i / 16 % 6, c = i % 16;

        ck_assert_float_eq(inside[i], c < 5 ? values[(n * 5 + c) * 6 + p] : 0);
    }
    read_floats(again, back, 60);
    ck_assert_mem_eq(values, back, sizeof(values));
    ck_assert_int_eq(fer_program_cache_count(device->cache), 2);
}
END_TEST

/* The host's memory is free as soon as a write returns, and writes keep their order. */
START_TEST(writes_keep_their_order_and_their_size)
{
    struct fer_tensor *in = input("in", 0, TOY_DIMS(1));
    struct fer_tensor *total = input("total", 0, TOY_DIMS(1));
    float value, back;

    add_count(total, in);
    start(false);
    for (int i = 1; i <= 100; i++) {
        value = (float)i;
        write_floats(in, &value, 1);
        value = -1000;
        run();
    }
    read_floats(total, &back, 1);
    ck_assert_float_eq(back, 5050);
    ck_assert_int_eq(fer_exec_write(executor, in, &value, 8, &err), FER_EINVAL);
    ck_assert_says(err, "8 bytes of in, which has 4");
    ck_assert_int_eq(fer_exec_read(executor, in, &value, 8, &err), FER_EINVAL);
}
END_TEST

START_TEST(what_nothing_computes_has_no_memory)
{
    struct fer_tensor *idle = kept("idle", 0, TOY_DIMS(4));
    struct fer_buffer *buffer;
    size_t offset;
    float back;

    start(false);
    ck_assert_int_eq(fer_exec_read(executor, idle, &back, 4, &err), FER_EINVAL);
    ck_assert_str_eq(err.text, "idle has no memory: nothing computes it");
    fer_exec_place(executor, idle, &buffer, &offset);
    ck_assert_ptr_null(buffer);
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("memory", exec_set_up, exec_take_down);

    tcase_add_test(tests, several_arenas_give_the_same_results);
    tcase_add_test(tests, an_output_may_take_the_place_of_its_input);
    tcase_add_test(tests, views_are_parts_of_a_tensor);
    tcase_add_test(tests, weights_lie_in_the_buffer_of_their_model);
    tcase_add_test(tests, what_no_kernel_writes_is_poison);
    tcase_add_test(tests, inputs_start_as_zero);
    tcase_add_test(tests, constants_are_filled_in_any_type_and_layout);
    tcase_add_test(tests, constants_may_have_contents);
    tcase_add_test(tests, accessors_follow_the_layout_of_the_tensor);
    tcase_add_test(tests, writes_keep_their_order_and_their_size);
    tcase_add_test(tests, what_nothing_computes_has_no_memory);
    return cases_run();
}
