/* SPDX-License-Identifier: Apache-2.0
 *
 * What operations and weights are called: labels, repetitions, paths.
 */
#include <string.h>

#include "graph/resolve.h"

enum fer_status fer_call_unlabelled(struct fer_env *env, const struct fer_ast_call *call)
{
    if (!call->label)
        return FER_OK;
    fer_report_at(env->r, env->module, call->label_span,
                  "a label names the weights of an operation or a block inside a net; '%s' cannot have one here",
                  call->name);
    return FER_EINVAL;
}

struct repeat {
    int repeat;
};
static const struct fer_param *const repeat_params[] = {
    FER_PARAM_INT(struct repeat, repeat, "1", 1, 1000, "how often the call stands here"), NULL
};

enum fer_status fer_call_repeat(struct fer_env *env, const struct fer_ast_call *call, int *repeat)
{
    *repeat = 1;
    for (int i = 0; i < call->nkeywords; i++)
        if (strcmp(call->keywords[i].name, "repeat") == 0) {
            struct fer_binder binder = fer_env_binder(env, NULL);
            void *bound;
            const enum fer_status status = fer_bind(&binder, call->name, repeat_params, sizeof(struct repeat), NULL, 0,
                                                    &call->keywords[i], 1, call->span, &bound);
            *repeat = status ? 1 : ((struct repeat *)bound)->repeat;
            return status;
        }
    return FER_OK;
}

static bool same_label(const struct fer_ast_call *a, const struct fer_ast_call *b)
{
    return a->label && b->label && strcmp(a->label, b->label) == 0;
}

enum fer_status fer_call_label(struct fer_env *env, const struct fer_ast_call *calls, int ncalls, int i, int repetition,
                               const char **label)
{
    *label = calls[i].label;
    if (!*label)
        return FER_OK;
    int first = i, last = i, before = repetition, total = 0;
    while (first > 0 && same_label(&calls[first - 1], &calls[i]))
        first--;
    while (last + 1 < ncalls && same_label(&calls[last + 1], &calls[i]))
        last++;
    for (int k = first; k <= last; k++) {
        int repeat;
        const enum fer_status status = fer_call_repeat(env, &calls[k], &repeat);
        if (status)
            return status;
        total += repeat;
        before += k < i ? repeat : 0;
    }
    if (total > 1)
        *label = fer_arena_printf(env->r->d->arena, "%s.%d", calls[i].label, before);
    return *label ? FER_OK : fer_report_memory(env->r, calls[i].span);
}

/* The path of an operation: prefix and label, or prefix, type and order. */
const char *fer_op_path(struct fer_env *env, const char *label, const char *type)
{
    struct fer_naming *naming = env->naming;
    struct fer_arena *arena = env->r->d->arena;
    const char *dot = naming->prefix[0] ? "." : "";
    if (label)
        return fer_arena_printf(arena, "%s%s%s", naming->prefix, dot, label);
    int at = 0;
    while (at < naming->ncounters && strcmp(naming->counters[at].type, type) != 0)
        at++;
    if (at == naming->ncounters) {
        if (at == 64)
            return fer_arena_printf(arena, "%s%s%s", naming->prefix, dot, type);
        naming->counters[naming->ncounters++].type = type;
        naming->counters[at].next = 0;
    }
    return fer_arena_printf(arena, "%s%s%s.%d", naming->prefix, dot, type, naming->counters[at].next++);
}
