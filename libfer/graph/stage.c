/* SPDX-License-Identifier: Apache-2.0
 *
 * Stages, tests and predict: flows evaluated into graphs, losses, updates, metrics.
 */
#include <math.h>
#include <string.h>

#include "graph/resolve.h"

int fer_test_index(const struct fer_description *d, const char *name)
{
    for (int i = 0; i < d->ntests; i++)
        if (strcmp(d->tests[i].name, name) == 0)
            return i;
    return -1;
}

/* ---- keywords of the language ---- */

struct until {
    int epoch, step;
};
static const struct fer_param *const until_params[] = {
    FER_PARAM_INT(struct until, epoch, "0", 0, 1000000, "passes over the first data set"),
    FER_PARAM_INT(struct until, step, "0", 0, 1000000000, "turns"), NULL
};
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
struct load_words {
    const char *prefix;
    bool strict;
};
static const struct fer_param *const load_params[] = {
    FER_PARAM_STRING(struct load_words, prefix, "", "put before the net's names to find them in the file"),
    FER_PARAM_BOOL(struct load_words, strict, "yes", "missing or misshapen tensors are errors"), NULL
};
struct unit_words {
    int unit;
};
static const char *const unit_names[] = { "epoch", "step", NULL };
static const struct fer_param *const unit_params[] = {
    FER_PARAM_ENUM(struct unit_words, unit, "epoch", unit_names, "what the schedule counts in"), NULL
};
static const char *const schedule_keywords[] = { "unit", NULL };

static enum fer_status bind_words(struct fer_env *env, const char *owner, const struct fer_param *const *params,
                                  size_t size, const struct fer_ast_keyword *keywords, int nkeywords,
                                  struct fer_span span, void **out)
{
    struct fer_binder binder = fer_env_binder(env, NULL);
    binder.arena = env->r->d->arena;
    return fer_bind(&binder, owner, params, size, NULL, 0, keywords, nkeywords, span, out);
}

/* ---- load and save ---- */

enum fer_status fer_load_create(struct fer_resolver *r, struct fer_ast_path path, const struct fer_ast_value *file,
                                const struct fer_ast_keyword *keywords, int nkeywords, struct fer_load_spec *out)
{
    struct fer_env env = { .r = r, .module = r->main, .bindings = &r->main->lets };
    void *bound;
    const enum fer_status status =
        bind_words(&env, "load", load_params, sizeof(struct load_words), keywords, nkeywords, path.span, &bound);
    if (status)
        return status;
    const struct load_words *words = bound;
    const char *dir = r->main->source->dir;
    const char *name = file->text;
    if (name[0] != '/' && strcmp(dir, ".") != 0)
        name = fer_arena_printf(r->d->arena, "%s/%s", dir, name);
    if (!name)
        return fer_report_memory(r, path.span);
    *out = (struct fer_load_spec){ path.text, name, words->prefix, words->strict, path.span };
    return FER_OK;
}

/* The net that the first component of a path names. */
static struct fer_net *path_net(struct fer_resolver *r, const struct fer_ast_path *path)
{
    char name[128];
    const size_t length = strcspn(path->text, ".");
    if (length < sizeof(name)) {
        memcpy(name, path->text, length);
        name[length] = 0;
        struct fer_net *net = fer_description_net(r->d, name);
        if (net)
            return net;
        const char *names[256];
        int count = 0;
        for (; count < r->d->nnets && count < 255; count++)
            names[count] = r->d->nets[count]->name;
        names[count] = NULL;
        const char *near = fer_nearest_name(name, names);
        if (near) {
            fer_report_at(r, NULL, path->span, "net '%s' is not defined; did you mean '%s'?", name, near);
            return NULL;
        }
    }
    fer_report_at(r, NULL, path->span, "net '%.*s' is not defined", (int)length, path->text);
    return NULL;
}

static enum fer_status check_save(struct fer_resolver *r, const struct fer_ast_stmt *stmt, struct fer_save_spec *out)
{
    const char *file = stmt->file.text;
    if (file[0] == '/' || strstr(file, "..") || strchr(file, '/')) {
        fer_report_at(r, NULL, stmt->file.span, "save stays inside the run's directory: give a file name without '/' or '..'");
        return FER_EINVAL;
    }
    *out = (struct fer_save_spec){ stmt->paths[0].text, file, stmt->span };
    return path_net(r, &stmt->paths[0]) ? FER_OK : FER_ENOTFOUND;
}

