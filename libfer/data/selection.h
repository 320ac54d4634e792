/* SPDX-License-Identifier: Apache-2.0
 *
 * Which samples of a source there are after the samplers, under which labels, in which order and with which partners.
 */
#ifndef FER_DATA_SELECTION_H
#define FER_DATA_SELECTION_H

#include "data/source.h"

struct fer_selection {
    const struct fer_pipeline_spec *spec;
    size_t count;
    size_t *index;        /* of the reader, by place in the selection */
    int *label, *subject; /* by place; -1: none */
    bool labelled;        /* every label is known */
    bool relabelled;      /* a sampler changed labels */
    int classes;
    int pairs;                     /* item that finds partners; -1: none */
    struct fer_source *references; /* where they come from; NULL: the selection itself */
    int *reference_label;
};

/* Free the selection also after a failure.  `references` is for the pipeline's second source: opened when a sampler
 * asks for one. */
enum fer_status fer_selection_make(struct fer_selection *selection, struct fer_source *source,
                                   struct fer_source *references, struct fer_error *err);
void fer_selection_free(struct fer_selection *selection);
/* The places of an epoch's samples, in order. */
enum fer_status fer_selection_order(const struct fer_selection *selection, size_t epoch, size_t *order,
                                    struct fer_error *err);
/* The partner of the sample at `place` in the selection, the `turn`-th of an epoch: a place (or a reference's index).
 */
enum fer_status fer_selection_partner(const struct fer_selection *selection, size_t epoch, size_t turn, size_t place,
                                      size_t *partner, int *label, struct fer_error *err);

#endif
