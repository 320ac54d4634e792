/* SPDX-License-Identifier: Apache-2.0
 *
 * What a description defines, before anything is evaluated: plugins, names, lets, labels, and the command line's say.
 */
#include <string.h>

#include "graph/resolve.h"
#include "lang/choice.h"

const struct fer_ast_item *fer_item_find(const struct fer_module *module, enum fer_ast_item_kind kind, const char *name)
{
    for (int i = 0; i < module->file->nitems; i++)
        if (module->file->items[i].kind == kind && strcmp(module->file->items[i].name, name) == 0) {
            module->used[i] = true;
            return &module->file->items[i];
        }
    return NULL;
}

enum fer_status fer_module_plugins(struct fer_resolver *r, struct fer_module *module)
{
    const struct fer_ast_file *file = module->file;
    int count = 0;
    for (int i = 0; i < file->nitems; i++)
        count += file->items[i].kind == FER_AST_USE ? file->items[i].names.count : 0;
    module->plugins = fer_arena_alloc(r->d->arena, (size_t)(count + 1) * sizeof(*module->plugins));
    if (!module->plugins)
        return fer_report_memory(r, (struct fer_span){ module->source, 0, 0 });
    count = 0;
    for (int i = 0; i < file->nitems; i++)
        for (int k = 0; file->items[i].kind == FER_AST_USE && k < file->items[i].names.count; k++)
            module->plugins[count++] = file->items[i].names.items[k];
    return FER_OK;
}

static enum fer_status check_uses(struct fer_resolver *r)
{
    const struct fer_registry_file *files;
    const int nfiles = fer_registry_files(r->d->registry, &files);
    for (int i = 0; i < r->main->file->nitems; i++) {
        const struct fer_ast_item *item = &r->main->file->items[i];
        for (int k = 0; item->kind == FER_AST_USE && k < item->names.count; k++) {
            const char *name = item->names.items[k], *names[256];
            int count = 0;
            if (fer_registry_plugin(r->d->registry, name))
                continue;
            for (int f = 0; f < nfiles; f++) {
                if (files[f].plugin && count < 255)
                    names[count++] = files[f].plugin->name;
                const char *slash = strrchr(files[f].path, '/');
                if (files[f].refusal && slash && strncmp(slash + 1, name, strlen(name)) == 0 &&
                    strcmp(slash + 1 + strlen(name), ".so") == 0) {
                    fer_report_at(r, r->main, item->names.spans[k], "%s", files[f].refusal);
                    return FER_EPLUGIN;
                }
            }
            names[count] = NULL;
            const char *near = fer_nearest_name(name, names);
            if (near)
                fer_report_at(r, r->main, item->names.spans[k], "plugin '%s' is not installed; did you mean '%s'?",
                              name, near);
            else
                fer_report_at(
                    r, r->main, item->names.spans[k],
                    "plugin '%s' is not installed; fer plugins lists what is, FER_PLUGIN_PATH adds directories", name);
            return FER_ENOTFOUND;
        }
    }
    return FER_OK;
}

static enum fer_status check_names(struct fer_resolver *r)
{
    const struct fer_ast_file *file = r->main->file;
    for (int i = 0; i < file->nitems; i++)
        for (int k = 0; k < i; k++) {
            const struct fer_ast_item *a = &file->items[i], *b = &file->items[k];
            const bool callable = (a->kind == FER_AST_NET || a->kind == FER_AST_BLOCK || a->kind == FER_AST_PREDICT) &&
                                  (b->kind == FER_AST_NET || b->kind == FER_AST_BLOCK || b->kind == FER_AST_PREDICT);
            const bool same =
                a->kind == b->kind && (a->kind == FER_AST_DATA || a->kind == FER_AST_STAGE || a->kind == FER_AST_TEST);
            if ((callable || same) && strcmp(a->name, b->name) == 0) {
                int line, column;
                fer_span_place(b->name_span, &line, &column);
                fer_report_at(r, r->main, a->name_span, "'%s' is already defined at line %d; choose another name",
                              a->name, line);
                return FER_EINVAL;
            }
        }
    return FER_OK;
}

/* Ports and formals of one net, block or predict. */
static enum fer_status check_signature(struct fer_resolver *r, const struct fer_module *module,
                                       const struct fer_ast_signature *signature)
{
    for (int i = 0; i < signature->nports; i++) {
        const char *dtype = signature->ports[i].dtype;
        if (dtype && strcmp(dtype, "f32") != 0 && strcmp(dtype, "i32") != 0 && strcmp(dtype, "u32") != 0) {
            fer_report_at(r, module, signature->ports[i].span,
                          "'%s' has the unknown type %s; a type is f32, i32 or u32", signature->ports[i].name, dtype);
            return FER_EINVAL;
        }
    }
    for (int i = 0; i < signature->nformals; i++)
        for (int k = 0; k < i; k++)
            if (strcmp(signature->formals[i].name, signature->formals[k].name) == 0) {
                fer_report_at(r, module, signature->formals[i].span,
                              "parameter '%s' is already defined; choose another name", signature->formals[i].name);
                return FER_EINVAL;
            }
    return FER_OK;
}

