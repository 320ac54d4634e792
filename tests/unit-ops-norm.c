/* SPDX-License-Identifier: Apache-2.0
 *
 * batchnorm, groupnorm, dropout.
 */
#include "harness.h"

#include <math.h>
#include <string.h>

/* ---- batchnorm; p: eps, momentum, affine, ReLU after it ---- */

struct moments {
    double mean, square; /* sum of squared differences */
    double count;
};

static struct moments moments_of(const struct op_tensor *x, int c)
{
    const int plane = x->dim[2] * x->dim[3];
    struct moments m = { 0, 0, (double)x->dim[0] * plane };
    for (int n = 0; n < x->dim[0]; n++)
        for (int p = 0; p < plane; p++)
            m.mean += x->v[op_at(x, n, c, 0, 0) + (size_t)p] / m.count;
    for (int n = 0; n < x->dim[0]; n++)
        for (int p = 0; p < plane; p++)
            m.square += pow(x->v[op_at(x, n, c, 0, 0) + (size_t)p] - m.mean, 2);
    return m;
}

static void batchnorm(const struct op_reference *r)
{
    const struct op_tensor *x = &r->in[0], *y = &r->out[0];
    const int plane = x->dim[2] * x->dim[3], first = r->p[2] != 0 ? 2 : 0;
    for (int c = 0; c < x->dim[1]; c++) {
        double mean = r->weight[first].v[c], variance = r->weight[first + 1].v[c];
        if (r->training) {
            const struct moments m = moments_of(x, c);
            r->moved[first].v[c] = (1 - r->p[1]) * mean + r->p[1] * m.mean;
            r->moved[first + 1].v[c] = (1 - r->p[1]) * variance + r->p[1] * m.square / (m.count - 1);
            mean = m.mean;
            variance = m.square / m.count;
        }
        const double scale = (first ? r->weight[0].v[c] : 1) / sqrt(variance + r->p[0]);
        for (int n = 0; n < x->dim[0]; n++)
            for (int p = 0; p < plane; p++) {
                const size_t at = op_at(x, n, c, 0, 0) + (size_t)p;
                y->v[at] = (x->v[at] - mean) * scale + (first ? r->weight[1].v[c] : 0);
                if (r->p[3] != 0)
                    y->v[at] = fmax(y->v[at], 0);
            }
    }
}

/* ---- groupnorm; p: groups, eps ---- */

static void groupnorm(const struct op_reference *r)
{
    const struct op_tensor *x = &r->in[0];
    const int groups = (int)r->p[0], each = x->dim[1] / groups;
    const size_t plane = (size_t)x->dim[2] * (size_t)x->dim[3], size = (size_t)each * plane;
    for (int n = 0; n < x->dim[0]; n++)
        for (int g = 0; g < groups; g++) {
            const double *from = x->v + op_at(x, n, g * each, 0, 0);
            double *to = r->out[0].v + op_at(x, n, g * each, 0, 0), mean = 0, variance = 0;
            for (size_t i = 0; i < size; i++)
                mean += from[i] / (double)size;
            for (size_t i = 0; i < size; i++)
                variance += pow(from[i] - mean, 2) / (double)size;
            for (size_t i = 0; i < size; i++) {
                const size_t c = (size_t)(g * each) + i / plane;
                to[i] = (from[i] - mean) / sqrt(variance + r->p[1]);
                if (r->nweights)
                    to[i] = to[i] * r->weight[0].v[c] + r->weight[1].v[c];
            }
        }
}

enum { TRAIN = OP_TRAINING | OP_COUPLED };

static const struct op_case cases[] = {
    OP_CASE("batchnorm", "3,18,4,5", batchnorm, { 1e-5, 0.1, 1 }, TRAIN),
    OP_CASE("batchnorm", "2,5,7,3", batchnorm, { 1e-5, 0.1, 1 }, TRAIN),
    OP_CASE("batchnorm eps=0.01 momentum=0.3 affine=no", "3,17,3,4", batchnorm, { 0.01, 0.3, 0 }, TRAIN),
    OP_CASE("batchnorm", "7,5", batchnorm, { 1e-5, 0.1, 1 }, TRAIN),
    OP_CASE("batchnorm", "1,3,40,41", batchnorm, { 1e-5, 0.1, 1 }, TRAIN),
    OP_CASE("batchnorm", "3,18,4,5", batchnorm, { 1e-5, 0.1, 1 }), /* evaluation */
    OP_CASE("batchnorm affine=no", "3,7", batchnorm, { 1e-5, 0.1, 0 }),
    OP_CASE(NULL, "3,18,4,5", batchnorm, { 1e-5, 0.1, 1, 1 }, TRAIN, .flow = "y = a | batchnorm | relu"),
    OP_CASE(NULL, "3,5,4,5", batchnorm, { 1e-5, 0.1, 1, 1 }, .flow = "y = a | batchnorm | relu"),
    OP_CASE("groupnorm 3", "2,18,4,5", groupnorm, { 3, 1e-5 }),
    OP_CASE("groupnorm 1 eps=0.1", "3,5,3,3", groupnorm, { 1, 0.1 }),
    OP_CASE("groupnorm 5 affine=no", "2,5,9,9", groupnorm, { 5, 1e-5 }),
    OP_CASE("groupnorm 2", "3,8", groupnorm, { 2, 1e-5 }),
};

