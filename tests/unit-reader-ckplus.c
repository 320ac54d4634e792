/* SPDX-License-Identifier: Apache-2.0
 *
 * The reader of CK+: sequences as its owners lay them out, folders of frames, and the CSV that goes round.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cases.h"
#include "reader-seen.h"

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

START_TEST(peaks_of_sequences_have_labels)
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

START_TEST(landmarks_are_those_of_the_frames)
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

START_TEST(broken_sequences_are_refused)
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

START_TEST(folders_of_frames_have_subjects)
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

START_TEST(frames_that_are_not_read_are_no_silent_loss)
{
    make_sequences();
    use_labels(eight, 8);
    put_text("ck/cohn-kanade-images/S005/002/S005_002_00000005.tiff", "II*"); /* without a label nobody misses it */
    put_text("ck/cohn-kanade-images/S005/001/S005_001_00000001.tiff", "II*"); /* what the .png was made of */
    yields("ckplus \"ck\" frames=1", "5:14 7:32");
    put_text("ck/cohn-kanade-images/S005/001/S005_001_00000006.tiff", "II*");
    fails("ckplus \"ck\" frames=1", "S005_001_00000006.tiff' is a picture of a kind that is not read: make PNG");
    put_picture("CK+48/anger/S010_004_00000017.png", 1);
    put_text("CK+48/anger/S010_004_00000018.webp", "RIFF");
    fails("ckplus \"CK+48\"", "S010_004_00000018.webp' is a picture of a kind that is not read: make PNG");
    unlink(in_root("CK+48/anger/S010_004_00000018.webp"));
    put_picture("CK+48/S010_004_00000018.png", 2);
    fails("ckplus \"CK+48\"", "CK+48/S010_004_00000018.png' lies in no class folder");
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("ckplus", setup, teardown);

    tcase_add_test(tests, peaks_of_sequences_have_labels);
    tcase_add_test(tests, landmarks_are_those_of_the_frames);
    tcase_add_test(tests, broken_sequences_are_refused);
    tcase_add_test(tests, folders_of_frames_have_subjects);
    tcase_add_test(tests, frames_that_are_not_read_are_no_silent_loss);
    return cases_run();
}
