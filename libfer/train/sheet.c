/* SPDX-License-Identifier: Apache-2.0
 *
 * fer show data: a contact sheet of what the network gets.
 */
#include "graph/sheet.h"

#include <fer/inspect.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/image.h"
#include "data/pipeline.h"
#include "compile/compile.h"
#include "lang/choice.h"
#include "train/context.h"

enum { GAP = 2 };

struct sheet {
    const struct fer_sheet_options *options;
    struct fer_description *description;
    int data;
    struct fer_store *store;
    struct fer_sheet fields;
    struct fer_flow_program *flow;
    struct fer_pipeline *pipeline;
    struct fer_image page;
    int columns, rows, placed;
    int width, height; /* of one picture */
    json_t *pictures;
};

static enum fer_status read_field(struct sheet *s, int f, float **out, struct fer_error *err)
{
    const struct fer_tensor *tensor = s->fields.fields[f].value->tensor;
    size_t bytes = fer_tensor_bytes(tensor);

    *out = malloc(bytes + 1);
    if (!*out)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    return fer_exec_read(s->flow->exec, tensor, *out, bytes, err);
}

/* As many of `count` pictures side by side as go into `length` pixels, but one at least. */
static int fit(int count, int side, int length)
{
    const int most = length / (side + GAP);

    return count < most ? count : most > 1 ? most : 1;
}

static enum fer_status make_page(struct sheet *s, const struct fer_tensor *picture, struct fer_error *err)
{
    int across, down;

    s->height = picture->shape.dim[2];
    s->width = picture->shape.dim[3];
    s->columns = fit(s->columns, s->width, FER_IMAGE_SIDE);
    across = (s->width + GAP) * s->columns;
    down = (int)(FER_IMAGE_PIXELS / (size_t)across);
    s->rows = fit(s->rows, s->height, down < FER_IMAGE_SIDE ? down : FER_IMAGE_SIDE);
    return fer_image_create(&s->page, across - GAP, (s->height + GAP) * s->rows - GAP, 3, err);
}

static void put_picture(struct sheet *s, const struct fer_tensor *t, const float *data, int n)
{
    int x0 = s->placed % s->columns * (s->width + GAP), y0 = s->placed / s->columns * (s->height + GAP);

    for (int y = 0; y < s->height; y++) {
        for (int x = 0; x < s->width; x++) {
            uint8_t *out = s->page.pixels + ((size_t)(y0 + y) * (size_t)s->page.width + (size_t)(x0 + x)) * 3;

            for (int c = 0; c < 3; c++) {
                float v = fer_sheet_pixel(t, data, n, t->shape.dim[1] >= 3 ? c : 0, y, x);

                out[c] = (uint8_t)(fminf(fmaxf(v, 0), 1) * 255.0f + 0.5f);
            }
        }
    }
}

/* Rows and, of the only one, columns that nothing was put into go. */
static void trim_page(struct sheet *s)
{
    const int columns = s->placed < s->columns ? s->placed : s->columns;
    const int rows = (s->placed + s->columns - 1) / s->columns;
    const size_t before = (size_t)s->page.width * 3;

    s->page.width = (s->width + GAP) * columns - GAP;
    s->page.height = (s->height + GAP) * rows - GAP;
    for (int y = 1; y < s->page.height; y++)
        memmove(s->page.pixels + (size_t)y * (size_t)s->page.width * 3, s->page.pixels + (size_t)y * before,
                (size_t)s->page.width * 3);
}

/* The fields of one row that are single numbers. */
static json_t *describe(const struct sheet *s, float *const *data, const struct fer_batch *batch, int n)
{
    json_t *row = json_pack("{s:I}", "id", (json_int_t)batch->id[n]);

    for (int f = 0; f < s->fields.nfields; f++) {
        const char *name = s->fields.fields[f].name;
        const struct fer_tensor *t = s->fields.fields[f].value->tensor;
        int32_t number;

        if (fer_shape_row(&t->shape) != 1 || t->shape.rank != 1)
            continue;
        memcpy(&number, &data[f][n], sizeof(number));
        if (t->shape.dtype == FER_F32)
            fer_json_set(&row, name, fer_json_number((double)data[f][n]));
        else if (number >= 0 && number < s->description->nlabels && strncmp(name, "label", 5) == 0)
            fer_json_set(&row, name, json_string(s->description->labels[number]));
        else
            fer_json_set(&row, name, json_integer(number));
    }
    return row;
}

static int find_picture(const struct sheet *s)
{
    for (int f = 0; f < s->fields.nfields; f++) {
        const struct fer_shape *shape = &s->fields.fields[f].value->shape;

        if (shape->rank == 4 && shape->dtype == FER_F32 && shape->batch == 1)
            return f;
    }
    return -1;
}

