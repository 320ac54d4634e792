/* SPDX-License-Identifier: Apache-2.0
 *
 * Layers that move elements: concat, slice, pad, gather, channel_shuffle, permute.  Each is one kernel that fills a box of `out`
 * from a box of `x`, both in one layout: element (n, c, h, w) of the box, moved by an offset on either side.  `size` is
 * the box.  Compiled for 16 lanes the offsets are multiples of 16.
 */
#define BOX(i)                                                                                                           \
    const size_t line = fer_divide(i, size_w), plane = fer_divide(line, size_h), row = fer_divide(plane, blocks);        \
    const int w = (int)(i - line * size_w), h = (int)(line - plane * size_h);                                            \
    const int c = (int)(plane - row * blocks) * FER_LANES, n = (int)row;
#define BLOCKS const int blocks = (size_c + FER_LANES - 1) / FER_LANES;

/* Lanes past the box are zero in x when the box ends with its channels, and may be cut off when it does not. */
#ifdef FER_KERNEL_move
__kernel void move(FER_IN(x), FER_OUT(out), const int size_c, const int size_h, const int size_w, const int from_c,
                   const int from_h, const int from_w, const int to_c, const int to_h, const int to_w, const int span)
{
    BLOCKS
    for (FER_SPAN(i, (size_t)out_dim.x *blocks *size_h *size_w, span)) {
        BOX(i)
        const FER_V v = FER_VLOAD(x, n, c + from_c, (h + from_h) * x_dim.w + w + from_w);
        FER_VSTORE(out, n, c + to_c, (h + to_h) * out_dim.w + w + to_w, FER_KEEP((int2)(0, size_c), c, v));
    }
}
#endif

#ifdef FER_KERNEL_set
__kernel void set(FER_OUT(out), const float value, const int span)
{
    for (FER_SPAN(i, FER_CELLS(out), span)) {
        FER_CELL_STORE(out, i, FER_KEEP(out_dim, FER_CELL_C(out_dim, i), (FER_V)(value)));
    }
}
#endif

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

/* out[n, i, j, k] = x[n, i step_y + j step_z + k step_w], rows of both in plain order. */
#ifdef FER_KERNEL_permute
__kernel void permute(FER_IN(x), FER_OUT(out), const int step_y, const int step_z, const int step_w, const int span)
{
    const size_t row = (size_t)out_dim.y * FER_PLANE(out_dim);
    for (FER_SPAN(i, SIZE(out), span)) {
        const size_t line = fer_divide(i, out_dim.w), plane = fer_divide(line, out_dim.z), n = fer_divide(plane, out_dim.y);
        const size_t y = plane - n * out_dim.y, j = line - plane * out_dim.z, k = i - line * out_dim.w;
        DATA(out)[i] = DATA(x)[n * row + y * step_y + j * step_z + k * step_w];
    }
}
#endif
