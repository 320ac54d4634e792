/* SPDX-License-Identifier: Apache-2.0
 *
 * What compiling a stage, a test and a predict block have in common.
 */
#ifndef FER_COMPILE_COMPILE_PARTS_H
#define FER_COMPILE_COMPILE_PARTS_H

#include "compile/compile.h"
#include "compile/compiler.h"

/* Lower the graph and begin its program. */
enum fer_status fer_compile_begin(struct fer_graph *graph, struct fer_store *store, int capacity,
                                  const struct fer_compile_options *options, struct fer_compiler *c,
                                  struct fer_error *err);
/* Inputs for the fields of each data set that the graph reads, in the program's arena. */
enum fer_status fer_compile_inputs(struct fer_compiler *c, const int *data, int ndata, struct fer_data_inputs **out,
                                   struct fer_error *err);
/* The forward launches of a region.  differentiated (by operation), tracked (by net): NULL: none. */
enum fer_status fer_compile_region(struct fer_compiler *c, int region, struct fer_segment *segment,
                                   const bool *differentiated, const bool *tracked, struct fer_error *err);
/* Plan the memory and make the executor. */
enum fer_status fer_compile_finish(struct fer_compiler *c, const struct fer_compile_options *options,
                                   struct fer_exec **exec, struct fer_error *err);

#endif
