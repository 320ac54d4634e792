/* SPDX-License-Identifier: Apache-2.0
 *
 * Results of many runs as one table.
 */
#ifndef FER_STUDY_TABLE_H
#define FER_STUDY_TABLE_H

#include <fer/study.h>
#include <jansson.h>

/* What fer_sweep_report returns. */
enum fer_status fer_table_make(const char *dir, json_t **out, struct fer_error *err);
/* results.json and results.csv in `dir`. */
enum fer_status fer_table_write(const char *dir, struct fer_error *err);

/* Every number of a run's tests: {"TEST.METRIC": number}.  The number that a metric with several calls by its own name
 * is TEST.METRIC, others TEST.METRIC.NAME; lists count by class ("TEST.recall.happy") or by bin
 * ("TEST.accuracy.0.1-0.2"); matrices are left out. */
json_t *fer_table_flatten(const json_t *tests, const json_t *labels);
/* Mean and sample standard deviation of runs of the same values, {"mean", "deviation", "count": runs that have it} for
 * each number that one of them has. */
json_t *fer_table_average(const json_t *const *metrics, int count);
/* A line for each run and a column for each value and number; malloc'ed, NULL: out of memory. */
char *fer_table_csv(const json_t *runs);

#endif
