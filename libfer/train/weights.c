/* SPDX-License-Identifier: Apache-2.0 */
#include "train/weights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "train/safetensors.h"

enum { LISTED = 8 };

/* The weight's name relative to a path that it lies under (or is); NULL: it does not. */
static const char *relative_name(const char *weight, const char *path)
{
    size_t length = strlen(path);

    if (strncmp(weight, path, length) != 0)
        return NULL;
    return weight[length] == '.' ? weight + length + 1 : NULL;
}

/* Weights under a path, one after another.  Begin with net = weight = 0. */
struct walk {
    const struct fer_description *description;
    const char *path;
    int net, weight;
};

static const struct fer_weight *next_weight(struct walk *walk, const char **name)
{
    for (; walk->net < walk->description->nnets; walk->net++, walk->weight = 0) {
        const struct fer_net *net = walk->description->nets[walk->net];

        while (walk->weight < net->nweights) {
            const struct fer_weight *weight = net->weights[walk->weight++];

            *name = relative_name(weight->path, walk->path);
            if (*name)
                return weight;
        }
    }
    return NULL;
}

/* A sentence that grows: "a, b, c and 7 more". */
struct listing {
    char text[600];
    int count;
};

static void list(struct listing *listing, const char *item)
{
    size_t length = strlen(listing->text);

    if (listing->count++ < LISTED)
        snprintf(listing->text + length, sizeof(listing->text) - length, "%s%.120s", length ? ", " : "", item);
}

static const char *close_list(struct listing *listing)
{
    size_t length = strlen(listing->text);

    if (listing->count > LISTED)
        snprintf(listing->text + length, sizeof(listing->text) - length, " and %d more", listing->count - LISTED);
    return listing->text;
}

struct loading {
    const struct fer_description *description;
    struct fer_store *store; /* NULL: names and shapes are only looked at */
    const struct fer_load_spec *load;
    struct fer_safetensors *file;
    int wanted, found;
    struct listing missing, misshapen, surplus;
};

static bool fits(const struct fer_safetensor *row, const struct fer_shape *shape)
{
    bool same = row->rank == shape->rank;

    for (int i = 0; same && i < row->rank; i++)
        same = row->dim[i] == shape->dim[i];
    return same;
}

static enum fer_status load_weight(struct loading *loading, const struct fer_weight *weight, const char *name,
                                   struct fer_error *err)
{
    const char *prefix = loading->load->prefix ? loading->load->prefix : "";
    char row_name[512], ours[128], theirs[128], text[400];
    const struct fer_safetensor *row;
    float *data;
    enum fer_status status;

    snprintf(row_name, sizeof(row_name), "%s%s", prefix, name);
    loading->wanted++;
    row = fer_safetensors_find(loading->file, row_name);
    if (!row) {
        list(&loading->missing, row_name);
        return FER_OK;
    }
    loading->found++;
    if (!fits(row, &weight->shape)) {
        snprintf(text, sizeof(text), "%.120s (%s there, %s here)", row_name,
                 fer_safetensor_shape_text(row, theirs, sizeof(theirs)),
                 fer_shape_text(&weight->shape, ours, sizeof(ours)));
        list(&loading->misshapen, text);
        return FER_OK;
    }
    if (!loading->store)
        return FER_OK;
    data = malloc(row->count * sizeof(float) + 1);
    if (!data)
        return fer_fail(err, FER_ENOMEM, "%s: no memory for %.200s", loading->load->file, row_name);
    status = fer_safetensors_read_f32(loading->file, row, data, err);
    if (status == FER_OK)
        status = fer_store_write(loading->store, weight, data, err);
    free(data);
    return status;
}

static void find_surplus(struct loading *loading)
{
    const char *prefix = loading->load->prefix ? loading->load->prefix : "";
    size_t length = strlen(prefix);

    for (int i = 0; i < fer_safetensors_count(loading->file); i++) {
        const char *row = fer_safetensors_row(loading->file, i)->name, *name;
        struct walk walk = { loading->description, loading->load->path, 0, 0 };
        bool known = false;

        if (strncmp(row, prefix, length) != 0)
            continue;
        while (!known && next_weight(&walk, &name))
            known = strcmp(name, row + length) == 0;
        if (!known)
            list(&loading->surplus, row);
    }
}

static bool has_all(const struct loading *loading, const char *prefix, int length)
{
    struct walk walk = { loading->description, loading->load->path, 0, 0 };
    char row[512];
    const char *name;

    while (next_weight(&walk, &name)) {
        snprintf(row, sizeof(row), "%.*s%s", length, prefix, name);
        if (!fer_safetensors_find(loading->file, row))
            return false;
    }
    return true;
}

/* None is there, and all are behind one prefix: those of a run lie behind the net's name, of other programs often
 * behind "module." or the like.  Length of the prefix, the beginning of *row; 0: there is none. */
static int other_prefix(const struct loading *loading, const char **row)
{
    struct walk walk = { loading->description, loading->load->path, 0, 0 };
    const char *name;

    if (loading->found > 0 || !next_weight(&walk, &name))
        return 0;
    for (int i = 0; i < fer_safetensors_count(loading->file); i++) {
        *row = fer_safetensors_row(loading->file, i)->name;
        const int length = (int)strlen(*row) - (int)strlen(name);

        if (length > 0 && (*row)[length - 1] == '.' && strcmp(*row + length, name) == 0 &&
            has_all(loading, *row, length))
            return length;
    }
    return 0;
}

