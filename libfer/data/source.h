/* SPDX-License-Identifier: Apache-2.0
 *
 * Samples of an open reader, after the host transforms.
 */
#ifndef FER_DATA_SOURCE_H
#define FER_DATA_SOURCE_H

#include "data/pipeline.h"

struct fer_cache;

struct fer_source {
    const struct fer_pipeline_spec *spec;
    const struct fer_reader *reader;
    void *state;
    bool open;
    size_t count;
    unsigned fields; /* what samples have after the transforms */
    int kept;        /* items before this one make what the cache holds */
    struct fer_cache *cache;
};

/* Open `reader` for the spec's transforms.  Close the source also after a failure. */
enum fer_status fer_source_open(struct fer_source *source, const struct fer_pipeline_spec *spec,
                                const struct fer_reader *reader, const void *params, size_t cache_bytes,
                                struct fer_error *err);
void fer_source_close(struct fer_source *source);

/* Sample `index` for an epoch, *sample is either the cache's or *own; free *own (fer_sample_free) when done, whatever
 * came back.  Thread safe. */
enum fer_status fer_source_get(struct fer_source *source, size_t index, size_t epoch, bool pictures,
                               struct fer_sample *own, const struct fer_sample **sample, struct fer_error *err);
/* Label and subject alone; -1 where there is none. */
enum fer_status fer_source_label(struct fer_source *source, size_t index, int *label, int *subject,
                                 struct fer_error *err);
/* Third-party readers are checked for what would otherwise read or write past an array: FER_EPLUGIN. */
enum fer_status fer_sample_check(const struct fer_sample *sample, struct fer_error *err);
enum fer_status fer_sample_copy(struct fer_sample *out, const struct fer_sample *in, struct fer_error *err);

#endif
