/* SPDX-License-Identifier: Apache-2.0 */
#include "data/source.h"

#include "data/cache.h"
#include "philox.h"
#include "said.h"

#include <stdlib.h>
#include <string.h>

enum { STREAM_TRANSFORM = 0x100 };

static enum fer_status find_fields(struct fer_source *source, unsigned fields, struct fer_error *err)
{
    const struct fer_pipeline_spec *spec = source->spec;

    source->kept = spec->nitems;
    for (int i = 0; i < spec->nitems; i++) {
        const struct fer_transform *transform = spec->items[i].transform;
        unsigned after = fields;

        if (!transform)
            continue;
        if (source->reader->render)
            return fer_fail(err, FER_ENOTSUP,
                            "%s: the pictures of '%s' are rendered on the device, after `batch`; move it "
                            "there or leave it out",
                            transform->name, source->reader->name);
        if (transform->draws && source->kept == spec->nitems)
            source->kept = i;
        if (transform->fields && transform->fields(spec->items[i].params, fields, &after, err))
            return fer_fail_prefix(err, "%s", transform->name);
        fields = after;
    }
    source->fields = fields | FER_FIELD_ID;
    return FER_OK;
}

enum fer_status fer_source_open(struct fer_source *source, const struct fer_pipeline_spec *spec,
                                const struct fer_reader *reader, const void *params, size_t cache_bytes,
                                struct fer_error *err)
{
    enum fer_status status;
    unsigned fields = 0;

    memset(source, 0, sizeof(*source));
    source->spec = spec;
    source->reader = reader;
    status = fer_said(reader->open(params, &spec->env, &source->state, &source->count, &fields, err), reader->name,
                      "open", err);
    if (status)
        return fer_fail_prefix(err, "%s", reader->name);
    source->open = true;
    if (source->count == 0)
        return fer_fail(err, FER_EFORMAT, "%s: there is not a single sample", reader->name);
    if (source->count > UINT32_MAX)
        return fer_fail(err, FER_ENOTSUP, "%s: %zu samples are more than the 4294967295 that have numbers",
                        reader->name, source->count);
    status = find_fields(source, fields, err);
    if (status)
        return status;
    if (cache_bytes > 1 && (source->fields & FER_FIELD_IMAGE) && !reader->render) {
        source->cache = fer_cache_create(source->count, cache_bytes);
        if (!source->cache)
            return fer_fail(err, FER_ENOMEM, "out of memory for a list of %zu samples", source->count);
    }
    return FER_OK;
}

void fer_source_close(struct fer_source *source)
{
    fer_cache_free(source->cache);
    if (source->open && source->reader->close)
        source->reader->close(source->state);
    memset(source, 0, sizeof(*source));
}

static enum fer_status copy_image(struct fer_image *out, const struct fer_image *in, struct fer_error *err)
{
    enum fer_status status;

    if (!in->pixels)
        return FER_OK;
    status = fer_image_create(out, in->width, in->height, in->channels, err);
    if (!status)
        memcpy(out->pixels, in->pixels, (size_t)in->width * (size_t)in->height * (size_t)in->channels);
    return status;
}

enum fer_status fer_sample_copy(struct fer_sample *out, const struct fer_sample *in, struct fer_error *err)
{
    enum fer_status status;

    *out = *in;
    memset(&out->image, 0, sizeof(out->image));
    memset(&out->image2, 0, sizeof(out->image2));
    memset(&out->mask, 0, sizeof(out->mask));
    status = copy_image(&out->image, &in->image, err);
    if (!status)
        status = copy_image(&out->image2, &in->image2, err);
    if (!status)
        status = copy_image(&out->mask, &in->mask, err);
    if (status)
        fer_sample_free(out);
    return status;
}

/* The items from `first` up to `end`.  Random numbers depend on seed, item, epoch and sample. */
static enum fer_status transform(struct fer_source *source, int first, int end, size_t epoch, struct fer_sample *sample,
                                 struct fer_error *err)
{
    const struct fer_pipeline_spec *spec = source->spec;
    const uint32_t key[2] = { (uint32_t)spec->env.seed, (uint32_t)(spec->env.seed >> 32) };