static enum fer_status place_batch(struct sheet *s, const struct fer_batch *batch, struct fer_error *err)
{
    float *data[FER_SHEET_FIELDS] = { NULL };
    int picture = find_picture(s);
    enum fer_status status = fer_inputs_upload(s->flow->exec, s->flow->inputs, batch, err);

    if (status == FER_OK)
        status = fer_exec_run(s->flow->exec, s->flow->segment, err);
    for (int f = 0; status == FER_OK && f < s->fields.nfields; f++)
        status = read_field(s, f, &data[f], err);
    if (status == FER_OK && !s->page.pixels)
        status = make_page(s, s->fields.fields[picture].value->tensor, err);
    for (int n = 0; status == FER_OK && n < batch->n && s->placed / s->columns < s->rows; n++) {
        put_picture(s, s->fields.fields[picture].value->tensor, data[picture], n);
        fer_json_append(&s->pictures, describe(s, data, batch, n));
        s->placed++;
    }
    for (int f = 0; f < s->fields.nfields; f++)
        free(data[f]);
    return status;
}

static enum fer_status open_sheet(struct sheet *s, struct fer_context *context, const char *path, const char *data,
                                  struct fer_error *err)
{
    struct fer_compile_options compile = fer_context_compile_options(context);
    struct fer_pipeline_spec spec;
    struct fer_device *device;
    enum fer_status status =
        fer_context_read(context, path, &s->options->settings, FER_FOR_TRAINING, &s->description, err);

    s->data = -1;
    for (int i = 0; status == FER_OK && i < s->description->ndata; i++) {
        if (strcmp(s->description->data[i].name, data) == 0)
            s->data = i;
    }
    if (status == FER_OK && s->data < 0)
        status = fer_fail_choice(err, path, "data", data, s->description->data, sizeof(*s->description->data),
                                 s->description->ndata);
    const int told = status == FER_OK ? s->description->diags.count : 0;
    if (status == FER_OK) {
        status = fer_sheet_create(s->description, s->data, s->options->training, &s->fields, err);
        fer_context_diags_from(context, &s->description->diags, told, status == FER_OK ? NULL : err);
    }
    if (status == FER_OK && find_picture(s) < 0)
        status = fer_fail(err, FER_EINVAL, "data %s names no picture among its fields", data);
    if (status == FER_OK)
        status = fer_context_device(context, &device, err);
    if (status == FER_OK)
        status = fer_store_create(device, s->description, s->options->settings.seed, &s->store, err);
    if (status == FER_OK)
        status = fer_test_compile(s->description, s->fields.test, s->store, &compile, &s->flow, err);
    if (status == FER_OK) {
        spec = *s->description->data[s->data].pipeline;
        spec.shuffle = spec.drop_last = s->options->training;
        spec.batch = s->flow->program->capacity;
        spec.wanted = s->flow->inputs->wanted | FER_FIELD_ID;
        status = fer_pipeline_open(&spec, &s->pipeline, err);
    }
    return status;
}

enum fer_status fer_show_data(struct fer_context *context, const char *path, const char *data,
                              const struct fer_sheet_options *options, const char *png, char **json,
                              struct fer_error *err)
{
    static const struct fer_sheet_options none;
    struct sheet s = { .options = options ? options : &none, .pictures = json_array() };
    const struct fer_batch *batch = NULL;
    enum fer_status status;

    *json = NULL;
    s.columns = s.options->columns > 0 ? s.options->columns : 8;
    s.rows = s.options->rows > 0 ? s.options->rows : 8;
    status = open_sheet(&s, context, path, data, err);
    if (status == FER_OK)
        status = fer_pipeline_start(s.pipeline, s.options->training ? 1 : 0, 0, err);
    while (status == FER_OK && s.placed / s.columns < s.rows) {
        status = fer_pipeline_next(s.pipeline, &batch, err);
        if (status != FER_OK || !batch)
            break;
        status = place_batch(&s, batch, err);
    }
    if (status == FER_OK && s.placed == 0)
        status = fer_fail(err, FER_EINVAL, "data %s holds no batch", data);
    if (status == FER_OK) {
        trim_page(&s);
        status = fer_image_write_png(&s.page, png, err);
    }
    if (status == FER_OK)
        status = fer_json_text(json_pack("{s:s, s:i, s:i, s:i, s:O}", "data", data, "width", s.width, "height",
                                         s.height, "columns", s.columns, "pictures", s.pictures),
                               json, err);
    json_decref(s.pictures);
    fer_image_free(&s.page);
    fer_pipeline_close(s.pipeline);
    fer_flow_program_free(s.flow);
    fer_store_free(s.store);
    fer_description_free(s.description);
    return status;
}
