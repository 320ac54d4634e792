/* SPDX-License-Identifier: Apache-2.0
 *
 * What descriptions mean: names of weights, sharing, cuts, formals, stages, tests, data, and the command line's say.
 */
#include <sys/stat.h>
#include <unistd.h>

#include "resolve-text.h"

#define NET "net small(x) -> y { y = x | conv: conv2d 4 kernel=3 | bn: batchnorm | avgpool global | fc: linear 7 }\n"
#define DATA "data train -> image, label = synthface count=8 size=32 channels=1 | batch 4\n"
#define FIT(net) "  logits = image | " net "\n  loss ce = logits, label | cross_entropy\n"
#define STAGE(body) "stage fit over train until epoch=1 {\n" body "}\n"

static bool has_warning(const char *text)
{
    for (int i = 0; i < d->diags.count; i++) {
        if (d->diags.items[i].severity == FER_SEVERITY_WARNING && strcmp(d->diags.items[i].text, text) == 0)
            return true;
    }
    return false;
}

/* The weights of a net, "path path …", running statistics in brackets. */
static void weights_are(const char *net, const char *expected)
{
    const struct fer_net *n = fer_description_net(d, net);
    char text[4096] = "";

    ck_assert_msg(n != NULL, "%s", net);
    for (int i = 0; i < n->nweights; i++) {
        const struct fer_weight *w = n->weights[i];

        ck_assert_int_eq(strncmp(w->path, net, strlen(net)), 0);
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s%s%s", i ? " " : "", w->trained ? "" : "[",
                 w->path + strlen(net) + 1, w->trained ? "" : "]");
    }
    ck_assert_str_eq(text, expected);
}

static const struct fer_op *op_at(const struct fer_graph *graph, const char *path)
{
    const struct fer_op *found = NULL;

    for (int i = 0; i < graph->nops; i++) {
        if (strcmp(graph->ops[i]->path, path) == 0) {
            ck_assert_msg(!found, "%s is there twice", path);
            found = graph->ops[i];
        }
    }
    ck_assert_msg(found != NULL, "there is no %s", path);
    return found;
}

static int count_ops(const struct fer_graph *graph, const char *layer)
{
    int count = 0;

    for (int i = 0; i < graph->nops; i++)
        count += strcmp(graph->ops[i]->layer->name, layer) == 0;
    return count;
}

static const char *shape_of(const struct fer_value *value)
{
    static char text[96];

    return fer_shape_text(&value->shape, text, sizeof(text));
}

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[256];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

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
    ck_assert_int_eq(a->nweights, b->nweights);
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

/* --- formals and lets --- */

static int channels(const char *net, int weight)
{
    return fer_description_net(d, net)->weights[weight]->shape.dim[0];
}

START_TEST(formals_take_arguments_and_defaults)
{
    good(USE "let w = 5\n"
             "block b(x; w, v = $w) -> y { y = x | c: conv2d $w kernel=1 bias=no | e: conv2d $v kernel=1 bias=no }\n"
             "net n(x; k = 9) -> y { y = x | s: b 2 | t: b v=3 w=4 | u: b $k $w }\n"
             "predict p(x: f32[1,8,8]) -> y { y = x | n }\n");
    ck_assert_int_eq(channels("n", 0), 2);
    ck_assert_int_eq(channels("n", 1), 5); /* the default sees the lets, not the other formal */
    ck_assert_int_eq(channels("n", 2), 4);
    ck_assert_int_eq(channels("n", 3), 3);
    ck_assert_int_eq(channels("n", 4), 9);
    ck_assert_int_eq(channels("n", 5), 5);
}
END_TEST

