/* SPDX-License-Identifier: Apache-2.0
 *
 * Stages: their data, their end, what is kept, and the flows that are evaluated into a graph.
 */
#include "graph/resolve.h"
#include "graph/step.h"

struct until {
    int epoch, step;
};
static const struct fer_param *const until_params[] = {
    FER_PARAM_INT(struct until, epoch, "0", 0, 1000000, "passes over the first data set"),
    FER_PARAM_INT(struct until, step, "0", 0, 1000000000, "turns"), NULL
};
/* ---- which nets a stage trains ---- */

static enum fer_status mark_trained(struct fer_resolver *r, const struct fer_ast_stmt *body, int nbody, bool *trained)
{
    for (int i = 0; i < nbody; i++) {
        enum fer_status status = FER_OK;
        if (body[i].kind == FER_AST_STEP)
            status = mark_trained(r, body[i].body, body[i].nbody, trained);
        for (int k = 0; body[i].kind == FER_AST_UPDATE && k < body[i].npaths && !status; k++) {
            const struct fer_net *net = fer_path_net(r, &body[i].paths[k]);
            if (!net)
                return FER_ENOTFOUND;
            trained[net->index] = true;
        }
        if (status)
            return status;
    }
    return FER_OK;
}

static enum fer_status build_body(struct fer_stage_build *b, const struct fer_ast_item *item)
{
    struct fer_stage_spec *out = b->out;
    struct fer_description *d = b->r->d;
    int steps = 0;
    for (int i = 0; i < item->nbody; i++)
        steps += item->body[i].kind == FER_AST_STEP;
    out->steps = fer_arena_alloc(d->arena, (size_t)(steps + 1) * sizeof(*out->steps));
    out->loads = fer_arena_alloc(d->arena, (size_t)(item->nbody + 1) * sizeof(*out->loads));
    out->saves = fer_arena_alloc(d->arena, (size_t)(item->nbody + 1) * sizeof(*out->saves));
    if (!out->steps || !out->loads || !out->saves)
        return fer_report_memory(b->r, item->span);
    struct fer_step_spec *own = steps ? NULL : &out->steps[0];
    /* A stage without steps is one step: then its activations need not outlive a segment. */
    b->env.region = own ? FER_REGION_STEP : FER_REGION_SHARED;
    enum fer_status status = own ? fer_step_start(b, item->body, item->nbody, own) : FER_OK;
    if (own) {
        own->name = "";
        own->times = 1;
        own->span = item->name_span;
    }
    for (int i = 0; i < item->nbody && !status; i++) {
        const struct fer_ast_stmt *s = &item->body[i];
        switch (s->kind) {
        case FER_AST_FLOW: status = fer_flow_eval(&b->env, &s->flow, NULL); break;
        case FER_AST_LOSS: status = fer_step_loss(b, &b->env, s); break;
        case FER_AST_STEP: status = fer_step_create(b, s, out->nsteps++); break;
        case FER_AST_MINIMIZE:
        case FER_AST_UPDATE:
            if (!own) {
                fer_report_at(b->r, b->r->main, s->span,
                              "a stage has steps, or a minimize and updates of its own, not both");
                status = FER_EINVAL;
            } else
                status =
                    s->kind == FER_AST_MINIMIZE ? fer_step_minimize(b, &b->env, s, own) : fer_step_update(b, s, own);
            break;
        case FER_AST_LOAD:
            status = fer_load_create(b->r, s->paths[0], &s->file, s->keywords, s->nkeywords, out->loads, &out->nloads);
            break;
        case FER_AST_SAVE: status = fer_save_create(b->r, s, &out->saves[out->nsaves++]); break;
        default: status = FER_EINVAL; /* the parser lets nothing else in */
        }
    }
    if (!status && own) {
        out->nsteps = 1;
        status = fer_step_finish(b, own, b->env.region, item->name_span);
    }
    return status;
}

static enum fer_status stage_until(struct fer_stage_build *b, const struct fer_ast_item *item)
{
    void *bound;
    const enum fer_status status = fer_words_bind(&b->env, "until", until_params, sizeof(struct until), item->keywords,
                                                  item->nkeywords, item->name_span, &bound);
    if (status)
        return status;
    const struct until *until = bound;
    if (item->nkeywords && !until->epoch == !until->step) {
        fer_report_at(b->r, b->r->main, item->keywords[0].name_span,
                      until->epoch ? "until expects epoch=N or step=N, not both"
                                   : "until expects epoch=N or step=N with N of at least 1");
        return FER_EINVAL;
    }
    b->out->unit = until->step ? FER_UNIT_STEP : FER_UNIT_EPOCH;
    b->out->until = until->step ? until->step : until->epoch ? until->epoch : 1;
    return FER_OK;
}

