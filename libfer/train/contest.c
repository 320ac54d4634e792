/* SPDX-License-Identifier: Apache-2.0 */
#include "train/entrant.h"

#include <stdio.h>
#include <stdlib.h>

#include "train/meter.h"

enum {
    RUNS = 5,
    MOST_RUNS = 15, /* where the two least do not agree */
    ROUNDS = 7,
    MOST_ROUNDS = 40,
    OUT_OF_SIGHT = 4, /* times the best: two runs are enough … */
    HOPELESS = 16,    /* … one, on few samples */
    MOST_ENTRANTS = 256
};
static const double reference_flops = 1e9; /* that the plainest solver may have to do */
static const double near = 1.5;            /* times the best at most, for a solver's numbers to be turned */
static const double agree = 1.05;          /* the second least run may be so many times the least */
static const double tied = 1.03;           /* times the best: measured again, alternating */
static const double worth = 1.01;          /* times the best: as good as equal */
static const double tuned_step = 1.01;     /* a number's value is kept when it is so many times faster */

enum { SOME, ALL, ANSWERS }; /* which answers: of some of the samples, of a full batch */

static bool is_over(const struct fer_contest *c)
{
    return (c->stop && *c->stop) || (c->deadline > 0 && fer_meter_now() > c->deadline);
}

/* ---- entrants ---- */

/* Whether more runs would hardly say anything else: elsewhere the machine is busy with other work. */
static bool is_settled(const struct fer_entrant *e, int least)
{
    return e->runs >= least && e->second <= agree * e->ms;
}

static enum fer_status measure(struct fer_contest *c, struct fer_entrant *e, struct fer_error *err)
{
    double best = c->best >= 0 ? c->entrants[c->best].ms : 0;
    enum fer_status status = FER_OK;

    e->runs = 0;
    while (e->runs < MOST_RUNS && !is_settled(e, RUNS) && status == FER_OK) {
        status = fer_entrant_run(c, e, err);
        if (best > 0 && e->runs > 1 && e->ms > OUT_OF_SIGHT * best)
            break;
    }
    return status;
}

/* Only those that may still win keep their memory. */
static void sort_out(struct fer_contest *c)
{
    for (int i = 0; i < c->count; i++) {
        struct fer_entrant *e = &c->entrants[i];

        if (e->alone && i != 0 && i != c->best && c->best >= 0 && e->ms > tied * c->entrants[c->best].ms)
            fer_entrant_leave(e);
    }
}

/* What goes wrong with one solution is its own fault, unless memory or the device is gone. */
static enum fer_status refuse(struct fer_entrant *e, enum fer_status status, const struct fer_error *why,
                              struct fer_error *err)
{
    if (status == FER_OK || status == FER_EBUILD || status == FER_EPLUGIN || status == FER_EINVAL ||
        status == FER_ENOMEM || status == FER_ESHAPE) {
        if (status != FER_OK)
            snprintf(e->refusal, sizeof(e->refusal), "it does not run: %.220s", why->text);
        return FER_OK;
    }
    return fer_fail(err, status, "%s", why->text);
}

/* ---- where two disagree on the full batch ---- */

/* Compare again with both answers; times stay. */
static enum fer_status judge(struct fer_contest *c, struct fer_entrant *e, struct fer_error *err)
{
    const double ms = e->ms;
    enum fer_status status = e->alone ? FER_OK : fer_entrant_prepare(c, e, err);

    e->error = 0;
    e->refusal[0] = '\0';
    if (status == FER_OK)
        status = fer_entrant_check(c, e, &c->answers[SOME], err);
    if (status == FER_OK && !e->refusal[0])
        status = fer_entrant_check(c, e, &c->answers[ALL], err);
    e->ms = ms;
    return status;
}

/* Whoever was in before: some of them may be out now, and another the best. */
static enum fer_status judge_earlier(struct fer_contest *c, const struct fer_entrant *newest, struct fer_error *err)
{
    enum fer_status status = FER_OK;

    c->best = -1;
    for (int i = 0; &c->entrants[i] != newest && status == FER_OK; i++) {
        struct fer_error own = FER_ERROR_INIT;
        struct fer_entrant *e = &c->entrants[i];

        if (e->refusal[0])
            continue;
        status = judge(c, e, &own);
        if (status == FER_OK && !e->refusal[0] && e->runs == 0) /* it had seemed hopeless */
            status = measure(c, e, &own);
        status = refuse(e, status, &own, err);
        if (e->refusal[0])
            fer_entrant_leave(e);
        else if (c->best < 0 || e->ms < c->entrants[c->best].ms)
            c->best = i;
        sort_out(c);
    }
    return status;
}

/* The newest has another result than the first that was right on some samples: either may be wrong on the rest. */
static enum fer_status appeal(struct fer_contest *c, struct fer_entrant *newest, struct fer_error *err)
{
    struct fer_entrant asked = { .solution = { .size = sizeof(struct fer_solution), .solver = c->referee } };
    struct fer_answer answer = { .live = c->answers[ALL].live };
    struct fer_error own = FER_ERROR_INIT;
    enum fer_status status;

