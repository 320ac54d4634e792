/* SPDX-License-Identifier: Apache-2.0 */
#include "haar-plain.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* Whether a pixel lies above the corner (x, y) between its two diagonals. */
static bool in_triangle(int px, int py, int x, int y)
{
    return py < y && abs(px - x + 1) <= y - py - 1;
}

static double tilted_sum(const struct fer_image *im, int wx, int wy, int x, int y, int w, int h)
{
    double sum = 0;
    for (int py = 0; py < im->height; py++)
        for (int px = 0; px < im->width; px++)
            sum += im->pixels[py * im->width + px] *
                   (in_triangle(px, py, wx + x, wy + y) - in_triangle(px, py, wx + x - h, wy + y + h) -
                    in_triangle(px, py, wx + x + w, wy + y + w) + in_triangle(px, py, wx + x + w - h, wy + y + w + h));
    return sum;
}

static double sum_of(const struct fer_image *im, int x, int y, int w, int h, int power)
{
    double sum = 0;
    for (int j = y; j < y + h; j++)
        for (int i = x; i < x + w; i++)
            sum += pow(im->pixels[j * im->width + i], power);
    return sum;
}

/* -1: too flat; else how many stages it passes. */
static int stages_passed(const struct fer_image *im, int x, int y)
{
    const double mean = sum_of(im, x + 1, y + 1, 6, 6, 1) / 36, square = sum_of(im, x + 1, y + 1, 6, 6, 2) / 36;
    const double deviation = sqrt(square - mean * mean), scale = 1 / (36 * deviation);
    if (!(deviation > 10))
        return -1;
    const double all = sum_of(im, x, y, 8, 8, 1);
    const double f0 = (2 * sum_of(im, x, y + 4, 8, 4, 1) - all) * scale;
    const double f1 = (2 * tilted_sum(im, x, y, 4, 0, 2, 4) - tilted_sum(im, x, y, 4, 0, 4, 4)) * scale;
    const double f2 = (2 * sum_of(im, x + 2, y, 2, 8, 1) + 2 * sum_of(im, x + 6, y, 2, 8, 1) - all) * scale;
    if ((f0 < 0 ? 0.3 : 0.9) < 0.5)
        return 0;
    return (f1 < 0.01 ? -0.2 : f2 < -0.02 ? 0.4 : 1.1) + (f0 < 0.1 ? -0.1 : 0.3) < 0.45 ? 1 : 2;
}

/* Bilinear with weights in 1/256, rounded half to even. */
static void neighbours(int i, int from, int to, int *first, int *second, int *weight)
{
    const double at = (i + 0.5) * from / to - 0.5;
    *weight = (int)rint((at - floor(at)) * 256);
    *first = (int)fmin(fmax(floor(at), 0), from - 1);
    *second = (int)fmin(fmax(floor(at) + 1, 0), from - 1);
}

static void scale(const struct fer_image *in, struct fer_image *out)
{
    for (int y = 0; y < out->height; y++)
        for (int x = 0; x < out->width; x++) {
            int x0, x1, y0, y1, h, v;
            neighbours(x, in->width, out->width, &x0, &x1, &h);
            neighbours(y, in->height, out->height, &y0, &y1, &v);
            const uint8_t *a = in->pixels + y0 * in->width, *b = in->pixels + y1 * in->width;
            const double sum =
                (a[x0] * (256 - h) + a[x1] * h) * (256.0 - v) + (b[x0] * (256 - h) + b[x1] * h) * (double)v;
            out->pixels[y * out->width + x] = (uint8_t)floor(sum / 65536 + 0.5);
        }
}

int windows_of(const struct fer_image *image, double factor_step, int min_size, int max_size, struct rectangle *out)
{
    int count = 0;
    for (double factor = 1; rint(8 * factor) <= image->width && rint(8 * factor) <= image->height;
         factor *= factor_step) {
        const int side = (int)rint(8 * factor), step = factor >= 2 ? 1 : 2;
        struct fer_image level = { (int)rint(image->width / factor), (int)rint(image->height / factor), 1, NULL };
        if (side < min_size || (max_size && side > max_size))
            continue;
        level.pixels = calloc((size_t)level.width, (size_t)level.height);
        scale(image, &level);
        for (int y = 0; y <= level.height - 8; y += step)
            for (int x = 0; x <= level.width - 8; x += step) {
                const int passed = stages_passed(&level, x, y);
                if (passed == 2 && count < MOST)
                    out[count++] = (struct rectangle){ (int)rint(x * (double)(float)factor),
                                                       (int)rint(y * (double)(float)factor), side, side };
                x += passed == 0 ? step : 0;
            }
        free(level.pixels);
    }
    return count;
}

static bool alike(const struct rectangle *a, const struct rectangle *b)
{
    const double delta = 0.2 * (fmin(a->w, b->w) + fmin(a->h, b->h)) / 2;
    return fabs((double)a->x - b->x) <= delta && fabs((double)a->y - b->y) <= delta &&
           fabs((double)a->x + a->w - b->x - b->w) <= delta && fabs((double)a->y + a->h - b->y - b->h) <= delta;
}

/* Floods from each rectangle that has no colour yet. */
int group(struct rectangle *r, int count, int min_neighbors)
{
    int *colour = calloc((size_t)count + 1, sizeof(int)), *size = calloc((size_t)count + 1, sizeof(int)), colours = 0;
    struct rectangle *mean = calloc((size_t)count + 1, sizeof(*mean));
    int kept = 0;
    for (int i = 0; i < count; i++) {
        if (colour[i])
            continue;
        colour[i] = ++colours;
        for (bool more = true; more;) {
            more = false;
            for (int a = 0; a < count; a++)
                for (int b = 0; b < count && colour[a] == colours; b++)
                    if (!colour[b] && alike(&r[a], &r[b])) {
                        colour[b] = colours;
                        more = true;
                    }
        }
    }
    for (int c = 0; c < colours; c++) {
        double x = 0, y = 0, w = 0, h = 0;
        for (int i = 0; i < count; i++)
            if (colour[i] == c + 1) {
                x += r[i].x, y += r[i].y, w += r[i].w, h += r[i].h;
                size[c]++;
            }
        mean[c] = (struct rectangle){ (int)rint(x / size[c]), (int)rint(y / size[c]), (int)rint(w / size[c]),
                                      (int)rint(h / size[c]) };
    }
    for (int a = 0; a < colours; a++) {
        bool drop = size[a] <= min_neighbors;
        for (int b = 0; b < colours; b++) {
            const struct rectangle *p = &mean[a], *q = &mean[b];
            const double dx = rint(q->w * 0.2), dy = rint(q->h * 0.2);
            drop = drop || (a != b && size[b] > min_neighbors && p->x >= q->x - dx && p->y >= q->y - dy &&
                            p->x + p->w <= q->x + q->w + dx && p->y + p->h <= q->y + q->h + dy &&
                            (size[b] > fmax(3, size[a]) || size[a] < 3));
        }
        if (!drop)
            r[kept++] = mean[a];
    }
    free(colour);
    free(size);
    free(mean);
    return kept;
}
