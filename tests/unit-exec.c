/* SPDX-License-Identifier: Apache-2.0
 *
 * The executor, on programs made by hand.
 */
#include "philox.h"
#include "run/build.h"
#include "toy.h"

#include <dlfcn.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct fer_device *device;
static struct fer_program *program;
static struct fer_exec *executor;
static struct fer_segment *segment;
static struct fer_error err;

/* The driver's, failing once; from the library, which is a part of this program. */
static int sets, failing_set;

cl_int clSetKernelArg(cl_kernel kernel, cl_uint index, size_t size, const void *value)
{
    cl_int (*next)(cl_kernel, cl_uint, size_t, const void *);
    void *address = dlsym(RTLD_NEXT, "clSetKernelArg");

    memcpy(&next, &address, sizeof(next));
    return ++sets == failing_set ? CL_OUT_OF_RESOURCES : next(kernel, index, size, value);
}

/* A program for batches of up to 4, with an empty prepare segment and one to fill. */
static void setup(void)
{
    err = (struct fer_error)FER_ERROR_INIT;
    ck_assert_fer(fer_device_open(NULL, &device, &err), err);
    program = toy_program(4);
    toy_segment(program, "prepare");
    segment = toy_segment(program, "main");
    executor = NULL;
}

static void teardown(void)
{
    fer_exec_free(executor);
    toy_free(program);
    fer_device_close(device);
}

static void start(bool poison)
{
    ck_assert_fer(fer_plan(program, device->max_allocation, &err), err);
    ck_assert_fer(fer_plan_check(program, &err), err);
    ck_assert_fer(fer_exec_create(device, program, poison, NULL, &executor, &err), err);
}

static void run(void)
{
    ck_assert_fer(fer_exec_run(executor, segment, &err), err);
}

static void write_floats(const struct fer_tensor *tensor, const float *values, size_t count)
{
    ck_assert_fer(fer_exec_write(executor, tensor, values, count * sizeof(float), &err), err);
}

static void read_floats(const struct fer_tensor *tensor, float *values, size_t count)
{
    ck_assert_fer(fer_exec_read(executor, tensor, values, count * sizeof(float), &err), err);
}

static struct fer_tensor *kept(const char *name, int batch, const int dims[FER_MAX_RANK])
{
    struct fer_tensor *tensor = toy_tensor(program, name, FER_STORAGE_ARENA, batch, dims);

    tensor->keep = true;
    return tensor;
}

/* The error of an executor that cannot be made. */
static void refuse(enum fer_status status)
{
    struct fer_exec *none = NULL;

    ck_assert_fer(fer_plan(program, 0, &err), err);
    ck_assert_int_eq(fer_exec_create(device, program, false, NULL, &none, &err), status);
    ck_assert_ptr_null(none);
}

static const char axpy[] = "__kernel void axpy(FER_IN(x), FER_OUT(y), const float a, const int b)\n"
                           "{\n"
                           "    const size_t i = get_global_id(0);\n"
                           "    if (i < SIZE(x))\n"
                           "        DATA(y)[i] = a * DATA(x)[i] + (float)b;\n"
                           "}\n";

/* y = a x + b over rows of `row` elements. */
static struct fer_launch *add_axpy(struct fer_tensor *x, struct fer_tensor *y, float a, int b, size_t row)
{
    struct fer_launch *launch = toy_launch(program, axpy, "axpy");

    toy_in(launch, "x", x);
    toy_out(launch, "y", y);
    toy_arg(launch, FER_ARG_FLOAT)->f = a;
    toy_arg(launch, FER_ARG_INT)->i = b;
    toy_range(launch, row, x->shape.batch, 8);
    return launch;
}

/* ---- a driver that fails ---- */

/* What comes after an argument that could not be set is none of its. */
START_TEST(no_argument_is_set_behind_one_that_failed)
{
    struct fer_tensor *in = toy_tensor(program, "in", FER_STORAGE_INPUT, 0, TOY_DIMS(10));
    int all;

    add_axpy(in, kept("out", 0, TOY_DIMS(10)), 2, 1, 10);
    sets = failing_set = 0;
    start(false);
    all = sets;
    ck_assert_int_ge(all, 4);
    for (failing_set = 1; failing_set <= all; failing_set++) {
        sets = 0;
        refuse(FER_EDEVICE);
        ck_assert_says(err, "clSetKernelArg(axpy, ");
        ck_assert_int_eq(sets, failing_set);
    }
    failing_set = 0;
}
END_TEST

