/* SPDX-License-Identifier: Apache-2.0
 *
 * The detector mtcnn against what facenet-pytorch finds with the same weights on the same pictures, which both sides
 * make from hashes: golden/make-mtcnn.py wrote golden/mtcnn.safetensors.  The plugin is opened from FER_PLUGIN_PATH;
 * without it (--disable-plugin-mtcnn) there is nothing to test.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <fer/detect.h>

#include "needs.h"
#include "train/safetensors.h"
#include "trial.h"

enum { BLOCK = 8, MOST = 16 };
#define TOLERANCE 0.02 /* pixels; the script's figures move by less than 0.01 when weights are off by 1e-5 */

static const struct {
    int width, height;
    const char *min_size;
} pictures[] = { { 96, 72, "min_size=24" }, { 61, 130, "min_size=20" } };
static const char *const profiles[] = { "cpu", "gpu" };

static struct fer_error err;
static struct fer_safetensors *golden;
static char path[64];

#define OK(call) ck_assert_msg((call) == FER_OK, "%s", err.text)

/* ---- weights ---- */

static const struct weight {
    const char *name;
    int rank;
    int64_t dim[4];
} weights[] = {
    { "pnet.conv1.weight", 4, { 10, 3, 3, 3 } },
    { "pnet.conv1.bias", 1, { 10 } },
    { "pnet.prelu1.weight", 1, { 10 } },
    { "pnet.conv2.weight", 4, { 16, 10, 3, 3 } },
    { "pnet.conv2.bias", 1, { 16 } },
    { "pnet.prelu2.weight", 1, { 16 } },
    { "pnet.conv3.weight", 4, { 32, 16, 3, 3 } },
    { "pnet.conv3.bias", 1, { 32 } },
    { "pnet.prelu3.weight", 1, { 32 } },
    { "pnet.conv4_1.weight", 4, { 2, 32, 1, 1 } },
    { "pnet.conv4_1.bias", 1, { 2 } },
    { "pnet.conv4_2.weight", 4, { 4, 32, 1, 1 } },
    { "pnet.conv4_2.bias", 1, { 4 } },
    { "rnet.conv1.weight", 4, { 28, 3, 3, 3 } },
    { "rnet.conv1.bias", 1, { 28 } },
    { "rnet.prelu1.weight", 1, { 28 } },
    { "rnet.conv2.weight", 4, { 48, 28, 3, 3 } },
    { "rnet.conv2.bias", 1, { 48 } },
    { "rnet.prelu2.weight", 1, { 48 } },
    { "rnet.conv3.weight", 4, { 64, 48, 2, 2 } },
    { "rnet.conv3.bias", 1, { 64 } },
    { "rnet.prelu3.weight", 1, { 64 } },
    { "rnet.dense4.weight", 2, { 128, 576 } },
    { "rnet.dense4.bias", 1, { 128 } },
    { "rnet.prelu4.weight", 1, { 128 } },
    { "rnet.dense5_1.weight", 2, { 2, 128 } },
    { "rnet.dense5_1.bias", 1, { 2 } },
    { "rnet.dense5_2.weight", 2, { 4, 128 } },
    { "rnet.dense5_2.bias", 1, { 4 } },
    { "onet.conv1.weight", 4, { 32, 3, 3, 3 } },
    { "onet.conv1.bias", 1, { 32 } },
    { "onet.prelu1.weight", 1, { 32 } },
    { "onet.conv2.weight", 4, { 64, 32, 3, 3 } },
    { "onet.conv2.bias", 1, { 64 } },
    { "onet.prelu2.weight", 1, { 64 } },
    { "onet.conv3.weight", 4, { 64, 64, 3, 3 } },
    { "onet.conv3.bias", 1, { 64 } },
    { "onet.prelu3.weight", 1, { 64 } },
    { "onet.conv4.weight", 4, { 128, 64, 2, 2 } },
    { "onet.conv4.bias", 1, { 128 } },
    { "onet.prelu4.weight", 1, { 128 } },
    { "onet.dense5.weight", 2, { 256, 1152 } },
    { "onet.dense5.bias", 1, { 256 } },
    { "onet.prelu5.weight", 1, { 256 } },
    { "onet.dense6_1.weight", 2, { 2, 256 } },
    { "onet.dense6_1.bias", 1, { 2 } },
    { "onet.dense6_2.weight", 2, { 4, 256 } },
    { "onet.dense6_2.bias", 1, { 4 } },
    { "onet.dense6_3.weight", 2, { 10, 256 } },
    { "onet.dense6_3.bias", 1, { 10 } },
};
enum { WEIGHTS = sizeof weights / sizeof weights[0] };

