/* SPDX-License-Identifier: Apache-2.0
 *
 * best="valid.accuracy": which number of a test chooses the weights.
 */
#ifndef FER_TRAIN_BEST_H
#define FER_TRAIN_BEST_H

#include "graph/description.h"
#include <jansson.h>

/* FER_ENOTFOUND unless every stage from `first` on that has a `best` names a number that its test will report.  Tests
 * whose data is absent are left alone.  No device is needed. */
enum fer_status fer_best_check(const struct fer_description *description, int first, struct fer_error *err);
/* Its value, among {TEST: {METRIC: …}}.  FER_ENUMERIC where that is null. */
enum fer_status fer_best_find(const struct fer_stage_spec *stage, const json_t *results, double *value,
                              struct fer_error *err);

#endif
