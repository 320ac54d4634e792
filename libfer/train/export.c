/* SPDX-License-Identifier: Apache-2.0
 *
 * fer occlude: what a data set yields, device operations included, as a directory of pictures.
 *
 * Pictures keep their sizes, so there is a program for each size; of those the latest few are kept.
 */
#include "data/export.h"

#include <fer/train.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/batch.h"
#include "data/pipeline.h"
#include "compile/compile.h"
#include "graph/sheet.h"
#include "train/context.h"
#include "train/meter.h"

enum { KEPT = 8 };

/* A program for pictures of one size. */
struct press {
    struct fer_pipeline_info info; /* channels, height and width are the key */
    struct fer_sheet sheet;
    struct fer_flow_program *flow;
    struct fer_batch batch;
    float *values[FER_SHEET_FIELDS]; /* of the fields, read back */
    size_t used;                     /* when; 0: empty */
};

struct exporting {
    const struct fer_export_options *options;
    struct fer_context *context;
    struct fer_description *description;
    struct fer_data_spec *data;
    const struct fer_pipeline_info *first; /* of the data, as the description knows it */
    int index;
    struct fer_store *store;
    struct fer_pipeline *pipeline;
    struct press presses[KEPT];
    struct fer_export *out;
    struct fer_meter meter;
    size_t clock;
    const char *how;
    /* sums */
    size_t count, covered, found;
    bool finds; /* operations say whether they found the face */
    double fraction;
};

static void press_free(struct press *press)
{
    fer_flow_program_free(press->flow);
    fer_batch_free(&press->batch);
    for (int f = 0; f < FER_SHEET_FIELDS; f++)
        free(press->values[f]);
    *press = (struct press){ .sheet = press->sheet };
}

static enum fer_status press_open(struct exporting *e, struct press *press, const struct fer_pipeline_info *info,
                                  struct fer_error *err)
{
    const struct fer_compile_options compile = fer_context_compile_options(e->context);
    const int told = e->description->diags.count;
    enum fer_status status;

    press->info = *info;
    e->data->info = &press->info;
    status = fer_sheet_create_all(e->description, e->index, &press->sheet, err);
    fer_context_diags_from(e->context, &e->description->diags, told, status == FER_OK ? NULL : err);
    e->data->info = e->first;
    if (status == FER_OK)
        status = fer_test_compile(e->description, press->sheet.test, e->store, &compile, &press->flow, err);
    if (status == FER_OK)
        status = fer_batch_create(&press->batch, info, 1, err);
    for (int f = 0; f < press->sheet.nfields && status == FER_OK; f++) {
        press->values[f] = malloc(fer_tensor_bytes(press->sheet.fields[f].value->tensor) + 1);
        if (!press->values[f])
            status = fer_fail(err, FER_ENOMEM, "out of memory for a picture of %d x %d", info->width, info->height);
    }
    return status;
}

static bool fits(const struct press *press, const struct fer_pipeline_info *info)
{
    return press->used && press->info.channels == info->channels && press->info.height == info->height &&
           press->info.width == info->width && press->info.landmarks == info->landmarks;
}

/* The program for such pictures; the one that was used the longest ago makes room. */
static enum fer_status find_press(struct exporting *e, const struct fer_pipeline_info *info, struct press **out,
                                  struct fer_error *err)
{
    struct press *oldest = &e->presses[0];
    enum fer_status status;

    for (int i = 0; i < KEPT; i++) {
        if (fits(&e->presses[i], info)) {
            *out = &e->presses[i];
            (*out)->used = ++e->clock;
            return FER_OK;
        }
        if (e->presses[i].used < oldest->used)
            oldest = &e->presses[i];
    }
    if (!oldest->used)
        oldest->sheet.test = -1;
    press_free(oldest);
    status = press_open(e, oldest, info, err);
    oldest->used = ++e->clock;
    *out = oldest;
    return status;
}

static int find_field(const struct press *press, const char *name)
{
    for (int f = 0; f < press->sheet.nfields; f++) {
        if (strcmp(press->sheet.fields[f].name, name) == 0)
            return f;
    }
    return -1;
}

static const float *field(const struct press *press, const char *name)
{
    int f = find_field(press, name);

    return f < 0 ? NULL : press->values[f];
}

/* ---- one sample ---- */

static bool is_gray(const struct fer_image *image)
{
    const size_t pixels = (size_t)image->width * (size_t)image->height;

    for (size_t i = 0; i < pixels && image->channels == 3; i++) {
        const uint8_t *p = image->pixels + 3 * i;

        if (p[0] != p[1] || p[0] != p[2])
            return false;
    }
    return image->channels == 3;
}

/* What kind of picture it is: RGB, or one channel where the three are equal, because readers make RGB of all. */
static enum fer_status measure(const struct exporting *e, struct fer_sample *sample, struct fer_pipeline_info *info,
                               struct fer_error *err)
{
    struct fer_image simple = { 0 };
    enum fer_status status = FER_OK;

