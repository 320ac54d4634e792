/* SPDX-License-Identifier: Apache-2.0
 *
 * Compiled programs of a device, found by the hash of all that they depend on (see fer_device_program).
 */
#ifndef FER_RUN_BUILD_H
#define FER_RUN_BUILD_H

#include "run/binary.h"

struct fer_program_cache *fer_program_cache_create(void); /* NULL: out of memory */
void fer_program_cache_free(struct fer_program_cache *cache);
/* Programs in it, and how many of them were compiled from source here (the others came from disk). */
int fer_program_cache_count(const struct fer_program_cache *cache);
int fer_program_cache_compiled(const struct fer_program_cache *cache);
/* Tell `watch`, which may be NULL, that a kernel is being built, with these options (or NULL); name NULL: all are. */
void fer_build_tell(const struct fer_build_watch *watch, const char *name, const char *options);
bool fer_program_cache_has(const struct fer_program_cache *cache, struct fer_key key);
/* What fer_device_program finds such a program by. */
enum fer_status fer_device_program_key(const struct fer_device *device, const char *defines, const char *source,
                                       const char *options, struct fer_key *key, struct fer_error *err);
/* What it would give the driver, as a file (run/dump.h). */
enum fer_status fer_device_program_dump(const struct fer_device *device, const char *defines, const char *source,
                                        const char *options, const char *dir, struct fer_error *err);

#endif
