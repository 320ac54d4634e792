/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/plan.h"

#include "arena.h"
#include "compile/pack.h"

#include <stdlib.h>

#define NO_SEGMENT (-1)

/* What the planner knows about a tensor with memory of its own.  Tensors in one place form a group, led by the one
 * whose input was in nobody's place. */
struct life {
    int first, last;
    int segment;       /* the only one that touches it, or NO_SEGMENT */
    struct life *lead; /* whose place this tensor takes; itself when its own */
    size_t at;         /* bytes from the start of the lead's place */
    bool taken;        /* another tensor has been put over it */
    int block;
};

struct plan {
    struct fer_program *program;
    struct life *lives; /* by tensor id */
    struct fer_block *blocks;
    int nblocks;
};

static struct fer_tensor *root_of(struct fer_tensor *tensor)
{
    return tensor->base ? tensor->base : tensor;
}

static size_t aligned(size_t bytes)
{
    return (bytes + FER_ALIGN - 1) / FER_ALIGN * FER_ALIGN;
}

static const char *name_of(const struct fer_tensor *tensor)
{
    return tensor->name ? tensor->name : "a tensor";
}

/* ---- the program makes sense ---- */

static enum fer_status check_view(const struct fer_tensor *tensor, struct fer_error *err)
{
    const struct fer_tensor *base = tensor->base;
    size_t bytes = fer_tensor_bytes(tensor), start;

    if (base->base || base->storage != tensor->storage)
        return fer_fail(err, FER_EINVAL, "%s is a view of %s, which must be no view itself and have the same storage",
                        name_of(tensor), name_of(base));
    if (__builtin_mul_overflow(tensor->view, fer_tensor_element(base), &start) || start > fer_tensor_bytes(base) ||
        bytes > fer_tensor_bytes(base) - start)
        return fer_fail(err, FER_EINVAL, "%s, a view of %zu bytes from element %zu of %s, ends after its %zu bytes",
                        name_of(tensor), bytes, tensor->view, name_of(base), fer_tensor_bytes(base));
    if (start % fer_tensor_element(tensor))
        return fer_fail(err, FER_EINVAL, "%s is a view that starts inside an element", name_of(tensor));
    return FER_OK;
}

static enum fer_status check_tensors(const struct fer_program *program, struct fer_error *err)
{
    for (int i = 0; i < program->ntensors; i++) {
        const struct fer_tensor *tensor = program->tensors[i];
        const struct fer_shape *shape = &tensor->shape;
        enum fer_status status = FER_OK;
        char text[96];

        fer_shape_text(shape, text, sizeof(text));
        if (tensor->id != i)
            return fer_fail(err, FER_EINVAL, "%s has number %d instead of %d", name_of(tensor), tensor->id, i);
        if (fer_shape_count(shape) == 0)
            return fer_fail(err, FER_ESHAPE, "%s (%s) holds nothing", name_of(tensor), text);
        if (tensor->branch < 0 || tensor->branch > program->nbranches)
            return fer_fail(err, FER_EINVAL, "%s belongs to branch %d of %d", name_of(tensor), tensor->branch,
                            program->nbranches);
        if (shape->batch > 0 && (int64_t)shape->batch * fer_program_capacity(program, tensor->branch) != shape->dim[0])
            return fer_fail(err, FER_EINVAL, "%s has %d rows where %d for each of %d samples were expected",
                            name_of(tensor), shape->dim[0], shape->batch,
                            fer_program_capacity(program, tensor->branch));
        if (tensor->base)
            status = check_view(tensor, err);
        if (status)
            return status;
    }
    return FER_OK;
}

/* ---- lifetimes ---- */

static void touch(struct fer_tensor *tensor, int launch)
{
    if (tensor->first < 0)
        tensor->first = launch;
    tensor->last = launch;
}

static enum fer_status fail_unwritten(const struct fer_arg *arg, const struct fer_launch *launch, struct fer_error *err)
{
    fer_fail(err, FER_EINVAL, "kernel %s reads %s (%s) before any launch has written it", launch->kernel,
             arg->name ? arg->name : "?", name_of(arg->tensor));
    return err ? fer_launch_prefix(launch, err) : FER_EINVAL;
}

