/* SPDX-License-Identifier: Apache-2.0
 *
 * The reader of RAF-DB: its list, its folders, and lists of the pictures wanted.
 */
#include <check.h>
#include <string.h>

#include "cases.h"
#include "reader-seen.h"

static void make_rafdb(void)
{
    put_picture("basic/Image/aligned/train_00001_aligned.jpg", 1); /* PNG inside; the decoder looks at the bytes */
    put_picture("basic/Image/aligned/train_00002_aligned.jpg", 2);
    put_picture("basic/Image/aligned/test_0001_aligned.jpg", 3);
    put_picture("basic/Image/aligned/test_0003_aligned.jpg", 4);
    put_picture("basic/Image/original/train_00001.jpg", 11);
    put_picture("basic/Image/original/train_00002.jpg", 12);
    put_picture("basic/Image/original/test_0001.jpg", 13);
    put_picture("basic/Image/original/test_0003.jpg", 14);
    put_text("basic/EmoLabel/list_patition_label.txt",
             "train_00001.jpg 5\ntrain_00002.jpg 1\r\ntest_0001.jpg 7\n\ntest_0003.jpg 4");
}

START_TEST(lists_and_folders_are_read)
{
    make_rafdb();
    use_labels(eight, 8);
    yields("rafdb \"basic\" split=train", "3:1 2:2");
    yields("rafdb \"basic/\" split=test", "0:3 1:4");
    yields("rafdb \"basic\" images=original", "3:11 2:12 0:13 1:14");
    put_text("occluded.txt", "test_0003_aligned 3 4\ntest_0003_aligned 3 4\n");
    yields("rafdb \"basic\" only=\"occluded.txt\"", "1:4");
    put_text("turned.txt", "4/test_0003_aligned.jpg\n4/test_0001_aligned.jpg\n");
    yields("rafdb \"basic\" split=test only=\"turned.txt\"", "0:3 1:4");
    put_text("turned.txt", "4/test_0003_aligned.jpg\n\n4/test_0099_aligned.jpg\n");
    fails("rafdb \"basic\" only=\"turned.txt\"", "turned.txt, line 3|'test_0099'");
    put_text("turned.txt", "test_0099\n");
    fails("rafdb \"basic\" only=\"turned.txt\"", "turned.txt|no picture");
    fails("rafdb \"basic\" only=\"nowhere.txt\"", "nowhere.txt");
    fails("rafdb \"basic\" split=valid", "train, test");
    put_picture("DATASET/train/1/train_00001_aligned.jpg", 1);
    put_picture("DATASET/train/7/train_00002_aligned.jpg", 2);
    put_picture("DATASET/test/3/test_0001_aligned.jpg", 3);
    yields("rafdb \"DATASET\" split=train", "2:1 0:2");
    yields("rafdb \".\" split=test", "5:3"); /* the folder that holds DATASET */
    put_picture("DATASET/test/8/test_0002_aligned.jpg", 3);
    fails("rafdb \"DATASET\"", "DATASET/test/8|expression 8|1 (surprise) to 7 (neutral)");
}
END_TEST

START_TEST(broken_lists_are_refused)
{
    static const struct {
        const char *list, *words;
    } cases[] = {
        { "train_00001.jpg 0\n", "line 1|expression 0|1 (surprise)" },
        { "train_00001.jpg 8\n", "line 1|expression 8" },
        { "train_00001.jpg five\n", "line 1|'five'" },
        { "train_00001.jpg 5\ntrain_00001.jpg 5\n", "line 2|'train_00001.jpg' is listed twice" },
        { "train_00001.jpg\n", "line 1|a name and a number" },
        { "train_00001.jpg 5 6\n", "line 1|a name and a number" },
        { "other_00001.jpg 5\n", "line 1|train_|test_" },
        { "\n\n", "no samples" },
        { "train_00009.jpg 5\n", "train_00009_aligned.jpg" },
    };
    char huge[5001];

    make_rafdb();
    use_labels(eight, 8);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        put_text("basic/EmoLabel/list_patition_label.txt", "%s", cases[i].list);
        fails("rafdb \"basic\"", cases[i].words);
    }
    memset(huge, 'x', sizeof(huge) - 1);
    huge[sizeof(huge) - 1] = '\0';
    put_text("basic/EmoLabel/list_patition_label.txt", "train_%s.jpg 5\n", huge);
    fails("rafdb \"basic\"", "line 1|too long");
    put_text("other/EmoLabel/list_patition_label.txt", "train_00001.jpg 5\n");
    fails("rafdb \"other\"", "other/Image/aligned|aligned.zip|images=original");
    fails("rafdb \"nowhere\"", "nowhere|EmoLabel/list_patition_label.txt|DATASET");
}
END_TEST

START_TEST(pictures_beside_the_classes_are_no_silent_loss)
{
    use_labels(eight, 8);
    put_picture("DATASET/train/1/train_00001_aligned.jpg", 1);
    put_picture("DATASET/train/train_00002_aligned.jpg", 2);
    fails("rafdb \"DATASET\"", "DATASET/train/train_00002_aligned.jpg' lies in no class folder");
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("rafdb", setup, teardown);

    tcase_add_test(tests, lists_and_folders_are_read);
    tcase_add_test(tests, broken_lists_are_refused);
    tcase_add_test(tests, pictures_beside_the_classes_are_no_silent_loss);
    return cases_run();
}
