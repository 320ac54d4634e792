/* SPDX-License-Identifier: Apache-2.0
 *
 * Where occluders lie: bars of a face from five landmarks, from 68, from a box and at their usual places, computed
 * again in doubles; halves and patches of odd pictures.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cases.h"
#include "needs.h"
#include "occluded.h"

/* ---- bars of a face ---- */

enum source { FIVE, MANY, BOX, USUAL, SOURCES };
static const struct {
    const char *list, *fields, *landmarks;
} sources[SOURCES] = {
    { "five.csv", ", found, landmarks", "" },
    { "many.csv", ", found, landmarks", "" },
    { "box.csv", ", found, box", "" },
    { "five.csv", ", found, landmarks", " landmarks=usual" },
};

/* Eyes, nose and corners of the mouth in a picture that was cropped to a face, and in a box from hairline to chin. */
static void usual_points(double p[5][2], const double corner[2], const double sides[2], bool boxed)
{
    static const double places[2][3][2] = { { { 0.33, 0.4 }, { 0.5, 0.58 }, { 0.36, 0.76 } },
                                            { { 0.275, 0.45 }, { 0.5, 0.64 }, { 0.32, 0.77 } } };
    static const int of[5] = { 0, 0, 1, 2, 2 };

    for (int i = 0; i < 5; i++)
        for (int k = 0; k < 2; k++) {
            const double at = places[boxed][of[i]][k];

            p[i][k] = corner[k] + sides[k] * (k == 0 && (i == 1 || i == 4) ? 1 - at : at);
        }
}

static void points_of(enum source source, int n, double p[5][2])
{
    static const int size[2] = { WIDTH, HEIGHT };
    double corner[2] = { 0 }, sides[2] = { WIDTH, HEIGHT };

    switch (source) {
    case FIVE: memcpy(p, occluded_five[n], sizeof(occluded_five[n])); return;
    case MANY:
        memset(p, 0, 5 * sizeof(*p));
        for (int i = 0; i < 12; i++)
            for (int k = 0; k < 2; k++)
                p[i / 6][k] += occluded_many[n][36 + i][k] / 6;
        memcpy(p[2], occluded_many[n][30], sizeof(p[2]));
        memcpy(p[3], occluded_many[n][48], sizeof(p[3]));
        memcpy(p[4], occluded_many[n][54], sizeof(p[4]));
        return;
    case BOX:
        for (int k = 0; k < 2; k++) {
            corner[k] = fmax(occluded_box[n][k], 0);
            sides[k] = fmin(occluded_box[n][2 + k], size[k]) - corner[k];
        }
        usual_points(p, corner, sides, true);
        return;
    default: usual_points(p, corner, sides, false);
    }
}

/* A bar: its middle, from the face's points, and its sides in distances of the eyes; the mouth's is as wide as the
 * mouth, or half the distance, and 0.4 more. */
static const struct bar {
    const char *call;
    double down;    /* of the middle, in distances */
    double side[2]; /* along and across the line of the eyes; 0: of the mouth */
    double margin;
    int from, to; /* the middle of these two points */
} bars[] = {
    { "band eyes", -0.06, { 1.9, 0.76 }, 1, 0, 1 },           { "band mouth", 0.04, { 0, 0.8 }, 1, 3, 4 },
    { "band mouth margin=0.7", 0.04, { 0, 0.8 }, 0.7, 3, 4 }, { "part nose", -0.1, { 0.56, 0.56 }, 1, 2, 2 },
    { "part mouth margin=1.3", 0.04, { 0, 0.8 }, 1.3, 3, 4 }, { "part left_eye", 0, { 0.62, 0.44 }, 1, 0, 0 },
    { "part right_eye", 0, { 0.62, 0.44 }, 1, 1, 1 },
};
enum { BARS = sizeof(bars) / sizeof(bars[0]) };

/* 1: inside, 0: outside, 2: on the edge. */
static int in_bar(const struct bar *bar, double p[5][2], double x, double y)
{
    const double ex = p[1][0] - p[0][0], ey = p[1][1] - p[0][1], d = hypot(ex, ey);
    const double wide = fmax(hypot(p[4][0] - p[3][0], p[4][1] - p[3][1]), d / 2);
    const double along = bar->margin * (bar->side[0] > 0 ? bar->side[0] * d : wide + 0.4 * d);
    const double across = bar->margin * bar->side[1] * d;
    const double mx = (p[bar->from][0] + p[bar->to][0]) / 2 - bar->down * ey;
    const double my = (p[bar->from][1] + p[bar->to][1]) / 2 + bar->down * ex;
    const double u = ((x - mx) * ex + (y - my) * ey) / d, v = ((y - my) * ex - (x - mx) * ey) / d;
    const double outside = fmax(fabs(u) - along / 2, fabs(v) - across / 2);

    return fabs(outside) < 1e-3 ? 2 : outside < 0;
}

START_TEST(bars_lie_on_their_parts)
{
    const struct bar *bar = &bars[_i / SOURCES];
    const enum source source = (enum source)(_i % SOURCES);
    char call[128];
    struct shown s;

    snprintf(call, sizeof(call), "%s%s", bar->call, sources[source].landmarks);
    occluded_open(&s, sources[source].list, sources[source].fields, "", call, 3);
    for (int n = 0; n < COUNT; n++) {
        double p[5][2];

        points_of(source, n, p);
        ck_assert(*shown_row(&s, "found", n) == (source == FIVE || source == MANY ? 1 : 0));
        for (int i = 0; i < WIDTH * HEIGHT; i++) {
            const int inside = in_bar(bar, p, i % WIDTH + 0.5, i / WIDTH + 0.5);

            ck_assert_msg(inside == 2 || occluded_at(&s, n, i % WIDTH, i / WIDTH) == inside,
                          "%s of %s, sample %d at %d, %d", call, sources[source].list, n, i % WIDTH, i / WIDTH);
        }
    }
    shown_close(&s);
}
END_TEST

