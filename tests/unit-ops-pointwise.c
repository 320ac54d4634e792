/* SPDX-License-Identifier: Apache-2.0
 *
 * Operations that treat elements one by one, against their definitions.
 */
#include "harness.h"

#include <math.h>

/* ---- one input ---- */

#define EACH(name, expression)                                                                                         \
    static void name(const struct op_reference *r)                                                                     \
    {                                                                                                                  \
        for (size_t i = 0; i < r->out[0].count; i++) {                                                                 \
            const double x = r->in[0].v[i];                                                                            \
            r->out[0].v[i] = expression;                                                                               \
        }                                                                                                              \
    }
EACH(relu, x > 0 ? x : 0)
EACH(leaky_relu, x > 0 ? x : r->p[0] * x)
EACH(sigmoid, 1 / (1 + exp(-x)))
EACH(tangent, tanh(x))
EACH(affine, r->p[0] * x + r->p[1])
EACH(same, x)

static int channel_of(const struct op_tensor *t, size_t i)
{
    return (int)(i / ((size_t)t->dim[2] * (size_t)t->dim[3]) % (size_t)t->dim[1]);
}

static void prelu(const struct op_reference *r)
{
    for (size_t i = 0; i < r->out[0].count; i++) {
        const double x = r->in[0].v[i];
        const int c = channel_of(&r->in[0], i);
        r->out[0].v[i] = x > 0 ? x : r->weight[0].v[r->weight[0].count > 1 ? c : 0] * x;
    }
}

/* p: means and deviations, three of each */
static void normalize(const struct op_reference *r)
{
    for (size_t i = 0; i < r->out[0].count; i++) {
        const int c = channel_of(&r->in[0], i);
        r->out[0].v[i] = (r->in[0].v[i] - r->p[c]) / r->p[3 + c];
    }
}

static void softmax(const struct op_reference *r)
{
    const struct op_tensor *x = &r->in[0];
    for (int n = 0; n < x->dim[0]; n++)
        for (int h = 0; h < x->dim[2]; h++)
            for (int w = 0; w < x->dim[3]; w++) {
                double sum = 0;
                for (int c = 0; c < x->dim[1]; c++)
                    sum += exp(x->v[op_at(x, n, c, h, w)]);
                for (int c = 0; c < x->dim[1]; c++)
                    r->out[0].v[op_at(x, n, c, h, w)] = exp(x->v[op_at(x, n, c, h, w)]) / sum;
            }
}

static void l2_normalize(const struct op_reference *r)
{
    const struct op_tensor *x = &r->in[0];
    for (int n = 0; n < x->dim[0]; n++)
        for (int h = 0; h < x->dim[2]; h++)
            for (int w = 0; w < x->dim[3]; w++) {
                double sum = 0;
                for (int c = 0; c < x->dim[1]; c++)
                    sum += pow(x->v[op_at(x, n, c, h, w)], 2);
                for (int c = 0; c < x->dim[1]; c++)
                    r->out[0].v[op_at(x, n, c, h, w)] = x->v[op_at(x, n, c, h, w)] / fmax(sqrt(sum), r->p[0]);
            }
}

/* ---- several inputs, stretched where they have length 1 ---- */

static double stretched(const struct op_tensor *t, const struct op_tensor *out, size_t i)
{
    size_t at = 0, step = 1;
    for (int k = FER_MAX_RANK - 1; k >= 0; k--) {
        const size_t index = i % (size_t)out->dim[k];
        i /= (size_t)out->dim[k];
        at += t->dim[k] > 1 ? index * step : 0;
        step *= (size_t)t->dim[k];
    }
    return t->v[at];
}

static void add(const struct op_reference *r)
{
    for (size_t i = 0; i < r->out[0].count; i++)
        for (int k = 0; k < r->nin; k++)
            r->out[0].v[i] += stretched(&r->in[k], &r->out[0], i);
}

static void add_relu(const struct op_reference *r)
{
    add(r);
    for (size_t i = 0; i < r->out[0].count; i++)
        r->out[0].v[i] = fmax(r->out[0].v[i], 0);
}

