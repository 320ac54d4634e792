/* SPDX-License-Identifier: Apache-2.0
 *
 * conv2d with every solver and every value that a solver can be tuned to, deconv2d.
 */
#include "turns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- references ---- */

/* p: stride, pad, dilation, groups */
struct geometry {
    int stride, pad, dilation, groups, kernel;
};

static struct geometry geometry_of(const struct op_reference *r)
{
    return (struct geometry){ (int)r->p[0], (int)r->p[1], (int)r->p[2], (int)r->p[3], r->weight[0].dim[2] };
}

/* A tap joins a pixel of the larger side of a convolution, one of the smaller side, and a weight. */
typedef void tap_function(const struct op_reference *r, size_t large, size_t small, size_t weight);

/* All taps of a convolution from `large` [N,C,H,W] to `small` [N,K,OH,OW] with weights [K,C/groups,R,R]. */
static void each_tap(const struct op_reference *r, const struct op_tensor *large, const struct op_tensor *small,
                     tap_function *tap)
{
    const struct geometry g = geometry_of(r);
    const int inner = large->dim[1] / g.groups, outer = small->dim[1] / g.groups;
    for (int n = 0; n < small->dim[0]; n++)
        for (int k = 0; k < small->dim[1]; k++)
            for (int i = 0; i < small->dim[2]; i++)
                for (int j = 0; j < small->dim[3]; j++)
                    for (int c = 0; c < inner; c++)
                        for (int a = 0; a < g.kernel; a++)
                            for (int b = 0; b < g.kernel; b++) {
                                const int h = i * g.stride - g.pad + a * g.dilation;
                                const int w = j * g.stride - g.pad + b * g.dilation;
                                if (h >= 0 && h < large->dim[2] && w >= 0 && w < large->dim[3])
                                    tap(r, op_at(large, n, k / outer * inner + c, h, w), op_at(small, n, k, i, j),
                                        op_at(&r->weight[0], k, c, a, b));
                            }
}

static void add_bias(const struct op_reference *r)
{
    const struct op_tensor *y = &r->out[0];
    const size_t plane = (size_t)y->dim[2] * (size_t)y->dim[3];
    for (size_t i = 0; i < y->count && r->nweights > 1; i++)
        y->v[i] += r->weight[1].v[i / plane % (size_t)y->dim[1]];
}

static void bias_gradient(const struct op_reference *r)
{
    const struct op_tensor *dy = &r->grad_out[0];
    const size_t plane = (size_t)dy->dim[2] * (size_t)dy->dim[3];
    for (size_t i = 0; i < dy->count && r->nweights > 1; i++)
        r->grad_weight[1].v[i / plane % (size_t)dy->dim[1]] += dy->v[i];
}

static void conv_tap(const struct op_reference *r, size_t large, size_t small, size_t weight)
{
    r->out[0].v[small] += r->in[0].v[large] * r->weight[0].v[weight];
}

static void conv_back_tap(const struct op_reference *r, size_t large, size_t small, size_t weight)
{
    r->grad_in[0].v[large] += r->grad_out[0].v[small] * r->weight[0].v[weight];
    r->grad_weight[0].v[weight] += r->grad_out[0].v[small] * r->in[0].v[large];
}

static void conv(const struct op_reference *r)
{
    each_tap(r, &r->in[0], &r->out[0], conv_tap);
    add_bias(r);
}

static void conv_back(const struct op_reference *r)
{
    each_tap(r, &r->in[0], &r->out[0], conv_back_tap);
    bias_gradient(r);
}

/* The transposed convolution goes from the small side to the large one. */
static void deconv_tap(const struct op_reference *r, size_t large, size_t small, size_t weight)
{
    r->out[0].v[large] += r->in[0].v[small] * r->weight[0].v[weight];
}

static void deconv_back_tap(const struct op_reference *r, size_t large, size_t small, size_t weight)
{
    r->grad_in[0].v[small] += r->grad_out[0].v[large] * r->weight[0].v[weight];
    r->grad_weight[0].v[weight] += r->grad_out[0].v[large] * r->in[0].v[small];
}

