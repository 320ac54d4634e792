/* SPDX-License-Identifier: Apache-2.0
 *
 * Crops and mirrors of pictures, masks, landmarks and boxes.  A row of the output is one view of one row of the input;
 * `MODE` says which.  All kernels of one operation ask fer_random for the same (row, 0) and so agree.
 */
#define MODE_RANDOM_CROP 0
#define MODE_CENTER_CROP 1
#define MODE_TEN_CROP 2
#define MODE_FLIP 3

/* Round half to even, as torchvision's center_crop does. */
static inline int centered(const int spare)
{
    return spare / 2 + ((spare & 3) == 3);
}

#if MODE == MODE_RANDOM_CROP || MODE == MODE_FLIP
#define VIEW_RANDOM , FER_RANDOM
#define VIEW_RANDOM_ARG , FER_RANDOM_ARG
#else
#define VIEW_RANDOM
#define VIEW_RANDOM_ARG
#endif

/* (x, y) of the view's first pixel, and 1 when it is mirrored.  `choice` is `same` of a random crop (all rows of a batch take
 * one place); `p` is the probability of a mirror. */
static inline int3 view_of(const uint row, const int spare_x, const int spare_y, const int choice, const float p
                           VIEW_RANDOM)
{
#if MODE == MODE_RANDOM_CROP
    const float4 u = fer_uniform4(choice ? fer_random_batch(FER_RANDOM_ARG, 0) : fer_random(FER_RANDOM_ARG, row, 0));
    return (int3)(min((int)(u.x * (float)(spare_x + 1)), spare_x), min((int)(u.y * (float)(spare_y + 1)), spare_y), 0);
#elif MODE == MODE_CENTER_CROP
    return (int3)(centered(spare_x), centered(spare_y), 0);
#elif MODE == MODE_TEN_CROP
    /* Upper left and right, lower left and right, centre; then the same of the mirrored picture. */
    const int view = (int)(row % 10), corner = view % 5, mirrored = view / 5;
    const int x = corner == 4 ? centered(spare_x) : corner % 2 ? spare_x : 0;
    const int y = corner == 4 ? centered(spare_y) : corner / 2 ? spare_y : 0;
    return (int3)(mirrored ? spare_x - x : x, y, mirrored);
#else
    return (int3)(0, 0, fer_uniform(fer_random(FER_RANDOM_ARG, row, 0).x) < p);
#endif
}

#if MODE == MODE_TEN_CROP
#define SOURCE_ROW(row) ((row) / 10)
#else
#define SOURCE_ROW(row) (row)
#endif

/* Dimension 0: runs of `span` columns; dimension 1: rows of all channels of all samples.  On a CPU a run is a whole row, so
 * that the random numbers are drawn once for it. */
#ifdef FER_KERNEL_view_image
__kernel void view_image(FER_IN(x), FER_OUT(y), const int choice, const float p, const int span VIEW_RANDOM)
{
    const int first = (int)get_global_id(0) * span, height = y_dim.z, width = y_dim.w;
    const size_t line = get_global_id(1);
    if (first >= width || line >= (size_t)y_dim.x * (size_t)y_dim.y * (size_t)height)
        return;
    const int j = (int)(line % (size_t)height), c = (int)(line / (size_t)height % (size_t)y_dim.y);
    const int row = (int)(line / (size_t)height / (size_t)y_dim.y), end = min(first + span, width);
    const int3 view = view_of((uint)row, x_dim.w - width, x_dim.z - height, choice, p VIEW_RANDOM_ARG);
    __global const float *from = x_data + AT(x, SOURCE_ROW(row), c, (view.y + j) * x_dim.w + view.x);
    __global float *to = y_data + AT(y, row, c, j * width);
    if (view.z)
        for (int i = first; i < end; i++)
            to[i] = from[width - 1 - i];
    else
        for (int i = first; i < end; i++)
            to[i] = from[i];
}
#endif

/* Where landmark i of a mirrored face is found: the five points are eyes, nose and corners of the mouth; the 68 are those
 * of the iBUG scheme (Sagonas et al.: 300 faces in-the-wild challenge, ICCVW 2013).  Others keep their places. */
#ifdef FER_KERNEL_view_points
static inline int mirrored_point(const int i, const int points)
{
    if (points == 5)
        return i < 2 ? 1 - i : i > 2 ? 7 - i : 2;
    if (points != 68)
        return i;
    if (i < 17) /* jaw */
        return 16 - i;
    if (i < 27) /* brows */
        return 43 - i;
    if (i < 31) /* bridge of the nose */
        return i;
    if (i < 36) /* below the nose */
        return 66 - i;
    if (i < 48) /* eyes: corners and upper lids, then lower lids */
        return i % 6 < 4 ? 81 - i : 87 - i;
    if (i < 55) /* outer lips: above, below; inner lips: above, below */
        return 102 - i;
    if (i < 60)
        return 114 - i;
    return i < 65 ? 124 - i : 132 - i;
}

/* Points are [n, points, 2]; in is the size of the input picture, out that of the output. */
__kernel void view_points(FER_IN(x), FER_OUT(y), const int points, const int in_width, const int in_height,
                          const int out_width, const int out_height, const int choice, const float p VIEW_RANDOM)
{
    const size_t k = get_global_id(0);
    if (k >= (size_t)y_dim.x * (size_t)points)
        return;
    const int row = (int)(k / (size_t)points), i = (int)(k % (size_t)points);
    const int3 view = view_of((uint)row, in_width - out_width, in_height - out_height, choice, p VIEW_RANDOM_ARG);
    const int from = view.z ? mirrored_point(i, points) : i;
    __global const float *in = DATA(x) + ((size_t)SOURCE_ROW(row) * (size_t)points + (size_t)from) * 2;
    const float px = in[0] - (float)view.x;
    DATA(y)[k * 2] = view.z ? (float)out_width - px : px;
    DATA(y)[k * 2 + 1] = in[1] - (float)view.y;
}
#endif

/* A box [n, 4] is cut at the borders of the view. */
#ifdef FER_KERNEL_view_box
__kernel void view_box(FER_IN(x), FER_OUT(y), const int in_width, const int in_height, const int out_width,
                       const int out_height, const int choice, const float p VIEW_RANDOM)
{
    const size_t row = get_global_id(0);
    if (row >= (size_t)y_dim.x)
        return;
    const int3 view = view_of((uint)row, in_width - out_width, in_height - out_height, choice, p VIEW_RANDOM_ARG);
    const float w = (float)out_width, h = (float)out_height;
    const float4 box = vload4(SOURCE_ROW(row), DATA(x)) - (float4)(view.x, view.y, view.x, view.y);
    const float4 seen = view.z ? (float4)(w - box.z, box.y, w - box.x, box.w) : box;
    vstore4(clamp(seen, (float4)(0.0f), (float4)(w, h, w, h)), row, DATA(y));
}
#endif
