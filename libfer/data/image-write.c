/* SPDX-License-Identifier: Apache-2.0 */
#include "data/image.h"
#include "file.h"

#include <stdlib.h>
#include <string.h>

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STBI_WRITE_NO_STDIO
#define STBIW_ASSERT(condition) ((void)(condition))
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#include <stb_image_write.h>
#pragma GCC diagnostic pop

struct png {
    void *bytes;
    size_t size;
};

static void collect(void *context, void *data, int size)
{
    struct png *png = context;

    png->bytes = size > 0 ? malloc((size_t)size) : NULL;
    if (!png->bytes)
        return;
    memcpy(png->bytes, data, (size_t)size);
    png->size = (size_t)size;
}

enum fer_status fer_image_write_png(const struct fer_image *image, const char *path, struct fer_error *err)
{
    struct png png = { NULL, 0 };
    struct fer_bytes part;
    enum fer_status status;

    if (!image->pixels || image->channels == 2)
        return fer_fail(err, FER_EINVAL, "cannot write '%s': a picture of %d channels", path, image->channels);
    if (!stbi_write_png_to_func(collect, &png, image->width, image->height, image->channels, image->pixels, 0) ||
        !png.bytes) {
        free(png.bytes);
        return fer_fail(err, FER_ENOMEM, "out of memory while writing '%s'", path);
    }
    part = (struct fer_bytes){ png.bytes, png.size };
    status = fer_file_write_atomic(path, &part, 1, err);
    free(png.bytes);
    return status;
}
