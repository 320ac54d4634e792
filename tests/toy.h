/* SPDX-License-Identifier: Apache-2.0
 *
 * Programs made by hand, without a compiler: tensors, launches and segments in an arena that lives as long as the test.
 */
#ifndef FER_TESTS_TOY_H
#define FER_TESTS_TOY_H

#include "arena.h"
#include "compile/plan.h"
#include "run/exec.h"
#include "says.h"

#define TOY_MOST 512

/* Segment 0 is prepare; launches go to the segment that was begun last. */
static inline struct fer_program *toy_program(int capacity)
{
    struct fer_arena *arena = fer_arena_create();
    struct fer_program *program = fer_arena_alloc(arena, sizeof(*program));

    program->arena = arena;
    program->capacity = capacity;
    program->tensors = fer_arena_alloc(arena, TOY_MOST * sizeof(struct fer_tensor *));
    program->segments = fer_arena_alloc(arena, TOY_MOST * sizeof(struct fer_segment *));
    return program;
}

static inline void toy_free(struct fer_program *program)
{
    fer_arena_free(program->arena);
}

static inline struct fer_segment *toy_segment(struct fer_program *program, const char *name)
{
    struct fer_segment *segment = fer_arena_alloc(program->arena, sizeof(*segment));

    segment->name = name;
    segment->launches = fer_arena_alloc(program->arena, TOY_MOST * sizeof(struct fer_launch *));
    segment->capacity = TOY_MOST;
    program->segments[program->nsegments++] = segment;
    return segment;
}

/* With batch = 1 the first of the dims is the program's capacity.  Ends of dims are zeros. */
static inline struct fer_tensor *toy_tensor(struct fer_program *program, const char *name, enum fer_storage storage,
                                            int batch, const int dims[FER_MAX_RANK])
{
    struct fer_tensor *tensor = fer_arena_alloc(program->arena, sizeof(*tensor));

    tensor->name = name;
    tensor->storage = storage;
    tensor->shape.batch = batch;
    while (tensor->shape.rank < FER_MAX_RANK && dims[tensor->shape.rank] > 0) {
        tensor->shape.dim[tensor->shape.rank] = dims[tensor->shape.rank];
        tensor->shape.rank++;
    }
    tensor->id = program->ntensors;
    program->tensors[program->ntensors++] = tensor;
    return tensor;
}

#define TOY_DIMS(...) ((const int[FER_MAX_RANK]){ __VA_ARGS__ })

static inline struct fer_tensor *toy_view(struct fer_program *program, const char *name, struct fer_tensor *base,
                                          size_t start, const int dims[FER_MAX_RANK])
{
    struct fer_tensor *tensor = toy_tensor(program, name, base->storage, 0, dims);

    tensor->shape.dtype = base->shape.dtype;
    tensor->base = base;
    tensor->view = start;
    return tensor;
}

static inline struct fer_launch *toy_launch(struct fer_program *program, const char *source, const char *kernel)
{
    struct fer_segment *segment = program->segments[program->nsegments - 1];
    struct fer_launch *launch = fer_arena_alloc(program->arena, sizeof(*launch));

    launch->source = source;
    launch->kernel = kernel;
    launch->args = fer_arena_alloc(program->arena, 16 * sizeof(struct fer_arg));
    launch->dims = 1;
    launch->global[0] = (struct fer_extent){ .count = 1 };
    segment->launches[segment->count++] = launch;
    return launch;
}

static inline struct fer_arg *toy_arg(struct fer_launch *launch, enum fer_arg_kind kind)
{
    struct fer_arg *arg = &launch->args[launch->nargs++];

    arg->kind = kind;
    return arg;
}

static inline void toy_pass(struct fer_launch *launch, const char *name, struct fer_tensor *tensor, unsigned access)
{
    struct fer_arg *arg = toy_arg(launch, FER_ARG_TENSOR);

    arg->name = name;
    arg->tensor = tensor;
    arg->access = access;
}

static inline void toy_in(struct fer_launch *launch, const char *name, struct fer_tensor *tensor)
{
    toy_pass(launch, name, tensor, FER_ACCESS_READ);
}

static inline void toy_out(struct fer_launch *launch, const char *name, struct fer_tensor *tensor)
{
    toy_pass(launch, name, tensor, FER_ACCESS_WRITE);
}

/* A work-item for each element of a sample, times the live batch. */
static inline void toy_range(struct fer_launch *launch, size_t each, int batch, size_t local)
{
    launch->global[0] = (struct fer_extent){ .count = each, .batch = batch };
    launch->local[0] = local;
}

#endif