/* The data sets of a stage; false in *there when one is absent. */
enum fer_status fer_stage_data(struct fer_resolver *r, const struct fer_ast_names *names, int *indexes, int *capacity,
                               bool *there)
{
    *capacity = 0;
    *there = true;
    for (int i = 0; i < names->count; i++) {
        const int index = fer_data_index(r->d, names->items[i]);
        if (index < 0) {
            const char *known[128];
            int count = 0;
            for (; count < r->d->ndata && count < 127; count++)
                known[count] = r->d->data[count].name;
            known[count] = NULL;
            const char *near = fer_nearest_name(names->items[i], known);
            if (fer_item_find(r->main, FER_AST_DATA, names->items[i]))
                fer_report_at(r, r->main, names->spans[i],
                              "data '%s' has no batch, so only another data set can read it", names->items[i]);
            else if (near)
                fer_report_at(r, r->main, names->spans[i], "data '%s' is not defined; did you mean '%s'?",
                              names->items[i], near);
            else
                fer_report_at(r, r->main, names->spans[i], "data '%s' is not defined", names->items[i]);
            return FER_ENOTFOUND;
        }
        const struct fer_data_spec *data = &r->d->data[index], *first = i ? &r->d->data[indexes[0]] : data;
        for (int k = 0; k < i; k++)
            if (indexes[k] == index) {
                fer_report_at(r, r->main, names->spans[i], "data '%s' is named twice", names->items[i]);
                return FER_EINVAL;
            }
        if (first->batch != data->batch || first->micro != data->micro) {
            const bool micro = first->batch == data->batch;
            fer_report_at(r, r->main, names->spans[i],
                          "data '%s' has batches%s of %d, '%s' of %d; a stage needs one size", names->items[i],
                          micro ? " with micro" : "", micro ? data->micro : data->batch, names->items[0],
                          micro ? first->micro : first->batch);
            return FER_EINVAL;
        }
        *capacity = data->micro;
        *there = *there && data->info;
        indexes[i] = index;
    }
    return FER_OK;
}

/* A stage with steps logs the losses of its steps. */
static void warn_lost_losses(struct fer_stage_build *b)
{
    for (int i = 0; i < b->nlosses; i++)
        if (b->losses[i].region == FER_REGION_SHARED && !b->losses[i].minimised)
            fer_diag_add(&b->r->d->diags, FER_SEVERITY_WARNING, b->losses[i].span,
                         "no step minimises '%s', so it is neither used nor logged", b->losses[i].name);
}

enum fer_status fer_stage_create(struct fer_resolver *r, const struct fer_ast_item *item, struct fer_stage_spec *out)
{
    struct fer_description *d = r->d;
    struct fer_scope scope = { 0 };
    struct fer_naming naming = { .prefix = item->name };
    struct fer_stage_build b = { .r = r, .out = out };
    b.env = (struct fer_env){
        .r = r, .module = r->main, .bindings = &r->main->lets, .scope = &scope, .naming = &naming, .training = true
    };
    out->name = item->name;
    out->span = item->name_span;
    out->ndata = item->names.count;
    out->data = fer_arena_alloc(d->arena, (size_t)item->names.count * sizeof(int));
    bool *trained = fer_arena_alloc(d->arena, (size_t)(d->nnets + 1));
    int capacity;
    bool there;
    if (!out->data || !trained)
        return fer_report_memory(r, item->span);
    enum fer_status status = stage_until(&b, item);
    if (!status)
        status = fer_stage_keeping(&b, item);
    if (!status)
        status = fer_stage_data(r, &item->names, out->data, &capacity, &there);
    if (!status)
        status = mark_trained(r, item->body, item->nbody, trained);
    if (status || !there)
        return status;
    struct fer_error err = FER_ERROR_INIT;
    if (fer_graph_create(d, capacity, &out->graph, &err))
        return fer_report_memory(r, item->span);
    b.env.graph = out->graph;
    b.env.trained = trained;
    for (int i = 0; i < out->ndata && !status; i++)
        status = fer_data_eval(&b.env, &d->data[out->data[i]], i, true);
    if (!status)
        status = build_body(&b, item);
    if (!status) {
        warn_lost_losses(&b);
        fer_scope_warn_unused(&b.env, &scope);
        fer_graph_prune(out->graph);
    }
    return status;
}
