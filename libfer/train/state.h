/* SPDX-License-Identifier: Apache-2.0
 *
 * Where a training run is: all that the rest of it depends on besides weights and optimizer state.
 */
#ifndef FER_TRAIN_STATE_H
#define FER_TRAIN_STATE_H

#include <fer/status.h>
#include <jansson.h>

#include "run/precision.h"

#define FER_SCHEDULE_STATE 8 /* doubles of a schedule, see struct fer_schedule_point */

struct fer_train_state {
    int stage;             /* index; past the last: the run is complete */
    long turns, all_turns; /* done in this stage, and in all stages */
    long epochs;           /* of this stage, tested and logged */
    int ndata;
    long *drawn; /* batches taken from each data set in this stage */
    int nupdates;
    long *updates; /* done by each update, in program order */
    int nschedules;
    double *schedules; /* nschedules times FER_SCHEDULE_STATE */
    int nlosses;
    double *sums; /* of the epoch's losses so far */
    long summed;  /* turns in these sums */
    bool has_best;
    double best;     /* value of the `best` metric */
    long since_best; /* epochs */
    long log_lines;  /* of log.jsonl that belong to this state */
    int nscales;     /* with a loss scale: */
    double *scales;  /* its state for each step of the stage (compile/scale.h), in program order, as it was saved */
    enum fer_precision precision; /* that the run began with */
    uint64_t tuned; /* digest of the solvers that were measured (fer_solved_digest); 0: heuristics chose all */
};

/* Begin a stage: zero counters with room for so many of each.  The log, all_turns and the precision go on. */
enum fer_status fer_train_state_begin(struct fer_train_state *state, int stage, int ndata, int nupdates, int nschedules,
                                      int nlosses, struct fer_error *err);
void fer_train_state_clear(struct fer_train_state *state);
/* Room for the state of loss scales. */
enum fer_status fer_train_state_scales(struct fer_train_state *state, int count, struct fer_error *err);
/* To and from the "state" of a checkpoint.  Numbers are exact.  NULL: out of memory; never a part of it. */
json_t *fer_train_state_json(const struct fer_train_state *state);
/* FER_EFORMAT when it is not one.  The arrays have the sizes that were saved; compare them with the stage. */
enum fer_status fer_train_state_parse(struct fer_train_state *state, const char *text, struct fer_error *err);

#endif
