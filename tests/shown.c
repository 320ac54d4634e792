/* SPDX-License-Identifier: Apache-2.0 */
#include "shown.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "data/pipeline.h"
#include "compile/compile.h"
#include "graph/registry.h"
#include "graph/sheet.h"

struct machine {
    struct fer_registry *registry;
    struct fer_device *device;
    struct fer_description *description;
    struct fer_store *store;
    struct fer_sheet sheet;
    struct fer_flow_program *flow;
    struct fer_pipeline *pipeline;
};

static enum fer_status open_machine(struct machine *m, const char *dir, const char *text, uint64_t seed,
                                    struct fer_error *err)
{
    const struct fer_description_options options = { .seed = seed };
    const struct fer_compile_options compile = { .poison = true };
    enum fer_status status;

    ck_assert_msg(!fer_registry_create(NULL, &m->registry, err), "%s", err->text);
    ck_assert_msg(!fer_device_open(NULL, &m->device, err), "%s", err->text);
    status = fer_description_parse(m->registry, "shown", dir, text, &options, &m->description, err);
    if (!status)
        status = fer_sheet_create(m->description, 0, false, &m->sheet, err);
    if (!status)
        status = fer_store_create(m->device, m->description, seed, &m->store, err);
    if (!status)
        status = fer_test_compile(m->description, m->sheet.test, m->store, &compile, &m->flow, err);
    if (!status) {
        struct fer_pipeline_spec spec = *m->description->data[0].pipeline;

        spec.wanted = m->flow->inputs->wanted | FER_FIELD_ID;
        status = fer_pipeline_open(&spec, &m->pipeline, err);
    }
    return status;
}

static void close_machine(struct machine *m)
{
    fer_pipeline_close(m->pipeline);
    fer_flow_program_free(m->flow);
    fer_store_free(m->store);
    fer_description_free(m->description);
    fer_device_close(m->device);
    fer_registry_free(m->registry);
}

static void add_fields(struct shown *shown, const struct machine *m)
{
    for (int f = 0; f < m->sheet.nfields && f < SHOWN_FIELDS; f++) {
        struct shown_field *field = &shown->fields[shown->nfields++];

        field->name = fer_arena_strdup(shown->arena, m->sheet.fields[f].name);
        field->shape = m->sheet.fields[f].value->shape;
        field->shape.dim[0] = shown->count;
        field->values =
            fer_arena_alloc(shown->arena, (size_t)shown->count * fer_shape_row(&field->shape) * sizeof(float));
        if (strcmp(field->name, "image") == 0) {
            shown->channels = field->shape.dim[1];
            shown->height = field->shape.dim[2];
            shown->width = field->shape.dim[3];
        }
    }
}

static void take_batch(struct shown *shown, const struct machine *m, const struct fer_batch *batch, int done)
{
    struct fer_error err = FER_ERROR_INIT;

    ck_assert_msg(!fer_inputs_upload(m->flow->exec, m->flow->inputs, batch, &err), "%s", err.text);
    ck_assert_msg(!fer_exec_run(m->flow->exec, m->flow->segment, &err), "%s", err.text);
    memcpy(shown->id + done, batch->id, (size_t)batch->n * sizeof(*batch->id));
    for (int f = 0; f < shown->nfields; f++) {
        const struct fer_tensor *tensor = m->sheet.fields[f].value->tensor;
        size_t row = fer_shape_row(&shown->fields[f].shape);

        ck_assert_int_eq(fer_tensor_layout(tensor), FER_LAYOUT_PLAIN);
        ck_assert_msg(!fer_exec_read(m->flow->exec, tensor, shown->fields[f].values + (size_t)done * row,
                                     (size_t)batch->n * row * sizeof(float), &err),
                      "%s", err.text);
    }
}

enum fer_status shown_try(struct shown *shown, const char *dir, const char *text, uint64_t seed, struct fer_error *err)
{
    struct machine m = { 0 };
    const struct fer_batch *batch = NULL;
    enum fer_status status = open_machine(&m, dir, text, seed, err);

    *shown = (struct shown){ .arena = fer_arena_create() };
    if (!status) {
        shown->count = (int)fer_pipeline_info(m.pipeline)->count;
        shown->id = fer_arena_alloc(shown->arena, (size_t)shown->count * sizeof(*shown->id));
        add_fields(shown, &m);
        status = fer_pipeline_start(m.pipeline, 0, 0, err);
    }
    for (int done = 0; !status; done += batch->n) {
        status = fer_pipeline_next(m.pipeline, &batch, err);
        if (status || !batch)
            break;
        take_batch(shown, &m, batch, done);
    }
    close_machine(&m);
    return status;
}

void shown_open(struct shown *shown, const char *dir, const char *text, uint64_t seed)
{
    struct fer_error err = FER_ERROR_INIT;

    ck_assert_msg(!shown_try(shown, dir, text, seed, &err), "%s\n%s", err.text, text);
}

void shown_close(struct shown *shown)
{
    fer_arena_free(shown->arena);
    *shown = (struct shown){ 0 };
}

const float *shown_values(const struct shown *shown, const char *field)
{
    return shown_row(shown, field, 0);
}

const float *shown_row(const struct shown *shown, const char *field, int sample)
{
    for (int f = 0; f < shown->nfields; f++)
        if (strcmp(shown->fields[f].name, field) == 0)
            return shown->fields[f].values + (size_t)sample * fer_shape_row(&shown->fields[f].shape);
    ck_abort_msg("there is no field %s", field);
    return NULL;
}
