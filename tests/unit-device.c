/* SPDX-License-Identifier: Apache-2.0
 *
 * Devices: which there are, which is chosen, and what one that does not answer is worth.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cases.h"
#include "device-trial.h"
#include "environment.h"
#include "run/select.h"

static const char *self; /* of this test; valgrind's is /proc/self/exe */

/* The driver's, failing once; from the library, which is a part of this program. */
static int queries, failing_query;

cl_int clGetDeviceInfo(cl_device_id id, cl_device_info what, size_t size, void *value, size_t *out)
{
    cl_int (*next)(cl_device_id, cl_device_info, size_t, void *, size_t *);
    void *address = dlsym(RTLD_NEXT, "clGetDeviceInfo");

    memcpy(&next, &address, sizeof(next));
    return ++queries == failing_query ? CL_OUT_OF_RESOURCES : next(id, what, size, value, out);
}

/* Which device is opened is the test's affair. */
static void choices_set_up(void)
{
    static const char *const names[] = { "FER_DEVICE", NULL };

    environment_keep(names);
    failing_query = 0;
    err = (struct fer_error)FER_ERROR_INIT;
}

static void devices_set_up(void)
{
    static const char *const names[] = { "FER_PROFILE", "FER_VEC_LANES", NULL };

    environment_keep(names);
    device_set_up();
}

static void devices_take_down(void)
{
    device_take_down();
    environment_restore();
}

START_TEST(codes_of_opencl_become_sentences)
{
    ck_assert_int_eq(fer_fail_cl(&err, -5, "clEnqueueNDRangeKernel(%s)", "relu"), FER_EDEVICE);
    ck_assert_str_eq(err.text, "clEnqueueNDRangeKernel(relu): out of resources (-5)");
    ck_assert_int_eq(fer_fail_cl(&err, -4, "a buffer"), FER_ENOMEM);
    ck_assert_says(err, "smaller batch");
    ck_assert_int_eq(fer_fail_cl(&err, -9999, "clFoo"), FER_EDEVICE);
    ck_assert_says(err, "(-9999)");
    ck_assert_int_eq(fer_fail_cl(NULL, -5, "nobody listens"), FER_EDEVICE);
}
END_TEST

/* Whatever a device does not say, it is opened, or there is a sentence. */
START_TEST(devices_that_do_not_answer_are_opened_or_named)
{
    int opened = 0, all = 0;

    for (failing_query = 0; failing_query <= all; failing_query++) {
        queries = 0;
        device = NULL;
        err = (struct fer_error)FER_ERROR_INIT;
        if (fer_device_open(NULL, &device, &err) == FER_OK)
            opened++;
        else
            ck_assert(device == NULL && err.text[0]);
        if (failing_query == 0)
            all = queries;
        fer_device_close(device);
    }
    ck_assert_int_ge(all, 10);
    ck_assert(opened >= 1 && opened < all); /* some answers are needed */
    failing_query = 0;
}
END_TEST

/* One that answers otherwise when it is asked again, as it is for its place among its equals, is chosen all the same.
 */
START_TEST(devices_that_change_their_answers_are_chosen)
{
    struct fer_candidate *list;
    int count, all = 0;

    ck_assert_fer(fer_candidates_find(&list, &count, &err), err);
    for (failing_query = 0; failing_query <= all; failing_query++) {
        int index = -1;

        queries = 0;
        ck_assert_fer(fer_candidates_choose(list, count, NULL, 0, &index, &err), err);
        ck_assert(index >= 0 && index < count);
        if (failing_query == 0)
            all = queries;
    }
    ck_assert_int_ge(all, 3);
    failing_query = 0;
    free(list);
}
END_TEST

/* ---- which device ---- */

