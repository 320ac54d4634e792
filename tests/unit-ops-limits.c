/* SPDX-License-Identifier: Apache-2.0
 *
 * Operations at their limits: numbers whose exponentials overflow, ties, kinks, means far from zero, vectors of zeros,
 * and samples that count for nothing.
 */
#include "harness.h"

#include <math.h>
#include <string.h>

/* ---- far from zero; p: factor and shift before the operation ---- */

static double moved(const struct op_reference *r, int i, size_t k)
{
    return r->p[0] * r->in[i].v[k] + r->p[1];
}

/* The log of the sum of exp over a row of `count`, after moved(). */
static double log_sum(const struct op_reference *r, size_t first, int count)
{
    double most = -INFINITY, sum = 0;
    for (int k = 0; k < count; k++)
        most = fmax(most, moved(r, 0, first + (size_t)k));
    for (int k = 0; k < count; k++)
        sum += exp(moved(r, 0, first + (size_t)k) - most);
    return most + log(sum);
}

static void softmax(const struct op_reference *r)
{
    const int classes = r->in[0].dim[1];
    for (size_t i = 0; i < r->out[0].count; i++)
        r->out[0].v[i] = exp(moved(r, 0, i) - log_sum(r, i / (size_t)classes * (size_t)classes, classes));
}

static void sigmoid(const struct op_reference *r)
{
    for (size_t i = 0; i < r->out[0].count; i++)
        r->out[0].v[i] = 1 / (1 + exp(-moved(r, 0, i)));
}

/* What a loss leaves: the losses of samples and their mean. */
static void keep(const struct op_reference *r, int n, double loss)
{
    r->out[1].v[n] = loss;
    r->out[0].v[0] += loss / r->in[0].dim[0];
}

static void cross_entropy(const struct op_reference *r)
{
    const int classes = r->in[0].dim[1];
    for (int n = 0; n < r->in[0].dim[0]; n++) {
        const size_t first = (size_t)(n * classes);
        keep(r, n, log_sum(r, first, classes) - moved(r, 0, first + (size_t)r->in[1].v[n]));
    }
}

static double softplus(double x)
{
    return fmax(x, 0) + log1p(exp(-fabs(x)));
}

static void bce_logits(const struct op_reference *r)
{
    const int row = r->in[0].dim[1];
    for (int n = 0; n < r->in[0].dim[0]; n++) {
        double sum = 0;
        for (int k = n * row; k < (n + 1) * row; k++)
            sum += (softplus(moved(r, 0, (size_t)k)) - r->in[1].v[k] * moved(r, 0, (size_t)k)) / row;
        keep(r, n, sum);
    }
}

static void generator(const struct op_reference *r)
{
    const int row = r->in[0].dim[1];
    for (int n = 0; n < r->in[0].dim[0]; n++) {
        double sum = 0;
        for (int k = n * row; k < (n + 1) * row; k++)
            sum += softplus(-moved(r, 0, (size_t)k)) / row;
        keep(r, n, sum);
    }
}

/* A shift of all logits of a row changes nothing. */
static void softmax_mse(const struct op_reference *r)
{
    const int classes = r->in[0].dim[1];
    for (int n = 0; n < r->in[0].dim[0]; n++) {
        double sum = 0, a[64], b[64], all_a = 0, all_b = 0;
        for (int k = 0; k < classes; k++) {
            all_a += a[k] = exp(r->p[0] * r->in[0].v[n * classes + k]);
            all_b += b[k] = exp(r->p[0] * r->in[1].v[n * classes + k]);
        }
        for (int k = 0; k < classes; k++)
            sum += pow(a[k] / all_a - b[k] / all_b, 2);
        keep(r, n, sum);
    }
}

/* One picture and its opposite: the only other view is the positive one, so there is nothing to tell apart. */
static void alone(const struct op_reference *r)
{
    (void)r;
}

/* ---- statistics of numbers far from zero, and of a single one; p: shift ---- */

static void batchnorm(const struct op_reference *r)
{
    const struct op_tensor *x = &r->in[0];
    const int plane = x->dim[2] * x->dim[3], count = x->dim[0] * plane;
    for (int c = 0; c < x->dim[1]; c++) {
        double mean = 0, square = 0;
        for (int i = 0; i < count; i++)
            mean += x->v[op_at(x, i / plane, c, 0, 0) + (size_t)(i % plane)] / count;
        for (int i = 0; i < count; i++)
            square += pow(x->v[op_at(x, i / plane, c, 0, 0) + (size_t)(i % plane)] - mean, 2);
        r->moved[2].v[c] = 0.9 * r->weight[2].v[c] + 0.1 * (mean + r->p[0]);
        r->moved[3].v[c] = 0.9 * r->weight[3].v[c] + 0.1 * square / fmax(count - 1, 1);
        for (int i = 0; i < count; i++) {
            const size_t at = op_at(x, i / plane, c, 0, 0) + (size_t)(i % plane);
            r->out[0].v[at] = (x->v[at] - mean) / sqrt(square / count + 1e-5) * r->weight[0].v[c] + r->weight[1].v[c];
        }
    }
}

