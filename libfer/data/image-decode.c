/* SPDX-License-Identifier: Apache-2.0
 *
 * Decoding through stb_image.  The file is hostile: sizes are checked before anything is decoded, and no single
 * allocation may be larger than the largest picture could need, which stops compressed bombs.
 */
#include "data/image.h"

#include <fer/host.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Four channels of 16 bits, and a filter byte for each row. */
#define LARGEST_BLOCK (FER_IMAGE_PIXELS * 8 + FER_IMAGE_SIDE)

/* Zeros: a damaged picture may leave pixels and tables as they are, and is then still the same every time. */
static void *limited_malloc(size_t size)
{
    return size <= LARGEST_BLOCK ? calloc(1, size) : NULL;
}
static void *limited_realloc(void *block, size_t size)
{
    return size <= LARGEST_BLOCK ? realloc(block, size) : NULL;
}
/* Before the first byte of pixels there is no place yet, and memcpy takes no NULL, not even for the nothing that an
 * empty chunk of a PNG holds. */
static void *copy_bytes(void *to, const void *from, size_t size)
{
    return size ? memcpy(to, from, size) : to;
}

#define STB_IMAGE_IMPLEMENTATION
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_ONLY_BMP
#define STBI_ONLY_PNM
#define STBI_NO_STDIO
#define STBI_NO_LINEAR
#define STBI_NO_HDR
#define STBI_MAX_DIMENSIONS FER_IMAGE_SIDE
#define STBI_ASSERT(condition) ((void)(condition))
#define STBI_MALLOC limited_malloc
#define STBI_REALLOC limited_realloc
#define STBI_FREE free
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wall"
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wunused-but-set-variable"
#define memcpy copy_bytes
#include <stb_image.h>
#undef memcpy
#pragma GCC diagnostic pop

static uint32_t little_endian(const uint8_t *bytes, int count)
{
    uint32_t value = 0;

    for (int i = count - 1; i >= 0; i--)
        value = value << 8 | bytes[i];
    return value;
}

/* Where the pixels of a PGM, PPM or BMP would end: of what is missing there stb_image would make zeros.  0: it is
 * another kind, which is found out while it is decoded. */
static size_t pixels_end(const uint8_t *bytes, size_t size, const struct fer_pnm *pnm, size_t width, size_t height)
{
    if (pnm)
        return pnm->pixels + width * height * (size_t)pnm->channels * (pnm->most > 255 ? 2 : 1);
    if (size >= 30 && bytes[0] == 'B' && bytes[1] == 'M') {
        const size_t bits = width * little_endian(bytes + (little_endian(bytes + 14, 4) == 12 ? 24 : 28), 2);

        /* rows are of whole words; of the last one what fills it up may be missing */
        return little_endian(bytes + 10, 4) + (height - 1) * ((bits + 31) / 32 * 4) + (bits + 7) / 8;
    }
    return 0;
}

static enum fer_status fail_size(long long width, long long height, struct fer_error *err)
{
    return fer_fail(err, FER_EFORMAT,
                    "a picture of %lld x %lld pixels is refused: sides go from 1 to %d, and at most "
                    "%d million pixels in all",
                    width, height, FER_IMAGE_SIDE, (int)(FER_IMAGE_PIXELS / 1000000));
}

static long long big_endian(const uint8_t *bytes)
{
    return (long long)bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3];
}

/* Why stb_image does not want it: what people hand over that is a picture and none that is read here. */
static enum fer_status fail_kind(const uint8_t *bytes, size_t size, struct fer_error *err)
{
    static const struct {
        const char *name, *magic;
        size_t at, length;
    } kinds[] = {
        { "WebP", "WEBP", 8, 4 },     { "GIF", "GIF8", 0, 4 },      { "TIFF", "II*\0", 0, 4 },
        { "TIFF", "MM\0*", 0, 4 },    { "AVIF", "ftypavif", 4, 8 }, { "HEIC", "ftyphei", 4, 7 },
        { "HEIC", "ftypmif1", 4, 8 }, { "plain PGM", "P2", 0, 2 },  { "plain PPM", "P3", 0, 2 },
    };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        if (size >= kinds[i].at + kinds[i].length && memcmp(bytes + kinds[i].at, kinds[i].magic, kinds[i].length) == 0)
            return fer_fail(err, FER_EFORMAT,
                            "a %s picture, which is not read: make a PNG or JPEG of it (BMP, binary PGM and PPM are "
                            "read too)",
                            kinds[i].name);
    }
    if (size >= 24 && memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) == 0 &&
        (big_endian(bytes + 16) > FER_IMAGE_SIDE || big_endian(bytes + 20) > FER_IMAGE_SIDE))
        return fail_size(big_endian(bytes + 16), big_endian(bytes + 20), err);
    return fer_fail(err, FER_EFORMAT, "not a readable PNG, JPEG, BMP, PGM or PPM picture%s%s",
                    size == 0 ? " (the file is empty)" : "", size > INT_MAX ? " (larger than 2 GiB)" : "");
}