static void sub(const struct op_reference *r)
{
    for (size_t i = 0; i < r->out[0].count; i++)
        r->out[0].v[i] = stretched(&r->in[0], &r->out[0], i) - stretched(&r->in[1], &r->out[0], i);
}

static void mul(const struct op_reference *r)
{
    for (size_t i = 0; i < r->out[0].count; i++)
        r->out[0].v[i] = stretched(&r->in[0], &r->out[0], i) * stretched(&r->in[1], &r->out[0], i);
}

/* One value in three places: gradients of a fan-out are added. */
static void fan_out(const struct op_reference *r)
{
    for (size_t i = 0; i < r->out[0].count; i++) {
        const double x = r->in[0].v[i];
        r->out[0].v[i] = x * x + 1 / (1 + exp(-x));
    }
}

static const struct op_case cases[] = {
    OP_CASE("relu", "3,5,4,7", relu),
    OP_CASE("relu", "1,33,1,1", relu),
    OP_CASE("relu", "3,19", relu),
    OP_CASE("leaky_relu", "2,18,3,5", leaky_relu, { 0.01 }),
    OP_CASE("leaky_relu 0.2", "3,5", leaky_relu, { 0.2 }),
    OP_CASE("prelu", "3,17,4,3", prelu),
    OP_CASE("prelu slopes=channels", "3,17,4,3", prelu),
    OP_CASE("prelu slopes=channels", "4,7", prelu),
    OP_CASE("sigmoid", "2,17,3,3", sigmoid),
    OP_CASE("tanh", "2,17,3,3", tangent),
    OP_CASE("tanh", "1,3", tangent),
    OP_CASE("scale -1.5 shift=0.25", "2,17,3,3", affine, { -1.5, 0.25 }),
    OP_CASE("scale 2", "3,7", affine, { 2, 0 }),
    OP_CASE("normalize mean=[0.5, 0.25, -1] std=[0.2, 2, 0.5]", "2,3,5,3", normalize, { 0.5, 0.25, -1, 0.2, 2, 0.5 }),
    OP_CASE("normalize mean=[0.5] std=[0.25]", "3,3", normalize, { 0.5, 0.5, 0.5, 0.25, 0.25, 0.25 }),
    OP_CASE("softmax", "3,7", softmax),
    OP_CASE("softmax", "2,18,3,5", softmax),
    OP_CASE("softmax", "2,70", softmax),
    OP_CASE("l2_normalize", "3,7", l2_normalize, { 1e-12 }),
    OP_CASE("l2_normalize", "2,18,3,5", l2_normalize, { 1e-12 }),
    OP_CASE("l2_normalize eps=1", "3,2", l2_normalize, { 1 }),
    OP_CASE("dropout 0.5", "3,5,4,4", same), /* evaluation */
    OP_CASE("dropout 0", "3,5,4,4", same, .flags = OP_TRAINING),
    OP_CASE("add", "3,18,3,5 3,18,3,5", add),
    OP_CASE("add", "3,7 3,7 3,7", add),
    OP_CASE("add", "2,18,3,5 2,18,1,1", add),
    OP_CASE("add", "2,1,3,5 2,18,3,5", add),
    OP_CASE("add", "2,5,3,5 2,5,3,5 2,5,1,5", add),
    OP_CASE("sub", "3,18,3,5 3,18,3,5", sub),
    OP_CASE("sub", "2,18,3,5 2,18,1,1", sub),
    OP_CASE("sub", "2,1,3,5 2,18,3,5", sub),
    OP_CASE("mul", "3,18,3,5 3,18,3,5", mul),
    OP_CASE("mul", "2,18,3,5 2,18,1,1", mul),
    OP_CASE("mul", "2,1,3,5 2,18,3,5", mul),
    OP_CASE(NULL, "3,18,3,5 3,18,3,5", add_relu, .flow = "y = a, b | add | relu"),
    OP_CASE(NULL, "3,18,3,5 3,18,1,1", add_relu, .flow = "y = a, b | add | relu"),
    OP_CASE(NULL, "3,5,2,3", fan_out, .flow = "s = a | sigmoid\n m = a, a | mul\n y = m, s | add"),
};

int main(void)
{
    return op_main("ops-pointwise", cases, sizeof cases / sizeof cases[0], NULL);
}
