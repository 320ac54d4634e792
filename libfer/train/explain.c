/* SPDX-License-Identifier: Apache-2.0
 *
 * fer explain: pictures through the predict blocks of a checkpoint, and what they make of them.
 */
#include "train/explain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train/checkpoint.h"
#include "train/meter.h"

enum fer_status fer_explainer_open(struct fer_context *context, const char *checkpoint, const char *out,
                                   const struct fer_explain_options *options, struct fer_explainer **explainer,
                                   struct fer_error *err)
{
    static const struct fer_explain_options none;
    const struct fer_explain_options *o = options ? options : &none;
    struct fer_explainer *e = calloc(1, sizeof(*e));
    struct fer_checkpoint file = { 0 };
    enum fer_status status = fer_checkpoint_open(checkpoint, &file, err);

    *explainer = NULL;
    if (status == FER_OK && e) {
        e->context = context;
        e->options = o;
        e->pictures = o->pictures;
        e->threshold = o->threshold > 0 ? o->threshold : 0.5;
        e->stop = o->stop;
        e->progress = o->progress;
        e->user = o->user;
        e->checkpoint = strdup(checkpoint);
        e->rows_json = json_array();
    }
    if (status == FER_OK && (!e || !e->checkpoint || !e->rows_json))
        status = fer_fail(err, FER_ENOMEM, "out of memory");
    if (status == FER_OK)
        status = fer_explain_open(e, &file, out, err);
    fer_checkpoint_close(&file);
    if (status != FER_OK) {
        fer_explainer_close(e);
        return status;
    }
    e->options = NULL;
    *explainer = e;
    return FER_OK;
}

void fer_explainer_close(struct fer_explainer *e)
{
    if (!e)
        return;
    for (int v = 0; v < e->nviews; v++)
        fer_view_close(e->views[v]);
    for (int d = 0; d < e->ndata; d++)
        fer_samples_close(e->data[d]);
    fer_explain_pairs_free(e);
    fer_explain_files_close(&e->files);
    fer_store_free(e->store);
    fer_description_free(e->description);
    json_decref(e->rows_json);
    free(e->views);
    free(e->right);
    free(e->labels);
    free(e->panels);
    free(e->images);
    free(e->scratch);
    free(e->checkpoint);
    free(e->hash);
    free(e);
}

/* ---- the pictures that wait ---- */

/* What a block says of a picture. */
static enum fer_status describe_block(struct fer_explainer *e, int v, int row, json_t **out, struct fer_error *err)
{
    const struct fer_view *view = e->views[v];
    const int best = fer_view_best(view, row), label = e->rows[row].label;
    enum fer_status status = FER_OK;
    int count;
    const struct fer_view_item *items = fer_view_items(view, &count);

    *out = json_pack("{s:s, s:o}", "predicted", e->labels[best], "probability",
                     fer_json_number((double)fer_view_answer(view, row)[best]));
    e->known[v] += label >= 0;
    e->right[v] += label == best;
    for (int i = 0; status == FER_OK && *out && i < count; i++) {
        struct fer_pair *pair = fer_explain_pair(e, v, i);
        json_t *value = NULL;
        const char *net;

        if (items[i].kind == FER_VIEW_NUMBER) {
            const double number = fer_view_number(view, i, row, &net);
            fer_json_set(out, items[i].name, net ? fer_json_string(net) : fer_json_number(number));
        } else if (pair) {
            status = fer_explain_measure(e, pair, row, &value, err);
        }
        if (value)
            fer_json_set(out, items[i].name, value);
    }
    return status == FER_OK && !*out ? fer_fail(err, FER_ENOMEM, "out of memory") : status;
}

static enum fer_status write_row(struct fer_explainer *e, int row, struct fer_error *err)
{
    const struct fer_explain_row *r = &e->rows[row];
    struct fer_strip strip = { 0 };
    char file[32];
    json_t *object = NULL;
    enum fer_status status = fer_explain_strip(e, row, &strip, err);