/* ---- which nets a stage trains ---- */

static enum fer_status mark_trained(struct fer_resolver *r, const struct fer_ast_stmt *body, int nbody, bool *trained)
{
    for (int i = 0; i < nbody; i++) {
        enum fer_status status = FER_OK;
        if (body[i].kind == FER_AST_STEP)
            status = mark_trained(r, body[i].body, body[i].nbody, trained);
        for (int k = 0; body[i].kind == FER_AST_UPDATE && k < body[i].npaths && !status; k++) {
            const struct fer_net *net = path_net(r, &body[i].paths[k]);
            if (!net)
                return FER_ENOTFOUND;
            trained[net->index] = true;
        }
        if (status)
            return status;
    }
    return FER_OK;
}

/* ---- building a stage ---- */

struct loss {
    const char *name;
    struct fer_value *value;
    int region;
};
struct stage_build {
    struct fer_resolver *r;
    struct fer_env env;
    struct fer_stage_spec *out;
    struct loss losses[64];
    int nlosses;
    const struct fer_ast_stmt *updates[64]; /* of the step being built */
};

static enum fer_status add_loss(struct stage_build *b, struct fer_env *env, const struct fer_ast_stmt *stmt)
{
    struct fer_op *op = NULL;
    const enum fer_status status = fer_flow_eval(env, &stmt->flow, &op);
    if (status)
        return status;
    if (!op || !(op->layer->flags & FER_LAYER_LOSS)) {
        fer_report_at(b->r, NULL, stmt->flow.span, "a loss flow must end in a loss, such as cross_entropy; %s is none",
                      op ? op->layer->name : "this");
        return FER_EINVAL;
    }
    if (b->nlosses == 64) {
        fer_report_at(b->r, NULL, stmt->span, "more than 64 losses");
        return FER_EINVAL;
    }
    op->out[0]->keep = true;
    b->losses[b->nlosses++] = (struct loss){ stmt->flow.outputs.items[0], op->out[0], env->region };
    return FER_OK;
}

static struct loss *find_loss(struct stage_build *b, const char *name)
{
    for (int i = 0; i < b->nlosses; i++)
        if (strcmp(b->losses[i].name, name) == 0)
            return &b->losses[i];
    return NULL;
}

static enum fer_status add_minimize(struct stage_build *b, struct fer_env *env, const struct fer_ast_stmt *stmt,
                                    struct fer_step_spec *step)
{
    if (step->nlosses) {
        fer_report_at(b->r, NULL, stmt->span, "one minimize is enough here; add the losses up: minimize a + 0.5 b");
        return FER_EINVAL;
    }
    step->losses = fer_arena_alloc(b->r->d->arena, (size_t)(stmt->nterms + b->nlosses + 1) * sizeof(*step->losses));
    if (!step->losses)
        return fer_report_memory(b->r, stmt->span);
    struct fer_binder binder = fer_env_binder(env, NULL);
    for (int i = 0; i < stmt->nterms; i++) {
        const struct fer_ast_term *term = &stmt->terms[i];
        const struct loss *loss = find_loss(b, term->name);
        struct fer_ast_value weight = { .kind = FER_AST_NUMBER, .number = 1 };
        if (!loss) {
            const char *names[65];
            for (int k = 0; k < b->nlosses; k++)
                names[k] = b->losses[k].name;
            names[b->nlosses] = NULL;
            const char *near = fer_nearest_name(term->name, names);
            fer_report_at(b->r, NULL, term->span, "'%s' is not a loss%s%s%s", term->name, near ? "; did you mean '" : "",
                          near ? near : "", near ? "'?" : "; define it with: loss NAME = …");
            return FER_ENOTFOUND;
        }
        if (term->weighted) {
            const enum fer_status status = fer_bind_settle(&binder, &term->weight, &weight);
            if (status)
                return status;
            if (weight.kind != FER_AST_NUMBER || !isfinite(weight.number)) {
                fer_report_at(b->r, NULL, term->weight.span, "the weight of a loss must be a number");
                return FER_EINVAL;
            }
        }
        fer_scope_find(env, term->name, term->span); /* it is used */
        step->losses[step->nlosses++] = (struct fer_loss_spec){ loss->name, weight.number, loss->value };
    }
    return FER_OK;
}