static enum fer_status touch_argument(struct plan *plan, const struct fer_arg *arg, const struct fer_launch *launch,
                                      int segment, struct fer_error *err)
{
    struct fer_tensor *root;
    struct life *life;

    if (!arg->tensor || arg->tensor->id < 0 || arg->tensor->id >= plan->program->ntensors)
        return fer_fail(err, FER_EINVAL, "an argument of %s is no tensor of the program", launch->kernel);
    root = root_of(arg->tensor);
    life = &plan->lives[root->id];
    if (root->first < 0) {
        life->segment = segment;
        if (root->storage == FER_STORAGE_ARENA && arg->access == FER_ACCESS_READ && !root->keep_all)
            return fail_unwritten(arg, launch, err);
    }
    if (life->segment != segment)
        root->whole = true;
    touch(arg->tensor, launch->index);
    if (root != arg->tensor)
        touch(root, launch->index);
    return FER_OK;
}

static enum fer_status number_and_touch(struct plan *plan, struct fer_error *err)
{
    struct fer_program *program = plan->program;
    enum fer_status status;
    int run = 0; /* the first of the segments that are one for the planner */

    program->nlaunches = 0;
    for (int s = 0; s < program->nsegments; s++) {
        run = program->segments[s]->continues ? run : s;
        for (int l = 0; l < program->segments[s]->count; l++) {
            struct fer_launch *launch = program->segments[s]->launches[l];

            launch->index = program->nlaunches++;
            for (int a = 0; a < launch->nargs; a++) {
                if (launch->args[a].kind != FER_ARG_TENSOR)
                    continue;
                status = touch_argument(plan, &launch->args[a], launch, run, err);
                if (status)
                    return status;
            }
        }
    }
    return FER_OK;
}

static enum fer_status find_lives(struct plan *plan, struct fer_error *err)
{
    struct fer_program *program = plan->program;
    enum fer_status status;

    for (int i = 0; i < program->ntensors; i++) {
        struct fer_tensor *tensor = program->tensors[i];

        tensor->first = tensor->last = -1;
        tensor->in_place = tensor->whole = false;
        plan->lives[i] = (struct life){ .first = -1, .last = -1, .segment = NO_SEGMENT, .lead = &plan->lives[i] };
    }
    status = number_and_touch(plan, err);
    if (status)
        return status;
    for (int i = 0; i < program->ntensors; i++) {
        const struct fer_tensor *tensor = program->tensors[i];

        if (tensor->keep || tensor->keep_all)
            root_of(program->tensors[i])->whole = true;
    }
    for (int i = 0; i < program->ntensors; i++) {
        const struct fer_tensor *tensor = program->tensors[i];
        struct life *life = &plan->lives[i];

        life->first = tensor->whole && tensor->first >= 0 ? 0 : tensor->first;
        life->last = tensor->whole && tensor->first >= 0 ? program->nlaunches - 1 : tensor->last;
    }
    return FER_OK;
}

/* ---- in place ---- */

/* Through another view of the same memory a launch could see what it has just written. */
static bool reads_only(const struct fer_launch *launch, struct fer_tensor *tensor)
{
    bool found = false;

    for (int a = 0; a < launch->nargs; a++) {
        const struct fer_arg *arg = &launch->args[a];

        if (arg->kind != FER_ARG_TENSOR || root_of(arg->tensor) != root_of(tensor))
            continue;
        if (arg->tensor != tensor || arg->access != FER_ACCESS_READ)
            return false;
        found = true;
    }
    return found;
}

/* The input dies where the output is born, both are of one size, and nobody else has taken the place. */
static void try_in_place(struct plan *plan, struct fer_tensor *tensor, const struct fer_launch *launch)
{
    struct fer_tensor *input = tensor->in_place_of;
    struct fer_tensor *root = root_of(input);
    struct life *life = &plan->lives[tensor->id], *under = &plan->lives[root->id], *lead = under->lead;
    size_t at = under->at + input->view * fer_tensor_element(root);

    if (tensor->storage != FER_STORAGE_ARENA || tensor->base || tensor->whole)
        return;
    if (root->storage != FER_STORAGE_ARENA || root == tensor)
        return;
    if (root->whole || under->taken || root->last != launch->index || !reads_only(launch, input))
        return;
    if (at % FER_ALIGN || fer_tensor_bytes(tensor) != fer_tensor_bytes(input))
        return;
    tensor->in_place = true;
    under->taken = true;
    life->lead = lead;
    life->at = at;
    if (life->last > lead->last)
        lead->last = life->last;
}

