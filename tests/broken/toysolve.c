/* SPDX-License-Identifier: Apache-2.0
 *
 * Layers with several solvers, of which some are deliberate mistakes; unit-tune.c links this to toysolve.so.
 *
 *   toy_double   y = 2 x.  fine, with a number to turn; wrong, the fastest of all, which does half of the work; broken,
 *                which does not compile; plain
 *   toy_late     likewise; late and later are wrong past the first sample of 37 elements, and plain costs so much that
 * it is asked for that one alone toy_first    the same, with the right one first toy_near     likewise; near is a
 * quarter of a percent too large toy_hidden   a solver that launches a kernel out of a source that it does not name
 */
#include <fer/plugin.h>

static const char fine_cl[] =
    "__kernel void fine(FER_IN(x), FER_OUT(y), const int step)\n{\n"
    "    for (size_t i = get_global_id(0) * step; i < min((get_global_id(0) + 1) * step, SIZE(y)); i++)\n"
    "        DATA(y)[i] = 2.0f * DATA(x)[i];\n}\n";
static const char wrong_cl[] = "__kernel void wrong(FER_IN(x), FER_OUT(y), const int step)\n{\n"
                               "    const size_t i = get_global_id(0);\n"
                               "    if (i < SIZE(y))\n        DATA(y)[i] = i % 2 ? 2.0f * DATA(x)[i] : 0.0f;\n}\n";
static const char broken_cl[] = "__kernel void broken(FER_IN(x), FER_OUT(y), const int step)\n{\n    nonsense;\n}\n";
static const char plain_cl[] = "__kernel void plain(FER_IN(x), FER_OUT(y), const int step)\n{\n"
                               "    const size_t i = get_global_id(0);\n"
                               "    if (i < SIZE(y))\n        DATA(y)[i] = DATA(x)[i] + DATA(x)[i];\n}\n";
static const char late_cl[] = "__kernel void late(FER_IN(x), FER_OUT(y), const int step)\n{\n"
                              "    const size_t i = get_global_id(0);\n"
                              "    if (i < SIZE(y))\n        DATA(y)[i] = i < 37 ? 2.0f * DATA(x)[i] : 0.0f;\n}\n";
static const char later_cl[] = "__kernel void later(FER_IN(x), FER_OUT(y), const int step)\n{\n"
                               "    const size_t i = get_global_id(0);\n"
                               "    if (i < SIZE(y))\n        DATA(y)[i] = i < 37 ? 2.0f * DATA(x)[i] : 0.0f;\n}\n";
static const char near_cl[] = "__kernel void near(FER_IN(x), FER_OUT(y), const int step)\n{\n"
                              "    const size_t i = get_global_id(0);\n"
                              "    if (i < SIZE(y))\n        DATA(y)[i] = 2.005f * DATA(x)[i];\n}\n";

static const struct fer_tunable *const fine_tunables[] = { FER_TUNABLE("step", "elements of a work-item", 1, 4, 64),
                                                           NULL };
