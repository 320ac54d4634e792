/* SPDX-License-Identifier: Apache-2.0 */
#include "run/exec.h"

#include "run/binding.h"
#include "run/build.h"
#include "run/place.h"
#include "run/workers.h"
#include "run/staging.h"
#include "run/timing.h"

#include <stdlib.h>

struct fer_exec {
    struct fer_device *device;
    struct fer_program *program;
    struct fer_places places;
    struct fer_binding *bindings; /* by launch index */
    int nbindings;
    int *live;     /* samples of the batch and of each branch; live[0] < 0: not known, because setting it has failed */
    int32_t *rows; /* of a decision: the index, then the rows of one branch after the other */
    bool prepared; /* the prepare segment has run since the weights changed */
    struct fer_staging staging;
    struct fer_timing timing;
    struct fer_exec_peers peers;
    char *gathered; /* what one process has to tell, then what all of them have */
};

static const char *name_of(const struct fer_tensor *tensor)
{
    return tensor->name ? tensor->name : "a tensor";
}

/* ---- create ---- */

static enum fer_status check_planned(const struct fer_program *program, struct fer_error *err)
{
    int next = 0;

    for (int s = 0; s < program->nsegments; s++) {
        for (int l = 0; l < program->segments[s]->count; l++) {
            if (program->segments[s]->launches[l]->index != next++)
                return fer_fail(err, FER_EINVAL, "the program has changed since it was planned");
        }
    }
    return next == program->nlaunches ? FER_OK : fer_fail(err, FER_EINVAL, "the program has not been planned");
}

static enum fer_status bind_launches(struct fer_exec *exec, const struct fer_build_watch *watch, struct fer_error *err)
{
    const struct fer_program *program = exec->program;
    struct fer_bundles bundles;
    struct fer_binder binder = { exec->device, program, &exec->places, &bundles, watch };
    enum fer_status status;

    exec->bindings = calloc((size_t)program->nlaunches + 1, sizeof(*exec->bindings));
    if (!exec->bindings)
        return fer_fail(err, FER_ENOMEM, "out of memory while %d launches were prepared", program->nlaunches);
    status = fer_bundles_create(&bundles, program, err);
    if (status)
        return status;
    if (fer_workers_compile(&binder))
        binder.watch = NULL; /* which has heard of all */
    for (int s = 0; s < program->nsegments && !status; s++) {
        for (int l = 0; l < program->segments[s]->count && !status; l++)
            status =
                fer_binding_create(&exec->bindings[exec->nbindings++], &binder, program->segments[s]->launches[l], err);
    }
    fer_bundles_free(&bundles);
    fer_build_tell(watch, NULL, NULL);
    return status;
}

/* All branches full, as the bindings are at first; and memory for the largest decision. */
static enum fer_status make_live(struct fer_exec *exec, struct fer_error *err)
{
    const struct fer_program *program = exec->program;
    size_t most = 0;

    exec->live = calloc((size_t)program->nbranches + 1, sizeof(*exec->live));
    for (int b = 0; exec->live && b <= program->nbranches; b++) {
        exec->live[b] = fer_program_capacity(program, b);
        if (b > 0 && (size_t)exec->live[b] > most)
            most = (size_t)exec->live[b];
    }
    exec->rows = calloc(2 * most + 1, sizeof(*exec->rows));
    return exec->live && exec->rows ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory while an executor was made");
}

static enum fer_status make_gathered(struct fer_exec *exec, struct fer_error *err)
{
    const struct fer_program *program = exec->program;
    size_t most = 0;

    for (int s = 0; s < program->nsegments; s++) {
        const struct fer_gather *gather = program->segments[s]->gather;
        size_t bytes = gather ? fer_tensor_bytes(gather->in) + fer_tensor_bytes(gather->out) : 0;

        most = bytes > most ? bytes : most;
    }
    exec->gathered = malloc(most + 1);
    return exec->gathered ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory while an executor was made");
}

enum fer_status fer_exec_create(struct fer_device *device, struct fer_program *program, bool poison,
                                const struct fer_build_watch *watch, struct fer_exec **out, struct fer_error *err)
{
    struct fer_exec *exec;
    enum fer_status status = check_planned(program, err);

    *out = NULL;
    if (status)
        return status;
    exec = calloc(1, sizeof(*exec));
    if (!exec)
        return fer_fail(err, FER_ENOMEM, "out of memory while an executor was made");
    exec->device = device;
    exec->program = program;
    status = make_live(exec, err);
    if (!status)
        status = make_gathered(exec, err);
    if (!status)
        status = fer_places_create(&exec->places, device, program, poison, err);
    if (!status)
        status = bind_launches(exec, watch, err);
    if (status) {
        fer_exec_free(exec);
        return status;
    }
    *out = exec;
    return FER_OK;
}

