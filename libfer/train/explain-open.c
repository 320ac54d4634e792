/* SPDX-License-Identifier: Apache-2.0
 *
 * What fer explain looks at: blocks, data, a directory.
 */
#include <stdlib.h>
#include <string.h>

#include "graph/probe.h"
#include "train/checkpoint.h"
#include "train/explain.h"

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
            status =
                fer_fail(err, FER_ESHAPE, "predict %s and predict %s take other pictures; look at them one at a time",
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
    if (e->description->ntests == 0)
        return fer_fail(err, FER_ENOTFOUND, "%s has no test block, whose data could be taken; give pictures",
                        e->checkpoint);
    return fer_description_block(e->description, e->checkpoint, FER_BLOCK_TEST, e->options->test, &e->test, err);
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

/* What makes two runs one. */
static enum fer_status describe(const struct fer_explainer *e, char **how, struct fer_error *err)
{
    const struct fer_explain_options *o = e->options;

    return fer_json_text(json_pack("{s:s, s:o, s:s, s:I, s:o, s:o, s:s?, s:o, s:o, s:o, s:o, s:o?, s:f, s:i}", "writer",
                                   "fer_explain", "checkpoint", fer_json_string(e->checkpoint), "weights", e->hash,
                                   "seed", (json_int_t)e->seed, "set", fer_json_words(o->settings.sets), "data",
                                   fer_json_words(o->settings.data), "test",
                                   e->pictures ? NULL : e->description->tests[e->test].name, "predict",
                                   fer_json_words(o->predicts), "show", fer_json_words(o->show), "cam",
                                   fer_json_words(o->cams), "compare", fer_json_words(o->compare), "class",
                                   fer_json_string(o->label), "threshold", e->threshold, "zoom", e->zoom),
                         how, err);
}

enum fer_status fer_explain_open(struct fer_explainer *e, const struct fer_checkpoint *checkpoint, const char *out,
                                 struct fer_error *err)
{
    struct fer_settings settings = e->options->settings;
    struct fer_device *device;
    struct fer_strip strip;
    char hash[17], *how = NULL;
    enum fer_status status;

    if (!e->options->seed_set)
        settings.seed = checkpoint->seed;
    e->seed = settings.seed;
    status =
        fer_context_parse(e->context, e->checkpoint, e->options->dir ? e->options->dir : ".", checkpoint->description,
                          &settings, e->pictures ? FER_FOR_PREDICT : FER_FOR_TESTS, &e->description, err);
    if (status == FER_OK && !e->pictures)
        status = find_test(e, err);
    if (status == FER_OK)
        status = fer_context_device(e->context, &device, err);
    if (status == FER_OK)
        status = fer_store_allocate(device, e->description, &e->store, err);
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
    status = fer_strip_create(&strip, e->npanels, e->height, e->width, e->zoom, err); /* can there be one? */
    fer_strip_free(&strip);
    if (status != FER_OK)
        return status;
    e->images = calloc(FER_VIEW_CAPACITY * (size_t)e->channels * (size_t)e->height * (size_t)e->width, sizeof(float));
    if (!e->images)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    status = describe(e, &how, err);
    if (status == FER_OK)
        status = fer_explain_files_open(&e->files, out, how, err);
    free(how);
    return status;
}
