/* SPDX-License-Identifier: Apache-2.0
 *
 * dw[K][C / groups][tap] = the sum over splits, in order, of partial[split][k / 16][block][tap][16 inputs][16 outputs].
 * The opposite of conv_pack.  Work-item: one input channel of its group (dimension 0) for one output channel (1).
 */
__kernel void conv_unpack(FER_IN(partial), FER_OUT(dw), const int outputs, const int blocks, const int taps,
                          const int group_in, const int group_out, const int splits)
{
    const int i = (int)get_global_id(0), k = (int)get_global_id(1);
    if (i >= group_in || k >= outputs)
        return;
    const int out_block = k / FER_BLOCK, out_blocks = (outputs + FER_BLOCK - 1) / FER_BLOCK;
    const int block0 = out_block * FER_BLOCK / group_out * group_in / FER_BLOCK;
    const int in = k / group_out * group_in + i, b = in / FER_BLOCK - block0;
    const size_t split_size = (size_t)out_blocks * blocks * taps * 256;
    for (int t = 0; t < taps; t++) {
        __global const float *p = DATA(partial) + (((size_t)out_block * blocks + b) * taps + t) * 256 +
                                  in % FER_BLOCK * FER_BLOCK + k % FER_BLOCK;
        float sum = 0.0f;
        for (int s = 0; s < splits; s++)
            sum += p[s * split_size];
        DATA(dw)[((size_t)k * group_in + i) * taps + t] = sum;
    }
}
