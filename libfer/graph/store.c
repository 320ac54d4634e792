/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "graph/compile.h"
#include "graph/initial.h"

static struct fer_buffer *buffer_of(const struct fer_store *store, const struct fer_weight *weight)
{
    return (weight->trained ? store->values : store->statistics)[weight->net->index];
}

enum fer_status fer_store_read(const struct fer_store *store, const struct fer_weight *weight, float *data,
                               struct fer_error *err)
{
    return fer_buffer_read(buffer_of(store, weight), weight->offset * sizeof(float), data,
                           fer_shape_count(&weight->shape) * sizeof(float), err);
}

enum fer_status fer_store_write(struct fer_store *store, const struct fer_weight *weight, const float *data,
                                struct fer_error *err)
{
    return fer_buffer_write(buffer_of(store, weight), weight->offset * sizeof(float), data,
                            fer_shape_count(&weight->shape) * sizeof(float), err);
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
        status = fer_store_write(store, weight, data, err);
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

enum fer_status fer_store_create(struct fer_device *device, const struct fer_description *description, uint64_t seed,
                                 struct fer_store **out, struct fer_error *err)
{
    enum fer_status status = fer_store_allocate(device, description, out, err);
    for (int i = 0; !status && i < description->nnets; i++)
        status = initialise(*out, description->nets[i], seed, err);
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
