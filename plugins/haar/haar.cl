/* SPDX-License-Identifier: Apache-2.0
 *
 * One level of the pyramid: the scaled picture, its integral images, the cascade over all windows.
 *
 * Integral images (Crow 1984; Viola and Jones 2004) have a row and a column of zeros first: sum(x, y) is the sum of the
 * pixels above and left of the corner (x, y).  All of it is whole numbers, so the order of sums does not matter; squares
 * are kept modulo 2^32, which differences over a window undo.
 *
 * Several canvases of one size, width x height, lie one behind the other, and share a table:
 *
 *     image, pixels [n][height][width]      sum, squares, tilted [n][height + 1][width + 1]      result [n][windows]
 */
#pragma OPENCL FP_CONTRACT OFF

/* columns of the table's rows */
#define WIDTH 0
#define HEIGHT 1
#define STEP 2
#define NX 3
#define NY 4
#define OFFSET 5
#define ROW(level) (DATA(table) + 8 * ((level) + 1))
/* Where canvas n = get_global_id(2) begins. */
#define CANVAS ((size_t)get_global_id(2) * (size_t)width * (size_t)height)
#define SUMS ((size_t)get_global_id(2) * (size_t)(width + 1) * (size_t)(height + 1))

#ifdef FER_KERNEL_haar_scale
/* Where pixel x of `to` lies among those of `from`: the first of two neighbours and the second's weight in 1/256,
 * (x + 1/2) from / to - 1/2 in whole numbers, rounded half to even. */
static int2 neighbours(int x, int from, int to)
{
    const int place = (2 * x + 1) * from - to, twice = 2 * to;
    int first = place / twice;
    int rest = place % twice;
    if (rest < 0) {
        rest += twice;
        first--;
    }
    const int scaled = rest * 128;
    int weight = scaled / to;
    const int over = 2 * (scaled % to);
    weight += over > to || (over == to && (weight & 1));
    return (int2)(first, weight);
}

/* Bilinear with weights of 8 bits, as OpenCV's INTER_LINEAR_EXACT. */
__kernel void haar_scale(FER_IN(image), FER_IN(table), FER_OUT(pixels), const int level, const int width,
                         const int height)
{
    const int x = get_global_id(0), y = get_global_id(1);
    __global const int *row = ROW(level);
    const int from_w = ROW(-1)[WIDTH], from_h = ROW(-1)[HEIGHT];
    if (x >= row[WIDTH] || y >= row[HEIGHT])
        return;
    const int2 h = neighbours(x, from_w, row[WIDTH]), v = neighbours(y, from_h, row[HEIGHT]);
    const int x0 = clamp(h.x, 0, from_w - 1), x1 = clamp(h.x + 1, 0, from_w - 1);
    __global const uchar *above = DATA(image) + CANVAS + (size_t)clamp(v.x, 0, from_h - 1) * (size_t)width;
    __global const uchar *below = DATA(image) + CANVAS + (size_t)clamp(v.x + 1, 0, from_h - 1) * (size_t)width;
    const int top = above[x0] * (256 - h.y) + above[x1] * h.y, bottom = below[x0] * (256 - h.y) + below[x1] * h.y;
    DATA(pixels)[CANVAS + (size_t)y * (size_t)width + (size_t)x] =
        (uchar)((top * (256 - v.y) + bottom * v.y + (1 << 15)) >> 16);
}
#endif