#define SOLVER(name_, tunables_)                                                                                       \
    static const struct fer_solver name_##_solver = { sizeof(struct fer_solver), #name_, "a toy",                      \
                                                      (const char *const[]){ name_##_cl, NULL }, tunables_ }
SOLVER(fine, fine_tunables);
SOLVER(wrong, NULL);
SOLVER(broken, NULL);
SOLVER(plain, NULL);
SOLVER(late, NULL);
SOLVER(later, NULL);
SOLVER(near, NULL);
static const struct fer_solver hidden_solver = { sizeof(struct fer_solver), "hidden", "a toy",
                                                 (const char *const[]){ plain_cl, NULL }, NULL };

static enum fer_status shape(struct fer_op *op, struct fer_error *err)
{
    (void)err;
    fer_op_output(op, 0, fer_op_input(op, 0));
    return FER_OK;
}

static struct fer_launch *launch(struct fer_emit *em, const char *source, const char *kernel, int step)
{
    struct fer_launch *l = fer_emit_launch(em, source, kernel, NULL);
    fer_launch_in(l, "x", fer_emit_input(em, 0));
    fer_launch_out(l, "y", fer_emit_output(em, 0));
    fer_launch_int(l, step);
    fer_launch_range_1d(l, fer_extent_each(fer_emit_output(em, 0)));
    return l;
}

/* flops: of the plain one, for all samples */
static enum fer_status forward_at(struct fer_emit *em, const struct fer_solver *const *solvers, double flops)
{
    struct fer_launch *l;
    const struct fer_solution *s = fer_emit_solve(em, &(struct fer_problem){ .size = sizeof(struct fer_problem),
                                                                             .work = "forward",
                                                                             .shape = "toy",
                                                                             .solvers = solvers,
                                                                             .tolerance = 1e-5 });
    const struct fer_solver *solver = solvers[s->solver];
    l = launch(em, solver->sources[0], solver->name, solver == &fine_solver ? s->values[0] : 1);
    if (solver == &plain_solver && flops > 0)
        fer_launch_cost(l, flops, 0);
    fer_emit_solved(em);
    return FER_OK;
}

static enum fer_status forward(struct fer_emit *em, const struct fer_solver *const *solvers)
{
    return forward_at(em, solvers, 0);
}

static enum fer_status forward_double(struct fer_emit *em, struct fer_error *err)
{
    const struct fer_solver *const solvers[] = { &fine_solver, &wrong_solver, &broken_solver, &plain_solver, NULL };
    (void)err;
    return forward(em, solvers);
}

/* What others are compared with does not run. */
static enum fer_status forward_last(struct fer_emit *em, struct fer_error *err)
{
    const struct fer_solver *const solvers[] = { &fine_solver, &wrong_solver, &plain_solver, &broken_solver, NULL };
    (void)err;
    return forward(em, solvers);
}

static enum fer_status forward_late(struct fer_emit *em, struct fer_error *err)
{
    const struct fer_solver *const solvers[] = { &late_solver, &later_solver, &fine_solver, &plain_solver, NULL };
    (void)err;
    return forward_at(em, solvers, 3e9);
}

static enum fer_status forward_first(struct fer_emit *em, struct fer_error *err)
{
    const struct fer_solver *const solvers[] = { &fine_solver, &late_solver, &later_solver, &plain_solver, NULL };
    (void)err;
    return forward_at(em, solvers, 3e9);
}

static enum fer_status forward_near(struct fer_emit *em, struct fer_error *err)
{
    const struct fer_solver *const solvers[] = { &near_solver, &fine_solver, &plain_solver, NULL };
    (void)err;
    return forward(em, solvers);
}

static enum fer_status forward_hidden(struct fer_emit *em, struct fer_error *err)
{
    const struct fer_solver *const solvers[] = { &hidden_solver, NULL };
    (void)err;
    fer_emit_solve(em, &(struct fer_problem){ .size = sizeof(struct fer_problem),
                                              .work = "forward",
                                              .shape = "toy",
                                              .solvers = solvers,
                                              .tolerance = 1e-5 });
    launch(em, fine_cl, "fine", 1);
    fer_emit_solved(em);
    return FER_OK;
}

static enum fer_status forward_shapeless(struct fer_emit *em, struct fer_error *err)
{
    const struct fer_solver *const solvers[] = { &plain_solver, NULL };
    (void)err;
    fer_emit_solve(em, &(struct fer_problem){ .size = sizeof(struct fer_problem),
                                              .work = "forward",
                                              .shape = "two\nlines",
                                              .solvers = solvers,
                                              .tolerance = 1e-5 });
    launch(em, plain_cl, "plain", 1);
    return FER_OK;
}

#define LAYER(name_, forward_)                                                                                         \
    static const struct fer_layer name_ = { .size = sizeof(struct fer_layer),                                          \
                                            .name = #name_,                                                            \
                                            .help = "a toy",                                                           \
                                            .inputs_min = 1,                                                           \
                                            .inputs_max = 1,                                                           \
                                            .outputs_min = 1,                                                          \
                                            .outputs = 1,                                                              \
                                            .shape = shape,                                                            \
                                            .forward = forward_ }
LAYER(toy_double, forward_double);
LAYER(toy_last, forward_last);
LAYER(toy_late, forward_late);
LAYER(toy_first, forward_first);
LAYER(toy_near, forward_near);
LAYER(toy_hidden, forward_hidden);
LAYER(toy_shapeless, forward_shapeless);
static const struct fer_layer *const layers[] = { &toy_double, &toy_last,   &toy_late,      &toy_first,
                                                  &toy_near,   &toy_hidden, &toy_shapeless, NULL };

FER_PLUGIN(toysolve){ FER_PLUGIN_HEAD(toysolve), .version = "1.0.0", .license = "Apache-2.0", .help = "toys",
                      .layers = layers };
