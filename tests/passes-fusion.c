/* SPDX-License-Identifier: Apache-2.0 */
#include "passes-fusion.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- references ---- */

enum { RELU = 1, LEAKY, RELU6 };

static double activate(double v, int kind, double slope)
{
    if (kind == RELU6)
        return fmin(fmax(v, 0), 6);
    return v > 0 || !kind ? v : kind == LEAKY ? slope * v : 0;
}

/* A convolution, its batch norm in evaluation, the second input added if there is one, an activation.
 * p: stride, pad, groups, activation, slope, whether the convolution has a bias */
static void block(const struct op_reference *r)
{
    const struct op_tensor *x = &r->in[0], *y = &r->out[0], *w = &r->weight[0];
    const int stride = (int)r->p[0], pad = (int)r->p[1], groups = (int)r->p[2], bias = (int)r->p[5];
    const int inner = w->dim[1], outer = y->dim[1] / groups, kernel = w->dim[2];
    const struct op_tensor *norm = &r->weight[1 + bias]; /* weight, bias, running mean, running variance */
    for (size_t at = 0; at < y->count; at++) {
        const int plane = y->dim[2] * y->dim[3], p = (int)(at % (size_t)plane);
        const int k = (int)(at / (size_t)plane) % y->dim[1], n = (int)(at / (size_t)plane) / y->dim[1];
        double sum = bias ? r->weight[1].v[k] : 0;
        for (int c = 0; c < inner; c++)
            for (int t = 0; t < kernel * kernel; t++) {
                const int i = p / y->dim[3] * stride - pad + t / kernel, j = p % y->dim[3] * stride - pad + t % kernel;
                if (i >= 0 && i < x->dim[2] && j >= 0 && j < x->dim[3])
                    sum +=
                        x->v[op_at(x, n, k / outer * inner + c, i, j)] * w->v[op_at(w, k, c, t / kernel, t % kernel)];
            }
        const double v = (sum - norm[2].v[k]) / sqrt(norm[3].v[k] + 1e-5) * norm[0].v[k] + norm[1].v[k];
        y->v[at] = activate(v + (r->nin > 1 ? r->in[1].v[at] : 0), (int)r->p[3], r->p[4]);
    }
}

/* ---- forward: every solver that can stand before an epilogue ---- */

struct form {
    const char *solver, *kernel; /* what is asked for, and the launch that must be there */
    enum fer_profile profile;
    int n, c, side, k, size, stride, pad, groups;
};
static const struct form forms[] = {
    { "stem", "conv_stem", FER_PROFILE_CPU, 2, 3, 11, 20, 7, 2, 3, 1 },
    { "winograd", "winograd_fused", FER_PROFILE_CPU, 4, 20, 15, 33, 3, 1, 1, 1 },
    { "winograd", "winograd_multiply", FER_PROFILE_CPU, 2, 208, 8, 20, 3, 1, 1, 1 },
    { "direct", "conv_direct", FER_PROFILE_CPU, 3, 20, 9, 33, 3, 2, 1, 1 },
    { "direct", "conv_direct", FER_PROFILE_CPU, 2, 16, 8, 32, 3, 1, 1, 2 },
    { "direct", "conv_direct", FER_PROFILE_CPU, 2, 800, 4, 20, 3, 1, 1, 1 }, /* two passes over the input channels */
    { "direct", "conv_point", FER_PROFILE_CPU, 2, 600, 5, 72, 1, 1, 0, 1 },  /* three passes */
    { "direct", "conv_gathered", FER_PROFILE_CPU, 3, 20, 9, 70, 1, 2, 0, 1 },
    { "direct", "conv_gathered", FER_PROFILE_CPU, 2, 40, 9, 66, 3, 2, 1, 1 },
    { "grouped", "conv_direct", FER_PROFILE_CPU, 2, 20, 9, 20, 5, 1, 2, 5 },
    { "grouped", "conv_grouped_rows", FER_PROFILE_CPU, 2, 20, 7, 20, 3, 1, 1, 5 },
    { "grouped", "conv_grouped_rows", FER_PROFILE_CPU, 2, 24, 9, 24, 3, 2, 1, 3 },
    { "depthwise", "conv_depthwise", FER_PROFILE_CPU, 2, 33, 9, 33, 3, 1, 1, 33 },
    { "generic", "conv_epilogue", FER_PROFILE_CPU, 2, 18, 7, 20, 3, 1, 1, 1 },
    { "implicit", "conv_implicit", FER_PROFILE_GPU, 3, 20, 9, 33, 3, 2, 1, 1 },
    { "implicit", "conv_implicit", FER_PROFILE_GPU, 2, 16, 8, 32, 3, 1, 1, 2 },
    { "winograd2", "winograd2_fused", FER_PROFILE_GPU, 3, 20, 9, 33, 3, 1, 1, 1 },
    { "depthwise", "conv_depthwise_columns", FER_PROFILE_GPU, 2, 7, 9, 7, 3, 2, 1, 7 },
    { "generic", "conv_epilogue", FER_PROFILE_GPU, 2, 18, 7, 20, 3, 1, 1, 1 },
};
/* What is behind: `rest` follows the batch norm. */
static const struct tail {
    const char *rest;
    bool adds;
    int activation;
    double slope;
} tails[] = {
    { "y = h", false, 0, 0 },
    { "y = h | relu", false, RELU, 0 },
    { "y = h, b | add | relu", true, RELU, 0 },
    { "y = b, h | add", true, 0, 0 },
    { "y = h, b | add | leaky_relu 0.3", true, LEAKY, 0.3 },
    { "y = h | scale 9 | scale 0.1111111111 | relu6", false, RELU6, 0 }, /* what stands between is not fused */
    { "y = h | relu6", false, RELU6, 0 },
};
enum { FORMS = sizeof forms / sizeof forms[0], TAILS = sizeof tails / sizeof tails[0] };

