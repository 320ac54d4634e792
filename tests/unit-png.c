/* SPDX-License-Identifier: Apache-2.0
 *
 * PNG as no writer makes it, byte by byte.  (Pictures of all kinds: unit-image.)
 */
#include <string.h>

#include "cases.h"
#include "data/image.h"

#define CHUNK(length, name, bytes) "\0\0\0" length name bytes "crc."
#define BEGIN "\x89PNG\r\n\x1a\n" CHUNK("\x0d", "IHDR", "\0\0\0\2\0\0\0\1\x08\0\0\0\0") /* 2 x 1, gray, 8 bits */
#define END CHUNK("\0", "IEND", "")
#define EMPTY CHUNK("\0", "IDAT", "")
/* zlib: two bytes, then three that are stored as they are (no filter, "ab"), then the checksum */
#define PIXELS                                                                                                         \
    CHUNK("\x0e", "IDAT",                                                                                              \
          "\x78\1\1\3\0\xfc\xff\0"                                                                                     \
          "ab"                                                                                                         \
          "sum.")

/* Under UBSan also: nothing is copied to no place. */
START_TEST(empty_chunks_hold_no_pixels)
{
    static const char first[] = BEGIN EMPTY PIXELS END, last[] = BEGIN PIXELS EMPTY END, alone[] = BEGIN EMPTY END;
    struct fer_error err = FER_ERROR_INIT;
    struct fer_image image;

    ck_assert_msg(!fer_image_decode(&image, first, sizeof(first) - 1, 1, &err), "%s", err.text);
    ck_assert(image.width == 2 && image.height == 1);
    ck_assert_mem_eq(image.pixels, "ab", 2);
    fer_image_free(&image);
    ck_assert_msg(!fer_image_decode(&image, last, sizeof(last) - 1, 1, &err), "%s", err.text);
    ck_assert_mem_eq(image.pixels, "ab", 2);
    fer_image_free(&image);
    ck_assert_int_eq(fer_image_decode(&image, alone, sizeof(alone) - 1, 1, &err), FER_EFORMAT);
    ck_assert_ptr_null(image.pixels);
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("png", NULL, NULL);

    tcase_add_test(tests, empty_chunks_hold_no_pixels);
    return cases_run();
}
