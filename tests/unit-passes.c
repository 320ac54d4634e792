/* SPDX-License-Identifier: Apache-2.0
 *
 * The compiler's passes: what is fused behind an operation is what it would have been by itself, for every solver of
 * both profiles, forward and backward; whole nets say the same with and without each pass, and train to the same
 * weights; and what is left out is out.
 */
#include "compile/plan.h"
#include "passes-fusion.h"
#include "trial.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As the manual states them: outputs, gradients and weights differ by no more in the Euclidean norm. */
#define TOLERANCE 2e-5
#define TOLERANCE_TRAINED 1e-4

/* These change no sum, but where things lie, so that not a bit differs. */
static double allowed(unsigned without, double tolerance)
{
    const unsigned moves = FER_PASS_IN_PLACE | FER_PASS_VIEWS | FER_PASS_ARENA | FER_PASS_OPTIMIZER;
    return without & ~moves ? tolerance : 0;
}

/* ---- nets ---- */

#define CONV(k, rest) "conv2d " #k " bias=no " rest " | batchnorm"
/* Lines are those of the nets, whatever clang-format thinks. */
/* clang-format off */
static const struct net {
    const char *name, *flow;
    int folded, fused, views; /* operations, in evaluation */
} nets[] = {
    { "basic blocks",
      "s = a | " CONV(16, "kernel=7 stride=2 pad=3") " | relu | maxpool 3 stride=2 pad=1\n"
      "h = s | " CONV(16, "pad=1") " | relu | " CONV(16, "pad=1") "\n"
      "u = h, s | add | relu\n"
      "i = u | " CONV(24, "stride=2 pad=1") " | relu | " CONV(24, "pad=1") "\n"
      "d = u | " CONV(24, "kernel=1 stride=2") "\n"
      "v = i, d | add | relu\n"
      "y = v | avgpool global | linear 5", 6, 7, 0 },
    { "bottlenecks",
      "s = a | reshape [3, 10, 40] | " CONV(16, "pad=1") " | relu\n"
      "h = s | " CONV(8, "kernel=1") " | relu | " CONV(8, "stride=2 pad=1 groups=2") " | relu | " CONV(32, "kernel=1") "\n"
      "d = s | " CONV(32, "kernel=1 stride=2") "\n"
      "u = d, h | add | relu\n"
      "i = u | " CONV(8, "kernel=1") " | relu | " CONV(8, "pad=1") " | relu | " CONV(32, "kernel=1") "\n"
      "v = i, u | add | relu\n"
      "y = v | flatten | linear 5", 8, 9, 2 },
    { "inverted residuals",
      "s = a | " CONV(8, "stride=2 pad=1") " | relu6\n"
      "h = s | " CONV(24, "kernel=1") " | relu6 | " CONV(24, "pad=1 groups=depthwise") " | relu6 | " CONV(8, "kernel=1") "\n"
      "u = h, s | add\n"
      "i = u | " CONV(24, "kernel=1") " | relu6 | " CONV(24, "stride=2 pad=1 groups=depthwise") " | relu6 | "
      CONV(12, "kernel=1") "\n"
      "y = i | avgpool global | linear 5 | batchnorm", 8, 6, 0 },
};
/* clang-format on */
enum { NETS = sizeof nets / sizeof nets[0] };

static int fused(const struct op_program *program, bool folds)
{
    int count = 0;
    for (int i = 0; i < program->flow->graph->nops; i++) {
        const struct fer_op *op = program->flow->graph->ops[i];
        for (int f = 0; op->live && f < op->nfused; f++)
            count += (op->fused[f] == op->affine) == folds;
    }
    return count;
}

/* With every pass against what is left without some. */
static void compare(const struct op_case *with, unsigned without, const struct op_device *device, double tolerance)
{
    struct op_case other = *with;
    other.without = without;
    op_compare(with, &other, device, allowed(without, tolerance));
}

