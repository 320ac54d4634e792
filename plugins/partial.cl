/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums that several work-groups have begun, each its part, added in the order of the parts.
 *
 *     partial    part 0    0  1  2  …  SIZE(y) - 1  …        `step` numbers a part, 0: as many as y has now
 *                part 1    0  1  2  …
 *                 …        |  |  |
 *     y                    0  1  2  …                        = activation(sum + bias of the element's channel + add)
 */
__kernel void partial_sum(FER_IN(partial), FER_BIAS_IN FER_ADD_IN FER_OUT(y), const int step, const int parts)
{
    const size_t i = get_global_id(0), size = SIZE(y), next = step ? (size_t)step : size;
    float sum = 0.0f;
    if (i >= size)
        return;
    for (int part = 0; part < parts; part++)
        sum += FER_GET(partial, part * next + i);
    sum = FER_ADDED(sum + FER_BIAS(FER_CELL_C(y_dim, i)), , i);
    FER_PUT(y, i, FER_ACTIVATE(float, sum));
}
