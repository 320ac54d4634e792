/* SPDX-License-Identifier: Apache-2.0
 *
 * concat, slice, pad: a box of `out` is filled from a box of `x`, both in one layout: element (n, c, h, w) of the box,
 * moved by an offset on either side.  Compiled for 16 lanes the offsets are multiples of 16.
 *
 *     x  +---------------+        out  +-------------+
 *        |    from       |             | to          |
 *        |      +------+ |             |  +------+   |
 *        |      | size | |      →      |  | size |   |
 *        |      +------+ |             |  +------+   |
 *        +---------------+             +-------------+
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
