/* SPDX-License-Identifier: Apache-2.0
 *
 * The readers of manifests (CSV with a header) and of lists (a name and a label a line).
 */
#include <check.h>
#include <stdio.h>

#include "cases.h"
#include "reader-seen.h"

START_TEST(columns_become_fields_that_follow_a_resize)
{
    struct fer_pipeline *pipeline;
    const struct fer_batch *batch;

    put_picture("m/a.png", 1);
    put_picture("m/with, comma \"and quote\".png", 2);
    put_picture("m/c.png", 3);
    put_text("m/list.csv",
             "\xEF\xBB\xBFpath,label,split,subject,x0,y0,x1,y1,lx0,ly0,lx1,ly1\r\n"
             "a.png,happy,train,s1,1,2,3,4,0.5,1.5,2.5,3.5\r\n"
             "\"with, comma \"\"and quote\"\".png\",0,Training,s2,1.5,2,3,4,1,1,2,2\r\n"
             "\r\n%s/c.png,sad,PublicTest,s1,0,0,6,4,1e0,1,2,-2",
             in_root("m"));
    use_labels(seven, 7);
    yields("manifest \"m/list.csv\" split=train", "3:1 0:2");
    yields("manifest \"m/list.csv\" split=valid", "4:3");
    /* Geometry follows a resize from 6 × 4 to 12 × 2. */
    pipeline = open_ok("manifest \"m/list.csv\" | resize [2, 12]", false);
    ck_assert_uint_eq(fer_pipeline_info(pipeline)->fields, FER_FIELD_IMAGE | FER_FIELD_LABEL | FER_FIELD_SUBJECT |
                                                               FER_FIELD_BOX | FER_FIELD_LANDMARKS | FER_FIELD_ID);
    ck_assert_int_eq(fer_pipeline_info(pipeline)->landmarks, 2);
    ck_assert_int_eq(fer_pipeline_info(pipeline)->height, 2);
    ck_assert_int_eq(fer_pipeline_info(pipeline)->width, 12);
    batch = first_batch(pipeline, 0);
    ck_assert_int_eq(batch->n, 3);
    ck_assert_int_eq(batch->subject[0], batch->subject[2]);
    ck_assert_int_ne(batch->subject[0], batch->subject[1]);
    static const float box[4] = { 2, 1, 6, 2 }, points[4] = { 1, 0.75f, 5, 1.75f };
    for (int i = 0; i < 4; i++) {
        ck_assert_float_eq_tol(batch->box[i], box[i], 1e-6f);
        ck_assert_float_eq_tol(batch->landmarks[i], points[i], 1e-6f);
    }
    fer_pipeline_close(pipeline);
}
END_TEST

START_TEST(masks_follow_a_resize_and_say_what_is_covered)
{
    struct fer_pipeline *pipeline;
    const struct fer_batch *batch;

    put_picture("m/a.png", 1);
    put_picture("m/mask.png", 51);
    put_text("m/list.csv", "path,mask\na.png,mask.png\n");
    pipeline = open_ok("manifest \"m/list.csv\" labels=no | resize [2, 12]", false);
    ck_assert_uint_eq(fer_pipeline_info(pipeline)->fields,
                      FER_FIELD_IMAGE | FER_FIELD_MASK | FER_FIELD_COVERED | FER_FIELD_ID);
    batch = first_batch(pipeline, 0);
    ck_assert_float_eq(batch->covered[0], 0.2f); /* 51 of 255 */
    for (int i = 0; i < 2 * 12; i++)
        ck_assert_uint_eq(batch->mask[i], 51);
    fer_pipeline_close(pipeline);
    put_text("m/list.csv", "path,mask\na.png,\n");
    fails("manifest \"m/list.csv\" labels=no", "line 2|the mask is empty");
    put_text("m/list.csv", "path,mask\na.png,gone.png\n");
    fails("manifest \"m/list.csv\" labels=no", "gone.png");
}
END_TEST

