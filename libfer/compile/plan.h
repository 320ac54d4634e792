/* SPDX-License-Identifier: Apache-2.0
 *
 * The planner: where the tensors of a program lie.  Tensors that are never needed at the same time share memory.
 *
 * A tensor lives from the first launch that touches it (or a view of it) to the last.  It lives for the whole program
 * when the host reads it (keep), when the compiler says so (keep_all), and when several segments touch it: segments may
 * be skipped, repeated and run again, and prepare runs before any of them.  A segment that continues another is one
 * with it.
 */
#ifndef FER_COMPILE_PLAN_H
#define FER_COMPILE_PLAN_H

#include "run/program.h"

/* Number the launches, find lifetimes, place every ARENA tensor that a launch touches and every view, and set the
 * program's arenas.  One arena as long as it fits into max_allocation (0: no limit), else several.
 * Offsets: greedy by size (Pisarchyk and Lee: Efficient memory management for deep neural net inference, 2020).
 * Tensors with `in_place_of` take their input's place when it dies at the launch that first writes them and neither
 * lives for the whole program.  A program that is to be `apart` gets a place for each tensor but those.
 * FER_EINVAL: the program is not consistent (a view of a view, a tensor read before it is written); FER_ENOMEM: one
 * tensor is larger than the largest allocation.  May be called again after the program has changed. */
enum fer_status fer_plan(struct fer_program *program, size_t max_allocation, struct fer_error *err);

/* Replay the plan on paper, segment after segment in several orders, and fail where a launch would read what another
 * has overwritten, or where a tensor lies outside of its arena or is not aligned.  For tests. */
enum fer_status fer_plan_check(const struct fer_program *program, struct fer_error *err);

/* One line of `fer show --memory`. */
struct fer_plan_row {
    const struct fer_tensor *tensor;
    int arena;            /* -1: a place of its own (INPUT, CONSTANT, PREPARED) or a model's buffer (PERSISTENT) */
    size_t offset, bytes; /* bytes from the start of the arena or buffer */
    int first, last;      /* launches */
};
struct fer_plan_totals {
    size_t arenas;  /* bytes of all arenas: what is allocated */
    size_t tensors; /* bytes of all tensors in them, if nothing were shared */
    size_t bound;   /* bytes of the tensors that live at the busiest launch: no plan needs less */
    int busiest;    /* that launch's index; -1: no launch */
    size_t own;     /* bytes of INPUT, CONSTANT and PREPARED tensors */
};
/* Every tensor but views and unused ones, by arena, offset and first launch; after fer_plan.  *rows is malloc'ed. */
enum fer_status fer_plan_rows(const struct fer_program *program, struct fer_plan_row **rows, int *count,
                              struct fer_plan_totals *totals, struct fer_error *err);

#endif
