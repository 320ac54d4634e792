/* SPDX-License-Identifier: Apache-2.0
 *
 * The gradient of a bias: db[k] = the sum over images and pixels of dy[n, k, p], in parts that partial.cl adds.
 * partial[part][lane] sums `images` images; `lanes` is the number of channels, for a blocked dy rounded up to 16.  BLOCKED,
 * a work-item has the 16 channels of a block; PIXEL, where planes have one (linear), a channel; else a work-group of 64 has
 * a channel.
 */
#ifdef BLOCKED
#define FETCH(p) FER_READ(dy, 16)(dy_data, in + (size_t)(p) * FER_BLOCK)
__kernel void conv_bias_partial(FER_IN(dy), FER_OUT(partial), const int lanes, const int images)
{
    const int k = (int)get_global_id(0) * FER_BLOCK, split = (int)get_global_id(1), plane = dy_dim.z * dy_dim.w;
    float16 total = 0.0f;
    if (k >= lanes)
        return;
    for (int n = split * images; n < min((split + 1) * images, dy_dim.x); n++) {
        const size_t in = AT(dy, n, k, 0);
        float16 even = 0.0f, odd = 0.0f;
        for (int p = 0; p + 1 < plane; p += 2) {
            even += FETCH(p);
            odd += FETCH(p + 1);
        }
        if (plane % 2)
            even += FETCH(plane - 1);
        total += even + odd;
    }
    fer_store16(total, 0, DATA(partial) + (size_t)split * lanes + k);
}
#elif defined(PIXEL)
FER_GROUP void conv_bias_partial(FER_IN(dy), FER_OUT(partial), const int lanes, const int images)
{
    const int k = (int)get_global_id(0), split = (int)get_global_id(1);
    float total = 0.0f;
    if (k >= lanes)
        return;
    for (int n = split * images; n < min((split + 1) * images, dy_dim.x); n++)
        total += FER_GET(dy, (size_t)n * lanes + k);
    DATA(partial)[(size_t)split * lanes + k] = total;
}
#else
FER_GROUP void conv_bias_partial(FER_IN(dy), FER_OUT(partial), const int lanes, const int images)
{
    __local float part[64];
    const int lane = (int)get_local_id(0), k = (int)get_group_id(0), split = (int)get_group_id(1);
    const int plane = dy_dim.z * dy_dim.w;
    float total = 0.0f;
    for (int n = split * images; n < min((split + 1) * images, dy_dim.x); n++) {
        const size_t in = AT(dy, n, k, 0);
        float sum = 0.0f;
#pragma unroll 4
        for (int p = lane; p < plane; p += 64)
            sum += FER_READ(dy, )(dy_data, in + p);
        total += sum;
    }
    FER_REDUCE(part, lane, total, FER_PLUS)
    if (lane == 0)
        DATA(partial)[(size_t)split * lanes + k] = total;
}
#endif
