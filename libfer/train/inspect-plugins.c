/* SPDX-License-Identifier: Apache-2.0
 *
 * Devices and plugins as JSON.
 */
#include <fer/inspect.h>
#include <stdlib.h>
#include <string.h>

#include "train/context.h"

enum fer_status fer_inspect_devices(struct fer_context *context, char **json, struct fer_error *err)
{
    struct fer_device_info *list = NULL;
    json_t *all = json_array();
    int count = 0;
    enum fer_status status = fer_devices_list(&list, &count, err);

    (void)context;
    *json = NULL;
    for (int i = 0; i < count; i++) {
        const struct fer_device_info *d = &list[i];

        fer_json_append(&all, json_pack("{s:i, s:o, s:o, s:o, s:o, s:s, s:s, s:i, s:I, s:I}", "index", d->index, "name",
                                        fer_json_string(d->name), "platform", fer_json_string(d->platform), "driver",
                                        fer_json_string(d->driver), "version", fer_json_string(d->version), "type",
                                        d->type, "profile", d->profile == FER_PROFILE_CPU ? "cpu" : "gpu",
                                        "compute_units", (int)d->compute_units, "global_memory",
                                        (json_int_t)d->global_memory, "max_allocation", (json_int_t)d->max_allocation));
    }
    free(list);
    if (status == FER_OK)
        return fer_json_text(all, json, err);
    json_decref(all);
    return status;
}

static void add_entry(void *user, enum fer_kind kind, const void *entry)
{
    const char *help = fer_entry_help(kind, entry);
    json_t **provides = user;

    fer_json_append(provides, json_pack("{s:s, s:s, s:s}", "kind", fer_kind_name(kind), "name",
                                        fer_entry_name(kind, entry), "help", help ? help : ""));
}

static json_t *describe_file(const struct fer_registry_file *file)
{
    json_t *row = json_pack("{s:o, s:b, s:o?}", "path", fer_json_string(file->path), "shadowed", (int)file->shadowed,
                            "refusal", fer_json_string(file->refusal));
    const struct fer_plugin *plugin = file->plugin;
    json_t *provides;

    if (!plugin)
        return row;
    provides = json_array();
    fer_plugin_each(plugin, add_entry, &provides);
    fer_json_merge(&row, json_pack("{s:s, s:s?, s:s?, s:s?, s:o}", "name", plugin->name, "version", plugin->version,
                                   "license", plugin->license, "help", plugin->help, "provides", provides));
    return row;
}

enum fer_status fer_inspect_plugins(struct fer_context *context, char **json, struct fer_error *err)
{
    const struct fer_registry_file *files;
    int count = fer_registry_files(context->registry, &files);
    json_t *all = json_array();

    for (int i = 0; i < count; i++)
        fer_json_append(&all, describe_file(&files[i]));
    return fer_json_text(all, json, err);
}

static const char *type_name(enum fer_param_type type)
{
    static const char *const names[] = {
        [FER_TYPE_BOOL] = "bool",       [FER_TYPE_INT] = "int",         [FER_TYPE_FLOAT] = "float",
        [FER_TYPE_ENUM] = "name",       [FER_TYPE_STRING] = "string",   [FER_TYPE_PATH] = "path",
        [FER_TYPE_INTS] = "ints",       [FER_TYPE_FLOATS] = "floats",   [FER_TYPE_ENUMS] = "names",
        [FER_TYPE_STRINGS] = "strings", [FER_TYPE_INT_LISTS] = "lists", [FER_TYPE_VALUE] = "value",
        [FER_TYPE_NET] = "net",         [FER_TYPE_NETS] = "nets",       [FER_TYPE_READERS] = "data sets",
    };

    return (size_t)type < sizeof(names) / sizeof(*names) ? names[type] : "?";
}

static json_t *describe_param(const struct fer_param *param)
{
    json_t *row = json_pack("{s:s, s:s, s:b, s:s?, s:s?}", "name", param->name, "type", type_name(param->type),
                            "required", param->fallback == NULL, "default", param->fallback, "help", param->help);
    json_t *choices = NULL;
    bool ranged = param->type == FER_TYPE_INT || param->type == FER_TYPE_FLOAT || param->type == FER_TYPE_INTS ||
                  param->type == FER_TYPE_FLOATS;

    if (ranged)
        fer_json_merge(&row, json_pack("{s:f, s:f}", "min", param->min, "max", param->max));
    if (param->choices) {
        choices = json_array();
        for (int i = 0; param->choices[i]; i++)
            fer_json_append(&choices, fer_json_string(param->choices[i]));
        fer_json_set(&row, "choices", choices);
    }
    return row;
}

static json_t *describe_fields(const char *const *fields)
{
    json_t *list = json_array();

    for (int i = 0; fields && fields[i]; i++)
        fer_json_append(&list, fer_json_string(fields[i]));
    return list;
}

