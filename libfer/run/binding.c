/* SPDX-License-Identifier: Apache-2.0 */
#include "run/binding.h"

#include "run/arguments.h"
#include "run/build.h"
#include "run/job.h"
#include "run/kernel-check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

/* ---- range ---- */

static enum fer_status set_range(struct fer_binding *binding, int n, struct fer_error *err)
{
    const struct fer_launch *launch = binding->launch;

    binding->empty = false;
    for (int i = 0; i < launch->dims; i++) {
        size_t items = fer_extent_size(launch->global[i], n), local = binding->local[i];

        if (items > SIZE_MAX / 2)
            return fer_fail(err, FER_ESHAPE, "kernel %s would need more work-items than a size counts", launch->kernel);
        if (binding->has_local)
            items = (items + local - 1) / local * local;
        binding->global[i] = items;
        binding->empty |= items == 0;
    }
    return FER_OK;
}

/* Local sizes of zero are the driver's choice; between others they are one. */
static enum fer_status set_group(struct fer_binding *binding, const struct fer_device *device, struct fer_error *err)
{
    const struct fer_launch *launch = binding->launch;

    if (launch->dims < 1 || launch->dims > 3)
        return fer_fail(err, FER_EINVAL, "the launch of kernel %s has no range", launch->kernel);
    for (int i = 0; i < 3; i++) {
        size_t local = i < launch->dims ? launch->local[i] : 0;

        binding->has_local |= local > 0;
        binding->local[i] = local > 0 ? local : 1;
    }
    return binding->has_local && binding->kernel ? fer_group_check(binding->kernel, launch, binding->local, device, err)
                                                 : FER_OK;
}

/* ---- all of it ---- */

/* An argument of the kernel that the launch calls otherwise is to the compiler an unknown type. */
static enum fer_status explain_build(const struct fer_launch *launch, struct fer_error *err)
{
    char names[256] = "";
    size_t used = 0;

    if (!strstr(err->text, "FER_TYPE_"))
        return err->status;
    for (int i = 0; i < launch->nargs && used < sizeof(names); i++)
        if (launch->args[i].kind == FER_ARG_TENSOR)
            used +=
                (size_t)snprintf(names + used, sizeof(names) - used, "%s%s", used ? ", " : "", launch->args[i].name);
    return fer_fail(err, err->status, "%s\nFER_TYPE_x is there for tensors that the launch passes; these are: %s",
                    err->text, used ? names : "none");
}

static enum fer_status build_kernel(struct fer_binding *binding, const struct fer_binder *binder, struct fer_error *err)
{
    const struct fer_launch *launch = binding->launch;
    const struct fer_kernel_text text = fer_bundles_text(binder->bundles, launch);
    cl_program program;
    cl_int code;
    enum fer_status status =
        fer_device_program(binder->device, text.defines, text.source, text.options, binder->watch, &program, err);

    if (status)
        return status == FER_EBUILD ? explain_build(launch, err) : status;
    binding->kernel = clCreateKernel(program, launch->kernel, &code);
    return binding->kernel ? FER_OK : fer_fail_cl(err, code, "clCreateKernel(%s)", launch->kernel);
}

static enum fer_status make_kernel(struct fer_binding *binding, const struct fer_binder *binder, struct fer_error *err)
{
    const struct fer_launch *launch = binding->launch;
    struct fer_error together = FER_ERROR_INIT;
    enum fer_status status = build_kernel(binding, binder, &together);

    if (status && fer_bundles_part(binder->bundles, launch))
        status = build_kernel(binding, binder, err);
    else if (status)
        *err = together;
    if (!status)
        status = fer_kernel_check(binding->kernel, launch, err);
    return status ? status : fer_arguments_set(binding->kernel, binder, launch, err);
}

