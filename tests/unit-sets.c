/* SPDX-License-Identifier: Apache-2.0
 *
 * The readers of published data sets, each on a few files laid out as its owners lay them out, and on broken ones.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reader-trial.h"

static const char *const eight[] = { "neutral", "happiness", "surprise", "sadness",
                                     "anger",   "disgust",   "fear",     "contempt" };

/* "label:subject" of each sample; subjects are numbered in the order of their coming. */
static void has_subjects(const char *text, const char *expected)
{
    struct fer_pipeline *pipeline = open_ok(text, false);
    const struct fer_batch *batch;
    char found[1024] = "";

    ck_assert_int_eq(fer_pipeline_start(pipeline, 0, 0, NULL), FER_OK);
    while (!fer_pipeline_next(pipeline, &batch, NULL) && batch)
        for (int i = 0; i < batch->n; i++) {
            const size_t used = strlen(found);

            snprintf(found + used, sizeof(found) - used, "%s%d:%d", used ? " " : "", batch->label[i],
                     batch->subject[i]);
        }
    fer_pipeline_close(pipeline);
    ck_assert_str_eq(found, expected);
}

/* ---- names and numbers of expressions ---- */

START_TEST(names_have_forms)
{
    static const char *const own[] = { "Joy", "Anger", "normal" };

    put_picture("d/happiness/1.png", 1);
    put_picture("d/angry/2.png", 2);
    put_picture("d/Neutral/3.png", 3);
    use_labels(own, 3);
    yields("folder \"d\"", "2:3 1:2 0:1");
    put_picture("d/sad/4.png", 4);
    fails("folder \"d\"", "d/sad|no 'sad' (nor 'sadness')|others=drop");
    yields("folder \"d\" others=drop", "2:3 1:2 0:1");
    put_picture("d/hapy/5.png", 5);
    fails("folder \"d\" others=drop", "d/hapy"); /* what is no expression is a mistake */
}
END_TEST

/* The same seven numbers mean other expressions in every set: derived from the sets' own tables. */
START_TEST(numbers_have_sets)
{
    static const struct {
        const char *numbers;
        int first;
        const char *order[8];
    } sets[] = {
        { "fer2013", 0, { "anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral", NULL } },
        { "ferplus", 0, { "neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt" } },
        { "rafdb", 1, { "surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral", NULL } },
        { "affectnet", 0, { "neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt" } },
        { "ckplus", 0, { "neutral", "anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise" } },
        { "ckextended", 0, { "anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral", "contempt" } },
    };
    char csv[256] = "path,label\n", expected[128] = "", text[128];
    int count = 0;

    put_picture("a.png", 9);
    for (; count < 8 && sets[_i].order[count]; count++) {
        const size_t used = strlen(expected);
        int label = 0;

        snprintf(csv + strlen(csv), sizeof(csv) - strlen(csv), "a.png,%d\n", sets[_i].first + count);
        while (strcmp(eight[label], sets[_i].order[count]) != 0)
            label++;
        snprintf(expected + used, sizeof(expected) - used, "%s%d:9", used ? " " : "", label);
    }
    put_text("n.csv", "%s", csv);
    use_labels(eight, 8);
    snprintf(text, sizeof(text), "manifest \"n.csv\" numbers=%s", sets[_i].numbers);
    yields(text, expected);
    put_text("n.csv", "path,label\na.png,%d\n", sets[_i].first + count);
    fails(text, "n.csv, line 2|where");
    put_text("n.csv", "path,label\na.png,%d\n", sets[_i].first - 1);
    fails(text, "n.csv, line 2|where");
    put_text("n.csv", "path,label\na.png,surprise\n");
    yields(text, "2:9");
}
END_TEST

/* ---- FER+ with FER2013's CSV ---- */

START_TEST(ferplus_joins_fer2013)
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

/* ---- CK+ ---- */

static void make_sequences(void)
{
    static const struct {
        const char *sequence;
        int frames, first;
    } sequences[] = { { "S005/001", 5, 10 }, { "S005/002", 4, 20 }, { "S010/001", 3, 30 } };

    for (size_t i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++)
        for (int k = 0; k < sequences[i].frames; k++) {
            char name[128];

            snprintf(name, sizeof(name), "ck/cohn-kanade-images/%s/%.4s_%s_%08d.png", sequences[i].sequence,
                     sequences[i].sequence, sequences[i].sequence + 5, k + 1);
            put_picture(name, sequences[i].first + k);
        }
    put_text("ck/cohn-kanade-images/S005/001/notes.txt", "no frame");
    put_text("ck/Emotion/S005/001/S005_001_00000005_emotion.txt", "   3.0000000e+00\n");
    put_text("ck/Emotion/S010/001/S010_001_00000003_emotion.txt", "   2.0000000e+00\n");
    make_folders("ck/Emotion/S005/002/"); /* not labelled, as 266 sequences are */
}

