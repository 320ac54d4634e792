/* SPDX-License-Identifier: Apache-2.0
 *
 * Weights of grouped convolutions, canonical [K][width][tap], to and from w[k / 16][tap][width][16].
 */

#ifdef FER_KERNEL_conv_grouped_pack
/* Lane o, entry i of a tap joins output o of the block and input i of its group; with GRADIENT input o and output i.  16
 * zeros follow.  Work-item: a block of 16 channels. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
conv_grouped_pack(FER_IN(weights), FER_OUT(packed), const int channels, const int width, const int taps)
{
    const int k = (int)get_global_id(0);
    __global float *const w = DATA(packed) + (size_t)k * taps * width * FER_BLOCK;
    for (int o = 0; o < FER_BLOCK; o++) {
        const int channel = k * FER_BLOCK + o, group = channel / width * width;
        for (int i = 0; i < width; i++) {
#ifdef GRADIENT
            const size_t from = ((size_t)(group + i) * width + channel - group) * taps;
#else
            const size_t from = ((size_t)channel * width + i) * taps;
#endif
            for (int t = 0; t < taps; t++)
                w[(t * width + i) * FER_BLOCK + o] = channel < channels ? DATA(weights)[from + t] : 0.0f;
        }
    }
    if (k == 0)
        for (int i = 0; i < FER_BLOCK; i++)
            DATA(packed)[(size_t)(channels + FER_BLOCK - 1) / FER_BLOCK * taps * width * FER_BLOCK + i] = 0.0f;
}
#endif

#ifdef FER_KERNEL_conv_grouped_unpack
/* dw = the sum over splits, in order, of partial[split][k / 16][tap][width][16].  Work-item: one output channel. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
conv_grouped_unpack(FER_IN(partial), FER_OUT(dw), const int channels, const int width, const int taps, const int splits)
{
    const int k = (int)get_global_id(0);
    const size_t block = (size_t)taps * width * FER_BLOCK, split = (channels + FER_BLOCK - 1) / FER_BLOCK * block;
    __global const float *const sums = DATA(partial) + k / FER_BLOCK * block + k % FER_BLOCK;
    for (int i = 0; i < width; i++)
        for (int t = 0; t < taps; t++) {
            float sum = 0.0f;
            for (int s = 0; s < splits; s++)
                sum += sums[s * split + (t * width + i) * FER_BLOCK];
            DATA(dw)[((size_t)k * width + i) * taps + t] = sum;
        }
}
#endif