    if (status == FER_OK)
        status = fer_explain_files_add(&e->files, &strip.image, file, err);
    fer_strip_free(&strip);
    if (status != FER_OK)
        return status;
    object = json_pack("{s:s, s:o}", "file", file, "name", fer_json_string(r->name));
    if (object && r->has_id)
        fer_json_set(&object, "id", json_integer((json_int_t)r->id));
    if (object && r->label >= 0)
        fer_json_set(&object, "label",
                     r->label < fer_view_classifier(e->views[0])->classes ? json_string(e->labels[r->label])
                                                                          : json_integer(r->label));
    for (int v = 0; status == FER_OK && v < e->nviews; v++) {
        json_t *block = NULL;

        status = describe_block(e, v, row, &block, err);
        if (block)
            fer_json_set(&object, fer_view_classifier(e->views[v])->spec->name, block);
    }
    if (json_array_append_new(e->rows_json, object) != 0 && status == FER_OK)
        status = fer_fail(err, FER_ENOMEM, "out of memory");
    return status;
}

static enum fer_status flush(struct fer_explainer *e, struct fer_error *err)
{
    const int count = e->waiting;
    enum fer_status status = FER_OK;

    e->waiting = 0;
    for (int v = 0; status == FER_OK && count > 0 && v < e->nviews; v++)
        status = fer_view_run(e->views[v], e->images, count, e->label, err);
    for (int row = 0; status == FER_OK && row < count; row++)
        status = write_row(e, row, err);
    if (status == FER_OK && e->stop && *e->stop)
        status = fer_fail(err, FER_EINTERRUPTED, "stopped after %ld pictures; the same command writes them again",
                          e->files.count);
    return status;
}

static float *image_of(struct fer_explainer *e, int row)
{
    return e->images + (size_t)row * (size_t)e->channels * (size_t)e->height * (size_t)e->width;
}

/* The waiting row is complete. */
static enum fer_status push(struct fer_explainer *e, struct fer_error *err)
{
    const int row = e->waiting++;

    for (int i = 0; i < e->npairs; i++)
        fer_explain_target(e, &e->pairs[i], row);
    return e->waiting == FER_VIEW_CAPACITY ? flush(e, err) : FER_OK;
}

enum fer_status fer_explainer_add(struct fer_explainer *e, const struct fer_image *image, const char *name,
                                  enum fer_fit fit, struct fer_error *err)
{
    struct fer_explain_row *row = &e->rows[e->waiting];
    enum fer_status status;

    if (!e->pictures)
        return fer_fail(err, FER_EINVAL, "pictures were not to come: the samples are those of a test's data");
    *row = (struct fer_explain_row){ .label = -1 };
    snprintf(row->name, sizeof(row->name), "%s", name);
    status = fer_picture_planes(image, fit, e->channels, e->height, e->width, image_of(e, e->waiting), err);
    return status == FER_OK ? push(e, err) : status;
}

static enum fer_status fail_others(const struct fer_explainer *e, int d, struct fer_error *err)
{
    return fer_fail(err, FER_EINVAL,
                    "data %s has other samples than data %s, or another order; they cannot be compared",
                    e->data_name[d], e->data_name[0]);
}

/* All data sets begin with the same places. */
static enum fer_status start(struct fer_explainer *e, long count, struct fer_error *err)
{
    const size_t all = fer_samples_count(e->data[0]);
    enum fer_status status = FER_OK;

    for (int d = 1; status == FER_OK && d < e->ndata; d++) {
        if (fer_samples_count(e->data[d]) != all)
            status = fail_others(e, d, err);
    }
    for (int d = 0; status == FER_OK && d < e->ndata; d++)
        status = fer_samples_start(e->data[d], (size_t)count, err);
    return status;
}

/* The sample with the same place in the data sets that outputs are compared with. */
static enum fer_status next_others(struct fer_explainer *e, struct fer_error *err)
{
    enum fer_status status = FER_OK;

    for (int d = 1; status == FER_OK && d < e->ndata; d++) {
        bool there;

        status = fer_samples_next(e->data[d], &there, err);
        if (status == FER_OK && (!there || fer_samples_id(e->data[d]) != fer_samples_id(e->data[0])))
            status = fail_others(e, d, err);
    }
    return status;
}