START_TEST(predict_has_formals)
{
    const char *text = USE "data t -> image, label = synthface count=8 size=16 | batch 4\n"
                           "predict p(x: f32[3,16,16]; slope = 0.5) -> y { y = x | leaky_relu $slope }\n"
                           "test t over t {\n  y = image | p slope=0.25\n  metric m = y, image | mse\n}\n";

    good(text);
    ck_assert_double_eq(*(const double *)d->predicts[0].graph->ops[0]->params, 0.5);
    for (int i = 0, seen = 0; i < d->tests[0].graph->nops || !seen; i++) {
        ck_assert_int_lt(i, d->tests[0].graph->nops);
        if (strcmp(d->tests[0].graph->ops[i]->layer->name, "leaky_relu") == 0) {
            ck_assert_double_eq(*(const double *)d->tests[0].graph->ops[i]->params, 0.25);
            seen = 1;
        }
    }
}
END_TEST

START_TEST(set_overrides_lets)
{
    const char *text = USE "let w = 5\nlet twice = [$w, $w]\nnet n(x) -> y { y = x | conv2d $w kernel=1 bias=no }\n"
                           "predict p(x: f32[1,8,8]) -> y { y = x | n }\n";
    struct fer_setting sets[2] = { { "w", "6" }, { "w", "7" } };
    char *used;

    options.sets = sets;
    options.nsets = 2;
    good(text);
    ck_assert_int_eq(channels("n", 0), 7); /* the last one counts */
    ck_assert_int_eq(fer_description_text(d, &used, &err), FER_OK);
    ck_assert_ptr_nonnull(strstr(used, "= 7\n"));
    free(used);
    options.nsets = 1;
    sets[0] = (struct fer_setting){ "width", "6" };
    wrong(text, "--set width: test.fer has no let 'width'; it has w and twice");
    sets[0] = (struct fer_setting){ "twic", "6" };
    wrong(text, "--set twic: test.fer has no let 'twic'; did you mean 'twice'?");
    sets[0] = (struct fer_setting){ "w", "6\nlet b = 7" };
    wrong(text, "test.fer:3:5: --set w: '6\nlet b = 7' is not one value");
    sets[0] = (struct fer_setting){ "w", "[" };
    ck_assert_int_ne(resolve(text), FER_OK);
    ck_assert_msg(strncmp(err.text, "--set w:", 8) == 0, "%s", err.text);
    sets[0] = (struct fer_setting){ "w", "many" };
    wrong(text, "test.fer:5:32: conv2d: channels expects a whole number");
}
END_TEST

