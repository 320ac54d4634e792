/* SPDX-License-Identifier: Apache-2.0
 *
 * The reader of folders: classes, splits that folders say and splits that are drawn, and pictures that would be lost.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cases.h"
#include "reader-seen.h"

START_TEST(folders_are_splits_and_classes)
{
    make_faces();
    use_labels(seven, 7);
    yields("folder \"faces\" split=train", "0:30 3:10 3:20");
    yields("folder \"faces/\" split=valid", "3:40");
    yields("folder \"faces\"", "0:30 3:10 3:20 3:40");
    yields("folder \"faces\" labels=no split=train", "-1:30 -1:10 -1:20");
    use_labels(NULL, 0);
    yields("folder \"faces\" split=train", "0:30 1:10 1:20"); /* numbered by name */
    use_labels(seven, 7);
    override_path = in_root("faces/train");
    yields("folder \"elsewhere\"", "0:30 3:10 3:20");
}
END_TEST

START_TEST(wrong_folders_are_refused)
{
    make_faces();
    use_labels(seven, 7);
    fails("folder \"faces\" split=test", "'toy'|'test'|train, valid");
    fails("folder \"nothing\"", "nothing|No such file");
    fails("folder \"faces/train\" split=train", "not divided|valid=0.1");
    fails("folder \"faces\" valid=0.2", "splits of its own");
    put_picture("faces/train/hapy/y.png", 1);
    fails("folder \"faces\" split=train", "faces/train/hapy|did you mean 'happy'");
    put_text("empty/happy/readme.txt", "x");
    fails("folder \"empty\"", "no pictures|labels=no");
    put_text("bad/happy/a.png", "this is no picture");
    fails("folder \"bad\"", "bad/happy/a.png|not a readable");
    ck_assert_int_eq(symlink(in_root("loop"), in_root("empty/happy/loop")), 0);
    put_text("loop/happy/a.txt", "x");
    ck_assert_int_eq(symlink("..", in_root("loop/happy/up")), 0);
    fails("folder \"loop\"", "deeper than");
}
END_TEST

START_TEST(drawn_splits_are_stratified_and_stay)
{
    char text[128];
    struct fer_pipeline *pipeline;
    size_t total = 0;

    for (int i = 0; i < 40; i++) {
        snprintf(text, sizeof(text), "all/%s/%02d.png", i % 4 ? "happy" : "sad", i);
        put_picture(text, i);
    }
    use_labels(seven, 7);
    /* 30 happy, 10 sad: 20 % of each for test, 10 % for valid. */
    static const struct {
        const char *split;
        size_t count, sad;
    } parts[] = { { "train", 21 + 7, 7 }, { "valid", 3 + 1, 1 }, { "test", 6 + 2, 2 } };
    int seen[40] = { 0 };
    for (int k = 0; k < 3; k++) {
        size_t sad = 0;

        snprintf(text, sizeof(text), "folder \"all\" split=%s valid=0.1 test=0.2", parts[k].split);
        pipeline = open_ok(text, false);
        ck_assert_uint_eq(fer_pipeline_info(pipeline)->count, parts[k].count);
        for (const char *at = epoch_of(pipeline, 0); at; at = strchr(at, ' ') ? strchr(at, ' ') + 1 : NULL) {
            int label, gray;

            ck_assert_int_eq(sscanf(at, "%d:%d", &label, &gray), 2);
            ck_assert_int_eq(seen[gray]++, 0);
            sad += label == 4;
        }
        ck_assert_uint_eq(sad, parts[k].sad);
        total += parts[k].count;
        fer_pipeline_close(pipeline);
    }
    ck_assert_uint_eq(total, 40);
    /* --seed does not move samples between splits; seed= does. */
    const char *before = epoch_of_text("folder \"all\" split=test valid=0.1 test=0.2");
    seed = 99;
    yields("folder \"all\" split=test valid=0.1 test=0.2", before);
    ck_assert_str_ne(before, epoch_of_text("folder \"all\" split=test valid=0.1 test=0.2 seed=5"));
    fails("folder \"all\" valid=0.5 test=0.5", "leave nothing to train");
}
END_TEST

START_TEST(kinds_that_are_not_read_are_no_silent_loss)
{
    use_labels(eight, 8);
    put_picture("k/train/sad/a.png", 1);
    put_picture("k/train/fear/b.png", 2);
    put_text("k/train/sad/Thumbs.db", "x");
    put_text("k/train/sad/notes.txt", "x");
    put_text("k/train/sad/a.tiff", "II*"); /* what a.png was made of */
    put_text("k/train/.c.webp", "x");
    yields("folder \"k\"", "6:2 3:1");
    put_text("k/train/sad/c.WebP", "RIFF");
    fails("folder \"k\"", "k/train/sad/c.WebP' is a picture of a kind that is not read: make PNG or JPEG");
    put_text("k/train/fear/d.heic", "x");
    put_text("k/train/sad/d.gif", "x");
    fails("folder \"k\"", "k/train/fear/d.heic' and 2 more below '|k/train' are pictures of a kind that is not read");
    fails("folder \"k/train\" labels=no", "k/train/fear/d.heic' and 2 more");
}
END_TEST

START_TEST(pictures_in_no_class_folder_are_no_silent_loss)
{
    use_labels(eight, 8);
    put_picture("b/sad/a.png", 1);
    put_picture("b/fear/b.png", 2);
    put_text("b/notes.txt", "x");
    put_text("b/.c.png", "x");
    yields("folder \"b\"", "6:2 3:1");
    put_picture("b/c.png", 3);
    fails("folder \"b\"", "the picture '|b/c.png' lies in no class folder: move it into one, or take it out");
    yields("folder \"b\" labels=no", "-1:3 -1:2 -1:1");
    put_text("b/d.gif", "x");
    fails("folder \"b\"", "b/c.png' and 1 more beside it lie in no class folder: move them into one");
    make_folders("flat/");
    put_picture("flat/a.png", 1);
    fails("folder \"flat\"", "no pictures|labels=no");
}
END_TEST

/* In a part that is not asked for they may, as where the labels of the test are not public. */
START_TEST(pictures_beside_parts_are_no_silent_loss)
{
    use_labels(eight, 8);
    put_picture("p/train/sad/a.png", 1);
    put_picture("p/Test/b.png", 2);
    yields("folder \"p\" split=training", "3:1");
    fails("folder \"p\" split=test", "p/Test/b.png' lies in no class folder");
    fails("folder \"p\"", "p/Test/b.png' lies in no class folder");
    put_picture("p/Test/fear/c.png", 3);
    fails("folder \"p\" split=test", "p/Test/b.png' lies in no class folder");
    yields("folder \"p\" labels=no", "-1:2 -1:3 -1:1");
    put_picture("p/d.png", 4);
    fails("folder \"p\" split=train", "p/d.png' lies in none of the folders train, valid and test: move it");
    fails("folder \"p\" labels=no", "p/d.png' lies in none of the folders train, valid and test: move it");
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("folder", setup, teardown);

    tcase_add_test(tests, folders_are_splits_and_classes);
    tcase_add_test(tests, wrong_folders_are_refused);
    tcase_add_test(tests, drawn_splits_are_stratified_and_stay);
    tcase_add_test(tests, kinds_that_are_not_read_are_no_silent_loss);
    tcase_add_test(tests, pictures_in_no_class_folder_are_no_silent_loss);
    tcase_add_test(tests, pictures_beside_parts_are_no_silent_loss);
    return cases_run();
}