static void deconv(const struct op_reference *r)
{
    each_tap(r, &r->out[0], &r->in[0], deconv_tap);
    add_bias(r);
}

static void deconv_back(const struct op_reference *r)
{
    each_tap(r, &r->out[0], &r->in[0], deconv_back_tap);
    bias_gradient(r);
}

static const struct op_case cases[] = {
    /* without a reference's gradient: differences also check the references of the sweep */
    OP_CASE("conv2d 5 kernel=3 stride=2 pad=1", "2,3,6,5", conv, { 2, 1, 1, 1 }),
    OP_CASE("conv2d 6 kernel=3 pad=2 dilation=2 groups=2 bias=no", "2,4,5,6", conv, { 1, 2, 2, 2 }),
    OP_CASE("deconv2d 3 kernel=3 stride=2 pad=1 output_pad=1", "2,4,3,4", deconv, { 2, 1, 1, 1 }),
    OP_CASE("deconv2d 18 kernel=4 stride=2 pad=1", "2,33,5,4", deconv, { 2, 1, 1, 1 }, .backward = deconv_back),
    OP_CASE("deconv2d 20 kernel=3 pad=1 bias=no", "2,17,9,12", deconv, { 1, 1, 1, 1 }, .backward = deconv_back,
            .tolerance = 5e-5),
    OP_CASE("deconv2d 8 kernel=2 stride=3 groups=2 dilation=2", "3,6,3,5", deconv, { 3, 0, 2, 2 },
            .backward = deconv_back),
};

/* Where each multiply-add takes as long as a thousand elsewhere. */
static const struct op_case small_cases[] = {
    OP_CASE("conv2d 5 kernel=3 stride=2 pad=1", "2,3,6,5", conv, { 2, 1, 1, 1 }),
    OP_CASE("conv2d 6 kernel=3 pad=2 dilation=2 groups=2 bias=no", "2,4,5,6", conv, { 1, 2, 2, 2 }),
    OP_CASE("deconv2d 3 kernel=3 stride=2 pad=1 output_pad=1", "2,4,3,4", deconv, { 2, 1, 1, 1 }),
    OP_CASE("deconv2d 18 kernel=4 stride=2 pad=1", "2,5,3,2", deconv, { 2, 1, 1, 1 }, .backward = deconv_back),
    OP_CASE("deconv2d 5 kernel=3 pad=1 bias=no", "2,17,3,4", deconv, { 1, 1, 1, 1 }, .backward = deconv_back),
    OP_CASE("deconv2d 4 kernel=2 stride=3 groups=2 dilation=2", "2,6,2,3", deconv, { 3, 0, 2, 2 },
            .backward = deconv_back),
};

/* ---- every solver over a sweep of shapes ---- */

