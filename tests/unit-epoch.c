/* SPDX-License-Identifier: Apache-2.0
 *
 * What is said and decided of a stage as it goes on: losses of epochs, what is better, when patience ends, rates.
 */
#include <check.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "course.h"
#include "train/best.h"

/* ---- what is kept ---- */

START_TEST(the_best_epoch_is_kept)
{
    /* lr 0: no epoch is better than the first; patience lets two pass */
    struct run still =
        run_stage("still", "stage s over eight until epoch=9 keeping best=\"valid.loss\" patience=2 {\n" LEARN
                           "  update t with sgd lr=0\n}\n");
    ck_assert_int_eq(still.epochs, 3);
    ck_assert_int_eq(still.steps, 6);
    ck_assert(still.best[0] && !still.best[1] && !still.best[2]);
    /* What is learnt of noise is wrong about other noise: an early epoch is the best, and the next stage starts from
     * it. */
    struct run away =
        run_stage("away", "stage s over sixteen until epoch=9 keeping best=\"valid.loss\" patience=2 {\n" LEARN
                          "  update t with sgd lr=20\n}\n"
                          "stage after over eight until step=1 {\n" LEARN "  update t with sgd lr=0\n}\n");
    float best[WEIGHTS];
    int kept = 0;
    for (int i = 0; i < away.epochs - 1; i++)
        kept = away.best[i] ? i + 1 : kept;
    ck_assert_int_gt(kept, 0);
    ck_assert_int_eq(kept, away.epochs - 1 - 2); /* the last line is of stage after */
    char text[256];
    snprintf(text, sizeof text, "stage s over sixteen until epoch=%d {\n" LEARN "  update t with sgd lr=20\n}\n", kept);
    struct run until = run_stage("until", text);
    weights_of(&away, "best.safetensors", "t.fc.weight", best);
    ck_assert(same(best, until.weight));
    ck_assert(same(away.weight, until.weight));
}
END_TEST

/* What is better, and when patience ends, told again from what the tests say. */
static bool best_is_right(const char *metric, double lr)
{
    enum { UNTIL = 12, PATIENCE = 2 };
    char stage[512];
    double best = 0;
    int since = 0;
    bool again = false; /* better after worse */
    snprintf(stage, sizeof stage,
             "stage s over sixteen until epoch=%d keeping best=\"valid.%s\" patience=%d {\n" LEARN
             "  update t with sgd lr=%g\n}\n",
             UNTIL, metric, PATIENCE, lr);
    const struct run run = run_stage("judged", stage);
    const double *values = strcmp(metric, "loss") == 0 ? run.valid : run.accuracy;
    for (int i = 0; i < run.epochs; i++) {
        const bool better = i == 0 || (values == run.valid ? values[i] < best : values[i] > best);
        ck_assert_msg(run.best[i] == better, "%s, lr %g: epoch %d of %g after %g", metric, lr, i + 1, values[i], best);
        best = better ? values[i] : best;
        again = again || (better && since > 0);
        since = better ? 0 : since + 1;
        ck_assert(since < PATIENCE || i == run.epochs - 1);
    }
    ck_assert(since == PATIENCE || run.epochs == UNTIL);
    remove_all(run.directory);
    return again;
}

START_TEST(better_is_less_loss_or_more_accuracy)
{
    static const double rates[] = { 0, 0.2, 20 };
    int again = 0;
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        again += best_is_right("loss", rates[i]);
        again += best_is_right("accuracy", rates[i]);
    }
    ck_assert_msg(again > 0, "no run was better after it was worse: this says little");
}
END_TEST

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

START_TEST(plateau_lowers_the_rate)
{
    /* so small that no weight moves: the metric stands still */
    struct run run = run_stage("plateau", "stage s over eight until epoch=6 keeping best=\"valid.loss\" {\n" LEARN
                                          "  update t with sgd lr=1e-30 | plateau factor=0.5 patience=1\n}\n");
    static const double factor[6] = { 1, 1, 1, 0.5, 0.5, 0.25 };
    ck_assert_int_eq(run.steps, 12);
    for (int i = 0; i < 12; i++)
        ck_assert_double_eq_tol(run.rate[i] / (factor[i / 2] * 1e-30), 1, 1e-6);
    /* the second of two has a state of its own: it waits for nothing */
    struct run two = run_stage("two", "stage s over eight until epoch=4 keeping best=\"valid.loss\" {\n"
                                      "  logits = image | t\n  other = image | u\n"
                                      "  loss ce = logits, label | cross_entropy\n"
                                      "  loss also = other, label | cross_entropy\n  minimize ce + also\n"
                                      "  update t with sgd lr=1e-30 | plateau factor=0.5 patience=9\n"
                                      "  update u with sgd lr=1e-30 | plateau factor=0.1 patience=0\n}\n");
    static const double second[4] = { 1, 1, 0.1, 0.01 };
    ck_assert_int_eq(two.steps, 8);
    for (int i = 0; i < 8; i++)
        ck_assert_double_eq_tol(two.rate[i] / (second[i / 2] * 1e-30), 1, 1e-6);
    refuse("stage s over eight until epoch=2 {\n" LEARN "  update t with sgd lr=1 | plateau\n}\n",
           "plateau needs a metric; write keeping best=\"TEST.METRIC\"");
}
END_TEST

START_TEST(best_is_checked_before_training)
{
    refuse("stage s over eight until epoch=1 {\n" LEARN "  update t with sgd lr=0\n}\n"
           "stage late over eight until epoch=1 keeping best=\"valid.confusion.confusion\" {\n" LEARN
           "  update t with sgd lr=0\n}\n",
           "stage late: best=\"valid.confusion.confusion\" is no single number");
    ck_assert_int_ne(access(in_home("refused0/last.safetensors"), F_OK), 0);
}
END_TEST

/* A loss of a test that has overflown is null in the results. */
START_TEST(best_is_a_number)
{
    const struct fer_stage_spec stage = { .name = "s", .best = "valid.loss" };
    json_t *results = json_pack("{s:{s:n}}", "valid", "loss");
    double value;

    ck_assert_int_eq(fer_best_find(&stage, results, &value, &err), FER_ENUMERIC);
    ck_assert_ptr_nonnull(strstr(err.text, "stage s: best=\"valid.loss\" is not a finite number"));
    json_object_set_new(json_object_get(results, "valid"), "loss", json_real(0.5));
    ck_assert_int_eq(fer_best_find(&stage, results, &value, &err), FER_OK);
    ck_assert_double_eq(value, 0.5);
    json_decref(results);
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
    Suite *suite = suite_create("epoch");
    TCase *tests = tcase_create("epochs");
    tcase_add_checked_fixture(tests, open_home, close_home);
    tcase_add_test(tests, the_best_epoch_is_kept);
    tcase_add_test(tests, better_is_less_loss_or_more_accuracy);
    tcase_add_test(tests, an_epochs_loss_is_the_mean_of_its_steps);
    tcase_add_test(tests, schedules_end_with_the_stage);
    tcase_add_test(tests, the_last_turn_may_be_longer);
    tcase_add_test(tests, factors_of_a_rate_are_multiplied);
    tcase_add_test(tests, plateau_lowers_the_rate);
    tcase_add_test(tests, best_is_checked_before_training);
    tcase_add_test(tests, best_is_a_number);
    tcase_add_test(tests, a_run_that_was_stopped_goes_on);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
