/* SPDX-License-Identifier: Apache-2.0
 *
 * Solutions of one problem against each other: first whether they are right, then how fast they are.
 */
#ifndef FER_TRAIN_CONTEST_H
#define FER_TRAIN_CONTEST_H

#include "compile/alone.h"

/* One solution. */
struct fer_entrant {
    struct fer_solution solution;
    char text[256];    /* "direct chunk=96" */
    double ms, second; /* the two least of its runs, as other work only ever adds; 0: not timed */
    int runs;
    double error;            /* the largest of its results' relative differences; NaN where one is not a number */
    size_t workspace;        /* bytes of its scratch tensors */
    char refusal[256];       /* why it is out: it is wrong, or it does not run; "" */
    struct fer_alone *alone; /* while it may still win */
};

struct fer_contest {
    const struct fer_solved *problem; /* of a program whose graph lives */
    struct fer_store *store;
    const struct fer_build_watch *watch;
    int capacity;
    bool tunables;                /* also turn the solvers' numbers, one at a time, where they come near the best … */
    bool everything;              /* … or wherever they come, and never give up early: for tests */
    double deadline;              /* of fer_meter_now(); 0: none */
    const volatile int *stop;     /* or NULL */
    struct fer_entrant *entrants; /* the first is what heuristics take */
    int count;
    int best;        /* -1: none is right */
    double first_ms; /* of what heuristics take, measured with the best, alternating; 0: it is out */
    /* what results are compared with */
    struct fer_answer *answers;
    int referee;  /* the solver that was asked for some of the samples */
    bool decided; /* and for all of them: somebody had disagreed there */
};

/* Let all of them run.  A solution is right when its results are those of the layer's last solver, within the
 * problem's tolerance (or the error that an added solver states where that is more), on as many samples as that solver
 * can do in reasonable time, and those of the first right one on a full batch; where two disagree there, that solver is
 * asked for the full batch once, however long it takes, and all are compared again.  Times are sums of events, prepared
 * weights included where they change in every step; those within 3 % of the best are measured again, alternating, and
 * of those within 1 % the first is taken. FER_EINTERRUPTED: the deadline or the stop came first; then nothing is known.
 */
enum fer_status fer_contest_run(struct fer_contest *contest, struct fer_error *err);
/* Free what the contest holds; contest->entrants too. */
void fer_contest_free(struct fer_contest *contest);

#endif
