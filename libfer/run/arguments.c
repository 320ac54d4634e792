/* SPDX-License-Identifier: Apache-2.0 */
#include "run/arguments.h"

#include "run/job.h"
#include "run/kernel-check.h"

#include <stdlib.h>
#include <string.h>

/* ---- arguments of kernels ---- */

struct setter {
    cl_kernel kernel;
    struct fer_job *job; /* write them down in place of setting them; or NULL */
    cl_uint at;
    cl_int code; /* the first failure */
};

static void set_as(struct setter *setter, size_t size, const void *value)
{
    if (setter->code != CL_SUCCESS) /* the place of the one that failed is not for those after it: PoCL crashes */
        return;
    setter->code = clSetKernelArg(setter->kernel, setter->at, size, value);
    if (setter->code == CL_SUCCESS)
        setter->at++;
}

/* value NULL: so many bytes of local memory */
static void set(struct setter *setter, size_t size, const void *value)
{
    if (!setter->job) {
        set_as(setter, size, value);
        return;
    }
    fer_job_put_number(setter->job, value ? FER_JOB_VALUE : FER_JOB_LOCAL);
    fer_job_put_number(setter->job, size);
    if (value)
        fer_job_put(setter->job, value, size);
    setter->at++;
}

/* The address is what tells one buffer from another there. */
static void set_memory(struct setter *setter, const struct fer_buffer *buffer)
{
    if (!setter->job) {
        set_as(setter, sizeof(cl_mem), &buffer->mem);
        return;
    }
    fer_job_put_number(setter->job, FER_JOB_MEMORY);
    fer_job_put_number(setter->job, buffer->bytes);
    fer_job_put_number(setter->job, (uintptr_t)buffer);
    setter->at++;
}

/* Live rows, then the other axes; the two last of five are one. */
static enum fer_status find_dim(const struct fer_tensor *tensor, int n, cl_int4 *dim, struct fer_error *err)
{
    const struct fer_shape *shape = &tensor->shape;
    int d[FER_MAX_RANK];

    for (int i = 0; i < FER_MAX_RANK; i++)
        d[i] = i < shape->rank ? shape->dim[i] : 1;
    if (shape->batch > 0)
        d[0] = shape->batch * n;
    if (__builtin_mul_overflow(d[3], d[4], &d[3]))
        return fer_fail(err, FER_ESHAPE, "the last two axes of %s hold more elements than an int counts",
                        tensor->name ? tensor->name : "a tensor");
    *dim = (cl_int4){ { d[0], d[1], d[2], d[3] } };
    return FER_OK;
}

static enum fer_status set_tensor(struct setter *setter, const struct fer_binder *binder, const struct fer_arg *arg,
                                  struct fer_error *err)
{
    struct fer_buffer *buffer;
    size_t byte;
    cl_ulong offset;
    cl_int4 dim;
    enum fer_status status = fer_places_find(binder->places, arg->tensor, &buffer, &byte, err);

    if (!status)
        status = find_dim(arg->tensor, fer_program_capacity(binder->program, arg->tensor->branch), &dim, err);
    if (status)
        return status;
    offset = byte / fer_tensor_element(arg->tensor);
    set_memory(setter, buffer);
    set(setter, sizeof(offset), &offset);
    set(setter, sizeof(dim), &dim);
    return FER_OK;
}

/* The prelude's random functions know no offsets: state and ids start their buffers. */
static enum fer_status set_random(struct setter *setter, const struct fer_binder *binder, const struct fer_arg *arg,
                                  const struct fer_launch *launch, struct fer_error *err)
{
    const struct fer_program *program = binder->program;
    const struct fer_tensor *tensors[] = { arg->random ? arg->random->epoch : NULL,
                                           arg->random ? arg->random->ids : NULL };
    cl_uint4 key = { { (cl_uint)program->seed, (cl_uint)(program->seed >> 32), launch->stream, 0 } };
    cl_uint rows = arg->tensor && arg->tensor->shape.batch > 1 ? (cl_uint)arg->tensor->shape.batch : 1;

    set(setter, sizeof(key), &key);
    for (int i = 0; i < 2; i++) {
        struct fer_buffer *buffer;
        size_t byte;
        enum fer_status status;

        if (!tensors[i])
            return fer_fail(err, FER_EINVAL, "the program has no random state");
        status = fer_places_find(binder->places, tensors[i], &buffer, &byte, err);
        if (status)
            return status;
        if (byte != 0)
            return fer_fail(err, FER_EINVAL, "the random state does not start its buffer");
        set_memory(setter, buffer);
    }
    set(setter, sizeof(rows), &rows);
    return FER_OK;
}

static enum fer_status set_all(struct setter setter, const struct fer_binder *binder, const struct fer_launch *launch,
                               struct fer_error *err)
{
    enum fer_status status = FER_OK;

