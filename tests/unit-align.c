/* SPDX-License-Identifier: Apache-2.0
 *
 * Alignment: maps that are known, pictures whose turned and shrunk versions can be written down, and the data
 * operation.
 */
#include <check.h>
#include <fer/align.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader-trial.h"

static struct fer_error err;

#define OK(call) ck_assert_msg((call) == FER_OK, "%s", err.text)
#define CLOSE(a, b, most) ck_assert_double_eq_tol((double)(a), (double)(b), most)

static const double face[5][2] = { { 31, 40 }, { 69, 38 }, { 52, 61 }, { 35, 80 }, { 70, 79 } };

START_TEST(a_similarity_is_found_again)
{
    const double angle = 0.7, scale = 1.9, a = scale * cos(angle), b = scale * sin(angle);
    struct fer_similarity map;
    double moved[5][2];

    for (int i = 0; i < 5; i++) {
        moved[i][0] = a * face[i][0] - b * face[i][1] + 12;
        moved[i][1] = b * face[i][0] + a * face[i][1] - 7;
    }
    OK(fer_similarity_fit(face, (const double(*)[2])moved, 5, &map, &err));
    CLOSE(map.a, a, 1e-12);
    CLOSE(map.b, b, 1e-12);
    CLOSE(map.dx, 12, 1e-9);
    CLOSE(map.dy, -7, 1e-9);
}
END_TEST

/* Where points do not fit, nothing near the answer is nearer. */
START_TEST(what_is_found_is_the_least_sum_of_squares)
{
    double to[5][2], least = 0;
    struct fer_similarity map;

    fer_face_points(112, 0.1, to);
    OK(fer_similarity_fit(face, (const double(*)[2])to, 5, &map, &err));
    for (int try = 0; try < 9; try++) {
        struct fer_similarity other = map;
        double sum = 0, at[2], *parts[4] = { &other.a, &other.b, &other.dx, &other.dy };

        if (try > 0)
            *parts[(try - 1) / 2] += try % 2 ? 1e-3 : -1e-3;
        for (int i = 0; i < 5; i++) {
            fer_similarity_apply(&other, face[i][0], face[i][1], at);
            sum += pow(at[0] - to[i][0], 2) + pow(at[1] - to[i][1], 2);
        }
        if (try == 0)
            least = sum;
        else
            ck_assert_double_gt(sum, least);
    }
}
END_TEST

START_TEST(points_in_one_place_are_refused)
{
    const double place[2][2] = { { 3, 4 }, { 3, 4 } }, wrong[2][2] = { { 3, NAN }, { 5, 4 } };
    struct fer_similarity map;

    ck_assert_int_eq(fer_similarity_fit(place, face, 2, &map, &err), FER_EINVAL);
    ck_assert_int_eq(fer_similarity_fit(face, place, 2, &map, &err), FER_EINVAL);
    ck_assert_int_eq(fer_similarity_fit(wrong, face, 2, &map, &err), FER_EINVAL);
}
END_TEST

/* The published places are for a margin of 0 and 112 pixels; a margin of a half puts that square into the middle. */
START_TEST(the_usual_places)
{
    double points[5][2];

    fer_face_points(112, 0, points);
    CLOSE(points[0][0], 38.2946, 1e-4);
    CLOSE(points[4][1], 92.2041, 1e-4);
    fer_face_points(224, 0.5, points);
    CLOSE(points[2][0], 56 + 56.0252, 1e-4);
    CLOSE(points[2][1], 56 + 71.7366, 1e-4);
}
END_TEST

START_TEST(five_of_68)
{
    float landmarks[68][2], five[5][2] = { { 1, 2 }, { 3, 4 }, { 5, 6 }, { 7, 8 }, { 9, 10 } };
    double points[5][2];

    for (int i = 0; i < 68; i++) {
        landmarks[i][0] = (float)i;
        landmarks[i][1] = (float)(100 - i);
    }
    OK(fer_face_five(68, (const float(*)[2])landmarks, points, &err));
    CLOSE(points[0][0], 38.5, 1e-9); /* 36 to 41 */
    CLOSE(points[1][1], 55.5, 1e-9); /* 42 to 47 */
    CLOSE(points[2][0], 30, 1e-9);
    CLOSE(points[3][0], 48, 1e-9);
    CLOSE(points[4][1], 46, 1e-9);
    OK(fer_face_five(5, (const float(*)[2])five, points, &err));
    CLOSE(points[4][1], 10, 1e-9);
    five[3][0] = NAN;
    ck_assert_int_eq(fer_face_five(5, (const float(*)[2])five, points, &err), FER_EINVAL);
    ck_assert_int_eq(fer_face_five(6, (const float(*)[2])landmarks, points, &err), FER_EINVAL);
}
END_TEST

