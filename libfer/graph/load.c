/* SPDX-License-Identifier: Apache-2.0
 *
 * Load and save statements, and the dotted paths of weights that they and updates name.
 */
#include <string.h>

#include "graph/resolve.h"

struct load_words {
    const char *file, *prefix;
    bool strict;
};
static const struct fer_param *const load_params[] = {
    FER_PARAM_PATH(struct load_words, file, NULL, "safetensors file"),
    FER_PARAM_STRING(struct load_words, prefix, "", "put before the net's names to find them in the file"),
    FER_PARAM_BOOL(struct load_words, strict, "yes", "missing or misshapen tensors are errors"), NULL
};

struct fer_net *fer_path_net(struct fer_resolver *r, const struct fer_ast_path *path)
{
    char name[160];
    const size_t length = strcspn(path->text, ".");
    const char *names[256];
    int count = 0;
    if (length < sizeof(name)) {
        memcpy(name, path->text, length);
        name[length] = 0;
        struct fer_net *net = fer_description_net(r->d, name);
        if (net)
            return net;
        for (; count < r->d->nnets && count < 255; count++)
            names[count] = r->d->nets[count]->name;
        names[count] = NULL;
        const char *near = fer_nearest_name(name, names);
        if (near) {
            fer_report_at(r, r->main, path->span, "net '%s' is not defined; did you mean '%s'?", name, near);
            return NULL;
        }
    }
    fer_report_at(r, r->main, path->span, "net '%.*s' is not defined", (int)length, path->text);
    return NULL;
}

bool fer_path_holds(const char *path, const char *weight)
{
    const size_t length = strlen(path);
    return strncmp(weight, path, length) == 0 && (weight[length] == 0 || weight[length] == '.');
}

enum fer_status fer_load_create(struct fer_resolver *r, struct fer_ast_path path, const struct fer_ast_value *file,
                                const struct fer_ast_keyword *keywords, int nkeywords, struct fer_load_spec *list,
                                int *count)
{
    struct fer_env env = { .r = r, .module = r->main, .bindings = &r->main->lets };
    struct fer_binder binder = fer_env_binder(&env, NULL);
    void *bound;
    if (!fer_path_net(r, &path))
        return FER_ENOTFOUND;
    binder.arena = r->d->arena;
    const enum fer_status status = fer_bind(&binder, "load", load_params, sizeof(struct load_words), file, 1, keywords,
                                            nkeywords, path.span, &bound);
    if (status)
        return status;
    const struct load_words *words = bound;
    if (*words->file)
        list[(*count)++] = (struct fer_load_spec){ path.text, words->file, words->prefix, words->strict, path.span };
    else if (file->kind == FER_AST_STRING) {
        fer_report_at(r, r->main, file->span, "load needs the name of a file");
        return FER_EINVAL;
    }
    return FER_OK;
}

/* The trainer's own files are not to be replaced by a part of them. */
static bool is_taken(const char *file)
{
    return strcmp(file, "last.safetensors") == 0 || strcmp(file, "best.safetensors") == 0;
}

enum fer_status fer_save_create(struct fer_resolver *r, const struct fer_ast_stmt *stmt, struct fer_save_spec *out)
{
    static const char ending[] = ".safetensors";
    const char *file = stmt->file.text;
    const size_t length = strlen(file), tail = sizeof(ending) - 1;
    if (strstr(file, "..") || strchr(file, '/')) {
        fer_report_at(r, r->main, stmt->file.span,
                      "save stays inside the run's directory: give a file name without '/' or '..'");
        return FER_EINVAL;
    }
    if (length <= tail || strcmp(file + length - tail, ending) != 0) {
        fer_report_at(r, r->main, stmt->file.span, "save writes safetensors: give a file name that ends in %s", ending);
        return FER_EINVAL;
    }
    if (is_taken(file)) {
        fer_report_at(r, r->main, stmt->file.span, "'%s' is the run's own checkpoint; choose another name", file);
        return FER_EINVAL;
    }
    *out = (struct fer_save_spec){ stmt->paths[0].text, file, stmt->span };
    return fer_path_net(r, &stmt->paths[0]) ? FER_OK : FER_ENOTFOUND;
}

static bool has_weight(const struct fer_net *net, const char *path)
{
    for (int i = 0; i < net->nweights; i++)
        if (fer_path_holds(path, net->weights[i]->path))
            return true;
    return false;
}

enum fer_status fer_load_check(struct fer_resolver *r, const char *path, struct fer_span span)
{
    const struct fer_ast_path whole = { path, span };
    const struct fer_net *net = fer_path_net(r, &whole);
    if (!net)
        return FER_ENOTFOUND;
    if (net->nweights == 0 || has_weight(net, path)) /* without weights: its data may be absent */
        return FER_OK;
    fer_report_at(r, r->main, span, "no weight lies under '%s'; fer check --json lists the weights", path);
    return FER_ENOTFOUND;
}
