/* SPDX-License-Identifier: Apache-2.0
 *
 * What nets mean: names of weights, sharing, cuts and formals.
 */
#include "resolve-look.h"

/* --- names of weights --- */

START_TEST(labels_name_weights)
{
    good(USE "net n(x) -> y { y = x | c: conv2d 4 bias=no | 0: conv2d 4 bias=no | conv2d 4 bias=no | relu | conv2d 4 "
             "bias=no }\n"
             "predict p(x: f32[1,16,16]) -> y { y = x | n }\n");
    weights_are("n", "c.weight 0.weight conv2d.0.weight conv2d.1.weight");
}
END_TEST

START_TEST(runs_of_one_label_are_numbered)
{
    good(USE "block b(x; w = 4) -> y { y = x | c: conv2d $w kernel=1 bias=no }\n"
             "net n(x) -> y {\n"
             "  h = x | l: b | l: b repeat=2 | l: conv2d 4 kernel=1 bias=no | m: b | relu\n"
             "  y = h | b | o: b repeat=1\n"
             "}\n"
             "predict p(x: f32[1,16,16]) -> y { y = x | n }\n");
    weights_are("n", "l.0.c.weight l.1.c.weight l.2.c.weight l.3.weight m.c.weight c.weight o.c.weight");
}
END_TEST

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* tests/names/NAME.txt: what torchvision's state_dict has, but for num_batches_tracked. */
static void names_as_in_torchvision(const char *name, int depth)
{
    char path[64], text[256], *rows[600], *ours[600], *list, *save = NULL;
    const struct fer_net *net;
    int count = 0;

    snprintf(text, sizeof(text), USE "net m = resnet depth=%d\npredict p(x: f32[3,224,224]) -> y { y = x | m }\n",
             depth);
    good(text);
    snprintf(path, sizeof(path), "tests/names/%s.txt", name);
    list = read_text(in_tree(path));
    for (char *row = strtok_r(list, "\n", &save); row && count < 600; row = strtok_r(NULL, "\n", &save))
        rows[count++] = row;
    net = fer_description_net(d, "m");
    ck_assert_int_eq(net->nweights, count);
    for (int i = 0; i < count; i++) {
        const struct fer_weight *w = net->weights[i];

        ours[i] = malloc(256);
        snprintf(ours[i], 256, "%s ", w->path + 2);
        for (int k = 0; k < w->shape.rank; k++)
            snprintf(ours[i] + strlen(ours[i]), 256 - strlen(ours[i]), "%s%d", k ? "x" : "", w->shape.dim[k]);
    }
    qsort(rows, (size_t)count, sizeof(*rows), by_text);
    qsort(ours, (size_t)count, sizeof(*ours), by_text);
    for (int i = 0; i < count; i++) {
        ck_assert_str_eq(ours[i], rows[i]);
        free(ours[i]);
    }
    free(list);
}

START_TEST(resnets_have_the_names_of_torchvision)
{
    names_as_in_torchvision("resnet18", 18);
    names_as_in_torchvision("resnet50", 50);
}
END_TEST

/* --- nets --- */

START_TEST(two_calls_share_weights)
{
    const struct fer_graph *graph;

    good(USE NET "predict p(a: f32[1,8,8], b: f32[1,9,9]) -> y, z {\n  y = a | small\n  z = b | small\n}\n");
    weights_are("small",
                "conv.weight conv.bias bn.weight bn.bias [bn.running_mean] [bn.running_var] fc.weight fc.bias");
    graph = d->predicts[0].graph;
    ck_assert_int_eq(count_ops(graph, "linear"), 2);
    for (int i = 0, k = -1; i < graph->nops; i++) {
        if (strcmp(graph->ops[i]->layer->name, "linear") != 0)
            continue;
        if (k >= 0)
            ck_assert_ptr_eq(graph->ops[i]->weights[0], graph->ops[k]->weights[0]);
        k = i;
    }
}
END_TEST

