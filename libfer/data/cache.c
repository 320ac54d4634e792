/* SPDX-License-Identifier: Apache-2.0 */
#include "data/cache.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct fer_cache {
    size_t count, limit;
    atomic_size_t used;
    _Atomic(struct fer_sample *) *entry;
};

struct fer_cache *fer_cache_create(size_t count, size_t limit)
{
    struct fer_cache *cache = calloc(1, sizeof(*cache));

    if (!cache)
        return NULL;
    cache->entry = calloc(count, sizeof(*cache->entry));
    if (!cache->entry) {
        free(cache);
        return NULL;
    }
    cache->count = count;
    cache->limit = limit;
    return cache;
}

void fer_cache_free(struct fer_cache *cache)
{
    if (!cache)
        return;
    for (size_t i = 0; i < cache->count; i++) {
        struct fer_sample *sample = atomic_load_explicit(&cache->entry[i], memory_order_acquire);

        fer_sample_free(sample);
        free(sample);
    }
    free(cache->entry);
    free(cache);
}

const struct fer_sample *fer_cache_get(struct fer_cache *cache, size_t index)
{
    return cache ? atomic_load_explicit(&cache->entry[index], memory_order_acquire) : NULL;
}

static size_t image_bytes(const struct fer_image *image)
{
    return (size_t)image->width * (size_t)image->height * (size_t)image->channels;
}

const struct fer_sample *fer_cache_put(struct fer_cache *cache, size_t index, struct fer_sample *sample)
{
    struct fer_sample *entry, *other = NULL;
    size_t bytes;

    if (!cache)
        return NULL;
    bytes = sizeof(*entry) + image_bytes(&sample->image) + image_bytes(&sample->mask);
    if (atomic_fetch_add(&cache->used, bytes) + bytes > cache->limit)
        goto no_room;
    entry = malloc(sizeof(*entry));
    if (!entry)
        goto no_room;
    *entry = *sample;
    if (!atomic_compare_exchange_strong(&cache->entry[index], &other, entry)) {
        /* Another thread was first, with the same contents. */
        atomic_fetch_sub(&cache->used, bytes);
        free(entry);
        fer_sample_free(sample);
        return other;
    }
    memset(sample, 0, sizeof(*sample));
    return entry;
no_room:
    atomic_fetch_sub(&cache->used, bytes);
    return NULL;
}
