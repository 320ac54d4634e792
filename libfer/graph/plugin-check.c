/* SPDX-License-Identifier: Apache-2.0
 *
 * What a plugin must have: mistakes of its author, found before anything calls into it.
 */
#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "graph/bind.h"
#include "graph/registry.h"
#include "graph/solver.h"

static size_t type_size(enum fer_param_type type)
{
    static const size_t sizes[] = { [FER_TYPE_BOOL] = sizeof(bool),
                                    [FER_TYPE_INT] = sizeof(int),
                                    [FER_TYPE_FLOAT] = sizeof(double),
                                    [FER_TYPE_ENUM] = sizeof(int),
                                    [FER_TYPE_STRING] = sizeof(const char *),
                                    [FER_TYPE_PATH] = sizeof(const char *),
                                    [FER_TYPE_INTS] = sizeof(struct fer_ints),
                                    [FER_TYPE_FLOATS] = sizeof(struct fer_floats),
                                    [FER_TYPE_ENUMS] = sizeof(struct fer_ints),
                                    [FER_TYPE_STRINGS] = sizeof(struct fer_strings),
                                    [FER_TYPE_INT_LISTS] = sizeof(struct fer_int_lists),
                                    [FER_TYPE_VALUE] = sizeof(int),
                                    [FER_TYPE_NET] = sizeof(struct fer_net *),
                                    [FER_TYPE_NETS] = sizeof(struct fer_nets),
                                    [FER_TYPE_READERS] = sizeof(struct fer_readers) };
    return sizes[type];
}

static enum fer_status check_params(const char *owner, const struct fer_param *const *params, size_t size,
                                    struct fer_arena *arena, struct fer_error *err)
{
    char label[128];
    snprintf(label, sizeof(label), "'%.80s', by default", owner);
    for (int i = 0; params && params[i]; i++) {
        const struct fer_param *p = params[i];
        if (p->size < sizeof(struct fer_param) || !p->name || !p->help || p->type < FER_TYPE_BOOL ||
            p->type > FER_TYPE_READERS)
            return fer_fail(err, FER_EPLUGIN, "'%s': parameter %d of its table is not a parameter", owner, i + 1);
        if (p->offset > size || type_size(p->type) > size - p->offset)
            return fer_fail(err, FER_EPLUGIN,
                            "'%s': parameter '%s' lies outside its struct, of which params_size is the size", owner,
                            p->name);
        if ((p->type == FER_TYPE_ENUM || p->type == FER_TYPE_ENUMS) && !p->choices)
            return fer_fail(err, FER_EPLUGIN, "'%s': parameter '%s' has no choices", owner, p->name);
        const enum fer_status status = fer_bind_check_default(p, label, arena, err);
        if (status)
            return status;
    }
    return FER_OK;
}

static int names(const char *const *list)
{
    int count = 0;
    while (list && list[count])
        count++;
    return count;
}

static enum fer_status check_layer(const struct fer_layer *layer, bool metric, struct fer_error *err)
{
    const bool view = layer->flags & FER_LAYER_VIEW;
    if (!layer->shape)
        return fer_fail(err, FER_EPLUGIN, "'%s' has no shape function", layer->name);
    if (!layer->forward && !view)
        return fer_fail(err, FER_EPLUGIN, "'%s' has no forward function", layer->name);
    if (layer->inputs_min < 0 || layer->inputs_max < layer->inputs_min || layer->inputs_max > 16 ||
        layer->outputs < 0 || layer->outputs > 16 || (!metric && layer->outputs < 1) ||
        layer->outputs_min > layer->outputs)
        return fer_fail(err, FER_EPLUGIN, "'%s' declares impossible numbers of inputs or outputs", layer->name);
    if (layer->flags & FER_LAYER_DATA && !(layer->reads && layer->reads[0]))
        return fer_fail(err, FER_EPLUGIN, "'%s' has FER_LAYER_DATA, but its `reads` names no field", layer->name);
    if (names(layer->writes) > layer->outputs)
        return fer_fail(err, FER_EPLUGIN, "'%s' has %d outputs, but its `writes` names %d fields", layer->name,
                        layer->outputs, names(layer->writes));
    return FER_OK;
}

static bool has_detector_functions(const struct fer_detector *detector)
{
    const bool program = detector->shape && detector->emit && detector->prepare && detector->find;
    const bool nets = detector->text && detector->weights;
    return detector->open && (detector->search ? nets : program) &&
           (detector->channels == 1 || detector->channels == 3);
}

