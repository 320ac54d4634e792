/* SPDX-License-Identifier: Apache-2.0
 *
 * packed[k / 16][J][16] out of weights[K][J], zeros past K; conv_stem_unpack: dw[K][J] is the sum over splits, in order, of
 * partial[split][k / 16][J][16].  Work-item: one j (dimension 0) of one block of 16 k, or of one k.
 */
#ifdef FER_KERNEL_conv_stem_pack
__kernel void conv_stem_pack(FER_IN(weights), FER_OUT(packed), const int outputs, const int all)
{
    const int j = (int)get_global_id(0), block = (int)get_global_id(1);
    if (j >= all)
        return;
    for (int i = 0; i < FER_BLOCK; i++) {
        const int k = block * FER_BLOCK + i;
        DATA(packed)[((size_t)block * all + j) * FER_BLOCK + i] = k < outputs ? DATA(weights)[(size_t)k * all + j] : 0.0f;
    }
}
#endif

#ifdef FER_KERNEL_conv_stem_unpack
__kernel void conv_stem_unpack(FER_IN(partial), FER_OUT(dw), const int outputs, const int all, const int splits)
{
    const int j = (int)get_global_id(0), k = (int)get_global_id(1);
    const size_t split_size = (size_t)((outputs + FER_BLOCK - 1) / FER_BLOCK) * all * FER_BLOCK;
    __global const float *const p = DATA(partial) + ((size_t)(k / FER_BLOCK) * all + j) * FER_BLOCK + k % FER_BLOCK;
    float sum = 0.0f;
    if (j >= all || k >= outputs)
        return;
    for (int s = 0; s < splits; s++)
        sum += p[s * split_size];
    DATA(dw)[(size_t)k * all + j] = sum;
}
#endif
