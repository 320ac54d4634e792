/* SPDX-License-Identifier: Apache-2.0
 *
 * Operations of the published systems' plugins, against their definitions.
 */
#include "harness.h"

#include <math.h>

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

/* ---- ffra; p: groups ---- */

static void shuffle_attention(const struct op_reference *r)
{
    const struct op_tensor *x = &r->in[0];
    const int channels = x->dim[1], pixels = x->dim[2] * x->dim[3], half = channels / (int)r->p[0] / 2;
    for (int n = 0; n < x->dim[0]; n++)
        for (int c = 0; c < channels; c++) {
            const double *from = x->v + ((size_t)n * (size_t)channels + (size_t)c) * (size_t)pixels;
            const int k = c % half, spatial = c / half % 2, to = c % (channels / 2) * 2 + c / (channels / 2);
            const double w = r->weight[spatial ? 2 : 0].v[k], b = r->weight[spatial ? 3 : 1].v[k];
            double mean = 0, squares = 0;
            for (int p = 0; p < pixels; p++)
                mean += from[p] / pixels;
            for (int p = 0; p < pixels; p++)
                squares += (from[p] - mean) * (from[p] - mean) / pixels;
            for (int p = 0; p < pixels; p++)
                r->out[0].v[((size_t)n * (size_t)channels + (size_t)to) * (size_t)pixels + (size_t)p] =
                    from[p] * sigmoid(w * (spatial ? (from[p] - mean) / sqrt(squares + 1e-5) : mean) + b);
        }
}

/* p: rows and columns of the grid, row and column of the part */
static void part(const struct op_reference *r)
{
    const struct op_tensor *x = &r->in[0], *y = &r->out[0];
    for (int n = 0; n < y->dim[0]; n++)
        for (int c = 0; c < y->dim[1]; c++)
            for (int h = 0; h < y->dim[2]; h++)
                for (int w = 0; w < y->dim[3]; w++) {
                    const int row = (int)r->p[2] * y->dim[2] + h, column = (int)r->p[3] * y->dim[3] + w;
                    if (row < x->dim[2] && column < x->dim[3])
                        y->v[op_at(y, n, c, h, w)] = x->v[op_at(x, n, c, row, column)];
                }
}

/* Two parts, one above the other. */
static void assemble(const struct op_reference *r)
{
    const struct op_tensor *y = &r->out[0];
    for (int n = 0; n < y->dim[0]; n++)
        for (int c = 0; c < y->dim[1]; c++)
            for (int h = 0; h < y->dim[2]; h++)
                for (int w = 0; w < y->dim[3]; w++) {
                    const struct op_tensor *x = &r->in[h / r->in[0].dim[2]];
                    y->v[op_at(y, n, c, h, w)] = x->v[op_at(x, n, c, h % x->dim[2], w)];
                }
}

/* ---- double_channel ---- */

static void product(const struct op_reference *r)
{
    const struct op_tensor *a = &r->in[0], *b = &r->in[1], *y = &r->out[0];
    for (int n = 0; n < a->dim[0]; n++)
        for (int c = 0; c < a->dim[1]; c++)
            for (int i = 0; i < a->dim[3]; i++)
                for (int j = 0; j < a->dim[3]; j++)
                    for (int h = 0; h < a->dim[2]; h++)
                        y->v[op_at(y, n, c, i, j)] += a->v[op_at(a, n, c, h, i)] * b->v[op_at(b, n, c, h, j)];
}

static void correlation(const struct op_reference *r)
{
    const struct op_tensor *a = &r->in[0], *b = &r->in[1], *y = &r->out[0];
    const int pixels = a->dim[2] * a->dim[3];
    for (int n = 0; n < a->dim[0]; n++)
        for (int c = 0; c < a->dim[1]; c++)
            for (int d = 0; d < a->dim[1]; d++) {
                double s = 0;
                for (int p = 0; p < pixels; p++)
                    s += a->v[op_at(a, n, c, 0, p)] * b->v[op_at(b, n, d, 0, p)] / pixels;
                for (int p = 0; p < pixels; p++)
                    y->v[op_at(y, n, c, 0, p)] += s * b->v[op_at(b, n, d, 0, p)];
            }
}