START_TEST(a_copy_of_a_net_has_its_own_weights)
{
    const struct fer_net *a, *b;

    good(USE NET "net other = small\npredict p(x: f32[1,8,8]) -> y, z {\n  y = x | small\n  z = x | other\n}\n");
    a = fer_description_net(d, "small");
    b = fer_description_net(d, "other");
    ck_assert_int_eq(a->nweights, 8); /* of conv and fc 2 each, of bn 4 */
    ck_assert_int_eq(b->nweights, 8);
    for (int i = 0; i < a->nweights; i++) {
        ck_assert_ptr_ne(a->weights[i], b->weights[i]);
        ck_assert_str_eq(a->weights[i]->path + strlen("small"), b->weights[i]->path + strlen("other"));
        ck_assert(fer_shape_equal(&a->weights[i]->shape, &b->weights[i]->shape));
    }
}
END_TEST

START_TEST(a_net_is_repeated_with_the_same_weights)
{
    good(USE "net n(x) -> y { y = x | fc: linear 8 }\npredict p(x: f32[8]) -> y { y = x | n repeat=3 }\n");
    weights_are("n", "fc.weight fc.bias");
    ck_assert_int_eq(count_ops(d->predicts[0].graph, "linear"), 3);
}
END_TEST

START_TEST(a_net_may_call_a_net)
{
    good(USE "net inner(x) -> y { y = x | fc: linear 8 }\nnet outer(x) -> y { y = x | inner | out: linear 3 }\n"
             "predict p(x: f32[8]) -> y { y = x | outer }\n");
    weights_are("inner", "fc.weight fc.bias");
    weights_are("outer", "out.weight out.bias");
}
END_TEST

#define CHAIN                                                                                                          \
    "net n(x) -> y {\n"                                                                                                \
    "  h = x | conv2d 4 bias=no | one: relu\n"                                                                         \
    "  g = h | two: conv2d 5 bias=no repeat=1 | l: conv2d 6 kernel=1 bias=no repeat=3\n"                               \
    "  y = g | conv2d 7 bias=no\n"                                                                                     \
    "}\n"

START_TEST(cuts_divide_a_net)
{
    good(USE CHAIN "net a = n until=\"two\"\nnet b = n from=\"two\" until=\"l.1\"\nnet c = n from=\"l.1\"\n"
                   "predict p(x: f32[3,16,16]) -> y, z, w {\n  w = x | a\n  z = w | b\n  y = z | c\n}\n");
    weights_are("a", "conv2d.0.weight two.weight");
    weights_are("b", "l.0.weight l.1.weight");
    weights_are("c", "l.2.weight conv2d.1.weight"); /* what is cut off counts */
    ck_assert_str_eq(shape_of(d->predicts[0].graph->inputs[0].value), "N x 3 x 16 x 16");
    ck_assert_int_eq(d->predicts[0].outputs[0].shape.dim[1], 7);
    ck_assert_int_eq(d->predicts[0].outputs[1].shape.dim[1], 6);
    ck_assert_int_eq(d->predicts[0].outputs[2].shape.dim[1], 5);
}
END_TEST

START_TEST(a_label_cuts_behind_its_whole_run)
{
    good(USE CHAIN "net a = n until=\"l\"\nnet b = n from=\"l\"\npredict p(x: f32[3,16,16]) -> y { y = x | a | b }\n");
    weights_are("a", "conv2d.0.weight two.weight l.0.weight l.1.weight l.2.weight");
    weights_are("b", "conv2d.1.weight");
}
END_TEST

START_TEST(a_cut_of_a_cut_keeps_its_other_end)
{
    good(USE CHAIN "net a = n from=\"one\"\nnet b = a until=\"l.0\"\npredict p(x: f32[4,16,16]) -> y { y = x | b }\n");
    weights_are("b", "two.weight l.0.weight");
    good(USE CHAIN "net a = n until=\"l.0\"\nnet b = a from=\"two\"\npredict p(x: f32[5,16,16]) -> y { y = x | b }\n");
    weights_are("b", "l.0.weight");
}
END_TEST

