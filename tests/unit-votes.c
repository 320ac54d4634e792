/* SPDX-License-Identifier: Apache-2.0
 *
 * The votes of FER+ as majority, plurality and distribution, whatever the description's labels are and whichever
 * pictures are chosen; in packed files too.
 */
#include <math.h>
#include <string.h>

#include <fer/pack.h>

#include "cases.h"
#include "reader-trial.h"

static const char *const eight[] = { "neutral", "happiness", "surprise", "sadness",
                                     "anger",   "disgust",   "fear",     "contempt" };
/* the same in another order */
static const char *const other[] = { "contempt", "fear", "happy", "neutral", "sad", "angry", "surprise", "disgust" };

static void make_votes(void)
{
    put_picture("p/a.png", 1);
    put_picture("p/b.png", 2);
    put_picture("p/c.png", 3);
    put_picture("p/d.png", 4);
    put_picture("p/e.png", 5);
    put_text("votes.csv", "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF\n"
                          "Training,a.png,5,5,0,0,0,0,0,0,0,0\n"    /* half is no majority */
                          "PublicTest,b.png,0,6,0,0,0,0,0,4,0,0\n"  /* happiness, contempt */
                          "Training,c.png,0,0,0,4,4,0,0,0,2,0\n"    /* sadness, anger, unknown */
                          "PrivateTest,d.png,0,0,0,1,0,0,9,0,0,0\n" /* fear, and an outlier */
                          "Training,e.png,0,5,0,0,0,0,0,0,5,0\n");  /* who knows none has voted too */
}

/* The shares of sample `place`, and nothing beside them. */
static void has_shares(const char *text, size_t place, const float *shares, int count)
{
    struct fer_pipeline *pipeline = open_ok(text, false);
    struct fer_sample sample;
    struct fer_error err = FER_ERROR_INIT;

    ck_assert_msg(!fer_pipeline_sample(pipeline, place, &sample, &err), "%s", err.text);
    ck_assert_int_eq(sample.softs, count);
    for (int i = 0; i < count; i++)
        ck_assert_msg(fabsf(sample.soft[i] - shares[i]) < 1e-6f, "%s: share %d of sample %zu is %g, not %g", text, i,
                      place, (double)sample.soft[i], (double)shares[i]);
    fer_sample_free(&sample);
    fer_pipeline_close(pipeline);
}

START_TEST(more_than_half)
{
    make_votes();
    use_labels(eight, 8);
    yields("ferplus \"votes.csv\" images=\"p\"", "1:2 6:4");
    yields("ferplus \"votes.csv\" images=\"p\" target=plurality", "0:1 1:2 3:3 6:4 1:5");
    yields("ferplus \"votes.csv\" images=\"p\" target=plurality split=train", "0:1 3:3 1:5");
    yields("ferplus \"votes.csv\" images=\"p\" split=test", "6:4");
}
END_TEST

#define SHARES "ferplus \"votes.csv\" images=\"p\" target=distribution"

START_TEST(shares_of_the_votes)
{
    static const float a[8] = { 0.5f, 0.5f }, b[8] = { [1] = 0.6f, [7] = 0.4f }, c[8] = { [3] = 0.5f, [4] = 0.5f },
                       d[8] = { [6] = 1 };

    make_votes();
    use_labels(eight, 8);
    has_shares(SHARES, 0, a, 8);
    has_shares(SHARES, 1, b, 8);
    has_shares(SHARES, 2, c, 8); /* unknown is no class */
    has_shares(SHARES, 3, d, 8);
    /* shares stay with their pictures */
    yields(SHARES " split=valid", "1:2");
    has_shares(SHARES " split=valid", 0, b, 8);
    has_shares(SHARES " split=train", 1, c, 8);
    has_shares(SHARES " split=test", 0, d, 8);
    put_text("only.txt", "0_c.png\n");
    has_shares(SHARES " only=\"only.txt\"", 0, c, 8);
}
END_TEST

START_TEST(shares_of_other_labels)
{
    static const float a[8] = { [2] = 0.5f, [3] = 0.5f }, b[8] = { [0] = 0.4f, [2] = 0.6f }, alone[7] = { [1] = 1 };

    make_votes();
    use_labels(other, 8);
    yields(SHARES, "3:1 2:2 4:3 1:4 2:5");
    has_shares(SHARES, 0, a, 8);
    has_shares(SHARES, 1, b, 8);
    /* without contempt: of the votes for what is left */
    use_labels(eight, 7);
    has_shares(SHARES " others=drop", 1, alone, 7);
}
END_TEST

START_TEST(shares_in_packed_files)
{
    static const float b[8] = { [1] = 0.6f, [7] = 0.4f }, moved[8] = { [0] = 0.4f, [2] = 0.6f }, alone[7] = { [1] = 1 };
    struct fer_error err = FER_ERROR_INIT;
    struct fer_pipeline_spec *spec;

    make_votes();
    use_labels(eight, 8);
    spec = spec_of(SHARES, false, &err);
    ck_assert_msg(spec, "%s", err.text);
    ck_assert_msg(!fer_pack_write(in_root("v.pack"), spec->reader, spec->reader_params, &spec->env, NULL, &err), "%s",
                  err.text);
    has_shares("packed \"v.pack\"", 1, b, 8);
    has_shares("packed \"v.pack\" split=valid", 0, b, 8);
    use_labels(other, 8);
    yields("packed \"v.pack\"", "3:1 2:2 4:3 1:4 2:5");
    has_shares("packed \"v.pack\"", 1, moved, 8);
    use_labels(eight, 7);
    has_shares("packed \"v.pack\" others=drop", 1, alone, 7);
}
END_TEST

/* So do landmarks. */
START_TEST(landmarks_stay_with_their_pictures)
{
    struct fer_pipeline *pipeline;
    struct fer_sample sample;

    put_picture("p/a.png", 1);
    put_picture("p/b.png", 2);
    put_text("l.csv", "path,label,split,lx0,ly0\np/a.png,0,train,1,2\np/b.png,1,test,3,4\n");
    use_labels(eight, 8);
    pipeline = open_ok("manifest \"l.csv\" split=test", false);
    ck_assert_int_eq(fer_pipeline_sample(pipeline, 0, &sample, NULL), FER_OK);
    ck_assert_int_eq(sample.label, 1);
    ck_assert(sample.landmark[0][0] == 3 && sample.landmark[0][1] == 4);
    fer_sample_free(&sample);
    fer_pipeline_close(pipeline);
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("votes", setup, teardown);

    tcase_add_test(tests, more_than_half);
    tcase_add_test(tests, shares_of_the_votes);
    tcase_add_test(tests, shares_of_other_labels);
    tcase_add_test(tests, shares_in_packed_files);
    tcase_add_test(tests, landmarks_stay_with_their_pictures);
    return cases_run();
}
