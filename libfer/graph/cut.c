/* SPDX-License-Identifier: Apache-2.0
 *
 * The body of a net, or the part of it between from="label" and until="label".
 */
#include <stdio.h>
#include <string.h>

#include "graph/resolve.h"

static bool step_matches(const char *step, const char *label)
{
    const size_t length = strlen(label);
    return strncmp(step, label, length) == 0 && (step[length] == 0 || step[length] == '.');
}

/* The calls of a flow with repetitions unrolled, so that a cut can fall between two of them. */
struct chain {
    struct fer_ast_call *calls; /* copies: repeat taken out, labels with their index */
    const char **names;
    int count;
};

static enum fer_status unroll(struct fer_env *env, const struct fer_ast_flow *flow, struct chain *out)
{
    int total = 0;
    for (int i = 0; i < flow->ncalls; i++) {
        int repeat;
        const enum fer_status status = fer_call_repeat(env, &flow->calls[i], &repeat);
        if (status)
            return status;
        total += repeat;
    }
    struct fer_arena *arena = env->r->d->arena;
    out->calls = fer_arena_alloc(arena, (size_t)(total + 1) * sizeof(*out->calls));
    out->names = fer_arena_alloc(arena, (size_t)(total + 1) * sizeof(*out->names));
    if (!out->calls || !out->names)
        return fer_report_memory(env->r, flow->span);
    for (int i = 0; i < flow->ncalls; i++) {
        const struct fer_ast_call *call = &flow->calls[i];
        int repeat;
        enum fer_status status = fer_call_repeat(env, call, &repeat);
        for (int k = 0; k < repeat && !status; k++) {
            struct fer_ast_call *copy = &out->calls[out->count];
            *copy = *call;
            copy->keywords = fer_arena_alloc(arena, (size_t)(call->nkeywords + 1) * sizeof(*copy->keywords));
            if (!copy->keywords)
                return fer_report_memory(env->r, flow->span);
            copy->nkeywords = 0;
            for (int w = 0; w < call->nkeywords; w++)
                if (strcmp(call->keywords[w].name, "repeat") != 0)
                    copy->keywords[copy->nkeywords++] = call->keywords[w];
            status = fer_call_label(env, flow->calls, flow->ncalls, i, k, &copy->label);
            out->names[out->count++] = copy->label ? copy->label : call->name;
        }
        if (status)
            return status;
    }
    return FER_OK;
}

/* "relu" means the first one, "layer1" all of layer1.0, layer1.1, …  *end is behind the run. */
static bool find_run(const struct chain *chain, const char *label, int from, int *end)
{
    int i = from;
    while (i < chain->count && !step_matches(chain->names[i], label))
        i++;
    if (i == chain->count)
        return false;
    *end = i + 1;
    while (chain->calls[i].label && *end < chain->count && step_matches(chain->names[*end], label))
        ++*end;
    return true;
}

/* What is cut off still counts when unlabelled operations are numbered. */
static enum fer_status skip(struct fer_env *env, const struct fer_ast_flow *flow, const struct chain *chain, int count)
{
    for (int i = 0; i < count; i++)
        if (!chain->calls[i].label && !fer_op_path(env, NULL, chain->calls[i].name))
            return fer_report_memory(env->r, flow->span);
    return FER_OK;
}

static enum fer_status eval_cut_flow(struct fer_env *env, const struct fer_net_body *body,
                                     const struct fer_ast_flow *flow, const struct fer_values *inputs, bool *started,
                                     bool *ended, struct fer_values *out)
{
    struct chain chain = { 0 };
    enum fer_status status = unroll(env, flow, &chain);
    if (status)
        return status;
    int first = 0, end = chain.count;
    struct fer_values values = *inputs;
    if (*started) {
        status = fer_flow_inputs(env, flow, &values);
        if (status && body->from)
            fer_diag_relate(&env->r->d->diags, body->from_span, "the net is cut here");
    } else {
        *started = find_run(&chain, body->from, 0, &first);
        status = skip(env, flow, &chain, *started ? first : chain.count);
    }
    if (status || !*started)
        return status;
    *ended = body->until && find_run(&chain, body->until, first, &end);
    struct fer_op *op = NULL;
    for (int i = first; i < end && !status; i++)
        status = fer_calls_eval(env, chain.calls, i + 1, i, i + 1, &values, &op);
    if (status)
        return status;
    *out = values;
    if (*ended)
        return FER_OK;
    return fer_outputs_define(env, &flow->outputs, &values, op, flow->span);
}

static enum fer_status cut_not_found(struct fer_env *env, const struct fer_net *net, bool until)
{
    const struct fer_net_body *body = net->body;
    const char *label = until ? body->until : body->from;
    const struct fer_span span = until ? body->until_span : body->from_span;
    char text[512] = "";
    for (int i = 0; i < body->item->nbody; i++) {
        struct chain chain = { 0 };
        if (unroll(env, &body->item->body[i].flow, &chain))
            return FER_EINVAL;
        for (int k = 0; k < chain.count; k++) {
            if (step_matches(chain.names[k], label)) {
                fer_report_at(env->r, env->r->main, span, "until=\"%s\" comes before from=\"%s\"", body->until,
                              body->from);
                return FER_EINVAL;
            }
            if (strlen(text) + 64 < sizeof(text))
                snprintf(text + strlen(text), 64, "%s%.40s", text[0] ? ", " : "", chain.names[k]);
        }
    }
    fer_report_at(env->r, env->r->main, span, "net '%s' has no label '%s'; it has %s", net->name, label, text);
    return FER_ENOTFOUND;
}

enum fer_status fer_cut_eval(struct fer_env *env, const struct fer_net *net, struct fer_values *values)
{
    const struct fer_net_body *body = net->body;
    const struct fer_values inputs = *values;
    bool started = !body->from, ended = false;
    enum fer_status status = FER_OK;
    if (started)
        for (int i = 0; i < inputs.count && !status; i++)
            status = fer_scope_define(env, body->item->signature.ports[i].name, body->item->signature.ports[i].span,
                                      inputs.items[i], true);
    for (int i = 0; i < body->item->nbody && !ended && !status; i++)
        status = eval_cut_flow(env, body, &body->item->body[i].flow, &inputs, &started, &ended, values);
    if (status)
        return status;
    if (!started || (body->until && !ended))
        return cut_not_found(env, net, started);
    if (ended)
        return FER_OK;
    return fer_outputs_take(env, &body->item->signature, values);
}
