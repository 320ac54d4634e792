/* SPDX-License-Identifier: Apache-2.0
 *
 * Network g has run for the pictures `rows` and gives x [n, members] of the classes `member` (in a tensor of floats):
 *
 *     rows     1  3  6                    probs   0 | .  .  .  .  .  .  .      of another network
 *     x[i, j]  network g, picture rows[i]         1 | 0  0  0  p  p  0  0      p = b[1, g] softmax(x[0])[j]
 *     b[n, g]  probability of group g             2 | .  .  .  .  .  .  .          at member[j]
 *
 * A work-item a picture.  The softmax is vision's, operation for operation.
 */
#ifdef FER_KERNEL_scatter
__kernel void scatter(FER_IN(b), FER_IN(x), FER_IN(member), FER_IN(rows), FER_OUT(probs), const int g)
{
    const int i = get_global_id(0);
    if (i >= rows_dim.x)
        return;
    const size_t n = DATA(rows)[i];
    __global const float *from = DATA(x) + (size_t)i * x_dim.y;
    __global float *to = DATA(probs) + n * probs_dim.y;
    const float w = DATA(b)[n * b_dim.y + g];
    for (int k = 0; k < probs_dim.y; k++)
        to[k] = 0.0f;
#ifdef SOFTMAX
    float best = -INFINITY, sum = 0.0f;
    for (int j = 0; j < x_dim.y; j++)
        best = fmax(best, from[j]);
    for (int j = 0; j < x_dim.y; j++)
        sum += exp(from[j] - best);
    for (int j = 0; j < x_dim.y; j++)
        to[(int)DATA(member)[j]] = w * (exp(from[j] - best) / sum);
#else
    for (int j = 0; j < x_dim.y; j++)
        to[(int)DATA(member)[j]] = w * from[j];
#endif
}
#endif
