/* SPDX-License-Identifier: Apache-2.0
 *
 * Data items: reader, host operations, batch, then layers on the device.
 */
#include <stdio.h>
#include <string.h>

#include "graph/resolve.h"

struct fer_data_body {
    const struct fer_ast_item *item;
    int first_device; /* index in item->calls */
};

int fer_data_index(const struct fer_description *d, const char *name)
{
    for (int i = 0; i < d->ndata; i++)
        if (strcmp(d->data[i].name, name) == 0)
            return i;
    return -1;
}

struct batch {
    int batch, micro;
};
static const struct fer_param *const batch_params[] = {
    FER_PARAM_INT(struct batch, batch, NULL, 1, 65536, "samples in a batch"),
    FER_PARAM_INT(struct batch, micro, "0", 0, 65536, "samples computed at once; gradients are summed over the batch"),
    NULL,
};

/* ---- the host part ---- */

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

static const char *override_path(const struct fer_description *d, const char *name)
{
    for (int i = 0; i < d->options.ndata; i++)
        if (strcmp(d->options.data[i].name, name) == 0)
            return d->options.data[i].value;
    return NULL;
}

/* A data set that another one reads: a reader and nothing else.  It is bound where it is named, and once is enough:
 * what it reads cannot be made of others in turn. */
enum fer_status fer_data_bind(void *user, const char *name, struct fer_span span, struct fer_bound_reader *out)
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
        *out = (struct fer_bound_reader){ item->name, reader, NULL, override_path(r->d, item->name) };
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
    out->pipeline = NULL;
    const struct fer_span span = blamed(item, &err);
    if (!d->options.check || (status != FER_ENOTFOUND && status != FER_EIO)) {
        fer_report_at(env->r, env->module, span, "%s", err.text);
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
        sizeof(struct fer_data_env), d->labels, d->nlabels, d->options.seed, r->main->source->dir,
        override_path(d, item->name)
    };
    spec->items = items;
    spec->batch = out->micro;
    spec->threads = d->options.threads;
    for (int i = 1; i < out->body->first_device - 1 && !status; i++)
        status = host_item(&env, &item->calls[i], &items[spec->nitems++]);
    out->pipeline = spec;
    return status ? status : open_once(&env, item, out);
}

/* ---- the device part ---- */

struct fields {
    const char *name[24];
    struct fer_value *value[24];
    int count;
};

static struct fer_value *field_find(const struct fields *fields, const char *name)
{
    for (int i = 0; i < fields->count; i++)
        if (strcmp(fields->name[i], name) == 0)
            return fields->value[i];
    return NULL;
}

static void field_set(struct fields *fields, const char *name, struct fer_value *value)
{
    for (int i = 0; i < fields->count; i++)
        if (strcmp(fields->name[i], name) == 0) {
            fields->value[i] = value;
            return;
        }
    if (fields->count < 24) {
        fields->name[fields->count] = name;
        fields->value[fields->count++] = value;
    }
}

static bool field_shape(const struct fer_pipeline_info *info, unsigned field, int n, struct fer_shape *out)
{
    *out = (struct fer_shape){ FER_F32, 1, { n }, 1 };
    switch (field) {
    case FER_FIELD_IMAGE:
    case FER_FIELD_IMAGE2:
        *out = (struct fer_shape){ FER_U8, 4, { n, info->height, info->width, info->channels }, 1 };
        return true;
    case FER_FIELD_MASK: *out = (struct fer_shape){ FER_U8, 4, { n, info->height, info->width, 1 }, 1 }; return true;
    case FER_FIELD_LABEL:
    case FER_FIELD_LABEL2:
    case FER_FIELD_SUBJECT: out->dtype = FER_I32; return true;
    case FER_FIELD_ID: out->dtype = FER_U32; return true;
    case FER_FIELD_LANDMARKS:
        *out = (struct fer_shape){ FER_F32, 3, { n, info->landmarks, 2 }, 1 };
        return info->landmarks > 0;
    case FER_FIELD_BOX: *out = (struct fer_shape){ FER_F32, 2, { n, 4 }, 1 }; return true;
    case FER_FIELD_SOFT: *out = (struct fer_shape){ FER_F32, 2, { n, info->softs }, 1 }; return info->softs > 0;
    case FER_FIELD_CODE: *out = (struct fer_shape){ FER_F32, 2, { n, info->codes }, 1 }; return info->codes > 0;
    case FER_FIELD_COVERED:
    case FER_FIELD_SAME: return true;
    default: return false;
    }
}

static enum fer_status add_core(struct fer_env *env, const struct fer_layer *layer, const void *params,
                                struct fer_value *in, const char *path, struct fer_span span, struct fer_value **out)
{
    struct fer_op *op;
    struct fer_error err = FER_ERROR_INIT;
    const struct fer_op_spec spec = {
        .layer = layer, .params = params, .in = &in, .nin = 1, .path = path, .span = span, .region = env->region
    };
    const enum fer_status status = fer_graph_add(env->graph, &spec, &op, &err);
    if (status) {
        fer_report_at(env->r, env->module, span, "%s", err.text);
        return status;
    }
    *out = op->out[0];
    return FER_OK;
}