/* Losses that nobody minimises here are logged all the same. */
static void log_other_losses(struct stage_build *b, struct fer_step_spec *step, int region)
{
    for (int i = 0; i < b->nlosses; i++) {
        bool known = b->losses[i].region != region;
        for (int k = 0; k < step->nlosses; k++)
            known = known || step->losses[k].value == b->losses[i].value;
        if (!known)
            step->losses[step->nlosses++] = (struct fer_loss_spec){ b->losses[i].name, 0, b->losses[i].value };
    }
}

static enum fer_status bind_schedules(struct stage_build *b, const struct fer_ast_stmt *stmt, struct fer_update_spec *out)
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
        enum fer_status status = fer_registry_find(b->r->d->registry, FER_KIND_SCHEDULE, call->name, b->r->main->plugins,
                                                   &entry, NULL, &err);
        if (status) {
            fer_report_at(b->r, NULL, call->name_span, "%s", err.text);
            return status;
        }
        const struct fer_schedule *schedule = entry;
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
            status = bind_words(env, call->name, unit_params, sizeof(struct unit_words), &unit, given, call->span, &words);
        if (status)
            return status;
        out->schedules[i] = (struct fer_bound_schedule){
            schedule, params, given ? (enum fer_unit)((struct unit_words *)words)->unit : b->out->unit
        };
    }
    return FER_OK;
}