START_TEST(models_are_cut_like_nets)
{
    good(USE "net low = resnet depth=18 width=8 until=\"layer2\"\nnet high = resnet depth=18 width=8 from=\"layer2\" "
             "classes=7\n"
             "predict p(x: f32[3,64,64]) -> y { y = x | low | high }\n");
    ck_assert_str_eq(fer_description_net(d, "low")->weights[0]->path, "low.conv1.weight");
    ck_assert_str_eq(fer_description_net(d, "high")->weights[0]->path, "high.layer3.0.conv1.weight");
    ck_assert_int_eq(d->predicts[0].outputs[0].shape.dim[1], 7);
}
END_TEST

START_TEST(errors_in_models_show_both_places)
{
    const struct fer_diag *diag;
    int line, column;

    ck_assert_int_ne(resolve(USE "net a = resnet depth=18\npredict p(x: f32[3,2]) -> y { y = x | a }\n"), FER_OK);
    diag = &d->diags.items[d->diags.count - 1];
    ck_assert_str_eq(diag->span.source->name, "resnet(depth=18)");
    ck_assert_str_eq(diag->related_text, "used here");
    fer_span_place(diag->related, &line, &column);
    ck_assert_str_eq(diag->related.source->name, "test.fer");
    ck_assert_int_eq(line, 4);
    ck_assert_int_eq(column, 39);
}
END_TEST

START_TEST(formals_take_arguments_and_defaults)
{
    good(USE "let w = 5\n"
             "block b(x; w, v = $w) -> y { y = x | c: conv2d $w kernel=1 bias=no | e: conv2d $v kernel=1 bias=no }\n"
             "net n(x; k = 9) -> y { y = x | s: b 2 | t: b v=3 w=4 | u: b $w $k }\n"
             "predict p(x: f32[1,8,8]) -> y { y = x | n }\n");
    ck_assert_int_eq(channels("n", 0), 2);
    ck_assert_int_eq(channels("n", 1), 5); /* the default sees the lets, not the other formal */
    ck_assert_int_eq(channels("n", 2), 4);
    ck_assert_int_eq(channels("n", 3), 3);
    ck_assert_int_eq(channels("n", 4), 5);
    ck_assert_int_eq(channels("n", 5), 9);
}
END_TEST

START_TEST(predict_has_formals)
{
    const char *text = USE "data t -> image, label = synthface count=8 size=16 | batch 4\n"
                           "predict p(x: f32[3,16,16]; slope = 0.5) -> y { y = x | leaky_relu $slope }\n"
                           "test t over t {\n  y = image | p slope=0.25\n  metric m = y, image | mse\n}\n";

    good(text);
    ck_assert_double_eq(*(const double *)d->predicts[0].graph->ops[0]->params, 0.5);
    ck_assert_int_eq(count_ops(d->tests[0].graph, "leaky_relu"), 1);
    for (int i = 0; i < d->tests[0].graph->nops; i++)
        if (strcmp(d->tests[0].graph->ops[i]->layer->name, "leaky_relu") == 0)
            ck_assert_double_eq(*(const double *)d->tests[0].graph->ops[i]->params, 0.25);
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("net", set_up, tear_down);

    tcase_add_test(tests, labels_name_weights);
    tcase_add_test(tests, runs_of_one_label_are_numbered);
    tcase_add_test(tests, resnets_have_the_names_of_torchvision);
    tcase_add_test(tests, two_calls_share_weights);
    tcase_add_test(tests, a_copy_of_a_net_has_its_own_weights);
    tcase_add_test(tests, a_net_is_repeated_with_the_same_weights);
    tcase_add_test(tests, a_net_may_call_a_net);
    tcase_add_test(tests, cuts_divide_a_net);
    tcase_add_test(tests, a_label_cuts_behind_its_whole_run);
    tcase_add_test(tests, a_cut_of_a_cut_keeps_its_other_end);
    tcase_add_test(tests, models_are_cut_like_nets);
    tcase_add_test(tests, errors_in_models_show_both_places);
    tcase_add_test(tests, formals_take_arguments_and_defaults);
    tcase_add_test(tests, predict_has_formals);
    return resolve_run();
}
