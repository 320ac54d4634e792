/* SPDX-License-Identifier: Apache-2.0
 *
 * What convolutions' solvers say of their workspace: it is what they ask for while they emit; whose does not fit the
 * device is not there to choose; a large batch goes through Winograd in spans that give the same bits.
 */
#include "compile/compiler.h"
#include "conv.h"
#include "harness.h"
#include "run/device.h"

#include <stdio.h>
#include <string.h>

static struct fer_error err;

/* ---- every solver of the table over shapes, with every value of its numbers ---- */

static const struct fer_convolution_shape shapes[] = {
    { .n = 3, .c = 3, .h = 21, .w = 20, .k = 20, .kernel = 7, .stride = 2, .pad = 3, .dilation = 1, .groups = 1 },
    { .n = 2, .c = 4, .h = 9, .w = 7, .k = 17, .kernel = 3, .stride = 1, .pad = 2, .dilation = 2, .groups = 1 },
    { .n = 5, .c = 33, .h = 18, .w = 17, .k = 40, .kernel = 3, .stride = 1, .pad = 1, .dilation = 1, .groups = 1 },
    { .n = 1, .c = 512, .h = 7, .w = 7, .k = 512, .kernel = 3, .stride = 1, .pad = 1, .dilation = 1, .groups = 1 },
    { .n = 64, .c = 256, .h = 56, .w = 56, .k = 300, .kernel = 3, .stride = 1, .pad = 0, .dilation = 1, .groups = 1 },
    { .n = 2, .c = 48, .h = 15, .w = 14, .k = 130, .kernel = 3, .stride = 2, .pad = 1, .dilation = 1, .groups = 1 },
    { .n = 1, .c = 64, .h = 4, .w = 4, .k = 130, .kernel = 1, .stride = 1, .pad = 0, .dilation = 1, .groups = 1 },
    { .n = 2, .c = 600, .h = 5, .w = 6, .k = 72, .kernel = 1, .stride = 3, .pad = 0, .dilation = 1, .groups = 1 },
    { .n = 3, .c = 48, .h = 13, .w = 12, .k = 48, .kernel = 3, .stride = 1, .pad = 1, .dilation = 1, .groups = 12 },
    { .n = 2, .c = 40, .h = 9, .w = 8, .k = 40, .kernel = 5, .stride = 2, .pad = 2, .dilation = 1, .groups = 5 },
    { .n = 40, .c = 19, .h = 13, .w = 12, .k = 19, .kernel = 3, .stride = 2, .pad = 1, .dilation = 1, .groups = 19 },
    { .n = 2, .c = 19, .h = 13, .w = 12, .k = 19, .kernel = 9, .stride = 1, .pad = 4, .dilation = 1, .groups = 19 },
};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

static struct fer_tensor *tensor(struct fer_compiler *c, int n, int channels, int height, int width,
                                 enum fer_layout layout)
{
    const struct fer_shape shape = { FER_F32, 4, { n, channels, height, width }, 1 };
    return fer_compiler_tensor(c, &shape, layout, FER_STORAGE_INPUT, "image");
}

/* Bytes of all temporaries that a solver asks for. */
static size_t asked_for(const struct conv_solver *solver, struct conv_call call, const struct op_program *any)
{
    const struct fer_convolution_shape *s = &call.of.shape;
    struct fer_compiler c;
    size_t bytes = 0;
    ck_assert_msg(fer_compiler_create(any->flow->graph, any->store, s->n, &c, &err) == FER_OK, "%s", err.text);
    struct fer_emit em = fer_compiler_emit(&c, fer_compiler_segment(&c, "test"), "forward", &err);
    const struct fer_shape w = { FER_F32, 4, { s->k, s->c / s->groups, s->kernel, s->kernel }, 0 };
    call.em = &em;
    call.of.x = tensor(&c, s->n, s->c, s->h, s->w, s->x);
    call.of.y = tensor(&c, s->n, s->k, s->oh, s->ow, s->y);
    call.of.w = fer_compiler_tensor(&c, &w, FER_LAYOUT_PLAIN, FER_STORAGE_PERSISTENT, "weights");
    solver->emit(&call);
    ck_assert_msg(em.status == FER_OK, "%s: %s", solver->solver.name, err.text);
    ck_assert_int_gt(em.segment->count, 0);
    for (int i = 0; i < c.program->ntensors; i++)
        bytes += c.program->tensors[i]->scratch ? fer_tensor_bytes(c.program->tensors[i]) : 0;
    fer_arena_free(c.program->arena);
    return bytes;
}

