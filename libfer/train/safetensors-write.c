/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "train/context.h"
#include "train/safetensors.h"

struct fer_safetensors_writer {
    json_t *header, *metadata;
    uint64_t declared; /* bytes of data */
    size_t *rows;      /* bytes of each */
    int count;
    size_t largest;
    bool failed; /* no memory for a declaration */
};

enum fer_status fer_safetensors_writer_create(struct fer_safetensors_writer **out, struct fer_error *err)
{
    struct fer_safetensors_writer *writer = calloc(1, sizeof(*writer));

    *out = writer;
    if (writer && (writer->header = json_object()) && (writer->metadata = json_object()))
        return FER_OK;
    fer_safetensors_writer_free(writer);
    *out = NULL;
    return fer_fail(err, FER_ENOMEM, "out of memory");
}

void fer_safetensors_writer_free(struct fer_safetensors_writer *writer)
{
    if (!writer)
        return;
    json_decref(writer->header);
    json_decref(writer->metadata);
    free(writer->rows);
    free(writer);
}

void fer_safetensors_note(struct fer_safetensors_writer *writer, const char *key, const char *value)
{
    if (json_object_set_new(writer->metadata, key, json_string(value)) != 0)
        writer->failed = true;
}

static bool add_row(struct fer_safetensors_writer *writer, size_t bytes)
{
    /* grows at powers of two: no capacity to keep */
    if ((writer->count & (writer->count - 1)) == 0) {
        size_t *rows = realloc(writer->rows, (writer->count ? 2 * (size_t)writer->count : 1) * sizeof(*rows));

        if (!rows)
            return false;
        writer->rows = rows;
    }
    writer->rows[writer->count++] = bytes;
    if (bytes > writer->largest)
        writer->largest = bytes;
    writer->declared += bytes;
    return true;
}

void fer_safetensors_declare(struct fer_safetensors_writer *writer, const char *name, enum fer_safetensors_type type,
                             int rank, const int64_t *dims)
{
    json_t *shape = json_array();
    size_t bytes = fer_safetensors_type_size(type);
    uint64_t begin = writer->declared;

    for (int i = 0; i < rank; i++) {
        bytes *= (size_t)dims[i];
        if (json_array_append_new(shape, json_integer(dims[i])) != 0)
            writer->failed = true;
    }
    if (json_object_get(writer->header, name) || !add_row(writer, bytes))
        writer->failed = true;
    if (json_object_set_new(writer->header, name,
                            json_pack("{s:s, s:o, s:[I, I]}", "dtype", fer_safetensors_type_name(type), "shape", shape,
                                      "data_offsets", (json_int_t)begin, (json_int_t)writer->declared)) != 0)
        writer->failed = true;
}

void fer_safetensors_declare_shape(struct fer_safetensors_writer *writer, const char *name,
                                   const struct fer_shape *shape)
{
    static const enum fer_safetensors_type types[] = {
        [FER_F32] = FER_ST_F32, [FER_I32] = FER_ST_I32, [FER_U32] = FER_ST_U32, [FER_U8] = FER_ST_U8
    };
    int64_t dims[FER_MAX_RANK];

    for (int i = 0; i < shape->rank; i++)
        dims[i] = shape->dim[i];
    fer_safetensors_declare(writer, name, types[shape->dtype], shape->rank, dims);
}

/* The header with metadata first, for people who look with `head`. */
static char *header_text(const struct fer_safetensors_writer *writer)
{
    json_t *whole = json_object();
    bool ok = !writer->failed;
    char *text;

    if (json_object_size(writer->metadata) > 0)
        ok = ok && json_object_set(whole, "__metadata__", writer->metadata) == 0;
    ok = ok && json_object_update(whole, writer->header) == 0;
    text = ok ? fer_json_dump(whole, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
    json_decref(whole);
    return text;
}

struct job {
    const struct fer_safetensors_writer *writer;
    fer_safetensors_fill *fill;
    void *user;
    char *header;
    void *row; /* room for the largest */
};

/* Length, header, spaces up to a multiple of 8. */
static enum fer_status write_header(int fd, const char *path, const char *header, struct fer_error *err)
{
    size_t length = strlen(header), padded = (length + 7) / 8 * 8;
    unsigned char prefix[8];
    enum fer_status status;

    for (int i = 0; i < 8; i++)
        prefix[i] = (unsigned char)((uint64_t)padded >> 8 * i);
    status = fer_file_write_all(fd, path, prefix, sizeof(prefix), err);
    if (status == FER_OK)
        status = fer_file_write_all(fd, path, header, length, err);
    if (status == FER_OK)
        status = fer_file_write_all(fd, path, "        ", padded - length, err);
    return status;
}

static enum fer_status write_file(int fd, const char *path, void *context, struct fer_error *err)
{
    struct job *job = context;
    enum fer_status status = write_header(fd, path, job->header, err);

    for (int i = 0; status == FER_OK && i < job->writer->count; i++) {
        size_t bytes = job->writer->rows[i];

        if (bytes == 0)
            continue;
        status = job->fill(job->user, i, job->row, bytes, err);
        if (status == FER_OK)
            status = fer_file_write_all(fd, path, job->row, bytes, err);
    }
    return status;
}

enum fer_status fer_safetensors_write(const struct fer_safetensors_writer *writer, const char *path,
                                      fer_safetensors_fill *fill, void *user, struct fer_error *err)
{
    struct job job = { writer, fill, user, header_text(writer), malloc(writer->largest + 1) };
    enum fer_status status = FER_OK;

    if (!job.header || !job.row)
        status = fer_fail(err, FER_ENOMEM, "%s: no memory to write it", path);
    else
        status = fer_file_fill_atomic(path, write_file, &job, err);
    free(job.header);
    free(job.row);
    return status;
}
