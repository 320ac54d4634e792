/* SPDX-License-Identifier: Apache-2.0
 *
 * The plugin `data` on files made here: folders, manifests, FER2013, FER+, packed files; its transforms and samplers;
 * and broken input of every kind.  Pipelines are written as in descriptions and bound as the compiler binds them.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <fer/pack.h>

#include "reader-trial.h"

/* ---- folder ---- */

static void make_faces(void)
{
    put_picture("faces/train/happy/b.png", 20);
    put_picture("faces/train/happy/a.png", 10);
    put_picture("faces/train/angry/deep/er/x.png", 30);
    put_picture("faces/val/happy/v.png", 40);
    put_text("faces/train/happy/notes.txt", "not a picture");
    put_text("faces/README", "nor this");
    put_picture("faces/train/.hidden/h.png", 99);
}

START_TEST(folder_of_splits)
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

START_TEST(folder_errors)
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

START_TEST(folder_draws_splits)
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
        const char *epoch;
        size_t sad = 0;

        snprintf(text, sizeof(text), "folder \"all\" split=%s valid=0.1 test=0.2", parts[k].split);
        pipeline = open_ok(text, false);
        ck_assert_uint_eq(fer_pipeline_info(pipeline)->count, parts[k].count);
        epoch = epoch_of(pipeline, 0);
        for (const char *at = epoch; at; at = strchr(at, ' ') ? strchr(at, ' ') + 1 : NULL) {
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
    const char *before, *after, *other;
    pipeline = open_ok("folder \"all\" split=test valid=0.1 test=0.2", false);
    before = epoch_of(pipeline, 0);
    fer_pipeline_close(pipeline);
    seed = 99;
    pipeline = open_ok("folder \"all\" split=test valid=0.1 test=0.2", false);
    after = epoch_of(pipeline, 0);
    fer_pipeline_close(pipeline);
    pipeline = open_ok("folder \"all\" split=test valid=0.1 test=0.2 seed=5", false);
    other = epoch_of(pipeline, 0);
    fer_pipeline_close(pipeline);
    ck_assert_str_eq(before, after);
    ck_assert_str_ne(before, other);
    fails("folder \"all\" valid=0.5 test=0.5", "leave nothing to train");
}
END_TEST

/* ---- manifest ---- */

START_TEST(manifest_columns)
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
    ck_assert_int_eq(fer_pipeline_start(pipeline, 0, 0, NULL), FER_OK);
    ck_assert_int_eq(fer_pipeline_next(pipeline, &batch, NULL), FER_OK);
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

