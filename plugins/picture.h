/* SPDX-License-Identifier: Apache-2.0
 *
 * What the names of files say of pictures, for the plugins of this tree that read folders of them.
 */
#ifndef FER_PLUGINS_PICTURE_H
#define FER_PLUGINS_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

/* Of pictures that fer_image_read decodes, and of kinds that it does not. */
static const char *const picture_endings[] = { ".png", ".jpg", ".jpeg", ".jfif", ".bmp", ".pgm", ".ppm", ".pnm", NULL };
static const char *const unread_endings[] = { ".webp", ".gif",  ".tif", ".tiff", ".heic",
                                              ".heif", ".avif", ".jxl", ".jp2",  NULL };

static inline bool ends_in(const char *name, const char *const *endings)
{
    const char *dot = strrchr(name, '.');

    for (; dot && *endings; endings++) {
        if (strcasecmp(dot, *endings) == 0)
            return true;
    }
    return false;
}

#endif
