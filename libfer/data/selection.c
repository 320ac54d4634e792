/* SPDX-License-Identifier: Apache-2.0 */
#include "data/selection.h"

#include <fer/host.h>

#include <stdlib.h>
#include <string.h>

enum { STREAM_SHUFFLE = 0x200, STREAM_SAMPLER = 0x1000 };

/* One key for each (seed, purpose, epoch). */
static uint64_t epoch_key(const struct fer_pipeline_spec *spec, int stream, size_t epoch)
{
    return fer_random_bits((struct fer_random){ spec->env.seed, (uint32_t)stream }, epoch);
}

static enum fer_status read_labels(struct fer_source *source, int *label, int *subject, struct fer_error *err)
{
    int nlabels = source->spec->env.nlabels;

    for (size_t i = 0; i < source->count; i++) {
        if (fer_source_label(source, i, &label[i], &subject[i], err))
            return fer_fail_prefix(err, "sample %zu", i);
        if ((source->fields & FER_FIELD_LABEL) && (label[i] < 0 || (nlabels > 0 && label[i] >= nlabels)))
            return fer_fail(err, FER_EFORMAT, "sample %zu: label %d is outside [0, %d)", i, label[i], nlabels);
    }
    return FER_OK;
}

/* Keep the places that `keep` says, in order. */
static void compact(struct fer_selection *selection, const bool *keep)
{
    size_t count = 0;

    for (size_t i = 0; i < selection->count; i++) {
        if (!keep[i])
            continue;
        selection->index[count] = selection->index[i];
        selection->label[count] = selection->label[i];
        selection->subject[count] = selection->subject[i];
        count++;
    }
    selection->count = count;
}

static enum fer_status select_items(struct fer_selection *selection, struct fer_error *err)
{
    const struct fer_pipeline_spec *spec = selection->spec;
    size_t all = selection->count;
    bool *keep = malloc(all * sizeof(*keep));
    int *before = malloc(all * sizeof(*before));
    enum fer_status status = FER_OK;

    if (!keep || !before)
        status = fer_fail(err, FER_ENOMEM, "out of memory for a list of %zu samples", all);
    for (int i = 0; i < spec->nitems && !status; i++) {
        const struct fer_sampler *sampler = spec->items[i].sampler;

        if (!sampler || !sampler->select)
            continue;
        memset(keep, true, selection->count * sizeof(*keep));
        memcpy(before, selection->label, selection->count * sizeof(*before));
        status = sampler->select(spec->items[i].params, &spec->env, selection->count, selection->label,
                                 selection->subject, keep, err);
        if (status) {
            fer_fail_prefix(err, "%s", sampler->name);
            break;
        }
        for (size_t k = 0; k < selection->count && !selection->relabelled; k++)
            selection->relabelled = keep[k] && before[k] != selection->label[k];
        compact(selection, keep);
        if (selection->count == 0)
            status = fer_fail(err, FER_EINVAL, "%s: not a single sample is left", sampler->name);
    }
    free(keep);
    free(before);
    return status;
}

static void count_classes(struct fer_selection *selection)
{
    int most = -1;

    selection->labelled = true;
    for (size_t i = 0; i < selection->count; i++) {
        most = selection->label[i] > most ? selection->label[i] : most;
        selection->labelled = selection->labelled && selection->label[i] >= 0;
    }
    selection->classes = most + 1;
    if (!selection->relabelled && selection->spec->env.nlabels > 0)
        selection->classes = selection->spec->env.nlabels;
}

/* Every class of the samples needs something to refer to. */
static enum fer_status check_references(const struct fer_selection *selection, struct fer_error *err)
{
    const struct fer_data_env *env = &selection->spec->env;
    bool *there = calloc((size_t)selection->classes + 1, sizeof(*there));
    enum fer_status status = FER_OK;

    if (!there)
        return fer_fail(err, FER_ENOMEM, "out of memory for a list of %d classes", selection->classes);
    for (size_t i = 0; i < selection->references->count; i++) {
        if (selection->reference_label[i] >= 0 && selection->reference_label[i] < selection->classes)
            there[selection->reference_label[i]] = true;
    }
    for (size_t i = 0; i < selection->count && !status; i++) {
        int label = selection->label[i];

        if (!there[label])
            status = fer_fail(err, FER_EINVAL,
                              "there is no reference for class %d (%s); add one to the references, or leave "
                              "its samples out",
                              label, label < env->nlabels ? env->labels[label] : "without a name");
    }
    free(there);
    return status;
}

static enum fer_status open_references(struct fer_selection *selection, struct fer_source *references,
                                       struct fer_error *err)
{
    const struct fer_pipeline_spec *spec = selection->spec;
    const struct fer_pipeline_item *item = &spec->items[selection->pairs];
    const void *params = item->sampler->reference_params ? item->sampler->reference_params(item->params) : NULL;
    enum fer_status status;
    int *subject;

    if (!item->sampler->references || !params)
        return FER_OK;
    if (selection->relabelled)
        return fer_fail(err, FER_ENOTSUP,
                        "references keep the description's labels, so `keep` and `group` cannot be used before; "
                        "leave reference= out, and partners are other samples");
    status = fer_source_open(references, spec, item->sampler->references, params, (size_t)256 << 20, err);
    if (status)
        return status;
    selection->references = references;
    selection->reference_label = malloc(references->count * sizeof(*selection->reference_label));
    subject = malloc(references->count * sizeof(*subject));
    if (!selection->reference_label || !subject)
        status = fer_fail(err, FER_ENOMEM, "out of memory for a list of %zu samples", references->count);
    else
        status = read_labels(references, selection->reference_label, subject, err);
    if (!status)
        status = check_references(selection, err);
    free(subject);
    return status;
}