/* p: threshold, whether regions above it keep 1 - p */
static void gate(const struct op_reference *r)
{
    const struct op_tensor *x = &r->in[0], *p = &r->in[1];
    for (int n = 0; n < x->dim[0]; n++)
        for (int c = 0; c < x->dim[1]; c++)
            for (int i = 0; i < x->dim[2] * x->dim[3]; i++) {
                const double v = p->v[op_at(p, n, 0, 0, i)];
                const double g = r->training ? 1 - v : v < r->p[0] ? 1 : r->p[1] != 0 ? 1 - v : 0;
                r->out[0].v[op_at(x, n, c, 0, i)] = g * x->v[op_at(x, n, c, 0, i)];
            }
}

static void same_label(const struct op_reference *r)
{
    for (size_t n = 0; n < r->out[0].count; n++)
        r->out[0].v[n] = r->in[0].v[n] == r->in[1].v[n];
}

/* ---- privileged ---- */

static double log_p(const struct op_tensor *x, int n, int k)
{
    double sum = 0;
    for (int i = 0; i < x->dim[1]; i++)
        sum += exp(x->v[n * x->dim[1] + i]);
    return x->v[n * x->dim[1] + k] - log(sum);
}

static void keep(const struct op_reference *r, int n, double loss)
{
    r->out[1].v[n] = loss;
    r->out[0].v[0] += loss / r->out[1].dim[0];
}

static void softmax_mse(const struct op_reference *r)
{
    for (int n = 0; n < r->in[0].dim[0]; n++) {
        double sum = 0;
        for (int k = 0; k < r->in[0].dim[1]; k++)
            sum += pow(exp(log_p(&r->in[0], n, k)) - exp(log_p(&r->in[1], n, k)), 2);
        keep(r, n, sum);
    }
}

static void inequality(const struct op_reference *r)
{
    for (int n = 0; n < r->in[0].dim[0]; n++) {
        const int y = (int)r->in[2].v[n];
        keep(r, n, y < 0 ? 0 : fmax(0, log_p(&r->in[0], n, y) - log_p(&r->in[1], n, y)));
    }
}

static double mean_softplus(const struct op_tensor *x, int n, double sign)
{
    const size_t row = x->count / (size_t)x->dim[0];
    double sum = 0;
    for (size_t i = 0; i < row; i++)
        sum += log1p(exp(sign * x->v[(size_t)n * row + i])) / (double)row;
    return sum;
}

static void discriminator(const struct op_reference *r)
{
    for (int n = 0; n < r->in[0].dim[0]; n++)
        keep(r, n, mean_softplus(&r->in[0], n, -1) + mean_softplus(&r->in[1], n, 1));
}

static void generator(const struct op_reference *r)
{
    for (int n = 0; n < r->in[0].dim[0]; n++)
        keep(r, n, mean_softplus(&r->in[0], n, -1));
}

/* ---- path_selection: networks of the classes 0, 2 and 1, 3, 4; p: whether to select ---- */

static void choose(const struct op_reference *r)
{
    static const int net[] = { 0, 1, 0, 1, 1 }, place[] = { 0, 0, 1, 1, 2 };
    for (int n = 0; n < r->in[0].dim[0]; n++) {
        const double *b = r->in[0].v + 2 * n;
        for (int k = 0; k < 5; k++) {
            const double x = r->in[1 + net[k]].v[n * r->in[1 + net[k]].dim[1] + place[k]];
            r->out[0].v[5 * n + k] = r->p[0] != 0 && net[k] != (b[1] > b[0]) ? 0 : b[net[k]] * x;
        }
    }
}

/* Every network alike: a concatenation in the order of the classes. */
static void concatenate(const struct op_reference *r)
{
    static const int net[] = { 0, 1, 0, 1, 1 }, place[] = { 0, 0, 1, 1, 2 };
    for (int n = 0; n < r->in[0].dim[0]; n++)
        for (int k = 0; k < 5; k++)
            r->out[0].v[5 * n + k] = r->in[1 + net[k]].v[n * r->in[1 + net[k]].dim[1] + place[k]] / 2;
}

static void average(const struct op_reference *r)
{
    for (size_t i = 0; i < r->out[0].count; i++)
        r->out[0].v[i] = (r->in[0].v[i] + r->in[1].v[i] + r->in[2].v[i]) / 3;
}

