/* SPDX-License-Identifier: Apache-2.0
 *
 * Programs for the planner: tensors of whole KiB, and launches that only read and write them.
 */
#ifndef FER_TESTS_PLAN_TRIAL_H
#define FER_TESTS_PLAN_TRIAL_H

#include "toy.h"

#define KIB 1024

extern struct fer_program *program; /* with an empty prepare segment and one to fill */
extern struct fer_error err;

void plan_set_up(void);
void plan_take_down(void);

struct fer_tensor *kib(const char *name, int size);
/* A launch that writes `out` from up to two inputs. */
struct fer_launch *step(struct fer_tensor *out, struct fer_tensor *a, struct fer_tensor *b);
/* Plan, and check the plan. */
void plan(size_t limit);
/* The least memory that any plan needs. */
size_t bound_of(void);

#endif
