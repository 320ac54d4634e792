/* SPDX-License-Identifier: Apache-2.0
 *
 * What layers yield and how their weights start, out of descriptions: torch.nn's formulas and defaults and
 * torch.nn.init, by hand.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cases.h"
#include "train/context.h"

static struct fer_error err;
static struct fer_context *context;
static struct fer_description *description;

#define OK(call) ck_assert_msg((call) == FER_OK, "%s", err.text)

/* A net t of one layer, op, on pictures of 6 x height x width. */
static void describe(const char *call, int height, int width)
{
    char text[512];

    snprintf(text, sizeof(text),
             "fer 1\nuse vision\nnet t(image) -> y { y = image | op: %s }\n"
             "predict p(image: f32[6,%d,%d]) -> y { y = image | t }\n",
             call, height, width);
    OK(fer_context_create(NULL, &context, &err));
    OK(fer_context_parse(context, "t.fer", ".", text, NULL, FER_FOR_PREDICT, &description, &err));
}

static void take_down(void)
{
    fer_description_free(description);
    fer_context_free(context);
    description = NULL;
    context = NULL;
}

/* ---- shapes ---- */

/* What 6 x 12 x 9 become. */
static const struct {
    const char *call;
    int dim[3];
} shapes[] = {
    /* floor((in + 2 pad - dilation (kernel - 1) - 1) / stride) + 1 */
    { "conv2d 8 kernel=3", { 8, 10, 7 } },
    { "conv2d 8 kernel=3 stride=2", { 8, 5, 4 } }, /* 9 / 2, 6 / 2 */
    { "conv2d 8 kernel=3 stride=2 pad=1", { 8, 6, 5 } },
    { "conv2d 8 kernel=3 dilation=2 pad=1", { 8, 10, 7 } },
    /* (in - 1) stride - 2 pad + dilation (kernel - 1) + output_pad + 1 */
    { "deconv2d 4 kernel=3 stride=2 pad=1 output_pad=1", { 4, 24, 18 } },
    { "deconv2d 4 kernel=2 stride=3", { 4, 35, 26 } },
    { "maxpool 2", { 6, 6, 4 } },
    { "maxpool 3 stride=2 pad=1", { 6, 6, 5 } },
    /* ceil; a window that begins behind the last pixel is none: of 12 the fourth would begin at 12 */
    { "maxpool 2 ceil=yes", { 6, 6, 5 } },
    { "maxpool 2 stride=4 ceil=yes", { 6, 3, 3 } },
    { "avgpool 3", { 6, 4, 3 } },
};

START_TEST(outputs)
{
    describe(shapes[_i].call, 12, 9);
    const struct fer_shape *shape = &description->predicts[0].outputs[0].shape;
    ck_assert_int_eq(shape->rank, 4);
    for (int k = 0; k < 3; k++)
        ck_assert_msg(shape->dim[1 + k] == shapes[_i].dim[k], "%s: axis %d has %d instead of %d", shapes[_i].call,
                      1 + k, shape->dim[1 + k], shapes[_i].dim[k]);
}
END_TEST

/* ---- distributions ---- */

