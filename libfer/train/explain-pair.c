/* SPDX-License-Identifier: Apache-2.0
 *
 * What an output of a predict block is compared with, and how near it comes.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train/explain.h"
#include "train/measure.h"

/* The fields that rules name; both are the core's own (fer/data.h). */
#define IMAGE fer_field_name(FER_FIELD_IMAGE)
#define MASK fer_field_name(FER_FIELD_MASK)

struct fer_pair *fer_explain_pair(const struct fer_explainer *e, int view, int item)
{
    for (int i = 0; i < e->npairs; i++) {
        if (e->pairs[i].view == view && e->pairs[i].item == item)
            return &e->pairs[i];
    }
    return NULL;
}

static const struct fer_view_item *item_of(const struct fer_explainer *e, int view, int item)
{
    int count;

    return &fer_view_items(e->views[view], &count)[item];
}

static const char *block_name(const struct fer_explainer *e, int view)
{
    return fer_view_classifier(e->views[view])->spec->name;
}

/* ---- fields ---- */

static enum fer_status no_field(const struct fer_explainer *e, int data, const char *field, struct fer_error *err)
{
    char text[256];

    return fer_fail(err, FER_ENOTFOUND, "data %s has no field '%.100s' with height and width; it has %s",
                    e->data_name[data], field, fer_samples_fields(e->data[data], text, sizeof(text)));
}

/* Another test's data, opened when it is first named. */
static enum fer_status find_data(struct fer_explainer *e, const char *name, size_t length, int *out,
                                 struct fer_error *err)
{
    int index = -1;

    for (int i = 0; i < e->ndata; i++) {
        if (strlen(e->data_name[i]) == length && strncmp(e->data_name[i], name, length) == 0) {
            *out = i;
            return FER_OK;
        }
    }
    for (int i = 0; i < e->description->ndata; i++) {
        const struct fer_data_spec *data = &e->description->data[i];

        if (strlen(data->name) == length && strncmp(data->name, name, length) == 0)
            index = i;
    }
    if (index < 0)
        return fer_fail(err, FER_ENOTFOUND, "%s has no test over data '%.*s'", e->checkpoint, (int)length, name);
    if (e->ndata == FER_EXPLAIN_DATA)
        return fer_fail(err, FER_EINVAL, "more than %d data sets to compare with", FER_EXPLAIN_DATA - 1);
    *out = e->ndata;
    e->data_name[e->ndata] = e->description->data[index].name;
    return fer_samples_open(e->context, e->description, index, e->store, &e->data[e->ndata++], err);
}

/* "mask", or "clean.image". */
static enum fer_status find_field(struct fer_explainer *e, struct fer_pair *pair, const char *text,
                                  struct fer_error *err)
{
    const char *dot = strchr(text, '.'), *field = dot ? dot + 1 : text;
    enum fer_status status = FER_OK;

    pair->is_mask = strcmp(field, MASK) == 0;
    pair->is_input = !dot && strcmp(field, IMAGE) == 0;
    if (pair->is_input)
        return FER_OK;
    if (e->pictures)
        return fer_fail(err, FER_EINVAL, "pictures have no field '%.100s' to compare %s with; take the data of a test",
                        text, pair->name);
    pair->data = 0;
    if (dot)
        status = find_data(e, text, (size_t)(dot - text), &pair->data, err);
    if (status != FER_OK)
        return status;
    pair->at = fer_samples_find(e->data[pair->data], field);
    return pair->at < 0 ? no_field(e, pair->data, field, err) : FER_OK;
}

/* ---- pairs ---- */

static enum fer_status add_pair(struct fer_explainer *e, int view, int item, const char *field, struct fer_error *err)
{
    const struct fer_view_item *output = item_of(e, view, item);
    struct fer_pair *pair = &e->pairs[e->npairs++];
    size_t pixels = (size_t)e->height * (size_t)e->width;
    int channels = e->channels;
    enum fer_status status;

    *pair = (struct fer_pair){ .view = view, .item = item, .data = -1, .channels = output->channels };
    pair->field = strdup(field);
    if (!pair->field || asprintf(&pair->name, "%s.%s", block_name(e, view), output->name) < 0)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    status = find_field(e, pair, field, err);
    if (status != FER_OK)
        return status;
    pair->is_share = pair->is_mask && output->kind == FER_VIEW_CAM;
    if (pair->data >= 0)
        channels = fer_samples_map(e->data[pair->data], pair->at).channels;
    if (channels != output->channels)
        return fer_fail(err, FER_ESHAPE, "%s has %d channel%s and %s has %d; they cannot be compared", pair->name,
                        output->channels, output->channels == 1 ? "" : "s", field, channels);
    pair->targets = calloc(FER_VIEW_CAPACITY * (size_t)channels * pixels, sizeof(float));
    pair->sizes = calloc((size_t)channels * pixels, sizeof(float));
    return pair->targets && pair->sizes ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory");
}

