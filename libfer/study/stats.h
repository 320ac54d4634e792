/* SPDX-License-Identifier: Apache-2.0
 *
 * How sure a difference is.
 */
#ifndef FER_STUDY_STATS_H
#define FER_STUDY_STATS_H

#include <fer/status.h>

struct fer_interval {
    double mean;      /* of the values */
    double low, high; /* 2.5 and 97.5 % of the means of resamples, interpolated */
    double p; /* twice the smaller share of resamples with a mean on either side of 0 (0 counts on both), at most 1 */
};
/* Draw `count` values with replacement, `resamples` times.  Same seed, same interval.  count and resamples >= 1. */
enum fer_status fer_bootstrap(const double *values, size_t count, int resamples, uint64_t seed,
                              struct fer_interval *out, struct fer_error *err);

/* The exact two-sided binomial test that either side is as likely: a and b samples are right on one side alone. */
double fer_mcnemar(size_t a, size_t b);

#endif
