/* SPDX-License-Identifier: Apache-2.0
 *
 * fer/solver.h: problems, and who chooses their solvers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "compile/emit.h"
#include "compile/solvers.h"
#include "prelude_cl.h"
#include "run/tuning.h"

enum { SHAPE_LIMIT = 200 };

/* ---- what a plugin says ---- */

static bool is_line(const char *text, size_t limit)
{
    if (!text || !*text || strlen(text) > limit)
        return false;
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || (unsigned char)*text > '~')
            return false;
    return true;
}

/* Whether the struct that says a problem as data is there. */
static bool has_detail(const struct fer_problem *p)
{
    static const size_t sizes[] = {
        [FER_PROBLEM_PRODUCT] = sizeof(struct fer_product), [FER_PROBLEM_CONVOLUTION] = sizeof(struct fer_convolution)
    };
    if (p->size < offsetof(struct fer_problem, detail) + sizeof(p->detail) || p->kind == FER_PROBLEM_OTHER)
        return true;
    return (size_t)p->kind < sizeof(sizes) / sizeof(sizes[0]) && p->detail &&
           *(const size_t *)p->detail >= sizes[p->kind];
}

static bool check(struct fer_emit *em, const struct fer_problem *p)
{
    int count = 0;
    if (em->solving) {
        fer_emit_fail(em, FER_EPLUGIN, "a solver that another plugin adds poses a problem, '%s'",
                      is_line(p->work, 40) ? p->work : "?");
        return false;
    }
    if (!is_line(p->work, 40) || !is_line(p->shape, SHAPE_LIMIT) || !p->solvers || !p->solvers[0] ||
        !(p->tolerance > 0)) {
        fer_emit_fail(em, FER_EPLUGIN, "a problem lacks its work, its shape, a solver or a tolerance");
        return false;
    }
    if (!has_detail(p)) {
        fer_emit_fail(em, FER_EPLUGIN, "the problem '%s' does not say its details as its kind does", p->work);
        return false;
    }
    for (; p->solvers[count]; count++)
        if (count == FER_SOLVERS || !fer_solver_is_sound(p->solvers[count])) {
            fer_emit_fail(em, FER_EPLUGIN, "solver %d of '%s' has no proper name, sources or tunables", count + 1,
                          p->work);
            return false;
        }
    return true;
}

/* ---- keys ---- */

static void hash_text(XXH3_state_t *state, const char *text)
{
    XXH3_64bits_update(state, text, strlen(text) + 1);
}

/* All that decides how fast the candidates are and which there are. */
static bool hash_kernels(const struct fer_solved *solved, uint64_t *hash)
{
    XXH3_state_t *state = XXH3_createState();
    if (!state)
        return false;
    XXH3_64bits_reset(state);
    hash_text(state, fer_prelude_cl);
    for (int i = 0; i < solved->nsolvers; i++) {
        const struct fer_solver *solver = solved->solvers[i];
        hash_text(state, solved->names[i]);
        for (const char *const *s = solver->sources; *s; s++)
            hash_text(state, *s);
        for (int t = 0; t < fer_solver_tunables(solver); t++) {
            hash_text(state, solver->tunables[t]->name);
            XXH3_64bits_update(state, solver->tunables[t]->values, (size_t)solver->tunables[t]->count * sizeof(int));
        }
    }
    *hash = XXH3_64bits_digest(state);
    XXH3_freeState(state);
    return true;
}

/* What a problem computes with, and as what maps lie in memory where that is not the same. */
static const char *type_of(const struct fer_solved *solved)
{
    const enum fer_precision maps = fer_precision_maps(solved->precision);
    return solved->dtype != FER_F32 || maps == FER_FP32 ? fer_dtype_name(solved->dtype)
           : maps == FER_FP16                           ? "f32/fp16"
                                                        : "f32/bf16";
}

