/* SPDX-License-Identifier: Apache-2.0
 *
 * A stage becomes a program: shared flows, steps, updates.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compile/autodiff.h"
#include "compile/branch.h"
#include "compile/compile-parts.h"
#include "compile/core.h"
#include "compile/scale.h"
#include "compile/update.h"

enum fer_status fer_share_find(const struct fer_data_spec *data, int ranks, struct fer_share *out,
                               struct fer_error *err)
{
    if (data->batch % ranks)
        return fer_fail(err, FER_EINVAL,
                        "data %s: a batch of %d cannot be shared equally by %d processes; choose another "
                        "batch or number of processes",
                        data->name, data->batch, ranks);
    out->rows = data->batch / ranks;
    out->micro = data->micro < out->rows ? data->micro : out->rows;
    out->parts = out->rows / out->micro;
    if (out->rows % out->micro)
        return fer_fail(err, FER_EINVAL,
                        "data %s: micro=%d does not divide a share of %d, a batch of %d over %d processes", data->name,
                        out->micro, out->rows, data->batch, ranks);
    return FER_OK;
}

struct stage_compile {
    struct fer_compiler c;
    struct fer_share share;
    struct fer_stage_program *out;
    struct fer_error *err;
    bool *differentiated; /* by operation: some step runs its backward */
    bool *tracked;        /* by net: statistics move in the region being emitted */
};

/* ad->user: the step program whose updates own gradients. */
static bool step_wants(const struct fer_autodiff *ad, const struct fer_weight *weight)
{
    return fer_update_find(ad->user, weight, NULL);
}

static struct fer_tensor *step_target(const struct fer_autodiff *ad, const struct fer_weight *weight)
{
    return fer_update_gradient(ad->c, ad->user, weight);
}

static struct fer_autodiff step_autodiff(struct stage_compile *s, int k, struct fer_segment *segment)
{
    return (struct fer_autodiff){ .c = &s->c,
                                  .segment = segment,
                                  .region = FER_REGION_STEP + k,
                                  .wants = step_wants,
                                  .target = step_target,
                                  .user = &s->out->steps[k] };
}

static void mark_tracked(const struct fer_stage_spec *spec, int step, bool *tracked, int nnets)
{
    memset(tracked, 0, (size_t)nnets);
    for (int k = 0; k < spec->nsteps; k++)
        for (int u = 0; (step < 0 || step == k) && u < spec->steps[k].nupdates; u++)
            for (int w = 0; w < spec->steps[k].updates[u].nweights; w++)
                tracked[spec->steps[k].updates[u].weights[w]->net->index] = true;
}

static enum fer_status emit_losses(struct stage_compile *s, struct fer_step_program *step, struct fer_segment *segment)
{
    const struct fer_step_spec *spec = step->spec;
    const struct fer_shape shape = { FER_F32, 1, { spec->nlosses }, 0 };
    step->losses = fer_compiler_tensor(&s->c, &shape, FER_LAYOUT_PLAIN, FER_STORAGE_ARENA, "losses");
    if (!step->losses)
        return fer_compile_memory(s->err);
    step->losses->keep = true;
    struct fer_emit em = fer_compiler_emit(&s->c, segment, "forward", s->err);
    for (int i = 0; i < spec->nlosses; i++) {
        struct fer_tensor *loss = fer_compiler_value(&s->c, spec->losses[i].value);
        if (!loss)
            return fer_compile_memory(s->err);
        fer_core_collect(&em, loss, step->losses, i);
    }
    return em.status;
}

static enum fer_status seed(struct stage_compile *s, const struct fer_step_spec *spec)
{
    const struct fer_shape one = { FER_F32, 1, { 1 }, 0 };
    for (int i = 0; i < spec->nlosses; i++) {
        struct fer_value *value = spec->losses[i].value;
        if (spec->losses[i].weight == 0) /* a loss of weight 0 drops out here */
            continue;
        struct fer_tensor *grad =
            fer_compiler_tensor(&s->c, &one, FER_LAYOUT_PLAIN, FER_STORAGE_CONSTANT, "weight of a loss");
        if (!grad)
            return fer_compile_memory(s->err);
        grad->fill = (float)spec->losses[i].weight + (value->grad ? value->grad->fill : 0);
        value->grad = grad;
    }
    return FER_OK;
}

