/* SPDX-License-Identifier: Apache-2.0
 *
 * framed[n, c, i, j] = x[n, c, i - pad, j - pad], zero outside.  Both plain.  Work-item: one row of framed.
 */
__kernel void conv_stem_frame(FER_IN(x), FER_OUT(framed), const int pad)
{
    const int r = (int)get_global_id(0), i = r % framed_dim.z - pad;
    const size_t image = (size_t)(r / framed_dim.z);
    if (r >= framed_dim.x * framed_dim.y * framed_dim.z)
        return;
    __global const float *const in = DATA(x) + (image * x_dim.z + i) * x_dim.w;
    __global float *const out = DATA(framed) + (size_t)r * framed_dim.w;
    for (int j = 0; j < framed_dim.w; j++)
        out[j] = (uint)i < (uint)x_dim.z && (uint)(j - pad) < (uint)x_dim.w ? in[j - pad] : 0.0f;
}
