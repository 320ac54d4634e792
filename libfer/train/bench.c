/* SPDX-License-Identifier: Apache-2.0
 *
 * fer bench: the clock beside a program that is replayed.
 */
#include <fer/run.h>
#include <stdlib.h>

#include "train/meter.h"
#include "train/profile.h"
#include "train/workload.h"

struct bench {
    const struct fer_bench_options *options;
    struct fer_workload work;
    int steps;
    double first_step;
    double *seconds; /* [steps] */
};

static enum fer_status measure(struct bench *b, double began, struct fer_error *err)
{
    enum fer_status status = fer_workload_step(&b->work, err);

    b->first_step = fer_meter_now() - began;
    if (status == FER_OK)
        status = fer_workload_step(&b->work, err); /* the second one still touches fresh memory */
    if (status == FER_OK && b->options->profile)
        status = fer_exec_profile(b->work.exec, true, err);
    for (int i = 0; status == FER_OK && i < b->steps; i++) {
        double start = fer_meter_now();

        status = fer_workload_step(&b->work, err);
        b->seconds[i] = fer_meter_now() - start;
    }
    return status;
}

static size_t count_parameters(const struct fer_description *description)
{
    size_t parameters = 0;

    for (int n = 0; n < description->nnets; n++) {
        for (int w = 0; w < description->nets[n]->nweights; w++) {
            const struct fer_weight *weight = description->nets[n]->weights[w];

            parameters += weight->trained ? fer_shape_count(&weight->shape) : 0;
        }
    }
    return parameters;
}

static enum fer_status report(struct bench *b, const char *path, char **json, struct fer_error *err)
{
    const struct fer_workload *w = &b->work;
    double median = fer_median(b->seconds, b->steps);
    json_t *result, *operations = NULL;
    enum fer_status status = FER_OK;

    result = json_pack(
        "{s:o, s:s, s:o, s:s, s:i, s:i, s:f, s:f, s:f, s:f, s:f, s:I, s:I}", "model", fer_json_string(path), "block",
        w->name, "device", fer_json_string(w->device->name), "mode", w->stage ? "train" : "infer", "batch", w->batch,
        "steps", b->steps, "images_per_second", (double)w->batch / median, "seconds_per_step", median, "fastest_step",
        b->seconds[0], "slowest_step", b->seconds[b->steps - 1], "seconds_to_first_step", b->first_step,
        "peak_device_memory", (json_int_t)w->device->peak, "parameters", (json_int_t)count_parameters(w->description));
    if (b->options->profile)
        status = fer_profile_json(w->exec, &operations, err);
    if (operations)
        fer_json_set(&result, "operations", operations);
    if (status == FER_OK)
        return fer_json_text(result, json, err);
    json_decref(result);
    return status;
}

enum fer_status fer_bench(struct fer_context *context, const char *path, const struct fer_bench_options *options,
                          char **json, struct fer_error *err)
{
    static const struct fer_bench_options none;
    struct bench b = { .options = options ? options : &none };
    double began = fer_meter_now();
    enum fer_status status;

    *json = NULL;
    b.steps = b.options->steps > 0 ? b.options->steps : 10;
    b.seconds = calloc((size_t)b.steps, sizeof(double));
    if (!b.seconds)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    status = fer_workload_open(context, path, b.options, 0, &b.work, err);
    if (status == FER_OK) {
        status = measure(&b, began, err);
        if (status == FER_OK)
            status = report(&b, path, json, err);
        fer_workload_close(&b.work);
    }
    free(b.seconds);
    return status;
}
