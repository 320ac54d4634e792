/* SPDX-License-Identifier: Apache-2.0
 *
 * Programs as files: what a driver is given, for people and for compilers that need no device.
 */
#ifndef FER_RUN_DUMP_H
#define FER_RUN_DUMP_H

#include "run/binary.h"
#include "run/program.h"

/* Into a directory, which is made: the program as NAME-KEY.cl, behind a line "// OPTIONS"; what makes no good file name
 * in NAME is left out.  FER_EIO: it cannot be written. */
enum fer_status fer_program_dump(const char *dir, const char *name, struct fer_key key, const char *options,
                                 const char *const *parts, size_t count, struct fer_error *err);

/* Likewise every program that the kernels of a planned program would be compiled from.  Nothing is compiled.
 * *count: how many they are. */
enum fer_status fer_kernels_dump(const struct fer_device *device, const struct fer_program *program, const char *dir,
                                 int *count, struct fer_error *err);

#endif
