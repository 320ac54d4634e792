/* SPDX-License-Identifier: Apache-2.0
 *
 * Compiled programs on disk, for drivers that do not keep their own.  A file that is missing, damaged, of another
 * version or refused by the driver counts as none.
 */
#ifndef FER_RUN_BINARY_H
#define FER_RUN_BINARY_H

#include "run/device.h"

struct fer_key {
    uint64_t high, low;
};

/* Whether the driver keeps on disk what it has compiled. */
bool fer_driver_keeps(const struct fer_device *device);
/* Whether binaries of this device are kept on disk (FER_CACHE=on|off, else unless the driver does so itself). */
bool fer_binary_wanted(const struct fer_device *device);
bool fer_binary_exists(struct fer_key key);
/* A built program, or NULL. */
cl_program fer_binary_load(struct fer_device *device, struct fer_key key, const char *options);
/* Failures are silent: the next start compiles again. */
void fer_binary_store(struct fer_key key, cl_program program);

#endif