static enum fer_status report(struct fer_context *context, struct loading *loading, struct fer_error *err)
{
    const struct fer_load_spec *load = loading->load;
    int bad = loading->missing.count + loading->misshapen.count;
    const char *row;
    const int prefix = other_prefix(loading, &row);
    char text[FER_ERROR_TEXT];

    if (prefix > 0) {
        snprintf(text, sizeof(text), "load %s: %s has its weights behind \"%.*s\"; write prefix=\"%.*s\"", load->path,
                 load->file, prefix, row, prefix, row);
        if (load->strict)
            return fer_fail(err, FER_EFORMAT, "%s", text);
        fer_context_say(context, FER_MESSAGE_WARNING, "%s; without it all stay as they were initialised", text);
        return FER_OK;
    }
    find_surplus(loading);
    if (loading->surplus.count > 0)
        fer_context_say(context, FER_MESSAGE_NOTE, "load %s: %s also has %s", load->path, load->file,
                        close_list(&loading->surplus));
    if (bad == 0)
        return FER_OK;
    snprintf(text, sizeof(text), "load %s: of %d weights %s", load->path, loading->wanted, load->file);
    if (loading->missing.count > 0)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), " lacks %d: %s", loading->missing.count,
                 close_list(&loading->missing));
    if (loading->misshapen.count > 0)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s has %d of another shape: %s",
                 loading->missing.count > 0 ? ";" : "", loading->misshapen.count, close_list(&loading->misshapen));
    if (load->strict)
        return fer_fail(err, FER_EFORMAT, "%.900s (strict=no leaves them as they were initialised)", text);
    fer_context_say(context, FER_MESSAGE_NOTE, "%s; they stay as they were initialised", text);
    return FER_OK;
}

static enum fer_status load_or_look(struct fer_context *context, const struct fer_load_spec *load,
                                    const struct fer_description *description, struct fer_store *store,
                                    struct fer_error *err)
{
    struct loading loading = { .description = description, .store = store, .load = load };
    struct walk walk = { description, load->path, 0, 0 };
    const struct fer_weight *weight;
    const char *name;
    enum fer_status status = fer_safetensors_open(load->file, &loading.file, err);

    if (status != FER_OK) {
        fer_fail_prefix(err, "load %s", load->path);
        return status;
    }
    while (status == FER_OK && (weight = next_weight(&walk, &name)))
        status = load_weight(&loading, weight, name, err);
    if (status == FER_OK && loading.wanted == 0 && store)
        status = fer_fail(err, FER_ENOTFOUND, "load %s: there are no weights of this name", load->path);
    if (status == FER_OK && loading.wanted > 0)
        status = report(context, &loading, err);
    fer_safetensors_close(loading.file);
    return status;
}

enum fer_status fer_weights_load(struct fer_context *context, const struct fer_load_spec *load, struct fer_store *store,
                                 struct fer_error *err)
{
    return load_or_look(context, load, store->description, store, err);
}

enum fer_status fer_weights_check(struct fer_context *context, const struct fer_load_spec *load,
                                  const struct fer_description *description, struct fer_error *err)
{
    return load_or_look(context, load, description, NULL, err);
}

struct saving {
    const struct fer_store *store;
    const struct fer_weight **rows;
};

static enum fer_status fill_row(void *user, int row, void *data, size_t bytes, struct fer_error *err)
{
    const struct saving *saving = user;

    (void)bytes;
    return fer_store_read(saving->store, saving->rows[row], data, err);
}

/* Declare the weights under the path; how many there are. */
static int declare(struct fer_safetensors_writer *writer, struct walk walk, const struct fer_weight **rows)
{
    const struct fer_weight *weight;
    const char *name;
    int count = 0;

    while ((weight = next_weight(&walk, &name))) {
        if (rows) {
            rows[count] = weight;
            fer_safetensors_declare_shape(writer, name, &weight->shape);
        }
        count++;
    }
    return count;
}

enum fer_status fer_weights_save(const struct fer_save_spec *save, const char *run, const struct fer_store *store,
                                 struct fer_error *err)
{
    struct walk walk = { store->description, save->path, 0, 0 };
    struct saving saving = { store, calloc((size_t)declare(NULL, walk, NULL) + 1, sizeof(*saving.rows)) };
    struct fer_safetensors_writer *writer = NULL;
    char *path = fer_path_join(run, save->file);
    enum fer_status status = path && saving.rows ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory");

    if (status == FER_OK && (save->file[0] == '/' || strstr(save->file, "..")))
        status = fer_fail(err, FER_EINVAL, "save %s: %s is outside the run's directory", save->path, save->file);
    if (status == FER_OK)
        status = fer_safetensors_writer_create(&writer, err);
    if (status == FER_OK) {
        declare(writer, walk, saving.rows);
        fer_safetensors_note(writer, "version", fer_version());
        status = fer_safetensors_write(writer, path, fill_row, &saving, err);
    }
    fer_safetensors_writer_free(writer);
    free(saving.rows);
    free(path);
    return status;
}
