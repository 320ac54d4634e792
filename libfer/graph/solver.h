/* SPDX-License-Identifier: Apache-2.0
 *
 * A solver, as its plugin describes it.
 */
#ifndef FER_GRAPH_SOLVER_H
#define FER_GRAPH_SOLVER_H

#include <fer/solver.h>

/* Whether its name, sources and tunables are what they must be. */
bool fer_solver_is_sound(const struct fer_solver *solver);
/* Tunables, FER_TUNABLES + 1 where there are too many. */
int fer_solver_tunables(const struct fer_solver *solver);

/* Whether it says that it launches kernels of this text. */
bool fer_solver_has(const struct fer_solver *solver, const char *source);

#endif
