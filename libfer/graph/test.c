/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests: flows, and metrics that read them.
 */
#include <string.h>

#include "graph/resolve.h"

int fer_test_index(const struct fer_description *d, const char *name)
{
    for (int i = 0; i < d->ntests; i++)
        if (strcmp(d->tests[i].name, name) == 0)
            return i;
    return -1;
}

/* A metric is named by its flow, and stands under that name in the results. */
static enum fer_status check_name(struct fer_env *env, const struct fer_ast_flow *flow,
                                  const struct fer_test_spec *test)
{
    const char *name = flow->outputs.items[0];
    const struct fer_span span = flow->outputs.spans[0];
    if (flow->outputs.count > 1) {
        fer_report_at(env->r, env->r->main, flow->outputs.spans[1], "a metric has one name");
        return FER_EINVAL;
    }
    if (strcmp(name, "_") == 0) {
        fer_report_at(env->r, env->r->main, span, "a metric needs a name, for the results");
        return FER_EINVAL;
    }
    for (int i = 0; i < test->nmetrics; i++)
        if (strcmp(test->metrics[i].name, name) == 0) {
            fer_report_at(env->r, env->r->main, span,
                          "metric '%s' is already defined in this test; choose another name", name);
            return FER_EINVAL;
        }
    return FER_OK;
}

/* A loss may be a metric: its mean over the samples. */
static enum fer_status add_loss(struct fer_env *env, const struct fer_layer *layer, const struct fer_ast_call *call,
                                const char *path, struct fer_values *values, struct fer_metric_spec *out)
{
    struct fer_op *loss;
    struct fer_error err = FER_ERROR_INIT;
    enum fer_status status = fer_layer_eval(env, layer, call, path, false, NULL, values, &loss);
    if (status)
        return status;
    out->metric = &fer_core_mean;
    struct fer_value *in[2] = { loss->out[0], loss->in[0] };
    const struct fer_op_spec spec = { .layer = &fer_core_mean.layer,
                                      .in = in,
                                      .nin = 2,
                                      .path = path,
                                      .span = call->name_span,
                                      .is_metric = true,
                                      .region = env->region };
    status = fer_graph_add(env->graph, &spec, &out->op, &err);
    if (status)
        fer_report_at(env->r, env->r->main, call->name_span, "%s", err.text);
    return status;
}

static enum fer_status last_call(struct fer_env *env, const struct fer_ast_call *call, const char *path,
                                 struct fer_values *values, struct fer_metric_spec *out)
{
    const struct fer_registry *registry = env->r->d->registry;
    const char *const *plugins = env->r->main->plugins;
    struct fer_error err = FER_ERROR_INIT, other = FER_ERROR_INIT;
    const void *entry;
    enum fer_status status = fer_call_unlabelled(env, call);
    if (status)
        return status;
    status = fer_registry_find(registry, FER_KIND_METRIC, call->name, plugins, &entry, NULL, &err);
    if (!status) {
        out->metric = entry;
        return fer_layer_eval(env, &out->metric->layer, call, path, true, NULL, values, &out->op);
    }
    if (!fer_registry_find(registry, FER_KIND_LAYER, call->name, plugins, &entry, NULL, &other) &&
        ((const struct fer_layer *)entry)->flags & FER_LAYER_LOSS)
        return add_loss(env, entry, call, path, values, out);
    fer_report_at(env->r, env->r->main, call->name_span, "%s", err.text);
    return status;
}

static enum fer_status add_metric(struct fer_env *env, const struct fer_ast_stmt *stmt, struct fer_test_spec *test)
{
    const struct fer_ast_flow *flow = &stmt->flow;
    struct fer_metric_spec metric = { .name = flow->outputs.items[0] };
    struct fer_values values;
    enum fer_status status = check_name(env, flow, test);
    if (!status)
        status = fer_flow_inputs(env, flow, &values);
    if (!status && !flow->ncalls) {
        fer_report_at(env->r, env->r->main, flow->span, "a metric flow must end in a metric, such as accuracy");
        status = FER_EINVAL;
    }
    if (!status)
        status = fer_calls_eval(env, flow->calls, flow->ncalls, 0, flow->ncalls - 1, &values, NULL);
    if (status)
        return status;
    const char *path = fer_arena_printf(env->graph->arena, "%s.%s", env->naming->prefix, metric.name);
    if (!path)
        return fer_report_memory(env->r, flow->span);
    status = last_call(env, &flow->calls[flow->ncalls - 1], path, &values, &metric);
    if (!status)
        test->metrics[test->nmetrics++] = metric;
    return status;
}

