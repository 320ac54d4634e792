/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether a kernel is declared as its launch calls it.  OpenCL itself notices a wrong size only: an int where a float
 * is expected, or two tensors in the wrong order, would compute nonsense.
 */
#include "run/kernel-check.h"

#include <stdio.h>
#include <string.h>

int fer_arg_slots(const struct fer_arg *arg)
{
    switch (arg->kind) {
    case FER_ARG_TENSOR: return 3;
    case FER_ARG_RANDOM: return 4;
    default: return 1;
    }
}

static enum fer_status check_name(cl_kernel kernel, cl_uint at, const char *expected, const char *what,
                                  const struct fer_launch *launch, struct fer_error *err)
{
    char name[128] = "";

    if (clGetKernelArgInfo(kernel, at, CL_KERNEL_ARG_NAME, sizeof(name), name, NULL) != CL_SUCCESS || !name[0] ||
        !strcmp(name, expected))
        return FER_OK;
    return fer_fail(err, FER_EINVAL, "argument %u of kernel %s is %s, and the launch passes %s", at + 1, launch->kernel,
                    name, what);
}

static enum fer_status check_type(cl_kernel kernel, cl_uint at, bool is_float, const struct fer_launch *launch,
                                  struct fer_error *err)
{
    char type[128] = "";
    bool wrong;

    if (clGetKernelArgInfo(kernel, at, CL_KERNEL_ARG_TYPE_NAME, sizeof(type), type, NULL) != CL_SUCCESS)
        return FER_OK;
    wrong = is_float ? !strcmp(type, "int") || !strcmp(type, "uint") : !strcmp(type, "float");
    if (!wrong)
        return FER_OK;
    return fer_fail(err, FER_EINVAL, "argument %u of kernel %s is of type %s, and the launch passes %s", at + 1,
                    launch->kernel, type, is_float ? "a float" : "an int");
}

static enum fer_status check_argument(cl_kernel kernel, cl_uint at, const struct fer_arg *arg,
                                      const struct fer_launch *launch, struct fer_error *err)
{
    char expected[128], what[128];

    switch (arg->kind) {
    case FER_ARG_TENSOR:
        snprintf(expected, sizeof(expected), "%s_data", arg->name);
        snprintf(what, sizeof(what), "tensor %s", arg->name);
        return check_name(kernel, at, expected, what, launch, err);
    case FER_ARG_RANDOM: return check_name(kernel, at, "rng_key", "random numbers (FER_RANDOM)", launch, err);
    case FER_ARG_INT: return check_type(kernel, at, false, launch, err);
    case FER_ARG_FLOAT: return check_type(kernel, at, true, launch, err);
    case FER_ARG_LOCAL: break;
    }
    return FER_OK;
}

enum fer_status fer_kernel_check(cl_kernel kernel, const struct fer_launch *launch, struct fer_error *err)
{
    enum fer_status status = FER_OK;
    cl_uint declared = 0, passed = 0;
    cl_int code = clGetKernelInfo(kernel, CL_KERNEL_NUM_ARGS, sizeof(declared), &declared, NULL);

    if (code != CL_SUCCESS)
        return fer_fail_cl(err, code, "clGetKernelInfo(%s)", launch->kernel);
    for (int i = 0; i < launch->nargs && !status; i++) {
        if (passed < declared)
            status = check_argument(kernel, passed, &launch->args[i], launch, err);
        passed += (cl_uint)fer_arg_slots(&launch->args[i]);
    }
    if (!status && passed != declared)
        status = fer_fail(err, FER_EINVAL,
                          "kernel %s has %u arguments, and the launch passes %u (a tensor counts as 3, random numbers "
                          "as 4)",
                          launch->kernel, declared, passed);
    return status;
}

/* Rusticl of Mesa 22.3 gives the width of a subgroup here, and runs groups up to the device's limit. */
static size_t most_items(cl_kernel kernel, const struct fer_device *device)
{
    size_t most = device->max_work_group, multiple = 0;

    clGetKernelWorkGroupInfo(kernel, device->id, CL_KERNEL_WORK_GROUP_SIZE, sizeof(most), &most, NULL);
    if (!device->rusticl)
        return most;
    clGetKernelWorkGroupInfo(kernel, device->id, CL_KERNEL_PREFERRED_WORK_GROUP_SIZE_MULTIPLE, sizeof(multiple),
                             &multiple, NULL);
    return most == multiple ? device->max_work_group : most;
}

enum fer_status fer_group_check(cl_kernel kernel, const struct fer_launch *launch, const size_t local[3],
                                const struct fer_device *device, struct fer_error *err)
{
    size_t items = local[0] * local[1] * local[2], most = most_items(kernel, device);

    if (items > most)
        return fer_fail(err, FER_EDEVICE, "kernel %s wants groups of %zu work-items, and %s runs it with at most %zu",
                        launch->kernel, items, device->name, most);
    for (int i = 0; i < 3; i++) {
        if (local[i] > device->max_local[i])
            return fer_fail(err, FER_EDEVICE,
                            "kernel %s wants groups of %zu work-items along axis %d, and %s allows %zu", launch->kernel,
                            local[i], i, device->name, device->max_local[i]);
    }
    return FER_OK;
}
