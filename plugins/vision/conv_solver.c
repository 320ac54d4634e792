/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of solvers.  Where nothing was measured, `auto` takes the first that is applicable, so
 * the order of a table is the heuristic: what was found to be fastest where it applies stands first.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "conv.h"
#include "conv_epilogue_cl.h"

enum { EPILOGUE_CELLS = 512 }; /* of a work-item of conv_epilogue, at least */

static const struct conv_solver *const forward_solvers[] = {
    &conv_depthwise_forward,     &conv_grouped_forward,
    &conv_stem_forward,          &conv_winograd_forward,
    &conv_winograd_fine_forward, &conv_packed_forward,
    &conv_direct_forward,        &conv_winograd2_forward,
    &conv_implicit_forward,
#ifdef HAVE_CLBLAST
    &conv_clblast_forward,
#endif
    &conv_generic_forward,       NULL,
};
static const struct conv_solver *const data_solvers[] = {
    &conv_depthwise_data, &conv_grouped_data,
    &conv_winograd_data,  &conv_winograd_fine_data,
    &conv_direct_data,    &conv_winograd2_data,
    &conv_implicit_data,
#ifdef HAVE_CLBLAST
    &conv_clblast_data, /* for `fer tune` to try: it builds kernels of its own for seconds */
#endif
    &conv_generic_data,   NULL,
};
static const struct conv_solver *const weights_solvers[] = {
    &conv_depthwise_weights, &conv_grouped_weights,
    &conv_stem_weights,      &conv_winograd_weights,
    &conv_direct_weights,    &conv_winograd_fine_weights,
    &conv_winograd2_weights, &conv_implicit_weights,
    &conv_generic_weights,   NULL,
};

const struct conv_solver *const *conv_solvers(enum fer_convolution_pass pass)
{
    return pass == FER_CONVOLUTION_FORWARD ? forward_solvers
           : pass == FER_CONVOLUTION_DATA  ? data_solvers
                                           : weights_solvers;
}

bool conv_solver_exists(const struct fer_op *op, const char *name)
{
    for (int pass = 0; pass <= FER_CONVOLUTION_WEIGHTS; pass++)
        for (const struct conv_solver *const *s = conv_solvers((enum fer_convolution_pass)pass); *s; s++)
            if (strcmp((*s)->solver.name, name) == 0)
                return true;
    return fer_op_solver_exists(op, FER_PROBLEM_CONVOLUTION, name);
}

/* The solvers of a pass that apply and find memory, or only the one called `name` where it is one of them. */
struct candidates {
    const struct conv_solver *list[FER_SOLVERS];
    const struct fer_solver *solvers[FER_SOLVERS + 1];
    int count;
};

static void add_candidate(struct candidates *c, const struct conv_solver *s)
{
    c->list[c->count] = s;
    c->solvers[c->count++] = &s->solver;
}

/* What the device allocates at once; an older core does not tell. */
static size_t largest_allocation(const struct fer_emit *em)
{
    const struct fer_device_facts *device = fer_emit_device(em);
    return device->size >= offsetof(struct fer_device_facts, max_allocation) + sizeof(device->max_allocation)
               ? device->max_allocation
               : SIZE_MAX;
}

/* Whether the device has the memory that the solver takes with its first values. */
static bool has_room(const struct conv_call *call, const struct conv_solver *s)
{
    const struct fer_tunable *const *tunables = s->solver.tunables;
    struct conv_call first = *call;
    int values[FER_TUNABLES] = { 0 };
    if (!s->workspace)
        return true;
    for (int t = 0; tunables && tunables[t]; t++)
        values[t] = tunables[t]->values[0];
    first.values = values;
    return s->workspace(&first) <= largest_allocation(call->em);
}

static struct candidates candidates_of(enum fer_convolution_pass pass, const struct conv_call *call, const char *name)
{
    const struct conv_solver *later[FER_SOLVERS];
    struct candidates c = { .count = 0 };
    int put_off = 0;
    for (const struct conv_solver *const *s = conv_solvers(pass); *s; s++) {
        if (!(*s)->applicable(&call->of.shape) || !has_room(call, *s))
            continue;
        if (strcmp((*s)->solver.name, name) == 0) {
            c.count = put_off = 0;
            add_candidate(&c, *s);
            break;
        }
        if ((*s)->worthwhile && !(*s)->worthwhile(call)) {
            later[put_off++] = *s;
            continue;
        }
        /* The plainest stays the last. */
        for (int i = 0; i < put_off && !s[1]; i++)
            add_candidate(&c, later[i]);
        add_candidate(&c, *s);
    }
    c.solvers[c.count] = NULL;
    return c;
}

static const char *layouts_text(const struct fer_convolution_shape *s)
{
    if (s->x == s->y)
        return s->x == FER_LAYOUT_BLOCKED ? " blocked" : "";
    return s->x == FER_LAYOUT_BLOCKED ? " blocked to plain" : " plain to blocked";
}

static const struct fer_solution *solve(const struct conv_call *call, const struct candidates *c, const char *name)
{
    static const char *const works[] = { "forward", "data", "weights" };
    const struct fer_convolution_shape *s = &call->of.shape;
    char text[160];
    int length = snprintf(text, sizeof text, "%dx%dx%dx%d to %dx%dx%d%s, %dx%d pad %d", s->n, s->c, s->h, s->w, s->k,
                          s->oh, s->ow, layouts_text(s), s->kernel, s->kernel, s->pad);
    if (s->stride != 1 || s->dilation != 1 || s->groups != 1)
        snprintf(text + length, sizeof text - (size_t)length, " stride %d dilation %d groups %d", s->stride,
                 s->dilation, s->groups);
    return fer_emit_solve(call->em, &(struct fer_problem){ .size = sizeof(struct fer_problem),
                                                           .work = works[call->of.pass],
                                                           .shape = text,
                                                           .solvers = c->solvers,
                                                           .tolerance = 2e-4,
                                                           .kind = FER_PROBLEM_CONVOLUTION,
                                                           .detail = &call->of,
                                                           .wanted = name });
}

void conv_emit(enum fer_convolution_pass pass, const struct conv_call *call, const char *name)
{
    const struct candidates c = candidates_of(pass, call, name);
    struct conv_call own = *call;
    own.of.pass = pass;
    const struct fer_solution *solution = solve(&own, &c, strcmp(name, "auto") == 0 ? NULL : name);
    if (solution->solver != FER_SOLVED) {
        const struct conv_solver *s = c.list[solution->solver];
        own.values = solution->values;
        if (!s->epilogue) {
            own.of.add = NULL;
            own.of.activation = FER_ACTIVATION_NONE;
        }
        s->emit(&own);
        if (!s->epilogue && (call->of.add || call->of.activation))
            conv_epilogue_emit(call);
    }
    fer_emit_solved(call->em);
}

void conv_epilogue_emit(const struct conv_call *call)
{
    char options[CONV_EPILOGUE_OPTIONS];
    struct conv_call rest = *call;
    rest.of.bias = NULL;
    struct fer_launch *launch = fer_emit_kernel(call->em, fer_conv_epilogue_cl, "conv_epilogue", "-DFER_LANES=%d %s",
                                                fer_lanes(call->of.y), conv_epilogue_options(&rest, options));
    conv_epilogue_in(launch, &rest);
    fer_launch_inout(launch, "y", call->of.y);
    fer_launch_cells(call->em, launch, call->of.y, fer_row_cells(call->of.y), EPILOGUE_CELLS);
}
