/* SPDX-License-Identifier: Apache-2.0
 *
 * What shapes layers yield of 6 x 12 x 9: torch.nn's formulas by hand.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "train/context.h"

static struct fer_error err;

#define OK(call) ck_assert_msg((call) == FER_OK, "%s", err.text)

static const struct {
    const char *call;
    int dim[3];
} cases[] = {
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
    char text[512];
    struct fer_context *context;
    struct fer_description *description;

    OK(fer_context_create(NULL, &context, &err));
    snprintf(text, sizeof(text),
             "fer 1\nuse vision\nnet t(image) -> y { y = image | %s }\n"
             "predict p(image: f32[6,12,9]) -> y { y = image | t }\n",
             cases[_i].call);
    OK(fer_context_parse(context, "t.fer", ".", text, NULL, FER_FOR_PREDICT, &description, &err));
    const struct fer_shape *shape = &description->predicts[0].outputs[0].shape;
    ck_assert_int_eq(shape->rank, 4);
    for (int k = 0; k < 3; k++)
        ck_assert_msg(shape->dim[1 + k] == cases[_i].dim[k], "%s: axis %d has %d instead of %d", cases[_i].call, 1 + k,
                      shape->dim[1 + k], cases[_i].dim[k]);
    fer_description_free(description);
    fer_context_free(context);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("shapes");
    TCase *tests = tcase_create("shapes");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_loop_test(tests, outputs, 0, sizeof(cases) / sizeof(cases[0]));
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