START_TEST(devices_are_listed_with_what_they_are)
{
    struct fer_device_info *devices;
    int count;

    ck_assert_fer(fer_devices_list(&devices, &count, &err), err);
    ck_assert_int_ge(count, 1);
    for (int i = 0; i < count; i++) {
        ck_assert_int_eq(devices[i].index, i);
        ck_assert(devices[i].name[0] && devices[i].platform[0] && devices[i].driver[0] && devices[i].type[0]);
        ck_assert_uint_gt(devices[i].compute_units, 0);
        ck_assert_uint_ge(devices[i].global_memory, devices[i].max_allocation);
    }
    free(devices);
}
END_TEST

START_TEST(an_open_device_knows_what_it_is)
{
    ck_assert(!strncmp(device->c_standard, "-cl-std=CL", 10));
    ck_assert_int_ge(device->c_standard[10], '1');
    ck_assert_uint_gt(device->max_work_group, 0);
    ck_assert_uint_gt(device->max_local[2], 0);
    ck_assert_uint_gt(device->local_memory, 0);
    ck_assert(device->vendor[0] && device->version[0] && device->driver[0]);
    ck_assert(!device->profiling);
}
END_TEST

/* Those of Intel's GPUs of Gen9 to Arc, of Ponte Vecchio, of Intel's runtime for CPUs, and what no device says. */
START_TEST(the_least_sub_group_that_fits_is_chosen)
{
    static const struct {
        size_t sizes[5], count, chosen;
    } cases[] = { { { 8, 16, 32 }, 3, 8 }, { { 16, 32 }, 2, 16 }, { { 4, 8, 16, 32, 64 }, 5, 8 },
                  { { 32, 8, 16 }, 3, 8 }, { { 8, 32 }, 2, 0 },   { { 32 }, 1, 0 },
                  { { 0, 0 }, 2, 0 },      { { 0 }, 0, 0 } };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        ck_assert_uint_eq(fer_sub_group_choose(cases[i].sizes, cases[i].count), cases[i].chosen);
}
END_TEST

static void make_candidates(struct fer_candidate *list)
{
    static const struct {
        const char *name, *platform;
        cl_device_type type;
    } known[] = {
        { "pthread-EPYC", "Portable Computing Language", CL_DEVICE_TYPE_CPU },
        { "Simulator", "Oclgrind", CL_DEVICE_TYPE_CPU | CL_DEVICE_TYPE_GPU | CL_DEVICE_TYPE_ACCELERATOR },
        { "NVIDIA H200", "NVIDIA CUDA", CL_DEVICE_TYPE_GPU },
    };

    for (int i = 0; i < 3; i++) {
        list[i] = (struct fer_candidate){ .type = known[i].type };
        snprintf(list[i].name, sizeof(list[i].name), "%s", known[i].name);
        snprintf(list[i].platform_name, sizeof(list[i].platform_name), "%s", known[i].platform);
    }
}

/* Processes on one machine take entries of a list, and devices of a kind, by turns. */
START_TEST(processes_take_devices_by_turns)
{
    static const struct {
        const char *spec;
        int expected[5]; /* by place */
    } cases[] = { { "gpu,cpu", { 2, 0, 3, 0, 2 } }, { "gpu", { 2, 3, 2, 3, 2 } }, { "", { 2, 3, 2, 3, 2 } },
                  { "3, 0", { 3, 0, 3, 0, 3 } },    { "cpu", { 0, 0, 0, 0, 0 } }, { "cuda,gpu", { 2, 2, 3, 3, 2 } } };
    struct fer_candidate list[4];
    int index;

    unsetenv("FER_DEVICE");
    make_candidates(list);
    list[3] = list[2];
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        for (int place = 0; place < 5; place++) {
            ck_assert_fer(fer_candidates_choose(list, 4, cases[i].spec, place, &index, &err), err);
            ck_assert_msg(index == cases[i].expected[place], "'%s', process %d: device %d", cases[i].spec, place,
                          index);
        }
    }
    ck_assert_int_eq(fer_candidates_choose(list, 4, "gpu,radeon", 0, &index, &err), FER_OK);
    ck_assert_int_eq(fer_candidates_choose(list, 4, "gpu,radeon", 1, &index, &err), FER_ENOTFOUND);
}
END_TEST

