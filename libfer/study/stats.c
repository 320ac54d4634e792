/* SPDX-License-Identifier: Apache-2.0 */
#include "study/stats.h"

#include <fer/host.h>
#include <math.h>
#include <stdlib.h>

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Between the two nearest of a sorted list. */
static double quantile(const double *sorted, int count, double q)
{
    double at = q * (count - 1);
    int below = (int)at;

    if (below + 1 >= count)
        return sorted[count - 1];
    return sorted[below] + (at - below) * (sorted[below + 1] - sorted[below]);
}

enum fer_status fer_bootstrap(const double *values, size_t count, int resamples, uint64_t seed,
                              struct fer_interval *out, struct fer_error *err)
{
    struct fer_random random = { seed, 0 };
    double *means = malloc((size_t)resamples * sizeof(*means)), sum = 0;
    int low = 0, high = 0;

    if (!means)
        return fer_fail(err, FER_ENOMEM, "no memory for %d resamples", resamples);
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    out->mean = sum / (double)count;
    for (int r = 0; r < resamples; r++) {
        sum = 0;
        for (size_t i = 0; i < count; i++)
            sum += values[fer_random_below(random, (uint64_t)r * count + i, count)];
        means[r] = sum / (double)count;
        low += means[r] <= 0;
        high += means[r] >= 0;
    }
    qsort(means, (size_t)resamples, sizeof(*means), compare_doubles);
    out->low = quantile(means, resamples, 0.025);
    out->high = quantile(means, resamples, 0.975);
    out->p = fmin(1, 2.0 * (low < high ? low : high) / resamples);
    free(means);
    return FER_OK;
}

double fer_mcnemar(size_t a, size_t b)
{
    size_t n = a + b, fewer = a < b ? a : b;
    double p = 0;

    for (size_t k = 0; k <= fewer; k++)
        p += exp(lgamma((double)n + 1) - lgamma((double)k + 1) - lgamma((double)(n - k) + 1) - (double)n * log(2));
    return fmin(1, 2 * p);
}
