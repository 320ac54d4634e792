/* SPDX-License-Identifier: Apache-2.0
 *
 * Files of pictures: what is written is read back; broken, huge, cut and bombing files are refused.
 */
#include <stdio.h>
#include <string.h>

#include "cases.h"
#include "folder.h"
#include "noise.h"

enum { PNG_END = 16 }; /* bytes behind the pixels: their checksum and the end mark */

START_TEST(png_comes_back)
{
    static const int channels[] = { 1, 3, 4 };
    struct fer_image in = noise(19, 11, channels[_i]), out;
    struct fer_error err = FER_ERROR_INIT;

    ck_assert_msg(!fer_image_write_png(&in, path, &err), "%s", err.text);
    ck_assert_msg(!fer_image_read(&out, path, 0, &err), "%s", err.text);
    ck_assert_int_eq(out.channels, in.channels);
    ck_assert_mem_eq(out.pixels, in.pixels, (size_t)(19 * 11 * in.channels));
    fer_image_free(&out);
    ck_assert_int_eq(fer_image_read(&out, path, 3, &err), FER_OK);
    ck_assert_int_eq(out.channels, 3);
    fer_image_free(&out);
    fer_image_free(&in);
    ck_assert_int_eq(folder_clear(), 1); /* no temporary file is left */
}
END_TEST