/* One row a sample, and not too long. */
static bool is_readable(const struct fer_value *value, int row)
{
    return value->shape.batch == 1 && fer_shape_row(&value->shape) <= (size_t)row;
}

/* What a classifier says and what is true: the first metric's that takes both. */
static void keep_answer(struct fer_test_spec *test, int row)
{
    for (int i = 0; i < test->nmetrics && !test->scores; i++) {
        const struct fer_op *op = test->metrics[i].op;
        if (op->nin < 2 || op->in[0]->shape.dtype != FER_F32 || op->in[0]->shape.rank != 2 ||
            op->in[1]->shape.dtype != FER_I32 || op->in[1]->shape.rank != 1 || !is_readable(op->in[0], row) ||
            !is_readable(op->in[1], row))
            continue;
        test->scores = op->in[0];
        test->truth = op->in[1];
        test->scores->keep = test->truth->keep = true;
    }
}

static enum fer_status keep_named(struct fer_env *env, struct fer_test_spec *test)
{
    const int row = env->r->d->options.keep_row;
    const struct fer_scope *scope = env->scope;
    if (!row)
        return FER_OK;
    test->named = fer_arena_alloc(env->r->d->arena, (size_t)(scope->count + 1) * sizeof(*test->named));
    if (!test->named)
        return fer_report_memory(env->r, test->span);
    for (int i = 0; i < scope->count; i++) {
        if (!is_readable(scope->items[i].value, row))
            continue;
        scope->items[i].value->keep = true;
        test->named[test->nnamed++] = (struct fer_named_value){ scope->items[i].name, scope->items[i].value };
    }
    keep_answer(test, row);
    return FER_OK;
}

enum fer_status fer_test_create(struct fer_resolver *r, const struct fer_ast_item *item, struct fer_test_spec *out)
{
    struct fer_description *d = r->d;
    struct fer_scope scope = { 0 };
    struct fer_naming naming = { .prefix = item->name };
    int capacity;
    bool there;
    out->name = item->name;
    out->span = item->name_span;
    out->metrics = fer_arena_alloc(d->arena, (size_t)(item->nbody + 1) * sizeof(*out->metrics));
    if (!out->metrics)
        return fer_report_memory(r, item->span);
    enum fer_status status = fer_stage_data(r, &item->names, &out->data, &capacity, &there);
    if (status || !there)
        return status;
    struct fer_error err = FER_ERROR_INIT;
    if (fer_graph_create(d, capacity, &out->graph, &err))
        return fer_report_memory(r, item->span);
    struct fer_env env = { .r = r,
                           .graph = out->graph,
                           .module = r->main,
                           .bindings = &r->main->lets,
                           .scope = &scope,
                           .naming = &naming,
                           .region = FER_REGION_SHARED };
    status = fer_data_eval(&env, &d->data[out->data], 0, false);
    for (int i = 0; i < item->nbody && !status; i++) {
        const struct fer_ast_stmt *s = &item->body[i];
        status = s->kind == FER_AST_METRIC ? add_metric(&env, s, out) : fer_flow_eval(&env, &s->flow, NULL);
    }
    if (!status && !out->nmetrics) {
        fer_report_at(r, r->main, item->name_span, "test '%s' measures nothing; add a metric flow", item->name);
        status = FER_EINVAL;
    }
    if (!status)
        status = keep_named(&env, out);
    if (!status) {
        fer_scope_warn_unused(&env, &scope);
        fer_graph_prune(out->graph);
        for (int i = 0; i < out->nnamed; i++) /* a field that no operation touches is uploaded all the same */
            out->named[i].value->uses++;
    }
    return status;
}
