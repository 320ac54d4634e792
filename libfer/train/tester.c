/* SPDX-License-Identifier: Apache-2.0 */
#include "train/tester.h"

#include <math.h>
#include <stdlib.h>

#include "graph/graph.h"
#include "train/meter.h"
#include "train/report.h"

struct fer_tester {
    const struct fer_test_spec *spec;
    const char *data;
    struct fer_flow_program *flow;
    struct fer_pipeline *pipeline;
};

enum fer_status fer_tester_open(struct fer_context *context, struct fer_description *description, int test,
                                struct fer_store *store, struct fer_tester **out, struct fer_error *err)
{
    struct fer_compile_options options = fer_context_compile_options(context);
    struct fer_tester *tester = calloc(1, sizeof(*tester));
    const struct fer_data_spec *data = &description->data[description->tests[test].data];
    struct fer_pipeline_spec spec;
    enum fer_status status;

    *out = NULL;
    if (!tester)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    tester->spec = &description->tests[test];
    tester->data = data->name;
    status = fer_test_compile(description, test, store, &options, &tester->flow, err);
    if (status == FER_OK) {
        spec = *data->pipeline;
        spec.shuffle = spec.drop_last = false;
        spec.batch = tester->flow->program->capacity;
        spec.wanted = tester->flow->inputs->wanted | FER_FIELD_ID;
        status = fer_pipeline_open(&spec, &tester->pipeline, err);
    }
    if (status != FER_OK) {
        fer_fail_prefix(err, "test %s", tester->spec->name);
        fer_tester_close(tester);
        return status;
    }
    *out = tester;
    return FER_OK;
}

void fer_tester_close(struct fer_tester *tester)
{
    if (!tester)
        return;
    fer_pipeline_close(tester->pipeline);
    fer_flow_program_free(tester->flow);
    free(tester);
}

static enum fer_status run_batch(struct fer_tester *tester, const struct fer_batch *batch, struct fer_error *err)
{
    struct fer_flow_program *flow = tester->flow;
    enum fer_status status = fer_inputs_upload(flow->exec, flow->inputs, batch, err);

    if (status == FER_OK)
        status = fer_exec_run(flow->exec, flow->segment, err);
    return status;
}

static void tell(const struct fer_tester *tester, const struct fer_watch *watch, const struct fer_meter *meter,
                 long step)
{
    long steps = (long)fer_pipeline_info(tester->pipeline)->steps;
    struct fer_progress progress = { .stage = watch->stage,
                                     .test = tester->spec->name,
                                     .epoch = watch->epoch,
                                     .epochs = watch->epochs,
                                     .step = step,
                                     .steps = steps,
                                     .images = meter->total,
                                     .loss = NAN,
                                     .images_per_second = fer_meter_rate(meter),
                                     .seconds_left = fer_meter_left(meter, steps - step) };

    if (watch->progress)
        watch->progress(watch->user, &progress);
}

static enum fer_status run_batches(struct fer_tester *tester, const struct fer_watch *watch, long *images,
                                   struct fer_error *err)
{
    const struct fer_batch *batch;
    struct fer_meter meter;
    /* tests are epoch 0: a test picture is always occluded alike */
    enum fer_status status = fer_pipeline_start(tester->pipeline, 0, 0, err);

    fer_meter_start(&meter, fer_meter_now());
    for (long step = 1; status == FER_OK; step++) {
        status = fer_pipeline_next(tester->pipeline, &batch, err);
        if (status != FER_OK || !batch)
            break;
        status = run_batch(tester, batch, err);
        if (status == FER_OK && watch->batch)
            status = watch->batch(watch->reader, tester, batch, err);
        if (status == FER_OK && watch->stop && *watch->stop)
            status = fer_fail(err, FER_EINTERRUPTED, "test %s was stopped", tester->spec->name);
        fer_meter_step(&meter, fer_meter_now(), batch->n);
        tell(tester, watch, &meter, step);
    }
    *images = meter.total;
    fer_pipeline_stop(tester->pipeline);
    return status;
}

static enum fer_status read_metrics(struct fer_tester *tester, struct fer_report *report, struct fer_error *err)
{
    enum fer_status status = FER_OK;

    for (int i = 0; status == FER_OK && i < tester->spec->nmetrics; i++) {
        fer_report_begin(report);
        status = fer_test_metric(tester->flow, i, report, err);
        if (status == FER_OK)
            status = fer_report_end(report, tester->spec->metrics[i].name, err);
    }
    return status;
}

enum fer_status fer_tester_run(struct fer_tester *tester, const struct fer_watch *watch, json_t **out,
                               struct fer_error *err)
{
    struct fer_report *report = fer_report_create();
    long images = 0;
    enum fer_status status = report ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory");

    *out = NULL;
    fer_exec_weights_changed(tester->flow->exec);
    if (status == FER_OK)
        status = fer_test_reset(tester->flow, err);
    if (status == FER_OK)
        status = run_batches(tester, watch, &images, err);
    if (status == FER_OK)
        status = read_metrics(tester, report, err);
    if (status == FER_OK) {
        *out = json_pack("{s:s, s:I}", "data", tester->data, "images", (json_int_t)images);
        if (!*out || json_object_update(*out, fer_report_json(report)) != 0)
            status = fer_fail(err, FER_ENOMEM, "out of memory");
    }
    fer_report_free(report);
    return status;
}

const struct fer_test_spec *fer_tester_spec(const struct fer_tester *tester)
{
    return tester->spec;
}

enum fer_status fer_tester_read(const struct fer_tester *tester, const struct fer_value *value, int rows, void **out,
                                struct fer_error *err)
{
    const struct fer_value *plain = value->layout != FER_LAYOUT_PLAIN && value->converted ? value->converted : value;
    size_t bytes = fer_shape_row(&plain->shape) * (size_t)rows * 4;
    enum fer_status status;

    *out = malloc(bytes + 1);
    if (!*out)
        return fer_fail(err, FER_ENOMEM, "no memory for %s", value->name ? value->name : "a value");
    status = fer_exec_read(tester->flow->exec, plain->tensor, *out, bytes, err);
    if (status != FER_OK) {
        free(*out);
        *out = NULL;
    }
    return status;
}

void fer_tester_name(const struct fer_tester *tester, const struct fer_batch *batch, int row, char *text, size_t size)
{
    fer_pipeline_name(tester->pipeline, batch->step * (size_t)batch->capacity + (size_t)row, text, size);
}
