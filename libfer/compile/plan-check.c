/* SPDX-License-Identifier: Apache-2.0
 *
 * The plan, replayed on paper.  It knows nothing of lifetimes: it follows who wrote a place last.
 */
#include "compile/plan.h"

#include <stdlib.h>

enum content { CONTENT_NONE, CONTENT_VALID, CONTENT_LOST };

struct replay {
    const struct fer_program *program;
    enum content *contents; /* by tensor id, of tensors that are no views */
    int *segments;          /* the only segment that touches it, or -1 */
};

static const struct fer_tensor *root_of(const struct fer_tensor *tensor)
{
    return tensor->base ? tensor->base : tensor;
}

static bool in_arena(const struct fer_tensor *tensor)
{
    return tensor->storage == FER_STORAGE_ARENA && !tensor->base && tensor->first >= 0;
}

static size_t start_of(const struct fer_tensor *tensor)
{
    return tensor->offset * fer_tensor_element(tensor);
}

static bool overlap(const struct fer_tensor *a, const struct fer_tensor *b)
{
    return a->arena == b->arena && start_of(a) < start_of(b) + fer_tensor_bytes(b) &&
           start_of(b) < start_of(a) + fer_tensor_bytes(a);
}

static enum fer_status check_places(const struct fer_program *program, struct fer_error *err)
{
    for (int i = 0; i < program->ntensors; i++) {
        const struct fer_tensor *tensor = program->tensors[i];

        if (tensor->base && (tensor->offset * fer_tensor_element(tensor) !=
                                 start_of(tensor->base) + tensor->view * fer_tensor_element(tensor->base) ||
                             tensor->arena != tensor->base->arena))
            return fer_fail(err, FER_EINVAL, "%s is not where its base is", tensor->name);
        if (!in_arena(tensor))
            continue;
        if (tensor->arena < 0 || tensor->arena >= program->narenas)
            return fer_fail(err, FER_EINVAL, "%s is in arena %d of %d", tensor->name, tensor->arena, program->narenas);
        if (start_of(tensor) % FER_ALIGN)
            return fer_fail(err, FER_EINVAL, "%s starts at byte %zu", tensor->name, start_of(tensor));
        if (start_of(tensor) + fer_tensor_bytes(tensor) > program->arenas[tensor->arena])
            return fer_fail(err, FER_EINVAL, "%s ends after its arena's %zu bytes", tensor->name,
                            program->arenas[tensor->arena]);
    }
    return FER_OK;
}

static void find_segments(struct replay *replay)
{
    const struct fer_program *program = replay->program;
    int run = 0; /* the first of the segments that are one for the planner */

    for (int i = 0; i < program->ntensors; i++)
        replay->segments[i] = -2;
    for (int s = 0; s < program->nsegments; s++) {
        run = program->segments[s]->continues ? run : s;
        for (int l = 0; l < program->segments[s]->count; l++) {
            const struct fer_launch *launch = program->segments[s]->launches[l];

            for (int a = 0; a < launch->nargs; a++) {
                if (launch->args[a].kind == FER_ARG_TENSOR) {
                    int *segment = &replay->segments[root_of(launch->args[a].tensor)->id];

                    *segment = *segment == -2 || *segment == run ? run : -1;
                }
            }
        }
    }
}

static enum fer_status replay_read(struct replay *replay, const struct fer_launch *launch,
                                   const struct fer_tensor *tensor, struct fer_error *err)
{
    enum content content = replay->contents[tensor->id];

    if (content == CONTENT_VALID || (content == CONTENT_NONE && tensor->keep_all))
        return FER_OK;
    return fer_fail(err, FER_EINVAL, "%s reads %s, %s", launch->label ? launch->label : launch->kernel, tensor->name,
                    content == CONTENT_LOST ? "which has been overwritten" : "which has not been written");
}

