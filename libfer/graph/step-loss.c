/* SPDX-License-Identifier: Apache-2.0
 *
 * The losses of a stage, and which of them its steps minimise.
 */
#include <math.h>
#include <string.h>

#include "graph/resolve.h"
#include "graph/step.h"

static struct fer_stage_loss *find_loss(struct fer_stage_build *b, const struct fer_value *value)
{
    for (int i = 0; i < b->nlosses; i++)
        if (b->losses[i].value == value)
            return &b->losses[i];
    return NULL;
}

enum fer_status fer_step_loss(struct fer_stage_build *b, struct fer_env *env, const struct fer_ast_stmt *stmt)
{
    const struct fer_ast_flow *flow = &stmt->flow;
    const char *name = flow->outputs.items[0];
    if (strcmp(name, "_") == 0) {
        fer_report_at(b->r, b->r->main, flow->outputs.spans[0], "a loss needs a name, for minimize and for the log");
        return FER_EINVAL;
    }
    const enum fer_status status = fer_flow_eval(env, flow, NULL);
    struct fer_value *value = status ? NULL : fer_scope_find(env, name, flow->outputs.spans[0]);
    if (!value)
        return status ? status : FER_ENOTFOUND;
    const struct fer_op *op = value->producer;
    if (!op || !(op->layer->flags & FER_LAYER_LOSS) || value->output != 0) {
        const struct fer_ast_call *last = flow->ncalls ? &flow->calls[flow->ncalls - 1] : NULL;
        fer_report_at(b->r, b->r->main, last ? last->name_span : flow->span,
                      "'%s' does not end in a loss, such as cross_entropy", name);
        return FER_EINVAL;
    }
    if (find_loss(b, value)) {
        fer_report_at(b->r, b->r->main, flow->span, "'%s' is the loss '%s' under another name", name,
                      find_loss(b, value)->name);
        return FER_EINVAL;
    }
    if (b->nlosses == FER_STAGE_LOSSES) {
        fer_report_at(b->r, b->r->main, stmt->span, "a stage has at most %d losses", FER_STAGE_LOSSES);
        return FER_EINVAL;
    }
    value->keep = true;
    b->losses[b->nlosses++] =
        (struct fer_stage_loss){ .name = name, .value = value, .span = flow->outputs.spans[0], .region = env->region };
    return FER_OK;
}

/* The loss that a term names: of this step, or of the stage around it. */
static struct fer_stage_loss *term_loss(struct fer_stage_build *b, struct fer_env *env, const struct fer_ast_term *term)
{
    const char *names[256];
    int count = 0;
    for (struct fer_scope *scope = env->scope; scope; scope = scope->parent)
        for (int i = scope->count - 1; i >= 0; i--) {
            struct fer_stage_loss *loss = find_loss(b, scope->items[i].value);
            if (strcmp(scope->items[i].name, term->name) == 0) {
                if (!loss)
                    fer_report_at(b->r, b->r->main, term->span, "'%s' is not a loss; define it with: loss %s = …",
                                  term->name, term->name);
                scope->items[i].used = true;
                return loss;
            }
            if (loss && count < 255)
                names[count++] = scope->items[i].name;
        }
    names[count] = NULL;
    const char *near = fer_nearest_name(term->name, names);
    if (near)
        fer_report_at(b->r, b->r->main, term->span, "loss '%s' is not defined; did you mean '%s'?", term->name, near);
    else
        fer_report_at(b->r, b->r->main, term->span, "loss '%s' is not defined before this; define it with: loss %s = …",
                      term->name, term->name);
    return NULL;
}

static enum fer_status term_weight(struct fer_stage_build *b, struct fer_env *env, const struct fer_ast_term *term,
                                   double *out)
{
    struct fer_binder binder = fer_env_binder(env, NULL);
    struct fer_ast_value weight;
    *out = 1;
    if (!term->weighted)
        return FER_OK;
    const enum fer_status status = fer_bind_settle(&binder, &term->weight, &weight);
    if (status)
        return status;
    if (weight.kind != FER_AST_NUMBER || !isfinite(weight.number)) {
        fer_report_at(b->r, b->r->main, term->weight.span, "the weight of a loss must be a number");
        return FER_EINVAL;
    }
    *out = weight.number;
    return FER_OK;
}

enum fer_status fer_step_minimize(struct fer_stage_build *b, struct fer_env *env, const struct fer_ast_stmt *stmt,
                                  struct fer_step_spec *step)
{
    if (step->nlosses) {
        fer_report_at(b->r, b->r->main, stmt->span,
                      "one minimize is enough here; add the losses up: minimize a + 0.5 b");
        return FER_EINVAL;
    }
    step->losses = fer_arena_alloc(b->r->d->arena, (size_t)(stmt->nterms + FER_STAGE_LOSSES) * sizeof(*step->losses));
    if (!step->losses)
        return fer_report_memory(b->r, stmt->span);
    for (int i = 0; i < stmt->nterms; i++) {
        struct fer_stage_loss *loss = term_loss(b, env, &stmt->terms[i]);
        double weight;
        if (!loss)
            return FER_ENOTFOUND;
        const enum fer_status status = term_weight(b, env, &stmt->terms[i], &weight);
        if (status)
            return status;
        for (int k = 0; k < step->nlosses; k++)
            if (step->losses[k].value == loss->value) {
                fer_report_at(b->r, b->r->main, stmt->terms[i].span, "'%s' is in this minimize already", loss->name);
                return FER_EINVAL;
            }
        loss->minimised = true;
        step->losses[step->nlosses++] = (struct fer_loss_spec){ loss->name, weight, loss->value };
    }
    return FER_OK;
}

void fer_step_log_others(const struct fer_stage_build *b, struct fer_step_spec *step, int region)
{
    for (int i = 0; i < b->nlosses; i++) {
        bool known = b->losses[i].region != region;
        for (int k = 0; k < step->nlosses; k++)
            known = known || step->losses[k].value == b->losses[i].value;
        if (!known)
            step->losses[step->nlosses++] = (struct fer_loss_spec){ b->losses[i].name, 0, b->losses[i].value };
    }
}
