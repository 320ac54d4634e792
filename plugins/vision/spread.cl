/* SPDX-License-Identifier: Apache-2.0
 *
 * Included by sources of convolutions with groups of WIDTH = 4 or 8 channels in and out: SPREAD(in, part, c), for as many
 * outputs as a vector has, part `part` of a block of 16: each one's input c of its own group, where `in` are the block's
 * inputs from the first of each group on.
 */
#if WIDTH == 8 && FER_VEC_LANES == 8
#define SPREAD(in, part, c) (float8)((in)[8 * (part) + (c)])
#elif WIDTH == 8
#define SPREAD(in, part, c) (float16)((float8)((in)[c]), (float8)((in)[8 + (c)]))
#else
static inline FER_VEC fer_spread(const FER_VEC v, const int c)
{
#if FER_VEC_LANES == 16
    return c == 0   ? v.s000044448888cccc
           : c == 1 ? v.s111155559999dddd
           : c == 2 ? v.s22226666aaaaeeee
                    : v.s33337777bbbbffff;
#else
    return c == 0 ? v.s00004444 : c == 1 ? v.s11115555 : c == 2 ? v.s22226666 : v.s33337777;
#endif
}
#define SPREAD(in, part, c) fer_spread(FER_VEC_LOAD(part, in), c)
#endif
