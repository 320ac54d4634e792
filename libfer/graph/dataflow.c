/* SPDX-License-Identifier: Apache-2.0
 *
 * Data items from `batch` on: fields as inputs of a graph, and layers on the device.
 */
#include <stdio.h>
#include <string.h>

#include "graph/resolve.h"

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
