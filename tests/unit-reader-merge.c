/* SPDX-License-Identifier: Apache-2.0
 *
 * Several data sets as one.
 */
#include <check.h>
#include <stdio.h>

#include "cases.h"
#include "reader-seen.h"

START_TEST(merged_sets_share_labels_and_no_subject)
{
    struct fer_pipeline *pipeline;
    struct fer_sample sample;

    put_text("f.csv", "emotion,pixels,Usage\n0,1 1 1 1,Training\n3,2 2 2 2,PrivateTest\n");
    put_picture("j/KA.AN1.39.png", 3);
    put_picture("j/KL.SA1.40.png", 4);
    put_picture("k/AF01/AF01HAS.JPG", 5);
    put_picture("k/AM02/AM02SUS.JPG", 6);
    put_data("fer", "fer2013 \"f.csv\"");
    put_data("jaffe", "jaffe \"j\"");
    put_data("kdef", "kdef \"k\"");
    use_labels(eight, 8);
    yields("merge [fer, jaffe, kdef] | resize 4", "4:1 1:2 4:3 3:4 1:5 2:6");
    yields("merge kdef", "1:5 2:6");
    yields("merge [fer, jaffe, kdef] | keep [4, 1] | resize 4 | gray", "0:1 1:2 0:3 1:5");
    has_subjects("merge [jaffe, kdef]", "4:0 3:1 1:2 2:3");
    fails("merge [jaffe, kdef] | fold k=5 i=0", "4 subjects"); /* nobody is in both */
    fails("merge [fer, jaffe] | fold k=2 i=0", "no subject");  /* one of them has none */
    pipeline = open_ok("merge [fer, kdef] | resize 4", false);
    ck_assert_uint_eq(fer_pipeline_info(pipeline)->fields, FER_FIELD_IMAGE | FER_FIELD_LABEL | FER_FIELD_ID);
    ck_assert_int_eq(fer_pipeline_sample(pipeline, 3, &sample, NULL), FER_OK);
    ck_assert_uint_eq(sample.id, 3);
    fer_sample_free(&sample);
    fer_pipeline_close(pipeline);
    put_data("fer", "fer2013 \"none.csv\"");
    fails("merge [jaffe, fer]", "merge: fer: fer2013|none.csv");
    fails("merge []", "no set");
    put_data("drawn", "synthface size=24 count=4");
    fails("merge [jaffe, drawn]", "drawn: the pictures of synthface are rendered");
    override_path = in_root("f.csv");
    fails("merge [jaffe, kdef]", "--data jaffe=PATH");
    override_path = NULL;
    use_labels(NULL, 0);
    fails("merge [jaffe, kdef]", "labels \"a\"");
}
END_TEST

/* Ten pictures of each of two classes in three sets: every class is divided as a whole. */
START_TEST(merged_sets_are_split_together)
{
    char name[64];

    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof(name), "%s/%s/%02d.png", i % 3 ? i % 3 == 1 ? "a" : "b" : "c", i < 10 ? "sad" : "fear",
                 i);
        put_picture(name, i);
    }
    put_data("a", "folder \"a\"");
    put_data("b", "folder \"b\"");
    put_data("c", "folder \"c\"");
    use_labels(eight, 8);
    for (int part = 0; part < 3; part++) {
        static const char *const names[] = { "train", "valid", "test" };
        struct fer_pipeline *pipeline;
        char text[96];
        int count[8] = { 0 };

        snprintf(text, sizeof(text), "merge [a, b, c] | split %s valid=0.1 test=0.1", names[part]);
        pipeline = open_ok(text, false);
        for (size_t i = 0; i < fer_pipeline_info(pipeline)->count; i++) {
            struct fer_sample sample;

            ck_assert_int_eq(fer_pipeline_sample(pipeline, i, &sample, NULL), FER_OK);
            count[sample.label]++;
            fer_sample_free(&sample);
        }
        ck_assert_int_eq(count[3], part ? 1 : 8);
        ck_assert_int_eq(count[6], part ? 1 : 8);
        fer_pipeline_close(pipeline);
    }
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("merge", setup, teardown);

    tcase_add_test(tests, merged_sets_share_labels_and_no_subject);
    tcase_add_test(tests, merged_sets_are_split_together);
    return cases_run();
}