START_TEST(ckplus_sequences)
{
    make_sequences();
    use_labels(eight, 8);
    yields("ckplus \"ck\"", "5:12 5:13 5:14 7:30 7:31 7:32");
    yields("ckplus \"ck\" frames=1", "5:14 7:32");
    yields("ckplus \"ck\" frames=2 onset=yes", "0:10 5:13 5:14 0:30 7:31 7:32");
    has_subjects("ckplus \"ck\" frames=1", "5:0 7:1");
    use_labels(seven, 7);
    fails("ckplus \"ck\"", "no 'contempt'|others=drop");
    yields("ckplus \"ck\" frames=1 others=drop", "1:14");
    use_labels(NULL, 0);
    yields("ckplus \"ck\" frames=1", "5:14 7:32"); /* the canonical numbers */
}
END_TEST

START_TEST(ckplus_landmarks)
{
    struct fer_pipeline *pipeline;
    struct fer_sample sample;
    char points[4096] = "";

    make_sequences();
    use_labels(eight, 8);
    for (int i = 0; i < 68; i++) /* x from 1 to 4, y from 3.5 down to 2 */
        snprintf(points + strlen(points), sizeof(points) - strlen(points), "   %.7e   %.7e\n", 1 + 3.0 * i / 67,
                 3.5 - 1.5 * i / 67);
    put_text("ck/Landmarks/S005/001/S005_001_00000005_landmarks.txt", "%s", points);
    put_text("ck/Landmarks/S010/001/S010_001_00000003_landmarks.txt", "%s", points);
    pipeline = open_ok("ckplus \"ck\" frames=1 landmarks=yes | boxcrop margin=0", false);
    ck_assert_int_eq(fer_pipeline_info(pipeline)->landmarks, 68);
    ck_assert_int_eq(fer_pipeline_sample(pipeline, 0, &sample, NULL), FER_OK);
    ck_assert(sample.image.width == 3 && sample.image.height == 3); /* 3 x 1.5, squared */
    ck_assert_float_eq_tol(sample.landmark[67][0] - sample.landmark[0][0], 3, 1e-5f);
    ck_assert_float_eq_tol(sample.landmark[67][1] - sample.landmark[0][1], -1.5f, 1e-5f);
    fer_sample_free(&sample);
    fer_pipeline_close(pipeline);
    fails("ckplus \"ck\" frames=2 landmarks=yes", "S005_001_00000004_landmarks.txt");
    put_text("ck/Landmarks/S005/001/S005_001_00000005_landmarks.txt", "1 2\n3\n");
    fails("ckplus \"ck\" frames=1 landmarks=yes", "_landmarks.txt, line 2|landmark 2 of 68");
    put_text("ck/Landmarks/S005/001/S005_001_00000005_landmarks.txt", "1 nan\n");
    fails("ckplus \"ck\" frames=1 landmarks=yes", "_landmarks.txt, line 1|landmark 1 of 68");
}
END_TEST

START_TEST(ckplus_broken_sequences)
{
    make_sequences();
    use_labels(eight, 8);
    fails("ckplus \"ck\" frames=4", "S010/001|3 frames|4");
    fails("ckplus \"ck\" emotions=\"elsewhere\"", "elsewhere|emotions=");
    put_text("ck/Emotion/S005/001/S005_001_00000005_emotion.txt", "   8.0000000e+00\n");
    fails("ckplus \"ck\"", "S005_001_00000005_emotion.txt, line 1|8|0 (neutral) to 7 (surprise)");
    put_text("ck/Emotion/S005/001/S005_001_00000005_emotion.txt", "2.5\n");
    fails("ckplus \"ck\"", "_emotion.txt, line 1|2.5");
    put_text("ck/Emotion/S005/001/S005_001_00000005_emotion.txt", "fear\n");
    fails("ckplus \"ck\"", "_emotion.txt, line 1|one number from 0 to 7");
    put_text("ck/Emotion/S005/001/S005_001_00000005_emotion.txt", "%s", "");
    fails("ckplus \"ck\"", "_emotion.txt|one number");
    put_text("ck/Emotion/S005/001/S005_001_00000005_emotion.txt", "3%c", 0);
    fails("ckplus \"ck\"", "_emotion.txt|zero bytes");
    put_picture("empty/cohn-kanade-images/S001/001/S001_001_00000001.png", 1);
    make_folders("empty/Emotion/");
    fails("ckplus \"empty\"", "no sequence with a label");
    fails("ckplus \"absent\"", "absent");
}
END_TEST

