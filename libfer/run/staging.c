/* SPDX-License-Identifier: Apache-2.0 */
#include "run/staging.h"

#include <stdlib.h>
#include <string.h>

static cl_int settle(struct fer_staging_slot *slot)
{
    cl_int code = CL_SUCCESS;

    if (slot->event) {
        code = clWaitForEvents(1, &slot->event);
        clReleaseEvent(slot->event);
        slot->event = NULL;
    }
    return code;
}

static bool reserve(struct fer_staging_slot *slot, size_t size)
{
    void *data;

    if (slot->capacity >= size)
        return true;
    data = malloc(size);
    if (!data)
        return false;
    free(slot->data);
    slot->data = data;
    slot->capacity = size;
    return true;
}

enum fer_status fer_staging_write(struct fer_staging *staging, struct fer_buffer *buffer, size_t offset,
                                  const void *data, size_t size, struct fer_error *err)
{
    struct fer_staging_slot *slot = &staging->slots[staging->next];
    cl_int code;

    if (offset > buffer->bytes || size > buffer->bytes - offset)
        return fer_fail(err, FER_EINVAL, "cannot write bytes %zu to %zu of a buffer of %zu", offset, offset + size,
                        buffer->bytes);
    if (size == 0)
        return FER_OK;
    staging->next = (staging->next + 1) % FER_STAGING_SLOTS;
    code = settle(slot);
    if (code != CL_SUCCESS)
        return fer_fail_cl(err, code, "an earlier write to %s", buffer->device->name);
    /* Without host memory for a copy the write itself waits; for Oclgrind see fer_buffer_write. */
    if (buffer->device->oclgrind || !reserve(slot, size))
        return fer_buffer_write(buffer, offset, data, size, err);
    memcpy(slot->data, data, size);
    code = clEnqueueWriteBuffer(buffer->device->queue, buffer->mem, CL_FALSE, offset, size, slot->data, 0, NULL,
                                &slot->event);
    return code == CL_SUCCESS ? FER_OK : fer_fail_cl(err, code, "clEnqueueWriteBuffer(%zu bytes)", size);
}

void fer_staging_free(struct fer_staging *staging)
{
    for (int i = 0; i < FER_STAGING_SLOTS; i++) {
        settle(&staging->slots[i]);
        free(staging->slots[i].data);
    }
    *staging = (struct fer_staging){ .next = 0 };
}