static void check_call(const struct conv_solver *solver, const struct conv_call *call, const struct op_program *any)
{
    const size_t asked = asked_for(solver, *call, any), said = solver->workspace ? solver->workspace(call) : 0;
    ck_assert_msg(said == asked, "%s, pass %d, %dx%dx%dx%d to %d, values %d %d %d %d: says %zu, asks for %zu",
                  solver->solver.name, (int)call->of.pass, call->of.shape.n, call->of.shape.c, call->of.shape.h,
                  call->of.shape.w, call->of.shape.k, call->values[0], call->values[1], call->values[2],
                  call->values[3], said, asked);
}

/* From the first values, each number by itself. */
static int check_values(const struct conv_solver *solver, struct conv_call *call, const struct op_program *any)
{
    const struct fer_tunable *const *tunables = solver->solver.tunables;
    int values[FER_TUNABLES] = { 0 }, count = 1;
    for (int t = 0; tunables && tunables[t]; t++)
        values[t] = tunables[t]->values[0];
    call->values = values;
    check_call(solver, call, any);
    for (int t = 0; tunables && tunables[t]; t++) {
        for (int v = 1; v < tunables[t]->count; v++, count++) {
            values[t] = tunables[t]->values[v];
            check_call(solver, call, any);
        }
        values[t] = tunables[t]->values[0];
    }
    return count;
}

START_TEST(said_is_asked_for)
{
    const int lanes = (int[]){ 8, 16, 0 }[_i];
    const enum fer_profile profile = lanes ? FER_PROFILE_CPU : FER_PROFILE_GPU;
    const struct op_case c = { .call = "relu", .inputs = "1,1" };
    struct op_device device = op_device_open(profile);
    struct op_program any;
    int count = 0;
    op_program_compile(&any, &c, &device, false);
    for (int i = 0; i < SHAPES * (FER_CONVOLUTION_WEIGHTS + 1); i++) {
        struct conv_call call = { .of = { .size = sizeof call.of, .shape = shapes[i % SHAPES] }, .vec_lanes = lanes };
        struct fer_convolution_shape *s = &call.of.shape;
        call.of.pass = (enum fer_convolution_pass)(i / SHAPES);
        s->oh = (s->h + 2 * s->pad - s->dilation * (s->kernel - 1) - 1) / s->stride + 1;
        s->ow = (s->w + 2 * s->pad - s->dilation * (s->kernel - 1) - 1) / s->stride + 1;
        s->profile = profile;
        s->x = profile == FER_PROFILE_CPU && s->c > 4 ? FER_LAYOUT_BLOCKED : FER_LAYOUT_PLAIN;
        s->y = profile == FER_PROFILE_CPU ? FER_LAYOUT_BLOCKED : FER_LAYOUT_PLAIN;
        for (const struct conv_solver *const *solver = conv_solvers(call.of.pass); *solver; solver++)
            for (int training = 0; training < 2 && (*solver)->applicable(s); training++) {
                call.training = training;
                count += check_values(*solver, &call, &any);
            }
    }
    ck_assert_msg(count > 100, "only %d calls were compared", count);
    op_program_free(&any);
    op_device_close(&device);
}
END_TEST

