/* SPDX-License-Identifier: Apache-2.0 */
#include "occluded.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fer/data.h>
#include <fer/status.h>

static char dir[64];
double occluded_five[COUNT][5][2], occluded_many[COUNT][MARKS][2], occluded_box[COUNT][4];

static double chance(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (double)(*state >> 8) * 0x1p-24;
}

static void write_picture(const char *name, const struct fer_image *image)
{
    struct fer_error err = FER_ERROR_INIT;
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    ck_assert_msg(!fer_image_write_png(image, path, &err), "%s", err.text);
}

/* Numbers as the file says them, so that both sides read the same. */
static double rounded(double v)
{
    return rint(v * 100) / 100;
}

/* A turned face; of its 68 landmarks those of the eyes lie around them, and the box reaches past the picture. */
static void make_face(int n, uint32_t *state)
{
    static const double usual[5][2] = { { -6, -6 }, { 6, -6 }, { 0, 1 }, { -5, 8 }, { 5, 8 } };
    double angle = 0.6 * (chance(state) - 0.5), wide = n % 3 ? 1 : 0.4;

    for (int i = 0; i < 5; i++) {
        double x = usual[i][0] * (i < 3 ? 1 : wide) + chance(state), y = usual[i][1] + chance(state);

        occluded_five[n][i][0] = rounded(WIDTH / 2.0 + cos(angle) * x - sin(angle) * y);
        occluded_five[n][i][1] = rounded(HEIGHT / 2.0 + sin(angle) * x + cos(angle) * y);
    }
    for (int i = 0; i < MARKS; i++)
        for (int k = 0; k < 2; k++) {
            const int of = i < 36 ? 2 : i < 42 ? 0 : i < 48 ? 1 : i < 54 ? 3 : 4;

            occluded_many[n][i][k] =
                rounded(occluded_five[n][of][k] + (i == 30 || i == 48 || i == 54 ? 0 : 4 * (chance(state) - 0.5)));
        }
    for (int k = 0; k < 4; k++)
        occluded_box[n][k] = rounded((k > 1 ? 24 : -4) + 20 * chance(state) + (k == 3 ? 12 : 0));
}

static void open_list(FILE **list, const char *name, const char *x, const char *y, int count)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    *list = fopen(path, "w");
    ck_assert_ptr_nonnull(*list);
    fputs("path", *list);
    for (int i = 0; i < count; i++)
        fprintf(*list, ",%s%d,%s%d", x, i, y, i);
    fputc('\n', *list);
}

static void put_row(FILE *list, int n, const double *values, int count)
{
    fprintf(list, "%02d.png", n);
    for (int i = 0; i < count; i++)
        fprintf(list, ",%.2f", values[i]);
    fputc('\n', list);
}

/* An opaque picture in a folder of its own. */
static void write_plate(const char *name, int side, void (*paint)(uint8_t *rgb, int x, int y, int side))
{
    struct fer_image image = { 0 };
    struct fer_error err = FER_ERROR_INIT;
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    ck_assert(!fer_image_create(&image, side, side, 4, &err));
    for (int i = 0; i < side * side; i++) {
        paint(image.pixels + 4 * i, i % side, i / side, side);
        image.pixels[4 * i + 3] = 255;
    }
    snprintf(path, sizeof(path), "%s/one.png", name);
    write_picture(path, &image);
    fer_image_free(&image);
}

/* Red on the right, green below, blue half. */
static void paint_quarters(uint8_t *rgb, int x, int y, int side)
{
    rgb[0] = x < side / 2 ? 0 : 255;
    rgb[1] = y < side / 2 ? 0 : 255;
    rgb[2] = 128;
}

static void paint_board(uint8_t *rgb, int x, int y, int side)
{
    (void)side;
    rgb[0] = rgb[1] = rgb[2] = (x + y) % 2 ? 255 : 0;
}

void occluded_setup(void)
{
    struct fer_image image = { 0 };
    struct fer_error err = FER_ERROR_INIT;
    uint32_t state = 11;
    char path[128];
    FILE *lists[3];

    snprintf(dir, sizeof(dir), "unit-places.%ld", (long)getpid());
    ck_assert_int_eq(mkdir(dir, 0700), 0);
    write_plate("plates", 64, paint_quarters);
    write_plate("boards", 128, paint_board);
    open_list(&lists[0], "five.csv", "lx", "ly", 5);
    open_list(&lists[1], "many.csv", "lx", "ly", MARKS);
    open_list(&lists[2], "box.csv", "x", "y", 2);
    ck_assert(!fer_image_create(&image, WIDTH, HEIGHT, 3, &err));
    for (int n = 0; n < COUNT; n++) {
        for (int i = 0; i < 3 * WIDTH * HEIGHT; i++)
            image.pixels[i] = (uint8_t)(1 + 200 * chance(&state) + 20 * (i % 3));
        snprintf(path, sizeof(path), "%02d.png", n);
        write_picture(path, &image);
        make_face(n, &state);
        put_row(lists[0], n, occluded_five[n][0], 10);
        put_row(lists[1], n, occluded_many[n][0], 2 * MARKS);
        put_row(lists[2], n, occluded_box[n], 4);
    }
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(fclose(lists[i]), 0);
    fer_image_free(&image);
}

void occluded_teardown(void)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -rf '%s'", dir);
    ck_assert_int_eq(system(command), 0);
}

void occluded_open(struct shown *shown, const char *list, const char *fields, const char *more, const char *occluder,
                   uint64_t seed)
{
    char text[1024];

    snprintf(
        text, sizeof(text),
        "fer 1\nuse data, occlude\ndata d -> image, mask, covered%s = manifest \"%s\" labels=no%s | batch 5 | %s\n",
        fields, list, more, occluder);
    shown_open(shown, dir, text, seed);
    ck_assert_int_eq(shown->count, COUNT);
}

void occluded_bare(struct shown *shown)
{
    shown_open(shown, dir, "fer 1\nuse data\ndata d -> image = manifest \"five.csv\" labels=no | batch 5\n", 1);
}
