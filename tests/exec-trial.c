/* SPDX-License-Identifier: Apache-2.0 */
#include "exec-trial.h"

#include <stdlib.h>

struct fer_program *program;
struct fer_segment *segment;
struct fer_exec *executor;

void exec_set_up(void)
{
    setenv("FER_CACHE", "off", 1); /* some drivers forget the names of arguments in a cached binary */
    device_set_up();
    program = toy_program(4);
    toy_segment(program, "prepare");
    segment = toy_segment(program, "main");
    executor = NULL;
}

void exec_take_down(void)
{
    fer_exec_free(executor);
    toy_free(program);
    device_take_down();
}

struct fer_tensor *input(const char *name, int batch, const int dims[FER_MAX_RANK])
{
    return toy_tensor(program, name, FER_STORAGE_INPUT, batch, dims);
}

struct fer_tensor *kept(const char *name, int batch, const int dims[FER_MAX_RANK])
{
    struct fer_tensor *tensor = toy_tensor(program, name, FER_STORAGE_ARENA, batch, dims);

    tensor->keep = true;
    return tensor;
}

struct fer_launch *add_axpy(struct fer_tensor *x, struct fer_tensor *y, float a, int b, size_t row)
{
    static const char source[] = "__kernel void axpy(FER_IN(x), FER_OUT(y), const float a, const int b)\n"
                                 "{\n"
                                 "    const size_t i = get_global_id(0);\n"
                                 "    if (i < SIZE(x))\n"
                                 "        DATA(y)[i] = a * DATA(x)[i] + (float)b;\n"
                                 "}\n";
    struct fer_launch *launch = toy_launch(program, source, "axpy");

    toy_in(launch, "x", x);
    toy_out(launch, "y", y);
    toy_arg(launch, FER_ARG_FLOAT)->f = a;
    toy_arg(launch, FER_ARG_INT)->i = b;
    toy_range(launch, row, x->shape.batch, 8);
    return launch;
}

void add_count(struct fer_tensor *total, struct fer_tensor *x)
{
    static const char source[] = "__kernel void add(FER_INOUT(total), FER_IN(x))\n"
                                 "{\n"
                                 "    DATA(total)[0] += DATA(x)[0];\n"
                                 "}\n";
    struct fer_launch *launch = toy_launch(program, source, "add");

    toy_pass(launch, "total", total, FER_ACCESS_READ | FER_ACCESS_WRITE);
    toy_in(launch, "x", x);
}

void start(bool poison)
{
    ck_assert_fer(fer_plan(program, device->max_allocation, &err), err);
    ck_assert_fer(fer_plan_check(program, &err), err);
    ck_assert_fer(fer_exec_create(device, program, poison, NULL, &executor, &err), err);
}

void refuse(enum fer_status status)
{
    struct fer_exec *none = NULL;

    ck_assert_fer(fer_plan(program, 0, &err), err);
    ck_assert_int_eq(fer_exec_create(device, program, false, NULL, &none, &err), status);
    ck_assert_ptr_null(none);
}

void run(void)
{
    ck_assert_fer(fer_exec_run(executor, segment, &err), err);
}

void write_floats(const struct fer_tensor *tensor, const float *values, size_t count)
{
    ck_assert_fer(fer_exec_write(executor, tensor, values, count * sizeof(float), &err), err);
}

void read_floats(const struct fer_tensor *tensor, float *values, size_t count)
{
    ck_assert_fer(fer_exec_read(executor, tensor, values, count * sizeof(float), &err), err);
}
