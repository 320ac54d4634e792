/* SPDX-License-Identifier: Apache-2.0 */
#include "reader-trial.h"

#include <check.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "arena.h"
#include "graph/bind.h"
#include "graph/registry.h"
#include "tree.h"

/* ---- files ---- */

static char root[64];

const char *in_root(const char *name)
{
    static char paths[8][256];
    static int next;
    char *path = paths[next++ % 8];

    snprintf(path, sizeof(paths[0]), "%s/%s", root, name);
    return path;
}

void make_folders(const char *name)
{
    char path[256];

    snprintf(path, sizeof(path), "%s", in_root(name));
    for (char *slash = strchr(path + strlen(root) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        ck_assert(mkdir(path, 0755) == 0 || errno == EEXIST);
        *slash = '/';
    }
}

void put_picture(const char *name, int gray)
{
    struct fer_image image;
    struct fer_error err = FER_ERROR_INIT;

    make_folders(name);
    ck_assert_int_eq(fer_image_create(&image, 6, 4, 3, NULL), FER_OK);
    memset(image.pixels, gray, 6 * 4 * 3);
    ck_assert_msg(!fer_image_write_png(&image, in_root(name), &err), "%s", err.text);
    fer_image_free(&image);
}

void put_text(const char *name, const char *format, ...)
{
    va_list arguments;
    FILE *file;

    make_folders(name);
    file = fopen(in_root(name), "wb");
    ck_assert_ptr_nonnull(file);
    va_start(arguments, format);
    vfprintf(file, format, arguments);
    va_end(arguments);
    fclose(file);
}

/* ---- pipelines from text ---- */

static struct fer_registry *registry;
static struct fer_arena *arena;
static struct fer_sources *sources;
static const char *const *labels;
static int nlabels;
uint64_t seed;
const char *override_path;

static struct {
    const char *name, *text;
} named[8];

void setup(void)
{
    const struct fer_registry_file *files;
    struct fer_error err = FER_ERROR_INIT;

    strcpy(root, "/tmp/fer-reader-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    ck_assert_msg(!fer_registry_create(NULL, &registry, &err), "%s", err.text);
    for (int i = fer_registry_files(registry, &files); i-- > 0;)
        ck_assert_msg(!files[i].refusal, "%s: %s", files[i].path, files[i].refusal);
    arena = fer_arena_create();
    ck_assert_int_eq(fer_sources_create(&sources, &err), FER_OK);
    labels = NULL;
    nlabels = 0;
    seed = 1;
    override_path = NULL;
    memset(named, 0, sizeof(named));
}

void teardown(void)
{
    tree_remove(root);
    fer_registry_free(registry);
    fer_arena_free(arena);
    fer_sources_free(sources);
}

const char *const seven[] = { "angry", "disgust", "fear", "happy", "sad", "surprise", "neutral" };

void use_labels(const char *const *names, int count)
{
    labels = names;
    nlabels = count;
}

static const void *find(enum fer_kind kind, const char *name)
{
    const void *entry = NULL;
    struct fer_error err = FER_ERROR_INIT;

    return fer_registry_find(registry, kind, name, NULL, &entry, NULL, &err) ? NULL : entry;
}

void put_data(const char *name, const char *text)
{
    for (int i = 0; i < 8; i++)
        if (!named[i].name || strcmp(named[i].name, name) == 0) {
            named[i].name = name;
            named[i].text = text;
            return;
        }
}

/* Data sets that others read: those of put_data. */
static enum fer_status bind_named(void *user, const char *name, struct fer_span span, struct fer_bound_reader *out)
{
    struct fer_error err = FER_ERROR_INIT;

    (void)user;
    (void)span;
    for (int i = 0; i < 8 && named[i].name; i++)
        if (strcmp(named[i].name, name) == 0) {
            const struct fer_pipeline_spec *spec = spec_of(named[i].text, false, &err);

            ck_assert_msg(spec, "%s", err.text);
            *out = (struct fer_bound_reader){ name, spec->reader, spec->reader_params, NULL };
            return FER_OK;
        }
    return FER_ENOTFOUND;
}

/* The parameters of one call; a failure is put into *err. */
static enum fer_status bind(enum fer_kind kind, const void *entry, const struct fer_ast_call *call, const void **params,
                            struct fer_error *err)
{
    struct fer_diags diags = { 0 };
    struct fer_binder binder = { .arena = arena, .diags = &diags, .dir = root, .reader = bind_named };
    size_t size;
    const struct fer_param *const *table = fer_entry_params(kind, entry, &size);
    void *bound = NULL;
    enum fer_status status = fer_bind(&binder, call->name, table, size, call->positional, call->positionals,
                                      call->keywords, call->nkeywords, call->name_span, &bound);

    *params = bound;
    if (status) {
        char *text = diags.count ? fer_diag_format(&diags.items[0]) : NULL;

        fer_fail(err, status, "%s", text ? text : "?");
        free(text);
    }
    fer_diags_free(&diags);
    return status;
}

struct fer_pipeline_spec *spec_of(const char *text, bool train, struct fer_error *err)
{
    char *whole = fer_arena_printf(arena, "fer 1\ndata toy -> image = %s | batch 4\n", text);
    const struct fer_source *source;
    struct fer_ast_file *file = NULL;
    struct fer_diags diags = { 0 };
    struct fer_pipeline_spec *spec = fer_arena_alloc(arena, sizeof(*spec));
    struct fer_pipeline_item *items = fer_arena_alloc(arena, 16 * sizeof(*items));
    const struct fer_ast_item *item;

    ck_assert_int_eq(fer_sources_add(sources, "toy.fer", root, whole, &source, err), FER_OK);
    ck_assert_msg(!fer_parse(arena, sources, source, &file, &diags, err), "%s does not parse", text);
    fer_diags_free(&diags);
    item = &file->items[0];
    *spec = (struct fer_pipeline_spec){ .name = "toy",
                                        .items = items,
                                        .batch = 4,
                                        .shuffle = train,
                                        .threads = 2,
                                        .env = { .size = sizeof(spec->env),
                                                 .labels = labels,
                                                 .nlabels = nlabels,
                                                 .seed = seed,
                                                 .dir = root,
                                                 .override_path = override_path } };
    spec->reader = find(FER_KIND_READER, item->calls[0].name);
    ck_assert_msg(spec->reader, "no reader '%s': is FER_PLUGIN_PATH set?", item->calls[0].name);
    if (bind(FER_KIND_READER, spec->reader, &item->calls[0], &spec->reader_params, err))
        return NULL;
    for (int i = 1; i < item->ncalls - 1; i++) {
        struct fer_pipeline_item *to = &items[spec->nitems++];
        enum fer_kind kind = FER_KIND_TRANSFORM;
        const void *entry = find(kind, item->calls[i].name);

        if (!entry)
            entry = find(kind = FER_KIND_SAMPLER, item->calls[i].name);
        ck_assert_msg(entry, "nothing is called '%s'", item->calls[i].name);
        if (kind == FER_KIND_TRANSFORM)
            to->transform = entry;
        else
            to->sampler = entry;
        if (bind(kind, entry, &item->calls[i], &to->params, err))
            return NULL;
    }
    return spec;
}

struct fer_pipeline *open_ok(const char *text, bool train)
{
    struct fer_error err = FER_ERROR_INIT;
    struct fer_pipeline_spec *spec = spec_of(text, train, &err);
    struct fer_pipeline *pipeline = NULL;

    ck_assert_msg(spec, "%s", err.text);
    ck_assert_msg(!fer_pipeline_open(spec, &pipeline, &err), "%s", err.text);
    return pipeline;
}

void fails(const char *text, const char *words)
{
    struct fer_error err = FER_ERROR_INIT;
    struct fer_pipeline_spec *spec = spec_of(text, false, &err);
    struct fer_pipeline *pipeline = NULL;
    char copy[256], *rest = copy;

    if (spec && !fer_pipeline_open(spec, &pipeline, &err)) {
        const struct fer_batch *batch = NULL;
        enum fer_status status = fer_pipeline_start(pipeline, 0, 0, &err);

        do
            status = status ? status : fer_pipeline_next(pipeline, &batch, &err);
        while (!status && batch);
        ck_assert_msg(status, "%s: nothing failed", text);
    }
    fer_pipeline_close(pipeline);
    snprintf(copy, sizeof(copy), "%s", words);
    for (char *word = strsep(&rest, "|"); word; word = strsep(&rest, "|"))
        ck_assert_msg(strstr(err.text, word), "%s: '%s' does not say '%s'", text, err.text, word);
}

const char *epoch_of(struct fer_pipeline *pipeline, size_t epoch)
{
    const struct fer_pipeline_info *info = fer_pipeline_info(pipeline);
    const struct fer_batch *batch;
    struct fer_error err = FER_ERROR_INIT;
    char *text = fer_arena_alloc(arena, 16384);
    size_t used = 0;

    ck_assert_msg(!fer_pipeline_start(pipeline, epoch, 0, &err), "%s", err.text);
    for (;;) {
        ck_assert_msg(!fer_pipeline_next(pipeline, &batch, &err), "%s", err.text);
        if (!batch)
            break;
        for (int i = 0; i < batch->n; i++) {
            size_t pixel = (size_t)i * (size_t)(info->width * info->height * info->channels);

            used += (size_t)snprintf(text + used, 16384 - used, "%s%d:%d", used ? " " : "",
                                     batch->label ? batch->label[i] : -1, batch->image[pixel]);
        }
    }
    return text;
}

void yields(const char *text, const char *expected)
{
    struct fer_pipeline *pipeline = open_ok(text, false);

    ck_assert_str_eq(epoch_of(pipeline, 0), expected);
    fer_pipeline_close(pipeline);
}
