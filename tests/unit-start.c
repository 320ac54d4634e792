/* SPDX-License-Identifier: Apache-2.0
 *
 * Which distribution every layer's weights start with: torch.nn's defaults and torch.nn.init, from the shapes by hand.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "train/context.h"

static struct fer_error err;

#define OK(call) ck_assert_msg((call) == FER_OK, "%s", err.text)

/* A call on pictures of 6 x 8 x 8, and the weight of it: in [-a, a), normal with deviation a, or a. */
static const struct {
    const char *call, *weight;
    enum fer_init_kind kind;
    double a;
} cases[] = {
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

static const struct fer_weight *find_weight(const struct fer_description *description, const char *path)
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
    char text[512], path[64];
    struct fer_context *context;
    struct fer_description *description;

    OK(fer_context_create(NULL, &context, &err));
    snprintf(text, sizeof(text),
             "fer 1\nuse vision\nnet t(image) -> y { y = image | op: %s }\n"
             "predict p(image: f32[6,8,8]) -> y { y = image | t }\n",
             cases[_i].call);
    OK(fer_context_parse(context, "t.fer", ".", text, NULL, FER_FOR_PREDICT, &description, &err));
    snprintf(path, sizeof(path), "t.op.%s", cases[_i].weight);
    const struct fer_init init = find_weight(description, path)->init;
    const double spread = init.kind == FER_INIT_CONSTANT ? init.a : init.b;

    ck_assert_msg(init.kind == cases[_i].kind, "%s: %s is of kind %d", cases[_i].call, path, (int)init.kind);
    ck_assert_msg(fabs(spread - cases[_i].a) < 1e-12, "%s: %s has %.17g", cases[_i].call, path, spread);
    ck_assert(init.kind == FER_INIT_CONSTANT || init.a == (init.kind == FER_INIT_UNIFORM ? -init.b : 0));
    fer_description_free(description);
    fer_context_free(context);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("start");
    TCase *tests = tcase_create("start");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_loop_test(tests, distributions, 0, sizeof(cases) / sizeof(cases[0]));
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