START_TEST(a_device_is_chosen_by_number_kind_or_name)
{
    static const struct {
        const char *spec;
        int index;
    } cases[] = { { "0", 0 },    { "1", 1 },        { "cpu", 0 },  { "CPU", 0 }, { "gpu", 2 }, { "oclgrind", 1 },
                  { "h200", 2 }, { "portable", 0 }, { "cuda", 2 }, { "", 2 },    { NULL, 2 },  { "200", 2 } };
    struct fer_candidate list[3];
    int index;

    unsetenv("FER_DEVICE");
    make_candidates(list);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        ck_assert_fer(fer_candidates_choose(list, 3, cases[i].spec, 0, &index, &err), err);
        ck_assert_msg(index == cases[i].index, "'%s' chose %d", cases[i].spec ? cases[i].spec : "nothing", index);
    }
    /* Without a GPU a CPU, and a simulator only when there is nothing else. */
    ck_assert_int_eq(fer_candidates_choose(list, 2, NULL, 0, &index, &err), FER_OK);
    ck_assert_int_eq(index, 0);
    ck_assert_int_eq(fer_candidates_choose(list + 1, 1, NULL, 0, &index, &err), FER_OK);
    ck_assert_int_eq(fer_candidates_choose(list, 3, "radeon", 0, &index, &err), FER_ENOTFOUND);
    ck_assert_str_eq(err.text, "no device is 'radeon'; there are: 0 pthread-EPYC, 1 Simulator, 2 NVIDIA H200");
    ck_assert_int_eq(fer_candidates_choose(list, 3, "3", 0, &index, &err), FER_ENOTFOUND);
    setenv("FER_DEVICE", "simul", 1);
    ck_assert_int_eq(fer_candidates_choose(list, 3, NULL, 0, &index, &err), FER_OK);
    ck_assert_int_eq(index, 1);
    ck_assert_int_eq(fer_candidates_choose(list, 3, "cpu", 0, &index, &err), FER_OK);
    ck_assert_int_eq(index, 0);
}
END_TEST

START_TEST(fer_profile_decides_the_profile)
{
    struct fer_device *other;
    cl_device_type type;

    setenv("FER_PROFILE", "gpu", 1);
    ck_assert_fer(fer_device_open(NULL, &other, &err), err);
    ck_assert_int_eq(other->profile, FER_PROFILE_GPU);
    ck_assert_int_eq(other->sub_group > 0, fer_device_has(other, "cl_intel_required_subgroup_size"));
    fer_device_close(other);
    setenv("FER_PROFILE", "CPU", 1);
    ck_assert_fer(fer_device_open(NULL, &other, &err), err);
    ck_assert_uint_eq(other->sub_group, 0);
    ck_assert_int_eq(other->profile, FER_PROFILE_CPU);
    fer_device_close(other);
    setenv("FER_PROFILE", "tpu", 1);
    ck_assert_int_eq(fer_device_open(NULL, &other, &err), FER_EINVAL);
    ck_assert_ptr_null(other);
    ck_assert_says(err, "FER_PROFILE is 'tpu'");
    unsetenv("FER_PROFILE");
    ck_assert_fer(fer_device_open(NULL, &other, &err), err);
    ck_assert_int_eq(clGetDeviceInfo(other->id, CL_DEVICE_TYPE, sizeof(type), &type, NULL), CL_SUCCESS);
    type &= ~(cl_device_type)CL_DEVICE_TYPE_DEFAULT;
    ck_assert_int_eq(other->profile,
                     other->local_is_global || type == CL_DEVICE_TYPE_CPU ? FER_PROFILE_CPU : FER_PROFILE_GPU);
    fer_device_close(other);
}
END_TEST