static enum fer_status add_inputs(struct fer_env *env, const struct fer_data_spec *data, int position,
                                  struct fields *fields)
{
    for (unsigned field = 1; field <= FER_FIELD_SAME; field <<= 1) {
        struct fer_shape shape;
        if (!(data->info->fields & field) || !field_shape(data->info, field, env->graph->capacity, &shape))
            continue;
        struct fer_value *value = fer_graph_add_input(env->graph, &shape, fer_field_name(field), position, field);
        if (!value)
            return fer_report_memory(env->r, data->span);
        if (shape.dtype == FER_U8) {
            const enum fer_status status =
                add_core(env, &fer_core_ingest, NULL, value, fer_field_name(field), data->span, &value);
            if (status)
                return status;
        }
        field_set(fields, fer_field_name(field), value);
    }
    return FER_OK;
}

/* The fields that a data layer reads, in its order; "?name" is taken when there. */
static enum fer_status gather(struct fer_env *env, const struct fer_ast_call *call, const struct fer_layer *layer,
                              const struct fields *fields, bool second, struct fer_values *values, const char **names)
{
    values->count = 0;
    for (int i = 0; layer->reads[i] && values->count < FER_MAX_VALUES; i++) {
        const bool optional = layer->reads[i][0] == '?';
        const char *name = layer->reads[i] + optional;
        if (second && strcmp(name, "image") != 0)
            continue;
        struct fer_value *value = field_find(fields, second ? "image2" : name);
        if (!value && optional)
            continue;
        if (!value) {
            fer_report_at(env->r, env->module, call->name_span,
                          "%s needs the field '%s', which this data does not have", call->name, name);
            return FER_EINVAL;
        }
        names[values->count] = name;
        values->items[values->count++] = value;
    }
    return FER_OK;
}

static enum fer_status apply(struct fer_env *env, const struct fer_ast_call *call, const struct fer_layer *layer,
                             struct fields *fields, bool second)
{
    struct fer_values values;
    const char *names[FER_MAX_VALUES] = { NULL };
    const char *path =
        fer_arena_printf(env->graph->arena, "%s.%s%s", env->naming->prefix, call->name, second ? "2" : "");
    enum fer_status status = gather(env, call, layer, fields, second, &values, names);
    const int read = values.count;
    struct fer_op *op;
    if (!status)
        status = path ? fer_layer_eval(env, layer, call, path, false, names, &values, &op)
                      : fer_report_memory(env->r, call->span);
    for (int i = 0; i < values.count && !status; i++) {
        const char *name = layer->writes ? layer->writes[i] : i < read ? names[i] : NULL;
        if (!name)
            break;
        if (!second)
            field_set(fields, name, values.items[i]);
        else if (strcmp(name, "image") == 0)
            field_set(fields, "image2", values.items[i]);
    }
    return status;
}

enum on { ON_IMAGE = 1, ON_IMAGE2 = 2 };
struct on_words {
    struct fer_ints on;
};
static const char *const on_fields[] = { "image", "image2", NULL };
static const struct fer_param *const on_params[] = { FER_PARAM(FER_TYPE_ENUMS, struct on_words, on, "on",
                                                               "[image, image2]", 0, 0, on_fields,
                                                               "the pictures of a pair that the operation changes"),
                                                     NULL };

/* on=[image]: only these of image and image2. */
static enum fer_status find_on(struct fer_env *env, const struct fer_ast_call *call, unsigned *on)
{
    struct fer_ast_keyword given = { 0 };
    void *bound;
    int count = 0;
    for (int k = 0; k < call->nkeywords; k++)
        if (strcmp(call->keywords[k].name, "on") == 0) {
            given = call->keywords[k];
            count = 1;
        }
    const enum fer_status status =
        fer_words_bind(env, call->name, on_params, sizeof(struct on_words), &given, count, call->name_span, &bound);
    *on = 0;
    for (int i = 0; i < (status ? 0 : ((struct on_words *)bound)->on.count); i++)
        *on |= ((struct on_words *)bound)->on.items[i] == 0 ? ON_IMAGE : ON_IMAGE2;
    return status;
}

/* Why a call cannot stand behind `batch`; NULL: it can. */
static const char *misplaced(struct fer_env *env, const struct fer_ast_call *call, const struct fer_layer *layer)
{
    const struct fer_registry *registry = env->r->d->registry;
    struct fer_error err = FER_ERROR_INIT;
    const void *entry;
    if (layer && layer->flags & FER_LAYER_DATA && layer->reads && layer->reads[0])
        return NULL;
    if (strcmp(call->name, "batch") == 0)
        return "stands once in a pipeline";
    if (fer_registry_find(registry, FER_KIND_TRANSFORM, call->name, env->module->plugins, &entry, NULL, &err) ==
            FER_OK ||
        fer_registry_find(registry, FER_KIND_SAMPLER, call->name, env->module->plugins, &entry, NULL, &err) == FER_OK)
        return "runs on the host; put it before batch";
    return layer ? "is not an operation on pictures; it can stand in a net or a stage, not in data" : NULL;
}

