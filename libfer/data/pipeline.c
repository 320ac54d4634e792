/* SPDX-License-Identifier: Apache-2.0 */
#include "data/pipeline.h"

#include "data/batch.h"
#include "data/queue.h"
#include "data/selection.h"
#include "data/source.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PARTNER_FIELDS (FER_FIELD_IMAGE2 | FER_FIELD_LABEL2 | FER_FIELD_SAME)
/* Fields that need the picture, or that the host transforms move with it. */
#define PICTURE_FIELDS                                                                                                 \
    (FER_FIELD_IMAGE | FER_FIELD_IMAGE2 | FER_FIELD_MASK | FER_FIELD_COVERED | FER_FIELD_LANDMARKS | FER_FIELD_BOX)

struct fer_pipeline {
    struct fer_pipeline_spec spec;
    struct fer_pipeline_info info;
    struct fer_source source, references;
    struct fer_selection selection;
    struct fer_queue *queue;
    size_t *order; /* places of the current epoch */
    size_t epoch;
    bool pictures;
};

void fer_pipeline_extent(const struct fer_pipeline_spec *spec, int *channels, int *height, int *width)
{
    *channels = *height = *width = 0;
    for (int i = 0; i < spec->nitems; i++) {
        const struct fer_transform *transform = spec->items[i].transform;

        if (transform && transform->extent)
            transform->extent(spec->items[i].params, channels, height, width);
    }
}

static int default_threads(void)
{
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);

    return count < 4 ? count : 4;
}

static size_t default_cache(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    size_t eighth = pages > 0 && page > 0 ? (size_t)pages / 8 * (size_t)page : 0, most = (size_t)2 << 30;

    return eighth && eighth < most ? eighth : most;
}

/* Readers name files in their own errors; here for those that come later. */
static enum fer_status name_sample(struct fer_pipeline *pipeline, size_t place, struct fer_error *err)
{
    size_t index = pipeline->selection.index[place];
    const struct fer_reader *reader = pipeline->source.reader;
    char name[512] = "";

    if (reader->sample_name)
        reader->sample_name(pipeline->source.state, index, name, sizeof(name));
    return fer_fail_prefix(err, "data '%s', sample %zu%s%s%s", pipeline->spec.name, index, *name ? " (" : "", name,
                           *name ? ")" : "");
}

/* The turn in the whole epoch of one in what is drawn of it. */
static size_t whole_turn(const struct fer_pipeline *pipeline, size_t turn)
{
    const size_t all = pipeline->selection.count, drawn = pipeline->info.count;

    return drawn == all ? turn : (size_t)((uint64_t)turn * all / drawn);
}

void fer_pipeline_name(const struct fer_pipeline *pipeline, size_t turn, char *text, size_t size)
{
    const struct fer_reader *reader = pipeline->source.reader;

    text[0] = '\0';
    if (reader->sample_name && pipeline->order && turn < pipeline->info.count)
        reader->sample_name(pipeline->source.state,
                            pipeline->selection.index[pipeline->order[whole_turn(pipeline, turn)]], text, size);
}

/* The sample for a place; *sample lives in the cache or in *own. */
static enum fer_status get_place(struct fer_pipeline *pipeline, size_t place, size_t epoch, bool pictures,
                                 struct fer_sample *own, const struct fer_sample **sample, struct fer_error *err)
{
    size_t index = pipeline->selection.index[place];

    if (fer_source_get(&pipeline->source, index, epoch, pictures, own, sample, err))
        return fer_fail_prefix(err, "data '%s', sample %zu", pipeline->spec.name, index);
    return FER_OK;
}

static enum fer_status get_partner(struct fer_pipeline *pipeline, size_t partner, size_t epoch, bool pictures,
                                   struct fer_sample *own, const struct fer_sample **sample, struct fer_error *err)
{
    if (!pipeline->selection.references)
        return get_place(pipeline, partner, epoch, pictures, own, sample, err);
    if (fer_source_get(&pipeline->references, partner, epoch, pictures, own, sample, err))
        return fer_fail_prefix(err, "data '%s', reference %zu", pipeline->spec.name, partner);
    return FER_OK;
}

