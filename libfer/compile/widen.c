/* SPDX-License-Identifier: Apache-2.0
 *
 * Feature maps of less precision.  A kernel that says so (fer_launch_any_precision) reads and writes them as they are;
 * any other gets f32 copies, which live for one callback of its layer:
 *
 *     x (fp16) --recast--> x wide --conv2d--> y wide --recast--> y (fp16)
 *
 * So every layer works, those of plugins that have never heard of precision too.
 */
#include "core_cl.h"
#include "compile/emit.h"
#include "compile/widen.h"

#define RECAST_SPAN 256 /* as in core.cl */

/* ---- which values ---- */

static bool is_view(const struct fer_op *op)
{
    return (op->layer->flags & FER_LAYER_VIEW) != 0;
}

/* Maps that layers compute for samples.  Pictures as they come, vectors, losses and what several branches write row by
 * row stay f32. */
static bool is_feature_map(const struct fer_op *op, const struct fer_value *value)
{
    const struct fer_shape *shape = &value->shape;
    return op->region != FER_REGION_DATA && !op->fork && !op->is_metric && shape->dtype == FER_F32 && shape->batch &&
           shape->rank == 4 && shape->dim[2] * shape->dim[3] > 1;
}

/* By operation: what the host reads stays f32, and so does what it is a view of. */
static bool *kept_values(const struct fer_graph *graph)
{
    bool *kept = fer_arena_alloc(graph->arena, (size_t)graph->nops + 1);
    for (int i = graph->nops - 1; kept && i >= 0; i--) {
        const struct fer_op *op = graph->ops[i];
        for (int k = 0; k < op->nout; k++)
            kept[i] = kept[i] || op->out[k]->keep;
        for (int j = 0; kept[i] && is_view(op) && j < i; j++)
            if (graph->ops[j] == op->in[0]->producer)
                kept[j] = true;
    }
    return kept;
}

enum fer_status fer_precision_choose(struct fer_graph *graph, enum fer_precision precision, struct fer_error *err)
{
    precision = fer_precision_maps(precision);
    for (int i = 0; i < graph->nvalues; i++)
        graph->values[i]->precision = FER_FP32;
    if (precision == FER_FP32)
        return FER_OK;
    const bool *kept = kept_values(graph);
    if (!kept)
        return fer_compile_memory(err);
    for (int i = 0; i < graph->nops; i++) {
        const struct fer_op *op = graph->ops[i];
        for (int k = 0; k < op->nout; k++) {
            struct fer_value *value = op->out[k];
            if (is_view(op))
                value->precision = op->in[0]->precision;
            else if (!kept[i] && is_feature_map(op, value))
                value->precision = precision;
        }
    }
    return FER_OK;
}

/* ---- copies ---- */

static struct fer_wide *find(struct fer_emit *em, const struct fer_tensor *narrow)
{
    for (int i = 0; i < em->nwide; i++)
        if (em->wide[i].narrow == narrow)
            return &em->wide[i];
    return NULL;
}

/* A launch of the core's own, which is no part of what a solver does. */
static void recast(struct fer_emit *em, struct fer_tensor *in, struct fer_tensor *out)
{
    const struct fer_solved *solved = em->solved;
    const struct fer_extent each = fer_extent_each(out);
    em->solved = NULL;
    em->recasting = true;
    struct fer_launch *l = fer_emit_launch(em, fer_core_cl, "recast", NULL);
    fer_launch_any_precision(l);
    l->recast = true;
    fer_launch_in(l, "x", in);
    fer_launch_out(l, "y", out);
    fer_launch_range_1d(l, (struct fer_extent){ each.count, RECAST_SPAN, each.batch });
    em->recasting = false;
    em->solved = solved;
}

/* The same, in front of `launch`, the newest of the segment. */
static void recast_before(struct fer_launch *launch, struct fer_tensor *in, struct fer_tensor *out)
{
    struct fer_segment *segment = launch->em->segment;
    const int at = segment->count - 1;
    recast(launch->em, in, out);
    if (at < 0 || segment->count != at + 2 || segment->launches[at] != launch)
        return; /* out of memory, which has been remembered */
    segment->launches[at] = segment->launches[at + 1];
    segment->launches[at + 1] = launch;
}

static struct fer_wide *add(struct fer_emit *em, struct fer_tensor *narrow)
{
    struct fer_compiler *c = em->c;
    struct fer_wide *items = fer_arena_grow(c->program->arena, em->wide, em->nwide, &em->wide_capacity, sizeof(*items));
    struct fer_tensor *wide = fer_compiler_tensor(c, &narrow->shape, narrow->layout, FER_STORAGE_ARENA, narrow->name);
    if (!items || !wide) {
        fer_emit_fail(em, FER_ENOMEM, "out of memory while compiling");
        return NULL;
    }
    wide->branch = narrow->branch;
    wide->scratch = true;
    em->wide = items;
    items[em->nwide] = (struct fer_wide){ narrow, wide, false };
    return &items[em->nwide++];
}

/* The kernel takes the tensor as it lies there: nothing newer may be elsewhere, and copies age by what it writes. */
static void settle(struct fer_launch *launch, struct fer_tensor *tensor, unsigned access)
{
    struct fer_emit *em = launch->em;
    struct fer_wide *wide = find(em, tensor);
    if (!wide)
        return;
    if (wide->written)
        recast_before(launch, wide->wide, tensor);
    wide->written = false;
    if (access & FER_ACCESS_WRITE)
        *wide = em->wide[--em->nwide];
}

struct fer_tensor *fer_wide_argument(struct fer_launch *launch, struct fer_tensor *tensor, unsigned access, bool any)
{
    struct fer_emit *em = launch->em;
    if (tensor->precision == FER_FP32 || em->recasting)
        return tensor;
    if (any) {
        settle(launch, tensor, access);
        return tensor;
    }
    struct fer_wide *wide = find(em, tensor);
    const bool fresh = !wide;
    if (fresh && !(wide = add(em, tensor)))
        return NULL;
    if (fresh && (access & FER_ACCESS_READ))
        recast_before(launch, tensor, wide->wide);
    if (access & FER_ACCESS_WRITE) {
        const struct fer_wide *over = tensor->in_place_of ? find(em, tensor->in_place_of) : NULL;
        if (fresh && !(access & FER_ACCESS_READ) && over)
            wide->wide->in_place_of = over->wide;
        wide->written = true;
    }
    return wide->wide;
}

void fer_wide_finish(struct fer_emit *em)
{
    for (int i = 0; i < em->nwide; i++)
        if (em->wide[i].written)
            recast(em, em->wide[i].wide, em->wide[i].narrow);
    em->nwide = 0;
}
