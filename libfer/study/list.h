/* SPDX-License-Identifier: Apache-2.0
 *
 * sweep.json: the runs of a sweep, in order.
 */
#ifndef FER_STUDY_LIST_H
#define FER_STUDY_LIST_H

#include "study/grid.h"

/* FER_EINVAL: the directory holds a sweep, and options->resume is false, or it was begun with other data. */
enum fer_status fer_list_check(const struct fer_sweep_options *options, struct fer_error *err);
/* Write it; runs that it had before and that are not in the grid stay. */
enum fer_status fer_list_write(const struct fer_sweep_options *options, const struct fer_grid *grid,
                               struct fer_error *err);
/* {"fer": 1, "over": [NAME], "data": [NAME=PATH], "runs": [{"name", "model", "set", "seed"}]}.  FER_ENOTFOUND: the
 * directory holds none. */
enum fer_status fer_list_read(const char *dir, json_t **out, struct fer_error *err);

#endif