/* What golden/common.py gives a weight, but for what the script changes. */
static enum fer_status fill(void *user, int row, void *data, size_t bytes, struct fer_error *e)
{
    const struct weight *w = &weights[row];
    const struct fer_safetensor *chosen = fer_safetensors_find(golden, w->name);
    const bool shift = strstr(w->name, "conv4_2") || strstr(w->name, "dense5_2") || strstr(w->name, "dense6_2");
    struct fer_shape shape = { .dtype = FER_F32, .rank = w->rank };
    float *values = data;

    (void)user;
    if (chosen)
        return fer_safetensors_read_f32(golden, chosen, data, e);
    for (int i = 0; i < w->rank; i++)
        shape.dim[i] = (int)w->dim[i];
    trial_weight(w->name, &shape, values);
    for (size_t i = 0; shift && i < bytes / sizeof(float); i++)
        values[i] *= 0.1f;
    return FER_OK;
}

/* Weights by which a face is where the middle of P-Net's window is bright in red: the two by two pixels from (5, 5) on.
 * The other nets agree, and put all landmarks to a quarter of the width and three of the height. */
static enum fer_status fill_plain(void *user, int row, void *data, size_t bytes, struct fer_error *e)
{
    const char *name = weights[row].name;
    float *values = data;

    (void)user;
    (void)e;
    memset(values, 0, bytes);
    for (size_t i = 0; strstr(name, "prelu") && i < bytes / sizeof(float); i++)
        values[i] = 1;
    if (strncmp(name, "pnet.conv", 9) == 0 && strstr(name, ".weight") && !strstr(name, "conv4"))
        values[4] = 1; /* the middle of the first kernel */
    if (strcmp(name, "pnet.conv4_1.weight") == 0)
        values[32] = 10;
    if (strcmp(name, "rnet.dense5_1.bias") == 0 || strcmp(name, "onet.dense6_1.bias") == 0)
        values[1] = 10;
    for (int i = 0; strcmp(name, "onet.dense6_3.bias") == 0 && i < 10; i++)
        values[i] = i < 5 ? 0.25f : 0.75f;
    return FER_OK;
}

static void write_weights_by(int count, fer_safetensors_fill *by)
{
    struct fer_safetensors_writer *writer;

    OK(fer_safetensors_writer_create(&writer, &err));
    for (int i = 0; i < count; i++)
        fer_safetensors_declare(writer, weights[i].name, FER_ST_F32, weights[i].rank, weights[i].dim);
    OK(fer_safetensors_write(writer, path, by, NULL, &err));
    fer_safetensors_writer_free(writer);
}

static void write_weights(int count)
{
    write_weights_by(count, fill);
}

/* ---- pictures ---- */

static struct fer_image make_picture(int i)
{
    const int width = pictures[i].width, height = pictures[i].height;
    const int columns = (width + BLOCK - 1) / BLOCK, rows = (height + BLOCK - 1) / BLOCK;
    const size_t bytes = (size_t)columns * (size_t)rows * 3;
    uint8_t *small = malloc(bytes);
    struct fer_image image;

    ck_assert_ptr_nonnull(small);
    trial_pictures(i, bytes, small);
    OK(fer_image_create(&image, width, height, 3, &err));
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            memcpy(image.pixels + 3 * (y * width + x), small + 3 * (y / BLOCK * columns + x / BLOCK), 3);
    free(small);
    return image;
}

static int read_golden(int i, const char *what, int columns, float *out)
{
    char name[32];
    const struct fer_safetensor *row;

    snprintf(name, sizeof(name), "%d.%s", i, what);
    row = fer_safetensors_find(golden, name);
    ck_assert_ptr_nonnull(row);
    ck_assert_int_le(row->dim[0], MOST);
    ck_assert_uint_eq(row->count, (size_t)row->dim[0] * (size_t)columns);
    OK(fer_safetensors_read_f32(golden, row, out, &err));
    return (int)row->dim[0];
}

/* ---- tests ---- */

