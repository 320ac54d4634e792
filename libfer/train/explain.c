/* SPDX-License-Identifier: Apache-2.0
 *
 * fer explain: pictures through the predict blocks of a checkpoint, and what they make of them.
 */
#include "train/explain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "graph/probe.h"
#include "train/checkpoint.h"
#include "train/meter.h"

enum { PANEL_LEAST = 96 };

/* ---- which blocks ---- */

/* Whether a block yields a map or a number besides its answer. */
static bool says_more(const struct fer_predict_spec *spec)
{
    for (int i = 1; i < spec->noutputs; i++) {
        const struct fer_shape *shape = &spec->outputs[i].shape;

        if (shape->batch == 1 && (shape->rank == 1 || (shape->rank == 4 && shape->dtype == FER_F32)))
            return true;
    }
    return false;
}

static bool same_pictures(const struct fer_classifier *a, const struct fer_classifier *b)
{
    return a->channels == b->channels && a->height == b->height && a->width == b->width && a->classes == b->classes;
}

/* Those that are named. */
static enum fer_status take_named(const struct fer_explainer *e, struct fer_classifier *out, int *count,
                                  struct fer_error *err)
{
    enum fer_status status = FER_OK;

    for (const char *const *name = e->options->predicts; status == FER_OK && *name; name++) {
        if (*count == e->description->npredicts)
            return fer_fail(err, FER_EINVAL, "%s has %d predict blocks; name each once", e->checkpoint, *count);
        status = fer_classifier_find(e->description, *name, e->checkpoint, &out[*count], err);
        for (int i = 0; status == FER_OK && i < *count; i++) {
            if (strcmp(out[i].spec->name, *name) == 0)
                status = fer_fail(err, FER_EINVAL, "predict %s is named twice", *name);
        }
        if (status == FER_OK && !same_pictures(&out[0], &out[*count]))
            status = fer_fail(err, FER_ESHAPE, "predict %s and predict %s take other pictures; look at them one at a time",
                              out[0].spec->name, *name);
        ++*count;
    }
    return status;
}

/* Those that say more than a class; where none does, the first. */
static enum fer_status take_usual(const struct fer_explainer *e, struct fer_classifier *out, int *count,
                                  struct fer_error *err)
{
    for (int i = 0; i < e->description->npredicts; i++) {
        struct fer_error unfit = FER_ERROR_INIT;
        const char *name = e->description->predicts[i].name;

        if (!says_more(&e->description->predicts[i]) ||
            fer_classifier_find(e->description, name, e->checkpoint, &out[*count], &unfit) != FER_OK)
            continue;
        if (same_pictures(&out[0], &out[*count]))
            ++*count;
    }
    return *count > 0 ? FER_OK : fer_classifier_find(e->description, NULL, e->checkpoint, &out[(*count)++], err);
}

/* The first of the blocks that has the first of such paths; block 0 when none has, so that it says so. */
static int place_of(const struct fer_classifier *blocks, int count, const char *paths)
{
    char path[256];
    const size_t length = strcspn(paths, ",");

    if (length == 0 || length >= sizeof(path))
        return 0;
    memcpy(path, paths, length);
    path[length] = '\0';
    for (int b = 0; b < count; b++) {
        if (fer_probe_has(blocks[b].spec, path))
            return b;
    }
    return 0;
}

/* Those of a list that block b has. */
static enum fer_status select_paths(const struct fer_classifier *blocks, int count, int b, const char *const *list,
                                    const char ***out, struct fer_error *err)
{
    size_t n = 0;

    while (list && list[n])
        n++;
    *out = calloc(n + 1, sizeof(**out));
    if (!*out)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    for (size_t i = 0, at = 0; i < n; i++) {
        if (place_of(blocks, count, list[i]) == b)
            (*out)[at++] = list[i];
    }
    return FER_OK;
}

static enum fer_status open_view(struct fer_explainer *e, const struct fer_classifier *blocks, int count, int b,
                                 struct fer_error *err)
{
    const char **show = NULL, **cams = NULL;
    enum fer_status status = select_paths(blocks, count, b, e->options->show, &show, err);

    if (status == FER_OK)
        status = select_paths(blocks, count, b, e->options->cams, &cams, err);
    if (status == FER_OK)
        status = fer_view_open(e->context, e->description, e->store, &blocks[b], show, cams, &e->views[e->nviews], err);
    e->nviews += status == FER_OK;
    free(show);
    free(cams);
    return status;
}

static enum fer_status find_label(struct fer_explainer *e, int classes, struct fer_error *err)
{
    e->label = -1;
    e->labels = fer_classifier_labels(e->description, classes);
    if (!e->labels)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    for (int i = 0; e->options->label && i < classes; i++) {
        if (strcmp(e->labels[i], e->options->label) == 0)
            e->label = i;
    }
    if (!e->options->label || e->label >= 0)
        return FER_OK;
    return fer_fail(err, FER_ENOTFOUND, "%s has no class '%.100s'; its first is '%s'", e->checkpoint, e->options->label,
                    e->labels[0]);
}