START_TEST(manifest_masks)
{
    struct fer_pipeline *pipeline;
    const struct fer_batch *batch;

    put_picture("m/a.png", 1);
    put_picture("m/mask.png", 51);
    put_text("m/list.csv", "path,mask\na.png,mask.png\n");
    pipeline = open_ok("manifest \"m/list.csv\" labels=no | resize [2, 12]", false);
    ck_assert_uint_eq(fer_pipeline_info(pipeline)->fields,
                      FER_FIELD_IMAGE | FER_FIELD_MASK | FER_FIELD_COVERED | FER_FIELD_ID);
    ck_assert_int_eq(fer_pipeline_start(pipeline, 0, 0, NULL), FER_OK);
    ck_assert_int_eq(fer_pipeline_next(pipeline, &batch, NULL), FER_OK);
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

START_TEST(manifest_errors)
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

/* ---- FER2013 and FER+ ---- */

START_TEST(fer2013_csv)
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

START_TEST(ferplus_votes)
{
    static const char *const eight[] = { "neutral", "happiness", "surprise", "sadness",
                                         "anger",   "disgust",   "fear",     "contempt" };
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
    ck_assert_int_eq(fer_pipeline_start(pipeline, 0, 0, NULL), FER_OK);
    ck_assert_int_eq(fer_pipeline_next(pipeline, &batch, NULL), FER_OK);
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

/* ---- transforms and samplers ---- */

START_TEST(channels_and_sizes)
{
    struct fer_pipeline *pipeline;
    int channels, height, width;
    struct fer_error err = FER_ERROR_INIT;

    make_faces();
    use_labels(seven, 7);
    yields("folder \"faces\" split=train | gray | resize 8", "0:30 3:10 3:20");
    pipeline = open_ok("folder \"faces\" | gray | resize [3, 5] mode=area | rgb", false);
    ck_assert_int_eq(fer_pipeline_info(pipeline)->channels, 3);
    ck_assert_int_eq(fer_pipeline_info(pipeline)->height, 3);
    ck_assert_int_eq(fer_pipeline_info(pipeline)->width, 5);
    fer_pipeline_close(pipeline);
    fer_pipeline_extent(spec_of("folder \"none\" | resize 24 | gray", false, &err), &channels, &height, &width);
    ck_assert(channels == 1 && height == 24 && width == 24);
    fails("folder \"faces\" | resize [1, 2, 3]", "resize");
    fails("folder \"faces\" | resize 0", "outside");
}
END_TEST

/* A gradient, so that every pixel says where it comes from: gray 10 x + y. */
static void put_gradient(const char *name, int width, int height)
{
    struct fer_image image;

    make_folders(name);
    ck_assert_int_eq(fer_image_create(&image, width, height, 1, NULL), FER_OK);
    for (int i = 0; i < width * height; i++)
        image.pixels[i] = (uint8_t)(10 * (i % width) + i / width);
    ck_assert_int_eq(fer_image_write_png(&image, in_root(name), NULL), FER_OK);
    fer_image_free(&image);
}

START_TEST(boxes_are_cut_out)
{
    static const struct {
        const char *box, *call;
        int width, height, first, last; /* gray of the corners */
        float x0, y0;                   /* of the box afterwards */
    } cases[] = {
        { "4,2,8,6", "boxcrop margin=0", 4, 4, 42, 75, 0, 0 },
        { "4,2,8,4", "boxcrop margin=0", 4, 4, 41, 74, 0, 1 }, /* square about its centre */
        { "4,2,8,4", "boxcrop margin=0 square=no", 4, 2, 42, 73, 0, 0 },
        { "4,2,8,6", "boxcrop margin=0.25", 6, 6, 31, 86, 1, 1 },
        { "0,0,4,4", "boxcrop margin=0.5", 8, 8, 0, 55, 2, 2 }, /* over the edge: its pixels go on */
    };

    put_gradient("g.png", 12, 9);
    use_labels(seven, 7);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[96];
        struct fer_pipeline *pipeline;
        struct fer_sample sample;

        put_text("b.csv", "path,label,x0,y0,x1,y1,lx0,ly0\ng.png,0,%s,5.5,3.5\n", cases[i].box);
        snprintf(text, sizeof(text), "manifest \"b.csv\" | %s | gray", cases[i].call);
        pipeline = open_ok(text, false);
        ck_assert_int_eq(fer_pipeline_sample(pipeline, 0, &sample, NULL), FER_OK);
        ck_assert_int_eq(sample.image.width, cases[i].width);
        ck_assert_int_eq(sample.image.height, cases[i].height);
        ck_assert_int_eq(sample.image.pixels[0], cases[i].first);
        ck_assert_int_eq(sample.image.pixels[cases[i].width * cases[i].height - 1], cases[i].last);
        ck_assert_float_eq(sample.box[0], cases[i].x0);
        ck_assert_float_eq(sample.box[1], cases[i].y0);
        /* The landmark is where the pixel 5, 3 has gone. */
        ck_assert_int_eq(
            sample.image.pixels[(int)sample.landmark[0][1] * sample.image.width + (int)sample.landmark[0][0]], 53);
        fer_sample_free(&sample);
        fer_pipeline_close(pipeline);
    }
    put_text("b.csv", "path,label,x0,y0,x1,y1\ng.png,0,4,4,4,6\n");
    fails("manifest \"b.csv\" | boxcrop", "boxcrop|empty or outside|12 x 9");
    put_text("b.csv", "path,label,x0,y0,x1,y1\ng.png,0,12,0,14,6\n");
    fails("manifest \"b.csv\" | boxcrop", "empty or outside");
    put_text("b.csv", "path,label,x0,y0,x1,y1\ng.png,0,0,0,20000,6\n");
    fails("manifest \"b.csv\" | boxcrop", "longer than 16384");
    put_text("b.csv", "path,label\ng.png,0\n");
    fails("manifest \"b.csv\" | boxcrop", "no face box|x0,y0,x1,y1");
}
END_TEST

static void make_list(void)
{
    FILE *file;

    put_picture("p.png", 5);
    make_folders("list.csv");
    file = fopen(in_root("list.csv"), "wb");
    fputs("path,label,subject\n", file);
    /* 60 samples of class 0, 30 of 1, 10 of 2; ten subjects. */
    for (int i = 0; i < 100; i++)
        fprintf(file, "p.png,%d,person%d\n", i < 60 ? 0 : i < 90 ? 1 : 2, i % 10);
    fclose(file);
}

/* How often each label comes in an epoch. */
static void count_labels(const char *text, bool train, size_t epoch, int counts[8])
{
    struct fer_pipeline *pipeline = open_ok(text, train);
    const struct fer_batch *batch;

    memset(counts, 0, 8 * sizeof(counts[0]));
    ck_assert_int_eq(fer_pipeline_start(pipeline, epoch, 0, NULL), FER_OK);
    while (!fer_pipeline_next(pipeline, &batch, NULL) && batch)
        for (int i = 0; i < batch->n; i++)
            counts[batch->label[i]]++;
    fer_pipeline_close(pipeline);
}

START_TEST(balanced_take_keep_group)
{
    int counts[8];

    make_list();
    use_labels(seven, 3);
    count_labels("manifest \"list.csv\" | balanced", true, 1, counts);
    ck_assert_int_eq(counts[0] + counts[1] + counts[2], 100);
    for (int k = 0; k < 3; k++) /* a third each, within four standard deviations of 4.7 */
        ck_assert_int_le(abs(counts[k] - 33), 19);
    count_labels("manifest \"list.csv\" | balanced", false, 0, counts);
    ck_assert(counts[0] == 60 && counts[1] == 30 && counts[2] == 10); /* tests are not resampled */
    count_labels("manifest \"list.csv\" | take 65", false, 0, counts);
    ck_assert(counts[0] == 60 && counts[1] == 5 && counts[2] == 0);
    count_labels("manifest \"list.csv\" | keep labels=[2, 1]", true, 1, counts);
    ck_assert(counts[0] == 10 && counts[1] == 30);
    count_labels("manifest \"list.csv\" | group labels=[[1, 2], [0]]", true, 1, counts);
    ck_assert(counts[0] == 40 && counts[1] == 60);
    count_labels("manifest \"list.csv\" | keep [0, 2] | keep [1] | take 3", false, 0, counts);
    ck_assert(counts[0] == 3);
    count_labels("manifest \"list.csv\" | group labels=[[2], [0]] others=drop", true, 1, counts);
    ck_assert(counts[0] == 10 && counts[1] == 60);
    fails("manifest \"list.csv\" | group labels=[[2], [0]]", "label 1 (disgust)|none of the groups|others=drop");
    fails("manifest \"list.csv\" labels=no | balanced", "no labels to balance");
    fails("manifest \"list.csv\" | keep labels=[3]", "keep|outside [0, 2]");
    fails("manifest \"list.csv\" | keep labels=[1, 1]", "two places");
    fails("manifest \"list.csv\" | group labels=[[0], [1, 0]]", "two places");
    fails("manifest \"list.csv\" labels=no | keep labels=[1]", "no labels");
}
END_TEST

START_TEST(folds_share_no_subject)
{
    int parts_of[10] = { 0 }, tested[10] = { 0 };

    make_list();
    use_labels(seven, 3);
    for (int i = 0; i < 5; i++) {
        static const char *const names[] = { "train", "valid", "test" };
        int owner[10];

        for (int s = 0; s < 10; s++)
            owner[s] = -1;
        for (int part = 0; part < 3; part++) {
            char text[128];
            struct fer_pipeline *pipeline;
            const struct fer_batch *batch;

            snprintf(text, sizeof(text), "manifest \"list.csv\" | fold k=5 i=%d part=%s", i, names[part]);
            pipeline = open_ok(text, false);
            ck_assert_uint_eq(fer_pipeline_info(pipeline)->count, part == 0 ? 60 : 20);
            ck_assert_int_eq(fer_pipeline_start(pipeline, 0, 0, NULL), FER_OK);
            while (!fer_pipeline_next(pipeline, &batch, NULL) && batch)
                for (int k = 0; k < batch->n; k++) {
                    int s = batch->subject[k];

                    ck_assert(owner[s] == -1 || owner[s] == part);
                    owner[s] = part;
                }
            fer_pipeline_close(pipeline);
        }
        for (int s = 0; s < 10; s++) {
            tested[s] += owner[s] == 2;
            parts_of[s] += owner[s] >= 0;
        }
    }
    for (int s = 0; s < 10; s++) {
        ck_assert_int_eq(tested[s], 1); /* each subject is tested once */
        ck_assert_int_eq(parts_of[s], 5);
    }
    /* Of k subsets one tests and one validates, as in Tang et al. 2021 with k = 8; or none validates. */
    static const struct {
        const char *text;
        size_t count;
    } parts[] = { { "k=10 i=9", 80 },
                  { "k=10 i=9 part=valid", 10 },
                  { "k=10 i=9 part=test", 10 },
                  { "k=10 i=9 valid=none", 90 },
                  { "k=10 i=9 valid=4 part=valid", 10 } };
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        char text[128];
        struct fer_pipeline *pipeline;

        snprintf(text, sizeof(text), "manifest \"list.csv\" | fold %s", parts[i].text);
        pipeline = open_ok(text, false);
        ck_assert_uint_eq(fer_pipeline_info(pipeline)->count, parts[i].count);
        fer_pipeline_close(pipeline);
    }
    fails("manifest \"list.csv\" | fold k=10 i=9 valid=none part=valid", "not a single sample");
    fails("manifest \"list.csv\" | fold k=10 i=9 valid=9", "another subset");
    fails("manifest \"list.csv\" | fold k=5 i=5", "i=5");
    fails("manifest \"list.csv\" | fold k=11 i=0", "10 subjects");
    put_text("short.csv", "path,label\np.png,0\n");
    fails("manifest \"short.csv\" | fold k=2 i=0", "no subject");
}
END_TEST

