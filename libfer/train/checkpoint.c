/* SPDX-License-Identifier: Apache-2.0 */
#include "train/checkpoint.h"

#include <fer/context.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "number.h"
#include "train/context.h"

/* ---- reading ---- */

enum fer_status fer_checkpoint_open(const char *path, struct fer_checkpoint *out, struct fer_error *err)
{
    const char *format, *seed;
    enum fer_status status;

    *out = (struct fer_checkpoint){ .path = path };
    status = fer_safetensors_open(path, &out->file, err);
    if (status != FER_OK)
        return status;
    format = fer_safetensors_metadata(out->file, "fer");
    out->description = fer_safetensors_metadata(out->file, "description");
    out->state = fer_safetensors_metadata(out->file, "state");
    seed = fer_safetensors_metadata(out->file, "seed");
    if (!format || !out->description || !seed)
        status = fer_fail(err, FER_EFORMAT, "%s is no checkpoint of fer: it carries no description", path);
    else if (strcmp(format, "1") != 0)
        status = fer_fail(err, FER_ENOTSUP, "%s has checkpoint format %.20s; this is libfer %s, which reads 1", path,
                          format, fer_version());
    else if (!fer_number_whole(seed, FER_SEED_MAX, &out->seed))
        status = fer_fail(err, FER_EFORMAT, "%s: its seed '%.30s' should be a whole number from 0 to %" PRIu64, path,
                          seed, FER_SEED_MAX);
    if (status != FER_OK)
        fer_checkpoint_close(out);
    return status;
}

void fer_checkpoint_close(struct fer_checkpoint *checkpoint)
{
    fer_safetensors_close(checkpoint->file);
    checkpoint->file = NULL;
}

static bool same_shape(const struct fer_safetensor *row, const struct fer_shape *shape)
{
    if (row->rank != shape->rank)
        return false;
    for (int i = 0; i < row->rank; i++) {
        if (row->dim[i] != shape->dim[i])
            return false;
    }
    return true;
}

/* One row as floats, if it is there and has the shape.  The caller frees *data. */
static enum fer_status read_row(const struct fer_checkpoint *checkpoint, const char *name,
                                const struct fer_shape *shape, float **data, struct fer_error *err)
{
    const struct fer_safetensor *row = fer_safetensors_find(checkpoint->file, name);
    char theirs[128], ours[128];
    enum fer_status status;

    *data = NULL;
    if (!row)
        return fer_fail(err, FER_EFORMAT, "%s lacks %.200s", checkpoint->path, name);
    if (!same_shape(row, shape))
        return fer_fail(err, FER_ESHAPE, "%s: %.200s is %s, the description says %s", checkpoint->path, name,
                        fer_safetensor_shape_text(row, theirs, sizeof(theirs)),
                        fer_shape_text(shape, ours, sizeof(ours)));
    *data = malloc(row->count * sizeof(float) + 1);
    if (!*data)
        return fer_fail(err, FER_ENOMEM, "%s: no memory for %.200s", checkpoint->path, name);
    status = fer_safetensors_read_f32(checkpoint->file, row, *data, err);
    if (status != FER_OK) {
        free(*data);
        *data = NULL;
    }
    return status;
}

enum fer_status fer_checkpoint_weights(const struct fer_checkpoint *checkpoint, struct fer_store *store,
                                       struct fer_error *err)
{
    const struct fer_description *description = store->description;

    for (int n = 0; n < description->nnets; n++) {
        for (int w = 0; w < description->nets[n]->nweights; w++) {
            const struct fer_weight *weight = description->nets[n]->weights[w];
            float *data;
            enum fer_status status = read_row(checkpoint, weight->path, &weight->shape, &data, err);

            if (status == FER_OK)
                status = fer_store_write(store, weight, data, err);
            free(data);
            if (status != FER_OK)
                return status;
        }
    }
    return FER_OK;
}

/* The buffer of state `s` that holds this weight, and where. */
static struct fer_buffer *state_buffer(const struct fer_update_state *update, const struct fer_weight *weight, int s)
{
    for (int n = 0; n < update->nnets; n++) {
        if (update->nets[n] == weight->net)
            return update->states[n][s];
    }
    return NULL;
}

static char *row_name(const char *update, const char *state, const char *path)
{
    char *name;

    return asprintf(&name, "optimizer.%s.%s.%s", update, state, path) < 0 ? NULL : name;
}

static enum fer_status load_state(const struct fer_checkpoint *checkpoint, const char *name,
                                  struct fer_update_state *update, const struct fer_weight *weight, int s,
                                  struct fer_error *err)
{
    char *row = row_name(name, update->spec->optimizer->states[s], weight->path);
    struct fer_buffer *buffer = state_buffer(update, weight, s);
    float *data = NULL;
    enum fer_status status = row ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory");

    if (status == FER_OK)
        status = read_row(checkpoint, row, &weight->shape, &data, err);
    if (status == FER_OK && buffer)
        status = fer_buffer_write(buffer, weight->offset * sizeof(float), data,
                                  fer_shape_count(&weight->shape) * sizeof(float), err);
    free(data);
    free(row);
    return status;
}

enum fer_status fer_checkpoint_update(const struct fer_checkpoint *checkpoint, const char *name,
                                      struct fer_update_state *update, struct fer_error *err)
{
    for (int s = 0; s < update->nstates; s++) {
        for (int w = 0; w < update->spec->nweights; w++) {
            enum fer_status status = load_state(checkpoint, name, update, update->spec->weights[w], s, err);

            if (status != FER_OK)
                return status;
        }
    }
    return FER_OK;
}

/* ---- writing ---- */

