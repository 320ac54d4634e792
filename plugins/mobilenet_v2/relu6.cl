/* SPDX-License-Identifier: Apache-2.0
 *
 * out = x held in [0, 6]; a NaN stays one.  Its gradient is that of y where x was inside.
 */
#ifdef FER_KERNEL_relu6
__kernel void relu6(FER_IN(x), FER_OUT(out), const int span)
{
    for (FER_SPAN(i, FER_CELLS(out), span)) {
        const FER_V v = FER_CELL_LOAD(x, i), low = v < 0.0f ? (FER_V)(0.0f) : v;
        FER_CELL_STORE(out, i, low > 6.0f ? (FER_V)(6.0f) : low);
    }
}
#endif

#ifdef FER_KERNEL_relu6_grad
__kernel void relu6_grad(FER_IN(x), FER_IN(dy), FER_OUT(out), const int span)
{
    for (FER_SPAN(i, FER_CELLS(out), span)) {
        const FER_V y = FER_CELL_LOAD(x, i);
        FER_CELL_STORE(out, i, y > 0.0f && y < 6.0f ? FER_CELL_LOAD(dy, i) : (FER_V)(0.0f));
    }
}
#endif
