/* SPDX-License-Identifier: Apache-2.0 */
#include "run/peak.h"

#include "peak_cl.h"

#include <stdio.h>

enum {
    CHAINS = 12, /* of peak.cl */
    RUNS = 5,
    CPU_ITEMS = 8,   /* work-items a processor, each a work-group */
    GPU_ITEMS = 32,  /* work-groups a processor … */
    GPU_GROUP = 256, /* … of so many */
    LEAST_ROUNDS = 1 << 12,
    MOST_ROUNDS = 1 << 26
};
static const double long_enough = 0.02; /* seconds of a run that is worth timing */
static const size_t least_buffer = (size_t)64 << 20;

struct bench {
    struct fer_device *device;
    cl_kernel kernel;
    int lanes;
    size_t items, group;
};

static bool is_cpu(const struct fer_device *device)
{
    return device->profile == FER_PROFILE_CPU;
}

static enum fer_status make_kernel(struct bench *b, const char *name, struct fer_error *err)
{
    char options[96];
    cl_program program;
    cl_int code;
    enum fer_status status;

    b->lanes = is_cpu(b->device) ? b->device->vec_lanes : 1;
    if (b->lanes > 1)
        snprintf(options, sizeof(options), "-DFER_KERNEL_%s=1 -DCPU -DV=float%d", name, b->lanes);
    else
        snprintf(options, sizeof(options), "-DFER_KERNEL_%s=1 -DV=float", name);
    status = fer_device_program(b->device, NULL, fer_peak_cl, options, NULL, &program, err);
    if (status)
        return status;
    b->kernel = clCreateKernel(program, name, &code);
    return b->kernel ? FER_OK : fer_fail_cl(err, code, "clCreateKernel(%s)", name);
}

static void set(struct bench *b, cl_uint at, size_t size, const void *value, cl_int *code)
{
    cl_int own = clSetKernelArg(b->kernel, at, size, value);

    if (*code == CL_SUCCESS)
        *code = own;
}

/* Seconds of one run. */
static enum fer_status run(struct bench *b, double *seconds, struct fer_error *err)
{
    cl_ulong start = 0, end = 0;
    cl_event event;
    cl_int code = clEnqueueNDRangeKernel(b->device->queue, b->kernel, 1, NULL, &b->items, &b->group, 0, NULL, &event);

    if (code != CL_SUCCESS)
        return fer_fail_cl(err, code, "clEnqueueNDRangeKernel of a peak's kernel");
    code = clWaitForEvents(1, &event);
    if (code == CL_SUCCESS)
        code = clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_START, sizeof(start), &start, NULL);
    if (code == CL_SUCCESS)
        code = clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_END, sizeof(end), &end, NULL);
    clReleaseEvent(event);
    if (code != CL_SUCCESS)
        return fer_fail_cl(err, code, "the time of a peak's kernel");
    *seconds = end > start ? (double)(end - start) * 1e-9 : 1e-9;
    return FER_OK;
}

static enum fer_status best_of(struct bench *b, double *best, struct fer_error *err)
{
    enum fer_status status = FER_OK;

    for (int i = 0; i < RUNS && !status; i++) {
        double seconds;

        status = run(b, &seconds, err);
        if (!status && (i == 0 || seconds < *best))
            *best = seconds;
    }
    return status;
}

/* ---- multiply-adds ---- */

static enum fer_status set_rounds(struct bench *b, const struct fer_buffer *out, int rounds, struct fer_error *err)
{
    /* goes to a fixed point, so that no number overflows or becomes subnormal */
    const float factor = 0.5f, term = 1.0f;
    cl_int code = CL_SUCCESS;

    set(b, 0, sizeof(cl_mem), &out->mem, &code);
    set(b, 1, sizeof(factor), &factor, &code);
    set(b, 2, sizeof(term), &term, &code);
    set(b, 3, sizeof(rounds), &rounds, &code);
    return code == CL_SUCCESS ? FER_OK : fer_fail_cl(err, code, "clSetKernelArg(peak_multiply)");
}

static enum fer_status measure_flops(struct bench *b, struct fer_peak *peak, struct fer_error *err)
{
    const size_t units = b->device->compute_units ? b->device->compute_units : 1;
    struct fer_buffer *out = NULL;
    int rounds = LEAST_ROUNDS;
    double seconds = 0;
    enum fer_status status = make_kernel(b, "peak_multiply", err);

