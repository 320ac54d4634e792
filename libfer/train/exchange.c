/* SPDX-License-Identifier: Apache-2.0 */
#include "train/exchange.h"

#include "train/meter.h"

#include <stdlib.h>

enum { BUCKET = 1 << 20, LARGEST = 1 << 26 }; /* bytes */

enum state { IDLE, ENQUEUED, READING, MEAN, WRITING };

struct bucket {
    int step, from; /* the update's `from` */
    struct fer_buffer *buffer;
    size_t offset, count;           /* floats */
    const struct fer_launch *ready; /* the last launch that writes there */
    float *host;
    struct fer_mean *mean;
    enum state state;
    cl_event event; /* of what `state` waits for */
};

struct fer_exchange {
    struct fer_group *group;
    struct fer_device *device;
    cl_command_queue queue; /* for copies, beside the device's own */
    struct bucket *buckets; /* in the order in which the backward passes complete them */
    int nbuckets, capacity;
    size_t size; /* of a bucket, in floats */
    int step;    /* under way; -1: none */
    long epoch;
    cl_event end; /* of the step's last launch with gradients */
    struct fer_exchange_counts counts;
};

/* ---- buckets ---- */

/* The last launch of a step that writes to a range of gradients. */
static const struct fer_launch *last_writer(const struct fer_segment *segment, const struct bucket *range)
{
    const struct fer_launch *last = NULL;

    for (; segment; segment = segment->next) {
        for (int l = 0; l < segment->count; l++) {
            for (int a = 0; a < segment->launches[l]->nargs; a++) {
                const struct fer_arg *arg = &segment->launches[l]->args[a];
                const struct fer_tensor *t = arg->kind == FER_ARG_TENSOR ? arg->tensor : NULL;

                if (t && (arg->access & FER_ACCESS_WRITE) && t->storage == FER_STORAGE_PERSISTENT &&
                    t->buffer == range->buffer && t->offset < range->offset + range->count &&
                    range->offset < t->offset + fer_tensor_size(t))
                    last = segment->launches[l];
            }
        }
    }
    return last;
}

static enum fer_status add_bucket(struct fer_exchange *x, const struct fer_step_program *step,
                                  const struct bucket *range, struct fer_error *err)
{
    struct bucket bucket = *range, *grown = x->buckets;

    bucket.ready = last_writer(step->segment, range);
    if (!bucket.ready) /* no loss depends on it: zero on all ranks */
        return FER_OK;
    if (x->nbuckets == x->capacity) {
        x->capacity = 2 * x->capacity + 16;
        grown = realloc(x->buckets, (size_t)x->capacity * sizeof(*grown));
        if (!grown)
            return fer_fail(err, FER_ENOMEM, "out of memory");
        x->buckets = grown;
    }
    grown[x->nbuckets++] = bucket;
    return FER_OK;
}

/* The weights of one update in one net, from the last to the first: neighbours in memory until a bucket is full.  A
 * weight larger than a message can be is cut. */
static enum fer_status cut_net(struct fer_exchange *x, const struct fer_step_program *step, int index,
                               const struct fer_update_state *update, int net, struct fer_error *err)
{
    const struct fer_net *of = update->nets[net];
    /* all ranks must see the same overflow, and the check of a loss scale looks at updates to come, too */
    const int from = step->scale ? 0 : update->spec->from;
    struct bucket range = { .step = index, .from = from, .buffer = update->grads[net] };
    enum fer_status status = FER_OK;

    for (int w = update->spec->nweights - 1; w >= 0 && status == FER_OK; w--) {
        const struct fer_weight *weight = update->spec->weights[w];
        size_t count = (fer_shape_count(&weight->shape) + 63) / 64 * 64; /* with the gap behind it, which holds zeros */

        if (weight->net != of)
            continue;
        if (range.count > 0 && (weight->offset + count != range.offset || range.count >= x->size)) {
            status = add_bucket(x, step, &range, err);
            range.count = 0;
        }
        range.offset = weight->offset;
        range.count += count;
        while (range.count > LARGEST / sizeof(float) && status == FER_OK) {
            struct bucket piece = range;

            piece.count = LARGEST / sizeof(float);
            piece.offset = range.offset + range.count - piece.count;
            range.count -= piece.count;
            status = add_bucket(x, step, &piece, err);
        }
    }
    return status == FER_OK && range.count > 0 ? add_bucket(x, step, &range, err) : status;
}

static int by_launch(const void *a, const void *b)
{
    const struct bucket *x = a, *y = b;

    if (x->step != y->step)
        return x->step - y->step;
    if (x->ready->index != y->ready->index)
        return x->ready->index - y->ready->index;
    return x->buffer == y->buffer ? (x->offset < y->offset) - (x->offset > y->offset) : 0;
}