static enum fer_status open_views(struct fer_explainer *e, struct fer_error *err)
{
    const size_t most = (size_t)e->description->npredicts + 1;
    struct fer_classifier *blocks = calloc(most, sizeof(*blocks));
    int count = 0;
    enum fer_status status;

    e->views = calloc(most, sizeof(struct fer_view *));
    e->right = calloc(2 * most, sizeof(*e->right));
    if (!blocks || !e->views || !e->right) {
        free(blocks);
        return fer_fail(err, FER_ENOMEM, "out of memory");
    }
    e->known = e->right + most;
    status = e->options->predicts && e->options->predicts[0] ? take_named(e, blocks, &count, err)
                                                             : take_usual(e, blocks, &count, err);
    if (status == FER_OK) {
        e->channels = blocks[0].channels;
        e->height = blocks[0].height;
        e->width = blocks[0].width;
        status = find_label(e, blocks[0].classes, err);
    }
    for (int b = 0; status == FER_OK && b < count; b++)
        status = open_view(e, blocks, count, b, err);
    free(blocks);
    return status;
}

/* ---- open ---- */

static enum fer_status find_test(struct fer_explainer *e, struct fer_error *err)
{
    const char *name = e->options->test;

    for (int i = 0; i < e->description->ntests; i++) {
        if (!name || strcmp(name, e->description->tests[i].name) == 0) {
            e->test = i;
            return FER_OK;
        }
    }
    return name ? fer_fail(err, FER_ENOTFOUND, "%s has no test '%.100s'", e->checkpoint, name)
                : fer_fail(err, FER_ENOTFOUND, "%s has no test block, whose data could be taken; give pictures",
                           e->checkpoint);
}

static enum fer_status open_data(struct fer_explainer *e, struct fer_error *err)
{
    const int data = e->description->tests[e->test].data;
    struct fer_map image;
    int field;
    enum fer_status status = fer_samples_open(e->context, e->description, data, e->store, &e->data[0], err);

    if (status != FER_OK)
        return status;
    e->data_name[e->ndata++] = e->description->data[data].name;
    field = fer_samples_find(e->data[0], fer_field_name(FER_FIELD_IMAGE));
    if (field < 0)
        return fer_fail(err, FER_EINVAL, "data %s has no pictures", e->data_name[0]);
    image = fer_samples_map(e->data[0], field);
    if (image.channels != e->channels || image.height != e->height || image.width != e->width)
        return fer_fail(err, FER_ESHAPE, "data %s has pictures of %d x %d x %d, and predict %s takes %d x %d x %d",
                        e->data_name[0], image.channels, image.height, image.width,
                        fer_view_classifier(e->views[0])->spec->name, e->channels, e->height, e->width);
    return FER_OK;
}

static json_t *json_list(const char *const *list)
{
    json_t *array = json_array();

    for (; list && *list; list++)
        json_array_append_new(array, json_string(*list));
    return array;
}

/* What makes two runs one. */
static enum fer_status describe(const struct fer_explainer *e, char **how, struct fer_error *err)
{
    const struct fer_explain_options *o = e->options;

    return fer_json_text(
        json_pack("{s:s, s:s, s:s, s:I, s:s?, s:o, s:o, s:o, s:o, s:s?, s:f, s:i}", "writer", "fer_explain",
                  "checkpoint", e->checkpoint, "weights", e->hash, "seed", (json_int_t)e->seed, "test",
                  e->pictures ? NULL : e->description->tests[e->test].name, "predict", json_list(o->predicts), "show",
                  json_list(o->show), "cam", json_list(o->cams), "compare", json_list(o->compare), "class", o->label,
                  "threshold", e->threshold, "zoom", e->zoom),
        how, err);
}

static enum fer_status open_all(struct fer_explainer *e, const struct fer_checkpoint *checkpoint, const char *out,
                                struct fer_error *err)
{
    struct fer_settings settings = e->options->settings;
    struct fer_device *device;
    char hash[17], *how = NULL;
    enum fer_status status;

