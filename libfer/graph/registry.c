/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/registry.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "graph/elf.h"
#include "lang/source.h"

#ifndef FER_PLUGIN_DIR
#define FER_PLUGIN_DIR "/usr/local/lib/libfer/plugins"
#endif

struct fer_registry {
    struct fer_arena *arena;
    struct fer_registry_file *files;
    int nfiles, capacity;
};

static bool add_file(struct fer_registry *registry, struct fer_registry_file file)
{
    if (registry->nfiles == registry->capacity) {
        const int capacity = registry->capacity ? 2 * registry->capacity : 32;
        struct fer_registry_file *files = realloc(registry->files, (size_t)capacity * sizeof(*files));
        if (!files)
            return false;
        registry->files = files;
        registry->capacity = capacity;
    }
    registry->files[registry->nfiles++] = file;
    return true;
}

const struct fer_plugin *fer_registry_plugin(const struct fer_registry *registry, const char *name)
{
    for (int i = 0; i < registry->nfiles; i++)
        if (registry->files[i].plugin && !registry->files[i].shadowed &&
            strcmp(registry->files[i].plugin->name, name) == 0)
            return registry->files[i].plugin;
    return NULL;
}

static enum fer_status load(const char *path, const char *stem, const struct fer_plugin **out, struct fer_error *err)
{
    const enum fer_status status = fer_elf_check(path, err);
    if (status)
        return status;
    /* Never dlclosed: tables and kernels sources point into it. */
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        return fer_fail(err, FER_EPLUGIN, "%s", dlerror());
    char symbol[256];
    if (snprintf(symbol, sizeof(symbol), "fer_plugin_%s", stem) >= (int)sizeof(symbol))
        return fer_fail(err, FER_EPLUGIN, "its name is too long");
    void *address = dlsym(handle, symbol);
    if (!address)
        return fer_fail(err, FER_EPLUGIN, "it has no entry point %s; its source must say FER_PLUGIN(%s)", symbol, stem);
    fer_plugin_entry *entry;
    memcpy(&entry, &address, sizeof(entry));
    const struct fer_plugin *plugin = entry();
    const enum fer_status checked = fer_plugin_check(plugin, stem, err);
    if (!checked)
        *out = plugin;
    return checked;
}

/* ---- the search ---- */

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static enum fer_status add_plugin(struct fer_registry *registry, const char *dir, const char *name,
                                  struct fer_error *err)
{
    const size_t length = strlen(name);
    struct fer_registry_file file = { 0 };
    char *stem = fer_arena_strndup(registry->arena, name, length - 3);
    file.path = fer_arena_printf(registry->arena, "%s/%s", dir, name);
    if (!stem || !file.path)
        return fer_fail(err, FER_ENOMEM, "out of memory while looking for plugins");
    if (fer_registry_plugin(registry, stem)) {
        file.plugin = fer_registry_plugin(registry, stem);
        file.shadowed = true;
    } else {
        struct fer_error why = FER_ERROR_INIT;
        const enum fer_status status = load(file.path, stem, &file.plugin, &why);
        if (status && status != FER_ENOMEM)
            file.refusal = fer_arena_printf(registry->arena, "plugin %s refused: %s", file.path, why.text);
        if (status && !file.refusal)
            return fer_fail(err, FER_ENOMEM, "out of memory while looking for plugins");
    }
    return add_file(registry, file) ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory while looking for plugins");
}

static int is_plugin_name(const struct dirent *entry)
{
    const size_t length = strlen(entry->d_name);
    return length > 3 && entry->d_name[0] != '.' && strcmp(entry->d_name + length - 3, ".so") == 0;
}

/* A folder of FER_PLUGIN_PATH that cannot be read stands in the list as a file that was refused does. */
static enum fer_status refuse_folder(struct fer_registry *registry, const char *dir, int code, struct fer_error *err)
{
    const char *why = strerror(code);
    struct fer_registry_file file = { .path = dir };
    file.refusal = fer_arena_printf(registry->arena, "folder %s of FER_PLUGIN_PATH is not read: %s", dir, why);
    return file.refusal && add_file(registry, file)
               ? FER_OK
               : fer_fail(err, FER_ENOMEM, "out of memory while looking for plugins");
}

static enum fer_status search(struct fer_registry *registry, const char *dir, bool named, struct fer_error *err)
{
    struct dirent **names;
    const int count = scandir(dir, &names, is_plugin_name, by_name);
    if (count < 0) /* of the default directory: it holds no plugins */
        return named ? refuse_folder(registry, dir, errno, err) : FER_OK;
    enum fer_status status = FER_OK;
    for (int i = 0; i < count; i++) {
        if (!status)
            status = add_plugin(registry, dir, names[i]->d_name, err);
        free(names[i]);
    }
    free(names);
    return status;
}

