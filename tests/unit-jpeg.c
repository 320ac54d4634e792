/* SPDX-License-Identifier: Apache-2.0
 *
 * JPEG: the orientation that a camera has noted, and tables that would harm the decoder.
 */
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "data/image.h"
#include "file.h"

/* Blocks of 8 x 8 pixels in rows of three, A to F, each of one gray, 20 + 40 k:
 *     Image.frombytes("L", (24, 16), bytes(20 + 40 * (y // 8 * 3 + x // 8) for y in range(16) for x in range(24)))
 *         .save("blocks.jpg", quality=100, optimize=True)                          (PIL 9.4)
 */
static const uint8_t blocks[] = {
    0xff, 0xd8, 0xff, 0xe0, 0x00, 0x10, 0x4a, 0x46, 0x49, 0x46, 0x00, 0x01, 0x01, 0x00, 0x00, 0x01, 0x00, 0x01, 0x00,
    0x00, 0xff, 0xdb, 0x00, 0x43, 0x00, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01,
    0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01,
    0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01,
    0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0xff, 0xc0, 0x00, 0x0b, 0x08, 0x00,
    0x10, 0x00, 0x18, 0x01, 0x01, 0x11, 0x00, 0xff, 0xc4, 0x00, 0x15, 0x00, 0x01, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x09, 0x0a, 0xff, 0xc4, 0x00, 0x14, 0x10, 0x01, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xda, 0x00, 0x08, 0x01,
    0x01, 0x00, 0x00, 0x3f, 0x00, 0x89, 0xf2, 0x80, 0x50, 0x0a, 0x01, 0x40, 0x28, 0x0f, 0xff, 0xd9
};

/* A JPEG with a marker of EXIF, an unrelated one before it; big: in which order of bytes.  The caller frees it. */
static uint8_t *with_orientation(const struct fer_bytes *jpeg, int orientation, bool big, size_t *size)
{
    static const uint8_t head[] = { 0xff, 0xd8, 0xff, 0xe1, 0, 5, 'h', 't', 't', 0xff, 0xff, 0xe1, 0, 46 };
    static const char tiff[2][44] = {
        "Exif\0\0II*\0\10\0\0\0\2\0\17\1\2\0\1\0\0\0\0\0\0\0\22\1\3\0\1\0\0\0o\0\0",
        "Exif\0\0MM\0*\0\0\0\10\0\2\1\17\0\2\0\0\0\1\0\0\0\0\1\22\0\3\0\0\0\1\0o\0",
    };
    uint8_t *out = malloc(sizeof(head) + sizeof(*tiff) + jpeg->size - 2), *next = out;

    memcpy(next, head, sizeof(head));
    next += sizeof(head);
    memcpy(next, tiff[big], sizeof(*tiff));
    *(uint8_t *)memchr(next + 36, 'o', 2) = (uint8_t)orientation;
    next += sizeof(*tiff);
    memcpy(next, (const uint8_t *)jpeg->data + 2, jpeg->size - 2); /* what begins it has been */
    *size = (size_t)(next - out) + jpeg->size - 2;
    return out;
}

/* What the standard says: where the stored picture's first row and first column are seen. */
START_TEST(photographs_are_turned_upright)
{
    static const char *const seen[] = { "ABC/DEF",  "ABC/DEF",  "CBA/FED",  "FED/CBA",  "DEF/ABC",
                                        "AD/BE/CF", "DA/EB/FC", "FC/EB/DA", "CF/BE/AD", "ABC/DEF" };
    struct fer_error err = FER_ERROR_INIT;
    const struct fer_bytes jpeg = { blocks, sizeof(blocks) };
    struct fer_image image;
    size_t size;

    for (int o = 0; o < 20; o++) {
        const char *expected = seen[o / 2];
        const int across = (int)strcspn(expected, "/"), down = 6 / across;
        uint8_t *bytes = with_orientation(&jpeg, o / 2, o % 2, &size);

        ck_assert_int_eq(fer_image_decode(&image, bytes, size, o % 4 < 2 ? 1 : 0, &err), FER_OK);
        ck_assert_int_eq(image.width, 8 * across);
        ck_assert_int_eq(image.height, 8 * down);
        for (int i = 0; i < 24 * 16; i++) {
            const int x = i % image.width, y = i / image.width;
            const int gray = 20 + 40 * (expected[y / 8 * (across + 1) + x / 8] - 'A');
            const int ours = image.pixels[i * image.channels];

            ck_assert_msg(abs(ours - gray) <= 2, "orientation %d: %d, %d is %d, not %d", o / 2, x, y, ours, gray);
        }
        fer_image_free(&image);
        free(bytes);
    }
}
END_TEST

