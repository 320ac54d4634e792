/* SPDX-License-Identifier: Apache-2.0
 *
 * What is said of a stage as it goes on, and its rates.
 */
#include <math.h>
#include <stdio.h>

#include "cases.h"
#include "stage-trial.h"

/* Of four steps an epoch; what is minimised is weighted, and each loss is logged as it is. */
START_TEST(an_epochs_loss_is_the_mean_of_its_steps)
{
    const struct run run = run_stage("means", "stage s over sixteen until epoch=3 {\n  logits = image | t\n"
                                              "  loss ce = logits, label | cross_entropy\n  loss size = logits | l1\n"
                                              "  minimize 0.5 ce + 3 size\n  update t with sgd lr=0.5\n}\n");
    ck_assert_int_eq(run.epochs, 3);
    ck_assert_int_eq(run.steps, 12);
    for (int epoch = 0; epoch < 3; epoch++) {
        double mean[3] = { 0 };
        for (int i = 4 * epoch; i < 4 * epoch + 4; i++) {
            mean[0] += run.loss[i] / 4;
            mean[1] += run.part[i][0] / 4;
            mean[2] += run.part[i][1] / 4;
            ck_assert_double_eq_tol(run.loss[i], 0.5 * run.part[i][0] + 3 * run.part[i][1], 1e-6);
        }
        ck_assert_double_eq_tol(run.mean[epoch], mean[0], 1e-6);
        ck_assert_double_eq_tol(run.ce[epoch], mean[1], 1e-6);
        ck_assert_double_gt(mean[2], 0);
    }
    ck_assert_double_gt(fabs(run.mean[1] - run.mean[0]), 1e-4);
}
END_TEST

/* ---- rates ---- */

#define COSINE(words) "  update t with sgd lr=1 | cosine" words "\n"

/* Four turns, however they are counted: (1 + cos(pi k / 4)) / 2. */
START_TEST(schedules_end_with_the_stage)
{
    static const char *const stages[] = {
        "stage s over sixteen until step=4 {\n" LEARN COSINE("") "}\n",
        "stage s over eight until epoch=2 {\n" LEARN COSINE("") "}\n",
        "stage s over eight until epoch=2 {\n" LEARN COSINE(" unit=step") "}\n",
        "stage s over eight until step=4 {\n" LEARN COSINE(" unit=epoch") "}\n",
        /* turns of two batches each */
        "stage s over sixteen until step=4 {\n  step a times=2 {\n" LEARN COSINE("") "  }\n}\n",
        "stage s over sixteen until epoch=2 {\n  step a times=2 {\n" LEARN COSINE("") "  }\n}\n",
        "stage s over sixteen until epoch=2 {\n  step a times=2 {\n" LEARN COSINE(" unit=step") "  }\n}\n",
        "stage s over sixteen until step=4 {\n  step a times=2 {\n" LEARN COSINE(" unit=epoch") "  }\n}\n",
        "stage s over sixteen until epoch=2 {\n  step a {\n" LEARN COSINE(
            "") "  }\n  step b fresh=yes {\n" LEARN COSINE(" unit=step") "  }\n}\n",
    };
    char name[16];
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++) {
        snprintf(name, sizeof name, "ends%zu", i);
        const struct run run = run_stage(name, stages[i]);
        ck_assert_int_eq(run.steps, 4);
        for (int k = 0; k < 4; k++)
            ck_assert_msg(fabs(run.rate[k] - (1 + cos(3.14159265358979323846 * k / 4)) / 2) < 1e-7,
                          "%s: step %d has rate %g", stages[i], k + 1, run.rate[k]);
    }
}
END_TEST

/* Turns of three batches, of which an epoch has four: the second turn ends it. */
START_TEST(the_last_turn_may_be_longer)
{
    const struct run run = run_stage(
        "longer", "stage s over sixteen until epoch=1 {\n  step a times=3 {\n" LEARN COSINE(" unit=step") "  }\n}\n");
    ck_assert_int_eq(run.steps, 2);
    ck_assert_double_eq(run.rate[0], 1);
    ck_assert_double_eq_tol(run.rate[1], 0.5, 1e-7);
}
END_TEST

/* cosine 1, 0.854, 0.5, 0.146; warmup 0, 1/2, 1, 1; changes at whole epochs of two steps: 1, 1, 0.1, 0.1 */
START_TEST(factors_of_a_rate_are_multiplied)
{
    static const double warmup[] = { 0, 0.5, 1, 1 }, steps[] = { 1, 1, 0.1, 0.1 };
    const struct run run =
        run_stage("factors", "stage s over eight until epoch=2 {\n" LEARN
                             "  update t lr_scale=0.5 with sgd lr=2 | cosine | warmup 2 unit=step | step 1\n}\n");
    const struct run late = run_stage("late", "stage s over eight until epoch=3 {\n" LEARN
                                              "  update t with sgd lr=2 | multistep [0.5, 2]\n}\n");
    for (int k = 0; k < 4; k++)
        ck_assert_double_eq_tol(run.rate[k], (1 + cos(3.14159265358979323846 * k / 4)) / 2 * warmup[k] * steps[k],
                                1e-7);
    /* one of whole epochs has not passed 0.5 before the first ends */
    for (int k = 0; k < 6; k++)
        ck_assert_double_eq_tol(late.rate[k], k < 2 ? 2 : k < 4 ? 0.2 : 0.02, 1e-7);
}
END_TEST

/* ---- going on ---- */

static volatile int stopped;

static void stop_now(void *user, const struct fer_epoch *epoch)
{
    (void)user;
    (void)epoch;
    stopped = 1;
}

/* Both states of adam come out of the checkpoint. */
START_TEST(a_run_that_was_stopped_goes_on)
{
    static const char stage[] = "stage s over sixteen until epoch=2 {\n" LEARN "  update t with adam lr=0.1\n}\n";
    struct run straight = run_stage("straight", stage), halved = { .steps = 0 };
    struct fer_train_options options = { .settings = { .seed = 3, .threads = 1 }, .stop = &stopped, .epoch = stop_now };
    char text[4096];
    snprintf(text, sizeof text, "%s%s", HEAD, stage);
    write_text("halved.fer", text);
    snprintf(halved.directory, sizeof halved.directory, "%s", in_home("halved"));
    options.run = halved.directory;
    stopped = 0;
    ck_assert_int_eq(fer_train(context, in_home("halved.fer"), &options, &err), FER_EINTERRUPTED);
    stopped = 0;
    options.epoch = NULL;
    options.resume = true;
    ck_assert_msg(fer_train(context, in_home("halved.fer"), &options, &err) == FER_OK, "%s", err.text);
    weights_of(&halved, "last.safetensors", "t.fc.weight", halved.weight);
    ck_assert(same(halved.weight, straight.weight));
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("epochs", open_home, close_home);

    tcase_add_test(tests, an_epochs_loss_is_the_mean_of_its_steps);
    tcase_add_test(tests, schedules_end_with_the_stage);
    tcase_add_test(tests, the_last_turn_may_be_longer);
    tcase_add_test(tests, factors_of_a_rate_are_multiplied);
    tcase_add_test(tests, a_run_that_was_stopped_goes_on);
    return cases_run();
}
