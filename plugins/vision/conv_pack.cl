/* SPDX-License-Identifier: Apache-2.0 */
#define EACH 8 /* input blocks of a work-item */
#ifndef SIDE
#define SIDE FER_BLOCK /* outputs that lie together, a divisor of 16 */
#endif
/* Where the weight of input i and output o of a block goes at tap t: floats from the block's first of output 0. */
#define PLACE(t, i, o) ((o) / SIDE * side_step + ((t)*FER_BLOCK + (i)) * SIDE + (o) % SIDE)

/* w[k / SIDE][block][tap][16 inputs][SIDE outputs] out of canonical weights [K][C / groups][tap], then 16 zeros.  Where
 * `gradient` is not zero, inputs and outputs change places: then `outputs` counts the channels of x, and `group_in`,
 * `group_out` are swapped too.  Work-item: EACH blocks (dimension 0) of one output block (1). */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
conv_pack(FER_IN(weights), FER_OUT(packed), const int outputs, const int blocks, const int taps, const int group_in,
          const int group_out, const int gradient)
{
    const int k = (int)get_global_id(1), b0 = (int)get_global_id(0) * EACH;
    const int out_blocks = (outputs + FER_BLOCK - 1) / FER_BLOCK;
    const int block0 = k * FER_BLOCK / group_out * group_in / FER_BLOCK;
    const size_t stride = (size_t)(gradient ? group_out : group_in) * taps; /* of the canonical weights' rows */
    const size_t side_step = (size_t)blocks * taps * FER_BLOCK * SIDE;
    /* Of each of the 16 outputs the group (none past the last channel), and the place in it; then likewise the inputs. */
    int out_group[FER_BLOCK], out_place[FER_BLOCK];
#pragma unroll 1
    for (int o = 0; o < FER_BLOCK; o++) {
        const int out = k * FER_BLOCK + o;
        out_group[o] = out < outputs ? out / group_out : -1;
        out_place[o] = out % group_out;
    }
#pragma unroll 1
    for (int b = b0; b < min(b0 + EACH, blocks); b++) {
        __global float *const w = DATA(packed) + ((size_t)k * blocks * FER_BLOCK + (size_t)b * SIDE) * taps * FER_BLOCK;
        int in_group[FER_BLOCK], in_place[FER_BLOCK];
#pragma unroll 1
        for (int i = 0; i < FER_BLOCK; i++) {
            in_group[i] = ((block0 + b) * FER_BLOCK + i) / group_in;
            in_place[i] = ((block0 + b) * FER_BLOCK + i) % group_in;
        }
        /* The inner loop walks along the rows of the canonical weights.  Within one group their 16 places are consecutive. */
        const bool whole = in_group[0] == in_group[FER_BLOCK - 1] && in_group[0] == out_group[0] &&
                           in_group[0] == out_group[FER_BLOCK - 1];
#pragma unroll 1
        for (int row = 0; row < FER_BLOCK; row++) {
            __global const float *const from =
                DATA(weights) + (gradient ? (block0 + b) * (size_t)FER_BLOCK + row : (size_t)k * FER_BLOCK + row) * stride;
            if (whole && taps == 1) {
                const float16 v = fer_load16(0, from + (gradient ? out_place[0] : in_place[0]));
                if (gradient && SIDE == FER_BLOCK) {
                    fer_store16(v, row, w);
                } else {
                    float values[FER_BLOCK];
                    fer_store16(v, 0, values);
#pragma unroll
                    for (int i = 0; i < FER_BLOCK; i++)
                        w[gradient ? PLACE(0, row, i) : PLACE(0, i, row)] = values[i];
                }
                continue;
            }
#pragma unroll 1
            for (int column = 0; column < FER_BLOCK; column++) {
                const int i = gradient ? row : column, o = gradient ? column : row;
                const int place = gradient ? out_place[o] : in_place[i];
                const bool used = in_group[i] == out_group[o];
#pragma unroll 1
                for (int t = 0; t < taps; t++)
                    w[PLACE(t, i, o)] = used ? from[place * taps + t] : 0.0f;
            }
        }
    }
    if (k == 0 && b0 == 0)
#pragma unroll 1
        for (int i = 0; i < FER_BLOCK; i++)
            DATA(packed)[(size_t)out_blocks * blocks * taps * FER_BLOCK * FER_BLOCK + i] = 0.0f;
}
