/* SPDX-License-Identifier: Apache-2.0
 *
 * What a data set yields in a test, sample by sample: device operations included, every field under its own name.
 */
#ifndef FER_TRAIN_SAMPLES_H
#define FER_TRAIN_SAMPLES_H

#include "data/panel.h"
#include "train/context.h"

struct fer_samples;

/* data: an index of the description, which grows by a test; the store is the description's.  Both must outlive it. */
enum fer_status fer_samples_open(struct fer_context *context, struct fer_description *description, int data,
                                 struct fer_store *store, struct fer_samples **out, struct fer_error *err);
void fer_samples_close(struct fer_samples *samples); /* NULL is fine */
size_t fer_samples_count(const struct fer_samples *samples);
/* The field with height and width of that name; -1: none.  Its shape: of fer_samples_map, whose values are NULL before
 * the first sample. */
int fer_samples_find(const struct fer_samples *samples, const char *field);
/* "image, mask" of those that there are. */
const char *fer_samples_fields(const struct fer_samples *samples, char *text, size_t size);

/* Begin, or begin anew: `count` of the samples, spread evenly over them; all when there are no more. */
enum fer_status fer_samples_start(struct fer_samples *samples, size_t count, struct fer_error *err);
/* Go to the next sample; *there is false at the end. */
enum fer_status fer_samples_next(struct fer_samples *samples, bool *there, struct fer_error *err);
/* Of the sample: valid until the next one. */
struct fer_map fer_samples_map(const struct fer_samples *samples, int field);
uint32_t fer_samples_id(const struct fer_samples *samples);
int fer_samples_label(const struct fer_samples *samples);                          /* -1: it has none */
void fer_samples_name(const struct fer_samples *samples, char *text, size_t size); /* "" where there are no names */

#endif
