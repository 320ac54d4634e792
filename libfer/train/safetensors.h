/* SPDX-License-Identifier: Apache-2.0
 *
 * The safetensors file format (https://github.com/huggingface/safetensors): eight bytes with the length of a JSON
 * header, the header, then the tensors' bytes in little-endian C order.
 *
 * Reading trusts nothing: the header is at most 64 MiB, shapes must multiply without overflow, every tensor must lie in
 * the file with exactly its bytes, and no two may overlap.  Files are read with pread, never mapped, so one that
 * shrinks while it is read is an error and not a signal.
 */
#ifndef FER_TRAIN_SAFETENSORS_H
#define FER_TRAIN_SAFETENSORS_H

#include <fer/status.h>
#include <fer/tensor.h>

#define FER_SAFETENSORS_RANK 8

enum fer_safetensors_type {
    FER_ST_BOOL,
    FER_ST_U8,
    FER_ST_I8,
    FER_ST_U16,
    FER_ST_I16,
    FER_ST_F16,
    FER_ST_BF16,
    FER_ST_U32,
    FER_ST_I32,
    FER_ST_F32,
    FER_ST_U64,
    FER_ST_I64,
    FER_ST_F64,
    FER_ST_TYPES
};
const char *fer_safetensors_type_name(enum fer_safetensors_type type); /* "F32" */
size_t fer_safetensors_type_size(enum fer_safetensors_type type);

struct fer_safetensor {
    const char *name;
    enum fer_safetensors_type type;
    int rank;
    int64_t dim[FER_SAFETENSORS_RANK];
    size_t count, bytes;
    uint64_t offset; /* from the start of the file */
};

/* ---- reading: any number of threads on one open file ---- */

struct fer_safetensors;

/* Open and check the whole header.  Errors (FER_EIO, FER_EFORMAT, FER_ENOMEM) name the file.  The caller closes it. */
enum fer_status fer_safetensors_open(const char *path, struct fer_safetensors **out, struct fer_error *err);
void fer_safetensors_close(struct fer_safetensors *file); /* NULL is fine */
/* Rows in the order of their bytes. */
int fer_safetensors_count(const struct fer_safetensors *file);
const struct fer_safetensor *fer_safetensors_row(const struct fer_safetensors *file, int i);
const struct fer_safetensor *fer_safetensors_find(const struct fer_safetensors *file, const char *name); /* or NULL */
const char *fer_safetensors_metadata(const struct fer_safetensors *file, const char *key);               /* or NULL */
/* All of a row as it lies in the file (row->bytes) … */
enum fer_status fer_safetensors_read(const struct fer_safetensors *file, const struct fer_safetensor *row, void *data,
                                     struct fer_error *err);
/* … or converted to float (row->count of them); integers past 2^24 are rounded. */
enum fer_status fer_safetensors_read_f32(const struct fer_safetensors *file, const struct fer_safetensor *row,
                                         float *data, struct fer_error *err);
/* "64 x 3 x 7 x 7"; "scalar" for rank 0. */
const char *fer_safetensor_shape_text(const struct fer_safetensor *row, char *text, size_t size);

/* ---- writing: declare everything, then write; one thread ---- */

struct fer_safetensors_writer;

enum fer_status fer_safetensors_writer_create(struct fer_safetensors_writer **out, struct fer_error *err);
void fer_safetensors_writer_free(struct fer_safetensors_writer *writer); /* NULL is fine */
/* Failures (no memory) of these two are reported by fer_safetensors_write.  Names and texts are copied. */
void fer_safetensors_note(struct fer_safetensors_writer *writer, const char *key, const char *value);
void fer_safetensors_declare(struct fer_safetensors_writer *writer, const char *name, enum fer_safetensors_type type,
                             int rank, const int64_t *dims);
/* The same for a tensor of ours: F32, I32, U32 or U8. */
void fer_safetensors_declare_shape(struct fer_safetensors_writer *writer, const char *name,
                                   const struct fer_shape *shape);
/* Where the data comes from: put all `bytes` of the row declared as number `row` into `data`. */
typedef enum fer_status fer_safetensors_fill(void *user, int row, void *data, size_t bytes, struct fer_error *err);
/* Make the file appear at `path`, whole or not at all (temporary file, fsync, rename).  The same declarations and data
 * give the same bytes. */
enum fer_status fer_safetensors_write(const struct fer_safetensors_writer *writer, const char *path,
                                      fer_safetensors_fill *fill, void *user, struct fer_error *err);

#endif