struct fer_tuned fer_solved_key(const struct fer_solved *solved, const struct fer_device *device)
{
    struct fer_tuned key = { .device = device->tuned_as, .driver = device->driver };
    key.type = type_of(solved);
    key.mode = solved->trains ? "train" : "infer";
    key.work = solved->work;
    key.shape = solved->shape;
    key.kernels = solved->kernels;
    return key;
}

uint64_t fer_solved_digest(const struct fer_program *program)
{
    XXH64_hash_t digest = 0;
    for (int i = 0; i < program->nsolved; i++) {
        const struct fer_solved *solved = program->solved[i];
        char text[512];
        int length = snprintf(text, sizeof text, "%s\t%s\t", solved->work, solved->shape);
        if (solved->chooser != FER_CHOSEN_TUNED || length < 0 || (size_t)length >= sizeof text)
            continue;
        fer_solution_text(solved, &solved->solution, text + length, sizeof text - (size_t)length);
        digest = XXH3_64bits_withSeed(text, strlen(text), digest);
    }
    return digest;
}

const char *fer_chooser_name(enum fer_chooser chooser)
{
    return chooser == FER_CHOSEN_TUNED ? "tuned" : chooser == FER_CHOSEN_FORCED ? "forced" : "first";
}

void fer_solution_default(const struct fer_solver *solver, struct fer_solution *out)
{
    for (int t = 0; t < FER_TUNABLES; t++)
        out->values[t] = t < fer_solver_tunables(solver) ? solver->tunables[t]->values[0] : 0;
}

void fer_solution_text(const struct fer_solved *solved, const struct fer_solution *solution, char *text, size_t size)
{
    const struct fer_solver *solver = solved->solvers[solution->solver];
    size_t at = (size_t)snprintf(text, size, "%s", solved->names[solution->solver]);
    for (int t = 0; t < fer_solver_tunables(solver) && at < size; t++)
        if (solution->values[t] != solver->tunables[t]->values[0])
            at += (size_t)snprintf(text + at, size - at, " %s=%d", solver->tunables[t]->name, solution->values[t]);
}

/* A value that the solver offers. */
static bool parse_value(const struct fer_solver *solver, const char *text, size_t length, struct fer_solution *out)
{
    for (int t = 0; t < fer_solver_tunables(solver); t++) {
        const struct fer_tunable *tunable = solver->tunables[t];
        const size_t name = strlen(tunable->name);
        if (name + 1 >= length || strncmp(text, tunable->name, name) != 0 || text[name] != '=')
            continue;
        out->values[t] = atoi(text + name + 1);
        for (int i = 0; i < tunable->count; i++)
            if (tunable->values[i] == out->values[t])
                return true;
        return false;
    }
    return false;
}

bool fer_solution_parse(const struct fer_solved *solved, const char *text, struct fer_solution *out)
{
    size_t length = strcspn(text, " ");
    *out = (struct fer_solution){ .size = sizeof(*out), .solver = -1 };
    for (int i = 0; i < solved->nsolvers && out->solver < 0; i++)
        if (strlen(solved->names[i]) == length && strncmp(solved->names[i], text, length) == 0)
            out->solver = i;
    if (out->solver < 0)
        return false;
    fer_solution_default(solved->solvers[out->solver], out);
    for (text += length; *text; text += length) {
        text += *text == ' ';
        length = strcspn(text, " ");
        if (!parse_value(solved->solvers[out->solver], text, length, out))
            return false;
    }
    return true;
}

double fer_solved_tolerance(const struct fer_solved *solved, int solver)
{
    const struct fer_added_solver *added = solved->added[solver];
    return added && added->tolerance > solved->tolerance ? added->tolerance : solved->tolerance;
}

bool fer_solved_rounds(const struct fer_solved *solved)
{
    const struct fer_added_solver *added = solved->added[solved->solution.solver];
    return added && added->products != FER_PRODUCTS_FULL;
}

/* ---- who chooses ---- */

