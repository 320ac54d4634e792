/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/core.h"
#include "compile/scale.h"
#include "compile/update.h"
#include "said.h"

#include <stdio.h>

bool fer_update_find(const struct fer_step_program *step, const struct fer_weight *weight, int *update)
{
    for (int u = 0; u < step->spec->nupdates; u++)
        for (int w = 0; w < step->spec->updates[u].nweights; w++)
            if (step->spec->updates[u].weights[w] == weight) {
                if (update)
                    *update = u;
                return true;
            }
    return false;
}

static int net_index(const struct fer_update_state *state, const struct fer_net *net)
{
    for (int i = 0; i < state->nnets; i++)
        if (state->nets[i] == net)
            return i;
    return -1;
}

static enum fer_status zeroed_like(struct fer_compiler *c, const struct fer_net *net, struct fer_buffer **out,
                                   struct fer_error *err)
{
    const size_t bytes = net->values * sizeof(float);
    const enum fer_status status = fer_buffer_create(c->store->device, bytes, out, err);
    return status ? status : fer_buffer_fill(*out, 0, bytes, 0, err);
}

static enum fer_status create_one(struct fer_compiler *c, struct fer_update_state *state,
                                  const struct fer_update_spec *spec, int micro, struct fer_error *err)
{
    struct fer_arena *arena = c->program->arena;
    state->spec = spec;
    state->micro = micro;
    state->nets = fer_arena_alloc(arena, (size_t)(spec->nweights + 1) * sizeof(*state->nets));
    if (!state->nets)
        return fer_compile_memory(err);
    for (int w = 0; w < spec->nweights; w++)
        if (net_index(state, spec->weights[w]->net) < 0)
            state->nets[state->nnets++] = spec->weights[w]->net;
    state->grads = fer_arena_alloc(arena, (size_t)(state->nnets + 1) * sizeof(*state->grads));
    state->fresh = fer_arena_alloc(arena, (size_t)(state->nnets + 1) * sizeof(*state->fresh));
    state->states = fer_arena_alloc(arena, (size_t)(state->nnets + 1) * sizeof(*state->states));
    if (!state->grads || !state->fresh || !state->states)
        return fer_compile_memory(err);
    for (const char *const *name = spec->optimizer->states; name && *name && state->nstates < 4; name++)
        state->nstates++;
    enum fer_status status = FER_OK;
    for (int i = 0; i < state->nnets && !status; i++) {
        status = zeroed_like(c, state->nets[i], &state->grads[i], err);
        if (!status && micro > 1)
            status = zeroed_like(c, state->nets[i], &state->fresh[i], err);
        for (int k = 0; k < state->nstates && !status; k++)
            status = zeroed_like(c, state->nets[i], &state->states[i][k], err);
    }
    const struct fer_shape four = { FER_F32, 1, { 4 }, 0 };
    state->control = fer_compiler_tensor(c, &four, FER_LAYOUT_PLAIN, FER_STORAGE_INPUT, "control of an update");
    if (!status && !state->control)
        status = fer_compile_memory(err);
    return status;
}

enum fer_status fer_updates_create(struct fer_compiler *c, struct fer_step_program *step, int micro,
                                   struct fer_error *err)
{
    step->updates = fer_arena_alloc(c->program->arena, (size_t)(step->spec->nupdates + 1) * sizeof(*step->updates));
    if (!step->updates)
        return fer_compile_memory(err);
    step->nupdates = step->spec->nupdates;
    enum fer_status status = FER_OK;
    for (int u = 0; u < step->nupdates && !status; u++)
        status = create_one(c, &step->updates[u], &step->spec->updates[u], micro, err);
    return status;
}

struct fer_tensor *fer_update_gradient(struct fer_compiler *c, const struct fer_step_program *step,
                                       const struct fer_weight *weight)
{
    int u;
    if (!fer_update_find(step, weight, &u))
        return NULL;
    const struct fer_update_state *state = &step->updates[u];
    const int net = net_index(state, weight->net);
    /* One tensor a weight and step, so that the planner and the sums know it again. */
    for (int i = 0; i < c->program->ntensors; i++) {
        struct fer_tensor *t = c->program->tensors[i];
        if (t->storage == FER_STORAGE_PERSISTENT && t->offset == weight->offset && t->name == weight->path &&
            (t->buffer == state->grads[net] || t->buffer == state->fresh[net]))
            return t;
    }
    struct fer_tensor *t =
        fer_compiler_tensor(c, &weight->shape, FER_LAYOUT_PLAIN, FER_STORAGE_PERSISTENT, weight->path);
    if (t) {
        t->buffer = state->fresh[net] ? state->fresh[net] : state->grads[net];
        t->offset = weight->offset;
    }
    return t;
}

/* ---- segments ---- */