    for (int i = 0; i < launch->nargs && !status; i++) {
        const struct fer_arg *arg = &launch->args[i];

        if (arg->kind == FER_ARG_TENSOR)
            status = set_tensor(&setter, binder, arg, err);
        else if (arg->kind == FER_ARG_RANDOM)
            status = set_random(&setter, binder, arg, launch, err);
        else if (arg->kind == FER_ARG_INT)
            set(&setter, sizeof(cl_int), &(cl_int){ arg->i });
        else if (arg->kind == FER_ARG_FLOAT)
            set(&setter, sizeof(cl_float), &(cl_float){ arg->f });
        else
            set(&setter, arg->bytes, NULL);
    }
    if (!status && setter.code != CL_SUCCESS)
        status = fer_fail_cl(err, setter.code, "clSetKernelArg(%s, %u)", launch->kernel, setter.at);
    return status;
}

enum fer_status fer_arguments_set(cl_kernel kernel, const struct fer_binder *binder, const struct fer_launch *launch,
                                  struct fer_error *err)
{
    return set_all((struct setter){ .kernel = kernel }, binder, launch, err);
}

enum fer_status fer_arguments_record(struct fer_job *job, const struct fer_binder *binder,
                                     const struct fer_launch *launch, struct fer_error *err)
{
    return set_all((struct setter){ .job = job }, binder, launch, err);
}

static enum fer_status set_dims(const struct fer_binding *binding, const int *live, struct fer_error *err)
{
    const struct fer_launch *launch = binding->launch;
    cl_uint at = 0;

    for (int i = 0; i < launch->nargs; i++) {
        const struct fer_arg *arg = &launch->args[i];

        if (arg->kind == FER_ARG_TENSOR && arg->tensor->shape.batch > 0) {
            cl_int code = CL_SUCCESS;
            cl_int4 dim;
            enum fer_status status = find_dim(arg->tensor, live[arg->tensor->branch], &dim, err);

            if (!status)
                code = clSetKernelArg(binding->kernel, at + 2, sizeof(dim), &dim);
            if (code != CL_SUCCESS)
                status = fer_fail_cl(err, code, "clSetKernelArg(%s, %u)", launch->kernel, at + 2);
            if (status)
                return status;
        }
        at += (cl_uint)fer_arg_slots(arg);
    }
    return FER_OK;
}

/* ---- arguments of calls ---- */

static enum fer_status add_call_tensor(struct fer_call *call, const struct fer_binder *binder,
                                       const struct fer_launch *launch, const struct fer_arg *arg,
                                       struct fer_error *err)
{
    struct fer_call_tensor *to = &call->tensors[call->ntensors++];
    struct fer_buffer *buffer;
    size_t byte;
    cl_int4 dim;
    enum fer_status status;

    if (!arg->tensor || arg->tensor->layout != FER_LAYOUT_PLAIN)
        return fer_fail(err, FER_EINVAL, "%s takes tensors in plain layout", launch->kernel);
    status = fer_places_find(binder->places, arg->tensor, &buffer, &byte, err);
    if (!status)
        status = find_dim(arg->tensor, fer_program_capacity(binder->program, arg->tensor->branch), &dim, err);
    if (status)
        return status;
    to->memory = buffer->mem;
    to->offset = byte / fer_tensor_element(arg->tensor);
    memcpy(to->dim, dim.s, sizeof(to->dim));
    return FER_OK;
}

enum fer_status fer_arguments_call(struct fer_binding *binding, const struct fer_binder *binder, struct fer_error *err)
{
    const struct fer_launch *launch = binding->launch;
    struct fer_call *call = binding->call = calloc(1, sizeof(*call));
    enum fer_status status = FER_OK;

    if (!call)
        return fer_fail(err, FER_ENOMEM, "out of memory while %s was prepared", launch->kernel);
    call->size = sizeof(*call);
    for (int i = 0; i < launch->nargs && !status; i++) {
        const struct fer_arg *arg = &launch->args[i];

        if (arg->kind == FER_ARG_TENSOR && call->ntensors < FER_CALL_ARGS)
            status = add_call_tensor(call, binder, launch, arg, err);
        else if (arg->kind == FER_ARG_INT && call->nints < FER_CALL_ARGS)
            call->ints[call->nints++] = arg->i;
        else
            status = fer_fail(err, FER_EINVAL, "%s takes up to %d tensors and ints, and nothing else", launch->kernel,
                              FER_CALL_ARGS);
    }
    return status;
}

static enum fer_status set_call_dims(const struct fer_binding *binding, const int *live, struct fer_error *err)
{
    const struct fer_launch *launch = binding->launch;
    enum fer_status status = FER_OK;

    for (int i = 0, at = 0; i < launch->nargs && !status; i++) {
        const struct fer_arg *arg = &launch->args[i];
        cl_int4 dim;

        if (arg->kind != FER_ARG_TENSOR)
            continue;
        status = find_dim(arg->tensor, live[arg->tensor->branch], &dim, err);
        if (!status)
            memcpy(binding->call->tensors[at++].dim, dim.s, sizeof(dim.s));
    }
    return status;
}

enum fer_status fer_arguments_batch(const struct fer_binding *binding, const int *live, struct fer_error *err)
{
    return binding->call ? set_call_dims(binding, live, err) : set_dims(binding, live, err);
}
