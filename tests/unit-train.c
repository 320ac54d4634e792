/* SPDX-License-Identifier: Apache-2.0
 *
 * What the words of a stage mean: two descriptions that must do the same are trained and compared, bit for bit where
 * nothing rounds differently.
 */
#include <stdio.h>

#include "cases.h"
#include "stage-trial.h"

/* ---- nets and updates ---- */

#define BOTH LEARN "  other = image | u\n  loss idle = other, label | cross_entropy\n"

START_TEST(an_alias_has_weights_of_its_own)
{
    float u[2][WEIGHTS];
    struct run still = run_stage("still", "stage s over four until epoch=1 {\n" BOTH "  update t with sgd lr=0\n}\n");
    struct run moved = run_stage("moved", "stage s over four until epoch=1 {\n" BOTH "  update t with sgd lr=1\n}\n");
    weights_of(&still, "last.safetensors", "u.fc.weight", u[0]);
    weights_of(&moved, "last.safetensors", "u.fc.weight", u[1]);
    ck_assert(!same(still.weight, moved.weight));
    ck_assert(!same(u[0], still.weight));
    ck_assert(same(u[0], u[1]));
}
END_TEST

START_TEST(an_update_waits_for_its_epoch)
{
    struct run never =
        run_stage("never", "stage s over eight until epoch=2 {\n" LEARN "  update t from=3 with sgd lr=1\n}\n");
    struct run still = run_stage("still", "stage s over eight until epoch=2 {\n" LEARN "  update t with sgd lr=0\n}\n");
    struct run late =
        run_stage("late", "stage s over eight until epoch=2 {\n" LEARN "  update t from=2 with sgd lr=1\n}\n");
    ck_assert(same(never.weight, still.weight));
    ck_assert(!same(late.weight, still.weight));
    ck_assert_int_eq(late.steps, 4);
    for (int i = 0; i < 4; i++) {
        ck_assert_double_eq(late.rate[i], i < 2 ? 0 : 1);
        ck_assert_double_eq(never.rate[i], 0);
        if (i < 3) /* the third step's loss is that before its update */
            ck_assert_double_eq(late.loss[i], still.loss[i]);
    }
    ck_assert_double_ne(late.loss[3], still.loss[3]);
}
END_TEST

START_TEST(times_draws_a_batch_each)
{
    struct run often = run_stage("often", "stage s over sixteen until step=1 {\n  step a times=3 {\n" LEARN
                                          "  update t with sgd lr=1\n  }\n}\n");
    struct run turns =
        run_stage("turns", "stage s over sixteen until step=3 {\n" LEARN "  update t with sgd lr=1\n}\n");
    ck_assert_int_eq(often.steps, 1);
    ck_assert_int_eq(turns.steps, 3);
    ck_assert_double_eq(often.loss[0], turns.loss[2]); /* logged is the last repetition */
    ck_assert(same(often.weight, turns.weight));
}
END_TEST

#define TWO_STEPS(words)                                                                                               \
    "  step a {\n" LEARN "  update t with sgd lr=1\n  }\n  step b " words " {\n  more = image | t\n"                   \
    "  loss d = more, label | cross_entropy\n  minimize d\n  update t with sgd lr=1\n  }\n"

START_TEST(a_fresh_step_draws_a_batch)
{
    struct run turns =
        run_stage("turns", "stage s over sixteen until step=2 {\n" LEARN "  update t with sgd lr=1\n}\n");
    struct run fresh = run_stage("fresh", "stage s over sixteen until step=1 {\n" TWO_STEPS("fresh=yes") "}\n");
    struct run stale = run_stage("stale", "stage s over sixteen until step=1 {\n" TWO_STEPS("") "}\n");
    ck_assert(same(fresh.weight, turns.weight));
    ck_assert(!same(stale.weight, turns.weight));
    /* Where the data is one batch, the same batch again is what another turn draws, in another order. */
    struct run again = run_stage("again", "stage s over four until step=2 {\n" LEARN "  update t with sgd lr=1\n}\n");
    struct run kept = run_stage("kept", "stage s over four until step=1 {\n" TWO_STEPS("") "}\n");
    ck_assert_double_lt(distance(kept.weight, again.weight), 1e-6);
}
END_TEST

#define BOTH_LEARN(data, weight, rate)                                                                                 \
    data "stage s over some until step=3 {\n  logits = image | t\n  other = image | u\n"                               \
         "  loss ce = logits, label | cross_entropy\n  loss also = other, label | cross_entropy\n"                     \
         "  minimize " weight " ce + " weight " also\n  update t, u with sgd lr=" rate "\n}\n"
#define SOME(words) "data some -> image, label = folder \"sixteen/\" | batch 4" words "\n"

