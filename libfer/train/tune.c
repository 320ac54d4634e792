/* SPDX-License-Identifier: Apache-2.0
 *
 * fer tune: every problem of a program, the dearest first; winners to a file.
 */
#include <fer/tune.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/graph.h"
#include "train/contest.h"
#include "train/meter.h"
#include "train/workload.h"

struct problem {
    const struct fer_solved *solved;
    int calls;      /* in a step */
    double seconds; /* of them, with heuristics or what is known already */
};

struct tune {
    struct fer_context *context;
    const struct fer_tune_options *options;
    struct fer_workload work;
    struct fer_tuning *tuning;
    struct problem *problems; /* of the block at hand, that no block before it has */
    int count;
    int listed, known, tuned; /* of all blocks so far */
    json_t *seen;             /* the problems of those blocks, by name */
    bool stored;              /* a line, in this run */
    double began, first_ms, tuned_ms;
    json_t *results;
};

/* ---- which problems ---- */

static bool has_choice(const struct fer_solved *solved)
{
    const struct fer_solver *only = solved->solvers[0];
    bool choice = solved->nsolvers > 1;

    for (int t = 0; only->tunables && only->tunables[t]; t++)
        choice = choice || only->tunables[t]->count > 1;
    return choice && solved->op;
}

static struct problem *find(struct tune *t, const struct fer_solved *solved)
{
    for (int i = 0; i < t->count; i++) {
        const struct fer_solved *other = t->problems[i].solved;

        if (other->dtype == solved->dtype && strcmp(other->work, solved->work) == 0 &&
            strcmp(other->shape, solved->shape) == 0)
            return &t->problems[i];
    }
    return NULL;
}

/* Whether a block before this one has it too; FER_ENOMEM. */
static enum fer_status see(struct tune *t, const struct fer_solved *solved, bool *seen, struct fer_error *err)
{
    char *name;

    if (asprintf(&name, "%d %s %s", (int)solved->dtype, solved->work, solved->shape) < 0)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    *seen = json_object_get(t->seen, name) != NULL;
    if (!*seen && json_object_set_new(t->seen, name, json_true()) != 0) {
        free(name);
        return fer_fail(err, FER_ENOMEM, "out of memory");
    }
    free(name);
    return FER_OK;
}

static enum fer_status list_problems(struct tune *t, struct fer_error *err)
{
    const struct fer_program *program = t->work.program;

    t->count = 0;
    t->problems = calloc((size_t)program->nsolved + 1, sizeof(*t->problems));
    if (!t->problems)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    for (int i = 0; i < program->nsolved; i++) {
        struct problem *problem = find(t, program->solved[i]);
        bool seen = true;

        if (!problem && has_choice(program->solved[i]) && see(t, program->solved[i], &seen, err) != FER_OK)
            return FER_ENOMEM;
        if (!problem && !seen) {
            problem = &t->problems[t->count++];
            problem->solved = program->solved[i];
        }
        if (problem)
            problem->calls++;
    }
    t->listed += t->count;
    return FER_OK;
}

static int dearest_first(const void *a, const void *b)
{
    const struct problem *x = a, *y = b;

    if (x->seconds != y->seconds)
        return x->seconds > y->seconds ? -1 : 1;
    return x->solved->index - y->solved->index;
}

/* One step, after one that builds and touches everything. */
static enum fer_status weigh(struct tune *t, struct fer_error *err)
{
    struct fer_profile_row *rows = NULL;
    int count = 0;
    enum fer_status status = fer_workload_step(&t->work, err);

    if (status == FER_OK)
        status = fer_exec_profile(t->work.exec, true, err);
    if (status == FER_OK)
        status = fer_workload_step(&t->work, err);
    if (status == FER_OK)
        status = fer_exec_profile_rows(t->work.exec, &rows, &count, err);
    for (int i = 0; i < count; i++) {
        struct problem *problem = rows[i].launch->solved ? find(t, rows[i].launch->solved) : NULL;

        if (problem)
            problem->seconds += rows[i].seconds;
    }
    free(rows);
    qsort(t->problems, (size_t)t->count, sizeof(*t->problems), dearest_first);
    return status;
}