static void put(const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");

    ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

START_TEST(pnm_and_bmp_are_read)
{
    static const char pgm[] = "P5 3 2 255\n\001\002\003\004\005\006", ppm[] = "P6\n# a comment\n1 2\n255\nabcdef";
    /* 1 × 1, 24 bits, one padded row: blue 1, green 2, red 3. */
    static const uint8_t bmp[] = { 'B', 'M', 58, 0, 0, 0, 0, 0, 0,  0, 54, 0, 0, 0, 40, 0, 0, 0, 1, 0,
                                   0,   0,   1,  0, 0, 0, 1, 0, 24, 0, 0,  0, 0, 0, 4,  0, 0, 0, 0, 0,
                                   0,   0,   0,  0, 0, 0, 0, 0, 0,  0, 0,  0, 0, 0, 1,  2, 3, 0 };
    struct fer_image image;
    struct fer_error err = FER_ERROR_INIT;

    ck_assert_msg(!fer_image_decode(&image, pgm, sizeof(pgm) - 1, 0, &err), "%s", err.text);
    ck_assert_int_eq(image.width, 3);
    ck_assert_int_eq(image.height, 2);
    ck_assert_int_eq(image.channels, 1);
    ck_assert_int_eq(image.pixels[5], 6);
    fer_image_free(&image);
    ck_assert_msg(!fer_image_decode(&image, ppm, sizeof(ppm) - 1, 3, &err), "%s", err.text);
    ck_assert_int_eq(image.height, 2);
    ck_assert_mem_eq(image.pixels, "abcdef", 6);
    fer_image_free(&image);
    ck_assert_msg(!fer_image_decode(&image, bmp, sizeof(bmp), 3, &err), "%s", err.text);
    ck_assert_mem_eq(image.pixels, "\003\002\001", 3);
    fer_image_free(&image);
    /* One channel of a colour picture is our gray, not the codec's: (3, 2, 1) → 2. */
    ck_assert_int_eq(fer_image_decode(&image, bmp, sizeof(bmp), 1, &err), FER_OK);
    ck_assert_int_eq(image.pixels[0], (3 * 19595 + 2 * 38470 + 1 * 7471 + 0x8000) >> 16);
    fer_image_free(&image);
}
END_TEST

static void refused(const void *bytes, size_t size, const char *words)
{
    struct fer_image image;
    struct fer_error err = FER_ERROR_INIT;

    put(bytes, size);
    ck_assert_int_eq(fer_image_read(&image, path, 3, &err), FER_EFORMAT);
    ck_assert_ptr_null(image.pixels);
    ck_assert_msg(strstr(err.text, path) && strstr(err.text, words), "'%s' does not say '%s'", err.text, words);
}

/* stb_image makes zeros of pixels that are not there.  Each of these is whole, and refused without its last byte. */
START_TEST(pictures_that_are_cut_off_are_refused)
{
    /* 2 x 2, 24 bits, rows of 6 bytes and 2 that fill them up, of which the last 2 are left out */
    static const char bmp[] =
        "BM\104\0\0\0\0\0\0\0\066\0\0\0\050\0\0\0\2\0\0\0\2\0\0\0\1\0\030\0\0\0\0\0\020\0\0\0\0\0\0\0\0"
        "\0\0\0\0\0\0\0\0\0\0\0"
        "abcdef\0\0ghijkl";
    static const struct {
        const char *bytes;
        size_t size;
        const char *pixels; /* the first ones, as they are stored */
    } whole[] = {
#define WHOLE(text, pixels) { text, sizeof(text) - 1, pixels }
        WHOLE("P5 3 2 255\nabcdef", "abcdef"),
        WHOLE("P5\n# 9 9 9\n3 # three\n2\n#\n255\nabcdef", "abcdef"),
        WHOLE("P6\r\n1\t2\r255 abcdef", "abcdef"),
        WHOLE("P6 1 2 7\n#bcdef", "#bcdef"),           /* a comment would have had to come before the number's end */
        WHOLE("P5 3 2 65535\na0b1c2d3e4f5", "abcdef"), /* v * 255 / 65535: of 16 bits the higher 8 */
        WHOLE("P6 1 1 1023\n\x3\xff\x1\xff\0\x4", "\xff\x7f\x1"), /* 255, 127.37, 0.997 */
        WHOLE(bmp, "ihglkjcbafed"),
#undef WHOLE
    };

    for (size_t i = 0; i < sizeof(whole) / sizeof(*whole); i++) {
        struct fer_image image;
        struct fer_error err = FER_ERROR_INIT;

        ck_assert_msg(!fer_image_decode(&image, whole[i].bytes, whole[i].size, 0, &err), "%zu: %s", i, err.text);
        ck_assert_mem_eq(image.pixels, whole[i].pixels, strlen(whole[i].pixels));
        fer_image_free(&image);
        for (size_t cut = 1; cut <= strlen(whole[i].pixels); cut++) {
            ck_assert_int_eq(fer_image_decode(&image, whole[i].bytes, whole[i].size - cut, 0, &err), FER_EFORMAT);
            ck_assert_msg(strstr(err.text, "the picture is cut off") != NULL, "%zu: %s", i, err.text);
        }
    }
}
END_TEST

START_TEST(sixteen_bits_take_any_channels)
{
    static const char gray[] = "P5 2 1 65535\na0b1", colour[] = "P6 1 1 65535\na0b1c2";
    struct fer_image image;

    ck_assert_int_eq(fer_image_decode(&image, gray, sizeof(gray) - 1, 3, NULL), FER_OK);
    ck_assert_mem_eq(image.pixels, "aaabbb", 6);
    fer_image_free(&image);
    ck_assert_int_eq(fer_image_decode(&image, colour, sizeof(colour) - 1, 4, NULL), FER_OK);
    ck_assert_mem_eq(image.pixels, "abc\xff", 4);
    fer_image_free(&image);
    ck_assert_int_eq(fer_image_decode(&image, colour, sizeof(colour) - 1, 1, NULL), FER_OK);
    ck_assert_int_eq(image.pixels[0], ('a' * 19595 + 'b' * 38470 + 'c' * 7471 + 0x8000) >> 16);
    fer_image_free(&image);
}
END_TEST

START_TEST(broken_pictures_are_refused)
{
    refused("", 0, "empty");
    refused("hello", 5, "not a readable");
    refused("GIF89a\001\000\001\000\000\000\000;", 14, "a GIF picture, which is not read");
    refused("RIFF\044\000\000\000WEBPVP8 ", 16, "a WebP picture");
    refused("II*\000\010\000\000\000", 8, "a TIFF picture");
    refused("\000\000\000\030ftypheic", 12, "a HEIC picture");
    refused("RIFF\044\000\000\000WEB", 11, "not a readable");
    refused("P5 20000 1 255\n", 15, "refused");
    refused("P5 16000 16000 255\n", 19, "refused");
    refused("P6 999999999999 3 255\nabc", 25, "");
    refused("\xFF\xD8\xFF\xE0\x00\x10JFIF", 10, "not a readable");
}
END_TEST

START_TEST(a_png_that_is_cut_or_changed_harms_nobody)
{
    struct fer_image in = noise(40, 30, 3), out;
    uint8_t bytes[8192];
    FILE *file;
    size_t size;

    ck_assert_int_eq(fer_image_write_png(&in, path, NULL), FER_OK);
    file = fopen(path, "rb");
    size = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    ck_assert(size > 200 && size < sizeof(bytes));
    for (size_t cut = 1; cut < size - PNG_END; cut += 13) {
        ck_assert_int_eq(fer_image_decode(&out, bytes, cut, 3, NULL), FER_EFORMAT);
        ck_assert_ptr_null(out.pixels);
    }
    for (size_t i = 8; i < size; i += 7) { /* refused, or other pixels */
        uint8_t kept = bytes[i];

        bytes[i] ^= 0x5A;
        if (!fer_image_decode(&out, bytes, size, 3, NULL))
            fer_image_free(&out);
        else
            ck_assert_ptr_null(out.pixels);
        bytes[i] = kept;
    }
    fer_image_free(&in);
}
END_TEST

START_TEST(missing_files_and_odd_sizes_are_refused)
{
    struct fer_image image;
    struct fer_error err = FER_ERROR_INIT;

    ck_assert_int_eq(fer_image_read(&image, path, 3, &err), FER_ENOTFOUND);
    ck_assert_ptr_nonnull(strstr(err.text, path));
    ck_assert_int_eq(fer_image_read(&image, folder, 3, &err), FER_EIO);
    ck_assert_int_eq(fer_image_decode(&image, "x", 1, 2, &err), FER_EINVAL);
    ck_assert_int_eq(fer_image_create(&image, 16384, 16384, 1, &err), FER_EINVAL);
    ck_assert_int_eq(fer_image_create(&image, -1, 4, 1, &err), FER_EINVAL);
    ck_assert_int_eq(fer_image_create(&image, 4, 4, 5, &err), FER_EINVAL);
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("files", folder_make, folder_remove);

    tcase_add_loop_test(tests, png_comes_back, 0, 3);
    tcase_add_test(tests, pnm_and_bmp_are_read);
    tcase_add_test(tests, broken_pictures_are_refused);
    tcase_add_test(tests, a_png_that_is_cut_or_changed_harms_nobody);
    tcase_add_test(tests, pictures_that_are_cut_off_are_refused);
    tcase_add_test(tests, sixteen_bits_take_any_channels);
    tcase_add_test(tests, missing_files_and_odd_sizes_are_refused);
    return cases_run();
}