/* "OUTPUT", or "BLOCK.OUTPUT", which may have dots of its own. */
static bool is_named(const struct fer_explainer *e, int view, int item, const char *name, size_t length)
{
    const char *block = block_name(e, view), *output = item_of(e, view, item)->name;
    const size_t first = strlen(block);

    if (strlen(output) == length && strncmp(output, name, length) == 0)
        return true;
    return length == first + 1 + strlen(output) && strncmp(block, name, first) == 0 && name[first] == '.' &&
           strncmp(output, name + first + 1, length - first - 1) == 0;
}

static enum fer_status add_given(struct fer_explainer *e, const char *text, struct fer_error *err)
{
    const char *equals = strchr(text, '=');
    int count;

    if (!equals || equals == text || !equals[1])
        return fer_fail(err, FER_EINVAL, "'%.100s' should be OUTPUT=FIELD", text);
    for (int v = 0; v < e->nviews; v++) {
        const struct fer_view_item *items = fer_view_items(e->views[v], &count);

        for (int i = 0; i < count; i++) {
            if (items[i].kind != FER_VIEW_NUMBER && is_named(e, v, i, text, (size_t)(equals - text)))
                return fer_explain_pair(e, v, i)
                           ? fer_fail(err, FER_EINVAL, "'%.*s' is compared twice", (int)(equals - text), text)
                           : add_pair(e, v, i, equals + 1, err);
        }
    }
    return fer_fail(err, FER_ENOTFOUND, "no predict block that is looked at has an output '%.*s' with height and width",
                    (int)(equals - text < 100 ? equals - text : 100), text);
}

/* The field that an output goes with, without being told; NULL: none. */
static const char *usual_field(const struct fer_explainer *e, const struct fer_view_item *output)
{
    const bool has_mask = e->ndata > 0 && fer_samples_find(e->data[0], MASK) >= 0;

    if (output->kind == FER_VIEW_CAM)
        return has_mask ? MASK : NULL;
    if (output->kind != FER_VIEW_OUTPUT)
        return NULL;
    if (e->ndata > 0 && fer_samples_find(e->data[0], output->name) >= 0)
        return output->name;
    if (output->channels == e->channels && output->height == e->height && output->width == e->width)
        return strcmp(output->name, MASK) == 0 ? NULL : IMAGE;
    return output->channels == 1 && has_mask ? MASK : NULL;
}

enum fer_status fer_explain_pairs(struct fer_explainer *e, struct fer_error *err)
{
    const char *const *compare = e->options->compare;
    int count = 0, most = 0;
    enum fer_status status = FER_OK;

    for (int v = 0; v < e->nviews; v++) {
        fer_view_items(e->views[v], &count);
        most += count;
    }
    e->pairs = calloc((size_t)most + 1, sizeof(*e->pairs));
    if (!e->pairs)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    for (; status == FER_OK && compare && *compare; compare++)
        status = add_given(e, *compare, err);
    for (int v = 0; status == FER_OK && v < e->nviews; v++) {
        const struct fer_view_item *items = fer_view_items(e->views[v], &count);

        for (int i = 0; status == FER_OK && i < count; i++) {
            const char *field = usual_field(e, &items[i]);

            if (field && !fer_explain_pair(e, v, i))
                status = add_pair(e, v, i, field, err);
        }
    }
    return status;
}

void fer_explain_pairs_free(struct fer_explainer *e)
{
    for (int i = 0; i < e->npairs; i++) {
        free(e->pairs[i].name);
        free(e->pairs[i].field);
        free(e->pairs[i].targets);
        free(e->pairs[i].sizes);
    }
    free(e->pairs);
}

/* ---- numbers ---- */

static size_t pixels_of(const struct fer_explainer *e, const struct fer_pair *pair)
{
    return (size_t)pair->channels * (size_t)e->height * (size_t)e->width;
}

static const float *input_of(const struct fer_explainer *e, int row)
{
    return e->images + (size_t)row * (size_t)e->channels * (size_t)e->height * (size_t)e->width;
}

void fer_explain_target(struct fer_explainer *e, struct fer_pair *pair, int row)
{
    float *target = pair->targets + (size_t)row * pixels_of(e, pair);
    const struct fer_map input = { input_of(e, row), e->channels, e->height, e->width };
    const struct fer_map map = pair->is_input ? input : fer_samples_map(e->data[pair->data], pair->at);

    fer_map_resize(&map, e->height, e->width, target);
}

static enum fer_status measure_mask(struct fer_explainer *e, struct fer_pair *pair, const float *target, json_t **out,
                                    struct fer_error *err)
{
    struct fer_overlap o;
    enum fer_status status = fer_overlap_measure(pair->sizes, target, pixels_of(e, pair), e->threshold, &o, err);

