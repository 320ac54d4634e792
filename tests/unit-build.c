/* SPDX-License-Identifier: Apache-2.0
 *
 * Programs are built once, for what is asked of them; what does not compile is shown.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "device-trial.h"
#include "run/build.h"

static const char *const good = "__kernel void twice(FER_INOUT(x))\n{\n    DATA(x)[get_global_id(0)] *= FACTOR;\n}\n";
static const char *const x_float = "#define FER_TYPE_x float\n#define FER_LAYOUT_x FER_PLAIN\n";
static const char *const x_int = "#define FER_TYPE_x int\n#define FER_LAYOUT_x FER_PLAIN\n";

static void build_set_up(void)
{
    setenv("FER_CACHE", "off", 1); /* what an earlier run compiled is not built again */
    device_set_up();
}

static void remember(void *user, const char *what)
{
    snprintf(user, 128, "%s", what);
}

START_TEST(the_same_source_is_built_once)
{
    char told[128] = "";
    const struct fer_build_watch watch = { remember, told };
    cl_program first, second, other;

    ck_assert_fer(fer_device_program(device, x_float, good, "-DFACTOR=2", &watch, &first, &err), err);
    ck_assert_str_eq(told, "twice -DFACTOR=2");
    told[0] = '\0';
    ck_assert_fer(fer_device_program(device, x_float, good, "-DFACTOR=2", &watch, &second, &err), err);
    ck_assert_ptr_eq(first, second);
    ck_assert_str_eq(told, "");
    ck_assert_fer(fer_device_program(device, x_float, good, "-DFACTOR=3", &watch, &other, &err), err);
    ck_assert_ptr_ne(first, other);
    ck_assert_fer(fer_device_program(device, x_int, good, "-DFACTOR=2", NULL, &other, &err), err);
    ck_assert_ptr_ne(first, other);
    ck_assert_int_eq(fer_program_cache_count(device->cache), 3);
}
END_TEST

/* More programs than the table starts with room for. */
START_TEST(more_programs_than_the_table_had_room_for_are_kept)
{
    enum { COUNT = 33 };
    cl_program programs[COUNT], again;

    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < COUNT; i++) {
            char source[64];

            snprintf(source, sizeof(source), "__kernel void k%d(void) {}\n", i);
            ck_assert_fer(fer_device_program(device, NULL, source, NULL, NULL, pass ? &again : &programs[i], &err),
                          err);
            if (pass)
                ck_assert_ptr_eq(again, programs[i]);
        }
    }
    ck_assert_int_eq(fer_program_cache_count(device->cache), COUNT);
}
END_TEST

/* The size that a kernel asks for; the attribute is played by one that every driver knows and tells of. */
static size_t asked_for(const char *floats)
{
    char source[256];
    cl_program program;
    cl_kernel kernel;
    size_t size[3];
    cl_int code;

    snprintf(source, sizeof(source),
             "#define intel_reqd_sub_group_size(n) reqd_work_group_size(n, 1, 1)\n"
             "__kernel __attribute__((vec_type_hint(float) FER_PRIVATE_FLOATS(%s))) void asks(void) {}\n",
             floats);
    ck_assert_fer(fer_device_program(device, NULL, source, NULL, NULL, &program, &err), err);
    kernel = clCreateKernel(program, "asks", &code);
    ck_assert_int_eq(code, CL_SUCCESS);
    ck_assert_int_eq(
        clGetKernelWorkGroupInfo(kernel, device->id, CL_KERNEL_COMPILE_WORK_GROUP_SIZE, sizeof(size), size, NULL),
        CL_SUCCESS);
    clReleaseKernel(kernel);
    return size[0];
}

/* Of what a work-item keeps and of the device: nothing, where it has no sizes to choose from. */
START_TEST(kernels_ask_for_a_sub_group_by_what_they_keep)
{
    device->sub_group = 0;
    ck_assert_uint_eq(asked_for("8 * 8"), 0);
    device->sub_group = 8;
    ck_assert_uint_eq(asked_for("8 * 8"), 8);
    ck_assert_uint_eq(asked_for("8"), 8);
    ck_assert_uint_eq(asked_for("7"), 16);
    device->sub_group = 16;
    ck_assert_uint_eq(asked_for("8 * 8"), 16);
    ck_assert_uint_eq(asked_for("4"), 32);
    ck_assert_int_eq(fer_program_cache_count(device->cache), 6); /* other sizes are other programs */
}
END_TEST

START_TEST(a_kernel_that_does_not_compile_is_shown)
{
    static const char *const bad = "__kernel void broken(FER_IN(x), FER_OUT(y))\n{\n    int a = 1;\n    nonsense;\n}\n";
    cl_program program;

    ck_assert_int_eq(fer_device_program(device, x_float, bad, NULL, NULL, &program, &err), FER_EBUILD);
    ck_assert_says(err, "broken does not compile on");
    ck_assert_says(err, "nonsense");
    ck_assert_int_eq(fer_program_cache_count(device->cache), 0);
    if (strstr(device->platform_name, "Portable Computing Language"))
        ck_assert_says(err, "source:4:");
    ck_assert_int_eq(fer_device_program(device, x_float, good, NULL, NULL, &program, &err), FER_EBUILD);
    ck_assert_says(err, "FACTOR");
}
END_TEST

START_TEST(options_that_are_too_long_are_refused)
{
    char options[16384];
    cl_program program;

    memset(options, 'x', sizeof(options) - 1);
    memcpy(options, "-D", 2);
    options[sizeof(options) - 1] = '\0';
    ck_assert_int_eq(fer_device_program(device, x_float, good, options, NULL, &program, &err), FER_EINVAL);
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("build", build_set_up, device_take_down);

    tcase_add_test(tests, the_same_source_is_built_once);
    tcase_add_test(tests, more_programs_than_the_table_had_room_for_are_kept);
    tcase_add_test(tests, kernels_ask_for_a_sub_group_by_what_they_keep);
    tcase_add_test(tests, a_kernel_that_does_not_compile_is_shown);
    tcase_add_test(tests, options_that_are_too_long_are_refused);
    return cases_run();
}
