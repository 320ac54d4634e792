/* SPDX-License-Identifier: Apache-2.0
 *
 * Which epoch a stage keeps, and what a metric decides.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cases.h"
#include "stage-trial.h"
#include "train/best.h"
#include "tree.h"

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
    tree_remove(run.directory);
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

int main(void)
{
    TCase *tests = cases_begin("best", open_home, close_home);

    tcase_add_test(tests, the_best_epoch_is_kept);
    tcase_add_test(tests, better_is_less_loss_or_more_accuracy);
    tcase_add_test(tests, plateau_lowers_the_rate);
    tcase_add_test(tests, best_is_checked_before_training);
    tcase_add_test(tests, best_is_a_number);
    return cases_run();
}
