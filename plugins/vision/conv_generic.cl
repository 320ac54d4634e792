/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolution as its definition says, one sum a work-item: any layout, any shape, any device.  Slow; it stands where no
 * other solver applies, and checks the others in tests.
 *
 *     y[n, k, o] = bias[k] + sum over c of k's group and taps t of w[k, c, t] * x[n, c, o * stride - pad + t * dilation]
 */

#ifdef FER_KERNEL_conv_generic_forward
/* Work-item: one element of y in memory, zero lanes included; `lanes` is y's channels with them. */
__kernel void conv_generic_forward(FER_IN(x), FER_IN(w), FER_BIAS_IN FER_OUT(y), const int lanes,
                                   const int kernel_size, const int stride, const int pad, const int dilation,
                                   const int group_in, const int group_out)
{
    const size_t plane = FER_PLANE(y_dim), item = get_global_id(0);
    const int p = (int)(item % plane), k = (int)(item / plane % lanes), n = (int)(item / plane / lanes);
    if (n >= y_dim.x)
        return;
    float sum = 0.0f;
    if (k < y_dim.y) {
        const int first = k / group_out * group_in, top = p / y_dim.w * stride - pad, left = p % y_dim.w * stride - pad;
        sum = FER_BIAS(k);
        for (int c = 0; c < group_in; c++)
            for (int t = 0; t < kernel_size * kernel_size; t++) {
                const int i = top + t / kernel_size * dilation, j = left + t % kernel_size * dilation;
                if ((uint)i < (uint)x_dim.z && (uint)j < (uint)x_dim.w)
                    sum = fma(DATA(w)[((size_t)k * group_in + c) * kernel_size * kernel_size + t],
                              LOAD(x, n, first + c, i * x_dim.w + j), sum);
            }
    }
    STORE(y, n, k, p, sum);
}
#endif

#ifdef FER_KERNEL_conv_generic_data
/* Work-item: one element of dx in memory; `lanes` is dx's channels with the zero lanes. */
__kernel void conv_generic_data(FER_IN(dy), FER_IN(w), FER_OUT(dx), const int lanes, const int kernel_size, const int stride,
                           const int pad, const int dilation, const int group_in, const int group_out)
{
    const size_t plane = FER_PLANE(dx_dim), item = get_global_id(0);
    const int p = (int)(item % plane), c = (int)(item / plane % lanes), n = (int)(item / plane / lanes);
    if (n >= dx_dim.x)
        return;
    float sum = 0.0f;
    if (c < dx_dim.y) {
        const int first = c / group_in * group_out, taps = kernel_size * kernel_size;
        for (int t = 0; t < taps; t++) {
            const int i = p / dx_dim.w + pad - t / kernel_size * dilation;
            const int j = p % dx_dim.w + pad - t % kernel_size * dilation;
            if (i < 0 || j < 0 || i % stride != 0 || j % stride != 0 || i / stride >= dy_dim.z || j / stride >= dy_dim.w)
                continue;
            for (int k = first; k < first + group_out; k++)
                sum = fma(DATA(w)[((size_t)k * group_in + c % group_in) * taps + t],
                          LOAD(dy, n, k, i / stride * dy_dim.w + j / stride), sum);
        }
    }
    STORE(dx, n, c, p, sum);
}
#endif

#ifdef FER_KERNEL_conv_generic_weights
/* Work-item: one weight. */
__kernel void conv_generic_weights(FER_IN(x), FER_IN(dy), FER_OUT(dw), const int kernel_size, const int stride, const int pad,
                           const int dilation, const int group_in, const int group_out)
{
    const int taps = kernel_size * kernel_size, item = (int)get_global_id(0);
    const int t = item % taps, c = item / taps % group_in, k = item / taps / group_in;
    if (k >= dy_dim.y)
        return;
    const int down = t / kernel_size * dilation - pad, right = t % kernel_size * dilation - pad;
    const int in = k / group_out * group_in + c;
    float sum = 0.0f;
    for (int n = 0; n < dy_dim.x; n++)
        for (int o = 0; o < dy_dim.z; o++) {
            const int i = o * stride + down;
            if (i < 0 || i >= x_dim.z)
                continue;
            float row = 0.0f; /* summed by rows: the error grows with the rows, not with the pixels */
            for (int q = 0; q < dy_dim.w; q++) {
                const int j = q * stride + right;
                if ((uint)j < (uint)x_dim.w)
                    row = fma(LOAD(x, n, in, i * x_dim.w + j), LOAD(dy, n, k, o * dy_dim.w + q), row);
            }
            sum += row;
        }
    DATA(dw)[item] = sum;
}
#endif
