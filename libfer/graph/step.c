/* SPDX-License-Identifier: Apache-2.0
 *
 * Steps of a stage: their updates and schedules, and what they move.
 */
#include <string.h>

#include "graph/resolve.h"
#include "graph/step.h"

/* ---- keywords of the language ---- */

struct step_words {
    int times;
    bool fresh;
};
static const struct fer_param *const step_params[] = {
    FER_PARAM_INT(struct step_words, times, "1", 1, 10000, "repetitions in a turn, each with a batch of its own"),
    FER_PARAM_BOOL(struct step_words, fresh, "no", "draw a new batch"), NULL
};
struct update_words {
    double lr_scale, clip;
    int from;
};
static const struct fer_param *const update_params[] = {
    FER_PARAM_FLOAT(struct update_words, lr_scale, "1", 0, 1e6, "factor on the learning rate"),
    FER_PARAM_FLOAT(struct update_words, clip, "0", 0, 1e12, "bound on the global norm of the gradients; 0: none"),
    FER_PARAM_INT(struct update_words, from, "0", 0, 1000000, "first epoch in which this update runs"), NULL
};
struct unit_words {
    int unit;
};
static const char *const unit_names[] = { "epoch", "step", NULL };
static const struct fer_param *const unit_params[] = {
    FER_PARAM_ENUM(struct unit_words, unit, "epoch", unit_names, "what the schedule counts in"), NULL
};
static const char *const schedule_keywords[] = { "unit", NULL };

/* ---- updates ---- */

/* Plugins built before schedules could say so have a smaller struct. */
static bool needs_metric(const struct fer_schedule *schedule)
{
    return schedule->size >= offsetof(struct fer_schedule, needs_metric) + sizeof(schedule->needs_metric) &&
           schedule->needs_metric;
}

static enum fer_status bind_schedules(struct fer_stage_build *b, const struct fer_ast_stmt *stmt,
                                      struct fer_update_spec *out)
{
    struct fer_env *env = &b->env;
    out->nschedules = stmt->ncalls - 1;
    out->schedules = fer_arena_alloc(b->r->d->arena, (size_t)(out->nschedules + 1) * sizeof(*out->schedules));
    if (!out->schedules)
        return fer_report_memory(b->r, stmt->span);
    for (int i = 0; i < out->nschedules; i++) {
        const struct fer_ast_call *call = &stmt->calls[i + 1];
        const void *entry;
        struct fer_error err = FER_ERROR_INIT;
        enum fer_status status = fer_call_unlabelled(env, call);
        if (status)
            return status;
        status = fer_registry_find(b->r->d->registry, FER_KIND_SCHEDULE, call->name, b->r->main->plugins, &entry, NULL,
                                   &err);
        if (status) {
            fer_report_at(b->r, b->r->main, call->name_span, "%s", err.text);
            return status;
        }
        const struct fer_schedule *schedule = entry;
        if (needs_metric(schedule) && !b->out->best) {
            fer_report_at(b->r, b->r->main, call->name_span,
                          "%s needs a metric; write keeping best=\"TEST.METRIC\" after until", call->name);
            return FER_EINVAL;
        }
        struct fer_binder binder = fer_env_binder(env, schedule_keywords);
        void *params, *words;
        binder.arena = b->r->d->arena;
        status = fer_bind(&binder, call->name, schedule->params, schedule->params_size, call->positional,
                          call->positionals, call->keywords, call->nkeywords, call->name_span, &params);
        struct fer_ast_keyword unit = { 0 };
        bool given = false;
        for (int k = 0; k < call->nkeywords; k++)
            if (strcmp(call->keywords[k].name, "unit") == 0) {
                unit = call->keywords[k];
                given = true;
            }
        if (!status)
            status = fer_words_bind(env, call->name, unit_params, sizeof(struct unit_words), &unit, given, call->span,
                                    &words);
        if (status)
            return status;
        out->schedules[i] =
            (struct fer_bound_schedule){ schedule, params,
                                         given ? (enum fer_unit)((struct unit_words *)words)->unit : b->out->unit };
    }
    return FER_OK;
}

