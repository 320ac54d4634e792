/* SPDX-License-Identifier: Apache-2.0
 *
 * Programs as files: what a driver is given, for people and for compilers that need no device.
 */
#ifndef FER_RUN_DUMP_H
#define FER_RUN_DUMP_H

#include "run/binary.h"

/* Where FER_DUMP names a directory, which is made: the program there as NAME-KEY.cl, behind a line "// OPTIONS"; what
 * makes no good file name in NAME is left out.  FER_EIO: it cannot be written. */
enum fer_status fer_program_dump(const char *name, struct fer_key key, const char *options, const char *const *parts,
                                 size_t count, struct fer_error *err);

#endif
