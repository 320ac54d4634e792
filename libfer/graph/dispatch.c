/* SPDX-License-Identifier: Apache-2.0
 *
 * Operations that send each row of the batch through one of several nets.  In the graph such a call becomes
 *
 *     decision ──▶ gather ─▶ net 0 ──▶ join
 *              ──▶ gather ─▶ net 1 ──▶
 *
 * where what stands between a gather and the join belongs to a branch, which has a batch of its own (branch.c).
 */
#include <string.h>

#include "graph/resolve.h"

struct dispatch {
    struct fer_env *env;
    const struct fer_dispatch *dispatch;
    const struct fer_nets *nets;
    struct fer_op *decision;
    struct fer_fork *fork;
    struct fer_span span; /* of the nets in the call */
    const char *name;     /* of the operation */
};

/* The argument that lists the nets: the first that can. */
static struct fer_span nets_span(const struct fer_op *decision)
{
    const struct fer_param *const *params = decision->layer->params;
    for (int i = 0; params[i]; i++)
        if (params[i]->type == FER_TYPE_NETS)
            return fer_bind_span(decision->call, params, params[i]->name);
    return decision->span;
}

/* ---- what is sent ---- */

static enum fer_status check_plugin(const struct dispatch *x)
{
    const struct fer_shape *index = &x->decision->out[0]->shape;
    if (x->decision->nout == 1 && index->dtype == FER_I32 && index->rank == 1 && index->batch >= 1 &&
        x->dispatch->decides < x->decision->nin)
        return FER_OK;
    fer_report_at(x->env->r, x->env->module, x->decision->span,
                  "%s: its decision must be one i32[N], and at least one input must be left for the nets", x->name);
    return FER_EPLUGIN;
}

static enum fer_status check_nets(const struct dispatch *x)
{
    const struct fer_env *env = x->env;
    const int most = FER_OP_PORTS - 1 - x->dispatch->decides; /* inputs of the join */
    if (x->nets->count < 1 || x->nets->count > most) {
        fer_report_at(env->r, env->module, x->span, "%s: %d nets are given; 1 to %d are possible", x->name,
                      x->nets->count, most);
        return FER_EINVAL;
    }
    for (int k = 0; k < x->nets->count; k++)
        if (env->trained && env->trained[x->nets->items[k]->index]) {
            fer_report_at(env->r, env->module, x->span,
                          "%s: net '%s' is trained in this stage, and only frozen nets can run for chosen rows alone; "
                          "train it in a stage of its own, without %s",
                          x->name, x->nets->items[k]->name, x->name);
            return FER_EINVAL;
        }
    return FER_OK;
}

static enum fer_status check_rows(const struct dispatch *x)
{
    const struct fer_shape *index = &x->decision->out[0]->shape;
    for (int i = x->dispatch->decides; i < x->decision->nin; i++) {
        const struct fer_shape *in = &x->decision->in[i]->shape;
        char is[96], wants[96];
        if (in->batch == index->batch && in->dim[0] == index->dim[0])
            continue;
        fer_report_at(x->env->r, x->env->module, x->decision->span,
                      "%s: input %d is %s and what decides is about %s; both need the same rows", x->name, i + 1,
                      fer_shape_text(in, is, sizeof(is)), fer_shape_text(index, wants, sizeof(wants)));
        return FER_ESHAPE;
    }
    return FER_OK;
}

/* ---- operations ---- */

static enum fer_status add_op(const struct dispatch *x, const struct fer_layer *layer, const char *part, int branch,
                              const struct fer_values *in, struct fer_op **out)
{
    struct fer_env *env = x->env;
    struct fer_error err = FER_ERROR_INIT;
    const struct fer_op_spec spec = { .layer = layer,
                                      .params = x->decision->params,
                                      .in = in->items,
                                      .nin = in->count,
                                      .net = env->net,
                                      .path = fer_arena_printf(env->r->d->arena, "%s.%s", x->decision->path, part),
                                      .span = x->decision->span,
                                      .call = x->decision->call,
                                      .region = env->region,
                                      .branch = branch,
                                      .invocation = env->invocation };
    if (!spec.path)
        return fer_report_memory(env->r, x->decision->span);
    const enum fer_status status = fer_graph_add(env->graph, &spec, out, &err);
    if (status) {
        const struct fer_span span =
            err.argument[0] ? fer_bind_span(spec.call, layer->params, err.argument) : spec.span;
        fer_report_at(env->r, env->module, span, "%s: %s", x->name, err.text);
    }
    return status;
}

static enum fer_status gather(const struct dispatch *x, int k, struct fer_values *values)
{
    values->count = 0;
    for (int i = x->dispatch->decides; i < x->decision->nin; i++) {
        const struct fer_values in = { { x->decision->in[i] }, 1 };
        struct fer_op *op;
        const enum fer_status status =
            add_op(x, &fer_core_gather, x->nets->items[k]->name, x->fork->first + k, &in, &op);
        if (status)
            return status;
        values->items[values->count++] = op->out[0];
    }
    return FER_OK;
}