START_TEST(split_is_stratified)
{
    int counts[8];

    make_list();
    use_labels(seven, 3);
    count_labels("manifest \"list.csv\" | split part=valid valid=0.1 test=0.2", false, 0, counts);
    ck_assert(counts[0] == 6 && counts[1] == 3 && counts[2] == 1);
    count_labels("manifest \"list.csv\" | split part=test valid=0.1 test=0.2", false, 0, counts);
    ck_assert(counts[0] == 12 && counts[1] == 6 && counts[2] == 2);
    count_labels("manifest \"list.csv\" | split part=train valid=0.1 test=0.2", false, 0, counts);
    ck_assert(counts[0] == 42 && counts[1] == 21 && counts[2] == 7);
}
END_TEST

/* A reference for each class out of the set itself: the first of it. */
START_TEST(pairs_with_the_first)
{
    struct fer_pipeline *pipeline;
    const struct fer_batch *batch;
    int same = 0, seen = 0;

    for (int i = 0; i < 9; i++) {
        char name[32];

        snprintf(name, sizeof(name), "c/%s/%d.png", seven[i % 3], i);
        put_picture(name, 10 * (i % 3) + i / 3);
    }
    use_labels(seven, 3);
    pipeline = open_ok("folder \"c\" | pairs first=1", true);
    for (size_t epoch = 0; epoch < 40; epoch++) {
        ck_assert_int_eq(fer_pipeline_start(pipeline, epoch, 0, NULL), FER_OK);
        while (!fer_pipeline_next(pipeline, &batch, NULL) && batch)
            for (int i = 0; i < batch->n; i++, seen++) {
                const size_t pixel = (size_t)i * 6 * 4 * 3;

                ck_assert_int_eq(batch->image2[pixel], 10 * batch->label2[i]);
                if (batch->image[pixel] == 10 * batch->label[i]) /* a reference is no partner of its own */
                    ck_assert_int_ne(batch->label[i], batch->label2[i]);
                same += batch->label[i] == batch->label2[i];
            }
    }
    fer_pipeline_close(pipeline);
    /* A third of the samples are references and never paired with their own class; of the rest half are. */
    ck_assert_int_eq(seen, 40 * 9);
    ck_assert_int_ge(same, 90);
    ck_assert_int_le(same, 150);
}
END_TEST

