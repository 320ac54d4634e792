/* SPDX-License-Identifier: Apache-2.0
 *
 * FER_DUMP: what is written is what the driver got, so it is compiled again from the file alone and gives the same.
 */
#include "run/device.h"

#include "folder.h"

#include <check.h>
#include <dirent.h>
#include <fer/host.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ck_assert_fer(status) ck_assert_msg((status) == FER_OK, "%s", err.text)

static const char *const source = "__kernel void times(FER_INOUT(x))\n{\n    DATA(x)[get_global_id(0)] *= FACTOR;\n}\n";
static const char *const defines = "#define FER_TYPE_x float\n#define FER_LAYOUT_x FER_PLAIN\n";
enum { COUNT = 8 };

static char found[160];
static struct fer_error err;

static void setup(void)
{
    err = (struct fer_error)FER_ERROR_INIT;
    folder_make();
}

static void teardown(void)
{
    unsetenv("FER_DUMP");
    unsetenv("FER_CACHE");
    folder_remove();
}

/* How many files there are; the path of one. */
static int find_files(const char *where)
{
    DIR *dir = opendir(where);
    struct dirent *entry;
    int count = 0;

    while (dir && (entry = readdir(dir))) {
        if (entry->d_name[0] == '.')
            continue;
        count++;
        snprintf(found, sizeof(found), "%.64s/%.90s", where, entry->d_name);
    }
    if (dir)
        closedir(dir);
    return count;
}

/* x[i] = i, through the program's kernel. */
static void run(struct fer_device *device, cl_program program, float *x)
{
    const size_t size = COUNT;
    const cl_ulong offset = 0;
    const cl_int4 dim = { { COUNT, 1, 1, 1 } };
    struct fer_buffer *buffer;
    cl_int code;
    cl_kernel kernel = clCreateKernel(program, "times", &code);

    ck_assert_int_eq(code, CL_SUCCESS);
    for (int i = 0; i < COUNT; i++)
        x[i] = (float)i;
    ck_assert_fer(fer_buffer_create(device, COUNT * sizeof(*x), &buffer, &err));
    ck_assert_fer(fer_buffer_write(buffer, 0, x, COUNT * sizeof(*x), &err));
    ck_assert_int_eq(clSetKernelArg(kernel, 0, sizeof(buffer->mem), &buffer->mem), CL_SUCCESS);
    ck_assert_int_eq(clSetKernelArg(kernel, 1, sizeof(offset), &offset), CL_SUCCESS);
    ck_assert_int_eq(clSetKernelArg(kernel, 2, sizeof(dim), &dim), CL_SUCCESS);
    ck_assert_int_eq(clEnqueueNDRangeKernel(device->queue, kernel, 1, NULL, &size, NULL, 0, NULL, NULL), CL_SUCCESS);
    ck_assert_fer(fer_buffer_read(buffer, 0, x, COUNT * sizeof(*x), &err));
    fer_buffer_free(buffer);
    clReleaseKernel(kernel);
}

START_TEST(is_all_that_a_compiler_needs)
{
    char below[96];
    char *options, *text;
    float ours[COUNT], again[COUNT];
    struct fer_device *device;
    cl_program program;
    size_t size;
    cl_int code;

    snprintf(below, sizeof(below), "%s/new", folder);
    setenv("FER_DUMP", below, 1);
    ck_assert_fer(fer_device_open(NULL, &device, &err));
    ck_assert_fer(fer_device_program(device, defines, source, "-DFACTOR=3", NULL, &program, &err));
    run(device, program, ours);
    ck_assert_int_eq(find_files(below), 1);
    ck_assert_msg(strncmp(found + strlen(below), "/times-", 7) == 0, "%s", found);
    ck_assert_fer(fer_file_read(found, 1 << 20, (void **)&options, &size, &err));
    ck_assert_msg(strncmp(options, "// -cl-std=", 11) == 0, "%.80s", options);
    text = strdup(options);
    options[strcspn(options, "\n")] = '\0';

    program = clCreateProgramWithSource(device->context, 1, (const char **)&text, NULL, &code);
    ck_assert_int_eq(code, CL_SUCCESS);
    ck_assert_int_eq(clBuildProgram(program, 1, &device->id, options + 2, NULL, NULL), CL_SUCCESS);
    run(device, program, again);
    for (int i = 0; i < COUNT; i++) {
        ck_assert(ours[i] == (float)(3 * i));
        ck_assert(again[i] == ours[i]);
    }
    clReleaseProgram(program);
    free(options);
    free(text);
    fer_device_close(device);
    unlink(found);
    ck_assert_int_eq(rmdir(below), 0);
}
END_TEST

/* Each program once, other options in another file; also what comes from the disk and is not compiled. */
START_TEST(is_written_for_each_program)
{
    struct fer_device *device;
    cl_program program;

    setenv("FER_CACHE", "on", 1);
    setenv("FER_DUMP", folder, 1);
    for (int pass = 0; pass < 2; pass++) {
        ck_assert_fer(fer_device_open(NULL, &device, &err));
        for (int i = 0; i < 2; i++) {
            ck_assert_fer(fer_device_program(device, defines, source, "-DFACTOR=3", NULL, &program, &err));
            ck_assert_fer(fer_device_program(device, defines, source, "-DFACTOR=4", NULL, &program, &err));
        }
        fer_device_close(device);
        ck_assert_int_eq(folder_clear(), 2);
    }
}
END_TEST

START_TEST(a_folder_that_cannot_be_made_is_said)
{
    struct fer_device *device;
    cl_program program;

    setenv("FER_DUMP", "/dev/null/programs", 1);
    ck_assert_fer(fer_device_open(NULL, &device, &err));
    ck_assert_int_eq(fer_device_program(device, defines, source, "-DFACTOR=3", NULL, &program, &err), FER_EIO);
    ck_assert_msg(strncmp(err.text, "FER_DUMP: ", 10) == 0 && strstr(err.text, "/dev/null"), "%s", err.text);
    ck_assert_msg(!strchr(err.text, '\n'), "%s", err.text);
    fer_device_close(device);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dump");
    TCase *tcase = tcase_create("dump");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, is_all_that_a_compiler_needs);
    tcase_add_test(tcase, is_written_for_each_program);
    tcase_add_test(tcase, a_folder_that_cannot_be_made_is_said);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
