/* SPDX-License-Identifier: Apache-2.0
 *
 * Many trainings as one task: every combination of values, with several seeds, as a queue that survives interruption.
 * See fer/context.h for ownership and threads.
 */
#ifndef FER_STUDY_H
#define FER_STUDY_H

#include <fer/train.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What happens to the runs of a sweep, one after another. */
enum fer_sweep_event {
    FER_SWEEP_SKIPPED, /* complete already */
    FER_SWEEP_CHECKED, /* with only_check */
    FER_SWEEP_BEGUN,
    FER_SWEEP_ENDED,
    FER_SWEEP_FAILED
};
struct fer_sweep_run {
    enum fer_sweep_event event;
    const char *name;  /* its directory in the sweep's */
    int index, count;  /* from 1 */
    const char *error; /* of FAILED; else NULL */
};

struct fer_sweep_options {
    struct fer_settings settings; /* of every run; its seed counts when nseeds is 0 */
    const char *run;              /* the directory, made when it is missing */
    const char *const *models;    /* descriptions, NULL-terminated */
    const char *const *axes;      /* "name=v1,v2,…", NULL-terminated; NULL: none.  Commas in [ ] and " " part nothing.
                                     "+" begins another grid: "a=1,2", "+", "b=3", "c=4" are three combinations, not four */
    const char *const *over;      /* names of axes whose values are averaged, as seeds are (folds); NULL: none */
    const uint64_t *seeds;
    int nseeds;
    bool resume;              /* go on with the runs of a directory, or add to them */
    bool strict;              /* stop at the first run that fails */
    bool only_check;          /* check every combination, tell of each, and leave the directory as it is */
    double save_seconds;      /* as in struct fer_train_options */
    const volatile int *stop; /* nonzero: save and return FER_EINTERRUPTED */
    void (*event)(void *user, const struct fer_sweep_run *run);
    void (*progress)(void *user, const struct fer_progress *progress);
    void (*epoch)(void *user, const struct fer_epoch *epoch);
    void *user;
};

/* Train every combination of models, values and seeds into a directory of its own (fer_train) and run all tests of its
 * best.safetensors (fer_eval), seed after seed.  In the sweep's directory:
 *   sweep.json                 the runs, in order
 *   NAME=VALUE,…,seed=N/       what fer_train writes, predictions.csv (fer_eval's answers) and result.json
 *   results.json, results.csv  as fer_sweep_report makes them; written again after every run
 * Every combination is checked before the first one is trained.  Runs that are complete are skipped, others go on from
 * their last save.  A run that fails is noted, and the others go on; it is tried again the next time.
 * Errors: FER_EINTERRUPTED (saved; resume to go on), FER_EINVAL (a value that no description takes; a directory that
 * holds a sweep already, without resume, or one with other data; a finished run whose description was another), the
 * status of the first run that failed when all others are done. */
FER_API enum fer_status fer_sweep(struct fer_context *context, const struct fer_sweep_options *options,
                                  struct fer_error *err);

/* Where a sweep stands, from its directory alone, also while it runs:
 * {"sweep", "runs": [{"name", "model", "set", "seed", "status": "complete", "interrupted", "failed" or "waiting",
 *                     "error", "seconds", "device", "libfer", "description" and "weights": XXH64 in hex,
 *                     "labels", "tests"}],
 *  "table": [{"set": {NAME: VALUE}, "runs": complete, "of": all, "metrics": {"TEST.METRIC": {"mean", "deviation"
 *             (sample standard deviation; absent for one run), "count"}}}]}.
 * "seconds" counts training and tests, over interruptions too (a kill loses those since the run went on). */
FER_API enum fer_status fer_sweep_report(const char *run, char **json, struct fer_error *err);

/* A study is a sweep that somebody has written down: a text file NAME.study of lines "word rest",
 *   title    what it is about
 *   paper    where the question comes from
 *   answers  rows of docs/systems.md
 *   model    a description, by its path from the file's folder; may be repeated
 *   values   axes with spaces between them; each further line is another grid
 *   over     an axis whose values are averaged; may be repeated
 * and lines of comment that begin with #.  fer_study runs one as fer_sweep does; options->models and over may be NULL,
 * and axes take the places of the study's own of the same name (FER_EINVAL: it has none). */
FER_API enum fer_status fer_study(struct fer_context *context, const char *file,
                                  const struct fer_sweep_options *options, struct fer_error *err);
/* The studies of a folder, sorted: [{"name", "file", "title", "paper", "answers", "models", "values", "over"}]; files
 * that are none have "error" instead. */
FER_API enum fer_status fer_studies(const char *folder, char **json, struct fer_error *err);

struct fer_compare_options {
    /* files of fer_eval's answers, or directories of a sweep's runs; NULL-terminated */
    const char *const *a, *const *b;
    const char *by;      /* a column whose bins are compared on their own ("covered"); NULL: none */
    const double *edges; /* of the bins, rising; each holds its lower edge, the last one both */
    int nedges;
    int resamples; /* 0: 10,000 */
    uint64_t seed; /* of the resampling */
};

/* Is A better than B on the same samples?  For each test that both have:
 * {"resamples", "seed", "tests": [{"test", "samples", "only_a", "only_b", "accuracy_a", "accuracy_b", "difference": A -
 * B, "low", "high", "p", "mcnemar": {"a_only", "b_only", "p"}, "bins": [{"low_edge", "high_edge", … as above}]}]}. low
 * and high bound the 95 % percentile interval of the difference over resamples of the samples, drawn in pairs (Efron
 * and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13; Koehn, Statistical significance tests for machine
 * translation evaluation, EMNLP 2004); p is twice the smaller share of resamples on either side of 0.  With several
 * files (seeds) a sample counts by the share of them that is right: the interval is about other pictures, not other
 * seeds.  "mcnemar" is the exact binomial test of the samples that one of the two alone has right; only for one file
 * against one. Errors: FER_EINVAL (no sample is in both, or one has another label or name there: not the same data),
 * FER_EFORMAT. */
FER_API enum fer_status fer_compare(const struct fer_compare_options *options, char **json, struct fer_error *err);

#ifdef __cplusplus
}
#endif
#endif
