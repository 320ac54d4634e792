/* SPDX-License-Identifier: Apache-2.0
 *
 * From a description to a directory with trained weights.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "train/best.h"
#include "train/trainer.h"
#include "train/weights.h"

/* Find out whether there is something to resume, or to protect. */
static enum fer_status find_last(struct fer_trainer *t, struct fer_checkpoint *last, struct fer_error *err)
{
    enum fer_status status;

    t->has_last = access(t->last, F_OK) == 0;
    if (!t->has_last) {
        if (t->options->resume)
            fer_context_say(t->context, FER_MESSAGE_NOTE,
                            "nothing was saved in %s yet: training starts from the beginning", t->options->run);
        return FER_OK;
    }
    if (!t->options->resume)
        return fer_fail(err, FER_EINVAL,
                        "%s already holds a run; --resume goes on with it, another directory starts anew",
                        t->options->run);
    status = fer_trainer_compare_data(t, err);
    return status == FER_OK ? fer_checkpoint_open(t->last, last, err) : status;
}

static enum fer_status choose_seed(struct fer_trainer *t, const struct fer_checkpoint *last, struct fer_error *err)
{
    t->seed = t->options->settings.seed;
    if (!last->file)
        return FER_OK;
    if (t->seed != 0 && t->seed != last->seed)
        return fer_fail(err, FER_EINVAL, "%s was begun with seed %llu; it cannot go on with another", t->options->run,
                        (unsigned long long)last->seed);
    t->seed = last->seed;
    return FER_OK;
}

/* What there is to go on from, and how. */
static enum fer_status find_start(struct fer_trainer *t, struct fer_checkpoint *last, char **state,
                                  struct fer_error *err)
{
    enum fer_status status = FER_OK;

    if (fer_group_leads(t->group))
        status = find_last(t, last, err);
    if (status == FER_OK)
        status = choose_seed(t, last, err);
    /* a checkpoint without a state is found out when that is read */
    if (status == FER_OK && last->file && !(*state = strdup(last->state ? last->state : "")))
        status = fer_fail(err, FER_ENOMEM, "out of memory");
    return status == FER_OK ? fer_trainer_agree_start(t, &t->seed, state, err) : status;
}

static enum fer_status read_description(struct fer_trainer *t, const char *path, const struct fer_checkpoint *last,
                                        struct fer_error *err)
{
    struct fer_settings settings = t->options->settings;
    enum fer_status status;

    settings.seed = t->seed;
    status = fer_context_read(t->context, path, &settings, FER_FOR_TRAINING, &t->description, err);
    if (status == FER_OK && t->description->nstages == 0)
        status = fer_fail(err, FER_EINVAL, "%s has no stage: there is nothing to train", path);
    if (status == FER_OK)
        status = fer_description_text(t->description, &t->text, err);
    if (status == FER_OK && last->file && strcmp(t->text, last->description) != 0)
        status =
            fer_fail(err, FER_EINVAL,
                     "%s is not the description that %s was begun with (its text is in %s/model.fer); give the same "
                     "file and --set, or begin another run",
                     path, t->options->run, t->options->run);
    return status;
}

/* Weights come from the file on rank 0, and from there to the others when the stage begins. */
static enum fer_status restore(struct fer_trainer *t, const struct fer_checkpoint *last, const char *state,
                               struct fer_error *err)
{
    enum fer_status status = fer_train_state_parse(&t->state, state, err);

    if (status != FER_OK)
        return fer_fail_prefix(err, "%s", t->last);
    if (t->state.stage < t->description->nstages) {
        const struct fer_stage_spec *stage = &t->description->stages[t->state.stage];
        int updates, schedules, losses;

        fer_stage_counts(stage, &updates, &schedules, &losses);
        if (t->state.ndata != stage->ndata || t->state.nupdates != updates || t->state.nschedules != schedules ||
            t->state.nlosses != losses)
            return fer_fail(err, FER_EFORMAT, "%s: its state does not fit stage %s", t->last, stage->name);
    }
    return last->file ? fer_checkpoint_weights(last, t->store, err) : FER_OK;
}

/* The log's lock is held: nobody else writes these files. */
static void remove_leftovers(const struct fer_trainer *t)
{
    static const char *const names[] = { "last.safetensors", "best.safetensors", "run.json", "model.fer" };
    const struct fer_description *d = t->description;
    char *path;

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        if ((path = fer_path_join(t->options->run, names[i])))
            fer_file_remove_leftovers(path);
        free(path);
    }
    for (int i = 0; i < d->nstages; i++) {
        for (int k = 0; k < d->stages[i].nsaves; k++) {
            if ((path = fer_path_join(t->options->run, d->stages[i].saves[k].file)))
                fer_file_remove_leftovers(path);
            free(path);
        }
    }
}

/* The directory is rank 0's. */
static enum fer_status open_directory(struct fer_trainer *t, const char *path, struct fer_error *err)
{
    char *log = fer_path_join(t->options->run, "log.jsonl");
    enum fer_status status =
        log ? fer_directory_make(t->options->run, err) : fer_fail(err, FER_ENOMEM, "out of memory");

    if (status == FER_OK)
        status = fer_log_open(log, t->state.log_lines, &t->log, err);
    if (status == FER_OK) {
        remove_leftovers(t);
        status = fer_trainer_describe(t, path, err);
    }
    free(log);
    return status;
}

static enum fer_status set_up(struct fer_trainer *t, const char *path, struct fer_checkpoint *last,
                              struct fer_error *err)
{
    struct fer_device *device;
    char *state = NULL;
    enum fer_status status = FER_OK;

