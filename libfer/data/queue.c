/* SPDX-License-Identifier: Apache-2.0
 *
 * A ring of batches: one is with the taker, the others are full or being filled.  Workers claim a few rows at a time,
 * always of the earliest batch that has unclaimed rows, so which thread fills a row makes no difference to it.
 */
#include "data/queue.h"

#include "data/batch.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 3, CHUNK = 8, MOST_THREADS = 64 };

struct slot {
    struct fer_batch batch;
    int filled;     /* rows */
    int failed_row; /* the first that failed; -1: none */
    struct fer_error error;
};

struct fer_queue {
    struct fer_queue_source source;
    int batch, threads;
    struct slot slot[SLOTS];

    pthread_mutex_t lock; /* of everything below, and of the slots' counters */
    pthread_cond_t work, ready;
    pthread_t thread[MOST_THREADS];
    int running; /* threads to join; touched by the taker only */
    bool stopping;
    size_t epoch, first, end, count;
    size_t filling; /* the step whose rows are being claimed, and how many have been */
    int claimed;
    size_t taken; /* steps before this one have been handed out; their slots, but for the last, are free */
    bool started, failed;
};

static struct slot *slot_of(struct fer_queue *queue, size_t step)
{
    return &queue->slot[(step - queue->first) % SLOTS];
}

/* Live rows of a step: all but the last are full. */
static int rows_of(const struct fer_queue *queue, size_t step)
{
    size_t left = queue->count - step * (size_t)queue->batch;

    return left < (size_t)queue->batch ? (int)left : queue->batch;
}

static void slot_prepare(struct fer_queue *queue, size_t step)
{
    struct slot *slot = slot_of(queue, step);

    slot->filled = 0;
    slot->failed_row = -1;
    slot->batch.n = rows_of(queue, step);
    slot->batch.epoch = queue->epoch;
    slot->batch.step = step;
}

/* Whether a row can be claimed: the slot of the step is not the taker's and not waiting to be taken. */
static bool has_work(const struct fer_queue *queue)
{
    size_t held = queue->taken > queue->first ? 1 : 0;

    return queue->filling < queue->end && queue->filling - (queue->taken - held) < SLOTS;
}

static void fill_rows(struct fer_queue *queue, struct slot *slot, size_t step, int first, int count)
{
    for (int row = first; row < first + count; row++) {
        struct fer_error error = FER_ERROR_INIT;
        size_t place = step * (size_t)queue->batch + (size_t)row;

        if (!queue->source.fill(queue->source.context, &slot->batch, row, place, &error))
            continue;
        pthread_mutex_lock(&queue->lock);
        if (slot->failed_row < 0 || row < slot->failed_row) {
            slot->failed_row = row;
            slot->error = error;
        }
        pthread_mutex_unlock(&queue->lock);
        return; /* rows after it cannot matter */
    }
}

static void *worker(void *argument)
{
    struct fer_queue *queue = argument;

    pthread_mutex_lock(&queue->lock);
    for (;;) {
        size_t step;
        struct slot *slot;
        int first, count;

        while (!queue->stopping && !has_work(queue))
            pthread_cond_wait(&queue->work, &queue->lock);
        if (queue->stopping)
            break;
        step = queue->filling;
        slot = slot_of(queue, step);
        if (queue->claimed == 0)
            slot_prepare(queue, step);
        first = queue->claimed;
        count = slot->batch.n - first < CHUNK ? slot->batch.n - first : CHUNK;
        queue->claimed += count;
        if (queue->claimed == slot->batch.n) {
            queue->filling++;
            queue->claimed = 0;
        }
        pthread_mutex_unlock(&queue->lock);
        fill_rows(queue, slot, step, first, count);
        pthread_mutex_lock(&queue->lock);
        slot->filled += count;
        if (slot->filled == slot->batch.n)
            pthread_cond_signal(&queue->ready);
    }
    pthread_mutex_unlock(&queue->lock);
    return NULL;
}