static void vote(const struct op_reference *r)
{
    const int classes = r->in[0].dim[1];
    for (int n = 0; n < r->in[0].dim[0]; n++)
        for (int i = 0; i < 3; i++) {
            int best = 0;
            for (int k = 1; k < classes; k++)
                if (r->in[i].v[n * classes + k] > r->in[i].v[n * classes + best])
                    best = k;
            r->out[0].v[n * classes + best] += 1.0 / 3;
        }
}

static void weighted(const struct op_reference *r)
{
    for (size_t i = 0; i < r->out[0].count; i++)
        r->out[0].v[i] = 0.25 * r->in[0].v[i] + 0.75 * r->in[1].v[i];
}

static void held(const struct op_reference *r)
{
    for (size_t i = 0; i < r->out[0].count; i++)
        r->out[0].v[i] = fmin(fmax(8 * r->in[0].v[i], 0), 6);
}

#define FFRA(call_, ...) OP_CASE(call_, __VA_ARGS__, .use = ", ffra")
#define DOUBLE(call_, ...) OP_CASE(call_, __VA_ARGS__, .use = ", double_channel")
#define PRIVILEGED(call_, ...) OP_CASE(call_, __VA_ARGS__, .use = ", privileged", .outputs = 2, .flags = OP_COUPLED)
#define PATH(call_, ...) OP_CASE(call_, __VA_ARGS__, .use = ", path_selection")

static const struct op_case cases[] = {
    FFRA("shuffle_attention 2", "2,12,3,2", shuffle_attention, { 2 }, .tolerance = 5e-5),
    FFRA("shuffle_attention 5", "2,20,2,3", shuffle_attention, { 5 }, .tolerance = 5e-5),
    FFRA("part 3", "2,18,5,3", part, { 2, 2, 1, 1 }),
    FFRA("part 1 of=2", "3,3,4,5", part, { 2, 1, 1, 0 }),
    FFRA("assemble", "2,17,2,3 2,17,2,3 2,17,3,3", assemble),
    DOUBLE("cross_product", "2,18,3,4 2,18,3,4", product),
    DOUBLE("cross_product", "3,3,4,2 3,3,4,2", product),
    DOUBLE("cross_product mode=channel", "2,18,2,2 2,18,2,2", correlation),
    DOUBLE("gate", "2,18,2,3 p2,1,2,3", gate, { 0.5, 0 }),
    DOUBLE("gate 0.3 above=soft", "2,18,2,3 p2,1,2,3", gate, { 0.3, 1 }),
    DOUBLE("gate", "2,18,2,3 p2,1,2,3", gate, { 0.5, 0 }, OP_TRAINING),
    DOUBLE("gate 1", "2,18,2,3 b2,1,2,3", gate, { 1, 0 }, OP_NO_BACKWARD), /* at the threshold */
    DOUBLE("same_label", "l3:20 l3:20", same_label, { 0 }, OP_NO_BACKWARD),
    PRIVILEGED("softmax_mse", "3,7 3,7", softmax_mse),
    PRIVILEGED("softmax_mse", "2,70 2,70", softmax_mse),
    PRIVILEGED("loss_inequality", "6,7 6,7 i7:6", inequality),
    PRIVILEGED("gan_discriminator", "3,1,2,2 3,5", discriminator),
    PRIVILEGED("gan_generator", "3,1,3,2", generator),
    PATH("choose labels=[[0, 2], [1, 3, 4]]", "5,2 5,2 5,3", choose, { 1 }),
    PATH("choose labels=[[0, 2], [1, 3, 4]]", "b9,2 9,2 9,3", choose, { 1 }, OP_NO_BACKWARD), /* ties: the first */
    PATH("choose labels=[[0, 2], [1, 3, 4]] how=product", "5,2 5,2 5,3", choose, { 0 }),
    PATH("choose labels=[[0, 2], [1, 3, 4]] how=concat", "5,2 5,2 5,3", concatenate),
    PATH("ensemble", "3,7 3,7 3,7", average),
    PATH("ensemble how=weighted weights=[1, 3]", "3,7 3,7", weighted),
    PATH("ensemble how=vote", "9,7 9,7 9,7", vote),
    PATH("ensemble how=vote", "b9,7 b9,7 b9,7", vote, { 0 }, OP_NO_BACKWARD),
    OP_CASE(NULL, "2,18,3,3", held, .flow = "y = a | scale 8 | relu6", .use = ", mobilenet_v2"),
};

int main(void)
{
    return op_main("ops-systems", cases, sizeof cases / sizeof cases[0], NULL);
}