static enum fer_status fill_partner(struct fer_pipeline *pipeline, struct fer_batch *batch, int row, size_t turn,
                                    size_t place, struct fer_error *err)
{
    struct fer_sample own;
    const struct fer_sample *sample;
    size_t partner;
    int label;
    enum fer_status status;

    status = fer_selection_partner(&pipeline->selection, pipeline->epoch, turn, place, &partner, &label, err);
    if (status)
        return fer_fail_prefix(err, "data '%s'", pipeline->spec.name);
    status = get_partner(pipeline, partner, pipeline->epoch, batch->image2 != NULL, &own, &sample, err);
    if (!status) {
        status =
            fer_batch_put_partner(batch, &pipeline->info, row, sample, pipeline->selection.label[place], label, err);
        if (status)
            name_sample(pipeline, place, err);
    }
    fer_sample_free(&own);
    return status;
}

/* Rows of a batch that this pipeline fills. */
static int share_of(const struct fer_pipeline_spec *spec)
{
    return spec->parts > 1 ? spec->batch / spec->parts : spec->batch;
}

/* The turn in the epoch of row `at` of all rows that are filled here. */
static size_t turn_of(const struct fer_pipeline_spec *spec, size_t at)
{
    size_t share = (size_t)share_of(spec);

    return at / share * (size_t)spec->batch + (size_t)spec->part * share + at % share;
}

static enum fer_status fill(void *context, struct fer_batch *batch, int row, size_t at, struct fer_error *err)
{
    struct fer_pipeline *pipeline = context;
    size_t turn = whole_turn(pipeline, turn_of(&pipeline->spec, at));
    size_t place = pipeline->order[turn];
    struct fer_sample own;
    const struct fer_sample *sample;
    enum fer_status status;

    status = get_place(pipeline, place, pipeline->epoch, pipeline->pictures, &own, &sample, err);
    if (!status && fer_batch_put(batch, &pipeline->info, row, sample, err))
        status = name_sample(pipeline, place, err);
    fer_sample_free(&own);
    if (status)
        return status;
    if (batch->label)
        batch->label[row] = pipeline->selection.label[place];
    if (batch->has & PARTNER_FIELDS)
        return fill_partner(pipeline, batch, row, turn, place, err);
    return FER_OK;
}

/* What the first sample tells. */
static enum fer_status probe(struct fer_pipeline *pipeline, struct fer_error *err)
{
    struct fer_pipeline_info *info = &pipeline->info;
    struct fer_sample own;
    const struct fer_sample *sample;
    enum fer_status status;

    status = get_place(pipeline, 0, 0, pipeline->pictures, &own, &sample, err);
    if (!status) {
        if (pipeline->pictures && sample->image.pixels) {
            info->channels = sample->image.channels;
            info->height = sample->image.height;
            info->width = sample->image.width;
        }
        info->landmarks = sample->has & FER_FIELD_LANDMARKS ? sample->landmarks : 0;
        info->softs = sample->has & FER_FIELD_SOFT ? sample->softs : 0;
        info->codes = sample->has & FER_FIELD_CODE ? sample->codes : 0;
        /* What a reader promises and the first sample lacks is made on the device, if it is rendered there. */
        if (info->render)
            info->filled &= sample->has | FER_FIELD_SUBJECT | PARTNER_FIELDS;
    }
    fer_sample_free(&own);
    return status;
}

static size_t steps_of(const struct fer_pipeline_spec *spec, size_t count)
{
    size_t batch = (size_t)spec->batch;

    return spec->drop_last ? count / batch : (count + batch - 1) / batch;
}

static enum fer_status describe(struct fer_pipeline *pipeline, struct fer_error *err)
{
    struct fer_pipeline_info *info = &pipeline->info;
    const struct fer_selection *selection = &pipeline->selection;
    unsigned wanted = pipeline->spec.wanted ? pipeline->spec.wanted : ~0u;