static void describe_layer(json_t **row, const struct fer_layer *layer)
{
    bool differentiable = layer->backward || layer->flags & FER_LAYER_VIEW;

    fer_json_merge(row, json_pack("{s:[i, i], s:[i, i], s:b, s:b}", "inputs", layer->inputs_min, layer->inputs_max,
                                  "outputs", layer->outputs_min, layer->outputs, "gradient", (int)differentiable,
                                  "loss", (layer->flags & FER_LAYER_LOSS) != 0));
    if (layer->flags & FER_LAYER_DATA)
        fer_json_merge(row, json_pack("{s:o, s:o}", "reads", describe_fields(layer->reads), "writes",
                                      describe_fields(layer->writes ? layer->writes : layer->reads)));
}

static json_t *describe_entry(const struct fer_plugin *plugin, enum fer_kind kind, const void *entry)
{
    size_t size;
    const struct fer_param *const *params = fer_entry_params(kind, entry, &size);
    const char *help = fer_entry_help(kind, entry);
    json_t *list = json_array(), *row;

    for (int i = 0; params && params[i]; i++)
        fer_json_append(&list, describe_param(params[i]));
    row = json_pack("{s:s, s:s, s:s, s:s, s:o}", "plugin", plugin->name, "kind", fer_kind_name(kind), "name",
                    fer_entry_name(kind, entry), "help", help ? help : "", "params", list);
    if (kind == FER_KIND_LAYER)
        describe_layer(&row, entry);
    if (kind == FER_KIND_METRIC)
        describe_layer(&row, &((const struct fer_metric *)entry)->layer);
    return row;
}

/* Entries that answer to a name. */
struct search {
    const char *plugin, *name; /* plugin NULL: any; name NULL: all of the plugin */
    const struct fer_plugin *current;
    json_t *found;
};

static void match_entry(void *user, enum fer_kind kind, const void *entry)
{
    struct search *search = user;

    if (!search->name || strcmp(search->name, fer_entry_name(kind, entry)) == 0)
        fer_json_append(&search->found, describe_entry(search->current, kind, entry));
}

static void search_plugins(const struct fer_registry *registry, struct search *search)
{
    const struct fer_registry_file *files;
    int count = fer_registry_files(registry, &files);

    for (int i = 0; i < count; i++) {
        search->current = files[i].plugin;
        if (!search->current || files[i].shadowed)
            continue;
        if (!search->plugin || strcmp(search->plugin, search->current->name) == 0)
            fer_plugin_each(search->current, match_entry, search);
    }
}

static void add_name(void *user, enum fer_kind kind, const void *entry)
{
    const char ***at = user;

    if (*at)
        *(*at)++ = fer_entry_name(kind, entry);
}

static void count_name(void *user, enum fer_kind kind, const void *entry)
{
    (void)kind;
    (void)entry;
    ++*(size_t *)user;
}

static enum fer_status not_found(const struct fer_registry *registry, const char *name, struct fer_error *err)
{
    const struct fer_registry_file *files;
    int count = fer_registry_files(registry, &files);
    size_t total = 0;
    const char **names, **at, *nearest;

    for (int i = 0; i < count; i++) {
        if (files[i].plugin)
            fer_plugin_each(files[i].plugin, count_name, &total);
    }
    names = at = calloc(total + (size_t)count + 1, sizeof(*names));
    if (!names)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    for (int i = 0; i < count; i++) {
        if (!files[i].plugin)
            continue;
        *at++ = files[i].plugin->name;
        fer_plugin_each(files[i].plugin, add_name, &at);
    }
    nearest = fer_nearest_name(name, names);
    free(names);
    if (nearest)
        return fer_fail(err, FER_ENOTFOUND, "no plugin has '%.100s'; did you mean '%s'?", name, nearest);
    return fer_fail(err, FER_ENOTFOUND, "no plugin has '%.100s'; `fer plugins` lists what there is", name);
}

enum fer_status fer_inspect_entry(struct fer_context *context, const char *name, char **json, struct fer_error *err)
{
    const char *dot = strchr(name, '.');
    bool all = dot && strcmp(dot, ".*") == 0;
    char *plugin = dot ? strndup(name, (size_t)(dot - name)) : NULL;
    struct search search = { .plugin = plugin, .name = all ? NULL : dot ? dot + 1 : name, .found = json_array() };

    *json = NULL;
    search_plugins(context->registry, &search);
    if (json_array_size(search.found) == 0 && !dot) {
        search.plugin = name;
        search.name = NULL;
        search_plugins(context->registry, &search);
    }
    free(plugin);
    if (!search.found)
        return fer_fail(err, FER_ENOMEM, "no memory for the report");
    if (json_array_size(search.found) > 0)
        return fer_json_text(search.found, json, err);
    json_decref(search.found);
    return not_found(context->registry, name, err);
}
