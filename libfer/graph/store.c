/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "graph/compile.h"
#include "philox.h"

static uint64_t hash_path(const char *path)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    for (; *path; path++)
        hash = (hash ^ (unsigned char)*path) * 1099511628211u;
    return hash;
}

/* Values depend on the seed, the weight's path and the element alone. */
static void initialise(const struct fer_weight *weight, uint64_t seed, float *out)
{
    const size_t count = fer_shape_count(&weight->shape);
    const uint64_t path = hash_path(weight->path);
    const struct fer_init init = weight->init;
    for (size_t i = 0; i < count; i += 2) {
        uint32_t word[4];
        const uint32_t counter[4] = { (uint32_t)(i / 2), 0x80000000u | (uint32_t)((uint64_t)i / 2 >> 32),
                                      (uint32_t)path, (uint32_t)(path >> 32) };
        const uint32_t key[2] = { (uint32_t)seed, (uint32_t)(seed >> 32) };
        fer_philox(counter, key, word);
        double value[2] = { init.a, init.a };
        if (init.kind == FER_INIT_UNIFORM) {
            value[0] = init.a + (init.b - init.a) * ((double)word[0] + 0.5) * 0x1p-32;
            value[1] = init.a + (init.b - init.a) * ((double)word[1] + 0.5) * 0x1p-32;
        } else if (init.kind == FER_INIT_NORMAL) { /* Box and Muller */
            const double radius = sqrt(-2 * log(((double)word[0] + 0.5) * 0x1p-32));
            const double angle = 2 * 3.14159265358979323846 * ((double)word[1] + 0.5) * 0x1p-32;
            value[0] = init.a + init.b * radius * cos(angle);
            value[1] = init.a + init.b * radius * sin(angle);
        }
        out[i] = (float)value[0];
        if (i + 1 < count)
            out[i + 1] = (float)value[1];
    }
}

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

static enum fer_status create_buffers(struct fer_store *store, const struct fer_net *net, uint64_t seed,
                                      struct fer_error *err)
{
    enum fer_status status = FER_OK;
    if (net->values)
        status = fer_buffer_create(store->device, net->values * sizeof(float), &store->values[net->index], err);
    if (!status && net->statistics)
        status = fer_buffer_create(store->device, net->statistics * sizeof(float), &store->statistics[net->index], err);
    /* The gaps between weights must hold zeros: optimizers run over them. */
    if (!status && net->values)
        status = fer_buffer_fill(store->values[net->index], 0, net->values * sizeof(float), 0, err);
    for (int i = 0; i < net->nweights && !status; i++) {
        const struct fer_weight *weight = net->weights[i];
        float *data = malloc((fer_shape_count(&weight->shape) + 1) * sizeof(*data));
        if (!data)
            return fer_fail(err, FER_ENOMEM, "out of memory while initialising '%s'", weight->path);
        initialise(weight, seed, data);
        status = fer_store_write(store, weight, data, err);
        free(data);
    }
    return status;
}

enum fer_status fer_store_create(struct fer_device *device, const struct fer_description *description, uint64_t seed,
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
        status = create_buffers(store, description->nets[i], seed, err);
    if (status) {
        fer_store_free(store);
        return status;
    }
    *out = store;
    return FER_OK;
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