/* A batch in parts, and losses of a quarter at four times the rate, move both nets as one batch does. */
START_TEST(parts_and_weights_add_up)
{
    static const char *const others[] = { BOTH_LEARN(SOME(" micro=2"), "1", "0.5"), BOTH_LEARN(SOME(""), "0.25", "2") };
    struct run whole = run_stage("whole", BOTH_LEARN(SOME(""), "1", "0.5"));
    struct run still = run_stage("still", BOTH_LEARN(SOME(""), "1", "0"));
    float u[3][WEIGHTS];
    weights_of(&whole, "last.safetensors", "u.fc.weight", u[0]);
    weights_of(&still, "last.safetensors", "u.fc.weight", u[2]);
    ck_assert_double_gt(distance(whole.weight, still.weight), 1e-2);
    ck_assert_double_gt(distance(u[0], u[2]), 1e-2);
    for (int i = 0; i < 2; i++) {
        struct run other = run_stage(i ? "weighted" : "parts", others[i]);
        weights_of(&other, "last.safetensors", "u.fc.weight", u[1]);
        ck_assert_double_lt(distance(whole.weight, other.weight), 1e-5);
        ck_assert_double_lt(distance(u[0], u[1]), 1e-5);
        for (int k = 0; k < 3; k++)
            ck_assert_double_eq_tol(other.loss[k], whole.loss[k] * (i ? 0.25 : 1), 1e-5);
    }
}
END_TEST

/* What a stage computes for all of its steps is computed again for the second, whose net the first has moved. */
START_TEST(shared_flows_see_what_was_moved)
{
    struct run own = run_stage("own", "stage s over sixteen until step=2 {\n" TWO_STEPS("") "}\n");
    struct run shared = run_stage("shared", "stage s over sixteen until step=2 {\n  logits = image | t\n"
                                            "  step a {\n  loss ce = logits, label | cross_entropy\n  minimize ce\n"
                                            "  update t with sgd lr=1\n  }\n"
                                            "  step b {\n  loss d = logits, label | cross_entropy\n  minimize d\n"
                                            "  update t with sgd lr=1\n  }\n}\n");
    ck_assert_double_lt(distance(own.weight, shared.weight), 1e-6);
    for (int i = 0; i < 2; i++)
        ck_assert_double_eq_tol(own.loss[i], shared.loss[i], 1e-6);
}
END_TEST

/* ---- several data sets ---- */

#define OTHER(set, words) "data other -> image as b, label as lb = folder \"" set "/\" | batch 4" words "\n"
#define JUDGE "  logits = b | t\n  loss ce = logits, lb | cross_entropy\n  minimize ce\n  update t with sgd lr=0\n"

/* With weights that stay, each pass over the second set has the same mean loss. */
START_TEST(the_second_data_set_wraps)
{
    struct run run = run_stage("wraps", OTHER("eight", "") "stage s over sixteen, other until epoch=1 {\n" JUDGE "}\n");
    ck_assert_int_eq(run.steps, 4);
    ck_assert_double_eq_tol(run.loss[0] + run.loss[1], run.loss[2] + run.loss[3], 1e-6);
    ck_assert_double_ne(run.loss[0], run.loss[1]);
}
END_TEST

/* What is drawn for a sample depends on it and its own epoch, not on the company that it has in a stage. */
START_TEST(random_numbers_are_a_samples_own)
{
    static const char *const first[] = { "four", "eight", "sixteen" };
    struct run run[3], plain;
    for (int i = 0; i < 3; i++) {
        char text[512];
        snprintf(text, sizeof text,
                 OTHER("eight", " | brightness 0.9") "stage s over %s, other until step=4 {\n" JUDGE "}\n", first[i]);
        run[i] = run_stage(first[i], text);
    }
    plain = run_stage("plain", OTHER("eight", "") "stage s over four, other until step=4 {\n" JUDGE "}\n");
    for (int step = 0; step < 4; step++) {
        ck_assert_double_ne(run[0].loss[step], plain.loss[step]);
        for (int i = 1; i < 3; i++)
            ck_assert_double_eq(run[0].loss[step], run[i].loss[step]);
    }
    /* another epoch, other numbers */
    ck_assert_double_gt(fabs(run[0].loss[0] + run[0].loss[1] - run[0].loss[2] - run[0].loss[3]), 1e-4);
}
END_TEST

/* With margin=0 the loss is the distance of pairs of one class, and nothing where there are none. */
START_TEST(pairs_are_pulled_together)
{
    static const char *const stage =
        "data two -> image, label, image2, label2, same = folder \"eight/\" | pairs ratio=%s | batch 4\n"
        "stage s over two until epoch=2 {\n  a = image | t\n  b = image2 | t\n"
        "  loss apart = a, b, same | contrastive margin=0\n"
        "  loss ce = b, label2 | cross_entropy\n  loss first = a, label | cross_entropy\n"
        "  minimize apart\n  update t with sgd lr=0.1\n}\n";
    char text[1024];
    snprintf(text, sizeof text, stage, "1");
    struct run alike = run_stage("alike", text);
    snprintf(text, sizeof text, stage, "0");
    struct run unlike = run_stage("unlike", text);
    for (int i = 0; i < 4; i++) {
        ck_assert_double_gt(alike.loss[i], 0);
        ck_assert_double_eq(unlike.loss[i], 0); /* nothing pulls, and no margin pushes */
    }
    ck_assert(!same(alike.weight, unlike.weight));
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("stages", open_home, close_home);

    tcase_add_test(tests, an_alias_has_weights_of_its_own);
    tcase_add_test(tests, an_update_waits_for_its_epoch);
    tcase_add_test(tests, times_draws_a_batch_each);
    tcase_add_test(tests, a_fresh_step_draws_a_batch);
    tcase_add_test(tests, parts_and_weights_add_up);
    tcase_add_test(tests, shared_flows_see_what_was_moved);
    tcase_add_test(tests, the_second_data_set_wraps);
    tcase_add_test(tests, random_numbers_are_a_samples_own);
    tcase_add_test(tests, pairs_are_pulled_together);
    return cases_run();
}