#ifdef FER_KERNEL_haar_rows
/* A work-group of LANES makes the sums along one row, LANES pixels at a time. */
__kernel void haar_rows(FER_IN(pixels), FER_IN(table), FER_OUT(sum), FER_OUT(squares), const int level, const int width,
                        const int height)
{
    __global const int *row = ROW(level);
    const int y = get_global_id(1), lane = get_local_id(0);
    if (y >= row[HEIGHT]) /* the whole group */
        return;
    __global const uchar *in = DATA(pixels) + CANVAS + (size_t)y * (size_t)width;
    __global int *out = DATA(sum) + SUMS + (size_t)(y + 1) * (size_t)(width + 1);
    __global uint *out2 = DATA(squares) + SUMS + (size_t)(y + 1) * (size_t)(width + 1);
    int total = 0;
    uint total2 = 0;
    if (lane == 0)
        out[0] = out2[0] = 0;
#if LANES == 1
    for (int x = 0; x < row[WIDTH]; x++) {
        const uint v = in[x];
        out[x + 1] = total += (int)v;
        out2[x + 1] = total2 += v * v;
    }
#else
    __local int part[LANES];
    __local uint part2[LANES];
    for (int x = lane; x - lane < row[WIDTH]; x += LANES) {
        const uint v = x < row[WIDTH] ? in[x] : 0;
        int mine = (int)v;
        uint mine2 = v * v;
        for (int reach = 1; reach < LANES; reach *= 2) { /* Hillis and Steele 1986 */
            part[lane] = mine;
            part2[lane] = mine2;
            barrier(CLK_LOCAL_MEM_FENCE);
            mine += lane >= reach ? part[lane - reach] : 0;
            mine2 += lane >= reach ? part2[lane - reach] : 0;
            barrier(CLK_LOCAL_MEM_FENCE);
        }
        if (x < row[WIDTH]) {
            out[x + 1] = total + mine;
            out2[x + 1] = total2 + mine2;
        }
        part[lane] = mine;
        part2[lane] = mine2;
        barrier(CLK_LOCAL_MEM_FENCE);
        total += part[LANES - 1];
        total2 += part2[LANES - 1];
        barrier(CLK_LOCAL_MEM_FENCE);
    }
#endif
}
#endif

#ifdef FER_KERNEL_haar_columns
/* Down the columns: sums along rows become integral images. */
__kernel void haar_columns(FER_IN(table), FER_INOUT(sum), FER_INOUT(squares), const int level,
                           const int width, const int height)
{
    __global const int *row = ROW(level);
    const int x = get_global_id(0);
    if (row[WIDTH] == 0 || x > row[WIDTH])
        return;
    __global int *at = DATA(sum) + SUMS + x;
    __global uint *at2 = DATA(squares) + SUMS + x;
    int total = 0;
    uint total2 = 0;
    at[0] = 0;
    at2[0] = 0;
    for (int y = 1; y <= row[HEIGHT]; y++) {
        at += width + 1;
        at2 += width + 1;
        *at = total += *at;
        *at2 = total2 += *at2;
    }
}
#endif

#ifdef FER_KERNEL_haar_tilted
/* tilted(X, Y) is the sum of the pixels of the triangle above the corner: in row Y - d those from X - d to X + d - 2, for
 * d = 1 … Y (Lienhart and Maydt 2002).  With the sums along rows that is a sum of right ends along one diagonal minus a
 * sum of left ends along the other.  A work-item walks one diagonal; pass 0 the right ends, pass 1 the left ones, which are
 * what pass 0 left reduced by them.  Sums along a row are differences of the integral image. */
__kernel void haar_tilted(FER_IN(table), FER_IN(sum), FER_INOUT(tilted), const int level, const int width,
                          const int height, const int pass)
{
    __global const int *row = ROW(level);
    const int w = row[WIDTH], h = row[HEIGHT], stride = width + 1, diagonal = get_global_id(0) - h;
    if (w == 0 || diagonal > w + h)
        return;
    /* the corner is (x, y); pass 0 goes left and down from (diagonal, 0), pass 1 right and down */
    int total = 0;
    for (int y = 0; y <= h; y++) {
        const int x = pass == 0 ? diagonal - y : diagonal + y;
        if (y > 0) { /* the end in row y - 1: right of pixel x - 1, or left of it */
            const int end = clamp(pass == 0 ? x : x - 1, 0, w);
            __global const int *at = DATA(sum) + SUMS + (size_t)y * (size_t)stride + (size_t)end;
            total += *at - *(at - stride);
        }
        if (x < 0 || x > w)
            continue;
        __global int *out = DATA(tilted) + SUMS + (size_t)y * (size_t)stride + (size_t)x;
        *out = pass == 0 ? total : *out - total;
    }
}
#endif