    c->decided = true;
    fer_solution_default(c->problem->solvers[c->referee], &asked.solution);
    status = fer_entrant_prepare(c, &asked, &own);
    if (status == FER_OK)
        status = fer_entrant_check(c, &asked, &answer, &own);
    fer_entrant_leave(&asked);
    if (status != FER_OK) /* nobody knows better */
        return refuse(&asked, status, &own, err);
    free(c->answers[ALL].values);
    c->answers[ALL] = answer;
    status = judge_earlier(c, newest, err);
    return status == FER_OK ? judge(c, newest, err) : status;
}

static enum fer_status check_all(struct fer_contest *c, struct fer_entrant *e, struct fer_error *err)
{
    enum fer_status status = fer_entrant_check(c, e, &c->answers[ALL], err);

    return status == FER_OK && e->refusal[0] && !c->decided ? appeal(c, e, err) : status;
}

/* ---- everybody in turn ---- */

/* Check and time one solution; *out is its place. */
static enum fer_status enter(struct fer_contest *c, const struct fer_solution *solution, int *out,
                             struct fer_error *err)
{
    struct fer_error own = FER_ERROR_INIT;
    double best = c->best >= 0 ? c->entrants[c->best].ms : 0;
    struct fer_entrant *e;
    enum fer_status status;
    bool hopeless;

    *out = -1;
    if (is_over(c))
        return fer_fail(err, FER_EINTERRUPTED, "stopped before all solutions had run");
    if (c->count == MOST_ENTRANTS)
        return FER_OK;
    e = &c->entrants[ *out = c->count++];
    *e = (struct fer_entrant){ .solution = *solution };
    fer_solution_text(c->problem, solution, e->text, sizeof(e->text));
    status = fer_entrant_prepare(c, e, &own);
    if (status == FER_OK)
        status = fer_entrant_check(c, e, &c->answers[SOME], &own);
    hopeless = best > 0 && e->ms > HOPELESS * best && !c->everything;
    if (status == FER_OK && !e->refusal[0] && !hopeless && c->answers[ALL].live > 0)
        status = check_all(c, e, &own);
    if (status == FER_OK && !e->refusal[0] && !hopeless)
        status = measure(c, e, &own);
    status = refuse(e, status, &own, err);
    if (e->refusal[0])
        fer_entrant_leave(e);
    else if (c->best < 0 || e->ms < c->entrants[c->best].ms)
        c->best = *out;
    sort_out(c);
    return status;
}

/* One solver says what is right, on as many samples as it can do. */
static enum fer_status ask(struct fer_contest *c, int solver, struct fer_error *err)
{
    struct fer_entrant asked = { .solution = { .size = sizeof(struct fer_solution), .solver = solver } };
    double flops;
    enum fer_status status;

    fer_solution_default(c->problem->solvers[solver], &asked.solution);
    status = fer_entrant_prepare(c, &asked, err);
    if (status == FER_OK) {
        flops = asked.alone->flops;
        c->answers[SOME].live = flops > reference_flops ? (int)(c->capacity * (reference_flops / flops)) : c->capacity;
        c->answers[SOME].live = c->answers[SOME].live < 1 ? 1 : c->answers[SOME].live;
        c->answers[ALL].live = c->answers[SOME].live < c->capacity ? c->capacity : 0;
        status = fer_entrant_check(c, &asked, &c->answers[SOME], err);
    }
    fer_entrant_leave(&asked);
    return status;
}

/* The plainest; where it does not run, the one before it, as long as it is one of the layer's own. */
static int least_own(const struct fer_solved *solved)
{
    return solved->first_own < solved->nsolvers ? solved->first_own : 0;
}

static enum fer_status ask_reference(struct fer_contest *c, struct fer_error *err)
{
    enum fer_status status = FER_EPLUGIN;

    for (int solver = c->problem->plainest, first = least_own(c->problem); solver >= first && status != FER_OK;
         solver--) {
        struct fer_error own = FER_ERROR_INIT;
        struct fer_entrant refused = { 0 };

        c->referee = solver;
        status = ask(c, solver, &own);
        if (refuse(&refused, status, &own, err) != FER_OK)
            return status;
        if (status != FER_OK && solver == first)
            return fer_fail(err, status, "%s", own.text);
    }
    return FER_OK;
}

/* ---- numbers ---- */

/* From a solver's first values, one number after the other: every value, the fastest stays. */
static enum fer_status turn(struct fer_contest *c, int start, struct fer_error *err)
{
    const struct fer_solver *solver = c->problem->solvers[c->entrants[start].solution.solver];
    int current = start;
    enum fer_status status = FER_OK;

