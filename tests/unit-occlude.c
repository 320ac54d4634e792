/* SPDX-License-Identifier: Apache-2.0
 *
 * Occluders on pictures out of files, with landmarks out of a manifest: what they cover is computed again in plain C,
 * the affine maps of templates by solving for the six numbers of the map at once.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fer/data.h>
#include <fer/status.h>

#include "graph/registry.h"
#include "needs.h"
#include "shown.h"

enum { COUNT = 12, WIDTH = 40, HEIGHT = 52, LOST = 9 }; /* sample LOST has landmarks that span nothing */

static char dir[64];
static float marks[COUNT][5][2];

static double chance(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (double)(*state >> 8) * 0x1p-24;
}

static void write_picture(const char *name, const struct fer_image *image)
{
    char path[128];
    struct fer_error err = FER_ERROR_INIT;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    ck_assert_msg(!fer_image_write_png(image, path, &err), "%s", err.text);
}

static void write_text(const char *name)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fclose(file), 0);
}

/* Five points of a face that is turned, moved, and wider or narrower. */
static void make_marks(int sample, uint32_t *state)
{
    static const double usual[5][2] = { { -6, -6 }, { 6, -6 }, { 0, 1 }, { -5, 8 }, { 5, 8 } };
    double angle = 0.6 * (chance(state) - 0.5), wide = 0.8 + 0.4 * chance(state);
    double x0 = WIDTH / 2.0 + 6 * (chance(state) - 0.5), y0 = HEIGHT / 2.0 + 6 * (chance(state) - 0.5);

    for (int i = 0; i < 5; i++) {
        double x = usual[i][0] * wide + chance(state), y = usual[i][1] + chance(state);

        marks[sample][i][0] = sample == LOST ? 0 : (float)(x0 + cos(angle) * x - sin(angle) * y);
        marks[sample][i][1] = sample == LOST ? 0 : (float)(y0 + sin(angle) * x + cos(angle) * y);
    }
}

/* COUNT pictures of noise and list.csv; the template plate.png, four colours, opaque, in plates/ with what is passed
 * over, in mixed/ with what is not. */
static void setup(void)
{
    struct fer_image image = { 0 };
    struct fer_error err = FER_ERROR_INIT;
    uint32_t state = 7;
    char path[128];
    FILE *list;

    snprintf(dir, sizeof(dir), "unit-occlude.%ld", (long)getpid());
    ck_assert_int_eq(mkdir(dir, 0700), 0);
    snprintf(path, sizeof(path), "%s/none", dir);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/plates", dir);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/mixed", dir);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/list.csv", dir);
    list = fopen(path, "w");
    ck_assert_ptr_nonnull(list);
    fputs("path,lx0,ly0,lx1,ly1,lx2,ly2,lx3,ly3,lx4,ly4\n", list);
    ck_assert(!fer_image_create(&image, WIDTH, HEIGHT, 3, &err));
    for (int n = 0; n < COUNT; n++) {
        for (int i = 0; i < 3 * WIDTH * HEIGHT; i++)
            image.pixels[i] = (uint8_t)(1 + 200 * chance(&state)); /* never black */
        snprintf(path, sizeof(path), "%02d.png", n);
        write_picture(path, &image);
        make_marks(n, &state);
        fputs(path, list);
        for (int i = 0; i < 10; i++)
            fprintf(list, ",%.9g", (double)marks[n][i / 2][i % 2]);
        fputc('\n', list);
    }
    ck_assert_int_eq(fclose(list), 0);
    fer_image_free(&image);
    ck_assert(!fer_image_create(&image, 64, 64, 4, &err));
    for (int i = 0; i < 64 * 64; i++) {
        uint8_t *p = image.pixels + 4 * i;

        p[0] = i % 64 < 32 ? 0 : 255;
        p[1] = i / 64 < 32 ? 0 : 255;
        p[2] = 128;
        p[3] = 255;
    }
    write_picture("plate.png", &image);
    write_picture("plates/one.png", &image);
    write_text("plates/one.webp"); /* what one.png was made of */
    write_text("plates/readme.txt");
    write_text("plates/.two.jpg");
    write_picture("mixed/one.png", &image);
    write_text("mixed/two.JPG");
    write_text("mixed/three.webp");
    fer_image_free(&image);
}