#ifdef FER_KERNEL_haar_windows
/* A row of stages: first tree, trees, threshold, next stage after success and after failure (negative: the end).
 * A row of tests: threshold, below, above, tilted, then x, y, w, h and weight of three rectangles. */
#define TEST 19
#define FIRST 0
#define LATER 1
#define FACE 2
#define NOTHING (-1)

static int upright_sum(__global const int *p, int stride, int w, int h)
{
    return p[0] - p[w] - p[h * stride] + p[h * stride + w];
}

static float value_of(__global const int *test, __global const int *sum, __global const int *tilted, int stride)
{
    float value = 0.0f;
    for (int i = 0; i < 3; i++) {
        __global const int *r = test + 4 + 5 * i;
        const float weight = as_float(r[4]);
        const int at = r[1] * stride + r[0], w = r[2], h = r[3];
        if (weight == 0.0f)
            continue;
#ifdef TILTED
        if (test[3]) {
            __global const int *p = tilted + at;
            value += weight * (float)(p[0] - p[h * (stride - 1)] - p[w * (stride + 1)] + p[w * (stride + 1) + h * (stride - 1)]);
            continue;
        }
#endif
        value += weight * (float)upright_sum(sum + at, stride, w, h);
    }
    return value;
}

/* 1 / (area * deviation) of the window without its outermost pixels; 0 where it is too flat to hold anything (a deviation
 * of at most 10). */
static float normalisation(__global const int *sum, __global const uint *squares, int stride, int w, int h)
{
    const int corner = stride + 1;
    __global const uint *q = squares + corner;
    const int area = w * h;
    const long s = upright_sum(sum + corner, stride, w, h);
    const uint s2 = q[0] - q[w] - q[h * stride] + q[h * stride + w];
    const long variance = (long)area * (long)s2 - s * s; /* times the area squared */
    if (variance <= 0)
        return 0.0f;
    const float inverse = 1.0f / sqrt((float)variance);
    return (float)area * inverse < 0.1f ? inverse : 0.0f;
}

__kernel void haar_windows(FER_IN(table), FER_IN(sum), FER_IN(squares), FER_IN(stages), FER_IN(roots), FER_IN(tests),
                           FER_IN(leaves),
#ifdef TILTED
                           FER_IN(tilted),
#endif
                           FER_OUT(result), const int level, const int width, const int height, const int windows,
                           const int window_w, const int window_h)
{
    __global const int *row = ROW(level);
    const int i = get_global_id(0), j = get_global_id(1), stride = width + 1;
    if (i >= row[NX] || j >= row[NY])
        return;
    const size_t corner = SUMS + (size_t)(j * row[STEP]) * (size_t)stride + (size_t)(i * row[STEP]);
    __global const int *s = DATA(sum) + corner;
#ifdef TILTED
    __global const int *t = DATA(tilted) + corner;
#else
    __global const int *t = s;
#endif
    const float scale = normalisation(s, DATA(squares) + corner, stride, window_w - 2, window_h - 2);
    int at = scale > 0.0f ? 0 : NOTHING, verdict = LATER;
    while (at >= 0) { /* stages lead forwards: checked when the cascade was read */
        __global const int *stage = DATA(stages) + 5 * at;
        float total = 0.0f;
        for (int k = stage[0]; k < stage[0] + stage[1]; k++) {
            int node = DATA(roots)[k];
            while (node >= 0) {
                __global const int *test = DATA(tests) + TEST * node;
                node = value_of(test, s, t, stride) * scale < as_float(test[0]) ? test[1] : test[2];
            }
            total += DATA(leaves)[-1 - node];
        }
        const bool passed = total >= as_float(stage[2]);
        const int next = passed ? stage[3] : stage[4];
        if (next < 0)
            verdict = passed && next != NOTHING ? FACE : at == 0 ? FIRST : LATER;
        at = next;
    }
    DATA(result)[(size_t)get_global_id(2) * (size_t)windows + (size_t)row[OFFSET] + (size_t)j * (size_t)row[NX] + (size_t)i] =
        (uchar)verdict;
}
#endif
