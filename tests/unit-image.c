/* SPDX-License-Identifier: Apache-2.0
 *
 * Resizing and gray agree with PIL: its calls stand above its numbers.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "noise.h"

/* PIL 9.4: Image.fromarray(noise[9, 13, 3]).resize((5, 4), BILINEAR), …resize((17, 11), BILINEAR) row 5,
 * …resize((5, 4), BOX), …convert("L") row 0. */
static const uint8_t pil_down[60] = {
    141, 115, 124, 137, 114, 109, 140, 90,  155, 131, 110, 93,  118, 93,  159, 128, 139, 127, 160, 129,
    129, 149, 160, 161, 136, 156, 145, 146, 114, 114, 141, 131, 147, 103, 110, 104, 159, 173, 110, 119,
    163, 130, 110, 144, 156, 130, 139, 113, 147, 142, 131, 157, 142, 97,  111, 136, 117, 104, 159, 126,
};
static const uint8_t pil_up_row[51] = {
    61,  16,  124, 181, 83,  182, 198, 164, 171, 148, 189, 115, 241, 29,  143, 102, 94,
    146, 92,  162, 86,  160, 176, 62,  197, 87,  206, 115, 205, 211, 54,  126, 214, 23,
    72,  153, 29,  184, 13,  79,  137, 127, 97,  194, 158, 118, 196, 174, 148, 113, 196,
};
static const uint8_t pil_box[60] = {
    138, 96,  119, 137, 123, 67,  134, 102, 153, 126, 78,  83,  101, 94, 184, 125, 139, 133, 159, 104,
    142, 152, 174, 150, 133, 140, 154, 155, 117, 113, 141, 146, 143, 47, 100, 99,  181, 188, 100, 103,
    194, 153, 130, 134, 152, 96,  138, 118, 189, 146, 139, 151, 136, 72, 118, 139, 86,  97,  150, 130,
};
static const uint8_t pil_gray_row[13] = { 80, 89, 86, 173, 67, 117, 114, 121, 31, 71, 68, 96, 142 };

static void same_bytes(const uint8_t *ours, const uint8_t *theirs, int count, int within)
{
    for (int i = 0; i < count; i++)
        ck_assert_msg(abs(ours[i] - theirs[i]) <= within, "byte %d is %d, PIL has %d", i, ours[i], theirs[i]);
}

START_TEST(resizing_is_that_of_pil)
{
    struct fer_image in = noise(13, 9, 3), out;

    ck_assert_int_eq(fer_image_resize(&out, &in, 5, 4, NULL), FER_OK);
    ck_assert_int_eq(out.width, 5);
    ck_assert_int_eq(out.height, 4);
    same_bytes(out.pixels, pil_down, 60, 0);
    fer_image_free(&out);
    ck_assert_int_eq(fer_image_resize(&out, &in, 17, 11, NULL), FER_OK);
    same_bytes(out.pixels + 5 * 17 * 3, pil_up_row, 51, 0);
    fer_image_free(&out);
    ck_assert_int_eq(fer_image_resize_area(&out, &in, 5, 4, NULL), FER_OK);
    same_bytes(out.pixels, pil_box, 60, 0);
    fer_image_free(&out);
    fer_image_free(&in);
}
END_TEST

START_TEST(resizing_keeps_sizes_constants_and_means)
{
    struct fer_image in = noise(31, 7, 1), out, flat;

    /* The same size: the same picture. */
    ck_assert_int_eq(fer_image_resize(&out, &in, 31, 7, NULL), FER_OK);
    ck_assert_mem_eq(out.pixels, in.pixels, 31 * 7);
    fer_image_free(&out);
    /* A constant stays one, at any scale: the weights of each pixel sum to 1. */
    ck_assert_int_eq(fer_image_create(&flat, 100, 3, 4, NULL), FER_OK);
    memset(flat.pixels, 201, 1200);
    ck_assert_int_eq(fer_image_resize(&out, &flat, 7, 50, NULL), FER_OK);
    for (int i = 0; i < 7 * 50 * 4; i++)
        ck_assert_int_eq(out.pixels[i], 201);
    fer_image_free(&out);
    /* Area by a whole factor is the mean of the block. */
    ck_assert_int_eq(fer_image_resize_area(&out, &in, 1, 1, NULL), FER_OK);
    double sum = 0;
    for (int i = 0; i < 31 * 7; i++)
        sum += in.pixels[i];
    ck_assert_int_le(abs((int)lround(sum / 217) - out.pixels[0]), 1);
    fer_image_free(&out);
    ck_assert_int_eq(fer_image_resize(&out, &in, 0, 5, NULL), FER_EINVAL);
    ck_assert_int_eq(fer_image_resize(&out, &in, 100000, 5, NULL), FER_EINVAL);
    fer_image_free(&flat);
    fer_image_free(&in);
}
END_TEST

START_TEST(gray_is_that_of_pil)
{
    struct fer_image in = noise(13, 9, 3), gray, rgb;

    ck_assert_int_eq(fer_image_gray(&gray, &in, NULL), FER_OK);
    ck_assert_int_eq(gray.channels, 1);
    same_bytes(gray.pixels, pil_gray_row, 13, 0);
    ck_assert_int_eq(fer_image_rgb(&rgb, &gray, NULL), FER_OK);
    for (int i = 0; i < 13 * 9 * 3; i++)
        ck_assert_int_eq(rgb.pixels[i], gray.pixels[i / 3]);
    fer_image_free(&gray);
    /* Gray of gray as RGB is what it was. */
    ck_assert_int_eq(fer_image_gray(&gray, &rgb, NULL), FER_OK);
    for (int i = 0; i < 13 * 9; i++)
        ck_assert_int_eq(gray.pixels[i], rgb.pixels[i * 3]);
    fer_image_free(&gray);
    fer_image_free(&rgb);
    fer_image_free(&in);
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("image", NULL, NULL);

    tcase_add_test(tests, resizing_is_that_of_pil);
    tcase_add_test(tests, resizing_keeps_sizes_constants_and_means);
    tcase_add_test(tests, gray_is_that_of_pil);
    return cases_run();
}
