/* SPDX-License-Identifier: Apache-2.0
 *
 * The reader of AffectNet: lists with faces and landmarks, and the archive that has a NumPy file for each picture.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cases.h"
#include "reader-seen.h"

static void put_points(char *text, size_t size, int points)
{
    text[0] = '\0';
    for (int i = 0; i < points; i++)
        snprintf(text + strlen(text), size - strlen(text), "%s%d.5;%d", i ? ";" : "", i, i + 1);
}

START_TEST(lists_have_boxes_and_landmarks)
{
    static const char header[] =
        "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,"
        "valence,arousal\n";
    struct fer_pipeline *pipeline;
    struct fer_sample sample;
    char points[1024];

    put_points(points, sizeof(points), 68);
    put_picture("an/Manually_Annotated_Images/1/a.jpg", 1);
    put_picture("an/Manually_Annotated_Images/2/b.jpg", 2);
    put_picture("an/Manually_Annotated_Images/2/v.jpg", 3);
    put_text("an/Manually_Annotated_file_lists/training.csv",
             "%s1/a.jpg,1,2,3,1,%s,6,-0.5,0.5\n1/x.jpg,NULL,NULL,NULL,NULL,NULL,10,-2,-2\n2/b.jpg,0,0,4,4,%s,1,0,0\n",
             header, points, points);
    put_text("an/Manually_Annotated_file_lists/validation.csv", "2/v.jpg,1,1,4,2,%s,7,0,0\n", points); /* no header */
    use_labels(eight, 8);
    yields("affectnet \"an\" split=train", "4:1 1:2");
    yields("affectnet \"an\" split=valid", "7:3");
    put_text("occluded.txt", "val/7/v/\n");
    yields("affectnet \"an\" only=\"occluded.txt\"", "7:3");
    pipeline = open_ok("affectnet \"an\" landmarks=yes", false);
    ck_assert_int_eq(fer_pipeline_info(pipeline)->landmarks, 68);
    ck_assert_int_eq(fer_pipeline_sample(pipeline, 0, &sample, NULL), FER_OK);
    ck_assert(sample.box[0] == 1 && sample.box[1] == 2 && sample.box[2] == 4 && sample.box[3] == 3);
    ck_assert(sample.landmark[67][0] == 67.5f && sample.landmark[67][1] == 68);
    fer_sample_free(&sample);
    fer_pipeline_close(pipeline);
    use_labels(eight, 7);
    fails("affectnet \"an\"", "validation.csv, line 1|contempt");
    yields("affectnet \"an\" others=drop", "4:1 1:2");
    put_points(points, sizeof(points), 67);
    put_text("an/Manually_Annotated_file_lists/training.csv", "%s1/a.jpg,1,2,3,1,%s,6,-0.5,0.5\n", header, points);
    fails("affectnet \"an\" landmarks=yes", "training.csv, line 2|68 pairs|landmarks=no");
    put_text("an/Manually_Annotated_file_lists/training.csv", "%s1/a.jpg,1,2,-3,1,,6,0,0\n", header);
    fails("affectnet \"an\"", "training.csv, line 2|face_width");
    put_text("an/Manually_Annotated_file_lists/training.csv", "%s1/a.jpg,1,2,3,1,,11,0,0\n", header);
    fails("affectnet \"an\"", "training.csv, line 2|expression|0 to 10");
    put_text("an/Manually_Annotated_file_lists/training.csv", "subDirectory_filePath,face_x\n1/a.jpg,1\n");
    fails("affectnet \"an\"", "training.csv, line 1|face_y");
    put_text("bare/training.csv", "%s", header);
    fails("affectnet \"bare\"", "Manually_Annotated_Images|images=");
    fails("affectnet \"nowhere\"", "nowhere|train_set");
}
END_TEST

/* An array as NumPy 1.x and 2.x write it: version 1.0, a header padded to 128 bytes in all. */
static void put_npy(const char *name, const char *type, const void *data, size_t size)
{
    char header[119];
    FILE *file;

    make_folders(name);
    file = fopen(in_root(name), "wb");
    snprintf(header, sizeof(header), "%-117s\n", "");
    snprintf(header, sizeof(header), "{'descr': '%s', 'fortran_order': False, 'shape': (), }", type);
    header[strlen(header)] = ' ';
    header[117] = '\n';
    fwrite("\x93NUMPY\x01\x00\x76\x00", 1, 10, file);
    fwrite(header, 1, 118, file);
    fwrite(data, 1, size, file);
    fclose(file);
}

START_TEST(expressions_are_read_from_numpy_files)
{
    static const int32_t whole = 2;
    static const int64_t longer = 4;
    static const double floating = 5;
    static const uint8_t tiny = 6;
    static const char *const names[] = { "1", "2", "3", "4", "5" };
    char name[64];

    for (int i = 0; i < 5; i++) {
        snprintf(name, sizeof(name), "an/%s_set/images/%s.jpg", i == 4 ? "val" : "train", names[i]);
        put_picture(name, i + 1);
    }
    put_npy("an/train_set/annotations/1_exp.npy", "<U1", "7\0\0", 4);
    put_npy("an/train_set/annotations/2_exp.npy", "<i4", &whole, 4);
    put_npy("an/train_set/annotations/3_exp.npy", "<i8", &longer, 8);
    put_npy("an/train_set/annotations/4_exp.npy", "<f8", &floating, 8);
    put_npy("an/val_set/annotations/5_exp.npy", "|u1", &tiny, 1);
    use_labels(eight, 8);
    yields("affectnet \"an\" split=train", "7:1 3:2 6:3 5:4");
    yields("affectnet \"an\" split=valid", "4:5");
    put_text("an/val_set/images/5.tif", "II*"); /* what 5.jpg was made of */
    put_text("an/val_set/images/6.tif", "II*");
    fails("affectnet \"an\"", "an/val_set/images/6.tif' is a picture of a kind that is not read: make PNG or JPEG");
    unlink(in_root("an/val_set/images/6.tif"));
    yields("affectnet \"an\" split=valid", "4:5");
    put_npy("an/train_set/annotations/1_exp.npy", "<U1", "8\0\0", 4);
    fails("affectnet \"an\"", "1_exp.npy|expression 8|0 (neutral) to 7 (contempt)");
    put_npy("an/train_set/annotations/1_exp.npy", "<U1", "x\0\0", 4);
    fails("affectnet \"an\"", "1_exp.npy|number");
    put_npy("an/train_set/annotations/1_exp.npy", "<U2", "1\0\0", 4);
    fails("affectnet \"an\"", "1_exp.npy|cut short");
    put_npy("an/train_set/annotations/1_exp.npy", "<i4", "", 0);
    fails("affectnet \"an\"", "1_exp.npy|cut short");
    put_npy("an/train_set/annotations/1_exp.npy", "|O", "", 0);
    fails("affectnet \"an\"", "1_exp.npy|type");
    put_npy("an/train_set/annotations/1_exp.npy", "<U99999999", "1\0\0", 4);
    fails("affectnet \"an\"", "1_exp.npy|width");
    put_text("an/train_set/annotations/1_exp.npy", "\x93NUMPY\x01");
    fails("affectnet \"an\"", "1_exp.npy|not a NumPy");
    unlink(in_root("an/train_set/annotations/1_exp.npy"));
    fails("affectnet \"an\"", "1_exp.npy");
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("affectnet", setup, teardown);

    tcase_add_test(tests, lists_have_boxes_and_landmarks);
    tcase_add_test(tests, expressions_are_read_from_numpy_files);
    return cases_run();
}
