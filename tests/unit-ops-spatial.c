/* SPDX-License-Identifier: Apache-2.0
 *
 * Pooling, resizing and padding of planes.
 */
#include "harness.h"

#include <math.h>

static int larger(int a, int b)
{
    return a > b ? a : b;
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

/* What a reference makes of one plane [h][w] at output row i and column j. */
typedef double plane_function(const struct op_reference *r, const double *plane, int height, int width, int i, int j);

static void each_plane(const struct op_reference *r, plane_function *f)
{
    const struct op_tensor *x = &r->in[0], *y = &r->out[0];
    const size_t size = (size_t)x->dim[2] * (size_t)x->dim[3];
    for (int n = 0; n < y->dim[0]; n++)
        for (int c = 0; c < y->dim[1]; c++)
            for (int i = 0; i < y->dim[2]; i++)
                for (int j = 0; j < y->dim[3]; j++)
                    y->v[op_at(y, n, c, i, j)] =
                        f(r, x->v + ((size_t)n * (size_t)x->dim[1] + (size_t)c) * size, x->dim[2], x->dim[3], i, j);
}

/* ---- pooling; p: kernel, stride, pad, include_pad ---- */

static double maximum(const struct op_reference *r, const double *plane, int height, int width, int i, int j)
{
    const int kernel = (int)r->p[0], top = i * (int)r->p[1] - (int)r->p[2], left = j * (int)r->p[1] - (int)r->p[2];
    double most = -INFINITY;
    for (int h = larger(top, 0); h < smaller(top + kernel, height); h++)
        for (int w = larger(left, 0); w < smaller(left + kernel, width); w++)
            most = fmax(most, plane[h * width + w]);
    return most;
}

/* PyTorch's AvgPool2d: a window that ceil lets reach past the padding does not count what lies there. */
static double average(const struct op_reference *r, const double *plane, int height, int width, int i, int j)
{
    const int kernel = (int)r->p[0], pad = (int)r->p[2], top = i * (int)r->p[1] - pad, left = j * (int)r->p[1] - pad;
    double sum = 0;
    int counted = 0;
    for (int h = top; h < top + kernel && h < height + pad; h++)
        for (int w = left; w < left + kernel && w < width + pad; w++) {
            const bool inside = h >= 0 && h < height && w >= 0 && w < width;
            sum += inside ? plane[h * width + w] : 0;
            counted += inside || r->p[3] != 0;
        }
    return sum / counted;
}

/* Mean of the inputs from floor(o in / out) to ceil((o + 1) in / out): adaptive pooling and area resizing. */
static double share(const struct op_reference *r, const double *plane, int height, int width, int i, int j)
{
    const int rows = r->out[0].dim[2], columns = r->out[0].dim[3];
    const int top = i * height / rows, bottom = (int)ceil((i + 1) * (double)height / rows - 1e-9);
    const int left = j * width / columns, right = (int)ceil((j + 1) * (double)width / columns - 1e-9);
    double sum = 0;
    for (int h = top; h < bottom; h++)
        for (int w = left; w < right; w++)
            sum += plane[h * width + w];
    return sum / ((bottom - top) * (right - left));
}

static double all_of_plane(const struct op_reference *r, const double *plane, int height, int width, int i, int j)
{
    double sum = 0;
    (void)r, (void)i, (void)j;
    for (int k = 0; k < height * width; k++)
        sum += plane[k];
    return sum / (height * width);
}

/* ---- resizing; p: scale (0: none), align_corners ---- */

static double ratio_of(const struct op_reference *r, int in, int out)
{
    if (r->p[1] != 0)
        return out > 1 ? (in - 1.0) / (out - 1) : 0;
    return r->p[0] != 0 ? 1 / r->p[0] : (double)in / out;
}

static double nearest_pixel(const struct op_reference *r, const double *plane, int height, int width, int i, int j)
{
    const int h = (int)floor(i * ratio_of(r, height, r->out[0].dim[2]) + 1e-9);
    const int w = (int)floor(j * ratio_of(r, width, r->out[0].dim[3]) + 1e-9);
    return plane[smaller(h, height - 1) * width + smaller(w, width - 1)];
}

struct place {
    int low, high;
    double part; /* of high */
};

static struct place place_of(const struct op_reference *r, int in, int out, int o)
{
    const double ratio = ratio_of(r, in, out);
    const double at = r->p[1] != 0 ? o * ratio : fmax((o + 0.5) * ratio - 0.5, 0);
    const int low = smaller((int)floor(at), in - 1);
    return (struct place){ low, smaller(low + 1, in - 1), at - low };
}

static double bilinear_pixel(const struct op_reference *r, const double *plane, int height, int width, int i, int j)
{
    const struct place h = place_of(r, height, r->out[0].dim[2], i), w = place_of(r, width, r->out[0].dim[3], j);
    const double *low = plane + h.low * width, *high = plane + h.high * width;
    return (1 - h.part) * ((1 - w.part) * low[w.low] + w.part * low[w.high]) +
           h.part * ((1 - w.part) * high[w.low] + w.part * high[w.high]);
}

/* ---- a border; p: left, top, value ---- */

static double bordered(const struct op_reference *r, const double *plane, int height, int width, int i, int j)
{
    const int h = i - (int)r->p[1], w = j - (int)r->p[0];
    return h >= 0 && h < height && w >= 0 && w < width ? plane[h * width + w] : r->p[2];
}

#define REFERENCE(name, plane)                                                                                         \
    static void name(const struct op_reference *r)                                                                     \
    {                                                                                                                  \
        each_plane(r, plane);                                                                                          \
    }
REFERENCE(maxpool, maximum)
REFERENCE(avgpool, average)
REFERENCE(adaptive, share)
REFERENCE(global, all_of_plane)
REFERENCE(nearest, nearest_pixel)
REFERENCE(bilinear, bilinear_pixel)
REFERENCE(pad, bordered)

static const struct op_case cases[] = {
    OP_CASE("maxpool 3 stride=2 pad=1", "2,18,7,9", maxpool, { 3, 2, 1 }),
    OP_CASE("maxpool 2", "3,5,6,4", maxpool, { 2, 2, 0 }),
    OP_CASE("maxpool 3 stride=2 ceil=yes", "2,17,8,6", maxpool, { 3, 2, 0 }),
    OP_CASE("maxpool 2 stride=3", "1,3,8,8", maxpool, { 2, 3, 0 }),
    OP_CASE("maxpool 5 stride=1 pad=2", "2,3,5,6", maxpool, { 5, 1, 2 }),
    OP_CASE("avgpool 2", "3,18,6,5", avgpool, { 2, 2, 0, 1 }),
    OP_CASE("avgpool 3 stride=2 pad=1", "2,5,7,6", avgpool, { 3, 2, 1, 1 }),
    OP_CASE("avgpool 3 stride=2 pad=1 include_pad=no", "2,5,7,6", avgpool, { 3, 2, 1, 0 }),
    OP_CASE("avgpool 3 stride=2 pad=1 ceil=yes", "2,17,6,8", avgpool, { 3, 2, 1, 1 }),
    OP_CASE("avgpool global", "3,18,5,7", global),
    OP_CASE("avgpool global", "1,5,13,14", global),
    OP_CASE("avgpool adaptive=3", "2,18,7,4", adaptive),
    OP_CASE("avgpool adaptive=5", "2,3,3,9", adaptive),
    OP_CASE("upsample 2", "2,18,3,5", nearest, { 2 }),
    OP_CASE("upsample 2 mode=bilinear", "2,18,3,5", bilinear, { 2 }),
    OP_CASE("upsample 1.5 mode=bilinear", "2,3,5,4", bilinear, { 1.5 }),
    OP_CASE("upsample size=[5, 9] mode=bilinear align_corners=yes", "2,3,3,4", bilinear, { 0, 1 }),
    OP_CASE("upsample size=[1] mode=bilinear align_corners=yes", "1,3,3,4", bilinear, { 0, 1 }),
    OP_CASE("resize [4, 3] mode=nearest", "2,18,9,7", nearest),
    OP_CASE("resize [3, 4]", "2,18,9,7", bilinear),
    OP_CASE("resize [3, 4] mode=area", "2,18,9,7", adaptive),
    OP_CASE("resize [7] mode=area", "3,3,5,4", adaptive),
    OP_CASE("pad [1, 2, 0, 3] value=0.5", "2,18,3,4", pad, { 1, 0, 0.5 }),
    OP_CASE("pad [2]", "2,3,1,4", pad, { 2, 2, 0 }),
    OP_CASE("resize_like", "2,18,3,4 2,3,7,5", bilinear),
    OP_CASE("resize_like mode=nearest", "2,3,6,4 2,1,3,8", nearest),
};

int main(void)
{
    return op_main("ops-spatial", cases, sizeof cases / sizeof cases[0], NULL);
}