static enum fer_status device_call(struct fer_env *env, const struct fer_ast_call *call, struct fields *fields)
{
    const void *entry;
    struct fer_error err = FER_ERROR_INIT;
    enum fer_status status =
        fer_registry_find(env->r->d->registry, FER_KIND_LAYER, call->name, env->module->plugins, &entry, NULL, &err);
    const struct fer_layer *layer = status ? NULL : entry;
    const char *why = misplaced(env, call, layer);
    if (why || !layer) {
        if (why)
            fer_report_at(env->r, env->module, call->name_span, "'%s' %s", call->name, why);
        else
            fer_report_at(env->r, env->module, call->name_span, "%s", err.text);
        return FER_EINVAL;
    }
    unsigned on;
    const bool pair = field_find(fields, "image2") && strcmp(layer->reads[0], "image") == 0;
    status = find_on(env, call, &on);
    if (!status && on & ON_IMAGE)
        status = apply(env, call, layer, fields, false);
    if (!status && pair && on & ON_IMAGE2)
        status = apply(env, call, layer, fields, true);
    return status;
}

static enum fer_status render(struct fer_env *env, const struct fer_data_spec *data, struct fields *fields)
{
    const struct fer_layer *layer = data->info->render;
    struct fer_value *code = field_find(fields, "code");
    if (!layer || !code)
        return FER_OK;
    struct fer_op *op;
    struct fer_error err = FER_ERROR_INIT;
    const char *field = "code";
    const struct fer_op_spec spec = { .layer = layer,
                                      .params = data->pipeline->reader_params,
                                      .in = &code,
                                      .field = &field,
                                      .nin = 1,
                                      .path = fer_arena_printf(env->graph->arena, "%s.%s", env->naming->prefix,
                                                               layer->name),
                                      .span = data->span,
                                      .region = env->region };
    const enum fer_status status = fer_graph_add(env->graph, &spec, &op, &err);
    if (status) {
        fer_report_at(env->r, env->module, data->span, "%s: %s", layer->name, err.text);
        return status;
    }
    for (int i = 0; i < op->nout && layer->writes && layer->writes[i]; i++)
        field_set(fields, layer->writes[i], op->out[i]);
    return FER_OK;
}

static enum fer_status define_fields(struct fer_env *env, const struct fer_ast_item *item, const struct fields *fields)
{
    for (int i = 0; i < item->nfields; i++) {
        const struct fer_ast_field *field = &item->fields[i];
        struct fer_value *value = field_find(fields, field->name);
        if (!value) {
            char text[256] = "";
            for (int k = 0; k < fields->count; k++)
                snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", k ? ", " : "", fields->name[k]);
            fer_report_at(env->r, env->module, field->span, "data '%s' has no field '%s'; it has %s", item->name,
                          field->name, text);
            return FER_EINVAL;
        }
        const enum fer_status status = fer_scope_define(env, field->as, field->as_span, value, true);
        if (status)
            return status;
        if (strcmp(field->as, "_") != 0)
            value->name = field->as;
    }
    return FER_OK;
}

static enum fer_status define_all(struct fer_env *env, const struct fer_ast_item *item, const struct fields *fields)
{
    enum fer_status status = FER_OK;
    for (int i = 0; i < fields->count && !status; i++)
        status = fer_scope_define(env, fields->name[i], item->name_span, fields->value[i], true);
    return status;
}

static enum fer_status eval(struct fer_env *env, struct fer_data_spec *data, int position, bool training, bool all)
{
    const struct fer_ast_item *item = data->body->item;
    struct fields fields = { .count = 0 };
    struct fer_naming naming = { .prefix = data->name };
    struct fer_env inner = *env;
    inner.naming = &naming;
    inner.training = training;
    inner.region = FER_REGION_DATA;
    inner.net = NULL;
    enum fer_status status = add_inputs(&inner, data, position, &fields);
    if (!status)
        status = render(&inner, data, &fields);
    for (int i = data->body->first_device; i < item->ncalls && !status; i++)
        status = device_call(&inner, &item->calls[i], &fields);
    if (status)
        return status;
    inner.naming = env->naming;
    return all ? define_all(&inner, item, &fields) : define_fields(&inner, item, &fields);
}

enum fer_status fer_data_eval(struct fer_env *env, struct fer_data_spec *data, int position, bool training)
{
    return eval(env, data, position, training, false);
}

enum fer_status fer_data_eval_all(struct fer_env *env, struct fer_data_spec *data, int position, bool training)
{
    return eval(env, data, position, training, true);
}
