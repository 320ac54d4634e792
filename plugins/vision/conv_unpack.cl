/* SPDX-License-Identifier: Apache-2.0
 *
 * dw[K][C / groups][tap] = the sum over splits, in order, of partial[split][k / 16][block][tap][16 inputs][16 outputs].
 * The opposite of conv_pack.  Work-item: one input block (dimension 0) of one output block (1).
 */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
conv_unpack(FER_IN(partial), FER_OUT(dw), const int outputs, const int blocks, const int taps, const int group_in,
            const int group_out, const int splits)
{
    const int b = (int)get_global_id(0), k = (int)get_global_id(1);
    const int out_blocks = (outputs + FER_BLOCK - 1) / FER_BLOCK;
    const int first = (k * FER_BLOCK / group_out * group_in / FER_BLOCK + b) * FER_BLOCK; /* input channel of the block */
    const size_t split_size = (size_t)out_blocks * blocks * taps * 256;
    __global const float *const sums = DATA(partial) + ((size_t)k * blocks + b) * taps * 256;
    /* Of each of the 16 outputs which inputs of the block it has, and where input 0 would lie. */
    int begin[FER_BLOCK], end[FER_BLOCK];
    long to[FER_BLOCK];
    for (int o = 0; o < FER_BLOCK; o++) {
        const int out = k * FER_BLOCK + o, group = out / group_out * group_in;
        begin[o] = max(group, first);
        end[o] = out < outputs ? min(group + group_in, first + FER_BLOCK) : 0;
        to[o] = ((long)out * group_in - group) * taps;
    }
    for (int t = 0; t < taps; t++) {
        float sum[FER_BLOCK * FER_BLOCK];
        for (int i = 0; i < FER_BLOCK; i++) {
            float16 row = fer_load16(t * FER_BLOCK + i, sums);
            for (int s = 1; s < splits; s++)
                row += fer_load16(t * FER_BLOCK + i, sums + s * split_size);
            fer_store16(row, i, sum);
        }
        for (int o = 0; o < FER_BLOCK; o++)
            for (int in = begin[o]; in < end[o]; in++)
                DATA(dw)[to[o] + (long)in * taps + t] = sum[(in - first) * FER_BLOCK + o];
    }
}
