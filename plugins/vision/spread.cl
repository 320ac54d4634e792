/* SPDX-License-Identifier: Apache-2.0
 *
 * Included by sources of convolutions with groups of WIDTH = 4 or 8 channels in and out: SPREAD(in, part, c), for as many
 * outputs as a vector has, part `part` of a block of 16: each one's input c of its own group, where `in` are the block's
 * inputs from the first of each group on.
 */
#if WIDTH == 8
#define EIGHT(in, i, c) (float8)((in)[8 * (i) + (c)])
#else
static inline float8 fer_spread(const float8 v, const int c)
{
    return c == 0 ? v.s00004444 : c == 1 ? v.s11115555 : c == 2 ? v.s22226666 : v.s33337777;
}
#define EIGHT(in, i, c) fer_spread(fer_load8(i, in), c)
#endif
#if FER_VEC_LANES == 16
#define SPREAD(in, part, c) (float16)(EIGHT(in, 0, c), EIGHT(in, 1, c))
#else
#define SPREAD EIGHT
#endif