static void setup(void)
{
    char name[512];

    snprintf(name, sizeof(name), "%s/tests/golden/mtcnn.safetensors", getenv("top_srcdir"));
    OK(fer_safetensors_open(name, &golden, &err));
    strcpy(path, "/tmp/fer-mtcnn-XXXXXX");
    ck_assert_int_ge(mkstemp(path), 0);
}

static void teardown(void)
{
    fer_safetensors_close(golden);
    unlink(path);
}

static bool near(float a, double b)
{
    return fabs((double)a - b) <= TOLERANCE;
}

/* Sides are clipped to the picture here, not there. */
static bool is_box(const struct fer_box *box, const float theirs[5], int width, int height)
{
    return near(box->x0, fmax(theirs[0], 0)) && near(box->y0, fmax(theirs[1], 0)) &&
           near(box->x1, fmin(theirs[2], width)) && near(box->y1, fmin(theirs[3], height)) &&
           fabs((double)box->score - theirs[4]) < 1e-4;
}

START_TEST(boxes_and_landmarks_are_those_of_facenet_pytorch)
{
    const int which = _i % 2;
    const char *arguments[3] = { NULL, pictures[which].min_size, NULL };
    char weights_argument[96];
    float boxes[MOST][5], points[MOST][5][2];
    struct fer_image picture = make_picture(which);
    struct fer_context *context;
    struct fer_finder *finder;
    struct fer_box *found;
    int count, theirs = read_golden(which, "boxes", 5, boxes[0]), matched = 0;

    ck_assert_int_eq(read_golden(which, "points", 10, points[0][0]), theirs);
    snprintf(weights_argument, sizeof(weights_argument), "weights=%s", path);
    arguments[0] = weights_argument;
    write_weights(WEIGHTS);
    setenv("FER_PROFILE", profiles[_i / 2], 1);
    OK(fer_context_create(NULL, &context, &err));
    OK(fer_finder_open(context, "mtcnn", arguments, &finder, &err));
    for (int again = 0; again < 2; again++) { /* the second time with programs that are there */
        OK(fer_finder_run(finder, &picture, &found, &count, &err));
        ck_assert_int_eq(count, theirs);
        for (int i = 0; i < count; i++)
            for (int k = 0; k < theirs; k++) {
                if (!is_box(&found[i], boxes[k], picture.width, picture.height))
                    continue;
                matched++;
                ck_assert_int_eq(found[i].landmarks, 5);
                for (int p = 0; p < 5; p++)
                    ck_assert(near(found[i].landmark[p][0], points[k][p][0]) &&
                              near(found[i].landmark[p][1], points[k][p][1]));
            }
        free(found);
    }
    ck_assert_int_eq(matched, 2 * theirs);
    fer_finder_close(finder);
    fer_context_free(context);
    fer_image_free(&picture);
}
END_TEST

/* A strip with 316 windows in a line, more than are run at once, and a bright square of 4 x 4 pixels for each face.  A
 * level of 640 pixels has 641, each the mean of two, so a square from x on is bright from x + 1 to x + 3; window i
 * looks at 2 i + 5 and 2 i + 6, and of those that see the square the first stays: it lies from 2 i + 1 to 2 i + 12. */
START_TEST(long_pictures_are_searched_in_pieces)
{
    static const struct {
        int bright, window;
    } faces[] = { { 100, 48 }, { 300, 148 }, { 515, 255 }, { 600, 298 } }; /* windows 255 and 256 see the third */
    enum { WIDTH = 640, HEIGHT = 16, FACES = sizeof(faces) / sizeof(faces[0]) };
    char weights_argument[96];
    const char *arguments[] = { weights_argument, "min_size=12", NULL };
    struct fer_image picture;
    struct fer_context *context;
    struct fer_finder *finder;
    struct fer_box *found;
    int count;

    snprintf(weights_argument, sizeof(weights_argument), "weights=%s", path);
    write_weights_by(WEIGHTS, fill_plain);
    OK(fer_image_create(&picture, WIDTH, HEIGHT, 3, &err));
    for (int i = 0; i < FACES; i++)
        for (int y = 6; y < 10; y++)
            for (int x = 0; x < 4; x++)
                picture.pixels[3 * (y * WIDTH + faces[i].bright + x)] = 255;
    OK(fer_context_create(NULL, &context, &err));
    OK(fer_finder_open(context, "mtcnn", arguments, &finder, &err));
    OK(fer_finder_run(finder, &picture, &found, &count, &err));
    ck_assert_int_eq(count, FACES);
    for (int i = 0; i < FACES; i++) { /* all are as large: from left to right */
        const float left = (float)(2 * faces[i].window + 1);

        ck_assert(found[i].x0 == left && found[i].x1 == left + 11 && found[i].y0 == 3 && found[i].y1 == 14);
        for (int p = 0; p < 5; p++)
            ck_assert(near(found[i].landmark[p][0], (double)left - 1 + 12 * 0.25) &&
                      near(found[i].landmark[p][1], 3 - 1 + 12 * 0.75));
    }
    free(found);
    fer_finder_close(finder);
    fer_context_free(context);
    fer_image_free(&picture);
}
END_TEST

