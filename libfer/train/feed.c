/* SPDX-License-Identifier: Apache-2.0 */
#include "train/feed.h"

enum fer_status fer_feed_open(const struct fer_data_spec *data, const struct fer_group *group, unsigned wanted,
                              long drawn, struct fer_feed *out, struct fer_error *err)
{
    struct fer_pipeline_spec spec = *data->pipeline;
    const struct fer_pipeline_info *info;
    enum fer_status status;

    *out = (struct fer_feed){ .drawn = drawn };
    spec.shuffle = spec.drop_last = true;
    spec.batch = data->batch;
    spec.part = fer_group_shared(group) ? fer_group_rank(group) : 0;
    spec.parts = fer_group_shared(group) ? fer_group_size(group) : 1;
    spec.wanted = wanted | FER_FIELD_ID;
    status = fer_pipeline_open(&spec, &out->pipeline, err);
    if (status != FER_OK)
        return status;
    info = fer_pipeline_info(out->pipeline);
    out->steps = (long)info->steps;
    if (out->steps > 0)
        return FER_OK;
    status = fer_fail(err, FER_EINVAL, "data %s: %zu samples do not fill one batch of %d; choose a smaller batch",
                      data->name, info->count, data->batch);
    fer_feed_close(out);
    return status;
}

enum fer_status fer_feed_next(struct fer_feed *feed, struct fer_error *err)
{
    long epoch = feed->drawn / feed->steps + 1, step = feed->drawn % feed->steps;
    enum fer_status status = FER_OK;

    if (!feed->running || step == 0)
        status = fer_pipeline_start(feed->pipeline, (size_t)epoch, (size_t)step, err);
    feed->running = status == FER_OK;
    feed->batch = NULL;
    if (status == FER_OK)
        status = fer_pipeline_next(feed->pipeline, &feed->batch, err);
    if (status == FER_OK && !feed->batch)
        status = fer_fail(err, FER_EINVAL, "a data set ended %ld batches early", feed->steps - step);
    if (status == FER_OK)
        feed->drawn++;
    return status;
}

void fer_feed_close(struct fer_feed *feed)
{
    fer_pipeline_close(feed->pipeline);
    *feed = (struct fer_feed){ 0 };
}

/* Move a field's pointer to row `first`, if the batch has the field. */
#define MOVE(field, row) slice.field = slice.field ? slice.field + (size_t)first * (row) : NULL

struct fer_batch fer_batch_slice(const struct fer_batch *batch, const struct fer_pipeline_info *info, int first, int n)
{
    struct fer_batch slice = *batch;
    size_t plane = (size_t)info->height * (size_t)info->width;

    slice.n = slice.capacity = n;
    MOVE(image, plane * (size_t)info->channels);
    MOVE(image2, plane * (size_t)info->channels);
    MOVE(mask, plane);
    MOVE(covered, 1);
    MOVE(label, 1);
    MOVE(label2, 1);
    MOVE(subject, 1);
    MOVE(same, 1);
    MOVE(landmarks, (size_t)info->landmarks * 2);
    MOVE(box, 4);
    MOVE(soft, (size_t)info->softs);
    MOVE(code, (size_t)info->codes);
    MOVE(id, 1);
    return slice;
}
