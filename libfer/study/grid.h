/* SPDX-License-Identifier: Apache-2.0
 *
 * Models, values and seeds, multiplied out into runs.
 */
#ifndef FER_STUDY_GRID_H
#define FER_STUDY_GRID_H

#include <fer/study.h>
#include <jansson.h>

#include "study/axis.h"

#define FER_GRID_AXES 64

struct fer_grid_run {
    char *name;        /* "mode=add,seed=0": a file name of [A-Za-z0-9._+=,-], different for different runs */
    const char *model; /* the caller's */
    json_t *set;       /* {NAME: VALUE}, "model" first when there are several */
    const char **sets; /* "name=value" of the settings, then of the axes; NULL-terminated */
    uint64_t seed;
};
struct fer_grid {
    struct fer_grid_run *runs; /* seeds outermost: every combination once before any of them twice */
    int count;
    struct fer_axis axes[FER_GRID_AXES];
    int grid[FER_GRID_AXES]; /* of each axis: they are counted from 0 */
    int naxes, ngrids;
};

/* Points to texts of the options.  FER_EINVAL: an axis that is none, one that is there twice, more than 10,000 runs. */
enum fer_status fer_grid_create(const struct fer_sweep_options *options, struct fer_grid *grid, struct fer_error *err);
void fer_grid_free(struct fer_grid *grid); /* zeroed is fine */

#endif
