/* SPDX-License-Identifier: Apache-2.0 */
#include "run/timing.h"

enum fer_status fer_timing_run(struct fer_timing *timing, struct fer_binding *binding, cl_command_queue queue,
                               struct fer_error *err)
{
    enum fer_status status = FER_OK;
    cl_event event;

    if (timing->count == FER_TIMING_PENDING)
        status = fer_timing_collect(timing, err);
    if (!status)
        status = fer_binding_run(binding, queue, &event, err);
    if (status)
        return status;
    timing->pending[timing->count].binding = binding;
    timing->pending[timing->count++].event = event;
    return FER_OK;
}

static cl_int add(struct fer_binding *binding, cl_event event)
{
    cl_ulong start = 0, end = 0;
    cl_int code = clWaitForEvents(1, &event);

    if (code == CL_SUCCESS)
        code = clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_START, sizeof(start), &start, NULL);
    if (code == CL_SUCCESS)
        code = clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_END, sizeof(end), &end, NULL);
    if (code == CL_SUCCESS) {
        binding->seconds += end > start ? (double)(end - start) * 1e-9 : 0;
        binding->runs++;
    }
    return code;
}

enum fer_status fer_timing_collect(struct fer_timing *timing, struct fer_error *err)
{
    enum fer_status status = FER_OK;

    for (int i = 0; i < timing->count && !status; i++) {
        struct fer_binding *binding = timing->pending[i].binding;
        cl_int code = add(binding, timing->pending[i].event);

        if (code != CL_SUCCESS)
            status = fer_fail_cl(err, code, "the time of kernel %s", binding->launch->kernel);
    }
    fer_timing_drop(timing);
    return status;
}

void fer_timing_drop(struct fer_timing *timing)
{
    for (int i = 0; i < timing->count; i++)
        clReleaseEvent(timing->pending[i].event);
    timing->count = 0;
}