/* V of F(4x4) is 36 numbers a tile of 16 pixels and channel, so of 64 pictures 449 MB in one piece. */
START_TEST(a_large_batch_has_a_limit)
{
    const int values[FER_TUNABLES] = { 0, 18, 36, 96 }, smaller[FER_TUNABLES] = { 0, 18, 36, 24 };
    struct conv_call call = { .of = { .shape = { .n = 64,
                                                 .c = 256,
                                                 .h = 56,
                                                 .w = 56,
                                                 .k = 256,
                                                 .oh = 56,
                                                 .ow = 56,
                                                 .kernel = 3,
                                                 .stride = 1,
                                                 .pad = 1,
                                                 .dilation = 1,
                                                 .groups = 1,
                                                 .x = FER_LAYOUT_BLOCKED,
                                                 .y = FER_LAYOUT_BLOCKED } },
                              .values = values,
                              .vec_lanes = _i ? 16 : 8 };
    ck_assert_uint_gt(conv_winograd_forward.workspace(&call), (size_t)64 << 20);
    ck_assert_uint_le(conv_winograd_forward.workspace(&call), (size_t)96 << 20);
    ck_assert_uint_le(conv_winograd_data.workspace(&call), (size_t)96 << 20);
    ck_assert_uint_le(conv_winograd_fine_data.workspace(&call), (size_t)96 << 20);
    call.values = smaller;
    ck_assert_uint_le(conv_winograd_forward.workspace(&call), (size_t)24 << 20);
    /* what fits goes at once: 8 x 196 tiles in 44 chunks of 36 */
    call.values = values;
    call.of.shape.n = 8;
    ck_assert_uint_eq(conv_winograd_forward.workspace(&call), (size_t)44 * 36 * 36 * 256 * sizeof(float));
}
END_TEST

/* ---- who is there to choose ---- */

static const struct fer_solved *problem_of(const struct op_program *program, const char *work)
{
    for (int k = 0; k < program->flow->program->nsolved; k++)
        if (strcmp(program->flow->program->solved[k]->work, work) == 0)
            return program->flow->program->solved[k];
    ck_abort_msg("%s: there is no problem %s", program->title, work);
    return NULL;
}

static bool has_solver(const struct fer_solved *solved, const char *name)
{
    for (int i = 0; i < solved->nsolvers; i++)
        if (strcmp(solved->names[i], name) == 0)
            return true;
    return false;
}

/* Images of 8 x 208 x 12 x 12 are 936 KiB; their 72 tiles of F(4x4) 2108 KiB in whole rows of 4 KiB, their 288 of
 * F(2x2) 3744 KiB. */
START_TEST(what_does_not_fit_is_not_there)
{
    static const struct {
        size_t most; /* KiB that the device allocates at once */
        bool coarse, fine;
    } devices[] = { { 4096, true, true }, { 3743, true, false }, { 2108, true, false }, { 2107, false, false } };
    const char *const calls[] = { "conv2d 16 kernel=3 pad=1", "conv2d 16 kernel=3 pad=1 solver=\"winograd\"" };
    struct op_device device = op_device_open(FER_PROFILE_CPU);
    const struct op_case c = { .call = calls[_i], .inputs = "8,208,12,12", .flags = OP_NO_BACKWARD };
    for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++) {
        struct op_program program;
        device.device->max_allocation = devices[i].most << 10;
        op_program_compile(&program, &c, &device, true);
        const struct fer_solved *solved = problem_of(&program, "conv2d forward");
        ck_assert_int_eq(has_solver(solved, "winograd"), devices[i].coarse);
        ck_assert_int_eq(has_solver(solved, "winograd2"), devices[i].fine && _i == 0);
        ck_assert_str_eq(solved->names[0], devices[i].coarse ? "winograd" : "direct");
        op_program_free(&program);
    }
    op_device_close(&device);
}
END_TEST

/* ---- spans ---- */

static int count_launches(const struct op_program *program, const char *kernel)
{
    int count = 0;
    for (int s = 0; s < program->flow->program->nsegments; s++)
        for (int i = 0; i < program->flow->program->segments[s]->count; i++)
            count += strcmp(program->flow->program->segments[s]->launches[i]->kernel, kernel) == 0;
    return count;
}

