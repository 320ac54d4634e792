/* SPDX-License-Identifier: Apache-2.0
 *
 * What can be chosen for a problem of a compiled program: solvers, and values of their numbers.
 */
#ifndef FER_TESTS_TURNS_H
#define FER_TESTS_TURNS_H

#include "harness.h"

/* With plain loops beside it, forward and backward: every value of each number of a solver, but what was chosen anyway.
 */
void turns_check(const struct op_program *program, const struct fer_solved *solved, int solver);
/* Every solver with every value of its numbers against the plainest solver, as `fer tune` does; how many there were. */
int turns_compare(const struct op_program *program, const struct fer_solved *solved);
/* Kernels for CPUs hold 8 or 16 numbers in a vector, whatever the device's registers do. */
void turns_set_lanes(bool wide);

#endif