static enum fer_status find_pairs(struct fer_selection *selection, struct fer_source *references, struct fer_error *err)
{
    const struct fer_pipeline_spec *spec = selection->spec;

    for (int i = 0; i < spec->nitems; i++) {
        const struct fer_sampler *sampler = spec->items[i].sampler;

        if (!sampler || (!sampler->partner && !sampler->refer))
            continue;
        if (selection->pairs >= 0)
            return fer_fail(err, FER_EINVAL, "%s: samples can be paired once only", sampler->name);
        if (!selection->labelled)
            return fer_fail(err, FER_EINVAL,
                            "%s: the samples have no labels to pair them by; the reader must give them", sampler->name);
        selection->pairs = i;
        if (open_references(selection, references, err))
            return fer_fail_prefix(err, "%s", sampler->name);
        if (!selection->references && !sampler->partner)
            return fer_fail(err, FER_EPLUGIN, "%s: no way to find partners", sampler->name);
        if (selection->references && !sampler->refer)
            return fer_fail(err, FER_EPLUGIN, "%s: no way to choose references", sampler->name);
    }
    return FER_OK;
}

enum fer_status fer_selection_make(struct fer_selection *selection, struct fer_source *source,
                                   struct fer_source *references, struct fer_error *err)
{
    enum fer_status status;
    size_t count = source->count;

    memset(selection, 0, sizeof(*selection));
    selection->spec = source->spec;
    selection->pairs = -1;
    selection->count = count;
    selection->index = malloc(count * sizeof(*selection->index));
    selection->label = malloc(count * sizeof(*selection->label));
    selection->subject = malloc(count * sizeof(*selection->subject));
    if (!selection->index || !selection->label || !selection->subject)
        return fer_fail(err, FER_ENOMEM, "out of memory for a list of %zu samples", count);
    for (size_t i = 0; i < count; i++)
        selection->index[i] = i;
    status = read_labels(source, selection->label, selection->subject, err);
    if (!status)
        status = select_items(selection, err);
    if (status)
        return status;
    count_classes(selection);
    return find_pairs(selection, references, err);
}

void fer_selection_free(struct fer_selection *selection)
{
    free(selection->index);
    free(selection->label);
    free(selection->subject);
    free(selection->reference_label);
    memset(selection, 0, sizeof(*selection));
}

/* Let one sampler order the places in `order`: it sees positions and their labels. */
static enum fer_status reorder(const struct fer_selection *selection, int item, size_t epoch, size_t *order,
                               struct fer_error *err)
{
    const struct fer_pipeline_item *it = &selection->spec->items[item];
    size_t count = selection->count;
    size_t *picked = malloc(count * sizeof(*picked));
    int *label = malloc(count * sizeof(*label));
    enum fer_status status = FER_OK;

    if (!picked || !label) {
        status = fer_fail(err, FER_ENOMEM, "out of memory for a list of %zu samples", count);
        goto done;
    }
    for (size_t i = 0; i < count; i++) {
        label[i] = selection->label[order[i]];
        picked[i] = i;
    }
    status = it->sampler->order(it->params, count, label, epoch_key(selection->spec, STREAM_SAMPLER + item, epoch),
                                picked, err);
    for (size_t i = 0; i < count && !status; i++) {
        if (picked[i] >= count)
            status = fer_fail(err, FER_EPLUGIN, "sample %zu of %zu was asked for", picked[i], count);
        else
            picked[i] = order[picked[i]];
    }
    if (status)
        fer_fail_prefix(err, "%s", it->sampler->name);
    else
        memcpy(order, picked, count * sizeof(*order));
done:
    free(picked);
    free(label);
    return status;
}

enum fer_status fer_selection_order(const struct fer_selection *selection, size_t epoch, size_t *order,
                                    struct fer_error *err)
{
    const struct fer_pipeline_spec *spec = selection->spec;
    bool ordered = false;

    for (size_t i = 0; i < selection->count; i++)
        order[i] = i;
    if (!spec->shuffle)
        return FER_OK;
    for (int i = 0; i < spec->nitems; i++) {
        enum fer_status status;

        if (!spec->items[i].sampler || !spec->items[i].sampler->order)
            continue;
        ordered = true;
        status = reorder(selection, i, epoch, order, err);
        if (status)
            return status;
    }
    if (!ordered)
        fer_random_permute((struct fer_random){ epoch_key(spec, STREAM_SHUFFLE, epoch), 0 }, order, selection->count);
    return FER_OK;
}

enum fer_status fer_selection_partner(const struct fer_selection *selection, size_t epoch, size_t turn, size_t place,
                                      size_t *partner, int *label, struct fer_error *err)
{
    const struct fer_pipeline_item *item = &selection->spec->items[selection->pairs];
    uint64_t key = epoch_key(selection->spec, STREAM_SAMPLER + selection->pairs, epoch);
    size_t count = selection->references ? selection->references->count : selection->count;
    enum fer_status status;

    *partner = count;
    if (selection->references)
        status = item->sampler->refer(item->params, selection->label[place], count, selection->reference_label, key,
                                      turn, partner, err);
    else
        status = item->sampler->partner(item->params, count, selection->label, key, turn, place, partner, err);
    if (!status && *partner >= count)
        status = fer_fail(err, FER_EPLUGIN, "partner %zu of %zu was asked for", *partner, count);
    if (status)
        return fer_fail_prefix(err, "%s", item->sampler->name);
    *label = selection->references ? selection->reference_label[*partner] : selection->label[*partner];
    return FER_OK;
}