/* ---- kinks: what is 0 passes nothing on, or the slope's part; p: slope, upper end (0: none) ---- */

static double before(const struct op_reference *r, size_t i)
{
    return r->nin > 1 ? r->in[0].v[i] + r->in[1].v[i] - 1 : r->p[1] > 0 ? r->p[1] * r->in[0].v[i] : r->in[0].v[i];
}

static void kinked(const struct op_reference *r)
{
    for (size_t i = 0; i < r->out[0].count; i++) {
        const double x = before(r, i);
        r->out[0].v[i] = x > 0 ? x : r->p[0] * x;
    }
}

static void kinked_back(const struct op_reference *r)
{
    for (size_t i = 0; i < r->out[0].count; i++) {
        const double x = before(r, i), g = r->grad_out[0].v[i];
        const double through = x > 0 && !(r->p[1] > 0 && x >= r->p[1]) ? g : r->p[0] * g;
        for (int k = 0; k < r->nin; k++)
            r->grad_in[k].v[i] = through * (r->p[1] > 0 ? r->p[1] : 1);
    }
}

/* ---- ties: the first wins, or all share ---- */

/* maxpool 3 stride=2 pad=1: calls f with each window's place in y and its first largest in x. */
static void each_window(const struct op_reference *r, void (*f)(const struct op_reference *r, size_t y, size_t x))
{
    const struct op_tensor *x = &r->in[0], *y = &r->out[0];
    for (int n = 0; n < y->dim[0]; n++)
        for (int c = 0; c < y->dim[1]; c++)
            for (int i = 0; i < y->dim[2]; i++)
                for (int j = 0; j < y->dim[3]; j++) {
                    size_t best = SIZE_MAX;
                    for (int t = 0; t < 9; t++) {
                        const int h = 2 * i - 1 + t / 3, w = 2 * j - 1 + t % 3;
                        if (h < 0 || w < 0 || h >= x->dim[2] || w >= x->dim[3])
                            continue;
                        const size_t at = op_at(x, n, c, h, w);
                        if (best == SIZE_MAX || x->v[at] > x->v[best])
                            best = at;
                    }
                    f(r, op_at(y, n, c, i, j), best);
                }
}

static void take(const struct op_reference *r, size_t y, size_t x)
{
    r->out[0].v[y] = r->in[0].v[x];
}

static void give_back(const struct op_reference *r, size_t y, size_t x)
{
    r->grad_in[0].v[x] += r->grad_out[0].v[y];
}

static void maxpool(const struct op_reference *r)
{
    each_window(r, take);
}

static void maxpool_back(const struct op_reference *r)
{
    each_window(r, give_back);
}

/* p: 1: over channels, else over pixels.  The place in y of element i of x. */
static size_t reduced(const struct op_reference *r, size_t i)
{
    const struct op_tensor *x = &r->in[0];
    const size_t plane = (size_t)x->dim[2] * (size_t)x->dim[3];
    return r->p[0] > 0 ? i / plane / (size_t)x->dim[1] * plane + i % plane : i / plane;
}

static void most(const struct op_reference *r)
{
    for (size_t i = 0; i < r->out[0].count; i++)
        r->out[0].v[i] = -INFINITY;
    for (size_t i = 0; i < r->in[0].count; i++)
        r->out[0].v[reduced(r, i)] = fmax(r->out[0].v[reduced(r, i)], r->in[0].v[i]);
}

static void most_back(const struct op_reference *r)
{
    double ties[1024] = { 0 };
    ck_assert_uint_le(r->out[0].count, 1024);
    for (size_t i = 0; i < r->in[0].count; i++)
        ties[reduced(r, i)] += r->in[0].v[i] == r->out[0].v[reduced(r, i)];
    for (size_t i = 0; i < r->in[0].count; i++)
        if (r->in[0].v[i] == r->out[0].v[reduced(r, i)])
            r->grad_in[0].v[i] = r->grad_out[0].v[reduced(r, i)] / ties[reduced(r, i)];
}