/* Bytes that have been looked at; `stored` is their channels. */
static enum fer_status decode(struct fer_image *image, const void *bytes, size_t size, int channels, int stored,
                              struct fer_error *err)
{
    int width, height;
    enum fer_status status;
    uint8_t *pixels;

    /* Gray with alpha has no place here: the alpha goes. */
    if (channels == 0)
        channels = stored == 2 ? 1 : stored;
    /* stb_image's gray is not ours, so a colour picture is decoded as such and converted. */
    pixels =
        stbi_load_from_memory(bytes, (int)size, &width, &height, &stored, channels == 1 && stored >= 3 ? 3 : channels);
    if (!pixels)
        return fer_fail(err, FER_EFORMAT, "the picture is damaged or of an unsupported kind (%s)",
                        stbi_failure_reason());
    *image = (struct fer_image){ width, height, channels == 1 && stored >= 3 ? 3 : channels, pixels };
    if (image->channels != channels) {
        struct fer_image gray;

        status = fer_image_gray(&gray, image, err);
        fer_image_free(image);
        if (status)
            return status;
        *image = gray;
    }
    status = fer_image_turn(image, fer_jpeg_orientation(bytes, size), err);
    if (status)
        fer_image_free(image);
    return status;
}

enum fer_status fer_image_decode(struct fer_image *image, const void *bytes, size_t size, int channels,
                                 struct fer_error *err)
{
    int width = 0, height = 0, stored = 0;
    struct fer_pnm pnm;
    bool is_pnm;
    size_t end;
    void *narrow;
    enum fer_status status;

    memset(image, 0, sizeof(*image));
    if (channels != 0 && channels != 1 && channels != 3 && channels != 4)
        return fer_fail(err, FER_EINVAL, "a picture is decoded into 1, 3 or 4 channels, not %d", channels);
    if (size > INT_MAX || fer_pnm_overflows(bytes, size) || fer_jpeg_overflows(bytes, size) ||
        !stbi_info_from_memory(bytes, (int)size, &width, &height, &stored))
        return fail_kind(bytes, size, err);
    if (width < 1 || height < 1 || width > FER_IMAGE_SIDE || height > FER_IMAGE_SIDE ||
        (size_t)width * (size_t)height > FER_IMAGE_PIXELS)
        return fail_size(width, height, err);
    is_pnm = fer_pnm_header(bytes, size, &pnm);
    end = pixels_end(bytes, size, is_pnm ? &pnm : NULL, (size_t)width, (size_t)height);
    if (end > size)
        return fer_fail(err, FER_EFORMAT, "the picture is cut off: a file of %zu bytes, where its pixels end at %zu",
                        size, end);
    if (!is_pnm || pnm.most <= 255)
        return decode(image, bytes, size, channels, stored, err);
    narrow = fer_pnm_narrow(bytes, &pnm, width, height, &size);
    status = narrow ? decode(image, narrow, size, channels, stored, err)
                    : fer_fail(err, FER_ENOMEM, "out of memory for a picture of %d x %d pixels", width, height);
    free(narrow);
    return status;
}

enum fer_status fer_image_read(struct fer_image *image, const char *path, int channels, struct fer_error *err)
{
    void *bytes = NULL;
    size_t size = 0;
    enum fer_status status;

    memset(image, 0, sizeof(*image));
    status = fer_file_read(path, FER_IMAGE_FILE, &bytes, &size, err);
    if (status)
        return status;
    status = fer_image_decode(image, bytes, size, channels, err);
    free(bytes);
    if (status)
        fer_fail_prefix(err, "%s", path);
    return status;
}