START_TEST(ckplus_folders)
{
    put_picture("CK+48/anger/S010_004_00000017.png", 1);
    put_picture("CK+48/anger/S010_004_00000018.png", 2);
    put_picture("CK+48/happy/S011_006_00000011.png", 3);
    use_labels(eight, 8);
    yields("ckplus \"CK+48\"", "4:1 4:2 1:3");
    has_subjects("ckplus \"CK+48/\"", "4:0 4:0 1:1");
    put_picture("CK+48/happy/face.png", 4);
    fails("ckplus \"CK+48\"", "CK+48/happy/face.png|S010_004_00000017.png");
    put_picture("CK+48/smile/S011_006_00000011.png", 3);
    unlink(in_root("CK+48/happy/face.png"));
    fails("ckplus \"CK+48\"", "CK+48/smile|contempt");
    put_text("ckextended.csv", "emotion,pixels,Usage\n7,1 2 3 4,Training\n6,5 6 7 8,PrivateTest\n");
    yields("ckplus \"ckextended.csv\"", "7:1 0:5");
    fails("ckplus \"ckextended.csv\" | fold k=2 i=0", "no subject");
    make_folders("nothing/");
    fails("ckplus \"nothing\"", "nothing|cohn-kanade-images");
}
END_TEST

/* ---- RAF-DB ---- */

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

START_TEST(rafdb_basic)
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

START_TEST(rafdb_broken)
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

/* ---- AffectNet ---- */

static void put_points(char *text, size_t size, int points)
{
    text[0] = '\0';
    for (int i = 0; i < points; i++)
        snprintf(text + strlen(text), size - strlen(text), "%s%d.5;%d", i ? ";" : "", i, i + 1);
}

START_TEST(affectnet_lists)
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

START_TEST(affectnet_eight_classes)
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

/* ---- SFEW ---- */

START_TEST(sfew_parts)
{
    put_picture("s/Train/Train_Aligned_Faces/Angry/Airheads_000519240_00000005.png", 1);
    put_picture("s/Train/Angry/Airheads_000519240_00000005.png", 11);
    put_picture("s/Val_Aligned_Faces_new/Happy/x.png", 2);
    use_labels(eight, 8);
    yields("sfew \"s\" split=train", "4:1");
    yields("sfew \"s\" split=valid", "1:2");
    fails("sfew \"s\" images=frames split=train", "Train_Aligned_Faces"); /* a folder among the classes */
    put_picture("f/Train/Sad/x.png", 3);
    put_picture("f/Val/Fear/x.png", 4);
    yields("sfew \"f\" images=frames", "3:3 6:4");
    fails("sfew \"f\"", "Train_Aligned_Faces|images=frames");
    put_picture("f/Val/Bored/x.png", 4);
    fails("sfew \"f\" images=frames", "f/Val/Bored");
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

    make_sequences();
    put_text("ck/cohn-kanade-images/S005/002/S005_002_00000005.tiff", "II*"); /* without a label nobody misses it */
    put_text("ck/cohn-kanade-images/S005/001/S005_001_00000001.tiff", "II*"); /* what the .png was made of */
    yields("ckplus \"ck\" frames=1", "5:14 7:32");
    put_text("ck/cohn-kanade-images/S005/001/S005_001_00000006.tiff", "II*");
    fails("ckplus \"ck\" frames=1", "S005_001_00000006.tiff' is a picture of a kind that is not read: make PNG");
    put_picture("CK+48/anger/S010_004_00000017.png", 1);
    put_text("CK+48/anger/S010_004_00000018.webp", "RIFF");
    fails("ckplus \"CK+48\"", "S010_004_00000018.webp' is a picture of a kind that is not read: make PNG");
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
    put_picture("CK+48/anger/S010_004_00000017.png", 1);
    put_picture("CK+48/S010_004_00000018.png", 2);
    fails("ckplus \"CK+48\"", "CK+48/S010_004_00000018.png' lies in no class folder");
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
    put_picture("DATASET/train/1/train_00001_aligned.jpg", 1);
    put_picture("DATASET/train/train_00002_aligned.jpg", 2);
    fails("rafdb \"DATASET\"", "DATASET/train/train_00002_aligned.jpg' lies in no class folder");
}
END_TEST

