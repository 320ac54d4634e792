/* SPDX-License-Identifier: Apache-2.0
 *
 * Devices, buffers and the program cache, on the device that FER_DEVICE names (PoCL by default).
 */
#include "run/build.h"
#include "run/device.h"
#include "run/select.h"

#include <check.h>
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ck_assert_fer(status, err) ck_assert_msg((status) == FER_OK, "%s", (err).text)
#define ck_assert_says(err, part)                                                                                      \
    ck_assert_msg(strstr((err).text, part) != NULL, "'%s' is not in '%s'", part, (err).text)

static const char *self; /* of this test; valgrind's is /proc/self/exe */
static struct fer_device *device;
static struct fer_error err;

/* The driver's, failing once; from the library, which is a part of this program. */
static int queries, failing_query;

cl_int clGetDeviceInfo(cl_device_id id, cl_device_info what, size_t size, void *value, size_t *out)
{
    cl_int (*next)(cl_device_id, cl_device_info, size_t, void *, size_t *);
    void *address = dlsym(RTLD_NEXT, "clGetDeviceInfo");

    memcpy(&next, &address, sizeof(next));
    return ++queries == failing_query ? CL_OUT_OF_RESOURCES : next(id, what, size, value, out);
}

static void setup(void)
{
    err = (struct fer_error)FER_ERROR_INIT;
    ck_assert_fer(fer_device_open(NULL, &device, &err), err);
}

static void teardown(void)
{
    fer_device_close(device);
}

/* ---- errors ---- */

