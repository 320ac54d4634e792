/* SPDX-License-Identifier: Apache-2.0
 *
 * Several ways to do the same work.  A layer that has more than one states the problem while it emits and lists the
 * solvers that apply; the core answers which of them to emit: what was measured to be the fastest here (`fer tune`), or
 * else the first.
 *
 *     const struct fer_solver *const solvers[] = { &tiled, &plain, NULL };
 *     const struct fer_solution *s = fer_emit_solve(em, &(struct fer_problem){ .size = sizeof(struct fer_problem),
 *         .work = "product", .shape = "8x512 512x1000", .solvers = solvers, .tolerance = 1e-4 });
 *     if (solvers[s->solver] == &tiled)
 *         emit_tiled(em, s->values[0]);
 *     …
 *     fer_emit_solved(em);
 *
 * Whatever is answered, the result must be the same within the problem's tolerance: a tuner compares.
 *
 * A problem whose `kind` and `detail` say it as data (fer/problem.h) may also be solved by other plugins, by what
 * stands in their `solvers`: then the answer's solver is FER_SOLVED, and there is nothing left to emit.
 */
#ifndef FER_SOLVER_H
#define FER_SOLVER_H

#include <fer/op.h>
#include <fer/problem.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FER_TUNABLES 8 /* of a solver, at most */
#define FER_SOLVERS 32 /* of a problem, at most */

/* A number that may be turned: the size of a tile, the number of parts. */
struct fer_tunable {
    size_t size;
    const char *name, *help;
    const int *values; /* what is worth a try; the first is taken where nothing was measured */
    int count;         /* at least 1 */
};
/* FER_TUNABLE("rows", "of a work-item", 8, 4, 16) */
#define FER_TUNABLE(name_, help_, ...)                                                                                 \
    &(const struct fer_tunable)                                                                                        \
    {                                                                                                                  \
        sizeof(struct fer_tunable), name_, help_, (const int[]){ __VA_ARGS__ },                                        \
            (int)(sizeof((const int[]){ __VA_ARGS__ }) / sizeof(int))                                                  \
    }

/* One way.  Names are words of letters, digits and underscores. */
struct fer_solver {
    size_t size;
    const char *name, *help;
    const char *const *sources;                /* of all kernels that it launches, NULL-terminated: a measurement is
                                                  worth nothing once one of them has changed */
    const struct fer_tunable *const *tunables; /* NULL-terminated; NULL: none */
};

/* What is to be done.  Texts are copied, the rest has static lifetime or that of the plugin. */
struct fer_problem {
    size_t size;
    const char *work;  /* a word or two, "forward"; tells apart the problems of one layer */
    const char *shape; /* all sizes and layouts that matter, on one line of at most 200 characters */
    const struct fer_solver *const *solvers; /* those that apply, NULL-terminated (the array itself may be local): the
                                                first is what heuristics take; the last is the plainest, against which
                                                others are checked */
    enum fer_dtype dtype;                    /* that it computes with */
    double tolerance;                        /* of results, relative in the Euclidean norm */
    enum fer_problem_kind kind;              /* FER_PROBLEM_OTHER: only its own solvers count, and the rest is NULL */
    const void *detail;                      /* the struct of that kind */
    const char *wanted; /* the solver that the user asked for: "tiled", or another plugin's, "plugin.name"; taken
                           where it applies.  NULL: none */
};

#define FER_SOLVED (-1) /* fer_solution.solver: another plugin's solver was chosen and has emitted all launches */

struct fer_solution {
    size_t size;
    int solver;               /* index into the problem's solvers; FER_SOLVED where the problem has a kind */
    int values[FER_TUNABLES]; /* of its tunables, in their order */
};

/* Which solver to emit, with which values.  Launches that follow, up to fer_emit_solved or the end of the callback, are
 * the solution: they are labelled with it and timed together.  Never NULL; valid until the next call.  A problem that
 * is not well formed, and a launch of a kernel out of a source that the solver does not name, are FER_EPLUGIN when the
 * callback returns. */
FER_API const struct fer_solution *fer_emit_solve(struct fer_emit *em, const struct fer_problem *problem);
/* The last launch of the solution has been emitted. */
FER_API void fer_emit_solved(struct fer_emit *em);

/* A solver for problems that other plugins pose: an entry of a plugin's `solvers`.  It counts whether a description
 * uses the plugin or not, under the name PLUGIN.NAME.  Stateless; the callbacks run on the thread that compiles.
 *
 * `fer tune` measures it beside the problem's own solvers and throws it out where its result is not that of the
 * plainest.  Without measurements a preferred one is taken wherever it applies (of several the first, in the order in
 * which plugins are found and of their tables), any other never.  `--without solvers` leaves all of them out. */
struct fer_added_solver {
    size_t size;
    const struct fer_solver *solver;
    enum fer_problem_kind kind; /* that it solves */
    bool preferred;             /* better than a problem's own solvers wherever it applies */
    enum fer_products products; /* how it rounds what it multiplies: it is left out unless the user allowed that */
    double tolerance;           /* where it rounds, the error that this causes at most, relative in the Euclidean norm;
                                   else 0: that of the problem */
    /* Whether it can do this on this device (fer_emit_device, fer_emit_profile), all of it: bias, sum, activation. */
    bool (*applicable)(const struct fer_emit *em, const void *detail);
    /* Emit the launches; values of the tunables in their order. */
    void (*emit)(struct fer_emit *em, const void *detail, const int *values);
};

/* Whether a plugin adds a solver called "plugin.name" for that kind of problem, applicable or not; for a layer that
 * checks what the user asked for, while shapes are found. */
FER_API bool fer_op_solver_exists(const struct fer_op *op, enum fer_problem_kind kind, const char *name);

#ifdef __cplusplus
}
#endif
#endif