static enum fer_status add_update(struct stage_build *b, const struct fer_ast_stmt *stmt, struct fer_step_spec *step)
{
    struct fer_update_spec *out = &step->updates[step->nupdates];
    const struct fer_ast_call *call = &stmt->calls[0];
    const void *entry;
    void *params, *words;
    struct fer_error err = FER_ERROR_INIT;
    enum fer_status status = fer_registry_find(b->r->d->registry, FER_KIND_OPTIMIZER, call->name, b->r->main->plugins,
                                               &entry, NULL, &err);
    if (status) {
        fer_report_at(b->r, NULL, call->name_span, "%s", err.text);
        return status;
    }
    out->optimizer = entry;
    struct fer_binder binder = fer_env_binder(&b->env, NULL);
    binder.arena = b->r->d->arena;
    status = fer_bind(&binder, call->name, out->optimizer->params, out->optimizer->params_size, call->positional,
                      call->positionals, call->keywords, call->nkeywords, call->name_span, &params);
    if (!status)
        status = bind_words(&b->env, "update", update_params, sizeof(struct update_words), stmt->keywords, stmt->nkeywords,
                            stmt->span, &words);
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

static bool under(const char *path, const char *prefix)
{
    const size_t length = strlen(prefix);
    return strncmp(path, prefix, length) == 0 && (path[length] == 0 || path[length] == '.');
}

/* Once all flows are known, so are the weights. */
static enum fer_status take_weights(struct stage_build *b, const struct fer_ast_stmt *stmt, struct fer_update_spec *out)
{
    int capacity = 0;
    for (int i = 0; i < b->r->d->nnets; i++)
        capacity += b->r->d->nets[i]->nweights;
    out->weights = fer_arena_alloc(b->r->d->arena, (size_t)(capacity + 1) * sizeof(struct fer_weight *));
    if (!out->weights)
        return fer_report_memory(b->r, stmt->span);
    for (int n = 0; n < b->r->d->nnets; n++) {
        const struct fer_net *net = b->r->d->nets[n];
        for (int w = 0; w < net->nweights; w++)
            for (int k = 0; k < stmt->npaths; k++)
                if (net->weights[w]->trained && under(net->weights[w]->path, stmt->paths[k].text)) {
                    out->weights[out->nweights++] = net->weights[w];
                    break;
                }
    }
    for (int k = 0; k < stmt->npaths; k++) {
        bool found = false;
        for (int w = 0; w < out->nweights; w++)
            found = found || under(out->weights[w]->path, stmt->paths[k].text);
        if (!found) {
            const struct fer_net *net = path_net(b->r, &stmt->paths[k]);
            if (net && net->nweights == 0)
                fer_report_at(b->r, NULL, stmt->paths[k].span, "net '%s' has no weights to update, or no flow before this uses it",
                              net->name);
            else if (net)
                fer_report_at(b->r, NULL, stmt->paths[k].span, "no weight lies under '%s'", stmt->paths[k].text);
            return FER_ENOTFOUND;
        }
    }
    return FER_OK;
}

static enum fer_status finish_step(struct stage_build *b, struct fer_step_spec *step, int region, struct fer_span span)
{
    if (!step->nlosses || !step->nupdates) {
        fer_report_at(b->r, NULL, span, "%s is missing; a %s needs minimize and update",
                      !step->nlosses ? "minimize" : "update", step->name[0] ? "step" : "stage");
        return FER_EINVAL;
    }
    log_other_losses(b, step, region);
    for (int i = 0; i < step->nupdates; i++) {
        const enum fer_status status = take_weights(b, b->updates[i], &step->updates[i]);
        if (status)
            return status;
        for (int k = 0; k < i; k++)
            for (int w = 0; w < step->updates[i].nweights; w++)
                for (int v = 0; v < step->updates[k].nweights; v++)
                    if (step->updates[i].weights[w] == step->updates[k].weights[v]) {
                        fer_report_at(b->r, NULL, step->updates[i].span, "weight '%s' is already moved by another update of this step",
                                      step->updates[i].weights[w]->path);
                        return FER_EINVAL;
                    }
    }
    return FER_OK;
}

static int count_kind(const struct fer_ast_stmt *body, int nbody, enum fer_ast_stmt_kind kind)
{
    int count = 0;
    for (int i = 0; i < nbody; i++)
        count += body[i].kind == kind;
    return count;
}

static enum fer_status start_step(struct stage_build *b, const struct fer_ast_stmt *body, int nbody,
                                  struct fer_step_spec *step)
{
    const int updates = count_kind(body, nbody, FER_AST_UPDATE);
    step->updates = fer_arena_alloc(b->r->d->arena, (size_t)(updates + 1) * sizeof(*step->updates));
    return step->updates && updates < 64 ? FER_OK : fer_report_memory(b->r, b->out->span);
}

static enum fer_status build_step(struct stage_build *b, const struct fer_ast_stmt *stmt, int index)
{
    struct fer_step_spec *step = &b->out->steps[index];
    void *bound;
    enum fer_status status = bind_words(&b->env, "step", step_params, sizeof(struct step_words), stmt->keywords,
                                        stmt->nkeywords, stmt->span, &bound);
    if (!status)
        status = start_step(b, stmt->body, stmt->nbody, step);
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
            status = add_loss(b, &env, s);
        else if (s->kind == FER_AST_MINIMIZE)
            status = add_minimize(b, &env, s, step);
        else if (s->kind == FER_AST_UPDATE)
            status = add_update(b, s, step);
        else {
            fer_report_at(b->r, NULL, s->span, "this cannot stand inside a step");
            status = FER_EINVAL;
        }
    }
    if (!status)
        fer_scope_warn_unused(&env, &scope);
    return status ? status : finish_step(b, step, env.region, stmt->span);
}