/* A problem solved with a number that is not for tuning, too: spans of 0 MiB hold one chunk. */
static struct fer_forced forced_to(const struct fer_solved *solved, const char *solution, int span)
{
    struct fer_forced forced = { solved->work, solved->shape, { .size = sizeof forced.solution } };
    ck_assert_msg(fer_solution_parse(solved, solution, &forced.solution), "%s does not apply", solution);
    forced.solution.values[3] = span;
    return forced;
}

static void check_same(const char *what, const struct op_tensor *ours, const struct op_tensor *theirs)
{
    for (size_t i = 0; i < theirs->count; i++)
        ck_assert_msg(ours->v[i] == theirs->v[i], "%s: %zu is %a, not %a", what, i, ours->v[i], theirs->v[i]);
}

/* A full batch and a part of it. */
static void run_both(const struct op_program *one, const struct op_program *other, unsigned flags, int batch)
{
    for (int live = batch; live > 0; live -= (batch + 1) / 2) {
        struct op_reference ours, theirs;
        op_values_create(one, live, &ours);
        op_values_create(other, live, &theirs);
        op_values_draw(one, &ours, 3);
        op_values_draw(other, &theirs, 3);
        op_program_run(one, live, &ours);
        op_program_run(other, live, &theirs);
        check_same("output", &ours.out[0], &theirs.out[0]);
        if (!(flags & OP_NO_BACKWARD)) {
            check_same("gradient", &ours.grad_in[0], &theirs.grad_in[0]);
            check_same("weights' gradient", &ours.grad_weight[0], &theirs.grad_weight[0]);
        }
        op_values_free(&ours);
        op_values_free(&theirs);
    }
}

static const struct spanned {
    struct op_case of;
    const char *work, *solution;
    int chunks; /* of 5 pictures of 25 tiles of 4 x 4, or 81 of 2 x 2; 36 a chunk */
} spanned[] = {
    { { .flow = "h = a | conv2d 40 kernel=3 pad=1\ny = h, b | add | relu",
        .inputs = "5,33,18,17 5,40,18,17",
        .flags = OP_NO_BACKWARD },
      "conv2d forward",
      "winograd form=2 split=36",
      4 },
    { { .call = "conv2d 40 kernel=3 pad=1", .inputs = "5,33,18,17", .flags = OP_NO_BACKWARD },
      "conv2d forward",
      "winograd2 form=2 split=36",
      12 },
    { { .call = "conv2d 40 kernel=3 pad=1", .inputs = "5,33,18,17" }, "conv2d data", "winograd form=2 split=36", 4 },
    { { .call = "conv2d 40 kernel=3 pad=1", .inputs = "5,33,18,17" }, "conv2d data", "winograd2 form=2 split=36", 12 },
};

START_TEST(spans_give_the_same_bits)
{
    const struct spanned *s = &spanned[_i];
    struct op_device device = op_device_open(FER_PROFILE_CPU);
    struct op_case c = s->of;
    struct op_program first, whole, parts;
    op_program_compile(&first, &c, &device, true);
    const struct fer_solved *solved = problem_of(&first, s->work);
    const struct fer_forced one = forced_to(solved, s->solution, 96), each = forced_to(solved, s->solution, 0);
    struct op_case d = c;
    c.forced = &one;
    d.forced = &each;
    op_program_compile(&whole, &c, &device, true);
    op_program_compile(&parts, &d, &device, true);
    const int others = count_launches(&first, "winograd_multiply"); /* of the other pass */
    ck_assert_int_ge(count_launches(&whole, "winograd_multiply"), 1);
    ck_assert_int_eq(count_launches(&parts, "winograd_multiply") - count_launches(&whole, "winograd_multiply"),
                     s->chunks - 1);
    ck_assert_int_eq(others, 0);
    run_both(&parts, &whole, c.flags, 5);
    op_program_free(&first);
    op_program_free(&whole);
    op_program_free(&parts);
    op_device_close(&device);
}
END_TEST

