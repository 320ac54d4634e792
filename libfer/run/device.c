/* SPDX-License-Identifier: Apache-2.0 */
#include "run/device.h"

#include "run/build.h"
#include "run/select.h"

#include <CL/cl_ext.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef CL_DEVICE_SUB_GROUP_SIZES_INTEL
#define CL_DEVICE_SUB_GROUP_SIZES_INTEL 0x4108
#endif

/* "OpenCL C 1.2 pocl" -> "-cl-std=CL1.2".  The language's version, which is not the platform's nor the device's. */
static enum fer_status find_standard(struct fer_device *device, struct fer_error *err)
{
    int major = 0, minor = 0;

    if (sscanf(device->c_version, "OpenCL C %d.%d", &major, &minor) != 2 || major < 1 || major > 99 || minor < 0 ||
        minor > 99)
        return fer_fail(err, FER_EDEVICE, "%s calls its language '%s', which is not 'OpenCL C MAJOR.MINOR'",
                        device->name, device->c_version);
    if (major == 1 && minor < 2)
        return fer_fail(err, FER_ENOTSUP, "%s compiles OpenCL C %d.%d, and 1.2 is needed; is there a newer driver?",
                        device->name, major, minor);
    snprintf(device->c_standard, sizeof(device->c_standard), "-cl-std=CL%d.%d", major, minor);
    return FER_OK;
}