    *info = *e->first;
    if (!sample->image.pixels)
        return FER_OK;
    if (sample->image.channels == 4)
        status = fer_image_rgb(&simple, &sample->image, err);
    else if (is_gray(&sample->image))
        status = fer_image_gray(&simple, &sample->image, err);
    if (simple.pixels) {
        fer_image_free(&sample->image);
        sample->image = simple;
    }
    info->channels = sample->image.channels;
    info->height = sample->image.height;
    info->width = sample->image.width;
    return status;
}

static enum fer_status run(struct press *press, const struct fer_sample *sample, struct fer_error *err)
{
    struct fer_flow_program *flow = press->flow;
    struct fer_batch *batch = &press->batch;
    enum fer_status status = fer_batch_put(batch, &press->info, 0, sample, err);

    batch->n = 1;
    batch->epoch = 0; /* as in tests */
    batch->id[0] = sample->id;
    if (batch->label)
        batch->label[0] = sample->label;
    if (status == FER_OK)
        status = fer_inputs_upload(flow->exec, flow->inputs, batch, err);
    if (status == FER_OK)
        status = fer_exec_run(flow->exec, flow->segment, err);
    for (int f = 0; f < press->sheet.nfields && status == FER_OK; f++) {
        const struct fer_tensor *tensor = press->sheet.fields[f].value->tensor;

        status = fer_exec_read(flow->exec, tensor, press->values[f], fer_tensor_bytes(tensor), err);
    }
    return status;
}

/* A field of floats in [0, 1] as a picture. */
static enum fer_status develop(const struct press *press, const char *name, struct fer_image *out,
                               struct fer_error *err)
{
    int f = find_field(press, name);
    const struct fer_tensor *t = press->sheet.fields[f].value->tensor;
    int channels = t->shape.dim[1], height = t->shape.dim[2], width = t->shape.dim[3];
    enum fer_status status = fer_image_create(out, width, height, channels, err);

    for (int i = 0; i < channels * height * width && status == FER_OK; i++) {
        float value = fer_sheet_pixel(t, press->values[f], 0, i % channels, i / channels / width, i / channels % width);

        out->pixels[i] = (uint8_t)(fminf(fmaxf(value, 0), 1) * 255.0f + 0.5f);
    }
    return status;
}

/* The columns are those of the first sample. */
static enum fer_status open_out(struct exporting *e, const struct press *press, const char *dir, struct fer_error *err)
{
    const struct fer_export_columns columns = {
        .label = field(press, "label") != NULL,
        .split = fer_pipeline_split(e->pipeline, 0) != NULL,
        .subject = field(press, "subject") != NULL,
        .mask = field(press, "mask") != NULL,
        .covered = field(press, "covered") != NULL,
        .found = field(press, "found") != NULL,
        .note = e->options->note != NULL,
        .box = field(press, "box") != NULL,
        .landmarks =
            field(press, "landmarks") ? press->sheet.fields[find_field(press, "landmarks")].value->shape.dim[1] : 0,
    };

    if (!field(press, "image"))
        return fer_fail(err, FER_EINVAL, "data '%s' has no pictures", e->data->name);
    return fer_export_open(dir, e->how, &columns, &e->out, err);
}

static const char *label_text(const struct exporting *e, int label, char number[16])
{
    const char *name = NULL;

    if (label >= 0 && label < e->description->nlabels)
        name = e->description->labels[label];
    else if (label >= 0)
        name = fer_pipeline_label_name(e->pipeline, label);
    snprintf(number, 16, "%d", label);
    return name ? name : number;
}

static void count(struct exporting *e, const struct fer_export_row *row, const struct press *press)
{
    e->count++;
    e->covered += row->covered > 0;
    e->fraction += (double)row->covered;
    e->found += row->found > 0;
    e->finds = field(press, "found") != NULL;
}

static enum fer_status write_row(struct exporting *e, const struct press *press, const struct fer_sample *sample,
                                 size_t place, struct fer_error *err)
{
    const float *covered = field(press, "covered"), *found = field(press, "found"), *box = field(press, "box");
    const float *subject = field(press, "subject");
    struct fer_export_row row = { .id = sample->id,
                                  .split = fer_pipeline_split(e->pipeline, place),
                                  .covered = covered ? *covered : 0,
                                  .found = found ? *found : 0,
                                  .landmarks = field(press, "landmarks") };
    char number[16];
    int32_t whole;
    enum fer_status status = develop(press, "image", &row.image, err);

    if (field(press, "label"))
        row.label = label_text(e, sample->label, number);
    if (subject) {
        memcpy(&whole, subject, sizeof(whole));
        row.subject = whole;
    }
    if (box)
        memcpy(row.box, box, sizeof(row.box));
    if (row.covered > 0)
        row.note = e->options->note;
    if (status == FER_OK && field(press, "mask"))
        status = develop(press, "mask", &row.mask, err);
    if (status == FER_OK)
        status = fer_export_add(e->out, &row, err);
    if (status == FER_OK)
        count(e, &row, press);
    fer_image_free(&row.image);
    fer_image_free(&row.mask);
    return status;
}