struct sweep {
    int n, c, h, w, k, kernel, stride, pad, dilation, groups;
};
static const struct sweep sweeps[] = {
    { 2, 1, 9, 11, 5, 3, 1, 1, 1, 1 },
    { 1, 3, 13, 10, 20, 7, 2, 3, 1, 1 },
    { 3, 3, 12, 9, 16, 3, 1, 1, 1, 1 },
    { 2, 3, 5, 5, 4, 3, 1, 3, 1, 1 },
    { 2, 4, 8, 7, 33, 5, 3, 2, 2, 1 },
    { 2, 8, 7, 9, 16, 1, 1, 0, 1, 1 },
    { 1, 16, 12, 12, 16, 3, 1, 1, 1, 1 },
    { 3, 20, 8, 8, 33, 3, 1, 1, 1, 1 },
    { 2, 33, 16, 13, 20, 3, 1, 1, 1, 1 },
    { 2, 64, 8, 8, 64, 3, 1, 0, 1, 1 },
    { 2, 16, 9, 9, 32, 3, 2, 1, 1, 1 },
    { 2, 20, 11, 9, 33, 5, 2, 2, 1, 1 },
    { 3, 16, 10, 7, 20, 1, 2, 0, 1, 1 },
    { 2, 33, 9, 8, 16, 3, 3, 1, 1, 1 },
    { 2, 16, 14, 14, 16, 3, 1, 2, 2, 1 },
    { 2, 16, 8, 8, 32, 3, 1, 1, 1, 2 },
    { 2, 20, 7, 6, 40, 3, 2, 1, 1, 4 },
    { 2, 33, 8, 9, 33, 3, 1, 1, 1, 33 },
    { 1, 64, 11, 9, 64, 5, 2, 2, 1, 64 },
    { 3, 8, 9, 7, 8, 3, 1, 2, 2, 8 },
    { 2, 16, 7, 7, 32, 3, 1, 1, 1, 16 },
    { 2, 208, 8, 8, 16, 3, 1, 1, 1, 1 },
    { 1, 64, 1, 1, 130, 1, 1, 0, 1, 1 },
    { 3, 5, 6, 5, 7, 1, 1, 1, 1, 1 },
    { 2, 16, 24, 23, 20, 3, 1, 1, 1, 1 },
    { 2, 160, 6, 5, 144, 1, 1, 0, 1, 1 },
    { 3, 33, 13, 12, 40, 1, 2, 0, 1, 1 },
    { 3, 17, 7, 9, 40, 3, 1, 2, 1, 1 },
    { 1, 40, 5, 3, 17, 3, 1, 0, 1, 1 },
    { 3, 3, 1, 2, 1, 3, 1, 1, 1, 1 },
    { 2, 48, 8, 9, 48, 3, 2, 1, 1, 12 },
    { 2, 40, 9, 8, 40, 3, 1, 1, 1, 5 },
    { 1, 48, 7, 8, 96, 3, 1, 1, 1, 24 },
    { 3, 32, 7, 7, 32, 3, 1, 1, 1, 8 },
    { 2, 19, 13, 12, 19, 3, 2, 1, 1, 19 },
    { 2, 24, 7, 65, 24, 3, 1, 1, 1, 3 },
    { 2, 20, 9, 61, 20, 3, 2, 2, 1, 5 },
    { 2, 36, 5, 6, 36, 3, 1, 0, 1, 9 },
    { 1, 24, 9, 7, 24, 5, 1, 2, 1, 6 },
    { 2, 32, 8, 7, 32, 3, 2, 1, 2, 4 },
    { 2, 20, 6, 4, 20, 3, 1, 3, 1, 5 },
    { 3, 600, 5, 3, 72, 1, 1, 0, 1, 1 },
    { 3, 33, 9, 8, 70, 3, 2, 1, 1, 1 },
    { 2, 48, 9, 7, 66, 5, 3, 2, 2, 1 },
    { 2, 20, 11, 10, 80, 1, 2, 0, 1, 1 },
    { 2, 72, 7, 9, 64, 1, 3, 1, 1, 1 },
    { 2, 3, 9, 11, 3, 9, 2, 4, 1, 3 },
    { 1, 33, 7, 7, 20, 3, 1, 1, 1, 1 },
    { 1, 20, 14, 13, 33, 3, 1, 1, 1, 1 },
    { 1, 200, 33, 34, 20, 3, 1, 1, 1, 1 }, /* many tiles of many channels */
    /* nine blocks of outputs: pairs, and one */
    { 1, 5, 39, 40, 130, 3, 1, 1, 1, 1 },
    { 1, 33, 9, 9, 130, 3, 1, 1, 1, 1 },
    { 2, 40, 5, 7, 130, 1, 1, 0, 1, 1 },
    { 2, 20, 7, 7, 130, 3, 2, 1, 1, 1 },
    { 2, 3, 9, 8, 130, 3, 2, 1, 1, 1 },
};
/* The same for a simulated device: channels that fill no block of 16, odd planes, padding, strides, dilation, groups.
 */