    b->group = is_cpu(b->device) ? 1 : GPU_GROUP < b->device->max_work_group ? GPU_GROUP : b->device->max_work_group;
    b->items = units * (is_cpu(b->device) ? CPU_ITEMS : GPU_ITEMS) * b->group;
    if (!status)
        status = fer_buffer_create(b->device, b->items * (size_t)b->lanes * sizeof(float), &out, err);
    while (!status) {
        status = set_rounds(b, out, rounds, err);
        if (!status)
            status = run(b, &seconds, err);
        if (seconds >= long_enough || rounds >= MOST_ROUNDS)
            break;
        rounds *= seconds > 0 && seconds * 8 < long_enough ? 8 : 2;
    }
    if (!status)
        status = best_of(b, &seconds, err);
    if (!status)
        peak->flops = 2.0 * CHAINS * b->lanes * rounds * (double)b->items / seconds;
    fer_buffer_free(out);
    return status;
}

/* ---- memory ---- */

/* Four times the last cache, as STREAM wants it, but at most a sixteenth of the memory. */
static size_t buffer_size(const struct fer_device *device)
{
    cl_ulong cache = 0, size, most = device->global_memory / 16;

    clGetDeviceInfo(device->id, CL_DEVICE_GLOBAL_MEM_CACHE_SIZE, sizeof(cache), &cache, NULL);
    size = 4 * cache > least_buffer ? 4 * cache : least_buffer;
    if (most > device->max_allocation)
        most = device->max_allocation;
    if (most > (cl_ulong)1 << 30)
        most = (cl_ulong)1 << 30;
    return (size_t)(size < most ? size : most) / 4096 * 4096;
}

static enum fer_status set_buffers(struct bench *b, struct fer_buffer *const buffers[3], size_t bytes,
                                   struct fer_error *err)
{
    const cl_int count = (cl_int)(bytes / sizeof(float) / (size_t)b->lanes);
    const size_t wanted = b->device->compute_units * CPU_ITEMS;
    const cl_int span = is_cpu(b->device) ? (cl_int)(((size_t)count + wanted - 1) / wanted) : 1;
    const float factor = 3;
    cl_int code = CL_SUCCESS;

    b->group = is_cpu(b->device) ? 1 : 64;
    b->items = ((size_t)count + (size_t)span - 1) / (size_t)span;
    b->items = (b->items + b->group - 1) / b->group * b->group;
    for (cl_uint i = 0; i < 3; i++)
        set(b, i, sizeof(cl_mem), &buffers[i]->mem, &code);
    set(b, 3, sizeof(factor), &factor, &code);
    set(b, 4, sizeof(span), &span, &code);
    set(b, 5, sizeof(count), &count, &code);
    return code == CL_SUCCESS ? FER_OK : fer_fail_cl(err, code, "clSetKernelArg(peak_triad)");
}

static enum fer_status measure_bytes(struct bench *b, struct fer_peak *peak, struct fer_error *err)
{
    struct fer_buffer *buffers[3] = { NULL };
    double seconds = 0;
    enum fer_status status = make_kernel(b, "peak_triad", err);

    peak->buffer = buffer_size(b->device);
    for (int i = 0; i < 3 && !status; i++) {
        status = fer_buffer_create(b->device, peak->buffer, &buffers[i], err);
        if (!status)
            status = fer_buffer_fill(buffers[i], 0, peak->buffer, 0, err);
    }
    if (!status)
        status = set_buffers(b, buffers, peak->buffer, err);
    if (!status)
        status = run(b, &seconds, err); /* touches fresh memory */
    if (!status)
        status = best_of(b, &seconds, err);
    if (!status)
        peak->bytes = 3.0 * (double)peak->buffer / seconds;
    for (int i = 0; i < 3; i++)
        fer_buffer_free(buffers[i]);
    return status;
}

enum fer_status fer_peak_measure(struct fer_device *device, struct fer_peak *peak, struct fer_error *err)
{
    struct bench b = { .device = device };
    enum fer_status status = fer_device_profile(device, err);

    *peak = (struct fer_peak){ .lanes = (is_cpu(device) ? device->vec_lanes : 1) };
    if (!status)
        status = measure_flops(&b, peak, err);
    if (b.kernel)
        clReleaseKernel(b.kernel);
    b.kernel = NULL;
    if (!status)
        status = measure_bytes(&b, peak, err);
    if (b.kernel)
        clReleaseKernel(b.kernel);
    return status;
}