static enum fer_status build_body(struct stage_build *b, const struct fer_ast_item *item)
{
    struct fer_stage_spec *out = b->out;
    struct fer_description *d = b->r->d;
    const int steps = count_kind(item->body, item->nbody, FER_AST_STEP);
    out->steps = fer_arena_alloc(d->arena, (size_t)(steps + 1) * sizeof(*out->steps));
    out->loads = fer_arena_alloc(d->arena, (size_t)(item->nbody + 1) * sizeof(*out->loads));
    out->saves = fer_arena_alloc(d->arena, (size_t)(item->nbody + 1) * sizeof(*out->saves));
    if (!out->steps || !out->loads || !out->saves)
        return fer_report_memory(b->r, item->span);
    struct fer_step_spec *own = steps ? NULL : &out->steps[0];
    /* A stage without steps is one step: then its activations need not outlive a segment. */
    b->env.region = own ? FER_REGION_STEP : FER_REGION_SHARED;
    enum fer_status status = own ? start_step(b, item->body, item->nbody, own) : FER_OK;
    if (own) {
        own->name = "";
        own->times = 1;
        own->span = item->span;
    }
    for (int i = 0; i < item->nbody && !status; i++) {
        const struct fer_ast_stmt *s = &item->body[i];
        switch (s->kind) {
        case FER_AST_FLOW:
            status = fer_flow_eval(&b->env, &s->flow, NULL);
            break;
        case FER_AST_LOSS:
            status = add_loss(b, &b->env, s);
            break;
        case FER_AST_STEP:
            status = build_step(b, s, out->nsteps++);
            break;
        case FER_AST_MINIMIZE:
        case FER_AST_UPDATE:
            if (!own) {
                fer_report_at(b->r, NULL, s->span, "a stage has steps, or a minimize and updates of its own, not both");
                status = FER_EINVAL;
            } else
                status = s->kind == FER_AST_MINIMIZE ? add_minimize(b, &b->env, s, own) : add_update(b, s, own);
            break;
        case FER_AST_LOAD:
            status = path_net(b->r, &s->paths[0]) ? fer_load_create(b->r, s->paths[0], &s->file, s->keywords, s->nkeywords,
                                                                    &out->loads[out->nloads++])
                                                  : FER_ENOTFOUND;
            break;
        case FER_AST_SAVE:
            status = check_save(b->r, s, &out->saves[out->nsaves++]);
            break;
        default:
            fer_report_at(b->r, NULL, s->span, "this cannot stand inside a stage");
            status = FER_EINVAL;
        }
    }
    if (!status && own) {
        out->nsteps = 1;
        status = finish_step(b, own, b->env.region, item->span);
    }
    return status;
}

static enum fer_status stage_words(struct stage_build *b, const struct fer_ast_item *item)
{
    struct fer_stage_spec *out = b->out;
    struct fer_description *d = b->r->d;
    void *bound;
    enum fer_status status = bind_words(&b->env, "until", until_params, sizeof(struct until), item->keywords,
                                        item->nkeywords, item->name_span, &bound);
    if (status)
        return status;
    const struct until *until = bound;
    if (item->nkeywords && !until->epoch == !until->step) {
        fer_report_at(b->r, NULL, item->span, "until expects epoch=N or step=N, N at least 1");
        return FER_EINVAL;
    }
    out->unit = until->step ? FER_UNIT_STEP : FER_UNIT_EPOCH;
    out->until = until->step ? until->step : until->epoch ? until->epoch : 1;
    status = bind_words(&b->env, "keeping", keeping_params, sizeof(struct keeping), item->keeping, item->nkeeping,
                        item->name_span, &bound);
    if (status)
        return status;
    const struct keeping *keeping = bound;
    out->best = keeping->best;
    out->patience = keeping->patience;
    out->tests = fer_arena_alloc(d->arena, (size_t)(keeping->tests.count + 2) * sizeof(int));
    if (!out->tests)
        return fer_report_memory(b->r, item->span);
    for (int i = 0; i < keeping->tests.count; i++) {
        /* tests are resolved after stages; their order in the file is their index */
        int index = 0;
        bool found = false;
        for (int k = 0; k < b->r->main->file->nitems && !found; k++) {
            const struct fer_ast_item *other = &b->r->main->file->items[k];
            if (other->kind != FER_AST_TEST)
                continue;
            found = strcmp(other->name, keeping->tests.items[i]) == 0;
            index += !found;
        }
        if (!found) {
            fer_report_at(b->r, NULL, item->keeping[0].name_span, "tests: test '%s' is not defined", keeping->tests.items[i]);
            return FER_ENOTFOUND;
        }
        out->tests[out->ntests++] = index;
    }
    return FER_OK;
}