START_TEST(pairs_of_a_kind)
{
    static const struct {
        const char *text;
        int low, high; /* pairs of one class, out of 100 */
    } cases[] = {
        { "manifest \"list.csv\" | pairs", 30, 70 },
        { "manifest \"list.csv\" | pairs ratio=1", 100, 100 },
        { "manifest \"list.csv\" | pairs ratio=0", 0, 0 },
        { "manifest \"list.csv\" | pairs reference=\"refs.csv\" ratio=0.5 | resize 3", 30, 70 },
    };
    struct fer_pipeline *pipeline;
    const struct fer_batch *batch;
    int same = 0;

    make_list();
    put_picture("r0.png", 100);
    put_picture("r1.png", 101);
    put_picture("r2.png", 102);
    put_text("refs.csv", "path,label\nr0.png,0\nr1.png,1\nr2.png,2\n");
    use_labels(seven, 3);
    pipeline = open_ok(cases[_i].text, true);
    ck_assert_int_eq(fer_pipeline_start(pipeline, 1, 0, NULL), FER_OK);
    while (!fer_pipeline_next(pipeline, &batch, NULL) && batch)
        for (int i = 0; i < batch->n; i++) {
            size_t bytes = (size_t)(fer_pipeline_info(pipeline)->width * fer_pipeline_info(pipeline)->height * 3);

            same += batch->same[i] == 1;
            ck_assert_int_eq(batch->same[i] == 1, batch->label[i] == batch->label2[i]);
            if (_i == 3) /* the reference of class k is gray 100 + k */
                ck_assert_int_eq(batch->image2[(size_t)i * bytes], 100 + batch->label2[i]);
        }
    ck_assert_int_ge(same, cases[_i].low);
    ck_assert_int_le(same, cases[_i].high);
    fer_pipeline_close(pipeline);
    fails("manifest \"list.csv\" | pairs | pairs", "once");
    fails("manifest \"list.csv\" labels=no | pairs", "no labels");
    fails("manifest \"list.csv\" | pairs reference=\"nowhere.csv\"", "nowhere.csv");
}
END_TEST