static enum fer_status emit_update(struct fer_compiler *c, const struct fer_step_program *step, int index,
                                   struct fer_error *err)
{
    struct fer_update_state *state = &step->updates[index];
    const struct fer_update_spec *spec = state->spec;
    const struct fer_optimizer *optimizer = spec->optimizer;
    struct fer_emit em = fer_compiler_emit(c, state->segment, "update", err);
    struct fer_run *runs;
    int nruns;
    const bool by_rank = optimizer->splits && optimizer->splits(spec->params);
    enum fer_status status = fer_runs_of(c->program->arena, spec->weights, spec->nweights, by_rank,
                                         fer_compiler_without(c, FER_PASS_OPTIMIZER), &runs, &nruns, err);
    if (status)
        return status;
    struct fer_tensor **grads = fer_arena_alloc(c->program->arena, (size_t)(nruns + 1) * sizeof(*grads));
    if (!grads)
        return fer_compile_memory(err);
    for (int r = 0; r < nruns; r++) {
        const int net = net_index(state, runs[r].net);
        grads[r] = fer_compiler_run(c, state->grads[net], runs[r].offset, runs[r].count, "gradients");
        if (!grads[r])
            return fer_compile_memory(err);
    }
    struct fer_tensor *control = state->control;
    if (step->scale && !(control = fer_scale_control(&em, step, index, control)))
        return fer_compile_memory(err);
    if (spec->clip > 0) {
        const struct fer_shape one = { FER_F32, 1, { 1 }, 0 }, four = { FER_F32, 1, { 4 }, 0 };
        state->norm = fer_compiler_tensor(c, &one, FER_LAYOUT_PLAIN, FER_STORAGE_ARENA, "gradient norm");
        struct fer_tensor *clipped = fer_emit_temp(&em, &four, FER_LAYOUT_PLAIN);
        if (!state->norm || !clipped)
            return fer_compile_memory(err);
        state->norm->keep = true;
        fer_core_clip(&em, grads, nruns, spec->clip, control, state->norm, clipped);
        control = clipped;
    }
    for (int r = 0; r < nruns && !status && !em.status; r++) {
        const int net = net_index(state, runs[r].net);
        struct fer_update update = { .size = sizeof(update),
                                     .params = spec->params,
                                     .grad = grads[r],
                                     .control = control,
                                     .decays = !by_rank || runs[r].matrix };
        update.weight =
            fer_compiler_run(c, c->store->values[runs[r].net->index], runs[r].offset, runs[r].count, "weights");
        for (int k = 0; k < state->nstates; k++)
            update.state[k] =
                fer_compiler_run(c, state->states[net][k], runs[r].offset, runs[r].count, optimizer->states[k]);
        em.owner = optimizer->name;
        status = fer_said(optimizer->emit(&em, &update, err), optimizer->name, "emit", err);
        em.owner = NULL;
    }
    return status ? status : em.status;
}

/* micro-batches: fresh gradients are added to what the batch has so far. */
static enum fer_status emit_micro(struct fer_compiler *c, struct fer_step_program *step, struct fer_segment *backward,
                                  struct fer_error *err)
{
    struct fer_emit add = fer_compiler_emit(c, backward, "core", err);
    struct fer_emit zero = fer_compiler_emit(c, step->clear, "core", err);
    for (int u = 0; u < step->nupdates; u++)
        for (int i = 0; i < step->updates[u].nnets; i++) {
            const struct fer_update_state *state = &step->updates[u];
            const size_t count = state->nets[i]->values;
            struct fer_tensor *sum = fer_compiler_run(c, state->grads[i], 0, count, "gradients");
            struct fer_tensor *fresh = fer_compiler_run(c, state->fresh[i], 0, count, "gradients of a micro-batch");
            if (!sum || !fresh)
                return fer_compile_memory(err);
            fer_core_copy(&add, fresh, sum, 1.0 / state->micro, true);
            fer_core_fill(&zero, sum, 0);
        }
    return add.status ? add.status : zero.status;
}

enum fer_status fer_updates_finish(struct fer_compiler *c, struct fer_step_program *step, struct fer_segment *backward,
                                   struct fer_error *err)
{
    enum fer_status status = FER_OK;
    char name[160];
    if (step->nupdates && step->updates[0].micro > 1) {
        snprintf(name, sizeof(name), "clear %s", step->spec->name);
        step->clear = fer_compiler_segment(c, name);
        status = step->clear ? emit_micro(c, step, backward, err) : fer_compile_memory(err);
    }
    if (!status && step->scale)
        status = fer_scale_check(c, step, err);
    for (int u = 0; u < step->nupdates && !status; u++) {
        snprintf(name, sizeof(name), "update %s %d", step->spec->name, u);
        step->updates[u].segment = fer_compiler_segment(c, name);
        status = step->updates[u].segment ? emit_update(c, step, u, err) : fer_compile_memory(err);
    }
    return status;
}

void fer_updates_free(struct fer_step_program *step)
{
    fer_buffer_free(step->scale);
    for (int u = 0; u < step->nupdates; u++) {
        struct fer_update_state *state = &step->updates[u];
        for (int i = 0; i < state->nnets && state->states; i++) {
            fer_buffer_free(state->grads[i]);
            fer_buffer_free(state->fresh[i]);
            for (int k = 0; k < state->nstates; k++)
                fer_buffer_free(state->states[i][k]);
        }
    }
}