/* ---- one problem ---- */

static const char *first_refusal(const struct fer_contest *contest, int *refused)
{
    const char *refusal = NULL;

    *refused = 0;
    for (int i = contest->count - 1; i >= 0; i--) {
        if (contest->entrants[i].refusal[0]) {
            refusal = contest->entrants[i].refusal;
            ++*refused;
        }
    }
    return refusal;
}

static json_t *result_json(const struct tune *t, const struct problem *problem, const struct fer_contest *contest)
{
    const struct fer_entrant *best = contest->best >= 0 ? &contest->entrants[contest->best] : NULL;
    json_t *solutions = json_array();

    for (int i = 0; i < contest->count; i++) {
        const struct fer_entrant *e = &contest->entrants[i];

        fer_json_append(&solutions, json_pack("{s:s, s:o, s:o, s:s?}", "solution", e->text, "ms",
                                              e->ms > 0 ? json_real(e->ms) : json_null(), "error",
                                              fer_json_number(e->error), "refusal", e->refusal[0] ? e->refusal : NULL));
    }
    return json_pack("{s:s, s:s, s:s, s:i, s:s?, s:f, s:f, s:f, s:o}", "block", t->work.name, "work",
                     problem->solved->work, "shape", problem->solved->shape, "calls", problem->calls, "solution",
                     best ? best->text : NULL, "ms", best ? best->ms : 0, "first_ms", contest->first_ms, "gain",
                     best && contest->first_ms > 0 ? contest->first_ms / best->ms : 1, "solutions", solutions);
}

static void tell(const struct tune *t, const struct problem *problem, const struct fer_contest *contest)
{
    const struct fer_entrant *best = contest->best >= 0 ? &contest->entrants[contest->best] : NULL;
    struct fer_tune_progress progress = { .block = t->work.name,
                                          .work = problem->solved->work,
                                          .shape = problem->solved->shape,
                                          .done = t->known + t->tuned,
                                          .problems = t->listed,
                                          .solution = best ? best->text : NULL,
                                          .ms = best ? best->ms : 0,
                                          .gain = best && contest->first_ms > 0 ? contest->first_ms / best->ms : 1,
                                          .tried = contest->count };

    progress.refusal = first_refusal(contest, &progress.refused);
    if (t->options->progress)
        t->options->progress(t->options->user, &progress);
}

static enum fer_status store(struct tune *t, const struct problem *problem, const struct fer_contest *contest,
                             struct fer_error *err)
{
    struct fer_tuned line = fer_solved_key(problem->solved, t->work.device);
    const struct fer_entrant *best = &contest->entrants[contest->best];

    line.solution = best->text;
    line.ms = best->ms;
    line.gain = contest->first_ms > 0 ? contest->first_ms / best->ms : 1;
    t->first_ms += problem->calls * line.gain * line.ms;
    t->tuned_ms += problem->calls * line.ms;
    t->stored = true;
    return fer_tuning_put(t->tuning, &line, err);
}

/* The budget is used up. */
static bool is_late(const struct tune *t)
{
    return t->options->budget > 0 && t->stored && fer_meter_now() > t->began + t->options->budget;
}

/* The first that can be stored is finished whatever the budget, so that the same command comes to an end some day. */
static enum fer_status tune_problem(struct tune *t, const struct problem *problem, struct fer_error *err)
{
    const struct fer_tune_options *o = t->options;
    struct fer_contest contest = { .problem = problem->solved,
                                   .store = t->work.store,
                                   .watch = &t->context->watch,
                                   .capacity = fer_program_capacity(t->work.program, problem->solved->op->branch),
                                   .tunables = true,
                                   .deadline = o->budget > 0 && t->stored ? t->began + o->budget : 0,
                                   .stop = o->stop };
    enum fer_status status = fer_contest_run(&contest, err);

    if (status == FER_OK && contest.best >= 0)
        status = store(t, problem, &contest, err);
    if (status == FER_OK) {
        t->tuned++;
        fer_json_append(&t->results, result_json(t, problem, &contest));
        tell(t, problem, &contest);
    }
    fer_contest_free(&contest);
    return status;
}