/* ---- packed files ---- */

static void pack(const char *text, const char *name)
{
    struct fer_error err = FER_ERROR_INIT;
    struct fer_pipeline_spec *spec = spec_of(text, false, &err);

    ck_assert_msg(spec, "%s", err.text);
    ck_assert_msg(!fer_pack_write(in_root(name), spec->reader, spec->reader_params, &spec->env, NULL, &err), "%s",
                  err.text);
}

START_TEST(packed_is_what_was_packed)
{
    static const char *const other[] = { "happy", "neutral", "angry" };
    struct fer_pipeline *folder, *packed;
    struct fer_sample a, b;

    make_faces();
    use_labels(NULL, 0);
    pack("folder \"faces\"", "faces.pack");
    use_labels(seven, 7);
    yields("packed \"faces.pack\" split=train", "0:30 3:10 3:20");
    yields("folder \"faces.pack\" split=valid", "3:40");
    yields("manifest \"faces.pack\"", "0:30 3:10 3:20 3:40");
    override_path = in_root("faces.pack");
    yields("fer2013 \"none.csv\" split=train", "0:30 3:10 3:20");
    override_path = NULL;
    use_labels(other, 3);
    yields("packed \"faces.pack\" split=train", "2:30 0:10 0:20");
    use_labels(other + 1, 2);
    fails("packed \"faces.pack\"", "faces.pack|'happy'");
    use_labels(NULL, 0);
    yields("packed \"faces.pack\" split=train", "0:30 1:10 1:20");
    /* Ids too, so that random numbers are the same. */
    folder = open_ok("folder \"faces\" split=valid", false);
    packed = open_ok("packed \"faces.pack\" split=valid", false);
    ck_assert_int_eq(fer_pipeline_sample(folder, 0, &a, NULL), FER_OK);
    ck_assert_int_eq(fer_pipeline_sample(packed, 0, &b, NULL), FER_OK);
    ck_assert_uint_eq(a.id, b.id);
    ck_assert_uint_eq(a.has, b.has);
    ck_assert_int_eq(b.image.channels, 3);
    ck_assert_mem_eq(a.image.pixels, b.image.pixels, 6 * 4 * 3);
    fer_sample_free(&a);
    fer_sample_free(&b);
    fer_pipeline_close(folder);
    fer_pipeline_close(packed);
}
END_TEST

