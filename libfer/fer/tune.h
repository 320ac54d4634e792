/* SPDX-License-Identifier: Apache-2.0
 *
 * Measuring which solvers are the fastest here.  See fer/context.h for ownership and threads.
 */
#ifndef FER_TUNE_H
#define FER_TUNE_H

#include <fer/context.h>

#ifdef __cplusplus
extern "C" {
#endif

/* After each problem. */
struct fer_tune_progress {
    const char *block;        /* the stage or predict block that it was found in */
    const char *work, *shape; /* "conv2d forward", "8x64x56x56 to 64x56x56 blocked, 3x3 pad 1" */
    int done, problems;       /* of the blocks looked at so far */
    const char *solution;     /* the winner: "direct chunk=96"; NULL: none gave the right result */
    double ms, gain;          /* its time, and how many times slower the heuristics' choice is */
    int tried, refused;       /* solutions, and those of them that were wrong or did not run */
    const char *refusal;      /* why the first of these was refused; NULL: none was */
};

struct fer_tune_options {
    struct fer_settings settings;
    const char *text;         /* a description in memory instead of the file */
    int batch;                /* of a predict block; 0: 8.  In training the data set says */
    bool training;            /* stages instead, with the gradients */
    const char *block;        /* this one alone, by name; NULL: all, in the order of the text */
    bool again;               /* also what has been measured already */
    double budget;            /* seconds after which measuring ends, but not before one problem is done; 0: none */
    const char *file;         /* where measurements are kept; NULL: where the context reads them */
    const volatile int *stop; /* set to nonzero to end after the current measurement; or NULL */
    void (*progress)(void *user, const struct fer_tune_progress *progress); /* or NULL */
    void *user;
};

/* For every problem (layer, work, shape) of a description's predict blocks or stages that has several solutions:
 * check each one's result against the plainest solver's, time those that are right by events, measure near-ties again,
 * and put the winner into the file, which is replaced as a whole each time.  The dearest problems come first; what the
 * file has already, for this device (with its number of compute units), driver, precision of feature maps and these
 * kernels, is not measured again, so that a run that was stopped goes on.  What several blocks have is measured once.
 * What compiles in this context afterwards uses what was found.
 * {"model", "device", "driver", "mode", "batch" (of the last block), "file", "problems", "known", "tuned", "left",
 * "seconds", "first_ms", "tuned_ms" (a step's sums over what was measured now, heuristics' choice and winner),
 *  "results": [{"block", "work", "shape", "calls", "solution", "ms", "first_ms", "gain",
 *               "solutions": [{"solution", "ms", "error", "refusal"}]}]}.
 * FER_EFORMAT: the file is not well formed, with its line; FER_EINTERRUPTED: stop was set (*json is there all the
 * same). */
FER_API enum fer_status fer_tune(struct fer_context *context, const char *path, const struct fer_tune_options *options,
                                 char **json, struct fer_error *err);

#ifdef __cplusplus
}
#endif
#endif
