/* SPDX-License-Identifier: Apache-2.0
 *
 * One problem of a program by itself: a program that has only the launches of its solution and what they need, on
 * inputs of its own.  For measuring, and for comparing solutions.
 */
#ifndef FER_COMPILE_ALONE_H
#define FER_COMPILE_ALONE_H

#include "compile/compile.h"

struct fer_alone {
    struct fer_graph *graph;
    struct fer_program *program;
    struct fer_exec *exec;
    struct fer_segment *segment;
    const struct fer_solved *solved; /* the problem here; its launches are labelled with it */
    struct fer_tensor **in, **out;   /* what the host fills, and what the solution writes */
    int nin, nout;
    double flops;     /* of its launches at full batch */
    size_t workspace; /* bytes of the scratch tensors that they use */
};
/* Whether the launch belongs to the solution: its own ones, and copies to f32 and back that these need because they do
 * not know the precision of the maps. */
bool fer_alone_is_solution(const struct fer_alone *alone, const struct fer_launch *launch);
/* Compile the problem for a batch of `capacity` with a given solution.  `problem` is one of a program over `store`
 * whose graph still lives.  Memory is poisoned.  FER_ENOTSUP: it has no operation of the graph to be emitted by. */
enum fer_status fer_alone_compile(const struct fer_solved *problem, const struct fer_solution *solution, int capacity,
                                  struct fer_store *store, const struct fer_build_watch *watch, struct fer_alone **out,
                                  struct fer_error *err);
void fer_alone_free(struct fer_alone *alone); /* NULL is fine */

#endif
