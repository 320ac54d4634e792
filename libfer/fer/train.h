/* SPDX-License-Identifier: Apache-2.0
 *
 * Training from a description, and evaluation of what came out.  See fer/context.h for ownership and threads.
 */
#ifndef FER_TRAIN_H
#define FER_TRAIN_H

#include <fer/context.h>
#include <fer/group.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Where a run is; given to `progress` after every step and every batch of a test. */
struct fer_progress {
    const char *stage;        /* its name */
    const char *test;         /* the test that is running; NULL while training */
    long epoch, epochs;       /* from 1; epochs 0: the stage counts steps */
    long step, steps;         /* done and to do: of the test, or of the stage */
    long images;              /* of this call's work so far, in this stage or test */
    double loss;              /* the step's sum of minimize; NaN in tests */
    double rate;              /* learning rate of the step's first update */
    double images_per_second; /* over the last seconds */
    double seconds_left;      /* of the stage or test; < 0: not known yet */
};

/* A result that is worth a line: an epoch's end. */
struct fer_epoch {
    const char *stage;
    long epoch, epochs;
    double loss;      /* mean of the epoch */
    const char *json; /* the line of log.jsonl, with the tests' metrics */
    bool best;
};

struct fer_train_options {
    struct fer_settings settings;
    const char *run;     /* the directory, made when it is missing */
    bool resume;         /* continue from run/last.safetensors (from the start when there is none yet) */
    long save_every;     /* steps between saves besides every epoch's end; 0: none */
    double save_seconds; /* time between saves besides; 0: none */
    /* Set to nonzero (from a signal handler, say) to finish the step, save and return FER_EINTERRUPTED. */
    const volatile int *stop;
    void (*progress)(void *user, const struct fer_progress *progress);
    void (*epoch)(void *user, const struct fer_epoch *epoch);
    void *user;
    /* The processes that train together; NULL: this one alone.  All of them call fer_train with the same description
     * and options; the context of each has a device of its own (fer_context_options.place).  Each takes its share of
     * every batch; gradients and losses are means over all.  Rank 0 alone uses the directory, runs tests, and calls
     * `progress` and `epoch`. */
    struct fer_group *group;
    size_t bucket; /* bytes of gradients that are exchanged at once; 0: 1 MiB */
    bool sync;     /* statistics over a batch (batch norm) are those of all ranks; else each rank's own */
};

/* Train every stage of a description into a directory:
 *   log.jsonl         a line a step (losses, rate; with precision fp16 loss_scale, and skipped: steps whose gradients
 *                     were not finite) and an epoch (mean losses, metrics; waited: of `seconds`, which both count from
 *                     the start of this process, those in which no batch was ready)
 *   last.safetensors  everything that the rest of the run depends on; replaced at every save
 *   best.safetensors  weights of the best epoch (`keeping best=`), or of the last stage that ended
 *   model.fer         the description as used, includes spliced
 *   run.json          device, versions, seed and settings
 * The same seed, build, device and driver give the same files, bit for bit (times in the log and run.json apart), also
 * when a run was killed and resumed.
 * Errors: FER_EINTERRUPTED (saved; resume to go on), FER_ENUMERIC (a loss is not finite; the last save is kept),
 * FER_EINVAL (a directory that holds a run already, without resume; a description that is not the one of the run; a
 * batch that the group cannot share equally), FER_EPEER (another process of the group has failed or died: the last save
 * is kept). */
FER_API enum fer_status fer_train(struct fer_context *context, const char *path,
                                  const struct fer_train_options *options, struct fer_error *err);

struct fer_eval_options {
    struct fer_settings settings;
    bool seed_set;       /* settings.seed counts; else the checkpoint's */
    const char *test;    /* one test by name; NULL: all */
    const char *dir;     /* where relative paths of its data start; NULL: the working directory */
    const char *answers; /* file for the answer to every sample; NULL: none */
    const volatile int *stop;
    void (*progress)(void *user, const struct fer_progress *progress);
    void *user;
};
/* Run every test block of a checkpoint:
 * {"checkpoint", "weights": XXH64 of all weights in hex, "seed", "labels": […],
 *  "tests": {TEST: {"data", "images", METRIC: value or {name: number, list or matrix}}}}.
 * `answers` is a CSV with a line for each sample of each test: test, id (of the sample in its reader), name (its file,
 * where it has one), label, predicted, p.LABEL of every class, and one column for each other value of the test that is
 * one number a sample (covered, …).  label, predicted and p. are those of the test's first metric that takes both. */
FER_API enum fer_status fer_eval(struct fer_context *context, const char *checkpoint,
                                 const struct fer_eval_options *options, char **json, struct fer_error *err);

struct fer_pack_options {
    struct fer_settings settings;
    const char *text; /* a description in memory instead of the file */
    const volatile int *stop;
    void (*progress)(void *user, const struct fer_progress *progress);
    void *user;
};
/* Decode everything that the reader of a description's data set `data` has into a packed file (fer/pack.h), which every
 * reader accepts in place of its own. */
FER_API enum fer_status fer_pack_data(struct fer_context *context, const char *path, const char *data, const char *out,
                                      const struct fer_pack_options *options, struct fer_error *err);

struct fer_export_options {
    struct fer_settings settings;
    const char *text; /* a description in memory instead of the file */
    const char *note; /* the manifest's column occluder, where a picture is covered; NULL: no such column */
    const volatile int *stop;
    void (*progress)(void *user, const struct fer_progress *progress);
    void *user;
};
/* Write what a description's data set `data` yields in a test, device operations included, into a directory: pictures
 * of their own size (8 bits, RGB, or gray where the three channels are equal), masks where there are some, and last of
 * all manifest.csv with the columns path, label, split, subject, mask, covered, found, occluder, x0 … y1, lx0 …, as far
 * as samples have them; the readers manifest and folder (DIR/images) take it.  The same seed, device and driver give
 * the same files.  Files are replaced whole; after an interruption the same call writes everything again.
 * {"directory", "pictures", "covered": pictures with a covered pixel, "mean_covered": fraction of the picture, and
 * where an operation says so "found": pictures whose face was found}.
 * Errors: FER_EINVAL (a directory that holds something else), FER_EINTERRUPTED, and those of readers and
 * operations. */
FER_API enum fer_status fer_export_data(struct fer_context *context, const char *path, const char *data,
                                        const char *dir, const struct fer_export_options *options, char **json,
                                        struct fer_error *err);

#ifdef __cplusplus
}
#endif
#endif
