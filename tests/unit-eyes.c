/* SPDX-License-Identifier: Apache-2.0
 *
 * find_eyes on blobs that are darker than what is around them, with a cascade that finds such; and what `eyes` and
 * `band` of the plugin occlude make of it.  Under both profiles.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fer/data.h>

#include "graph/registry.h"
#include "needs.h"
#include "shown.h"

enum { SIDE = 48, COUNT = 9, TINTED = COUNT - 1 }; /* the last face's blobs have another colour, but are no darker */

/* A window of 8 x 8, one stage, one stump: the middle 4 x 4 is much darker than the rest. */
static const char cascade[] =
    "<opencv_storage><cascade type_id=\"opencv-cascade-classifier\"><stageType>BOOST</stageType>"
    "<featureType>HAAR</featureType><height>8</height><width>8</width><stageNum>1</stageNum><stages>"
    "<_><maxWeakCount>1</maxWeakCount><stageThreshold>0.5</stageThreshold><weakClassifiers>"
    "<_><internalNodes>0 -1 0 -2.2</internalNodes><leafValues>1 -1</leafValues></_></weakClassifiers></_></stages>"
    "<features><_><rects><_>0 0 8 8 -1.</_><_>2 2 4 4 4.</_></rects><tilted>0</tilted></_></features>"
    "</cascade></opencv_storage>\n";

/* Middles of two blobs and their sides; side 0: no blob. */
static const struct {
    double left[2], right[2];
    int left_side, right_side;
    bool found;
} faces[COUNT] = {
    { { 14, 18 }, { 34, 18 }, 6, 6, true },  { { 12, 22 }, { 30, 18 }, 6, 6, true },  /* turned */
    { { 16, 12 }, { 34, 15 }, 8, 6, true },  { { 14, 18 }, { 0, 0 }, 6, 0, false },   /* one eye */
    { { 0, 0 }, { 0, 0 }, 0, 0, false },                                              /* none */
    { { 24, 10 }, { 25, 34 }, 6, 6, false },                                          /* one below the other */
    { { 18, 14 }, { 38, 12 }, 6, 6, true },  { { 14, 38 }, { 34, 38 }, 6, 6, false }, /* too low */
    { { 14, 18 }, { 34, 18 }, 6, 6, false },                                          /* no darker by ITU-R 601 */
};

static char dir[64];

static void put_blob(struct fer_image *image, const double middle[2], int side, const uint8_t colour[3])
{
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++) {
            const int at = ((int)middle[1] - side / 2 + y) * SIDE + (int)middle[0] - side / 2 + x;

            memcpy(image->pixels + 3 * at, colour, 3);
        }
}

static void setup(void)
{
    /* of what is around the blobs, and of them; 0.299 (200 - 82) is 0.587 (160 - 100) */
    static const uint8_t colours[2][2][3] = { { { 200, 200, 200 }, { 30, 30, 30 } },
                                              { { 200, 100, 100 }, { 82, 160, 100 } } };
    struct fer_error err = FER_ERROR_INIT;
    struct fer_image image = { 0 };
    char path[128];
    FILE *file;

    snprintf(dir, sizeof(dir), "unit-eyes.%ld", (long)getpid());
    ck_assert_int_eq(mkdir(dir, 0700), 0);
    snprintf(path, sizeof(path), "%s/blob.xml", dir);
    file = fopen(path, "w");
    ck_assert(file && fputs(cascade, file) >= 0 && fclose(file) == 0);
    for (int n = 0; n < COUNT; n++) {
        ck_assert(!fer_image_create(&image, SIDE, SIDE, 3, &err));
        for (int i = 0; i < SIDE * SIDE; i++)
            for (int c = 0; c < 3; c++)
                image.pixels[3 * i + c] = (uint8_t)(colours[n == TINTED][0][c] + (i * 7 + i / SIDE * 3) % 5);
        put_blob(&image, faces[n].left, faces[n].left_side, colours[n == TINTED][1]);
        put_blob(&image, faces[n].right, faces[n].right_side, colours[n == TINTED][1]);
        snprintf(path, sizeof(path), "%s/%d.png", dir, n);
        ck_assert_msg(!fer_image_write_png(&image, path, &err), "%s", err.text);
        fer_image_free(&image);
    }
}

static void teardown(void)
{
    char command[128];

    unsetenv("FER_PROFILE");
    snprintf(command, sizeof(command), "rm -rf '%s'", dir);
    ck_assert_int_eq(system(command), 0);
}

/* All pictures behind some operations, in batches of 3. */
static void look(struct shown *shown, const char *fields, const char *operations)
{
    char text[512];

    snprintf(text, sizeof(text), "fer 1\nuse data, haar, occlude\ndata d -> %s = folder \".\" labels=no%s\n", fields,
             operations);
    shown_open(shown, dir, text, 1);
    ck_assert_int_eq(shown->count, COUNT);
}