static const struct sweep small_sweeps[] = {
    { 2, 3, 5, 7, 5, 3, 2, 1, 1, 1 },   { 2, 4, 5, 4, 17, 3, 1, 2, 2, 1 },  { 1, 3, 7, 6, 5, 5, 2, 2, 1, 1 },
    { 2, 17, 7, 8, 6, 3, 1, 1, 1, 1 },  { 2, 5, 11, 12, 3, 3, 1, 1, 1, 1 }, { 2, 17, 5, 3, 5, 3, 1, 0, 1, 1 },
    { 2, 17, 3, 5, 18, 1, 1, 0, 1, 1 }, { 1, 17, 4, 3, 5, 1, 1, 0, 1, 1 },  { 2, 20, 5, 3, 17, 1, 2, 0, 1, 1 },
    { 2, 5, 4, 3, 50, 3, 1, 1, 1, 1 },  { 2, 8, 5, 6, 8, 3, 1, 1, 1, 2 },   { 2, 24, 5, 7, 24, 3, 2, 1, 1, 3 },
    { 1, 12, 5, 4, 12, 5, 1, 2, 1, 3 }, { 2, 10, 5, 4, 6, 3, 2, 1, 1, 2 },  { 2, 17, 5, 4, 17, 3, 1, 1, 1, 17 },
    { 1, 5, 6, 5, 5, 3, 2, 2, 2, 5 },   { 2, 5, 17, 21, 3, 3, 1, 1, 1, 1 }, { 2, 3, 9, 5, 3, 9, 1, 4, 1, 3 },
};

/* Kernels that show who worked; those after the first of a pass are other forms of the same. */
enum { FORMS = 3 };
struct solver {
    const char *name;
    enum fer_profile profile;
    const char *forward[FORMS], *data[FORMS], *weights[FORMS];
    double tolerance;
};
static const struct solver solvers[] = {
    { "stem", FER_PROFILE_CPU, { "conv_stem" }, { NULL }, { "conv_stem_weights" }, 1e-5 },
    { "winograd",
      FER_PROFILE_CPU,
      { "winograd_fused", "winograd_multiply" },
      { "winograd_fused", "winograd_multiply" },
      { "winograd_outer_once", "winograd_outer" },
      5e-5 },
    { "winograd2",
      FER_PROFILE_CPU,
      { "winograd_fused", "winograd_multiply" },
      { "winograd_fused", "winograd_multiply" },
      { "winograd_outer_once", "winograd_outer" },
      5e-6 },
    { "packed", FER_PROFILE_CPU, { "conv_packed" }, { NULL }, { NULL }, 1e-5 },
    { "direct",
      FER_PROFILE_CPU,
      { "conv_direct", "conv_point", "conv_gathered" },
      { "conv_direct", "conv_point", "conv_gathered" },
      { "conv_outer" },
      1e-5 },
    { "grouped",
      FER_PROFILE_CPU,
      { "conv_direct", "conv_grouped_rows" },
      { "conv_direct", "conv_grouped_rows" },
      { "conv_grouped_weights" },
      1e-5 },
    { "depthwise", FER_PROFILE_CPU, { "conv_depthwise" }, { "conv_depthwise" }, { "conv_depthwise_weights" }, 1e-5 },
    { "generic",
      FER_PROFILE_CPU,
      { "conv_generic_forward" },
      { "conv_generic_data" },
      { "conv_generic_weights" },
      1e-5 },
    { "depthwise",
      FER_PROFILE_GPU,
      { "conv_depthwise_columns", "conv_depthwise" },
      { "conv_depthwise_columns", "conv_depthwise" },
      { "conv_depthwise_sums" },
      1e-5 },
    { "implicit", FER_PROFILE_GPU, { "conv_implicit" }, { "conv_implicit" }, { "conv_implicit_weights" }, 1e-5 },
    { "winograd2", FER_PROFILE_GPU, { "winograd2_fused" }, { "winograd2_fused" }, { "winograd2_gradient" }, 2e-6 },
#ifdef HAVE_CLBLAST
    { "clblast", FER_PROFILE_GPU, { "clblast_sgemm" }, { "clblast_sgemm" }, { NULL }, 1e-5 },
#endif
    { "generic",
      FER_PROFILE_GPU,
      { "conv_generic_forward" },
      { "conv_generic_data" },
      { "conv_generic_weights" },
      1e-5 },
};
enum { SOLVERS = sizeof solvers / sizeof solvers[0], SWEEPS = sizeof sweeps / sizeof sweeps[0] };
enum { SMALL_SWEEPS = sizeof small_sweeps / sizeof small_sweeps[0] };

