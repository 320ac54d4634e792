/* SPDX-License-Identifier: Apache-2.0
 *
 * fer/op.h while launches are emitted.
 */
#include "graph/emit.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum fer_status fer_emit_fail(struct fer_emit *em, enum fer_status status, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (!em->status)
        em->status = fer_fail(em->err, status, "%s: %s", em->op ? em->op->layer->name : "core", text);
    return em->status;
}

enum fer_profile fer_emit_profile(const struct fer_emit *em)
{
    return em->c->profile;
}

const struct fer_device_facts *fer_emit_device(const struct fer_emit *em)
{
    return &em->c->facts;
}

bool fer_emit_device_has(const struct fer_emit *em, const char *extension)
{
    return fer_device_has(em->c->store->device, extension);
}

enum fer_products fer_emit_products(const struct fer_emit *em)
{
    return em->c->options ? fer_precision_products(em->c->options->precision) : FER_PRODUCTS_FULL;
}

const struct fer_op *fer_emit_op(const struct fer_emit *em)
{
    return em->op;
}

const void *fer_emit_params(const struct fer_emit *em)
{
    return em->op ? em->op->params : NULL;
}

bool fer_emit_training(const struct fer_emit *em)
{
    return em->op && em->op->training;
}

bool fer_emit_tracking(const struct fer_emit *em)
{
    return em->tracking;
}

bool fer_emit_has_backward(const struct fer_emit *em)
{
    return em->has_backward;
}

enum fer_activation fer_emit_activation(const struct fer_emit *em)
{
    return em->epilogue.activation;
}

const struct fer_epilogue *fer_emit_epilogue(const struct fer_emit *em)
{
    return &em->epilogue;
}

struct fer_tensor *fer_emit_input(const struct fer_emit *em, int i)
{
    return em->op && i >= 0 && i < em->op->nin ? fer_compiler_value(em->c, em->op->in[i]) : NULL;
}

struct fer_tensor *fer_emit_output(const struct fer_emit *em, int i)
{
    return em->op && i >= 0 && i < em->op->nout ? fer_compiler_value(em->c, em->op->out[i]) : NULL;
}

struct fer_tensor *fer_emit_weight(const struct fer_emit *em, int i)
{
    if (!em->op || i < 0 || i >= em->op->nweights)
        return NULL;
    if (i == 0 && em->folded)
        return em->folded;
    return em->op->is_metric ? em->op->buffer_tensor[i] : fer_compiler_weight(em->c, em->op->weights[i]);
}

struct fer_tensor *fer_emit_saved(const struct fer_emit *em, int i)
{
    if (!em->op || i < 0 || i >= em->op->nsaved)
        return NULL;
    if (!em->op->saved_tensor[i]) {
        const struct fer_shape shape = fer_compiler_shape(em->c, &em->op->saved[i], em->op->branch);
        em->op->saved_tensor[i] = fer_compiler_tensor(em->c, &shape, FER_LAYOUT_PLAIN, FER_STORAGE_ARENA, em->op->path);
        if (em->op->saved_tensor[i])
            em->op->saved_tensor[i]->branch = em->op->branch;
    }
    return em->op->saved_tensor[i];
}

struct fer_tensor *fer_emit_temp(struct fer_emit *em, const struct fer_shape *shape, enum fer_layout layout)
{
    struct fer_tensor *tensor =
        fer_compiler_tensor(em->c, shape, shape->rank == 4 ? layout : FER_LAYOUT_PLAIN, FER_STORAGE_ARENA, "scratch");
    if (!tensor) {
        fer_emit_fail(em, FER_ENOMEM, "out of memory while compiling");
        return NULL;
    }
    tensor->branch = em->segment->branch;
    tensor->scratch = true;
    return tensor;
}

int fer_emit_net(const struct fer_emit *em)
{
    return em->op && em->op->fork && em->segment->branch ? em->segment->branch - em->op->fork->first : -1;
}

struct fer_tensor *fer_emit_rows(const struct fer_emit *em)
{
    return em->segment->branch ? em->c->rows[em->segment->branch - 1] : NULL;
}

struct fer_tensor *fer_emit_grad_output(const struct fer_emit *em, int i)
{
    return em->op && i >= 0 && i < em->op->nout ? em->grad_out[i] : NULL;
}

struct fer_tensor *fer_emit_grad_input(const struct fer_emit *em, int i)
{
    return em->op && i >= 0 && i < em->op->nin ? em->grad_in[i] : NULL;
}

struct fer_tensor *fer_emit_grad_weight(const struct fer_emit *em, int i)
{
    return em->op && i >= 0 && i < em->op->nweights ? em->grad_weight[i] : NULL;
}

