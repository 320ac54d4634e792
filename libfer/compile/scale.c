/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/core.h"
#include "compile/scale.h"

#include <stdio.h>

bool fer_scale_is_wanted(const struct fer_compiler *c)
{
    return c->options && c->options->precision == FER_FP16;
}

int fer_scale_count(const struct fer_step_program *step)
{
    return step->scale ? FER_SCALE_STATE + step->nupdates : 0;
}

enum fer_status fer_scale_create(struct fer_compiler *c, struct fer_step_program *step, struct fer_error *err)
{
    const float first[2] = { FER_SCALE_FIRST, FER_SCALE_FIRST };
    const size_t bytes = (size_t)(FER_SCALE_STATE + step->nupdates) * sizeof(float);
    enum fer_status status = fer_buffer_create(c->store->device, bytes, &step->scale, err);
    if (!status)
        status = fer_buffer_fill(step->scale, 0, bytes, 0, err);
    return status ? status : fer_buffer_write(step->scale, 0, first, sizeof(first), err);
}

enum fer_status fer_scale_read(const struct fer_step_program *step, float *state, struct fer_error *err)
{
    return fer_buffer_read(step->scale, 0, state, (size_t)fer_scale_count(step) * sizeof(float), err);
}

enum fer_status fer_scale_write(struct fer_step_program *step, const float *state, struct fer_error *err)
{
    return fer_buffer_write(step->scale, 0, state, (size_t)fer_scale_count(step) * sizeof(float), err);
}

static struct fer_tensor *state_of(struct fer_compiler *c, const struct fer_step_program *step)
{
    return fer_compiler_run(c, step->scale, 0, (size_t)fer_scale_count(step), "loss scale");
}

struct fer_tensor *fer_scale_seed(struct fer_emit *em, const struct fer_step_program *step, double weight)
{
    const struct fer_shape one = { FER_F32, 1, { 1 }, 0 };
    struct fer_tensor *state = state_of(em->c, step);
    struct fer_tensor *seed =
        fer_compiler_tensor(em->c, &one, FER_LAYOUT_PLAIN, FER_STORAGE_ARENA, "scaled weight of a loss");
    if (!state || !seed)
        return NULL;
    fer_core_scale_seed(em, state, weight, seed);
    return seed;
}

static int count_nets(const struct fer_step_program *step)
{
    int count = 0;
    for (int u = 0; u < step->nupdates; u++)
        count += step->updates[u].nnets;
    return count;
}

enum fer_status fer_scale_check(struct fer_compiler *c, struct fer_step_program *step, struct fer_error *err)
{
    char name[160];
    struct fer_tensor **grads =
        fer_arena_alloc(c->program->arena, (size_t)(count_nets(step) + 1) * sizeof(struct fer_tensor *));
    struct fer_tensor *state = state_of(c, step);
    int count = 0;
    snprintf(name, sizeof(name), "check %s", step->spec->name);
    step->check = fer_compiler_segment(c, name);
    if (!step->check || !grads || !state)
        return fer_compile_memory(err);
    for (int u = 0; u < step->nupdates; u++) /* what is not this update's is zero */
        for (int i = 0; i < step->updates[u].nnets; i++) {
            const struct fer_update_state *update = &step->updates[u];
            grads[count] = fer_compiler_run(c, update->grads[i], 0, update->nets[i]->values, "gradients");
            if (!grads[count++])
                return fer_compile_memory(err);
        }
    struct fer_emit em = fer_compiler_emit(c, step->check, "update", err);
    fer_core_rescale(&em, grads, count, FER_SCALE_STEADY, state);
    return em.status;
}

struct fer_tensor *fer_scale_control(struct fer_emit *em, const struct fer_step_program *step, int update,
                                     struct fer_tensor *control)
{
    const struct fer_shape four = { FER_F32, 1, { 4 }, 0 };
    struct fer_tensor *state = state_of(em->c, step), *out = fer_emit_temp(em, &four, FER_LAYOUT_PLAIN);
    if (!state || !out)
        return NULL;
    fer_core_unscale(em, control, FER_SCALE_STATE + update, state, out);
    return out;
}
