/* SPDX-License-Identifier: Apache-2.0
 *
 * fer/op.h while launches are emitted: kernels, arguments, ranges.
 */
#include <string.h>

#include "compile/emit.h"
#include "compile/solvers.h"
#include "compile/widen.h"

struct fer_launch *fer_emit_launch(struct fer_emit *em, const char *source, const char *kernel, const char *options)
{
    struct fer_program *program = em->c->program;
    struct fer_segment *segment = em->segment;
    struct fer_launch *launch = fer_arena_alloc(program->arena, sizeof(*launch));
    struct fer_launch **launches =
        fer_arena_grow(program->arena, segment->launches, segment->count, &segment->capacity, sizeof(*launches));
    if (!launch || !launches) {
        /* Launches after a failure go nowhere; one spare is kept in the program for that. */
        fer_emit_fail(em, FER_ENOMEM, "out of memory while compiling");
        program->spare.em = em;
        program->spare.nargs = 0;
        return &program->spare;
    }
    launch->em = em;
    launch->source = source;
    launch->kernel = kernel;
    launch->options = options ? fer_arena_strdup(program->arena, options) : NULL;
    launch->label = em->op ? em->op->path : em->pass;
    launch->op = em->op ? em->op->layer->name : em->owner ? em->owner : "core";
    launch->pass = em->pass;
    launch->stream = em->op ? em->op->stream : 0;
    launch->branch = segment->branch;
    launch->solved = em->solved;
    if (em->solved && !fer_solver_has(em->solved->solvers[em->solved->solution.solver], source))
        fer_emit_fail(em, FER_EPLUGIN, "solver %s launches %s, which is in none of its sources",
                      em->solved->names[em->solved->solution.solver], kernel);
    segment->launches = launches;
    launches[segment->count++] = launch;
    return launch;
}

struct fer_launch *fer_emit_call(struct fer_emit *em, const char *source, const char *name, fer_call_run *run)
{
    struct fer_launch *launch = fer_emit_launch(em, source, name, NULL);
    launch->run = run;
    return launch;
}

static void add_arg(struct fer_launch *launch, struct fer_arg arg)
{
    struct fer_emit *em = launch->em;
    struct fer_arg *args =
        fer_arena_grow(em->c->program->arena, launch->args, launch->nargs, &launch->capacity, sizeof(*args));
    if (!args) {
        fer_emit_fail(em, FER_ENOMEM, "out of memory while compiling");
        return;
    }
    launch->args = args;
    args[launch->nargs++] = arg;
}

static void add_tensor(struct fer_launch *launch, const char *name, struct fer_tensor *tensor, unsigned access)
{
    if (!tensor) {
        fer_emit_fail(
            launch->em, FER_EPLUGIN,
            "kernel %.64s: no tensor for argument %.64s: its index is out of range, or nobody needs that gradient",
            launch->kernel ? launch->kernel : "?", name);
        return;
    }
    tensor = fer_wide_argument(launch, tensor, access, launch->any_precision);
    if (tensor && access & FER_ACCESS_WRITE)
        tensor->written = true;
    if (tensor)
        add_arg(launch, (struct fer_arg){ .kind = FER_ARG_TENSOR, .name = name, .tensor = tensor, .access = access });
}

void fer_launch_in(struct fer_launch *launch, const char *name, struct fer_tensor *tensor)
{
    add_tensor(launch, name, tensor, FER_ACCESS_READ);
}

void fer_launch_out(struct fer_launch *launch, const char *name, struct fer_tensor *tensor)
{
    add_tensor(launch, name, tensor, FER_ACCESS_WRITE);
}

void fer_launch_inout(struct fer_launch *launch, const char *name, struct fer_tensor *tensor)
{
    add_tensor(launch, name, tensor, FER_ACCESS_READ | FER_ACCESS_WRITE);
}

void fer_launch_int(struct fer_launch *launch, int value)
{
    add_arg(launch, (struct fer_arg){ .kind = FER_ARG_INT, .i = value });
}

void fer_launch_float(struct fer_launch *launch, double value)
{
    add_arg(launch, (struct fer_arg){ .kind = FER_ARG_FLOAT, .f = (float)value });
}