static void warn_shadowing(struct fer_resolver *r, const struct fer_ast_item *item)
{
    const struct fer_plugin *from;
    struct fer_error err = FER_ERROR_INIT;
    const void *entry;
    if (!fer_registry_find(r->d->registry, FER_KIND_LAYER, item->name, r->main->plugins, &entry, &from, &err))
        fer_diag_add(&r->d->diags, FER_SEVERITY_WARNING, item->name_span,
                     "'%s' hides an operation of plugin '%s'; write %s.%s to mean that one", item->name, from->name,
                     from->name, item->name);
}

static enum fer_status check_callables(struct fer_resolver *r)
{
    const struct fer_ast_file *file = r->main->file;
    enum fer_status status = FER_OK;
    for (int i = 0; i < file->nitems && !status; i++) {
        const struct fer_ast_item *item = &file->items[i];
        if (item->kind != FER_AST_NET && item->kind != FER_AST_BLOCK && item->kind != FER_AST_PREDICT)
            continue;
        status = check_signature(r, r->main, &item->signature);
        warn_shadowing(r, item);
    }
    return status;
}

static enum fer_status add_lets(struct fer_resolver *r)
{
    struct fer_module *m = r->main;
    for (int i = 0; i < m->file->nitems; i++) {
        const struct fer_ast_item *item = &m->file->items[i];
        if (item->kind != FER_AST_LET)
            continue;
        for (int k = 0; k < m->lets.count; k++)
            if (strcmp(m->lets.items[k].name, item->name) == 0) {
                fer_report_at(r, m, item->name_span, "let '%s' is already defined; choose another name", item->name);
                return FER_EINVAL;
            }
        if (fer_bindings_add(r->d->arena, &m->lets, item->name, &item->value, NULL))
            return fer_report_memory(r, item->span);
    }
    return FER_OK;
}

/* What the description has of one kind by the name that an option gives.  The error has no place in the description: it
 * is the command line that is wrong. */
static enum fer_status find_for_option(struct fer_resolver *r, enum fer_ast_item_kind kind, const char *word,
                                       const char *option, const char *name, struct fer_ast_item **out)
{
    const struct fer_ast_file *file = r->main->file;
    const struct fer_span nowhere = { NULL, 0, 0 };
    const char **names = fer_arena_alloc(r->d->arena, (size_t)(file->nitems + 1) * sizeof(*names));
    struct fer_error err = FER_ERROR_INIT;
    int count = 0;
    if (!names)
        return fer_report_memory(r, nowhere);
    for (int i = 0; i < file->nitems; i++) {
        if (file->items[i].kind != kind)
            continue;
        *out = &file->items[i];
        if (strcmp((*out)->name, name) == 0)
            return FER_OK;
        names[count++] = (*out)->name;
    }
    fer_fail_choice(&err, r->main->source->name, word, name, names, sizeof(*names), count);
    fer_report_at(r, r->main, nowhere, "%s %s: %s", option, name, err.text);
    return err.status;
}

/* --set: the description's own values are replaced, so that its text says what was used. */
static enum fer_status apply_set(struct fer_resolver *r, const struct fer_setting *set)
{
    struct fer_description *d = r->d;
    struct fer_ast_item *item;
    const enum fer_status found = find_for_option(r, FER_AST_LET, "let", "--set", set->name, &item);
    if (found)
        return found;
    struct fer_error err = FER_ERROR_INIT;
    const int errors = d->diags.errors;
    const char *origin = fer_arena_printf(d->arena, "--set %s", set->name);
    const enum fer_status status = fer_bind_word(d->arena, d->sources, origin ? origin : "--set", set->value,
                                                 item->value.kind == FER_AST_STRING, &item->value, &d->diags, &err);
    if (status && d->diags.errors == errors)
        fer_report_at(r, r->main, item->name_span, "--set %s: %s", set->name, err.text);
    return status;
}

static enum fer_status apply_options(struct fer_resolver *r)
{
    const struct fer_description_options *options = &r->d->options;
    enum fer_status status = FER_OK;
    for (int i = 0; i < options->nsets && !status; i++)
        status = apply_set(r, &options->sets[i]);
    struct fer_ast_item *item;
    /* --data NAME=PATH for a data set that is not there would silently do nothing. */
    for (int i = 0; i < options->ndata && !status; i++)
        status = find_for_option(r, FER_AST_DATA, "data", "--data", options->data[i].name, &item);
    return status;
}