enum fer_status fer_registry_create(const char *path, struct fer_registry **out, struct fer_error *err)
{
    *out = NULL;
    struct fer_registry *registry = calloc(1, sizeof(*registry));
    if (!registry || !(registry->arena = fer_arena_create())) {
        free(registry);
        return fer_fail(err, FER_ENOMEM, "out of memory while looking for plugins");
    }
    if (!path)
        path = getenv("FER_PLUGIN_PATH");
    enum fer_status status = FER_OK;
    for (const char *at = path ? path : ""; *at && !status;) {
        const size_t length = strcspn(at, ":");
        char *dir = fer_arena_strndup(registry->arena, at, length);
        if (!dir)
            status = fer_fail(err, FER_ENOMEM, "out of memory while looking for plugins");
        else if (length > 0) /* an empty part would mean the working directory: never */
            status = search(registry, dir, true, err);
        at += length + (at[length] == ':');
    }
    if (!status)
        status = search(registry, FER_PLUGIN_DIR, false, err);
    if (status) {
        fer_registry_free(registry);
        return status;
    }
    *out = registry;
    return FER_OK;
}

void fer_registry_free(struct fer_registry *registry)
{
    if (!registry)
        return;
    fer_arena_free(registry->arena);
    free(registry->files);
    free(registry);
}

int fer_registry_files(const struct fer_registry *registry, const struct fer_registry_file **files)
{
    *files = registry->files;
    return registry->nfiles;
}

const struct fer_dispatch *fer_registry_dispatch(const struct fer_registry *registry, const struct fer_layer *layer)
{
    for (int i = 0; i < registry->nfiles; i++) {
        const struct fer_plugin *plugin = registry->files[i].plugin;
        const struct fer_dispatch *const *all = plugin ? fer_plugin_dispatches(plugin) : NULL;
        for (int k = 0; all && all[k]; k++)
            if (all[k]->layer == layer)
                return all[k];
    }
    return NULL;
}

/* ---- solvers for others' problems ---- */

struct solvers {
    enum fer_problem_kind kind;
    const struct fer_plugin *plugin;
    void (*each)(void *user, const struct fer_plugin *plugin, const struct fer_added_solver *solver);
    void *user;
};

static void visit_solver(void *user, enum fer_kind kind, const void *entry)
{
    const struct solvers *solvers = user;
    const struct fer_added_solver *solver = entry;
    if (kind == FER_KIND_SOLVER && solver->kind == solvers->kind)
        solvers->each(solvers->user, solvers->plugin, solver);
}

void fer_registry_solvers(const struct fer_registry *registry, enum fer_problem_kind kind,
                          void (*each)(void *user, const struct fer_plugin *plugin,
                                       const struct fer_added_solver *solver),
                          void *user)
{
    struct solvers solvers = { .kind = kind, .each = each, .user = user };
    for (int i = 0; i < registry->nfiles; i++) {
        solvers.plugin = registry->files[i].plugin;
        if (solvers.plugin && !registry->files[i].shadowed)
            fer_plugin_each(solvers.plugin, visit_solver, &solvers);
    }
}

struct named {
    const char *name;
    bool found;
};

static void match_solver(void *user, const struct fer_plugin *plugin, const struct fer_added_solver *solver)
{
    struct named *named = user;
    const size_t length = strlen(plugin->name);
    if (strncmp(named->name, plugin->name, length) == 0 && named->name[length] == '.' &&
        strcmp(named->name + length + 1, solver->solver->name) == 0)
        named->found = true;
}

bool fer_registry_has_solver(const struct fer_registry *registry, enum fer_problem_kind kind, const char *name)
{
    struct named named = { name, false };
    fer_registry_solvers(registry, kind, match_solver, &named);
    return named.found;
}

/* ---- looking a name up ---- */

struct find {
    enum fer_kind kind;
    const char *name;
    const void *entry;
    const char **names; /* of all entries of the kind, for suggestions */
    int nnames, capacity;
};

static void find_entry(void *user, enum fer_kind kind, const void *entry)
{
    struct find *find = user;
    if (kind != find->kind)
        return;
    const char *name = fer_entry_name(kind, entry);
    if (find->name && strcmp(name, find->name) == 0)
        find->entry = entry;
    if (find->names && find->nnames + 1 < find->capacity)
        find->names[find->nnames++] = name;
}

