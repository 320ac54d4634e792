/* SPDX-License-Identifier: Apache-2.0 */
#define RUN 4 /* in conv_implicit.cl */

/* Weights as conv_implicit.cl reads them, packed[group][tap][channel read][channels written, up to a multiple of RUN with
 * zeros], out of canonical ones [K][C / groups][tap]; with GRADIENT those read are K.  Dimension 0: channel written, 1:
 * channel read, 2: group. */
__kernel void conv_implicit_pack(FER_IN(weights), FER_OUT(packed), const int taps, const int group_in, const int group_out)
{
    const int m = (int)get_global_id(0), c = (int)get_global_id(1), group = (int)get_global_id(2);
    const size_t lanes = (size_t)(group_out + RUN - 1) / RUN * RUN;
#ifdef GRADIENT
    const size_t from = (((size_t)group * group_in + c) * group_out + m) * taps;
#else
    const size_t from = (((size_t)group * group_out + m) * group_in + c) * taps;
#endif
    if (m >= (int)lanes || c >= group_in)
        return;
    for (int t = 0; t < taps; t++)
        FER_PUT(packed, (((size_t)group * taps + t) * group_in + c) * lanes + m,
                m < group_out ? FER_GET(weights, from + t) : 0.0f);
}
