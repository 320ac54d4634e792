/* SPDX-License-Identifier: Apache-2.0
 *
 * One turn of a stage: every step, as often as it says, each on the batch that it should see.
 */
#include <math.h>
#include <stdio.h>

#include "compile/scale.h"
#include "train/trainer.h"

/* Batches of each data set that a turn takes: more than one with times= and fresh=. */
static long draws_of(const struct fer_stage_spec *stage)
{
    long draws = 1;

    for (int s = 0; s < stage->nsteps; s++)
        draws += stage->steps[s].times - 1 + (s > 0 && stage->steps[s].fresh);
    return draws;
}

struct fer_rate_point fer_trainer_point(const struct fer_trainer *t)
{
    const struct fer_stage_spec *stage = t->stage;
    const double steps = (double)t->feeds[0].steps, draws = (double)draws_of(stage), until = (double)stage->until;

    return (struct fer_rate_point){
        .steps = t->state.turns,
        .epochs = (double)t->state.drawn[0] / steps,
        .end_steps = stage->unit == FER_UNIT_STEP ? until : ceil(until * steps / draws),
        .end_epochs = stage->unit == FER_UNIT_EPOCH ? until : until * draws / steps,
    };
}

static enum fer_status draw(struct fer_trainer *t, struct fer_error *err)
{
    const double before = fer_meter_now();
    t->fresh_batch = true;
    for (int i = 0; i < t->stage->ndata; i++) {
        enum fer_status status = fer_feed_next(&t->feeds[i], err);

        if (status != FER_OK)
            return status;
        t->state.drawn[i] = t->feeds[i].drawn;
    }
    t->waited += fer_meter_now() - before;
    return FER_OK;
}

/* Upload part `part` of `parts` of every batch and run what lies before the steps. */
static enum fer_status load(struct fer_trainer *t, int part, int parts, struct fer_error *err)
{
    struct fer_stage_program *p = t->program;
    enum fer_status status = FER_OK;

    for (int i = t->stage->ndata - 1; status == FER_OK && i >= 0; i--) {
        const struct fer_batch *batch = t->feeds[i].batch;
        int n = batch->n / parts;
        struct fer_batch slice = fer_batch_slice(batch, fer_pipeline_info(t->feeds[i].pipeline), part * n, n);

        status = fer_inputs_upload(p->exec, &p->inputs[i], &slice, err);
    }
    if (status == FER_OK && p->data)
        status = fer_exec_run(p->exec, p->data, err);
    if (status == FER_OK && p->shared)
        status = fer_exec_run(p->exec, p->shared, err);
    return status;
}

static enum fer_status add_losses(struct fer_trainer *t, const struct fer_step_program *step, double *losses,
                                  double weight, struct fer_error *err)
{
    float values[64];
    int count = step->spec->nlosses;
    enum fer_status status = fer_exec_read(t->program->exec, step->losses, values, (size_t)count * sizeof(float), err);

    for (int i = 0; status == FER_OK && i < count; i++)
        losses[i] += weight * (double)values[i];
    return status;
}

/* Forward and backward over the whole batch: at once, or in parts whose gradients add up. */
static enum fer_status differentiate(struct fer_trainer *t, struct fer_step_program *step, double *losses,
                                     struct fer_error *err)
{
    int parts = t->share.parts, index = (int)(step - t->program->steps);
    long epoch = (long)t->feeds[0].batch->epoch;
    enum fer_status status = FER_OK;

    if (parts == 1) {
        if (t->fresh_batch)
            status = load(t, 0, 1, err);
        else if (t->fresh_weights && t->program->shared)
            status = fer_exec_run(t->program->exec, t->program->shared, err);
        t->fresh_batch = t->fresh_weights = false;
        if (t->exchange)
            fer_exchange_begin(t->exchange, index, epoch);
        return status == FER_OK ? fer_exec_run(t->program->exec, step->segment, err) : status;
    }
    if (step->clear)
        status = fer_exec_run(t->program->exec, step->clear, err);
    for (int i = 0; status == FER_OK && i < parts; i++) {
        status = load(t, i, parts, err);
        if (t->exchange && i == parts - 1)
            fer_exchange_begin(t->exchange, index, epoch);
        if (status == FER_OK)
            status = fer_exec_run(t->program->exec, step->segment, err);
        if (status == FER_OK)
            status = add_losses(t, step, losses, 1.0 / parts, err);
    }
    return status;
}