    info->fields = pipeline->source.fields & ~(unsigned)FER_FIELD_COVERED;
    if (info->fields & FER_FIELD_MASK)
        info->fields |= FER_FIELD_COVERED;
    if (selection->pairs >= 0)
        info->fields |= FER_FIELD_LABEL2 | FER_FIELD_SAME | (info->fields & FER_FIELD_IMAGE ? FER_FIELD_IMAGE2 : 0);
    if (selection->relabelled) {
        if (pipeline->spec.wanted & info->fields & FER_FIELD_SOFT)
            return fer_fail(err, FER_ENOTSUP, "data '%s': soft labels cannot be renumbered by `keep` or `group`",
                            pipeline->spec.name);
        info->fields &= ~(unsigned)FER_FIELD_SOFT;
    }
    info->filled = (info->fields & wanted) | FER_FIELD_ID;
    if (pipeline->source.reader->render && (wanted & PICTURE_FIELDS))
        info->filled |= info->fields & FER_FIELD_CODE;
    info->classes = selection->classes;
    info->render = pipeline->source.reader->render;
    info->count = selection->count;
    info->steps = steps_of(&pipeline->spec, info->count);
    pipeline->pictures = info->filled & PICTURE_FIELDS;
    if (info->steps == 0)
        return fer_fail(err, FER_EINVAL, "data '%s': %zu samples do not fill one batch of %d; use a smaller batch",
                        pipeline->spec.name, selection->count, pipeline->spec.batch);
    return probe(pipeline, err);
}

/* Everything up to the description of the samples; errors are the operations' own. */
static enum fer_status open_source(struct fer_pipeline *pipeline, struct fer_error *err)
{
    struct fer_pipeline_spec *spec = &pipeline->spec;
    enum fer_status status;

    if (spec->batch < 1)
        return fer_fail(err, FER_EINVAL, "a batch of %d samples", spec->batch);
    if (spec->parts > 1 && (spec->batch % spec->parts || !spec->drop_last))
        return fer_fail(err, FER_EINVAL, "a batch of %d samples in %d equal parts", spec->batch, spec->parts);
    status = fer_source_open(&pipeline->source, spec, spec->reader, spec->reader_params,
                             spec->cache_bytes ? spec->cache_bytes : default_cache(), err);
    if (!status)
        status = fer_selection_make(&pipeline->selection, &pipeline->source, &pipeline->references, err);
    return status;
}

enum fer_status fer_pipeline_open(const struct fer_pipeline_spec *spec, struct fer_pipeline **out,
                                  struct fer_error *err)
{
    struct fer_pipeline *pipeline = calloc(1, sizeof(*pipeline));
    struct fer_queue_source source = { pipeline, fill };
    enum fer_status status;

    *out = NULL;
    if (!pipeline)
        return fer_fail(err, FER_ENOMEM, "out of memory for a data pipeline");
    pipeline->spec = *spec;
    status = open_source(pipeline, err);
    if (status)
        fer_fail_prefix(err, "data '%s'", spec->name);
    if (!status)
        status = describe(pipeline, err);
    if (!status) {
        pipeline->order = malloc(pipeline->selection.count * sizeof(*pipeline->order));
        if (!pipeline->order)
            status = fer_fail(err, FER_ENOMEM, "out of memory for a list of %zu samples", pipeline->selection.count);
    }
    if (!status)
        status = fer_queue_create(&pipeline->queue, &pipeline->info, share_of(spec),
                                  spec->threads > 0 ? spec->threads : default_threads(), source, err);
    if (status) {
        fer_pipeline_close(pipeline);
        return status;
    }
    *out = pipeline;
    return FER_OK;
}

const struct fer_pipeline_info *fer_pipeline_info(const struct fer_pipeline *pipeline)
{
    return &pipeline->info;
}

void fer_pipeline_spread(struct fer_pipeline *pipeline, size_t count)
{
    const size_t all = pipeline->selection.count;

    fer_queue_stop(pipeline->queue);
    pipeline->info.count = count < all ? count : all;
    pipeline->info.steps = steps_of(&pipeline->spec, pipeline->info.count);
}

enum fer_status fer_pipeline_start(struct fer_pipeline *pipeline, size_t epoch, size_t first_step,
                                   struct fer_error *err)
{
    const struct fer_pipeline_info *info = &pipeline->info;
    enum fer_status status;

    fer_queue_stop(pipeline->queue);
    if (first_step > info->steps)
        return fer_fail(err, FER_EINVAL, "data '%s': step %zu of an epoch of %zu", pipeline->spec.name, first_step,
                        info->steps);
    pipeline->epoch = epoch;
    status = fer_selection_order(&pipeline->selection, epoch, pipeline->order, err);
    if (status)
        return fer_fail_prefix(err, "data '%s'", pipeline->spec.name);
    /* whole batches alone: the queue counts those rows that are filled here */
    return fer_queue_start(pipeline->queue, epoch, first_step, info->steps,
                           pipeline->spec.parts > 1 ? info->steps * (size_t)share_of(&pipeline->spec) : info->count,
                           err);
}

