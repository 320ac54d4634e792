/* SPDX-License-Identifier: Apache-2.0
 *
 * fer bench --ops: where the time of a step goes, operation by operation, beside the device's peaks.
 */
#include <fer/run.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/graph.h"
#include "run/peak.h"
#include "train/contest.h"
#include "train/workload.h"

enum { SHAPE_TEXT = 256 };

/* One operation's work of one pass: several launches. */
struct call {
    const struct fer_launch *first;
    int row;
};

/* All calls of the same work on the same shape. */
struct row {
    const struct fer_launch *first;
    char shape[SHAPE_TEXT];
    int calls;
    double macs, bytes; /* of all calls */
    double *seconds;    /* [steps] */
    double median;
    bool ran;
};

struct ops {
    struct fer_workload work;
    struct fer_peak peak;
    int steps, nlaunches;
    bool solvers;
    const struct fer_launch **launches; /* by index */
    int *call_of;                       /* launch index to call */
    struct call *calls;
    struct row *rows;
    int ncalls, nrows;
    bool *seen; /* [tensors] */
};

/* ---- launches to calls, calls to rows ---- */

static bool same_call(const struct fer_launch *a, const struct fer_launch *b)
{
    if (a->solved || b->solved)
        return a->solved == b->solved;
    return strcmp(a->op, b->op) == 0 && strcmp(a->pass, b->pass) == 0 && strcmp(a->label, b->label) == 0;
}

static void find_calls(struct ops *o)
{
    for (int i = 0; i < o->nlaunches; i++) {
        int at = 0;

        while (at < o->ncalls && !same_call(o->calls[at].first, o->launches[i]))
            at++;
        if (at == o->ncalls)
            o->calls[o->ncalls++] = (struct call){ .first = o->launches[i] };
        o->call_of[i] = at;
    }
}

/* The tensor that counts for another: weights for what is made of them. */
static const struct fer_tensor *origin(const struct fer_tensor *tensor)
{
    while (tensor->source)
        tensor = tensor->source;
    return tensor;
}

struct traffic {
    double bytes, macs;
    const struct fer_tensor *read, *written; /* the largest */
};

static void add_tensor(struct ops *o, struct traffic *t, const struct fer_arg *arg)
{
    const struct fer_tensor *tensor = origin(arg->tensor);
    const struct fer_tensor **largest = arg->access & FER_ACCESS_WRITE ? &t->written : &t->read;

    if (arg->tensor->scratch)
        return;
    if (!*largest || fer_tensor_bytes(tensor) > fer_tensor_bytes(*largest))
        *largest = tensor;
    if (!o->seen[tensor->id])
        t->bytes += (double)fer_tensor_bytes(tensor);
    o->seen[tensor->id] = true;
}

static struct traffic traffic_of(struct ops *o, int call)
{
    struct traffic t = { 0 };

    memset(o->seen, 0, (size_t)o->work.program->ntensors * sizeof(*o->seen));
    for (int i = 0; i < o->nlaunches; i++) {
        if (o->call_of[i] != call)
            continue;
        t.macs += o->launches[i]->flops / 2;
        for (int a = 0; a < o->launches[i]->nargs; a++) {
            if (o->launches[i]->args[a].kind == FER_ARG_TENSOR)
                add_tensor(o, &t, &o->launches[i]->args[a]);
        }
    }
    return t;
}

/* "8x64x56x56" */
static void dims_text(const struct fer_tensor *tensor, char *text, size_t size)
{
    size_t at = 0;

    text[0] = '\0';
    for (int i = 0; tensor && i < tensor->shape.rank && at < size; i++)
        at += (size_t)snprintf(text + at, size - at, "%s%d", i ? "x" : "", tensor->shape.dim[i]);
}

static void shape_text(const struct call *call, const struct traffic *t, char text[SHAPE_TEXT])
{
    char from[96], to[96];

    dims_text(t->read, from, sizeof(from));
    dims_text(t->written, to, sizeof(to));
    if (call->first->solved)
        snprintf(text, SHAPE_TEXT, "%s", call->first->solved->shape);
    else
        snprintf(text, SHAPE_TEXT, "%s%s%s", from, from[0] && to[0] ? " to " : "", to);
}

static bool same_solution(const struct fer_solved *a, const struct fer_solved *b)
{
    return a == b || (a && b && a->solution.solver == b->solution.solver && strcmp(a->work, b->work) == 0 &&
                      memcmp(a->solution.values, b->solution.values, sizeof(a->solution.values)) == 0);
}