    if (!e->options->seed_set)
        settings.seed = checkpoint->seed;
    e->seed = settings.seed;
    status = fer_context_parse(e->context, e->checkpoint, e->options->dir ? e->options->dir : ".",
                               checkpoint->description, &settings, e->pictures ? FER_FOR_PREDICT : FER_FOR_TESTS,
                               &e->description, err);
    if (status == FER_OK && !e->pictures)
        status = find_test(e, err);
    if (status == FER_OK)
        status = fer_context_device(e->context, &device, err);
    if (status == FER_OK)
        status = fer_store_create(device, e->description, settings.seed, &e->store, err);
    if (status == FER_OK)
        status = fer_checkpoint_weights(checkpoint, e->store, err);
    if (status == FER_OK)
        status = fer_weights_hash(e->store, hash, err);
    if (status == FER_OK && !(e->hash = strdup(hash)))
        status = fer_fail(err, FER_ENOMEM, "out of memory");
    if (status == FER_OK)
        status = open_views(e, err);
    if (status == FER_OK && !e->pictures)
        status = open_data(e, err);
    if (status == FER_OK)
        status = fer_explain_pairs(e, err);
    if (status == FER_OK)
        status = fer_explain_panels(e, err);
    if (status != FER_OK)
        return status;
    e->zoom = e->options->zoom > 0 ? e->options->zoom : (PANEL_LEAST + e->height - 1) / e->height;
    e->images = calloc(FER_VIEW_CAPACITY * (size_t)e->channels * (size_t)e->height * (size_t)e->width, sizeof(float));
    if (!e->images)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    status = describe(e, &how, err);
    if (status == FER_OK)
        status = fer_explain_files_open(&e->files, out, how, err);
    free(how);
    return status;
}

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
        status = open_all(e, &file, out, err);
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
                     fer_explain_number((double)fer_view_answer(view, row)[best]));
    e->known[v] += label >= 0;
    e->right[v] += label == best;
    for (int i = 0; status == FER_OK && *out && i < count; i++) {
        struct fer_pair *pair = fer_explain_pair(e, v, i);
        json_t *value = NULL;
        const char *net;

        if (items[i].kind == FER_VIEW_NUMBER) {
            const double number = fer_view_number(view, i, row, &net);
            value = net ? json_string(net) : fer_explain_number(number);
        } else if (pair) {
            status = fer_explain_measure(e, pair, row, &value, err);
        }
        if (value)
            json_object_set_new(*out, items[i].name, value);
    }
    return status == FER_OK && !*out ? fer_fail(err, FER_ENOMEM, "out of memory") : status;
}

/* A file's name need not be UTF-8, JSON must be. */
static json_t *json_name(const char *name)
{
    json_t *text = json_string(name);
    char plain[FER_EXPLAIN_NAME];

    if (text)
        return text;
    snprintf(plain, sizeof(plain), "%s", name);
    for (char *c = plain; *c; c++)
        *c = (char)(*c & 0x80 ? '?' : *c);
    return json_string(plain);
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
    object = json_pack("{s:s, s:o}", "file", file, "name", json_name(r->name));
    if (object && r->has_id)
        json_object_set_new(object, "id", json_integer((json_int_t)r->id));
    if (object && r->label >= 0)
        json_object_set_new(object, "label",
                            r->label < fer_view_classifier(e->views[0])->classes ? json_string(e->labels[r->label])
                                                                                 : json_integer(r->label));
    for (int v = 0; status == FER_OK && v < e->nviews; v++) {
        json_t *block = NULL;

        status = describe_block(e, v, row, &block, err);
        if (block)
            json_object_set_new(object, fer_view_classifier(e->views[v])->spec->name, block);
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

/* The sample with the same place in the data sets that outputs are compared with. */
static enum fer_status next_others(struct fer_explainer *e, struct fer_error *err)
{
    enum fer_status status = FER_OK;

    for (int d = 1; status == FER_OK && d < e->ndata; d++) {
        bool there;

        status = fer_samples_next(e->data[d], &there, err);
        if (status == FER_OK && (!there || fer_samples_id(e->data[d]) != fer_samples_id(e->data[0])))
            status = fer_fail(err, FER_EINVAL,
                              "data %s has other samples than data %s, or another order; they cannot be compared",
                              e->data_name[d], e->data_name[0]);
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
    struct fer_progress progress = { .stage = e->data_name[0],
                                     .test = e->description->tests[e->test].name,
                                     .step = done,
                                     .steps = all,
                                     .loss = NAN };

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
    all = (long)fer_samples_count(e->data[0]);
    all = count < all ? count : all;
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
            json_object_set_new(block, "accuracy", fer_explain_number((double)e->right[v] / (double)e->known[v]));
        json_object_set_new(all, fer_view_classifier(e->views[v])->spec->name, block);
    }
    for (int i = 0; i < e->npairs; i++)
        json_object_set_new(all, e->pairs[i].name, fer_explain_mean(&e->pairs[i]));
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
    report = json_pack("{s:s, s:s, s:I, s:s, s:o, s:O, s:o}", "checkpoint", e->checkpoint, "weights", e->hash, "seed",
                       (json_int_t)e->seed, "directory", e->files.dir, "panels", fer_explain_panel_names(e), "pictures",
                       e->rows_json, "means", means(e));
    if (report && !e->pictures) {
        json_object_set_new(report, "test", json_string(e->description->tests[e->test].name));
        json_object_set_new(report, "data", json_string(e->data_name[0]));
    }
    return fer_json_text(report, json, err);
}
