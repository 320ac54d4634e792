/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "train/trainer.h"
#include "train/weights.h"

void fer_stage_counts(const struct fer_stage_spec *stage, int *updates, int *schedules, int *losses)
{
    *updates = *schedules = *losses = 0;
    for (int s = 0; s < stage->nsteps; s++) {
        *losses += stage->steps[s].nlosses;
        *updates += stage->steps[s].nupdates;
        for (int u = 0; u < stage->steps[s].nupdates; u++)
            *schedules += stage->steps[s].updates[u].nschedules;
    }
}

/* Parts of a batch are taken in step from all data sets. */
static enum fer_status find_share(struct fer_trainer *t, struct fer_error *err)
{
    int ranks = fer_group_shared(t->group) ? fer_group_size(t->group) : 1;
    enum fer_status status = FER_OK;

    for (int i = t->stage->ndata - 1; i >= 0 && status == FER_OK; i--) {
        const struct fer_data_spec *data = &t->description->data[t->stage->data[i]];
        int parts = t->share.parts;

        status = fer_share_find(data, ranks, &t->share, err);
        if (status == FER_OK && i < t->stage->ndata - 1 && t->share.parts != parts)
            status = fer_fail(err, FER_ENOTSUP,
                              "stage %s: data %s and those after it must split their batches into equally many parts",
                              t->stage->name, data->name);
    }
    return status;
}

static enum fer_status open_exchange(struct fer_trainer *t, struct fer_error *err)
{
    return fer_group_shared(t->group)
               ? fer_exchange_create(t->group, t->context->device, t->program, t->options->bucket, &t->exchange, err)
               : FER_OK;
}

/* A run that goes on with other solvers gets other bits. */
static void compare_solvers(struct fer_trainer *t)
{
    uint64_t tuned = fer_solved_digest(t->program->program);

    if (t->state.turns > 0 && t->state.tuned != tuned)
        fer_context_say(t->context, FER_MESSAGE_WARNING,
                        "the measurements of fer tune are not those that stage %s began with: it goes on with other "
                        "solvers, whose results agree within rounding but not bit for bit",
                        t->stage->name);
    t->state.tuned = tuned;
}

enum fer_status fer_trainer_open_stage(struct fer_trainer *t, struct fer_error *err)
{
    struct fer_compile_options options = fer_context_compile_options(t->context);
    enum fer_status status;

    t->stage = &t->description->stages[t->state.stage];
    t->feeds = calloc((size_t)t->stage->ndata + 1, sizeof(*t->feeds));
    t->losses = calloc((size_t)t->state.nlosses + 1, sizeof(*t->losses));
    t->rates = calloc((size_t)t->state.nupdates + 1, sizeof(*t->rates));
    t->fresh_batch = t->fresh_weights = true;
    if (!t->feeds || !t->losses || !t->rates)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    options.ranks = fer_group_shared(t->group) ? fer_group_size(t->group) : 1;
    options.sync = t->options->sync;
    status = find_share(t, err);
    if (status == FER_OK)
        status = fer_stage_compile(t->description, t->state.stage, t->store, &options, &t->program, err);
    if (status == FER_OK)
        compare_solvers(t);
    for (int i = 0; status == FER_OK && i < t->stage->ndata; i++)
        status = fer_feed_open(&t->description->data[t->stage->data[i]], t->group, t->program->inputs[i].wanted,
                               t->state.drawn[i], &t->feeds[i], err);
    if (status == FER_OK)
        status = open_exchange(t, err);
    fer_meter_start(&t->meter, fer_meter_now());
    return status;
}

static void tell_exchange(const struct fer_trainer *t)
{
    struct fer_exchange_counts counts = fer_exchange_count(t->exchange);
    double means = counts.means > 0 ? (double)counts.means : 1, turns = t->state.turns > 0 ? (double)t->state.turns : 1;

    fer_context_say(
        t->context, FER_MESSAGE_DETAIL,
        "stage %s: %.2f MiB of gradients in %d buckets; %.0f %% were on their way before the backward pass had "
        "ended, after it each step waited %.2f ms",
        t->stage->name, (double)counts.bytes / (1 << 20), counts.buckets, 100 * (double)counts.early / means,
        1000 * counts.waited / turns);
}

void fer_trainer_close_stage(struct fer_trainer *t)
{
    for (int i = 0; t->feeds && i < t->stage->ndata; i++)
        fer_feed_close(&t->feeds[i]);
    if (t->exchange)
        tell_exchange(t);
    fer_exchange_free(t->exchange);
    fer_stage_program_free(t->program);
    free(t->feeds);
    free(t->losses);
    free(t->rates);
    t->exchange = NULL;
    t->program = NULL;
    t->feeds = NULL;
    t->losses = t->rates = NULL;
}

static bool epoch_is_due(const struct fer_trainer *t)
{
    return t->state.drawn[0] / t->feeds[0].steps > t->state.epochs;
}

static bool stage_is_over(const struct fer_trainer *t)
{
    const struct fer_stage_spec *stage = t->stage;
    long done = stage->unit == FER_UNIT_EPOCH ? t->state.epochs : t->state.turns;

    return done >= stage->until || (stage->patience > 0 && t->state.since_best >= stage->patience);
}

/* A stage that counts steps may end inside an epoch: its last weights are judged too. */
static bool end_is_due(const struct fer_trainer *t)
{
    return t->stage->unit == FER_UNIT_STEP && t->state.turns >= t->stage->until && t->state.summed > 0;
}

static bool save_is_due(const struct fer_trainer *t)
{
    const struct fer_train_options *options = t->options;

    if (options->save_every > 0 && t->state.turns % options->save_every == 0)
        return true;
    /* the others cannot know the time of rank 0 */
    return options->save_seconds > 0 && fer_group_leads(t->group) &&
           fer_meter_now() - t->saved >= options->save_seconds;
}

static enum fer_status interrupt(struct fer_trainer *t, struct fer_error *err)
{
    enum fer_status status = fer_trainer_save_last(t, err);

    if (status != FER_OK)
        return status;
    return fer_fail(err, FER_EINTERRUPTED, "stopped in stage %s after step %ld; everything is saved in %s",
                    t->stage->name, t->state.turns, t->last);
}

/* What is handed on: the best weights, and the files of `save`. */
static enum fer_status finish(struct fer_trainer *t, struct fer_error *err)
{
    enum fer_status status = t->state.has_best ? fer_trainer_restore_best(t, err) : fer_trainer_save_best(t, err);

    for (int i = 0; status == FER_OK && fer_group_leads(t->group) && i < t->stage->nsaves; i++)
        status = fer_weights_save(&t->stage->saves[i], t->options->run, t->store, err);
    return status;
}

enum fer_status fer_trainer_run_stage(struct fer_trainer *t, struct fer_error *err)
{
    enum fer_status status = FER_OK;

    while (status == FER_OK) {
        bool due = epoch_is_due(t) || end_is_due(t), stop;

        if (!due && stage_is_over(t))
            break;
        status = fer_trainer_agree_stop(t, &stop, err);
        if (status != FER_OK)
            return status;
        if (stop)
            return interrupt(t, err);
        if (due) {
            status = fer_trainer_end_epoch(t, err);
            if (status == FER_EINTERRUPTED)
                return interrupt(t, err);
            continue;
        }
        status = fer_trainer_turn(t, err);
        if (status == FER_OK && save_is_due(t))
            status = fer_trainer_save_last(t, err);
    }
    return status == FER_OK ? finish(t, err) : status;
}
