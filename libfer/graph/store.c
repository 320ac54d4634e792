/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdlib.h>

#include "graph/compile.h"
#include "graph/initial.h"

/* `joins` is of the thread that began; status and error are the drawing thread's until it has been joined. */
struct fer_drawing {
    pthread_t thread;
    bool joins;
    struct fer_store *store;
    uint64_t seed;
    enum fer_status status;
    struct fer_error error;
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
    const enum fer_status status = fer_store_ready(store, err);
    if (status)
        return status;
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

static enum fer_status initialise(struct fer_store *store, const struct fer_net *net, uint64_t seed,
                                  struct fer_error *err)
{
    enum fer_status status = FER_OK;
    for (int i = 0; i < net->nweights && !status; i++) {
        const struct fer_weight *weight = net->weights[i];
        float *data = malloc((fer_shape_count(&weight->shape) + 1) * sizeof(*data));
        if (!data)
            return fer_fail(err, FER_ENOMEM, "out of memory while initialising '%s'", weight->path);
        fer_weight_initialise(weight, seed, data);
        status = put(store, weight, data, err);
        free(data);
    }
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

static void *draw(void *user)
{
    struct fer_drawing *drawing = user;
    const struct fer_description *description = drawing->store->description;
    for (int i = 0; !drawing->status && i < description->nnets; i++)
        drawing->status = initialise(drawing->store, description->nets[i], drawing->seed, &drawing->error);
    return NULL;
}

enum fer_status fer_store_begin(struct fer_device *device, const struct fer_description *description, uint64_t seed,
                                struct fer_store **out, struct fer_error *err)
{
    enum fer_status status = fer_store_allocate(device, description, out, err);
    if (status)
        return status;
    struct fer_drawing *drawing = (*out)->drawing = calloc(1, sizeof(*drawing));
    if (!drawing) {
        fer_store_free(*out);
        *out = NULL;
        return fer_fail(err, FER_ENOMEM, "out of memory");
    }
    *drawing = (struct fer_drawing){ .store = *out, .seed = seed, .error = FER_ERROR_INIT };
    drawing->joins = pthread_create(&drawing->thread, NULL, draw, drawing) == 0;
    if (!drawing->joins)
        draw(drawing);
    return FER_OK;
}

enum fer_status fer_store_ready(const struct fer_store *store, struct fer_error *err)
{
    struct fer_drawing *drawing = store->drawing;
    if (!drawing)
        return FER_OK;
    if (drawing->joins)
        pthread_join(drawing->thread, NULL);
    drawing->joins = false;
    if (drawing->status && err)
        *err = drawing->error;
    return drawing->status;
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
    fer_store_ready(store, NULL);
    free(store->drawing);
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
