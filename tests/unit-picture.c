/* SPDX-License-Identifier: Apache-2.0
 *
 * What a network gets of a picture: which piece of it, in which size, as which planes.
 */
#include <string.h>

#include "cases.h"
#include "train/picture.h"

static struct fer_error err;

#define OK(call) ck_assert_msg((call) == FER_OK, "%s", err.text)

/* Channel c of pixel (x, y). */
static int value(int x, int y, int c)
{
    return (17 * x + 5 * y + 90 * c) % 256;
}

static struct fer_image make_picture(int width, int height, int channels)
{
    struct fer_image image;

    OK(fer_image_create(&image, width, height, channels, &err));
    for (int i = 0; i < width * height * channels; i++)
        image.pixels[i] = (uint8_t)value(i / channels % width, i / channels / width, i % channels);
    return image;
}

/* The planes of a piece that needs no other size, from (left, top) on. */
static void has_piece(int width, int height, int channels, int planes, int side, int left, int top)
{
    struct fer_image image = make_picture(width, height, channels);
    float out[3 * 64];

    OK(fer_picture_planes(&image, FER_FIT_CROP, planes, side, side, out, &err));
    for (int c = 0; c < planes; c++)
        for (int y = 0; y < side; y++)
            for (int x = 0; x < side; x++)
                ck_assert_float_eq_tol(out[(c * side + y) * side + x],
                                       (float)value(left + x, top + y, channels < 3 ? 0 : c) / 255.0f, 1e-7f);
    fer_image_free(&image);
}

START_TEST(the_middle_is_taken)
{
    has_piece(4, 4, 3, 3, 4, 0, 0);
    has_piece(8, 4, 3, 3, 4, 2, 0);
    has_piece(4, 10, 3, 3, 4, 0, 3);
    has_piece(7, 4, 3, 3, 4, 1, 0); /* of three that are too many one is on the left */
    has_piece(6, 8, 4, 3, 6, 0, 1); /* without alpha */
    has_piece(8, 6, 1, 3, 6, 1, 0); /* gray three times */
    has_piece(8, 6, 2, 3, 6, 1, 0);
    has_piece(8, 6, 1, 1, 6, 1, 0);
    has_piece(8, 6, 2, 1, 6, 1, 0);
}
END_TEST

/* 0.299 red + 0.587 green + 0.114 blue, rounded */
START_TEST(colours_become_gray)
{
    static const uint8_t pixels[] = { 10, 200, 30, 255, 0, 0, 0, 255, 0, 0, 0, 255 };
    static const float gray[] = { 124, 76, 150, 29 }; /* 123.81, 76.245, 149.685, 29.07 */
    struct fer_image image;
    float out[4];

    OK(fer_image_create(&image, 2, 2, 3, &err));
    memcpy(image.pixels, pixels, sizeof(pixels));
    OK(fer_picture_planes(&image, FER_FIT_CROP, 1, 2, 2, out, &err));
    for (int i = 0; i < 4; i++)
        ck_assert_float_eq_tol(out[i], gray[i] / 255.0f, 1e-7f);
    fer_image_free(&image);
}
END_TEST

/* Of 6 x 6 for a port twice as wide as high rows 1 to 3, and with stretching all; then as fer_image_resize does. */
START_TEST(pieces_are_resized)
{
    enum { WIDTH = 4, HEIGHT = 2 };
    struct fer_image image = make_picture(6, 6, 3);

    for (int whole = 0; whole < 2; whole++) {
        struct fer_image piece, small;
        float out[3 * WIDTH * HEIGHT];

        OK(fer_image_create(&piece, 6, whole ? 6 : 3, 3, &err));
        memcpy(piece.pixels, image.pixels + (whole ? 0 : 6 * 3), (size_t)(6 * piece.height * 3));
        OK(fer_image_resize(&small, &piece, WIDTH, HEIGHT, &err));
        OK(fer_picture_planes(&image, whole ? FER_FIT_STRETCH : FER_FIT_CROP, 3, HEIGHT, WIDTH, out, &err));
        for (int i = 0; i < 3 * WIDTH * HEIGHT; i++)
            ck_assert_float_eq_tol(
                out[i], (float)small.pixels[i % (WIDTH * HEIGHT) * 3 + i / (WIDTH * HEIGHT)] / 255.0f, 1e-7f);
        fer_image_free(&small);
        fer_image_free(&piece);
    }
    fer_image_free(&image);
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("picture", NULL, NULL);

    tcase_add_test(tests, the_middle_is_taken);
    tcase_add_test(tests, colours_become_gray);
    tcase_add_test(tests, pieces_are_resized);
    return cases_run();
}
