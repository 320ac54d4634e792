/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels that a program needs and the driver has never seen, compiled by several processes at once beforehand.
 * Drivers hold a lock while they compile (PoCL's LLVM runs one kernel at a time in a process), and keep on disk what
 * they have compiled; so other processes fill that cache and this one finds everything in it.
 */
#ifndef FER_RUN_POOL_H
#define FER_RUN_POOL_H

#include "run/binding.h"

/* Start fer-compile (FER_COMPILE=FILE, off: no) once a processor, up to FER_POOL_WORKERS, unless so little is missing
 * that it does not pay, and wait for it.  `watch` is told what is being built.  Whatever goes wrong is left to the
 * caller's own build, which says what it is.  True: everything that was missing has been built and told of. */
#define FER_POOL_WORKERS 8
#define FER_POOL_JOBS 8
bool fer_pool_compile(const struct fer_binder *binder);

#endif