static enum fer_status cut(struct fer_exchange *x, const struct fer_stage_program *program, struct fer_error *err)
{
    enum fer_status status = FER_OK;

    for (int s = 0; s < program->nsteps; s++) {
        const struct fer_step_program *step = &program->steps[s];

        for (int u = 0; u < step->nupdates; u++) {
            for (int n = 0; n < step->updates[u].nnets && status == FER_OK; n++)
                status = cut_net(x, step, s, &step->updates[u], n, err);
        }
    }
    return status;
}

static enum fer_status make_room(struct fer_exchange *x, struct fer_exec *exec, struct fer_error *err)
{
    enum fer_status status = FER_OK;

    for (int i = 0; i < x->nbuckets && status == FER_OK; i++) {
        struct bucket *bucket = &x->buckets[i];

        fer_exec_mark(exec, bucket->ready);
        x->counts.bytes += bucket->count * sizeof(float);
        bucket->host = calloc(bucket->count, sizeof(float));
        status = bucket->host ? fer_mean_create(x->group, bucket->count, &bucket->mean, err)
                              : fer_fail(err, FER_ENOMEM, "out of memory for %zu gradients", bucket->count);
    }
    x->counts.buckets = x->nbuckets;
    return status;
}

/* ---- the way of a bucket ---- */

static enum fer_status release(cl_event *event, const char *what, struct fer_error *err)
{
    /* asking an event for its state does not make memory visible, waiting for it does */
    cl_int code = clWaitForEvents(1, event);

    clReleaseEvent(*event);
    *event = NULL;
    return code == CL_SUCCESS ? FER_OK : fer_fail_cl(err, code, "%s", what);
}

static bool has_ended(cl_event event)
{
    cl_int state = CL_QUEUED;

    return clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof(state), &state, NULL) != CL_SUCCESS ||
           state <= CL_COMPLETE;
}

static enum fer_status read_back(struct fer_exchange *x, struct bucket *bucket, struct fer_error *err)
{
    enum fer_status status = release(&bucket->event, "the backward pass", err);
    cl_int code = CL_SUCCESS;

    if (status == FER_OK)
        code = clEnqueueReadBuffer(x->queue, bucket->buffer->mem, CL_FALSE, bucket->offset * sizeof(float),
                                   bucket->count * sizeof(float), bucket->host, 0, NULL, &bucket->event);
    if (code == CL_SUCCESS && status == FER_OK)
        code = clFlush(x->queue);
    bucket->state = READING;
    return code == CL_SUCCESS ? status : fer_fail_cl(err, code, "reading gradients");
}

static enum fer_status start_mean(struct fer_exchange *x, struct bucket *bucket, struct fer_error *err)
{
    enum fer_status status = release(&bucket->event, "reading gradients", err);

    if (status == FER_OK)
        status = fer_mean_start(bucket->mean, bucket->host, bucket->count, err);
    bucket->state = MEAN;
    x->counts.means++;
    x->counts.early += !x->end || !has_ended(x->end);
    return status;
}

static enum fer_status write_back(struct fer_exchange *x, struct bucket *bucket, struct fer_error *err)
{
    cl_int code = clEnqueueWriteBuffer(x->queue, bucket->buffer->mem, CL_FALSE, bucket->offset * sizeof(float),
                                       bucket->count * sizeof(float), bucket->host, 0, NULL, NULL);

    bucket->state = WRITING;
    if (code == CL_SUCCESS)
        code = clFlush(x->queue);
    return code == CL_SUCCESS ? FER_OK : fer_fail_cl(err, code, "writing gradients");
}

static bool is_active(const struct fer_exchange *x, const struct bucket *bucket)
{
    return bucket->step == x->step && bucket->from <= x->epoch;
}

/* Whatever can be done without waiting.  *left: buckets that are not on their way back yet. */
static enum fer_status advance(struct fer_exchange *x, int *left, struct fer_error *err)
{
    enum fer_status status = FER_OK;

    *left = 0;
    for (int i = 0; i < x->nbuckets && status == FER_OK; i++) {
        struct bucket *bucket = &x->buckets[i];
        bool done = false;

        if (!is_active(x, bucket))
            continue;
        if (bucket->state == ENQUEUED && has_ended(bucket->event))
            status = read_back(x, bucket, err);
        if (status == FER_OK && bucket->state == READING && has_ended(bucket->event))
            status = start_mean(x, bucket, err);
        if (status == FER_OK && bucket->state == MEAN)
            status = fer_mean_poll(bucket->mean, &done, err);
        if (status == FER_OK && done)
            status = write_back(x, bucket, err);
        *left += bucket->state != WRITING;
    }
    return status;
}

