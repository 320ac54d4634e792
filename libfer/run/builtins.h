/* SPDX-License-Identifier: Apache-2.0
 *
 * Declarations of the built-in functions that a source names.
 *
 * PoCL puts 20,000 lines of declarations before every program and compiles them twice: 0.22 s a program, and 0.03 s
 * where it finds the result in its cache.  A program that declares what it uses, and keeps those lines out, takes 0.018
 * and 0.008 (a kernel of one line).  What calls other functions, or does not compile that way, is compiled with the
 * driver's declarations.
 */
#ifndef FER_RUN_BUILTINS_H
#define FER_RUN_BUILTINS_H

#include <stddef.h>

/* Keeps clang's opencl-c.h out, the declarations that PoCL includes: its include guard. */
#define FER_BUILTINS_OPTION "-D_OPENCL_H_"

/* OpenCL C to be put before `parts`, `count` texts that are compiled as one.  Words in comments do not count; names
 * that macros paste together are not found.  NULL: out of memory, or a function is called that we do not declare. Freed
 * by the caller. */
char *fer_builtins_declare(const char *const *parts, size_t count);

#endif