static bool launches(const struct op_program *program, const char *op)
{
    const struct fer_segment *segment = program->flow->segment;
    for (int i = 0; i < segment->count; i++)
        if (strcmp(segment->launches[i]->op, op) == 0)
            return true;
    return false;
}

static void check_form(const struct form *f, const struct tail *t, const struct op_device *device, int bias,
                       unsigned without)
{
    const int out = (f->side + 2 * f->pad - f->size) / f->stride + 1;
    char flow[512], inputs[96];
    struct op_program program;
    snprintf(flow, sizeof flow,
             "h = a | conv2d %d kernel=%d stride=%d pad=%d groups=%d bias=%s solver=\"%s\" | batchnorm\n%s", f->k,
             f->size, f->stride, f->pad, f->groups, bias ? "yes" : "no", f->solver, t->rest);
    const int length = snprintf(inputs, sizeof inputs, "%d,%d,%d,%d", f->n, f->c, f->side, f->side);
    if (t->adds)
        snprintf(inputs + length, sizeof inputs - (size_t)length, " %d,%d,%d,%d", f->n, f->k, out, out);
    const struct op_case c = { .flow = flow,
                               .inputs = inputs,
                               .forward = block,
                               .flags = OP_NO_BACKWARD,
                               .p = { f->stride, f->pad, f->groups, t->activation, t->slope, bias },
                               .tolerance = 5e-5,
                               .use = ", mobilenet_v2",
                               .without = without };
    op_program_compile(&program, &c, device, f->profile == FER_PROFILE_CPU && f->c > 4);
    const bool last = (t->activation || t->adds) && !strstr(t->rest, "scale");
    if (without == 0) {
        ck_assert_msg(!launches(&program, "batchnorm"), "%s: the batch norm is not folded", program.title);
        ck_assert_msg(last || strcmp(f->kernel, "conv_epilogue") == 0 || op_program_uses(&program, false, f->kernel),
                      "%s: %s does not run", program.title, f->kernel);
        if (last) {
            ck_assert_msg(op_program_uses(&program, false, f->kernel), "%s: %s does not run", program.title, f->kernel);
            ck_assert_msg(!launches(&program, "add") && !launches(&program, "relu") && !launches(&program, "relu6") &&
                              !launches(&program, "leaky_relu"),
                          "%s: the rest is not fused", program.title);
        }
    } else if (without & FER_PASS_FOLD) {
        ck_assert_msg(launches(&program, "batchnorm"), "%s: the batch norm is gone", program.title);
    }
    op_program_check(&program);
    op_program_free(&program);
}

START_TEST(epilogues)
{
    const struct form *f = &forms[_i];
    struct op_device device = op_device_open(f->profile);
    for (int t = 0; t < TAILS; t++)
        if (t == _i % TAILS || t == 2) /* each tail with some forms, the longest with all */
            check_form(f, &tails[t], &device, t % 2, 0);
    op_device_close(&device);
}
END_TEST

START_TEST(left_out)
{
    const struct form *f = &forms[_i ? 9 : 3];
    struct op_device device = op_device_open(f->profile);
    for (unsigned pass = 1; pass <= PASSES; pass *= 2)
        if (pass & PASSES)
            check_form(f, &tails[2], &device, (pass & (FER_PASS_FUSE | FER_PASS_IN_PLACE)) != 0, pass);
    check_form(f, &tails[4], &device, 0, PASSES);
    op_device_close(&device);
}
END_TEST

/* ---- training: batch norm, an addition and an activation in one kernel each way ---- */

/* Sum over branches: p[0] of them are batch norms of an input of their own, the rest are inputs as they are.
 * p: batch norms, activation, slope */
