/* SPDX-License-Identifier: Apache-2.0
 *
 * The mean of the samples' losses: one work-group of 64, in an order that depends on the live batch alone.
 */
__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void samples_mean(FER_IN(sample), FER_OUT(loss))
{
    __local float part[64];
    const int lane = get_local_id(0);
    float sum = 0.0f;
    for (int n = lane; n < sample_dim.x; n += 64)
        sum += DATA(sample)[n];
    part[lane] = sum;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int reach = 32; reach > 0; reach /= 2) {
        if (lane < reach)
            part[lane] += part[lane + reach];
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    if (lane == 0)
        DATA(loss)[0] = part[0] / (float)sample_dim.x;
}
