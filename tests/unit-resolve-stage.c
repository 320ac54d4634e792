/* SPDX-License-Identifier: Apache-2.0
 *
 * What stages mean: updates, steps, losses and what is kept.
 */
#include "resolve-look.h"

START_TEST(what_is_updated_is_trained)
{
    good(USE NET
         "net frozen = small\n" DATA STAGE("  a = image | frozen\n  logits = image | small\n  loss ce = logits, label "
                                           "| cross_entropy\n  loss sim = logits, a | mse\n"
                                           "  minimize ce + 0.25 sim\n  update small.fc, small.conv lr_scale=0.1 "
                                           "clip=2 from=3 with adam | cosine | warmup 2 unit=step\n"));
    const struct fer_stage_spec *stage = &d->stages[0];
    const struct fer_update_spec *update = &stage->steps[0].updates[0];

    ck_assert(op_at(stage->graph, "small.bn")->training);
    ck_assert(!op_at(stage->graph, "frozen.bn")->training);
    ck_assert_int_eq(update->nweights, 4);
    for (int i = 0; i < 4; i++)
        ck_assert(update->weights[i]->trained && !strstr(update->weights[i]->path, "bn"));
    ck_assert_double_eq(update->lr_scale, 0.1);
    ck_assert_double_eq(update->clip, 2);
    ck_assert_int_eq(update->from, 3);
    ck_assert_int_eq(update->nschedules, 2);
    ck_assert_int_eq(update->schedules[0].unit, FER_UNIT_EPOCH);
    ck_assert_int_eq(update->schedules[1].unit, FER_UNIT_STEP);
    ck_assert_int_eq(stage->steps[0].nlosses, 2);
    ck_assert_double_eq(stage->steps[0].losses[1].weight, 0.25);
    weights_are("frozen",
                "conv.weight conv.bias bn.weight bn.bias [bn.running_mean] [bn.running_var] fc.weight fc.bias");
}
END_TEST

START_TEST(statistics_are_not_updated)
{
    good(USE NET DATA STAGE(FIT("small") "  minimize ce\n  update small with sgd lr=0.1\n"));
    ck_assert_int_eq(d->stages[0].steps[0].updates[0].nweights, 6);
}
END_TEST

START_TEST(steps_have_losses_of_their_own)
{
    good(USE NET "net other = small\n" DATA STAGE("  a = image | small\n  b = image | other\n"
                                                  "  step one times=3 {\n    loss l = a, label | cross_entropy\n"
                                                  "    loss seen = a, b | mse\n"
                                                  "    minimize l\n    update small with sgd lr=0.1\n  }\n"
                                                  "  step two fresh=yes {\n    loss l = b, label | cross_entropy\n"
                                                  "    minimize 2 l\n    update other with sgd lr=0.1\n  }\n"));
    const struct fer_stage_spec *stage = &d->stages[0];

    ck_assert_int_eq(stage->nsteps, 2);
    ck_assert_int_eq(stage->steps[0].times, 3);
    ck_assert(!stage->steps[0].fresh);
    ck_assert_int_eq(stage->steps[1].times, 1);
    ck_assert(stage->steps[1].fresh);
    ck_assert_ptr_ne(stage->steps[0].losses[0].value, stage->steps[1].losses[0].value);
    ck_assert_ptr_eq(stage->steps[1].losses[0].value->producer->in[0]->producer, op_at(stage->graph, "other.fc"));
    ck_assert_ptr_eq(stage->steps[0].losses[0].value->producer->in[0]->producer, op_at(stage->graph, "small.fc"));
    ck_assert_int_eq(stage->steps[0].nlosses, 2); /* what is not minimised is logged */
    ck_assert_double_eq(stage->steps[0].losses[1].weight, 0);
    ck_assert_int_eq(stage->steps[0].updates[0].weights[0]->net->index, 0);
}
END_TEST

START_TEST(losses_of_the_stage_serve_its_steps)
{
    good(
        USE NET DATA STAGE(FIT("small") "  loss lost = logits, label | cross_entropy\n"
                                        "  step one {\n    minimize ce\n    update small.fc with sgd lr=0.1\n  }\n"
                                        "  step two {\n    minimize ce\n    update small.conv with sgd lr=0.1\n  }\n"));
    ck_assert_ptr_eq(d->stages[0].steps[0].losses[0].value, d->stages[0].steps[1].losses[0].value);
    ck_assert(has_warning("no step minimises 'lost', so it is neither used nor logged"));
}
END_TEST

START_TEST(a_loss_may_come_out_of_a_block)
{
    good(USE "block both(a, b) -> l { l = a, b | cross_entropy }\n" NET DATA STAGE(
        "  logits = image | small\n  loss ce = logits, label | both\n  minimize ce\n  update small with sgd lr=0.1\n"));
    ck_assert_str_eq(d->stages[0].steps[0].losses[0].value->producer->layer->name, "cross_entropy");
}
END_TEST

START_TEST(keeping_names_tests_and_metrics)
{
    good(USE NET DATA "stage fit over train until step=20 keeping best=\"b.error\" patience=4 tests=[c] {\n" FIT(
        "small") "  minimize ce\n  update small with sgd lr=0.1\n}\n"
                 "test a over train {\n  y = image | small\n  metric m = y, label | accuracy\n}\n"
                 "test b over train {\n  y = image | small\n  metric error = y, label | cross_entropy\n}\n"
                 "test c over train {\n  y = image | small\n  metric m = y, label | accuracy\n}\n");
    ck_assert_int_eq(d->stages[0].unit, FER_UNIT_STEP);
    ck_assert_int_eq(d->stages[0].until, 20);
    ck_assert_int_eq(d->stages[0].patience, 4);
    ck_assert(d->stages[0].best_is_loss); /* by what it is, not by its name */
    ck_assert_int_eq(d->stages[0].ntests, 2);
    ck_assert_str_eq(d->tests[d->stages[0].tests[0]].name, "c");
    ck_assert_str_eq(d->tests[d->stages[0].tests[1]].name, "b");
    ck_assert_ptr_eq(d->tests[1].metrics[0].metric, &fer_core_mean); /* a loss may be a metric */
    ck_assert_ptr_ne(d->tests[0].metrics[0].metric, &fer_core_mean);
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("stage", set_up, tear_down);

    tcase_add_test(tests, what_is_updated_is_trained);
    tcase_add_test(tests, statistics_are_not_updated);
    tcase_add_test(tests, steps_have_losses_of_their_own);
    tcase_add_test(tests, losses_of_the_stage_serve_its_steps);
    tcase_add_test(tests, a_loss_may_come_out_of_a_block);
    tcase_add_test(tests, keeping_names_tests_and_metrics);
    return resolve_run();
}
