/* SPDX-License-Identifier: Apache-2.0
 *
 * Plugins found on a search path and what they provide.
 */
#ifndef FER_GRAPH_REGISTRY_H
#define FER_GRAPH_REGISTRY_H

#include <fer/plugin.h>

struct fer_registry;

/* One file that was found: loaded, shadowed by an earlier one of the same name, or refused. */
struct fer_registry_file {
    const char *path;
    const struct fer_plugin *plugin; /* NULL when refused */
    const char *refusal;             /* the sentence, or NULL */
    bool shadowed;
};

/* Search FER_PLUGIN_PATH (colon-separated), then the installed plugin directory; never the working directory.  A
 * refused plugin does not fail the whole: it is listed with its sentence.  path NULL: the environment's. */
enum fer_status fer_registry_create(const char *path, struct fer_registry **out, struct fer_error *err);
void fer_registry_free(struct fer_registry *registry); /* plugins stay mapped */
int fer_registry_files(const struct fer_registry *registry, const struct fer_registry_file **files);
const struct fer_plugin *fer_registry_plugin(const struct fer_registry *registry, const char *name);

/* The size of the first struct fer_plugin: what was added since may be absent. */
#define FER_PLUGIN_LEAST offsetof(struct fer_plugin, detectors)
/* Whether a plugin's tables can be used; `stem` is its file's name without .so. */
enum fer_status fer_plugin_check(const struct fer_plugin *plugin, const char *stem, struct fer_error *err);

/* What kind of thing a name is looked up as. */
enum fer_kind {
    FER_KIND_LAYER,
    FER_KIND_MODEL,
    FER_KIND_OPTIMIZER,
    FER_KIND_SCHEDULE,
    FER_KIND_METRIC,
    FER_KIND_READER,
    FER_KIND_TRANSFORM,
    FER_KIND_SAMPLER,
    FER_KIND_DETECTOR,
    FER_KIND_SOLVER,
    FER_KINDS
};
const char *fer_kind_name(enum fer_kind kind);
/* The entry called `name` or `plugin.name` among the given plugins (NULL-terminated names; NULL: all of them).  Two
 * plugins that both have it is an error that says to write plugin.name; FER_ENOTFOUND suggests the nearest name, or the
 * plugin to `use`.  The result is a const struct fer_layer * and so on, by kind. */
enum fer_status fer_registry_find(const struct fer_registry *registry, enum fer_kind kind, const char *name,
                                  const char *const *plugins, const void **out, const struct fer_plugin **from,
                                  struct fer_error *err);
/* Calls `each` for every entry of a plugin. */
void fer_plugin_each(const struct fer_plugin *plugin, void (*each)(void *user, enum fer_kind kind, const void *entry),
                     void *user);
/* What completes a layer that sends rows through nets; NULL: nothing, it is a layer like most. */
const struct fer_dispatch *fer_registry_dispatch(const struct fer_registry *registry, const struct fer_layer *layer);
/* A plugin's list of these; NULL: it has none. */
const struct fer_dispatch *const *fer_plugin_dispatches(const struct fer_plugin *plugin);
/* Calls `each` for the solvers that plugins add to problems of a kind, in the order in which plugins are found. */
void fer_registry_solvers(const struct fer_registry *registry, enum fer_problem_kind kind,
                          void (*each)(void *user, const struct fer_plugin *plugin,
                                       const struct fer_added_solver *solver),
                          void *user);
/* Whether one of them is called "plugin.name". */
bool fer_registry_has_solver(const struct fer_registry *registry, enum fer_problem_kind kind, const char *name);
/* Name, help and parameter table of an entry, whatever its kind. */
const char *fer_entry_name(enum fer_kind kind, const void *entry);
const char *fer_entry_help(enum fer_kind kind, const void *entry);
const struct fer_param *const *fer_entry_params(enum fer_kind kind, const void *entry, size_t *size);

#endif