static bool same_row(const struct row *row, const struct fer_launch *launch, const char *shape)
{
    return strcmp(row->shape, shape) == 0 && strcmp(row->first->op, launch->op) == 0 &&
           strcmp(row->first->pass, launch->pass) == 0 && same_solution(row->first->solved, launch->solved);
}

static void find_rows(struct ops *o)
{
    for (int c = 0; c < o->ncalls; c++) {
        struct traffic t = traffic_of(o, c);
        char shape[SHAPE_TEXT];
        int at = 0;

        shape_text(&o->calls[c], &t, shape);
        while (at < o->nrows && !same_row(&o->rows[at], o->calls[c].first, shape))
            at++;
        if (at == o->nrows) {
            o->rows[o->nrows].first = o->calls[c].first;
            memcpy(o->rows[o->nrows++].shape, shape, sizeof(shape));
        }
        o->calls[c].row = at;
        o->rows[at].calls++;
        o->rows[at].macs += t.macs;
        o->rows[at].bytes += t.bytes;
    }
}

static enum fer_status group(struct ops *o, struct fer_error *err)
{
    const struct fer_program *program = o->work.program;
    size_t most = (size_t)program->nlaunches + 1;

    o->launches = calloc(most, sizeof(*o->launches));
    o->call_of = calloc(most, sizeof(*o->call_of));
    o->calls = calloc(most, sizeof(*o->calls));
    o->rows = calloc(most, sizeof(*o->rows));
    o->seen = calloc((size_t)program->ntensors + 1, sizeof(*o->seen));
    if (!o->launches || !o->call_of || !o->calls || !o->rows || !o->seen)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    for (int s = 0; s < program->nsegments; s++) {
        for (int i = 0; i < program->segments[s]->count; i++)
            o->launches[o->nlaunches++] = program->segments[s]->launches[i];
    }
    find_calls(o);
    find_rows(o);
    for (int r = 0; r < o->nrows; r++) {
        o->rows[r].seconds = calloc((size_t)o->steps, sizeof(double));
        if (!o->rows[r].seconds)
            return fer_fail(err, FER_ENOMEM, "out of memory");
    }
    return FER_OK;
}

/* ---- times ---- */

static enum fer_status time_step(struct ops *o, int step, struct fer_error *err)
{
    struct fer_profile_row *times = NULL;
    int count = 0;
    enum fer_status status = fer_exec_profile(o->work.exec, true, err);

    if (status == FER_OK)
        status = fer_workload_step(&o->work, err);
    if (status == FER_OK)
        status = fer_exec_profile_rows(o->work.exec, &times, &count, err);
    for (int i = 0; i < count; i++) {
        struct row *row = &o->rows[o->calls[o->call_of[times[i].launch->index]].row];

        row->seconds[step] += times[i].seconds;
        row->ran = true;
    }
    free(times);
    return status;
}

static int dearest_first(const void *a, const void *b)
{
    double x = ((const struct row *)a)->median, y = ((const struct row *)b)->median;

    return x > y ? -1 : x < y;
}

static enum fer_status measure(struct ops *o, struct fer_error *err)
{
    enum fer_status status = fer_workload_step(&o->work, err);

    if (status == FER_OK)
        status = fer_workload_step(&o->work, err); /* the second one still touches fresh memory */
    for (int s = 0; status == FER_OK && s < o->steps; s++)
        status = time_step(o, s, err);
    if (status != FER_OK)
        return status;
    for (int r = 0; r < o->nrows; r++)
        o->rows[r].median = fer_median(o->rows[r].seconds, o->steps);
    qsort(o->rows, (size_t)o->nrows, sizeof(*o->rows), dearest_first); /* calls know no row any more */
    return FER_OK;
}

/* ---- the report ---- */

static double roof_of(const struct fer_peak *peak, double flops, double bytes, double seconds)
{
    double limit = bytes > 0 ? flops / bytes * peak->bytes : peak->flops;

    if (flops > 0)
        return flops / seconds / (limit < peak->flops ? limit : peak->flops);
    return bytes / seconds / peak->bytes;
}

/* Every solver that applies, by itself: seconds of a call. */
static enum fer_status add_solvers(struct ops *o, const struct row *row, json_t **json, struct fer_error *err)
{
    struct fer_contest contest = { .problem = row->first->solved,
                                   .store = o->work.store,
                                   .watch = &o->work.context->watch,
                                   .capacity = fer_program_capacity(o->work.program, row->first->solved->op->branch) };
    double flops = 2 * row->macs / row->calls;
    enum fer_status status = fer_contest_run(&contest, err);
    json_t *list = json_array();

