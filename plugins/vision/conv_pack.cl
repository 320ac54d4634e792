/* SPDX-License-Identifier: Apache-2.0 */

/* w[k / 16][block][tap][16 inputs][16 outputs] out of canonical weights [K][C / groups][tap].  With GRADIENT inputs and
 * outputs change places: then `outputs` counts the channels of x, and `group_in`, `group_out` are swapped too.
 * Work-item: one block of one output block. */
__kernel void conv_pack(FER_IN(weights), FER_OUT(packed), const int outputs, const int blocks, const int taps,
                               const int group_in, const int group_out)
{
    const int k = (int)get_global_id(1), b = (int)get_global_id(0);
    const int out_blocks = (outputs + FER_BLOCK - 1) / FER_BLOCK;
    const int block0 = k * FER_BLOCK / group_out * group_in / FER_BLOCK;
    if (b >= blocks || k >= out_blocks)
        return;
    __global float *w = DATA(packed) + ((size_t)k * blocks + b) * taps * 256;
    for (int o = 0; o < FER_BLOCK; o++) {
        const int out = k * FER_BLOCK + o;
        for (int i = 0; i < FER_BLOCK; i++) {
            const int in = (block0 + b) * FER_BLOCK + i;
            const bool used = out < outputs && in / group_in == out / group_out;
#ifdef GRADIENT
            const size_t at = ((size_t)in * group_out + out % group_out) * taps;
#else
            const size_t at = ((size_t)out * group_in + in % group_in) * taps;
#endif
            for (int t = 0; t < taps; t++)
                w[(t * FER_BLOCK + i) * FER_BLOCK + o] = used ? DATA(weights)[at + t] : 0.0f;
        }
    }
    if (k == 0 && b == 0)
        for (int i = 0; i < FER_BLOCK; i++)
            DATA(packed)[(size_t)out_blocks * blocks * taps * 256 + i] = 0.0f;
}
