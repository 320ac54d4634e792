/* SPDX-License-Identifier: Apache-2.0
 *
 * The gradient of a bias: db[k] = the sum over images and pixels of dy[n, k, p], in two steps of fixed order.
 * conv_bias_partial: partial[split][lane] sums `images` images; `lanes` is the number of channels, for a blocked dy rounded
 * up to 16 (BLOCKED: a work-item has the 16 channels of a block).  conv_bias_sum: db[k] is the sum
 * over the splits.
 */
#ifdef FER_KERNEL_conv_bias_partial
#ifdef BLOCKED
#define VECTOR float16
#define WIDTH FER_BLOCK
#define FETCH(p) FER_READ(dy, 16)(dy_data, in + (size_t)(p) * FER_BLOCK)
#else
#define VECTOR float
#define WIDTH 1
#define FETCH(p) FER_READ(dy, )(dy_data, in + (p))
#endif
__kernel void conv_bias_partial(FER_IN(dy), FER_OUT(partial), const int lanes, const int images)
{
    const int k = (int)get_global_id(0) * WIDTH, split = (int)get_global_id(1), plane = dy_dim.z * dy_dim.w;
    VECTOR total = 0.0f;
    if (k >= lanes)
        return;
    for (int n = split * images; n < min((split + 1) * images, dy_dim.x); n++) {
        const size_t in = AT(dy, n, k, 0);
        VECTOR even = 0.0f, odd = 0.0f;
        for (int p = 0; p + 1 < plane; p += 2) {
            even += FETCH(p);
            odd += FETCH(p + 1);
        }
        if (plane % 2)
            even += FETCH(plane - 1);
        total += even + odd;
    }
    __global float *const out = DATA(partial) + (size_t)split * lanes + k;
#ifdef BLOCKED
    vstore16(total, 0, out);
#else
    *out = total;
#endif
}
#endif

#ifdef FER_KERNEL_conv_bias_sum
__kernel void conv_bias_sum(FER_IN(partial), FER_OUT(db), const int channels, const int lanes, const int splits)
{
    const int k = (int)get_global_id(0);
    float sum = 0.0f;
    if (k >= channels)
        return;
    for (int s = 0; s < splits; s++)
        sum += DATA(partial)[(size_t)s * lanes + k];
    DATA(db)[k] = sum;
}
#endif
