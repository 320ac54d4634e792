/* SPDX-License-Identifier: Apache-2.0
 *
 * What occluders put into pictures: colours, means, noise, and sprites of four colours, upright, mirrored, turned,
 * limited.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cases.h"
#include "needs.h"
#include "occluded.h"

/* ---- what covers ---- */

START_TEST(fills)
{
    static const char *const calls[] = { "patch 20 fill=mean", "patch 20 colour=[1, 0.5, 0.25]",
                                         "patch 20 colour=[0.75]" };
    static const double colours[3][3] = { { 0 }, { 1, 0.5, 0.25 }, { 0.75, 0.75, 0.75 } };
    struct shown s, bare;

    occluded_bare(&bare);
    occluded_open(&s, "five.csv", "", "", calls[_i], 3);
    for (int n = 0; n < COUNT; n++)
        for (int c = 0; c < 3; c++) {
            const float *was = shown_row(&bare, "image", n) + c * WIDTH * HEIGHT;
            double expected = colours[_i][c];

            for (int i = 0; i < WIDTH * HEIGHT && _i == 0; i++)
                expected += (double)was[i] / (WIDTH * HEIGHT);
            for (int i = 0; i < WIDTH * HEIGHT; i++) {
                const double now = (double)shown_row(&s, "image", n)[c * WIDTH * HEIGHT + i];

                ck_assert_double_eq_tol(now, occluded_at(&s, n, i % WIDTH, i / WIDTH) ? expected : (double)was[i],
                                        1e-6);
            }
        }
    shown_close(&s);
    shown_close(&bare);
}
END_TEST

/* Uniform, and each pixel, channel and sample for itself. */
START_TEST(noise_is_noise)
{
    enum { SIDE = 20, ALL = COUNT * 3 * SIDE * SIDE };
    struct shown s;
    double sum = 0;
    int count = 0, alike = 0;

    occluded_open(&s, "five.csv", "", "", "patch 20 fill=noise", 3);
    for (int n = 0; n < COUNT; n++)
        for (int i = 0; i < WIDTH * HEIGHT; i++) {
            const float *p = shown_row(&s, "image", n) + i;

            if (!occluded_at(&s, n, i % WIDTH, i / WIDTH))
                continue;
            for (int c = 0; c < 3; c++) {
                const float v = p[c * WIDTH * HEIGHT];

                ck_assert(v >= 0 && v < 1);
                sum += (double)v;
                count++;
                alike += v == p[(c + 1) % 3 * WIDTH * HEIGHT];
            }
        }
    ck_assert_int_eq(count, ALL);
    ck_assert_int_lt(alike, 10);
    ck_assert_double_eq_tol(sum / ALL, 0.5, 5 * sqrt(1.0 / 12 / ALL));
    shown_close(&s);
}
END_TEST

/* ---- sprites: the plate of four colours ---- */

struct extent {
    int x0, y0, x1, y1, count;
    double x, y; /* the middle of what is covered */
};

static struct extent extent_of(const struct shown *s, int n)
{
    struct extent e = { WIDTH, HEIGHT, -1, -1, 0, 0, 0 };

    for (int i = 0; i < WIDTH * HEIGHT; i++)
        if (occluded_at(s, n, i % WIDTH, i / WIDTH)) {
            const int x = i % WIDTH, y = i / WIDTH;

            e.x0 = x < e.x0 ? x : e.x0, e.x1 = x > e.x1 ? x : e.x1;
            e.y0 = y < e.y0 ? y : e.y0, e.y1 = y > e.y1 ? y : e.y1;
            e.x += x + 0.5, e.y += y + 0.5;
            e.count++;
        }
    e.x /= e.count, e.y /= e.count;
    return e;
}

#define SPRITE "sprite dir=\"plates\""

/* Upright, some of them mirrored; the colours of a gray picture by ITU-R 601. */
START_TEST(plates_are_upright)
{
    static const double luma[3] = { 0.299, 0.587, 0.114 };
    const int channels = _i ? 1 : 3;
    int mirrored = 0;
    struct shown s;

    occluded_open(&s, "five.csv", ", found, landmarks", _i ? " | gray" : "",
                  SPRITE " where=mouth scale=[0.3] rotation=[0]", 3);
    for (int n = 0; n < COUNT; n++) {
        const struct extent e = extent_of(&s, n);
        const float *image = shown_row(&s, "image", n);
        bool turned = false;

        ck_assert_int_ge(e.count, 100);              /* 0.3 of the root of 41 · 53 is 14 */
        for (int corner = 0; corner < 4; corner++) { /* a quarter's middle */
            const int x = corner % 2 ? (3 * e.x1 + e.x0) / 4 : (e.x1 + 3 * e.x0) / 4;
            const int y = corner / 2 ? (3 * e.y1 + e.y0) / 4 : (e.y1 + 3 * e.y0) / 4;
            const float *p = image + y * WIDTH + x;
            double rgb[3] = { 0, corner / 2, 128 / 255.0 }, gray[2];

            for (int red = 0; red < 2; red++)
                gray[red] = luma[0] * red + luma[1] * rgb[1] + luma[2] * rgb[2];
            if (corner == 0)
                turned = _i ? fabs((double)p[0] - gray[1]) < 0.02 : p[0] > 0.5f;
            rgb[0] = (corner % 2 != 0) != turned;
            if (channels == 1)
                ck_assert_double_eq_tol((double)p[0], gray[(int)rgb[0]], 0.02);
            for (int c = 0; c < 3 && channels == 3; c++)
                ck_assert_double_eq_tol((double)p[c * WIDTH * HEIGHT], rgb[c], 0.02);
        }
        mirrored += turned;
    }
    ck_assert(mirrored > 0 && mirrored < COUNT);
    shown_close(&s);
}
END_TEST