/* ---- what the executor calls ---- */

static enum fer_status mark_end(struct fer_exchange *x, cl_event *event, struct fer_error *err)
{
    cl_int code = clEnqueueMarkerWithWaitList(x->device->queue, 0, NULL, event);

    if (code == CL_SUCCESS)
        code = clFlush(x->device->queue);
    return code == CL_SUCCESS ? FER_OK : fer_fail_cl(err, code, "clEnqueueMarkerWithWaitList(%s)", x->device->name);
}

static enum fer_status enqueued(void *user, const struct fer_launch *launch, struct fer_error *err)
{
    struct fer_exchange *x = user;
    enum fer_status status = FER_OK;
    int left;

    for (int i = 0; i < x->nbuckets && status == FER_OK; i++) {
        struct bucket *bucket = &x->buckets[i];

        if (!is_active(x, bucket) || bucket->ready != launch)
            continue;
        status = mark_end(x, &bucket->event, err);
        bucket->state = ENQUEUED;
    }
    return status == FER_OK && x->step >= 0 ? advance(x, &left, err) : status;
}

static enum fer_status gather(void *user, const void *mine, size_t bytes, void *all, struct fer_error *err)
{
    struct fer_exchange *x = user;
    enum fer_status status = FER_OK;
    int left;

    if (x->step >= 0)
        status = advance(x, &left, err);
    return status == FER_OK ? fer_group_gather(x->group, mine, bytes, all, err) : status;
}

/* ---- in turn ---- */

void fer_exchange_begin(struct fer_exchange *x, int step, long epoch)
{
    x->step = step;
    x->epoch = epoch;
    for (int i = 0; i < x->nbuckets; i++)
        x->buckets[i].state = IDLE;
}

enum fer_status fer_exchange_finish(struct fer_exchange *x, struct fer_error *err)
{
    double ended = 0;
    int left = 1;
    cl_int code;
    enum fer_status status = mark_end(x, &x->end, err);

    for (unsigned turn = 0; status == FER_OK && left > 0; turn++) {
        status = advance(x, &left, err);
        if (ended <= 0 && has_ended(x->end))
            ended = fer_meter_now();
        if (status == FER_OK && left > 0)
            status = fer_group_idle(x->group, turn, err);
    }
    x->step = -1;
    if (x->end)
        clReleaseEvent(x->end);
    x->end = NULL;
    if (status != FER_OK)
        return status;
    code = clFinish(x->queue);
    x->counts.waited += ended > 0 ? fer_meter_now() - ended : 0;
    return code == CL_SUCCESS ? FER_OK : fer_fail_cl(err, code, "writing gradients");
}

struct fer_exchange_counts fer_exchange_count(const struct fer_exchange *exchange)
{
    return exchange->counts;
}

/* ---- create ---- */

enum fer_status fer_exchange_create(struct fer_group *group, struct fer_device *device,
                                    struct fer_stage_program *program, size_t bucket, struct fer_exchange **out,
                                    struct fer_error *err)
{
    struct fer_exchange *x = calloc(1, sizeof(*x));
    const struct fer_exec_peers peers = { x, gather, enqueued };
    cl_int code = CL_SUCCESS;
    enum fer_status status;

    *out = NULL;
    if (!x)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    x->group = group;
    x->step = -1;
    x->size = (bucket ? bucket : BUCKET) / sizeof(float);
    x->device = device;
    x->queue = clCreateCommandQueue(x->device->context, x->device->id, 0, &code);
    status =
        code == CL_SUCCESS ? cut(x, program, err) : fer_fail_cl(err, code, "clCreateCommandQueue(%s)", x->device->name);
    if (status == FER_OK && x->nbuckets > 0) {
        qsort(x->buckets, (size_t)x->nbuckets, sizeof(*x->buckets), by_launch);
        status = make_room(x, program->exec, err);
    }
    if (status != FER_OK) {
        fer_exchange_free(x);
        return status;
    }
    fer_exec_set_peers(program->exec, &peers);
    *out = x;
    return FER_OK;
}

void fer_exchange_free(struct fer_exchange *x)
{
    if (!x)
        return;
    if (x->queue)
        clFinish(x->queue);
    for (int i = 0; i < x->nbuckets; i++) {
        if (x->buckets[i].event)
            clReleaseEvent(x->buckets[i].event);
        fer_mean_free(x->buckets[i].mean);
        fer_group_dispose(x->group, x->buckets[i].host);
    }
    free(x->buckets);
    if (x->queue)
        clReleaseCommandQueue(x->queue);
    free(x);
}
