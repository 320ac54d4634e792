/* SPDX-License-Identifier: Apache-2.0
 *
 * Pipelines over a reader made for the purpose: `count` pictures whose bytes are their number; one may be broken, one
 * of another size.  Samplers and a transform to go with it.
 */
#ifndef TESTS_PIPELINE_TRIAL_H
#define TESTS_PIPELINE_TRIAL_H

#include <check.h>
#include <stdatomic.h>

#include <fer/host.h>

#include "data/pipeline.h"

enum { WIDTH = 5, HEIGHT = 3, COUNT = 103 };

/* The subject of picture i is i / 2. */
struct fake {
    size_t count;
    int classes;         /* label = index % classes; 0: none */
    long broken, odd;    /* -1: none */
    atomic_int *decoded; /* pictures made so far */
    int landmarks;
};
extern const struct fake plain; /* COUNT pictures of three classes, all whole */

extern const struct fer_transform stamp; /* its random number becomes the first byte */
extern const struct fer_sampler drop;    /* labels 1 and 2 as 0 and 1 */
extern const struct fer_sampler back;    /* backwards */
extern const struct fer_sampler next;    /* pairs with the sample after it */
extern const struct fer_sampler wild;    /* an order that cannot be */

/* A data set called toy. */
struct fer_pipeline_spec spec_of(const struct fake *fake, int batch, bool train);
struct fer_pipeline *open_ok(const struct fer_pipeline_spec *spec);
void open_fails(const struct fer_pipeline_spec *spec, enum fer_status status, const char *words);
/* An epoch's ids from a step on, one after another; checks every row.  Returns how many. */
size_t run(struct fer_pipeline *pipeline, size_t epoch, size_t first, uint32_t *ids, uint8_t *stamps);

#endif
