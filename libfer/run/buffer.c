/* SPDX-License-Identifier: Apache-2.0 */
#include "run/device.h"

#include <stdlib.h>
#include <string.h>

#define MIB(bytes) ((double)(bytes) / (1 << 20))

enum fer_status fer_buffer_create(struct fer_device *device, size_t bytes, struct fer_buffer **out,
                                  struct fer_error *err)
{
    struct fer_buffer *buffer;
    cl_int code;

    *out = NULL;
    if (bytes > device->max_allocation)
        return fer_fail(err, FER_ENOMEM, "%.1f MiB in one piece are %.1f MiB more than %s allocates", MIB(bytes),
                        MIB(bytes - device->max_allocation), device->name);
    /* Drivers promise memory that is not there and fail later, or have the process killed. */
    if (device->allocated > device->global_memory || bytes > device->global_memory - device->allocated)
        return fer_fail(err, FER_ENOMEM,
                        "%.1f MiB do not fit into the %.1f MiB of %s, of which %.1f are in use; use a smaller batch or "
                        "smaller pictures",
                        MIB(bytes), MIB(device->global_memory), device->name, MIB(device->allocated));
    buffer = calloc(1, sizeof(*buffer));
    if (!buffer)
        return fer_fail(err, FER_ENOMEM, "out of memory while a buffer was made");
    buffer->device = device;
    buffer->bytes = bytes;
    buffer->mem = clCreateBuffer(device->context, CL_MEM_READ_WRITE, bytes ? bytes : 1, NULL, &code);
    if (!buffer->mem) {
        free(buffer);
        return fer_fail_cl(err, code, "%.1f MiB on %s, of which %.1f of %.1f MiB are in use", MIB(bytes), device->name,
                           MIB(device->allocated), MIB(device->global_memory));
    }
    device->allocated += bytes;
    if (device->allocated > device->peak)
        device->peak = device->allocated;
    *out = buffer;
    return FER_OK;
}

void fer_buffer_free(struct fer_buffer *buffer)
{
    if (!buffer)
        return;
    buffer->device->allocated -= buffer->bytes;
    clReleaseMemObject(buffer->mem);
    free(buffer);
}

static enum fer_status check_range(const struct fer_buffer *buffer, size_t offset, size_t size, const char *what,
                                   struct fer_error *err)
{
    if (offset <= buffer->bytes && size <= buffer->bytes - offset)
        return FER_OK;
    return fer_fail(err, FER_EINVAL, "cannot %s bytes %zu to %zu of a buffer of %zu", what, offset, offset + size,
                    buffer->bytes);
}

static enum fer_status write_bytes(struct fer_buffer *buffer, size_t offset, const void *data, size_t size,
                                   struct fer_error *err)
{
    cl_int code = clEnqueueWriteBuffer(buffer->device->queue, buffer->mem, CL_TRUE, offset, size, data, 0, NULL, NULL);

    return code == CL_SUCCESS ? FER_OK : fer_fail_cl(err, code, "clEnqueueWriteBuffer(%zu bytes)", size);
}

/* Oclgrind 21.10 --uninitialized forgets all of a buffer but the bytes of the host's last write, and takes what kernels
 * read elsewhere for uninitialised from then on. */
static enum fer_status write_whole(struct fer_buffer *buffer, size_t offset, const void *data, size_t size,
                                   struct fer_error *err)
{
    unsigned char *whole = malloc(buffer->bytes);
    enum fer_status status;

    if (!whole)
        return fer_fail(err, FER_ENOMEM, "out of memory while a buffer was written");
    status = fer_buffer_read(buffer, 0, whole, buffer->bytes, err);
    memcpy(whole + offset, data, size);
    if (!status)
        status = write_bytes(buffer, 0, whole, buffer->bytes, err);
    free(whole);
    return status;
}

enum fer_status fer_buffer_write(struct fer_buffer *buffer, size_t offset, const void *data, size_t size,
                                 struct fer_error *err)
{
    enum fer_status status = check_range(buffer, offset, size, "write", err);

    if (status || size == 0)
        return status;
    if (buffer->device->oclgrind && size < buffer->bytes)
        return write_whole(buffer, offset, data, size, err);
    return write_bytes(buffer, offset, data, size, err);
}

enum fer_status fer_buffer_read(struct fer_buffer *buffer, size_t offset, void *data, size_t size,
                                struct fer_error *err)
{
    enum fer_status status = check_range(buffer, offset, size, "read", err);
    cl_int code = CL_SUCCESS;

    if (!status && size > 0)
        code = clEnqueueReadBuffer(buffer->device->queue, buffer->mem, CL_TRUE, offset, size, data, 0, NULL, NULL);
    return code == CL_SUCCESS ? status : fer_fail_cl(err, code, "clEnqueueReadBuffer(%zu bytes)", size);
}

/* clEnqueueFillBuffer is many small writes to Oclgrind: see write_whole. */
static enum fer_status fill_by_writing(struct fer_buffer *buffer, size_t offset, size_t size, uint32_t pattern,
                                       struct fer_error *err)
{
    unsigned char *values = malloc(size);
    enum fer_status status;

    if (!values)
        return fer_fail(err, FER_ENOMEM, "out of memory while a buffer was filled");
    for (size_t i = 0; i < size; i++)
        values[i] = (unsigned char)(pattern >> i % sizeof(pattern) * 8);
    status = fer_buffer_write(buffer, offset, values, size, err);
    free(values);
    return status;
}

/* The pattern's bytes repeat from `offset`.  What is no multiple of its size is done byte by byte where the bytes
 * are equal, else refused. */
enum fer_status fer_buffer_fill(struct fer_buffer *buffer, size_t offset, size_t size, uint32_t pattern,
                                struct fer_error *err)
{
    enum fer_status status = check_range(buffer, offset, size, "fill", err);
    bool uniform = pattern == (pattern & 0xff) * 0x01010101u;
    size_t unit = offset % sizeof(pattern) || size % sizeof(pattern) ? 1 : sizeof(pattern);
    cl_int code;

    if (!status && unit == 1 && !uniform)
        status = fer_fail(err, FER_EINVAL, "cannot fill %zu bytes from byte %zu with a pattern of four", size, offset);
    if (status || size == 0)
        return status;
    if (buffer->device->oclgrind)
        return fill_by_writing(buffer, offset, size, pattern, err);
    code = clEnqueueFillBuffer(buffer->device->queue, buffer->mem, &pattern, unit, offset, size, 0, NULL, NULL);
    return code == CL_SUCCESS ? FER_OK : fer_fail_cl(err, code, "clEnqueueFillBuffer(%zu bytes)", size);
}