START_TEST(packed_keeps_all_fields)
{
    struct fer_pipeline *before, *after;
    struct fer_sample a, b;

    put_picture("a.png", 77);
    put_text("x.csv", "path,label,split,subject,x0,y0,x1,y1,lx0,ly0\na.png,sad,test,kim,1,2,3,4,5,6\n");
    use_labels(seven, 7);
    pack("manifest \"x.csv\"", "x.pack");
    before = open_ok("manifest \"x.csv\"", false);
    after = open_ok("packed \"x.pack\" split=test", false);
    ck_assert_int_eq(fer_pipeline_sample(before, 0, &a, NULL), FER_OK);
    ck_assert_int_eq(fer_pipeline_sample(after, 0, &b, NULL), FER_OK);
    ck_assert_uint_eq(a.has, b.has);
    ck_assert_int_eq(a.label, b.label);
    ck_assert_int_eq(a.subject, b.subject);
    ck_assert_mem_eq(a.box, b.box, sizeof(a.box));
    ck_assert_int_eq(b.landmarks, 1);
    ck_assert_mem_eq(a.landmark, b.landmark, sizeof(a.landmark[0]));
    fer_sample_free(&a);
    fer_sample_free(&b);
    fer_pipeline_close(before);
    fer_pipeline_close(after);
}
END_TEST

/* Cut anywhere, or with any byte changed, a packed file is refused, at opening or at the sample. */
START_TEST(damaged_packs_are_refused)
{
    static char bytes[1 << 16];
    FILE *file;
    size_t size;

    make_faces();
    use_labels(seven, 7);
    pack("folder \"faces\"", "good.pack");
    file = fopen(in_root("good.pack"), "rb");
    size = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    ck_assert_uint_gt(size, 300);
    for (size_t cut = 8; cut < size; cut += 41) {
        file = fopen(in_root("bad.pack"), "wb");
        ck_assert_uint_eq(fwrite(bytes, 1, cut, file), cut);
        fclose(file);
        fails("packed \"bad.pack\"", "bad.pack");
    }
    for (size_t i = 8; i < size; i += 3) {
        bytes[i] ^= 0x11;
        file = fopen(in_root("bad.pack"), "wb");
        ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
        fclose(file);
        bytes[i] ^= 0x11;
        fails("packed \"bad.pack\"", "bad.pack");
    }
    put_text("bad.pack", "FERPACK");
    fails("packed \"bad.pack\"", "bad.pack|not a packed");
}
END_TEST

