/* SPDX-License-Identifier: Apache-2.0
 *
 * Channels in another order: gather by a list, channel_shuffle by a table.
 */

/* out[n, c] = x[n, index[c]], and its gradient: out[n, c] = sum of x[n, k] over the k with index[k] = c. */
#ifdef FER_KERNEL_gather
__kernel void gather(FER_IN(x), FER_IN(index), FER_OUT(out), const int span)
{
    for (FER_SPAN(i, SIZE(out), span))
        DATA(out)[i] =
            LOAD(x, FER_CELL_N(out_dim, i), (int)DATA(index)[FER_CELL_C(out_dim, i)], FER_CELL_P(out_dim, i));
}
#endif
#ifdef FER_KERNEL_gather_grad
__kernel void gather_grad(FER_IN(x), FER_IN(index), FER_OUT(out), const int span)
{
    for (FER_SPAN(i, SIZE(out), span)) {
        const int n = FER_CELL_N(out_dim, i), c = FER_CELL_C(out_dim, i), p = FER_CELL_P(out_dim, i);
        float sum = 0.0f;
        for (int k = 0; k < x_dim.y; k++)
            if ((int)DATA(index)[k] == c)
                sum += LOAD(x, n, k, p);
        DATA(out)[i] = sum;
    }
}
#endif

/* Channels as a table of `groups` rows are read by columns. */
#ifdef FER_KERNEL_shuffle_channels
__kernel void shuffle_channels(FER_IN(x), FER_OUT(out), const int groups, const int tail, const int span)
{
    const int each = out_dim.y / groups;
    for (FER_SPAN(i, FER_PLAIN_SIZE(out_dim), span)) {
        const int n = FER_CELL_N(out_dim, i), c = FER_CELL_C(out_dim, i), p = FER_CELL_P(out_dim, i);
        STORE(out, n, c, p, LOAD(x, n, c % groups * each + c / groups, p));
        if (c == out_dim.y - 1)
            for (int k = 1; k <= tail; k++)
                STORE(out, n, c + k, p, 0.0f);
    }
}
#endif