void fer_exec_free(struct fer_exec *exec)
{
    if (!exec)
        return;
    clFinish(exec->device->queue);
    fer_timing_drop(&exec->timing);
    fer_staging_free(&exec->staging);
    for (int i = 0; i < exec->nbindings; i++)
        fer_binding_free(&exec->bindings[i]);
    free(exec->bindings);
    free(exec->live);
    free(exec->rows);
    free(exec->gathered);
    fer_places_free(&exec->places);
    free(exec);
}

size_t fer_exec_bytes(const struct fer_exec *exec)
{
    return exec->places.bytes;
}

/* ---- run ---- */

enum fer_status fer_exec_batch(struct fer_exec *exec, int n, struct fer_error *err)
{
    enum fer_status status = FER_OK;

    if (n < 0 || n > exec->program->capacity)
        return fer_fail(err, FER_EINVAL, "a batch of %d samples, where the program holds 0 to %d", n,
                        exec->program->capacity);
    if (n == exec->live[0])
        return FER_OK;
    exec->live[0] = n;
    for (int i = 0; i < exec->nbindings && !status; i++)
        status = fer_binding_batch(&exec->bindings[i], exec->live, err);
    if (status)
        exec->live[0] = -1; /* after a failure nothing is known */
    return status;
}

int fer_exec_live(const struct fer_exec *exec, int branch)
{
    return exec->live[branch];
}

/* Tensors of a branch are touched by its own segments and by those of the branches that part from it. */
static enum fer_status set_branch(struct fer_exec *exec, int branch, int n, struct fer_error *err)
{
    const struct fer_program *program = exec->program;
    enum fer_status status = FER_OK;

    if (n == exec->live[branch])
        return FER_OK;
    exec->live[branch] = n;
    if (n == 0) /* nobody runs */
        return FER_OK;
    for (int s = 0; s < program->nsegments && !status; s++) {
        const struct fer_segment *segment = program->segments[s];

        if (segment->branch == 0 ||
            (segment->branch != branch && program->branches[segment->branch - 1].parent != branch))
            continue;
        for (int i = 0; i < segment->count && !status; i++)
            status = fer_binding_batch(&exec->bindings[segment->launches[i]->index], exec->live, err);
    }
    if (status)
        exec->live[0] = -1;
    return status;
}

static enum fer_status run(struct fer_exec *exec, const struct fer_segment *segment, struct fer_error *err)
{
    enum fer_status status = FER_OK;

    for (int i = 0; i < segment->count && !status; i++) {
        struct fer_binding *binding = &exec->bindings[segment->launches[i]->index];

        if (binding->empty)
            continue;
        if (exec->timing.on)
            status = fer_timing_run(&exec->timing, binding, exec->device->queue, err);
        else
            status = fer_binding_run(binding, exec->device->queue, NULL, err);
        if (binding->marked && !status)
            status = exec->peers.enqueued(exec->peers.user, binding->launch, err);
    }
    return status;
}

/* A queue may sit on its commands until it is told to start. */
static enum fer_status flush(struct fer_exec *exec, struct fer_error *err)
{
    cl_int code = clFlush(exec->device->queue);

    return code == CL_SUCCESS ? FER_OK : fer_fail_cl(err, code, "clFlush(%s)", exec->device->name);
}

/* The rows of branch k, in order, behind the index. */
static int find_rows(const int32_t *index, int count, int k, int32_t *rows)
{
    int n = 0;

    for (int i = 0; i < count; i++) {
        if (index[i] == k)
            rows[n++] = i;
    }
    return n;
}

static enum fer_status check_index(const struct fer_decision *decision, const int32_t *index, int count,
                                   struct fer_error *err)
{
    for (int i = 0; i < count; i++) {
        if (index[i] < 0 || index[i] >= decision->count)
            return fer_fail(err, FER_ENUMERIC, "%s sends row %d of the batch to %d; there is 0 to %d",
                            decision->name ? decision->name : name_of(decision->index), i, (int)index[i],
                            decision->count - 1);
    }
    return FER_OK;
}

static enum fer_status decide(struct fer_exec *exec, const struct fer_decision *decision, struct fer_error *err)
{
    const struct fer_tensor *index = decision->index;
    int count = index->shape.batch * exec->live[index->branch];
    int32_t *rows = exec->rows + count;
    enum fer_status status = FER_OK;

    if (count > 0)
        status = fer_exec_read(exec, index, exec->rows, (size_t)count * sizeof(*exec->rows), err);
    if (!status)
        status = check_index(decision, exec->rows, count, err);
    for (int k = 0; k < decision->count && !status; k++) {
        int n = find_rows(exec->rows, count, k, rows);

        status = set_branch(exec, decision->first + k, n, err);
        if (!status && n > 0)
            status = fer_exec_write(exec, decision->rows[k], rows, (size_t)n * sizeof(*rows), err);
    }
    return status;
}

