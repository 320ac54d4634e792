/* SPDX-License-Identifier: Apache-2.0
 *
 * y[n, k, p] += bias[k].  Work-item: one element of y, zero lanes not counted.
 */
__kernel void conv_bias_add(FER_IN(bias), FER_INOUT(y))
{
    const size_t plane = FER_PLANE(y_dim), item = get_global_id(0);
    const int k = (int)(item / plane % y_dim.y), n = (int)(item / plane / y_dim.y);
    if (n < y_dim.x)
        STORE(y, n, k, item % plane, LOAD(y, n, k, item % plane) + FER_GET(bias, k));
}
