/* SPDX-License-Identifier: Apache-2.0
 *
 * The loss scales of a stage between device and checkpoint.
 */
#include "compile/scale.h"

#include <float.h>

#include "train/trainer.h"

/* Numbers of a step, at most. */
enum { STATE_MOST = FER_SCALE_STATE + FER_STEP_UPDATES };

static int count_all(const struct fer_trainer *t)
{
    int count = 0;

    for (int s = 0; s < t->program->nsteps; s++)
        count += fer_scale_count(&t->program->steps[s]);
    return count;
}

enum fer_status fer_trainer_keep_scales(struct fer_trainer *t, struct fer_error *err)
{
    int count = t->program ? count_all(t) : 0, at = 0;
    float state[STATE_MOST];
    enum fer_status status = FER_OK;

    if (count != t->state.nscales)
        status = fer_train_state_scales(&t->state, count, err);
    for (int s = 0; status == FER_OK && at < count; s++) {
        const struct fer_step_program *step = &t->program->steps[s];

        status = fer_scale_read(step, state, err);
        for (int i = 0; status == FER_OK && i < fer_scale_count(step); i++)
            t->state.scales[at++] = (double)state[i];
    }
    return status;
}

/* Weights would be divided by what is no scale. */
static bool is_state(const double *state, int count)
{
    for (int i = 0; i < count; i++)
        if (!(state[i] >= 0 && state[i] <= FLT_MAX))
            return false;
    return state[FER_SCALE_NEXT] >= FER_SCALE_LEAST && state[FER_SCALE_NEXT] <= FER_SCALE_MOST &&
           state[FER_SCALE_USED] >= FER_SCALE_LEAST && state[FER_SCALE_USED] <= FER_SCALE_MOST;
}

enum fer_status fer_trainer_restore_scales(struct fer_trainer *t, struct fer_error *err)
{
    int count = count_all(t), at = 0;
    float state[STATE_MOST];
    enum fer_status status = FER_OK;

    if (t->state.nscales != count)
        return fer_fail(err, FER_EFORMAT, "%s: its loss scales are not those of stage %s", t->last, t->stage->name);
    for (int s = 0; status == FER_OK && at < count; s++) {
        struct fer_step_program *step = &t->program->steps[s];

        if (!is_state(t->state.scales + at, fer_scale_count(step)))
            return fer_fail(
                err, FER_EFORMAT,
                "%s: a loss scale of stage %s is damaged: scales from 2^-24 to 2^24 and counts of at least 0 were "
                "expected",
                t->last, t->stage->name);
        for (int i = 0; i < fer_scale_count(step); i++)
            state[i] = (float)t->state.scales[at++];
        status = fer_scale_write(step, state, err);
    }
    return status;
}

enum fer_status fer_trainer_compare_precision(struct fer_trainer *t, struct fer_error *err)
{
    enum fer_precision now = t->context->precision, begun = t->state.precision;

    if (t->resumed && now != begun)
        return fer_fail(err, FER_EINVAL, "%s: the run began with --precision %s and cannot go on with %s", t->last,
                        fer_precision_name(begun), fer_precision_name(now));
    t->state.precision = now;
    return FER_OK;
}