/* best="valid.accuracy": one of tests=, and a metric of it. */
static enum fer_status check_best(struct stage_build *b, const struct fer_ast_item *item)
{
    struct fer_stage_spec *out = b->out;
    const struct fer_span span = item->nkeeping ? item->keeping[0].name_span : item->name_span;
    if (!out->best || !*out->best) {
        out->best = NULL;
        if (out->patience) {
            fer_report_at(b->r, NULL, span, "patience needs best=\"TEST.METRIC\"");
            return FER_EINVAL;
        }
        return FER_OK;
    }
    const char *dot = strchr(out->best, '.');
    for (int i = 0, index = 0; dot && i < b->r->main->file->nitems; i++) {
        const struct fer_ast_item *test = &b->r->main->file->items[i];
        if (test->kind != FER_AST_TEST)
            continue;
        const int here = index++;
        if (strlen(test->name) != (size_t)(dot - out->best) || strncmp(test->name, out->best, (size_t)(dot - out->best)) != 0)
            continue;
        bool run = false;
        for (int k = 0; k < out->ntests; k++)
            run = run || out->tests[k] == here;
        if (!run)
            out->tests[out->ntests++] = here; /* sized for one more */
        const char *data = test->names.items[0];
        if (strcmp(data, "test") == 0)
            fer_diag_add(&b->r->d->diags, FER_SEVERITY_WARNING, span,
                         "best= chooses weights by the data set 'test'; results on it will flatter the model");
        const char *last = strrchr(out->best, '.') + 1;
        out->best_is_loss = strncmp(last, "loss", 4) == 0;
        return FER_OK;
    }
    fer_report_at(b->r, NULL, span, "best expects \"TEST.METRIC\" of a test that is defined; '%s' is none", out->best);
    return FER_EINVAL;
}

/* The data sets of a stage; false in *there when one is absent. */
static enum fer_status stage_data(struct fer_resolver *r, const struct fer_ast_names *names, int *indexes, int *capacity,
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
            if (near)
                fer_report_at(r, NULL, names->spans[i], "data '%s' is not defined; did you mean '%s'?", names->items[i], near);
            else
                fer_report_at(r, NULL, names->spans[i], "data '%s' is not defined", names->items[i]);
            return FER_ENOTFOUND;
        }
        const struct fer_data_spec *data = &r->d->data[index];
        if (*capacity && *capacity != data->micro) {
            fer_report_at(r, NULL, names->spans[i], "data '%s' has batches of %d, '%s' of %d; a stage needs one size",
                          names->items[i], data->micro, names->items[0], *capacity);
            return FER_EINVAL;
        }
        *capacity = data->micro;
        *there = *there && data->info;
        indexes[i] = index;
    }
    return FER_OK;
}

enum fer_status fer_stage_create(struct fer_resolver *r, const struct fer_ast_item *item, struct fer_stage_spec *out)
{
    struct fer_description *d = r->d;
    struct fer_scope scope = { 0 };
    struct fer_naming naming = { .prefix = item->name };
    struct stage_build b = { .r = r, .out = out };
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
    enum fer_status status = stage_words(&b, item);
    if (!status)
        status = check_best(&b, item);
    if (!status)
        status = stage_data(r, &item->names, out->data, &capacity, &there);
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
        fer_scope_warn_unused(&b.env, &scope);
        fer_graph_prune(out->graph);
    }
    return status;
}

/* ---- tests ---- */

static enum fer_status add_metric(struct fer_env *env, const struct fer_ast_stmt *stmt, struct fer_metric_spec *out)
{
    struct fer_resolver *r = env->r;
    const struct fer_ast_flow *flow = &stmt->flow;
    struct fer_values values = { .count = 0 };
    for (int i = 0; i < flow->inputs.count && i < FER_MAX_VALUES; i++)
        if (!(values.items[values.count++] = fer_scope_find(env, flow->inputs.items[i], flow->inputs.spans[i])))
            return FER_ENOTFOUND;
    if (!flow->ncalls) {
        fer_report_at(r, NULL, flow->span, "a metric flow must end in a metric, such as accuracy");
        return FER_EINVAL;
    }
    enum fer_status status = fer_calls_eval(env, flow->calls, flow->ncalls, 0, flow->ncalls - 1, &values, NULL);
    if (status)
        return status;
    const struct fer_ast_call *call = &flow->calls[flow->ncalls - 1];
    const void *entry;
    struct fer_error err = FER_ERROR_INIT, other = FER_ERROR_INIT;
    const char *path = fer_arena_printf(env->graph->arena, "%s.%s", env->naming->prefix, flow->outputs.items[0]);
    if (!path)
        return fer_report_memory(r, call->span);
    out->name = flow->outputs.items[0];
    if (!fer_registry_find(r->d->registry, FER_KIND_METRIC, call->name, r->main->plugins, &entry, NULL, &err)) {
        out->metric = entry;
        return fer_layer_eval(env, &out->metric->layer, call, path, true, NULL, &values, &out->op);
    }
    if (fer_registry_find(r->d->registry, FER_KIND_LAYER, call->name, r->main->plugins, &entry, NULL, &other) ||
        !(((const struct fer_layer *)entry)->flags & FER_LAYER_LOSS)) {
        fer_report_at(r, NULL, call->name_span, "%s", err.text);
        return FER_ENOTFOUND;
    }
    /* A loss may be a metric: its mean over the samples. */
    struct fer_op *loss;
    status = fer_layer_eval(env, entry, call, path, false, NULL, &values, &loss);
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
        fer_report_at(r, NULL, call->name_span, "%s", err.text);
    return status;
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
    enum fer_status status = stage_data(r, &item->names, &out->data, &capacity, &there);
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
        status = s->kind == FER_AST_METRIC ? add_metric(&env, s, &out->metrics[out->nmetrics++])
                                           : fer_flow_eval(&env, &s->flow, NULL);
    }
    if (!status && !out->nmetrics) {
        fer_report_at(r, NULL, item->span, "test '%s' measures nothing; add a metric flow", item->name);
        status = FER_EINVAL;
    }
    if (!status) {
        fer_scope_warn_unused(&env, &scope);
        fer_graph_prune(out->graph);
    }
    return status;
}

