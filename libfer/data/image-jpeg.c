/* SPDX-License-Identifier: Apache-2.0
 *
 * What has to be known of a JPEG beside its pixels.  Cameras store a picture as the sensor saw it, and in EXIF's tag
 * Orientation (JEITA CP-3451, 4.6.4) how it is held.
 */
#include "data/image.h"

#include <string.h>

enum { END = 0xd9, TABLES = 0xc4, SCAN = 0xda, APP1 = 0xe1, ORIENTATION = 0x112, SHORT = 3, ENTRY = 12, CODES = 256 };

struct segment {
    int marker;
    const uint8_t *data;
    size_t size;
};

/* The next segment that has a length; what lies between is passed over, as decoders do.  One that is cut is as long as
 * there are bytes. */
static bool next_segment(const uint8_t *bytes, size_t size, size_t *at, struct segment *segment)
{
    for (; size - *at >= 4; ++*at) {
        const int marker = bytes[*at + 1];
        const size_t length = (size_t)bytes[*at + 2] << 8 | bytes[*at + 3], rest = size - *at - 2;

        /* Fill bytes, zeros after a 0xff among pixels, restarts */
        if (bytes[*at] != 0xff || marker <= 1 || marker == 0xff || (marker >= 0xd0 && marker <= 0xd8))
            continue;
        if (marker == END || length < 2)
            return false;
        *segment = (struct segment){ marker, bytes + *at + 4, (length < rest ? length : rest) - 2 };
        *at += 2 + (length < rest ? length : rest);
        return true;
    }
    return false;
}

static bool is_jpeg(const uint8_t *bytes, size_t size)
{
    return size >= 4 && bytes[0] == 0xff && bytes[1] == 0xd8;
}

bool fer_jpeg_overflows(const uint8_t *bytes, size_t size)
{
    struct segment segment;
    size_t at = 2;

    while (is_jpeg(bytes, size) && next_segment(bytes, size, &at, &segment)) {
        const size_t rest = size - (size_t)(segment.data - bytes);

        /* A table: its kind, how many codes there are of each length from 1 to 16, and what they mean.  The last may
         * run on behind its segment. */
        for (size_t i = 0; segment.marker == TABLES && i < segment.size;) {
            int codes = 0;

            for (size_t j = i + 1; j < i + 17 && j < rest; j++)
                codes += segment.data[j];
            if (codes > CODES)
                return true;
            i += 17 + (size_t)codes;
        }
    }
    return false;
}

/* The TIFF within EXIF: numbers in its own order of bytes, at offsets from its beginning. */
struct tiff {
    const uint8_t *bytes;
    size_t size;
    bool big;
};

/* 2 or 4 bytes, which lie within. */
static uint32_t number(const struct tiff *tiff, size_t at, int bytes)
{
    uint32_t value = 0;

    for (int i = 0; i < bytes; i++)
        value = value << 8 | tiff->bytes[at + (size_t)(tiff->big ? i : bytes - 1 - i)];
    return value;
}

static int find_orientation(struct tiff tiff)
{
    size_t at, count;

    if (tiff.size < 8 || (memcmp(tiff.bytes, "II*\0", 4) != 0 && memcmp(tiff.bytes, "MM\0*", 4) != 0))
        return 1;
    tiff.big = tiff.bytes[0] == 'M';
    at = number(&tiff, 4, 4);
    if (at > tiff.size - 2)
        return 1;
    count = number(&tiff, at, 2);
    for (at += 2; count > 0 && tiff.size - at >= ENTRY; count--, at += ENTRY) {
        if (number(&tiff, at, 2) == ORIENTATION && number(&tiff, at + 2, 2) == SHORT)
            return (int)number(&tiff, at + 8, 2);
    }
    return 1;
}

int fer_jpeg_orientation(const uint8_t *bytes, size_t size)
{
    static const char exif[] = "Exif\0"; /* and the zero of the literal */
    struct segment segment;
    size_t at = 2;
    int orientation = 1;

    while (is_jpeg(bytes, size) && next_segment(bytes, size, &at, &segment) && segment.marker != SCAN) {
        if (segment.marker == APP1 && segment.size >= sizeof(exif) && memcmp(segment.data, exif, sizeof(exif)) == 0) {
            orientation =
                find_orientation((struct tiff){ segment.data + sizeof(exif), segment.size - sizeof(exif), false });
            break;
        }
    }
    return orientation >= 1 && orientation <= 8 ? orientation : 1;
}
