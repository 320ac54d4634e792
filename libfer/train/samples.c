/* SPDX-License-Identifier: Apache-2.0 */
#include "train/samples.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/pipeline.h"
#include "graph/sheet.h"

struct fer_samples {
    const char *name; /* of the data set */
    struct fer_sheet sheet;
    struct fer_flow_program *flow;
    struct fer_pipeline *pipeline;
    const struct fer_batch *batch;  /* the one that has been read; NULL: none yet */
    float *plain[FER_SHEET_FIELDS]; /* [capacity][channels][height][width], NULL: no such field */
    void *raw;                      /* the largest of them as it lies on the device */
    int row;                        /* of the batch */
};

static const struct fer_tensor *tensor_of(const struct fer_samples *s, int field)
{
    return s->sheet.fields[field].value->tensor;
}

static bool is_map(const struct fer_value *value)
{
    return value->shape.rank == 4 && value->shape.dtype == FER_F32 && value->shape.batch == 1;
}

static enum fer_status allocate(struct fer_samples *s, struct fer_error *err)
{
    size_t most = 0;

    for (int f = 0; f < s->sheet.nfields; f++) {
        const size_t bytes = fer_tensor_bytes(tensor_of(s, f));

        most = bytes > most ? bytes : most;
        if (is_map(s->sheet.fields[f].value) && !(s->plain[f] = malloc(bytes + 1)))
            return fer_fail(err, FER_ENOMEM, "out of memory for pictures of data %s", s->name);
    }
    s->raw = malloc(most + 1);
    return s->raw ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory for pictures of data %s", s->name);
}

static enum fer_status open(struct fer_samples *s, struct fer_context *context, struct fer_description *description,
                            int data, struct fer_store *store, struct fer_error *err)
{
    const struct fer_compile_options compile = fer_context_compile_options(context);
    struct fer_pipeline_spec spec;
    enum fer_status status;

    s->name = description->data[data].name;
    s->sheet.test = -1;
    status = fer_sheet_create_all(description, data, &s->sheet, err);
    if (status == FER_OK)
        status = fer_test_compile(description, s->sheet.test, store, &compile, &s->flow, err);
    if (status == FER_OK)
        status = allocate(s, err);
    if (status == FER_OK) {
        spec = *description->data[data].pipeline;
        spec.batch = s->flow->program->capacity;
        spec.wanted = s->flow->inputs->wanted | FER_FIELD_ID;
        status = fer_pipeline_open(&spec, &s->pipeline, err);
    }
    return status;
}

enum fer_status fer_samples_open(struct fer_context *context, struct fer_description *description, int data,
                                 struct fer_store *store, struct fer_samples **out, struct fer_error *err)
{
    struct fer_samples *samples = calloc(1, sizeof(*samples));
    enum fer_status status =
        samples ? open(samples, context, description, data, store, err) : fer_fail(err, FER_ENOMEM, "out of memory");

    *out = NULL;
    if (status != FER_OK) {
        fer_samples_close(samples);
        return status;
    }
    *out = samples;
    return FER_OK;
}

void fer_samples_close(struct fer_samples *samples)
{
    if (!samples)
        return;
    fer_pipeline_close(samples->pipeline);
    fer_flow_program_free(samples->flow);
    for (int f = 0; f < FER_SHEET_FIELDS; f++)
        free(samples->plain[f]);
    free(samples->raw);
    free(samples);
}

size_t fer_samples_count(const struct fer_samples *samples)
{
    return fer_pipeline_info(samples->pipeline)->count;
}

int fer_samples_find(const struct fer_samples *samples, const char *field)
{
    for (int f = 0; f < samples->sheet.nfields; f++) {
        if (samples->plain[f] && strcmp(samples->sheet.fields[f].name, field) == 0)
            return f;
    }
    return -1;
}

const char *fer_samples_fields(const struct fer_samples *samples, char *text, size_t size)
{
    size_t n = 0;

    text[0] = '\0';
    for (int f = 0; f < samples->sheet.nfields; f++) {
        if (samples->plain[f] && n < size)
            n += (size_t)snprintf(text + n, size - n, "%s%s", n ? ", " : "", samples->sheet.fields[f].name);
    }
    return text;
}

/* ---- one batch after the other ---- */

/* The live rows of a field in plain order. */
static enum fer_status read_map(struct fer_samples *s, int field, int rows, struct fer_error *err)
{
    const struct fer_tensor *t = tensor_of(s, field);
    const int *dim = t->shape.dim;
    float *out = s->plain[field];
    enum fer_status status = fer_exec_read(s->flow->exec, t, s->raw, fer_tensor_bytes(t), err);

    if (status != FER_OK)
        return status;
    for (int n = 0; n < rows; n++) {
        for (int c = 0; c < dim[1]; c++) {
            for (int i = 0; i < dim[2] * dim[3]; i++)
                *out++ = fer_sheet_pixel(t, s->raw, n, c, i / dim[3], i % dim[3]);
        }
    }
    return FER_OK;
}

static enum fer_status next_batch(struct fer_samples *s, struct fer_error *err)
{
    enum fer_status status = fer_pipeline_next(s->pipeline, &s->batch, err);

    s->row = 0;
    if (status != FER_OK || !s->batch)
        return status;
    status = fer_inputs_upload(s->flow->exec, s->flow->inputs, s->batch, err);
    if (status == FER_OK)
        status = fer_exec_run(s->flow->exec, s->flow->segment, err);
    for (int f = 0; status == FER_OK && f < s->sheet.nfields; f++) {
        if (s->plain[f])
            status = read_map(s, f, s->batch->n, err);
    }
    return status;
}

enum fer_status fer_samples_start(struct fer_samples *samples, size_t count, struct fer_error *err)
{
    samples->batch = NULL;
    fer_pipeline_spread(samples->pipeline, count);
    /* tests are epoch 0: a test picture is always occluded alike */
    return fer_pipeline_start(samples->pipeline, 0, 0, err);
}

enum fer_status fer_samples_next(struct fer_samples *samples, bool *there, struct fer_error *err)
{
    enum fer_status status = FER_OK;

    if (samples->batch && samples->row + 1 < samples->batch->n)
        samples->row++;
    else
        status = next_batch(samples, err);
    *there = status == FER_OK && samples->batch;
    return status;
}

/* ---- the sample ---- */

struct fer_map fer_samples_map(const struct fer_samples *samples, int field)
{
    const struct fer_shape *shape = &samples->sheet.fields[field].value->shape;

    return (struct fer_map){ samples->batch ? samples->plain[field] + (size_t)samples->row * fer_shape_row(shape)
                                            : NULL,
                             shape->dim[1], shape->dim[2], shape->dim[3] };
}

uint32_t fer_samples_id(const struct fer_samples *samples)
{
    return samples->batch->id[samples->row];
}

int fer_samples_label(const struct fer_samples *samples)
{
    return samples->batch->label ? samples->batch->label[samples->row] : -1;
}

void fer_samples_name(const struct fer_samples *samples, char *text, size_t size)
{
    const struct fer_batch *batch = samples->batch;

    fer_pipeline_name(samples->pipeline, batch->step * (size_t)batch->capacity + (size_t)samples->row, text, size);
}
