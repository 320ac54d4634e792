/* SPDX-License-Identifier: Apache-2.0 */
#include "draw.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wmissing-braces"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wunused-function"
#include <stb_easy_font.h>
#pragma GCC diagnostic pop

/* Letters are LINE high with what hangs down; a picture's shorter side is LINES of them at least. */
enum { LINE = 12, LINES = 20, SIDE_MAX = 16384, QUAD = 64, QUADS = 4096, WORDS = 128 };

static const uint8_t amber[3] = { 255, 191, 0 }, black[3] = { 0, 0, 0 };

enum fer_status canvas_directory(const char *directory, struct fer_error *err)
{
    const struct dirent *entry = NULL;
    DIR *stream;

    if (mkdir(directory, 0777) != 0 && errno != EEXIST)
        return fer_fail(err, FER_EIO, "cannot make the directory %s: %s", directory, strerror(errno));
    stream = opendir(directory);
    if (!stream)
        return fer_fail(err, FER_EIO, "cannot read the directory %s: %s", directory, strerror(errno));
    do
        entry = readdir(stream);
    while (entry && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0));
    closedir(stream);
    return entry ? fer_fail(err, FER_EINVAL, "%s is not empty; choose a new directory to draw into", directory)
                 : FER_OK;
}

/* A name there that is not taken; NULL: out of memory. */
static char *free_name(const char *directory, const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *dot = strrchr(name, '.');
    const int length = dot && dot > name ? (int)(dot - name) : (int)strlen(name);
    struct stat info;
    char *out;

    if (strcmp(path, "-") == 0)
        return free_name(directory, "stdin.png");
    if (asprintf(&out, "%s/%.*s.png", directory, length, name) < 0)
        return NULL;
    for (int i = 2; out && lstat(out, &info) == 0; i++) {
        free(out);
        if (asprintf(&out, "%s/%.*s-%d.png", directory, length, name, i) < 0)
            return NULL;
    }
    return out;
}

enum fer_status canvas_open(struct canvas *canvas, const char *directory, const char *path,
                            const struct fer_image *image, struct fer_error *err)
{
    const int shorter = image->width < image->height ? image->width : image->height;
    const int longer = image->width < image->height ? image->height : image->width;
    int zoom = (LINE * LINES + shorter - 1) / shorter;
    struct fer_image large = { 0 };
    enum fer_status status = FER_OK;

    if (zoom > SIDE_MAX / longer)
        zoom = SIDE_MAX / longer;
    *canvas = (struct canvas){ .path = free_name(directory, path), .zoom = zoom };
    if (!canvas->path)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    if (zoom > 1)
        status = fer_image_resize(&large, image, image->width * zoom, image->height * zoom, err);
    if (status == FER_OK)
        status = fer_image_rgb(&canvas->image, zoom > 1 ? &large : image, err);
    fer_image_free(&large);
    if (status != FER_OK) {
        free(canvas->path);
        *canvas = (struct canvas){ 0 };
    }
    return status;
}

static int clamp(int value, int low, int high)
{
    return value > high ? high : value < low ? low : value;
}

static void fill(struct fer_image *image, int x0, int y0, int x1, int y1, const uint8_t colour[3])
{
    x0 = clamp(x0, 0, image->width);
    x1 = clamp(x1, 0, image->width);
    for (int y = clamp(y0, 0, image->height); y < clamp(y1, 0, image->height); y++) {
        for (int x = x0; x < x1; x++)
            memcpy(image->pixels + ((size_t)y * (size_t)image->width + (size_t)x) * 3, colour, 3);
    }
}

static void frame(struct fer_image *image, int x0, int y0, int x1, int y1, int thick)
{
    fill(image, x0, y0, x1, y0 + thick, amber);
    fill(image, x0, y1 - thick, x1, y1, amber);
    fill(image, x0, y0, x0 + thick, y1, amber);
    fill(image, x1 - thick, y0, x1, y1, amber);
}

/* The font yields quads of four corners, 16 bytes each, of which the first and the third span the rectangle. */
static void write_words(struct fer_image *image, int left, int top, int scale, char *words)
{
    static unsigned char quads[QUADS * QUAD];
    const int count = stb_easy_font_print(1, 2, words, NULL, quads, sizeof(quads));

    for (int i = 0; i < count; i++) {
        float from[2], to[2];

        memcpy(from, quads + (size_t)i * QUAD, sizeof(from));
        memcpy(to, quads + (size_t)i * QUAD + 32, sizeof(to));
        fill(image, left + (int)from[0] * scale, top + (int)from[1] * scale, left + (int)to[0] * scale,
             top + (int)to[1] * scale, black);
    }
}

void canvas_mark(struct canvas *canvas, const struct fer_box *box, const char *words)
{
    struct fer_image *image = &canvas->image;
    const int shorter = image->width < image->height ? image->width : image->height;
    const int scale = shorter >= LINE * LINES ? shorter / (LINE * LINES) : 1, high = LINE * scale;
    int left = 0, top = image->height - high, wide, used = 0;
    char text[WORDS];

    for (; *words && used < WORDS - 1; words++) {
        if (((unsigned char)*words & 0xc0) != 0x80) /* one for each character */
            text[used++] = (char)(*words >= ' ' && *words <= '~' ? *words : '?');
    }
    text[used] = '\0';
    wide = (stb_easy_font_width(text) + 2) * scale;
    if (box) {
        const int x0 = (int)(box->x0 * (float)canvas->zoom), y0 = (int)(box->y0 * (float)canvas->zoom);

        frame(image, x0, y0, (int)(box->x1 * (float)canvas->zoom + 0.5f), (int)(box->y1 * (float)canvas->zoom + 0.5f),
              scale);
        left = x0 + wide > image->width ? image->width - wide : x0;
        left = left < 0 ? 0 : left;
        top = y0 < high ? y0 : y0 - high;
    }
    fill(image, left, top, left + wide, top + high, amber);
    write_words(image, left, top, scale, text);
}

enum fer_status canvas_close(struct canvas *canvas, struct fer_error *err)
{
    const enum fer_status status = canvas->path ? fer_image_write_png(&canvas->image, canvas->path, err) : FER_OK;

    fer_image_free(&canvas->image);
    free(canvas->path);
    *canvas = (struct canvas){ 0 };
    return status;
}