static bool is_known(const struct tune *t, const struct fer_solved *solved)
{
    const struct fer_tuned key = fer_solved_key(solved, t->work.device);
    const struct fer_tuned *line = fer_tuning_find(t->tuning, &key, NULL);
    struct fer_solution solution;

    return line && !t->options->again && fer_solution_parse(solved, line->solution, &solution);
}

static enum fer_status tune_all(struct tune *t, struct fer_error *err)
{
    enum fer_status status = FER_OK;

    for (int i = 0; i < t->count; i++)
        t->known += is_known(t, t->problems[i].solved);
    for (int i = 0; i < t->count && status == FER_OK; i++) {
        if (!is_known(t, t->problems[i].solved))
            status = tune_problem(t, &t->problems[i], err);
    }
    /* at the end of the budget there is nothing to be sorry about */
    if (status == FER_EINTERRUPTED && !(t->options->stop && *t->options->stop))
        return FER_OK;
    return status;
}

/* ---- all of it ---- */

static enum fer_status report(struct tune *t, const char *path, char **json, struct fer_error *err)
{
    const struct fer_workload *w = &t->work;

    return fer_json_text(json_pack("{s:o, s:o, s:o, s:s, s:i, s:o, s:i, s:i, s:i, s:i, s:f, s:f, s:f, s:O}", "model",
                                   fer_json_string(path), "device", fer_json_string(w->device->name), "driver",
                                   fer_json_string(w->device->driver), "mode", w->stage ? "train" : "infer", "batch",
                                   w->batch, "file", fer_json_string(fer_tuning_file(t->tuning)), "problems", t->listed,
                                   "known", t->known, "tuned", t->tuned, "left", t->listed - t->known - t->tuned,
                                   "seconds", fer_meter_now() - t->began, "first_ms", t->first_ms, "tuned_ms",
                                   t->tuned_ms, "results", t->results),
                         json, err);
}

static enum fer_status open_file(struct tune *t, struct fer_error *err)
{
    const char *file = t->options->file ? t->options->file : t->context->tune;

    if (!file)
        return fer_fail(err, FER_EINVAL, "there is no place for measurements: name a file, or set FER_TUNE or HOME");
    return fer_tuning_open(file, &t->tuning, err);
}

static void close_block(struct tune *t)
{
    if (t->work.description)
        fer_workload_close(&t->work);
    free(t->problems);
    t->problems = NULL;
}

/* It stays open. */
static enum fer_status tune_block(struct tune *t, const char *path, int nth, struct fer_error *err)
{
    const struct fer_tune_options *o = t->options;
    const struct fer_bench_options bench = {
        .settings = o->settings, .text = o->text, .batch = o->batch, .training = o->training, .block = o->block
    };
    enum fer_status status = fer_workload_open(t->context, path, &bench, nth, &t->work, err);

    if (status == FER_OK)
        status = list_problems(t, err);
    if (status == FER_OK && t->count > 0 && !is_late(t))
        status = weigh(t, err);
    return status == FER_OK ? tune_all(t, err) : status;
}

enum fer_status fer_tune(struct fer_context *context, const char *path, const struct fer_tune_options *options,
                         char **json, struct fer_error *err)
{
    static const struct fer_tune_options none;
    struct tune t = { .context = context, .options = options ? options : &none, .began = fer_meter_now() };
    struct fer_error own = FER_ERROR_INIT;
    enum fer_status status;
    int nth = 0;

    *json = NULL;
    t.results = json_array();
    t.seen = json_object();
    status = open_file(&t, err);
    if (status == FER_OK)
        status = tune_block(&t, path, nth, err);
    while (status == FER_OK && !t.options->block && ++nth < t.work.blocks) {
        close_block(&t);
        status = tune_block(&t, path, nth, err);
    }
    if (t.work.description && (status == FER_OK || status == FER_EINTERRUPTED)) {
        enum fer_status told = report(&t, path, json, &own);

        if (status == FER_OK && told != FER_OK)
            status = fer_fail(err, told, "%s", own.text);
    }
    close_block(&t);
    json_decref(t.results);
    json_decref(t.seen);
    fer_tuning_free(t.tuning);
    fer_context_tune(context);
    return status;
}