/* A face that lies where it should in 50 pixels, moved by (7, -3), comes to 100 pixels by twice its size. */
START_TEST(a_face_comes_to_its_place)
{
    double points[5][2];
    float landmarks[5][2];
    struct fer_similarity map;

    fer_face_points(50, 0.2, points);
    for (int i = 0; i < 5; i++) {
        landmarks[i][0] = (float)points[i][0] + 7;
        landmarks[i][1] = (float)points[i][1] - 3;
    }
    OK(fer_face_align(5, (const float(*)[2])landmarks, 100, 0.2, &map, &err));
    CLOSE(map.a, 2, 1e-5);
    CLOSE(map.b, 0, 1e-5);
    CLOSE(map.dx, -14, 1e-4);
    CLOSE(map.dy, 6, 1e-4);
    ck_assert_int_eq(fer_face_align(4, (const float(*)[2])landmarks, 100, 0, &map, &err), FER_EINVAL);
}
END_TEST

/* ---- pixels ---- */

static struct fer_image make_picture(int width, int height, int channels)
{
    struct fer_image image;

    OK(fer_image_create(&image, width, height, channels, &err));
    for (int i = 0; i < width * height * channels; i++)
        image.pixels[i] = (uint8_t)(i * 37 % 251);
    return image;
}

START_TEST(quarter_turns_and_steps_move_whole_pixels)
{
    struct fer_image in = make_picture(7, 5, 3), out;
    const struct fer_similarity turn = { 0, 1, 5, 0 };  /* (x, y) to (5 - y, x) */
    const struct fer_similarity step = { 1, 0, 2, -1 }; /* right by 2, up by 1 */

    OK(fer_image_warp(&out, &in, &turn, 5, 7, &err));
    for (int y = 0; y < 5; y++)
        for (int x = 0; x < 7; x++)
            ck_assert_mem_eq(out.pixels + 3 * (x * 5 + 4 - y), in.pixels + 3 * (y * 7 + x), 3);
    fer_image_free(&out);
    OK(fer_image_warp(&out, &in, &step, 7, 5, &err));
    for (int y = 0; y < 5; y++)
        for (int x = 0; x < 7; x++) {
            const int from_x = x < 2 ? 0 : x - 2, from_y = y == 4 ? 4 : y + 1; /* the edge goes on */

            ck_assert_mem_eq(out.pixels + 3 * (y * 7 + x), in.pixels + 3 * (from_y * 7 + from_x), 3);
        }
    fer_image_free(&out);
    fer_image_free(&in);
}
END_TEST

/* Shrinking by a whole number is the mean of squares of pixels. */
START_TEST(shrinking_is_a_mean)
{
    struct fer_image in = make_picture(12, 9, 1), out;
    const struct fer_similarity third = { 1 / 3.0, 0, 0, 0 };

    OK(fer_image_warp(&out, &in, &third, 4, 3, &err));
    for (int y = 0; y < 3; y++)
        for (int x = 0; x < 4; x++) {
            int sum = 0;

            for (int k = 0; k < 9; k++)
                sum += in.pixels[(3 * y + k / 3) * 12 + 3 * x + k % 3];
            CLOSE(out.pixels[y * 4 + x], sum / 9.0, 0.5 + 1e-6);
        }
    fer_image_free(&out);
    fer_image_free(&in);
}
END_TEST

/* Half a pixel to the right is the mean of neighbours. */
START_TEST(between_pixels_is_bilinear)
{
    struct fer_image in = make_picture(6, 2, 1), out;
    const struct fer_similarity half = { 1, 0, 0.5, 0 };

    OK(fer_image_warp(&out, &in, &half, 6, 2, &err));
    for (int x = 1; x < 6; x++)
        CLOSE(out.pixels[x], (in.pixels[x - 1] + in.pixels[x]) / 2.0, 0.5 + 1e-6);
    fer_image_free(&out);
    fer_image_free(&in);
}
END_TEST