static enum fer_status gather(struct fer_exec *exec, const struct fer_gather *gather, struct fer_error *err)
{
    size_t mine = fer_tensor_bytes(gather->in), all = fer_tensor_bytes(gather->out);
    enum fer_status status = FER_OK;

    if (!exec->peers.gather)
        return fer_fail(err, FER_EINVAL, "this program is for several processes, and runs in one alone");
    status = fer_exec_read(exec, gather->in, exec->gathered, mine, err);
    if (!status)
        status = exec->peers.gather(exec->peers.user, exec->gathered, mine, exec->gathered + mine, err);
    return status ? status : fer_exec_write(exec, gather->out, exec->gathered + mine, all, err);
}

enum fer_status fer_exec_run(struct fer_exec *exec, const struct fer_segment *segment, struct fer_error *err)
{
    const struct fer_segment *prepare = exec->program->nsegments > 0 ? exec->program->segments[0] : NULL;
    enum fer_status status = FER_OK;

    if (exec->live[0] < 0)
        return fer_fail(err, FER_EINVAL, "the live batch is not set, because setting it has failed");
    if (!exec->prepared && prepare && segment != prepare)
        status = run(exec, prepare, err);
    for (; segment && !status; segment = segment->next) {
        if (segment->branch == 0 || exec->live[segment->branch] > 0)
            status = run(exec, segment, err);
        if (!status && segment->decision)
            status = decide(exec, segment->decision, err);
        if (!status && segment->gather)
            status = gather(exec, segment->gather, err);
    }
    if (!status)
        exec->prepared = true;
    return status ? status : flush(exec, err);
}

void fer_exec_set_peers(struct fer_exec *exec, const struct fer_exec_peers *peers)
{
    exec->peers = *peers;
}

void fer_exec_mark(struct fer_exec *exec, const struct fer_launch *launch)
{
    exec->bindings[launch->index].marked = true;
}

void fer_exec_weights_changed(struct fer_exec *exec)
{
    exec->prepared = false;
}

/* ---- copies ---- */

static enum fer_status check_size(const struct fer_tensor *tensor, size_t bytes, const char *what,
                                  struct fer_error *err)
{
    if (bytes <= fer_tensor_bytes(tensor))
        return FER_OK;
    return fer_fail(err, FER_EINVAL, "cannot %s %zu bytes of %s, which has %zu", what, bytes, name_of(tensor),
                    fer_tensor_bytes(tensor));
}

enum fer_status fer_exec_write(struct fer_exec *exec, const struct fer_tensor *tensor, const void *data, size_t bytes,
                               struct fer_error *err)
{
    struct fer_buffer *buffer;
    size_t byte;
    enum fer_status status = check_size(tensor, bytes, "write", err);

    if (!status)
        status = fer_places_find(&exec->places, tensor, &buffer, &byte, err);
    return status ? status : fer_staging_write(&exec->staging, buffer, byte, data, bytes, err);
}

enum fer_status fer_exec_read(struct fer_exec *exec, const struct fer_tensor *tensor, void *data, size_t bytes,
                              struct fer_error *err)
{
    struct fer_buffer *buffer;
    size_t byte;
    enum fer_status status = check_size(tensor, bytes, "read", err);

    if (!status)
        status = fer_places_find(&exec->places, tensor, &buffer, &byte, err);
    return status ? status : fer_buffer_read(buffer, byte, data, bytes, err);
}

void fer_exec_place(const struct fer_exec *exec, const struct fer_tensor *tensor, struct fer_buffer **buffer,
                    size_t *offset)
{
    size_t byte = 0;

    if (fer_places_find(&exec->places, tensor, buffer, &byte, NULL))
        *buffer = NULL;
    *offset = byte / fer_tensor_element(tensor);
}

/* ---- profile ---- */

enum fer_status fer_exec_profile(struct fer_exec *exec, bool on, struct fer_error *err)
{
    enum fer_status status = FER_OK;

    fer_timing_drop(&exec->timing);
    for (int i = 0; i < exec->nbindings; i++) {
        exec->bindings[i].seconds = 0;
        exec->bindings[i].runs = 0;
    }
    if (on)
        status = fer_device_profile(exec->device, err);
    exec->timing.on = on && !status;
    return status;
}

enum fer_status fer_exec_profile_rows(struct fer_exec *exec, struct fer_profile_row **rows, int *count,
                                      struct fer_error *err)
{
    enum fer_status status = fer_timing_collect(&exec->timing, err);

    *rows = NULL;
    *count = 0;
    if (status)
        return status;
    *rows = calloc((size_t)exec->nbindings + 1, sizeof(**rows));
    if (!*rows)
        return fer_fail(err, FER_ENOMEM, "out of memory while times were listed");
    for (int i = 0; i < exec->nbindings; i++) {
        const struct fer_binding *binding = &exec->bindings[i];

        if (binding->runs > 0)
            (*rows)[(*count)++] = (struct fer_profile_row){ binding->launch, binding->seconds, binding->runs };
    }
    return FER_OK;
}
