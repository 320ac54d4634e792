/* SPDX-License-Identifier: Apache-2.0
 *
 * fer bench: the clock beside a program that is replayed.
 */
#include <fer/host.h>
#include <fer/run.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train/context.h"
#include "train/feed.h"
#include "train/meter.h"
#include "train/profile.h"

struct bench {
    struct fer_context *context;
    const struct fer_bench_options *options;
    struct fer_description *description;
    struct fer_device *device;
    struct fer_store *store;
    struct fer_flow_program *flow;   /* inference, or */
    struct fer_stage_program *stage; /* training */
    struct fer_exec *exec;           /* of either */
    int batch, steps;
    double first_step;
    double *seconds;                 /* [steps] */
};

/* Numbers that repeat, in [0, 1). */
static enum fer_status fill_inputs(struct bench *b, struct fer_error *err)
{
    enum fer_status status = fer_exec_batch(b->exec, b->batch, err);

    for (int i = 0; status == FER_OK && i < b->flow->nin; i++) {
        size_t count = fer_shape_count(&b->flow->in[i]->shape);
        struct fer_random random = { 1, (uint32_t)i };
        float *data = malloc(count * sizeof(float));

        if (!data)
            return fer_fail(err, FER_ENOMEM, "out of memory");
        for (size_t k = 0; k < count; k++)
            data[k] = (float)fer_random_uniform(random, k);
        status = fer_exec_write(b->exec, b->flow->in[i], data, count * sizeof(float), err);
        free(data);
    }
    return status;
}

static enum fer_status open_inference(struct bench *b, struct fer_error *err)
{
    struct fer_compile_options options = fer_context_compile_options(b->context);
    enum fer_status status;

    if (b->description->npredicts == 0)
        return fer_fail(err, FER_ENOTFOUND, "the description has no predict block to time");
    b->batch = b->options->batch > 0 ? b->options->batch : 8;
    status = fer_predict_compile(b->description, &b->description->predicts[0], b->batch, false, b->store, &options,
                                 &b->flow, err);
    if (status != FER_OK)
        return status;
    b->exec = b->flow->exec;
    return fill_inputs(b, err);
}

/* One batch of every data set, uploaded and augmented once. */
static enum fer_status load_batch(struct bench *b, struct fer_error *err)
{
    const struct fer_stage_spec *spec = b->stage->spec;
    enum fer_status status = FER_OK;

    for (int i = 0; status == FER_OK && i < spec->ndata; i++) {
        const struct fer_data_spec *data = &b->description->data[spec->data[i]];
        struct fer_feed feed;
        struct fer_batch slice;

        status = fer_feed_open(data, b->stage->inputs[i].wanted, 0, &feed, err);
        if (status != FER_OK)
            return status;
        status = fer_feed_next(&feed, err);
        if (status == FER_OK) {
            slice = fer_batch_slice(feed.batch, fer_pipeline_info(feed.pipeline), 0, data->micro);
            status = fer_inputs_upload(b->exec, &b->stage->inputs[i], &slice, err);
        }
        fer_feed_close(&feed);
    }
    if (status == FER_OK && b->stage->data)
        status = fer_exec_run(b->exec, b->stage->data, err);
    return status;
}

static enum fer_status open_training(struct bench *b, struct fer_error *err)
{
    struct fer_compile_options options = fer_context_compile_options(b->context);
    enum fer_status status;

    if (b->description->nstages == 0)
        return fer_fail(err, FER_ENOTFOUND, "the description has no stage to time");
    status = fer_stage_compile(b->description, 0, b->store, &options, &b->stage, err);
    if (status != FER_OK)
        return status;
    b->exec = b->stage->exec;
    b->batch = b->description->data[b->stage->spec->data[0]].micro;
    return load_batch(b, err);
}

static enum fer_status train_step(struct bench *b, struct fer_error *err)
{
    enum fer_status status = b->stage->shared ? fer_exec_run(b->exec, b->stage->shared, err) : FER_OK;