static void teardown(void)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -rf '%s'", dir);
    ck_assert_int_eq(system(command), 0);
}

#define ALL "image, mask, covered, found, landmarks"
#define BLIND "image, mask, covered, landmarks"

/* The pictures of list.csv under an occluder; `more` stands before `batch`. */
static void occlude(struct shown *shown, const char *fields, const char *more, int batch, const char *occluder,
                    uint64_t seed)
{
    char text[1024];

    snprintf(text, sizeof(text),
             "fer 1\nuse data, occlude\ndata d -> %s = manifest \"list.csv\" labels=no%s | batch %d%s%s\n", fields,
             more, batch, *occluder ? " | " : "", occluder);
    shown_open(shown, dir, text, seed);
}

static float mask_at(const struct shown *s, int n, int x, int y)
{
    return shown_row(s, "mask", n)[y * s->width + x];
}

static double mean_of_mask(const struct shown *s, int n)
{
    double sum = 0;

    for (int i = 0; i < s->width * s->height; i++)
        sum += (double)shown_row(s, "mask", n)[i];
    return sum / (s->width * s->height);
}

/* ---- what all have in common ---- */

static const struct {
    const char *call;
    bool blind, filled; /* filled: with black, so the picture is black exactly where the mask is 1 */
} occluders[] = {
    { "patch 16", true, true },
    { "patch size=9 width=5", true, true },
    { "patch area=[0.1, 0.6]", true, true },
    { "half lower", true, true },
    { "half left", true, true },
    { "band eyes", false, true },
    { "band mouth margin=0.7", false, true },
    { "part nose", false, true },
    { "part random", false, true },
    { "part mouth size=12", false, true },
    { "part left_eye fraction=0.25", false, true },
    { "eyes", false, true },
    { "eyes landmarks=usual p=0.5", false, true },
    { "sprite", false, false },
    { "sprite where=eyes max_area=0.2", false, false },
    { "face_mask", false, false },
    { "face_mask kind=2", false, false },
    { "face_mask kind=cloth", false, false },
    { "sunglasses p=0.5", false, false },
    { "sunglasses kind=aviator landmarks=required", false, false },
    { "sunglasses dir=\"plates\"", false, false },
};
enum { OCCLUDERS = sizeof(occluders) / sizeof(*occluders) };

/* Mask of zeros and ones, its mean, and a picture that is as it was wherever nothing covers it. */
static void check_picture(const struct shown *s, const struct shown *plain, int n, bool filled)
{
    const int pixels = WIDTH * HEIGHT;

    for (int i = 0; i < pixels; i++) {
        float covered = shown_row(s, "mask", n)[i];

        ck_assert(covered == 0 || covered == 1);
        for (int c = 0; c < 3; c++) {
            float now = shown_row(s, "image", n)[c * pixels + i], was = shown_row(plain, "image", n)[c * pixels + i];

            ck_assert(now >= 0 && now <= 1);
            if (filled)
                ck_assert_msg(now == (covered > 0 ? 0 : was), "sample %d, pixel %d", n, i);
        }
    }
    ck_assert_double_eq_tol(*shown_row(s, "covered", n), mean_of_mask(s, n), 1e-6);
}

START_TEST(mask_picture_and_fraction_agree)
{
    struct shown s, plain;
    int covered = 0;

    occlude(&plain, "image", "", 5, "", 3);
    occlude(&s, occluders[_i].blind ? BLIND : ALL, "", 5, occluders[_i].call, 3);
    ck_assert_int_eq(s.count, COUNT);
    for (int n = 0; n < COUNT; n++) {
        check_picture(&s, &plain, n, occluders[_i].filled);
        covered += *shown_row(&s, "covered", n) > 0;
        if (strstr(occluders[_i].call, "usual"))
            ck_assert(*shown_row(&s, "found", n) == 0);
        else if (!occluders[_i].blind)
            ck_assert(*shown_row(&s, "found", n) == (n == LOST ? 0 : 1));
        if (strstr(occluders[_i].call, "required") && n == LOST) /* stays as it is */
            ck_assert(memcmp(shown_row(&s, "image", n), shown_row(&plain, "image", n), 3 * WIDTH * HEIGHT * 4) == 0);
    }
    ck_assert_int_ge(covered, COUNT / 4);
    ck_assert(strstr(occluders[_i].call, "p=0.5") ? covered < COUNT : covered >= COUNT - 1);
    shown_close(&s);
    shown_close(&plain);
}
END_TEST

