/* SPDX-License-Identifier: Apache-2.0 */
#include <fer/align.h>
#include <math.h>
#include <string.h>

enum { PLACES_MOST = 16 }; /* a side of the grid of places that a pixel is the mean of */

static void mean_of(const double (*points)[2], int count, double mean[2])
{
    mean[0] = mean[1] = 0;
    for (int i = 0; i < count; i++) {
        mean[0] += points[i][0] / count;
        mean[1] += points[i][1] / count;
    }
}

enum fer_status fer_similarity_fit(const double (*from)[2], const double (*to)[2], int count,
                                   struct fer_similarity *out, struct fer_error *err)
{
    double f[2], t[2], along = 0, across = 0, spread = 0;

    mean_of(from, count, f);
    mean_of(to, count, t);
    for (int i = 0; i < count; i++) {
        const double x = from[i][0] - f[0], y = from[i][1] - f[1], u = to[i][0] - t[0], v = to[i][1] - t[1];

        along += x * u + y * v;
        across += x * v - y * u;
        spread += x * x + y * y;
    }
    *out = (struct fer_similarity){ .a = along / spread, .b = across / spread };
    out->dx = t[0] - out->a * f[0] + out->b * f[1];
    out->dy = t[1] - out->b * f[0] - out->a * f[1];
    if (!(spread > 0) || !isfinite(out->a + out->b + out->dx + out->dy) || (out->a == 0 && out->b == 0))
        return fer_fail(err, FER_EINVAL, "landmarks that all lie in one place cannot be aligned");
    return FER_OK;
}

void fer_similarity_apply(const struct fer_similarity *map, double x, double y, double out[2])
{
    out[0] = map->a * x - map->b * y + map->dx;
    out[1] = map->b * x + map->a * y + map->dy;
}

void fer_face_points(double size, double margin, double points[5][2])
{
    static const double places[5][2] = {
        { 38.2946, 51.6963 }, { 73.5318, 51.5014 }, { 56.0252, 71.7366 }, { 41.5493, 92.3655 }, { 70.7299, 92.2041 }
    };

    for (int i = 0; i < 5; i++)
        for (int k = 0; k < 2; k++)
            points[i][k] = size * (places[i][k] / 112 + margin) / (1 + 2 * margin);
}

/* ---- landmarks ---- */

static void mean_landmark(const float (*landmark)[2], int first, int past, double out[2])
{
    out[0] = out[1] = 0;
    for (int i = first; i < past; i++)
        for (int k = 0; k < 2; k++)
            out[k] += (double)landmark[i][k] / (past - first);
}

enum fer_status fer_face_five(int count, const float (*landmark)[2], double points[5][2], struct fer_error *err)
{
    static const int of_68[5][2] = { { 36, 42 }, { 42, 48 }, { 30, 31 }, { 48, 49 }, { 54, 55 } };

    if (count != 5 && count != 68)
        return fer_fail(err, FER_EINVAL, "a face is aligned by 5 or 68 landmarks, not by %d", count);
    for (int i = 0; i < 5; i++) {
        mean_landmark(landmark, count == 5 ? i : of_68[i][0], count == 5 ? i + 1 : of_68[i][1], points[i]);
        if (!isfinite(points[i][0]) || !isfinite(points[i][1]))
            return fer_fail(err, FER_EINVAL, "landmark %d of the face is not a number", i);
    }
    return FER_OK;
}

enum fer_status fer_face_align(int count, const float (*landmark)[2], double size, double margin,
                               struct fer_similarity *out, struct fer_error *err)
{
    double from[5][2], to[5][2];
    enum fer_status status = fer_face_five(count, landmark, from, err);

    fer_face_points(size, margin, to);
    return status ? status : fer_similarity_fit((const double(*)[2])from, (const double(*)[2])to, 5, out, err);
}

/* ---- pixels ---- */

static size_t within(double i, int size)
{
    return i < 0 ? 0 : i > size - 1 ? (size_t)size - 1 : (size_t)i;
}

static void add_place(const struct fer_image *in, double x, double y, double *sum)
{
    const double left = floor(x - 0.5), above = floor(y - 0.5), fx = x - 0.5 - left, fy = y - 0.5 - above;
    const size_t x0 = within(left, in->width), x1 = within(left + 1, in->width), channels = (size_t)in->channels;
    const uint8_t *upper = in->pixels + within(above, in->height) * (size_t)in->width * channels;
    const uint8_t *lower = in->pixels + within(above + 1, in->height) * (size_t)in->width * channels;

    for (size_t c = 0; c < channels; c++)
        sum[c] += (1 - fy) * ((1 - fx) * upper[x0 * channels + c] + fx * upper[x1 * channels + c]) +
                  fy * ((1 - fx) * lower[x0 * channels + c] + fx * lower[x1 * channels + c]);
}

enum fer_status fer_image_warp(struct fer_image *out, const struct fer_image *in, const struct fer_similarity *map,
                               int width, int height, struct fer_error *err)
{
    const double square = map->a * map->a + map->b * map->b;
    const struct fer_similarity back = { map->a / square, -map->b / square,
                                         -(map->a * map->dx + map->b * map->dy) / square,
                                         (map->b * map->dx - map->a * map->dy) / square };
    const int side = (int)fmin(fmax(1, ceil(1 / sqrt(square) - 1e-9)), PLACES_MOST);
    enum fer_status status;

    *out = (struct fer_image){ 0 };
    if (!(square > 0) || !isfinite(back.a + back.b + back.dx + back.dy))
        return fer_fail(err, FER_EINVAL, "the picture cannot be brought to a scale of 0");
    status = fer_image_create(out, width, height, in->channels, err);
    for (int y = 0; status == FER_OK && y < height; y++)
        for (int x = 0; x < width; x++) {
            uint8_t *pixel = out->pixels + ((size_t)y * (size_t)width + (size_t)x) * (size_t)in->channels;
            double sum[4] = { 0 }, at[2];

            for (int k = 0; k < side * side; k++) {
                fer_similarity_apply(&back, x + (k % side + 0.5) / side, y + ((int)(k / side) + 0.5) / side, at);
                add_place(in, at[0], at[1], sum);
            }
            for (int c = 0; c < in->channels; c++)
                pixel[c] = (uint8_t)lround(sum[c] / (side * side));
        }
    return status;
}