    for (int i = first; i < end; i++) {
        const struct fer_pipeline_item *item = &spec->items[i];
        const uint32_t counter[4] = { 0, 0x80000000u | (uint32_t)(STREAM_TRANSFORM + i), (uint32_t)epoch, sample->id };
        uint32_t bits[4];
        double random[4];

        if (!item->transform)
            continue;
        fer_philox(counter, key, bits);
        for (int k = 0; k < 4; k++)
            random[k] = bits[k] * 0x1p-32;
        if (fer_said(item->transform->apply(item->params, sample, random, err), item->transform->name, "apply", err))
            return fer_fail_prefix(err, "%s", item->transform->name);
    }
    return FER_OK;
}

enum fer_status fer_sample_check(const struct fer_sample *sample, struct fer_error *err)
{
    const struct fer_image *images[] = { &sample->image, &sample->mask };

    for (int i = 0; i < 2; i++) {
        if (images[i]->pixels && (images[i]->width < 1 || images[i]->height < 1 || images[i]->channels < 1))
            return fer_fail(err, FER_EPLUGIN, "the reader gave a picture without an extent");
    }
    if (sample->landmarks < 0 || sample->landmarks > FER_MAX_LANDMARKS || sample->codes < 0 ||
        sample->codes > FER_MAX_CODE || sample->softs < 0 || sample->softs > FER_MAX_SOFT)
        return fer_fail(err, FER_EPLUGIN,
                        "the reader gave more landmarks, codes or soft labels than a sample can hold");
    return FER_OK;
}

static enum fer_status read_sample(struct fer_source *source, size_t index, unsigned what, struct fer_sample *sample,
                                   struct fer_error *err)
{
    const struct fer_reader *reader = source->reader;
    enum fer_status status =
        fer_said(reader->sample(source->state, index, what, sample, err), reader->name, "sample", err);

    if (status)
        return status;
    if (!(sample->has & FER_FIELD_ID)) {
        sample->id = (uint32_t)index;
        sample->has |= FER_FIELD_ID;
    }
    return fer_sample_check(sample, err);
}

enum fer_status fer_source_get(struct fer_source *source, size_t index, size_t epoch, bool pictures,
                               struct fer_sample *own, const struct fer_sample **sample, struct fer_error *err)
{
    const unsigned picture_fields = FER_FIELD_IMAGE | FER_FIELD_MASK | FER_FIELD_COVERED;
    int nitems = source->spec->nitems;
    const struct fer_sample *kept;
    enum fer_status status;

    memset(own, 0, sizeof(*own));
    *sample = own;
    if (!pictures)
        return read_sample(source, index, ~picture_fields, own, err);
    kept = fer_cache_get(source->cache, index);
    if (!kept) {
        status = read_sample(source, index, ~0u, own, err);
        if (!status)
            status = transform(source, 0, source->kept, epoch, own, err);
        if (status)
            return status;
        kept = fer_cache_put(source->cache, index, own);
        if (!kept)
            return transform(source, source->kept, nitems, epoch, own, err);
    }
    if (source->kept == nitems) {
        *sample = kept;
        return FER_OK;
    }
    status = fer_sample_copy(own, kept, err);
    return status ? status : transform(source, source->kept, nitems, epoch, own, err);
}

enum fer_status fer_source_label(struct fer_source *source, size_t index, int *label, int *subject,
                                 struct fer_error *err)
{
    struct fer_sample sample = { .label = -1, .subject = -1 };
    enum fer_status status;

    status = fer_said(source->reader->sample(source->state, index, FER_FIELD_LABEL | FER_FIELD_SUBJECT, &sample, err),
                      source->reader->name, "sample", err);
    *label = sample.has & FER_FIELD_LABEL ? sample.label : -1;
    *subject = sample.has & FER_FIELD_SUBJECT ? sample.subject : -1;
    fer_sample_free(&sample);
    return status;
}
