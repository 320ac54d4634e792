/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels that a program needs and the driver has never seen, compiled by several processes at once beforehand.
 * Drivers hold a lock while they compile (PoCL's LLVM runs one kernel at a time in a process), and keep on disk what
 * they have compiled; so other processes fill that cache and this one finds everything in it.
 */
#ifndef FER_RUN_WORKERS_H
#define FER_RUN_WORKERS_H

#include "run/binding.h"

#define FER_WORKERS_MOST 8
#define FER_WORKERS_LEAST 8 /* kernels, below which it does not pay */

/* Start fer-compile (FER_COMPILE=FILE, off: no) once a processor, up to FER_WORKERS_MOST, unless less is missing than
 * FER_WORKERS_LEAST, and wait for it.  `watch` is told what is being built.  Whatever goes wrong is left to the
 * caller's own build, which says what it is.  True: everything that was missing has been built and told of. */
bool fer_workers_compile(const struct fer_binder *binder);

#endif
