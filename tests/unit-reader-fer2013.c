/* SPDX-License-Identifier: Apache-2.0
 *
 * FER2013's CSV, and FER+, which has other labels for its pictures.
 */
#include <check.h>
#include <stdio.h>

#include "cases.h"
#include "reader-seen.h"

START_TEST(rows_of_fer2013_are_pictures_or_refused)
{
    static const char *const papers[] = { "Neutral", "happiness", "sadness", "anger", "fear", "disgust", "surprised" };
    static const char *const six[] = { "angry", "disgust", "fear", "sad", "surprise", "neutral" };

    put_text("f.csv", "emotion,pixels,Usage\n0,1 2 3 4,Training\n3,5 6 7 255,Training\n6,9 0 0 0,PrivateTest\n");
    use_labels(seven, 7);
    yields("fer2013 \"f.csv\" split=train", "0:1 3:5");
    yields("fer2013 \"f.csv\" split=test | gray", "6:9");
    use_labels(papers, 7);
    yields("fer2013 \"f.csv\"", "3:1 1:5 0:9");
    use_labels(NULL, 0);
    yields("fer2013 \"f.csv\"", "4:1 1:5 0:9"); /* the canonical numbers */
    use_labels(six, 6);
    fails("fer2013 \"f.csv\"", "line 3|happy");
    use_labels(seven, 7);
    put_text("f.csv", "emotion,pixels,Usage\n0,1 2 3,Training\n");
    fails("fer2013 \"f.csv\"", "line 2|square");
    put_text("f.csv", "emotion,pixels,Usage\n0,1 2 3 256,Training\n");
    fails("fer2013 \"f.csv\"", "line 2|0 to 255");
    put_text("f.csv", "emotion,pixels,Usage\n7,1 2 3 4,Training\n");
    fails("fer2013 \"f.csv\"", "line 2|expression 7|0 (angry) to 6 (neutral)");
    put_text("f.csv", "emotion,pixels,Usage\n1,1 2 3 4,Training\n1,1,Training\n");
    fails("fer2013 \"f.csv\"", "line 3|1 x 1|2 x 2");
    put_text("f.csv", "emotion,usage\n1,Training\n");
    fails("fer2013 \"f.csv\"", "no column 'pixels'");
}
END_TEST

START_TEST(votes_of_ferplus_make_a_label_or_a_distribution)
{
    struct fer_pipeline *pipeline;
    const struct fer_batch *batch;

    for (int i = 1; i <= 5; i++) {
        char name[64];

        snprintf(name, sizeof(name), "plus/FER2013Train/f%d.png", i);
        put_picture(name, i);
    }
    put_text("plus/votes.csv",
             "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF\n"
             "Training,f1.png,1,7,2,0,0,0,0,0,0,0\n" /* happiness 7 of 9: the single vote does not count */
             "Training,f2.png,4,0,0,4,2,0,0,0,0,0\n" /* no majority */
             "Training,f3.png,0,0,0,0,0,0,0,0,2,8\n" /* not a face */
             "Training,f4.png,0,0,0,0,0,0,3,7,0,0\n" /* contempt */
             "Training,,10,0,0,0,0,0,0,0,0,0\n");    /* taken out */
    use_labels(eight, 8);
    yields("ferplus \"plus/votes.csv\" split=train", "1:1 7:4");
    yields("ferplus \"plus/votes.csv\" target=plurality", "1:1 0:2 7:4");
    yields("ferplus \"plus/votes.csv\" images=\"plus/FER2013Train\"", "1:1 7:4");
    pipeline = open_ok("ferplus \"plus/votes.csv\" target=distribution", false);
    ck_assert_int_eq(fer_pipeline_info(pipeline)->softs, 8);
    batch = first_batch(pipeline, 0);
    ck_assert_int_eq(batch->n, 3);
    ck_assert_float_eq_tol(batch->soft[1], 7.0f / 9, 1e-6f);
    ck_assert_float_eq_tol(batch->soft[2], 2.0f / 9, 1e-6f);
    ck_assert_float_eq_tol(batch->soft[8 + 0], 0.4f, 1e-6f);
    ck_assert_float_eq_tol(batch->soft[8 + 3], 0.4f, 1e-6f);
    ck_assert_float_eq_tol(batch->soft[8 + 4], 0.2f, 1e-6f);
    ck_assert_float_eq_tol(batch->soft[16 + 7], 0.7f, 1e-6f);
    fer_pipeline_close(pipeline);
    use_labels(eight, 7);
    fails("ferplus \"plus/votes.csv\"", "line 5|contempt|others=drop");
    yields("ferplus \"plus/votes.csv\" others=drop", "1:1");
}
END_TEST

START_TEST(ferplus_takes_the_pictures_of_fer2013)
{
    static const char votes[] =
        "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF\n"
        "Training,fer0000000.png,0,10,0,0,0,0,0,0,0,0\n"
        "Training,,10,0,0,0,0,0,0,0,0,0\n"
        "PublicTest,fer0000002.png,0,0,0,0,0,0,0,10,0,0\n"
        "PrivateTest,fer0000003.png,0,0,0,9,0,0,0,0,0,0\n";

    put_text("fer2013new.csv", "%s", votes);
    put_text("fer2013.csv", "emotion,pixels,Usage\n0,1 0 0 0,Training\n0,2 0 0 0,Training\n0,3 0 0 0,PublicTest\n"
                            "0,4 0 0 0,PrivateTest\n");
    use_labels(eight, 8);
    yields("ferplus \"fer2013new.csv\" images=\"fer2013.csv\"", "1:1 7:3 3:4");
    yields("ferplus \"fer2013new.csv\" images=\"fer2013.csv\" split=test", "3:4");
    use_labels(eight, 7);
    yields("ferplus \"fer2013new.csv\" images=\"fer2013.csv\" others=drop", "1:1 3:4");
    put_text("turned.txt", "3/fer0000003.jpg\n");
    yields("ferplus \"fer2013new.csv\" images=\"fer2013.csv\" others=drop only=\"turned.txt\"", "3:4");
    put_text("fer2013.csv", "emotion,pixels,Usage\n0,1 0 0 0,Training\n0,2 0 0 0,PublicTest\n");
    fails("ferplus \"fer2013new.csv\" images=\"fer2013.csv\"",
          "fer2013new.csv, line 3|'Training'|fer2013.csv, line 3|order");
    put_text("fer2013.csv", "emotion,pixels,Usage\n0,1 0 0 0,Training\n");
    fails("ferplus \"fer2013new.csv\" images=\"fer2013.csv\"", "fer2013new.csv, line 3|fer2013.csv|no row");
    put_text("fer2013.csv", "emotion,Usage\n0,Training\n");
    fails("ferplus \"fer2013new.csv\" images=\"fer2013.csv\"", "fer2013.csv, line 1|pixels");
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("fer2013", setup, teardown);

    tcase_add_test(tests, rows_of_fer2013_are_pictures_or_refused);
    tcase_add_test(tests, votes_of_ferplus_make_a_label_or_a_distribution);
    tcase_add_test(tests, ferplus_takes_the_pictures_of_fer2013);
    return cases_run();
}
