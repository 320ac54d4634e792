/* SPDX-License-Identifier: Apache-2.0
 *
 * What follows an epoch.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "train/best.h"
#include "train/trainer.h"

static enum fer_status run_test(struct fer_trainer *t, int test, json_t *results, struct fer_error *err)
{
    struct fer_watch watch = { .stop = t->options->stop,
                               .progress = t->options->progress,
                               .user = t->options->user,
                               .stage = t->stage->name,
                               .epoch = t->state.epochs + 1,
                               .epochs = t->stage->unit == FER_UNIT_EPOCH ? t->stage->until : 0 };
    json_t *result = NULL;
    enum fer_status status = FER_OK;

    if (!t->testers[test])
        status = fer_tester_open(t->context, t->description, test, t->store, &t->testers[test], err);
    if (status == FER_OK)
        status = fer_tester_run(t->testers[test], &watch, &result, err);
    if (status == FER_OK && json_object_set_new(results, t->description->tests[test].name, result) != 0)
        status = fer_fail(err, FER_ENOMEM, "out of memory");
    return status;
}

/* Schedules such as plateau learn the metric; their factor is asked for again at every step. */
static void tell_schedules(struct fer_trainer *t, double metric)
{
    struct fer_rate_point point = fer_trainer_point(t);
    double *states = t->state.schedules;

    point.has_metric = true;
    point.metric = metric;
    for (int s = 0; s < t->stage->nsteps; s++) {
        for (int u = 0; u < t->stage->steps[s].nupdates; u++) {
            fer_update_rate(&t->stage->steps[s].updates[u], &point, states);
            states += t->stage->steps[s].updates[u].nschedules * FER_SCHEDULE_STATE;
        }
    }
}

static json_t *mean_losses(const struct fer_trainer *t, double *total)
{
    json_t *losses = json_object();
    double turns = t->state.summed > 0 ? (double)t->state.summed : 1;
    char name[256];
    int at = 0;

    *total = 0;
    for (int s = 0; s < t->stage->nsteps; s++) {
        const struct fer_step_spec *step = &t->stage->steps[s];

        for (int i = 0; i < step->nlosses; i++, at++) {
            snprintf(name, sizeof(name), "%s%s%s", step->name, step->name[0] ? "." : "", step->losses[i].name);
            fer_json_set(&losses, name, fer_json_number(t->state.sums[at] / turns));
            *total += step->losses[i].weight * t->state.sums[at] / turns;
        }
    }
    return losses;
}

static enum fer_status log_epoch(struct fer_trainer *t, json_t *results, bool best, struct fer_error *err)
{
    double loss;
    json_t *losses = mean_losses(t, &loss), *line;
    char *text = NULL;
    enum fer_status status;

    line = json_pack("{s:s, s:s, s:I, s:I, s:o, s:o, s:O, s:b, s:f, s:f}", "kind", "epoch", "stage", t->stage->name,
                     "epoch", (json_int_t)t->state.epochs + 1, "step", (json_int_t)t->state.turns, "loss",
                     fer_json_number(loss), "losses", losses, "tests", results, "best", (int)best, "seconds",
                     fer_meter_now() - t->started, "waited", t->waited);
    status = fer_json_text(json_incref(line), &text, err);
    if (status == FER_OK)
        status = fer_log_line(t->log, json_incref(line), err);
    if (status == FER_OK && t->options->epoch && fer_group_leads(t->group)) {
        struct fer_epoch epoch = { t->stage->name,
                                   t->state.epochs + 1,
                                   t->stage->unit == FER_UNIT_EPOCH ? t->stage->until : 0,
                                   loss,
                                   text,
                                   best };

        t->options->epoch(t->options->user, &epoch);
    }
    json_decref(line);
    free(text);
    return status;
}

static bool is_better(const struct fer_trainer *t, double value)
{
    if (!t->state.has_best)
        return true;
    return t->stage->best_is_loss ? value < t->state.best : value > t->state.best;
}

/* Rank 0 runs the tests, and tells the others what is to be judged, or that it was interrupted. */
static enum fer_status run_tests(struct fer_trainer *t, json_t *results, double *value, struct fer_error *err)
{
    struct fer_error own = FER_ERROR_INIT;
    struct {
        double value;
        int64_t interrupted;
    } told = { 0 };
    enum fer_status status = FER_OK, shared;

    for (int i = 0; status == FER_OK && fer_group_leads(t->group) && i < t->stage->ntests; i++)
        status = run_test(t, t->stage->tests[i], results, &own);
    if (status == FER_OK && t->stage->best && fer_group_leads(t->group))
        status = fer_best_find(t->stage, results, &told.value, &own);
    told.interrupted = status == FER_EINTERRUPTED;
    if (status != FER_OK && err)
        *err = own;
    if (status != FER_OK && !told.interrupted)
        return status;
    shared = fer_group_share(t->group, &told, sizeof(told), err);
    *value = told.value;
    if (shared != FER_OK)
        return shared;
    return told.interrupted ? fer_fail(err, FER_EINTERRUPTED, "the tests were stopped") : FER_OK;
}

/* Tests, then everything that looks at their results.  Nothing of the state changes before all tests have run. */
static enum fer_status judge(struct fer_trainer *t, json_t *results, bool *better, struct fer_error *err)
{
    double value;
    enum fer_status status = run_tests(t, results, &value, err);

    *better = false;
    if (status != FER_OK || !t->stage->best)
        return status;
    *better = is_better(t, value);
    if (*better)
        status = fer_trainer_save_best(t, err);
    if (status != FER_OK)
        return status;
    if (*better) {
        t->state.best = value;
        t->state.has_best = true;
    }
    t->state.since_best = *better ? 0 : t->state.since_best + 1;
    tell_schedules(t, value);
    return FER_OK;
}

enum fer_status fer_trainer_end_epoch(struct fer_trainer *t, struct fer_error *err)
{
    json_t *results = json_object();
    bool better;
    enum fer_status status = judge(t, results, &better, err);

    if (status == FER_OK)
        status = log_epoch(t, results, better, err);
    json_decref(results);
    if (status != FER_OK)
        return status;
    t->state.epochs++;
    t->state.summed = 0;
    for (int i = 0; i < t->state.nlosses; i++)
        t->state.sums[i] = 0;
    /* other devices round otherwise, and have other running statistics */
    status = fer_trainer_share_weights(t, err);
    return status == FER_OK ? fer_trainer_save_last(t, err) : status;
}
