/* SPDX-License-Identifier: Apache-2.0
 *
 * A description as a whole: warnings about it, what a checkpoint keeps of it, and includes.
 */
#include "resolve-look.h"

#include "folder.h"

static void file_set_up(void)
{
    set_up();
    folder_make();
}

static void file_take_down(void)
{
    folder_remove();
    tear_down();
}

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
    ck_assert(has_warning("'h' is never used; write _ to discard it"));
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
    folder_write("net.fer", "fer 1\nlet w = 5\nnet n(x) -> y { y = x | conv2d $w kernel=0 }\n");
    folder_write("main.fer", "fer 1\nuse vision\ninclude \"net.fer\"\npredict p(x: f32[1,8,8]) -> y { y = x | n }\n");
    ck_assert_int_ne(fer_description_read(registry, in_folder("main.fer"), &options, &d, &err), FER_OK);
    ck_assert_ptr_nonnull(strstr(err.text, "/net.fer:3:35: conv2d: kernel=0 is outside"));
    drop();
    folder_write("net.fer", "fer 1\nlet w = 5\nnet n(x) -> y { y = x | conv2d $w kernel=1 bias=no }\n"
                            "net spare = n\nlet a = 1\nblock b(x) -> y { y = x | relu }\n");
    ck_assert_int_eq(fer_description_read(registry, in_folder("main.fer"), &options, &d, &err), FER_OK);
    ck_assert_int_eq(channels("n", 0), 5);
    ck_assert_int_eq(d->diags.count, 0); /* an included file may hold more than this one needs */
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("file", file_set_up, file_take_down);

    tcase_add_test(tests, what_nobody_uses_is_a_warning);
    tcase_add_test(tests, a_warning_in_a_block_comes_once);
    tcase_add_test(tests, names_that_hide_operations_are_warnings);
    tcase_add_test(tests, a_checkpoint_is_data);
    tcase_add_test(tests, included_items_stand_where_the_include_stood);
    return resolve_run();
}