/* The same (seed, sample) gives the same picture, in whatever batch and company; another seed gives another. */
START_TEST(seed_and_sample_decide)
{
    static const char *const chosen[] = { "patch area=[0.1, 0.6]", "sprite", "part random", "face_mask" };
    struct shown a, b, c, few;
    int different = 0;

    occlude(&a, BLIND, "", 12, chosen[_i], 3);
    occlude(&b, BLIND, "", 5, chosen[_i], 3);
    occlude(&c, BLIND, "", 12, chosen[_i], 4);
    occlude(&few, BLIND, " | split test valid=0.3 test=0.4", 2, chosen[_i], 3);
    ck_assert_int_eq(b.count, COUNT);
    ck_assert(few.count > 0 && few.count < COUNT);
    for (int n = 0; n < COUNT; n++) {
        const size_t bytes = 3 * WIDTH * HEIGHT * sizeof(float);

        ck_assert(memcmp(shown_row(&a, "image", n), shown_row(&b, "image", n), bytes) == 0);
        different += memcmp(shown_row(&a, "image", n), shown_row(&c, "image", n), bytes) != 0;
        for (int k = 0; k < few.count; k++)
            if (few.id[k] == a.id[n])
                ck_assert(memcmp(shown_row(&a, "image", n), shown_row(&few, "image", k), bytes) == 0);
    }
    ck_assert_int_gt(different, COUNT / 3);
    shown_close(&a);
    shown_close(&b);
    shown_close(&c);
    shown_close(&few);
}
END_TEST

/* ---- rectangles ---- */

START_TEST(areas_lie_in_their_bins)
{
    static const char *const sizes[] = { "48", "[31, 45]", "[112, 90]", "[10, 10]" };
    double low = 0.1 * (_i % 6 + 1), high = low + 0.1;
    char call[64], resize[64];
    struct shown s;

    snprintf(call, sizeof(call), "patch area=[%.1f, %.1f]", low, high);
    snprintf(resize, sizeof(resize), " | resize %s", sizes[_i / 6]);
    occlude(&s, BLIND, resize, 12, call, 11);
    for (int n = 0; n < COUNT; n++) {
        float covered = *shown_row(&s, "covered", n);

        ck_assert_msg(covered >= (float)low && covered < (float)high, "%s of %s: %.9g", call, sizes[_i / 6],
                      (double)covered);
        ck_assert_double_eq_tol((double)covered, mean_of_mask(&s, n), 1e-6);
    }
    shown_close(&s);
}
END_TEST

START_TEST(one_fraction_is_met_closely)
{
    struct shown s;

    occlude(&s, BLIND, " | resize 48", 12, "patch area=[0.4]", 11);
    for (int n = 0; n < COUNT; n++) /* half a row of the rectangle at most */
        ck_assert_double_eq_tol(*shown_row(&s, "covered", n), 0.4, 0.5 * 32 / (48 * 48));
    shown_close(&s);
}
END_TEST

/* A square of whole pixels around the landmark, moved into the picture. */
START_TEST(parts_in_pixels)
{
    static const char *const calls[] = { "part left_eye size=12", "part right_eye size=12", "part nose size=12" };
    struct shown s;

    occlude(&s, ALL, "", 12, calls[_i], 3);
    for (int n = 0; n < COUNT; n++) {
        double dx = (double)marks[n][1][0] - (double)marks[n][0][0],
               dy = (double)marks[n][1][1] - (double)marks[n][0][1];
        double x = (double)marks[n][_i][0] + (_i == 2 ? 0.1 * dy : 0),
               y = (double)marks[n][_i][1] - (_i == 2 ? 0.1 * dx : 0);
        double left = fmin(fmax(rint(x - 6), 0), WIDTH - 12), top = fmin(fmax(rint(y - 6), 0), HEIGHT - 12);

        ck_assert(*shown_row(&s, "covered", n) == (float)144 / (WIDTH * HEIGHT));
        for (int i = 0; i < WIDTH * HEIGHT && n != LOST; i++) {
            double px = i % WIDTH, py = i / WIDTH;
            bool inside = px >= left && px < left + 12 && py >= top && py < top + 12;

            ck_assert_msg(mask_at(&s, n, i % WIDTH, i / WIDTH) == (inside ? 1 : 0), "sample %d at %g, %g", n, px, py);
        }
    }
    shown_close(&s);
}
END_TEST