/* Where a row's data lies on the device. */
struct source {
    const struct fer_weight *weight;
    struct fer_buffer *buffer; /* NULL: the store's */
};

struct rows {
    const struct fer_store *store;
    struct source *items;
    int count;
};

static enum fer_status fill_row(void *user, int row, void *data, size_t bytes, struct fer_error *err)
{
    const struct rows *rows = user;
    const struct source *source = &rows->items[row];
    const float *values = data;
    enum fer_status status;

    if (source->buffer)
        return fer_buffer_read(source->buffer, source->weight->offset * sizeof(float), data, bytes, err);
    status = fer_store_read(rows->store, source->weight, data, err);
    for (size_t i = 0; status == FER_OK && i < bytes / sizeof(float); i++) {
        if (!isfinite(values[i]))
            status = fer_fail(err, FER_ENUMERIC,
                              "weight %s is no longer finite (%g); a lower learning rate or clip= on "
                              "its update may help",
                              source->weight->path, (double)values[i]);
    }
    return status;
}

static void declare_weights(struct fer_safetensors_writer *writer, struct rows *rows)
{
    const struct fer_description *description = rows->store->description;

    for (int n = 0; n < description->nnets; n++) {
        for (int w = 0; w < description->nets[n]->nweights; w++) {
            const struct fer_weight *weight = description->nets[n]->weights[w];

            rows->items[rows->count++] = (struct source){ weight, NULL };
            fer_safetensors_declare_shape(writer, weight->path, &weight->shape);
        }
    }
}

static enum fer_status declare_update(struct fer_safetensors_writer *writer, struct rows *rows,
                                      const struct fer_named_update *named, struct fer_error *err)
{
    const struct fer_update_state *update = named->update;

    for (int s = 0; s < update->nstates; s++) {
        for (int w = 0; w < update->spec->nweights; w++) {
            const struct fer_weight *weight = update->spec->weights[w];
            char *name = row_name(named->name, update->spec->optimizer->states[s], weight->path);

            if (!name)
                return fer_fail(err, FER_ENOMEM, "out of memory");
            rows->items[rows->count++] = (struct source){ weight, state_buffer(update, weight, s) };
            fer_safetensors_declare_shape(writer, name, &weight->shape);
            free(name);
        }
    }
    return FER_OK;
}

static int count_rows(const struct fer_checkpoint_parts *parts)
{
    const struct fer_description *description = parts->store->description;
    int count = 0;

    for (int n = 0; n < description->nnets; n++)
        count += description->nets[n]->nweights;
    for (int u = 0; u < parts->nupdates; u++)
        count += parts->updates[u].update->nstates * parts->updates[u].update->spec->nweights;
    return count;
}

static void note_metadata(struct fer_safetensors_writer *writer, const struct fer_checkpoint_parts *parts)
{
    const struct fer_description *description = parts->store->description;
    json_t *labels = json_array();
    char seed[24], *text;

    for (int i = 0; i < description->nlabels; i++)
        fer_json_append(&labels, json_string(description->labels[i]));
    text = fer_json_dump(labels, JSON_COMPACT);
    json_decref(labels);
    snprintf(seed, sizeof(seed), "%" PRIu64, parts->seed);
    fer_safetensors_note(writer, "fer", "1");
    fer_safetensors_note(writer, "version", fer_version());
    fer_safetensors_note(writer, "seed", seed);
    fer_safetensors_note(writer, "labels", text); /* NULL counts as no memory */
    fer_safetensors_note(writer, "description", parts->description);
    if (parts->state)
        fer_safetensors_note(writer, "state", parts->state);
    free(text);
}

enum fer_status fer_checkpoint_write(const char *path, const struct fer_checkpoint_parts *parts, struct fer_error *err)
{
    struct rows rows = { parts->store, calloc((size_t)count_rows(parts) + 1, sizeof(*rows.items)), 0 };
    struct fer_safetensors_writer *writer = NULL;
    enum fer_status status = rows.items ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory");

    if (status == FER_OK)
        status = fer_safetensors_writer_create(&writer, err);
    if (status == FER_OK) {
        note_metadata(writer, parts);
        declare_weights(writer, &rows);
    }
    for (int u = 0; status == FER_OK && u < parts->nupdates; u++)
        status = declare_update(writer, &rows, &parts->updates[u], err);
    if (status == FER_OK)
        status = fer_safetensors_write(writer, path, fill_row, &rows, err);
    fer_safetensors_writer_free(writer);
    free(rows.items);
    return status;
}

enum fer_status fer_weights_hash(const struct fer_store *store, char text[17], struct fer_error *err)
{
    const struct fer_description *description = store->description;
    XXH64_state_t *state = XXH64_createState();
    enum fer_status status = state ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory");

    if (state)
        XXH64_reset(state, 0);
    for (int n = 0; status == FER_OK && n < description->nnets; n++) {
        for (int w = 0; status == FER_OK && w < description->nets[n]->nweights; w++) {
            const struct fer_weight *weight = description->nets[n]->weights[w];
            size_t bytes = fer_shape_count(&weight->shape) * sizeof(float);
            float *data = malloc(bytes + 1);

            status = data ? fer_store_read(store, weight, data, err) : fer_fail(err, FER_ENOMEM, "out of memory");
            if (status == FER_OK) {
                XXH64_update(state, weight->path, strlen(weight->path));
                XXH64_update(state, weight->shape.dim, sizeof(int) * (size_t)weight->shape.rank);
                XXH64_update(state, data, bytes);
            }
            free(data);
        }
    }
    if (status == FER_OK)
        snprintf(text, 17, "%016llx", (unsigned long long)XXH64_digest(state));
    XXH64_freeState(state);
    return status;
}
