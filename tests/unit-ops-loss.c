/* SPDX-License-Identifier: Apache-2.0
 *
 * Losses: the number to minimise, the losses of samples, gradients of both.
 */
#include "harness.h"

#include <math.h>

/* From losses of samples and what each counts to the mean. */
static void finish(const struct op_reference *r, const double *counts)
{
    double sum = 0, all = 0;
    const int samples = r->in[0].dim[0];
    for (int n = 0; n < samples; n++) {
        sum += r->out[1].v[n];
        all += counts ? counts[n] : 1;
    }
    r->out[0].v[0] = all > 0 ? sum / all : 0;
}

/* ---- cross_entropy; p: label smoothing, number of class weights, class weights ---- */

static double class_weight(const struct op_reference *r, int k)
{
    return r->p[1] != 0 ? r->p[2 + k] : 1;
}

static void cross_entropy(const struct op_reference *r)
{
    const struct op_tensor *x = &r->in[0], *label = &r->in[1];
    const int classes = x->dim[1];
    double counts[64];
    for (int n = 0; n < x->dim[0]; n++) {
        const double *row = x->v + n * classes;
        const int y = label->rank == 1 ? (int)label->v[n] : 0;
        double sum = 0;
        for (int k = 0; k < classes; k++)
            sum += exp(row[k]);
        for (int k = 0; k < classes && y >= 0; k++) {
            const double given = label->rank == 1 ? k == y : label->v[n * classes + k];
            const double target = (1 - r->p[0]) * given + r->p[0] / classes;
            r->out[1].v[n] -= class_weight(r, k) * target * (row[k] - log(sum));
        }
        counts[n] = label->rank == 2 ? 1 : y < 0 ? 0 : class_weight(r, y);
    }
    finish(r, counts);
}

/* ---- means over elements ---- */

#define POINTWISE(name, expression)                                                                                    \
    static void name(const struct op_reference *r)                                                                     \
    {                                                                                                                  \
        const size_t row = r->in[0].count / (size_t)r->in[0].dim[0];                                                   \
        for (size_t i = 0; i < r->in[0].count; i++) {                                                                  \
            const double x = r->in[0].v[i], t = r->nin > 1 ? r->in[1].v[i] : 0;                                        \
            r->out[1].v[i / row] += (expression) / (double)row;                                                        \
        }                                                                                                              \
        finish(r, NULL);                                                                                               \
    }
POINTWISE(bce, -(t *log(x) + (1 - t) * log(1 - x)))
POINTWISE(bce_logits, log(1 + exp(x)) - t * x)
POINTWISE(mse, (x - t) * (x - t))
POINTWISE(l1, fabs(x - t))

/* ---- pairs; p: margin or temperature, normalize ---- */

static double dot(const double *a, const double *b, int size)
{
    double sum = 0;
    for (int i = 0; i < size; i++)
        sum += a[i] * b[i];
    return sum;
}

/* a . b, of vectors of length 1 where the loss normalises. */
static double similarity(const struct op_reference *r, const double *a, const double *b, int size)
{
    const double length = r->p[1] != 0 ? sqrt(dot(a, a, size) * dot(b, b, size)) : 1;
    return dot(a, b, size) / length;
}

static void contrastive(const struct op_reference *r)
{
    const int size = r->in[0].dim[1];
    for (int n = 0; n < r->in[0].dim[0]; n++) {
        const double *a = r->in[0].v + n * size, *b = r->in[1].v + n * size, same = r->in[2].v[n];
        const double d = similarity(r, a, a, size) + similarity(r, b, b, size) - 2 * similarity(r, a, b, size);
        r->out[1].v[n] = same * d / 2 + (1 - same) * fmax(r->p[0] - d, 0) / 2;
    }
    finish(r, NULL);
}

/* Rows of the first view, then of the second. */
static const double *view_row(const struct op_reference *r, int i)
{
    const int samples = r->in[0].dim[0], size = r->in[0].dim[1];
    return i < samples ? r->in[0].v + i * size : r->in[1].v + (i - samples) * size;
}

static void nt_xent(const struct op_reference *r)
{
    const int samples = r->in[0].dim[0], size = r->in[0].dim[1];
    for (int i = 0; i < 2 * samples; i++) {
        double sum = 0;
        for (int k = 0; k < 2 * samples; k++)
            if (k != i)
                sum += exp(similarity(r, view_row(r, i), view_row(r, k), size) / r->p[0]);
        const double positive =
            similarity(r, view_row(r, i), view_row(r, (i + samples) % (2 * samples)), size) / r->p[0];
        r->out[1].v[i % samples] += (log(sum) - positive) / 2;
    }
    finish(r, NULL);
}

#define LOSS(call_, inputs_, ...)                                                                                      \
    {                                                                                                                  \
        .outputs = 2, .call = call_, .inputs = inputs_, __VA_ARGS__                                                    \
    }

static const struct op_case cases[] = {
    LOSS("cross_entropy", "5,7 l7:5", cross_entropy, { 0 }, OP_COUPLED),
    LOSS("cross_entropy", "1,2 l2:1", cross_entropy, { 0 }, OP_COUPLED),
    LOSS("cross_entropy", "3,70 l70:3", cross_entropy, { 0 }, OP_COUPLED),
    LOSS("cross_entropy", "6,3 i3:6", cross_entropy, { 0 }, OP_COUPLED),
    LOSS("cross_entropy label_smoothing=0.1 weight=[1, 2, 0.5, 0, 3]", "7,5 i5:7", cross_entropy,
         { 0.1, 5, 1, 2, 0.5, 0, 3 }, OP_COUPLED),
    LOSS("cross_entropy", "3,6 d3,6", cross_entropy, { 0 }, OP_COUPLED),
    LOSS("cross_entropy label_smoothing=0.2 weight=[1, 2, 0.5]", "4,3 d4,3", cross_entropy, { 0.2, 3, 1, 2, 0.5 },
         OP_COUPLED),
    LOSS("bce", "p4,3,2,5 p4,3,2,5", bce, { 0 }, OP_COUPLED),
    LOSS("bce logits=yes", "3,90 b3,90", bce_logits, { 0 }, OP_COUPLED),
    LOSS("mse", "3,17,2,3 3,17,2,3", mse, { 0 }, OP_COUPLED),
    LOSS("mse", "4,1 4", mse, { 0 }, OP_COUPLED),
    LOSS("l1", "3,70 3,70", l1, { 0 }, OP_COUPLED),
    LOSS("l1", "2,5,3,3", l1, { 0 }, OP_COUPLED),
    LOSS("contrastive margin=1.5", "6,9 6,9 b6", contrastive, { 1.5, 1 }, OP_COUPLED),
    LOSS("contrastive margin=40 normalize=no", "5,70 5,70 b5", contrastive, { 40, 0 }, OP_COUPLED),
    LOSS("nt_xent", "5,7 5,7", nt_xent, { 0.5, 1 }, OP_COUPLED),
    LOSS("nt_xent temperature=2 normalize=no", "3,70 3,70", nt_xent, { 2, 0 }, OP_COUPLED),
};

int main(void)
{
    return op_main("ops-loss", cases, sizeof cases / sizeof cases[0], NULL);
}
