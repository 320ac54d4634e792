/* SPDX-License-Identifier: Apache-2.0
 *
 * What pipelines of reader-trial.h yield, and the files that several programs read.
 */
#ifndef TESTS_READER_SEEN_H
#define TESTS_READER_SEEN_H

#include "reader-trial.h"

extern const char *const eight[]; /* the labels neutral … contempt, in FER+'s order */

/* faces/train and faces/val: pictures of angry (gray 30) and happy (10 and 20; 40 in val), and what is no picture. */
void make_faces(void);

/* The first batch of an epoch, and those after it; NULL when there is none.  A failure fails the test. */
const struct fer_batch *first_batch(struct fer_pipeline *pipeline, size_t epoch);
const struct fer_batch *next_batch(struct fer_pipeline *pipeline);
/* epoch_of of what a text reads. */
const char *epoch_of_text(const char *text);
/* One sample of what a text reads; the caller frees it. */
struct fer_sample sample_of(const char *text, size_t place);
/* "label:subject" of each sample; subjects are numbered in the order of their coming. */
void has_subjects(const char *text, const char *expected);

#endif