/* ---- numbers ---- */

START_TEST(chain)
{
    struct fer_tensor *in = toy_tensor(program, "in", FER_STORAGE_INPUT, 0, TOY_DIMS(10));
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

/* The plan with small allocations has several arenas, and the same results. */
START_TEST(several_arenas)
{
    struct fer_tensor *tensors[6];
    float values[64], back[64];

    for (int i = 0; i < 6; i++)
        tensors[i] = i ? kept("link", 0, TOY_DIMS(64)) : toy_tensor(program, "in", FER_STORAGE_INPUT, 0, TOY_DIMS(64));
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
        ck_assert_float_eq(back[63], 63 + (float)(k * (k + 1) / 2));
    }
}
END_TEST

START_TEST(in_place)
{
    struct fer_tensor *in = toy_tensor(program, "in", FER_STORAGE_INPUT, 0, TOY_DIMS(3));
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
START_TEST(views)
{
    struct fer_tensor *in = toy_tensor(program, "in", FER_STORAGE_INPUT, 0, TOY_DIMS(5));
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
START_TEST(persistent)
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

/* ---- the live batch ---- */

START_TEST(batch)
{
    struct fer_tensor *in = toy_tensor(program, "in", FER_STORAGE_INPUT, 1, TOY_DIMS(4, 3));
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

START_TEST(batch_range)
{
    add_axpy(toy_tensor(program, "in", FER_STORAGE_INPUT, 1, TOY_DIMS(4, 3)), kept("out", 1, TOY_DIMS(4, 3)), 1, 0, 3);
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
START_TEST(dims)
{
    const int ranks[4][FER_MAX_RANK] = { { 8, 3, 5, 7, 2 }, { 8, 3, 5, 7 }, { 8, 3 }, { 40, 6 } };
    const int batches[4] = { 0, 0, 0, 10 };
    struct fer_tensor *out[4];

    for (int i = 0; i < 4; i++) {
        struct fer_launch *launch = toy_launch(program, dims_source, "dims");

        out[i] = kept("dims", 0, TOY_DIMS(4));
        toy_in(launch, "x", toy_tensor(program, "x", FER_STORAGE_INPUT, batches[i], ranks[i]));
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

/* ---- memory ---- */

/* What no kernel writes is NaN with poison: half of a tensor here. */
START_TEST(poison)
{
    struct fer_tensor *in = toy_tensor(program, "in", FER_STORAGE_INPUT, 0, TOY_DIMS(4));
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

START_TEST(inputs_start_as_zero)
{
    struct fer_tensor *in = toy_tensor(program, "in", FER_STORAGE_INPUT, 0, TOY_DIMS(4));
    struct fer_tensor *out = kept("out", 0, TOY_DIMS(4));
    float back[4];

    add_axpy(in, out, 1, 3, 4);
    start(false);
    run();
    read_floats(out, back, 4);
    ck_assert_float_eq(back[3], 3);
}
END_TEST

/* Constants of every type; those in blocks have zeros past their last channel. */
START_TEST(constants)
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
    ck_assert_float_eq(back[4], 7);
    ck_assert_fer(fer_exec_read(executor, plain[1], &number, 4, &err), err);
    ck_assert_int_eq(number, -7);
    ck_assert_fer(fer_exec_read(executor, plain[2], &number, 4, &err), err);
    ck_assert_int_eq(number, 7);
    ck_assert_fer(fer_exec_read(executor, plain[3], bytes, 5, &err), err);
    ck_assert_uint_eq(bytes[4], 7);
}
END_TEST

/* A constant with contents of its own. */
START_TEST(constant_data)
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
START_TEST(layouts)
{
    struct fer_tensor *plain = toy_tensor(program, "plain", FER_STORAGE_INPUT, 0, TOY_DIMS(2, 5, 2, 3));
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

static const char count_source[] = "__kernel void add(FER_INOUT(total), FER_IN(x))\n"
                                   "{\n"
                                   "    DATA(total)[0] += DATA(x)[0];\n"
                                   "}\n";

static void add_count(struct fer_tensor *total, struct fer_tensor *x)
{
    struct fer_launch *launch = toy_launch(program, count_source, "add");

    toy_pass(launch, "total", total, FER_ACCESS_READ | FER_ACCESS_WRITE);
    toy_in(launch, "x", x);
}

/* The host's memory is free as soon as a write returns, and writes keep their order. */
START_TEST(writes)
{
    struct fer_tensor *in = toy_tensor(program, "in", FER_STORAGE_INPUT, 0, TOY_DIMS(1));
    struct fer_tensor *total = toy_tensor(program, "total", FER_STORAGE_INPUT, 0, TOY_DIMS(1));
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

START_TEST(nowhere)
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

/* ---- prepare ---- */

START_TEST(prepare_when_weights_change)
{
    struct fer_tensor *one = toy_tensor(program, "one", FER_STORAGE_CONSTANT, 0, TOY_DIMS(1));
    struct fer_tensor *prepared = toy_tensor(program, "prepared", FER_STORAGE_INPUT, 0, TOY_DIMS(1));
    struct fer_tensor *run_count = toy_tensor(program, "runs", FER_STORAGE_INPUT, 0, TOY_DIMS(1));
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

/* ---- random numbers ---- */

/* Known answers of Random123's kat_vectors, and the host's generator, which has its own. */
START_TEST(philox_known_answers)
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
    struct fer_tensor *x = toy_tensor(program, "x", FER_STORAGE_INPUT, 0, TOY_DIMS(6));
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
    const struct fer_random_state random = { toy_tensor(program, "epoch", FER_STORAGE_INPUT, 0, TOY_DIMS(4)),
                                             toy_tensor(program, "ids", FER_STORAGE_INPUT, 1, TOY_DIMS(4)) };
    random.epoch->shape.dtype = random.ids->shape.dtype = FER_U32;
    return random;
}

/* Ten crops of a sample draw from its id, each its own; the key is the program's seed. */
START_TEST(random_arguments)
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

START_TEST(random_without_state)
{
    struct fer_tensor *rows = kept("rows", 1, TOY_DIMS(4, 8));

    rows->shape.dtype = FER_U32;
    add_random(rows, 1, NULL);
    refuse(FER_EINVAL);
    ck_assert_says(err, "no random state");
}
END_TEST

/* ---- mistakes in kernels and launches ---- */

static struct fer_launch *faulty(const char *source, const char *kernel)
{
    struct fer_launch *launch = toy_launch(program, source, kernel);

    launch->label = "net.layer1.conv1";
    launch->op = "conv2d";
    launch->pass = "forward";
    toy_in(launch, "x", toy_tensor(program, "x", FER_STORAGE_INPUT, 0, TOY_DIMS(4)));
    toy_out(launch, "y", kept("y", 0, TOY_DIMS(4)));
    return launch;
}

START_TEST(does_not_compile)
{
    faulty("__kernel void f(FER_IN(x), FER_OUT(y))\n{\n    y = 3 +;\n}\n", "f");
    refuse(FER_EBUILD);
    ck_assert_says(err, "net.layer1.conv1 (conv2d, forward): f does not compile on");
    ck_assert_says(err, "expected expression");
}
END_TEST

START_TEST(no_such_kernel)
{
    faulty("__kernel void f(FER_IN(x), FER_OUT(y)) {}\n", "g");
    refuse(FER_EDEVICE);
    ck_assert_says(err, "clCreateKernel(g): the source has no kernel of that name (-46)");
}
END_TEST

START_TEST(wrong_number)
{
    toy_arg(faulty("__kernel void f(FER_IN(x), FER_OUT(y)) {}\n", "f"), FER_ARG_INT);
    refuse(FER_EINVAL);
    ck_assert_says(err, "kernel f has 6 arguments, and the launch passes 7");
}
END_TEST

START_TEST(wrong_order)
{
    faulty("__kernel void f(FER_OUT(y), FER_IN(x)) {}\n", "f");
    refuse(FER_EINVAL);
    ck_assert_says(err, "argument 1 of kernel f is y_data, and the launch passes tensor x");
}
END_TEST

START_TEST(wrong_type)
{
    toy_arg(faulty("__kernel void f(FER_IN(x), FER_OUT(y), const float a) {}\n", "f"), FER_ARG_INT);
    refuse(FER_EINVAL);
    ck_assert_says(err, "argument 7 of kernel f is of type float, and the launch passes an int");
}
END_TEST

START_TEST(same_name_twice)
{
    struct fer_launch *launch = faulty("__kernel void f(FER_IN(x), FER_OUT(y)) {}\n", "f");

    toy_in(launch, "x", launch->args[0].tensor);
    refuse(FER_EINVAL);
    ck_assert_says(err, "two tensor arguments of kernel f are called x");
}
END_TEST

START_TEST(group_too_large)
{
    struct fer_launch *launch = faulty("__kernel void f(FER_IN(x), FER_OUT(y)) {}\n", "f");

    launch->dims = 2;
    launch->global[0].count = launch->global[1].count = 1;
    launch->local[0] = launch->local[1] = device->max_work_group;
    refuse(FER_EDEVICE);
    ck_assert_says(err, "kernel f wants groups of");
}
END_TEST

START_TEST(no_range)
{
    faulty("__kernel void f(FER_IN(x), FER_OUT(y)) {}\n", "f")->dims = 0;
    refuse(FER_EINVAL);
    ck_assert_says(err, "has no range");
}
END_TEST

START_TEST(not_planned)
{
    struct fer_exec *none;

    faulty("__kernel void f(FER_IN(x), FER_OUT(y)) {}\n", "f");
    ck_assert_int_eq(fer_exec_create(device, program, false, NULL, &none, &err), FER_EINVAL);
    ck_assert_says(err, "planned");
}
END_TEST

START_TEST(no_memory)
{
    size_t before = device->allocated;
    cl_ulong memory = device->global_memory;

    add_axpy(toy_tensor(program, "in", FER_STORAGE_INPUT, 0, TOY_DIMS(1 << 20)), kept("out", 0, TOY_DIMS(1 << 20)), 1,
             0, 1 << 20);
    device->global_memory = 6 << 20;
    refuse(FER_ENOMEM);
    ck_assert_says(err, "the memory of in: 4.0 MiB do not fit into the 6.0 MiB");
    ck_assert_uint_eq(device->allocated, before);
    device->global_memory = memory;
}
END_TEST

/* ---- local memory, ranges, times ---- */

/* A sum within each group; the range is rounded up to whole groups. */
START_TEST(local_memory)
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
    struct fer_tensor *in = toy_tensor(program, "in", FER_STORAGE_INPUT, 0, TOY_DIMS(10));
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

START_TEST(profile)
{
    struct fer_tensor *in = toy_tensor(program, "in", FER_STORAGE_INPUT, 0, TOY_DIMS(4));
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

static Suite *make_suite(void)
{
    const TTest *const tests[] = { chain,
                                   several_arenas,
                                   in_place,
                                   views,
                                   persistent,
                                   batch,
                                   batch_range,
                                   dims,
                                   poison,
                                   inputs_start_as_zero,
                                   constants,
                                   constant_data,
                                   layouts,
                                   writes,
                                   nowhere,
                                   prepare_when_weights_change,
                                   philox_known_answers,
                                   random_arguments,
                                   local_memory,
                                   profile };
    const TTest *const refusals[] = { random_without_state,
                                      does_not_compile,
                                      no_such_kernel,
                                      wrong_number,
                                      wrong_order,
                                      wrong_type,
                                      same_name_twice,
                                      group_too_large,
                                      no_range,
                                      no_argument_is_set_behind_one_that_failed,
                                      not_planned,
                                      no_memory };
    Suite *suite = suite_create("exec");
    TCase *runs = tcase_create("runs"), *refused = tcase_create("refused");

    tcase_add_checked_fixture(runs, setup, teardown);
    tcase_add_checked_fixture(refused, setup, teardown);
    tcase_set_timeout(runs, 300);
    tcase_set_timeout(refused, 300);
    for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
        tcase_add_test(runs, tests[i]);
    for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++)
        tcase_add_test(refused, refusals[i]);
    suite_add_tcase(suite, runs);
    suite_add_tcase(suite, refused);
    return suite;
}

int main(void)
{
    setenv("FER_CACHE", "off", 1); /* some drivers forget the names of arguments in a cached binary */
    SRunner *runner = srunner_create(make_suite());
    int failed;

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