/* Whoever shares the place loses it; an input of the same launch may be lost only to its in-place output. */
static enum fer_status replay_write(struct replay *replay, const struct fer_launch *launch,
                                    const struct fer_tensor *tensor, struct fer_error *err)
{
    const struct fer_program *program = replay->program;

    if (replay->contents[tensor->id] == CONTENT_LOST)
        return fer_fail(err, FER_EINVAL, "%s writes %s, of which a part has been overwritten",
                        launch->label ? launch->label : launch->kernel, tensor->name);
    for (int i = 0; i < program->ntensors; i++) {
        const struct fer_tensor *other = program->tensors[i];

        if (replay->contents[i] == CONTENT_VALID && other != tensor && overlap(other, tensor))
            replay->contents[i] = CONTENT_LOST;
    }
    for (int a = 0; a < launch->nargs; a++) {
        const struct fer_arg *arg = &launch->args[a];
        const struct fer_tensor *other = arg->kind == FER_ARG_TENSOR ? root_of(arg->tensor) : tensor;

        if (other == tensor || !in_arena(other) || !overlap(other, tensor))
            continue;
        if ((tensor->in_place && arg->tensor == tensor->in_place_of) ||
            (other->in_place && other->in_place_of && root_of(other->in_place_of) == tensor))
            continue;
        return fer_fail(err, FER_EINVAL, "%s writes %s over %s, another of its arguments",
                        launch->label ? launch->label : launch->kernel, tensor->name, other->name);
    }
    replay->contents[tensor->id] = CONTENT_VALID;
    return FER_OK;
}

static enum fer_status replay_launch(struct replay *replay, const struct fer_launch *launch, struct fer_error *err)
{
    static const unsigned order[] = { FER_ACCESS_READ, FER_ACCESS_WRITE };

    for (int pass = 0; pass < 2; pass++) {
        for (int a = 0; a < launch->nargs; a++) {
            const struct fer_arg *arg = &launch->args[a];
            const struct fer_tensor *root = arg->kind == FER_ARG_TENSOR ? root_of(arg->tensor) : NULL;
            enum fer_status status = FER_OK;

            if (!root || !in_arena(root) || !(arg->access & order[pass]))
                continue;
            if (pass == 0 && arg->access == FER_ACCESS_READ)
                status = replay_read(replay, launch, root, err);
            else if (pass == 1)
                status = replay_write(replay, launch, root, err);
            if (status)
                return status;
        }
    }
    return FER_OK;
}

static enum fer_status replay_segment(struct replay *replay, int segment, struct fer_error *err)
{
    const struct fer_program *program = replay->program;
    enum fer_status status = FER_OK;

    /* Tensors that only this segment touches start anew, unless the compiler wants their contents kept. */
    for (int i = 0; i < program->ntensors; i++) {
        if (replay->segments[i] == segment && !program->tensors[i]->keep_all)
            replay->contents[i] = CONTENT_NONE;
    }
    do {
        for (int l = 0; l < program->segments[segment]->count && !status; l++)
            status = replay_launch(replay, program->segments[segment]->launches[l], err);
        segment++;
    } while (segment < program->nsegments && program->segments[segment]->continues);
    return status;
}

/* Segments that continue another run with it alone. */
static bool stands_alone(const struct fer_program *program, int segment)
{
    return !program->segments[segment]->continues;
}

/* What the host may read now, and what other segments may read, is still there. */
static enum fer_status check_kept(const struct replay *replay, struct fer_error *err)
{
    const struct fer_program *program = replay->program;

    for (int i = 0; i < program->ntensors; i++) {
        const struct fer_tensor *tensor = program->tensors[i], *root = root_of(tensor);

        if ((tensor->keep || tensor->keep_all || replay->segments[i] == -1) && in_arena(root) &&
            replay->contents[root->id] == CONTENT_LOST)
            return fer_fail(err, FER_EINVAL, "%s is to be kept and has been overwritten", tensor->name);
    }
    return FER_OK;
}

enum fer_status fer_plan_check(const struct fer_program *program, struct fer_error *err)
{
    size_t count = (size_t)program->ntensors + 1;
    struct replay replay = { .program = program };
    enum fer_status status = check_places(program, err);

    replay.contents = calloc(count, sizeof(*replay.contents));
    replay.segments = calloc(count, sizeof(*replay.segments));
    if (!replay.contents || !replay.segments)
        status = fer_fail(err, FER_ENOMEM, "out of memory while a plan was checked");
    if (!status)
        find_segments(&replay);
    /* In order; then each again after each other, with prepare in between, as steps are skipped and repeated. */
    for (int s = 0; s < program->nsegments && !status; s++)
        status = stands_alone(program, s) ? replay_segment(&replay, s, err) : FER_OK;
    for (int s = 0; s < program->nsegments * program->nsegments && !status; s++) {
        if (!stands_alone(program, s / program->nsegments) || !stands_alone(program, s % program->nsegments))
            continue;
        status = replay_segment(&replay, 0, err);
        if (!status)
            status = replay_segment(&replay, s / program->nsegments, err);
        if (!status)
            status = replay_segment(&replay, s % program->nsegments, err);
        if (!status)
            status = check_kept(&replay, err);
    }
    free(replay.contents);
    free(replay.segments);
    return status;
}
