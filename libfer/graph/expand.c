/* SPDX-License-Identifier: Apache-2.0
 *
 * The text that a checkpoint carries: includes spliced in, lets as they were set, and in the place of every model that
 * a plugin wrote the text it wrote, so that a newer plugin cannot change what the weights mean.
 *
 *     net trunk = resnet depth=50 until="layer4.1"
 *
 * becomes the blocks of that text under names of their own, "net trunk__model(image) -> logits { … }", and
 * "net trunk = trunk__model until="layer4.1"", which leaves the names of the weights as they were.
 */
#include <string.h>

#include "graph/resolve.h"

struct expansion {
    const struct fer_description *d;
    struct fer_ast_item *items;
    int nitems, capacity;
    const char **plugins; /* of the whole text, NULL-terminated */
    bool failed;
};

static void append(struct expansion *x, struct fer_ast_item item)
{
    struct fer_ast_item *items = fer_arena_grow(x->d->arena, x->items, x->nitems, &x->capacity, sizeof(*items));
    if (!items) {
        x->failed = true;
        return;
    }
    x->items = items;
    items[x->nitems++] = item;
}

static bool names(const struct fer_ast_names *list, const char *name)
{
    for (int i = 0; i < list->count; i++)
        if (strcmp(list->items[i], name) == 0)
            return true;
    return false;
}

/* `use` of what the model's text uses and the description does not. */
static void append_uses(struct expansion *x, const struct fer_module *module)
{
    for (int k = 0; module->plugins[k]; k++) {
        bool known = false;
        for (int i = 0; i < x->nitems; i++)
            known = known || (x->items[i].kind == FER_AST_USE && names(&x->items[i].names, module->plugins[k]));
        for (int i = 0; i < x->d->file->nitems; i++)
            known = known || (x->d->file->items[i].kind == FER_AST_USE &&
                              names(&x->d->file->items[i].names, module->plugins[k]));
        if (known)
            continue;
        struct fer_ast_item use = { .kind = FER_AST_USE };
        use.names.count = 1;
        use.names.items = fer_arena_alloc(x->d->arena, sizeof(*use.names.items));
        use.names.spans = fer_arena_alloc(x->d->arena, sizeof(*use.names.spans));
        if (!use.names.items || !use.names.spans) {
            x->failed = true;
            return;
        }
        use.names.items[0] = module->plugins[k];
        append(x, use);
    }
}

/* All plugins that the text will use: the description's and those of its models. */
static const char **all_plugins(const struct fer_description *d)
{
    int count = 0, n = 0;
    for (int i = -1; i < d->nnets; i++)
        for (const char **p = (i < 0 ? d->resolver->main : d->nets[i]->body->module)->plugins; *p; p++)
            count++;
    const char **all = fer_arena_alloc(d->arena, (size_t)(count + 1) * sizeof(*all));
    for (int i = -1; all && i < d->nnets; i++)
        for (const char **p = (i < 0 ? d->resolver->main : d->nets[i]->body->module)->plugins; *p; p++) {
            bool known = false;
            for (int k = 0; k < n; k++)
                known = known || strcmp(all[k], *p) == 0;
            if (!known)
                all[n++] = *p;
        }
    return all;
}

/* An operation of a model's text, with its plugin where the whole text uses another one that has the name too. */
static const char *qualified(struct expansion *x, const struct fer_module *module, const char *name)
{
    const struct fer_plugin *ours, *theirs;
    struct fer_error err = FER_ERROR_INIT;
    const void *entry;
    if (strchr(name, '.') ||
        fer_registry_find(x->d->registry, FER_KIND_LAYER, name, module->plugins, &entry, &ours, &err) ||
        (!fer_registry_find(x->d->registry, FER_KIND_LAYER, name, x->plugins, &entry, &theirs, &err) && theirs == ours))
        return name;
    const char *whole = fer_arena_printf(x->d->arena, "%s.%s", ours->name, name);
    x->failed = x->failed || !whole;
    return whole;
}