/* ---- predict ---- */

enum fer_status fer_predict_create(struct fer_resolver *r, const struct fer_ast_item *item, struct fer_predict_spec *out)
{
    struct fer_description *d = r->d;
    const struct fer_ast_signature *signature = &item->signature;
    out->name = item->name;
    out->span = item->name_span;
    out->inputs = fer_arena_alloc(d->arena, (size_t)(signature->nports + 1) * sizeof(*out->inputs));
    out->outputs = fer_arena_alloc(d->arena, (size_t)(signature->outputs.count + 1) * sizeof(*out->outputs));
    if (!out->inputs || !out->outputs)
        return fer_report_memory(r, item->span);
    out->ninputs = signature->nports;
    struct fer_error err = FER_ERROR_INIT;
    for (int i = 0; i < signature->nports; i++)
        if (!signature->ports[i].dtype) {
            fer_report_at(r, NULL, signature->ports[i].span, "predict needs the shape of '%s', such as %s: f32[1,48,48]",
                          signature->ports[i].name, signature->ports[i].name);
            return FER_EINVAL;
        }
    if (fer_graph_create(d, 1, &out->graph, &err))
        return fer_report_memory(r, item->span);
    struct fer_scope scope = { 0 };
    struct fer_naming naming = { .prefix = item->name };
    struct fer_env env = { .r = r,
                           .graph = out->graph,
                           .module = r->main,
                           .bindings = &r->main->lets,
                           .scope = &scope,
                           .naming = &naming,
                           .region = FER_REGION_SHARED };
    enum fer_status status = FER_OK;
    for (int i = 0; i < signature->nports && !status; i++) {
        const struct fer_ast_port *port = &signature->ports[i];
        struct fer_shape shape = { .dtype = FER_F32, .rank = port->rank + 1, .dim = { 1 }, .batch = 1 };
        for (int k = 0; k < port->rank; k++)
            shape.dim[k + 1] = port->dim[k];
        struct fer_value *value = fer_graph_add_input(env.graph, &shape, port->name, -1, 0);
        if (!value)
            return fer_report_memory(r, item->span);
        out->inputs[i] = (struct fer_port_spec){ port->name, shape };
        status = fer_scope_define(&env, port->name, port->span, value, false);
    }
    for (int i = 0; i < item->nbody && !status; i++)
        status = fer_flow_eval(&env, &item->body[i].flow, NULL);
    for (int i = 0; i < signature->outputs.count && !status; i++) {
        struct fer_value *value = fer_scope_find(&env, signature->outputs.items[i], signature->outputs.spans[i]);
        if (!value)
            return FER_ENOTFOUND;
        value->keep = true;
        value->name = signature->outputs.items[i];
        out->outputs[out->noutputs++] = (struct fer_port_spec){ signature->outputs.items[i], value->shape };
    }
    if (!status) {
        fer_scope_warn_unused(&env, &scope);
        fer_graph_prune(out->graph);
    }
    return status;
}
