/* SPDX-License-Identifier: Apache-2.0
 *
 * What the kinds of plugin entries have in common: name, help, parameters.
 */
#include "graph/registry.h"

const char *fer_kind_name(enum fer_kind kind)
{
    static const char *const names[FER_KINDS] = { "operation", "model",     "optimizer", "schedule", "metric",
                                                  "reader",    "transform", "sampler",   "detector", "solver" };
    return (unsigned)kind < FER_KINDS ? names[kind] : "entry";
}

/* Every entry struct starts size, name, help, params, params_size; a metric keeps them in its layer.  A solver has no
 * parameters, and its name and help elsewhere. */
struct entry_head {
    size_t size;
    const char *name, *help;
    const struct fer_param *const *params;
    size_t params_size;
};
_Static_assert(offsetof(struct fer_layer, params_size) == offsetof(struct entry_head, params_size), "layer head");
_Static_assert(offsetof(struct fer_model, params_size) == offsetof(struct entry_head, params_size), "model head");
_Static_assert(offsetof(struct fer_optimizer, params_size) == offsetof(struct entry_head, params_size),
               "optimizer head");
_Static_assert(offsetof(struct fer_schedule, params_size) == offsetof(struct entry_head, params_size), "schedule head");
_Static_assert(offsetof(struct fer_reader, params_size) == offsetof(struct entry_head, params_size), "reader head");
_Static_assert(offsetof(struct fer_transform, params_size) == offsetof(struct entry_head, params_size),
               "transform head");
_Static_assert(offsetof(struct fer_sampler, params_size) == offsetof(struct entry_head, params_size), "sampler head");
_Static_assert(offsetof(struct fer_detector, params_size) == offsetof(struct entry_head, params_size), "detector head");

static const struct entry_head *head(enum fer_kind kind, const void *entry)
{
    if (kind == FER_KIND_METRIC)
        return (const struct entry_head *)(const void *)&((const struct fer_metric *)entry)->layer;
    return entry;
}

static const struct fer_solver *solver_of(const void *entry)
{
    return ((const struct fer_added_solver *)entry)->solver;
}

const char *fer_entry_name(enum fer_kind kind, const void *entry)
{
    if (kind == FER_KIND_SOLVER)
        return solver_of(entry) ? solver_of(entry)->name : NULL;
    return head(kind, entry)->name;
}

const char *fer_entry_help(enum fer_kind kind, const void *entry)
{
    if (kind == FER_KIND_SOLVER)
        return solver_of(entry)->help;
    return head(kind, entry)->help;
}

const struct fer_param *const *fer_entry_params(enum fer_kind kind, const void *entry, size_t *size)
{
    if (kind == FER_KIND_SOLVER) {
        if (size)
            *size = 0;
        return NULL;
    }
    if (size)
        *size = head(kind, entry)->params_size;
    return head(kind, entry)->params;
}

/* A plugin that was built before a table's entry was added has a smaller table. */
#define HAS(plugin, entry) ((plugin)->size >= offsetof(struct fer_plugin, entry) + sizeof((plugin)->entry))

static const void *const *table(const struct fer_plugin *plugin, enum fer_kind kind)
{
    switch (kind) {
    case FER_KIND_LAYER: return (const void *const *)plugin->layers;
    case FER_KIND_MODEL: return (const void *const *)plugin->models;
    case FER_KIND_OPTIMIZER: return (const void *const *)plugin->optimizers;
    case FER_KIND_SCHEDULE: return (const void *const *)plugin->schedules;
    case FER_KIND_METRIC: return (const void *const *)plugin->metrics;
    case FER_KIND_READER: return (const void *const *)plugin->readers;
    case FER_KIND_TRANSFORM: return (const void *const *)plugin->transforms;
    case FER_KIND_SAMPLER: return (const void *const *)plugin->samplers;
    case FER_KIND_DETECTOR: return HAS(plugin, detectors) ? (const void *const *)plugin->detectors : NULL;
    case FER_KIND_SOLVER: return HAS(plugin, solvers) ? (const void *const *)plugin->solvers : NULL;
    case FER_KINDS: break;
    }
    return NULL;
}

void fer_plugin_each(const struct fer_plugin *plugin, void (*each)(void *user, enum fer_kind kind, const void *entry),
                     void *user)
{
    for (int kind = 0; kind < FER_KINDS; kind++) {
        const void *const *entries = table(plugin, (enum fer_kind)kind);
        for (int i = 0; entries && entries[i]; i++)
            each(user, (enum fer_kind)kind, entries[i]);
    }
}

const struct fer_dispatch *const *fer_plugin_dispatches(const struct fer_plugin *plugin)
{
    return HAS(plugin, dispatches) ? plugin->dispatches : NULL;
}
