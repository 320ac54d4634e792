/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "train/trainer.h"

/* "STAGE.STEP.K" of every update of the open stage.  The caller frees names and list. */
static enum fer_status name_updates(const struct fer_trainer *t, struct fer_named_update **out, int *count,
                                    struct fer_error *err)
{
    struct fer_named_update *list = calloc((size_t)t->state.nupdates + 1, sizeof(*list));
    int n = 0;

    *out = list;
    *count = 0;
    if (!list)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    for (int s = 0; s < t->program->nsteps; s++) {
        const struct fer_step_program *step = &t->program->steps[s];

        for (int u = 0; u < step->nupdates; u++) {
            char *name;

            if (asprintf(&name, "%s.%s%s%d", t->stage->name, step->spec->name, step->spec->name[0] ? "." : "", u) < 0)
                return fer_fail(err, FER_ENOMEM, "out of memory");
            list[n++] = (struct fer_named_update){ name, &step->updates[u] };
            *count = n;
        }
    }
    return FER_OK;
}

static void free_names(struct fer_named_update *list, int count)
{
    for (int i = 0; i < count; i++)
        free((char *)list[i].name);
    free(list);
}

enum fer_status fer_trainer_save_last(struct fer_trainer *t, struct fer_error *err)
{
    struct fer_named_update *updates = NULL;
    int count = 0;
    char *state = NULL;
    struct fer_checkpoint_parts parts = { t->store, t->text, NULL, t->seed, NULL, 0 };
    enum fer_status status = fer_log_sync(t->log, err);

    if (!fer_group_leads(t->group)) {
        t->has_last = true;
        return FER_OK;
    }
    t->state.log_lines = fer_log_lines(t->log);
    if (status == FER_OK)
        status = fer_trainer_keep_scales(t, err);
    if (status == FER_OK)
        status = fer_json_text(fer_train_state_json(&t->state), &state, err);
    if (status == FER_OK && t->program)
        status = name_updates(t, &updates, &count, err);
    if (status == FER_OK) {
        parts.state = state;
        parts.updates = updates;
        parts.nupdates = count;
        status = fer_checkpoint_write(t->last, &parts, err);
    }
    if (status == FER_OK) {
        t->has_last = true;
        t->saved = fer_meter_now();
    }
    free_names(updates, count);
    free(state);
    return status;
}

enum fer_status fer_trainer_save_best(struct fer_trainer *t, struct fer_error *err)
{
    struct fer_checkpoint_parts parts = { t->store, t->text, NULL, t->seed, NULL, 0 };

    return fer_group_leads(t->group) ? fer_checkpoint_write(t->best, &parts, err) : FER_OK;
}

enum fer_status fer_trainer_restore_updates(struct fer_trainer *t, const struct fer_checkpoint *from,
                                            struct fer_error *err)
{
    struct fer_named_update *updates;
    int count;
    enum fer_status status = name_updates(t, &updates, &count, err);

    for (int i = 0; status == FER_OK && i < count; i++) {
        updates[i].update->updates = t->state.updates[i];
        if (fer_group_leads(t->group))
            status = fer_checkpoint_update(from, updates[i].name, updates[i].update, err);
    }
    if (status == FER_OK)
        status = fer_trainer_restore_scales(t, err);
    free_names(updates, count);
    return status;
}

enum fer_status fer_trainer_restore_best(struct fer_trainer *t, struct fer_error *err)
{
    struct fer_checkpoint checkpoint;
    enum fer_status status;

    if (!fer_group_leads(t->group)) /* gets them when the next stage begins */
        return FER_OK;
    status = fer_checkpoint_open(t->best, &checkpoint, err);

    if (status == FER_OK)
        status = fer_checkpoint_weights(&checkpoint, t->store, err);
    fer_checkpoint_close(&checkpoint);
    if (t->program)
        fer_exec_weights_changed(t->program->exec);
    return status;
}