/* Over eyes and mouth, within a tenth of the face. */
START_TEST(plates_lie_where_they_are_wanted)
{
    static const char *const calls[] = { SPRITE " where=eyes scale=[0.2] rotation=[0]",
                                         SPRITE " where=mouth scale=[0.2] rotation=[0]" };
    struct shown s;

    occluded_open(&s, "five.csv", ", found, landmarks", "", calls[_i], 3);
    for (int n = 0; n < COUNT; n++) {
        const struct extent e = extent_of(&s, n);
        const int a = _i ? 3 : 0;

        ck_assert_double_lt(fabs(e.x - (occluded_five[n][a][0] + occluded_five[n][a + 1][0]) / 2), 0.05 * WIDTH + 0.6);
        ck_assert_double_lt(fabs(e.y - (occluded_five[n][a][1] + occluded_five[n][a + 1][1]) / 2), 0.05 * HEIGHT + 0.6);
    }
    shown_close(&s);
}
END_TEST

/* However large they were to be, they cover at most a fifth. */
START_TEST(plates_are_not_too_large)
{
    struct shown s;

    occluded_open(&s, "five.csv", ", found, landmarks", "", SPRITE " scale=[1] max_area=0.2 where=eyes", 3);
    for (int n = 0; n < COUNT; n++) {
        ck_assert_float_le(*shown_row(&s, "covered", n), 0.2f);
        ck_assert_float_ge(*shown_row(&s, "covered", n), 0.1f);
    }
    shown_close(&s);
}
END_TEST

/* From upright to lying on a corner: how much of its extent a square fills is 1 / (1 + sin 2 angle). */
START_TEST(plates_turn)
{
    struct shown s;
    double least = 1, largest = 0;

    occluded_open(&s, "five.csv", ", found, landmarks", "", SPRITE " scale=[0.3] where=mouth rotation=[0, 45]", 3);
    for (int n = 0; n < COUNT; n++) {
        const struct extent e = extent_of(&s, n);
        const double filled = (double)e.count / ((e.x1 - e.x0 + 1) * (e.y1 - e.y0 + 1));

        least = fmin(least, filled);
        largest = fmax(largest, filled);
    }
    ck_assert(least < 0.65 && largest > 0.7);
    shown_close(&s);
}
END_TEST

/* Of squares far smaller than a pixel only their mean is left. */
START_TEST(boards_are_gray)
{
    struct shown s;

    occluded_open(&s, "five.csv", ", found, landmarks", "",
                  "sprite dir=\"boards\" scale=[0.3] where=mouth rotation=[0]", 3);
    for (int n = 0; n < COUNT; n++) {
        const struct extent e = extent_of(&s, n);

        for (int y = e.y0 + 2; y < e.y1 - 1; y++)
            for (int x = e.x0 + 2; x < e.x1 - 1; x++)
                ck_assert_float_eq_tol(shown_row(&s, "image", n)[y * WIDTH + x], 0.5f, 0.05f);
    }
    shown_close(&s);
}
END_TEST

START_TEST(plates_add_to_the_mask)
{
    struct shown both, first, second;

    occluded_open(&first, "five.csv", "", "", "half left", 3);
    occluded_open(&both, "five.csv", ", found, landmarks", "", "half left | " SPRITE " where=mouth scale=[0.5]", 3);
    occluded_open(&second, "five.csv", ", found, landmarks", "", "half upper | " SPRITE " where=mouth scale=[0.5]", 3);
    for (int n = 0; n < COUNT; n++)
        for (int i = 0; i < WIDTH * HEIGHT; i++) {
            const int x = i % WIDTH, y = i / WIDTH;

            ck_assert(occluded_at(&both, n, x, y) || !occluded_at(&first, n, x, y));
            if (y > HEIGHT / 2 && x > WIDTH / 2) /* there the sprite is alone in both */
                ck_assert(occluded_at(&both, n, x, y) == occluded_at(&second, n, x, y));
        }
    shown_close(&both);
    shown_close(&first);
    shown_close(&second);
}
END_TEST

static const char *const needed[] = { "occlude", "data", NULL };

int main(void)
{
    TCase *tests;

    if (!needs_plugins(needed))
        return SKIPPED;
    tests = cases_begin("covers", occluded_setup, occluded_teardown);
    tcase_add_loop_test(tests, fills, 0, 3);
    tcase_add_test(tests, noise_is_noise);
    tcase_add_loop_test(tests, plates_are_upright, 0, 2);
    tcase_add_loop_test(tests, plates_lie_where_they_are_wanted, 0, 2);
    tcase_add_test(tests, plates_are_not_too_large);
    tcase_add_test(tests, plates_turn);
    tcase_add_test(tests, boards_are_gray);
    tcase_add_test(tests, plates_add_to_the_mask);
    return cases_run();
}