/* ---- dropout in training: nothing to compare with but what it promises ---- */

static struct fer_error err;

enum { ROWS = 4, ROW = 18 * 5 * 7 };

/* One forward and backward pass of ones, with the samples numbered from `id` in `epoch`. */
static void drop(const struct op_program *program, uint32_t epoch, uint32_t id, struct op_tensor *y,
                 struct op_tensor *dx)
{
    struct fer_flow_program *flow = program->flow;
    uint32_t state[4] = { epoch }, ids[ROWS];
    struct op_tensor x = op_tensor_create(&flow->in[0]->shape, ROWS);
    *y = op_tensor_create(&flow->out[0]->shape, ROWS);
    *dx = op_tensor_create(&flow->out[0]->shape, ROWS);
    for (size_t i = 0; i < x.count; i++)
        x.v[i] = 1;
    for (uint32_t i = 0; i < ROWS; i++)
        ids[i] = id + i;
    ck_assert_msg(flow->random.epoch && flow->random.ids, "dropout has no random numbers");
    op_write(flow->exec, flow->in[0], &x);
    op_write(flow->exec, flow->grad_out[0], &x);
    ck_assert_msg(fer_exec_write(flow->exec, flow->random.epoch, state, sizeof state, &err) == FER_OK &&
                      fer_exec_write(flow->exec, flow->random.ids, ids, sizeof ids, &err) == FER_OK &&
                      fer_exec_run(flow->exec, flow->segment, &err) == FER_OK &&
                      fer_exec_run(flow->exec, flow->backward, &err) == FER_OK,
                  "%s", err.text);
    op_read(flow->exec, flow->out[0], y);
    op_read(flow->exec, flow->grad_in[0], dx);
    op_tensor_free(&x);
}

/* Elements that are alike among the rows that `a` has from row `from` on and b has from its first. */
static double alike(const struct op_tensor *a, int from, const struct op_tensor *b)
{
    size_t count = 0, same = 0;
    for (size_t i = (size_t)from * ROW; i < a->count; i++, count++)
        same += a->v[i] == b->v[i - (size_t)from * ROW];
    return (double)same / (double)count;
}

START_TEST(dropout)
{
    static const struct op_case c = { .call = "dropout 0.25", .inputs = "4,18,5,7", .flags = OP_TRAINING };
    struct op_tensor first = { .v = NULL };
    for (int form = 0; form < 3; form++) {
        struct op_device device = op_device_open(form < 2 ? FER_PROFILE_CPU : FER_PROFILE_GPU);
        struct op_program program;
        struct op_tensor y, dx, later, later_dx, moved, moved_dx;
        double zeros = 0;
        op_program_compile(&program, &c, &device, form == 1);
        drop(&program, 3, 40, &y, &dx);
        for (size_t i = 0; i < y.count; i++) {
            ck_assert_msg(y.v[i] == 0 || y.v[i] == (float)(1 / 0.75), "element %zu of 1 became %.9g", i, y.v[i]);
            ck_assert_msg(dx.v[i] == y.v[i], "gradient %zu is %g where the output is %g", i, dx.v[i], y.v[i]);
            zeros += y.v[i] == 0;
        }
        /* five standard deviations of a binomial */
        ck_assert_double_eq_tol(zeros / (double)y.count, 0.25, 5 * sqrt(0.25 * 0.75 / (double)y.count));
        if (first.v) /* in every layout and profile the same */
            ck_assert_double_eq(alike(&first, 0, &y), 1);
        drop(&program, 4, 40, &later, &later_dx);
        ck_assert_double_lt(alike(&y, 0, &later), 0.75);
        drop(&program, 3, 42, &moved, &moved_dx); /* samples 42, 43 were rows 2, 3 */
        ck_assert_double_eq(alike(&y, 2, &moved), 1);
        ck_assert_double_lt(alike(&y, 1, &moved), 0.75);
        op_tensor_free(&dx), op_tensor_free(&later), op_tensor_free(&later_dx), op_tensor_free(&moved);
        op_tensor_free(&moved_dx);
        if (first.v)
            op_tensor_free(&y);
        else
            first = y;
        op_program_free(&program);
        op_device_close(&device);
    }
    op_tensor_free(&first);
}
END_TEST

static void add_dropout(TCase *tcase)
{
    tcase_add_test(tcase, dropout);
}

int main(void)
{
    return op_main("ops-norm", cases, sizeof cases / sizeof cases[0], add_dropout);
}
