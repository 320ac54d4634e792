/* SPDX-License-Identifier: Apache-2.0
 *
 * What the executor refuses: mistakes in kernels and in launches, and drivers that fail.
 */
#include <dlfcn.h>
#include <string.h>

#include "cases.h"
#include "exec-trial.h"

/* The driver's, failing once; from the library, which is a part of this program. */
static int sets, failing_set;

cl_int clSetKernelArg(cl_kernel kernel, cl_uint index, size_t size, const void *value)
{
    cl_int (*next)(cl_kernel, cl_uint, size_t, const void *);
    void *address = dlsym(RTLD_NEXT, "clSetKernelArg");

    memcpy(&next, &address, sizeof(next));
    return ++sets == failing_set ? CL_OUT_OF_RESOURCES : next(kernel, index, size, value);
}

/* What comes after an argument that could not be set is none of its. */
START_TEST(no_argument_is_set_behind_one_that_failed)
{
    struct fer_tensor *in = input("in", 0, TOY_DIMS(10));
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

static struct fer_launch *faulty(const char *source, const char *kernel)
{
    struct fer_launch *launch = toy_launch(program, source, kernel);

    launch->label = "net.layer1.conv1";
    launch->op = "conv2d";
    launch->pass = "forward";
    toy_in(launch, "x", input("x", 0, TOY_DIMS(4)));
    toy_out(launch, "y", kept("y", 0, TOY_DIMS(4)));
    return launch;
}

START_TEST(a_source_that_does_not_compile_is_refused)
{
    faulty("__kernel void f(FER_IN(x), FER_OUT(y))\n{\n    y = 3 +;\n}\n", "f");
    refuse(FER_EBUILD);
    ck_assert_says(err, "net.layer1.conv1 (conv2d, forward): f does not compile on");
    ck_assert_says(err, "expected expression");
}
END_TEST

START_TEST(a_kernel_that_is_not_there_is_refused)
{
    faulty("__kernel void f(FER_IN(x), FER_OUT(y)) {}\n", "g");
    refuse(FER_EDEVICE);
    ck_assert_says(err, "clCreateKernel(g): the source has no kernel of that name (-46)");
}
END_TEST

START_TEST(a_wrong_number_of_arguments_is_refused)
{
    toy_arg(faulty("__kernel void f(FER_IN(x), FER_OUT(y)) {}\n", "f"), FER_ARG_INT);
    refuse(FER_EINVAL);
    ck_assert_says(err, "kernel f has 6 arguments, and the launch passes 7");
}
END_TEST

START_TEST(a_wrong_order_of_arguments_is_refused)
{
    faulty("__kernel void f(FER_OUT(y), FER_IN(x)) {}\n", "f");
    refuse(FER_EINVAL);
    ck_assert_says(err, "argument 1 of kernel f is y_data, and the launch passes tensor x");
}
END_TEST

START_TEST(a_wrong_type_of_argument_is_refused)
{
    toy_arg(faulty("__kernel void f(FER_IN(x), FER_OUT(y), const float a) {}\n", "f"), FER_ARG_INT);
    refuse(FER_EINVAL);
    ck_assert_says(err, "argument 7 of kernel f is of type float, and the launch passes an int");
}
END_TEST

START_TEST(one_name_for_two_tensors_is_refused)
{
    struct fer_launch *launch = faulty("__kernel void f(FER_IN(x), FER_OUT(y)) {}\n", "f");

    toy_in(launch, "x", launch->args[0].tensor);
    refuse(FER_EINVAL);
    ck_assert_says(err, "two tensor arguments of kernel f are called x");
}
END_TEST

START_TEST(a_group_that_is_too_large_is_refused)
{
    struct fer_launch *launch = faulty("__kernel void f(FER_IN(x), FER_OUT(y)) {}\n", "f");

    launch->dims = 2;
    launch->global[0].count = launch->global[1].count = 1;
    launch->local[0] = launch->local[1] = device->max_work_group;
    refuse(FER_EDEVICE);
    ck_assert_says(err, "kernel f wants groups of");
}
END_TEST

START_TEST(a_launch_without_a_range_is_refused)
{
    faulty("__kernel void f(FER_IN(x), FER_OUT(y)) {}\n", "f")->dims = 0;
    refuse(FER_EINVAL);
    ck_assert_says(err, "has no range");
}
END_TEST

START_TEST(a_program_without_a_plan_is_refused)
{
    struct fer_exec *none = NULL;

    faulty("__kernel void f(FER_IN(x), FER_OUT(y)) {}\n", "f");
    ck_assert_int_eq(fer_exec_create(device, program, false, NULL, &none, &err), FER_EINVAL);
    ck_assert_ptr_null(none);
    ck_assert_says(err, "has not been planned");
}
END_TEST

START_TEST(more_memory_than_there_is_is_refused)
{
    size_t before = device->allocated;
    cl_ulong memory = device->global_memory;

    add_axpy(input("in", 0, TOY_DIMS(1 << 20)), kept("out", 0, TOY_DIMS(1 << 20)), 1, 0, 1 << 20);
    device->global_memory = 6 << 20;
    refuse(FER_ENOMEM);
    ck_assert_says(err, "the memory of in: 4.0 MiB do not fit into the 6.0 MiB");
    ck_assert_uint_eq(device->allocated, before);
    device->global_memory = memory;
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("refusals", exec_set_up, exec_take_down);

    tcase_add_test(tests, no_argument_is_set_behind_one_that_failed);
    tcase_add_test(tests, a_source_that_does_not_compile_is_refused);
    tcase_add_test(tests, a_kernel_that_is_not_there_is_refused);
    tcase_add_test(tests, a_wrong_number_of_arguments_is_refused);
    tcase_add_test(tests, a_wrong_order_of_arguments_is_refused);
    tcase_add_test(tests, a_wrong_type_of_argument_is_refused);
    tcase_add_test(tests, one_name_for_two_tensors_is_refused);
    tcase_add_test(tests, a_group_that_is_too_large_is_refused);
    tcase_add_test(tests, a_launch_without_a_range_is_refused);
    tcase_add_test(tests, a_program_without_a_plan_is_refused);
    tcase_add_test(tests, more_memory_than_there_is_is_refused);
    return cases_run();
}