static void joined(const struct op_reference *r)
{
    const struct op_tensor *y = &r->out[0];
    const size_t plane = (size_t)y->dim[2] * (size_t)y->dim[3];
    const int channels = y->dim[1];
    for (int b = 0; b < 2; b++) {
        const struct op_tensor *x = &r->in[r->nin > 1 ? b : 0];
        for (int c = 0; c < channels; c++) {
            double mean = 0, square = 0, count = (double)y->dim[0] * (double)plane, scale = 1, shift = 0;
            if (b < (int)r->p[0]) {
                const struct op_tensor *w = &r->weight[4 * b];
                for (size_t i = 0; i < x->count; i++)
                    mean += i / plane % (size_t)channels == (size_t)c ? x->v[i] / count : 0;
                for (size_t i = 0; i < x->count; i++)
                    square += i / plane % (size_t)channels == (size_t)c ? pow(x->v[i] - mean, 2) : 0;
                if (r->training) {
                    r->moved[4 * b + 2].v[c] = 0.9 * w[2].v[c] + 0.1 * mean;
                    r->moved[4 * b + 3].v[c] = 0.9 * w[3].v[c] + 0.1 * square / (count - 1);
                } else {
                    mean = w[2].v[c];
                    square = w[3].v[c] * count;
                }
                scale = w[0].v[c] / sqrt(square / count + 1e-5);
                shift = w[1].v[c] - mean * scale;
            }
            for (size_t i = 0; i < y->count; i++)
                if (i / plane % (size_t)channels == (size_t)c)
                    y->v[i] += x->v[i] * scale + shift;
        }
    }
    for (size_t i = 0; i < y->count; i++)
        y->v[i] = activate(y->v[i], (int)r->p[1], r->p[2]);
}

enum { TRAIN = OP_TRAINING | OP_COUPLED };
#define JOIN "h = a | batchnorm\n"
const struct op_case fusion_cases[] = {
    OP_CASE(NULL, "3,18,4,5 3,18,4,5", joined, { 1, RELU }, TRAIN, .flow = JOIN "y = h, b | add | relu"),
    OP_CASE(NULL, "3,5,4,5 3,5,4,5", joined, { 1, RELU6 }, TRAIN, .flow = JOIN "y = b, h | add | scale 1 | relu6",
            .use = ", mobilenet_v2"),
    OP_CASE(NULL, "3,18,4,5 3,18,4,5", joined, { 1, RELU6 }, TRAIN, .flow = JOIN "y = b, h | add | relu6",
            .use = ", mobilenet_v2"),
    OP_CASE(NULL, "3,5,7,5 3,5,7,5", joined, { 1, LEAKY, 0.2 }, TRAIN, .flow = JOIN "y = h, b | add | leaky_relu 0.2"),
    OP_CASE(NULL, "3,18,4,5 3,18,4,5", joined, { 1 }, TRAIN, .flow = JOIN "y = h, b | add"),
    OP_CASE(NULL, "3,18,4,5", joined, { 1, RELU }, TRAIN, .flow = JOIN "y = h, a | add | relu"),
    OP_CASE(NULL, "3,18,4,5 3,18,4,5", joined, { 2, RELU }, TRAIN,
            .flow = JOIN "g = b | batchnorm\ny = h, g | add | relu"),
    OP_CASE(NULL, "3,18,4,5 3,18,4,5", joined, { 1, RELU }, .flow = JOIN "y = h, b | add | relu"), /* evaluation */
    OP_CASE(NULL, "3,6,4,5 3,6,4,5", joined, { 1, RELU }, OP_NO_BACKWARD, .flow = JOIN "y = h, b | add | relu"),
    OP_CASE(NULL, "3,18,4,5 3,18,4,5", joined, { 1, RELU }, TRAIN, .flow = JOIN "y = h, b | add | relu",
            .without = FER_PASS_FUSE),
};

START_TEST(one_kernel_each_way)
{
    struct op_device device = op_device_open(_i ? FER_PROFILE_GPU : FER_PROFILE_CPU);
    struct op_program program;
    op_program_compile(&program, &fusion_cases[0], &device, !_i);
    ck_assert(!launches(&program, "add") && !launches(&program, "relu"));
    const struct fer_segment *backward = program.flow->backward;
    for (int i = 0; i < backward->count; i++)
        ck_assert_msg(strcmp(backward->launches[i]->op, "relu") != 0 && strcmp(backward->launches[i]->op, "add") != 0,
                      "%s has a launch of its own", backward->launches[i]->op);
    op_program_free(&program);
    op_device_close(&device);
}
END_TEST

const int fusion_count = sizeof fusion_cases / sizeof fusion_cases[0];

void fusion_add(TCase *tcase)
{
    tcase_add_loop_test(tcase, epilogues, 0, FORMS);
    tcase_add_loop_test(tcase, left_out, 0, 2);
    tcase_add_loop_test(tcase, one_kernel_each_way, 0, 2);
}
