/* SPDX-License-Identifier: Apache-2.0
 *
 * What a device can do at most (run/peak.c): multiply-adds in registers, and floats to and from memory.
 * V is float, or a vector as wide as a CPU's registers.
 */

#ifdef FER_KERNEL_peak_multiply
/* Independent chains, so that a new multiply-add begins while those before it are under way; with the two constants
 * they fill 14 of AVX2's 16 registers, and of 32 others keep two units busy. */
#define CHAINS 12
#if defined(FP_FAST_FMAF) || defined(CPU) /* as all kernels for CPUs have it */
#define MULTIPLY_ADD fma
#else
#define MULTIPLY_ADD mad
#endif

/* 2 * CHAINS * lanes of V * rounds operations a work-item. */
__kernel void peak_multiply(__global V *out, const float factor, const float term, const int rounds)
{
    V v[CHAINS], sum = (V)(0.0f);
#pragma unroll
    for (int i = 0; i < CHAINS; i++)
        v[i] = (V)((float)(i + (int)get_global_id(0)));
#pragma unroll 1
    for (int r = 0; r < rounds; r++) {
#pragma unroll
        for (int i = 0; i < CHAINS; i++)
            v[i] = MULTIPLY_ADD(v[i], (V)(factor), (V)(term));
    }
#pragma unroll
    for (int i = 0; i < CHAINS; i++)
        sum += v[i];
    out[get_global_id(0)] = sum;
}
#endif

#ifdef FER_KERNEL_peak_triad
/* The triad of McCalpin's STREAM: two reads and a write of every element; `span` of them a work-item. */
__kernel void peak_triad(__global const V *a, __global const V *b, __global V *out, const float factor, const int span,
                         const int count)
{
    const int begin = (int)get_global_id(0) * span, end = min(begin + span, count);
    for (int i = begin; i < end; i++)
        out[i] = a[i] + factor * b[i];
}
#endif