static enum fer_status update(struct fer_trainer *t, struct fer_update_state *state, double rate, struct fer_error *err)
{
    float control[4] = { (float)rate, 1, (float)(state->updates + 1), 0 };
    enum fer_status status = fer_exec_write(t->program->exec, state->control, control, sizeof(control), err);

    if (status == FER_OK)
        status = fer_exec_run(t->program->exec, state->segment, err);
    if (status == FER_OK)
        state->updates++;
    return status;
}

static enum fer_status check_losses(const struct fer_trainer *t, const struct fer_step_spec *step, const double *losses,
                                    struct fer_error *err)
{
    for (int i = 0; i < step->nlosses; i++) {
        if (isfinite(losses[i]))
            continue;
        return fer_fail(
            err, FER_ENUMERIC,
            "stage %s, step %ld: the loss %s is not finite (%g); %s%s; a lower learning rate or clip= on the "
            "update may help",
            t->stage->name, t->state.turns + 1, step->losses[i].name, losses[i],
            t->has_last ? "the last good checkpoint is " : "nothing was saved yet", t->has_last ? t->last : "");
    }
    return FER_OK;
}

/* What the device has done about the loss scale. */
static enum fer_status look_at_scale(struct fer_trainer *t, const struct fer_step_program *step, struct fer_error *err)
{
    float state[FER_SCALE_STATE + FER_STEP_UPDATES];
    enum fer_status status = fer_scale_read(step, state, err);

    if (status != FER_OK)
        return status;
    t->scale = (double)state[FER_SCALE_USED];
    t->skipped += state[FER_SCALE_BROKEN] != 0;
    return FER_OK;
}

/* One repetition of one step. */
static enum fer_status run_step(struct fer_trainer *t, struct fer_step_program *step,
                                const struct fer_rate_point *point, double *losses, int update_index,
                                int schedule_index, struct fer_error *err)
{
    long epoch = (long)t->feeds[0].batch->epoch;
    enum fer_status status;

    for (int i = 0; i < step->spec->nlosses; i++)
        losses[i] = 0;
    status = differentiate(t, step, losses, err);
    if (status == FER_OK && t->exchange)
        status = fer_exchange_finish(t->exchange, err);
    if (status == FER_OK && step->check)
        status = fer_exec_run(t->program->exec, step->check, err);
    for (int u = 0; status == FER_OK && u < step->nupdates; u++) {
        const struct fer_update_spec *spec = step->updates[u].spec;
        double *rate = &t->rates[update_index + u];

        *rate = fer_update_rate(spec, point, t->state.schedules + (size_t)schedule_index * FER_SCHEDULE_STATE);
        schedule_index += spec->nschedules;
        if (epoch < spec->from)
            *rate = 0;
        else
            status = update(t, &step->updates[u], *rate, err);
        t->state.updates[update_index + u] = step->updates[u].updates;
    }
    fer_stage_moved(t->program);
    t->fresh_weights = t->fresh_weights || step->stale_shared;
    if (status == FER_OK && t->share.parts == 1)
        status = add_losses(t, step, losses, 1, err);
    if (status == FER_OK && step->scale)
        status = look_at_scale(t, step, err);
    if (status == FER_OK)
        status = fer_group_mean(t->group, losses, step->spec->nlosses, err);
    return status == FER_OK ? check_losses(t, step->spec, losses, err) : status;
}

static enum fer_status repeat_step(struct fer_trainer *t, int s, const struct fer_rate_point *point, double *losses,
                                   int update_index, int schedule_index, struct fer_error *err)
{
    struct fer_step_program *step = &t->program->steps[s];
    enum fer_status status = FER_OK;

    for (int k = 0; status == FER_OK && k < step->spec->times; k++) {
        /* the turn has drawn a batch for the first step */
        if (k > 0 || (s > 0 && step->spec->fresh))
            status = draw(t, err);
        if (status == FER_OK)
            status = run_step(t, step, point, losses, update_index, schedule_index, err);
    }
    return status;
}

