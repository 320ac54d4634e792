/* SPDX-License-Identifier: Apache-2.0
 *
 * Depthwise convolution for GPUs: plain layouts, every channel by itself.  KERNEL, STRIDE, PAD and DILATION are constants
 * of the program, so that taps and sums are registers.
 *
 *          left
 *     +-----|-----+
 *     |     #     | top           conv_depthwise_columns: a work-item has ROWS pixels of a column of the result, neighbours
 *     |     #     |               have neighbouring columns.  What it reads of a row serves all pixels whose window it is
 *     |     #     |               in: 18 loads for four results of a 3x3 kernel instead of 36.
 *     |     #     | top + ROWS
 *     +-----------+
 */
#define ROWS 4
#define TAPS (KERNEL * KERNEL)

/* The pixel of row `row`, column `column` of the plane at `from`, where `there`; else 0. */
#define PIXEL(x, from, row, column, there)                                                                               \
    ((there) && (uint)(row) < (uint)x##_dim.z && (uint)(column) < (uint)x##_dim.w                                        \
         ? FER_READ(x, )(from, (row)*x##_dim.w + (column))                                                               \
         : 0.0f)

#ifdef FER_KERNEL_conv_depthwise_columns
#ifdef GRADIENT
/* Input position `at` is in the window of output (at - tap * DILATION) / STRIDE, if that is a whole number; `at` is a
 * position + PAD.  MORE keeps what is divided positive. */
#define MORE (STRIDE * DILATION * KERNEL)
#define HITS(at, tap) ((uint)((at)-(tap)*DILATION + MORE) % STRIDE == 0)
#define OUTPUT(at, tap) ((int)((uint)((at)-(tap)*DILATION + MORE) / STRIDE) - MORE / STRIDE)
#endif

/* y from x, or with GRADIENT dx (named y) from dy (named x). */
__kernel void conv_depthwise_columns(FER_IN(x), FER_IN(w), FER_BIAS_IN FER_ADD_IN FER_OUT(y), const int share)
{
    FER_SHARE(y, share)
    const uint strip = item / (uint)y_dim.w, channel = (uint)plane % (uint)y_dim.y;
    const int top = (int)strip * ROWS, left = (int)(item - strip * (uint)y_dim.w);
    if (top >= y_dim.z)
        return;
    __global const FER_TYPE_x *const from = DATA(x) + plane * FER_PLANE(x_dim);
    const size_t weights = (size_t)channel * TAPS, to = plane * FER_PLANE(y_dim);
    float tap[TAPS], sum[ROWS];
#pragma unroll
    for (int t = 0; t < TAPS; t++)
        tap[t] = FER_GET(w, weights + t);
#pragma unroll
    for (int r = 0; r < ROWS; r++)
        sum[r] = FER_BIAS(channel);
#ifdef GRADIENT
#pragma unroll
    for (int h = 0; h < KERNEL; h++) {
        const int across = left + PAD, j = OUTPUT(across, h);
        const bool there = HITS(across, h);
#pragma unroll
        for (int v = 0; v < KERNEL; v++)
#pragma unroll
            for (int r = 0; r < ROWS; r++)
                if (HITS(top + r + PAD, v))
                    sum[r] = fma(PIXEL(x, from, OUTPUT(top + r + PAD, v), j, there), tap[v * KERNEL + h], sum[r]);
    }
#else
#pragma unroll
    for (int i = 0; i < (ROWS - 1) * STRIDE + (KERNEL - 1) * DILATION + 1; i++)
#pragma unroll
        for (int h = 0; h < KERNEL; h++) {
            const float value = PIXEL(x, from, top * STRIDE - PAD + i, left * STRIDE - PAD + h * DILATION, true);
#pragma unroll
            for (int r = 0; r < ROWS; r++) {
                const int down = i - r * STRIDE, v = down / DILATION;
                if (down >= 0 && down % DILATION == 0 && v < KERNEL)
                    sum[r] = fma(value, tap[v * KERNEL + h], sum[r]);
            }
        }
#endif
#pragma unroll
    for (int r = 0; r < ROWS; r++)
        if (top + r < y_dim.z) {
            const size_t i = to + (size_t)((top + r) * y_dim.w + left);
            const float v = FER_ADDED(sum[r], , i);
            FER_PUT(y, i, FER_ACTIVATE(float, v));
        }
}
#endif

#ifdef FER_KERNEL_conv_depthwise_sums
#define GROUP 64

/* partial[split][channel][tap].  A work-group has a channel (dimension 1) of `images` images, a split (0); its work-items
 * take pixels of dy in turns, and their sums are added in pairs. */
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void
conv_depthwise_sums(FER_IN(x), FER_IN(dy), FER_OUT(partial), const int images)
{
    __local float part[TAPS][GROUP];
    const int lane = (int)get_local_id(0), split = (int)get_group_id(0), channel = (int)get_group_id(1);
    const int down = GROUP / dy_dim.w, across = GROUP % dy_dim.w; /* from a pixel to a work-item's next */
    float sum[TAPS];
#pragma unroll
    for (int t = 0; t < TAPS; t++)
        sum[t] = 0.0f;
    for (int n = split * images; n < min((split + 1) * images, dy_dim.x); n++) {
        __global const FER_TYPE_x *const in = DATA(x) + ((size_t)n * x_dim.y + channel) * FER_PLANE(x_dim);
        __global const FER_TYPE_dy *const out = DATA(dy) + ((size_t)n * dy_dim.y + channel) * FER_PLANE(dy_dim);
        for (int o = lane / dy_dim.w, q = lane % dy_dim.w; o < dy_dim.z;) {
            const float d = FER_READ(dy, )(out, o * dy_dim.w + q);
#pragma unroll
            for (int v = 0; v < KERNEL; v++)
#pragma unroll
                for (int h = 0; h < KERNEL; h++) {
                    const int i = o * STRIDE - PAD + v * DILATION, j = q * STRIDE - PAD + h * DILATION;
                    sum[v * KERNEL + h] = fma(PIXEL(x, in, i, j, true), d, sum[v * KERNEL + h]);
                }
            q += across;
            o += q < dy_dim.w ? down : down + 1;
            q -= q < dy_dim.w ? 0 : dy_dim.w;
        }
    }
#pragma unroll
    for (int t = 0; t < TAPS; t++)
        part[t][lane] = sum[t];
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int reach = GROUP / 2; reach > 0; reach /= 2) {
        if (lane < reach)
#pragma unroll
            for (int t = 0; t < TAPS; t++)
                part[t][lane] += part[t][lane + reach];
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    if (lane < TAPS)
        DATA(partial)[((size_t)split * dy_dim.y + channel) * TAPS + lane] = part[lane][0];
}
#endif
