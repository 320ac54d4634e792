/* SPDX-License-Identifier: Apache-2.0
 *
 * Pictures: what is written is read back; resizing and gray agree with PIL (scripts below the numbers); broken, huge
 * and bombing files are refused.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fer/data.h>
#include <fer/host.h>

#include "data/image.h"
#include "file.h"
#include "folder.h"
#include "philox.h"

/* The bytes that the Python beside the golden numbers makes. */
static void fill(uint8_t *bytes, size_t count)
{
    uint32_t state = 12345;

    for (size_t i = 0; i < count; i++) {
        state = (state * 1103515245u + 12345u) & 0x7fffffffu;
        bytes[i] = (uint8_t)(state >> 16);
    }
}

static struct fer_image noise(int width, int height, int channels)
{
    struct fer_image image;

    ck_assert_int_eq(fer_image_create(&image, width, height, channels, NULL), FER_OK);
    fill(image.pixels, (size_t)width * (size_t)height * (size_t)channels);
    return image;
}

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

START_TEST(resizes_like_pil)
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

START_TEST(resizing_keeps_what_it_must)
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

START_TEST(gray_like_pil)
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

START_TEST(reads_pnm_and_bmp)
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
    struct fer_image in = noise(40, 30, 3), out;
    uint8_t bytes[8192];
    FILE *file;
    size_t size;

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
    ck_assert_int_eq(fer_image_write_png(&in, path, NULL), FER_OK);
    file = fopen(path, "rb");
    size = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    ck_assert_uint_gt(size, 200);
    for (size_t cut = 1; cut < size; cut += 13) {
        struct fer_error err = FER_ERROR_INIT;

        /* Any prefix is refused or, when only the end mark is missing, read; nothing crashes. */
        if (!fer_image_decode(&out, bytes, cut, 3, &err))
            fer_image_free(&out);
        else
            ck_assert_ptr_null(out.pixels);
    }
    for (size_t i = 8; i < size; i += 7) {
        uint8_t kept = bytes[i];

        bytes[i] ^= 0x5A;
        if (!fer_image_decode(&out, bytes, size, 3, NULL))
            fer_image_free(&out);
        bytes[i] = kept;
    }
    fer_image_free(&in);
}
END_TEST

START_TEST(missing_and_odd_files)
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
START_TEST(turns_photographs_upright)
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
START_TEST(refuses_tables_of_too_many_codes)
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

/* Known answers of the paper's own test vectors (Random123, kat_vectors: philox4x32 10). */
START_TEST(philox_known_answers)
{
    static const uint32_t zero[4] = { 0 }, ones[4] = { ~0u, ~0u, ~0u, ~0u };
    static const uint32_t pi[4] = { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 },
                          pi_key[2] = { 0xa4093822, 0x299f31d0 };
    static const uint32_t expected[3][4] = { { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 },
                                             { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd },
                                             { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } };
    uint32_t out[4];

    fer_philox(zero, zero, out);
    ck_assert_mem_eq(out, expected[0], sizeof(out));
    fer_philox(ones, ones, out);
    ck_assert_mem_eq(out, expected[1], sizeof(out));
    fer_philox(pi, pi_key, out);
    ck_assert_mem_eq(out, expected[2], sizeof(out));
}
END_TEST

START_TEST(random_numbers_are_uniform)
{
    const struct fer_random random = { 7, 3 };
    size_t counts[10] = { 0 }, items[100], seen[100] = { 0 };
    double sum = 0;

    for (size_t i = 0; i < 10000; i++) {
        double u = fer_random_uniform(random, i);

        ck_assert(u >= 0 && u < 1);
        sum += u;
        counts[fer_random_below(random, i, 10)]++;
    }
    /* Five standard deviations: 0.0029 of the mean, 30 of a count. */
    ck_assert(fabs(sum / 10000 - 0.5) < 5 * 0.0029);
    for (int k = 0; k < 10; k++)
        ck_assert(labs((long)counts[k] - 1000) < 5 * 30);
    for (size_t i = 0; i < 100; i++)
        items[i] = i;
    fer_random_permute(random, items, 100);
    for (size_t i = 0; i < 100; i++)
        seen[items[i]]++;
    for (size_t i = 0; i < 100; i++)
        ck_assert_uint_eq(seen[i], 1);
    ck_assert_uint_eq(fer_random_below(random, 0, 0), 0);
}
END_TEST

START_TEST(fields_have_names)
{
    for (unsigned field = FER_FIELD_IMAGE; field <= FER_FIELD_SAME; field <<= 1)
        ck_assert_uint_eq(fer_field_find(fer_field_name(field)), field);
    ck_assert_ptr_null(fer_field_name(FER_FIELD_IMAGE | FER_FIELD_LABEL));
    ck_assert_ptr_null(fer_field_name(0));
    ck_assert_uint_eq(fer_field_find("imgae"), 0);
}
END_TEST

START_TEST(labels_are_found)
{
    static const char *const names[] = { "angry", "happy", "sad" };
    const struct fer_data_env env = { .size = sizeof(env), .labels = names, .nlabels = 3 };
    struct fer_error err = FER_ERROR_INIT;
    int label = -1;

    ck_assert_int_eq(fer_label_find(&env, "Happy", &label, &err), FER_OK);
    ck_assert_int_eq(label, 1);
    ck_assert_int_eq(fer_label_find(&env, "2", &label, &err), FER_OK);
    ck_assert_int_eq(label, 2);
    ck_assert_int_eq(fer_label_find(&env, "hapy", &label, &err), FER_ENOTFOUND);
    ck_assert_ptr_nonnull(strstr(err.text, "did you mean 'happy'"));
    ck_assert_int_eq(fer_label_find(&env, "3", &label, &err), FER_ENOTFOUND);
    ck_assert_int_eq(fer_label_find(&env, "99999999999999999999", &label, &err), FER_ENOTFOUND);
    ck_assert_int_eq(fer_label_find(&env, "", &label, &err), FER_ENOTFOUND);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("image");
    TCase *pure = tcase_create("numbers"), *files = tcase_create("files");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(pure, resizes_like_pil);
    tcase_add_test(pure, resizing_keeps_what_it_must);
    tcase_add_test(pure, gray_like_pil);
    tcase_add_test(pure, philox_known_answers);
    tcase_add_test(pure, random_numbers_are_uniform);
    tcase_add_test(pure, fields_have_names);
    tcase_add_test(pure, labels_are_found);
    suite_add_tcase(suite, pure);
    tcase_add_checked_fixture(files, folder_make, folder_remove);
    tcase_set_timeout(files, 60);
    tcase_add_loop_test(files, png_comes_back, 0, 3);
    tcase_add_test(files, reads_pnm_and_bmp);
    tcase_add_test(files, broken_pictures_are_refused);
    tcase_add_test(files, pictures_that_are_cut_off_are_refused);
    tcase_add_test(files, sixteen_bits_take_any_channels);
    tcase_add_test(files, missing_and_odd_files);
    tcase_add_test(files, turns_photographs_upright);
    tcase_add_test(files, refuses_tables_of_too_many_codes);
    tcase_add_test(files, hostile_orientations_harm_nobody);
    suite_add_tcase(suite, files);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