static bool uses(const struct op_program *program, bool backward, const char *const kernels[FORMS])
{
    for (int form = 0; form < FORMS; form++)
        if (kernels[form] && op_program_uses(program, backward, kernels[form]))
            return true;
    return false;
}

/* Those of the solver that is called `name`, wherever it was chosen. */
static void check_turns_of(const struct op_program *program, const char *name)
{
    for (int k = 0; k < program->flow->program->nsolved; k++) {
        const struct fer_solved *solved = program->flow->program->solved[k];
        if (strcmp(solved->names[solved->solution.solver], name) == 0)
            turns_check(program, solved, solved->solution.solver);
    }
}

/* The second time around the table with wide vectors. */
START_TEST(each_solver)
{
    const struct solver *solver = &solvers[_i % SOLVERS];
    if (op_small() && strcmp(solver->name, "clblast") == 0)
        return; /* see below */
    if (op_small() && strcmp(solver->name, "grouped") == 0 && _i >= SOLVERS)
        return; /* Oclgrind 21.10 crashes where a vector of 16 is put together, while it tracks uninitialised values */
    turns_set_lanes(_i >= SOLVERS);
    struct op_device device = op_device_open(solver->profile);
    int forward = 0, data = 0, weights = 0, checked = 0, forms[FORMS] = { 0 };
    const int count = op_small() ? SMALL_SWEEPS : SWEEPS;
    for (int i = 0; i < count; i++) {
        const struct sweep *s = op_small() ? &small_sweeps[i] : &sweeps[i];
        char call[256], inputs[64];
        snprintf(call, sizeof call, "conv2d %d kernel=%d stride=%d pad=%d dilation=%d groups=%d bias=%s solver=\"%s\"",
                 s->k, s->kernel, s->stride, s->pad, s->dilation, s->groups, i % 2 ? "yes" : "no", solver->name);
        snprintf(inputs, sizeof inputs, "%d,%d,%d,%d", s->n, s->c, s->h, s->w);
        const struct op_case c = { .call = call,
                                   .inputs = inputs,
                                   .forward = conv,
                                   .backward = conv_back,
                                   .p = { s->stride, s->pad, s->dilation, s->groups },
                                   .tolerance = solver->tolerance };
        struct op_program program;
        op_program_compile(&program, &c, &device, solver->profile == FER_PROFILE_CPU && s->c > 4);
        const bool f = uses(&program, false, solver->forward), d = uses(&program, true, solver->data);
        const bool w = uses(&program, true, solver->weights);
        if (f || d || w)
            op_program_check(&program);
        if (op_small() && (solver->profile == FER_PROFILE_CPU || checked == 0))
            check_turns_of(&program, solver->name);
        checked += f || d || w;
        forward += f;
        data += d;
        weights += w;
        for (int form = 0; form < FORMS; form++)
            forms[form] += solver->forward[form] && op_program_uses(&program, false, solver->forward[form]);
        op_program_free(&program);
    }
    op_device_close(&device);
    ck_assert_msg(forward > 0, "%s never applies forward", solver->name);
    ck_assert_msg(data > 0 || !solver->data[0], "%s never applies to gradients of inputs", solver->name);
    ck_assert_msg(weights > 0 || !solver->weights[0], "%s never applies to gradients of weights", solver->name);
    for (int form = 0; form < FORMS; form++)
        ck_assert_msg(forms[form] > 0 || !solver->forward[form], "%s never takes form %d", solver->name, form);
    unsetenv("FER_VEC_LANES");
    if (strcmp(solver->name, "generic") == 0)
        ck_assert_msg(forward == count && data == count && weights == count, "generic must apply to everything");
}
END_TEST

/* ---- transposed convolutions: forward by the solvers of gradients, backward by those of forward passes ---- */

