/* SPDX-License-Identifier: Apache-2.0
 *
 * Included by sources of convolutions, also those of other plugins: which positions of one axis are read.
 *
 * Output first + step * i, i < count, reads at tap tap + tap_step * t, t < taps, input origin + scale * i + walk * t.
 * Forward that is the convolution itself.  The gradient at input i gathers outputs o with o * stride - pad + t * dilation
 * == i; inputs of one remainder modulo the stride, one phase, see the same taps:
 *
 *     stride 2, 3 taps, pad 1      i    0   1   2   3   4      phase 0: tap 1        origin 0
 *                                  taps 1  0,2  1  0,2  1      phase 1: taps 0, 2    origin 1, walk -1
 */
struct axis {
    int first, step, count;
    int tap, tap_step, taps;
    int origin, scale, walk;
};

static inline void axis_make(struct axis *a, const int size, const int kernel_size, const int stride, const int pad,
                             const int dilation, const int gradient, const int phase)
{
    if (!gradient) {
        *a = (struct axis){ 0, 1, size, 0, 1, kernel_size, -pad, stride, dilation };
        return;
    }
    a->first = phase;
    a->step = stride;
    a->count = (size - phase + stride - 1) / stride;
    a->tap = 0;
    while (a->tap < kernel_size && (phase + pad - a->tap * dilation) % stride != 0)
        a->tap++;
    a->tap_step = 1;
    while (a->tap_step * dilation % stride != 0)
        a->tap_step++;
    a->taps = a->tap < kernel_size ? (kernel_size - 1 - a->tap) / a->tap_step + 1 : 0;
    a->origin = (phase + pad - a->tap * dilation) / stride;
    a->scale = 1;
    a->walk = -(a->tap_step * dilation / stride);
}