static json_t *log_object(const struct fer_trainer *t, double *total)
{
    json_t *losses = json_object(), *rates = json_array(), *line;
    int at = 0, rate = 0;

    *total = 0;
    for (int s = 0; s < t->stage->nsteps; s++) {
        const struct fer_step_spec *step = &t->stage->steps[s];
        char name[256];

        for (int i = 0; i < step->nlosses; i++, at++) {
            snprintf(name, sizeof(name), "%s%s%s", step->name, step->name[0] ? "." : "", step->losses[i].name);
            fer_json_set(&losses, name, fer_json_number(t->losses[at]));
            *total += step->losses[i].weight * t->losses[at];
        }
        for (int u = 0; u < step->nupdates; u++)
            fer_json_append(&rates, fer_json_number(t->rates[rate++]));
    }
    line = json_pack("{s:s, s:s, s:I, s:I, s:o, s:o, s:o, s:f}", "kind", "step", "stage", t->stage->name, "epoch",
                     (json_int_t)t->feeds[0].batch->epoch, "step", (json_int_t)t->state.turns, "loss",
                     fer_json_number(*total), "losses", losses, "rate", fer_json_number(rate > 0 ? t->rates[0] : 0.0),
                     "seconds", fer_meter_now() - t->started);
    if (rate > 1)
        fer_json_set(&line, "rates", json_incref(rates));
    if (t->scale > 0)
        fer_json_set(&line, "loss_scale", json_real(t->scale));
    if (t->skipped > 0)
        fer_json_set(&line, "skipped", json_integer(t->skipped));
    json_decref(rates);
    return line;
}

static void tell(const struct fer_trainer *t, double loss)
{
    const struct fer_stage_spec *stage = t->stage;
    bool by_epoch = stage->unit == FER_UNIT_EPOCH;
    long steps = (long)fer_trainer_point(t).end_steps;
    struct fer_progress progress = { .stage = stage->name,
                                     .epoch = (long)t->feeds[0].batch->epoch,
                                     .epochs = by_epoch ? stage->until : 0,
                                     .step = t->state.turns,
                                     .steps = steps,
                                     .images = t->meter.total,
                                     .loss = loss,
                                     .rate = t->rates[0],
                                     .images_per_second = fer_meter_rate(&t->meter),
                                     .seconds_left = fer_meter_left(&t->meter, steps - t->state.turns) };

    if (t->options->progress && fer_group_leads(t->group))
        t->options->progress(t->options->user, &progress);
}

enum fer_status fer_trainer_turn(struct fer_trainer *t, struct fer_error *err)
{
    long drawn = t->state.drawn[0];
    int loss = 0, update_index = 0, schedule_index = 0;
    struct fer_rate_point point = fer_trainer_point(t);
    double total = 0;
    enum fer_status status = draw(t, err);

    t->scale = 0;
    t->skipped = 0;

    for (int s = 0; status == FER_OK && s < t->program->nsteps; s++) {
        const struct fer_step_spec *step = &t->stage->steps[s];

        status = repeat_step(t, s, &point, t->losses + loss, update_index, schedule_index, err);
        loss += step->nlosses;
        update_index += step->nupdates;
        for (int u = 0; u < step->nupdates; u++)
            schedule_index += step->updates[u].nschedules;
    }
    if (status != FER_OK)
        return status;
    t->state.turns++;
    t->state.all_turns++;
    t->state.summed++;
    for (int i = 0; i < t->state.nlosses; i++)
        t->state.sums[i] += t->losses[i];
    fer_meter_step(&t->meter, fer_meter_now(),
                   (t->state.drawn[0] - drawn) * t->description->data[t->stage->data[0]].batch);
    status = fer_log_line(t->log, log_object(t, &total), err);
    if (status == FER_OK)
        tell(t, total);
    return status;
}