/* The same with the loss scale, which the device knows. */
static enum fer_status scale_seeds(struct stage_compile *s, const struct fer_step_program *step,
                                   struct fer_segment *segment)
{
    struct fer_emit em = fer_compiler_emit(&s->c, segment, "backward", s->err);
    for (int i = 0; step->scale && i < step->spec->nlosses; i++) {
        struct fer_value *value = step->spec->losses[i].value;
        if (value->grad && value->grad->storage == FER_STORAGE_CONSTANT &&
            !(value->grad = fer_scale_seed(&em, step, (double)value->grad->fill)))
            return fer_compile_memory(s->err);
    }
    return em.status;
}

static enum fer_status emit_step(struct stage_compile *s, int k)
{
    struct fer_step_program *step = &s->out->steps[k];
    char name[128];
    snprintf(name, sizeof(name), "step %s", step->spec->name);
    step->segment = fer_compiler_segment(&s->c, name);
    if (!step->segment)
        return fer_compile_memory(s->err);
    mark_tracked(s->out->spec, k, s->tracked, s->c.graph->description->nnets);
    enum fer_status status =
        fer_compile_region(&s->c, FER_REGION_STEP + k, step->segment, s->differentiated, s->tracked, s->err);
    struct fer_segment *last = fer_branch_segment(&s->c, step->segment, 0);
    if (!last)
        return fer_compile_memory(s->err);
    if (!status)
        status = emit_losses(s, step, last);
    const struct fer_autodiff ad = step_autodiff(s, k, last);
    fer_autodiff_mark(&ad);
    if (!status)
        status = seed(s, step->spec);
    if (!status)
        status = scale_seeds(s, step, last);
    if (!status)
        status = fer_autodiff_emit(&ad, s->err);
    if (!status && !(last = fer_branch_segment(&s->c, last, 0)))
        return fer_compile_memory(s->err);
    return status ? status : fer_updates_finish(&s->c, step, last, s->err);
}

/* Does the shared segment use a net that this step moves? */
static bool moves_shared(const struct stage_compile *s, const struct fer_step_program *step)
{
    for (int i = 0; i < s->c.graph->nops; i++) {
        const struct fer_op *op = s->c.graph->ops[i];
        for (int w = 0; op->live && op->region == FER_REGION_SHARED && w < op->nweights; w++)
            if (op->weights[w] && fer_update_find(step, op->weights[w], NULL))
                return true;
    }
    return false;
}

static enum fer_status emit_stage(struct stage_compile *s)
{
    struct fer_stage_program *out = s->out;
    const struct fer_stage_spec *spec = out->spec;
    const int nnets = s->c.graph->description->nnets;
    struct fer_arena *arena = s->c.program->arena;
    s->differentiated = fer_arena_alloc(arena, (size_t)s->c.graph->nops + 1);
    s->tracked = fer_arena_alloc(arena, (size_t)nnets + 1);
    out->nsteps = spec->nsteps;
    out->steps = fer_arena_alloc(arena, (size_t)(spec->nsteps + 1) * sizeof(*out->steps));
    out->data = fer_compiler_segment(&s->c, "data");
    out->shared = fer_compiler_segment(&s->c, "shared");
    if (!s->differentiated || !s->tracked || !out->steps || !out->data || !out->shared)
        return fer_compile_memory(s->err);
    enum fer_status status = fer_compile_inputs(&s->c, spec->data, spec->ndata, &out->inputs, s->err);
    for (int k = 0; k < spec->nsteps && !status; k++) {
        out->steps[k].spec = &spec->steps[k];
        status = fer_updates_create(&s->c, &out->steps[k], s->share.parts, s->err);
        if (!status && fer_scale_is_wanted(&s->c))
            status = fer_scale_create(&s->c, &out->steps[k], s->err);
        const struct fer_autodiff ad = step_autodiff(s, k, NULL);
        fer_autodiff_mark(&ad);
        for (int i = 0; i < s->c.graph->nops; i++)
            s->differentiated[i] = s->differentiated[i] || s->c.graph->ops[i]->needs_backward;
    }
    if (!status)
        status = fer_compile_region(&s->c, FER_REGION_DATA, out->data, s->differentiated, NULL, s->err);
    mark_tracked(spec, -1, s->tracked, nnets);
    if (!status)
        status = fer_compile_region(&s->c, FER_REGION_SHARED, out->shared, s->differentiated, s->tracked, s->err);
    for (int k = 0; k < spec->nsteps && !status; k++) {
        status = emit_step(s, k);
        out->steps[k].stale_shared = moves_shared(s, &out->steps[k]);
    }
    return status;
}

