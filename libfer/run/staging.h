/* SPDX-License-Identifier: Apache-2.0
 *
 * Copies of what the host writes, kept until the device has taken them, so that a write does not wait for the work
 * before it in the queue.
 */
#ifndef FER_RUN_STAGING_H
#define FER_RUN_STAGING_H

#include "run/device.h"

#define FER_STAGING_SLOTS 16

struct fer_staging {
    struct fer_staging_slot {
        void *data;
        size_t capacity;
        cl_event event; /* of the last write from here; NULL: none under way */
    } slots[FER_STAGING_SLOTS];
    int next;
};

/* Copy `size` bytes and enqueue their way to the buffer.  Waits only for the oldest of FER_STAGING_SLOTS writes. */
enum fer_status fer_staging_write(struct fer_staging *staging, struct fer_buffer *buffer, size_t offset,
                                  const void *data, size_t size, struct fer_error *err);
/* Waits for what is under way. */
void fer_staging_free(struct fer_staging *staging);

#endif
