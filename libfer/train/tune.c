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
    struct problem *problems;
    int count, known, tuned;
    bool stored; /* a line, in this run */
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

static enum fer_status list_problems(struct tune *t, struct fer_error *err)
{
    const struct fer_program *program = t->work.program;

    t->problems = calloc((size_t)program->nsolved + 1, sizeof(*t->problems));
    if (!t->problems)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    for (int i = 0; i < program->nsolved; i++) {
        struct problem *problem = find(t, program->solved[i]);

        if (!problem && has_choice(program->solved[i])) {
            problem = &t->problems[t->count++];
            problem->solved = program->solved[i];
        }
        if (problem)
            problem->calls++;
    }
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

static json_t *result_json(const struct problem *problem, const struct fer_contest *contest)
{
    const struct fer_entrant *best = contest->best >= 0 ? &contest->entrants[contest->best] : NULL;
    json_t *solutions = json_array();

    for (int i = 0; i < contest->count; i++) {
        const struct fer_entrant *e = &contest->entrants[i];

        fer_json_append(&solutions, json_pack("{s:s, s:o, s:o, s:s?}", "solution", e->text, "ms",
                                              e->ms > 0 ? json_real(e->ms) : json_null(), "error",
                                              fer_json_number(e->error), "refusal", e->refusal[0] ? e->refusal : NULL));
    }
    return json_pack("{s:s, s:s, s:i, s:s?, s:f, s:f, s:f, s:o}", "work", problem->solved->work, "shape",
                     problem->solved->shape, "calls", problem->calls, "solution", best ? best->text : NULL, "ms",
                     best ? best->ms : 0, "first_ms", contest->first_ms, "gain",
                     best && contest->first_ms > 0 ? contest->first_ms / best->ms : 1, "solutions", solutions);
}

static void tell(const struct tune *t, const struct problem *problem, const struct fer_contest *contest)
{
    const struct fer_entrant *best = contest->best >= 0 ? &contest->entrants[contest->best] : NULL;
    struct fer_tune_progress progress = { .work = problem->solved->work,
                                          .shape = problem->solved->shape,
                                          .done = t->known + t->tuned,
                                          .problems = t->count,
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
        fer_json_append(&t->results, result_json(problem, &contest));
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
                                   w->batch, "file", fer_json_string(fer_tuning_file(t->tuning)), "problems", t->count,
                                   "known", t->known, "tuned", t->tuned, "left", t->count - t->known - t->tuned,
                                   "seconds", fer_meter_now() - t->began, "first_ms", t->first_ms, "tuned_ms",
                                   t->tuned_ms, "results", t->results),
                         json, err);
}

static enum fer_status open_all(struct tune *t, const char *path, struct fer_error *err)
{
    const struct fer_tune_options *o = t->options;
    const char *file = o->file ? o->file : t->context->tune;
    const struct fer_bench_options bench = {
        .settings = o->settings, .text = o->text, .batch = o->batch, .training = o->training
    };
    enum fer_status status;

    if (!file)
        return fer_fail(err, FER_EINVAL, "there is no place for measurements: name a file, or set FER_TUNE or HOME");
    status = fer_tuning_open(file, &t->tuning, err);
    if (status == FER_OK)
        status = fer_workload_open(t->context, path, &bench, &t->work, err);
    if (status == FER_OK)
        status = list_problems(t, err);
    return status == FER_OK ? weigh(t, err) : status;
}

enum fer_status fer_tune(struct fer_context *context, const char *path, const struct fer_tune_options *options,
                         char **json, struct fer_error *err)
{
    static const struct fer_tune_options none;
    struct tune t = { .context = context, .options = options ? options : &none, .began = fer_meter_now() };
    struct fer_error own = FER_ERROR_INIT;
    enum fer_status status;

    *json = NULL;
    t.results = json_array();
    status = open_all(&t, path, err);
    if (status == FER_OK)
        status = tune_all(&t, err);
    if (status == FER_OK || status == FER_EINTERRUPTED) {
        enum fer_status told = report(&t, path, json, &own);

        if (status == FER_OK && told != FER_OK)
            status = fer_fail(err, told, "%s", own.text);
    }
    if (t.work.description)
        fer_workload_close(&t.work);
    json_decref(t.results);
    free(t.problems);
    fer_tuning_free(t.tuning);
    fer_context_tune(context);
    return status;
}
