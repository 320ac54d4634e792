/* SPDX-License-Identifier: Apache-2.0
 *
 * The axes behind the batch in another order: out[n, i, j, k] = x[n, i step_y + j step_z + k step_w], rows of both in plain order.
 */
__kernel void permute(FER_IN(x), FER_OUT(out), const int step_y, const int step_z, const int step_w, const int span)
{
    const size_t row = (size_t)out_dim.y * FER_PLANE(out_dim);
    for (FER_SPAN(i, SIZE(out), span)) {
        const size_t line = fer_divide(i, out_dim.w), plane = fer_divide(line, out_dim.z), n = fer_divide(plane, out_dim.y);
        const size_t y = plane - n * out_dim.y, j = line - plane * out_dim.z, k = i - line * out_dim.w;
        DATA(out)[i] = DATA(x)[n * row + y * step_y + j * step_z + k * step_w];
    }
}