START_TEST(sentences)
{
    err = (struct fer_error)FER_ERROR_INIT;
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
START_TEST(devices_that_do_not_answer)
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
START_TEST(devices_that_change_their_answers)
{
    struct fer_candidate *list;
    int count, all = 0;

    failing_query = 0;
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

START_TEST(listing)
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

START_TEST(properties)
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
START_TEST(sub_groups)
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
START_TEST(places)
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

START_TEST(choice)
{
    static const struct {
        const char *spec;
        int index;
    } cases[] = { { "0", 0 },    { "1", 1 },        { "cpu", 0 },  { "CPU", 0 }, { "gpu", 2 }, { "oclgrind", 1 },
                  { "h200", 2 }, { "portable", 0 }, { "cuda", 2 }, { "", 2 },    { NULL, 2 },  { "200", 2 } };
    struct fer_candidate list[3];
    int index;

    const char *before = getenv("FER_DEVICE");
    char *saved = before ? strdup(before) : NULL;
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
    unsetenv("FER_DEVICE");
    if (saved)
        setenv("FER_DEVICE", saved, 1);
    free(saved);
}
END_TEST

START_TEST(profile_wish)
{
    const char *before = getenv("FER_PROFILE");
    char *saved = before ? strdup(before) : NULL;
    struct fer_device *other;

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
    if (other->local_is_global)
        ck_assert_int_eq(other->profile, FER_PROFILE_CPU);
    fer_device_close(other);
    if (saved)
        setenv("FER_PROFILE", saved, 1);
    free(saved);
}
END_TEST

/* The loader reads its list once a process, so a process of its own looks at an empty one (see main). */
START_TEST(no_platform)
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

/* ---- buffers ---- */

START_TEST(buffer_copies)
{
    struct fer_buffer *buffer;
    uint32_t values[8], back[8];
    size_t before = device->allocated;

    for (uint32_t i = 0; i < 8; i++)
        values[i] = i * i;
    ck_assert_fer(fer_buffer_create(device, sizeof(values), &buffer, &err), err);
    ck_assert_uint_eq(device->allocated, before + sizeof(values));
    ck_assert_fer(fer_buffer_fill(buffer, 0, sizeof(values), 7, &err), err);
    ck_assert_fer(fer_buffer_write(buffer, 8, values + 2, 12, &err), err);
    ck_assert_fer(fer_buffer_read(buffer, 0, back, sizeof(back), &err), err);
    for (uint32_t i = 0; i < 8; i++)
        ck_assert_uint_eq(back[i], i >= 2 && i < 5 ? i * i : 7);
    ck_assert_fer(fer_buffer_fill(buffer, 1, 2, 0xabababab, &err), err);
    ck_assert_fer(fer_buffer_read(buffer, 0, back, 4, &err), err);
    ck_assert_uint_eq(back[0], 0x00abab07);
    fer_buffer_free(buffer);
    ck_assert_uint_eq(device->allocated, before);
    ck_assert_uint_ge(device->peak, before + sizeof(values));
}
END_TEST

START_TEST(buffer_ranges)
{
    struct fer_buffer *buffer;
    char bytes[32] = "";

    ck_assert_fer(fer_buffer_create(device, 16, &buffer, &err), err);
    ck_assert_int_eq(fer_buffer_write(buffer, 8, bytes, 9, &err), FER_EINVAL);
    ck_assert_int_eq(fer_buffer_read(buffer, 17, bytes, 0, &err), FER_EINVAL);
    ck_assert_int_eq(fer_buffer_read(buffer, SIZE_MAX, bytes, 2, &err), FER_EINVAL);
    ck_assert_int_eq(fer_buffer_fill(buffer, 0, 32, 0, &err), FER_EINVAL);
    ck_assert_int_eq(fer_buffer_fill(buffer, 0, 3, 0x12345678, &err), FER_EINVAL);
    ck_assert_int_eq(fer_buffer_write(buffer, 16, bytes, 0, &err), FER_OK);
    fer_buffer_free(buffer);
    ck_assert_fer(fer_buffer_create(device, 0, &buffer, &err), err);
    fer_buffer_free(buffer);
}
END_TEST

START_TEST(buffer_too_large)
{
    struct fer_buffer *buffer;
    cl_ulong memory = device->global_memory;

    ck_assert_int_eq(fer_buffer_create(device, device->max_allocation + (3 << 20), &buffer, &err), FER_ENOMEM);
    ck_assert_ptr_null(buffer);
    ck_assert_says(err, "3.0 MiB more than");
    device->global_memory = 1 << 20;
    ck_assert_int_eq(fer_buffer_create(device, 2 << 20, &buffer, &err), FER_ENOMEM);
    ck_assert_says(err, "2.0 MiB do not fit into the 1.0 MiB");
    device->global_memory = memory;
}
END_TEST

/* ---- programs ---- */

static const char *const good = "__kernel void twice(FER_INOUT(x))\n{\n    DATA(x)[get_global_id(0)] *= FACTOR;\n}\n";
static const char *const x_float = "#define FER_TYPE_x float\n#define FER_LAYOUT_x FER_PLAIN\n";
static const char *const x_int = "#define FER_TYPE_x int\n#define FER_LAYOUT_x FER_PLAIN\n";

static void remember(void *user, const char *what)
{
    snprintf(user, 128, "%s", what);
}

START_TEST(builds_once)
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
START_TEST(cache_grows)
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
START_TEST(asks_for_a_sub_group)
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

START_TEST(bad_kernel)
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

START_TEST(long_options)
{
    char options[16384];
    cl_program program;

    memset(options, 'x', sizeof(options) - 1);
    memcpy(options, "-D", 2);
    options[sizeof(options) - 1] = '\0';
    ck_assert_int_eq(fer_device_program(device, x_float, good, options, NULL, &program, &err), FER_EINVAL);
}
END_TEST

/* ---- binaries on disk ---- */

static char cache_folder[64];

/* What the tests change, to be put back where they share a process. */
static struct {
    const char *name;
    char *value;
} environment[] = { { "XDG_CACHE_HOME", NULL }, { "HOME", NULL }, { "POCL_CACHE_DIR", NULL }, { "FER_CACHE", NULL } };
#define VARIABLES (sizeof(environment) / sizeof(*environment))

static void binary_setup(void)
{
    char pocl[128];

    for (size_t i = 0; i < VARIABLES; i++) {
        const char *value = getenv(environment[i].name);

        environment[i].value = value ? strdup(value) : NULL;
    }
    snprintf(cache_folder, sizeof(cache_folder), "/tmp/fer-cache-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(cache_folder));
    snprintf(pocl, sizeof(pocl), "%s/pocl", cache_folder);
    setenv("XDG_CACHE_HOME", cache_folder, 1);
    setenv("POCL_CACHE_DIR", pocl, 1);
    setenv("FER_CACHE", "on", 1);
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info;
    (void)kind;
    (void)walk;
    return remove(path);
}

static void binary_teardown(void)
{
    nftw(cache_folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    for (size_t i = 0; i < VARIABLES; i++) {
        if (environment[i].value)
            setenv(environment[i].name, environment[i].value, 1);
        else
            unsetenv(environment[i].name);
        free(environment[i].value);
    }
}

/* The only file of the cache: its path. */
static int cached_files(char *path, size_t size)
{
    char folder[128];
    struct dirent *entry;
    int count = 0;
    DIR *dir;

    snprintf(folder, sizeof(folder), "%s/libfer", cache_folder);
    dir = opendir(folder);
    while (dir && (entry = readdir(dir))) {
        if (entry->d_name[0] == '.')
            continue;
        count++;
        snprintf(path, size, "%.100s/%.100s", folder, entry->d_name);
    }
    if (dir)
        closedir(dir);
    return count;
}

/* Open a device, build, and say how many programs were compiled rather than loaded. */
static int compiled_afresh(void)
{
    struct fer_device *fresh;
    cl_program program;
    int compiled;

    ck_assert_fer(fer_device_open(NULL, &fresh, &err), err);
    ck_assert_fer(fer_device_program(fresh, x_float, good, "-DFACTOR=2", NULL, &program, &err), err);
    compiled = fer_program_cache_compiled(fresh->cache);
    fer_device_close(fresh);
    return compiled;
}

START_TEST(binary_round_trip)
{
    char path[256];

    ck_assert_int_eq(compiled_afresh(), 1);
    ck_assert_int_eq(cached_files(path, sizeof(path)), 1);
    ck_assert_int_eq(compiled_afresh(), 0);
    setenv("FER_CACHE", "off", 1);
    ck_assert_int_eq(compiled_afresh(), 1);
}
END_TEST

/* Whatever is in the file: cut, changed, of no length, or not a file. */
START_TEST(binary_damaged)
{
    static const char garbage[] = "this is no binary";
    struct stat info;
    char path[256];
    int fd;

    ck_assert_int_eq(compiled_afresh(), 1);
    ck_assert_int_eq(cached_files(path, sizeof(path)), 1);
    ck_assert_int_eq(stat(path, &info), 0);
    for (int kind = 0; kind < 4; kind++) {
        fd = open(path, O_RDWR);
        ck_assert_int_ge(fd, 0);
        if (kind == 0)
            ck_assert_int_eq(ftruncate(fd, info.st_size / 2), 0);
        else if (kind == 1)
            ck_assert_int_eq(pwrite(fd, garbage, sizeof(garbage), info.st_size / 2), sizeof(garbage));
        else if (kind == 2)
            ck_assert_int_eq(ftruncate(fd, 0), 0);
        else
            ck_assert_int_eq(pwrite(fd, garbage, sizeof(garbage), 0), sizeof(garbage));
        close(fd);
        ck_assert_int_eq(compiled_afresh(), 1);
        ck_assert_int_eq(compiled_afresh(), 0);
    }
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    ck_assert_int_eq(compiled_afresh(), 1);
    ck_assert_int_eq(rmdir(path), 0);
}
END_TEST

START_TEST(binary_nowhere)
{
    char path[256];

    setenv("XDG_CACHE_HOME", "/proc/nowhere", 1);
    ck_assert_int_eq(compiled_afresh(), 1);
    setenv("XDG_CACHE_HOME", "relative", 1);
    setenv("HOME", "/proc/nowhere", 1);
    ck_assert_int_eq(compiled_afresh(), 1);
    ck_assert_int_eq(access("relative", F_OK), -1);
    ck_assert_int_eq(cached_files(path, sizeof(path)), 0);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("device");
    TCase *choices = tcase_create("choices"), *devices = tcase_create("devices"), *binaries = tcase_create("binaries");

    tcase_add_test(choices, sentences);
    tcase_add_test(choices, devices_that_do_not_answer);
    tcase_add_test(choices, devices_that_change_their_answers);
    tcase_add_test(choices, choice);
    tcase_add_test(choices, places);
    tcase_add_test(choices, sub_groups);
    tcase_add_test(choices, no_platform);
    tcase_add_checked_fixture(devices, setup, teardown);
    tcase_add_test(devices, listing);
    tcase_add_test(devices, properties);
    tcase_add_test(devices, profile_wish);
    tcase_add_test(devices, buffer_copies);
    tcase_add_test(devices, buffer_ranges);
    tcase_add_test(devices, buffer_too_large);
    tcase_add_test(devices, builds_once);
    tcase_add_test(devices, cache_grows);
    tcase_add_test(devices, asks_for_a_sub_group);
    tcase_add_test(devices, bad_kernel);
    tcase_add_test(devices, long_options);
    tcase_add_checked_fixture(binaries, binary_setup, binary_teardown);
    tcase_add_test(binaries, binary_round_trip);
    tcase_add_test(binaries, binary_damaged);
    tcase_add_test(binaries, binary_nowhere);
    tcase_set_timeout(devices, 300);
    tcase_set_timeout(binaries, 300);
    suite_add_tcase(suite, choices);
    suite_add_tcase(suite, devices);
    suite_add_tcase(suite, binaries);
    return suite;
}

int main(int argc, char **argv)
{
    SRunner *runner;
    int failed;

    if (argc > 1 && !strcmp(argv[1], "--no-platform"))
        return without_platform();
    self = argv[0];
    setenv("FER_CACHE", "off", 1); /* what an earlier run compiled is not built again */
    runner = srunner_create(make_suite());
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