/* A call on pictures of 6 x 8 x 8, and the weight of it: in [-a, a), normal with deviation a, or a. */
static const struct {
    const char *call, *weight;
    enum fer_init_kind kind;
    double a;
} starts[] = {
    /* kaiming_uniform_ with a = sqrt(5): 1 / sqrt(fan in), the bias with it; fan in is weight.size(1) times the taps */
    { "conv2d 8 kernel=3", "weight", FER_INIT_UNIFORM, 0.13608276348795434 }, /* 6 * 9 */
    { "conv2d 8 kernel=3", "bias", FER_INIT_UNIFORM, 0.13608276348795434 },
    { "conv2d 8 kernel=1", "weight", FER_INIT_UNIFORM, 0.4082482904638631 },           /* 6 */
    { "conv2d 8 kernel=3 groups=2", "weight", FER_INIT_UNIFORM, 0.19245008972987526 }, /* 3 * 9 */
    { "conv2d 8 kernel=3 groups=2", "bias", FER_INIT_UNIFORM, 0.19245008972987526 },
    { "conv2d 12 kernel=3 groups=depthwise", "weight", FER_INIT_UNIFORM, 0.3333333333333333 }, /* 1 * 9 */
    { "deconv2d 8 kernel=2", "weight", FER_INIT_UNIFORM, 0.17677669529663689 },                /* 8 * 4 */
    { "deconv2d 8 kernel=2", "bias", FER_INIT_UNIFORM, 0.17677669529663689 },
    { "deconv2d 8 kernel=2 groups=2", "weight", FER_INIT_UNIFORM, 0.25 }, /* 4 * 4 */
    { "linear 5", "weight", FER_INIT_UNIFORM, 0.05103103630798288 },      /* 384 */
    { "linear 5", "bias", FER_INIT_UNIFORM, 0.05103103630798288 },
    /* kaiming_normal_: sqrt(2 / fan); fan out is weight.size(0) times the taps, whatever the groups; the bias is zero
     */
    { "conv2d 8 kernel=3 init=kaiming_normal_fan_out", "weight", FER_INIT_NORMAL, 0.16666666666666666 }, /* 8 * 9 */
    { "conv2d 8 kernel=3 groups=2 init=kaiming_normal_fan_out", "weight", FER_INIT_NORMAL, 0.16666666666666666 },
    { "conv2d 8 kernel=3 init=kaiming_normal_fan_out", "bias", FER_INIT_CONSTANT, 0 },
    { "conv2d 8 kernel=3 init=kaiming_normal_fan_in", "weight", FER_INIT_NORMAL, 0.19245008972987526 }, /* 6 * 9 */
    { "linear 50 init=kaiming_normal_fan_out", "weight", FER_INIT_NORMAL, 0.2 },
    /* xavier_uniform_: sqrt(6 / (fan in + fan out)) */
    { "conv2d 8 kernel=3 init=xavier_uniform", "weight", FER_INIT_UNIFORM, 0.2182178902359924 },    /* 54 + 72 */
    { "deconv2d 8 kernel=2 init=xavier_uniform", "weight", FER_INIT_UNIFORM, 0.32732683535398854 }, /* 32 + 24 */
    { "linear 16 init=normal std=0.25", "weight", FER_INIT_NORMAL, 0.25 },
    { "linear 16 init=zero", "weight", FER_INIT_CONSTANT, 0 },
    { "batchnorm", "weight", FER_INIT_CONSTANT, 1 },
    { "batchnorm", "bias", FER_INIT_CONSTANT, 0 },
    { "batchnorm", "running_mean", FER_INIT_CONSTANT, 0 },
    { "batchnorm", "running_var", FER_INIT_CONSTANT, 1 },
    { "groupnorm 2", "weight", FER_INIT_CONSTANT, 1 },
    { "groupnorm 2", "bias", FER_INIT_CONSTANT, 0 },
    { "prelu", "weight", FER_INIT_CONSTANT, 0.25 },
};

static const struct fer_weight *find_weight(const char *path)
{
    for (int n = 0; n < description->nnets; n++)
        for (int w = 0; w < description->nets[n]->nweights; w++)
            if (strcmp(description->nets[n]->weights[w]->path, path) == 0)
                return description->nets[n]->weights[w];
    ck_abort_msg("there is no weight %s", path);
    return NULL;
}

START_TEST(distributions)
{
    char path[64];

    describe(starts[_i].call, 8, 8);
    snprintf(path, sizeof(path), "t.op.%s", starts[_i].weight);
    const struct fer_init init = find_weight(path)->init;
    const double spread = init.kind == FER_INIT_CONSTANT ? init.a : init.b;

    ck_assert_msg(init.kind == starts[_i].kind, "%s: %s is of kind %d", starts[_i].call, path, (int)init.kind);
    ck_assert_msg(fabs(spread - starts[_i].a) < 1e-12, "%s: %s has %.17g", starts[_i].call, path, spread);
    ck_assert(init.kind == FER_INIT_CONSTANT || init.a == (init.kind == FER_INIT_UNIFORM ? -init.b : 0));
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("layers", NULL, take_down);

    tcase_add_loop_test(tests, outputs, 0, sizeof(shapes) / sizeof(shapes[0]));
    tcase_add_loop_test(tests, distributions, 0, sizeof(starts) / sizeof(starts[0]));
    return cases_run();
}
