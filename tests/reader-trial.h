/* SPDX-License-Identifier: Apache-2.0
 *
 * Pipelines of the plugin `data` over files made by a test: written as in descriptions, bound as the compiler binds
 * them.
 */
#ifndef TESTS_READER_TRIAL_H
#define TESTS_READER_TRIAL_H

#include <fer/plugin.h>

#include "data/pipeline.h"

/* A fresh directory and registry for each test; and back. */
void setup(void);
void teardown(void);
extern uint64_t seed;
extern const char *override_path;
extern const char *const seven[]; /* the labels angry … neutral, in FER2013's order */
void use_labels(const char *const *names, int count);

/* The path of a name in the directory; the last eight are valid. */
const char *in_root(const char *name);
void make_folders(const char *name);
/* A picture of 6 × 4 pixels, all of one gray. */
void put_picture(const char *name, int gray);
void put_text(const char *name, const char *format, ...) FER_PRINTF(2, 3);

/* A data set that `merge` can name: its reader alone.  Both strings must outlive the test. */
void put_data(const char *name, const char *text);
/* `"folder \"faces\" | resize 8"` as a spec; NULL when binding fails. */
struct fer_pipeline_spec *spec_of(const char *text, bool train, struct fer_error *err);
struct fer_pipeline *open_ok(const char *text, bool train);
/* Opening, or reading all of it, fails and says `words` (separated by '|'). */
void fails(const char *text, const char *words);
/* One epoch as text: "label:gray" of each sample, separated by spaces; gray is of the first pixel. */
const char *epoch_of(struct fer_pipeline *pipeline, size_t epoch);
void yields(const char *text, const char *expected);

#endif
