/* SPDX-License-Identifier: Apache-2.0
 *
 * Decoded samples kept in memory, by index, until a number of bytes is reached; nothing is ever dropped before the end.
 * Thread safe without locks: an entry is set once and then only read.
 */
#ifndef FER_DATA_CACHE_H
#define FER_DATA_CACHE_H

#include <fer/data.h>

struct fer_cache;

/* NULL: out of memory. */
struct fer_cache *fer_cache_create(size_t count, size_t limit);
void fer_cache_free(struct fer_cache *cache); /* NULL is fine */
/* NULL when it is not there (or cache is NULL). */
const struct fer_sample *fer_cache_get(struct fer_cache *cache, size_t index);
/* Move *sample in and return it as the cache's; NULL, with *sample untouched, when there is no room. */
const struct fer_sample *fer_cache_put(struct fer_cache *cache, size_t index, struct fer_sample *sample);

#endif