/* Shells eat quotes: where a string stands, the text is one. */
START_TEST(set_takes_strings_as_they_are)
{
    static const struct {
        const char *let, *set, *used;
    } cases[] = {
        { "\"old.csv\"", "/root/x.csv", "\"/root/x.csv\"" },
        { "\"old.csv\"", "x.csv", "\"x.csv\"" },
        { "\"old.csv\"", "../a b#c.csv", "\"../a b#c.csv\"" },
        { "\"old.csv\"", "3", "\"3\"" },
        { "\"old.csv\"", "", "\"\"" },
        { "\"old.csv\"", "a\\b", "\"a\\\\b\"" },
        { "\"old.csv\"", "a\"b", "\"a\\\"b\"" },
        { "\"old.csv\"", "\"q.csv\"", "\"q.csv\"" },
        { "\"old.csv\"", "[\"a\", \"b\"]", "[\"a\", \"b\"]" },
        { "none", "/root/x.csv", "\"/root/x.csv\"" },
        { "none", "x-1.csv", "\"x-1.csv\"" },
        { "none", "some", "some" },
        { "5", "1e-4", "1e-4" },
        { "5", "-1.5", "-1.5" },
        { "5", ".5", ".5" },
        { "5", "./x", "\"./x\"" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[256], line[128];
        struct fer_setting set = { "a", cases[i].set };
        char *used;

        snprintf(text, sizeof(text), USE "let a = %s\n" NET "predict p(x: f32[1,8,8]) -> y { y = x | small }\n",
                 cases[i].let);
        options.sets = &set;
        options.nsets = 1;
        good(text);
        ck_assert_int_eq(fer_description_text(d, &used, &err), FER_OK);
        snprintf(line, sizeof(line), "let a = %s\n", cases[i].used);
        ck_assert_msg(strstr(used, line), "--set a=%s:\n%s", cases[i].set, used);
        free(used);
    }
}
END_TEST

START_TEST(data_must_be_there_to_be_replaced)
{
    const struct fer_setting data = { "tran", "/nowhere" };

    options.data = &data;
    options.ndata = 1;
    wrong(USE NET DATA, "--data tran: test.fer has no data 'tran'; did you mean 'train'?");
}
END_TEST

/* --- stages --- */

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

/* --- data --- */

START_TEST(fields_are_selected_and_renamed)
{
    good(USE NET
         "data train -> image as picture, label as y, landmarks as points, id = synthface count=8 size=32 channels=1"
         " | batch 4 micro=2\n" STAGE("  logits = picture | small\n  loss ce = logits, y | cross_entropy\n"
                                      "  minimize ce\n  update small with sgd lr=0.1\n"));
    ck_assert_int_eq(d->data[0].batch, 4);
    ck_assert_int_eq(d->data[0].micro, 2);
    ck_assert_int_eq(d->stages[0].graph->capacity, 2);
    ck_assert_int_eq(d->diags.count, 0); /* a field that nobody uses is no mistake */
}
END_TEST

START_TEST(ten_crops_are_ten_rows_a_sample)
{
    good(USE NET "data train -> image, label = synthface count=8 size=40 channels=1 | batch 4 | tencrop 32\n"
                 "test t over train {\n  views = image | small | softmax\n  y = views | mean views\n"
                 "  metric a = y, label | accuracy\n}\n");
    const struct fer_op *crop = op_at(d->tests[0].graph, "train.tencrop");
    const struct fer_op *mean = d->tests[0].metrics[0].op;

    ck_assert_str_eq(shape_of(crop->out[0]), "10N x 1 x 32 x 32");
    ck_assert_int_eq(crop->out[0]->shape.dim[0], 40);
    ck_assert_str_eq(shape_of(mean->in[0]), "N x 7");
}
END_TEST

/* Two gray pictures of 8 x 8 in each of two classes. */
static void make_pictures(const char *folder)
{
    static const char *const names[] = { "a/1.pgm", "a/2.pgm", "b/1.pgm", "b/2.pgm" };
    char path[256];

    snprintf(path, sizeof(path), "%s/a", folder);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/b", folder);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    for (int i = 0; i < 4; i++)
        write_file(folder, names[i], "P5 8 8 255\n0123456701234567012345670123456701234567012345670123456701234567");
}

START_TEST(on_restricts_an_operation_of_a_pair)
{
    static const char *const words[] = { "", " on=[image]", " on=image2", " on=[image2, image]" };
    static const int counts[] = { 2, 1, 1, 2 };
    char folder[] = "/tmp/fer-resolve-XXXXXX", command[64], text[1024];

    ck_assert_ptr_nonnull(mkdtemp(folder));
    make_pictures(folder);
    for (int i = 0; i < 4; i++) {
        snprintf(text, sizeof(text),
                 USE "net n(a, b) -> y {\n  h = a, b | add\n  y = h | avgpool global | linear 2\n}\n"
                     "data t -> image, image2, label, same = folder \"%s\" | pairs | batch 2 | hflip%s\n"
                     "test t over t {\n  y = image, image2 | n\n  metric m = y, label | accuracy\n}\n",
                 folder, words[i]);
        good(text);
        ck_assert_int_eq(count_ops(d->tests[0].graph, "hflip"), counts[i]);
    }
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

START_TEST(absent_data_is_a_warning_in_check_alone)
{
    const char *text = USE NET "net other = small\nlet lr = 0.1\nblock b(x) -> y { y = x | relu }\n"
                               "data train -> image, label = folder \"/nowhere/at/all\" | gray | resize 32 | batch 4\n"
                               "data valid -> image, label = synthface count=8 size=32 channels=1 | batch 4\n"
                               "load other \"/nowhere/w.safetensors\"\nload small.conv \"/nowhere/w.safetensors\"\n"
                               "stage fit over train until epoch=1 {\n  h = image | b\n  logits = h | other\n"
                               "  loss ce = logits, label | cross_entropy\n"
                               "  minimize ce\n  update other.fc with sgd lr=$lr\n  save other \"x.safetensors\"\n}\n"
                               "predict p(x: f32[1,32,32]) -> y { y = x | small }\n"
                               "test t over valid {\n  y = image | p\n  metric m = y, label | accuracy\n}\n";

    good(text);
    ck_assert_int_eq(d->diags.count, 1); /* and nothing about what only the absent data would show */
    ck_assert_ptr_nonnull(strstr(d->diags.items[0].text, "what uses this data is not checked"));
    ck_assert_ptr_null(d->stages[0].graph);
    ck_assert_ptr_nonnull(d->tests[0].graph);
    options.check = false;
    ck_assert_int_ne(resolve(text), FER_OK);
    ck_assert_ptr_nonnull(strstr(err.text, "/nowhere/at/all"));
}
END_TEST

START_TEST(a_load_of_a_let_may_be_empty)
{
    const char *text = USE NET "let weights = \"\"\n" DATA "load small $weights strict=no\n"
                               "stage fit over train until epoch=1 {\n  logits = image | small\n"
                               "  loss ce = logits, label | cross_entropy\n  minimize ce\n"
                               "  update small with sgd lr=0.1\n  load small.conv $weights\n}\n";
    const struct fer_setting set = { "weights", "/nowhere/w.safetensors" };
    good(text);
    ck_assert_int_eq(d->nloads, 0);
    ck_assert_int_eq(d->stages[0].nloads, 0);
    options.sets = &set;
    options.nsets = 1;
    good(text);
    ck_assert_int_eq(d->nloads, 1);
    ck_assert_str_eq(d->loads[0].file, "/nowhere/w.safetensors");
    ck_assert(!d->loads[0].strict);
    ck_assert_int_eq(d->stages[0].nloads, 1);
    ck_assert_str_eq(d->stages[0].loads[0].path, "small.conv");
}
END_TEST

/* --- warnings --- */

START_TEST(what_nobody_uses_is_a_warning)
{
    good(USE NET "net spare = small\nblock b(x) -> y { y = x | relu }\nlet a = 1\n" DATA
                 "predict p(x: f32[1,8,8]) -> y {\n  h = x | small\n  g = x | relu\n  y = h\n}\n");
    ck_assert_int_eq(d->diags.count, 5);
    ck_assert(has_warning("net 'spare' is never used"));
    ck_assert(has_warning("block 'b' is never used"));
    ck_assert(has_warning("let 'a' is never used"));
    ck_assert(has_warning("data 'train' is never used"));
    ck_assert(has_warning("'g' is never used; write _ to discard it"));
}
END_TEST

START_TEST(a_warning_in_a_block_comes_once)
{
    good(USE "block b(x) -> y {\n  h = x | relu\n  y = x | sigmoid\n}\n"
             "predict p(x: f32[1,8,8]) -> y { y = x | b repeat=5 | b }\n");
    ck_assert_int_eq(d->diags.count, 1);
}
END_TEST

START_TEST(names_that_hide_operations_are_warnings)
{
    good(USE
         "block softmax(x) -> y { y = x | relu | vision.softmax }\npredict p(x: f32[8]) -> y { y = x | softmax }\n");
    ck_assert(has_warning("'softmax' hides an operation of plugin 'vision'; write vision.softmax to mean that one"));
    ck_assert_int_eq(count_ops(d->predicts[0].graph, "softmax"), 1);
    ck_assert_int_eq(count_ops(d->predicts[0].graph, "relu"), 1);
}
END_TEST

/* --- checkpoints and includes --- */

START_TEST(a_checkpoint_is_data)
{
    const char *text =
        USE NET "data train -> image, label = folder \"/nowhere\" | batch 4\nload ghost \"/nowhere\"\n"
                "stage fit over nothing until epoch=1 {\n  update ghost with nothing\n}\n"
                "predict p(x: f32[1,8,8]) -> y { y = x | small }\ntest t over nothing {\n  y = image\n}\n";

    options = (struct fer_description_options){ .only_predict = true };
    good(text);
    ck_assert_int_eq(d->npredicts, 1);
    ck_assert_int_eq(d->nstages + d->ntests + d->ndata + d->nloads, 0);
    ck_assert_int_eq(d->diags.count, 0);
}
END_TEST

START_TEST(included_items_stand_where_the_include_stood)
{
    char folder[] = "/tmp/fer-resolve-XXXXXX", path[256], command[64];

    ck_assert_ptr_nonnull(mkdtemp(folder));
    write_file(folder, "net.fer", "fer 1\nlet w = 5\nnet n(x) -> y { y = x | conv2d $w kernel=0 }\n");
    write_file(folder, "main.fer",
               "fer 1\nuse vision\ninclude \"net.fer\"\npredict p(x: f32[1,8,8]) -> y { y = x | n }\n");
    snprintf(path, sizeof(path), "%s/main.fer", folder);
    ck_assert_int_ne(fer_description_read(registry, path, &options, &d, &err), FER_OK);
    ck_assert_ptr_nonnull(strstr(err.text, "/net.fer:3:35: conv2d: kernel=0 is outside"));
    drop();
    write_file(folder, "net.fer",
               "fer 1\nlet w = 5\nnet n(x) -> y { y = x | conv2d $w kernel=1 bias=no }\n"
               "net spare = n\nlet a = 1\nblock b(x) -> y { y = x | relu }\n");
    ck_assert_int_eq(fer_description_read(registry, path, &options, &d, &err), FER_OK);
    ck_assert_int_eq(channels("n", 0), 5);
    ck_assert_int_eq(d->diags.count, 0); /* an included file may hold more than this one needs */
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("resolve");
    TCase *group = tcase_create("meaning");
    SRunner *runner = srunner_create(suite);
    int failed;

    if (!has_plugins()) {
        puts("skipped: this build leaves out plugins that the descriptions use");
        return 77;
    }
    tcase_add_checked_fixture(group, set_up, tear_down);
    tcase_add_test(group, labels_name_weights);
    tcase_add_test(group, runs_of_one_label_are_numbered);
    tcase_add_test(group, resnets_have_the_names_of_torchvision);
    tcase_add_test(group, two_calls_share_weights);
    tcase_add_test(group, a_copy_of_a_net_has_its_own_weights);
    tcase_add_test(group, a_net_is_repeated_with_the_same_weights);
    tcase_add_test(group, a_net_may_call_a_net);
    tcase_add_test(group, cuts_divide_a_net);
    tcase_add_test(group, a_label_cuts_behind_its_whole_run);
    tcase_add_test(group, a_cut_of_a_cut_keeps_its_other_end);
    tcase_add_test(group, models_are_cut_like_nets);
    tcase_add_test(group, errors_in_models_show_both_places);
    tcase_add_test(group, formals_take_arguments_and_defaults);
    tcase_add_test(group, predict_has_formals);
    tcase_add_test(group, set_overrides_lets);
    tcase_add_test(group, set_takes_strings_as_they_are);
    tcase_add_test(group, data_must_be_there_to_be_replaced);
    tcase_add_test(group, what_is_updated_is_trained);
    tcase_add_test(group, statistics_are_not_updated);
    tcase_add_test(group, steps_have_losses_of_their_own);
    tcase_add_test(group, losses_of_the_stage_serve_its_steps);
    tcase_add_test(group, a_loss_may_come_out_of_a_block);
    tcase_add_test(group, keeping_names_tests_and_metrics);
    tcase_add_test(group, fields_are_selected_and_renamed);
    tcase_add_test(group, ten_crops_are_ten_rows_a_sample);
    tcase_add_test(group, on_restricts_an_operation_of_a_pair);
    tcase_add_test(group, absent_data_is_a_warning_in_check_alone);
    tcase_add_test(group, a_load_of_a_let_may_be_empty);
    tcase_add_test(group, what_nobody_uses_is_a_warning);
    tcase_add_test(group, a_warning_in_a_block_comes_once);
    tcase_add_test(group, names_that_hide_operations_are_warnings);
    tcase_add_test(group, a_checkpoint_is_data);
    tcase_add_test(group, included_items_stand_where_the_include_stood);
    suite_add_tcase(suite, group);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