static void set_profile(int i)
{
    ck_assert_int_eq(setenv("FER_PROFILE", i ? "gpu" : "cpu", 1), 0);
}

/* The eyes lie in the blobs, nose and mouth below them; where there are not two, nothing is known. */
START_TEST(eyes_are_found)
{
    static const char *const operations[] = {
        " | gray | batch 3 | find_eyes cascade=\"blob.xml\"",
        " | batch 3 | find_eyes cascade=\"blob.xml\" enlarge=2",
    };
    struct shown s;

    set_profile(_i % 2);
    look(&s, "image, landmarks, found", operations[_i / 2]);
    for (int n = 0; n < COUNT; n++) {
        const float *p = shown_row(&s, "landmarks", n);
        double dx = (double)p[2] - (double)p[0], dy = (double)p[3] - (double)p[1];

        ck_assert_msg(*shown_row(&s, "found", n) == (faces[n].found ? 1 : 0), "face %d", n);
        for (int i = 0; i < 10 && !faces[n].found; i++)
            ck_assert(isnan(p[i]));
        if (!faces[n].found)
            continue;
        for (int i = 0; i < 4; i++)
            ck_assert_msg(fabs((double)p[i] - (i < 2 ? faces[n].left : faces[n].right)[i % 2]) < 1.5,
                          "face %d: %g, %g, %g, %g", n, (double)p[0], (double)p[1], (double)p[2], (double)p[3]);
        for (int i = 0; i < 3; i++) { /* nose, corners of the mouth */
            static const double along[] = { 0, -0.41, 0.41 }, down[] = { 0.58, 1.1, 1.1 };
            double x = ((double)p[0] + (double)p[2]) / 2 + along[i] * dx - down[i] * dy;
            double y = ((double)p[1] + (double)p[3]) / 2 + along[i] * dy + down[i] * dx;

            ck_assert_double_eq_tol((double)p[4 + 2 * i], x, 1e-3);
            ck_assert_double_eq_tol((double)p[5 + 2 * i], y, 1e-3);
        }
    }
    shown_close(&s);
}
END_TEST

/* Two rectangles over found eyes, else the band at its usual place. */
START_TEST(eyes_are_covered)
{
    struct shown s, band;

    set_profile(_i);
    look(&s, "image, mask, found", " | batch 3 | find_eyes cascade=\"blob.xml\" | eyes");
    look(&band, "image, mask", " | batch 3 | band eyes landmarks=usual");
    for (int n = 0; n < COUNT; n++) {
        const float *mask = shown_row(&s, "mask", n);
        int left = (int)faces[n].left[1] * SIDE + (int)faces[n].left[0];
        int right = (int)faces[n].right[1] * SIDE + (int)faces[n].right[0];

        ck_assert(*shown_row(&s, "found", n) == (faces[n].found ? 1 : 0));
        if (faces[n].found)
            ck_assert(mask[left] == 1 && mask[right] == 1 && mask[(left + right) / 2] == 0);
        else
            ck_assert(memcmp(mask, shown_row(&band, "mask", n), SIDE * SIDE * sizeof(float)) == 0);
    }
    shown_close(&s);
    shown_close(&band);
}
END_TEST

START_TEST(what_is_missing_is_said)
{
    static const struct {
        const char *call, *words;
    } cases[] = {
        { "find_eyes cascade=\"absent.xml\"", "there is no cascade" },
        { "find_eyes cascade=\"0.png\"", "0.png" },
    };
    char text[256];
    struct fer_error err = FER_ERROR_INIT;
    struct shown s;

    snprintf(text, sizeof(text), "fer 1\nuse data, haar\ndata d -> landmarks = folder \".\" labels=no | batch 2 | %s\n",
             cases[_i].call);
    ck_assert_int_ne(shown_try(&s, dir, text, 1, &err), FER_OK);
    ck_assert_msg(strstr(err.text, cases[_i].words), "'%s' does not say '%s'", err.text, cases[_i].words);
    shown_close(&s);
}
END_TEST

static const char *const needed[] = { "haar", "occlude", "data", NULL };

int main(void)
{
    Suite *suite = suite_create("eyes");
    TCase *tests = tcase_create("eyes");
    SRunner *runner = srunner_create(suite);
    int failed;

    if (!needs_plugins(needed)) {
        srunner_free(runner);
        return SKIPPED;
    }
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 300);
    tcase_add_loop_test(tests, eyes_are_found, 0, 4);
    tcase_add_loop_test(tests, eyes_are_covered, 0, 2);
    tcase_add_loop_test(tests, what_is_missing_is_said, 0, 2);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