    for (int s = 0; status == FER_OK && s < b->stage->nsteps; s++) {
        struct fer_step_program *step = &b->stage->steps[s];

        if (step->clear)
            status = fer_exec_run(b->exec, step->clear, err);
        if (status == FER_OK)
            status = fer_exec_run(b->exec, step->segment, err);
        for (int u = 0; status == FER_OK && u < step->nupdates; u++) {
            struct fer_update_state *update = &step->updates[u];
            float control[4] = { (float)update->spec->optimizer->rate(update->spec->params), 1,
                                 (float)++update->updates, 0 };

            status = fer_exec_write(b->exec, update->control, control, sizeof(control), err);
            if (status == FER_OK)
                status = fer_exec_run(b->exec, update->segment, err);
        }
    }
    fer_exec_weights_changed(b->exec);
    return status;
}

static enum fer_status step(struct bench *b, struct fer_error *err)
{
    enum fer_status status = b->stage ? train_step(b, err) : fer_exec_run(b->exec, b->flow->segment, err);

    return status == FER_OK ? fer_device_finish(b->device, err) : status;
}

static enum fer_status measure(struct bench *b, double began, struct fer_error *err)
{
    enum fer_status status = step(b, err);

    b->first_step = fer_meter_now() - began;
    if (status == FER_OK)
        status = step(b, err); /* the second one still touches fresh memory */
    if (status == FER_OK && b->options->profile)
        status = fer_exec_profile(b->exec, true, err);
    for (int i = 0; status == FER_OK && i < b->steps; i++) {
        double start = fer_meter_now();

        status = step(b, err);
        b->seconds[i] = fer_meter_now() - start;
    }
    return status;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static enum fer_status report(struct bench *b, const char *path, char **json, struct fer_error *err)
{
    double median;
    size_t parameters = 0;
    json_t *result, *operations = NULL;
    enum fer_status status = FER_OK;

    qsort(b->seconds, (size_t)b->steps, sizeof(double), by_size);
    median = (b->seconds[(b->steps - 1) / 2] + b->seconds[b->steps / 2]) / 2;
    for (int n = 0; n < b->description->nnets; n++) {
        for (int w = 0; w < b->description->nets[n]->nweights; w++) {
            const struct fer_weight *weight = b->description->nets[n]->weights[w];

            parameters += weight->trained ? fer_shape_count(&weight->shape) : 0;
        }
    }
    result = json_pack("{s:s, s:s, s:s, s:i, s:i, s:f, s:f, s:f, s:f, s:I, s:I}", "model", path, "device",
                       b->device->name, "mode", b->stage ? "train" : "infer", "batch", b->batch, "steps", b->steps,
                       "images_per_second", (double)b->batch / median, "seconds_per_step", median, "fastest_step",
                       b->seconds[0], "seconds_to_first_step", b->first_step, "peak_device_memory",
                       (json_int_t)b->device->peak, "parameters", (json_int_t)parameters);
    if (b->options->profile)
        status = fer_profile_json(b->exec, &operations, err);
    if (operations)
        json_object_set_new(result, "operations", operations);
    if (status == FER_OK)
        return fer_json_text(result, json, err);
    json_decref(result);
    return status;
}

enum fer_status fer_bench(struct fer_context *context, const char *path, const struct fer_bench_options *options,
                          char **json, struct fer_error *err)
{
    static const struct fer_bench_options none;
    struct bench b = { .context = context, .options = options ? options : &none };
    enum fer_purpose purpose = b.options->training ? FER_FOR_TRAINING : FER_FOR_PREDICT;
    const struct fer_settings *settings = &b.options->settings;
    double began = fer_meter_now();
    enum fer_status status;

    *json = NULL;
    b.steps = b.options->steps > 0 ? b.options->steps : 10;
    b.seconds = calloc((size_t)b.steps, sizeof(double));
    status = b.seconds ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory");
    if (status == FER_OK)
        status = b.options->text
                     ? fer_context_parse(context, path, ".", b.options->text, settings, purpose, &b.description, err)
                     : fer_context_read(context, path, settings, purpose, &b.description, err);
    if (status == FER_OK)
        status = fer_context_device(context, &b.device, err);
    if (status == FER_OK)
        status = fer_store_create(b.device, b.description, settings->seed, &b.store, err);
    if (status == FER_OK)
        status = b.options->training ? open_training(&b, err) : open_inference(&b, err);
    if (status == FER_OK)
        status = measure(&b, began, err);
    if (status == FER_OK)
        status = report(&b, path, json, err);
    fer_flow_program_free(b.flow);
    fer_stage_program_free(b.stage);
    fer_store_free(b.store);
    fer_description_free(b.description);
    free(b.seconds);
    return status;
}