static enum fer_status export_place(struct exporting *e, const char *dir, size_t place, struct fer_error *err)
{
    struct fer_sample sample;
    struct fer_pipeline_info info;
    struct press *press;
    enum fer_status status = fer_pipeline_sample(e->pipeline, place, &sample, err);

    if (status != FER_OK)
        return status;
    status = measure(e, &sample, &info, err);
    if (status == FER_OK)
        status = find_press(e, &info, &press, err);
    if (status == FER_OK)
        status = run(press, &sample, err);
    if (status == FER_OK && !e->out)
        status = open_out(e, press, dir, err);
    if (status == FER_OK)
        status = write_row(e, press, &sample, place, err);
    fer_sample_free(&sample);
    return status;
}

/* ---- all of them ---- */

static enum fer_status report_progress(struct exporting *e, size_t done, size_t all, struct fer_error *err)
{
    const struct fer_export_options *options = e->options;
    struct fer_progress progress = { .stage = e->data->name, .step = (long)done, .steps = (long)all, .loss = NAN };

    fer_meter_step(&e->meter, fer_meter_now(), 1);
    progress.images = e->meter.total;
    progress.images_per_second = fer_meter_rate(&e->meter);
    progress.seconds_left = fer_meter_left(&e->meter, (long)(all - done));
    if (options->progress)
        options->progress(options->user, &progress);
    if (options->stop && *options->stop && done < all)
        return fer_fail(err, FER_EINTERRUPTED,
                        "stopped after %zu of %zu pictures; the same command writes the set again", done, all);
    return FER_OK;
}

static enum fer_status open_all(struct exporting *e, const char *path, const char *data, struct fer_error *err)
{
    const struct fer_settings *settings = &e->options->settings;
    struct fer_pipeline_spec spec;
    struct fer_device *device;
    enum fer_status status = e->options->text
                                 ? fer_context_parse(e->context, path, ".", e->options->text, settings,
                                                     FER_FOR_TRAINING, &e->description, err)
                                 : fer_context_read(e->context, path, settings, FER_FOR_TRAINING, &e->description, err);

    for (int i = 0; status == FER_OK && i < e->description->ndata; i++) {
        if (strcmp(e->description->data[i].name, data) == 0) {
            e->data = &e->description->data[i];
            e->index = i;
        }
    }
    if (status == FER_OK && !e->data)
        status = fer_fail(err, FER_ENOTFOUND, "%s has no data '%.100s'", path, data);
    if (status == FER_OK)
        status = fer_context_device(e->context, &device, err);
    if (status == FER_OK)
        status = fer_store_create(device, e->description, settings->seed, &e->store, err);
    if (status != FER_OK)
        return status;
    e->first = e->data->info;
    spec = *e->data->pipeline;
    spec.threads = 1;
    spec.cache_bytes = 1; /* every picture is seen once */
    return fer_pipeline_open(&spec, &e->pipeline, err);
}

static enum fer_status describe(struct exporting *e, const char *path, const char *data, char **text,
                                struct fer_error *err)
{
    const struct fer_settings *settings = &e->options->settings;

    return fer_json_text(json_pack("{s:s, s:o, s:s, s:I, s:o, s:o}", "writer", "fer_export_data", "description",
                                   fer_json_string(e->options->text ? e->options->text : path), "pictures", data,
                                   "seed", (json_int_t)settings->seed, "set", fer_json_words(settings->sets), "data",
                                   fer_json_words(settings->data)),
                         text, err);
}

static enum fer_status summarize(const struct exporting *e, const char *dir, char **json, struct fer_error *err)
{
    json_t *summary =
        json_pack("{s:o, s:I, s:I, s:f}", "directory", fer_json_string(dir), "pictures", (json_int_t)e->count,
                  "covered", (json_int_t)e->covered, "mean_covered", e->fraction / (double)e->count);

    if (e->finds)
        fer_json_set(&summary, "found", json_integer((json_int_t)e->found));
    return fer_json_text(summary, json, err);
}

enum fer_status fer_export_data(struct fer_context *context, const char *path, const char *data, const char *dir,
                                const struct fer_export_options *options, char **json, struct fer_error *err)
{
    static const struct fer_export_options none;
    struct exporting e = { .options = options ? options : &none, .context = context };
    char *how = NULL;
    enum fer_status status = describe(&e, path, data, &how, err);

    *json = NULL;
    e.how = how;
    fer_meter_start(&e.meter, fer_meter_now());
    if (status == FER_OK)
        status = open_all(&e, path, data, err);
    const size_t all = status == FER_OK ? fer_pipeline_info(e.pipeline)->count : 0;
    for (size_t place = 0; place < all && status == FER_OK; place++) {
        status = export_place(&e, dir, place, err);
        if (status == FER_OK)
            status = report_progress(&e, place + 1, all, err);
    }
    if (status == FER_OK)
        status = fer_export_finish(e.out, err);
    if (status == FER_OK)
        status = summarize(&e, dir, json, err);
    fer_export_close(e.out);
    for (int i = 0; i < KEPT; i++)
        press_free(&e.presses[i]);
    fer_pipeline_close(e.pipeline);
    fer_store_free(e.store);
    fer_description_free(e.description);
    free(how);
    return status;
}