struct fer_tensor *fer_emit_prepared(struct fer_emit *em, struct fer_tensor *source, const char *key,
                                     const struct fer_shape *shape, bool *fresh)
{
    struct fer_compiler *c = em->c;
    /* What changes in every step is as well made right before its use: then it need not live on. */
    const struct fer_segment *here = source->moves ? em->segment : NULL;
    *fresh = false;
    em->prepares_here = here != NULL;
    for (int i = 0; i < c->nprepared; i++)
        if (c->prepared[i].source == source && c->prepared[i].segment == here && strcmp(c->prepared[i].key, key) == 0)
            return c->prepared[i].tensor;
    struct fer_arena *arena = c->program->arena;
    struct fer_prepared *items =
        fer_arena_grow(arena, c->prepared, c->nprepared, &c->prepared_capacity, sizeof(*items));
    struct fer_tensor *tensor =
        fer_compiler_tensor(c, shape, FER_LAYOUT_PLAIN, here ? FER_STORAGE_ARENA : FER_STORAGE_PREPARED, key);
    char *copy = fer_arena_strdup(arena, key);
    if (!items || !tensor || !copy) {
        fer_emit_fail(em, FER_ENOMEM, "out of memory while compiling");
        return NULL;
    }
    tensor->source = source;
    c->prepared = items;
    items[c->nprepared++] = (struct fer_prepared){ source, tensor, copy, here };
    *fresh = true;
    return tensor;
}

struct fer_tensor *fer_emit_constant(struct fer_emit *em, const char *key, const struct fer_shape *shape,
                                     const void *data)
{
    struct fer_compiler *c = em->c;
    for (int i = 0; i < c->nprepared; i++)
        if (!c->prepared[i].source && strcmp(c->prepared[i].key, key) == 0)
            return c->prepared[i].tensor;
    if (!data)
        return NULL;
    struct fer_arena *arena = c->program->arena;
    struct fer_prepared *items =
        fer_arena_grow(arena, c->prepared, c->nprepared, &c->prepared_capacity, sizeof(*items));
    struct fer_tensor *tensor = fer_compiler_tensor(c, shape, FER_LAYOUT_PLAIN, FER_STORAGE_CONSTANT, key);
    char *copy = fer_arena_strdup(arena, key);
    if (!items || !tensor || !copy || !(tensor->data = fer_arena_copy(arena, data, fer_tensor_bytes(tensor)))) {
        fer_emit_fail(em, FER_ENOMEM, "out of memory while compiling");
        c->program->no_tensor.shape = *shape;
        return &c->program->no_tensor;
    }
    tensor->name = copy;
    c->prepared = items;
    items[c->nprepared++] = (struct fer_prepared){ NULL, tensor, copy, NULL };
    return tensor;
}

/* ---- several processes ---- */

int fer_emit_ranks(const struct fer_emit *em)
{
    return em->c->ranks;
}

/* The segment ends here, and the launches that follow come into the next. */
static enum fer_status split(struct fer_emit *em, struct fer_tensor *in, struct fer_tensor *out)
{
    struct fer_gather *gather = fer_arena_alloc(em->c->program->arena, sizeof(*gather));
    struct fer_segment *next =
        fer_branch_follow(em->c, em->segment, em->segment, em->segment->branch, em->op ? em->op->path : "gathered");
    if (!gather || !next)
        return fer_emit_fail(em, FER_ENOMEM, "out of memory while compiling");
    *gather = (struct fer_gather){ in, out };
    in->keep = true;
    next->continues = true;
    em->segment->gather = gather;
    em->segment = next;
    em->prepares_at = next->count;
    return FER_OK;
}

struct fer_tensor *fer_emit_gather(struct fer_emit *em, struct fer_tensor *tensor)
{
    struct fer_tensor *none = &em->c->program->no_tensor;
    if (!tensor || tensor->shape.dtype != FER_F32 || tensor->base || tensor->storage != FER_STORAGE_ARENA) {
        fer_emit_fail(em, FER_EPLUGIN, "what is gathered must be an f32 tensor of its own");
        return none;
    }
    if (em->segment->branch) {
        fer_emit_fail(em, FER_ENOTSUP,
                      "it looks at the whole batch, which a net that only chosen samples run through does not have");
        return none;
    }
    const struct fer_shape shape = { FER_F32, 1, { em->c->ranks * (int)fer_tensor_size(tensor) }, 0 };
    struct fer_tensor *all =
        fer_compiler_tensor(em->c, &shape, FER_LAYOUT_PLAIN, FER_STORAGE_INPUT, em->op ? em->op->path : "gathered");
    if (!all)
        fer_emit_fail(em, FER_ENOMEM, "out of memory while compiling");
    return all && split(em, tensor, all) == FER_OK ? all : none;
}

/* ---- launches ---- */

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
