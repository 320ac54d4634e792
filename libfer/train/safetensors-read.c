/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "train/safetensors-type.h"

enum { HEADER_MAX = 64 << 20, ROWS_MAX = 1 << 20, CHUNK = 1 << 16 };

struct fer_safetensors {
    int fd;
    char *path;
    json_t *header; /* owns the names */
    struct fer_safetensor *rows;
    struct fer_safetensor **by_name;
    int count;
    uint64_t data, size; /* where tensors start, and where the file ends */
};

static enum fer_status read_at(const struct fer_safetensors *file, uint64_t offset, void *data, size_t bytes,
                               struct fer_error *err)
{
    unsigned char *at = data;

    while (bytes > 0) {
        ssize_t got = pread(file->fd, at, bytes, (off_t)offset);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fer_file_fail(err, file->path, "read");
        if (got == 0)
            return fer_fail(err, FER_EFORMAT, "%s: the file ends early; it was cut while it was read", file->path);
        at += got;
        offset += (uint64_t)got;
        bytes -= (size_t)got;
    }
    return FER_OK;
}

static bool number_is(const json_t *value, uint64_t *out)
{
    json_int_t number;

    if (!json_is_integer(value))
        return false;
    number = json_integer_value(value);
    *out = (uint64_t)number;
    return number >= 0;
}

/* The shape, and the bytes that it takes. */
static enum fer_status parse_shape(const struct fer_safetensors *file, struct fer_safetensor *row, const json_t *shape,
                                   struct fer_error *err)
{
    size_t rank = json_array_size(shape), item = fer_safetensors_type_size(row->type);
    uint64_t dim;

    if (!json_is_array(shape))
        return fer_fail(err, FER_EFORMAT, "%s: %.100s has no shape", file->path, row->name);
    if (rank > FER_SAFETENSORS_RANK)
        return fer_fail(err, FER_ENOTSUP, "%s: %.100s has %zu axes; at most %d are supported", file->path, row->name,
                        rank, FER_SAFETENSORS_RANK);
    row->rank = (int)rank;
    row->count = 1;
    for (size_t i = 0; i < rank; i++) {
        if (!number_is(json_array_get(shape, i), &dim))
            return fer_fail(err, FER_EFORMAT, "%s: %.100s has an axis that is not a length", file->path, row->name);
        row->dim[i] = (int64_t)dim;
        if (dim != 0 && row->count > SIZE_MAX / item / dim)
            return fer_fail(err, FER_EFORMAT, "%s: the shape of %.100s is larger than any memory", file->path,
                            row->name);
        row->count *= dim;
    }
    row->bytes = row->count * item;
    return FER_OK;
}

static enum fer_status parse_row(const struct fer_safetensors *file, struct fer_safetensor *row, const char *name,
                                 const json_t *entry, struct fer_error *err)
{
    const char *type = json_string_value(json_object_get(entry, "dtype"));
    const json_t *offsets = json_object_get(entry, "data_offsets");
    uint64_t begin, end;
    enum fer_status status;

    row->name = name;
    if (!type || !fer_safetensors_type_find(type, &row->type))
        return fer_fail(err, type ? FER_ENOTSUP : FER_EFORMAT,
                        "%s: %.100s has the element type %.20s, which is unknown", file->path, name,
                        type ? type : "(none)");
    status = parse_shape(file, row, json_object_get(entry, "shape"), err);
    if (status != FER_OK)
        return status;
    if (json_array_size(offsets) != 2 || !number_is(json_array_get(offsets, 0), &begin) ||
        !number_is(json_array_get(offsets, 1), &end) || begin > end)
        return fer_fail(err, FER_EFORMAT, "%s: %.100s has no proper data_offsets", file->path, name);
    if (end > file->size - file->data)
        return fer_fail(err, FER_EFORMAT,
                        "%s: %.100s ends %" PRIu64 " bytes past the end of the file; it was cut short", file->path,
                        name, end - (file->size - file->data));
    if (end - begin != row->bytes)
        return fer_fail(err, FER_EFORMAT, "%s: %.100s has %" PRIu64 " bytes where its shape takes %zu", file->path,
                        name, end - begin, row->bytes);
    row->offset = file->data + begin;
    return FER_OK;
}

static int by_offset(const void *a, const void *b)
{
    const struct fer_safetensor *x = a, *y = b;

    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    return x->bytes != y->bytes ? (x->bytes < y->bytes ? -1 : 1) : strcmp(x->name, y->name);
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(struct fer_safetensor *const *)a)->name, (*(struct fer_safetensor *const *)b)->name);
}

/* Sort rows by place, and an index of them by name. */
static enum fer_status index_rows(struct fer_safetensors *file, struct fer_error *err)
{
    qsort(file->rows, (size_t)file->count, sizeof(*file->rows), by_offset);
    for (int i = 0; i < file->count; i++)
        file->by_name[i] = &file->rows[i];
    qsort(file->by_name, (size_t)file->count, sizeof(*file->by_name), by_name);
    for (int i = 1; i < file->count; i++) {
        const struct fer_safetensor *last = &file->rows[i - 1], *row = &file->rows[i];

        if (last->offset + last->bytes > row->offset)
            return fer_fail(err, FER_EFORMAT, "%s: %.100s and %.100s overlap", file->path, last->name, row->name);
    }
    return FER_OK;
}

static enum fer_status parse_header(struct fer_safetensors *file, struct fer_error *err)
{
    size_t rows = json_object_size(file->header);
    const char *name;
    json_t *entry;

