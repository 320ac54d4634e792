/* SPDX-License-Identifier: Apache-2.0
 *
 * A map in a grid of equal parts, the map filled up with zeros at its right and bottom where it does not divide.  `top` and
 * `left` are the part's first pixel in the map.  Written in cells.
 */
#define PIXEL(d, i) const int p = FER_CELL_P(d, i), h = p / (d).w, w = p % (d).w;

/* out: the part of map x. */
#ifdef FER_KERNEL_take
__kernel void take(FER_IN(x), FER_OUT(out), const int top, const int left, const int span)
{
    for (FER_SPAN(i, FER_CELLS(out), span)) {
        PIXEL(out_dim, i)
        const bool inside = h + top < x_dim.z && w + left < x_dim.w;
        FER_CELL_STORE(out, i, inside ? FER_VLOAD(x, FER_CELL_N(out_dim, i), FER_CELL_C(out_dim, i),
                                                  (h + top) * x_dim.w + w + left)
                                      : (FER_V)(0.0f));
    }
}
#endif

/* out: the map with x as its part; what lies outside of the part is zero when `alone`, else left as it is. */
#ifdef FER_KERNEL_put
__kernel void put(FER_IN(x), FER_INOUT(out), const int top, const int left, const int alone, const int span)
{
    for (FER_SPAN(i, FER_CELLS(out), span)) {
        PIXEL(out_dim, i)
        const int row = h - top, column = w - left;
        if (row >= 0 && row < x_dim.z && column >= 0 && column < x_dim.w)
            FER_CELL_STORE(out, i, FER_VLOAD(x, FER_CELL_N(out_dim, i), FER_CELL_C(out_dim, i), row * x_dim.w + column));
        else if (alone)
            FER_CELL_STORE(out, i, (FER_V)(0.0f));
    }
}
#endif

#ifdef FER_KERNEL_clear
__kernel void clear(FER_OUT(out), const int span)
{
    for (FER_SPAN(i, FER_CELLS(out), span)) {
        FER_CELL_STORE(out, i, (FER_V)(0.0f));
    }
}
#endif