bool fer_device_has(const struct fer_device *device, const char *extension)
{
    const char *text = device->extensions;
    size_t length = strlen(extension);

    for (const char *at = text; length && (at = strstr(at, extension)); at += length) {
        if ((at == text || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
            return true;
    }
    return false;
}

/* However long the list is. */
static enum fer_status read_extensions(struct fer_device *device, struct fer_error *err)
{
    size_t size = 0;

    clGetDeviceInfo(device->id, CL_DEVICE_EXTENSIONS, 0, NULL, &size);
    device->extensions = calloc(1, size + 1);
    if (!device->extensions)
        return fer_fail(err, FER_ENOMEM, "out of memory while a device was opened");
    fer_device_text(device->id, CL_DEVICE_EXTENSIONS, device->extensions, size + 1);
    return FER_OK;
}

size_t fer_sub_group_choose(const size_t *sizes, size_t count)
{
    enum { LEAST = 8 }; /* CPUs have smaller ones, which leave half of their vectors empty */
    size_t chosen = 0;

    for (size_t i = 0; i < count; i++) {
        bool twice = false;

        for (size_t k = 0; k < count; k++)
            twice = twice || sizes[k] == 2 * sizes[i];
        if (twice && sizes[i] >= LEAST && (!chosen || sizes[i] < chosen))
            chosen = sizes[i];
    }
    return chosen;
}

/* A size that is not listed would not compile. */
static void read_sub_groups(struct fer_device *device)
{
    size_t sizes[16], bytes = 0;

    if (fer_device_has(device, "cl_intel_required_subgroup_size") &&
        clGetDeviceInfo(device->id, CL_DEVICE_SUB_GROUP_SIZES_INTEL, sizeof(sizes), sizes, &bytes) == CL_SUCCESS)
        device->sub_group = fer_sub_group_choose(sizes, bytes / sizeof(*sizes));
}

/* FER_VEC_LANES=8|16 overrides, to compare. */
static enum fer_status read_vector(struct fer_device *device, struct fer_error *err)
{
    const char *wanted = getenv("FER_VEC_LANES");
    cl_uint width = 0;

    clGetDeviceInfo(device->id, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, sizeof(width), &width, NULL);
    device->vec_lanes = width >= 16 ? 16 : 8;
    if (!wanted || !*wanted)
        return FER_OK;
    if (strcmp(wanted, "8") != 0 && strcmp(wanted, "16") != 0)
        return fer_fail(err, FER_EINVAL, "FER_VEC_LANES is '%s'; set it to 8 or 16, or unset it", wanted);
    if (atoi(wanted) != device->vec_lanes) {
        const size_t length = strlen(device->tuned_as);

        snprintf(device->tuned_as + length, sizeof(device->tuned_as) - length, ", %s lanes", wanted);
    }
    device->vec_lanes = atoi(wanted);
    return FER_OK;
}

static enum fer_status read_properties(struct fer_device *device, struct fer_error *err)
{
    const struct {
        cl_device_info what;
        size_t size;
        void *value;
    } numbers[] = {
        { CL_DEVICE_MAX_COMPUTE_UNITS, sizeof(device->compute_units), &device->compute_units },
        { CL_DEVICE_GLOBAL_MEM_SIZE, sizeof(device->global_memory), &device->global_memory },
        { CL_DEVICE_MAX_MEM_ALLOC_SIZE, sizeof(device->max_allocation), &device->max_allocation },
        { CL_DEVICE_LOCAL_MEM_SIZE, sizeof(device->local_memory), &device->local_memory },
        { CL_DEVICE_MAX_WORK_GROUP_SIZE, sizeof(device->max_work_group), &device->max_work_group },
    };
    size_t items[16] = { 1, 1, 1 };
    cl_device_local_mem_type local = CL_LOCAL;

    fer_device_text(device->id, CL_DEVICE_VENDOR, device->vendor, sizeof(device->vendor));
    fer_device_text(device->id, CL_DRIVER_VERSION, device->driver, sizeof(device->driver));
    fer_device_text(device->id, CL_DEVICE_VERSION, device->version, sizeof(device->version));
    fer_device_text(device->id, CL_DEVICE_OPENCL_C_VERSION, device->c_version, sizeof(device->c_version));
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        cl_int code = clGetDeviceInfo(device->id, numbers[i].what, numbers[i].size, numbers[i].value, NULL);

        if (code != CL_SUCCESS)
            return fer_fail_cl(err, code, "clGetDeviceInfo(%s)", device->name);
    }
    snprintf(device->tuned_as, sizeof(device->tuned_as), "%.230s, %u unit%s", device->name, device->compute_units,
             device->compute_units == 1 ? "" : "s");
    clGetDeviceInfo(device->id, CL_DEVICE_LOCAL_MEM_TYPE, sizeof(local), &local, NULL);
    clGetDeviceInfo(device->id, CL_DEVICE_MAX_WORK_ITEM_SIZES, sizeof(items), items, NULL);
    memcpy(device->max_local, items, sizeof(device->max_local));
    device->local_is_global = local == CL_GLOBAL;
    device->oclgrind = strstr(device->platform_name, "Oclgrind");
    device->pocl = strstr(device->platform_name, "Portable Computing Language");
    device->rusticl = strstr(device->platform_name, "rusticl");
    device->lean = device->pocl;
    return read_extensions(device, err);
}

static enum fer_status check_usable(const struct fer_device *device, struct fer_error *err)
{
    cl_bool available = CL_TRUE, compiler = CL_TRUE;

    clGetDeviceInfo(device->id, CL_DEVICE_AVAILABLE, sizeof(available), &available, NULL);
    clGetDeviceInfo(device->id, CL_DEVICE_COMPILER_AVAILABLE, sizeof(compiler), &compiler, NULL);
    if (!available)
        return fer_fail(err, FER_EDEVICE, "%s is listed, but its driver says that it is not available", device->name);
    if (!compiler)
        return fer_fail(err, FER_ENOTSUP, "%s has no compiler for OpenCL C; choose another device", device->name);
    return FER_OK;
}

static enum fer_status make_queue(struct fer_device *device, cl_command_queue_properties properties,
                                  struct fer_error *err)
{
    cl_int code;
    cl_command_queue queue = clCreateCommandQueue(device->context, device->id, properties, &code);

    if (!queue)
        return fer_fail_cl(err, code, "clCreateCommandQueue(%s)", device->name);
    if (device->queue)
        clReleaseCommandQueue(device->queue);
    device->queue = queue;
    return FER_OK;
}

static enum fer_status start(struct fer_device *device, struct fer_error *err)
{
    const cl_context_properties properties[] = { CL_CONTEXT_PLATFORM, (cl_context_properties)device->platform, 0 };
    enum fer_status status = check_usable(device, err);
    cl_int code;

    if (!status)
        status = read_properties(device, err);
    if (!status)
        status = find_standard(device, err);
    if (!status)
        status = fer_profile_find(device->id, &device->profile, err);
    if (status)
        return status;
    if (device->profile == FER_PROFILE_GPU)
        read_sub_groups(device);
    else
        status = read_vector(device, err);
    if (status)
        return status;
    device->context = clCreateContext(properties, 1, &device->id, NULL, NULL, &code);
    if (!device->context)
        return fer_fail_cl(err, code, "clCreateContext(%s)", device->name);
    device->cache = fer_program_cache_create();
    if (!device->cache)
        return fer_fail(err, FER_ENOMEM, "out of memory while %s was opened", device->name);
    return make_queue(device, 0, err);
}

enum fer_status fer_device_open(const char *spec, struct fer_device **out, struct fer_error *err)
{
    return fer_device_open_place(spec, 0, out, err);
}

enum fer_status fer_device_open_place(const char *spec, int place, struct fer_device **out, struct fer_error *err)
{
    struct fer_candidate *list;
    struct fer_device *device;
    int count, index;
    enum fer_status status = fer_candidates_find(&list, &count, err);

    *out = NULL;
    if (status)
        return status;
    status = fer_candidates_choose(list, count, spec, place, &index, err);
    if (status) {
        free(list);
        return status;
    }
    device = calloc(1, sizeof(*device));
    if (!device) {
        free(list);
        return fer_fail(err, FER_ENOMEM, "out of memory while a device was opened");
    }
    device->platform = list[index].platform;
    device->id = list[index].id;
    memcpy(device->name, list[index].name, sizeof(device->name));
    memcpy(device->platform_name, list[index].platform_name, sizeof(device->platform_name));
    free(list);
    status = start(device, err);
    if (status) {
        fer_device_close(device);
        return status;
    }
    *out = device;
    return FER_OK;
}

void fer_device_close(struct fer_device *device)
{
    if (!device)
        return;
    if (device->queue) {
        clFinish(device->queue);
        clReleaseCommandQueue(device->queue);
    }
    fer_program_cache_free(device->cache);
    if (device->context)
        clReleaseContext(device->context);
    free(device->extensions);
    free(device);
}

enum fer_status fer_device_profile(struct fer_device *device, struct fer_error *err)
{
    enum fer_status status;

    if (device->profiling)
        return FER_OK;
    status = fer_device_finish(device, err);
    if (!status)
        status = make_queue(device, CL_QUEUE_PROFILING_ENABLE, err);
    device->profiling = !status;
    return status;
}

enum fer_status fer_device_finish(struct fer_device *device, struct fer_error *err)
{
    cl_int code = clFinish(device->queue);

    return code == CL_SUCCESS ? FER_OK : fer_fail_cl(err, code, "clFinish(%s)", device->name);
}