/* Of 48 draws each of the four parts has some. */
START_TEST(any_part_by_chance)
{
    static const int part[4] = { 5, 6, 3, 1 }; /* among the bars: eyes, nose, mouth */
    int seen[4] = { 0 };

    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct shown s;

        occluded_open(&s, "five.csv", ", found, landmarks", "", "part random", seed);
        for (int n = 0; n < COUNT; n++)
            for (int k = 0; k < 4; k++) {
                int wrong = 0;

                for (int i = 0; i < WIDTH * HEIGHT; i++) {
                    const int inside = in_bar(&bars[part[k]], occluded_five[n], i % WIDTH + 0.5, i / WIDTH + 0.5);
                    wrong += inside != 2 && occluded_at(&s, n, i % WIDTH, i / WIDTH) != inside;
                }
                seen[k] += wrong == 0;
            }
        shown_close(&s);
    }
    ck_assert_int_eq(seen[0] + seen[1] + seen[2] + seen[3], 4 * COUNT);
    for (int k = 0; k < 4; k++)
        ck_assert_msg(seen[k] > 3, "part %d was drawn %d times", k, seen[k]);
}
END_TEST

/* ---- halves and patches ---- */

/* The middle row or column of an odd side stays. */
static const struct {
    const char *call;
    int x0, y0, x1, y1;
} rectangles[] = {
    { "half upper", 0, 0, WIDTH, HEIGHT / 2 },
    { "half lower", 0, HEIGHT / 2 + 1, WIDTH, HEIGHT },
    { "half left", 0, 0, WIDTH / 2, HEIGHT },
    { "half right", WIDTH / 2 + 1, 0, WIDTH, HEIGHT },
    { "patch size=9 width=5 at=[0.3, 0.7]", 10, 33, 15, 42 },       /* 0.3 · 41 - 2.5 = 9.8; 0.7 · 53 - 4.5 = 32.6 */
    { "patch size=9 width=5 at=[0, 1]", 0, HEIGHT - 9, 5, HEIGHT }, /* moved inside */
};
enum { RECTANGLES = sizeof(rectangles) / sizeof(rectangles[0]) };

START_TEST(rectangles_are_whole_pixels)
{
    struct shown s;

    occluded_open(&s, "five.csv", "", "", rectangles[_i].call, 3);
    for (int n = 0; n < COUNT; n++)
        for (int i = 0; i < WIDTH * HEIGHT; i++) {
            const int x = i % WIDTH, y = i / WIDTH;
            const bool inside =
                x >= rectangles[_i].x0 && x < rectangles[_i].x1 && y >= rectangles[_i].y0 && y < rectangles[_i].y1;

            ck_assert_msg(occluded_at(&s, n, x, y) == inside, "%s at %d, %d", rectangles[_i].call, x, y);
        }
    shown_close(&s);
}
END_TEST

/* The first covered pixel. */
static int first_of(const struct shown *s, int n)
{
    int i = 0;

    while (i < WIDTH * HEIGHT && !occluded_at(s, n, i % WIDTH, i / WIDTH))
        i++;
    return i;
}

/* Places are uniform, and x and y have nothing to do with each other: of 60 within five standard errors. */
START_TEST(patches_lie_anywhere)
{
    enum { SEEDS = 5, DRAWS = SEEDS * COUNT, SIZE = 6 };
    double x[DRAWS], y[DRAWS], mean[2] = { 0 }, product = 0;

    for (int seed = 0; seed < SEEDS; seed++) {
        struct shown s;

        occluded_open(&s, "five.csv", "", "", "patch 6", (uint64_t)seed + 1);
        for (int n = 0; n < COUNT; n++) {
            const int i = first_of(&s, n);

            x[seed * COUNT + n] = (i % WIDTH + 0.5) / (WIDTH - SIZE + 1) - 0.5;
            y[seed * COUNT + n] = (double)(i / WIDTH) / (HEIGHT - SIZE + 1) - 0.5;
            ck_assert(x[seed * COUNT + n] < 0.5 && y[seed * COUNT + n] < 0.5);
        }
        shown_close(&s);
    }
    for (int i = 0; i < DRAWS; i++) {
        mean[0] += x[i] / DRAWS;
        mean[1] += y[i] / DRAWS;
        product += x[i] * y[i] / DRAWS;
    }
    ck_assert_double_lt(fabs(mean[0]), 5 * sqrt(1.0 / 12 / DRAWS));
    ck_assert_double_lt(fabs(mean[1]), 5 * sqrt(1.0 / 12 / DRAWS));
    ck_assert_double_lt(fabs(product), 5.0 / 12 / sqrt(DRAWS));
}
END_TEST

static const char *const needed[] = { "occlude", "data", NULL };

int main(void)
{
    TCase *tests;

    if (!needs_plugins(needed))
        return SKIPPED;
    tests = cases_begin("places", occluded_setup, occluded_teardown);
    tcase_add_loop_test(tests, bars_lie_on_their_parts, 0, BARS * SOURCES);
    tcase_add_test(tests, any_part_by_chance);
    tcase_add_loop_test(tests, rectangles_are_whole_pixels, 0, RECTANGLES);
    tcase_add_test(tests, patches_lie_anywhere);
    return cases_run();
}