static enum fer_status run_net(const struct dispatch *x, int k, struct fer_value **out)
{
    struct fer_net *net = x->nets->items[k];
    struct fer_env env = *x->env;
    struct fer_values values;
    env.branch = x->fork->first + k;
    enum fer_status status = gather(x, k, &values);
    if (!status)
        status = fer_net_eval(&env, net, NULL, x->span, &values);
    if (!status && values.count != 1) {
        fer_report_at(env.r, env.module, x->span, "%s: net '%s' yields %d values, one is expected of each net", x->name,
                      net->name, values.count);
        status = FER_ESHAPE;
    }
    if (!status)
        *out = values.items[0];
    return status;
}

static enum fer_status add_branches(struct dispatch *x)
{
    struct fer_graph *graph = x->env->graph;
    x->fork = fer_arena_alloc(graph->arena, sizeof(*x->fork));
    if (!x->fork)
        return fer_report_memory(x->env->r, x->decision->span);
    *x->fork = (struct fer_fork){ x->dispatch, x->decision, NULL, graph->nbranches + 1, x->nets->count };
    for (int k = 0; k < x->nets->count; k++) {
        struct fer_graph_branch *branches =
            fer_arena_grow(graph->arena, graph->branches, graph->nbranches, &graph->branch_capacity, sizeof(*branches));
        if (!branches)
            return fer_report_memory(x->env->r, x->decision->span);
        graph->branches = branches;
        branches[graph->nbranches++] =
            (struct fer_graph_branch){ x->nets->items[k]->name, x->env->branch, x->decision->out[0]->shape.batch };
    }
    return FER_OK;
}

static enum fer_status add_join(struct dispatch *x, const struct fer_values *in, struct fer_values *values)
{
    const enum fer_status status = add_op(x, x->dispatch->scatter, "join", x->env->branch, in, &x->fork->join);
    if (status)
        return status;
    if (x->fork->join->nout + 1 != x->decision->layer->outputs) {
        fer_report_at(x->env->r, x->env->module, x->decision->span, "%s: it joins to %d values instead of %d", x->name,
                      x->fork->join->nout, x->decision->layer->outputs - 1);
        return FER_EPLUGIN;
    }
    x->fork->join->fork = x->fork;
    x->decision->fork = x->fork;
    values->count = x->fork->join->nout;
    memcpy(values->items, x->fork->join->out, (size_t)values->count * sizeof(*values->items));
    values->items[values->count++] = x->decision->out[0];
    return FER_OK;
}

enum fer_status fer_dispatch_eval(struct fer_env *env, const struct fer_dispatch *dispatch, struct fer_op *decision,
                                  struct fer_values *values)
{
    struct dispatch x = { .env = env,
                          .dispatch = dispatch,
                          .nets = dispatch->nets(decision->params),
                          .decision = decision,
                          .span = nets_span(decision),
                          .name = decision->layer->name };
    struct fer_values joined = { .count = dispatch->decides };
    enum fer_status status = check_plugin(&x);
    if (!status)
        status = check_nets(&x);
    if (!status)
        status = check_rows(&x);
    if (!status)
        status = add_branches(&x);
    if (status)
        return status;
    memcpy(joined.items, decision->in, (size_t)dispatch->decides * sizeof(*joined.items));
    joined.items[joined.count++] = decision->out[0];
    for (int k = 0; k < x.nets->count && !status; k++)
        status = run_net(&x, k, &joined.items[joined.count++]);
    return status ? status : add_join(&x, &joined, values);
}

/* ---- no gradient ---- */

static bool updates(const struct fer_step_spec *step, const struct fer_weight *weight)
{
    for (int u = 0; u < step->nupdates; u++)
        for (int w = 0; w < step->updates[u].nweights; w++)
            if (step->updates[u].weights[w] == weight)
                return true;
    return false;
}

/* An updated net among what a join is computed from.  Operations stand in order, so one sweep back sees all. */
static const struct fer_net *updated_before(const struct fer_graph *graph, const struct fer_op *join,
                                            const struct fer_step_spec *step)
{
    for (int i = 0; i < graph->nvalues; i++)
        graph->values[i]->reached = false;
    for (int k = 0; k < join->nin; k++)
        join->in[k]->reached = true;
    for (int i = graph->nops - 1; i >= 0; i--) {
        const struct fer_op *op = graph->ops[i];
        bool reached = false;
        for (int k = 0; k < op->nout && !(op->layer->flags & FER_LAYER_STOPS_GRADIENT); k++)
            reached = reached || op->out[k]->reached;
        for (int w = 0; w < op->nweights && reached; w++)
            if (updates(step, op->weights[w]))
                return op->net;
        for (int k = 0; k < op->nin && reached; k++)
            op->in[k]->reached = true;
    }
    return NULL;
}

enum fer_status fer_dispatch_check(struct fer_resolver *r, const struct fer_graph *graph,
                                   const struct fer_step_spec *step)
{
    for (int i = 0; i < graph->nops; i++) {
        const struct fer_op *op = graph->ops[i];
        if (!op->live || !op->fork || op != op->fork->join)
            continue;
        const struct fer_net *net = updated_before(graph, op, step);
        if (!net)
            continue;
        fer_report_at(
            r, r->main, op->span,
            "%s: what is minimised comes through it from net '%s', which is updated, and no gradient goes through "
            "it; train '%s' without it, in a stage of its own",
            op->fork->decision->layer->name, net->name, net->name);
        return FER_EINVAL;
    }
    return FER_OK;
}
