/* SPDX-License-Identifier: Apache-2.0
 *
 * Segments where samples part.  A program runs one segment after the other; a decision ends a segment, and what each of
 * its branches computes stands in segments of their own, which run for as many samples as were sent there:
 *
 *     forward           … decision      all samples
 *     forward (x)       gather, net x   those sent to x; left out when there are none
 *     forward (y)       gather, net y   those sent to y
 *     forward (joined)  …               all samples
 */
#include "compile/branch.h"
#include "compile/emit.h"

struct fer_segment *fer_branch_segment(struct fer_compiler *c, struct fer_segment *segment, int branch)
{
    struct fer_segment *last = segment;
    while (last->next)
        last = last->next;
    if (last->branch == branch && !last->decision)
        return last;
    return fer_compiler_follow(c, segment, last, branch, branch ? c->program->branches[branch - 1].name : "joined");
}

/* The samples of each branch, as the host will write them. */
static enum fer_status emit_decision(struct fer_compiler *c, const struct fer_fork *fork, struct fer_segment *segment,
                                     struct fer_error *err)
{
    struct fer_arena *arena = c->program->arena;
    struct fer_decision *decision = fer_arena_alloc(arena, sizeof(*decision));
    struct fer_tensor *index = fer_compiler_value(c, fork->decision->out[0]);
    if (!decision || !index)
        return fer_compile_memory(err);
    index->keep = true;
    *decision =
        (struct fer_decision){ fork->decision->path, index, fork->first, fork->count, c->rows + fork->first - 1 };
    for (int k = 0; k < fork->count; k++) {
        const int branch = fork->first + k;
        const struct fer_shape shape = { FER_I32, 1, { fer_program_capacity(c->program, branch) }, 1 };
        struct fer_tensor *rows =
            fer_compiler_tensor(c, &shape, FER_LAYOUT_PLAIN, FER_STORAGE_INPUT, c->program->branches[branch - 1].name);
        if (!rows)
            return fer_compile_memory(err);
        rows->branch = branch;
        c->rows[branch - 1] = rows;
    }
    segment->decision = decision;
    return FER_OK;
}

static bool parts_from(const struct fer_program *program, int branch, int from)
{
    while (branch && branch != from)
        branch = program->branches[branch - 1].parent;
    return branch == from;
}

/* Where a branch ends: behind its last segment, and behind all that its own decisions part it into. */
static struct fer_segment *end_of(struct fer_compiler *c, struct fer_segment *first, int branch)
{
    struct fer_segment *end = NULL;
    for (struct fer_segment *s = first; s; s = s->next)
        if (parts_from(c->program, s->branch, branch))
            end = s;
    return end && end->branch == branch ? end : fer_branch_segment(c, first, branch);
}

/* Each branch writes its own rows of the outputs, at its end. */
static enum fer_status emit_join(struct fer_compiler *c, struct fer_op *op, struct fer_segment *segment,
                                 struct fer_error *err)
{
    enum fer_status status = FER_OK;
    for (int k = 0; k < op->fork->count && !status; k++) {
        struct fer_segment *own = end_of(c, segment, op->fork->first + k);
        status = own ? fer_emit_forward(c, op, own, false, false, err) : fer_compile_memory(err);
    }
    return status;
}

enum fer_status fer_branch_forward(struct fer_compiler *c, struct fer_op *op, struct fer_segment *segment,
                                   bool tracking, bool has_backward, struct fer_error *err)
{
    if (op->fork && op == op->fork->join)
        return emit_join(c, op, segment, err);
    struct fer_segment *own = fer_branch_segment(c, segment, op->branch);
    if (!own)
        return fer_compile_memory(err);
    const enum fer_status status = fer_emit_forward(c, op, own, tracking, has_backward, err);
    return !status && op->fork && op->fork->join->live ? emit_decision(c, op->fork, own, err) : status;
}