void fer_launch_local(struct fer_launch *launch, size_t bytes)
{
    add_arg(launch, (struct fer_arg){ .kind = FER_ARG_LOCAL, .bytes = bytes });
}

void fer_launch_random(struct fer_launch *launch, const struct fer_tensor *rows)
{
    struct fer_compiler *c = launch->em->c;
    if (launch->branch) { /* its rows are not those of the samples' ids */
        fer_emit_fail(launch->em, FER_ENOTSUP,
                      "it draws random numbers, which a net that only chosen samples run through has none of");
        return;
    }
    struct fer_random_state *random = &c->random[launch->em->op ? launch->em->op->data : 0];
    if (!random->epoch) {
        const struct fer_shape epoch = { FER_U32, 1, { 4 }, 0 }, ids = { FER_U32, 1, { c->capacity }, 1 };
        random->epoch = fer_compiler_tensor(c, &epoch, FER_LAYOUT_PLAIN, FER_STORAGE_INPUT, "epoch");
        random->ids = fer_compiler_tensor(c, &ids, FER_LAYOUT_PLAIN, FER_STORAGE_INPUT, "sample ids");
    }
    if (!random->epoch || !random->ids || !rows) {
        fer_emit_fail(launch->em, FER_ENOMEM, "out of memory while compiling");
        return;
    }
    add_arg(launch, (struct fer_arg){ .kind = FER_ARG_RANDOM, .tensor = (struct fer_tensor *)rows, .random = random });
}

void fer_launch_prepare(struct fer_launch *launch)
{
    struct fer_emit *em = launch->em;
    struct fer_segment *from = em->segment, *to = em->c->prepare;
    if (from == to || from->count == 0 || from->launches[from->count - 1] != launch)
        return; /* only the newest launch can still move */
    if (em->prepares_here) {
        struct fer_launch **place = from->launches + em->prepares_at++;
        memmove(place + 1, place, (size_t)(from->launches + from->count - 1 - place) * sizeof(*place));
        *place = launch;
        return;
    }
    launch->prepare = true;
    struct fer_launch **launches =
        fer_arena_grow(em->c->program->arena, to->launches, to->count, &to->capacity, sizeof(*launches));
    if (!launches) {
        fer_emit_fail(em, FER_ENOMEM, "out of memory while compiling");
        return;
    }
    to->launches = launches;
    launches[to->count++] = launch;
    from->count--;
}

void fer_launch_any_precision(struct fer_launch *launch)
{
    launch->any_precision = true;
}

void fer_launch_cost(struct fer_launch *launch, double flops, double bytes)
{
    launch->flops = flops;
    launch->bytes = bytes;
}

/* ---- extents ---- */

struct fer_extent fer_extent_fixed(size_t count)
{
    return (struct fer_extent){ count, 1, 0 };
}

struct fer_extent fer_extent_rows(const struct fer_tensor *tensor, size_t per_row, size_t divide)
{
    if (!tensor)
        return fer_extent_fixed(1);
    if (tensor->shape.batch)
        return (struct fer_extent){ per_row, divide, tensor->shape.batch };
    return (struct fer_extent){ per_row * (size_t)tensor->shape.dim[0], divide, 0 };
}

struct fer_extent fer_extent_each(const struct fer_tensor *tensor)
{
    return fer_extent_rows(tensor, tensor ? fer_tensor_size(tensor) / (size_t)tensor->shape.dim[0] : 1, 1);
}

void fer_launch_range_1d(struct fer_launch *launch, struct fer_extent x)
{
    launch->dims = 1;
    launch->global[0] = x;
    launch->local[0] = 64;
}

void fer_launch_range_2d(struct fer_launch *launch, struct fer_extent x, struct fer_extent y, size_t local_x,
                         size_t local_y)
{
    launch->dims = 2;
    launch->global[0] = x;
    launch->global[1] = y;
    launch->local[0] = local_x;
    launch->local[1] = local_y;
}

void fer_launch_range_3d(struct fer_launch *launch, struct fer_extent x, struct fer_extent y, struct fer_extent z,
                         size_t local_x, size_t local_y, size_t local_z)
{
    launch->dims = 3;
    launch->global[0] = x;
    launch->global[1] = y;
    launch->global[2] = z;
    launch->local[0] = local_x;
    launch->local[1] = local_y;
    launch->local[2] = local_z;
}
