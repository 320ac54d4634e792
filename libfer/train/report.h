/* SPDX-License-Identifier: Apache-2.0
 *
 * What metrics report, collected as JSON: {METRIC: value} when a metric has one result, else {METRIC: {name: value}}.
 */
#ifndef FER_TRAIN_REPORT_H
#define FER_TRAIN_REPORT_H

#include <fer/plugin.h>
#include <jansson.h>

struct fer_report *fer_report_create(void); /* NULL: out of memory */
void fer_report_free(struct fer_report *report);
/* Open the object of one metric, and close it again. */
void fer_report_begin(struct fer_report *report);
enum fer_status fer_report_end(struct fer_report *report, const char *metric, struct fer_error *err);
/* {METRIC: …} of all that ended; borrowed. */
json_t *fer_report_json(const struct fer_report *report);
/* The number that "accuracy" or "confusion.recall" means in such an object: of a metric with several results the one of
 * its own name, else its first number.  False when there is none. */
bool fer_report_find(const json_t *metrics, const char *path, double *value);
/* Whether there will be one: it may be none yet, for want of samples. */
bool fer_report_has(const json_t *metrics, const char *path);

#endif