/* ---- losses of certainties; what the loss of sample n is multiplied with ---- */

static double factor_of(const struct op_reference *r, int n)
{
    return r->grad_out[0].v[0] / r->in[0].dim[0] + r->grad_out[1].v[n];
}

static void l1(const struct op_reference *r)
{
    const int row = r->in[0].dim[1];
    for (int n = 0; n < r->in[0].dim[0]; n++) {
        double sum = 0;
        for (int k = n * row; k < (n + 1) * row; k++)
            sum += fabs(r->in[0].v[k] - r->in[1].v[k]) / row;
        keep(r, n, sum);
    }
}

static void l1_back(const struct op_reference *r)
{
    const int row = r->in[0].dim[1];
    for (int k = 0; k < (int)r->in[0].count; k++) {
        const double d = r->in[0].v[k] - r->in[1].v[k];
        r->grad_in[0].v[k] = factor_of(r, k / row) / row * ((d > 0) - (d < 0));
        r->grad_in[1].v[k] = -r->grad_in[0].v[k];
    }
}

/* PyTorch: logarithms are held above -100, the gradient's denominator above 1e-12. */
static void bce(const struct op_reference *r)
{
    const int row = r->in[0].dim[1];
    for (int n = 0; n < r->in[0].dim[0]; n++) {
        double sum = 0;
        for (int k = n * row; k < (n + 1) * row; k++)
            sum += (r->in[0].v[k] == r->in[1].v[k] ? 0 : 100.0) / row;
        keep(r, n, sum);
    }
}

static void bce_back(const struct op_reference *r)
{
    const int row = r->in[0].dim[1];
    for (int k = 0; k < (int)r->in[0].count; k++) {
        r->grad_in[0].v[k] = factor_of(r, k / row) / row * (r->in[0].v[k] - r->in[1].v[k]) * 1e12;
        r->grad_in[1].v[k] = factor_of(r, k / row) / row * (r->in[0].v[k] > 0 ? -100 : 100);
    }
}

/* ---- samples of no class, and classes that cannot be ---- */

static void nothing(const struct op_reference *r)
{
    (void)r;
}

/* Logits of minus infinity where the first input is above 0, and labels that say 0 there, 1 elsewhere. */
static void impossible(const struct op_reference *r)
{
    const int classes = r->in[0].dim[1];
    for (int n = 0; n < r->in[0].dim[0]; n++) {
        int possible = 0;
        for (int k = 0; k < classes; k++)
            possible += r->in[0].v[n * classes + k] < 0;
        keep(r, n, possible * log(possible));
    }
}

/* Vectors of zeros have no direction: their distance from one of length 1 is 1. */
static void of_zeros(const struct op_reference *r)
{
    for (int n = 0; n < r->in[0].dim[0]; n++) {
        const double same = r->in[2].v[n];
        keep(r, n, same / 2 + (1 - same) * (1.5 - 1) / 2);
    }
}

/* ---- more samples than a work-group has work-items ---- */

static void mean_of_many(const struct op_reference *r)
{
    const int row = r->in[0].dim[1];
    for (int n = 0; n < r->in[0].dim[0]; n++) {
        double sum = 0;
        for (int k = n * row; k < (n + 1) * row; k++)
            sum += pow(r->in[0].v[k] - r->in[1].v[k], 2) / row;
        keep(r, n, sum);
    }
}

/* Differences of losses of hundreds are lost in their rounding. */
enum { TRAIN = OP_TRAINING | OP_COUPLED, OF_LOSSES = OP_COUPLED | OP_NO_BACKWARD };
#define MOVED(rest) "h = a | scale 300 shift=-400\n" rest
#define RAISED(rest) "h = a | scale 300 shift=400\n" rest
#define LOSS(call_, inputs_, ...) OP_CASE(call_, inputs_, __VA_ARGS__, .outputs = 2, .use = ", privileged")
#define ABOUT .tolerance = 5e-4