static bool has_required(enum fer_kind kind, const void *entry)
{
    switch (kind) {
    case FER_KIND_MODEL: return ((const struct fer_model *)entry)->write;
    case FER_KIND_OPTIMIZER:
        return ((const struct fer_optimizer *)entry)->emit && ((const struct fer_optimizer *)entry)->rate;
    case FER_KIND_SCHEDULE: return ((const struct fer_schedule *)entry)->factor;
    case FER_KIND_METRIC: return ((const struct fer_metric *)entry)->finish;
    case FER_KIND_READER: return ((const struct fer_reader *)entry)->open && ((const struct fer_reader *)entry)->sample;
    case FER_KIND_SAMPLER: /* none: the usual permutation of all */
        return !((const struct fer_sampler *)entry)->references ||
               ((const struct fer_sampler *)entry)->reference_params;
    case FER_KIND_TRANSFORM: return ((const struct fer_transform *)entry)->apply;
    case FER_KIND_DETECTOR: return has_detector_functions(entry);
    case FER_KIND_SOLVER:
        return ((const struct fer_added_solver *)entry)->applicable && ((const struct fer_added_solver *)entry)->emit;
    default: return true;
    }
}

static enum fer_status check_solver(const struct fer_added_solver *added, struct fer_error *err)
{
    const char *name = added->solver->name;
    if (!fer_solver_is_sound(added->solver))
        return fer_fail(err, FER_EPLUGIN,
                        "solver '%.40s' has a name or tunables that are no words of letters, digits and underscores, "
                        "no sources, or too many tunables",
                        name);
    if (added->kind != FER_PROBLEM_PRODUCT && added->kind != FER_PROBLEM_CONVOLUTION)
        return fer_fail(err, FER_EPLUGIN, "solver '%s' is for a kind of problem, %d, that this library does not have",
                        name, (int)added->kind);
    if (added->products != FER_PRODUCTS_FULL && added->products != FER_PRODUCTS_TF32 &&
        added->products != FER_PRODUCTS_BF16)
        return fer_fail(err, FER_EPLUGIN, "solver '%s' rounds in a way, %d, that this library does not have", name,
                        (int)added->products);
    if (added->products == FER_PRODUCTS_FULL ? added->tolerance != 0 : !(added->tolerance > 0 && added->tolerance < 1))
        return fer_fail(err, FER_EPLUGIN,
                        "solver '%s' must state an error between 0 and 1 where it rounds what it multiplies, and none "
                        "where it does not",
                        name);
    return FER_OK;
}

static bool is_small(const struct fer_solver *solver)
{
    return solver && solver->size < sizeof(*solver);
}

struct check {
    struct fer_arena *arena;
    struct fer_error *err;
    enum fer_status status;
    int entries;
};

static void check_entry(void *user, enum fer_kind kind, const void *entry)
{
    static const size_t least[FER_KINDS] = { sizeof(struct fer_layer),     sizeof(struct fer_model),
                                             sizeof(struct fer_optimizer), sizeof(struct fer_schedule),
                                             sizeof(struct fer_metric),    sizeof(struct fer_reader),
                                             sizeof(struct fer_transform), sizeof(struct fer_sampler),
                                             sizeof(struct fer_detector),  sizeof(struct fer_added_solver) };
    struct check *check = user;
    check->entries++;
    if (check->status)
        return;
    const bool metric = kind == FER_KIND_METRIC;
    if (*(const size_t *)entry < least[kind] ||
        (metric && ((const struct fer_metric *)entry)->layer.size < least[FER_KIND_LAYER]) ||
        (kind == FER_KIND_SOLVER && is_small(((const struct fer_added_solver *)entry)->solver))) {
        check->status = fer_fail(check->err, FER_EPLUGIN, "%s %d of its tables has the wrong size; rebuild it",
                                 fer_kind_name(kind), check->entries);
        return;
    }
    const char *name = fer_entry_name(kind, entry);
    if (!name || !*name) {
        check->status =
            fer_fail(check->err, FER_EPLUGIN, "its %s number %d has no name", fer_kind_name(kind), check->entries);
        return;
    }
    if (!has_required(kind, entry)) {
        check->status =
            fer_fail(check->err, FER_EPLUGIN, "%s '%s' lacks a required function", fer_kind_name(kind), name);
        return;
    }
    size_t size;
    const struct fer_param *const *params = fer_entry_params(kind, entry, &size);
    check->status = check_params(name, params, size, check->arena, check->err);
    const struct fer_layer *render = kind == FER_KIND_READER ? ((const struct fer_reader *)entry)->render : NULL;
    if (!check->status && render && render->size < least[FER_KIND_LAYER])
        check->status =
            fer_fail(check->err, FER_EPLUGIN, "the render layer of reader '%s' has the wrong size; rebuild it", name);
    if (!check->status && render)
        check->status = check_layer(render, false, check->err);
    if (!check->status && kind == FER_KIND_LAYER)
        check->status = check_layer(entry, false, check->err);
    if (!check->status && metric)
        check->status = check_layer(&((const struct fer_metric *)entry)->layer, true, check->err);
    if (!check->status && kind == FER_KIND_SOLVER)
        check->status = check_solver(entry, check->err);
}