/* ---- JAFFE and KDEF ---- */

START_TEST(jaffe_names)
{
    put_text("j/KA.AN1.39.tiff", "II*");
    use_labels(eight, 8);
    fails("jaffe \"j\"", "1 TIFF files|PNG|same names");
    put_picture("j/KA.FE2.46.png", 2);
    fails("jaffe \"j\"", "1 TIFF files|PNG|same names");
    put_picture("j/KA.AN1.39.png", 1);
    put_picture("j/KA.FE2.46.png", 2);
    put_picture("j/YM.NE1.49.png", 3);
    has_subjects("jaffe \"j\"", "4:0 6:0 0:1");
    put_picture("j/sub/KA.AN1.39.png", 4);
    fails("jaffe \"j\"", "sub/KA.AN1.39.png|another picture");
    unlink(in_root("j/sub/KA.AN1.39.png"));
    static const char *const wrong[] = { "KA.XX1.39.png", "KA.AN.39.png", "KA.AN1.png", "K.AN1.39.png",
                                         "KA.AN1.39x.png" };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char name[64];

        snprintf(name, sizeof(name), "j/%s", wrong[i]);
        put_picture(name, 5);
        fails("jaffe \"j\"", "named like KA.AN1.39.png|misnamed=drop");
        yields("jaffe \"j\" misnamed=drop", "4:1 6:2 0:3");
        unlink(in_root(name));
    }
    make_folders("empty/");
    fails("jaffe \"empty\"", "no pictures named like");
}
END_TEST

START_TEST(kdef_names)
{
    put_picture("k/AF01/AF01ANS.JPG", 1);
    put_picture("k/AF01/AF01ANHL.JPG", 2);
    put_picture("k/AF01/AF01AFFR.JPG", 3);
    put_picture("k/AM02/AM02SUS.JPG", 4);
    put_picture("k/BF01/BF01HAS.JPG", 5);
    use_labels(eight, 8);
    yields("kdef \"k\"", "4:1 2:4 1:5");
    has_subjects("kdef \"k\"", "4:0 2:1 1:0"); /* both series show one person */
    yields("kdef \"k\" angles=[S, HL, HR, FL, FR]", "6:3 4:2 4:1 2:4 1:5");
    yields("kdef \"k\" angles=[HL]", "4:2");
    yields("kdef \"k\" series=[B]", "1:5");
    fails("kdef \"k\" angles=[FL]", "no pictures|angles");
    fails("kdef \"k\" angles=[up]", "up");
    put_picture("k/AF31/AF31V.JPG", 6);
    fails("kdef \"k\"", "AF31V.JPG|AF01ANS.JPG|misnamed=drop");
    yields("kdef \"k\" misnamed=drop", "4:1 2:4 1:5");
}
END_TEST

/* ---- lists ---- */

START_TEST(text_lists)
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

/* ---- several sets as one ---- */

START_TEST(merged_sets)
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
    Suite *suite = suite_create("sets");
    TCase *tests = tcase_create("sets");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, names_have_forms);
    tcase_add_loop_test(tests, numbers_have_sets, 0, 6);
    tcase_add_test(tests, ferplus_joins_fer2013);
    tcase_add_test(tests, ckplus_sequences);
    tcase_add_test(tests, ckplus_landmarks);
    tcase_add_test(tests, ckplus_broken_sequences);
    tcase_add_test(tests, ckplus_folders);
    tcase_add_test(tests, rafdb_basic);
    tcase_add_test(tests, rafdb_broken);
    tcase_add_test(tests, affectnet_lists);
    tcase_add_test(tests, affectnet_eight_classes);
    tcase_add_test(tests, sfew_parts);
    tcase_add_test(tests, kinds_that_are_not_read_are_no_silent_loss);
    tcase_add_test(tests, pictures_in_no_class_folder_are_no_silent_loss);
    tcase_add_test(tests, pictures_beside_parts_are_no_silent_loss);
    tcase_add_test(tests, jaffe_names);
    tcase_add_test(tests, kdef_names);
    tcase_add_test(tests, text_lists);
    tcase_add_test(tests, merged_sets);
    tcase_add_test(tests, merged_sets_are_split_together);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