    if (status != FER_OK)
        return status;
    pair->iou += fer_overlap_iou(&o);
    pair->iou_all += fer_overlap_iou_all(&o);
    pair->iou_none += fer_overlap_iou_none(&o);
    pair->auc += isnan(o.auc) ? 0 : o.auc;
    pair->aucs += !isnan(o.auc);
    pair->pixels += o.pixels;
    pair->covered += o.covered;
    pair->predicted += o.predicted;
    pair->both += o.both;
    *out = json_pack("{s:o, s:o, s:o, s:o}", "iou", fer_json_number(fer_overlap_iou(&o)), "auc", fer_json_number(o.auc),
                     "covered", fer_json_number((double)o.covered / (double)o.pixels), "predicted",
                     fer_json_number((double)o.predicted / (double)o.pixels));
    return FER_OK;
}

/* How much of a map lies on the cover. */
static void measure_share(struct fer_explainer *e, struct fer_pair *pair, const float *target, json_t **out)
{
    const size_t pixels = pixels_of(e, pair);
    const double share = fer_overlap_share(pair->sizes, target, pixels);
    long covered = 0;

    for (size_t i = 0; i < pixels; i++)
        covered += target[i] >= 0.5f;
    *out = json_pack("{s:o, s:o}", "share", fer_json_number(share), "covered",
                     fer_json_number((double)covered / (double)pixels));
    if (isnan(share))
        return;
    pair->share += share;
    pair->shares++;
    pair->covered += covered;
    pair->pixels += (long)pixels;
}

static void measure_picture(struct fer_explainer *e, struct fer_pair *pair, const float *target, int row, json_t **out)
{
    const size_t count = pixels_of(e, pair);
    const double mse = fer_mse(pair->sizes, target, count), flat = fer_mse_flat(target, count);

    pair->mse += mse;
    pair->mse_flat += flat;
    *out = json_pack("{s:o, s:o, s:o}", "error", fer_json_number(mse), "psnr", fer_json_number(fer_psnr(mse)),
                     "error_flat", fer_json_number(flat));
    if (!pair->is_input && pair->channels == e->channels) {
        const double given = fer_mse(input_of(e, row), target, count);

        pair->mse_input += given;
        pair->given++;
        fer_json_set(out, "error_input", fer_json_number(given));
    }
}

enum fer_status fer_explain_measure(struct fer_explainer *e, struct fer_pair *pair, int row, json_t **out,
                                    struct fer_error *err)
{
    const struct fer_map map = fer_view_map(e->views[pair->view], pair->item, row);
    const float *target = pair->targets + (size_t)row * pixels_of(e, pair);
    enum fer_status status = FER_OK;

    *out = NULL;
    if (!map.values || map.channels != pair->channels) { /* the picture does not come through there */
        *out = json_null();
        return FER_OK;
    }
    fer_map_resize(&map, e->height, e->width, pair->sizes);
    if (pair->is_share)
        measure_share(e, pair, target, out);
    else if (pair->is_mask)
        status = measure_mask(e, pair, target, out, err);
    else
        measure_picture(e, pair, target, row, out);
    pair->count++;
    return status == FER_OK && !*out ? fer_fail(err, FER_ENOMEM, "out of memory") : status;
}

json_t *fer_explain_mean(const struct fer_pair *p)
{
    const double n = (double)p->count, either = (double)(p->covered + p->predicted - p->both);
    json_t *mean = json_pack("{s:s, s:I}", "field", p->field, "pictures", (json_int_t)p->count);

    if (!mean || p->count == 0)
        return mean;
    if (p->is_share) {
        fer_json_set(&mean, "share", fer_json_number(p->share / (double)p->shares));
        fer_json_set(&mean, "covered", fer_json_number((double)p->covered / (double)p->pixels));
        return mean;
    }
    if (p->is_mask) {
        fer_json_set(&mean, "iou", fer_json_number(p->iou / n));
        fer_json_set(&mean, "iou_all", fer_json_number(p->iou_all / n));
        fer_json_set(&mean, "iou_none", fer_json_number(p->iou_none / n));
        fer_json_set(&mean, "iou_pooled", fer_json_number(either > 0 ? (double)p->both / either : 1));
        fer_json_set(&mean, "auc", fer_json_number(p->auc / (double)p->aucs));
        fer_json_set(&mean, "covered", fer_json_number((double)p->covered / (double)p->pixels));
        fer_json_set(&mean, "predicted", fer_json_number((double)p->predicted / (double)p->pixels));
        return mean;
    }
    fer_json_set(&mean, "error", fer_json_number(p->mse / n));
    fer_json_set(&mean, "psnr", fer_json_number(fer_psnr(p->mse / n)));
    fer_json_set(&mean, "error_flat", fer_json_number(p->mse_flat / n));
    if (p->given > 0)
        fer_json_set(&mean, "error_input", fer_json_number(p->mse_input / (double)p->given));
    return mean;
}
