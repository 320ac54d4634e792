/* SPDX-License-Identifier: Apache-2.0 */
#include "train/profile.h"

#include <stdlib.h>
#include <string.h>

#include "train/context.h"

struct total {
    const char *op, *pass;
    double seconds, flops, bytes;
    long runs;
};

static struct total *find(struct total *totals, int *count, const struct fer_launch *launch)
{
    for (int i = 0; i < *count; i++) {
        if (strcmp(totals[i].op, launch->op) == 0 && strcmp(totals[i].pass, launch->pass) == 0)
            return &totals[i];
    }
    totals[*count] = (struct total){ .op = launch->op, .pass = launch->pass };
    return &totals[(*count)++];
}

static int slowest_first(const void *a, const void *b)
{
    double x = ((const struct total *)a)->seconds, y = ((const struct total *)b)->seconds;

    return x > y ? -1 : x < y;
}

enum fer_status fer_profile_json(struct fer_exec *exec, json_t **out, struct fer_error *err)
{
    struct fer_profile_row *rows = NULL;
    struct total *totals;
    int nrows = 0, count = 0;
    enum fer_status status = fer_exec_profile_rows(exec, &rows, &nrows, err);

    *out = NULL;
    if (status != FER_OK)
        return status;
    totals = calloc((size_t)nrows + 1, sizeof(*totals));
    for (int i = 0; totals && i < nrows; i++) {
        struct total *total;

        if (rows[i].runs == 0)
            continue;
        total = find(totals, &count, rows[i].launch);
        total->seconds += rows[i].seconds;
        total->runs += rows[i].runs;
        total->flops += rows[i].launch->flops * (double)rows[i].runs;
        total->bytes += rows[i].launch->bytes * (double)rows[i].runs;
    }
    free(rows);
    if (!totals)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    qsort(totals, (size_t)count, sizeof(*totals), slowest_first);
    *out = json_array();
    for (int i = 0; i < count; i++) {
        double seconds = totals[i].seconds > 0 ? totals[i].seconds : 1;

        fer_json_append(out, json_pack("{s:s, s:s, s:f, s:I, s:f, s:f}", "op", totals[i].op, "pass", totals[i].pass,
                                       "seconds", totals[i].seconds, "runs", (json_int_t)totals[i].runs, "gflops",
                                       totals[i].flops / seconds / 1e9, "gbytes", totals[i].bytes / seconds / 1e9));
    }
    free(totals);
    return *out ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory");
}
