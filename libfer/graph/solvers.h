/* SPDX-License-Identifier: Apache-2.0
 *
 * Who can solve a problem: the layer's own solvers and those that plugins add.
 */
#ifndef FER_GRAPH_SOLVERS_H
#define FER_GRAPH_SOLVERS_H

#include "graph/compiler.h"

/* ---- one (solver.c) ---- */
/* Whether its name, sources and tunables are what they must be. */
bool fer_solver_is_sound(const struct fer_solver *solver);
/* Tunables, FER_TUNABLES + 1 where there are too many. */
int fer_solver_tunables(const struct fer_solver *solver);

/* Whether it says that it launches kernels of this text. */
bool fer_solver_has(const struct fer_solver *solver, const char *source);

/* ---- the list (solvers.c) ---- */
/* The list of a problem that is well formed: solvers, added, names, nsolvers, first_own and plainest of `solved`, in
 * the program's arena.  FER_ENOMEM. */
enum fer_status fer_solvers_find(struct fer_emit *em, const struct fer_problem *problem, struct fer_solved *solved);

#endif