    t->last = fer_path_join(t->options->run, "last.safetensors");
    t->best = fer_path_join(t->options->run, "best.safetensors");
    if (!t->last || !t->best)
        status = fer_fail(err, FER_ENOMEM, "out of memory");
    if (status == FER_OK)
        status = find_start(t, last, &state, err);
    if (status == FER_OK)
        status = read_description(t, path, last, err);
    if (status == FER_OK)
        status = fer_trainer_compare_text(t, err);
    if (status == FER_OK)
        status = fer_context_device(t->context, &device, err);
    if (status == FER_OK)
        status = fer_store_begin(device, t->description, t->seed, &t->store, err);
    t->testers = calloc(t->description ? (size_t)t->description->ntests + 1 : 1, sizeof(struct fer_tester *));
    if (status == FER_OK && !t->testers)
        status = fer_fail(err, FER_ENOMEM, "out of memory");
    if (status == FER_OK && t->resumed)
        status = restore(t, last, state, err);
    if (status == FER_OK)
        status = fer_best_check(t->description, t->state.stage, err);
    if (status == FER_OK && fer_group_leads(t->group))
        status = open_directory(t, path, err);
    free(state);
    return status;
}

/* A stage that begins: counters at zero, its loads. */
static enum fer_status begin_stage(struct fer_trainer *t, int index, struct fer_error *err)
{
    const struct fer_stage_spec *stage = &t->description->stages[index];
    int updates, schedules, losses;
    enum fer_status status;

    fer_stage_counts(stage, &updates, &schedules, &losses);
    status = fer_train_state_begin(&t->state, index, stage->ndata, updates, schedules, losses, err);
    for (int i = 0; status == FER_OK && fer_group_leads(t->group) && i < stage->nloads; i++)
        status = fer_weights_load(t->context, &stage->loads[i], t->store, err);
    return status;
}

static enum fer_status run_stages(struct fer_trainer *t, struct fer_checkpoint *last, struct fer_error *err)
{
    bool resumed = t->resumed;
    enum fer_status status = FER_OK;

    for (int i = 0; !resumed && status == FER_OK && fer_group_leads(t->group) && i < t->description->nloads; i++)
        status = fer_weights_load(t->context, &t->description->loads[i], t->store, err);
    if (status == FER_OK)
        status = fer_trainer_compare_precision(t, err);
    for (int i = t->state.stage; status == FER_OK && i < t->description->nstages; i++) {
        if (!resumed)
            status = begin_stage(t, i, err);
        if (status == FER_OK)
            status = fer_trainer_open_stage(t, err);
        if (status == FER_OK && resumed)
            status = fer_trainer_restore_updates(t, last, err);
        fer_checkpoint_close(last);
        if (status == FER_OK)
            status = fer_trainer_share_weights(t, err);
        /* from here on best.safetensors may be replaced: the weights that this stage starts from are kept first */
        if (status == FER_OK && !resumed && i > 0)
            status = fer_trainer_save_last(t, err);
        resumed = false;
        if (status == FER_OK)
            status = fer_trainer_run_stage(t, err);
        fer_trainer_close_stage(t);
    }
    if (status != FER_OK)
        return status;
    /* an empty state past the last stage: complete */
    status = fer_train_state_begin(&t->state, t->description->nstages, 0, 0, 0, 0, err);
    return status == FER_OK ? fer_trainer_save_last(t, err) : status;
}

static void tear_down(struct fer_trainer *t)
{
    for (int i = 0; t->testers && t->description && i < t->description->ntests; i++)
        fer_tester_close(t->testers[i]);
    free(t->testers);
    fer_log_close(t->log);
    fer_store_free(t->store);
    fer_description_free(t->description);
    fer_train_state_clear(&t->state);
    free(t->text);
    free(t->last);
    free(t->best);
}

/* All end in the same way.  When one fails, it says so, and nobody waits for it any longer. */
static enum fer_status end_together(struct fer_trainer *t, enum fer_status status, struct fer_error *err)
{
    struct fer_error apart = FER_ERROR_INIT;

    if (!fer_group_shared(t->group))
        return status;
    if ((status == FER_OK || status == FER_EINTERRUPTED) && fer_group_meet(t->group, &apart) != FER_OK) {
        *err = apart;
        status = apart.status;
    }
    if (status == FER_EPEER)
        fer_trainer_explain(t, err);
    if (status != FER_OK && status != FER_EINTERRUPTED)
        fer_group_part(t->group, err);
    return status;
}

enum fer_status fer_train(struct fer_context *context, const char *path, const struct fer_train_options *options,
                          struct fer_error *err)
{
    struct fer_trainer trainer = {
        .context = context, .options = options, .started = fer_meter_now(), .group = options->group
    };
    struct fer_error own = FER_ERROR_INIT;
    struct fer_checkpoint last = { 0 };
    enum fer_status status = set_up(&trainer, path, &last, err ? err : &own);

    trainer.saved = fer_meter_now();
    if (status == FER_OK && trainer.resumed && trainer.state.stage >= trainer.description->nstages)
        fer_context_say(context, FER_MESSAGE_NOTE, "%s is complete: there is nothing to resume", options->run);
    else if (status == FER_OK)
        status = run_stages(&trainer, &last, err ? err : &own);
    status = end_together(&trainer, status, err ? err : &own);
    fer_checkpoint_close(&last);
    tear_down(&trainer);
    return status;
}
