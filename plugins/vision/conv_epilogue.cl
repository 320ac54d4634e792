/* SPDX-License-Identifier: Apache-2.0
 *
 * y = activation(y + add), for solvers that do not do it themselves.
 */
__kernel void conv_epilogue(
#ifdef ADD
    FER_IN(add),
#endif
    FER_INOUT(y), const int span)
{
    for (FER_SPAN(i, FER_CELLS(y), span)) {
        FER_V v = FER_CELL_LOAD(y, i);
#ifdef ADD
        v += FER_CELL_LOAD(add, i);
#endif
        FER_CELL_STORE(y, i, FER_ACTIVATE(FER_V, v));
    }
}