START_TEST(whole_nets)
{
    const struct net *net = &nets[_i / 2];
    struct op_device device = op_device_open(_i % 2 ? FER_PROFILE_GPU : FER_PROFILE_CPU);
    struct op_case c = { .flow = net->flow, .inputs = "3,3,20,20", .use = ", mobilenet_v2", .flags = OP_NO_BACKWARD };
    struct op_program program;
    op_program_compile(&program, &c, &device, false);
    ck_assert_msg(fused(&program, true) == net->folded, "%s: %d batch norms folded, not %d", net->name,
                  fused(&program, true), net->folded);
    ck_assert_msg(fused(&program, false) == net->fused, "%s: %d operations fused, not %d", net->name,
                  fused(&program, false), net->fused);
    op_program_free(&program);
    compare(&c, PASSES, &device, TOLERANCE);
    for (unsigned pass = 1; pass <= PASSES && !op_small(); pass *= 2)
        if (pass & PASSES)
            compare(&c, pass, &device, TOLERANCE);
    c.flags = OP_TRAINING | OP_COUPLED;
    compare(&c, PASSES, &device, TOLERANCE_TRAINED);
    for (unsigned pass = 1; pass <= PASSES && !op_small(); pass *= 2)
        if (pass & PASSES)
            compare(&c, pass, &device, TOLERANCE_TRAINED);
    op_device_close(&device);
}
END_TEST

/* ---- some steps of training ---- */

enum { STEPS = 3, MOST_WEIGHTS = 64 };

struct trained {
    double loss[STEPS];
    struct op_tensor weight[MOST_WEIGHTS]; /* statistics too */
};

static void open_trial(struct trial *trial, const struct net *net, const char *update, enum fer_profile profile,
                       unsigned without)
{
    char text[2048];
    snprintf(text, sizeof text, "net t(a) -> y {\n%s\n}", net->flow);
    const struct trial_spec spec = { text, update, 20, 5, 5, ", mobilenet_v2", without };
    trial_open(trial, &spec, profile);
}

static void train(const struct net *net, enum fer_profile profile, unsigned without, struct trained *out)
{
    struct trial trial;
    struct fer_error err = FER_ERROR_INIT;
    open_trial(&trial, net, "with sgd lr=0.1 momentum=0.9 decay=0.001", profile, without);
    for (int step = 0; step < STEPS; step++)
        out->loss[step] = trial_step(&trial, step, 0.1);
    ck_assert_int_le(trial.net->nweights, MOST_WEIGHTS);
    for (int i = 0; i < trial.net->nweights; i++) {
        const struct fer_weight *weight = trial.net->weights[i];
        float *values = malloc(fer_shape_count(&weight->shape) * sizeof *values);
        out->weight[i] = op_tensor_create(&weight->shape, 0);
        ck_assert_msg(fer_store_read(trial.store, weight, values, &err) == FER_OK, "%s", err.text);
        for (size_t k = 0; k < out->weight[i].count; k++)
            out->weight[i].v[k] = (double)values[k];
        free(values);
    }
    trial_close(&trial);
}

static void free_trained(struct trained *trained)
{
    for (int i = 0; i < MOST_WEIGHTS; i++)
        op_tensor_free(&trained->weight[i]);
}

static void compare_trained(const struct net *net, enum fer_profile profile, unsigned without,
                            const struct trained *with)
{
    const double tolerance = allowed(without, TOLERANCE_TRAINED);
    struct trained other = { 0 };
    train(net, profile, without, &other);
    for (int step = 0; step < STEPS; step++)
        ck_assert_msg(fabs(other.loss[step] - with->loss[step]) <= tolerance * with->loss[step],
                      "%s without %#x: loss %d is %.9g, not %.9g", net->name, without, step, other.loss[step],
                      with->loss[step]);
    for (int i = 0; i < MOST_WEIGHTS && with->weight[i].v; i++) {
        const double distance = op_distance(&other.weight[i], &with->weight[i]);
        ck_assert_msg(distance <= tolerance, "%s without %#x: weight %d differs by %.2g", net->name, without, i,
                      distance);
    }
    free_trained(&other);
}

START_TEST(trained_weights)
{
    const struct net *net = &nets[_i / 2];
    const enum fer_profile profile = _i % 2 ? FER_PROFILE_GPU : FER_PROFILE_CPU;
    struct trained with = { 0 };
    train(net, profile, 0, &with);
    ck_assert_double_gt(fabs(with.loss[0] - with.loss[STEPS - 1]), 0.01); /* something has been learned */
    compare_trained(net, profile, PASSES_TRAINED, &with);
    for (unsigned pass = 1; pass <= PASSES_TRAINED && !op_small(); pass *= 2)
        if (pass & PASSES_TRAINED)
            compare_trained(net, profile, pass, &with);
    free_trained(&with);
}
END_TEST

