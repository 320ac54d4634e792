/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums, differences, products.  Operands may have length 1 where the result has more.
 */
#define EACH(out) for (FER_SPAN(i, FER_CELLS(out), span))
#ifdef RELU
#define OUTPUT(v) ((v) < 0.0f ? (FER_V)(0.0f) : (v))
#define THROUGH(y, v) ((y) > 0.0f ? (v) : (FER_V)(0.0f))
#else
#define OUTPUT(v) (v)
#define THROUGH(y, v) (v)
#endif

/* out = a + sign b (then ReLU), all of one shape. */
#ifdef FER_KERNEL_sum
__kernel void sum(FER_IN(a), FER_IN(b), FER_OUT(out), const float sign, const int span)
{
    EACH(out) {
        const FER_V v = FER_CELL_LOAD(a, i) + sign * FER_CELL_LOAD(b, i);
        FER_CELL_STORE(out, i, OUTPUT(v));
    }
}
#endif

/* The gradient behind a fused ReLU goes to two places at once, which halves the reading. */
#ifdef FER_KERNEL_sum_grad
__kernel void sum_grad(FER_IN(y), FER_IN(dy), FER_OUT(out), FER_OUT(out2), const int span)
{
    EACH(out) {
        const FER_V v = THROUGH(FER_CELL_LOAD(y, i), FER_CELL_LOAD(dy, i));
        FER_CELL_STORE(out, i, v);
        FER_CELL_STORE(out2, i, v);
    }
}
#endif

#ifdef FER_KERNEL_masked
__kernel void masked(FER_IN(y), FER_IN(dy), FER_OUT(out), const int span)
{
    EACH(out) {
        FER_CELL_STORE(out, i, THROUGH(FER_CELL_LOAD(y, i), FER_CELL_LOAD(dy, i)));
    }
}
#endif

/* out = factor x + shift; zero lanes stay zero. */
#ifdef FER_KERNEL_affine
__kernel void affine(FER_IN(x), FER_OUT(out), const float factor, const float shift, const int span)
{
    EACH(out) {
        const FER_V v = factor * FER_CELL_LOAD(x, i) + shift;
        FER_CELL_STORE(out, i, FER_KEEP(out_dim, FER_CELL_C(out_dim, i), v));
    }
}
#endif

/* Cell (n, c, p) of an operand that is stretched to the result's dim d. */
#if defined(FER_KERNEL_sum_stretched) || defined(FER_KERNEL_product)
#define FER_TYPE_t float
#define FER_FORM_t FULL
#define FER_LAYOUT_t FER_LAYOUT_out
static inline FER_V stretched(FER_IN(t), const int4 d, const int n, const int c, const int p)
{
    const int row = t_dim.x == 1 ? 0 : n;
    const int h = t_dim.z == 1 ? 0 : p / d.w, w = t_dim.w == 1 ? 0 : p % d.w;
    const int pixel = h * t_dim.w + w;
    return t_dim.y == 1 && d.y > 1 ? (FER_V)(LOAD(t, row, 0, pixel)) : FER_VLOAD(t, row, c, pixel);
}
#define CELL(out) const int n = FER_CELL_N(out##_dim, i), c = FER_CELL_C(out##_dim, i), p = FER_CELL_P(out##_dim, i);
#define OPERAND(t) stretched(t##_data, t##_offset, t##_dim, out_dim, n, c, p)
#endif

#ifdef FER_KERNEL_sum_stretched
__kernel void sum_stretched(FER_IN(a), FER_IN(b), FER_OUT(out), const float sign, const int span)
{
    EACH(out) {
        CELL(out)
        const FER_V v = OPERAND(a) + sign * OPERAND(b);
        FER_CELL_STORE(out, i, FER_KEEP(out_dim, c, OUTPUT(v)));
    }
}
#endif

#ifdef FER_KERNEL_product
__kernel void product(FER_IN(a), FER_IN(b), FER_OUT(out), const int span)
{
    EACH(out) {
        CELL(out)
        FER_CELL_STORE(out, i, FER_KEEP(out_dim, c, OPERAND(a) * OPERAND(b)));
    }
}
#endif