/* The first sample of a batch may be in another part. */
static enum fer_status find_first(struct fer_pipeline *pipeline, struct fer_batch *batch, struct fer_error *err)
{
    const struct fer_sample *sample;
    struct fer_sample own;
    size_t place = pipeline->order[whole_turn(pipeline, batch->step * (size_t)pipeline->spec.batch)];
    enum fer_status status = FER_OK;

    batch->has_first = true;
    batch->first = batch->id[0];
    if (pipeline->spec.parts < 2 || pipeline->spec.part == 0)
        return FER_OK;
    status = get_place(pipeline, place, pipeline->epoch, false, &own, &sample, err);
    batch->first = sample->id;
    fer_sample_free(&own);
    return status;
}

enum fer_status fer_pipeline_next(struct fer_pipeline *pipeline, const struct fer_batch **batch, struct fer_error *err)
{
    struct fer_batch *next;
    enum fer_status status = fer_queue_next(pipeline->queue, &next, err);

    *batch = status ? NULL : next;
    return status || !next ? status : find_first(pipeline, next, err);
}

void fer_pipeline_stop(struct fer_pipeline *pipeline)
{
    fer_queue_stop(pipeline->queue);
}

void fer_pipeline_close(struct fer_pipeline *pipeline)
{
    if (!pipeline)
        return;
    fer_queue_free(pipeline->queue);
    free(pipeline->order);
    fer_selection_free(&pipeline->selection);
    fer_source_close(&pipeline->references);
    fer_source_close(&pipeline->source);
    free(pipeline);
}

static enum fer_status add_partner(struct fer_pipeline *pipeline, size_t place, struct fer_sample *sample,
                                   struct fer_error *err)
{
    struct fer_sample own, copy;
    const struct fer_sample *partner;
    size_t index;
    enum fer_status status;

    status = fer_selection_partner(&pipeline->selection, 0, place, place, &index, &sample->label2, err);
    if (status)
        return status;
    status = get_partner(pipeline, index, 0, true, &own, &partner, err);
    if (!status)
        status = fer_sample_copy(&copy, partner, err);
    fer_sample_free(&own);
    if (status)
        return status;
    sample->image2 = copy.image;
    memset(&copy.image, 0, sizeof(copy.image));
    fer_sample_free(&copy);
    sample->same = sample->label == sample->label2 ? 1.0f : 0.0f;
    sample->has |= PARTNER_FIELDS;
    return FER_OK;
}

enum fer_status fer_pipeline_sample(struct fer_pipeline *pipeline, size_t place, struct fer_sample *sample,
                                    struct fer_error *err)
{
    struct fer_sample own;
    const struct fer_sample *found;
    enum fer_status status;

    memset(sample, 0, sizeof(*sample));
    if (place >= pipeline->selection.count)
        return fer_fail(err, FER_EINVAL, "data '%s' has %zu samples, not %zu", pipeline->spec.name,
                        pipeline->selection.count, place + 1);
    status = get_place(pipeline, place, 0, true, &own, &found, err);
    if (!status)
        status = fer_sample_copy(sample, found, err);
    fer_sample_free(&own);
    if (status)
        return status;
    sample->label = pipeline->selection.label[place];
    if (pipeline->selection.pairs >= 0)
        status = add_partner(pipeline, place, sample, err);
    if (status)
        fer_sample_free(sample);
    return status;
}

const char *fer_pipeline_split(const struct fer_pipeline *pipeline, size_t place)
{
    const struct fer_reader *reader = pipeline->source.reader;

    return reader->split ? reader->split(pipeline->source.state, pipeline->selection.index[place]) : NULL;
}

const char *fer_pipeline_label_name(const struct fer_pipeline *pipeline, int label)
{
    const struct fer_reader *reader = pipeline->source.reader;

    return reader->label_name && !pipeline->selection.relabelled ? reader->label_name(pipeline->source.state, label)
                                                                 : NULL;
}