enum fer_status fer_queue_create(struct fer_queue **out, const struct fer_pipeline_info *info, int batch, int threads,
                                 struct fer_queue_source source, struct fer_error *err)
{
    struct fer_queue *queue = calloc(1, sizeof(*queue));
    enum fer_status status = FER_OK;

    *out = NULL;
    if (!queue)
        return fer_fail(err, FER_ENOMEM, "out of memory for the batch queue");
    queue->source = source;
    queue->batch = batch;
    queue->threads = threads < 1 ? 1 : threads > MOST_THREADS ? MOST_THREADS : threads;
    pthread_mutex_init(&queue->lock, NULL);
    pthread_cond_init(&queue->work, NULL);
    pthread_cond_init(&queue->ready, NULL);
    for (int i = 0; i < SLOTS && !status; i++)
        status = fer_batch_create(&queue->slot[i].batch, info, batch, err);
    if (status) {
        fer_queue_free(queue);
        return status;
    }
    *out = queue;
    return FER_OK;
}

void fer_queue_free(struct fer_queue *queue)
{
    if (!queue)
        return;
    fer_queue_stop(queue);
    for (int i = 0; i < SLOTS; i++)
        fer_batch_free(&queue->slot[i].batch);
    pthread_cond_destroy(&queue->ready);
    pthread_cond_destroy(&queue->work);
    pthread_mutex_destroy(&queue->lock);
    free(queue);
}

void fer_queue_stop(struct fer_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->stopping = true;
    pthread_cond_broadcast(&queue->work);
    pthread_mutex_unlock(&queue->lock);
    for (int i = 0; i < queue->running; i++)
        pthread_join(queue->thread[i], NULL);
    queue->running = 0;
    queue->started = false;
}

/* Signals are for the thread that trains, so workers are born with all of them blocked. */
static enum fer_status launch(struct fer_queue *queue, struct fer_error *err)
{
    sigset_t all, before;
    int code = 0;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (queue->running < queue->threads && !code) {
        code = pthread_create(&queue->thread[queue->running], NULL, worker, queue);
        if (!code)
            queue->running++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (queue->running == 0)
        return fer_fail(err, FER_ENOMEM, "no thread can be started to read pictures: the system's limit is reached");
    return FER_OK;
}

enum fer_status fer_queue_start(struct fer_queue *queue, size_t epoch, size_t first, size_t end, size_t count,
                                struct fer_error *err)
{
    enum fer_status status;

    fer_queue_stop(queue);
    queue->stopping = false;
    queue->epoch = epoch;
    queue->first = queue->filling = queue->taken = first;
    queue->claimed = 0;
    queue->end = end;
    queue->count = count;
    queue->failed = false;
    if (first < end) {
        status = launch(queue, err);
        if (status)
            return status;
    }
    queue->started = true;
    return FER_OK;
}

enum fer_status fer_queue_next(struct fer_queue *queue, struct fer_batch **batch, struct fer_error *err)
{
    struct slot *slot;
    size_t step;

    *batch = NULL;
    if (!queue->started)
        return fer_fail(err, FER_EINVAL, "no epoch has been started");
    if (!queue->failed && queue->taken >= queue->end)
        return FER_OK;
    pthread_mutex_lock(&queue->lock);
    /* A batch that failed is not passed: its error comes again. */
    step = queue->failed ? queue->taken - 1 : queue->taken++;
    pthread_cond_broadcast(&queue->work);
    slot = slot_of(queue, step);
    while (queue->filling <= step || slot->filled < slot->batch.n)
        pthread_cond_wait(&queue->ready, &queue->lock);
    queue->failed = slot->failed_row >= 0;
    pthread_mutex_unlock(&queue->lock);
    if (queue->failed) {
        if (err)
            *err = slot->error;
        return slot->error.status;
    }
    *batch = &slot->batch;
    return FER_OK;
}