static const struct op_case cases[] = {
    OP_CASE(NULL, "3,7", softmax, { 300, -400 }, OP_NO_BACKWARD, .flow = MOVED("y = h | softmax"), ABOUT),
    OP_CASE(NULL, "3,7", softmax, { 300, 400 }, OP_NO_BACKWARD, .flow = RAISED("y = h | softmax"), ABOUT),
    OP_CASE(NULL, "2,70", softmax, { 300, -400 }, OP_NO_BACKWARD, .flow = MOVED("y = h | softmax"), ABOUT),
    OP_CASE(NULL, "3,17", sigmoid, { 200, 0 }, .flow = "y = a | scale 200 | sigmoid", ABOUT),
    LOSS(NULL, "5,7 l7:5", cross_entropy, { 300, -400 }, OF_LOSSES, .flow = MOVED("y, z = h, b | cross_entropy"),
         ABOUT),
    LOSS(NULL, "5,7 l7:5", cross_entropy, { 300, 400 }, OF_LOSSES, .flow = RAISED("y, z = h, b | cross_entropy"),
         ABOUT),
    LOSS(NULL, "3,9 b3,9", bce_logits, { 200, 0 }, OF_LOSSES, .flow = "h = a | scale 200\ny, z = h, b | bce logits=yes",
         ABOUT),
    LOSS(NULL, "3,9", generator, { 200, 0 }, OF_LOSSES, .flow = "h = a | scale 200\ny, z = h | gan_generator", ABOUT),
    LOSS(NULL, "3,7 3,7", softmax_mse, { 2 }, OP_COUPLED,
         .flow = "h = a | scale 2 shift=-400\ng = b | scale 2 shift=-400\ny, z = h, g | softmax_mse", ABOUT),
    LOSS(NULL, "1,6", alone, { 0 }, OP_COUPLED, .flow = "h = a | scale -1\ny, z = a, h | nt_xent temperature=0.005"),
    OP_CASE(NULL, "b3,18,4,5", batchnorm, { 256 }, TRAIN, .flow = "h = a | scale 1 shift=256\ny = h | batchnorm",
            ABOUT),
    OP_CASE(NULL, "b30,5", batchnorm, { 256 }, TRAIN, .flow = "h = a | scale 1 shift=256\ny = h | batchnorm", ABOUT),
    OP_CASE("batchnorm", "2,5", batchnorm, { 0 }, TRAIN | OP_NO_BACKWARD), /* a live batch of one value */
    OP_CASE("relu", "b3,17,2,3", kinked, { 0 }, .backward = kinked_back),
    OP_CASE("leaky_relu 0.2", "b3,17,2,3", kinked, { 0.2 }, .backward = kinked_back),
    OP_CASE(NULL, "b3,17,2,3", kinked, { 0, 6 }, .flow = "y = a | scale 6 | relu6", .backward = kinked_back,
            .use = ", mobilenet_v2"),
    OP_CASE(NULL, "b3,17,2,3 b3,17,2,3", kinked, { 0 }, .flow = "y = a, b | add | scale 1 shift=-1 | relu",
            .backward = kinked_back),
    OP_CASE(NULL, "b3,17,2,3 b3,17,2,3", kinked, { 0 }, .flow = "h = b | scale 1 shift=-1\ny = a, h | add | relu",
            .backward = kinked_back),
    OP_CASE("maxpool 3 stride=2 pad=1", "b2,18,7,9", maxpool, .backward = maxpool_back),
    OP_CASE("maxpool 3 stride=2 pad=1", "b2,3,8,6", maxpool, .backward = maxpool_back),
    OP_CASE("reduce max", "b2,18,2,3", most, { 0 }, .backward = most_back),
    OP_CASE("reduce max axes=[1] keep=yes", "b2,18,3,5", most, { 1 }, .backward = most_back),
    LOSS("l1", "b3,5 b3,5", l1, { 0 }, OP_COUPLED, .backward = l1_back),
    LOSS("bce", "b3,5 b3,5", bce, { 0 }, OP_COUPLED, .backward = bce_back),
    LOSS("cross_entropy", "4,3 i0:4", nothing, { 0 }, OP_COUPLED),
    LOSS("loss_inequality", "4,3 4,3 i0:4", nothing, { 0 }, OP_COUPLED),
    LOSS(NULL, "3,9", impossible, { 0 }, OF_LOSSES,
         .flow = "h = a | relu | scale -1e30 | scale 1e30\nt = a | scale -1e30 | scale 1e30 | sigmoid\n"
                 "y, z = h, t | cross_entropy"),
    LOSS(NULL, "3,7 3,7 b3", of_zeros, { 0 }, OP_COUPLED,
         .flow = "h = a | scale 0\ny, z = h, b, c | contrastive margin=1.5", .tolerance = 1e-3),
    LOSS("mse", "100,3 100,3", mean_of_many, { 0 }, OP_COUPLED),
    LOSS("softmax_mse", "100,4 100,4", softmax_mse, { 1 }, OP_COUPLED),
};

int main(void)
{
    return op_main("ops-limits", cases, sizeof cases / sizeof cases[0], NULL);
}