static bool has_layer(const struct fer_plugin *plugin, const struct fer_layer *layer)
{
    for (int i = 0; plugin->layers && plugin->layers[i]; i++)
        if (plugin->layers[i] == layer)
            return true;
    return false;
}

static bool has_nets(const struct fer_layer *layer)
{
    for (int i = 0; layer->params && layer->params[i]; i++)
        if (layer->params[i]->type == FER_TYPE_NETS)
            return true;
    return false;
}

static enum fer_status check_dispatches(const struct fer_plugin *plugin, struct fer_error *err)
{
    const struct fer_dispatch *const *all = fer_plugin_dispatches(plugin);
    enum fer_status status = FER_OK;
    for (int i = 0; all && all[i] && !status; i++) {
        const struct fer_dispatch *dispatch = all[i];
        if (dispatch->size < sizeof(*dispatch))
            return fer_fail(err, FER_EPLUGIN, "dispatch %d of its tables has the wrong size; rebuild it", i + 1);
        if (!has_layer(plugin, dispatch->layer) || !has_nets(dispatch->layer))
            return fer_fail(err, FER_EPLUGIN,
                            "dispatch %d of its tables completes no layer of its tables that takes nets", i + 1);
        const char *name = dispatch->layer->name;
        if (!dispatch->nets || !dispatch->scatter || dispatch->scatter->size < sizeof(struct fer_layer) ||
            dispatch->scatter->params != dispatch->layer->params || dispatch->decides < 0)
            return fer_fail(err, FER_EPLUGIN,
                            "the dispatch of '%s' lacks its nets, or a scatter layer with the parameters of '%s'", name,
                            name);
        status = check_layer(dispatch->scatter, false, err);
    }
    return status;
}

enum fer_status fer_plugin_check(const struct fer_plugin *plugin, const char *stem, struct fer_error *err)
{
    if (!plugin)
        return fer_fail(err, FER_EPLUGIN, "its entry point returned nothing");
    if (plugin->magic != FER_PLUGIN_MAGIC)
        return fer_fail(err, FER_EPLUGIN, "its table does not start with the plugin magic number");
    if (plugin->abi != FER_PLUGIN_ABI)
        return fer_fail(err, FER_EPLUGIN, "it was built for plugin ABI %u, this library has %u; rebuild it",
                        (unsigned)plugin->abi, (unsigned)FER_PLUGIN_ABI);
    if (plugin->size < FER_PLUGIN_LEAST)
        return fer_fail(err, FER_EPLUGIN, "its table is %zu bytes, at least %zu were expected; rebuild it",
                        plugin->size, FER_PLUGIN_LEAST);
    if (!plugin->name || strcmp(plugin->name, stem) != 0)
        return fer_fail(err, FER_EPLUGIN, "it calls itself '%s' but its file is %s.so",
                        plugin->name ? plugin->name : "(nothing)", stem);
    if (!plugin->version || !plugin->license)
        return fer_fail(err, FER_EPLUGIN, "it states no version or no license");
    struct check check = { fer_arena_create(), err, FER_OK, 0 };
    if (!check.arena)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    fer_plugin_each(plugin, check_entry, &check);
    fer_arena_free(check.arena);
    if (!check.status && check.entries == 0)
        return fer_fail(err, FER_EPLUGIN, "its tables are all empty");
    return check.status ? check.status : check_dispatches(plugin, err);
}
