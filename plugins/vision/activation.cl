/* SPDX-License-Identifier: Apache-2.0
 *
 * Pointwise activations over cells in memory order.  Comparisons are written so that a NaN stays a NaN.
 */
#define EACH(out) for (FER_SPAN(i, FER_CELLS(out), span))

#ifdef FER_KERNEL_relu
__kernel void relu(FER_IN(x), FER_OUT(out), const int span)
{
    EACH(out) {
        const FER_V v = FER_CELL_LOAD(x, i);
        FER_CELL_STORE(out, i, v < 0.0f ? (FER_V)(0.0f) : v);
    }
}
#endif

/* x is the layer's output here. */
#ifdef FER_KERNEL_relu_grad
__kernel void relu_grad(FER_IN(x), FER_IN(dy), FER_OUT(out), const int span)
{
    EACH(out) {
        FER_CELL_STORE(out, i, FER_CELL_LOAD(x, i) > 0.0f ? FER_CELL_LOAD(dy, i) : (FER_V)(0.0f));
    }
}
#endif

#ifdef FER_KERNEL_leaky
__kernel void leaky(FER_IN(x), FER_OUT(out), const float slope, const int span)
{
    EACH(out) {
        const FER_V v = FER_CELL_LOAD(x, i);
        FER_CELL_STORE(out, i, v > 0.0f ? v : v * slope);
    }
}
#endif

#ifdef FER_KERNEL_leaky_grad
__kernel void leaky_grad(FER_IN(x), FER_IN(dy), FER_OUT(out), const float slope, const int span)
{
    EACH(out) {
        const FER_V v = FER_CELL_LOAD(dy, i);
        FER_CELL_STORE(out, i, FER_CELL_LOAD(x, i) > 0.0f ? v : v * slope);
    }
}
#endif

/* exp of a non-positive number only, so that nothing overflows; sigmoid(0) = 1/2 must not reach the zero lanes. */
#ifdef FER_KERNEL_sigmoid
__kernel void sigmoid(FER_IN(x), FER_OUT(out), const int span)
{
    EACH(out) {
        const FER_V v = FER_CELL_LOAD(x, i);
        const FER_V e = exp(-fabs(v));
        const FER_V s = (v < 0.0f ? e : (FER_V)(1.0f)) / (1.0f + e);
        FER_CELL_STORE(out, i, FER_KEEP(out_dim, FER_CELL_C(out_dim, i), s));
    }
}
#endif

#ifdef FER_KERNEL_sigmoid_grad
__kernel void sigmoid_grad(FER_IN(x), FER_IN(dy), FER_OUT(out), const int span)
{
    EACH(out) {
        const FER_V s = FER_CELL_LOAD(x, i);
        FER_CELL_STORE(out, i, FER_CELL_LOAD(dy, i) * s * (1.0f - s));
    }
}
#endif

#ifdef FER_KERNEL_tangent
__kernel void tangent(FER_IN(x), FER_OUT(out), const int span)
{
    EACH(out) {
        FER_CELL_STORE(out, i, tanh(FER_CELL_LOAD(x, i)));
    }
}
#endif

#ifdef FER_KERNEL_tangent_grad
__kernel void tangent_grad(FER_IN(x), FER_IN(dy), FER_OUT(out), const int span)
{
    EACH(out) {
        const FER_V t = FER_CELL_LOAD(x, i);
        FER_CELL_STORE(out, i, FER_CELL_LOAD(dy, i) * (1.0f - t * t));
    }
}
#endif

/* The slope of each channel, or the only one. */
#if defined(FER_KERNEL_prelu) || defined(FER_KERNEL_prelu_grad)
static inline FER_V slope_of(FER_IN(slope), const int channels, const int c)
{
    if (slope_dim.x == 1)
        return (FER_V)(DATA(slope)[0]);
#if FER_LANES == 16
    float lane[16];
    for (int k = 0; k < 16; k++)
        lane[k] = c + k < channels ? DATA(slope)[c + k] : 0.0f;
    return fer_load16(0, lane);
#else
    return DATA(slope)[c];
#endif
}
#define SLOPE(i) slope_of(slope_data, slope_offset, slope_dim, out_dim.y, FER_CELL_C(out_dim, i))
#endif

#ifdef FER_KERNEL_prelu
__kernel void prelu(FER_IN(x), FER_IN(slope), FER_OUT(out), const int span)
{
    EACH(out) {
        const FER_V v = FER_CELL_LOAD(x, i);
        FER_CELL_STORE(out, i, v > 0.0f ? v : v * SLOPE(i));
    }
}
#endif

#ifdef FER_KERNEL_prelu_grad
__kernel void prelu_grad(FER_IN(x), FER_IN(slope), FER_IN(dy), FER_OUT(out), const int span)
{
    EACH(out) {
        const FER_V v = FER_CELL_LOAD(dy, i);
        FER_CELL_STORE(out, i, FER_CELL_LOAD(x, i) > 0.0f ? v : v * SLOPE(i));
    }
}
#endif

/* What each element adds to its channel's slope gradient. */
#ifdef FER_KERNEL_prelu_slope
__kernel void prelu_slope(FER_IN(x), FER_IN(dy), FER_OUT(out), const int span)
{
    EACH(out) {
        const FER_V v = FER_CELL_LOAD(x, i);
        FER_CELL_STORE(out, i, v > 0.0f ? (FER_V)(0.0f) : v * FER_CELL_LOAD(dy, i));
    }
}
#endif