    for (int t = 0; solver->tunables && solver->tunables[t] && status == FER_OK; t++) {
        struct fer_solution base = c->entrants[current].solution;

        for (int v = 0; v < solver->tunables[t]->count && status == FER_OK; v++) {
            struct fer_solution next = base;
            int at;

            next.values[t] = solver->tunables[t]->values[v];
            if (next.values[t] == base.values[t])
                continue;
            status = enter(c, &next, &at, err);
            if (status == FER_OK && at >= 0 && !c->entrants[at].refusal[0] &&
                c->entrants[at].ms * tuned_step < c->entrants[current].ms)
                current = at;
        }
    }
    return status;
}

static enum fer_status turn_all(struct fer_contest *c, struct fer_error *err)
{
    enum fer_status status = FER_OK;
    int solvers = c->count;

    for (int i = 0; i < solvers && status == FER_OK; i++) {
        if (!c->entrants[i].refusal[0] && (c->everything || c->entrants[i].ms <= near * c->entrants[c->best].ms))
            status = turn(c, i, err);
    }
    return status;
}

/* ---- near-ties ---- */

static bool is_tied(const struct fer_contest *c, int i)
{
    const struct fer_entrant *e = &c->entrants[i];

    return e->alone && !e->refusal[0] && (i == 0 || e->ms <= tied * c->entrants[c->best].ms);
}

/* A round: what becomes slower does so for everybody. */
static enum fer_status play_round(struct fer_contest *c, const bool *in, int round, bool *settled,
                                  struct fer_error *err)
{
    enum fer_status status = FER_OK;

    *settled = true;
    for (int k = 0; k < c->count && status == FER_OK; k++) {
        int i = round % 2 ? c->count - 1 - k : k;

        if (!in[i])
            continue;
        status = fer_entrant_run(c, &c->entrants[i], err);
        *settled = *settled && is_settled(&c->entrants[i], ROUNDS);
    }
    if (status == FER_OK && is_over(c))
        status = fer_fail(err, FER_EINTERRUPTED, "stopped before near-ties were measured again");
    return status;
}

/* Run those that are near the best, and the heuristics' choice, in turn, and forget their earlier times. */
static enum fer_status play_off(struct fer_contest *c, struct fer_error *err)
{
    bool *in = calloc((size_t)c->count + 1, sizeof(bool)), settled = false;
    enum fer_status status = in ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory");

    for (int i = 0; i < c->count && status == FER_OK; i++)
        in[i] = is_tied(c, i);
    for (int i = 0; i < c->count && status == FER_OK; i++)
        c->entrants[i].runs = in[i] ? 0 : c->entrants[i].runs;
    for (int r = 0; r < MOST_ROUNDS && !settled && status == FER_OK; r++)
        status = play_round(c, in, r, &settled, err);
    for (int i = 0; i < c->count && status == FER_OK; i++) {
        if (in[i] && c->entrants[i].ms < c->entrants[c->best].ms)
            c->best = i;
    }
    free(in);
    return status;
}

/* Of those that are as good as equal the one that came first: heuristics, then the fewest turned numbers. */
static enum fer_status decide(struct fer_contest *c, struct fer_error *err)
{
    enum fer_status status = c->count > 1 ? play_off(c, err) : FER_OK;
    double least = c->entrants[c->best].ms;

    if (status != FER_OK)
        return status;
    c->first_ms = c->entrants[0].refusal[0] ? 0 : c->entrants[0].ms;
    for (int i = 0; i < c->best; i++) {
        const struct fer_entrant *e = &c->entrants[i];

        if (e->alone && !e->refusal[0] && e->ms < worth * least)
            c->best = i;
    }
    return FER_OK;
}

enum fer_status fer_contest_run(struct fer_contest *c, struct fer_error *err)
{
    enum fer_status status = FER_OK;
    int at;

    c->best = -1;
    c->entrants = calloc(MOST_ENTRANTS, sizeof(*c->entrants));
    c->answers = calloc(ANSWERS, sizeof(*c->answers));
    if (!c->entrants || !c->answers)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    status = ask_reference(c, err);
    for (int s = 0; s < c->problem->nsolvers && status == FER_OK; s++) {
        struct fer_solution solution = { .size = sizeof(solution), .solver = s };

        fer_solution_default(c->problem->solvers[s], &solution);
        status = enter(c, &solution, &at, err);
    }
    if (status == FER_OK && c->best >= 0 && c->tunables)
        status = turn_all(c, err);
    if (status == FER_OK && c->best >= 0)
        status = decide(c, err);
    return status;
}

void fer_contest_free(struct fer_contest *c)
{
    for (int i = 0; c->entrants && i < c->count; i++)
        fer_entrant_leave(&c->entrants[i]);
    for (int i = 0; c->answers && i < ANSWERS; i++)
        free(c->answers[i].values);
    free(c->entrants);
    free(c->answers);
    c->entrants = NULL;
    c->answers = NULL;
}