/* What lists are made of is there without reading pictures; a picture is checked when it is wanted. */
static const char *epoch_of_text(const char *text)
{
    struct fer_pipeline *pipeline = open_ok(text, false);
    const char *epoch = epoch_of(pipeline, 0);

    fer_pipeline_close(pipeline);
    return epoch;
}

/* Eight pictures of two subjects with the largest numbers that there are. */
static enum fer_status open_far(const void *params, const struct fer_data_env *env, void **state, size_t *count,
                                unsigned *fields, struct fer_error *error)
{
    (void)params;
    (void)env;
    (void)error;
    *state = NULL;
    *count = 8;
    *fields = FER_FIELD_IMAGE | FER_FIELD_LABEL | FER_FIELD_SUBJECT;
    return FER_OK;
}

static enum fer_status sample_far(void *state, size_t index, unsigned what, struct fer_sample *sample,
                                  struct fer_error *error)
{
    (void)state;
    sample->has = FER_FIELD_LABEL | FER_FIELD_SUBJECT;
    sample->label = (int)index % 7;
    sample->subject = INT32_MAX - (int)index % 2;
    if (!(what & FER_FIELD_IMAGE))
        return FER_OK;
    sample->has |= FER_FIELD_IMAGE;
    return fer_image_create(&sample->image, 1, 1, 3, error);
}

static const struct fer_reader far_reader = {
    .size = sizeof(far_reader), .name = "far", .help = "", .open = open_far, .sample = sample_far
};

/* A packed file may say anything: numbers of subjects are no places in a list. */
START_TEST(folds_take_any_numbers_of_subjects)
{
    const struct fer_data_env env = { .size = sizeof(env), .labels = seven, .nlabels = 7 };
    struct fer_error err = FER_ERROR_INIT;

    use_labels(seven, 7);
    ck_assert_msg(!fer_pack_write(in_root("far.pack"), &far_reader, NULL, &env, NULL, &err), "%s", err.text);
    for (int i = 0; i < 2; i++) { /* one subject is to test on, the other trains */
        char text[96], first[128], second[128];

        snprintf(text, sizeof(text), "packed \"far.pack\" | fold k=2 i=%d valid=none part=test", i);
        strcpy(first, epoch_of_text(text));
        snprintf(text, sizeof(text), "packed \"far.pack\" | fold k=2 i=%d valid=none", 1 - i);
        strcpy(second, epoch_of_text(text));
        ck_assert_str_eq(first, second);
        ck_assert(!strcmp(first, "0:0 2:0 4:0 6:0") || !strcmp(first, "1:0 3:0 5:0 0:0"));
    }
    fails("packed \"far.pack\" | fold k=3 i=0", "2 subjects cannot be dealt out to 3");
}
END_TEST

START_TEST(packs_are_listed_without_their_pictures)
{
    struct fer_error err = FER_ERROR_INIT;
    struct fer_sample sample;
    struct fer_pack *faces;
    FILE *file;
    size_t last;

    make_faces();
    use_labels(seven, 7);
    pack("folder \"faces\"", "good.pack");
    file = fopen(in_root("good.pack"), "r+b");
    ck_assert_int_eq(fseek(file, -12, SEEK_END), 0); /* in the last picture */
    fputc(1, file);
    fclose(file);
    ck_assert_int_eq(fer_pack_open(in_root("good.pack"), &faces, &err), FER_OK);
    last = fer_pack_count(faces) - 1;
    ck_assert_int_eq(fer_pack_sample(faces, last, FER_FIELD_LABEL | FER_FIELD_SUBJECT, &sample, &err), FER_OK);
    ck_assert_uint_eq(sample.has & FER_FIELD_LABEL, FER_FIELD_LABEL);
    ck_assert_int_eq(sample.label, 3);
    ck_assert_ptr_null(sample.image.pixels);
    ck_assert_int_eq(fer_pack_sample(faces, last, FER_FIELD_IMAGE, &sample, &err), FER_EFORMAT);
    ck_assert_int_eq(fer_pack_sample(faces, last, FER_FIELD_LANDMARKS, &sample, &err), FER_EFORMAT);
    fer_pack_close(faces);
}
END_TEST

