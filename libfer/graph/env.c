/* SPDX-License-Identifier: Apache-2.0
 *
 * What names in arguments mean where a flow is evaluated: values, nets, data sets.
 */
#include <string.h>

#include "graph/resolve.h"

static enum fer_status bind_value(void *user, const char *name, struct fer_span span, int *index)
{
    struct fer_env *env = user;
    struct fer_value *value = fer_scope_find(env, name, span);
    if (!value)
        return FER_ENOTFOUND;
    if (env->first_extra + env->nextra >= FER_OP_PORTS) {
        fer_report_at(env->r, env->module, span, "an operation takes at most %d inputs", FER_OP_PORTS);
        return FER_EINVAL;
    }
    *index = env->first_extra + env->nextra;
    env->extra[env->nextra++] = value;
    return FER_OK;
}

static enum fer_status bind_net(void *user, const char *name, struct fer_span span, struct fer_net **net)
{
    struct fer_env *env = user;
    *net = fer_description_net(env->r->d, name);
    if (*net) {
        (*net)->used = true;
        return FER_OK;
    }
    const char *names[256];
    int count = 0;
    for (; count < env->r->d->nnets && count < 255; count++)
        names[count] = env->r->d->nets[count]->name;
    names[count] = NULL;
    const char *near = fer_nearest_name(name, names);
    if (near)
        fer_report_at(env->r, env->module, span, "net '%s' is not defined; did you mean '%s'?", name, near);
    else
        fer_report_at(env->r, env->module, span, "net '%s' is not defined", name);
    return FER_ENOTFOUND;
}

/* A data set that another one reads: a reader and nothing else.  It is bound where it is named, and once is enough:
 * what it reads cannot be made of others in turn. */
static enum fer_status bind_reader(void *user, const char *name, struct fer_span span, struct fer_bound_reader *out)
{
    struct fer_env *env = user;
    struct fer_resolver *r = env->r;
    const struct fer_ast_file *file = r->main->file;
    struct fer_error err = FER_ERROR_INIT;
    const char *names[256];
    int count = 0;
    for (int i = 0; i < file->nitems; i++) {
        const struct fer_ast_item *item = &file->items[i];
        if (item->kind != FER_AST_DATA)
            continue;
        if (count < 255)
            names[count++] = item->name;
        if (strcmp(item->name, name) != 0)
            continue;
        if (item->ncalls > 1) {
            fer_report_at(r, env->module, span,
                          "data '%s' is a pipeline; define it by its reader alone, and put what follows "
                          "the reader behind the data set that reads it",
                          name);
            return FER_EINVAL;
        }
        const void *reader;
        size_t size;
        const struct fer_ast_call *call = &item->calls[0];
        if (fer_registry_find(r->d->registry, FER_KIND_READER, call->name, r->main->plugins, &reader, NULL, &err)) {
            fer_report_at(r, r->main, call->name_span, "%s", err.text);
            return FER_ENOTFOUND;
        }
        r->main->used[i] = true;
        *out = (struct fer_bound_reader){ item->name, reader, NULL, fer_data_override(r->d, item->name) };
        const struct fer_param *const *table = fer_entry_params(FER_KIND_READER, reader, &size);
        struct fer_binder binder = fer_env_binder(env, NULL);
        binder.reader = NULL;
        void *bound = NULL;
        const enum fer_status status = fer_bind(&binder, call->name, table, size, call->positional, call->positionals,
                                                call->keywords, call->nkeywords, call->name_span, &bound);
        out->params = bound;
        return status;
    }
    names[count] = NULL;
    const char *near = fer_nearest_name(name, names);
    fer_report_at(r, env->module, span, "data '%s' is not defined%s%s%s", name, near ? "; did you mean '" : "",
                  near ? near : "", near ? "'?" : "");
    return FER_ENOTFOUND;
}

struct fer_binder fer_env_binder(struct fer_env *env, const char *const *reserved)
{
    return (struct fer_binder){ env->graph ? env->graph->arena : env->r->d->arena,
                                &env->r->d->diags,
                                env->bindings,
                                env->module->source->dir,
                                env,
                                bind_value,
                                bind_net,
                                bind_reader,
                                reserved,
                                &env->r->settled };
}

enum fer_status fer_words_bind(struct fer_env *env, const char *owner, const struct fer_param *const *params,
                               size_t size, const struct fer_ast_keyword *keywords, int nkeywords, struct fer_span span,
                               void **out)
{
    struct fer_binder binder = fer_env_binder(env, NULL);
    binder.arena = env->r->d->arena;
    return fer_bind(&binder, owner, params, size, NULL, 0, keywords, nkeywords, span, out);
}