static bool listed(const char *const *names, const char *name)
{
    for (; names && *names; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return !names;
}

static const char *article(enum fer_kind kind)
{
    return kind == FER_KIND_LAYER || kind == FER_KIND_OPTIMIZER ? "an" : "a";
}

/* Another kind of thing that has this name, in the plugins that are used; FER_KINDS: none. */
static enum fer_kind other_kind(const struct fer_registry *registry, const char *name, const char *const *plugins)
{
    for (int kind = 0; kind < FER_KINDS; kind++)
        for (int i = 0; i < registry->nfiles; i++) {
            const struct fer_registry_file *file = &registry->files[i];
            struct find find = { (enum fer_kind)kind, name, NULL, NULL, 0, 0 };
            if (file->plugin && !file->shadowed && listed(plugins, file->plugin->name))
                fer_plugin_each(file->plugin, find_entry, &find);
            if (find.entry)
                return (enum fer_kind)kind;
        }
    return FER_KINDS;
}

/* plugin.name, written in full. */
static enum fer_status not_found_in(const struct fer_registry *registry, enum fer_kind kind, const char *plugin,
                                    const char *name, const char *const *plugins, struct fer_error *err)
{
    const struct fer_plugin *found = fer_registry_plugin(registry, plugin);
    const char *names[512];
    struct find find = { kind, name, NULL, names, 0, 511 };
    if (!found)
        return fer_fail(err, FER_ENOTFOUND, "unknown %s '%s.%s'; plugin '%s' is not installed", fer_kind_name(kind),
                        plugin, name, plugin);
    if (!listed(plugins, plugin))
        return fer_fail(err, FER_ENOTFOUND, "plugin '%s' is not used here; write \"use %s\"", plugin, plugin);
    fer_plugin_each(found, find_entry, &find);
    names[find.nnames] = NULL;
    const char *near = fer_nearest_name(name, names);
    if (near)
        return fer_fail(err, FER_ENOTFOUND, "plugin '%s' has no %s '%s'; did you mean '%s.%s'?", plugin,
                        fer_kind_name(kind), name, plugin, near);
    return fer_fail(err, FER_ENOTFOUND, "plugin '%s' has no %s '%s'", plugin, fer_kind_name(kind), name);
}

enum { FEW = 8 }; /* names that a sentence holds */

static enum fer_status not_found(const struct fer_registry *registry, enum fer_kind kind, const char *name,
                                 const char *const *plugins, struct fer_error *err)
{
    const char *names[1024];
    struct find find = { kind, name, NULL, names, 0, 1023 };
    const enum fer_kind other = other_kind(registry, name, plugins);
    if (other != FER_KINDS)
        return fer_fail(err, FER_ENOTFOUND, "'%s' is %s %s, not %s %s", name, article(other), fer_kind_name(other),
                        article(kind), fer_kind_name(kind));
    for (int i = 0; i < registry->nfiles; i++) {
        const struct fer_registry_file *file = &registry->files[i];
        if (!file->plugin || file->shadowed)
            continue;
        find.entry = NULL;
        fer_plugin_each(file->plugin, find_entry, &find);
        if (find.entry && !listed(plugins, file->plugin->name))
            return fer_fail(err, FER_ENOTFOUND, "unknown %s '%s'; plugin '%s' has it: write \"use %s\"",
                            fer_kind_name(kind), name, file->plugin->name, file->plugin->name);
    }
    names[find.nnames] = NULL;
    const char *near = fer_nearest_name(name, names);
    if (near)
        return fer_fail(err, FER_ENOTFOUND, "unknown %s '%s'; did you mean '%s'?", fer_kind_name(kind), name, near);
    if (kind != FER_KIND_LAYER && find.nnames > 0 && find.nnames <= FEW) { /* operations are many */
        char all[512] = "";
        for (int i = 0, used = 0; i < find.nnames && used < (int)sizeof all; i++)
            used += snprintf(all + used, sizeof all - (size_t)used, "%s%s", i ? ", " : "", names[i]);
        return fer_fail(err, FER_ENOTFOUND, "unknown %s '%s'; installed are: %s", fer_kind_name(kind), name, all);
    }
    return fer_fail(err, FER_ENOTFOUND, "unknown %s '%s'; no installed plugin has it (see: fer plugins)",
                    fer_kind_name(kind), name);
}

enum fer_status fer_registry_find(const struct fer_registry *registry, enum fer_kind kind, const char *name,
                                  const char *const *plugins, const void **out, const struct fer_plugin **from,
                                  struct fer_error *err)
{
    char first[128];
    const char *dot = strchr(name, '.'), *only = NULL, *entry_name = name;
    if (dot && (size_t)(dot - name) < sizeof(first)) {
        memcpy(first, name, (size_t)(dot - name));
        first[dot - name] = 0;
        only = first;
        entry_name = dot + 1;
    }
    const struct fer_plugin *owner = NULL;
    *out = NULL;
    for (int i = 0; i < registry->nfiles; i++) {
        const struct fer_registry_file *file = &registry->files[i];
        if (!file->plugin || file->shadowed || !listed(plugins, file->plugin->name) ||
            (only && strcmp(only, file->plugin->name) != 0))
            continue;
        struct find find = { kind, entry_name, NULL, NULL, 0, 0 };
        fer_plugin_each(file->plugin, find_entry, &find);
        if (find.entry && owner)
            return fer_fail(err, FER_EINVAL, "both plugins '%s' and '%s' have %s %s '%s'; write %s.%s or %s.%s",
                            owner->name, file->plugin->name, article(kind), fer_kind_name(kind), entry_name,
                            owner->name, entry_name, file->plugin->name, entry_name);
        if (find.entry) {
            *out = find.entry;
            owner = file->plugin;
        }
    }
    if (from)
        *from = owner;
    if (*out)
        return FER_OK;
    return only ? not_found_in(registry, kind, only, entry_name, plugins, err)
                : not_found(registry, kind, name, plugins, err);
}