static void say_ignored(const struct fer_compile_options *o, const struct fer_solved *solved, const char *why)
{
    char text[512];
    if (!o->detail)
        return;
    snprintf(text, sizeof text, "%s %s: was tuned for another %s, which says nothing here; run fer tune", solved->work,
             solved->shape, strcmp(why, "kernels") == 0 ? "version of the kernels" : why);
    o->detail(o->user, text);
}

static void choose_tuned(const struct fer_compiler *c, struct fer_solved *solved)
{
    const struct fer_compile_options *o = c->options;
    const struct fer_tuned key = fer_solved_key(solved, c->store->device);
    struct fer_solution tuned;
    const char *why;
    const struct fer_tuned *line = fer_tuning_find(o->tuning, &key, &why);
    if (line && fer_solution_parse(solved, line->solution, &tuned)) {
        solved->solution = tuned;
        solved->chooser = FER_CHOSEN_TUNED;
    } else if (line || why) {
        say_ignored(o, solved, line ? "kernels" : why);
    }
}

static void choose(const struct fer_compiler *c, struct fer_solved *solved)
{
    const struct fer_compile_options *o = c->options;
    solved->solution = (struct fer_solution){ .size = sizeof(solved->solution) };
    fer_solution_default(solved->solvers[0], &solved->solution);
    if (o && o->forced && strcmp(o->forced->work, solved->work) == 0 && strcmp(o->forced->shape, solved->shape) == 0) {
        solved->solution = o->forced->solution;
        solved->chooser = FER_CHOSEN_FORCED;
    } else if (o && o->tuning && !(o->without & FER_PASS_TUNE)) {
        choose_tuned(c, solved);
    }
}

static struct fer_solved *record(struct fer_emit *em, const struct fer_problem *p)
{
    struct fer_program *program = em->c->program;
    struct fer_arena *arena = program->arena;
    struct fer_solved *solved = fer_arena_alloc(arena, sizeof(*solved));
    struct fer_solved **all =
        fer_arena_grow(arena, program->solved, program->nsolved, &program->solved_capacity, sizeof(*all));
    if (!solved || !all)
        return NULL;
    solved->work = fer_arena_printf(arena, "%s %s",
                                    em->op      ? em->op->layer->name
                                    : em->owner ? em->owner
                                                : "core",
                                    p->work);
    solved->shape = fer_arena_strdup(arena, p->shape);
    solved->dtype = p->dtype;
    solved->tolerance = p->tolerance;
    solved->trains = em->c->trains;
    solved->op = em->op;
    solved->pass = em->pass;
    if (em->c->options) {
        solved->without = em->c->options->without;
        solved->precision = em->c->options->precision;
    }
    if (!solved->work || !solved->shape || fer_solvers_find(em, p, solved) != FER_OK ||
        !hash_kernels(solved, &solved->kernels))
        return NULL;
    choose(em->c, solved);
    solved->index = program->nsolved;
    program->solved = all;
    all[program->nsolved++] = solved;
    return solved;
}

const struct fer_solution *fer_emit_solve(struct fer_emit *em, const struct fer_problem *problem)
{
    struct fer_compiler *c = em->c;
    struct fer_solved *solved;
    c->solution = (struct fer_solution){ .size = sizeof(c->solution) };
    em->solved = NULL;
    if (!check(em, problem))
        return &c->solution;
    fer_solution_default(problem->solvers[0], &c->solution);
    solved = record(em, problem);
    if (!solved) {
        fer_emit_fail(em, FER_ENOMEM, "out of memory while compiling");
        return &c->solution;
    }
    em->solved = solved;
    c->solution = solved->solution;
    const struct fer_added_solver *added = solved->added[solved->solution.solver];
    if (added) {
        em->solving = true;
        added->emit(em, problem->detail, solved->solution.values);
        em->solving = false;
    }
    c->solution.solver = added ? FER_SOLVED : solved->solution.solver - solved->first_own;
    return &c->solution;
}

void fer_emit_solved(struct fer_emit *em)
{
    em->solved = NULL;
}