/* ---- forms ---- */

/* 5 pictures of 9 tiles of 4 x 4 or 25 of 2 x 2, and 50 or 33 channels, so that neither blocks, spans of blocks nor
 * chunks come out even. */
static const struct two_ways {
    struct op_case of;
    const char *work, *solution, *other, *kernel; /* which only `solution` has */
} two_ways[] = {
    { { .flow = "h = a | conv2d 50 kernel=3 pad=1\ny = h, b | add | relu",
        .inputs = "5,83,9,10 5,50,9,10",
        .flags = OP_NO_BACKWARD },
      "conv2d forward",
      "winograd form=3",
      "winograd form=2",
      "winograd_once" },
    { { .call = "conv2d 50 kernel=3 pad=0 bias=false", .inputs = "5,83,11,12", .flags = OP_NO_BACKWARD },
      "conv2d forward",
      "winograd2 form=3",
      "winograd2 form=1",
      "winograd_once" },
    { { .call = "conv2d 130 kernel=3 pad=1",
        .inputs = "5,83,9,10",
        .flags = OP_NO_BACKWARD }, /* pairs of blocks, and one */
      "conv2d forward",
      "winograd form=3",
      "winograd form=1",
      "winograd_once" },
    { { .call = "conv2d 130 kernel=3 pad=1", .inputs = "5,83,9,10", .flags = OP_NO_BACKWARD },
      "conv2d forward",
      "winograd form=2",
      "winograd form=3",
      "winograd_multiply" },
    { { .call = "conv2d 83 kernel=3 pad=1", .inputs = "5,50,9,10" },
      "conv2d data",
      "winograd form=3",
      "winograd form=1",
      "winograd_once" },
    { { .call = "conv2d 83 kernel=3 pad=1", .inputs = "5,50,9,10" },
      "conv2d weights",
      "winograd",
      "winograd span=3",
      "winograd_outer_once" },
    { { .call = "conv2d 83 kernel=3 pad=1", .inputs = "2,50,9,10" },
      "conv2d weights",
      "winograd2",
      "winograd2 span=3",
      "winograd_outer_once" },
};

START_TEST(forms_give_the_same_bits)
{
    const struct two_ways *s = &two_ways[_i];
    struct op_device device = op_device_open(FER_PROFILE_CPU);
    struct op_case c = s->of;
    struct op_program first, one, other;
    op_program_compile(&first, &c, &device, true);
    const struct fer_solved *solved = problem_of(&first, s->work);
    struct fer_forced a = { solved->work, solved->shape, { .size = sizeof a.solution } }, b = a;
    ck_assert_msg(fer_solution_parse(solved, s->solution, &a.solution), "%s", s->solution);
    ck_assert_msg(fer_solution_parse(solved, s->other, &b.solution), "%s", s->other);
    struct op_case d = c;
    c.forced = &a;
    d.forced = &b;
    op_program_compile(&one, &c, &device, true);
    op_program_compile(&other, &d, &device, true);
    ck_assert_int_gt(count_launches(&one, s->kernel), count_launches(&other, s->kernel));
    run_both(&one, &other, c.flags, s->of.inputs[0] - '0');
    op_program_free(&first);
    op_program_free(&one);
    op_program_free(&other);
    op_device_close(&device);
}
END_TEST

static void add_more(TCase *tcase)
{
    tcase_add_loop_test(tcase, said_is_asked_for, 0, 3);
    tcase_add_loop_test(tcase, a_large_batch_has_a_limit, 0, 2);
    tcase_add_loop_test(tcase, what_does_not_fit_is_not_there, 0, 2);
    tcase_add_loop_test(tcase, spans_give_the_same_bits, 0, (int)(sizeof spanned / sizeof spanned[0]));
    tcase_add_loop_test(tcase, forms_give_the_same_bits, 0, (int)(sizeof two_ways / sizeof two_ways[0]));
}

int main(void)
{
    return op_main("workspace", NULL, 0, add_more);
}
