/* SPDX-License-Identifier: Apache-2.0
 *
 * y = activation(y + add), for solvers that do not do it themselves.
 */
__kernel void conv_epilogue(FER_ADD_IN FER_INOUT(y), const int span)
{
    for (FER_SPAN(i, FER_CELLS(y), span)) {
        const FER_V v = FER_ADDED(FER_CELL_LOAD(y, i), FER_WIDTH, FER_LANES * i);
        FER_CELL_STORE(y, i, FER_ACTIVATE(FER_V, v));
    }
}