static bool spec_wants(const struct fer_autodiff *ad, const struct fer_weight *weight)
{
    return fer_step_moves(ad->user, weight);
}

/* Before the graph is lowered: through which operations some step's gradients flow. */
static void mark_differentiated(struct fer_graph *graph, const struct fer_stage_spec *spec)
{
    struct fer_compiler c = { .graph = graph };
    for (int k = 0; k < spec->nsteps && !graph->lowered; k++) {
        const struct fer_autodiff ad = {
            .c = &c, .region = FER_REGION_STEP + k, .wants = spec_wants, .user = &spec->steps[k]
        };
        fer_autodiff_mark(&ad);
        for (int i = 0; i < graph->nops; i++)
            graph->ops[i]->differentiated = graph->ops[i]->differentiated || graph->ops[i]->needs_backward;
    }
}

enum fer_status fer_stage_compile(struct fer_description *description, int stage, struct fer_store *store,
                                  const struct fer_compile_options *options, struct fer_stage_program **out,
                                  struct fer_error *err)
{
    const struct fer_stage_spec *spec = &description->stages[stage];
    *out = NULL;
    if (!spec->graph)
        return fer_fail(err, FER_ENOTFOUND, "stage '%s' cannot run: its data is absent", spec->name);
    struct stage_compile s = { .err = err };
    const int ranks = options && options->ranks > 1 ? options->ranks : 1;
    enum fer_status status = fer_share_find(&description->data[spec->data[0]], ranks, &s.share, err);
    if (status)
        return status;
    s.out = calloc(1, sizeof(*s.out));
    if (!s.out)
        return fer_compile_memory(err);
    s.out->spec = spec;
    s.out->graph = spec->graph;
    mark_differentiated(spec->graph, spec);
    status = fer_compile_begin(spec->graph, store, s.share.micro, options, &s.c, err);
    s.out->program = s.c.program;
    s.c.trains = true;
    s.out->prepares_moving = s.share.parts > 1;
    s.c.moving = s.out->prepares_moving ? NULL : spec;
    s.c.ranks = options && options->sync ? ranks : 1;
    if (!status)
        status = emit_stage(&s);
    if (!status)
        status = fer_compile_finish(&s.c, options, &s.out->exec, err);
    if (status) {
        fer_stage_program_free(s.out);
        return status;
    }
    for (int i = 0; i < spec->ndata; i++)
        s.out->inputs[i].random = s.c.random[i];
    *out = s.out;
    return FER_OK;
}

void fer_stage_moved(struct fer_stage_program *program)
{
    if (program->prepares_moving)
        fer_exec_weights_changed(program->exec);
}

void fer_stage_program_free(struct fer_stage_program *program)
{
    if (!program)
        return;
    fer_exec_free(program->exec);
    for (int k = 0; k < program->nsteps; k++)
        fer_updates_free(&program->steps[k]);
    if (program->program)
        fer_arena_free(program->program->arena);
    free(program);
}