static enum fer_status add_labels(struct fer_resolver *r)
{
    struct fer_description *d = r->d;
    for (int i = 0; i < r->main->file->nitems; i++) {
        const struct fer_ast_item *item = &r->main->file->items[i];
        if (item->kind != FER_AST_LABELS)
            continue;
        if (d->labels) {
            fer_report_at(r, r->main, item->span, "labels are given twice");
            return FER_EINVAL;
        }
        d->labels = fer_arena_alloc(d->arena, (size_t)(item->nvalues + 1) * sizeof(*d->labels));
        if (!d->labels)
            return fer_report_memory(r, item->span);
        if (item->nvalues > FER_MOST_LABELS) {
            fer_report_at(r, r->main, item->values[FER_MOST_LABELS].span, "more than %d labels", FER_MOST_LABELS);
            return FER_EINVAL;
        }
        for (int k = 0; k < item->nvalues; k++) {
            for (int j = 0; j < k; j++)
                if (strcmp(d->labels[j], item->values[k].text) == 0) {
                    fer_report_at(r, r->main, item->values[k].span, "label \"%s\" is given twice",
                                  item->values[k].text);
                    return FER_EINVAL;
                }
            d->labels[d->nlabels++] = item->values[k].text;
        }
    }
    return FER_OK;
}

enum fer_status fer_items_check(struct fer_resolver *r)
{
    if (r->main->file->nitems > FER_MOST_ITEMS) {
        fer_report_at(r, r->main, r->main->file->items[FER_MOST_ITEMS].span, "a description has at most %d items",
                      FER_MOST_ITEMS);
        return FER_EINVAL;
    }
    enum fer_status (*const checks[])(struct fer_resolver *) = { check_uses, check_names,   check_callables,
                                                                 add_lets,   apply_options, add_labels };
    enum fer_status status = FER_OK;
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]) && !status; i++)
        status = checks[i](r);
    return status;
}

/* ---- once all is evaluated ---- */

static bool data_is_used(const struct fer_description *d, const char *name)
{
    const int index = fer_data_index(d, name);
    for (int s = 0; s < d->nstages; s++)
        for (int i = 0; i < d->stages[s].ndata; i++)
            if (d->stages[s].data[i] == index)
                return true;
    for (int t = 0; t < d->ntests; t++)
        if (d->tests[t].data == index)
            return true;
    return false;
}

static bool all_evaluated(const struct fer_description *d)
{
    for (int s = 0; s < d->nstages; s++)
        if (!d->stages[s].graph)
            return false;
    for (int t = 0; t < d->ntests; t++)
        if (!d->tests[t].graph)
            return false;
    return true;
}

/* An included file serves several descriptions: what this one does not need of it is no mistake. */
static void warn_unused(struct fer_resolver *r, const struct fer_ast_item *item, const char *kind)
{
    if (item->name_span.source == r->main->source)
        fer_diag_add(&r->d->diags, FER_SEVERITY_WARNING, item->name_span, "%s '%s' is never used", kind, item->name);
}

/* The usual mistake with other labels: the last layer is still as wide as it was, and answers have numbers for names.
 * The first block is the one that is deployed; another may well answer something else. */
static void warn_classes(struct fer_resolver *r)
{
    struct fer_description *d = r->d;
    const struct fer_predict_spec *predict = d->predicts;
    if (d->nlabels == 0 || d->npredicts == 0 || predict->noutputs == 0)
        return;
    const struct fer_shape *answer = &predict->outputs[0].shape;
    if (answer->rank == 2 && answer->dtype == FER_F32 && answer->dim[1] != d->nlabels)
        fer_diag_add(&d->diags, FER_SEVERITY_WARNING, predict->span,
                     "predict '%s' yields %d numbers a picture, and there are %d labels; is its last layer as wide as "
                     "there are classes?",
                     predict->name, answer->dim[1], d->nlabels);
}

void fer_items_warn(struct fer_resolver *r)
{
    struct fer_description *d = r->d;
    const struct fer_ast_file *file = r->main->file;
    if (!d->options.only_predict)
        warn_classes(r);
    if (d->options.only_predict || !all_evaluated(d)) /* what is not evaluated may use everything */
        return;
    for (int i = 0; i < file->nitems; i++) {
        const struct fer_ast_item *item = &file->items[i];
        if (item->kind == FER_AST_BLOCK && !r->main->used[i])
            warn_unused(r, item, "block");
        const struct fer_net *net = item->kind == FER_AST_NET ? fer_description_net(d, item->name) : NULL;
        if (d->nstages + d->ntests + d->npredicts == 0) /* for fer run, fer show data, fer occlude */
            continue;
        if (net && !net->used)
            warn_unused(r, item, "net");
        if (item->kind == FER_AST_DATA && !r->main->used[i] && !data_is_used(d, item->name))
            warn_unused(r, item, "data");
    }
    for (int i = 0; i < r->main->lets.count; i++)
        for (int k = 0; k < file->nitems && !r->main->lets.items[i].used; k++)
            if (file->items[k].kind == FER_AST_LET && strcmp(file->items[k].name, r->main->lets.items[i].name) == 0)
                warn_unused(r, &file->items[k], "let");
}
