/* SPDX-License-Identifier: Apache-2.0 */
#include "train/workload.h"

#include <fer/host.h>
#include <stdlib.h>

#include "train/feed.h"

/* Numbers that repeat, in [0, 1). */
static enum fer_status fill(struct fer_workload *w, struct fer_tensor *const *tensors, int count, uint32_t stream,
                            struct fer_error *err)
{
    enum fer_status status = FER_OK;

    for (int i = 0; status == FER_OK && i < count; i++) {
        struct fer_random random = { 1, stream + (uint32_t)i };
        size_t numbers;
        float *data;

        if (!tensors[i])
            continue;
        numbers = fer_shape_count(&tensors[i]->shape);
        data = malloc(numbers * sizeof(float));
        if (!data)
            return fer_fail(err, FER_ENOMEM, "out of memory");
        for (size_t k = 0; k < numbers; k++)
            data[k] = (float)fer_random_uniform(random, k);
        status = fer_exec_write(w->exec, tensors[i], data, numbers * sizeof(float), err);
        free(data);
    }
    return status;
}

static enum fer_status open_predict(struct fer_workload *w, const struct fer_bench_options *options, int at,
                                    struct fer_error *err)
{
    struct fer_compile_options compile = fer_context_compile_options(w->context);
    enum fer_status status;

    w->batch = options->batch > 0 ? options->batch : 8;
    status = fer_predict_compile(w->description, &w->description->predicts[at], w->batch, options->backward, w->store,
                                 &compile, &w->flow, err);
    if (status != FER_OK)
        return status;
    w->exec = w->flow->exec;
    w->program = w->flow->program;
    status = fer_exec_batch(w->exec, w->batch, err);
    if (status == FER_OK)
        status = fill(w, w->flow->in, w->flow->nin, 0, err);
    if (status == FER_OK && w->flow->backward)
        status = fill(w, w->flow->grad_out, w->flow->nout, 1000, err);
    return status;
}

/* One batch of every data set, read and uploaded once. */
static enum fer_status load_batch(struct fer_workload *w, struct fer_error *err)
{
    const struct fer_stage_spec *spec = w->stage->spec;
    enum fer_status status = FER_OK;

    for (int i = 0; status == FER_OK && i < spec->ndata; i++) {
        const struct fer_data_spec *data = &w->description->data[spec->data[i]];
        struct fer_feed feed;
        struct fer_batch slice;

        status = fer_feed_open(data, NULL, w->stage->inputs[i].wanted, 0, &feed, err);
        if (status != FER_OK)
            return status;
        status = fer_feed_next(&feed, err);
        if (status == FER_OK) {
            slice = fer_batch_slice(feed.batch, fer_pipeline_info(feed.pipeline), 0, data->micro);
            status = fer_inputs_upload(w->exec, &w->stage->inputs[i], &slice, err);
        }
        fer_feed_close(&feed);
    }
    return status;
}

static enum fer_status open_stage(struct fer_workload *w, int at, struct fer_error *err)
{
    struct fer_compile_options compile = fer_context_compile_options(w->context);
    enum fer_status status = fer_stage_compile(w->description, at, w->store, &compile, &w->stage, err);

    if (status != FER_OK)
        return status;
    w->exec = w->stage->exec;
    w->program = w->stage->program;
    w->batch = w->description->data[w->stage->spec->data[0]].micro;
    return load_batch(w, err);
}

static enum fer_status run_stage(struct fer_workload *w, struct fer_error *err)
{
    enum fer_status status = w->stage->data ? fer_exec_run(w->exec, w->stage->data, err) : FER_OK;

    if (status == FER_OK && w->stage->shared)
        status = fer_exec_run(w->exec, w->stage->shared, err);
    for (int s = 0; status == FER_OK && s < w->stage->nsteps; s++) {
        struct fer_step_program *step = &w->stage->steps[s];

        if (step->clear)
            status = fer_exec_run(w->exec, step->clear, err);
        if (status == FER_OK)
            status = fer_exec_run(w->exec, step->segment, err);
        if (status == FER_OK && step->check)
            status = fer_exec_run(w->exec, step->check, err);
        for (int u = 0; status == FER_OK && u < step->nupdates; u++) {
            struct fer_update_state *update = &step->updates[u];
            float control[4] = { (float)update->spec->optimizer->rate(update->spec->params), 1,
                                 (float)++update->updates, 0 };

            status = fer_exec_write(w->exec, update->control, control, sizeof(control), err);
            if (status == FER_OK)
                status = fer_exec_run(w->exec, update->segment, err);
        }
    }
    fer_stage_moved(w->stage);
    return status;
}

enum fer_status fer_workload_step(struct fer_workload *w, struct fer_error *err)
{
    enum fer_status status;

    if (w->stage)
        status = run_stage(w, err);
    else
        status = fer_exec_run(w->exec, w->flow->segment, err);
    if (status == FER_OK && w->flow && w->flow->backward)
        status = fer_exec_run(w->exec, w->flow->backward, err);
    return status == FER_OK ? fer_device_finish(w->device, err) : status;
}

/* The block that the options name, else the one with this number. */
static enum fer_status choose(struct fer_workload *w, const struct fer_bench_options *options, const char *path,
                              int *nth, struct fer_error *err)
{
    const struct fer_description *d = w->description;
    const bool stage = options->training;
    int at;
    enum fer_status status =
        fer_description_block(d, path, stage ? FER_BLOCK_STAGE : FER_BLOCK_PREDICT, options->block, &at, err);

    if (status != FER_OK)
        return status;
    *nth = options->block ? at : *nth;
    w->blocks = stage ? d->nstages : d->npredicts;
    w->name = stage ? d->stages[*nth].name : d->predicts[*nth].name;
    return FER_OK;
}

enum fer_status fer_workload_open(struct fer_context *context, const char *path,
                                  const struct fer_bench_options *options, int nth, struct fer_workload *w,
                                  struct fer_error *err)
{
    enum fer_purpose purpose = options->training ? FER_FOR_TRAINING : FER_FOR_PREDICT;
    const struct fer_settings *settings = &options->settings;
    enum fer_status status;

    *w = (struct fer_workload){ .context = context };
    status = options->text
                 ? fer_context_parse(context, path, ".", options->text, settings, purpose, &w->description, err)
                 : fer_context_read(context, path, settings, purpose, &w->description, err);
    if (status == FER_OK)
        status = choose(w, options, path, &nth, err);
    if (status == FER_OK)
        status = fer_context_device(context, &w->device, err);
    if (status == FER_OK)
        status = fer_store_begin(w->device, w->description, settings->seed, &w->store, err);
    if (status == FER_OK)
        status = options->training ? open_stage(w, nth, err) : open_predict(w, options, nth, err);
    if (status != FER_OK)
        fer_workload_close(w);
    return status;
}

void fer_workload_close(struct fer_workload *w)
{
    fer_flow_program_free(w->flow);
    fer_stage_program_free(w->stage);
    fer_store_free(w->store);
    fer_description_free(w->description);
    *w = (struct fer_workload){ 0 };
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

double fer_median(double *numbers, int count)
{
    qsort(numbers, (size_t)count, sizeof(double), by_size);
    return (numbers[(count - 1) / 2] + numbers[count / 2]) / 2;
}