START_TEST(a_map_to_nothing_is_refused)
{
    struct fer_image in = make_picture(3, 3, 1), out;
    const struct fer_similarity nothing = { 0, 0, 1, 1 };

    ck_assert_int_eq(fer_image_warp(&out, &in, &nothing, 3, 3, &err), FER_EINVAL);
    ck_assert_ptr_null(out.pixels);
    fer_image_free(&in);
}
END_TEST

/* ---- the data operation ---- */

/* A face of 40 pixels' size, 7 to the right and 3 below of where it should be: gray 2 x + y, masked in two halves. */
static void write_face(const double at[5][2])
{
    struct fer_image image = make_picture(60, 50, 1), mask = make_picture(60, 50, 1);
    char lines[1024] =
        "path,label,mask,x0,y0,x1,y1,lx0,ly0,lx1,ly1,lx2,ly2,lx3,ly3,lx4,ly4\na.png,0,mask.png,9,8,30,40";

    for (int i = 0; i < 60 * 50; i++) {
        image.pixels[i] = (uint8_t)(2 * (i % 60) + i / 60);
        mask.pixels[i] = i % 60 < 30 ? 100 : 200;
    }
    for (int i = 0; i < 5; i++)
        snprintf(lines + strlen(lines), sizeof(lines) - strlen(lines), ",%.9g,%.9g", at[i][0] + 7, at[i][1] + 3);
    put_text("list.csv", "%s\n", lines);
    OK(fer_image_write_png(&image, in_root("a.png"), &err));
    OK(fer_image_write_png(&mask, in_root("mask.png"), &err));
    fer_image_free(&image);
    fer_image_free(&mask);
}

START_TEST(everything_moves_with_the_picture)
{
    double at[5][2];
    struct fer_pipeline *pipeline;
    struct fer_sample sample;

    fer_face_points(40, 0, at);
    write_face((const double(*)[2])at);
    use_labels(seven, 7);
    pipeline = open_ok("manifest \"list.csv\" | align 40 | gray", false);
    OK(fer_pipeline_sample(pipeline, 0, &sample, &err));
    ck_assert(sample.image.width == 40 && sample.image.height == 40);
    ck_assert(sample.mask.width == 40 && sample.mask.height == 40);
    for (int y = 0; y < 40; y++)
        for (int x = 0; x < 40; x++) {
            ck_assert_int_le(abs(sample.image.pixels[40 * y + x] - (2 * (x + 7) + y + 3)), 1);
            if (x != 22 && x != 23) /* where the halves meet */
                ck_assert_int_eq(sample.mask.pixels[40 * y + x], x < 22 ? 0 : 255);
            else
                ck_assert(sample.mask.pixels[40 * y + x] == 0 || sample.mask.pixels[40 * y + x] == 255);
        }
    for (int i = 0; i < 5; i++)
        for (int k = 0; k < 2; k++)
            CLOSE(sample.landmark[i][k], at[i][k], 1e-4);
    ck_assert(sample.box[0] == 0 && sample.box[1] == 0 && sample.box[2] == 40 && sample.box[3] == 40);
    fer_sample_free(&sample);
    fer_pipeline_close(pipeline);
    put_picture("p.png", 1);
    put_text("bare.csv", "path,label\np.png,0\n");
    fails("manifest \"bare.csv\" | align 40", "align|no landmarks");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("align");
    TCase *maps = tcase_create("maps"), *pixels = tcase_create("pixels"), *operation = tcase_create("operation");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(maps, a_similarity_is_found_again);
    tcase_add_test(maps, what_is_found_is_the_least_sum_of_squares);
    tcase_add_test(maps, points_in_one_place_are_refused);
    tcase_add_test(maps, the_usual_places);
    tcase_add_test(maps, five_of_68);
    tcase_add_test(maps, a_face_comes_to_its_place);
    tcase_add_test(pixels, quarter_turns_and_steps_move_whole_pixels);
    tcase_add_test(pixels, shrinking_is_a_mean);
    tcase_add_test(pixels, between_pixels_is_bilinear);
    tcase_add_test(pixels, a_map_to_nothing_is_refused);
    tcase_add_checked_fixture(operation, setup, teardown);
    tcase_add_test(operation, everything_moves_with_the_picture);
    suite_add_tcase(suite, operation);
    suite_add_tcase(suite, maps);
    suite_add_tcase(suite, pixels);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
