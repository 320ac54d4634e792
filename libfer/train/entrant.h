/* SPDX-License-Identifier: Apache-2.0
 *
 * One solution of a contest on the device: whether it is right, and how long it takes.
 */
#ifndef FER_TRAIN_ENTRANT_H
#define FER_TRAIN_ENTRANT_H

#include "train/contest.h"

/* Results of one live batch that others are compared with. */
struct fer_answer {
    int live;
    double tolerance; /* of the one whose they are */
    float *values;    /* of all results, one behind the other; NULL: not known yet */
};

/* Compile it and give it inputs. */
enum fer_status fer_entrant_prepare(const struct fer_contest *contest, struct fer_entrant *entrant,
                                    struct fer_error *err);
/* Run on the answer's batch and compare, or become the answer; entrant->ms is what a full batch would take. */
enum fer_status fer_entrant_check(const struct fer_contest *contest, struct fer_entrant *entrant,
                                  struct fer_answer *answer, struct fer_error *err);
/* One more run: into ms, second and runs. */
enum fer_status fer_entrant_run(const struct fer_contest *contest, struct fer_entrant *entrant, struct fer_error *err);
/* Give its memory back. */
void fer_entrant_leave(struct fer_entrant *entrant);

#endif