START_TEST(fer_vec_lanes_decides_the_vectors)
{
    struct fer_device *other;
    cl_uint native;

    setenv("FER_PROFILE", "gpu", 1);
    ck_assert_fer(fer_device_open(NULL, &other, &err), err);
    ck_assert_int_eq(other->vec_lanes, 0);
    fer_device_close(other);
    setenv("FER_PROFILE", "cpu", 1);
    unsetenv("FER_VEC_LANES");
    ck_assert_fer(fer_device_open(NULL, &other, &err), err);
    ck_assert_int_eq(clGetDeviceInfo(other->id, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, sizeof(native), &native, NULL),
                     CL_SUCCESS);
    ck_assert_int_eq(other->vec_lanes, native >= 16 ? 16 : 8);
    ck_assert_ptr_null(strstr(other->tuned_as, "lanes"));
    fer_device_close(other);
    for (int lanes = 8; lanes <= 16; lanes += 8) {
        setenv("FER_VEC_LANES", lanes == 8 ? "8" : "16", 1);
        ck_assert_fer(fer_device_open(NULL, &other, &err), err);
        ck_assert_int_eq(other->vec_lanes, lanes);
        /* what was the fastest for one width is not so for the other */
        ck_assert_int_eq(strstr(other->tuned_as, "lanes") != NULL, lanes != (native >= 16 ? 16 : 8));
        fer_device_close(other);
    }
    setenv("FER_VEC_LANES", "12", 1);
    ck_assert_int_eq(fer_device_open(NULL, &other, &err), FER_EINVAL);
    ck_assert_ptr_null(other);
    ck_assert_says(err, "FER_VEC_LANES is '12'; set it to 8 or 16");
}
END_TEST

/* The loader reads its list once a process, so a process of its own looks at an empty one (see main). */
START_TEST(without_a_platform_a_sentence_says_what_to_install)
{
    char folder[] = "/tmp/fer-no-platform-XXXXXX";
    int status = 0;
    pid_t child;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    child = fork();
    if (child == 0) {
        setenv("OCL_ICD_VENDORS", folder, 1);
        unsetenv("OCL_ICD_FILENAMES");
        execl(self, self, "--no-platform", (char *)NULL);
        _exit(127);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    rmdir(folder);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child says %d", WEXITSTATUS(status));
}
END_TEST

static int without_platform(void)
{
    struct fer_error error = FER_ERROR_INIT;
    struct fer_device_info *devices;
    struct fer_device *other;
    int count;

    if (fer_devices_list(&devices, &count, &error) != FER_ENOTFOUND || devices || count)
        return 2;
    if (!strstr(error.text, "no OpenCL platform") || !strstr(error.text, "pocl-opencl-icd"))
        return 3;
    return fer_device_open(NULL, &other, &error) == FER_ENOTFOUND && !other ? 0 : 4;
}

int main(int argc, char **argv)
{
    TCase *choices, *devices;

    if (argc > 1 && !strcmp(argv[1], "--no-platform"))
        return without_platform();
    self = argv[0];
    choices = cases_begin("choices", choices_set_up, environment_restore);
    devices = cases_begin("devices", devices_set_up, devices_take_down);
    tcase_add_test(choices, codes_of_opencl_become_sentences);
    tcase_add_test(choices, devices_that_do_not_answer_are_opened_or_named);
    tcase_add_test(choices, devices_that_change_their_answers_are_chosen);
    tcase_add_test(choices, a_device_is_chosen_by_number_kind_or_name);
    tcase_add_test(choices, processes_take_devices_by_turns);
    tcase_add_test(choices, the_least_sub_group_that_fits_is_chosen);
    tcase_add_test(choices, without_a_platform_a_sentence_says_what_to_install);
    tcase_add_test(devices, devices_are_listed_with_what_they_are);
    tcase_add_test(devices, an_open_device_knows_what_it_is);
    tcase_add_test(devices, fer_profile_decides_the_profile);
    tcase_add_test(devices, fer_vec_lanes_decides_the_vectors);
    return cases_run();
}
