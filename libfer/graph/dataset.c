/* SPDX-License-Identifier: Apache-2.0
 *
 * Data items as far as the host goes: reader, transforms, samplers, batch.
 */
#include <string.h>

#include "graph/resolve.h"

struct batch {
    int batch, micro;
};
static const struct fer_param *const batch_params[] = {
    FER_PARAM_INT(struct batch, batch, NULL, 1, 65536, "samples in a batch"),
    FER_PARAM_INT(struct batch, micro, "0", 0, 65536, "samples computed at once; gradients are summed over the batch"),
    NULL,
};

static enum fer_status bind_entry(struct fer_env *env, enum fer_kind kind, const void *entry,
                                  const struct fer_ast_call *call, const void **params)
{
    size_t size;
    const struct fer_param *const *table = fer_entry_params(kind, entry, &size);
    struct fer_binder binder = fer_env_binder(env, NULL);
    void *bound = NULL;
    const enum fer_status status = fer_bind(&binder, call->name, table, size, call->positional, call->positionals,
                                            call->keywords, call->nkeywords, call->name_span, &bound);
    *params = bound;
    return status;
}

static enum fer_status host_item(struct fer_env *env, const struct fer_ast_call *call, struct fer_pipeline_item *out)
{
    struct fer_resolver *r = env->r;
    const struct fer_registry *registry = r->d->registry;
    struct fer_error err = FER_ERROR_INIT, other = FER_ERROR_INIT;
    const void *entry;
    if (fer_registry_find(registry, FER_KIND_TRANSFORM, call->name, env->module->plugins, &entry, NULL, &err) ==
        FER_OK) {
        out->transform = entry;
        return bind_entry(env, FER_KIND_TRANSFORM, entry, call, &out->params);
    }
    if (fer_registry_find(registry, FER_KIND_SAMPLER, call->name, env->module->plugins, &entry, NULL, &other) ==
        FER_OK) {
        out->sampler = entry;
        return bind_entry(env, FER_KIND_SAMPLER, entry, call, &out->params);
    }
    if (strstr(other.text, "write \"use"))
        err = other;
    if (fer_registry_find(registry, FER_KIND_LAYER, call->name, env->module->plugins, &entry, NULL, &other) == FER_OK &&
        ((const struct fer_layer *)entry)->flags & FER_LAYER_DATA)
        fer_report_at(r, env->module, call->name_span, "'%s' runs on the device; put it after batch", call->name);
    else
        fer_report_at(r, env->module, call->name_span, "%s", err.text);
    return FER_ENOTFOUND;
}

static enum fer_status find_batch(struct fer_env *env, const struct fer_ast_item *item, struct fer_data_spec *out)
{
    for (int i = 0; i < item->ncalls; i++) {
        const enum fer_status status = fer_call_unlabelled(env, &item->calls[i]);
        if (status)
            return status;
    }
    for (int i = 1; i < item->ncalls; i++) {
        const struct fer_ast_call *call = &item->calls[i];
        if (strcmp(call->name, "batch") != 0)
            continue;
        struct fer_binder binder = fer_env_binder(env, NULL);
        void *bound;
        const enum fer_status status =
            fer_bind(&binder, "batch", batch_params, sizeof(struct batch), call->positional, call->positionals,
                     call->keywords, call->nkeywords, call->name_span, &bound);
        if (status)
            return status;
        const struct batch *batch = bound;
        out->batch = batch->batch;
        out->micro = batch->micro ? batch->micro : batch->batch;
        if (out->batch % out->micro != 0) {
            fer_report_at(env->r, env->module, call->name_span, "batch: micro=%d does not divide the batch of %d",
                          out->micro, out->batch);
            return FER_EINVAL;
        }
        out->body->first_device = i + 1;
        return FER_OK;
    }
    fer_report_at(env->r, env->module, item->name_span, "data '%s' has no batch; add \"| batch 64\"", item->name);
    return FER_EINVAL;
}

