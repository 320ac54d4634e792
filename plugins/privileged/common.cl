/* SPDX-License-Identifier: Apache-2.0
 *
 * The mean of the samples' losses: one work-group of 64, in an order that depends on the live batch alone.
 */
FER_GROUP void samples_mean(FER_IN(sample), FER_OUT(loss))
{
    __local float part[64];
    const int lane = get_local_id(0);
    float sum = 0.0f;
    for (int n = lane; n < sample_dim.x; n += 64)
        sum += DATA(sample)[n];
    FER_REDUCE(part, lane, sum, FER_PLUS)
    if (lane == 0)
        DATA(loss)[0] = sum / (float)sample_dim.x;
}