/* A copy of a body whose calls of the module's blocks have the blocks' new names. */
static struct fer_ast_stmt *renamed(struct expansion *x, const struct fer_module *module,
                                    const struct fer_ast_item *item, const char *prefix)
{
    struct fer_arena *arena = x->d->arena;
    struct fer_ast_stmt *body =
        fer_arena_copy(arena, item->body, (size_t)(item->nbody ? item->nbody : 1) * sizeof(*body));
    for (int i = 0; body && i < item->nbody; i++) {
        struct fer_ast_flow *flow = &body[i].flow;
        struct fer_ast_call *calls =
            fer_arena_copy(arena, flow->calls, (size_t)(flow->ncalls ? flow->ncalls : 1) * sizeof(*calls));
        for (int k = 0; calls && k < flow->ncalls; k++) {
            const bool is_block = fer_item_find(module, FER_AST_BLOCK, calls[k].name);
            calls[k].name = is_block ? fer_arena_printf(arena, "%s__%s", prefix, calls[k].name)
                                     : qualified(x, module, calls[k].name);
            x->failed = x->failed || !calls[k].name;
        }
        if (flow->ncalls && !calls)
            x->failed = true;
        flow->calls = calls;
    }
    if (!body && item->nbody)
        x->failed = true;
    return body;
}

static void append_model(struct expansion *x, const struct fer_net *net, const struct fer_ast_item *alias)
{
    struct fer_arena *arena = x->d->arena;
    const struct fer_module *module = net->body->module;
    append_uses(x, module);
    for (int i = 0; i < module->file->nitems; i++) {
        struct fer_ast_item item = module->file->items[i];
        const bool is_net = &module->file->items[i] == net->body->item;
        if (item.kind != FER_AST_BLOCK && !is_net)
            continue;
        item.body = renamed(x, module, &item, net->name);
        item.name = fer_arena_printf(arena, "%s__%s", net->name, is_net ? "model" : item.name);
        append(x, item);
    }
    struct fer_ast_item copy = *alias;
    struct fer_ast_call *call = fer_arena_copy(arena, alias->calls, sizeof(*call));
    struct fer_ast_keyword *keywords =
        fer_arena_alloc(arena, (size_t)(alias->calls->nkeywords + 1) * sizeof(*keywords));
    char *name = fer_arena_printf(arena, "%s__model", net->name);
    if (!call || !keywords || !name) {
        x->failed = true;
        return;
    }
    call->name = name;
    call->positionals = 0;
    call->nkeywords = 0;
    for (int k = 0; k < alias->calls->nkeywords; k++)
        if (strcmp(alias->calls->keywords[k].name, "until") == 0 || strcmp(alias->calls->keywords[k].name, "from") == 0)
            keywords[call->nkeywords++] = alias->calls->keywords[k];
    call->keywords = keywords;
    copy.calls = call;
    append(x, copy);
}

enum fer_status fer_description_text(const struct fer_description *description, char **out, struct fer_error *err)
{
    struct expansion x = { .d = description, .plugins = all_plugins(description) };
    x.failed = !x.plugins;
    for (int i = 0; i < description->file->nitems && !x.failed; i++) {
        const struct fer_ast_item *item = &description->file->items[i];
        const struct fer_net *net =
            item->kind == FER_AST_NET && item->is_alias ? fer_description_net(description, item->name) : NULL;
        const bool is_model = net && net->body->module != description->resolver->main &&
                              !fer_description_net(description, item->calls[0].name);
        if (is_model)
            append_model(&x, net, item);
        else
            append(&x, *item);
    }
    if (x.failed)
        return fer_fail(err, FER_ENOMEM, "out of memory while writing the description");
    const struct fer_ast_file file = { description->file->format, x.items, x.nitems };
    return fer_ast_print(&file, NULL, out, err);
}
