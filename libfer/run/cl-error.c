/* SPDX-License-Identifier: Apache-2.0 */
#include "run/device.h"

#include <stdarg.h>
#include <stdio.h>

/* OpenCL 1.2, table of error codes in cl.h; -1001 is cl_khr_icd's.  The words are ours. */
static const struct {
    cl_int code;
    const char *text;
} sentences[] = {
    { CL_DEVICE_NOT_FOUND, "no device of that kind" },
    { CL_DEVICE_NOT_AVAILABLE, "the device is not available" },
    { CL_COMPILER_NOT_AVAILABLE, "the driver has no compiler" },
    { CL_MEM_OBJECT_ALLOCATION_FAILURE, "out of device memory; use a smaller batch or smaller pictures" },
    { CL_OUT_OF_RESOURCES, "out of resources" },
    { CL_OUT_OF_HOST_MEMORY, "the driver is out of host memory" },
    { CL_PROFILING_INFO_NOT_AVAILABLE, "no times were recorded" },
    { CL_MEM_COPY_OVERLAP, "source and destination overlap" },
    { CL_BUILD_PROGRAM_FAILURE, "the program does not build" },
    { CL_MAP_FAILURE, "memory cannot be mapped" },
    { CL_MISALIGNED_SUB_BUFFER_OFFSET, "misaligned offset" },
    { CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST, "an earlier command failed" },
    { CL_COMPILE_PROGRAM_FAILURE, "the program does not compile" },
    { CL_LINKER_NOT_AVAILABLE, "the driver has no linker" },
    { CL_LINK_PROGRAM_FAILURE, "the program does not link" },
    { CL_KERNEL_ARG_INFO_NOT_AVAILABLE, "argument names are not available" },
    { CL_INVALID_VALUE, "invalid value" },
    { CL_INVALID_DEVICE_TYPE, "invalid device type" },
    { CL_INVALID_PLATFORM, "invalid platform" },
    { CL_INVALID_DEVICE, "invalid device" },
    { CL_INVALID_CONTEXT, "invalid context" },
    { CL_INVALID_QUEUE_PROPERTIES, "the device has no such queue" },
    { CL_INVALID_COMMAND_QUEUE, "invalid command queue; the device may have been lost" },
    { CL_INVALID_MEM_OBJECT, "invalid memory object" },
    { CL_INVALID_BINARY, "invalid program binary" },
    { CL_INVALID_BUILD_OPTIONS, "invalid build options" },
    { CL_INVALID_PROGRAM, "invalid program" },
    { CL_INVALID_PROGRAM_EXECUTABLE, "the program has not been built for this device" },
    { CL_INVALID_KERNEL_NAME, "the source has no kernel of that name" },
    { CL_INVALID_KERNEL_DEFINITION, "the kernel is declared differently elsewhere" },
    { CL_INVALID_KERNEL, "invalid kernel" },
    { CL_INVALID_ARG_INDEX, "the kernel has fewer arguments" },
    { CL_INVALID_ARG_VALUE, "invalid argument" },
    { CL_INVALID_ARG_SIZE, "the kernel's argument has another size" },
    { CL_INVALID_KERNEL_ARGS, "an argument has not been set" },
    { CL_INVALID_WORK_DIMENSION, "invalid number of dimensions" },
    { CL_INVALID_WORK_GROUP_SIZE, "the device does not run work-groups of this size" },
    { CL_INVALID_WORK_ITEM_SIZE, "the device does not run so many work-items in one dimension of a group" },
    { CL_INVALID_GLOBAL_OFFSET, "invalid global offset" },
    { CL_INVALID_EVENT_WAIT_LIST, "invalid event list" },
    { CL_INVALID_EVENT, "invalid event" },
    { CL_INVALID_OPERATION, "invalid operation" },
    { CL_INVALID_BUFFER_SIZE, "the device has no buffers of this size; use a smaller batch or smaller pictures" },
    { CL_INVALID_GLOBAL_WORK_SIZE, "invalid global size" },
    { CL_INVALID_PROPERTY, "invalid property" },
    { CL_INVALID_COMPILER_OPTIONS, "invalid compiler options" },
    { CL_INVALID_LINKER_OPTIONS, "invalid linker options" },
    { -1001, "no OpenCL platform is installed" },
};

static const char *sentence_of(cl_int code)
{
    for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++) {
        if (sentences[i].code == code)
            return sentences[i].text;
    }
    return "an error that OpenCL does not name";
}

enum fer_status fer_fail_cl(struct fer_error *err, cl_int code, const char *format, ...)
{
    bool memory =
        code == CL_MEM_OBJECT_ALLOCATION_FAILURE || code == CL_OUT_OF_HOST_MEMORY || code == CL_INVALID_BUFFER_SIZE;
    char place[256];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(place, sizeof(place), format, arguments);
    va_end(arguments);
    return fer_fail(err, memory ? FER_ENOMEM : FER_EDEVICE, "%s: %s (%d)", place, sentence_of(code), (int)code);
}