/* ---- what is left out is out ---- */

static size_t rounded_up(size_t bytes)
{
    return (bytes + 255) / 256 * 256;
}

static bool has_place(const struct fer_tensor *t)
{
    return t->storage == FER_STORAGE_ARENA && !t->base && t->last >= 0 && !t->in_place;
}

/* Bytes of all tensors with a place of their own in the arena. */
static size_t places(const struct fer_program *program)
{
    size_t sum = 0;
    for (int i = 0; i < program->ntensors; i++)
        sum += has_place(program->tensors[i]) ? rounded_up(fer_tensor_bytes(program->tensors[i])) : 0;
    return sum;
}

/* How much of it a pass has done. */
static int did(const struct op_program *op_program, unsigned pass)
{
    const struct fer_program *program = op_program->flow->program;
    int blocked = 0, in_place = 0, views = 0;
    for (int i = 0; i < program->ntensors; i++) {
        blocked += program->tensors[i]->layout != FER_LAYOUT_PLAIN;
        in_place += program->tensors[i]->in_place;
        views += program->tensors[i]->base != NULL;
    }
    switch (pass) {
    case FER_PASS_FOLD: return fused(op_program, true);
    case FER_PASS_FUSE: return fused(op_program, false);
    case FER_PASS_LAYOUT: return blocked;
    case FER_PASS_IN_PLACE: return in_place;
    case FER_PASS_VIEWS: return views;
    default: return program->arena_bytes < places(program);
    }
}

static int launches_of(const struct fer_segment *segment, const char *kernel)
{
    int count = 0;
    for (int i = 0; i < segment->count; i++)
        count += strcmp(segment->launches[i]->kernel, kernel) == 0;
    return count;
}

START_TEST(out_is_out)
{
    struct fer_error err = FER_ERROR_INIT;
    struct op_device device = op_device_open(FER_PROFILE_CPU);
    struct op_program with, other;
    struct op_case c = {
        .flow = nets[_i].flow, .inputs = "3,3,20,20", .use = ", mobilenet_v2", .flags = OP_NO_BACKWARD
    };
    op_program_compile(&with, &c, &device, false);
    ck_assert_int_eq(did(&with, FER_PASS_VIEWS), nets[_i].views);
    for (unsigned pass = 1; pass <= PASSES; pass *= 2) {
        if (!(pass & PASSES))
            continue;
        c.without = pass;
        op_program_compile(&other, &c, &device, false);
        ck_assert_msg(pass == FER_PASS_VIEWS || did(&with, pass) > 0, "%s has done nothing", fer_pass_name(pass));
        ck_assert_msg(did(&other, pass) == 0, "%s is left out and has done something", fer_pass_name(pass));
        ck_assert_msg(fer_plan_check(other.flow->program, &err) == FER_OK, "%s", err.text);
        if (pass == FER_PASS_VIEWS)
            ck_assert_int_eq(launches_of(other.flow->segment, "copy"), nets[_i].views);
        op_program_free(&other);
    }
    op_program_free(&with);
    op_device_close(&device);
}
END_TEST

/* Nothing is shared: the arena is as large as its tensors are together, which the plan that shares has said. */
START_TEST(arena_of_all)
{
    struct op_device device = op_device_open(FER_PROFILE_CPU);
    struct op_program with, other;
    struct op_case c = {
        .flow = nets[_i].flow, .inputs = "3,3,20,20", .use = ", mobilenet_v2", .flags = OP_TRAINING | OP_COUPLED
    };
    op_program_compile(&with, &c, &device, false);
    c.without = FER_PASS_ARENA;
    op_program_compile(&other, &c, &device, false);
    const struct fer_program *apart = other.flow->program, *shared = with.flow->program;
    ck_assert_uint_eq(apart->arena_bytes, places(apart));
    ck_assert_uint_eq(apart->apart_bytes, places(apart));
    ck_assert_uint_eq(shared->apart_bytes, places(apart));
    ck_assert_uint_lt(shared->arena_bytes, places(apart));
    op_program_free(&with);
    op_program_free(&other);
    op_device_close(&device);
}
END_TEST

