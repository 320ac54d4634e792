/* SPDX-License-Identifier: Apache-2.0
 *
 * Two eyes in every picture of a batch: gray canvases, the search (haar.cl), then windows become rectangles and two of these
 * become five points of a face.  Lists of rectangles are rows of five: x, y, w, h, members.
 *
 *     accepted [n][level][ROOM][5], counts [n][level]  ->  rects [n][MOST][5], classes [n][MOST]  ->  landmarks [n][5][2]
 */
#define ROOM 128 /* accepted windows of one level */
#define MOST 512 /* of one picture */
#define COLUMNS 5

#ifdef FER_KERNEL_eyes_canvas
/* Luma (ITU-R 601) `times` as large, bilinear with half-pixel centres, as bytes. */
static float luma(__global const float *pixels, int channels, size_t plane)
{
    return channels == 1 ? pixels[0] : 0.299f * pixels[0] + 0.587f * pixels[plane] + 0.114f * pixels[2 * plane];
}

__kernel void eyes_canvas(FER_IN(image), FER_OUT(canvas), const int times)
{
    const int x = get_global_id(0), y = get_global_id(1), n = get_global_id(2);
    if (n >= canvas_dim.x || y >= canvas_dim.y || x >= canvas_dim.z)
        return;
    const int w = image_dim.w, h = image_dim.z;
    const size_t plane = (size_t)w * (size_t)h;
    __global const float *pixels = DATA(image) + (size_t)n * (size_t)image_dim.y * plane;
    const float px = clamp(((float)x + 0.5f) / (float)times - 0.5f, 0.0f, (float)(w - 1));
    const float py = clamp(((float)y + 0.5f) / (float)times - 0.5f, 0.0f, (float)(h - 1));
    const int x0 = (int)px, y0 = (int)py, x1 = min(x0 + 1, w - 1), y1 = min(y0 + 1, h - 1);
    const float above = mix(luma(pixels + y0 * w + x0, image_dim.y, plane), luma(pixels + y0 * w + x1, image_dim.y, plane),
                            px - (float)x0);
    const float below = mix(luma(pixels + y1 * w + x0, image_dim.y, plane), luma(pixels + y1 * w + x1, image_dim.y, plane),
                            px - (float)x0);
    DATA(canvas)[((size_t)n * (size_t)canvas_dim.y + (size_t)y) * (size_t)canvas_dim.z + (size_t)x] =
        convert_uchar_sat_rte(255.0f * mix(above, below, py - (float)y0));
}
#endif

#ifdef FER_KERNEL_eyes_collect
/* The accepted windows of one level, in order.  The neighbour on the right of a window that the first stage rejects is left
 * out, as everywhere.  A row of the table: width, height, step, nx, ny, offset; factors[level] is what windows grow by. */
__kernel void eyes_collect(FER_IN(result), FER_IN(table), FER_IN(factors), FER_OUT(accepted), FER_OUT(counts),
                           const int window_w, const int window_h)
{
    const int level = get_global_id(0), n = get_global_id(1);
    if (n >= counts_dim.x || level >= counts_dim.y)
        return;
    __global const int *row = DATA(table) + 8 * (level + 1);
    __global const uchar *verdict = DATA(result) + (size_t)n * (size_t)result_dim.y + (size_t)row[5];
    __global float *out = DATA(accepted) + ((size_t)n * (size_t)counts_dim.y + (size_t)level) * ROOM * COLUMNS;
    const float factor = DATA(factors)[level], step = (float)row[2] * factor;
    int count = 0;
    for (int y = 0; y < row[4]; y++)
        for (int x = 0; x < row[3] && count < ROOM; x++) {
            const uchar v = verdict[(size_t)y * (size_t)row[3] + (size_t)x];
            if (v == 2) {
                __global float *rect = out + COLUMNS * count++;
                rect[0] = rint((float)x * step), rect[1] = rint((float)y * step);
                rect[2] = rint((float)window_w * factor), rect[3] = rint((float)window_h * factor);
                rect[4] = 1.0f;
            }
            x += v == 0;
        }
    DATA(counts)[(size_t)n * (size_t)counts_dim.y + (size_t)level] = count;
}
#endif

#ifdef FER_KERNEL_eyes_choose
#define EPS 0.2f

static bool alike(__global const float *a, __global const float *b)
{
    const float delta = EPS * 0.5f * (min(a[2], b[2]) + min(a[3], b[3]));
    return fabs(a[0] - b[0]) <= delta && fabs(a[1] - b[1]) <= delta && fabs(a[0] + a[2] - b[0] - b[2]) <= delta &&
           fabs(a[1] + a[3] - b[1] - b[3]) <= delta;
}

static int gather(__global float *rects, __global const float *accepted, __global const int *counts, int levels)
{
    int n = 0;
    for (int level = 0; level < levels; level++)
        for (int i = 0; i < counts[level] && n < MOST; i++, n++)
            for (int k = 0; k < COLUMNS; k++)
                rects[COLUMNS * n + k] = accepted[((size_t)level * ROOM + i) * COLUMNS + k];
    return n;
}