static void find_in_place(struct plan *plan)
{
    struct fer_program *program = plan->program;

    for (int s = 0; s < program->nsegments; s++) {
        for (int l = 0; l < program->segments[s]->count; l++) {
            const struct fer_launch *launch = program->segments[s]->launches[l];

            for (int a = 0; a < launch->nargs; a++) {
                struct fer_tensor *tensor = launch->args[a].tensor;

                if (launch->args[a].kind == FER_ARG_TENSOR && tensor->in_place_of && !tensor->in_place &&
                    tensor->first == launch->index)
                    try_in_place(plan, tensor, launch);
            }
        }
    }
}

/* ---- places ---- */

static enum fer_status collect_blocks(struct plan *plan, size_t limit, struct fer_error *err)
{
    const struct fer_program *program = plan->program;

    for (int i = 0; i < program->ntensors; i++) {
        const struct fer_tensor *tensor = program->tensors[i];
        struct life *life = &plan->lives[i];
        size_t bytes = fer_tensor_bytes(tensor);
        char text[96];

        if (tensor->storage != FER_STORAGE_ARENA || tensor->base || life->first < 0 || life->lead != life)
            continue;
        if (bytes > limit)
            return fer_fail(err, FER_ENOMEM,
                            "%s (%s) needs %.1f MiB, %.1f MiB more than the device allocates at once; "
                            "use a smaller batch or smaller pictures",
                            name_of(tensor), fer_shape_text(&tensor->shape, text, sizeof(text)),
                            (double)bytes / (1 << 20), (double)(bytes - limit) / (1 << 20));
        life->block = plan->nblocks;
        plan->blocks[plan->nblocks++] = (struct fer_block){ .bytes = aligned(bytes),
                                                            .first = program->apart ? 0 : life->first,
                                                            .last = program->apart ? program->nlaunches : life->last };
        plan->program->apart_bytes += aligned(bytes);
    }
    return FER_OK;
}

static void set_places(struct plan *plan)
{
    const struct fer_program *program = plan->program;

    for (int i = 0; i < program->ntensors; i++) {
        struct fer_tensor *tensor = program->tensors[i];
        const struct life *life = &plan->lives[i];

        if (tensor->storage != FER_STORAGE_ARENA || tensor->base || life->first < 0)
            continue;
        tensor->arena = plan->blocks[life->lead->block].arena;
        tensor->offset = (plan->blocks[life->lead->block].offset + life->at) / fer_tensor_element(tensor);
    }
    for (int i = 0; i < program->ntensors; i++) {
        struct fer_tensor *tensor = program->tensors[i];
        const struct fer_tensor *base = tensor->base;

        if (!base)
            continue;
        tensor->arena = base->arena;
        tensor->offset = (base->offset + tensor->view) * fer_tensor_element(base) / fer_tensor_element(tensor);
    }
}

static enum fer_status place(struct plan *plan, size_t max_allocation, struct fer_error *err)
{
    struct fer_program *program = plan->program;
    size_t limit = max_allocation ? max_allocation / FER_ALIGN * FER_ALIGN : SIZE_MAX / 2;
    size_t *arenas = NULL;
    enum fer_status status;

    program->apart_bytes = 0;
    status = collect_blocks(plan, limit, err);
    if (!status)
        status = fer_blocks_pack(plan->blocks, plan->nblocks, limit, &arenas, &program->narenas, err);
    if (status)
        return status;
    program->arenas = fer_arena_copy(program->arena, arenas, ((size_t)program->narenas + 1) * sizeof(*arenas));
    program->arena_bytes = 0;
    for (int i = 0; i < program->narenas; i++)
        program->arena_bytes += arenas[i];
    free(arenas);
    if (!program->arenas)
        return fer_fail(err, FER_ENOMEM, "out of memory while %d tensors were placed", plan->nblocks);
    set_places(plan);
    return FER_OK;
}

enum fer_status fer_plan(struct fer_program *program, size_t max_allocation, struct fer_error *err)
{
    size_t count = (size_t)program->ntensors + 1;
    struct plan plan = { .program = program };
    enum fer_status status = check_tensors(program, err);

    if (status)
        return status;
    plan.lives = calloc(count, sizeof(*plan.lives));
    plan.blocks = calloc(count, sizeof(*plan.blocks));
    if (!plan.lives || !plan.blocks)
        status = fer_fail(err, FER_ENOMEM, "out of memory while %d tensors were placed", program->ntensors);
    if (!status)
        status = find_lives(&plan, err);
    if (!status) {
        find_in_place(&plan);
        status = place(&plan, max_allocation, err);
    }
    free(plan.lives);
    free(plan.blocks);
    return status;
}
