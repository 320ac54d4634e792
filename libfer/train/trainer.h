/* SPDX-License-Identifier: Apache-2.0
 *
 * A training run while it runs.  fer_train (train.c) sets it up and walks through the stages; stage.c opens, closes and
 * repeats; turn.c does one turn of a stage; describe.c writes what was run; epoch.c what follows an epoch; save.c
 * writes and reads checkpoints; together.c keeps several processes in step.
 */
#ifndef FER_TRAIN_TRAINER_H
#define FER_TRAIN_TRAINER_H

#include <fer/train.h>

#include "train/checkpoint.h"
#include "train/context.h"
#include "train/exchange.h"
#include "train/feed.h"
#include "train/log.h"
#include "train/meter.h"
#include "train/rates.h"
#include "train/state.h"
#include "train/tester.h"

struct fer_trainer {
    struct fer_context *context;
    const struct fer_train_options *options;
    struct fer_description *description;
    char *text;        /* the expanded description */
    char *last, *best; /* paths of checkpoints */
    uint64_t seed;
    struct fer_store *store;
    struct fer_log *log;
    struct fer_train_state state;
    bool has_last;               /* a checkpoint of this run is on the disk */
    struct fer_tester **testers; /* by test index; opened when first needed */
    double started;              /* clock */
    double waited;               /* seconds since then in which there was no batch yet */
    double saved;                /* clock of the last save */
    struct fer_group *group;     /* who else trains; NULL: nobody */
    bool resumed;                /* the run goes on from a checkpoint, which rank 0 has read */

    /* the stage that is open */
    const struct fer_stage_spec *stage;
    struct fer_stage_program *program;
    struct fer_feed *feeds;        /* by position in stage->data */
    struct fer_share share;        /* of each batch, of this process */
    struct fer_exchange *exchange; /* of gradients; NULL: alone */
    struct fer_meter meter;
    bool fresh_batch;   /* the device does not hold the feeds' batches yet */
    bool fresh_weights; /* shared flows ran before a net they use was moved */
    double *losses;     /* of this turn; all steps' losses, in program order */
    double *rates;      /* of this turn, by update */
    double scale;       /* of this turn's last loss; 0: losses are not scaled */
    int skipped;        /* steps of this turn without updates, because gradients were not finite */
};

/* stage.c: open the stage that state.stage names, with the state as it is. */
enum fer_status fer_trainer_open_stage(struct fer_trainer *t, struct fer_error *err);
void fer_trainer_close_stage(struct fer_trainer *t);
/* Turns and epochs until the stage is over, then its saves and the best weights.  state.stage moves on. */
enum fer_status fer_trainer_run_stage(struct fer_trainer *t, struct fer_error *err);
/* Counts of a stage: updates, schedules, losses. */
void fer_stage_counts(const struct fer_stage_spec *stage, int *updates, int *schedules, int *losses);

/* turn.c: one turn; counts it, logs it. */
enum fer_status fer_trainer_turn(struct fer_trainer *t, struct fer_error *err);
/* Where the turn to come lies in the stage. */
struct fer_rate_point fer_trainer_point(const struct fer_trainer *t);

/* epoch.c: tests, metrics, schedules that look at them, best weights, log line, checkpoint. */
enum fer_status fer_trainer_end_epoch(struct fer_trainer *t, struct fer_error *err);

/* save.c */
enum fer_status fer_trainer_save_last(struct fer_trainer *t, struct fer_error *err);
enum fer_status fer_trainer_save_best(struct fer_trainer *t, struct fer_error *err);
/* Optimizer state of the open stage, out of a checkpoint. */
enum fer_status fer_trainer_restore_updates(struct fer_trainer *t, const struct fer_checkpoint *from,
                                            struct fer_error *err);
/* Weights out of best.safetensors. */
enum fer_status fer_trainer_restore_best(struct fer_trainer *t, struct fer_error *err);

/* scale.c: the state of loss scales goes into t->state, and comes out of it. */
enum fer_status fer_trainer_keep_scales(struct fer_trainer *t, struct fer_error *err);
enum fer_status fer_trainer_restore_scales(struct fer_trainer *t, struct fer_error *err);
/* A run goes on as it began: FER_EINVAL. */
enum fer_status fer_trainer_compare_precision(struct fer_trainer *t, struct fer_error *err);

/* describe.c */
enum fer_status fer_trainer_describe(const struct fer_trainer *t, const char *path, struct fer_error *err);
/* A run goes on with the --data that run.json says it began with: the description's text does not have them.
 * FER_EINVAL; without run.json nobody knows. */
enum fer_status fer_trainer_compare_data(const struct fer_trainer *t, struct fer_error *err);

/* together.c: what all processes of a group do at the same points.  Alone they do nothing. */
/* Rank 0 has found out whether the run goes on, with which seed, and from which state (NULL: from the beginning). */
enum fer_status fer_trainer_agree_start(struct fer_trainer *t, uint64_t *seed, char **state, struct fer_error *err);
/* All have read the same description. */
enum fer_status fer_trainer_compare_text(struct fer_trainer *t, struct fer_error *err);
/* Rank 0's weights, statistics and optimizer states become everybody's. */
enum fer_status fer_trainer_share_weights(struct fer_trainer *t, struct fer_error *err);
/* Whether somebody has been asked to stop. */
enum fer_status fer_trainer_agree_stop(struct fer_trainer *t, bool *stop, struct fer_error *err);
/* What is said when the group has failed: where training was, and what is saved. */
void fer_trainer_explain(const struct fer_trainer *t, struct fer_error *err);

#endif
