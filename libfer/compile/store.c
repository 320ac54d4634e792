/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "compile/compile.h"
#include "compile/initial.h"

/* A thread of the host draws; the device is left to the thread that waits, because not every driver likes two. */
struct fer_drawing {
    pthread_t thread;
    bool joins; /* there is a thread to wait for */
    uint64_t seed;
    int count;
    const struct fer_weight **weights; /* [count] */
    float **data;                      /* [count], NULL: there was no memory */
};

static struct fer_buffer *buffer_of(const struct fer_store *store, const struct fer_weight *weight)
{
    return (weight->trained ? store->values : store->statistics)[weight->net->index];
}

static enum fer_status put(struct fer_store *store, const struct fer_weight *weight, const float *data,
                           struct fer_error *err)
{
    return fer_buffer_write(buffer_of(store, weight), weight->offset * sizeof(float), data,
                            fer_shape_count(&weight->shape) * sizeof(float), err);
}

enum fer_status fer_store_read(const struct fer_store *store, const struct fer_weight *weight, float *data,
                               struct fer_error *err)
{
    if (store->drawing)
        return fer_fail(err, FER_EINVAL, "'%s' is read before the weights are there", weight->path);
    return fer_buffer_read(buffer_of(store, weight), weight->offset * sizeof(float), data,
                           fer_shape_count(&weight->shape) * sizeof(float), err);
}

enum fer_status fer_store_write(struct fer_store *store, const struct fer_weight *weight, const float *data,
                                struct fer_error *err)
{
    const enum fer_status status = fer_store_ready(store, err);
    return status ? status : put(store, weight, data, err);
}

static enum fer_status create_buffers(struct fer_store *store, const struct fer_net *net, struct fer_error *err)
{
    enum fer_status status = FER_OK;
    if (net->values)
        status = fer_buffer_create(store->device, net->values * sizeof(float), &store->values[net->index], err);
    if (!status && net->statistics)
        status = fer_buffer_create(store->device, net->statistics * sizeof(float), &store->statistics[net->index], err);
    /* The gaps between weights must hold zeros: optimizers run over them. */
    if (!status && net->values)
        status = fer_buffer_fill(store->values[net->index], 0, net->values * sizeof(float), 0, err);
    if (!status && net->statistics)
        status = fer_buffer_fill(store->statistics[net->index], 0, net->statistics * sizeof(float), 0, err);
    return status;
}

enum fer_status fer_store_allocate(struct fer_device *device, const struct fer_description *description,
                                   struct fer_store **out, struct fer_error *err)
{
    struct fer_store *store = calloc(1, sizeof(*store));
    *out = NULL;
    if (!store)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    store->device = device;
    store->description = description;
    store->values = calloc((size_t)description->nnets + 1, sizeof(struct fer_buffer *));
    store->statistics = calloc((size_t)description->nnets + 1, sizeof(struct fer_buffer *));
    enum fer_status status = store->values && store->statistics ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory");
    for (int i = 0; i < description->nnets && !status; i++)
        status = create_buffers(store, description->nets[i], err);
    if (status) {
        fer_store_free(store);
        return status;
    }
    *out = store;
    return FER_OK;
}

static void free_drawing(struct fer_drawing *drawing)
{
    if (!drawing)
        return;
    for (int i = 0; drawing->data && i < drawing->count; i++)
        free(drawing->data[i]);
    free(drawing->data);
    free(drawing->weights);
    free(drawing);
}

static struct fer_drawing *make_drawing(const struct fer_description *description, uint64_t seed)
{
    struct fer_drawing *drawing = calloc(1, sizeof(*drawing));
    if (!drawing)
        return NULL;
    drawing->seed = seed;
    for (int n = 0; n < description->nnets; n++)
        drawing->count += description->nets[n]->nweights;
    drawing->weights = calloc((size_t)drawing->count + 1, sizeof(*drawing->weights));
    drawing->data = calloc((size_t)drawing->count + 1, sizeof(*drawing->data));
    if (!drawing->weights || !drawing->data) {
        free_drawing(drawing);
        return NULL;
    }
    for (int n = 0, i = 0; n < description->nnets; n++)
        for (int w = 0; w < description->nets[n]->nweights; w++)
            drawing->weights[i++] = description->nets[n]->weights[w];
    return drawing;
}

static void *draw(void *user)
{
    struct fer_drawing *drawing = user;
    for (int i = 0; i < drawing->count; i++) {
        drawing->data[i] = malloc((fer_shape_count(&drawing->weights[i]->shape) + 1) * sizeof(float));
        if (!drawing->data[i])
            return NULL;
        fer_weight_initialise(drawing->weights[i], drawing->seed, drawing->data[i]);
    }
    return NULL;
}

/* Behind the thread that builds kernels meanwhile, for which everything waits.  (Linux: of this thread alone.) */
static void *draw_behind(void *user)
{
    const int niceness = nice(5);
    (void)niceness;
    return draw(user);
}

enum fer_status fer_store_begin(struct fer_device *device, const struct fer_description *description, uint64_t seed,
                                struct fer_store **out, struct fer_error *err)
{
    enum fer_status status = fer_store_allocate(device, description, out, err);
    if (status)
        return status;
    struct fer_drawing *drawing = (*out)->drawing = make_drawing(description, seed);
    if (!drawing) {
        fer_store_free(*out);
        *out = NULL;
        return fer_fail(err, FER_ENOMEM, "out of memory");
    }
    drawing->joins = pthread_create(&drawing->thread, NULL, draw_behind, drawing) == 0;
    if (!drawing->joins)
        draw(drawing);
    return FER_OK;
}

static void join(struct fer_drawing *drawing)
{
    if (drawing->joins)
        pthread_join(drawing->thread, NULL);
    drawing->joins = false;
}

enum fer_status fer_store_ready(struct fer_store *store, struct fer_error *err)
{
    struct fer_drawing *drawing = store->drawing;
    enum fer_status status = FER_OK;
    if (!drawing)
        return FER_OK;
    join(drawing);
    for (int i = 0; i < drawing->count && !status; i++)
        status = drawing->data[i]
                     ? put(store, drawing->weights[i], drawing->data[i], err)
                     : fer_fail(err, FER_ENOMEM, "out of memory while initialising '%s'", drawing->weights[i]->path);
    if (status)
        return status; /* whoever asks again is told the same */
    free_drawing(drawing);
    store->drawing = NULL;
    return FER_OK;
}

enum fer_status fer_store_create(struct fer_device *device, const struct fer_description *description, uint64_t seed,
                                 struct fer_store **out, struct fer_error *err)
{
    enum fer_status status = fer_store_begin(device, description, seed, out, err);
    if (!status)
        status = fer_store_ready(*out, err);
    if (status) {
        fer_store_free(*out);
        *out = NULL;
    }
    return status;
}

void fer_store_free(struct fer_store *store)
{
    if (!store)
        return;
    if (store->drawing)
        join(store->drawing);
    free_drawing(store->drawing);
    for (int i = 0; i < store->description->nnets; i++) {
        if (store->values)
            fer_buffer_free(store->values[i]);
        if (store->statistics)
            fer_buffer_free(store->statistics[i]);
    }
    free(store->values);
    free(store->statistics);
    free(store);
}