START_TEST(wrong_manifests_are_refused)
{
    use_labels(seven, 7);
    put_picture("a.png", 1);
    fails("manifest \"none.csv\"", "none.csv|no such file");
    put_text("x.csv", "%s", "");
    fails("manifest \"x.csv\"", "empty");
    put_text("x.csv", "file,label\na.png,happy\n");
    fails("manifest \"x.csv\"", "line 1|no column 'path'");
    put_text("x.csv", "path,split\na.png,train\n");
    fails("manifest \"x.csv\"", "line 1|no column 'label'");
    put_text("x.csv", "path,label\n");
    fails("manifest \"x.csv\"", "no samples");
    put_text("x.csv", "path,label\na.png,happy\n\na.png,happpy\n");
    fails("manifest \"x.csv\"", "line 4|did you mean 'happy'");
    put_text("x.csv", "path,label\na.png,happy,3\n");
    fails("manifest \"x.csv\"", "line 2|3 fields|2 columns");
    put_text("x.csv", "path,label\n\"a.png,happy\n");
    fails("manifest \"x.csv\"", "line 2|never closed");
    put_text("x.csv", "path,label\n\"a.png\"x,happy\n");
    fails("manifest \"x.csv\"", "line 2|closing quote");
    put_text("x.csv", "path,label\n,happy\n");
    fails("manifest \"x.csv\"", "line 2|path is empty");
    put_text("x.csv", "path,label,x0\na.png,happy,1\n");
    fails("manifest \"x.csv\"", "line 1|x0, y0, x1 and y1");
    put_text("x.csv", "path,label,lx0\na.png,happy,1\n");
    fails("manifest \"x.csv\"", "line 1|lx0 and ly0");
    put_text("x.csv", "path,label,lx0,ly0\na.png,happy,1,nan\n");
    fails("manifest \"x.csv\"", "line 2|ly0|number");
    put_text("x.csv", "path,label\nb.png,happy\n");
    fails("manifest \"x.csv\"", "b.png");
    put_text("x.csv", "path,label\na.png,7\n");
    fails("manifest \"x.csv\"", "line 2|outside");
    put_text("x.csv", "path,label\na.png%c,1\n", 0);
    fails("manifest \"x.csv\"", "zero bytes");
    FILE *file = fopen(in_root("x.csv"), "wb");
    for (int i = 0; i < 5000; i++)
        fputs("column,", file);
    fclose(file);
    fails("manifest \"x.csv\"", "1024 columns");
    file = fopen(in_root("x.csv"), "wb");
    fputs("path,label\n", file);
    for (int i = 0; i < 5000; i++)
        fputs("a/", file);
    fputs(",happy\n", file);
    fclose(file);
    fails("manifest \"x.csv\"", "line 2|longer");
    fails("manifest \".\"", "directory");
}
END_TEST

START_TEST(lists_have_a_name_and_a_label_a_line)
{
    put_picture("pictures/a b.png", 1);
    put_picture("pictures/c.png", 2);
    put_picture("c.png", 3);
    put_text("l.txt",
             "\xEF\xBB\xBF"
             "c.png happy\n\n  c.png\t3  \r\n%s  sadness\n",
             in_root("pictures/c.png"));
    use_labels(eight, 8);
    yields("list \"l.txt\"", "1:3 3:3 3:2");
    yields("list \"l.txt\" images=\"pictures\" numbers=rafdb", "1:2 5:2 3:2");
    put_text("l.txt", "7 c.png\n");
    yields("list \"l.txt\" label=before", "7:3");
    fails("list \"l.txt\"", "l.txt, line 1|'c.png'");
    put_text("l.txt", "c.png 1\nc.png\n");
    fails("list \"l.txt\"", "l.txt, line 2|a name and a label");
    put_text("l.txt", "c.png 8\n");
    fails("list \"l.txt\"", "l.txt, line 1|outside");
    fails("list \"l.txt\" numbers=affectnet", "l.txt, line 1|expression 8|affectnet");
    put_text("l.txt", "%s", "");
    fails("list \"l.txt\"", "no samples");
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("manifest", setup, teardown);

    tcase_add_test(tests, columns_become_fields_that_follow_a_resize);
    tcase_add_test(tests, masks_follow_a_resize_and_say_what_is_covered);
    tcase_add_test(tests, wrong_manifests_are_refused);
    tcase_add_test(tests, lists_have_a_name_and_a_label_a_line);
    return cases_run();
}