static const struct op_case transposed[] = {
    OP_CASE("deconv2d 18 kernel=4 stride=2 pad=1", "2,33,5,4", deconv, { 2, 1, 1, 1 }, .backward = deconv_back),
    OP_CASE("deconv2d 20 kernel=3 pad=1 bias=no", "2,17,9,12", deconv, { 1, 1, 1, 1 }, .backward = deconv_back),
    OP_CASE("deconv2d 48 kernel=3 pad=1", "1,48,6,6", deconv, { 1, 1, 1, 1 }, .backward = deconv_back),
    OP_CASE("deconv2d 20 kernel=1", "2,24,7,5", deconv, { 1, 0, 1, 1 }, .backward = deconv_back),
    OP_CASE("deconv2d 16 kernel=3 pad=1 groups=16 bias=no", "2,16,7,9", deconv, { 1, 1, 1, 16 },
            .backward = deconv_back),
    OP_CASE("deconv2d 48 kernel=3 stride=2 pad=1 groups=12 bias=no", "2,48,5,6", deconv, { 2, 1, 1, 12 },
            .backward = deconv_back),
};

START_TEST(each_solver_of_transposed)
{
    const struct solver *solver = &solvers[_i];
    struct op_device device = op_device_open(solver->profile);
    int checked = 0;
    for (size_t i = 0; i < sizeof transposed / sizeof transposed[0]; i++) {
        char call[256];
        struct op_case c = transposed[i];
        struct op_program program;
        snprintf(call, sizeof call, "%s solver=\"%s\"", c.call, solver->name);
        c.call = call;
        c.tolerance = solver->tolerance;
        op_program_compile(&program, &c, &device, solver->profile == FER_PROFILE_CPU);
        if (uses(&program, false, solver->data) || uses(&program, true, solver->forward) ||
            uses(&program, true, solver->weights)) {
            op_program_check(&program);
            checked++;
        }
        op_program_free(&program);
    }
    op_device_close(&device);
    ck_assert_msg(checked > 0 || strcmp(solver->name, "stem") == 0, "%s never applies", solver->name);
}
END_TEST

/* ---- every solver with every value of its numbers, against the plainest solver ---- */

static const struct op_case turned[] = {
    { .call = "conv2d 20 kernel=7 stride=2 pad=3", .inputs = "2,3,21,20" },
    { .call = "conv2d 40 kernel=3 pad=1", .inputs = "3,33,18,17" },
    { .call = "conv2d 320 kernel=1", .inputs = "2,64,11,10" },
    { .call = "conv2d 130 kernel=3 stride=2 pad=1", .inputs = "2,48,15,14" },
    { .call = "conv2d 48 kernel=3 pad=1 groups=12", .inputs = "3,48,13,12" },
    { .call = "conv2d 40 kernel=3 pad=1", .inputs = "2,33,5,4" },
};

START_TEST(each_value)
{
    const enum fer_profile profile = _i ? FER_PROFILE_GPU : FER_PROFILE_CPU;
    struct op_device device = op_device_open(profile);
    int count = 0;
    for (size_t i = 0; i < sizeof turned / sizeof turned[0]; i++) {
        struct op_program program;
        op_program_compile(&program, &turned[i], &device, profile == FER_PROFILE_CPU && i > 0);
        ck_assert_int_gt(program.flow->program->nsolved, 0);
        for (int k = 0; k < program.flow->program->nsolved; k++)
            count += turns_compare(&program, program.flow->program->solved[k]);
        op_program_free(&program);
    }
    op_device_close(&device);
    ck_assert_msg(count >= (_i ? 60 : 150), "only %d solutions were compared", count);
}
END_TEST

/* ---- which comes first where nothing was measured ---- */

