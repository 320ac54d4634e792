/* SPDX-License-Identifier: Apache-2.0
 *
 * Threads that fill batches ahead of whoever takes them.  Knows nothing of pictures: `fill` writes one row.
 */
#ifndef FER_DATA_QUEUE_H
#define FER_DATA_QUEUE_H

#include "data/pipeline.h"

struct fer_queue;

/* Where rows come from.  fill is called from several threads, for different rows; place is step * batch + row. */
struct fer_queue_source {
    void *context;
    enum fer_status (*fill)(void *context, struct fer_batch *batch, int row, size_t place, struct fer_error *err);
};

enum fer_status fer_queue_create(struct fer_queue **out, const struct fer_pipeline_info *info, int batch, int threads,
                                 struct fer_queue_source source, struct fer_error *err);
void fer_queue_free(struct fer_queue *queue);
/* Steps first … end - 1 of an epoch of `count` samples; the last batch may be partial. */
enum fer_status fer_queue_start(struct fer_queue *queue, size_t epoch, size_t first, size_t end, size_t count,
                                struct fer_error *err);
enum fer_status fer_queue_next(struct fer_queue *queue, struct fer_batch **batch, struct fer_error *err);
void fer_queue_stop(struct fer_queue *queue);

#endif