/* stb_image writes the lengths of a table's codes into 256 places, however many there are. */
START_TEST(tables_of_too_many_codes_are_refused)
{
    static const uint8_t two[] =
        "\xff\xd8\xff\xc4\0\x25\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\7\x11\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xff";
    static const uint8_t among_pixels[] = "\xff\xd8\xff\xda\0\2\1\2\xff\0\xff\xd0\3\xff\xff\xc4\0\x26\0\xff\2";
    struct fer_error err = FER_ERROR_INIT;
    struct fer_image image;
    uint8_t bytes[64], jpeg[sizeof(blocks)], *table;

    memcpy(jpeg, blocks, sizeof(jpeg));
    ck_assert(!fer_jpeg_overflows(jpeg, sizeof(jpeg)));
    table = memmem(jpeg, sizeof(jpeg), "\xff\xc4", 2);
    ck_assert_ptr_nonnull(table);
    table[5] = table[6] = 200;
    ck_assert(fer_jpeg_overflows(jpeg, sizeof(jpeg)));
    ck_assert_int_eq(fer_image_decode(&image, jpeg, sizeof(jpeg), 1, &err), FER_EFORMAT);

    memcpy(bytes, two, sizeof(two) - 1); /* of 1 code and of 256 */
    ck_assert(!fer_jpeg_overflows(bytes, sizeof(two) - 1));
    bytes[26]++;
    ck_assert(fer_jpeg_overflows(bytes, sizeof(two) - 1));
    ck_assert(!fer_jpeg_overflows(bytes, sizeof(two) - 2));
    bytes[5] = 0x15; /* a segment that ends in the second table's first byte */
    ck_assert(fer_jpeg_overflows(bytes, sizeof(two) - 1));
    /* behind pixels, where progressive pictures have tables, and where the file ends before the table does */
    ck_assert(fer_jpeg_overflows(among_pixels, sizeof(among_pixels) - 1));
    ck_assert(!fer_jpeg_overflows(among_pixels, sizeof(among_pixels) - 2));
}
END_TEST

/* Cut anywhere and with any byte changed, the marker is passed over or turns the picture somehow. */
START_TEST(hostile_orientations_harm_nobody)
{
    const struct fer_bytes tail = { "\xff\xd8\xff\xda", 4 };
    size_t size;
    uint8_t *whole = with_orientation(&tail, 6, false, &size);

    ck_assert_int_eq(fer_jpeg_orientation(whole, size), 6);
    for (size_t length = 0; length < size; length++) {
        uint8_t *cut = malloc(length + 1);

        memcpy(cut, whole, length);
        cut = realloc(cut, length ? length : 1);
        ck_assert_int_eq(fer_jpeg_orientation(cut, length), length < size - 6 ? 1 : 6);
        free(cut);
    }
    for (size_t at = 0; at < size; at++) {
        const uint8_t was = whole[at];

        for (int value = 0; value < 256; value++) {
            whole[at] = (uint8_t)value;
            const int orientation = fer_jpeg_orientation(whole, size);

            ck_assert(orientation >= 1 && orientation <= 8);
        }
        whole[at] = was;
    }
    free(whole);
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("jpeg", NULL, NULL);

    tcase_add_test(tests, photographs_are_turned_upright);
    tcase_add_test(tests, tables_of_too_many_codes_are_refused);
    tcase_add_test(tests, hostile_orientations_harm_nobody);
    return cases_run();
}