/* ---- a reader that says of a sample what none can hold ---- */

static enum fer_status wild_open(const void *params, const struct fer_data_env *env, void **state, size_t *count,
                                 unsigned *fields, struct fer_error *err)
{
    (void)env;
    (void)err;
    *state = (void *)params;
    *count = *(const size_t *)params;
    *fields = FER_FIELD_LANDMARKS;
    return FER_OK;
}

static enum fer_status wild_sample(void *state, size_t index, unsigned what, struct fer_sample *sample,
                                   struct fer_error *err)
{
    (void)state;
    (void)index;
    (void)what;
    (void)err;
    sample->has = FER_FIELD_LANDMARKS;
    sample->landmarks = 1 << 20;
    return FER_OK;
}

START_TEST(what_cannot_be_packed_is_refused)
{
    static const struct fer_reader wild = {
        .size = sizeof(wild), .name = "wild", .open = wild_open, .sample = wild_sample
    };
    const struct fer_data_env env = { .size = sizeof(env) };
    struct fer_error err = FER_ERROR_INIT;
    size_t count = 1;

    ck_assert_int_eq(fer_pack_write(in_root("wild.pack"), &wild, &count, &env, NULL, &err), FER_EPLUGIN);
    count = 0;
    ck_assert_int_eq(fer_pack_write(in_root("wild.pack"), &wild, &count, &env, NULL, &err), FER_EFORMAT);
    ck_assert_int_ne(access(in_root("wild.pack"), F_OK), 0);
}
END_TEST

static bool stop_after_two(void *context, size_t done, size_t count)
{
    *(size_t *)context = count;
    return done < 2;
}

START_TEST(packing_can_be_stopped)
{
    size_t count = 0;
    const struct fer_pack_watch watch = { &count, stop_after_two };
    struct fer_error err = FER_ERROR_INIT;
    struct fer_pipeline_spec *spec;

    make_faces();
    use_labels(seven, 7);
    spec = spec_of("folder \"faces\"", false, &err);
    ck_assert_int_eq(fer_pack_write(in_root("x.pack"), spec->reader, spec->reader_params, &spec->env, &watch, &err),
                     FER_EINTERRUPTED);
    ck_assert_uint_eq(count, 4);
    ck_assert_int_ne(access(in_root("x.pack"), F_OK), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("reader");
    TCase *tests = tcase_create("reader");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, folder_of_splits);
    tcase_add_test(tests, folder_errors);
    tcase_add_test(tests, folder_draws_splits);
    tcase_add_test(tests, manifest_columns);
    tcase_add_test(tests, manifest_masks);
    tcase_add_test(tests, manifest_errors);
    tcase_add_test(tests, fer2013_csv);
    tcase_add_test(tests, ferplus_votes);
    tcase_add_test(tests, channels_and_sizes);
    tcase_add_test(tests, boxes_are_cut_out);
    tcase_add_test(tests, balanced_take_keep_group);
    tcase_add_test(tests, folds_share_no_subject);
    tcase_add_test(tests, split_is_stratified);
    tcase_add_test(tests, pairs_with_the_first);
    tcase_add_loop_test(tests, pairs_of_a_kind, 0, 4);
    tcase_add_test(tests, packed_is_what_was_packed);
    tcase_add_test(tests, packed_keeps_all_fields);
    tcase_add_test(tests, damaged_packs_are_refused);
    tcase_add_test(tests, folds_take_any_numbers_of_subjects);
    tcase_add_test(tests, packs_are_listed_without_their_pictures);
    tcase_add_test(tests, what_cannot_be_packed_is_refused);
    tcase_add_test(tests, packing_can_be_stopped);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