static int update_launches(const char *update, unsigned without, int *trained)
{
    struct trial trial;
    open_trial(&trial, &nets[0], update, FER_PROFILE_CPU, without);
    const struct fer_segment *segment = trial.stage->steps[0].updates[0].segment;
    const int count = segment->count;
    for (int i = 0; i < count; i++)
        ck_assert_str_eq(segment->launches[i]->op, trial.stage->steps[0].updates[0].spec->optimizer->name);
    *trained = trial.stage->steps[0].updates[0].spec->nweights;
    trial_close(&trial);
    return count;
}

START_TEST(one_launch_a_net)
{
    /* Six convolutions without bias, six batch norms of two, a weight and a bias of linear. */
    const int weights = 6 + 6 * 2 + 2;
    int trained;
    ck_assert_int_eq(update_launches("with sgd lr=0.1 momentum=0.9", 0, &trained), 1);
    ck_assert_int_eq(trained, weights);
    ck_assert_int_eq(update_launches("with adam lr=0.1", 0, &trained), 1);
    ck_assert_int_eq(update_launches("with sgd lr=0.1 momentum=0.9", FER_PASS_OPTIMIZER, &trained), weights);
    ck_assert_int_eq(trained, weights);
    /* What decays and what does not take turns. */
    ck_assert_int_eq(update_launches("with sgd lr=0.1 decay=0.1 decay_on=weights", 0, &trained), 6 + 6 + 2);
}
END_TEST

/* What was prepared of a weight is called what its layer said, whose text need not outlive the call. */
START_TEST(names_stay)
{
    struct op_device device = op_device_open(FER_PROFILE_CPU);
    struct op_program program;
    struct op_case c = { .flow = nets[0].flow, .inputs = "3,3,20,20", .flags = OP_TRAINING | OP_COUPLED };
    int prepared = 0;
    op_program_compile(&program, &c, &device, false);
    for (int i = 0; i < program.flow->program->ntensors; i++) {
        const struct fer_tensor *t = program.flow->program->tensors[i];
        prepared += t->source != NULL;
        ck_assert(!t->source || strncmp(t->name, "conv ", 5) == 0 || strcmp(t->name, "batchnorm") == 0);
    }
    ck_assert_int_gt(prepared, 0);
    op_program_free(&program);
    op_device_close(&device);
}
END_TEST

/* ---- words ---- */

START_TEST(names)
{
    struct fer_error err = FER_ERROR_INIT;
    unsigned without = 99;
    ck_assert(fer_passes_parse(NULL, &without, &err) == FER_OK && without == 0);
    ck_assert(fer_passes_parse("", &without, &err) == FER_OK && without == 0);
    ck_assert(fer_passes_parse("inplace,fold", &without, &err) == FER_OK);
    ck_assert_uint_eq(without, FER_PASS_IN_PLACE | FER_PASS_FOLD);
    ck_assert(fer_passes_parse("fuse,layout,fuse", &without, &err) == FER_OK);
    ck_assert_uint_eq(without, FER_PASS_FUSE | FER_PASS_LAYOUT);
    ck_assert(fer_passes_parse("fuse,folds", &without, &err) == FER_EINVAL);
    ck_assert_ptr_nonnull(strstr(err.text, "'folds'"));
    ck_assert(fer_passes_parse("fuse,,fold", &without, &err) == FER_EINVAL);
    int count = 0;
    for (unsigned pass = 1; fer_pass_name(pass); pass *= 2, count++) {
        ck_assert(fer_passes_parse("none", &without, &err) == FER_EINVAL);
        ck_assert_ptr_nonnull(strstr(err.text, fer_pass_name(pass))); /* the sentence names all of them */
        ck_assert(fer_passes_parse(fer_pass_name(pass), &without, &err) == FER_OK && without == pass);
    }
    ck_assert_int_eq(count, 9);
}
END_TEST

static void add_more(TCase *tcase)
{
    tcase_add_test(tcase, names);
    fusion_add(tcase);
    tcase_add_loop_test(tcase, whole_nets, 0, 2 * NETS);
    tcase_add_loop_test(tcase, trained_weights, 0, 2 * NETS);
    tcase_add_loop_test(tcase, out_is_out, 0, NETS);
    tcase_add_loop_test(tcase, arena_of_all, 0, NETS);
    tcase_add_test(tcase, one_launch_a_net);
    tcase_add_test(tcase, names_stay);
}

int main(void)
{
    return op_main("passes", fusion_cases, fusion_count, add_more);
}
