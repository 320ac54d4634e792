/* SPDX-License-Identifier: Apache-2.0
 *
 * `keeping best="valid.accuracy" patience=10 tests=[valid]` of a stage.
 */
#include <stdio.h>
#include <string.h>

#include "graph/resolve.h"
#include "graph/step.h"

struct keeping {
    const char *best;
    int patience;
    struct fer_strings tests;
};
static const struct fer_param *const keeping_params[] = {
    FER_PARAM_STRING(struct keeping, best, "", "metric of a test whose best epoch is kept: \"valid.accuracy\""),
    FER_PARAM_INT(struct keeping, patience, "0", 0, 1000000, "epochs without a better one before the stage ends"),
    FER_PARAM_STRINGS(struct keeping, tests, "", "tests to run after every epoch"), NULL
};

static const struct fer_ast_value *written(const struct fer_ast_item *item, const char *name)
{
    for (int i = 0; i < item->nkeeping; i++)
        if (strcmp(item->keeping[i].name, name) == 0)
            return &item->keeping[i].value;
    return &item->keeping[0].value; /* not reached: it is asked for what was given */
}

/* Tests are resolved after stages: their order in the file is their index. */
static const struct fer_ast_item *find_test(const struct fer_module *module, const char *name, size_t length,
                                            int *index)
{
    *index = 0;
    for (int i = 0; i < module->file->nitems; i++) {
        const struct fer_ast_item *item = &module->file->items[i];
        if (item->kind != FER_AST_TEST)
            continue;
        if (strlen(item->name) == length && strncmp(item->name, name, length) == 0)
            return item;
        ++*index;
    }
    return NULL;
}

static enum fer_status no_test(struct fer_resolver *r, const char *name, size_t length, struct fer_span span)
{
    const char *names[128];
    char wrong[160];
    int count = 0;
    for (int i = 0; i < r->main->file->nitems && count < 127; i++)
        if (r->main->file->items[i].kind == FER_AST_TEST)
            names[count++] = r->main->file->items[i].name;
    names[count] = NULL;
    if (length >= sizeof(wrong))
        length = sizeof(wrong) - 1;
    memcpy(wrong, name, length);
    wrong[length] = 0;
    const char *near = fer_nearest_name(wrong, names);
    if (near)
        fer_report_at(r, r->main, span, "test '%s' is not defined; did you mean '%s'?", wrong, near);
    else
        fer_report_at(r, r->main, span, "test '%s' is not defined", wrong);
    return FER_ENOTFOUND;
}

static void run_test(struct fer_stage_spec *stage, int index)
{
    for (int i = 0; i < stage->ntests; i++)
        if (stage->tests[i] == index)
            return;
    stage->tests[stage->ntests++] = index;
}

static enum fer_status take_tests(struct fer_stage_build *b, const struct fer_ast_item *item,
                                  const struct keeping *keeping)
{
    struct fer_stage_spec *out = b->out;
    out->tests =
        fer_arena_alloc(b->r->d->arena, (size_t)(keeping->tests.count + 1) * sizeof(int)); /* and that of best */
    if (!out->tests)
        return fer_report_memory(b->r, item->span);
    for (int i = 0; i < keeping->tests.count; i++) {
        const char *name = keeping->tests.items[i];
        int index;
        if (!find_test(b->r->main, name, strlen(name), &index)) {
            const struct fer_ast_value *value = written(item, "tests");
            const bool list = value->kind == FER_AST_LIST && i < value->count;
            return no_test(b->r, name, strlen(name), list ? value->items[i].span : value->span);
        }
        run_test(out, index);
    }
    return FER_OK;
}

static const struct fer_ast_flow *find_metric(const struct fer_ast_item *test, const char *name, size_t length)
{
    for (int i = 0; i < test->nbody; i++) {
        const struct fer_ast_stmt *s = &test->body[i];
        if (s->kind == FER_AST_METRIC && strlen(s->flow.outputs.items[0]) == length &&
            strncmp(s->flow.outputs.items[0], name, length) == 0)
            return &s->flow;
    }
    return NULL;
}

/* A loss that is a metric gets better as it gets smaller; so does a number called loss. */
static bool is_loss(const struct fer_resolver *r, const struct fer_ast_flow *metric, const char *best)
{
    const struct fer_ast_call *call = metric->ncalls ? &metric->calls[metric->ncalls - 1] : NULL;
    const struct fer_registry *registry = r->d->registry;
    const char *const *plugins = r->main->plugins;
    struct fer_error err = FER_ERROR_INIT;
    const void *entry;
    if (strncmp(strrchr(best, '.') + 1, "loss", 4) == 0)
        return true;
    return call && fer_registry_find(registry, FER_KIND_METRIC, call->name, plugins, &entry, NULL, &err) != FER_OK &&
           fer_registry_find(registry, FER_KIND_LAYER, call->name, plugins, &entry, NULL, &err) == FER_OK &&
           ((const struct fer_layer *)entry)->flags & FER_LAYER_LOSS;
}

static enum fer_status no_metric(struct fer_resolver *r, const struct fer_ast_item *test, const char *name,
                                 struct fer_span span)
{
    char text[256] = "";
    for (int i = 0; i < test->nbody; i++)
        if (test->body[i].kind == FER_AST_METRIC)
            snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", text[0] ? ", " : "",
                     test->body[i].flow.outputs.items[0]);
    fer_report_at(r, r->main, span, "test '%s' has no metric '%s'; it has %s", test->name, name,
                  text[0] ? text : "none");
    return FER_ENOTFOUND;
}

/* best="valid.accuracy", or "valid.loss.mean": a test, a metric of it, and perhaps a number of that. */
static enum fer_status take_best(struct fer_stage_build *b, const struct fer_ast_item *item, const char *best)
{
    const struct fer_span span = written(item, "best")->span;
    const char *metric = strchr(best, '.');
    int index;
    if (!metric || metric == best || !metric[1]) {
        fer_report_at(b->r, b->r->main, span, "best expects \"TEST.METRIC\", such as \"valid.accuracy\"");
        return FER_EINVAL;
    }
    const struct fer_ast_item *test = find_test(b->r->main, best, (size_t)(metric - best), &index);
    if (!test)
        return no_test(b->r, best, (size_t)(metric - best), span);
    metric++;
    const struct fer_ast_flow *flow = find_metric(test, metric, strcspn(metric, "."));
    if (!flow)
        return no_metric(b->r, test, metric, span);
    run_test(b->out, index);
    if (strcmp(test->names.items[0], "test") == 0)
        fer_diag_add(&b->r->d->diags, FER_SEVERITY_WARNING, span,
                     "best= chooses weights by the data set 'test'; results on it will flatter the model");
    b->out->best = best;
    b->out->best_is_loss = is_loss(b->r, flow, best);
    return FER_OK;
}

enum fer_status fer_stage_keeping(struct fer_stage_build *b, const struct fer_ast_item *item)
{
    void *bound;
    enum fer_status status = fer_words_bind(&b->env, "keeping", keeping_params, sizeof(struct keeping), item->keeping,
                                            item->nkeeping, item->name_span, &bound);
    if (status)
        return status;
    const struct keeping *keeping = bound;
    b->out->patience = keeping->patience;
    status = take_tests(b, item, keeping);
    if (!status && keeping->best && *keeping->best)
        return take_best(b, item, keeping->best);
    if (!status && keeping->patience) {
        fer_report_at(b->r, b->r->main, written(item, "patience")->span, "patience needs best=\"TEST.METRIC\"");
        return FER_EINVAL;
    }
    return status;
}
