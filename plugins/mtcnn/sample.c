/* SPDX-License-Identifier: Apache-2.0 */
#include "mtcnn.h"

#include <string.h>

/* The pixels that pixel i of `to` touches when `from` pixels are brought to `to`. */
static void span(int i, int from, int to, int *first, int *past)
{
    *first = (int)((int64_t)i * from / to);
    *past = (int)(((int64_t)(i + 1) * from + to - 1) / to);
}

static void add_row(const uint8_t *row, int count, uint32_t *sums)
{
    for (int i = 0; i < count; i++)
        sums[i] += row[i];
}

void mtcnn_sample(const struct fer_image *image, const struct window *window, const struct tile *tile, uint32_t *sums,
                  float *planes)
{
    const size_t plane = (size_t)tile->columns * (size_t)tile->rows;
    int left, right, none;

    span(tile->left, window->width, window->columns, &left, &none);
    span(tile->left + tile->columns - 1, window->width, window->columns, &none, &right);
    for (int y = 0; y < tile->rows; y++) {
        int above, below;

        span(tile->top + y, window->height, window->rows, &above, &below);
        memset(sums, 0, 3 * (size_t)(right - left) * sizeof(*sums));
        for (int k = above; k < below; k++)
            add_row(image->pixels + 3 * ((size_t)(window->y + k) * (size_t)image->width + (size_t)(window->x + left)),
                    3 * (right - left), sums);
        for (int x = 0; x < tile->columns; x++) {
            float *out = planes + (size_t)y * (size_t)tile->columns + (size_t)x;
            uint32_t sum[3] = { 0 };
            int from, past;

            span(tile->left + x, window->width, window->columns, &from, &past);
            for (int k = from - left; k < past - left; k++)
                for (int c = 0; c < 3; c++)
                    sum[c] += sums[3 * k + c];
            for (int c = 0; c < 3; c++)
                out[(size_t)c * plane] =
                    ((float)sum[c] / (float)((past - from) * (below - above)) - 127.5f) * 0.0078125f;
        }
    }
}