static void take_sample(struct fer_explainer *e)
{
    struct fer_explain_row *row = &e->rows[e->waiting];
    const struct fer_map image =
        fer_samples_map(e->data[0], fer_samples_find(e->data[0], fer_field_name(FER_FIELD_IMAGE)));

    *row = (struct fer_explain_row){ .label = fer_samples_label(e->data[0]),
                                     .has_id = true,
                                     .id = fer_samples_id(e->data[0]) };
    fer_samples_name(e->data[0], row->name, sizeof(row->name));
    fer_map_resize(&image, e->height, e->width, image_of(e, e->waiting));
}

static void tell(const struct fer_explainer *e, struct fer_meter *meter, long done, long all)
{
    struct fer_progress progress = {
        .stage = e->data_name[0], .test = e->description->tests[e->test].name, .step = done, .steps = all, .loss = NAN
    };

    fer_meter_step(meter, fer_meter_now(), 1);
    progress.images = meter->total;
    progress.images_per_second = fer_meter_rate(meter);
    progress.seconds_left = fer_meter_left(meter, all - done);
    if (e->progress)
        e->progress(e->user, &progress);
}

enum fer_status fer_explainer_rows(struct fer_explainer *e, long count, struct fer_error *err)
{
    struct fer_meter meter;
    long all;
    bool there = true;
    enum fer_status status = FER_OK;

    if (e->pictures)
        return fer_fail(err, FER_EINVAL, "samples were not to come: the pictures are given one by one");
    if (count < 1)
        return fer_fail(err, FER_EINVAL, "%ld samples were asked for; at least one is needed", count);
    status = start(e, count, err);
    all = (long)fer_samples_count(e->data[0]);
    fer_meter_start(&meter, fer_meter_now());
    for (long i = 0; status == FER_OK && i < all; i++) {
        status = fer_samples_next(e->data[0], &there, err);
        if (status != FER_OK || !there)
            break;
        status = next_others(e, err);
        if (status == FER_OK) {
            take_sample(e);
            status = push(e, err);
        }
        tell(e, &meter, i + 1, all);
    }
    return status == FER_OK ? flush(e, err) : status;
}

/* ---- the end ---- */

static json_t *means(const struct fer_explainer *e)
{
    json_t *all = json_object();

    for (int v = 0; v < e->nviews; v++) {
        json_t *block = json_pack("{s:I}", "pictures", (json_int_t)e->files.count);

        if (block && e->known[v] > 0)
            fer_json_set(&block, "right", fer_json_number((double)e->right[v] / (double)e->known[v]));
        fer_json_set(&all, fer_view_classifier(e->views[v])->spec->name, block);
    }
    for (int i = 0; i < e->npairs; i++)
        fer_json_set(&all, e->pairs[i].name, fer_explain_mean(&e->pairs[i]));
    return all;
}

enum fer_status fer_explainer_finish(struct fer_explainer *e, char **json, struct fer_error *err)
{
    enum fer_status status = flush(e, err);
    json_t *report;

    *json = NULL;
    if (status == FER_OK && e->files.count == 0)
        status = fer_fail(err, FER_ENOTFOUND, "there was no picture to explain");
    if (status == FER_OK)
        status = fer_explain_files_finish(&e->files, e->rows_json, err);
    if (status != FER_OK)
        return status;
    report = json_pack("{s:o, s:s, s:I, s:o, s:o, s:O, s:o}", "checkpoint", fer_json_string(e->checkpoint), "weights",
                       e->hash, "seed", (json_int_t)e->seed, "directory", fer_json_string(e->files.dir), "panels",
                       fer_explain_panel_names(e), "pictures", e->rows_json, "means", means(e));
    if (report && !e->pictures) {
        fer_json_set(&report, "test", json_string(e->description->tests[e->test].name));
        fer_json_set(&report, "data", json_string(e->data_name[0]));
    }
    return fer_json_text(report, json, err);
}
