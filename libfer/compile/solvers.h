/* SPDX-License-Identifier: Apache-2.0
 *
 * Who can solve a problem: the layer's own solvers and those that plugins add.
 */
#ifndef FER_COMPILE_SOLVERS_H
#define FER_COMPILE_SOLVERS_H

#include "compile/compiler.h"
#include "graph/solver.h"

/* The list of a problem that is well formed: solvers, added, names, nsolvers, first_own and plainest of `solved`, in
 * the program's arena.  FER_ENOMEM. */
enum fer_status fer_solvers_find(struct fer_emit *em, const struct fer_problem *problem, struct fer_solved *solved);

#endif
