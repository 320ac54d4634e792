/* SPDX-License-Identifier: Apache-2.0
 *
 * Several processes in step.  Everything that decides what is done next is the same on all of them: the state, the
 * means of losses, and what rank 0 has found out and tells.
 */
#include <stdlib.h>
#include <string.h>

#include "train/trainer.h"

enum fer_status fer_trainer_agree_start(struct fer_trainer *t, uint64_t *seed, char **state, struct fer_error *err)
{
    uint64_t start[2] = { *seed, t->has_last };
    enum fer_status status = fer_group_share(t->group, start, sizeof(start), err);

    if (status == FER_OK)
        status = fer_group_share_text(t->group, state, err);
    *seed = start[0];
    t->has_last = start[1] != 0;
    t->resumed = status == FER_OK && *state;
    return status;
}

enum fer_status fer_trainer_compare_text(struct fer_trainer *t, struct fer_error *err)
{
    char *theirs = t->text;
    enum fer_status status = fer_group_share_text(t->group, &theirs, err);

    if (status == FER_OK && theirs && strcmp(theirs, t->text) != 0)
        status = fer_fail(err, FER_EINVAL,
                          "the description that rank %d has read is not that of rank 0; give all ranks the "
                          "same file and --set",
                          fer_group_rank(t->group));
    if (theirs != t->text)
        free(theirs);
    return status;
}

static enum fer_status share_buffer(struct fer_group *group, struct fer_buffer *buffer, struct fer_error *err)
{
    void *data;
    enum fer_status status;

    if (!buffer)
        return FER_OK;
    data = malloc(buffer->bytes + 1);
    status = data ? fer_buffer_read(buffer, 0, data, buffer->bytes, err) : fer_fail(err, FER_ENOMEM, "out of memory");
    if (status == FER_OK)
        status = fer_group_share(group, data, buffer->bytes, err);
    if (status == FER_OK && !fer_group_leads(group))
        status = fer_buffer_write(buffer, 0, data, buffer->bytes, err);
    free(data);
    return status;
}

static enum fer_status share_states(struct fer_trainer *t, struct fer_update_state *update, struct fer_error *err)
{
    enum fer_status status = FER_OK;

    for (int n = 0; n < update->nnets; n++) {
        for (int k = 0; k < update->nstates && status == FER_OK; k++)
            status = share_buffer(t->group, update->states[n][k], err);
    }
    return status;
}

enum fer_status fer_trainer_share_weights(struct fer_trainer *t, struct fer_error *err)
{
    enum fer_status status = FER_OK;

    if (!fer_group_shared(t->group))
        return FER_OK;
    for (int n = 0; n < t->description->nnets && status == FER_OK; n++) {
        status = share_buffer(t->group, t->store->values[n], err);
        if (status == FER_OK)
            status = share_buffer(t->group, t->store->statistics[n], err);
    }
    for (int s = 0; s < t->program->nsteps; s++) {
        for (int u = 0; u < t->program->steps[s].nupdates && status == FER_OK; u++)
            status = share_states(t, &t->program->steps[s].updates[u], err);
    }
    fer_exec_weights_changed(t->program->exec);
    return status;
}

enum fer_status fer_trainer_agree_stop(struct fer_trainer *t, bool *stop, struct fer_error *err)
{
    double asked = t->options->stop && *t->options->stop;
    enum fer_status status = fer_group_mean(t->group, &asked, 1, err);

    *stop = status == FER_OK && asked > 0;
    return status;
}

void fer_trainer_explain(const struct fer_trainer *t, struct fer_error *err)
{
    char text[FER_ERROR_TEXT];

    memcpy(text, err->text, sizeof(text));
    if (t->stage)
        fer_fail(err, FER_EPEER, "%.600s; training has ended in stage %s after step %ld, and %s%s", text,
                 t->stage->name, t->state.turns, t->has_last ? "the last checkpoint is " : "nothing was saved yet",
                 t->has_last ? t->last : "");
}