enum fer_status fer_binding_create(struct fer_binding *binding, const struct fer_binder *binder,
                                   const struct fer_launch *launch, struct fer_error *err)
{
    struct fer_error own = FER_ERROR_INIT, *error = err ? err : &own;
    enum fer_status status;

    *binding = (struct fer_binding){ .launch = launch };
    status = launch->run ? fer_arguments_call(binding, binder, error) : make_kernel(binding, binder, error);
    if (!status)
        status = set_group(binding, binder->device, error);
    if (!status)
        status = set_range(binding, fer_program_capacity(binder->program, launch->branch), error);
    if (status)
        fer_binding_free(binding);
    return status ? fer_launch_prefix(launch, error) : FER_OK;
}

/* As much of a range as compilers tell from all of it: PoCL makes other code where an axis has 65535 work-items or more
 * (its grid_width_specialization_limit), and chooses a group by the range. */
static void put_range(struct fer_job *job, const struct fer_binding *binding)
{
    fer_job_put_number(job, (uint64_t)binding->launch->dims);
    fer_job_put_number(job, binding->has_local);
    for (int i = 0; i < binding->launch->dims; i++) {
        size_t local = binding->local[i], wide = (65536 + local - 1) / local * local, global = binding->global[i];

        if (binding->has_local)
            global = global < 65535 ? local : global < wide ? global : wide;
        fer_job_put_number(job, global);
        fer_job_put_number(job, local);
    }
}

/* Addresses differ from process to process, so the arguments are not in it; what is compiled does not depend on them.
 */
static struct fer_key hash_job(const struct fer_job *job, struct fer_key program)
{
    XXH128_hash_t hash = XXH3_128bits_withSeed(job->bytes, job->size, program.high ^ program.low);

    return (struct fer_key){ hash.high64, hash.low64 };
}

enum fer_status fer_binding_record(const struct fer_binder *binder, const struct fer_launch *launch,
                                   struct fer_job *job, struct fer_key *program, struct fer_key *all,
                                   struct fer_error *err)
{
    struct fer_binding binding = { .launch = launch };
    const struct fer_kernel_text text = fer_bundles_text(binder->bundles, launch);
    enum fer_status status = set_group(&binding, binder->device, err);

    if (!status)
        status = set_range(&binding, fer_program_capacity(binder->program, launch->branch), err);
    if (!status)
        status = fer_device_program_key(binder->device, text.defines, text.source, text.options, program, err);
    if (!status) {
        fer_job_put_text(job, text.defines);
        fer_job_put_text(job, text.source);
        fer_job_put_text(job, text.options);
        fer_job_put_text(job, launch->kernel);
        put_range(job, &binding);
        *all = hash_job(job, *program);
        status = fer_arguments_record(job, binder, launch, err);
        fer_job_put_number(job, FER_JOB_END);
    }
    return status;
}

void fer_binding_free(struct fer_binding *binding)
{
    if (binding->kernel)
        clReleaseKernel(binding->kernel);
    binding->kernel = NULL;
    free(binding->call);
    binding->call = NULL;
}

enum fer_status fer_binding_batch(struct fer_binding *binding, const int *live, struct fer_error *err)
{
    enum fer_status status = fer_arguments_batch(binding, live, err);

    return status ? status : set_range(binding, live[binding->launch->branch], err);
}

enum fer_status fer_binding_run(const struct fer_binding *binding, cl_command_queue queue, cl_event *event,
                                struct fer_error *err)
{
    const struct fer_launch *launch = binding->launch;
    cl_int code;

    if (binding->call) {
        struct fer_error own = FER_ERROR_INIT;

        binding->call->queue = queue;
        binding->call->event = event;
        if (launch->run(binding->call, err ? err : &own) == FER_OK)
            return FER_OK;
        return err ? fer_launch_prefix(launch, err) : FER_EDEVICE;
    }
    code = clEnqueueNDRangeKernel(queue, binding->kernel, (cl_uint)launch->dims, NULL, binding->global,
                                  binding->has_local ? binding->local : NULL, 0, NULL, event);

    if (code == CL_SUCCESS)
        return FER_OK;
    fer_fail_cl(err, code, "clEnqueueNDRangeKernel(%s)", launch->kernel);
    return err ? fer_launch_prefix(launch, err) : FER_EDEVICE;
}
