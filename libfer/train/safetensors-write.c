/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "train/file.h"
#include "train/safetensors.h"

struct fer_safetensors_writer {
    struct fer_file *file;
    char *path;
    json_t *header, *metadata;
    uint64_t declared, appended;
    bool begun, failed; /* failed: no memory for the header */
};

enum fer_status fer_safetensors_create(const char *path, struct fer_safetensors_writer **out, struct fer_error *err)
{
    struct fer_safetensors_writer *writer = calloc(1, sizeof(*writer));
    enum fer_status status = FER_OK;

    *out = NULL;
    if (!writer || !(writer->path = strdup(path)) || !(writer->header = json_object()) ||
        !(writer->metadata = json_object()))
        status = fer_fail(err, FER_ENOMEM, "%s: out of memory", path);
    if (status == FER_OK)
        status = fer_file_create(path, &writer->file, err);
    if (status != FER_OK) {
        fer_safetensors_discard(writer);
        return status;
    }
    *out = writer;
    return FER_OK;
}

void fer_safetensors_note(struct fer_safetensors_writer *writer, const char *key, const char *value)
{
    if (json_object_set_new(writer->metadata, key, json_string(value)) != 0)
        writer->failed = true;
}

void fer_safetensors_declare(struct fer_safetensors_writer *writer, const char *name, enum fer_safetensors_type type,
                             int rank, const int64_t *dims)
{
    json_t *shape = json_array();
    uint64_t bytes = fer_safetensors_type_size(type), begin = writer->declared;

    for (int i = 0; i < rank; i++) {
        bytes *= (uint64_t)dims[i];
        if (json_array_append_new(shape, json_integer(dims[i])) != 0)
            writer->failed = true;
    }
    writer->declared += bytes;
    if (json_object_set_new(writer->header, name,
                            json_pack("{s:s, s:o, s:[I, I]}", "dtype", fer_safetensors_type_name(type), "shape", shape,
                                      "data_offsets", (json_int_t)begin, (json_int_t)writer->declared)) != 0)
        writer->failed = true;
}

/* Write the header, padded with spaces so that tensors start at a multiple of 8. */
static enum fer_status begin(struct fer_safetensors_writer *writer, struct fer_error *err)
{
    json_t *whole = json_object();
    unsigned char prefix[8];
    size_t length, padded;
    char *text;
    enum fer_status status = FER_OK;

    /* metadata comes first, for people who look with `head` */
    if ((json_object_size(writer->metadata) > 0 && json_object_set(whole, "__metadata__", writer->metadata) != 0) ||
        json_object_update(whole, writer->header) != 0 || writer->failed ||
        !(text = json_dumps(whole, JSON_COMPACT | JSON_ENSURE_ASCII))) {
        json_decref(whole);
        return fer_fail(err, FER_ENOMEM, "%s: no memory for its header", writer->path);
    }
    json_decref(whole);
    writer->begun = true;
    length = strlen(text);
    padded = (length + 7) / 8 * 8;
    for (int i = 0; i < 8; i++)
        prefix[i] = (unsigned char)((uint64_t)padded >> 8 * i);
    status = fer_file_write(writer->file, prefix, sizeof(prefix), err);
    if (status == FER_OK)
        status = fer_file_write(writer->file, text, length, err);
    if (status == FER_OK)
        status = fer_file_write(writer->file, "        ", padded - length, err);
    free(text);
    return status;
}

enum fer_status fer_safetensors_append(struct fer_safetensors_writer *writer, const void *data, size_t bytes,
                                       struct fer_error *err)
{
    enum fer_status status = writer->begun ? FER_OK : begin(writer, err);

    if (status != FER_OK)
        return status;
    if (bytes > writer->declared - writer->appended)
        return fer_fail(err, FER_EINVAL, "%s: more data than was declared", writer->path);
    writer->appended += bytes;
    return fer_file_write(writer->file, data, bytes, err);
}

enum fer_status fer_safetensors_commit(struct fer_safetensors_writer *writer, struct fer_error *err)
{
    enum fer_status status = writer->begun ? FER_OK : begin(writer, err);

    if (status == FER_OK && writer->appended != writer->declared)
        status = fer_fail(err, FER_EINVAL, "%s: less data than was declared", writer->path);
    if (status == FER_OK) {
        status = fer_file_commit(writer->file, err);
        writer->file = NULL;
    }
    fer_safetensors_discard(writer);
    return status;
}

void fer_safetensors_discard(struct fer_safetensors_writer *writer)
{
    if (!writer)
        return;
    fer_file_discard(writer->file);
    json_decref(writer->header);
    json_decref(writer->metadata);
    free(writer->path);
    free(writer);
}