/* Whether a pixel lies in a rectangle around (mx, my), turned with the line of the eyes; 2: on its edge. */
static int in_bar(int n, double px, double py, double mx, double my, double long_side, double short_side)
{
    double ex = (double)marks[n][1][0] - (double)marks[n][0][0], ey = (double)marks[n][1][1] - (double)marks[n][0][1];
    double d = hypot(ex, ey), u = ((px - mx) * ex + (py - my) * ey) / d, v = ((py - my) * ex - (px - mx) * ey) / d;
    double outside = fmax(fabs(u) - long_side * d / 2, fabs(v) - short_side * d / 2);

    return fabs(outside) < 1e-3 ? 2 : outside < 0;
}

START_TEST(each_eye_has_its_rectangle)
{
    struct shown s, band;

    occlude(&s, ALL, "", 12, "eyes", 3);
    occlude(&band, ALL, "", 12, "band eyes", 3);
    for (int n = 0; n < COUNT; n++)
        for (int i = 0; i < WIDTH * HEIGHT; i++) {
            float covered = mask_at(&s, n, i % WIDTH, i / WIDTH);
            double px = i % WIDTH + 0.5, py = i / WIDTH + 0.5;
            int left = in_bar(n, px, py, (double)marks[n][0][0], (double)marks[n][0][1], 0.62, 0.44);
            int right = in_bar(n, px, py, (double)marks[n][1][0], (double)marks[n][1][1], 0.62, 0.44);

            if (n == LOST) /* falls back to the band where eyes usually are */
                ck_assert(covered == mask_at(&band, n, i % WIDTH, i / WIDTH));
            else if (left != 2 && right != 2)
                ck_assert_msg(covered == (left || right ? 1 : 0), "sample %d at %g, %g", n, px, py);
        }
    shown_close(&s);
    shown_close(&band);
}
END_TEST

/* ---- templates ---- */

static const double pins[10] = { 0.3, 0.2, 0.75, 0.25, 0.5, 0.5, 0.3, 0.8, 0.7, 0.85 };

/* Least squares for one row (a, b, c) of the map: a x + b y + c nearest to the template's coordinate, from the normal
 * equations of the three unknowns by Gaussian elimination. */
static void fit_row(int n, int axis, double out[3])
{
    double m[3][4] = { { 0 } };

    for (int i = 0; i < 5; i++) {
        const double row[4] = { (double)marks[n][i][0], (double)marks[n][i][1], 1, pins[2 * i + axis] };

        for (int r = 0; r < 3; r++)
            for (int c = 0; c < 4; c++)
                m[r][c] += row[r] * row[c];
    }
    for (int r = 0; r < 3; r++)
        for (int k = 0; k < 3; k++) {
            double factor = m[k][r] / m[r][r];

            for (int c = 0; c < 4 && k != r; c++)
                m[k][c] -= factor * m[r][c];
        }
    for (int r = 0; r < 3; r++)
        out[r] = m[r][3] / m[r][r];
}

/* The whole square of the template is opaque, so the mask is where the map lands in it; its quarters have their
 * colours. */