static const struct ranked {
    struct op_case of;
    enum fer_profile profile;
    const char *work, *first, *tried;
} ranked[] = {
    /* 1,568 tiles of 2 x 2 are 49 x 2 work-groups, 196 are 7 x 2 of the 64 that Winograd is to have */
    { { .call = "conv2d 64 kernel=3 pad=1", .inputs = "8,64,28,28" },
      FER_PROFILE_GPU,
      "conv2d forward",
      "winograd2",
      "implicit" },
    { { .call = "conv2d 64 kernel=3 pad=1", .inputs = "1,64,28,28" },
      FER_PROFILE_GPU,
      "conv2d forward",
      "implicit",
      "winograd2" },
    { { .call = "conv2d 64 kernel=3 pad=1", .inputs = "8,31,28,28" },
      FER_PROFILE_GPU,
      "conv2d forward",
      "implicit",
      "winograd2" },
    /* 6 x 6 are 9 tiles of 16 products or 4 of 36, the same number; 7 x 7 are 16 or 4, but 36 weights each serve four
     */
    { { .call = "conv2d 32 kernel=3 pad=1", .inputs = "8,32,6,6" },
      FER_PROFILE_CPU,
      "conv2d forward",
      "winograd2",
      "winograd" },
    { { .call = "conv2d 32 kernel=3 pad=1", .inputs = "8,32,6,6" },
      FER_PROFILE_CPU,
      "conv2d data",
      "winograd2",
      "winograd" },
    { { .call = "conv2d 32 kernel=3 pad=1", .inputs = "8,32,7,7" },
      FER_PROFILE_CPU,
      "conv2d forward",
      "winograd",
      "winograd2" },
    { { .call = "conv2d 32 kernel=3 pad=1", .inputs = "1,32,7,7" },
      FER_PROFILE_CPU,
      "conv2d forward",
      "winograd2",
      "packed" },
    { { .call = "conv2d 32 kernel=3 pad=1", .inputs = "1,32,3,3" },
      FER_PROFILE_CPU,
      "conv2d forward",
      "packed",
      "winograd2" },
    { { .call = "conv2d 32 kernel=3 pad=1", .inputs = "1,32,12,12" },
      FER_PROFILE_CPU,
      "conv2d data",
      "winograd",
      "winograd2" },
};

START_TEST(first_by_heuristics)
{
    const struct ranked *r = &ranked[_i];
    struct op_device device = op_device_open(r->profile);
    struct op_program program;
    const struct fer_solved *solved = NULL;
    bool tried = false;
    op_program_compile(&program, &r->of, &device, r->profile == FER_PROFILE_CPU);
    for (int k = 0; k < program.flow->program->nsolved; k++)
        if (strcmp(program.flow->program->solved[k]->work, r->work) == 0)
            solved = program.flow->program->solved[k];
    ck_assert_ptr_nonnull(solved);
    ck_assert_str_eq(solved->names[0], r->first);
    for (int i = 1; i < solved->nsolvers; i++)
        tried = tried || strcmp(solved->names[i], r->tried) == 0;
    ck_assert_msg(tried, "%s is not there for fer tune to try", r->tried);
    ck_assert_str_eq(solved->names[solved->plainest], "generic");
    op_program_free(&program);
    op_device_close(&device);
}
END_TEST

static const char *only; /* "cases", or a solver; NULL: everything */

static bool wanted(const char *part)
{
    return !only || strcmp(only, part) == 0;
}

static void add_solvers(TCase *tcase)
{
    for (int i = 0; i < SOLVERS; i++)
        if (wanted(solvers[i].name)) {
            tcase_add_loop_test(tcase, each_solver, i, i + 1);
            if (solvers[i].profile == FER_PROFILE_CPU)
                tcase_add_loop_test(tcase, each_solver, SOLVERS + i, SOLVERS + i + 1);
        }
    if (!wanted("cases"))
        return;
    tcase_add_loop_test(tcase, first_by_heuristics, 0, (int)(sizeof ranked / sizeof ranked[0]));
    if (op_small()) /* a simulated device would take hours over the others */
        return;
    tcase_add_loop_test(tcase, each_value, 0, 2);
    tcase_add_loop_test(tcase, each_solver_of_transposed, 0, SOLVERS);
}

/* An argument: one solver's sweep alone, or all but the sweeps. */
int main(int argc, char **argv)
{
    const size_t count = op_small() ? sizeof small_cases / sizeof small_cases[0] : sizeof cases / sizeof cases[0];
    only = argc > 1 ? argv[1] : NULL;
    bool known = wanted("cases");
    for (int i = 0; i < SOLVERS; i++)
        known = known || wanted(solvers[i].name);
    if (!known) {
        fprintf(stderr, "'%s' is no solver, and not 'cases'\n", only);
        return EXIT_FAILURE;
    }
    return op_main("ops-conv", op_small() ? small_cases : cases, wanted("cases") ? (int)count : 0, add_solvers);
}