    if (rows > ROWS_MAX)
        return fer_fail(err, FER_EFORMAT, "%s: %zu tensors are more than the %d that are accepted", file->path, rows,
                        ROWS_MAX);
    file->rows = calloc(rows + 1, sizeof(*file->rows));
    file->by_name = calloc(rows + 1, sizeof(*file->by_name));
    if (!file->rows || !file->by_name)
        return fer_fail(err, FER_ENOMEM, "%s: no memory for its header", file->path);
    json_object_foreach(file->header, name, entry)
    {
        enum fer_status status;

        if (strcmp(name, "__metadata__") == 0)
            continue;
        status = parse_row(file, &file->rows[file->count], name, entry, err);
        if (status != FER_OK)
            return status;
        file->count++;
    }
    return index_rows(file, err);
}

static enum fer_status read_header(struct fer_safetensors *file, struct fer_error *err)
{
    unsigned char prefix[8];
    uint64_t length = 0;
    json_error_t where = { .text = "" };
    char *text;
    enum fer_status status;

    if (file->size < sizeof(prefix))
        return fer_fail(err, FER_EFORMAT, "%s: %" PRIu64 " bytes are no safetensors file", file->path, file->size);
    status = read_at(file, 0, prefix, sizeof(prefix), err);
    if (status != FER_OK)
        return status;
    if (memcmp(prefix, "fer 1", 5) == 0)
        return fer_fail(err, FER_EFORMAT,
                        "%s is a description where a safetensors file is expected; fer train makes one of it",
                        file->path);
    for (int i = 7; i >= 0; i--)
        length = length << 8 | prefix[i];
    if (length > file->size - sizeof(prefix) || length > HEADER_MAX)
        return fer_fail(err, FER_EFORMAT,
                        "%s: not a safetensors file, such as fer train writes (its header would be of %" PRIu64
                        " bytes%s)",
                        file->path, length, length > file->size - sizeof(prefix) ? " in a shorter file" : ": too long");
    text = malloc(length + 1);
    if (!text)
        return fer_fail(err, FER_ENOMEM, "%s: no memory for its header", file->path);
    status = read_at(file, sizeof(prefix), text, length, err);
    file->data = sizeof(prefix) + length;
    if (status == FER_OK) {
        file->header = json_loadb(text, length, JSON_REJECT_DUPLICATES, &where);
        if (!file->header && !where.text[0])
            status = fer_fail(err, FER_ENOMEM, "%s: no memory for its header", file->path);
        else if (!json_is_object(file->header))
            status = fer_fail(err, FER_EFORMAT, "%s: not a safetensors file (header: %s)", file->path,
                              file->header ? "no object" : where.text);
    }
    free(text);
    return status == FER_OK ? parse_header(file, err) : status;
}

enum fer_status fer_safetensors_open(const char *path, struct fer_safetensors **out, struct fer_error *err)
{
    struct fer_safetensors *file = calloc(1, sizeof(*file));
    struct stat info;
    enum fer_status status;

    *out = NULL;
    if (!file || !(file->path = strdup(path))) {
        free(file);
        return fer_fail(err, FER_ENOMEM, "%s: out of memory", path);
    }
    file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* not waiting for a writer if it is a pipe */
    if (file->fd < 0 || fstat(file->fd, &info) != 0) {
        status = fer_file_fail(err, path, "open");
    } else if (S_ISDIR(info.st_mode)) {
        status = fer_fail(
            err, FER_EIO,
            "%s is a directory where a safetensors file is expected; that of a run holds best.safetensors", path);
    } else if (!S_ISREG(info.st_mode)) {
        status = fer_fail(err, FER_EIO, "%s: not a regular file", path);
    } else {
        file->size = (uint64_t)info.st_size;
        status = read_header(file, err);
    }
    if (status != FER_OK) {
        fer_safetensors_close(file);
        return status;
    }
    *out = file;
    return FER_OK;
}

void fer_safetensors_close(struct fer_safetensors *file)
{
    if (!file)
        return;
    if (file->fd >= 0)
        close(file->fd);
    json_decref(file->header);
    free(file->rows);
    free(file->by_name);
    free(file->path);
    free(file);
}

int fer_safetensors_count(const struct fer_safetensors *file)
{
    return file->count;
}

const struct fer_safetensor *fer_safetensors_row(const struct fer_safetensors *file, int i)
{
    return &file->rows[i];
}

const struct fer_safetensor *fer_safetensors_find(const struct fer_safetensors *file, const char *name)
{
    struct fer_safetensor key = { .name = name }, *pointer = &key, **found;

    found = bsearch(&pointer, file->by_name, (size_t)file->count, sizeof(*file->by_name), by_name);
    return found ? *found : NULL;
}

const char *fer_safetensors_metadata(const struct fer_safetensors *file, const char *key)
{
    return json_string_value(json_object_get(json_object_get(file->header, "__metadata__"), key));
}

enum fer_status fer_safetensors_read(const struct fer_safetensors *file, const struct fer_safetensor *row, void *data,
                                     struct fer_error *err)
{
    return read_at(file, row->offset, data, row->bytes, err);
}

enum fer_status fer_safetensors_read_f32(const struct fer_safetensors *file, const struct fer_safetensor *row,
                                         float *data, struct fer_error *err)
{
    size_t item = fer_safetensors_type_size(row->type), at_once = CHUNK / item;
    unsigned char chunk[CHUNK];

    if (row->type == FER_ST_F32)
        return fer_safetensors_read(file, row, data, err);
    for (size_t done = 0; done < row->count;) {
        size_t count = row->count - done < at_once ? row->count - done : at_once;
        enum fer_status status = read_at(file, row->offset + done * item, chunk, count * item, err);

        if (status != FER_OK)
            return status;
        fer_safetensors_to_float(row->type, chunk, count, data + done);
        done += count;
    }
    return FER_OK;
}