START_TEST(templates_lie_where_the_affine_map_says)
{
    static const char *const names[] = { "face_mask template=\"plate.png\"", "sunglasses dir=\"plates\"" };
    char call[256];
    struct shown s;
    int seen = 0;

    snprintf(call, sizeof(call), "%s points=[0.3, 0.2, 0.75, 0.25, 0.5, 0.5, 0.3, 0.8, 0.7, 0.85]", names[_i]);
    occlude(&s, ALL, "", 12, call, 3);
    for (int n = 0; n < COUNT; n++) {
        double u[3], v[3];

        if (n == LOST)
            continue;
        fit_row(n, 0, u);
        fit_row(n, 1, v);
        for (int i = 0; i < WIDTH * HEIGHT; i++) {
            double x = i % WIDTH + 0.5, y = i / WIDTH + 0.5;
            double tu = u[0] * x + u[1] * y + u[2], tv = v[0] * x + v[1] * y + v[2];
            double inside = fmin(fmin(tu, 1 - tu), fmin(tv, 1 - tv));
            const float *rgb = shown_row(&s, "image", n) + i;

            /* within a texel of the smallest level that is used the edge is soft */
            if (fabs(inside) > 0.05)
                ck_assert_msg(mask_at(&s, n, i % WIDTH, i / WIDTH) == (inside > 0 ? 1 : 0), "sample %d at %g, %g", n, x,
                              y);
            if (inside > 0.1 && fabs(tu - 0.5) > 0.1 && fabs(tv - 0.5) > 0.1) {
                ck_assert_float_eq_tol(rgb[0], tu < 0.5 ? 0 : 1, 0.01f);
                ck_assert_float_eq_tol(rgb[WIDTH * HEIGHT], tv < 0.5 ? 0 : 1, 0.01f);
                ck_assert_float_eq_tol(rgb[2 * WIDTH * HEIGHT], 128 / 255.0f, 0.01f);
                seen++;
            }
        }
    }
    ck_assert_int_gt(seen, 500);
    shown_close(&s);
}
END_TEST

/* A second occluder adds to the mask of the first. */
START_TEST(masks_add_up)
{
    struct shown both, first, second;

    occlude(&first, BLIND, "", 12, "half left", 3);
    occlude(&second, BLIND, "", 12, "band eyes landmarks=usual", 3);
    occlude(&both, BLIND, "", 12, "half left | band eyes landmarks=usual", 3);
    for (int i = 0; i < COUNT * WIDTH * HEIGHT; i++)
        ck_assert(shown_values(&both, "mask")[i] ==
                  fmaxf(shown_values(&first, "mask")[i], shown_values(&second, "mask")[i]));
    shown_close(&both);
    shown_close(&first);
    shown_close(&second);
}
END_TEST

/* ---- what cannot be ---- */

START_TEST(what_is_missing_is_said)
{
    static const struct {
        const char *call, *words;
    } cases[] = {
        { "face_mask dir=\"none\"", "has no PNG picture" },
        { "face_mask dir=\"nowhere\"", "cannot be opened" },
        { "sunglasses template=\"list.csv\"", "list.csv" },
        { "sprite dir=\"none\"", "has no PNG picture" },
        { "sunglasses dir=\"mixed\"", "mixed/three.webp and 1 more beside it are no PNG or BMP" },
        { "sprite dir=\"mixed\" fold=train", "make PNG of such pictures" },
    };
    char text[512];
    struct fer_error err = FER_ERROR_INIT;
    struct shown s;

    snprintf(text, sizeof(text),
             "fer 1\nuse data, occlude\ndata d -> image = manifest \"list.csv\" labels=no | batch 4 | %s\n",
             cases[_i].call);
    ck_assert_int_ne(shown_try(&s, dir, text, 1, &err), FER_OK);
    ck_assert_msg(strstr(err.text, cases[_i].words), "'%s' does not say '%s'", err.text, cases[_i].words);
    shown_close(&s);
}
END_TEST

static const char *const needed[] = { "occlude", "data", NULL };

int main(void)
{
    Suite *suite = suite_create("occlude");
    TCase *tests = tcase_create("occlude");
    SRunner *runner = srunner_create(suite);
    int failed;

    if (!needs_plugins(needed)) {
        srunner_free(runner);
        return SKIPPED;
    }
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 300);
    tcase_add_loop_test(tests, mask_picture_and_fraction_agree, 0, OCCLUDERS);
    tcase_add_loop_test(tests, seed_and_sample_decide, 0, 4);
    tcase_add_loop_test(tests, areas_lie_in_their_bins, 0,
                        getenv("FER_TEST_SMALL") ? 2 : 24); /* valgrind takes its time */
    tcase_add_test(tests, one_fraction_is_met_closely);
    tcase_add_loop_test(tests, parts_in_pixels, 0, 3);
    tcase_add_test(tests, each_eye_has_its_rectangle);
    tcase_add_loop_test(tests, templates_lie_where_the_affine_map_says, 0, 2);
    tcase_add_test(tests, masks_add_up);
    tcase_add_loop_test(tests, what_is_missing_is_said, 0, 6);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
