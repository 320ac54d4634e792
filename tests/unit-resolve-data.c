/* SPDX-License-Identifier: Apache-2.0
 *
 * What data sets mean: fields, rows, pairs, and data that is not there.
 */
#include <sys/stat.h>

#include "resolve-look.h"

#include "folder.h"

static void data_set_up(void)
{
    set_up();
    folder_make();
}

static void data_take_down(void)
{
    folder_remove();
    tear_down();
}

START_TEST(data_must_be_there_to_be_replaced)
{
    const struct fer_setting data = { "tran", "/nowhere" };

    options.data = &data;
    options.ndata = 1;
    wrong(USE NET DATA, "--data tran: test.fer has no data 'tran'; did you mean 'train'?");
}
END_TEST

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
static void make_pictures(void)
{
    static const char *const names[] = { "a/1.pgm", "a/2.pgm", "b/1.pgm", "b/2.pgm" };

    ck_assert_int_eq(mkdir(in_folder("a"), 0700), 0);
    ck_assert_int_eq(mkdir(in_folder("b"), 0700), 0);
    for (int i = 0; i < 4; i++)
        folder_write(names[i], "P5 8 8 255\n0123456701234567012345670123456701234567012345670123456701234567");
}

START_TEST(on_restricts_an_operation_of_a_pair)
{
    static const char *const words[] = { "", " on=[image]", " on=image2", " on=[image2, image]" };
    static const int counts[] = { 2, 1, 1, 2 };
    char text[1024];

    make_pictures();
    for (int i = 0; i < 4; i++) {
        snprintf(text, sizeof(text),
                 USE "net n(a, b) -> y {\n  h = a, b | add\n  y = h | avgpool global | linear 2\n}\n"
                     "data t -> image, image2, label, same = folder \"%s\" | pairs | batch 2 | hflip%s\n"
                     "test t over t {\n  y = image, image2 | n\n  metric m = y, label | accuracy\n}\n",
                 folder, words[i]);
        good(text);
        ck_assert_int_eq(count_ops(d->tests[0].graph, "hflip"), counts[i]);
    }
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

int main(void)
{
    TCase *tests = cases_begin("data", data_set_up, data_take_down);

    tcase_add_test(tests, data_must_be_there_to_be_replaced);
    tcase_add_test(tests, fields_are_selected_and_renamed);
    tcase_add_test(tests, ten_crops_are_ten_rows_a_sample);
    tcase_add_test(tests, absent_data_is_a_warning_in_check_alone);
    tcase_add_test(tests, on_restricts_an_operation_of_a_pair);
    return resolve_run();
}
