/* SPDX-License-Identifier: Apache-2.0
 *
 * Depthwise weights between their canonical order [K][tap] and [k / 16][tap][16], zeros past K.
 */
#ifdef FER_KERNEL_conv_depthwise_pack
/* Work-item: one packed number. */
__kernel void conv_depthwise_pack(FER_IN(weights), FER_OUT(packed), const int channels, const int taps)
{
    const int i = (int)get_global_id(0), k = i / FER_BLOCK / taps * FER_BLOCK + i % FER_BLOCK, t = i / FER_BLOCK % taps;
    if (i < (channels + FER_BLOCK - 1) / FER_BLOCK * taps * FER_BLOCK)
        DATA(packed)[i] = k < channels ? DATA(weights)[k * taps + t] : 0.0f;
}
#endif

#ifdef FER_KERNEL_conv_depthwise_unpack
/* The sum over splits, in order, of partial[split][k / 16][tap][16].  Work-item: one weight. */
__kernel void conv_depthwise_unpack(FER_IN(partial), FER_OUT(dw), const int channels, const int taps, const int splits)
{
    const int i = (int)get_global_id(0), k = i / taps, t = i % taps;
    const int split_size = (channels + FER_BLOCK - 1) / FER_BLOCK * taps * FER_BLOCK;
    float sum = 0.0f;
    if (i >= channels * taps)
        return;
    for (int s = 0; s < splits; s++)
        sum += DATA(partial)[(size_t)s * split_size + (k / FER_BLOCK * taps + t) * FER_BLOCK + k % FER_BLOCK];
    DATA(dw)[i] = sum;
}
#endif