    for (int i = 0; i < contest.count; i++) {
        const struct fer_entrant *e = &contest.entrants[i];
        double seconds = e->ms / 1e3;

        fer_json_append(&list,
                        json_pack("{s:s, s:f, s:f, s:I, s:o, s:s?}", "solver", e->text, "seconds", seconds, "gflops",
                                  seconds > 0 ? flops / seconds / 1e9 : 0, "workspace", (json_int_t)e->workspace,
                                  "error", fer_json_number(e->error), "refusal", e->refusal[0] ? e->refusal : NULL));
    }
    fer_json_set(json, "solvers", list);
    fer_contest_free(&contest);
    return status;
}

static json_t *row_json(const struct ops *o, const struct row *row, double total)
{
    const struct fer_launch *launch = row->first;
    double seconds = row->median > 0 ? row->median : 1e-9, flops = 2 * row->macs;
    const char *work = launch->solved ? strchr(launch->solved->work, ' ') + 1 : launch->pass;
    char solver[256];
    json_t *json;

    json = json_pack("{s:s, s:s, s:s, s:s, s:i, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "op", launch->op, "pass",
                     launch->pass, "work", work, "shape", row->shape, "calls", row->calls, "macs",
                     row->macs / row->calls, "bytes", row->bytes / row->calls, "seconds", row->median, "share",
                     total > 0 ? row->median / total : 0, "gflops", flops / seconds / 1e9, "gbytes",
                     row->bytes / seconds / 1e9, "intensity", row->bytes > 0 ? flops / row->bytes : 0, "roof",
                     roof_of(&o->peak, flops, row->bytes, seconds));
    if (launch->solved) {
        fer_solution_text(launch->solved, &launch->solved->solution, solver, sizeof(solver));
        fer_json_set(&json, "solver", json_string(solver));
        fer_json_set(&json, "chosen", json_string(fer_chooser_name(launch->solved->chooser)));
    } else {
        fer_json_set(&json, "solver", json_null());
    }
    return json;
}

static enum fer_status report(struct ops *o, const char *path, char **text, struct fer_error *err)
{
    const struct fer_workload *w = &o->work;
    json_t *list = json_array(), *json;
    double total = 0;
    enum fer_status status = FER_OK;

    for (int r = 0; r < o->nrows; r++)
        total += o->rows[r].median;
    for (int r = 0; r < o->nrows && status == FER_OK; r++) {
        const struct row *row = &o->rows[r];

        if (!row->ran)
            continue;
        json = row_json(o, row, total);
        if (o->solvers && row->first->solved && row->first->solved->op)
            status = add_solvers(o, row, &json, err);
        fer_json_append(&list, json);
    }
    if (status != FER_OK) {
        json_decref(list);
        return status;
    }
    return fer_json_text(json_pack("{s:o, s:s, s:o, s:o, s:s, s:i, s:i, s:f, s:{s:f, s:f, s:i, s:I}, s:o}", "model",
                                   fer_json_string(path), "block", w->name, "device", fer_json_string(w->device->name),
                                   "driver", fer_json_string(w->device->driver), "mode",
                                   w->stage || w->flow->backward ? "train" : "infer", "batch", w->batch, "steps",
                                   o->steps, "seconds_per_step", total, "peak", "gflops", o->peak.flops / 1e9, "gbytes",
                                   o->peak.bytes / 1e9, "lanes", o->peak.lanes, "buffer", (json_int_t)o->peak.buffer,
                                   "operations", list),
                         text, err);
}

enum fer_status fer_bench_ops(struct fer_context *context, const char *path, const struct fer_bench_options *options,
                              char **json, struct fer_error *err)
{
    static const struct fer_bench_options none;
    struct ops o = { .steps = options && options->steps > 0 ? options->steps : 10,
                     .solvers = options && options->solvers };
    enum fer_status status = fer_workload_open(context, path, options ? options : &none, 0, &o.work, err);

    *json = NULL;
    if (status != FER_OK)
        return status;
    status = fer_peak_measure(o.work.device, &o.peak, err);
    if (status == FER_OK)
        status = group(&o, err);
    if (status == FER_OK)
        status = measure(&o, err);
    if (status == FER_OK)
        status = report(&o, path, json, err);
    for (int r = 0; r < o.nrows; r++)
        free(o.rows[r].seconds);
    free(o.launches);
    free(o.call_of);
    free(o.calls);
    free(o.rows);
    free(o.seen);
    fer_workload_close(&o.work);
    return status;
}
