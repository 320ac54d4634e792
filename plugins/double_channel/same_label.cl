/* SPDX-License-Identifier: Apache-2.0
 *
 * out[n] = 1 where both labels are the same, else 0.
 */
__kernel void same_label(FER_IN(a), FER_IN(b), FER_OUT(out))
{
    const int n = get_global_id(0);
    if (n < out_dim.x)
        DATA(out)[n] = DATA(a)[n] == DATA(b)[n] ? 1.0f : 0.0f;
}