enum fer_status fer_step_update(struct fer_stage_build *b, const struct fer_ast_stmt *stmt, struct fer_step_spec *step)
{
    struct fer_update_spec *out = &step->updates[step->nupdates];
    const struct fer_ast_call *call = &stmt->calls[0];
    const void *entry;
    void *params, *words;
    struct fer_error err = FER_ERROR_INIT;
    enum fer_status status = fer_call_unlabelled(&b->env, call);
    if (status)
        return status;
    status =
        fer_registry_find(b->r->d->registry, FER_KIND_OPTIMIZER, call->name, b->r->main->plugins, &entry, NULL, &err);
    if (status) {
        fer_report_at(b->r, b->r->main, call->name_span, "%s", err.text);
        return status;
    }
    out->optimizer = entry;
    struct fer_binder binder = fer_env_binder(&b->env, NULL);
    binder.arena = b->r->d->arena;
    status = fer_bind(&binder, call->name, out->optimizer->params, out->optimizer->params_size, call->positional,
                      call->positionals, call->keywords, call->nkeywords, call->name_span, &params);
    if (!status)
        status = fer_words_bind(&b->env, "update", update_params, sizeof(struct update_words), stmt->keywords,
                                stmt->nkeywords, stmt->span, &words);
    if (status)
        return status;
    const struct update_words *update = words;
    out->params = params;
    out->lr_scale = update->lr_scale;
    out->clip = update->clip;
    out->from = update->from;
    out->span = stmt->span;
    b->updates[step->nupdates++] = stmt;
    return bind_schedules(b, stmt, out);
}

/* Operations that the gradient of a value comes through. */
static void reach(const struct fer_value *value)
{
    struct fer_op *op = value->producer;
    if (!op || op->live)
        return;
    op->live = true; /* until the graph is pruned */
    for (int i = 0; i < op->nin && !(op->layer->flags & FER_LAYER_STOPS_GRADIENT); i++)
        reach(op->in[i]);
}

static bool is_reached(const struct fer_graph *graph, const char *path)
{
    for (int i = 0; i < graph->nops; i++)
        for (int w = 0; w < graph->ops[i]->nweights && graph->ops[i]->live; w++)
            if (graph->ops[i]->weights[w] && fer_path_holds(path, graph->ops[i]->weights[w]->path))
                return true;
    return false;
}

static enum fer_status check_path(struct fer_stage_build *b, const struct fer_ast_path *path,
                                  const struct fer_update_spec *update)
{
    bool found = false;
    for (int w = 0; w < update->nweights; w++)
        found = found || fer_path_holds(path->text, update->weights[w]->path);
    const struct fer_net *net = fer_path_net(b->r, path);
    if (!net || (found && is_reached(b->env.graph, path->text)))
        return net ? FER_OK : FER_ENOTFOUND;
    if (net->nweights == 0 && net->used && update->nweights > 0) { /* values have left nothing of it, as in ablations */
        fer_diag_add(&b->r->d->diags, FER_SEVERITY_WARNING, path->span,
                     "net '%s' has no weights: the others of this update are moved", net->name);
        return FER_OK;
    }
    if (net->nweights > 0 && !found)
        fer_report_at(b->r, b->r->main, path->span, "no trained weight lies under '%s'", path->text);
    else if (found)
        fer_report_at(b->r, b->r->main, path->span, "what is minimised here does not depend on '%s': nothing to update",
                      path->text);
    else
        fer_report_at(b->r, b->r->main, path->span,
                      "net '%s' has no weights, or is not used in this stage: nothing to update", net->name);
    return FER_ENOTFOUND;
}

static enum fer_status take_weights(struct fer_stage_build *b, const struct fer_ast_stmt *stmt,
                                    struct fer_update_spec *out)
{
    const struct fer_description *d = b->r->d;
    int capacity = 1;
    for (int i = 0; i < d->nnets; i++)
        capacity += d->nets[i]->nweights;
    out->weights = fer_arena_alloc(d->arena, (size_t)capacity * sizeof(struct fer_weight *));
    if (!out->weights)
        return fer_report_memory(b->r, stmt->span);
    for (int n = 0; n < d->nnets; n++)
        for (int w = 0; w < d->nets[n]->nweights; w++) {
            struct fer_weight *weight = d->nets[n]->weights[w];
            bool named = false;
            for (int k = 0; k < stmt->npaths && !named; k++)
                named = fer_path_holds(stmt->paths[k].text, weight->path);
            if (named && weight->trained)
                out->weights[out->nweights++] = weight;
        }
    enum fer_status status = FER_OK;
    for (int k = 0; k < stmt->npaths && !status; k++)
        status = check_path(b, &stmt->paths[k], out);
    return status;
}