/* Errors of a pipeline begin with the data set's name and then, most often, the operation's. */
static struct fer_span blamed(const struct fer_ast_item *item, const struct fer_error *err)
{
    const char *text = strstr(err->text, "': ");
    for (int i = item->ncalls - 1; i > 0 && text; i--) {
        const size_t length = strlen(item->calls[i].name);
        if (strncmp(text + 3, item->calls[i].name, length) == 0 && text[3 + length] == ':')
            return item->calls[i].span;
    }
    return item->calls[0].span;
}

/* Whether --data could say where it reads: a set that is made of others has no path of its own. */
static bool has_path(const struct fer_pipeline_spec *spec)
{
    size_t size;
    const struct fer_param *const *params = fer_entry_params(FER_KIND_READER, spec->reader, &size);
    for (; params && *params; params++)
        if ((*params)->type == FER_TYPE_PATH)
            return true;
    return false;
}

/* A data set that is not there is an error in training and a warning in a check. */
static enum fer_status open_once(struct fer_env *env, const struct fer_ast_item *item, struct fer_data_spec *out)
{
    struct fer_description *d = env->r->d;
    struct fer_pipeline *pipeline;
    struct fer_error err = FER_ERROR_INIT;
    const enum fer_status status = fer_pipeline_open(out->pipeline, &pipeline, &err);
    if (!status) {
        out->info = fer_arena_copy(d->arena, fer_pipeline_info(pipeline), sizeof(*out->info));
        fer_pipeline_close(pipeline);
        return out->info ? FER_OK : fer_report_memory(env->r, item->span);
    }
    /* trained, and now tried from another directory: what the paths were relative to is not known any more */
    const bool moved = d->options.only_predict && status == FER_ENOTFOUND && !out->pipeline->env.override_path &&
                       has_path(out->pipeline);
    out->pipeline = NULL;
    const struct fer_span span = blamed(item, &err);
    if (!d->options.check || (status != FER_ENOTFOUND && status != FER_EIO)) {
        fer_report_at(env->r, env->module, span, "%s%s%s%s", err.text,
                      moved ? "; relative paths in a checkpoint start at the working directory, and --data " : "",
                      moved ? item->name : "", moved ? "=PATH says where the pictures are" : "");
        return status;
    }
    fer_diag_add(&d->diags, FER_SEVERITY_WARNING, span, "%s; what uses this data is not checked", err.text);
    return FER_OK;
}

enum fer_status fer_data_create(struct fer_resolver *r, const struct fer_ast_item *item, struct fer_data_spec *out)
{
    struct fer_description *d = r->d;
    struct fer_env env = { .r = r, .module = r->main, .bindings = &r->main->lets };
    out->name = item->name;
    out->span = item->name_span;
    out->body = fer_arena_alloc(d->arena, sizeof(*out->body));
    struct fer_pipeline_spec *spec = fer_arena_alloc(d->arena, sizeof(*spec));
    struct fer_pipeline_item *items = fer_arena_alloc(d->arena, (size_t)item->ncalls * sizeof(*items));
    if (!out->body || !spec || !items)
        return fer_report_memory(r, item->span);
    out->body->item = item;
    enum fer_status status = find_batch(&env, item, out);
    if (status)
        return status;
    const struct fer_ast_call *call = &item->calls[0];
    const void *reader;
    struct fer_error err = FER_ERROR_INIT;
    status = fer_registry_find(d->registry, FER_KIND_READER, call->name, r->main->plugins, &reader, NULL, &err);
    if (status) {
        fer_report_at(r, r->main, call->name_span, "%s", err.text);
        return status;
    }
    status = bind_entry(&env, FER_KIND_READER, reader, call, &spec->reader_params);
    spec->name = item->name;
    spec->reader = reader;
    spec->env = (struct fer_data_env){
        sizeof(struct fer_data_env),     d->labels, d->nlabels, d->options.seed, r->main->source->dir,
        fer_data_override(d, item->name)
    };
    spec->items = items;
    spec->batch = out->micro;
    spec->threads = d->options.threads;
    for (int i = 1; i < out->body->first_device - 1 && !status; i++)
        status = host_item(&env, &item->calls[i], &items[spec->nitems++]);
    out->pipeline = spec;
    return status ? status : open_once(&env, item, out);
}
