/* SPDX-License-Identifier: Apache-2.0
 *
 * Dropout (Srivastava et al. 2014).  Element (c, p) of a row draws number c % 4 of the counter c / 4 * pixels + p, in
 * either layout.  keep holds one byte an element in the order of out's memory.
 */
#ifdef FER_KERNEL_dropout
__kernel void dropout(FER_IN(x), FER_OUT(out), FER_OUT(keep), FER_RANDOM, const float p, const int span)
{
    const float factor = p < 1.0f ? 1.0f / (1.0f - p) : 0.0f;
    for (FER_SPAN(i, FER_CELLS(out), span)) {
        const int n = FER_CELL_N(out_dim, i), c = FER_CELL_C(out_dim, i), at = FER_CELL_P(out_dim, i);
        const uint pixels = (uint)FER_PLANE(out_dim);
#if FER_LANES == 16
        float lane[16];
        for (int k = 0; k < 16; k += 4)
            vstore4(fer_uniform4(fer_random(FER_RANDOM_ARG, n, (uint)(c + k) / 4 * pixels + at)), k / 4, lane);
        const float16 u = fer_load16(0, lane);
        const int16 kept = u >= p;
        vstore16(convert_uchar16(kept & 1), i, DATA(keep));
#else
        const uint4 bits = fer_random(FER_RANDOM_ARG, n, (uint)c / 4 * pixels + at);
        const int which = c % 4;
        const int kept = fer_uniform(which == 0 ? bits.x : which == 1 ? bits.y : which == 2 ? bits.z : bits.w) >= p;
        DATA(keep)[i] = (uchar)kept;
#endif
        FER_CELL_STORE(out, i, kept ? FER_CELL_LOAD(x, i) * factor : (FER_V)(0.0f));
    }
}
#endif

#ifdef FER_KERNEL_dropout_grad
__kernel void dropout_grad(FER_IN(dy), FER_IN(keep), FER_OUT(out), const float p, const int span)
{
    const float factor = p < 1.0f ? 1.0f / (1.0f - p) : 0.0f;
    for (FER_SPAN(i, FER_CELLS(out), span)) {
#if FER_LANES == 16
        const int16 kept = convert_int16(vload16(i, DATA(keep))) != 0;
#else
        const int kept = DATA(keep)[i] != 0;
#endif
        FER_CELL_STORE(out, i, kept ? FER_CELL_LOAD(dy, i) * factor : (FER_V)(0.0f));
    }
}
#endif

/* In evaluation it passes on what it gets. */
#ifdef FER_KERNEL_pass
__kernel void pass(FER_IN(x), FER_OUT(out), const int span)
{
    for (FER_SPAN(i, FER_CELLS(out), span)) {
        FER_CELL_STORE(out, i, FER_CELL_LOAD(x, i));
    }
}
#endif
