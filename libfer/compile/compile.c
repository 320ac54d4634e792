/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/branch.h"
#include "compile/compile-parts.h"
#include "compile/lower.h"
#include "compile/plan.h"
#include "compile/widen.h"

enum fer_status fer_compile_region(struct fer_compiler *c, int region, struct fer_segment *segment,
                                   const bool *differentiated, const bool *tracked, struct fer_error *err)
{
    enum fer_status status = FER_OK;
    for (int i = 0; i < c->graph->nops && !status; i++) {
        struct fer_op *op = c->graph->ops[i];
        if (op->live && op->region == region)
            status = fer_compile_at(op,
                                    fer_branch_forward(c, op, segment, op->net && tracked && tracked[op->net->index],
                                                       differentiated && differentiated[i], err),
                                    err);
    }
    return status;
}

/* What was allowed, and nobody makes use of. */
static void say_unrounded(const struct fer_compiler *c, const struct fer_compile_options *o)
{
    int problems = 0, rounded = 0;
    for (int i = 0; i < c->program->nsolved; i++) {
        problems += c->program->solved[i]->kind != FER_PROBLEM_OTHER;
        rounded += fer_solved_rounds(c->program->solved[i]);
    }
    if (o->detail && o->precision == FER_TF32 && problems > 0 && rounded == 0)
        o->detail(o->user, "precision tf32: no solver here rounds what it multiplies; everything is computed as with "
                           "fp32");
}

enum fer_status fer_compile_finish(struct fer_compiler *c, const struct fer_compile_options *options,
                                   struct fer_exec **exec, struct fer_error *err)
{
    static const struct fer_compile_options none = { 0 };
    const struct fer_compile_options *o = options ? options : &none;
    if (o->without & FER_PASS_IN_PLACE)
        for (int i = 0; i < c->program->ntensors; i++)
            c->program->tensors[i]->in_place_of = NULL;
    c->program->apart = o->without & FER_PASS_ARENA;
    say_unrounded(c, o);
    enum fer_status status = fer_plan(c->program, c->store->device->max_allocation, err);
    if (!status && !o->plan_only)
        status = fer_exec_create(c->store->device, c->program, o->poison, o->watch, exec, err);
    if (!status)
        status = fer_store_ready(c->store, err); /* *exec is freed with what it belongs to */
    return status;
}

enum fer_status fer_compile_begin(struct fer_graph *graph, struct fer_store *store, int capacity,
                                  const struct fer_compile_options *options, struct fer_compiler *c,
                                  struct fer_error *err)
{
    enum fer_status status = fer_lower(graph, store->device->profile, options ? options->without : 0, err);
    if (!status)
        status = fer_compiler_create(graph, store, capacity, c, err);
    if (!status)
        status = fer_precision_choose(graph, options ? options->precision : FER_FP32, err);
    c->options = options;
    return status;
}
