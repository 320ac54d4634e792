/* SPDX-License-Identifier: Apache-2.0
 *
 * What a stage reads and writes: weights, packed and exported sets, included files, and labels that are wrong.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cases.h"
#include "stage-trial.h"

START_TEST(a_label_outside_of_the_logits_is_named)
{
    make_set("three", "xyz", 2);
    static const char head[] = "fer 1\nuse vision, loss, optim, data, metric\nlabels \"x\", \"y\", \"z\"\n"
                               "net t(image) -> logits { logits = image | fc: linear 2 }\n"
                               "data three -> image, label = folder \"three/\" | batch 2\n"
                               "stage s over three until epoch=1 {\n" LEARN "  update t with sgd lr=0\n}\n";
    ck_assert_int_eq(train("three", head, NULL), FER_EINVAL);
    ck_assert_msg(strstr(err.text, "cross_entropy: sample ") && strstr(err.text, "three.fer:8:") &&
                      strstr(err.text, "of data 'three' has label 2, but the classes end at 1"),
                  "%s", err.text);
}
END_TEST

START_TEST(load_at_the_top_and_in_a_stage)
{
    struct run saved = run_stage("saved", "stage s over eight until epoch=1 {\n" LEARN
                                          "  update t with sgd lr=1\n  save t \"t.safetensors\"\n}\n");
    struct run top = run_stage("top", "load t \"saved/t.safetensors\"\nstage s over eight until epoch=1 {\n" LEARN
                                      "  update t with sgd lr=0\n}\n");
    struct run inside =
        run_stage("inside", "stage s over eight until epoch=1 {\n" LEARN "  update t with sgd lr=2\n}\n"
                            "stage after over eight until epoch=1 {\n  load t \"saved/t.safetensors\"\n" LEARN
                            "  update t with sgd lr=0\n}\n");
    ck_assert(same(saved.weight, top.weight));
    ck_assert(same(saved.weight, inside.weight));
}
END_TEST

START_TEST(a_packed_set_trains_alike)
{
    static const char stage[] =
        "stage s over eight until epoch=3 keeping tests=[valid] {\n" LEARN "  update t with sgd lr=1\n}\n";
    char text[4096], data[160], other[160];
    const char *const packed[] = { data, NULL }, *const moved[] = { other, NULL };
    struct run folder = run_stage("folder", stage);
    snprintf(text, sizeof text, "%s%s", HEAD, stage);
    const struct fer_pack_options options = { .settings = { .seed = 3 } };
    ck_assert_msg(fer_pack_data(context, in_home("folder.fer"), "eight", in_home("eight.pack"), &options, &err) ==
                      FER_OK,
                  "%s", err.text);
    snprintf(data, sizeof data, "eight=%s", in_home("eight.pack"));
    struct run pack = run_with("pack", text, packed);
    ck_assert(same(pack.weight, folder.weight));
    ck_assert_mem_eq(pack.loss, folder.loss, sizeof pack.loss);
    /* and --data another folder is as if it had been written there */
    snprintf(other, sizeof other, "eight=%s", in_home("sixteen"));
    struct run elsewhere = run_with("elsewhere", text, moved);
    struct run written =
        run_stage("written", "stage s over sixteen until epoch=3 {\n" LEARN "  update t with sgd lr=1\n}\n");
    ck_assert(same(elsewhere.weight, written.weight));
    ck_assert(!same(elsewhere.weight, folder.weight));
}
END_TEST

/* A directory is gone on with by the same making alone. */
START_TEST(an_export_is_of_one_data_set)
{
    char dir[160], other[160];
    const char *const moved[] = { other, NULL };
    struct fer_export_options options = { .settings = { .seed = 3 } };
    char *json;

    write_text("export.fer", HEAD);
    snprintf(dir, sizeof dir, "%s", in_home("exported"));
    for (int again = 0; again < 2; again++) {
        ck_assert_msg(fer_export_data(context, in_home("export.fer"), "eight", dir, &options, &json, &err) == FER_OK,
                      "%s", err.text);
        free(json);
    }
    ck_assert_int_eq(fer_export_data(context, in_home("export.fer"), "sixteen", dir, &options, &json, &err),
                     FER_EINVAL);
    ck_assert_ptr_nonnull(strstr(err.text, "made in another way"));
    snprintf(other, sizeof other, "eight=%s", in_home("sixteen"));
    options.settings.data = moved;
    ck_assert_int_eq(fer_export_data(context, in_home("export.fer"), "eight", dir, &options, &json, &err), FER_EINVAL);
}
END_TEST

/* Paths are relative to the file that says them. */
START_TEST(included_files_have_paths_of_their_own)
{
    mkdir(in_home("parts"), 0700);
    mkdir(in_home("parts/deep"), 0700);
    make_set("parts/deep/set", "xy", 4);
    write_text("parts/one.fer", "fer 1\ninclude \"deep/two.fer\"\nlet where = \"deep/set/\"\n"
                                "data named -> image, label = folder $where | batch 4\n");
    write_text("parts/deep/two.fer", "fer 1\ndata near -> image, label = folder \"set/\" | batch 4\n");
    struct run here = run_stage("here", "data near -> image, label = folder \"parts/deep/set/\" | batch 4\n"
                                        "stage s over near until epoch=1 {\n" LEARN "  update t with sgd lr=1\n}\n");
    struct run there = run_stage("there", "include \"parts/one.fer\"\nstage s over near until epoch=1 {\n" LEARN
                                          "  update t with sgd lr=1\n}\n");
    struct run named = run_stage("named", "include \"parts/one.fer\"\nstage s over named until epoch=1 {\n" LEARN
                                          "  update t with sgd lr=1\n}\n");
    ck_assert(same(here.weight, there.weight));
    ck_assert(same(here.weight, named.weight));
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("files", open_home, close_home);

    tcase_add_test(tests, a_label_outside_of_the_logits_is_named);
    tcase_add_test(tests, load_at_the_top_and_in_a_stage);
    tcase_add_test(tests, a_packed_set_trains_alike);
    tcase_add_test(tests, an_export_is_of_one_data_set);
    tcase_add_test(tests, included_files_have_paths_of_their_own);
    return cases_run();
}