/* Rectangles that are alike, also through others, become their mean; those of at most min_neighbors members, and those within
 * a stronger one, are dropped: as cv::groupRectangles, see group.c.  A class is called by its first member. */
static int group(__global float *rects, __global int *first, int n, int min_neighbors)
{
    for (int i = 0; i < n; i++) {
        first[i] = i;
        for (int k = 0; k < i; k++) {
            const int a = first[i], b = first[k];
            if (a == b || !alike(rects + COLUMNS * i, rects + COLUMNS * k))
                continue;
            for (int j = 0; j <= i; j++)
                first[j] = first[j] == max(a, b) ? min(a, b) : first[j];
        }
    }
    int kept = 0;
    for (int i = 0; i < n; i++) { /* means are written before the first member that is still to be read */
        float sum[COLUMNS] = { 0.0f };
        for (int j = i; j < n && first[i] == i; j++)
            for (int k = 0; k < COLUMNS; k++)
                sum[k] += first[j] == i ? rects[COLUMNS * j + k] : 0.0f;
        if (sum[4] <= (float)min_neighbors)
            continue;
        for (int k = 0; k < 4; k++)
            rects[COLUMNS * kept + k] = rint(sum[k] / sum[4]);
        rects[COLUMNS * kept++ + 4] = sum[4];
    }
    return kept;
}

static bool swallowed(__global const float *rects, int i, int n)
{
    __global const float *a = rects + COLUMNS * i;
    for (int k = 0; k < n; k++) {
        __global const float *b = rects + COLUMNS * k;
        const float dx = rint(b[2] * EPS), dy = rint(b[3] * EPS);
        if (k != i && a[0] >= b[0] - dx && a[1] >= b[1] - dy && a[0] + a[2] <= b[0] + b[2] + dx &&
            a[1] + a[3] <= b[1] + b[3] + dy && (b[4] > max(3.0f, a[4]) || a[4] < 3.0f))
            return true;
    }
    return false;
}

/* How good two rectangles are as the left and the right eye of a face that fills the picture: the windows that they stand
 * for, 0 where they cannot be. */
static float pair_score(__global const float *left, __global const float *right, float width, float height)
{
    const float x = right[0] + 0.5f * right[2] - left[0] - 0.5f * left[2];
    const float y = right[1] + 0.5f * right[3] - left[1] - 0.5f * left[3];
    const float middle = 0.5f * (right[1] + 0.5f * right[3] + left[1] + 0.5f * left[3]);
    const float ratio = left[2] / right[2];
    const bool good = x > 0.15f * width && x < 0.75f * width && fabs(y) < 0.35f * x && middle < 0.7f * height &&
                      ratio > 0.5f && ratio < 2.0f;
    return good ? left[4] + right[4] : 0.0f;
}

/* Nose and mouth from the eyes: 0.58 and 1.1 of their distance below, the corners of the mouth 0.82 apart. */
static void put_face(__global float *out, float2 left, float2 right)
{
    const float2 along = right - left, down = (float2)(-along.y, along.x), middle = 0.5f * (left + right);
    vstore2(left, 0, out);
    vstore2(right, 1, out);
    vstore2(middle + 0.58f * down, 2, out);
    vstore2(middle + 1.1f * down - 0.41f * along, 3, out);
    vstore2(middle + 1.1f * down + 0.41f * along, 4, out);
}

__kernel void eyes_choose(FER_IN(accepted), FER_IN(counts), FER_OUT(rects), FER_OUT(classes), FER_OUT(landmarks),
                          FER_OUT(found), const int width, const int height, const int times, const int min_neighbors)
{
    const int n = get_global_id(0), levels = counts_dim.y;
    if (n >= counts_dim.x)
        return;
    __global float *mine = DATA(rects) + (size_t)n * MOST * COLUMNS, *out = DATA(landmarks) + 10 * (size_t)n;
    int count = gather(mine, DATA(accepted) + (size_t)n * (size_t)levels * ROOM * COLUMNS,
                       DATA(counts) + (size_t)n * (size_t)levels, levels);
    count = group(mine, DATA(classes) + (size_t)n * MOST, count, min_neighbors);
    float best = 0.0f;
    put_face(out, (float2)(NAN), (float2)(NAN));
    for (int i = 0; i < count; i++)
        for (int k = 0; k < count; k++) {
            __global const float *a = mine + COLUMNS * i, *b = mine + COLUMNS * k;
            const float score = pair_score(a, b, (float)width, (float)height);
            if (score <= best || swallowed(mine, i, count) || swallowed(mine, k, count))
                continue;
            best = score;
            put_face(out, ((float2)(a[0], a[1]) + 0.5f * (float2)(a[2], a[3])) / (float)times,
                     ((float2)(b[0], b[1]) + 0.5f * (float2)(b[2], b[3])) / (float)times);
        }
    DATA(found)[n] = best > 0.0f ? 1.0f : 0.0f;
}
#endif