/* Sampling is by area: a picture of one gray is that gray at any size, and no box lies in it twice; none is no error.
 */
START_TEST(a_picture_without_faces_has_none)
{
    char weights_argument[96];
    const char *arguments[] = { weights_argument, "output=1", NULL };
    struct fer_image picture = make_picture(0);
    struct fer_context *context;
    struct fer_finder *finder;
    struct fer_box *found;
    int count;

    snprintf(weights_argument, sizeof(weights_argument), "weights=%s", path);
    write_weights(WEIGHTS);
    OK(fer_context_create(NULL, &context, &err));
    OK(fer_finder_open(context, "mtcnn", arguments, &finder, &err));
    OK(fer_finder_run(finder, &picture, &found, &count, &err));
    ck_assert_int_eq(count, 0); /* no probability is above 1 */
    free(found);
    fer_image_free(&picture);
    OK(fer_image_create(&picture, 11, 400, 1, &err)); /* smaller than a window */
    OK(fer_finder_run(finder, &picture, &found, &count, &err));
    ck_assert_int_eq(count, 0);
    free(found);
    fer_image_free(&picture);
    fer_finder_close(finder);
    fer_context_free(context);
}
END_TEST

START_TEST(weights_that_do_not_fit_are_refused)
{
    char weights_argument[96];
    const char *arguments[] = { weights_argument, NULL }, *none[] = { NULL };
    struct fer_image picture = make_picture(0);
    struct fer_context *context;
    struct fer_finder *finder;
    struct fer_box *found;
    int count;

    snprintf(weights_argument, sizeof(weights_argument), "weights=%s", path);
    OK(fer_context_create(NULL, &context, &err));
    ck_assert_int_eq(fer_finder_open(context, "mtcnn", none, &finder, &err), FER_EINVAL);
    ck_assert_msg(strstr(err.text, "needs weights") != NULL, "%s", err.text);
    ck_assert_int_eq(fer_finder_open(context, "mtcnn", arguments, &finder, &err), FER_EFORMAT); /* an empty file */
    ck_assert_ptr_null(finder);
    write_weights(10); /* without the end of P-Net */
    OK(fer_finder_open(context, "mtcnn", arguments, &finder, &err));
    for (int again = 0; again < 2; again++) { /* nothing half loaded answers for the next picture */
        ck_assert_int_eq(fer_finder_run(finder, &picture, &found, &count, &err), FER_EFORMAT);
        ck_assert_msg(strstr(err.text, "pnet.conv4_2.weight") != NULL, "%s", err.text);
        ck_assert_ptr_null(found);
    }
    fer_finder_close(finder);
    fer_context_free(context);
    fer_image_free(&picture);
}
END_TEST

int main(void)
{
    static const char *const needed[] = { "mtcnn", "vision", NULL };
    Suite *suite = suite_create("mtcnn");
    TCase *finding = tcase_create("finding");
    SRunner *runner = srunner_create(suite);
    int failed;

    if (!needs_plugins(needed))
        return SKIPPED;
    tcase_add_checked_fixture(finding, setup, teardown);
    tcase_add_loop_test(finding, boxes_and_landmarks_are_those_of_facenet_pytorch, 0, 4);
    tcase_add_test(finding, long_pictures_are_searched_in_pieces);
    tcase_add_test(finding, a_picture_without_faces_has_none);
    tcase_add_test(finding, weights_that_do_not_fit_are_refused);
    suite_add_tcase(suite, finding);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