/* Two updates of one step must not move the same weight.  Both lists are in the same order. */
static enum fer_status check_disjoint(struct fer_stage_build *b, const struct fer_update_spec *one,
                                      const struct fer_update_spec *other, struct fer_span span)
{
    for (int w = 0; w < one->nweights; w++)
        for (int v = 0; v < other->nweights; v++)
            if (one->weights[w] == other->weights[v]) {
                fer_report_at(b->r, b->r->main, span, "weight '%s' is already moved by another update of this step",
                              one->weights[w]->path);
                return FER_EINVAL;
            }
    return FER_OK;
}

enum fer_status fer_step_finish(struct fer_stage_build *b, struct fer_step_spec *step, int region, struct fer_span span)
{
    if (!step->nlosses || !step->nupdates) {
        fer_report_at(b->r, b->r->main, span, "%s is missing; a %s needs minimize and update",
                      !step->nlosses ? "minimize" : "update", step->name[0] ? "step" : "stage");
        return FER_EINVAL;
    }
    const struct fer_graph *graph = b->env.graph;
    for (int i = 0; i < graph->nops; i++)
        graph->ops[i]->live = false;
    for (int i = 0; i < step->nlosses; i++)
        reach(step->losses[i].value);
    fer_step_log_others(b, step, region);
    enum fer_status status = FER_OK;
    for (int i = 0; i < step->nupdates && !status; i++) {
        status = take_weights(b, b->updates[i], &step->updates[i]);
        for (int k = 0; k < i && !status; k++)
            status = check_disjoint(b, &step->updates[i], &step->updates[k], b->updates[i]->paths[0].span);
    }
    return status ? status : fer_dispatch_check(b->r, graph, step);
}

enum fer_status fer_step_start(struct fer_stage_build *b, const struct fer_ast_stmt *body, int nbody,
                               struct fer_step_spec *step)
{
    int updates = 0;
    for (int i = 0; i < nbody; i++)
        updates += body[i].kind == FER_AST_UPDATE;
    if (updates > FER_STEP_UPDATES) {
        fer_report_at(b->r, b->r->main, b->out->span, "more than %d updates", FER_STEP_UPDATES);
        return FER_EINVAL;
    }
    step->updates = fer_arena_alloc(b->r->d->arena, (size_t)(updates + 1) * sizeof(*step->updates));
    return step->updates ? FER_OK : fer_report_memory(b->r, b->out->span);
}

enum fer_status fer_step_create(struct fer_stage_build *b, const struct fer_ast_stmt *stmt, int index)
{
    struct fer_step_spec *step = &b->out->steps[index];
    void *bound;
    for (int i = 0; i < index; i++)
        if (strcmp(b->out->steps[i].name, stmt->name) == 0) {
            fer_report_at(b->r, b->r->main, stmt->name_span,
                          "step '%s' is already defined in this stage; choose another name", stmt->name);
            return FER_EINVAL;
        }
    enum fer_status status = fer_words_bind(&b->env, "step", step_params, sizeof(struct step_words), stmt->keywords,
                                            stmt->nkeywords, stmt->name_span, &bound);
    if (!status)
        status = fer_step_start(b, stmt->body, stmt->nbody, step);
    if (status)
        return status;
    const struct step_words *words = bound;
    *step = (struct fer_step_spec){
        .name = stmt->name, .times = words->times, .fresh = words->fresh, .updates = step->updates, .span = stmt->span
    };
    struct fer_scope scope = { .parent = b->env.scope };
    struct fer_env env = b->env;
    env.scope = &scope;
    env.region = FER_REGION_STEP + index;
    for (int i = 0; i < stmt->nbody && !status; i++) {
        const struct fer_ast_stmt *s = &stmt->body[i];
        if (s->kind == FER_AST_FLOW)
            status = fer_flow_eval(&env, &s->flow, NULL);
        else if (s->kind == FER_AST_LOSS)
            status = fer_step_loss(b, &env, s);
        else if (s->kind == FER_AST_MINIMIZE)
            status = fer_step_minimize(b, &env, s, step);
        else if (s->kind == FER_AST_UPDATE)
            status = fer_step_update(b, s, step);
        else {
            fer_report_at(b->r, b->r->main, s->span, "%s cannot stand inside a step; put it into the stage",
                          s->kind == FER_AST_STEP   ? "a step"
                          : s->kind == FER_AST_LOAD ? "load"
                                                    : "save");
            status = FER_EINVAL;
        }
    }
    if (!status)
        fer_scope_warn_unused(&env, &scope);
    return status ? status : fer_step_finish(b, step, env.region, stmt->name_span);
}
